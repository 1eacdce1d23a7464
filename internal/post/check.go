package post

import (
	"context"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/media"
	"rapport/internal/network"
)

// PartCheck is how long one part is as a network counts.
type PartCheck struct {
	Length int    `json:"length"`
	Limit  int    `json:"limit"` // 0 is none
	Unit   string `json:"unit"`
}

// ChannelCheck is what one channel makes of an input.
type ChannelCheck struct {
	Channel  string            `json:"channel"`
	Handle   string            `json:"handle"`
	Parts    []PartCheck       `json:"parts"`
	Problems []network.Problem `json:"problems"`
}

// Blocked reports whether the channel would refuse it.
func (c ChannelCheck) Blocked() bool {
	for _, p := range c.Problems {
		if p.Severity == network.Blocking {
			return true
		}
	}
	return false
}

// Check tells for each channel, in the input's order, how long the parts are
// and what does not fit. It saves nothing and is the check that Schedule
// makes.
func Check(ctx context.Context, q db.Queryer, who access.Who, brandID string, in Input) ([]ChannelCheck, error) {
	if err := who.May(q.Now(), brandID, access.PostRead, channelsOf(in.Variants)...); err != nil {
		return nil, err
	}
	if err := in.wellFormed(); err != nil {
		return nil, err
	}
	order := channelsOf(in.Variants)
	all, err := check(ctx, q, brandID, in.clean())
	if err != nil {
		return nil, err
	}
	out := make([]ChannelCheck, len(order))
	for i, id := range order {
		out[i] = all[id]
	}
	return out, nil
}

func check(ctx context.Context, q db.Queryer, brandID string, in Input) (map[string]ChannelCheck, error) {
	channels, err := channel.ByIDs(ctx, q, brandID, channelsOf(in.Variants))
	if err != nil {
		return nil, err
	}
	pictures, err := media.ByIDs(ctx, q, brandID, in.Media())
	if err != nil {
		return nil, err
	}
	items := make(map[string]network.Media, len(pictures))
	for id, m := range pictures {
		items[id] = m.Item()
	}
	p := Post{Body: in.Body, Variants: in.Variants}
	out := make(map[string]ChannelCheck, len(in.Variants))
	for _, v := range in.Variants {
		c, ok := channels[v.Channel]
		if !ok {
			return nil, fault.New(fault.NotFound, "There is no such channel.")
		}
		body := p.ContentFor(c.ID)
		found := ChannelCheck{Channel: c.ID, Handle: c.Handle, Parts: measure(c.Limits, body, v.Options), Problems: standing(c)}
		found.Problems = append(found.Problems, c.Limits.Check(body.items("", v.Options, items))...)
		for _, bad := range c.Limits.CheckOptions(v.Options) {
			found.Problems = append(found.Problems, network.Problem{Code: "option", Severity: network.Blocking, Text: bad.Phrase.String(), Phrase: bad.Phrase})
		}
		found.Problems = append(found.Problems, gone(body, pictures)...)
		out[c.ID] = found
	}
	return out, nil
}

func measure(l network.Limits, b Body, options map[string]string) []PartCheck {
	out := make([]PartCheck, len(b.Parts))
	for i, part := range b.Parts {
		out[i] = PartCheck{Length: l.Length(part.Text) + l.Beside(options), Limit: l.Text, Unit: string(l.Counted())}
	}
	return out
}

// standing is what stands against the channel itself.
func standing(c channel.Channel) []network.Problem {
	switch c.State {
	case channel.StateRemoved:
		return []network.Problem{network.Found("channel_removed", network.Blocking, 0, "This channel was removed. Connect it again or leave it out.")}
	case channel.StateAttention:
		return []network.Problem{network.Found("channel_attention", network.Blocking, 0, "Connect this channel again first: %s", i18n.Kept(c.StateReason))}
	}
	return nil
}

// gone finds pictures that were deleted or never were the brand's.
func gone(b Body, pictures map[string]media.Media) []network.Problem {
	var out []network.Problem
	for i, part := range b.Parts {
		for _, id := range part.Media {
			if m, ok := pictures[id]; !ok || m.DeletedAt > 0 {
				out = append(out, network.Found("media_deleted", network.Blocking, i, "Take out the picture that was deleted, or restore it."))
			}
		}
	}
	return out
}

// fits returns what keeps the input from being sent, as a fault with a field
// for each channel.
func fits(ctx context.Context, q db.Queryer, brandID string, in Input) error {
	if len(in.Variants) == 0 {
		return fault.OnField("channels", "Choose at least one channel.")
	}
	all, err := check(ctx, q, brandID, in)
	if err != nil {
		return err
	}
	var bad faults
	for _, v := range in.Variants {
		c := all[v.Channel]
		for _, p := range c.Problems {
			if p.Severity == network.Blocking {
				bad.say("channels."+c.Channel, "%s: %s", c.Handle, p.Words())
			}
		}
	}
	return fault.OnFields(bad)
}

package post

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/media"
	"rapport/internal/network"
)

// What a post may hold, whatever the networks take. These bound what is
// stored; a network's own limits are checked when it is scheduled.
const (
	MostParts    = 25
	MostRunes    = 20_000 // in one part
	MostMedia    = 20     // in one part
	MostVariants = 200
	mostOptions  = 20
	longestKey   = 50
	longestValue = 2000 // in bytes; a network takes less
)

// clean returns the input as it is stored: line ends are \n, an unnamed kind
// is a post, and a thread without parts has one empty part.
func (in Input) clean() Input {
	in.Body = in.Body.clean()
	in.Variants = slices.Clone(in.Variants)
	for i, v := range in.Variants {
		if v.Body != nil {
			b := v.Body.clean()
			in.Variants[i].Body = &b
		}
		in.Variants[i].Options = set(v.Options)
	}
	if len(in.Variants) == 0 {
		in.Variants = nil
	}
	slices.SortFunc(in.Variants, func(a, b Variant) int { return strings.Compare(a.Channel, b.Channel) })
	return in
}

// set are the options that say something; nil where none does.
func set(options map[string]string) map[string]string {
	var out map[string]string
	for name, value := range options {
		if value = strings.TrimSpace(value); value == "" {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = value
	}
	return out
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func (b Body) clean() Body {
	if len(b.Parts) == 0 {
		return Body{Parts: []Part{{Kind: network.PartPost}}}
	}
	parts := slices.Clone(b.Parts)
	for i := range parts {
		parts[i].Text = lineEnds.Replace(parts[i].Text)
		if parts[i].Kind == "" {
			parts[i].Kind = network.PartPost
		}
		if len(parts[i].Media) == 0 {
			parts[i].Media = nil
		}
	}
	return Body{Parts: parts}
}

// faults gathers what is wrong with an input.
type faults []fault.Field

func (f *faults) say(name, format string, args ...any) {
	*f = append(*f, fault.On(name, format, args...))
}

// checked cleans the input and checks all of it, before anything is saved.
func checked(ctx context.Context, q db.Queryer, who access.Who, brandID string, in Input) (Input, error) {
	if err := in.wellFormed(); err != nil {
		return in, err
	}
	in = in.clean()
	if err := who.May(q.Now(), brandID, access.PostWrite, channelsOf(in.Variants)...); err != nil {
		return in, err
	}
	var bad faults
	if err := bad.channels(ctx, q, brandID, in); err != nil {
		return in, err
	}
	if err := bad.media(ctx, q, brandID, in); err != nil {
		return in, err
	}
	return in, fault.OnFields(bad)
}

func (f *faults) channels(ctx context.Context, q db.Queryer, brandID string, in Input) error {
	known, err := channel.ByIDs(ctx, q, brandID, channelsOf(in.Variants))
	if err != nil {
		return err
	}
	for _, v := range in.Variants {
		c, ok := known[v.Channel]
		switch {
		case !ok:
			f.say("channels", "One of the channels is not there. Choose again.")
		case c.State == channel.StateRemoved:
			f.say("channels", "%s was removed. Connect it again or leave it out.", c.Handle)
		default:
			for _, bad := range c.Limits.CheckOptions(v.Options) {
				f.say("options."+v.Channel+"."+bad.Name, "%s: %s", c.Handle, bad.Phrase)
			}
		}
	}
	return nil
}

func (f *faults) media(ctx context.Context, q db.Queryer, brandID string, in Input) error {
	ids := in.Media()
	known, err := media.ByIDs(ctx, q, brandID, ids)
	if err != nil {
		return err
	}
	if len(known) < len(ids) {
		f.say("media", "One of the pictures is not there. Choose again.")
	}
	return nil
}

// wellFormed checks what needs no database.
func (in Input) wellFormed() error {
	var bad faults
	bad.body("body", in.Body)
	if len(in.Variants) > MostVariants {
		bad.say("channels", "Choose at most %d channels.", MostVariants)
		return fault.OnFields(bad)
	}
	seen := map[string]bool{}
	for i, v := range in.Variants {
		name := fmt.Sprintf("variants[%d]", i)
		if !isID(v.Channel) || seen[v.Channel] {
			bad.say(name, "Name channels by their id, each once.")
		}
		seen[v.Channel] = true
		if v.Body != nil {
			bad.body(name, *v.Body)
		}
		bad.options(name, v.Options)
	}
	if in.PlannedAt < 0 {
		bad.say("planned_at", "Choose a time after 1970.")
	}
	return fault.OnFields(bad)
}

func (f *faults) body(name string, b Body) {
	if len(b.Parts) > MostParts {
		f.say(name, "Use at most %d parts.", MostParts)
		return
	}
	for i, p := range b.Parts {
		f.part(fmt.Sprintf("%s.parts[%d]", name, i), p)
		switch {
		case p.Kind != "" && p.Kind != network.PartPost && p.Kind != network.PartComment:
			f.say(name, "A part is a post or a comment.")
		case p.Kind == network.PartComment && (i == 0 || i < len(b.Parts)-1):
			f.say(name, "A first comment comes once, after everything else.")
		}
	}
}

func (f *faults) part(name string, p Part) {
	switch {
	case !utf8.ValidString(p.Text):
		f.say(name, "This text is not valid UTF-8. Copy it again.")
	case strings.ContainsFunc(p.Text, forbidden):
		f.say(name, "This text holds control characters that no network takes. Remove them.")
	case utf8.RuneCountInString(p.Text) > MostRunes:
		f.say(name, "Shorten the text to %d characters.", MostRunes)
	}
	if len(p.Media) > MostMedia {
		f.say(name, "Use at most %d pictures.", MostMedia)
	}
	for i, id := range p.Media {
		if !isID(id) || slices.Contains(p.Media[:i], id) {
			f.say(name, "Name pictures by their id, each once in a part.")
			return
		}
	}
}

func forbidden(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r'
}

func (f *faults) options(name string, options map[string]string) {
	if len(options) > mostOptions {
		f.say(name, "Set at most %d options.", mostOptions)
	}
	for k, v := range options {
		if k == "" || len(k) > longestKey || len(v) > longestValue || !plain(k) || !plain(v) {
			f.say(name, "An option is a short line of plain text.")
		}
	}
}

func isID(s string) bool { return s != "" && len(s) <= 64 && plain(s) }

func plain(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) }

// Package agenda is what a brand puts out when: deliveries and planned drafts
// together, by time. It only reads; to plan, to move and to take back is the
// post's matter.
package agenda

import (
	"cmp"
	"context"
	"slices"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/post"
)

// Entry is one post at one time: all its deliveries due then, or a draft with
// a wish.
type Entry struct {
	post.Face
	Post       string
	At         db.Time
	State      string // of a planned draft its own, else the delivery's that matters most
	Planned    bool   // a draft with a wish
	Channels   []string
	Deliveries []delivery.Delivery // without parts; none of a planned draft
}

// Movable reports whether it may be given another time.
func (e Entry) Movable() bool {
	return !slices.ContainsFunc(e.Deliveries, func(d delivery.Delivery) bool {
		return d.State != delivery.Scheduled && d.State != delivery.Missed
	})
}

// Agenda is a stretch of time.
type Agenda struct {
	Entries  []Entry // by time
	Channels map[string]channel.Channel
}

// The states a Filter knows beside those of deliveries.
const (
	Planned   = "planned"   // drafts with a wish
	Attention = "attention" // what waits for a person
)

// Filter narrows an agenda. Empty fields do not.
type Filter struct {
	Channel string // id
	State   string // of deliveries, or Planned, or Attention
}

// sight is a filter within what the account may see.
type sight struct {
	Filter
	only []string // channels; none is all
}

// seenBy narrows the filter to what the account may see.
func (f Filter) seenBy(now db.Time, who access.Who, brandID string) (sight, error) {
	out := sight{f, who.Channels(now, brandID)}
	if f.Channel == "" {
		return out, who.May(now, brandID, access.PostRead)
	}
	return out, who.May(now, brandID, access.PostRead, f.Channel)
}

func (f sight) deliveries() delivery.Filter {
	out := delivery.Filter{Channels: f.only}
	if f.Channel != "" {
		out.Channels = []string{f.Channel}
	}
	switch f.State {
	case "":
	case Attention:
		out.States = []delivery.State{delivery.Rejected, delivery.Unknown, delivery.Missed}
	default:
		out.States = []delivery.State{delivery.State(f.State)}
	}
	return out
}

func (f Filter) drafts() bool { return f.State == "" || f.State == Planned }

// Between returns what lies in [from, to). Of more than 3,500 deliveries or
// 500 drafts the later ones are left out.
func Between(ctx context.Context, q db.Queryer, who access.Who, brandID string, from, to db.Time, filter Filter) (Agenda, error) {
	f, err := filter.seenBy(q.Now(), who, brandID)
	if err != nil {
		return Agenda{}, err
	}
	var due []delivery.Delivery
	if f.State != Planned {
		if due, err = delivery.Calendar(ctx, q, brandID, from, to, f.deliveries()); err != nil {
			return Agenda{}, err
		}
	}
	drafts, err := planned(ctx, q, who, brandID, from, to, f)
	if err != nil {
		return Agenda{}, err
	}
	return gather(ctx, q, brandID, due, drafts)
}

func planned(ctx context.Context, q db.Queryer, who access.Who, brandID string, from, to db.Time, f sight) ([]post.Post, error) {
	if !f.drafts() || to <= from {
		return nil, nil
	}
	all, err := post.Planned(ctx, q, who, brandID, from, to)
	if f.Channel != "" {
		all = slices.DeleteFunc(all, func(p post.Post) bool { return !slices.Contains(p.Channels(), f.Channel) })
	}
	return all, err
}

// gather makes entries of deliveries and drafts.
func gather(ctx context.Context, q db.Queryer, brandID string, due []delivery.Delivery, drafts []post.Post) (Agenda, error) {
	entries := join(due)
	for _, p := range drafts {
		entries = append(entries, Entry{Face: p.Face(), Post: p.ID, At: p.PlannedAt, State: p.State, Planned: true, Channels: p.Channels()})
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.At, b.At) })
	channels, err := channel.ByIDs(ctx, q, brandID, channelsOf(entries))
	return Agenda{Entries: entries, Channels: channels}, err
}

// Recognise fills in the faces of entries that are to be shown. Between and
// List leave those of deliveries out, since not all of a long stretch are.
func Recognise(ctx context.Context, q db.Queryer, brandID string, entries []*Entry) error {
	var ids []string
	for _, e := range entries {
		if !e.Planned {
			ids = append(ids, e.Post)
		}
	}
	slices.Sort(ids)
	faces, err := post.Faces(ctx, q, brandID, slices.Compact(ids))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Planned {
			e.Face = faces[e.Post]
		}
	}
	return nil
}

// join makes one entry of the deliveries of a post that are due at one time.
func join(due []delivery.Delivery) []Entry {
	type key struct {
		post string
		at   db.Time
	}
	at := map[key]int{}
	var out []Entry
	for _, d := range due {
		k := key{d.Post, d.DueAt}
		i, ok := at[k]
		if !ok {
			i, at[k] = len(out), len(out)
			out = append(out, Entry{Post: d.Post, At: d.DueAt, State: string(d.State)})
		}
		e := &out[i]
		e.Channels, e.Deliveries = append(e.Channels, d.Channel), append(e.Deliveries, d)
		if weight(d.State) > weight(delivery.State(e.State)) {
			e.State = string(d.State)
		}
	}
	return out
}

// weight orders states by how much a person wants to know of them.
func weight(s delivery.State) int {
	return slices.Index([]delivery.State{delivery.Cancelled, delivery.Removed, delivery.Published, delivery.Scheduled,
		delivery.Claimed, delivery.Preparing, delivery.Sending, delivery.Pending, delivery.Missed, delivery.Unknown, delivery.Rejected}, s)
}

func channelsOf(entries []Entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Channels...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

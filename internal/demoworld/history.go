package demoworld

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/account"
	"rapport/internal/activity"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/media"
	"rapport/internal/metric"
	"rapport/internal/network"
	"rapport/internal/network/demo/emulator"
	"rapport/internal/post"
)

// history turns the year into rows, and into what the demo network has seen.
type history struct {
	brand    brand.Brand
	author   string
	team     map[string]account.Account // by the names of team.go
	now      time.Time
	channels map[string]channel.Channel
	pictures map[string]drawn

	posts      []post.Post
	deliveries []delivery.Delivery
	story      []delivery.Event
	activities []activity.Entry
	past       []emulator.Past
	readings   []metric.Reading

	front   string    // of the community
	carried []carried // what of the community was promoted
}

func (h *history) tell(year []entry) {
	for _, e := range year {
		for i := range e.parts {
			if e.link != "" {
				e.parts[i].text = strings.ReplaceAll(e.parts[i].text, linkHere, h.front+"/l/"+e.link)
			}
		}
		p := h.post(e)
		h.posts = append(h.posts, p)
		if e.state == draft {
			continue
		}
		h.did("post.scheduled", p.ID, p.UpdatedAt)
		for i, name := range e.to {
			h.deliver(e, p, name, i)
		}
		if e.link != "" {
			h.carried = append(h.carried, carried{code: e.link, post: p, channel: h.channels[e.to[0]], delivery: h.deliveries[len(h.deliveries)-1]})
		}
	}
	slices.SortStableFunc(h.past, func(a, b emulator.Past) int { return a.PublishedAt.Compare(b.PublishedAt) })
}

func (h *history) did(kind, subject string, at db.Time) {
	h.activities = append(h.activities, activity.Entry{Brand: h.brand.ID, Kind: kind, Subject: subject, Actor: h.author, At: at})
}

// post was written some days before it went out, and finished a little later.
func (h *history) post(e entry) post.Post {
	n := len(h.posts)
	written := e.at.Add(-time.Duration(20+n*13%70) * time.Hour)
	if latest := h.now.Add(-time.Duration(35+n*29%900) * time.Minute); e.at.IsZero() || written.After(latest) {
		written = latest
	}
	p := post.Post{ID: db.NewID(), Brand: h.brand.ID, State: post.StateApproved, Body: h.body(e.parts), Revision: int64(1 + n%3),
		Author: h.writer(n), CreatedAt: db.At(written), UpdatedAt: db.At(written.Add(time.Duration(4+n*7%28) * time.Minute))}
	p.Approved = p.Revision
	if e.state == draft {
		p.State, p.Approved, p.PlannedAt = post.StateDraft, 0, db.At(e.at)
	}
	for _, name := range e.to {
		v := post.Variant{Channel: h.channels[name].ID}
		if own := e.own[name]; own != nil {
			b := h.body(own)
			v.Body = &b
		}
		p.Variants = append(p.Variants, v)
	}
	return p
}

// writer is who wrote the nth post: most are the creator's.
func (h *history) writer(n int) string {
	switch n % 6 {
	case 0, 3:
		return h.author
	case 1:
		return h.team[teamStrategist].ID
	}
	return h.team[teamCreator].ID
}

func (h *history) body(parts []part) post.Body {
	var b post.Body
	for _, p := range parts {
		out := post.Part{Kind: network.PartPost, Text: p.text}
		for _, name := range p.pictures {
			out.Media = append(out.Media, h.pictures[name].Media.ID)
		}
		b.Parts = append(b.Parts, out)
	}
	return b
}

// deliver is one delivery with its parts and its story.
func (h *history) deliver(e entry, p post.Post, name string, nth int) {
	c := h.channels[name]
	d := delivery.Delivery{ID: db.NewID(), Brand: h.brand.ID, Post: p.ID, Channel: c.ID, State: e.state, DueAt: db.At(e.at), RunAt: db.At(e.at),
		Revision: p.Revision, Author: h.author, CreatedAt: p.UpdatedAt, UpdatedAt: p.UpdatedAt}
	h.event(d, string(delivery.Scheduled), d.CreatedAt, -1)
	if e.state != delivery.Scheduled {
		d.Attempt = 1
		h.send(&d, e, name, nth)
	}
	h.deliveries = append(h.deliveries, d)
}

func (h *history) event(d delivery.Delivery, what string, at db.Time, part int) *delivery.Event {
	e := delivery.Event{Delivery: d.ID, At: at, What: what, Attempt: d.Attempt, Part: part}
	if what == string(delivery.Scheduled) {
		e.By = h.author
	}
	h.story = append(h.story, e)
	return &h.story[len(h.story)-1]
}

// send tells how each part went, up to the one that went wrong.
func (h *history) send(d *delivery.Delivery, e entry, name string, nth int) {
	parts := e.parts
	if own := e.own[name]; own != nil {
		parts = own
	}
	fails := len(parts)
	switch e.state {
	case delivery.Rejected, delivery.Unknown:
		fails = 0
	case halfSent:
		fails = 2
	}
	at := d.DueAt.Add(time.Duration(180+len(h.deliveries)*97%700) * time.Millisecond).Add(time.Duration(nth) * 40 * time.Millisecond)
	for i, part := range parts {
		row := h.part(*d, i, part)
		if i > fails {
			d.Parts = append(d.Parts, row)
			continue
		}
		h.event(*d, string(delivery.Sending), at, i)
		if i == fails {
			h.fail(d, row, e.state, at)
			continue
		}
		h.out(d, row, part, at)
		if i < len(parts)-1 {
			h.event(*d, "part out", at, i)
		}
		at = at.Add(1400 * time.Millisecond)
	}
	if e.state == delivery.Published {
		d.PublishedAt, d.UpdatedAt = d.Parts[0].At, d.Parts[0].At
		h.event(*d, string(delivery.Published), d.Parts[len(d.Parts)-1].At, -1).TookMS = int64(160 + len(h.deliveries)*61%420)
		h.did("delivery.published", d.ID, d.PublishedAt)
	}
}

func (h *history) part(d delivery.Delivery, i int, p part) delivery.Part {
	row := delivery.Part{Delivery: d.ID, Ord: i, Kind: network.PartPost, State: delivery.PartWaiting, Text: p.text}
	for _, name := range p.pictures {
		row.Media = append(row.Media, h.pictures[name].Media.ID)
	}
	return row
}

// out puts a part on the demo network and notes the receipt. Its id is made
// as the network makes them: microseconds, with a number that keeps two of
// one moment apart.
func (h *history) out(d *delivery.Delivery, row delivery.Part, p part, at db.Time) {
	c := h.accountOf(*d)
	id := strconv.FormatInt(int64(at)*1000+int64(len(h.past)%1000), 10)
	past := emulator.Past{ID: id, Account: c.RemoteID, Text: row.Text, Language: h.brand.Language, PublishedAt: at.Time()}
	row.Ref = network.Ref{ID: id, Root: id}
	if row.Ord > 0 {
		above := d.Parts[row.Ord-1].Ref
		past.InReplyTo, row.Ref.Root = above.ID, above.Root
	}
	for _, name := range p.pictures {
		pic := h.pictures[name]
		past.Pictures = append(past.Pictures, emulator.PastPicture{ID: "m-" + name, Mime: pic.Media.Mime, Alt: pic.Media.Alt, Content: pic.file})
	}
	row.State, row.At, row.URL = delivery.PartPublished, at, c.URL+"/"+id
	if row.Ord == 0 {
		d.RemoteID, d.RemoteURL = id, row.URL
	}
	h.past = append(h.past, past)
	d.Parts = append(d.Parts, row)
}

func (h *history) accountOf(d delivery.Delivery) channel.Channel {
	for _, c := range h.channels {
		if c.ID == d.Channel {
			return c
		}
	}
	return channel.Channel{}
}

// What the demo network said no with.
const (
	linkRefused   = "Links to northwind.example are not allowed here until the address has been confirmed."
	threadRefused = "This account has replied to itself too often this hour. Try again later."
)

// fail ends a delivery at a part.
func (h *history) fail(d *delivery.Delivery, row delivery.Part, how delivery.State, at db.Time) {
	done := at.Add(740 * time.Millisecond)
	d.State, d.UpdatedAt = delivery.Rejected, done
	switch how {
	case delivery.Unknown:
		d.State, d.ReasonCode, d.Reason = delivery.Unknown, "lost", delivery.LostReason
		row.State, row.Prepared = delivery.PartUnknown, frozen(*d, row)
		h.event(*d, "unclear", done, row.Ord).Text = "The connection broke before the answer came."
		d.UpdatedAt = done.Add(2 * time.Minute)
	case halfSent:
		d.ReasonCode, d.Reason, row.State = "refused", threadRefused, delivery.PartRejected
	default:
		d.ReasonCode, d.Reason, row.State = "refused", linkRefused, delivery.PartRejected
	}
	ended := h.event(*d, string(d.State), d.UpdatedAt, row.Ord)
	ended.Text = d.Reason
	if d.State == delivery.Rejected {
		ended.Status, ended.TookMS = 422, 740
	}
	d.Parts = append(d.Parts, row)
}

// frozen is the request that the answer was lost of, as the demo connector
// keeps it, so that the network can be asked after it.
func frozen(d delivery.Delivery, row delivery.Part) network.Prepared {
	raw, err := json.Marshal(map[string]any{"post": map[string]string{"text": row.Text, "language": "en"}})
	if err != nil {
		panic(err) // plain strings always encode
	}
	return network.Prepared{Handle: "lost-" + d.ID, Record: raw}
}

// ages are when the numbers of a post are read.
var ages = []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour}

// measure reads the numbers as they would have been read over the year.
func (h *history) measure(net *emulator.Server) {
	for _, d := range h.deliveries {
		for _, age := range ages {
			at := d.PublishedAt.Add(age)
			if d.PublishedAt == 0 || at.After(db.At(h.now)) {
				break
			}
			if n, ok := net.NumbersAt(d.RemoteID, at.Time()); ok {
				h.read(d.ID, at, map[string]int64{metric.Likes: n.Likes, metric.Shares: n.Shares, metric.Comments: n.Comments, metric.Views: n.Views})
			}
		}
	}
	for _, c := range h.channels {
		for at := h.now.Add(-before); at.Before(h.now); at = at.AddDate(0, 0, 1) {
			h.read(c.ID, db.At(at), map[string]int64{metric.Followers: net.FollowersAt(c.RemoteID, at)})
		}
	}
}

func (h *history) read(subject string, at db.Time, numbers map[string]int64) {
	for name, v := range numbers {
		h.readings = append(h.readings, metric.Reading{Brand: h.brand.ID, Subject: subject, Name: name, At: at, Value: v})
	}
}

func (h *history) save(ctx context.Context, tx *db.Tx) error {
	var pictures []media.Staged
	for _, p := range h.pictures {
		pictures = append(pictures, p.Staged)
	}
	if err := media.Import(ctx, tx, pictures); err != nil {
		return err
	}
	if err := post.Import(ctx, tx, h.posts); err != nil {
		return err
	}
	if err := delivery.Import(ctx, tx, h.deliveries, h.story); err != nil {
		return err
	}
	for _, a := range h.activities {
		if err := activity.Record(ctx, tx, a); err != nil {
			return err
		}
	}
	return metric.Record(ctx, tx, h.readings)
}

package demoworld

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/network"
	"rapport/internal/network/demo"
	"rapport/internal/post"
)

// Load is how much a brand gets for a load test.
type Load struct {
	Posts    int
	Channels int
	// Progress hears how many posts are in, from time to time; nil hears not.
	Progress func(posts int)
}

// perTx bounds a transaction, so that others can write in between.
const perTx = 5000

// Load gives the brand channels of the demo network, up to the number asked
// for, and that many more posts over a year before now and two weeks after it.
// They have texts, deliveries and a story but nothing of what is past stands
// on the network; what lies ahead is sent at its time. Calling it again adds
// as many again.
func (w World) Load(ctx context.Context, who access.Who, b brand.Brand, l Load) error {
	channels, err := w.loadChannels(ctx, who, b, l.Channels)
	if err != nil {
		return fmt.Errorf("demoworld: load: %w", err)
	}
	now := w.DB.Now()
	m := &many{brand: b.ID, author: who.Account, now: now, zone: b.Location(), channels: channels, luck: rand.New(rand.NewPCG(uint64(now), 1))}
	for _, file := range []string{"howto", "question", "place", "friday", "berlin", "cafes"} {
		m.notes = append(m.notes, notes(file)...)
	}
	for range l.Posts {
		m.times = append(m.times, m.when())
	}
	// In order, each index grows at its end, which is several times as fast.
	slices.Sort(m.times)
	for done := 0; done < l.Posts; {
		n := min(perTx, l.Posts-done)
		m.make(m.times[done : done+n])
		if err := w.DB.Tx(ctx, func(tx *db.Tx) error {
			if err := post.Import(ctx, tx, m.posts); err != nil {
				return err
			}
			return delivery.Import(ctx, tx, m.deliveries, m.story)
		}); err != nil {
			return err
		}
		if done += n; l.Progress != nil {
			l.Progress(done)
		}
	}
	return nil
}

// loadChannels connects what the brand has too few of.
func (w World) loadChannels(ctx context.Context, who access.Who, b brand.Brand, n int) ([]channel.Channel, error) {
	all, err := channel.List(ctx, w.DB, who, b.ID)
	for i := 1; err == nil && len(all) < n; i++ {
		name := fmt.Sprintf("%s-%d", b.Slug[:min(len(b.Slug), 30)], i)
		var c channel.Channel
		c, err = w.Channels.Connect(ctx, who, b.ID, "demo", demo.Builtin, network.Credential{"token": "demo-" + name})
		if err == nil && c.CreatedAt >= w.DB.Now().Add(-time.Minute) {
			all = append(all, c)
		}
	}
	return all, err
}

// many makes posts by the thousand.
type many struct {
	brand, author string
	now           db.Time
	zone          *time.Location
	channels      []channel.Channel
	notes         []note
	luck          *rand.Rand
	times         []db.Time
	count         int

	posts      []post.Post
	deliveries []delivery.Delivery
	story      []delivery.Event
}

func (m *many) make(times []db.Time) {
	m.posts, m.deliveries, m.story = m.posts[:0], m.deliveries[:0], m.story[:0]
	for _, at := range times {
		m.one(at)
	}
}

// when is a time of a working day more often than not.
func (m *many) when() db.Time {
	day := m.now.Time().In(m.zone).AddDate(0, 0, m.luck.IntN(379)-365)
	if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
		day = day.AddDate(0, 0, -m.luck.IntN(2)*2)
	}
	hour := 7 + m.luck.IntN(7) + m.luck.IntN(7)
	return db.At(time.Date(day.Year(), day.Month(), day.Day(), hour, m.luck.IntN(12)*5, 0, 0, m.zone))
}

func (m *many) one(at db.Time) {
	m.count++
	written := min(at, m.now).Add(-time.Duration(1+m.luck.IntN(96)) * time.Hour)
	p := post.Post{ID: db.NewID(), Brand: m.brand, State: post.StateApproved, Revision: 1, Approved: 1, Author: m.author, CreatedAt: written, UpdatedAt: written}
	text := fmt.Sprintf("%s (%d)", m.notes[m.luck.IntN(len(m.notes))].parts[0], m.count)
	p.Body = post.Body{Parts: []post.Part{{Kind: network.PartPost, Text: text}}}
	first := m.luck.IntN(len(m.channels))
	to := 1
	if len(m.channels) > 1 && m.luck.IntN(5) == 0 {
		to = 2
	}
	for i := range to {
		c := m.channels[(first+i)%len(m.channels)].ID
		p.Variants = append(p.Variants, post.Variant{Channel: c})
		m.deliver(p, c, at)
	}
	m.posts = append(m.posts, p)
}

func (m *many) deliver(p post.Post, channelID string, at db.Time) {
	d := delivery.Delivery{ID: db.NewID(), Brand: m.brand, Post: p.ID, Channel: channelID, State: delivery.Scheduled, DueAt: at, RunAt: at,
		Revision: 1, Author: m.author, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
	what := delivery.Event{Delivery: d.ID, At: p.CreatedAt, What: string(delivery.Scheduled), Part: -1, By: m.author}
	if at <= m.now {
		out := at.Add(time.Duration(150+m.luck.IntN(900)) * time.Millisecond)
		d.State, d.PublishedAt, d.UpdatedAt, d.Attempt = delivery.Published, out, out, 1
		what = delivery.Event{Delivery: d.ID, At: out, What: string(delivery.Published), Attempt: 1, Part: -1}
		part := delivery.Part{Delivery: d.ID, Kind: network.PartPost, State: delivery.PartPublished, Text: p.Body.Parts[0].Text, At: out}
		if m.luck.IntN(2000) == 0 {
			d.State, d.PublishedAt, d.Reason, d.ReasonCode = delivery.Rejected, 0, "The network said no to this one.", "refused"
			part.State, part.At, what.What = delivery.PartRejected, 0, string(delivery.Rejected)
		}
		d.Parts = []delivery.Part{part}
	}
	m.story = append(m.story, what)
	m.deliveries = append(m.deliveries, d)
}

package webtest

import (
	"context"
	"fmt"
	"time"

	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/network"
	"rapport/internal/post"
)

// Names that a page must show and never run.
const (
	Evil  = `<script>alert("x")</script> & 'quotes'`
	RTL   = "مرحبا بكم في المحمصة الشمالية"
	Emoji = "Fresh roast 👩‍👩‍👧‍👦 ☕️ today"
)

// World is what Fill made.
type World struct {
	Channels                        []channel.Channel
	Rejected, Unknown, Missed, Half string // ids of deliveries
	Best                            string // id of the post with the most engagements
}

// Fill gives the brand three channels, one of them without access, posts that
// go out, that went out, and one of each kind that needs a person.
func (s *Site) Fill() World {
	s.t.Helper()
	w := World{Channels: []channel.Channel{s.Connect("north"), s.Connect("north-berlin"), s.Connect("cafe")}}
	a, b := w.Channels[0].ID, w.Channels[1].ID
	now := s.DB.Now()
	at := func(d time.Duration) db.Time { return now.Add(d) }
	s.Schedule("Our Sunday blend is back. Bright, a little nutty, and roasted this morning.\n\nCome by before noon, the first ten cups are on us.", at(2*time.Hour), a, b)
	s.Schedule(Emoji, at(5*time.Hour), a)
	s.Schedule(RTL, at(26*time.Hour), b)
	s.Schedule(Evil, at(30*time.Hour), a, b, w.Channels[2].ID)
	s.Schedule("See you on Thursday.", at(80*time.Hour), a)
	for i := range 12 {
		_, ids := s.Schedule(fmt.Sprintf("What we learned about water, part %d", i+1), at(time.Hour), a)
		s.published(ids[0], now.Add(-time.Duration(i+1)*25*time.Hour), int64(10*i))
	}
	best, ids := s.Schedule("The new bags are here, and they can go on the compost.", at(time.Hour), a, b)
	w.Best = best.ID
	s.published(ids[0], now.Add(-50*time.Hour), 412)
	s.published(ids[1], now.Add(-50*time.Hour), 96)
	w.Rejected = s.stuck("A picture of the new grinder", a, "rejected", "The picture is larger than the network takes.")
	w.Unknown = s.stuck(Evil, b, "unknown", "The connection broke while the network was answering.")
	w.Missed = s.stuck("Open until nine tonight", b, "missed", "It was overdue by 74 minutes when Rapport was back.")
	w.Half = s.stuck("A thread about filters", a, "rejected", "The network refused the third part.")
	for i, state := range []string{"published", "published", "rejected"} {
		s.exec(`INSERT INTO part (delivery_id, ord, brand_id, kind, state, text) VALUES ($1, $2, $3, $4, $5, 'x')`,
			w.Half, i, s.Brand.ID, network.PartPost, state)
	}
	s.must(s.DB.Tx(context.Background(), func(tx *db.Tx) error {
		return channel.Attention(context.Background(), tx, s.Brand.ID, w.Channels[2].ID, "The access to @cafe@paper.example has ended. Connect it again.")
	}))
	return w
}

// Schedule plans a post and returns it with the ids of its deliveries.
func (s *Site) Schedule(text string, at db.Time, channels ...string) (post.Post, []string) {
	s.t.Helper()
	in := post.Input{Body: post.Body{Parts: []post.Part{{Text: text}}}}
	for _, c := range channels {
		in.Variants = append(in.Variants, post.Variant{Channel: c})
	}
	p, err := post.Draft(context.Background(), s.DB, s.Who(), s.Brand.ID, in)
	s.must(err)
	all, err := post.Schedule(context.Background(), s.DB, s.Who(), s.Brand.ID, p.ID, 0, at)
	s.must(err)
	ids := make([]string, len(all))
	for i, d := range all {
		ids[i] = d.ID
	}
	return p, ids
}

func (s *Site) published(delivery string, at db.Time, likes int64) {
	s.t.Helper()
	s.exec(`UPDATE delivery SET state = 'published', due_at = $2, published_at = $3, updated_at = $3, remote_url = 'https://paper.example/1' WHERE id = $1`,
		delivery, at.Add(-300*time.Millisecond), at)
	s.exec(`INSERT INTO metric (brand_id, subject, name, at, value) VALUES ($1, $2, 'likes', $3, $4), ($1, $2, 'likes', $5, 0)`,
		s.Brand.ID, delivery, s.DB.Now(), likes, at)
}

func (s *Site) stuck(text, channelID, state, reason string) string {
	s.t.Helper()
	_, ids := s.Schedule(text, s.DB.Now().Add(time.Hour), channelID)
	s.exec(`UPDATE delivery SET state = $2, reason = $3, due_at = $4, updated_at = $5 WHERE id = $1`,
		ids[0], state, reason, s.DB.Now().Add(-3*time.Hour), s.DB.Now().Add(-100*time.Minute))
	return ids[0]
}

func (s *Site) exec(query string, args ...any) {
	s.t.Helper()
	_, err := s.DB.ExecContext(context.Background(), query, args...)
	s.must(err)
}

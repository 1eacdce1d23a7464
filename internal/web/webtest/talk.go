package webtest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/network"
)

// Said makes a message from outside, as a network tells it: who is a handle
// such as "mira", and answers the network's id of what it answers.
func (s *Site) Said(id, who, text, answers string, ago time.Duration) network.Message {
	return network.Message{Ref: network.Ref{ID: id}, Parent: answers, Text: text, At: s.DB.Now().Add(-ago).Time(), URL: "https://paper.example/" + id,
		Author: network.Author{ID: "https://paper.example/@" + who, Handle: "@" + who + "@paper.example", Name: strings.ToUpper(who[:1]) + who[1:], URL: "https://paper.example/@" + who}}
}

// Hear brings messages to a channel, as if its network had told them just now.
func (s *Site) Hear(c channel.Channel, all ...network.Message) {
	s.t.Helper()
	for len(all) > 0 {
		some := all[:min(len(all), conversation.MostAtOnce)]
		all = all[len(some):]
		s.must(s.DB.Tx(context.Background(), func(tx *db.Tx) error {
			_, err := conversation.Take(context.Background(), tx, s.source(c), some, false)
			return err
		}))
	}
}

// Gone says that messages have left their network.
func (s *Site) Gone(c channel.Channel, ids ...string) {
	s.t.Helper()
	s.must(s.DB.Tx(context.Background(), func(tx *db.Tx) error {
		_, err := conversation.Gone(context.Background(), tx, s.source(c), ids)
		return err
	}))
}

func (s *Site) source(c channel.Channel) conversation.Source {
	return conversation.Source{Brand: s.Brand.ID, Channel: c.ID, Network: c.Network}
}

// Talk is the conversation that began with a message of the network.
func (s *Site) Talk(root string) conversation.Conversation {
	s.t.Helper()
	var id string
	s.must(s.DB.QueryRowContext(context.Background(), `SELECT id FROM conversation WHERE brand_id = $1 AND root = $2`, s.Brand.ID, root).Scan(&id))
	c, err := conversation.ByID(context.Background(), s.DB, s.Who(), s.Brand.ID, id)
	s.must(err)
	return c
}

// FillInbox gives the brand three channels and what people said on them: below
// a post, around mentions, in other scripts, hostile, long, deleted.
func (s *Site) FillInbox() World {
	s.t.Helper()
	w := s.Fill()
	a, b := w.Channels[0], w.Channels[1]
	h := time.Hour
	mine := s.out(w.Best, a.ID)
	edited := s.Said("m2", "jonas", "They do, mine came within a week.", "m1", 2*h)
	edited.EditedAt = s.DB.Now().Add(-h).Time()
	edited.Media = []network.Attachment{{Kind: "image", URL: "https://paper.example/p.jpg", Alt: "A parcel on a doormat, and a cat that sits on it"}, {Kind: "video", URL: "https://paper.example/f.mp4"}}
	warned := s.Said("m4", "wanda", "Behind the warning.", "m3", 80*time.Minute)
	warned.Warning, warned.Visibility = "long, and about food", network.Followers
	own := s.Said("m3", "north", "We do. Until the 18th it is there before the holidays.", "m1", 100*time.Minute)
	own.Own = true
	s.Hear(a, s.Said("m1", "mira", "Do you also ship to Austria? The page https://north.example/ship says nothing.", mine, 3*h),
		edited, own, warned, s.Said("m5", "lea", "I should not have said that.", "m4", 70*time.Minute),
		s.Said("m6", "omar", "Five levels down, and still about coffee.", "m5", 65*time.Minute),
		s.Said("m7", "mira", "And how is it with Switzerland?", "m1", 42*time.Minute))
	s.Gone(a, "m5")
	direct := s.Said("m13", "paula", "My order never came. Number 4411, since Monday.", "", 26*h)
	direct.Visibility = network.Direct
	s.Hear(a, s.Said("m10", "evil", Evil, "", 5*h), s.Said("m11", "ahmed", RTL, "", 6*h), s.Said("m12", "emoji", Emoji, mine, 50*time.Minute),
		direct, s.Said("m14", "long", strings.Repeat("Coffee is a long story and I like to tell it. ", 220), mine, 30*h),
		s.Said("m15", "unbroken", strings.Repeat("nobreakanywhere", 60), mine, 31*h))
	s.Hear(b, s.Said("m20", "berlin", "Is the yard open on Sunday?", "", 9*time.Minute), s.Said("m21", "mira", "Lovely crema at the Berlin bar yesterday.", "", 49*h))
	for i := range 30 {
		s.Hear(b, s.Said(fmt.Sprintf("n%d", i), fmt.Sprintf("guest%d", i), "Thank you for number "+fmt.Sprint(i), "", time.Duration(60+i)*h))
	}
	return w
}

// out gives a delivery of the post to the channel the network's id that
// comments answer, and returns it.
func (s *Site) out(post, channelID string) string {
	s.t.Helper()
	var id string
	s.must(s.DB.QueryRowContext(context.Background(), `SELECT id FROM delivery WHERE post_id = $1 AND channel_id = $2`, post, channelID).Scan(&id))
	s.exec(`DELETE FROM part WHERE delivery_id = $1`, id)
	s.exec(`INSERT INTO part (delivery_id, ord, brand_id, kind, state, text, remote_id) VALUES ($1, 0, $2, 'post', 'published', '', 'out-1')`, id, s.Brand.ID)
	return "out-1"
}

package conversation_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/network"
)

var ctx = context.Background()

// start is when the tests begin.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is a brand with two channels and a team.
type world struct {
	t      testing.TB
	d      *db.DB
	brand  string
	src    conversation.Source // the first channel
	other  string              // the second
	owner  access.Who
	mira   access.Who // community manager
	narrow access.Who // community manager of the second channel only
	reader access.Who // analyst
}

func open(t testing.TB) *world {
	t.Helper()
	return on(t, dbtest.Open(t))
}

// on is another world on the same database.
func on(t testing.TB, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, d: d, brand: db.NewID(), other: db.NewID()}
	w.src = conversation.Source{Brand: w.brand, Channel: db.NewID(), Network: "demo"}
	w.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'UTC', 1)`, w.brand)
	for _, c := range []string{w.src.Channel, w.other} {
		w.exec(`INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
			VALUES ($1, $2, 'demo', $1, '@north', 'North', '', '{}', 'connected', 1, 1)`, c, w.brand)
	}
	w.owner = w.member("Olga Owner", access.Owner)
	w.mira = w.member("Mira Lind", access.Community)
	w.narrow = w.member("Mira", access.Community, w.other)
	w.reader = w.member("Ana", access.Analyst)
	w.at(0)
	return w
}

func (w *world) exec(text string, args ...any) {
	w.t.Helper()
	if _, err := w.d.ExecContext(ctx, text, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) member(name string, role access.Role, channels ...string) access.Who {
	w.t.Helper()
	id, list := db.NewID(), ""
	if len(channels) > 0 {
		list = `["` + channels[0] + `"]`
	}
	w.exec(`INSERT INTO account (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, '', 1)`, id, id+"@example.com", name)
	w.exec(`INSERT INTO access_grant (id, account_id, brand_id, role, channels, created_at) VALUES ($1, $1, $2, $3, $4, 1)`, id, w.brand, string(role), list)
	return access.Who{Account: id, Name: name, Grants: []access.Grant{{Brand: w.brand, Role: role, Channels: channels}}}
}

// at sets the clock to so many minutes after the start.
func (w *world) at(minutes int) { w.d.SetClock(start.Add(time.Duration(minutes) * time.Minute)) }

func when(minutes int) db.Time { return db.At(start.Add(time.Duration(minutes) * time.Minute)) }

// says makes a message of somebody from outside, at so many minutes.
func says(id, parent, author string, minutes int) network.Message {
	return network.Message{Ref: network.Ref{ID: id}, Parent: parent, Text: "text of " + id, At: when(minutes).Time(), Visibility: network.Public,
		Author: network.Author{ID: author, Handle: "@" + author}}
}

// ours makes a message of the brand, written with another program.
func ours(id, parent string, minutes int) network.Message {
	m := says(id, parent, "north", minutes)
	m.Own = true
	return m
}

// post puts a post of the brand out on the first channel.
func (w *world) post(remote string) (deliveryID, postID string) {
	w.t.Helper()
	p, d := db.NewID(), db.NewID()
	w.exec(`INSERT INTO post (id, brand_id, state, body, excerpt, revision, created_at, updated_at) VALUES ($1, $2, 'approved', '{}', '', 1, 1, 1)`, p, w.brand)
	w.exec(`INSERT INTO delivery (id, brand_id, post_id, channel_id, state, due_at, run_at, revision, created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'published', 1, 1, 1, 1, 1)`, d, w.brand, p, w.src.Channel)
	w.exec(`INSERT INTO part (delivery_id, ord, brand_id, kind, state, text, remote_id) VALUES ($1, 0, $2, 'post', 'published', '', $3)`, d, w.brand, remote)
	return d, p
}

func (w *world) take(all ...network.Message) conversation.Taken {
	w.t.Helper()
	return w.takeAs(false, all...)
}

func (w *world) takeAs(past bool, all ...network.Message) (taken conversation.Taken) {
	w.t.Helper()
	if err := w.d.Tx(ctx, func(tx *db.Tx) (err error) {
		taken, err = conversation.Take(ctx, tx, w.src, all, past)
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return taken
}

// list reads all conversations as the owner, the newest first.
func (w *world) list() []conversation.Conversation {
	w.t.Helper()
	all, _, err := conversation.List(ctx, w.d, w.owner, w.brand, conversation.Filter{}, db.Page{Limit: 200})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// only is the one conversation there is.
func (w *world) only() conversation.Conversation {
	w.t.Helper()
	all := w.list()
	if len(all) != 1 {
		w.t.Fatalf("there are %d conversations, want 1: %+v", len(all), all)
	}
	return all[0]
}

func (w *world) read(id string) conversation.Thread {
	w.t.Helper()
	t, err := conversation.Read(ctx, w.d, w.owner, w.brand, id, db.Page{})
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

// shape writes a thread as an indented list of what was said.
func shape(t conversation.Thread) (lines []string) {
	for _, m := range t.Messages {
		lines = append(lines, fmt.Sprintf("%*s%s %s", 2*m.Depth, "", m.Direction, m.RemoteID))
	}
	return lines
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

package dossier_test

import (
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/dossier"
	"rapport/internal/network"
)

func (r *room) heard(all ...network.Message) {
	r.t.Helper()
	err := r.Tx(ctx, func(tx *db.Tx) error {
		_, err := conversation.Take(ctx, tx, conversation.Source{Brand: r.brand, Channel: r.news, Network: "demo"}, all, false)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func post(id, parent, author, text string, at int64) network.Message {
	return network.Message{Ref: network.Ref{ID: "at://did:plc:" + author + "/" + id}, Parent: parent, Text: text, At: time.UnixMilli(at),
		Author: network.Author{ID: "did:plc:" + author, Handle: "@" + author, Name: strings.ToUpper(author)}}
}

// What a network still shows comes again and again: with the next look, in the
// thread around a new answer, after the channel was connected anew.
func TestWhatWasErasedDoesNotComeBack(t *testing.T) {
	r := enter(t)
	r.SetClock(time.UnixMilli(10_000))
	root := post("1", "", "zyx", "zyxwords one", 100)
	answer := post("2", root.Ref.ID, "ben", "I know that too", 200)
	second := post("3", answer.Ref.ID, "zyx", "zyxwords two", 300)
	own := post("4", second.Ref.ID, "north", "We are on it", 400)
	own.Own = true
	r.heard(root, answer, second, own)
	var id string
	if err := r.QueryRowContext(ctx, `SELECT id FROM person WHERE name = 'ZYX'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if err := dossier.Erase(ctx, r.DB, r.as(access.Owner), r.brand, id, "ZYX"); err != nil {
		t.Fatal(err)
	}
	edited := root
	edited.Text, edited.EditedAt = "zyxwords edited", time.UnixMilli(9000)
	r.heard(root, answer, second, own)
	r.heard(edited, second)
	r.heard(post("5", second.Ref.ID, "cleo", "A late answer", 9500))
	err := r.Tx(ctx, func(tx *db.Tx) error {
		_, err := conversation.Gone(ctx, tx, conversation.Source{Brand: r.brand, Channel: r.news, Network: "demo"}, []string{root.Ref.ID})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(r.everything()) {
		if strings.Contains(strings.ToLower(line), "zyx") {
			t.Errorf("still there: %s", line)
		}
	}
	for what, got := range map[string]int{
		"conversations": r.count(`SELECT COUNT(*) FROM conversation`) - 1,
		"messages":      r.count(`SELECT COUNT(*) FROM message`) - 5,
		"people":        r.count(`SELECT COUNT(*) FROM person`) - 2,
		"the tree":      r.count(`SELECT COUNT(*) FROM message m JOIN message p ON p.remote_id = m.parent_id`) - 4,
	} {
		if got != 0 {
			t.Errorf("%s: %+d", what, got)
		}
	}
	checks, err := conversation.ToCheck(ctx, r.DB, r.news, 0, 1<<50, 50)
	if err != nil || len(checks) != 3 {
		t.Errorf("the network is asked about %d messages, %v", len(checks), err)
	}
	r.heard(post("6", "", "zyx", "A new day", 9900))
	if n := r.count(`SELECT COUNT(*) FROM person WHERE name = 'ZYX' AND id <> $1`, id); n != 1 || r.found("new day") != 1 {
		t.Errorf("somebody who writes again is %d new persons", n)
	}
}

package dossier_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/dossier"
	"rapport/internal/network"
	"rapport/internal/person"
)

// What a member says in the community is told and counted once, as what it is,
// however often the inbox holds it: while it waits, as a question, as flagged.
func TestWhatIsSaidInTheCommunityIsToldOnce(t *testing.T) {
	r := enter(t)
	r.SetClock(db.Time(9000).Time())
	ada := r.joins("Ada")
	r.talks(ada, 2000)
	r.exec(`DELETE FROM decision`)
	r.exec(`DELETE FROM audit WHERE act = 'member.suspended'`)
	r.exec(`INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ('own', $1, 'community', 'community', 'North', 'North', '', '{}', 'connected', 1, 1)`, r.brand)
	var opening, late string
	for into, like := range map[*string]string{&opening: "open-%", &late: "late-%"} {
		if err := r.QueryRowContext(ctx, `SELECT id FROM reply WHERE id LIKE $1`, like).Scan(into); err != nil {
			t.Fatal(err)
		}
	}
	author := network.Author{ID: ada.ID, Handle: "@ada", Name: "Ada"}
	said := func(id, kind, text string, at int64) network.Message {
		return network.Message{Ref: network.Ref{ID: id}, Kind: kind, Text: text, At: time.UnixMilli(at), Author: author}
	}
	answer := said("ours", "", "Coarser.", 2100)
	answer.Own, answer.Parent = true, opening
	err := r.Tx(ctx, func(tx *db.Tx) error {
		if err := person.Known(ctx, tx, r.brand, network.Community, author, ada.Person); err != nil {
			return err
		}
		_, err := conversation.Take(ctx, tx, conversation.Source{Brand: r.brand, Channel: "own", Network: network.Community}, []network.Message{
			said("wait-"+opening, network.Waiting, "opening words", 1900), said(opening, network.Question, "Which grind?\n\nopening words", 2000),
			said("wait-"+late, network.Waiting, "late words", 2001), said("case-"+late, network.Flagged, "late words", 2002), answer}, false)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r.heard(network.Message{Ref: network.Ref{ID: "m"}, Text: "Is it open?", At: time.UnixMilli(1000), Author: network.Author{ID: "fan", Handle: "@fan", Name: "Fan"}})
	var fan string
	if err := r.QueryRowContext(ctx, `SELECT id FROM person WHERE name = 'Fan'`).Scan(&fan); err != nil {
		t.Fatal(err)
	}
	r.merges(ada.Person, fan)
	owner := r.as(access.Owner)
	want := []string{"membership member.joined", "identity joined She said so.", "reply late words", "reply accepted answer words", "topic opening words", "message Is it open?"}
	got := r.lines(owner, ada.Person, 2)
	if diff := cmp.Diff(want[2:], got[2:]); diff != "" || len(got) != len(want) {
		t.Errorf("told:\n%s%q", diff, got)
	}
	all, _, err := dossier.Timeline(ctx, r.DB, owner, r.brand, ada.Person, db.Page{}, dossier.KindTopic)
	if err != nil || len(all) != 1 || len(all[0].Said.Answers) != 1 || all[0].Said.Answers[0].Text != "Coarser." || all[0].Said.Conversation == "" {
		t.Errorf("what was answered is %+v, %v", all, err)
	}
	var b strings.Builder
	if err := dossier.Write(ctx, r.DB, owner, r.brand, ada.Person, &b); err != nil {
		t.Fatal(err)
	}
	var out dossier.Export
	if err := json.Unmarshal([]byte(b.String()), &out); err != nil || out.Person.Messages != 1 || len(out.Messages) != 1 || out.Membership == nil {
		t.Errorf("handed out are %d messages, counted %d, %v", len(out.Messages), out.Person.Messages, err)
	}
	// Who may see no members sees what the inbox holds.
	token := owner
	token.Token, token.Scopes = "token", []access.Action{access.PersonRead, access.ConversationRead}
	if got := r.lines(token, ada.Person, 50, dossier.KindMessage); !strings.Contains(strings.Join(got, "\n"), "opening words") {
		t.Errorf("without the right: %q", got)
	}
	// What they took back is not told in their words.
	r.exec(`UPDATE reply SET state = 'withdrawn' WHERE id = $1`, late)
	if got := r.lines(owner, ada.Person, 50, dossier.KindReply); got[0] != "reply " {
		t.Errorf("taken back it is %q", got)
	}
}

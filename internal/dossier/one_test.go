package dossier_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/dossier"
	"rapport/internal/member"
	"rapport/internal/merge"
	"rapport/internal/person"
)

// talks puts a topic with an opening and a reply of a member into the
// community, as rows: how they come to be is another package's part.
func (r *room) talks(m member.Member, at int64) {
	r.t.Helper()
	space, topic := db.NewID(), db.NewID()
	r.exec(`INSERT INTO space (id, brand_id, slug, name, kind, place, created_at) VALUES ($1, $2, $1, 'Talk', 'questions', $3, 1)`, space, r.brand, at)
	r.exec(`INSERT INTO topic (id, brand_id, number, space_id, author_id, title, slug, state, last_at, last_by, answer_id, created_at) VALUES ($1, $2, $3, $4, $5, 'Which grind?', 'which-grind', 'live', 1, $5, $6, 1)`, topic, r.brand, at, space, m.ID, "answer-"+topic)
	for i, id := range []string{"open-" + topic, "answer-" + topic, "late-" + topic} {
		r.exec(`INSERT INTO reply (id, brand_id, topic_id, space_id, number, author_id, state, text, html, at, created_at) VALUES ($1, $2, $3, $4, $5, $6, 'live', $7, '', $8, 1)`,
			id, r.brand, topic, space, i+1, m.ID, []string{"opening words", "answer words", "late words"}[i], at+int64(i))
	}
	r.exec(`INSERT INTO decision (id, brand_id, reply_id, act, reason, excerpt, account_id, at) VALUES ($1, $2, $3, 'hidden', 'Off the mark', 'late words', 'acc', $4)`, db.NewID(), r.brand, "late-"+topic, at+5)
	r.exec(`INSERT INTO audit (id, brand_id, account_id, act, subject, detail, address, at) VALUES ($1, $2, 'acc', 'member.suspended', $3, '{"reason":"Shouting"}', '', $4)`, db.NewID(), r.brand, m.ID, at+6)
}

// lines is a timeline in short.
func (r *room) lines(who access.Who, id string, limit int, kinds ...dossier.Kind) (out []string) {
	r.t.Helper()
	for page := (db.Page{Limit: limit}); ; {
		all, next, err := dossier.Timeline(ctx, dbtest.Indexed(r.t, r.DB), who, r.brand, id, page, kinds...)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, m := range all {
			line := string(m.Kind)
			switch {
			case m.Message != nil:
				line += " " + m.Message.Text
			case m.Note != nil:
				line += " " + m.Note.Text
			case m.Said != nil && m.Said.Accepted:
				line += " accepted " + m.Said.Text
			case m.Said != nil:
				line += " " + m.Said.Text
			case m.Member != nil:
				line += " " + m.Member.Act + m.Member.Reason
			case m.Decision != nil:
				line += " " + m.Decision.Act + " " + m.Decision.Reason
			case m.Merge != nil && m.Merge.UndoneAt == m.At:
				line += " parted " + m.Merge.UndoneWhy
			case m.Merge != nil:
				line += " joined " + m.Merge.Reason
			}
			out = append(out, line)
		}
		if page.After = next; next == "" {
			return out
		}
	}
}

func (r *room) merges(a, b string) merge.Merge {
	r.t.Helper()
	pair, err := merge.Review(ctx, r.DB, r.as(access.Owner), r.brand, a, b)
	if err != nil {
		r.t.Fatal(err)
	}
	g, err := merge.Do(ctx, r.DB, r.as(access.Owner), r.brand, a, b, pair.Revision, "She said so.")
	if err != nil {
		r.t.Fatal(err)
	}
	return g
}

// One timeline holds both halves, for who may see them.
func TestOneTimelineOverBothHalves(t *testing.T) {
	r := enter(t)
	r.SetClock(db.Time(1000).Time())
	ada := r.joins("Ada")
	heard, _, _ := r.says("ADA", r.news, "", "Is it open?", 500)
	r.talks(ada, 2000)
	r.SetClock(db.Time(3000).Time())
	g := r.merges(ada.Person, heard)
	want := []string{"identity joined She said so.", "membership member.suspendedShouting", "decision hidden Off the mark", "reply late words", "reply accepted answer words", "topic opening words",
		"membership member.joined", "message Is it open?"}
	owner := r.as(access.Owner)
	for _, limit := range []int{1, 3, 50} {
		if diff := cmp.Diff(want, r.lines(owner, ada.Person, limit)); diff != "" {
			t.Errorf("by %d: %s", limit, diff)
		}
	}
	for _, c := range []struct {
		kinds []dossier.Kind
		want  []string
	}{
		{[]dossier.Kind{dossier.KindMessage}, []string{"message Is it open?"}},
		{[]dossier.Kind{dossier.KindTopic}, []string{"topic opening words"}},
		{[]dossier.Kind{dossier.KindReply}, []string{"reply late words", "reply accepted answer words"}},
		{[]dossier.Kind{dossier.KindMembership, dossier.KindIdentity}, []string{"identity joined She said so.", "membership member.suspendedShouting", "membership member.joined"}},
		{[]dossier.Kind{dossier.KindNote}, nil},
	} {
		for _, limit := range []int{1, 50} {
			if diff := cmp.Diff(c.want, r.lines(owner, ada.Person, limit, c.kinds...)); diff != "" {
				t.Errorf("%v by %d: %s", c.kinds, limit, diff)
			}
		}
	}
	// A token that may read people, and not members.
	token := owner
	token.Token, token.Scopes = "token", []access.Action{access.PersonRead}
	if diff := cmp.Diff([]string{"identity joined She said so.", "message Is it open?"}, r.lines(token, ada.Person, 50)); diff != "" {
		t.Errorf("without the right: %s", diff)
	}
	r.SetClock(db.Time(4000).Time())
	if _, err := merge.Undo(ctx, r.DB, owner, r.brand, g.ID, "Another Ada."); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append([]string{"identity parted Another Ada."}, want[:len(want)-1]...), r.lines(owner, ada.Person, 2)); diff != "" {
		t.Errorf("apart again: %s", diff)
	}
}

// Export and erasure go over all of it, and what was erased does not come back.
func TestOnePersonIsExportedAndErasedWhole(t *testing.T) {
	r := enter(t)
	r.SetClock(time.UnixMilli(10_000))
	ada, zyx, other := r.joins("Zyxada"), post("1", "", "zyx", "zyxwords one", 100), post("2", "", "zyxb", "zyxwords two", 200)
	r.heard(zyx, other, post("3", zyx.Ref.ID, "ben", "I know", 300))
	id := func(name string) (id string) {
		if err := r.QueryRowContext(ctx, `SELECT person_id FROM identity WHERE remote_id = $1`, "did:plc:"+name).Scan(&id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	r.talks(ada, 500)
	r.merges(ada.Person, id("zyx"))
	gone := r.merges(ada.Person, id("zyxb"))
	r.exec(`INSERT INTO claim (id, brand_id, member_id, network, handle, code, state, state_at, identity_id, remote_id, expires_at, created_at)
		SELECT 'c', $1, $2, 'demo', '@zyx', 'rapport-zyx', 'proven', 1, i.id, i.remote_id, 1, 1 FROM identity i WHERE i.remote_id = 'did:plc:zyx'`, r.brand, ada.ID)
	var b bytes.Buffer
	if err := dossier.Write(ctx, r.DB, r.as(access.Owner), r.brand, ada.Person, &b); err != nil {
		t.Fatal(err)
	}
	for _, has := range []string{"zyxwords one", "zyxwords two", "did:plc:zyxb", `"rapport.member/1"`, "opening words", "She said so.", `"accounts_elsewhere"`, `"handle": "@zyx"`} {
		if !strings.Contains(b.String(), has) && !strings.Contains(strings.ReplaceAll(b.String(), `":"`, `": "`), has) {
			t.Errorf("no %q in the export: %s", has, b.String())
		}
	}
	if _, err := merge.Undo(ctx, r.DB, r.as(access.Owner), r.brand, gone.ID, "zyx said so"); err != nil {
		t.Fatal(err)
	}
	if err := dossier.Erase(ctx, r.DB, r.as(access.Owner), r.brand, ada.Person, "Zyxada"); err != nil {
		t.Fatal(err)
	}
	if _, err := person.ByID(ctx, r.DB, r.as(access.Owner), r.brand, id("zyxb")); err != nil {
		t.Error("the other is gone as well", err)
	}
	r.heard(zyx)
	if err := dossier.Erase(ctx, r.DB, r.as(access.Owner), r.brand, id("zyxb"), "ZYXB"); err != nil {
		t.Fatal(err)
	}
	r.heard(other)
	for line := range strings.Lines(r.everything()) {
		if strings.Contains(strings.ToLower(line), "zyx") && !strings.Contains(line, "member_handle") {
			t.Errorf("still there: %s", line)
		}
	}
	for _, table := range []string{"merge", "merge_identity", "claim"} {
		if n := r.count(`SELECT COUNT(*) FROM ` + table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}

// Who leaves the community for good takes along what was proven elsewhere.
func TestElsewhere(t *testing.T) {
	r := enter(t)
	r.SetClock(time.UnixMilli(10_000))
	r.heard(post("1", "", "zyx", "zyxwords", 100))
	var id string
	if err := r.QueryRowContext(ctx, `SELECT id FROM person`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Tx(ctx, func(tx *db.Tx) error { return dossier.Elsewhere(ctx, tx, r.brand, id) }); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.count(`SELECT COUNT(*) FROM person`) + r.count(`SELECT COUNT(*) FROM identity`); n != 0 {
		t.Error("they are still known")
	}
}

package dossier_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/dossier"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/network"
	"rapport/internal/person"
	"rapport/internal/search"
)

var ctx = context.Background()

// room is a brand with two channels, and what was said there.
type room struct {
	*db.DB
	t     testing.TB
	brand string
	news  string
	shop  string
	n     int
}

func enter(t testing.TB) *room {
	r := &room{DB: dbtest.Open(t), t: t, brand: db.NewID(), news: db.NewID(), shop: db.NewID()}
	if _, err := job.New(ctx, r.DB, job.NewWorkers(), job.Options{}); err != nil {
		t.Fatal(err)
	}
	r.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'UTC', 1)`, r.brand)
	for _, c := range []string{r.news, r.shop} {
		r.exec(`INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
			VALUES ($1, $2, 'demo', $1, '@north', 'North', '', '{}', 'connected', 1, 1)`, c, r.brand)
	}
	return r
}

func (r *room) exec(query string, args ...any) {
	r.t.Helper()
	if _, err := r.ExecContext(ctx, query, args...); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) count(query string, args ...any) (n int) {
	r.t.Helper()
	if err := r.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *room) as(role access.Role, channels ...string) access.Who {
	return access.Who{Account: "acc", Grants: []access.Grant{{Brand: r.brand, Role: role, Channels: channels}}}
}

// says lets somebody begin a conversation on a channel, or go on in one.
func (r *room) says(name, channel, conversation, text string, at db.Time) (who, message, in string) {
	r.t.Helper()
	r.n++
	remote := fmt.Sprintf("at://did:plc:%s/%d", strings.ToLower(name), r.n)
	err := r.Tx(ctx, func(tx *db.Tx) error {
		i, err := person.Seen(ctx, tx, r.brand, "demo", network.Author{ID: "did:plc:" + name, Handle: "@" + name + "@social.example", Name: name, AvatarURL: "https://x.example/" + name}, at)
		if err != nil {
			return err
		}
		who, message, in = i.Person, db.NewID(), conversation
		if in == "" {
			in = db.NewID()
			if _, err := tx.ExecContext(ctx, `INSERT INTO conversation (id, brand_id, channel_id, kind, root, person_id, excerpt, state, state_at, last_at, messages, created_at)
				VALUES ($1, $2, $3, 'comment', $4, $5, $6, 'new', 1, $7, 1, 1)`, in, r.brand, channel, remote, who, text, at); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO message (id, brand_id, channel_id, conversation_id, direction, remote_id, ref, person_id, identity_id, text, warning, url, media, at, checked_at, created_at)
			VALUES ($1, $2, $3, $4, 'in', $5, $6, $7, $8, $9, 'mind', $10, '[]', $11, 1, 1)`, message, r.brand, channel, in, remote, `{"id":"`+remote+`"}`, who, i.ID, text, "https://social.example/"+name, at); err != nil {
			return err
		}
		if err := person.Wrote(ctx, tx, r.brand, channel, who, 1, at, at); err != nil {
			return err
		}
		return search.Put(ctx, tx, search.Doc{Brand: r.brand, Kind: search.Message, ID: message, Conversation: in, Channels: []string{channel}, Person: who, At: at, Text: text})
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return who, message, in
}

// answers lets the brand answer a message.
func (r *room) answers(message, text string, at db.Time) {
	r.t.Helper()
	id := db.NewID()
	r.exec(`INSERT INTO message (id, brand_id, channel_id, conversation_id, direction, remote_id, parent_id, account_id, text, at, checked_at, created_at)
		SELECT $1, brand_id, channel_id, conversation_id, 'out', $5, remote_id, 'acc', $3, $4, 1, 1 FROM message WHERE id = $2`, id, message, text, at, "ours-"+id)
}

func (r *room) found(words string) int {
	r.t.Helper()
	hits, _, err := search.Find(ctx, r.DB, r.as(access.Owner), r.brand, search.Query{Text: words}, db.Page{Limit: 100})
	if err != nil {
		r.t.Fatal(err)
	}
	return len(hits)
}

func (r *room) timeline(who access.Who, id string, limit int) []string {
	r.t.Helper()
	var out []string
	page := db.Page{Limit: limit}
	for {
		all, next, err := dossier.Timeline(ctx, dbtest.Indexed(r.t, r.DB), who, r.brand, id, page)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, m := range all {
			switch {
			case m.Note != nil:
				out = append(out, "note "+m.Note.Text)
			default:
				line := m.Message.Text
				for _, a := range m.Message.Answers {
					line += " > " + a.Text
				}
				out = append(out, line)
			}
		}
		if page.After = next; next == "" {
			return out
		}
	}
}

func TestTimeline(t *testing.T) {
	r := enter(t)
	ada, first, in := r.says("Ada", r.news, "", "Is it open?", 100)
	r.says("Ben", r.news, in, "I wonder too", 110)
	r.answers(first, "Yes, it is.", 120)
	r.answers(first, "Until six.", 130)
	r.says("Ada", r.shop, "", "Where is my parcel?", 300)
	r.SetClock(db.Time(200).Time())
	if _, err := person.AddNote(ctx, r.DB, r.as(access.Owner), r.brand, ada, "A regular"); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 2, 50} {
		want := []string{"Where is my parcel?", "note A regular", "Is it open? > Yes, it is. > Until six."}
		if diff := cmp.Diff(want, r.timeline(r.as(access.Owner), ada, limit)); diff != "" {
			t.Errorf("by %d: %s", limit, diff)
		}
	}
	if diff := cmp.Diff([]string{"Where is my parcel?", "note A regular"}, r.timeline(r.as(access.Community, r.shop), ada, 50)); diff != "" {
		t.Error(diff)
	}
	all, err := dossier.Conversations(ctx, dbtest.Indexed(t, r.DB), r.as(access.Owner), r.brand, ada, 0)
	if err != nil || len(all) != 2 || all[0].Channel != r.shop || all[1].ID != in || all[0].State != "new" {
		t.Errorf("%+v %v", all, err)
	}
	if all, err = dossier.Conversations(ctx, r.DB, r.as(access.Owner, r.shop), r.brand, ada, 0); err != nil || len(all) != 1 {
		t.Errorf("%+v %v", all, err)
	}
}

func TestExport(t *testing.T) {
	r := enter(t)
	ada, first, in := r.says("Ada", r.news, "", "Is it open?", 100)
	r.answers(first, "Yes <b>&</b>", 120)
	r.says("Ben", r.news, in, "Ben's own words", 110)
	if _, err := person.AddNote(ctx, r.DB, r.as(access.Owner), r.brand, ada, "A regular"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := dossier.Write(ctx, r.DB, r.as(access.Owner), r.brand, ada, &b); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{`"format": "rapport.person/1"`, `"did:plc:Ada"`, `"@Ada@social.example"`, "Is it open?", "Yes <b>&</b>", "A regular", in, `"first_at": "1970-01-01T00:00:00.1Z"`} {
		if !strings.Contains(b.String(), s) {
			t.Errorf("no %s in %s", s, b.String())
		}
	}
	if strings.Contains(b.String(), "Ben") {
		t.Error("another person's words are in the export")
	}
	var back dossier.Export
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back.Messages) != 1 || len(back.Messages[0].Answers) != 1 || len(back.Conversations) != 1 {
		t.Errorf("%+v %v", back, err)
	}
	if n := r.count(`SELECT COUNT(*) FROM audit WHERE act = 'person.exported' AND subject = $1 AND detail = ''`, ada); n != 1 {
		t.Errorf("%d lines in the audit", n)
	}
}

// everything is all that the database holds as text.
func (r *room) everything() string {
	r.t.Helper()
	var b strings.Builder
	for _, table := range []string{"person", "identity", "person_channel", "conversation", "message", "note", "search_doc", "notification", "letter", "audit", "activity", "outbox", "post"} {
		rows, err := r.QueryContext(ctx, `SELECT * FROM `+table)
		if err != nil {
			r.t.Fatal(err)
		}
		columns, _ := rows.Columns()
		for rows.Next() {
			row, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				r.t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s %s\n", table, fmt.Sprint(row...))
		}
		rows.Close()
	}
	return b.String()
}

func TestNothingOfAnErasedPersonStays(t *testing.T) {
	r := enter(t)
	owner := r.as(access.Owner)
	ada, first, in := r.says("Zyxada", r.news, "", "Wherever is zyxwords parcel?", 100)
	r.answers(first, "It is on its way.", 120)
	r.says("Ben", r.news, in, "Mine too", 130)
	for i := range 250 {
		r.says("Zyxada", r.shop, "", fmt.Sprint("zyxwords again ", i), db.Time(200+i))
	}
	r.says("Zyxada", r.news, in, "zyxwords last of all", 900)
	if _, err := person.Save(ctx, r.DB, owner, r.brand, ada, person.Input{Name: "Zyxada"}, person.Input{Name: "Zyxada Q.", About: "zyxabout"}); err != nil {
		t.Fatal(err)
	}
	if _, err := person.AddNote(ctx, r.DB, owner, r.brand, ada, "zyxnote"); err != nil {
		t.Fatal(err)
	}
	r.exec(`INSERT INTO account (id, email, name, password_hash, created_at) VALUES ('acc', 'a@b.example', 'A', '', 1)`)
	r.exec(`INSERT INTO note (id, brand_id, subject, account_id, text, at) VALUES ('n1', $1, $2, 'acc', 'zyxada is upset', 1)`, r.brand, in)
	r.exec(`INSERT INTO notification (id, brand_id, account_id, kind, subject, text, href, source, created_at) VALUES ('x', $1, 'acc', 'k', $2, 'Zyxada wrote', '/', 's1', 1)`, r.brand, in)
	r.exec(`INSERT INTO letter (id, brand_id, address, subject, text, state, source, created_at) VALUES ('l', $1, 'a@b.example', 'Zyxada wrote', 'zyxwords', 'sent', 's1', 1)`, r.brand)
	r.exec(`UPDATE audit SET detail = '{"name":"Zyxada"}' WHERE subject = $1`, ada)

	if err := dossier.Erase(ctx, r.DB, owner, r.brand, ada, "Zyxada"); !fault.Is(err, fault.Invalid) {
		t.Fatalf("erased without their name: %v", err)
	}
	before := r.count(`SELECT COUNT(*) FROM message`)
	if err := dossier.Erase(ctx, r.DB, owner, r.brand, ada, " Zyxada Q. "); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(r.everything()) {
		if strings.Contains(strings.ToLower(line), "zyx") {
			t.Errorf("still there: %s", line)
		}
	}
	if n := r.found("zyxwords"); n != 0 {
		t.Errorf("%d of their texts are found", n)
	}
	for what, got := range map[string]int{
		"messages":        r.count(`SELECT COUNT(*) FROM message`) - before,
		"their times":     r.count(`SELECT COUNT(*) FROM message WHERE erased_at > 0 AND at > 0`) - 252,
		"answers":         r.count(`SELECT COUNT(*) FROM message WHERE text = 'It is on its way.'`) - 1,
		"others' words":   r.count(`SELECT COUNT(*) FROM message WHERE text = 'Mine too'`) - 1,
		"an excerpt":      r.count(`SELECT COUNT(*) FROM conversation WHERE excerpt = 'Mine too'`) - 1,
		"the tree":        r.count(`SELECT COUNT(*) FROM message o JOIN message m ON m.remote_id = o.parent_id WHERE o.direction = 'out'`) - 1,
		"the audit":       r.count(`SELECT COUNT(*) FROM audit WHERE act = 'person.erased' AND subject = $1`, ada) - 1,
		"the other":       r.count(`SELECT COUNT(*) FROM person`) - 1,
		"conversations":   r.count(`SELECT COUNT(*) FROM conversation`) - 251,
		"who began it":    r.count(`SELECT COUNT(*) FROM conversation WHERE person_id <> ''`),
		"where they were": r.count(`SELECT COUNT(*) FROM person_channel`) - 1,
	} {
		if got != 0 {
			t.Errorf("%s: %+d", what, got)
		}
	}
	if _, err := person.ByID(ctx, r.DB, owner, r.brand, ada); !fault.Is(err, fault.NotFound) {
		t.Errorf("still read: %v", err)
	}
	again, _, _ := r.says("Zyxada", r.news, "", "I am back", 2000)
	if again == ada {
		t.Error("they are the person who was erased")
	}
	if diff := cmp.Diff([]string{"I am back"}, r.timeline(owner, again, 50)); diff != "" {
		t.Error(diff)
	}
}

func TestWhoMayExportAndErase(t *testing.T) {
	r := enter(t)
	ada, _, _ := r.says("Ada", r.news, "", "Hello", 100)
	r.says("Ada", r.shop, "", "Hello", 100)
	for _, role := range access.Roles {
		may := role == access.Owner || role == access.Manager || role == access.Community
		_, err := dossier.Read(ctx, r.DB, r.as(role), r.brand, ada)
		if may != (err == nil) || err != nil && !fault.Is(err, fault.Denied) {
			t.Errorf("%s exports: %v", role, err)
		}
		if may {
			continue
		}
		if err := dossier.Erase(ctx, r.DB, r.as(role), r.brand, ada, "Ada"); !fault.Is(err, fault.Denied) {
			t.Errorf("%s erases: %v", role, err)
		}
	}
	half := r.as(access.Owner, r.shop)
	if err := dossier.Erase(ctx, r.DB, half, r.brand, ada, "Ada"); !fault.Is(err, fault.Denied) {
		t.Errorf("erased by somebody who sees half: %v", err)
	}
	if _, err := dossier.Read(ctx, r.DB, half, r.brand, ada); !fault.Is(err, fault.Denied) {
		t.Errorf("exported to somebody who sees half: %v", err)
	}
	other := enterAgain(r)
	if err := dossier.Erase(ctx, r.DB, other, other.Grants[0].Brand, ada, "Ada"); !fault.Is(err, fault.NotFound) {
		t.Errorf("erased from another brand: %v", err)
	}
	if n := r.count(`SELECT COUNT(*) FROM message WHERE text = 'Hello'`); n != 2 {
		t.Errorf("%d messages are left", n)
	}
}

func enterAgain(r *room) access.Who {
	id := db.NewID()
	r.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'South', '#000000', 'UTC', 1)`, id)
	return access.Who{Account: "x", Grants: []access.Grant{{Brand: id, Role: access.Owner}}}
}

func TestTheSilentAreForgotten(t *testing.T) {
	r := enter(t)
	day := func(n int) db.Time { return db.Time(n) * 24 * 60 * 60 * 1000 }
	old, _, in := r.says("Old", r.news, "", "oldwords", day(1))
	r.says("Young", r.news, in, "youngwords", day(500))
	member, _, _ := r.says("Member", r.news, "", "memberwords", day(1))
	r.exec(`UPDATE person SET member_at = 1 WHERE id = $1`, member)
	for i := range 120 {
		r.says(fmt.Sprint("Many", i), r.shop, "", "manywords", day(2))
	}
	run := func(at db.Time) string {
		t.Helper()
		r.SetClock(at.Time())
		for range 2 {
			if done, err := dossier.Forget(ctx, r.DB, time.Minute); err != nil || !done {
				t.Fatal(done, err)
			}
		}
		return fmt.Sprint(r.found("oldwords"), r.found("youngwords"), r.found("memberwords"), r.found("manywords"))
	}
	for _, step := range []struct {
		name string
		days int
		at   db.Time
		want string
	}{
		{"on the last day", 730, day(731), "1 1 1 100"},
		{"a moment later", 730, day(731) + 1, "0 1 1 100"},
		{"never", 0, day(5000), "0 1 1 100"},
		{"after a year", 365, day(500), "0 1 1 0"},
		{"after ten years", 3650, day(3000), "0 1 1 0"},
		{"after a month", 30, day(3000), "0 0 1 0"},
	} {
		r.exec(`UPDATE brand SET retention_days = $1`, step.days)
		if got := run(step.at); got != step.want {
			t.Errorf("%s: found %s, want %s", step.name, got, step.want)
		}
	}
	if n := r.count(`SELECT COUNT(*) FROM audit WHERE act = 'person.forgotten' AND subject = $1 AND detail = '{"days":"730"}' AND account_id = ''`, old); n != 1 {
		t.Errorf("%d lines in the audit", n)
	}
	if n := r.count(`SELECT COUNT(*) FROM message WHERE at > 0`); n != 123 {
		t.Errorf("%d messages are counted", n)
	}
}

func TestWritingAgainstBeingErased(t *testing.T) {
	r := enter(t)
	ada, _, in := r.says("Ada", r.news, "", "first", 100)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := dossier.Erase(ctx, r.DB, r.as(access.Owner), r.brand, ada, "Ada"); err != nil {
			t.Error(err)
		}
	})
	for i := range 4 {
		wg.Go(func() {
			err := r.Tx(ctx, func(tx *db.Tx) error {
				a, err := person.Seen(ctx, tx, r.brand, "demo", network.Author{ID: "did:plc:Ada", Handle: "@Ada@social.example", Name: "Ada"}, 200)
				if err != nil {
					return err
				}
				if _, err := tx.ExecContext(ctx, `INSERT INTO message (id, brand_id, channel_id, conversation_id, direction, remote_id, person_id, identity_id, text, at, checked_at, created_at)
					VALUES ($1, $2, $3, $4, 'in', $5, $6, $7, 'later', 200, 1, 1)`, db.NewID(), r.brand, r.news, in, fmt.Sprint("l", i), a.Person, a.ID); err != nil {
					return err
				}
				return person.Wrote(ctx, tx, r.brand, r.news, a.Person, 1, 200, 200)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := dossier.Forget(ctx, r.DB, time.Minute); err != nil {
		t.Fatal(err)
	}
	if n := r.count(`SELECT COUNT(*) FROM message WHERE text = 'first'`); n != 0 {
		t.Error("the erased words are there")
	}
	orphans := r.count(`SELECT COUNT(*) FROM message m WHERE m.person_id <> '' AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = m.person_id)`)
	if orphans != 0 {
		t.Errorf("%d messages are of nobody", orphans)
	}
}

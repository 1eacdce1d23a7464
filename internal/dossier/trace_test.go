package dossier_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/dossier"
	"rapport/internal/job"
	"rapport/internal/join"
	"rapport/internal/member"
	"rapport/internal/promote"
)

// whole is all that the database holds, of every table. What SQLite keeps of an
// index for itself is none: a word that is dropped is merged away there in time.
func (r *room) whole() string {
	r.t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search_word_%' ORDER BY name`
	if r.Dialect == db.Postgres {
		query = `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`
	}
	rows, err := r.QueryContext(ctx, query)
	tables, err := db.Collect(rows, err, func(rows *sql.Rows) (s string, err error) { return s, rows.Scan(&s) })
	if err != nil {
		r.t.Fatal(err)
	}
	var b strings.Builder
	for _, table := range tables {
		rows, err := r.QueryContext(ctx, `SELECT * FROM "`+table+`"`)
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
			for i := range row {
				if raw, ok := row[i].([]byte); ok {
					row[i] = string(raw)
				}
			}
			fmt.Fprintf(&b, "%s %s\n", table, strings.ReplaceAll(fmt.Sprint(row...), "\n", " "))
		}
		rows.Close()
	}
	return b.String()
}

// work runs what was left to jobs, until what is wanted is so.
func (r *room) work(until func() bool) {
	r.t.Helper()
	w := job.NewWorkers()
	dossier.Work(w, r.DB)
	promote.Work(w, r.DB)
	(&join.Join{DB: r.DB}).Work(w)
	e, err := job.New(ctx, r.DB, w, job.Options{Poll: 20 * time.Millisecond})
	if err == nil {
		err = e.Start(ctx)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	defer e.Stop(ctx)
	for end := time.Now().Add(20 * time.Second); !until() && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
}

// signs makes a member with an account, in these brands.
func (r *room) signs(id, name string, brands ...string) (m member.Member) {
	r.t.Helper()
	r.exec(`INSERT INTO account (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, 1)`, id, id+"@mail.example", name, "hash of "+name)
	for _, b := range brands {
		err := r.Tx(ctx, func(tx *db.Tx) (err error) {
			one, err := member.Create(ctx, tx, b, member.New{Account: id, Name: name, State: member.Active})
			if b == r.brand {
				m = one
			}
			return err
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	return m
}

// Nothing in any table says who somebody was that was erased over both halves:
// no digest that is still to be sent, and not the account they signed in with.
func TestNoTableNamesWhoWasErased(t *testing.T) {
	r := enter(t)
	r.SetClock(time.UnixMilli(10_000))
	ada := r.signs("zyxacc", "Zyxada", r.brand)
	r.talks(ada, 2000)
	heard, first, in := r.says("Zyxfan", r.news, "", "zyxwords, is it open?", 500)
	r.answers(first, "It is.", 600)
	_, _, other := r.says("Zyxfan", r.news, "", "zyxwords, really?", 700)
	r.merges(ada.Person, heard)
	r.exec(`UPDATE conversation SET waiting_since = 700, last_in_at = 700`)
	r.exec(`INSERT INTO period (conversation_id, opened_at, brand_id, channel_id) SELECT id, 700, brand_id, channel_id FROM conversation`)
	r.exec(`INSERT INTO account (id, email, name, password_hash, created_at) VALUES ('acc', 'a@b.example', 'A', '', 1)`)
	for i, c := range []string{in, other} {
		if i == 0 { // the other is told by a digest alone
			r.exec(`INSERT INTO notification (id, brand_id, account_id, kind, subject, text, href, source, created_at) VALUES ('x', $1, 'acc', 'conversation.waiting', $2, 'Zyxfan has waited', '/', 's0', 1)`, r.brand, c)
		}
		r.exec(`INSERT INTO digest_item (id, brand_id, account_id, kind, text, href, source, due_at, created_at) VALUES ($1, $2, 'acc', 'conversation.waiting', 'Zyxfan has waited', $3, $4, 99999, 1)`,
			db.NewID(), r.brand, "/studio/north/inbox/"+c, fmt.Sprint("s", i))
	}
	if err := dossier.Erase(ctx, r.DB, r.as(access.Owner), r.brand, ada.Person, "Zyxada"); err != nil {
		t.Fatal(err)
	}
	named := func() (out []string) {
		for line := range strings.Lines(r.whole()) {
			low := strings.ToLower(line)
			for _, trace := range []string{"zyxada", "zyxfan", "zyxwords", "@mail.example", "opening words"} {
				if strings.Contains(low, trace) {
					out = append(out, line)
					break
				}
			}
		}
		return out
	}
	r.work(func() bool { return len(named()) == 0 })
	for _, line := range named() {
		t.Errorf("still there: %s", line)
	}
	if n := r.count(`SELECT COUNT(*) FROM account`); n != 1 {
		t.Errorf("%d accounts are left, want the team's", n)
	}
	for _, id := range []string{in, other} {
		th, err := conversation.Read(ctx, r.DB, r.as(access.Owner), r.brand, id, db.Page{})
		if err != nil {
			t.Fatal(err)
		}
		if th.State != conversation.StateDone || th.WaitingSince != 0 || th.Periods[0].ClosedAt == 0 || th.Events[len(th.Events)-1].What != "erased" {
			t.Errorf("it is %+v, %+v, %+v", th.Conversation, th.Periods, th.Events)
		}
	}
}

// Somebody else in the conversation still waits, since they wrote.
func TestWhoElseWaitsStillDoes(t *testing.T) {
	r := enter(t)
	r.SetClock(time.UnixMilli(10_000))
	first := post("1", "", "zyx", "Is it open?", 500)
	r.heard(first, post("2", first.Ref.ID, "ben", "I want to know too", 700))
	var id string
	if err := r.QueryRowContext(ctx, `SELECT id FROM person WHERE name = 'ZYX'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if err := dossier.Erase(ctx, r.DB, r.as(access.Owner), r.brand, id, "ZYX"); err != nil {
		t.Fatal(err)
	}
	all, _, err := conversation.List(ctx, r.DB, r.as(access.Owner), r.brand, conversation.Filter{}, db.Page{})
	if err != nil || len(all) != 1 || all[0].State != conversation.StateNew || all[0].WaitingSince != 700 {
		t.Errorf("it is %+v, %v", all, err)
	}
}

// An account that is needed elsewhere stays: another brand's member, one of a
// team, and who was shut out.
func TestAnAccountThatIsNeededStays(t *testing.T) {
	r := enter(t)
	south := db.NewID()
	r.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'South', '#000000', 'UTC', 1)`, south)
	two := r.signs("two", "Zyx two", r.brand, south)
	team := r.signs("team", "Zyx team", r.brand)
	r.exec(`INSERT INTO access_grant (id, account_id, brand_id, role, channels, ends_at, created_at) VALUES ('g', 'team', $1, 'analyst', '', 0, 1)`, south)
	shut := r.signs("shut", "Zyx shut", r.brand)
	r.exec(`UPDATE member SET state = 'suspended' WHERE id = $1`, shut.ID)
	for _, m := range []member.Member{two, team, shut} {
		if err := dossier.Erase(ctx, r.DB, r.as(access.Owner), r.brand, m.Person, m.Name); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.count(`SELECT COUNT(*) FROM account WHERE id IN ('two', 'team', 'shut')`); n != 3 {
		t.Errorf("%d of 3 accounts are left", n)
	}
	if n := r.count(`SELECT COUNT(*) FROM audit WHERE act = 'account.erased'`); n != 0 {
		t.Errorf("%d are in the log as erased", n)
	}
}

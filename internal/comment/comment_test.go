package comment_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/comment"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
)

var ctx = context.Background()

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is a brand with a team and a post of two parts for one channel.
type world struct {
	t                        *testing.T
	d                        *db.DB
	olga, mira, short, other access.Who
}

func open(t *testing.T) *world {
	w := &world{t: t, d: dbtest.Open(t)}
	w.d.SetClock(start)
	for _, b := range []string{"b", "other"} {
		w.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'UTC', 1)`, b)
	}
	w.olga = w.member("olga", "Olga Owner", "b", access.Owner)
	w.mira = w.member("mira", "Mira Lind", "b", access.Creator)
	w.short = w.member("short", "Mira", "b", access.Analyst)
	w.member("mo", "Mo", "b", access.Moderator) // may not read posts
	w.other = w.member("else", "Else", "other", access.Owner)
	w.exec(`INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ('c', 'b', 'demo', '1', '@north', 'North', '', '{}', 'connected', 1, 1)`)
	w.exec(`INSERT INTO post (id, brand_id, state, body, excerpt, revision, author_id, created_at, updated_at)
		VALUES ('p', 'b', 'draft', '{"parts":[{"text":"One"},{"text":"Two"}]}', 'One', 1, 'mira', 1, 1)`)
	w.exec(`INSERT INTO variant (post_id, brand_id, channel_id) VALUES ('p', 'b', 'c')`)
	return w
}

func (w *world) exec(text string, args ...any) {
	w.t.Helper()
	if _, err := w.d.ExecContext(ctx, text, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) member(id, name, brand string, role access.Role) access.Who {
	w.t.Helper()
	w.exec(`INSERT INTO account (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, '', 1)`, id, id+"@example.com", name)
	w.exec(`INSERT INTO access_grant (id, account_id, brand_id, role, created_at) VALUES ($1, $1, $2, $3, 1)`, id, brand, string(role))
	return access.Who{Account: id, Name: name, Grants: []access.Grant{{Brand: brand, Role: role}}}
}

func (w *world) add(who access.Who, n comment.New) comment.Comment {
	w.t.Helper()
	c, err := comment.Add(ctx, w.d, who, "b", "p", n)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) events() []string {
	w.t.Helper()
	rows, err := w.d.QueryContext(ctx, `SELECT kind, data FROM outbox ORDER BY kind, id`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var kind, data string
		if err := rows.Scan(&kind, &data); err != nil {
			w.t.Fatal(err)
		}
		_, accounts, _ := strings.Cut(data, `"Accounts":`)
		out = append(out, kind+" "+strings.TrimSuffix(accounts, "}"))
	}
	return out
}

// Whoever is named is told by name, the author and who spoke before hear that
// there is something new, and nobody hears of their own words.
func TestWhoHearsOfAComment(t *testing.T) {
	w := open(t)
	w.add(w.olga, comment.New{Text: "Is that so, @mira lind, @Mo and @Olga Owner?", Channel: "c", Part: 2})
	if diff := cmp.Diff([]string{`comment.added []`, `comment.mentioned ["mira"]`}, w.events()); diff != "" {
		t.Error(diff)
	}
	w.exec(`DELETE FROM outbox`)
	w.d.SetClock(start.Add(time.Minute))
	c := w.add(w.mira, comment.New{Text: "It is."})
	if diff := cmp.Diff([]string{`comment.added ["olga"]`}, w.events()); diff != "" {
		t.Error(diff)
	}
	w.exec(`DELETE FROM outbox`)
	if _, err := comment.Edit(ctx, w.d, w.mira, "b", c.ID, "It is, @Mira and @Olga Owner."); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`comment.mentioned ["olga","short"]`}, w.events()); diff != "" {
		t.Error(diff)
	}
	all, _, err := comment.List(ctx, dbtest.Indexed(t, w.d), w.short, "b", "p", db.Page{})
	if err != nil || len(all) != 2 || all[0].Text != "It is, @Mira and @Olga Owner." || all[0].EditedAt == 0 || all[1].Channel != "c" || all[1].Part != 2 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestWhatIsNoComment(t *testing.T) {
	w := open(t)
	for _, c := range []struct {
		name  string
		n     comment.New
		field string
	}{
		{"nothing", comment.New{Text: " \r\n "}, "text"},
		{"too long", comment.New{Text: strings.Repeat("ä", comment.Longest+1)}, "text"},
		{"not text", comment.New{Text: "a\x00b"}, "text"},
		{"broken", comment.New{Text: "a\xff"}, "text"},
		{"no such part", comment.New{Text: "x", Part: 3}, "about"},
		{"no such channel", comment.New{Text: "x", Channel: "d"}, "about"},
	} {
		if _, err := comment.Add(ctx, w.d, w.mira, "b", "p", c.n); !fault.Is(err, fault.Invalid) || fault.Fields(err)[0].Name != c.field {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	w.add(w.mira, comment.New{Text: strings.Repeat("ä", comment.Longest)})
}

// An act that somebody may not do says so, and a stranger learns nothing.
func TestWhoMayDoWhat(t *testing.T) {
	w := open(t)
	c := w.add(w.mira, comment.New{Text: "Mine"})
	act := map[string]func(who access.Who, brand string) error{
		"add": func(who access.Who, b string) error {
			_, err := comment.Add(ctx, w.d, who, b, "p", comment.New{Text: "x"})
			return err
		},
		"edit":    func(who access.Who, b string) error { _, err := comment.Edit(ctx, w.d, who, b, c.ID, "x"); return err },
		"remove":  func(who access.Who, b string) error { _, err := comment.Remove(ctx, w.d, who, b, c.ID); return err },
		"restore": func(who access.Who, b string) error { _, err := comment.Restore(ctx, w.d, who, b, c.ID); return err },
		"resolve": func(who access.Who, b string) error {
			_, err := comment.Resolve(ctx, w.d, who, b, c.ID, true)
			return err
		},
		"list": func(who access.Who, b string) error {
			_, _, err := comment.List(ctx, w.d, who, b, "p", db.Page{})
			return err
		},
		"view": func(who access.Who, b string) error { return comment.View(ctx, w.d, who, b, "p", true) },
		"here": func(who access.Who, b string) error { _, err := comment.Here(ctx, w.d, who, b, "p"); return err },
	}
	for name, do := range act {
		if err := do(w.other, "b"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s by a stranger: %v", name, err)
		}
		if err := do(w.other, "other"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s from another brand: %v", name, err)
		}
	}
	for _, name := range []string{"add", "edit", "remove", "resolve"} {
		if err := act[name](w.short, "b"); !fault.Is(err, fault.Denied) {
			t.Errorf("%s by an analyst: %v", name, err)
		}
	}
	if err := act["edit"](w.olga, "b"); !fault.Is(err, fault.Denied) {
		t.Errorf("an owner changed the words of another: %v", err)
	}
}

func TestRemovedAndBack(t *testing.T) {
	w := open(t)
	c := w.add(w.mira, comment.New{Text: "Oops, @Olga Owner"})
	gone, err := comment.Remove(ctx, w.d, w.olga, "b", c.ID)
	if err != nil || gone.Text != "" || gone.Mentions != nil || gone.RemovedBy != "olga" {
		t.Fatalf("%+v, %v", gone, err)
	}
	if one, err := comment.ByID(ctx, w.d, w.mira, "b", c.ID); err != nil || one.Text != "" {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := comment.Edit(ctx, w.d, w.mira, "b", c.ID, "x"); !fault.Is(err, fault.Conflict) {
		t.Errorf("a removed one was changed: %v", err)
	}
	if _, err := comment.Restore(ctx, w.d, w.mira, "b", c.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("brought back by another: %v", err)
	}
	if back, err := comment.Restore(ctx, w.d, w.olga, "b", c.ID); err != nil || back.Text != "Oops, @Olga Owner" || back.RemovedAt != 0 {
		t.Errorf("%+v, %v", back, err)
	}
	if _, err := comment.Remove(ctx, w.d, w.mira, "b", c.ID); err != nil {
		t.Fatal(err)
	}
	w.d.SetClock(start.Add(2 * time.Hour))
	if err := comment.Sweep(ctx, w.d); err != nil {
		t.Fatal(err)
	}
	var text string
	if err := w.d.QueryRowContext(ctx, `SELECT text FROM comment WHERE id = $1`, c.ID).Scan(&text); err != nil || text != "" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := comment.Restore(ctx, w.d, w.mira, "b", c.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("brought back after hours: %v", err)
	}
}

func TestResolve(t *testing.T) {
	w := open(t)
	c := w.add(w.mira, comment.New{Text: "A typo"})
	for _, s := range []struct {
		done bool
		by   string
	}{{true, "olga"}, {true, "olga"}, {false, ""}, {true, "olga"}} {
		got, err := comment.Resolve(ctx, w.d, w.olga, "b", c.ID, s.done)
		if err != nil || got.ResolvedBy != s.by || (got.ResolvedAt > 0) != s.done {
			t.Errorf("%+v: %+v, %v", s, got, err)
		}
	}
}

func TestPages(t *testing.T) {
	w := open(t)
	for i := range 5 {
		w.d.SetClock(start.Add(time.Duration(i) * time.Minute))
		w.add(w.mira, comment.New{Text: string(rune('a' + i))})
	}
	var got []string
	page := db.Page{Limit: 2}
	for {
		all, next, err := comment.List(ctx, w.d, w.mira, "b", "p", page)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			got = append(got, c.Text)
		}
		if page.After = next; next == "" {
			break
		}
	}
	if diff := cmp.Diff("e d c b a", strings.Join(got, " ")); diff != "" {
		t.Error(diff)
	}
}

func TestWhoIsHere(t *testing.T) {
	w := open(t)
	see := func(want ...string) {
		t.Helper()
		all, err := comment.Here(ctx, dbtest.Indexed(t, w.d), w.olga, "b", "p")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range all {
			word := p.Account
			if p.BusyAt > 0 {
				word += " edits"
			}
			got = append(got, word)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	view := func(who access.Who, editing bool) {
		t.Helper()
		if err := comment.View(ctx, w.d, who, "b", "p", editing); err != nil {
			t.Fatal(err)
		}
	}
	view(w.olga, false)
	view(w.short, false)
	view(w.mira, true)
	see("mira edits", "short")
	w.d.SetClock(start.Add(50 * time.Second))
	see("mira", "short")
	if err := comment.Leave(ctx, w.d, w.short, "b", "p"); err != nil {
		t.Fatal(err)
	}
	see("mira")
	w.d.SetClock(start.Add(2 * time.Minute))
	see()
	if err := comment.Sweep(ctx, w.d); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := w.d.QueryRowContext(ctx, `SELECT COUNT(*) FROM post_presence`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

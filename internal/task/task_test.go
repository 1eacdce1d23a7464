package task_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/task"
)

var ctx = context.Background()

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// world is a brand with a team, a post and a conversation on one of two
// channels.
type world struct {
	t                         *testing.T
	d                         *db.DB
	olga, mira, narrow, other access.Who
	reader                    access.Who // may read and nothing else
}

func open(t *testing.T) *world {
	w := &world{t: t, d: dbtest.Open(t)}
	w.d.SetClock(start)
	for _, b := range []string{"b", "other"} {
		w.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'UTC', 1)`, b)
	}
	w.olga = w.member("olga", "b", access.Owner, "")
	w.mira = w.member("mira", "b", access.Community, "")
	w.narrow = w.member("nora", "b", access.Community, "d")
	w.reader = w.member("ana", "b", access.Analyst, "")
	w.member("mo", "b", access.Moderator, "")
	w.other = w.member("else", "other", access.Owner, "")
	for _, c := range []string{"c", "d"} {
		w.exec(`INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
			VALUES ($1, 'b', 'demo', $1, '@north', 'North', '', '{}', 'connected', 1, 1)`, c)
	}
	w.exec(`INSERT INTO post (id, brand_id, state, body, excerpt, revision, created_at, updated_at) VALUES ('p', 'b', 'draft', '{}', 'One', 1, 1, 1)`)
	w.exec(`INSERT INTO conversation (id, brand_id, channel_id, kind, root, state, state_at, last_at, created_at) VALUES ('k', 'b', 'c', 'mention', '1', 'open', 1, 1, 1)`)
	return w
}

func (w *world) exec(text string, args ...any) {
	w.t.Helper()
	if _, err := w.d.ExecContext(ctx, text, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) member(id, brand string, role access.Role, channel string) access.Who {
	w.t.Helper()
	list, channels := "", []string(nil)
	if channel != "" {
		list, channels = `["`+channel+`"]`, []string{channel}
	}
	w.exec(`INSERT INTO account (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, '', 1)`, id, id+"@example.com", id)
	w.exec(`INSERT INTO access_grant (id, account_id, brand_id, role, channels, created_at) VALUES ($1, $1, $2, $3, $4, 1)`, id, brand, string(role), list)
	return access.Who{Account: id, Name: id, Grants: []access.Grant{{Brand: brand, Role: role, Channels: channels}}}
}

func (w *world) create(kind, subject, title, assignee string, due time.Duration) task.Task {
	w.t.Helper()
	in := task.Input{Title: title, Assignee: assignee}
	if due != 0 {
		in.DueAt = db.At(start.Add(due))
	}
	got, err := task.Create(ctx, w.d, w.olga, "b", kind, subject, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) list(who access.Who, f task.Filter) string {
	w.t.Helper()
	var titles []string
	page := db.Page{Limit: 2}
	for {
		all, next, err := task.List(ctx, dbtest.Indexed(w.t, w.d), who, "b", f, page)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, one := range all {
			titles = append(titles, one.Title)
		}
		if page.After = next; next == "" {
			return strings.Join(titles, " ")
		}
	}
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	if err := w.d.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// Lists run by time, those without one last, and show nobody what is about
// something they do not see.
func TestLists(t *testing.T) {
	w := open(t)
	w.create("", "", "whenever", "mira", 0)
	w.create("", "", "tomorrow", "mira", 24*time.Hour)
	w.create(task.OnPost, "p", "post", "olga", time.Hour)
	w.create(task.OnConversation, "k", "talk", "mira", 2*time.Hour)
	done := w.create("", "", "done", "mira", 3*time.Hour)
	gone := w.create("", "", "gone", "mira", 3*time.Hour)
	if _, err := task.Done(ctx, w.d, w.mira, "b", done.ID, true); err != nil {
		t.Fatal(err)
	}
	if err := task.Delete(ctx, w.d, w.mira, "b", gone.ID); err != nil {
		t.Fatal(err)
	}
	w.d.SetClock(start.Add(2 * time.Hour))
	mo := access.Who{Account: "mo", Grants: []access.Grant{{Brand: "b", Role: access.Moderator}}}
	for _, c := range []struct {
		name string
		who  access.Who
		f    task.Filter
		want string
	}{
		{"all", w.olga, task.Filter{}, "post talk tomorrow whenever"},
		{"mine", w.mira, task.Filter{Assignee: "mira"}, "talk tomorrow whenever"},
		{"overdue", w.olga, task.Filter{Overdue: true}, "post talk"},
		{"done", w.olga, task.Filter{Done: true}, "done"},
		{"of a post", w.olga, task.Filter{Subject: "p"}, "post"},
		{"on another channel", w.narrow, task.Filter{}, "post tomorrow whenever"},
		{"neither posts nor inbox", mo, task.Filter{}, "tomorrow whenever"},
	} {
		if diff := cmp.Diff(c.want, w.list(c.who, c.f)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	if n, err := task.Mine(ctx, dbtest.Indexed(t, w.d), w.mira, "b", w.d.Now()); n != 1 || err != nil {
		t.Errorf("%d are mine by now, %v", n, err)
	}
	if back, err := task.Restore(ctx, w.d, w.mira, "b", gone.ID); err != nil || w.list(w.olga, task.Filter{Subject: "k"}) != "talk" || back.Title != "gone" {
		t.Error(back, err)
	}
	if all, err := task.Of(ctx, w.d, w.narrow, "b", "k"); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// Only who may see the subject can be given the task, and hears of it.
func TestGivenTo(t *testing.T) {
	w := open(t)
	for _, c := range []struct {
		kind, subject, to string
		ok                bool
	}{
		{"", "", "mo", true},
		{"", "", "else", false},
		{"", "", "nobody", false},
		{task.OnPost, "p", "mo", false},
		{task.OnPost, "p", "ana", true},
		{task.OnConversation, "k", "nora", false},
		{task.OnConversation, "k", "mira", true},
	} {
		_, err := task.Create(ctx, w.d, w.olga, "b", c.kind, c.subject, task.Input{Title: "x", Assignee: c.to})
		if (err == nil) != c.ok || err != nil && fault.Fields(err)[0].Name != "assignee" {
			t.Errorf("%s to %s: %v", c.kind, c.to, err)
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM outbox WHERE kind = 'task.assigned'`); n != 3 {
		t.Errorf("%d heard of it, want 3", n)
	}
	all, err := task.Candidates(ctx, w.d, w.olga, "b", task.OnConversation, "k")
	var names []string
	for _, m := range all {
		names = append(names, m.ID)
	}
	if diff := cmp.Diff([]string{"ana", "mira", "olga"}, names); diff != "" || err != nil {
		t.Error(diff, err)
	}
	// Whose grant ends keeps the task, and it can still be changed and finished.
	kept := w.create("", "", "kept", "mira", 0)
	w.exec(`DELETE FROM access_grant WHERE account_id = 'mira'`)
	in := task.Input{Title: "kept and changed", Assignee: "mira"}
	if got, err := task.Save(ctx, w.d, w.olga, "b", kept.ID, kept.Revision, in); err != nil || got.Assignee != "mira" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatIsNoTask(t *testing.T) {
	w := open(t)
	for name, c := range map[string]struct {
		kind, subject string
		in            task.Input
		kindOf        fault.Kind
	}{
		"no title":             {"", "", task.Input{Title: " "}, fault.Invalid},
		"two lines":            {"", "", task.Input{Title: "a\nb"}, fault.Invalid},
		"long title":           {"", "", task.Input{Title: strings.Repeat("ä", task.LongestTitle+1)}, fault.Invalid},
		"long note":            {"", "", task.Input{Title: "x", Note: strings.Repeat("ä", task.LongestNote+1)}, fault.Invalid},
		"no text":              {"", "", task.Input{Title: "x", Note: "a\x00"}, fault.Invalid},
		"far future":           {"", "", task.Input{Title: "x", DueAt: 1 << 60}, fault.Invalid},
		"of nothing":           {"", "p", task.Input{Title: "x"}, fault.Invalid},
		"of a person":          {"person", "p", task.Input{Title: "x"}, fault.Invalid},
		"no such post":         {task.OnPost, "k", task.Input{Title: "x"}, fault.NotFound},
		"no such conversation": {task.OnConversation, "p", task.Input{Title: "x"}, fault.NotFound},
	} {
		if _, err := task.Create(ctx, w.d, w.olga, "b", c.kind, c.subject, c.in); !fault.Is(err, c.kindOf) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	w := open(t)
	one := w.create(task.OnConversation, "k", "talk", "", 0)
	acts := map[string]func(who access.Who, brand string) error{
		"create": func(who access.Who, b string) error {
			_, err := task.Create(ctx, w.d, who, b, task.OnConversation, "k", task.Input{Title: "x"})
			return err
		},
		"save": func(who access.Who, b string) error {
			_, err := task.Save(ctx, w.d, who, b, one.ID, 1, task.Input{Title: "x"})
			return err
		},
		"done":    func(who access.Who, b string) error { _, err := task.Done(ctx, w.d, who, b, one.ID, true); return err },
		"delete":  func(who access.Who, b string) error { return task.Delete(ctx, w.d, who, b, one.ID) },
		"restore": func(who access.Who, b string) error { _, err := task.Restore(ctx, w.d, who, b, one.ID); return err },
		"read":    func(who access.Who, b string) error { _, err := task.ByID(ctx, w.d, who, b, one.ID); return err },
	}
	for name, do := range acts {
		if err := do(w.other, "b"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s by a stranger: %v", name, err)
		}
		if err := do(w.other, "other"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s from another brand: %v", name, err)
		}
		if err := do(w.narrow, "b"); name != "create" && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s on a channel that is not theirs: %v", name, err)
		}
		if err := do(w.reader, "b"); name != "read" && !fault.Is(err, fault.Denied) {
			t.Errorf("%s by who may only read: %v", name, err)
		}
	}
}

// Of two who change a task at once one is told that it has changed.
func TestTwoChangeOneTask(t *testing.T) {
	w := open(t)
	one := w.create("", "", "x", "", 0)
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = task.Save(ctx, w.d, w.olga, "b", one.ID, one.Revision, task.Input{Title: "by " + string(rune('a'+i))})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d saved", won)
	}
}

// Two nodes tell of a due task once; with a new time it is told again.
func TestDueIsToldOnce(t *testing.T) {
	w := open(t)
	one := w.create("", "", "soon", "mira", time.Hour)
	w.create("", "", "later", "mira", 5*time.Hour)
	over := w.create("", "", "over", "mira", time.Hour)
	if _, err := task.Done(ctx, w.d, w.mira, "b", over.ID, true); err != nil {
		t.Fatal(err)
	}
	due := func() int { return w.count(`SELECT COUNT(*) FROM outbox WHERE kind = 'task.due'`) }
	tell := func() {
		t.Helper()
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() { errs[i] = task.Due(ctx, w.d) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	tell()
	if n := due(); n != 0 {
		t.Errorf("%d told before", n)
	}
	w.d.SetClock(start.Add(time.Hour))
	tell()
	tell()
	if n := due(); n != 1 {
		t.Errorf("%d told, want 1", n)
	}
	got, err := task.ByID(ctx, w.d, w.mira, "b", one.ID)
	if err != nil || !got.Overdue(w.d.Now()) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := task.Save(ctx, w.d, w.mira, "b", one.ID, one.Revision, task.Input{Title: "soon", Assignee: "mira", DueAt: db.At(start.Add(2 * time.Hour))}); err != nil {
		t.Fatal(err)
	}
	w.d.SetClock(start.Add(2 * time.Hour))
	tell()
	if n := due(); n != 2 {
		t.Errorf("%d told, want 2", n)
	}
}

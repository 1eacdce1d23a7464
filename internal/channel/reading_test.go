package channel_test

import (
	"testing"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/network"
)

func (w *world) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := w.d.ExecContext(ctx, query, args...); err != nil {
		t.Fatal(err)
	}
}

// abler says what its token allows.
type abler struct{ *net }

func (abler) Abilities(t network.Target) []network.Ability {
	return []network.Ability{{Name: "inbox", Label: "Hear", Can: t.Credential["token"] == "one"}}
}

func TestAbilities(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	if got, err := w.cs.Abilities(ctx, w.who, w.brand, c.ID); err != nil || got != nil {
		t.Errorf("of a network that says nothing: %v, %v", got, err)
	}
	w.cs.Networks = network.NewSet(abler{w.net})
	if got, err := w.cs.Abilities(ctx, w.who, w.brand, c.ID); err != nil || len(got) != 1 || !got[0].Can {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := w.cs.Abilities(ctx, access.Who{Account: "x"}, w.brand, c.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("without a part: %v", err)
	}
	if err := w.cs.Remove(ctx, w.who, w.brand, c.ID, false); err != nil {
		t.Fatal(err)
	}
	if got, err := w.cs.Abilities(ctx, w.who, w.brand, c.ID); err != nil || got != nil {
		t.Errorf("of a removed one: %v, %v", got, err)
	}
}

func TestFeedsAndLog(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	now := w.d.Now()
	w.exec(t, `INSERT INTO feed (channel_id, name, brand_id, next_at, read_at, tries, error) VALUES ($1, 'hear', $2, $3, $4, 3, 'No answer.'), ($1, 'recheck', $2, $3, $4, 1, '')`,
		c.ID, w.brand, now.Add(3600e9), now.Add(-3600e9))
	for i := range 5 {
		w.exec(t, `INSERT INTO channel_log (id, brand_id, channel_id, at, tone, text, times, last_at) VALUES ($1, $2, $3, $4, 'warn', 'No answer.', $5, $4)`,
			db.NewID(), w.brand, c.ID, now.Add(-3600e9), i+1)
	}
	w.exec(t, `INSERT INTO channel_import (channel_id, brand_id, state, stage, posts, posts_most, started_at, updated_at) VALUES ($1, $2, 'running', 'posts', 3, 200, 1, 2)`, c.ID, w.brand)
	q := dbtest.Indexed(t, w.d)
	all, err := channel.Feeds(ctx, q, w.who, w.brand, c.ID)
	if err != nil || len(all) != 2 || !all[0].Troubled() || all[1].Troubled() {
		t.Errorf("%+v, %v", all, err)
	}
	bad, err := channel.Unreachable(ctx, q, w.brand)
	if err != nil || len(bad) != 1 || bad[c.ID].Error != "No answer." {
		t.Errorf("%+v, %v", bad, err)
	}
	if i, had, err := channel.ImportOf(ctx, q, w.who, w.brand, c.ID); err != nil || !had || i.Posts != 3 || i.PostsMost != 200 {
		t.Errorf("%+v, %v, %v", i, had, err)
	}
	var seen []string
	page := db.Page{Limit: 2}
	for {
		lines, next, err := channel.LogList(ctx, q, w.who, w.brand, c.ID, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			seen = append(seen, l.ID)
		}
		if page.After = next; next == "" {
			break
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d lines", len(seen))
	}
	// A check that works has what failed read at once.
	if _, err := w.cs.Check(ctx, w.who, w.brand, c.ID); err != nil {
		t.Fatal(err)
	}
	if all, err = channel.Feeds(ctx, q, w.who, w.brand, c.ID); err != nil || all[0].NextAt > w.d.Now() {
		t.Errorf("%+v, %v", all, err)
	}
	for name, ask := range map[string]func(access.Who) error{
		"feeds": func(who access.Who) error { _, err := channel.Feeds(ctx, w.d, who, w.brand, c.ID); return err },
		"log": func(who access.Who) error {
			_, _, err := channel.LogList(ctx, w.d, who, w.brand, c.ID, db.Page{})
			return err
		},
		"import": func(who access.Who) error { _, _, err := channel.ImportOf(ctx, w.d, who, w.brand, c.ID); return err },
	} {
		if err := ask(access.Who{Account: "x"}); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s without a part: %v", name, err)
		}
		if err := ask(as(w.brand, access.Moderator)); !fault.Is(err, fault.Denied) {
			t.Errorf("%s as a moderator: %v", name, err)
		}
	}
}

func TestImportAgain(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	if err := channel.ImportAgain(ctx, w.d, w.who, w.brand, c.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("without one: %v", err)
	}
	later := w.d.Now().Add(3600e9)
	w.exec(t, `INSERT INTO channel_import (channel_id, brand_id, state, stage, cursor, posts, error, started_at, updated_at) VALUES ($1, $2, 'failed', 'posts', 'c', 3, 'No.', 1, 2)`, c.ID, w.brand)
	w.exec(t, `INSERT INTO feed (channel_id, name, brand_id, next_at, tries, error) VALUES ($1, 'import', $2, $3, 9, 'No.')`, c.ID, w.brand, later)
	if err := channel.ImportAgain(ctx, w.d, as(w.brand, access.Creator), w.brand, c.ID); !fault.Is(err, fault.Denied) {
		t.Errorf("as a creator: %v", err)
	}
	if err := channel.ImportAgain(ctx, w.d, w.who, w.brand, c.ID); err != nil {
		t.Fatal(err)
	}
	i, _, err := channel.ImportOf(ctx, w.d, w.who, w.brand, c.ID)
	if err != nil || i.State != channel.ImportRunning || i.Posts != 3 || i.Error != "" {
		t.Errorf("%+v, %v", i, err)
	}
	if all, err := channel.Feeds(ctx, w.d, w.who, w.brand, c.ID); err != nil || all[0].NextAt >= later || all[0].Tries != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

package challenge_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/challenge"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/secret"
)

var ctx = context.Background()

func maker(t *testing.T) challenge.Maker {
	t.Helper()
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return challenge.Maker{Keys: keys}
}

func TestAnswersAreChecked(t *testing.T) {
	m, now := maker(t), db.At(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	c, hard := m.New(now, 10), m.New(now, 24) // not answered by chance
	a := challenge.Solve(c)
	_, rest, _ := strings.Cut(c, ".")
	for name, one := range map[string]struct {
		at                db.Time
		challenge, answer string
		ok                bool
	}{
		"answered":                {now, c, a, true},
		"at the last moment":      {now.Add(challenge.Life), c, a, true},
		"too late":                {now.Add(challenge.Life + 1e6), c, a, false},
		"no answer":               {now, c, "", false},
		"a wrong answer":          {now, hard, "x", false},
		"a long answer":           {now, c, strings.Repeat("1", 10_000), false},
		"no challenge":            {now, "", a, false},
		"made easier":             {now, "1." + rest, challenge.Solve("1." + rest), false},
		"made by somebody else":   {now, maker(t).New(now, 1), "", false},
		"of no number":            {now, "x." + rest, a, false},
		"very long":               {now, "1." + strings.Repeat("a", 1<<20), a, false},
		"cut off":                 {now, c[:len(c)-3], a, false},
		"with a line end in it":   {now, c + "\n", challenge.Solve(c + "\n"), false},
		"zero bytes and no UTF-8": {now, "1.\x00\xff", a, false},
	} {
		if err := m.Check(one.at, one.challenge, one.answer); (err == nil) != one.ok || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Of many that use one challenge at once, one may.
func TestAChallengeWorksOnce(t *testing.T) {
	d, m := dbtest.Open(t), maker(t)
	c := m.New(d.Now(), 1)
	var wait sync.WaitGroup
	var lock sync.Mutex
	used := 0
	for range 8 {
		wait.Go(func() {
			err := d.Tx(ctx, func(tx *db.Tx) error { return m.Spend(ctx, tx, c) })
			lock.Lock()
			defer lock.Unlock()
			if err == nil {
				used++
			} else if !fault.Is(err, fault.Invalid) {
				t.Error(err)
			}
		})
	}
	if wait.Wait(); used != 1 {
		t.Errorf("used %d times", used)
	}
	back := errors.New("back")
	other := m.New(d.Now(), 1)
	for range 2 { // what is rolled back was not used
		if err := d.Tx(ctx, func(tx *db.Tx) error { return errors.Join(m.Spend(ctx, tx, other), back) }); !errors.Is(err, back) || fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	}
	if err := challenge.Sweep(ctx, d); err != nil || count(t, d) != 1 {
		t.Errorf("%d kept, %v", count(t, d), err)
	}
	d.SetClock(d.Now().Time().Add(time.Hour))
	if err := challenge.Sweep(ctx, d); err != nil || count(t, d) != 0 {
		t.Errorf("%d kept, %v", count(t, d), err)
	}
}

func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.QueryRowContext(ctx, `SELECT COUNT(*) FROM challenge_spent`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

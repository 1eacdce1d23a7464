package challenge_test

import (
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

const bits = 8 // enough for a test

func opened(t *testing.T) (*db.DB, *secret.Keyring) {
	t.Helper()
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	d := dbtest.Open(t)
	d.SetClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	return d, keys
}

func check(d *db.DB, keys *secret.Keyring, c, answer string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		m := challenge.Maker{Keys: keys}
		if err := m.Check(tx.Now(), c, answer); err != nil {
			return err
		}
		return m.Spend(ctx, tx, c)
	})
}

func TestCheck(t *testing.T) {
	d, keys := opened(t)
	other, err := secret.Create(filepath.Join(t.TempDir(), "other"))
	if err != nil {
		t.Fatal(err)
	}
	good, foreign := challenge.Maker{Keys: keys}.New(d.Now(), bits), challenge.Maker{Keys: other}.New(d.Now(), bits)
	late := challenge.Maker{Keys: keys}.New(d.Now().Add(-challenge.Life-time.Millisecond), bits)
	early := challenge.Maker{Keys: keys}.New(d.Now().Add(-challenge.Life), bits)
	hard := challenge.Maker{Keys: keys}.New(d.Now(), 24) // not answered by chance
	for _, c := range []struct {
		name, challenge, answer string
		ok                      bool
	}{
		{"solved", good, challenge.Solve(good), true},
		{"again", good, challenge.Solve(good), false},
		{"not tried", challenge.Maker{Keys: keys}.New(d.Now(), bits), "", false},
		{"wrong", hard, "x", false},
		{"in the last moment", early, challenge.Solve(early), true},
		{"too late", late, challenge.Solve(late), false},
		{"another house's", foreign, challenge.Solve(foreign), false},
		{"made up", "8.abc", challenge.Solve("8.abc"), false},
		{"endless", strings.Repeat("a", 1000), "1", false},
		{"an endless answer", good, strings.Repeat("1", 33), false},
		{"nothing", "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := check(d, keys, c.challenge, c.answer)
			if c.ok != (err == nil) || !c.ok && !fault.Is(err, fault.Invalid) {
				t.Error(err)
			}
		})
	}
}

// The last letter of the text has bits that say nothing: written otherwise it
// is the same challenge.
func TestOtherSpellingIsNoOther(t *testing.T) {
	d, keys := opened(t)
	c := challenge.Maker{Keys: keys}.New(d.Now(), bits)
	if err := check(d, keys, c, challenge.Solve(c)); err != nil {
		t.Fatal(err)
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	at := strings.IndexByte(letters, c[len(c)-1])
	for flip := range 4 {
		twin := c[:len(c)-1] + letters[at^flip:at^flip+1]
		if err := check(d, keys, twin, challenge.Solve(twin)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", twin, err)
		}
	}
}

func TestOfManyAtOnceOneIsTaken(t *testing.T) {
	d, keys := opened(t)
	c := challenge.Maker{Keys: keys}.New(d.Now(), bits)
	answer, errs := challenge.Solve(c), make([]error, 5)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = check(d, keys, c, answer) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d were taken", won)
	}
}

package installation_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/installation"
)

var ctx = context.Background()

func open(t testing.TB, d *db.DB, p installation.Place) *installation.Installation {
	t.Helper()
	in, err := installation.Open(ctx, d, p)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func judge(t testing.TB, in *installation.Installation) installation.Verdict {
	t.Helper()
	v, err := in.Judge(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func settle(t testing.TB, in *installation.Installation) {
	t.Helper()
	if err := in.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

// must is for steps of a story that are not what is tested.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func setBeat(t testing.TB, d *db.DB, at db.Time) {
	t.Helper()
	_, err := d.ExecContext(ctx, `UPDATE installation SET value = $1 WHERE key = 'heartbeat'`, strconv.FormatInt(int64(at), 10))
	must(t, err)
}

func TestVerdicts(t *testing.T) {
	const here = "https://rapport.example"
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	// An hour after the last heartbeat Rapport starts again; what happened
	// between?
	for _, c := range []struct {
		name    string
		between func(t *testing.T, d *db.DB, p *installation.Place)
		want    installation.Finding
	}{
		{"nothing", func(*testing.T, *db.DB, *installation.Place) {}, installation.OK},
		{"an older database was put in place", func(t *testing.T, d *db.DB, p *installation.Place) {
			setBeat(t, d, db.At(start.Add(-time.Hour)))
		}, installation.Restored},
		{"restored by the command", func(t *testing.T, d *db.DB, p *installation.Place) {
			must(t, installation.MarkRestored(ctx, d))
		}, installation.Restored},
		{"the address changed", func(t *testing.T, d *db.DB, p *installation.Place) {
			p.PublicURL = "https://staging.example"
		}, installation.Moved},
		{"the database alone was copied", func(t *testing.T, d *db.DB, p *installation.Place) {
			must(t, os.Remove(p.Witness))
		}, installation.Moved},
		{"another installation's database", func(t *testing.T, d *db.DB, p *installation.Place) {
			_, err := d.ExecContext(ctx, `UPDATE installation SET value = 'other' WHERE key = 'id'`)
			must(t, err)
		}, installation.Moved},
		{"an empty witness", func(t *testing.T, _ *db.DB, p *installation.Place) {
			must(t, os.WriteFile(p.Witness, nil, 0o600))
		}, installation.Moved},
		{"half a witness", func(t *testing.T, _ *db.DB, p *installation.Place) {
			must(t, os.WriteFile(p.Witness, []byte(`{"installation": "`), 0o600))
		}, installation.Moved},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := dbtest.Open(t)
			d.SetClock(start)
			p := installation.Place{Witness: filepath.Join(t.TempDir(), "w"), PublicURL: here}
			first := open(t, d, p)
			if v := judge(t, first); v.Finding != installation.OK {
				t.Fatalf("a new installation: %+v", v)
			}
			settle(t, first)
			c.between(t, d, &p)
			beat, err := installation.LastBeat(ctx, d)
			must(t, err)
			d.SetClock(start.Add(time.Hour))

			in := open(t, d, p)
			v := judge(t, in)
			if v.Finding != c.want || v.Since != beat || (v.Reason == "") != (c.want == installation.OK) {
				t.Fatalf("got %+v, want %s since %d", v, c.want, beat)
			}
			if again := judge(t, open(t, d, p)); again != v {
				t.Errorf("a start that was cut short forgets the verdict: %+v", again)
			}
			settle(t, in)
			if v := judge(t, open(t, d, p)); v.Finding != installation.OK {
				t.Errorf("after it was settled: %+v", v)
			}
		})
	}
}

// A further node has no witness yet, but finds the first one alive.
func TestAFurtherNodeJoins(t *testing.T) {
	d := dbtest.Open(t)
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	d.SetClock(start)
	dir := t.TempDir()
	settle(t, open(t, d, installation.Place{Witness: filepath.Join(dir, "a")}))
	d.SetClock(start.Add(3 * time.Second))
	want := installation.Moved // one node at a time on SQLite
	if d.Dialect == db.Postgres {
		want = installation.OK
	}
	if v := judge(t, open(t, d, installation.Place{Witness: filepath.Join(dir, "b")})); v.Finding != want {
		t.Errorf("got %+v, want %s", v, want)
	}
}

func TestTheHeartbeatNeverGoesBack(t *testing.T) {
	d := dbtest.Open(t)
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	d.SetClock(start)
	in := open(t, d, installation.Place{Witness: filepath.Join(t.TempDir(), "w")})
	settle(t, in)
	d.SetClock(start.Add(-time.Hour))
	must(t, in.Beat(ctx))
	if at, err := installation.LastBeat(ctx, d); err != nil || at != db.At(start) {
		t.Errorf("%v %v", at.Time(), err)
	}
	if v := judge(t, in); v.Finding != installation.OK {
		t.Errorf("a clock set back looks like a restore: %+v", v)
	}
}

func TestIdentityStays(t *testing.T) {
	d := dbtest.Open(t)
	a, b := open(t, d, installation.Place{}), open(t, d, installation.Place{})
	if a.ID == "" || a.ID != b.ID {
		t.Errorf("ids %q and %q", a.ID, b.ID)
	}
	if a.Node == b.Node {
		t.Errorf("two starts are both called %q", a.Node)
	}
}

func TestSetupCode(t *testing.T) {
	d := dbtest.Open(t)
	use := func(code string) error {
		return d.Tx(ctx, func(tx *db.Tx) error { return installation.UseSetup(ctx, tx, code) })
	}
	if err := use(""); !fault.Is(err, fault.Conflict) {
		t.Fatalf("before any code was offered: %v", err)
	}
	old, err := installation.OfferSetup(ctx, d)
	must(t, err)
	code, err := installation.OfferSetup(ctx, d)
	must(t, err)
	if old == code || len(code) != 14 {
		t.Fatalf("codes %q and %q", old, code)
	}
	for _, bad := range []string{"", "0000-0000-0000", code[:13]} {
		if err := use(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	must(t, use(" "+strings.ToLower(strings.ReplaceAll(code, "-", " "))))
	if err := use(old); !fault.Is(err, fault.Conflict) {
		t.Errorf("used twice: %v", err)
	}
	if open, err := installation.SetupOpen(ctx, d); open || err != nil {
		t.Errorf("still open: %v %v", open, err)
	}
}

func TestSetupCodeIsUsedOnce(t *testing.T) {
	d := dbtest.Open(t)
	code, err := installation.OfferSetup(ctx, d)
	must(t, err)
	var wg sync.WaitGroup
	won := make(chan bool, 8)
	for range 8 {
		wg.Go(func() {
			won <- d.Tx(ctx, func(tx *db.Tx) error { return installation.UseSetup(ctx, tx, code) }) == nil
		})
	}
	wg.Wait()
	close(won)
	n := 0
	for ok := range won {
		if ok {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d set-ups won", n)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	release, err := installation.Lock(dir, installation.Holder{Command: "serve", Addr: "127.0.0.1:8080"})
	must(t, err)
	_, err = installation.Lock(dir, installation.Holder{Command: "serve"})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "127.0.0.1:8080") || !strings.Contains(err.Error(), "--data") {
		t.Errorf("a second one: %v", err)
	}
	release()
	release, err = installation.Lock(dir, installation.Holder{Command: "serve"})
	must(t, err)
	release()
}

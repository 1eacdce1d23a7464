package crash_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
)

// long reports whether this is a long run, in which a stopped node sleeps for
// half a minute.
func long() bool {
	return runs() >= 100
}

// A node stops inside its commit, another takes over, and then the first goes
// on where it was.
func TestFrozenInsideTheCommit(t *testing.T) {
	postgresOnly(t)
	const posts = 24
	for i, honours := range []bool{true, false, true, false} {
		t.Run(fmt.Sprintf("%d honours=%t", i, honours), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(i), 1))
			n := startNetwork(t, honours)
			// So long that the request may be under way when the node stops.
			n.call(t, "POST", "/_emulator/faults", map[string]any{"kind": "latency", "path": "/v1/posts", "delay_ms": 20}, nil)
			p := place{Options: dbtest.Options(t), Dir: t.TempDir()}
			burst(t, p, n, 3, posts)
			env := []string{"RAPPORT_CRASH_BESIDE=1", "RAPPORT_CRASH_DO=stop", "RAPPORT_CRASH_STEP=fenced", fmt.Sprint("RAPPORT_CRASH_NTH=", 1+rng.IntN(10))}
			if i >= 2 {
				env = append(env, fmt.Sprintf("RAPPORT_CRASH_AFTER=%dms", 1+rng.IntN(30)))
			}
			first := startNode(t, p, env...)
			first.frozen()
			since := time.Now()
			second := startNode(t, p, "RAPPORT_CRASH_BESIDE=1")
			second.end()
			if long() {
				time.Sleep(30*time.Second - time.Since(since))
			}
			if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			first.end()
			onceEach(t, p, n, posts)
		})
	}
}

// The first stands at its step until the second is there: which of two
// processes is up first is for the machine to say, and no matter of the test.
func TestOneOfTwoNodesDies(t *testing.T) {
	postgresOnly(t)
	const posts = 200
	for i := range 3 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(i), 2))
			n := startNetwork(t, true)
			n.call(t, "POST", "/_emulator/faults", map[string]any{"kind": "latency", "path": "/v1/posts", "delay_ms": 10}, nil)
			p := place{Options: dbtest.Options(t), Dir: t.TempDir()}
			burst(t, p, n, 10, posts)
			step := []string{"fenced", "answered", "claimed"}[i]
			first := startNode(t, p, "RAPPORT_CRASH_BESIDE=1", "RAPPORT_CRASH_DO=stand", "RAPPORT_CRASH_STEP="+step, fmt.Sprint("RAPPORT_CRASH_NTH=", 1+rng.IntN(5)))
			first.says("standing")
			second := startNode(t, p, "RAPPORT_CRASH_BESIDE=1")
			second.says("started")
			if err := first.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			first.killed()
			second.end()
			onceEach(t, p, n, posts)
		})
	}
}

// What is not past the fence when the hold is pressed is not sent; all of it
// goes out after the release.
func TestHoldAtAnyMoment(t *testing.T) {
	const posts = 30
	for i := range 6 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(i), 3))
			n := startNetwork(t, true)
			p := place{Options: dbtest.Options(t), Dir: t.TempDir()}
			b := burst(t, p, n, 3, posts)
			d, _, _, err := p.open()
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			step := []string{"claimed", "preparing", "prepared", "fenced", "answered", "recorded"}[i]
			nth := 1 + rng.IntN(12)
			if step == "claimed" {
				nth = 1 + rng.IntN(3) // one for each lane
			}
			node := startNode(t, p, "RAPPORT_CRASH_DO=pause", "RAPPORT_CRASH_STEP="+step, fmt.Sprint("RAPPORT_CRASH_NTH=", nth))
			node.says("paused")
			ctx := context.Background()
			if _, err := brand.Hold(ctx, d, access.System(), b.ID, "An outage."); err != nil {
				t.Fatal(err)
			}
			passed := pastFence(t, d)
			fmt.Fprintln(node.stdin, "go")
			node.until("it is at rest", func() bool { by := states(t, d); return by["claimed"]+by["preparing"]+by["sending"] == 0 })
			if out := len(arrived(t, n)); out > passed {
				t.Errorf("%d arrived, but only %d were past the fence when the hold was pressed", out, passed)
			}
			if by := states(t, d); by["scheduled"] == 0 {
				t.Errorf("the hold came too late to show anything: %v", by)
			}
			if err := brand.Release(ctx, d, access.System(), b.ID); err != nil {
				t.Fatal(err)
			}
			node.end()
			onceEach(t, p, n, posts)
		})
	}
}

// pastFence counts what may have been sent by now.
func pastFence(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.QueryRowContext(context.Background(), `SELECT COUNT(*) FROM part WHERE state IN ('sending', 'published')`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// The database drops every connection in mid-burst, again and again.
func TestDroppedConnections(t *testing.T) {
	postgresOnly(t)
	const posts, drops = 300, 5
	n := startNetwork(t, true)
	n.call(t, "POST", "/_emulator/faults", map[string]any{"kind": "latency", "path": "/v1/posts", "delay_ms": 20}, nil)
	p := place{Options: dbtest.Options(t), Dir: t.TempDir()}
	burst(t, p, n, 10, posts)
	node := startNode(t, p)
	for i := range drops {
		node.until("more of the burst", func() bool { return len(arrived(t, n)) > i*posts/(drops+1) })
		if cut := dropAll(t, p.Options.URL); cut == 0 {
			t.Error("there was no connection to drop")
		}
	}
	node.end()
	onceEach(t, p, n, posts)
}

// dropAll ends every connection to the database of an address.
func dropAll(t *testing.T, address string) (cut int) {
	t.Helper()
	ctx := context.Background()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, os.Getenv(dbtest.Env))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, `SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1`, strings.TrimPrefix(u.Path, "/")).Scan(&cut)
	if err != nil {
		t.Fatal(err)
	}
	return cut
}

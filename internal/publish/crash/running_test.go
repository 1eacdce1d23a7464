package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/post"
)

// patience bounds every wait; it is a limit and no measure.
const patience = time.Minute

// running is a process that goes on beside the test.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.Writer
	said  *voice
	ended chan struct{}
}

// voice keeps what a process says, for reading while it speaks.
type voice struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (v *voice) Write(b []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.text.Write(b)
}

func (v *voice) String() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.text.String()
}

// startRole starts this test binary in a role. It is killed at the end of the
// test if it still runs.
func startRole(t *testing.T, role string, args []string, env ...string) *running {
	t.Helper()
	r := &running{t: t, cmd: exec.Command(os.Args[0], args...), said: &voice{}, ended: make(chan struct{})}
	r.cmd.Env = append(append(os.Environ(), "RAPPORT_CRASH_ROLE="+role), env...)
	r.cmd.Stdout, r.cmd.Stderr = r.said, r.said
	in, err := r.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.stdin = in
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = r.cmd.Wait(); close(r.ended) }()
	t.Cleanup(func() {
		select {
		case <-r.ended:
		default:
			_ = r.cmd.Process.Kill()
			<-r.ended
		}
	})
	return r
}

func startNode(t *testing.T, p place, env ...string) *running {
	t.Helper()
	where, _ := json.Marshal(p)
	return startRole(t, "node", nil, append([]string{"RAPPORT_CRASH_PLACE=" + string(where)}, env...)...)
}

// until waits for ok, and fails with what the process said if it ends first.
func (r *running) until(what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		select {
		case <-r.ended:
			if !ok() {
				r.t.Fatalf("it ended before: %s\n%s", what, r.said)
			}
			return
		default:
		}
		if time.Now().After(end) {
			r.t.Fatalf("waited in vain for: %s\n%s", what, r.said)
		}
	}
}

func (r *running) says(text string) {
	r.t.Helper()
	r.until("it says "+text, func() bool { return strings.Contains(r.said.String(), text) })
}

// end waits until it has ended by itself, without an error.
func (r *running) end() {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(patience):
		r.t.Fatalf("it does not end: %s", r.said)
	}
	if !r.cmd.ProcessState.Success() {
		r.t.Fatalf("%v: %s", r.cmd.ProcessState, r.said)
	}
}

// killed waits until a signal has ended it.
func (r *running) killed() {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(patience):
		r.t.Fatalf("it was not killed: %s", r.said)
	}
	if status := r.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		r.t.Fatalf("it ended before its step came: %s", r.said)
	}
}

// frozen waits until the process is stopped.
func (r *running) frozen() {
	r.t.Helper()
	r.until("it is stopped", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.cmd.Process.Pid))
		_, rest, _ := strings.Cut(string(stat), ") ")
		return err == nil && strings.HasPrefix(rest, "T")
	})
}

// postgresOnly passes where several nodes can share a database. On SQLite a
// second one is refused, which the installation package tests.
func postgresOnly(t *testing.T) {
	if os.Getenv(dbtest.Env) == "" {
		t.Skipf("several nodes need PostgreSQL: set %s", dbtest.Env)
	}
}

// burst makes a brand whose posts, one channel each, are due now.
func burst(t *testing.T, p place, n *net, channels, posts int) brand.Brand {
	t.Helper()
	ctx := context.Background()
	d, cs, _, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	b, err := brand.Create(ctx, d, access.System(), brand.New{Name: "Burst", Color: "#335577", Zone: "Europe/Berlin", Demo: n.demo})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range channels {
		c, err := cs.Connect(ctx, access.System(), b.ID, n.name, n.address, n.account(fmt.Sprintf("c%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	for i := range posts {
		draft, err := post.Draft(ctx, d, access.System(), b.ID, numbered(i, ids[i%channels]))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := post.Schedule(ctx, d, access.System(), b.ID, draft.ID, 0, d.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func numbered(i int, channel string) post.Input {
	return post.Input{Body: post.Body{Parts: []post.Part{{Text: fmt.Sprintf("number %d", i)}}}, Variants: []post.Variant{{Channel: channel}}}
}

// arrived counts what the network published, by account and text. Nothing may
// be there twice.
func arrived(t *testing.T, n *net) map[string]int {
	t.Helper()
	var got struct{ Arrivals []arrival }
	n.call(t, "GET", "/_emulator/arrivals", nil, &got)
	out := map[string]int{}
	for _, a := range got.Arrivals {
		if a.Outcome == "published" {
			out[a.Account+" "+a.Text]++
		}
	}
	for what, times := range out {
		if times > 1 {
			t.Errorf("published %d times: %s", times, what)
		}
	}
	return out
}

// states counts the deliveries by state.
func states(t *testing.T, d *db.DB) map[string]int {
	t.Helper()
	rows, err := d.QueryContext(context.Background(), `SELECT state, COUNT(*) FROM delivery GROUP BY state`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			t.Fatal(err)
		}
		out[state] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// onceEach judges a burst: everything is out once and called published; where
// a network cannot tell, some may be unknown instead.
func onceEach(t *testing.T, p place, n *net, want int) {
	t.Helper()
	d, _, _, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	out, by := len(arrived(t, n)), states(t, d)
	doubt := by["unknown"]
	if n.honours && doubt > 0 {
		t.Errorf("%d are unknown on a network that can be asked to repeat", doubt)
	}
	if by["published"]+doubt != want {
		t.Errorf("of %d the rows say %v", want, by)
	}
	if out < by["published"] || out > want || n.honours && out != want {
		t.Errorf("%d of %d arrived, the rows say %v", out, want, by)
	}
}

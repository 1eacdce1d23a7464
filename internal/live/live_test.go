package live_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/live"
	"rapport/internal/outbox"
)

// bench is a hub behind a server, with one database handle that changes come
// from: another node's on PostgreSQL.
type bench struct {
	hub   *live.Hub
	other *db.DB
	url   string
	ended atomic.Bool
	left  atomic.Bool // the part in "ours" has ended by its date
	t     *testing.T
}

func open(t *testing.T, beat time.Duration) *bench {
	t.Helper()
	at := dbtest.Options(t)
	d, err := db.Open(context.Background(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	b := &bench{other: d, t: t}
	if d.Dialect == db.Postgres {
		if b.other, err = db.Open(context.Background(), at); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.other.Close() })
	}
	listen(d)
	b.hub = live.New(d)
	b.hub.Beat = beat
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := b.hub.Stream(w, r, live.Viewer{Account: "ann", See: func(context.Context) (func(string) bool, bool) {
			return func(brand string) bool { return brand == "mine" || brand == "ours" && !b.left.Load() }, !b.ended.Load()
		}})
		if err != nil {
			http.Error(w, fault.Text(err), http.StatusTooManyRequests)
		}
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(b.hub.Close)
	b.url = srv.URL
	return b
}

// listen waits until the signals of other nodes arrive.
func listen(d *db.DB) {
	ready := make(chan string, 10)
	defer d.Subscribe("test", func(p string) { ready <- p })()
	if d.Dialect == db.Postgres {
		<-ready
	}
}

func (b *bench) change(brand, kind, subject string) {
	b.t.Helper()
	err := b.other.Tx(context.Background(), func(tx *db.Tx) error {
		outbox.Show(tx, brand, kind, subject)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

type message struct{ id, event, data string }

// watch opens a stream and gives its messages; the channel closes at the end.
func (b *bench) watch(lastID string) <-chan message {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", b.url, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	if ct := resp.Header.Get("Content-Type"); ct != "text/event-stream" {
		b.t.Fatalf("status %d, %s", resp.StatusCode, ct)
	}
	out := make(chan message, 100)
	go func() {
		defer close(out)
		defer resp.Body.Close()
		read(resp.Body, out)
	}()
	return out
}

func read(body interface{ Read([]byte) (int, error) }, out chan<- message) {
	var m message
	for lines := bufio.NewScanner(body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			m.id = value
		case "event":
			m.event = value
		case "data":
			m.data = value
		case "":
			out <- m
			m = message{id: m.id}
		}
	}
}

func next(t *testing.T, ch <-chan message) message {
	t.Helper()
	select {
	case m, ok := <-ch:
		if !ok {
			t.Fatal("the stream has ended")
		}
		return m
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func expect(t *testing.T, ch <-chan message, event, data string) message {
	t.Helper()
	m := next(t, ch)
	if diff := cmp.Diff([2]string{event, data}, [2]string{m.event, m.data}); diff != "" {
		t.Fatal(diff)
	}
	return m
}

func change(brand, kind, subject string) string {
	return fmt.Sprintf(`{"brand":%q,"kind":%q,"subject":%q}`, brand, kind, subject)
}

func TestViewerHearsOfOwnBrandsOnly(t *testing.T) {
	b := open(t, time.Hour)
	ch := b.watch("")
	expect(t, ch, "ready", "{}")
	b.change("theirs", "post.saved", "1")
	b.change("mine", "notification.added", "bob")
	b.change("mine", "notification.added", "ann")
	b.change("ours", "post.saved", "2")
	expect(t, ch, "change", change("mine", "notification.added", "ann"))
	expect(t, ch, "change", change("ours", "post.saved", "2"))
}

// A part that ends by its date ends in an open stream as well, with no beat
// and no word between.
func TestStreamEndsWithThePart(t *testing.T) {
	b := open(t, time.Hour)
	ch := b.watch("")
	expect(t, ch, "ready", "{}")
	b.change("ours", "post.saved", "1")
	expect(t, ch, "change", change("ours", "post.saved", "1"))
	b.left.Store(true)
	b.change("ours", "post.saved", "2")
	b.change("mine", "post.saved", "3")
	expect(t, ch, "change", change("mine", "post.saved", "3"))
}

func TestStreamResumes(t *testing.T) {
	b := open(t, time.Hour)
	first := b.watch("")
	expect(t, first, "ready", "{}")
	b.change("mine", "post.saved", "1")
	at := expect(t, first, "change", change("mine", "post.saved", "1"))
	b.change("mine", "post.saved", "2")
	expect(t, first, "change", change("mine", "post.saved", "2"))

	again := b.watch(at.id)
	expect(t, again, "ready", "{}")
	expect(t, again, "change", change("mine", "post.saved", "2"))
	for _, id := range []string{"another-node-7", "nonsense", at.id + "999", strings.Repeat("9", 40)} {
		expect(t, b.watch(id), "reset", "{}")
	}
}

func TestWhoMissedTooMuchIsToldToLook(t *testing.T) {
	b := open(t, time.Hour)
	ch := b.watch("")
	at := expect(t, ch, "ready", "{}")
	err := b.other.Tx(context.Background(), func(tx *db.Tx) error {
		for i := range 2000 {
			outbox.Show(tx, "theirs", "post.saved", fmt.Sprint(i))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.change("mine", "post.saved", "last")
	for m := next(t, ch); m.event != "change"; m = next(t, ch) {
		if m.event != "reset" {
			t.Fatalf("got %+v", m)
		}
		b.change("mine", "post.saved", "last") // the reset may have covered it
	}
	expect(t, b.watch(at.id), "reset", "{}")
}

func TestStreamEndsWithTheSession(t *testing.T) {
	for _, c := range []struct {
		name string
		beat time.Duration
		tell bool
	}{
		{"at the next beat", 20 * time.Millisecond, false},
		{"at once when told", time.Hour, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, c.beat)
			ch := b.watch("")
			expect(t, ch, "ready", "{}")
			b.ended.Store(true)
			if c.tell {
				b.change("", live.AccessChanged, "ann")
			}
			for m := range ch {
				if m.event == "end" {
					return
				}
			}
			t.Error("the stream broke off without a word")
		})
	}
}

func TestBeatMovesTheLastIDAlong(t *testing.T) {
	b := open(t, 20*time.Millisecond)
	ch := b.watch("")
	from := expect(t, ch, "ready", "{}").id
	b.change("theirs", "post.saved", "1")
	for m := next(t, ch); m.id == from; m = next(t, ch) {
		if m.event != "" {
			t.Fatalf("got %+v", m)
		}
	}
}

func TestStreamsOfOneAccountAreLimited(t *testing.T) {
	b := open(t, time.Hour)
	for range 30 {
		expect(t, b.watch(""), "ready", "{}")
	}
	resp, err := http.Get(b.url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the 31st stream got %d", resp.StatusCode)
	}
}

// A browser that does not read holds up neither the others nor the changes.
func TestStuckBrowserHoldsUpNobody(t *testing.T) {
	b := open(t, time.Hour)
	stuck, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	if _, err := fmt.Fprintf(stuck, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	ch := b.watch("")
	expect(t, ch, "ready", "{}")
	long := strings.Repeat("x", 2000)
	for i := range 10 {
		err := b.other.Tx(context.Background(), func(tx *db.Tx) error {
			for j := range 90 {
				outbox.Show(tx, "mine", "post.saved", fmt.Sprint(long, i, "-", j))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for m := next(t, ch); !strings.HasSuffix(m.data, fmt.Sprintf("x%d-89\"}", i)); m = next(t, ch) {
		}
	}
}

// quiet is a response writer that only counts.
type quiet struct {
	header http.Header
	writes atomic.Int32
	wrote  *sync.WaitGroup
}

func (q *quiet) Header() http.Header { return q.header }
func (q *quiet) WriteHeader(int)     {}
func (q *quiet) Flush()              {}
func (q *quiet) Write(p []byte) (int, error) {
	if q.writes.Add(1) <= 2 { // ready and the change
		q.wrote.Done()
	}
	return len(p), nil
}

func TestManyStreamsAreCheapAndLeaveNothingBehind(t *testing.T) {
	d := dbtest.Open(t)
	listen(d)
	hub := live.New(d)
	leaks := goleak.IgnoreCurrent()
	before := memory()
	const n = 500
	var wrote, streams sync.WaitGroup
	wrote.Add(n)
	for i := range n {
		q := &quiet{header: http.Header{}, wrote: &wrote}
		v := live.Viewer{Account: fmt.Sprint(i), See: func(context.Context) (func(string) bool, bool) {
			return func(brand string) bool { return brand == "b" }, true
		}}
		streams.Go(func() {
			if err := hub.Stream(q, httptest.NewRequest("GET", "/", nil), v); err != nil {
				t.Error(err)
			}
		})
	}
	wrote.Wait()
	each := (memory() - before) / n
	t.Logf("%d bytes a stream", each)
	if each > 32<<10 {
		t.Errorf("a stream takes %d bytes, want at most 32 KB", each)
	}
	wrote.Add(n)
	err := d.Tx(context.Background(), func(tx *db.Tx) error { outbox.Show(tx, "b", "post.saved", "p"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	wrote.Wait()
	hub.Close()
	streams.Wait()
	goleak.VerifyNone(t, leaks)
}

func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

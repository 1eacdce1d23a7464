package live_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rapport/internal/fault"
	"rapport/internal/live"
)

// sitting is a crowd behind a server. Readers wait for the thing they name, and
// are told what the news says.
func sitting(t *testing.T, c *live.Crowd) *bench {
	t.Helper()
	b := &bench{t: t}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := c.Stream(w, r, live.Reader{Key: r.URL.Query().Get("key"), Things: []string{r.URL.Query().Get("thing"), "all"},
			Begin: func() string { return "event: ready\ndata: {}\n\n" },
			Read: func(_ context.Context, n live.News) (string, bool) {
				if n.About == nil {
					return "event: look\ndata: {}\n\n", false
				}
				return fmt.Sprintf("event: news\ndata: %v\n\n", n.About), n.About == "last"
			}})
		if err != nil {
			http.Error(w, fault.Text(err), http.StatusTooManyRequests)
		}
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(c.Close)
	b.url = srv.URL
	return b
}

func (b *bench) wait(query string) <-chan message {
	b.t.Helper()
	at := b.url
	b.url += "/?" + query
	defer func() { b.url = at }()
	ch := b.watch("")
	for m := next(b.t, ch); m.event != "ready"; m = next(b.t, ch) {
	}
	return ch
}

func TestReadersAreToldOfWhatTheyWaitFor(t *testing.T) {
	c := live.NewCrowd()
	b := sitting(t, c)
	water, beans := b.wait("thing=water"), b.wait("thing=beans")
	if !c.Waits("nothing", "beans") || c.Waits("nothing") || c.Count() != 2 {
		t.Error("who waits is not known")
	}
	c.Tell(live.News{Of: "1", About: "soft"}, "water")
	c.Tell(live.News{Of: "1", About: "dark"}, "beans")
	expect(t, water, "news", "soft")
	expect(t, beans, "news", "dark")
	c.Tell(live.News{}, "all")
	expect(t, water, "look", "{}")
	expect(t, beans, "look", "{}")
	c.Tell(live.News{Of: "1", About: "last"}, "water")
	expect(t, water, "news", "last")
	if _, more := <-water; more {
		t.Error("the stream went on")
	}
}

// A reader who is slow keeps the latest of each, and is told to look at all
// where that is too much; nobody waits for them.
func TestSlowReadersLookAgain(t *testing.T) {
	c := live.NewCrowd()
	b := sitting(t, c)
	ch := b.wait("thing=a")
	for i := range 1000 {
		c.Tell(live.News{Of: "same", About: i}, "a")
	}
	for m := next(t, ch); m.data != "999"; m = next(t, ch) {
		if m.event == "look" {
			t.Error("news of the same was too much")
		}
	}
	for i := range 1000 {
		c.Tell(live.News{Of: fmt.Sprint(i), About: i}, "a")
	}
	for m := next(t, ch); m.event != "look"; m = next(t, ch) {
	}
}

func TestACrowdHasRoomForSoMany(t *testing.T) {
	c := live.NewCrowd()
	c.All, c.Each = 3, 2
	b := sitting(t, c)
	b.wait("key=a")
	b.wait("key=a")
	full := func(query, words string) {
		t.Helper()
		rec := httptest.NewRecorder()
		err := c.Stream(rec, httptest.NewRequest(http.MethodGet, "/", nil), live.Reader{Key: query})
		if f, ok := err.(*fault.Error); !ok || f.RetryAfter < time.Second || !strings.Contains(f.Text, words) || rec.Body.Len() > 0 {
			t.Errorf("%v", err)
		}
	}
	full("a", "Too many windows")
	b.wait("key=b")
	full("c", "too many live readers")
	if c.Count() != 3 {
		t.Errorf("%d sit", c.Count())
	}
}

func TestACrowdIsCheapAndLeavesNothingBehind(t *testing.T) {
	c := live.NewCrowd()
	leaks := goleak.IgnoreCurrent()
	before := memory()
	const n = 500
	var wrote, streams sync.WaitGroup
	wrote.Add(n)
	for i := range n {
		q := &quiet{header: http.Header{}, wrote: &wrote}
		streams.Go(func() {
			err := c.Stream(q, httptest.NewRequest("GET", "/", nil), live.Reader{Key: fmt.Sprint(i), Things: []string{"a"}, Begin: func() string { return "" },
				Read: func(context.Context, live.News) (string, bool) { return "event: x\ndata: {}\n\n", false }})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wrote.Wait()
	each := (memory() - before) / n
	t.Logf("%d bytes a stream", each)
	if each > 16<<10 {
		t.Errorf("a stream takes %d bytes, want at most 16 KB", each)
	}
	wrote.Add(n)
	c.Tell(live.News{Of: "1", About: 1}, "a")
	wrote.Wait()
	c.Close()
	streams.Wait()
	if c.Count() != 0 || c.Waits("a") {
		t.Error("somebody still waits")
	}
	goleak.VerifyNone(t, leaks)
}

package bluesky_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/network"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// told is a network's list of notifications, paged from the newest to the
// oldest as Bluesky does it: by time, and by address within one instant.
type told struct {
	mu      sync.Mutex
	all     []notified
	forgets bool // pages that were begun
	pages   int
}

type notified struct {
	n     int
	at    time.Time
	place string
}

func (l *told) add(n int, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, notified{n, at, fmt.Sprintf("%020d %011d", at.UnixMilli(), n)})
}

func (l *told) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pages++
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	cursor := r.URL.Query().Get("cursor")
	if cursor != "" && l.forgets {
		l.forgets = false
		refuse(http.StatusBadRequest, "InvalidRequest", "Malformed cursor")(w, r)
		return
	}
	slices.SortFunc(l.all, func(a, b notified) int { return strings.Compare(b.place, a.place) })
	out := []any{}
	next := ""
	for _, v := range l.all {
		if cursor != "" && v.place >= cursor {
			continue
		}
		if len(out) == limit {
			break
		}
		o := view(v.n, v.at, nil)
		o["reason"], o["isRead"] = "reply", false
		out, next = append(out, o), v.place
	}
	say(object{"notifications": out, "cursor": next})(w, r)
}

// getPosts shows what is asked for; odd posts only as the notification has them.
func getPosts(w http.ResponseWriter, r *http.Request) {
	out := []any{}
	uris := r.URL.Query()["uris"]
	if len(uris) > 25 {
		refuse(http.StatusBadRequest, "InvalidRequest", "too many")(w, r)
		return
	}
	for _, u := range uris {
		n, _ := strconv.Atoi(strings.TrimPrefix(u, "at://"+mira+"/app.bsky.feed.post/3k"))
		if n%2 == 0 {
			out = append(out, view(n, noon, nil))
		}
	}
	say(object{"posts": out})(w, r)
}

// listener walks until there is no more, and counts how often each came.
type listener struct {
	cursor string
	heard  map[int]int
	longest,
	calls int
}

func (l *listener) hear(t *testing.T, n network.Listener, to network.Target, since time.Time) (some int) {
	t.Helper()
	for {
		got, err := n.Hear(t.Context(), to, l.cursor, since)
		if err != nil {
			t.Fatal(err)
		}
		l.calls++
		for _, m := range got.Messages {
			k, _ := strconv.Atoi(strings.TrimPrefix(m.Ref.ID, "at://"+mira+"/app.bsky.feed.post/3k"))
			l.heard[k]++
			some++
		}
		l.cursor, l.longest = got.Next, max(l.longest, len(got.Next))
		if !got.More {
			return some
		}
	}
}

func TestHearLosesNothing(t *testing.T) {
	list := &told{}
	_, n, to := serve(t, map[string]http.HandlerFunc{"app.bsky.notification.listNotifications": list.ServeHTTP, "app.bsky.feed.getPosts": getPosts})
	l := &listener{heard: map[int]int{}}
	list.add(1, noon.Add(-40*24*time.Hour))
	for i := range 130 {
		list.add(100+i, noon.Add(-time.Duration(i)*time.Hour))
	}
	l.hear(t, n, to, noon.Add(-30*24*time.Hour))
	if l.heard[1] != 0 || len(l.heard) != 130 {
		t.Fatalf("heard %d, among them what is too old %d times", len(l.heard), l.heard[1])
	}
	before := l.cursor
	if some := l.hear(t, n, to, time.Time{}); some != 0 || l.cursor != before {
		t.Errorf("where nothing came: %d messages, cursor %q, before %q", some, l.cursor, before)
	}
	random := rand.New(rand.NewPCG(1, 2))
	last, at := 1000, noon
	for range 15 {
		at = at.Add(time.Duration(random.IntN(20)) * time.Minute)
		for range random.IntN(350) {
			last++
			late := time.Duration(0)
			if random.IntN(10) == 0 { // arrives late, with the time of its author's program
				late = time.Duration(random.IntN(30)) * time.Second
			}
			list.add(last, at.Add(-late))
		}
		list.forgets = random.IntN(3) == 0
		l.hear(t, n, to, time.Time{})
	}
	missing := 0
	for i := 1001; i <= last; i++ {
		if l.heard[i] == 0 {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d were lost", missing, last-1000)
	}
	if l.longest > 20_000 {
		t.Errorf("a cursor has %d bytes", l.longest)
	}
	list.add(2, at.Add(-90*time.Minute))
	list.add(3, at.Add(time.Minute))
	l.hear(t, n, to, time.Time{})
	if l.heard[3] == 0 {
		t.Error("the newest was lost")
	}
}

// In quiet times what comes an hour late is heard, and nothing twice.
func TestHearWhatComesLate(t *testing.T) {
	list := &told{}
	_, n, to := serve(t, map[string]http.HandlerFunc{"app.bsky.notification.listNotifications": list.ServeHTTP, "app.bsky.feed.getPosts": getPosts})
	l := &listener{heard: map[int]int{}}
	for i := range 200 {
		list.add(i, noon.Add(time.Duration(i)*time.Minute))
		if i%10 == 9 {
			list.add(1000+i, noon.Add(time.Duration(i)*time.Minute-time.Hour))
		}
		if i%3 == 0 {
			l.hear(t, n, to, noon.Add(-24*time.Hour))
		}
	}
	l.hear(t, n, to, time.Time{})
	if len(l.heard) != 220 {
		t.Errorf("heard %d of 220", len(l.heard))
	}
	for k, times := range l.heard {
		if times != 1 {
			t.Errorf("%d came %d times", k, times)
		}
	}
}

// A thousand of one millisecond are more than a cursor recognises: none is
// lost, and once time has gone on none comes again.
func TestHearManyOfOneInstant(t *testing.T) {
	list := &told{}
	_, n, to := serve(t, map[string]http.HandlerFunc{"app.bsky.notification.listNotifications": list.ServeHTTP, "app.bsky.feed.getPosts": getPosts})
	l := &listener{heard: map[int]int{}}
	for i := range 1000 {
		list.add(i, noon)
	}
	l.hear(t, n, to, noon.Add(-time.Hour))
	if len(l.heard) != 1000 {
		t.Errorf("heard %d of 1000", len(l.heard))
	}
	list.add(2000, noon.Add(3*time.Hour))
	l.hear(t, n, to, time.Time{})
	if some := l.hear(t, n, to, time.Time{}); some != 0 || l.heard[2000] != 1 {
		t.Errorf("%d came again; the newest %d times", some, l.heard[2000])
	}
}

func TestHearReadsABoundedNumberOfPages(t *testing.T) {
	list := &told{}
	_, n, to := serve(t, map[string]http.HandlerFunc{"app.bsky.notification.listNotifications": list.ServeHTTP, "app.bsky.feed.getPosts": getPosts})
	for i := range 1000 {
		list.add(i, noon.Add(-time.Duration(i)*time.Minute))
	}
	got, err := n.Hear(t.Context(), to, "", noon.Add(-30*24*time.Hour))
	if err != nil || !got.More || list.pages > 5 || len(got.Messages) > 250 {
		t.Errorf("%d pages, %d messages, more %t, %v", list.pages, len(got.Messages), got.More, err)
	}
}

func TestHearRefusesANonsensicalCursor(t *testing.T) {
	_, n, to := serve(t, nil)
	_, err := n.Hear(t.Context(), to, "yesterday", noon)
	if network.VerdictOf(err) != network.Refused {
		t.Errorf("got %v", err)
	}
}

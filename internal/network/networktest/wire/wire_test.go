package wire_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network/networktest/wire"
)

// gate is one whose network publishes whatever is posted.
func gate() *wire.Gate {
	return &wire.Gate{
		MaxBody: 1000,
		Describe: func(r *http.Request, body []byte) (wire.Arrival, bool) {
			return wire.Arrival{Account: r.Header.Get("Account"), Key: string(body)}, r.Method == http.MethodPost
		},
		Next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			wire.Note(r.Context(), wire.Published, "id-of-"+string(body))
			fmt.Fprintf(w, `{"id":"id-of-%s","media_ms":%d}`, body, wire.MediaDelay(r.Context()).Milliseconds())
		}),
	}
}

// serve runs h on a listener until the test ends.
func serve(t *testing.T, h http.Handler) (*wire.Listener, string) {
	t.Helper()
	l, err := wire.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := wire.HTTPServer(h)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		l.Close()
		<-done
	})
	return l, "http://" + l.Addr().String()
}

func order(t *testing.T, g *wire.Gate, f wire.Fault) {
	t.Helper()
	if err := g.Faults.Order(f); err != nil {
		t.Fatal(err)
	}
}

func TestWhenFaultsStrike(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault wire.Fault
		want  string // of eight posts: x is struck
	}{
		{"always", wire.Fault{}, "xxxxxxxx"},
		{"after", wire.Fault{After: 5}, ".....xxx"},
		{"times", wire.Fault{Times: 2}, "xx......"},
		{"every", wire.Fault{Every: 3}, "x..x..x."},
		{"all three", wire.Fault{After: 1, Every: 2, Times: 2}, ".x.x...."},
		{"another method", wire.Fault{Method: "PUT"}, "........"},
		{"this path", wire.Fault{Path: "/posts"}, "xxxxxxxx"},
		{"another path", wire.Fault{Path: "/post"}, "........"},
		{"a prefix", wire.Fault{Path: "/po*"}, "xxxxxxxx"},
		{"another account", wire.Fault{Account: "south"}, "........"},
		{"by chance, the same every time", wire.Fault{Probability: 0.5, Seed: 7}, "x.....xx"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := gate()
			c.fault.Kind, c.fault.Status = wire.Status, 500
			order(t, g, c.fault)
			got := ""
			for range 8 {
				req := httptest.NewRequest("POST", "/posts", strings.NewReader("a"))
				req.Header.Set("Account", "north")
				w := httptest.NewRecorder()
				g.ServeHTTP(w, req)
				got += map[int]string{200: ".", 500: "x"}[w.Code]
			}
			if got != c.want {
				t.Errorf("struck %s, want %s", got, c.want)
			}
			if n := g.Faults.List()[0].Struck; n != strings.Count(c.want, "x") {
				t.Errorf("the list says that it struck %d times", n)
			}
		})
	}
}

func TestWhatArrives(t *testing.T) {
	for _, c := range []struct {
		kind    wire.Kind
		outcome string
		fails   bool
	}{
		{wire.ResetBefore, "nothing", true}, {wire.ResetAfter, wire.Published, true},
		{wire.CloseBefore, "nothing", true}, {wire.CloseAfter, wire.Published, true},
		{wire.Half, wire.Published, true}, {wire.Garbled, wire.Published, false},
		{wire.WrongTypes, wire.Published, false}, {wire.StatusAfter, wire.Published, false},
		{wire.Status, "nothing", false}, {wire.Echo, "nothing", false}, {wire.Latency, wire.Published, false},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			g := gate()
			_, base := serve(t, g)
			order(t, g, wire.Fault{Kind: c.kind, Status: 500, DelayMS: 1})
			resp, err := http.Post(base+"/posts", "text/plain", strings.NewReader("a"))
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			if (err != nil) != c.fails {
				t.Errorf("the caller gets error %v", err)
			}
			got := g.Arrivals.Since(0)
			if len(got) != 1 || got[0].Outcome != c.outcome || got[0].Key != "a" {
				t.Errorf("arrivals are %+v", got)
			}
		})
	}
}

func TestAResetIsAReset(t *testing.T) {
	g := gate()
	_, base := serve(t, g)
	order(t, g, wire.Fault{Kind: wire.ResetAfter})
	_, err := http.Post(base+"/posts", "text/plain", strings.NewReader("a"))
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestRefuseAndResume(t *testing.T) {
	l, base := serve(t, gate())
	if _, err := http.Get(base); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Refuse(); err != nil {
			t.Fatal(err)
		}
		if _, err := http.Get(base); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v, want a refused dial", err)
		}
		if err := l.Resume(); err != nil {
			t.Fatal(err)
		}
		if _, err := http.Get(base); err != nil {
			t.Errorf("after resuming: %v", err)
		}
	}
}

// The time of an arrival is that of its first byte, on every request of a
// connection.
func TestFirstByte(t *testing.T) {
	g := gate()
	_, base := serve(t, g)
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for i := range 3 {
		from := time.Now()
		if _, err := io.WriteString(conn, "POST /posts HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		// Asked for the body, the server has read the beginning.
		if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
			t.Fatalf("got %q, %v", line, err)
		}
		begun := time.Now()
		if _, err := io.WriteString(conn, "abcd"); err != nil {
			t.Fatal(err)
		}
		_, _ = in.ReadString('\n') // the empty line after 100
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
		got := g.Arrivals.Since(i)
		if len(got) != 1 || got[0].At.Before(from.Round(0)) || got[0].At.After(begun) {
			t.Errorf("request %d arrived at %v, begun from %s to %s", i, got, from, begun)
		}
	}
}

func TestCountsAndClear(t *testing.T) {
	g := gate()
	for _, key := range []string{"a", "b", "a", "a"} {
		g.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", strings.NewReader(key)))
	}
	g.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	want := wire.Counts{Arrivals: 4, Published: 4, Keys: map[string]int{"a": 3, "b": 1}, Duplicates: 2, Requests: 5}
	if diff := cmp.Diff(want, g.Counts()); diff != "" {
		t.Error(diff)
	}
	g.Clear()
	if diff := cmp.Diff(wire.Counts{Keys: map[string]int{}}, g.Counts()); diff != "" {
		t.Errorf("after clearing: %s", diff)
	}
}

func TestTooLargeIsSaid(t *testing.T) {
	g := gate()
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("a", 1001))))
	if w.Code != http.StatusRequestEntityTooLarge || len(g.Arrivals.Since(0)) != 0 {
		t.Errorf("got %d and %d arrivals", w.Code, len(g.Arrivals.Since(0)))
	}
}

func TestSlowMediaReachesTheNetwork(t *testing.T) {
	g := gate()
	order(t, g, wire.Fault{Kind: wire.SlowMedia, DelayMS: 700})
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest("POST", "/media", strings.NewReader("a")))
	if !strings.Contains(w.Body.String(), `"media_ms":700`) {
		t.Errorf("got %s", w.Body)
	}
}

func TestCloseLetsTheSilentGo(t *testing.T) {
	g := gate()
	order(t, g, wire.Fault{Kind: wire.Silent})
	_, base := serve(t, g)
	failed := make(chan error, 1)
	go func() {
		_, err := http.Post(base, "text/plain", strings.NewReader("a"))
		failed <- err
	}()
	if err := g.Arrivals.Wait(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	g.Close()
	if err := <-failed; err == nil {
		t.Error("the silent request was answered")
	}
}

func TestErrorsOfTheNetworksOwnShape(t *testing.T) {
	g := gate()
	g.Refusal = func(status int, text string) string { return fmt.Sprintf(`{"error":"E%d","message":%q}`, status, text) }
	order(t, g, wire.Fault{Kind: wire.Status, Status: 503})
	_, base := serve(t, g)
	got := []string{}
	for _, body := range []string{"a", strings.Repeat("x", 2000)} {
		resp, err := http.Post(base, "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		got = append(got, string(answer))
	}
	want := []string{`{"error":"E503","message":"Service Unavailable, by order."}`, `{"error":"E413","message":"This request is too large."}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

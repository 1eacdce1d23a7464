package demo_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network"
	"rapport/internal/network/demo"
	"rapport/internal/network/demo/emulator"
	"rapport/internal/network/networktest"
	"rapport/internal/network/networktest/wire"
	"rapport/internal/outbound"
)

const token = "demo-north"

// clock is one that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// serve runs an emulator on a port of its own until the test ends.
func serve(t *testing.T, o emulator.Options) (*emulator.Server, string) {
	t.Helper()
	s, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := emulator.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s, "http://" + l.Addr().String()
}

func client(t *testing.T) *outbound.Client {
	c := outbound.New(outbound.Options{Allow: []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.1/32")}}})
	t.Cleanup(c.Close)
	return c
}

func TestConformance(t *testing.T) {
	networktest.Run(t, func(t *testing.T, o networktest.Options) networktest.Rig {
		at := newClock()
		s, address := serve(t, emulator.Options{Now: at.Now, Accounts: []emulator.Account{{Name: "north"}},
			IgnoreIdempotency: o.RepeatUnsafe, MediaDelay: o.SlowMedia})
		return networktest.Rig{
			Network: demo.New(client(t), func() string { return address }),
			Server:  address, Credential: network.Credential{"token": token}, Secrets: []string{token}, Finds: true,
			Emulator: networktest.Emulator{
				Order: func(c networktest.Call, f wire.Fault) error {
					f.Path = map[networktest.Call]string{networktest.Reading: "/v1/account", networktest.Committing: "/v1/posts", networktest.Profiling: "/v1/people/mira"}[c]
					f.Method = map[networktest.Call]string{networktest.Reading: "GET", networktest.Committing: "POST", networktest.Profiling: "GET"}[c]
					return s.Order(f)
				},
				Refuse:   s.Refuse,
				Arrivals: func() []wire.Arrival { return s.Arrivals(0) },
				Wait:     s.Wait,
				Uploads:  s.Uploads,
				Find: func(id string) (networktest.Published, bool) {
					p, ok := s.Find(id)
					return networktest.Published{Text: p.Text, Alts: s.Alts(id), Parent: p.InReplyTo}, ok
				},
				Advance: at.Advance,
			},
			About: func(by, text string) (string, error) {
				return "@" + by, s.SetAccount(emulator.Account{Name: by, About: text})
			},
		}
	})
}

// pair is a network and a connector with its account connected.
func pair(t *testing.T, o emulator.Options) (*emulator.Server, *demo.Network, network.Target) {
	t.Helper()
	o.Accounts = append(o.Accounts, emulator.Account{Name: "north", Title: "North", Followers: 50_000, TextLimit: 280})
	s, address := serve(t, o)
	n := demo.New(client(t), func() string { return address })
	a, err := n.Connect(t.Context(), "", network.Credential{"token": token})
	if err != nil {
		t.Fatal(err)
	}
	return s, n, network.Target{Server: a.Server, AccountID: a.ID, Credential: a.Credential, Limits: a.Limits}
}

func prepare(t *testing.T, n *demo.Network, to network.Target, text, seed string) network.Prepared {
	t.Helper()
	p, err := n.Prepare(t.Context(), to, network.Item{Kind: network.PartPost, Text: text}, seed, network.Prepared{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func publish(t *testing.T, n *demo.Network, to network.Target, p network.Prepared) network.Receipt {
	t.Helper()
	r, err := n.Commit(t.Context(), to, p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestConnectReadsTheLimits(t *testing.T) {
	_, _, to := pair(t, emulator.Options{})
	want := network.Limits{Text: 280, Unit: network.Graphemes, Images: 4, ImageBytes: 10 << 20,
		ImageTypes: []string{"image/jpeg", "image/png", "image/gif", "image/webp"}, AltText: 1500, Parts: 25, Comment: true}
	if diff := cmp.Diff(want, to.Limits); diff != "" {
		t.Error(diff)
	}
	_, _, to = pair(t, emulator.Options{IgnoreIdempotency: true})
	if !to.Limits.RepeatUnsafe {
		t.Error("a network that ignores keys is not marked")
	}
}

func TestServerAddresses(t *testing.T) {
	_, address := serve(t, emulator.Options{Accounts: []emulator.Account{{Name: "north"}}})
	n := demo.New(client(t), func() string { return address })
	host := strings.TrimPrefix(address, "http://")
	for _, c := range []struct{ typed, want string }{
		{"", "builtin"}, {"builtin", "builtin"}, {" builtin ", "builtin"}, {address, address}, {address + "/", address}, {host, address},
	} {
		t.Run(c.typed, func(t *testing.T) {
			a, err := n.Connect(t.Context(), c.typed, network.Credential{"token": token})
			if err != nil || a.Server != c.want {
				t.Errorf("got %q, %v; want %q", a.Server, err, c.want)
			}
		})
	}
	for _, wrong := range []string{"ftp://a.example", "http://user:word@a.example", "http://", "http://%"} {
		t.Run(wrong, func(t *testing.T) {
			_, err := n.Connect(t.Context(), wrong, network.Credential{"token": token})
			if network.VerdictOf(err) != network.Refused {
				t.Errorf("got %v, want it refused", err)
			}
		})
	}
}

func TestNoNetworkInTheProgram(t *testing.T) {
	n := demo.New(client(t), func() string { return "" })
	_, err := n.Commit(t.Context(), network.Target{}, network.Prepared{Handle: "a", Record: []byte(`{}`)})
	if network.VerdictOf(err) != network.NotSent {
		t.Errorf("got %v, want not sent", err)
	}
}

func TestWhatWasNotPreparedIsNotSent(t *testing.T) {
	s, n, to := pair(t, emulator.Options{})
	for name, p := range map[string]network.Prepared{
		"nothing": {}, "no handle": {Record: []byte(`{"post":{"text":"a"}}`)}, "no record": {Handle: "a"}, "broken": {Handle: "a", Record: []byte(`{`)},
	} {
		if _, err := n.Commit(t.Context(), to, p); network.VerdictOf(err) != network.NotSent {
			t.Errorf("%s: got %v, want not sent", name, err)
		}
	}
	if got := s.Arrivals(0); len(got) != 0 {
		t.Errorf("%d commits arrived", len(got))
	}
}

// Where keys are ignored only what is seen counts, and only if it is one.
func TestLookupByComparison(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []string // published before the preparation
		after  []string // published after it, by others
		commit int
		want   network.Presence
	}{
		{name: "not there", want: network.CannotTell},
		{name: "there", commit: 1, want: network.Present},
		{name: "there twice", commit: 2, want: network.CannotTell},
		{name: "an older twin", before: []string{"Hello."}, want: network.CannotTell},
		{name: "there beside an older twin", before: []string{"Hello."}, commit: 1, want: network.Present},
		{name: "there beside others", after: []string{"Hello", "Hello. "}, commit: 1, want: network.Present},
		{name: "there beside a younger twin", after: []string{"Hello."}, commit: 1, want: network.CannotTell},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, n, to := pair(t, emulator.Options{IgnoreIdempotency: true})
			for _, text := range c.before {
				publish(t, n, to, prepare(t, n, to, text, "before"))
			}
			p := prepare(t, n, to, "Hello.", "seed")
			var last network.Receipt
			for range c.commit {
				last = publish(t, n, to, p)
			}
			for _, text := range c.after {
				publish(t, n, to, prepare(t, n, to, text, "after"))
			}
			got, err := n.Lookup(t.Context(), to, p)
			if err != nil || got.Presence != c.want {
				t.Fatalf("got %s (%s), %v; want %s", got.Presence, got.Why, err, c.want)
			}
			if got.Presence == network.Present && got.Receipt.Ref != last.Ref {
				t.Errorf("it points at %v, not at %v", got.Receipt.Ref, last.Ref)
			}
		})
	}
}

// A request may be read back while it is still on its way: with honoured keys
// the repeat is what makes it safe, not the reading.
func TestARequestStillOnItsWay(t *testing.T) {
	s, n, to := pair(t, emulator.Options{})
	p := prepare(t, n, to, "Slow.", "seed")
	if err := s.Order(wire.Fault{Kind: wire.Latency, DelayMS: 300, Path: "/v1/posts", Method: "POST", Times: 1}); err != nil {
		t.Fatal(err)
	}
	slow := make(chan error, 1)
	go func() {
		_, err := n.Commit(t.Context(), to, p)
		slow <- err
	}()
	for len(s.Arrivals(0)) == 0 {
		runtime.Gosched()
	}
	if got, err := n.Lookup(t.Context(), to, p); err != nil || got.Presence == network.Absent {
		t.Errorf("while it is on its way Lookup says %s, %v", got.Presence, err)
	}
	publish(t, n, to, p)
	if err := <-slow; err != nil {
		t.Error(err)
	}
	if got := s.Counts(); got.Arrivals != 2 || got.Published != 1 {
		t.Errorf("%d arrivals published %d posts, want 2 and 1", got.Arrivals, got.Published)
	}
}

func TestLookupOfSomethingRemoved(t *testing.T) {
	_, n, to := pair(t, emulator.Options{})
	p := prepare(t, n, to, "Hello.", "seed")
	if err := n.Remove(t.Context(), to, publish(t, n, to, p).Ref); err != nil {
		t.Fatal(err)
	}
	got, err := n.Lookup(t.Context(), to, p)
	if err != nil || got.Presence != network.Failed {
		t.Errorf("got %s, %v; want failed", got.Presence, err)
	}
}

func TestMeasure(t *testing.T) {
	at := newClock()
	s, n, to := pair(t, emulator.Options{Now: at.Now})
	r := publish(t, n, to, prepare(t, n, to, "What do you read on the train these days? Tell us.", "seed"))
	at.Advance(24 * time.Hour)
	got, err := n.Measure(t.Context(), to, []network.Ref{r.Ref, {ID: "gone"}})
	if err != nil {
		t.Fatal(err)
	}
	seen, _ := s.NumbersAt(r.Ref.ID, at.Now())
	want := map[string]network.Counters{r.Ref.ID: {At: at.Now(), Likes: &seen.Likes, Shares: &seen.Shares, Comments: &seen.Comments, Views: &seen.Views}}
	if diff := cmp.Diff(want, got); diff != "" || seen.Views == 0 {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
	account, err := n.MeasureAccount(t.Context(), to)
	if followers := s.FollowersAt("north", at.Now()); err != nil || account.Followers == nil || *account.Followers != followers {
		t.Errorf("%+v, want %d followers, %v", account, followers, err)
	}
	if err := s.Order(wire.Fault{Kind: wire.Status, Status: 429, RetryAfter: "9", Path: "/v1/posts/*"}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Measure(t.Context(), to, []network.Ref{r.Ref}); network.VerdictOf(err) != network.Throttled {
		t.Errorf("got %v, want throttled", err)
	}
}

func TestWordsOfTheNetworkAreCleaned(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"as they are", `{"error":{"text":"Too long."}}`, "Too long."},
		{"on one line", `{"error":{"text":"Too\n\tlong\u0000\u202e."}}`, "Too long ."},
		{"without the token", `{"error":{"text":"No ` + token + ` here."}}`, "No [credential] here."},
		{"short", `{"error":{"text":"` + strings.Repeat("ä", 400) + `"}}`, strings.Repeat("ä", 300) + "…"},
		{"none", `<html>`, "The demo network answered 422."},
		{"of another shape", `{"error":"no"}`, "The demo network answered 422."},
	} {
		t.Run(c.name, func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(422)
				_, _ = io.WriteString(w, c.body)
			}))
			defer web.Close()
			n := demo.New(client(t), func() string { return web.URL })
			_, err := n.Connect(t.Context(), "", network.Credential{"token": token})
			var e *network.Error
			if !errors.As(err, &e) || e.Text != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// FuzzAnswers: whatever a network answers, a receipt has an id, an error is
// typed and clean, and only a clear no is taken for one.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`{"id":"1","url":"http://a/1","published_at":"2026-03-10T09:00:00Z"}`, `{"id":1}`, `{"id":""}`, `[]`, `null`, `"`, "",
		`{"error":{"text":"No ` + token + `"}}`, `{"id":"1","published_at":"yesterday"}`, `{"posts":[{"id":"1"}]}`, `{"followers":1e99}`} {
		for _, status := range []int{200, 201, 302, 401, 404, 422, 429, 500} {
			f.Add(status, body, "3")
		}
	}
	f.Add(429, "", "-9223372036854775808")
	f.Add(429, "", "Tue, 10 Mar 2026 09:00:00 GMT")
	var status atomic.Int64
	var body, after atomic.Value
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Retry-After"] = []string{after.Load().(string)}
		w.WriteHeader(int(status.Load()))
		_, _ = io.WriteString(w, body.Load().(string))
	}))
	f.Cleanup(web.Close)
	c := outbound.New(outbound.Options{Allow: []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.1/32")}}})
	f.Cleanup(c.Close)
	n := demo.New(c, func() string { return web.URL })
	to := network.Target{AccountID: "north", Credential: network.Credential{"token": token}}
	p := network.Prepared{Handle: "seed", Record: []byte(`{"post":{"text":"a"}}`)}
	f.Fuzz(func(t *testing.T, code int, answer, wait string) {
		code = 200 + (code%400+400)%400
		status.Store(int64(code))
		body.Store(answer)
		// Control characters in a header break the connection: that is the
		// transport's matter, tested by the suite.
		after.Store(strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || r == utf8.RuneError {
				return -1
			}
			return r
		}, wait))
		receipt, err := n.Commit(t.Context(), to, p)
		if err == nil && (receipt.Ref.ID == "" || code > 299) {
			t.Errorf("%d %q is taken for a receipt: %+v", code, answer, receipt)
		}
		judge(t, code, err)
		if _, err := n.Connect(t.Context(), "", to.Credential); err != nil {
			judge(t, code, err)
		}
		if found, err := n.Lookup(t.Context(), to, p); err == nil && found.Presence == network.Present && found.Receipt.Ref.ID == "" {
			t.Errorf("%q is present without an id", answer)
		}
		if _, err := n.MeasureAccount(t.Context(), to); err != nil {
			judge(t, code, err)
		}
	})
}

func judge(t *testing.T, code int, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var e *network.Error
	if !errors.As(err, &e) {
		t.Fatalf("the error has no verdict: %v", err)
	}
	clear := code >= 400 && code < 500
	if e.Verdict != network.Unclear && !clear {
		t.Errorf("%d is taken for %q", code, e.Verdict)
	}
	if e.RetryAfter < 0 || strings.Contains(err.Error(), token) || strings.ContainsAny(e.Text, "\n\x00") {
		t.Errorf("the error is not fit to be shown: %v, again after %s", err, e.RetryAfter)
	}
}

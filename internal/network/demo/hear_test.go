package demo_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network"
	"rapport/internal/network/demo"
	"rapport/internal/network/demo/emulator"
	"rapport/internal/network/networktest/wire"
	"rapport/internal/outbound"
)

// heard reads everything there is to hear.
func heard(t *testing.T, n *demo.Network, to network.Target, after string, since time.Time) (all []network.Message, next string) {
	t.Helper()
	for {
		page, err := n.Hear(t.Context(), to, after, since)
		if err != nil {
			t.Fatal(err)
		}
		all, after = append(all, page.Messages...), page.Next
		if !page.More {
			return all, after
		}
	}
}

// talked is an account with a post that people talk about.
func talked(t *testing.T) (*emulator.Server, *clock, *demo.Network, network.Target, network.Receipt) {
	t.Helper()
	at := newClock()
	s, n, to := pair(t, emulator.Options{Now: at.Now})
	out, err := n.Commit(t.Context(), to, prepare(t, n, to, "Which coffee did you drink this morning?", "seed-1"))
	if err != nil {
		t.Fatal(err)
	}
	at.Advance(24 * time.Hour)
	return s, at, n, to, out
}

func TestHear(t *testing.T) {
	_, at, n, to, out := talked(t)
	since := at.Now().Add(-48 * time.Hour)
	all, next := heard(t, n, to, "", since)
	if len(all) < 10 {
		t.Fatalf("only %d were heard", len(all))
	}
	for _, m := range all {
		if m.Ref.ID == "" || m.Author.ID == "" || !strings.HasPrefix(m.Author.Handle, "@") || m.Author.Name == "" || m.Author.AvatarURL == "" || m.Text == "" || m.Own || m.At.IsZero() || m.URL == "" {
			t.Errorf("heard: %+v", m)
		}
	}
	i := slices.IndexFunc(all, func(m network.Message) bool { return m.Parent == out.Ref.ID })
	if i < 0 {
		t.Fatal("nobody answers the post")
	}
	it := network.Item{Kind: network.PartComment, Text: "Good choice.", Parent: &all[i].Ref}
	p, err := n.Prepare(t.Context(), to, it, "answer", network.Prepared{})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := n.Commit(t.Context(), to, p)
	if err != nil {
		t.Fatal(err)
	}
	at.Advance(time.Minute)
	news, _ := heard(t, n, to, next, since)
	j := slices.IndexFunc(news, func(m network.Message) bool { return m.Ref.ID == answer.Ref.ID })
	if j < 0 || !news[j].Own || news[j].Parent != all[i].Ref.ID {
		t.Errorf("the own answer is not told: %+v", news)
	}
	thread, whole, err := n.Thread(t.Context(), to, all[i].Ref)
	if err != nil || !whole {
		t.Fatalf("thread: %v, whole %t", err, whole)
	}
	for _, id := range []string{out.Ref.ID, all[i].Ref.ID, answer.Ref.ID} {
		if !slices.ContainsFunc(thread, func(m network.Message) bool { return m.Ref.ID == id }) {
			t.Errorf("%s is not in the thread", id)
		}
	}
}

func TestRecheck(t *testing.T) {
	_, at, n, to, _ := talked(t)
	all, _ := heard(t, n, to, "", at.Now().Add(-48*time.Hour))
	refs := []network.Ref{{ID: "nothing"}}
	for _, m := range all {
		refs = append(refs, m.Ref)
	}
	now, gone, err := n.Recheck(t.Context(), to, refs)
	if err != nil || len(now) != len(all) || !slices.Equal(gone, []string{"nothing"}) {
		t.Fatalf("there are %d of %d, gone %v, %v", len(now), len(all), gone, err)
	}
	for _, m := range all {
		if diff := cmp.Diff(m, now[m.Ref.ID]); diff != "" {
			t.Errorf("it is another one now (-heard +now):\n%s", diff)
		}
	}
	at.Advance(30 * time.Hour)
	later, gone, err := n.Recheck(t.Context(), to, refs)
	if err != nil || len(later)+len(gone) != len(refs) {
		t.Errorf("there are %d and gone %d of %d, %v", len(later), len(gone), len(refs), err)
	}
	_, _, err = n.Thread(t.Context(), to, network.Ref{ID: "nothing"})
	if e := (*network.Error)(nil); !asError(err, &e) || e.Verdict != network.Refused || e.Status != 404 {
		t.Errorf("a thread that is not there: %v", err)
	}
}

func asError(err error, into **network.Error) bool {
	e, ok := err.(*network.Error)
	*into = e
	return ok
}

func TestHistory(t *testing.T) {
	s, at, n, to, _ := talked(t)
	for i := range 60 {
		if err := s.Seed(emulator.Past{ID: "old" + string(rune('A'+i)), Account: "north", Text: "An older one.", PublishedAt: at.Now().AddDate(0, 0, -i-2)}); err != nil {
			t.Fatal(err)
		}
	}
	var all []network.OwnPost
	for after := ""; ; {
		posts, next, err := n.History(t.Context(), to, after)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, posts...)
		if after = next; after == "" {
			break
		}
	}
	if len(all) != 61 || !slices.IsSortedFunc(all, func(a, b network.OwnPost) int { return b.At.Compare(a.At) }) {
		t.Fatalf("%d posts were read, in some order", len(all))
	}
	if c := all[0].Counters; c.Views == nil || *c.Views == 0 || c.Quotes != nil || !all[0].Own {
		t.Errorf("the newest is %+v", all[0])
	}
}

func TestHearingUnderFaults(t *testing.T) {
	for _, c := range []struct {
		fault wire.Fault
		want  network.Verdict
	}{
		{wire.Fault{Kind: wire.Status, Status: 401}, network.Unauthorized}, {wire.Fault{Kind: wire.Status, Status: 429, RetryAfter: "9"}, network.Throttled},
		{wire.Fault{Kind: wire.Status, Status: 500}, network.Unclear}, {wire.Fault{Kind: wire.Garbled}, network.Unclear}, {wire.Fault{Kind: wire.Half}, network.Unclear},
		{wire.Fault{Kind: wire.Endless}, network.Unclear}, {wire.Fault{Kind: wire.ResetBefore}, network.Unclear},
	} {
		t.Run(string(c.fault.Kind), func(t *testing.T) {
			s, at, n, to, out := talked(t)
			if err := s.Order(c.fault); err != nil {
				t.Fatal(err)
			}
			_, heardErr := n.Hear(t.Context(), to, "", at.Now().Add(-time.Hour))
			_, _, threadErr := n.Thread(t.Context(), to, out.Ref)
			now, gone, checkErr := n.Recheck(t.Context(), to, []network.Ref{out.Ref})
			_, _, historyErr := n.History(t.Context(), to, "")
			for _, err := range []error{heardErr, threadErr, checkErr, historyErr} {
				if e := (*network.Error)(nil); !asError(err, &e) || e.Verdict != c.want || strings.Contains(err.Error(), token) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			}
			if len(now)+len(gone) != 0 {
				t.Errorf("a failed look says %v and gone %v", now, gone)
			}
		})
	}
}

func TestAbilities(t *testing.T) {
	names := []string{}
	for _, a := range demo.New(nil, nil).Abilities(network.Target{}) {
		names = append(names, a.Name)
		if a.Label == "" || !a.Can && a.Why == "" {
			t.Errorf("it does not say enough: %+v", a)
		}
	}
	want := []string{"publish", "pictures", "alt_text", "threads", "warning", "visibility", "delete", "inbox", "stream", "reply", "history", "numbers", "views", "followers"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

// FuzzHearing: whatever a network answers, nothing without an author or an id
// is heard, nothing is longer than promised, and no silence is taken for gone.
func FuzzHearing(f *testing.F) {
	one := `{"id":"1-c1","url":"http://a/1","author":{"id":"mira","handle":"mira","name":"Mira"},"text":"Hi","at":"2026-03-10T09:00:00Z","in_reply_to":"1","root":"1","mentions":["north"],"media":[{"url":"http://a/b","alt":"c"}]}`
	for _, body := range []string{`{"messages":[` + one + `],"next":"1","more":true}`, `{"messages":[` + one + `,{}],"gone":["1","2"],"next":"` + strings.Repeat("9", 300) + `"}`,
		`{"messages":[{"id":"1","author":{"id":"a","avatar_url":"javascript:alert(1)"},"text":"\ud800","at":"2026-03-10T09:00:00Z","own":true,"numbers":{"likes":1e9}}],"next":"7"}`,
		`{"messages":{},"next":1}`, `{"gone":["1-c1"]}`, `[]`, `null`, ``} {
		f.Add(200, body)
		f.Add(404, body)
	}
	var status atomic.Int64
	var body atomic.Value
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
		_, _ = io.WriteString(w, body.Load().(string))
	}))
	f.Cleanup(web.Close)
	c := outbound.New(outbound.Options{Allow: []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.1/32")}}})
	f.Cleanup(c.Close)
	n := demo.New(c, func() string { return web.URL })
	to := network.Target{AccountID: "north", Credential: network.Credential{"token": token}}
	f.Fuzz(func(t *testing.T, code int, answer string) {
		code = 200 + (code%400+400)%400
		status.Store(int64(code))
		body.Store(answer)
		got, err := n.Hear(t.Context(), to, "6", time.Time{})
		judge(t, code, err)
		all := got.Messages
		if err == nil && (got.Next == "" || got.More && got.Next == "6") {
			t.Errorf("the way on from %q is %q", "6", got.Next)
		}
		thread, _, err := n.Thread(t.Context(), to, network.Ref{ID: "1-c1"})
		judge(t, code, err)
		now, gone, err := n.Recheck(t.Context(), to, []network.Ref{{ID: "1-c1"}})
		judge(t, code, err)
		if err != nil && len(now)+len(gone) > 0 || len(now)+len(gone) > 1 {
			t.Errorf("a look says %v and gone %v, %v", now, gone, err)
		}
		posts, _, err := n.History(t.Context(), to, "")
		judge(t, code, err)
		for _, p := range posts {
			all = append(all, p.Message)
		}
		for _, m := range append(all, thread...) {
			if m.Ref.ID == "" || m.Author.ID == "" || len(m.Text) > network.MostText || strings.HasPrefix(m.Author.AvatarURL, "javascript") || len(m.Media) > 20 {
				t.Errorf("heard: %+v", m)
			}
		}
	})
}

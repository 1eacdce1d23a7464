package mastodon_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network"
	"rapport/internal/network/mastodon"
	"rapport/internal/network/mastodon/emulator"
	"rapport/internal/network/networktest/wire"
)

// pair is a server and a connector with an account connected.
func pair(t *testing.T, o emulator.Options) (*emulator.Server, *mastodon.Network, network.Target) {
	t.Helper()
	o.Accounts = append(o.Accounts, emulator.Account{Name: "north", Title: "North", Followers: 50_000})
	o.NoRateLimits = true
	s, address := serve(t, o)
	n := mastodon.New(client(t))
	return s, n, connect(t, n, address)
}

func connect(t *testing.T, n *mastodon.Network, address string) network.Target {
	t.Helper()
	a, err := n.Connect(t.Context(), address, network.Credential{"token": token})
	if err != nil {
		t.Fatal(err)
	}
	return target(a)
}

func target(a network.Account) network.Target {
	return network.Target{Server: a.Server, AccountID: a.ID, Credential: a.Credential, Limits: a.Limits, Details: a.Details}
}

func TestConnectReadsTheLimits(t *testing.T) {
	_, _, to := pair(t, emulator.Options{TextLimit: 777, MediaLimit: 6, AltLimit: 99})
	l := to.Limits
	if l.Text != 777 || l.Images != 6 || l.AltText != 99 || l.URLLength != 23 || !l.MentionsLocal || l.Unit != network.Graphemes ||
		l.RepeatUnsafe || l.ImageBytes == 0 || len(l.ImageTypes) == 0 || !l.Comment || l.Parts < 2 {
		t.Errorf("limits: %+v", l)
	}
	_, _, to = pair(t, emulator.Options{IgnoreIdempotency: true})
	if !to.Limits.RepeatUnsafe || to.Limits.MentionsLocal || to.Limits.URLLength != 0 || to.Details["software"] != "gotosocial" {
		t.Errorf("a server of other software: %+v, %v", to.Limits, to.Details)
	}
}

// fake answers what is listed and 404 for all else.
func fake(t testing.TB, answers map[string]string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := answers[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			body = `{"error":"Record not found"}`
		}
		_, _ = io.WriteString(w, strings.ReplaceAll(body, "HOST", r.Host))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestOlderAndOtherServers(t *testing.T) {
	const me = `{"id":"9tKGHbLRI0jLtJkq3M","username":"north","acct":"north","url":"https://a.example/north","avatar":"javascript:alert(1)"}`
	for _, c := range []struct {
		name    string
		answers map[string]string
		want    network.Limits
		handle  string
	}{
		{"Pleroma", map[string]string{
			"/api/v1/instance":      `{"uri":"https://social.example","version":"2.7.2 (compatible; Pleroma 2.6.0)","max_toot_chars":4096,"upload_limit":16000000,"description_limit":5000}`,
			"/.well-known/nodeinfo": `{"links":[{"rel":"http://nodeinfo.diaspora.software/ns/schema/2.1","href":"http://HOST/nodeinfo/2.1.json"}]}`,
			"/nodeinfo/2.1.json":    `{"software":{"name":"Pleroma"}}`,
		}, network.Limits{Text: 4096, Unit: network.Runes, Images: 4, ImageBytes: 16_000_000, AltText: 5000, Parts: 25, Comment: true, RepeatUnsafe: true}, "@north@social.example"},
		{"one that tells nothing", map[string]string{"/api/v1/instance": `{}`},
			network.Limits{Text: 500, Unit: network.Runes, Images: 4, AltText: 1500, Parts: 25, Comment: true, RepeatUnsafe: true}, ""},
		{"an old Mastodon", map[string]string{
			"/api/v1/instance":      `{"uri":"social.example","version":"3.5.3","configuration":{"statuses":{"max_characters":500,"characters_reserved_per_url":23,"max_media_attachments":4},"media_attachments":{"supported_mime_types":["image/png","video/mp4"],"image_size_limit":10485760}},"urls":{"streaming_api":"wss://streaming.social.example"}}`,
			"/.well-known/nodeinfo": `{"links":[{"rel":"http://nodeinfo.diaspora.software/ns/schema/2.0","href":"http://HOST/nodeinfo/2.0"}]}`,
			"/nodeinfo/2.0":         `{"software":{"name":"mastodon"}}`,
		}, network.Limits{Text: 500, Unit: network.Graphemes, URLLength: 23, MentionsLocal: true, Images: 4, ImageBytes: 10485760, ImageTypes: []string{"image/png"},
			AltText: 1500, Parts: 25, Comment: true}, "@north@social.example"},
		{"one that lies", map[string]string{
			"/api/v2/instance":      `{"domain":"a b<script>","configuration":{"statuses":{"max_characters":-5,"max_media_attachments":99999999},"media_attachments":{"image_size_limit":-1}}}`,
			"/.well-known/nodeinfo": `{"links":[{"rel":"http://nodeinfo.diaspora.software/ns/schema/2.0","href":"http://elsewhere.example/nodeinfo/2.0"}]}`,
		}, network.Limits{Text: 500, Unit: network.Runes, Images: 100, AltText: 1500, Parts: 25, Comment: true, RepeatUnsafe: true}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.answers["/api/v1/accounts/verify_credentials"] = me
			address := fake(t, c.answers)
			a, err := mastodon.New(client(t)).Connect(t.Context(), address, network.Credential{"token": token})
			if err != nil {
				t.Fatal(err)
			}
			a.Limits.Options = nil
			if diff := cmp.Diff(c.want, a.Limits); diff != "" {
				t.Error(diff)
			}
			if c.handle == "" {
				c.handle = "@north@" + strings.TrimPrefix(address, "http://")
			}
			if a.Handle != c.handle || a.AvatarURL != "" {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestServerAddresses(t *testing.T) {
	_, address := serve(t, emulator.Options{Accounts: []emulator.Account{{Name: "north"}}})
	host := strings.TrimPrefix(address, "http://")
	n := mastodon.New(client(t))
	for _, typed := range []string{address, address + "/", " " + host + " ", "@north@" + host, "north@" + host, strings.ToUpper(address), address + "/@north", host + "/home"} {
		t.Run(typed, func(t *testing.T) {
			a, err := n.Connect(t.Context(), typed, network.Credential{"token": token})
			if err != nil || a.Server != address {
				t.Errorf("got %q, %v; want %q", a.Server, err, address)
			}
		})
	}
	for _, wrong := range []string{"", "@", "ftp://a.example", "http://a.example", "https://user:word@a.example", "https://", "https://%", "a b.example", "https:///x", strings.Repeat("a", 400)} {
		t.Run(wrong, func(t *testing.T) {
			_, err := n.Connect(t.Context(), wrong, network.Credential{"token": token})
			if network.VerdictOf(err) != network.Refused {
				t.Errorf("got %v, want it refused", err)
			}
		})
	}
	_, err := n.Connect(t.Context(), address, network.Credential{"token": "two\nlines"})
	if network.VerdictOf(err) != network.Unauthorized {
		t.Errorf("a token of two lines: %v", err)
	}
}

// browser signs in at the server's own page.
type browser struct{ http.Client }

func newBrowser() *browser {
	return &browser{http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

const back = "https://studio.example/connect/mastodon"

func TestSignIn(t *testing.T) {
	s, address := serve(t, emulator.Options{Accounts: []emulator.Account{{Name: "north"}}, NoRateLimits: true})
	n := mastodon.New(client(t))
	a, err := n.Authorize(t.Context(), address, back, "the-state", nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(a.URL)
	if err != nil || u.Query().Get("state") != "the-state" || u.Query().Get("code_challenge_method") != "S256" || len(a.Secret["verifier"]) < 43 ||
		strings.Contains(a.URL, a.Secret["verifier"]) || strings.Contains(a.URL, a.App["client_secret"]) {
		t.Fatalf("authorization: %v %v", a.URL, err)
	}
	account, err := n.Complete(t.Context(), a, back, allow(t, a.URL))
	if err != nil {
		t.Fatal(err)
	}
	if account.Handle == "" || !strings.Contains(account.Details["scopes"], "write:media") || account.Details["app"] != "Rapport" {
		t.Errorf("account: %+v", account)
	}
	to := target(account)
	p, err := n.Prepare(t.Context(), to, network.Item{Text: "Signed in."}, "seed", network.Prepared{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := n.Commit(t.Context(), to, p)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Find(r.Ref.ID); got.Text != "Signed in." {
		t.Errorf("published: %+v", got)
	}
	again, err := n.Authorize(t.Context(), address, back, "other", a.App)
	if err != nil || again.App["client_id"] != a.App["client_id"] {
		t.Errorf("the registration is not used again: %v", err)
	}
	wrong := network.Credential{"client_id": "x", "client_secret": "y", "redirect": back, "scopes": a.App["scopes"]}
	if again, err = n.Authorize(t.Context(), address, back, "other", wrong); err != nil || again.App["client_id"] == "x" {
		t.Errorf("a registration that is refused is kept: %v", err)
	}
	if again, err = n.Authorize(t.Context(), address, back+"2", "other", a.App); err != nil || again.App["client_id"] == a.App["client_id"] {
		t.Errorf("a registration for another redirect is used: %v", err)
	}
}

// allow plays the person who allows the access, and returns the code.
func allow(t *testing.T, address string) string {
	t.Helper()
	b := newBrowser()
	u, _ := url.Parse(address)
	form := u.Query()
	form.Set("account", "north")
	form.Set("decision", "allow")
	resp, err := b.PostForm("http://"+u.Host+"/oauth/authorize", form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	to, err := resp.Location()
	if err != nil {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s: %v %s", resp.Status, err, text)
	}
	if to.Query().Get("state") != form.Get("state") {
		t.Errorf("sent back with %s", to)
	}
	return to.Query().Get("code")
}

func TestSignInGoesWrong(t *testing.T) {
	_, address := serve(t, emulator.Options{Accounts: []emulator.Account{{Name: "north"}}, NoRateLimits: true})
	n := mastodon.New(client(t))
	a, err := n.Authorize(t.Context(), address, back, "the-state", nil)
	if err != nil {
		t.Fatal(err)
	}
	code := allow(t, a.URL)
	other := a
	other.Secret = network.Credential{"verifier": strings.Repeat("x", 52)}
	for name, c := range map[string]struct {
		a    network.Authorization
		code string
	}{"no code": {a, ""}, "a wrong code": {a, "wrong-code"}, "another verifier": {other, code}} {
		_, err := n.Complete(t.Context(), c.a, back, c.code)
		var e *network.Error
		if !errors.As(err, &e) || e.Verdict != network.Refused || e.Text == "" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, secret := range []string{code, a.App["client_secret"], a.Secret["verifier"]} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: a secret is in %v", name, err)
			}
		}
	}
	if _, err := n.Authorize(t.Context(), "http://a.example", back, "s", nil); network.VerdictOf(err) != network.Refused {
		t.Errorf("got %v", err)
	}
}

func TestAbilities(t *testing.T) {
	n := mastodon.New(client(t))
	cannot := func(details map[string]string) map[string]string {
		out := map[string]string{}
		for _, a := range n.Abilities(network.Target{Details: details}) {
			if !a.Can {
				out[a.Name] = a.Why
			}
			if a.Label == "" || !a.Can && a.Why == "" {
				t.Errorf("%+v", a)
			}
		}
		return out
	}
	all := cannot(map[string]string{"scopes": "read write:statuses write:media", "software": "mastodon"})
	if len(all) != 1 || all["views"] == "" {
		t.Errorf("with all scopes: %v", all)
	}
	for _, c := range []struct{ scopes, software, lacks string }{
		{"read write", "mastodon", ""},
		{"", "", ""},
		{"read write:statuses", "mastodon", "pictures alt_text"},
		{"read", "mastodon", "publish reply delete"},
		{"read:accounts read:statuses write", "mastodon", "inbox stream"},
		{"write", "mastodon", "history numbers followers"},
		{"read write", "pleroma", "stream"},
	} {
		got := cannot(map[string]string{"scopes": c.scopes, "software": c.software})
		for _, name := range strings.Fields(c.lacks) {
			if got[name] == "" {
				t.Errorf("%q on %s can do %s", c.scopes, c.software, name)
			}
		}
		if c.lacks == "" && len(got) != 1 {
			t.Errorf("%q cannot: %v", c.scopes, got)
		}
	}
	unsafe := n.Abilities(network.Target{Limits: network.Limits{RepeatUnsafe: true}})[0]
	if !unsafe.Can || unsafe.Why == "" {
		t.Errorf("nothing is said of repeats: %+v", unsafe)
	}
}

func TestWhenARepeatIsHarmless(t *testing.T) {
	n := mastodon.New(client(t))
	for _, c := range []struct {
		version string
		unsafe  bool
		age     time.Duration
		want    bool
	}{
		{"4.6.0", false, 0, true},
		{"4.10.1+glitch", false, 0, true},
		{"4.6.0", false, 49 * time.Minute, true},
		{"4.6.0", false, 50 * time.Minute, false},
		{"4.6.0", true, 0, false},
		// A key that is still being worked on was not known there.
		{"4.5.9", false, 0, false},
		{"4.6.0-nightly.2026-01-10", false, 0, false},
		{"", false, time.Minute, false},
		{"4.5.9", false, 2 * time.Minute, true},
		{"", false, 2 * time.Minute, true},
	} {
		to := network.Target{Limits: network.Limits{RepeatUnsafe: c.unsafe}, Details: map[string]string{"version": c.version}}
		if got := n.RepeatHarmless(to, c.age); got != c.want {
			t.Errorf("%+v gives %t", c, got)
		}
	}
}

func TestRateLimits(t *testing.T) {
	reset := time.Now().Add(5 * time.Minute).UTC().Format("2006-01-02T15:04:05.000000Z")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-RateLimit-Reset", reset)
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"error":"Too many requests"}`)
	}))
	defer s.Close()
	_, err := mastodon.New(client(t)).Connect(context.Background(), s.URL, network.Credential{"token": token})
	var e *network.Error
	if !errors.As(err, &e) || e.Verdict != network.Throttled || e.RetryAfter < 4*time.Minute || e.RetryAfter > 5*time.Minute+time.Second || e.Text != "Too many requests" {
		t.Errorf("got %+v", err)
	}
}

func TestMediaThatIsNotReadyIsNotFinal(t *testing.T) {
	at := newClock()
	s, n, to := pair(t, emulator.Options{Now: at.Now})
	pic := png(t)
	p, err := n.Prepare(t.Context(), to, network.Item{Text: "A picture.", Media: []network.Media{pic}}, "seed", network.Prepared{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Order(wire.Fault{Kind: wire.Status, Status: 422, Path: "/api/v1/statuses", Method: "POST", Times: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Commit(t.Context(), to, p); network.VerdictOf(err) != network.Refused {
		t.Errorf("with pictures that are ready: %v", err)
	}
	if err := s.Order(wire.Fault{Kind: wire.Status, Status: 206, Path: "/api/v1/media/*", Method: "GET"}); err != nil {
		t.Fatal(err)
	}
	var e *network.Error
	if _, err := n.Commit(t.Context(), to, p); !errors.As(err, &e) || e.Verdict != network.NotSent || e.RetryAfter <= 0 {
		t.Errorf("with a picture at work: %v", err)
	}
}

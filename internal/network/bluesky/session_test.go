package bluesky_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	"rapport/internal/network/bluesky/emulator"
)

// pair is a network and a connector with its account connected.
func pair(t *testing.T, o emulator.Options) (*emulator.Server, *bluesky.Network, network.Target, *clock) {
	t.Helper()
	at := newClock()
	o.Now = at.Now
	o.Accounts = append(o.Accounts, emulator.Account{Name: "north", Title: "North", Followers: 1200})
	s, address := emulate(t, o)
	n := bluesky.New(client(t))
	n.SetNow(at.Now)
	a, err := n.Connect(t.Context(), address, network.Credential{"handle": "@north.test", "password": "bluesky-north"})
	if err != nil {
		t.Fatal(err)
	}
	return s, n, targetOf(a), at
}

func targetOf(a network.Account) network.Target {
	return network.Target{Server: a.Server, AccountID: a.ID, Credential: a.Credential, Limits: a.Limits, Details: a.Details}
}

func TestConnect(t *testing.T) {
	at := newClock()
	_, address := emulate(t, emulator.Options{Now: at.Now, Accounts: []emulator.Account{{Name: "north", Title: "North"}, {Name: "asleep", State: "deactivated"},
		{Name: "banned", State: "takendown"}, {Name: "careful", CodeByEmail: true}}})
	n := bluesky.New(client(t))
	a, err := n.Connect(t.Context(), strings.TrimPrefix(address, "http://"), network.Credential{"handle": " @north.test ", "password": "bluesky-north"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"access", "refresh"} {
		if a.Credential[name] == "" {
			t.Errorf("no %s token is kept", name)
		}
		delete(a.Credential, name)
	}
	want := network.Account{ID: emulator.DID("north"), Server: address, Handle: "@north.test", Name: "North", URL: address + "/profile/north.test",
		AvatarURL: a.AvatarURL, Limits: a.Limits, ExpiresAt: at.Now().Add(2 * time.Hour),
		Credential: network.Credential{"handle": "north.test", "password": "bluesky-north"}, Details: map[string]string{"software": "AT Protocol", "handle": "north.test"}}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, c := range []struct{ handle, password, server, says string }{
		{"north.test", "wrong", address, "Invalid identifier or password"},
		{"nobody.test", "bluesky-north", address, "Invalid identifier or password"},
		{"careful.test", "account-careful", address, "This password asks for a second factor. Make an app password on Bluesky under Settings, Privacy and security, App passwords, and use that."},
		{"asleep.test", "bluesky-asleep", address, "This account is deactivated. Activate it on Bluesky first."},
		{"banned.test", "account-banned", address, "Bluesky has suspended this account."},
	} {
		_, err := n.Connect(t.Context(), c.server, network.Credential{"handle": c.handle, "password": c.password})
		var e *network.Error
		if !errors.As(err, &e) || e.Verdict != network.Unauthorized || e.Text != c.says {
			t.Errorf("%s: got %v, want unauthorized: %s", c.handle, err, c.says)
		}
	}
	for _, server := range []string{"ftp://example.org", "https://a:b@example.org", "https://", "http://[::1"} {
		_, err := n.Connect(t.Context(), server, network.Credential{"handle": "north.test", "password": "x"})
		if network.VerdictOf(err) != network.Refused {
			t.Errorf("%q: got %v, want refused", server, err)
		}
	}
}

// Without a server the handle says where its account lives, and the password
// goes there and nowhere else.
func TestConnectFindsTheServer(t *testing.T) {
	_, home := emulate(t, emulator.Options{Accounts: []emulator.Account{{Name: "north"}}})
	did := emulator.DID("north")
	signIns := 0
	resolved := say(object{"did": did})
	document := say(object{"id": did, "alsoKnownAs": []string{"at://north.test"}, "service": []object{
		{"id": "#bsky_notif", "type": "x", "serviceEndpoint": object{}}, {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": home}}})
	public := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/xrpc/com.atproto.identity.resolveHandle":
			resolved(w, r)
		case "/" + did:
			document(w, r)
		default:
			signIns++
			refuse(http.StatusUnauthorized, "AuthenticationRequired", "Not here")(w, r)
		}
	}))
	defer public.Close()
	n := bluesky.NewAt(client(t), bluesky.Hosts{Entry: public.URL, Directory: public.URL})
	connect := func(server, handle string) (network.Account, error) {
		return n.Connect(t.Context(), server, network.Credential{"handle": handle, "password": "bluesky-north"})
	}
	for _, server := range []string{"", public.URL, "https://bsky.app"} {
		a, err := connect(server, "north.test")
		if err != nil || a.Server != home || signIns != 0 {
			t.Errorf("%q: %s, %v, %d sign-ins elsewhere", server, a.Server, err, signIns)
		}
	}
	// An account that does not call itself so is not believed.
	if _, err := connect("", "other.test"); network.VerdictOf(err) != network.Unauthorized || signIns != 1 {
		t.Errorf("another's name: %v, %d sign-ins", err, signIns)
	}
	if _, err := connect("", "north@example.test"); network.VerdictOf(err) != network.Unauthorized || signIns != 2 {
		t.Errorf("an address of mail: %v, %d sign-ins", err, signIns)
	}
	resolved = refuse(http.StatusBadRequest, "HandleNotFound", "Unable to resolve handle")
	if _, err := connect("", "north.test"); network.VerdictOf(err) != network.Refused || signIns != 2 {
		t.Errorf("nobody's name: %v, %d sign-ins", err, signIns)
	}
}

// Looking at a channel makes no session and hands none out, so that a renewal
// at the same moment loses nothing.
func TestConnectWithASessionOnlyLooks(t *testing.T) {
	_, n, to, at := pair(t, emulator.Options{})
	a, err := n.Connect(t.Context(), to.Server, to.Credential)
	if err != nil || len(a.Credential) != 0 || a.Name != "North" || !a.ExpiresAt.Equal(at.Now().Add(2*time.Hour)) {
		t.Errorf("%+v, %v", a, err)
	}
	at.Advance(3 * time.Hour)
	if _, err := n.Connect(t.Context(), to.Server, to.Credential); !network.HasExpired(err) || network.VerdictOf(err) != network.NotSent {
		t.Errorf("with an ended session: %v", err)
	}
}

func TestRefresh(t *testing.T) {
	with := func(c network.Credential, changes network.Credential) network.Credential {
		out := network.Credential{}
		for k, v := range c {
			out[k] = v
		}
		for k, v := range changes {
			out[k] = v
		}
		return out
	}
	for _, c := range []struct {
		name   string
		change network.Credential
		after  time.Duration
		want   network.Verdict
		fails  bool
	}{
		{name: "in time", after: time.Hour},
		{name: "after the access ended", after: 3 * time.Hour},
		{name: "after the renewal ended too", after: 100 * 24 * time.Hour},
		{name: "no refresh token", change: network.Credential{"refresh": ""}},
		{name: "a spoilt refresh token", change: network.Credential{"refresh": "eyJ.x.y"}},
		{name: "no password", change: network.Credential{"password": ""}},
		{name: "neither", change: network.Credential{"password": "", "refresh": ""}, fails: true, want: network.Unauthorized},
		{name: "dead and no password", change: network.Credential{"password": ""}, after: 100 * 24 * time.Hour, fails: true, want: network.Unauthorized},
		{name: "dead and the password taken back", change: network.Credential{"password": "wrong", "refresh": "eyJ.x.y"}, fails: true, want: network.Unauthorized},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, n, to, at := pair(t, emulator.Options{})
			at.Advance(c.after)
			to.Credential = with(to.Credential, c.change)
			a, err := n.Refresh(t.Context(), to)
			if c.fails {
				if network.VerdictOf(err) != c.want || network.HasExpired(err) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				return
			}
			if err != nil || a.ID != to.AccountID || a.Credential["access"] == "" || a.Credential["refresh"] == "" || !a.ExpiresAt.Equal(at.Now().Add(2*time.Hour)) {
				t.Fatalf("%+v, %v", a, err)
			}
			to.Credential = with(to.Credential, a.Credential)
			if _, err := n.MeasureAccount(t.Context(), to); err != nil {
				t.Errorf("with the new session: %v", err)
			}
		})
	}
}

func TestRefreshOfAServerThatFails(t *testing.T) {
	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		want    network.Verdict
		signIns int
	}{
		{"fails", refuse(http.StatusInternalServerError, "InternalServerError", ""), network.Unclear, 0},
		{"asks to wait", refuse(http.StatusTooManyRequests, "RateLimitExceeded", ""), network.Throttled, 0},
		{"renews for another", say(object{"did": mira, "handle": "mira.test", "accessJwt": "a.b.c", "refreshJwt": "d"}), network.Unclear, 0},
		{"renews without a token", say(object{"did": north, "handle": "north.test"}), network.Unclear, 0},
		{"says no", refuse(http.StatusBadRequest, "ExpiredToken", ""), network.Throttled, 1},
		{"says no otherwise", refuse(http.StatusUnauthorized, "AuthenticationRequired", ""), network.Throttled, 1},
		{"has suspended the account", refuse(http.StatusUnauthorized, "AccountTakedown", ""), network.Throttled, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, n, to := serve(t, map[string]http.HandlerFunc{"com.atproto.server.refreshSession": c.answer,
				"com.atproto.server.createSession": refuse(http.StatusTooManyRequests, "RateLimitExceeded", "")})
			_, err := n.Refresh(t.Context(), to)
			if network.VerdictOf(err) != c.want || s.called("com.atproto.server.createSession") != c.signIns {
				t.Errorf("got %v after %d sign-ins, want %v after %d", err, s.called("com.atproto.server.createSession"), c.want, c.signIns)
			}
			if strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("the error has a secret in it: %v", err)
			}
		})
	}
}

// A renewal that says nothing of a new refresh token leaves the good one.
func TestRefreshWithoutANewRefreshToken(t *testing.T) {
	token := "x." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":1773140400}`)) + ".y"
	_, n, to := serve(t, map[string]http.HandlerFunc{"com.atproto.server.refreshSession": func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret-refresh" || r.ContentLength > 0 {
			t.Errorf("asked with %q and %d bytes", r.Header.Get("Authorization"), r.ContentLength)
		}
		say(object{"did": north, "handle": "north.test", "accessJwt": token, "refreshJwt": ""})(w, r)
	}})
	a, err := n.Refresh(t.Context(), to)
	want := network.Credential{"handle": "north.test", "access": token, "refresh": ""}
	if diff := cmp.Diff(want, a.Credential); diff != "" || err != nil || a.ExpiresAt.Unix() != 1773140400 {
		t.Errorf("%s, ends %s, %v", diff, a.ExpiresAt, err)
	}
}

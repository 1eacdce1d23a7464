package channel_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/fault"
	"rapport/internal/network"
)

// door is a network with a page to sign in at.
type door struct {
	*net
	apps  []network.Credential // that Authorize was given
	codes []string
	says  error
}

func (d *door) Facts() network.Facts {
	f := d.net.Facts()
	f.Name, f.Title, f.ServerLabel = "door", "Door", "Your server's address"
	return f
}

func (d *door) Authorize(_ context.Context, server, redirect, state string, app network.Credential) (network.Authorization, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.apps = append(d.apps, app)
	if d.says != nil {
		return network.Authorization{}, d.says
	}
	if app == nil {
		app = network.Credential{"client": "client-of-ours"}
	}
	server = strings.TrimPrefix(strings.ToLower(server), "https://")
	to := "https://" + server + "/authorize?" + url.Values{"state": {state}, "redirect_uri": {redirect}}.Encode()
	return network.Authorization{Server: "https://" + server, URL: to, App: app, Secret: network.Credential{"verifier": "v-" + state}}, nil
}

func (d *door) Complete(_ context.Context, a network.Authorization, _, code string) (network.Account, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.codes = append(d.codes, code)
	if !strings.HasPrefix(a.Secret["verifier"], "v-") {
		return network.Account{}, &network.Error{Text: "no verifier"}
	}
	got := d.account
	got.Server, got.Credential = a.Server, network.Credential{"token": "of " + code}
	return got, d.err
}

func withDoor(t *testing.T) (*world, *door) {
	w := open(t)
	d := &door{net: w.net}
	w.cs.Networks = network.NewSet(d, w.net)
	return w, d
}

const redirect = "https://rapport.example/studio/connected/door"

func (w *world) begin(t *testing.T, in channel.SignIn) (state string) {
	t.Helper()
	if in.Brand == "" {
		in.Brand = w.brand
	}
	in.Network, in.Session, in.Redirect = "door", "s1", redirect
	to, err := w.cs.Authorize(ctx, w.who, in)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("state")
}

func TestSignIn(t *testing.T) {
	w, _ := withDoor(t)
	state := w.begin(t, channel.SignIn{Server: " @north@social.example "})
	if len(state) < 43 {
		t.Errorf("state %q", state)
	}
	for _, query := range []string{`SELECT state_hash || secret FROM sign_in`, `SELECT secret FROM network_app`} {
		var kept string
		if err := w.d.QueryRowContext(ctx, query).Scan(&kept); err != nil || strings.Contains(kept, state) || strings.Contains(kept, "client-of-ours") {
			t.Errorf("kept as %q, %v", kept, err)
		}
	}
	c, in, err := w.cs.Complete(ctx, w.who, "s1", channel.Return{Network: "door", State: state, Code: "abc"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Handle != "@north" || c.Server != "https://social.example" || c.State != channel.StateConnected || in.Brand != w.brand {
		t.Errorf("%+v, %+v", c, in)
	}
	if diff := cmp.Diff(network.Credential{"token": "of abc"}, w.credential(t, c.ID)); diff != "" {
		t.Error(diff)
	}
}

// What ends a sign-in is its own browser, its own account, its own network,
// in time, and once.
func TestSignInIsRefused(t *testing.T) {
	w, d := withDoor(t)
	other := as(w.brand, access.Owner)
	other.Account = "b"
	for _, c := range []struct {
		name    string
		who     access.Who
		session string
		change  func(*channel.Return)
		says    string
	}{
		{"another session", w.who, "s2", nil, "start again"},
		{"no session", w.who, "", nil, "start again"},
		{"another account", other, "s1", nil, "start again"},
		{"another network", w.who, "s1", func(b *channel.Return) { b.Network = "test" }, "start again"},
		{"another state", w.who, "s1", func(b *channel.Return) { b.State = "x" }, "start again"},
		{"no state", w.who, "s1", func(b *channel.Return) { b.State = "" }, "start again"},
		{"a huge state", w.who, "s1", func(b *channel.Return) { b.State = strings.Repeat("x", 1<<20) }, "start again"},
		{"the person said no", w.who, "s1", func(b *channel.Return) { b.Code, b.Error = "", "access_denied" }, "not given"},
		{"the server broke", w.who, "s1", func(b *channel.Return) { b.Code, b.Error = "", "server_error" }, "did not finish"},
		{"no code", w.who, "s1", func(b *channel.Return) { b.Code = "" }, "did not finish"},
		{"no part in the brand any more", access.Who{Account: "a"}, "s1", nil, "no such brand"},
		{"may no more connect", as(w.brand, access.Creator), "s1", nil, "may not"},
	} {
		t.Run(c.name, func(t *testing.T) {
			back := channel.Return{Network: "door", State: w.begin(t, channel.SignIn{Server: "social.example"}), Code: "abc"}
			if c.change != nil {
				c.change(&back)
			}
			_, _, err := w.cs.Complete(ctx, c.who, c.session, back)
			if err == nil || !strings.Contains(fault.Text(err), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
	if len(d.codes) != 0 {
		t.Errorf("codes were traded: %v", d.codes)
	}
	if all, err := channel.List(ctx, w.d, w.who, w.brand); err != nil || len(all) != 0 {
		t.Errorf("%d channels, %v", len(all), err)
	}
}

func TestSignInEndsOnce(t *testing.T) {
	w, d := withDoor(t)
	back := channel.Return{Network: "door", State: w.begin(t, channel.SignIn{Server: "social.example"}), Code: "abc"}
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range 6 {
		wg.Go(func() {
			_, _, err := w.cs.Complete(ctx, w.who, "s1", back)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				done++
			} else if !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all, err := channel.List(ctx, w.d, w.who, w.brand)
	if err != nil || len(all) != 1 || done != 1 || len(d.codes) != 1 {
		t.Errorf("%d channels, %d done, %d codes, %v", len(all), done, len(d.codes), err)
	}
}

// Two tabs sign in to one account: both end, as one channel.
func TestSignInFromTwoTabs(t *testing.T) {
	w, d := withDoor(t)
	one, two := w.begin(t, channel.SignIn{Server: "social.example"}), w.begin(t, channel.SignIn{Server: "https://SOCIAL.example"})
	var ids []string
	for _, state := range []string{two, one} {
		c, _, err := w.cs.Complete(ctx, w.who, "s1", channel.Return{Network: "door", State: state, Code: "abc"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	if ids[0] != ids[1] {
		t.Errorf("two channels: %v", ids)
	}
	if d.apps[1]["client"] == "" {
		t.Error("the server is not recognised")
	}
}

func TestSignInReusesItsRegistration(t *testing.T) {
	w, d := withDoor(t)
	w.begin(t, channel.SignIn{Server: "social.example"})
	w.begin(t, channel.SignIn{Server: "social.example"})
	w.begin(t, channel.SignIn{Server: "other.example"})
	if d.apps[0] != nil || d.apps[1]["client"] != "client-of-ours" || d.apps[2] != nil {
		t.Errorf("%v %v %v", map[string]string(d.apps[0]), map[string]string(d.apps[1]), map[string]string(d.apps[2]))
	}
}

func TestSignInTakesAtMostItsTime(t *testing.T) {
	w, _ := withDoor(t)
	now := w.d.Now()
	w.d.SetClock(now.Time())
	late := w.begin(t, channel.SignIn{Server: "social.example"})
	w.d.SetClock(now.Time().Add(channel.SignInWithin + time.Second))
	fresh := w.begin(t, channel.SignIn{Server: "social.example"})
	if _, _, err := w.cs.Complete(ctx, w.who, "s1", channel.Return{Network: "door", State: late, Code: "abc"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("late: %v", err)
	}
	if err := channel.Sweep(ctx, w.d); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := w.d.QueryRowContext(ctx, `SELECT COUNT(*) FROM sign_in`).Scan(&left); err != nil || left != 1 {
		t.Errorf("%d left, %v", left, err)
	}
	if _, _, err := w.cs.Complete(ctx, w.who, "s1", channel.Return{Network: "door", State: fresh, Code: "abc"}); err != nil {
		t.Error(err)
	}
}

// A sign-in that should renew a channel but opens another account, or fails,
// leaves the channel and its access as they are.
func TestSignInAgain(t *testing.T) {
	w, d := withDoor(t)
	c, _, err := w.cs.Complete(ctx, w.who, "s1", channel.Return{Network: "door", State: w.begin(t, channel.SignIn{Server: "social.example"}), Code: "one"})
	if err != nil {
		t.Fatal(err)
	}
	state := w.begin(t, channel.SignIn{Again: c.ID})
	d.account.ID, d.account.Handle = "43", "@south"
	if _, _, err := w.cs.Complete(ctx, w.who, "s1", channel.Return{Network: "door", State: state, Code: "two"}); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Text(err), "@south") {
		t.Errorf("another account: %v", err)
	}
	state = w.begin(t, channel.SignIn{Again: c.ID})
	d.account.ID, d.err = "42", &network.Error{Verdict: network.Refused, Text: "The code is old."}
	if _, in, err := w.cs.Complete(ctx, w.who, "s1", channel.Return{Network: "door", State: state, Code: "three"}); !fault.Is(err, fault.Invalid) || in.Again != c.ID {
		t.Errorf("refused: %v, %+v", err, in)
	}
	if cred := w.credential(t, c.ID); cred["token"] != "of one" {
		t.Errorf("kept %v", map[string]string(cred))
	}
	d.err = nil
	again, _, err := w.cs.Complete(ctx, w.who, "s1", channel.Return{Network: "door", State: w.begin(t, channel.SignIn{Again: c.ID}), Code: "four"})
	if err != nil || again.ID != c.ID || w.credential(t, c.ID)["token"] != "of four" {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestAuthorizeIsRefused(t *testing.T) {
	w, d := withDoor(t)
	demo := newBrand(t, w.d, true)
	for _, c := range []struct {
		name, brand, network, server, session string
		says                                  error
		want                                  fault.Kind
		field                                 string
	}{
		{"no server", w.brand, "door", " ", "s1", nil, fault.Invalid, "server"},
		{"no address", w.brand, "door", "two words", "s1", nil, fault.Invalid, "server"},
		{"a network without a page", w.brand, "test", "social.example", "s1", nil, fault.Invalid, ""},
		{"no network", w.brand, "none", "social.example", "s1", nil, fault.NotFound, ""},
		{"a demo brand", demo, "door", "social.example", "s1", nil, fault.Invalid, ""},
		{"without a browser", w.brand, "door", "social.example", "", nil, fault.Denied, ""},
		{"no answer", w.brand, "door", "social.example", "s1", &network.Error{Verdict: network.NotSent}, fault.Unavailable, "server"},
		{"not such a server", w.brand, "door", "social.example", "s1", &network.Error{Verdict: network.Refused, Text: "This is no Mastodon."}, fault.Invalid, "server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.says = c.says
			_, err := w.cs.Authorize(ctx, as(c.brand, access.Owner), channel.SignIn{Brand: c.brand, Network: c.network, Server: c.server, Session: c.session, Redirect: redirect})
			if !fault.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if fields := fault.Fields(err); c.field != "" && (len(fields) != 1 || fields[0].Name != c.field) {
				t.Errorf("at %v, want %s", fields, c.field)
			}
		})
	}
	var n int
	if err := w.d.QueryRowContext(ctx, `SELECT COUNT(*) FROM sign_in`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d began, %v", n, err)
	}
}

func TestWhoMaySignIn(t *testing.T) {
	w, _ := withDoor(t)
	for _, role := range access.Roles {
		_, err := w.cs.Authorize(ctx, as(w.brand, role), channel.SignIn{Brand: w.brand, Network: "door", Server: "social.example", Session: "s1", Redirect: redirect})
		if may := access.Allows(role, access.ChannelWrite); (err == nil) != may || !may && !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", role, err)
		}
	}
	narrow := as(w.brand, access.Owner)
	narrow.Grants[0].Channels = []string{"another"}
	c := w.connect(t)
	if _, err := w.cs.Authorize(ctx, narrow, channel.SignIn{Brand: w.brand, Again: c.ID, Session: "s1", Redirect: redirect}); !fault.Is(err, fault.Denied) {
		t.Errorf("not their channel: %v", err)
	}
	if _, err := w.cs.Authorize(ctx, access.Who{Account: "x"}, channel.SignIn{Brand: w.brand, Network: "door", Server: "social.example", Session: "s1"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("no part: %v", err)
	}
}

func TestRotationResealsRegistrations(t *testing.T) {
	w, d := withDoor(t)
	w.begin(t, channel.SignIn{Server: "social.example"})
	var before, after string
	if err := w.d.QueryRowContext(ctx, `SELECT secret FROM network_app`).Scan(&before); err != nil {
		t.Fatal(err)
	}
	if _, err := w.cs.Keys.AddKey(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.cs.Reseal(ctx); err != nil {
		t.Fatal(err)
	}
	if err := w.d.QueryRowContext(ctx, `SELECT secret FROM network_app`).Scan(&after); err != nil || before == after || w.cs.Keys.NeedsReseal(after) {
		t.Errorf("%q became %q, %v", before, after, err)
	}
	w.begin(t, channel.SignIn{Server: "social.example"})
	if d.apps[1]["client"] != "client-of-ours" {
		t.Error("the registration is lost")
	}
}

package channel_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/secret"
)

var ctx = context.Background()

// net is a network whose answers the test chooses.
type net struct {
	name    string
	demo    bool
	mu      sync.Mutex
	account network.Account
	err     error
	got     network.Credential
	calls   int
	gate    chan struct{} // Refresh waits for it, where set
	during  func()        // and calls it
}

func (n *net) Facts() network.Facts {
	return network.Facts{Name: n.name, Title: "Test", Demo: n.demo, Fields: []network.Field{
		{Name: "token", Label: "the token", Secret: true}, {Name: "refresh", Label: "the refresh token", Optional: true}}}
}

func (n *net) Connect(_ context.Context, server string, c network.Credential) (network.Account, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.got = c
	a := n.account
	a.Server = server
	if a.Credential == nil {
		a.Credential = c
	}
	return a, n.err
}

func (n *net) Refresh(_ context.Context, t network.Target) (network.Account, error) {
	if n.gate != nil {
		<-n.gate
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls++
	n.got = t.Credential
	if n.during != nil {
		n.during()
	}
	return n.account, n.err
}

func (n *net) Prepare(context.Context, network.Target, network.Item, string, network.Prepared) (network.Prepared, error) {
	return network.Prepared{}, errors.New("not asked")
}
func (n *net) Commit(context.Context, network.Target, network.Prepared) (network.Receipt, error) {
	return network.Receipt{}, errors.New("not asked")
}
func (n *net) Lookup(context.Context, network.Target, network.Prepared) (network.Finding, error) {
	return network.Finding{}, errors.New("not asked")
}
func (n *net) RepeatHarmless(network.Target, time.Duration) bool { return false }

type world struct {
	d     *db.DB
	cs    *channel.Channels
	net   *net
	brand string
	who   access.Who
}

func open(t *testing.T) *world {
	t.Helper()
	d := dbtest.Open(t)
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{d: d, net: &net{name: "test", account: network.Account{ID: "42", Handle: "@north", Name: "North",
		Limits: network.Limits{Text: 500, Images: 4}}}}
	w.cs = &channel.Channels{DB: d, Keys: keys, Networks: network.NewSet(w.net, &net{name: "play", demo: true, account: w.net.account})}
	w.brand = newBrand(t, d, false)
	w.who = as(w.brand, access.Owner)
	return w
}

func newBrand(t *testing.T, d *db.DB, demo bool) string {
	t.Helper()
	id := db.NewID()
	_, err := d.ExecContext(ctx, `INSERT INTO brand (id, slug, name, color, zone, demo, created_at) VALUES ($1, $2, 'N', '#000000', 'UTC', $3, 1)`, id, id, demo)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func as(brand string, role access.Role) access.Who {
	return access.Who{Account: "a", Grants: []access.Grant{{Brand: brand, Role: role}}}
}

func (w *world) connect(t *testing.T) channel.Channel {
	t.Helper()
	c, err := w.cs.Connect(ctx, w.who, w.brand, "test", "https://example.org", network.Credential{"token": "one", "refresh": "r1"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) credential(t *testing.T, id string) network.Credential {
	t.Helper()
	_, target, _, err := w.cs.Target(ctx, w.d, w.brand, id)
	if err != nil {
		t.Fatal(err)
	}
	return target.Credential
}

func TestConnect(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	got, err := channel.ByID(ctx, w.d, w.who, w.brand, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, got); diff != "" {
		t.Error(diff)
	}
	if c.State != channel.StateConnected || c.Limits.Text != 500 || c.Handle != "@north" {
		t.Errorf("%+v", c)
	}
	if cred := w.credential(t, c.ID); cred["token"] != "one" {
		t.Errorf("kept %v", map[string]string(cred))
	}
	var sealed string
	if err := w.d.QueryRowContext(ctx, `SELECT credential FROM channel WHERE id = $1`, c.ID).Scan(&sealed); err != nil || strings.Contains(sealed, "one") {
		t.Errorf("stored as %q, %v", sealed, err)
	}
}

func TestConnectAgainIsTheSameChannel(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	if err := w.d.Tx(ctx, func(tx *db.Tx) error { return channel.Attention(ctx, tx, w.brand, c.ID, "The token is dead.") }); err != nil {
		t.Fatal(err)
	}
	w.net.account.Handle = "@south"
	again, err := w.cs.Connect(ctx, w.who, w.brand, "test", "https://example.org", network.Credential{"token": "two"})
	if err != nil {
		t.Fatal(err)
	}
	if again.ID != c.ID || again.Handle != "@south" || again.State != channel.StateConnected || again.StateReason != "" {
		t.Errorf("%+v", again)
	}
	if diff := cmp.Diff(network.Credential{"token": "two", "refresh": "r1"}, w.credential(t, c.ID)); diff != "" {
		t.Error(diff)
	}
}

func TestConnectTwiceAtOnceIsOneChannel(t *testing.T) {
	w := open(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			_, err := w.cs.Connect(ctx, w.who, w.brand, "test", "", network.Credential{"token": "one"})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all, err := channel.List(ctx, w.d, w.who, w.brand)
	if err != nil || len(all) != 1 {
		t.Errorf("%d channels, %v", len(all), err)
	}
}

func TestConnectIsRefused(t *testing.T) {
	w := open(t)
	demo := newBrand(t, w.d, true)
	good := network.Credential{"token": "one"}
	for _, c := range []struct {
		name, brand, network string
		cred                 network.Credential
		says                 error
		want                 fault.Kind
	}{
		{"unknown network", w.brand, "nowhere", good, nil, fault.NotFound},
		{"a real network for a demo brand", demo, "test", good, nil, fault.Invalid},
		{"nothing typed", w.brand, "test", network.Credential{"token": "  "}, nil, fault.Invalid},
		{"a line break", w.brand, "test", network.Credential{"token": "a\nb"}, nil, fault.Invalid},
		{"wrong token", w.brand, "test", good, &network.Error{Verdict: network.Unauthorized}, fault.Invalid},
		{"refused", w.brand, "test", good, &network.Error{Verdict: network.Refused, Text: "No."}, fault.Invalid},
		{"too many", w.brand, "test", good, &network.Error{Verdict: network.Throttled, RetryAfter: time.Minute}, fault.Limited},
		{"out of reach", w.brand, "test", good, &network.Error{Verdict: network.NotSent}, fault.Unavailable},
		{"something else", w.brand, "test", good, errors.New("eh"), fault.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.net.err = c.says
			_, err := w.cs.Connect(ctx, as(c.brand, access.Owner), c.brand, c.network, "", c.cred)
			if !fault.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	w.net.err = nil
	if _, err := w.cs.Connect(ctx, as(demo, access.Owner), demo, "play", "", good); err != nil {
		t.Errorf("a demo network for the demo brand: %v", err)
	}
	if all, err := channel.List(ctx, w.d, w.who, w.brand); err != nil || len(all) != 0 {
		t.Errorf("%d channels were saved, %v", len(all), err)
	}
}

func TestPermissions(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	other := newBrand(t, w.d, false)
	for _, a := range []struct {
		name   string
		action access.Action
		do     func(access.Who, string) error
	}{
		{"read", access.ChannelRead, func(who access.Who, b string) error { _, err := channel.ByID(ctx, w.d, who, b, c.ID); return err }},
		{"list", access.ChannelRead, func(who access.Who, b string) error { _, err := channel.List(ctx, w.d, who, b); return err }},
		{"connect", access.ChannelWrite, func(who access.Who, b string) error {
			_, err := w.cs.Connect(ctx, who, b, "test", "https://example.org", network.Credential{"token": "x"})
			return err
		}},
		{"check", access.ChannelWrite, func(who access.Who, b string) error { _, err := w.cs.Check(ctx, who, b, c.ID); return err }},
		{"remove", access.ChannelWrite, func(who access.Who, b string) error { return w.cs.Remove(ctx, who, b, c.ID, false) }},
	} {
		for _, role := range access.Roles {
			t.Run(a.name+" as "+string(role), func(t *testing.T) {
				w.connect(t)
				err := a.do(as(w.brand, role), w.brand)
				if access.Allows(role, a.action) && err != nil {
					t.Errorf("refused: %v", err)
				}
				if !access.Allows(role, a.action) && !fault.Is(err, fault.Denied) {
					t.Errorf("got %v, want denied", err)
				}
			})
		}
		if err := a.do(as(other, access.Owner), w.brand); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s from another brand: %v, want not found", a.name, err)
		}
		if a.name == "list" || a.name == "connect" {
			continue
		}
		if err := a.do(as(other, access.Owner), other); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s as if it were the other brand's: %v, want not found", a.name, err)
		}
	}
}

func TestGrantOnNamedChannels(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	w.net.account.ID, w.net.account.Handle = "43", "@second"
	second := w.connect(t)
	part := access.Who{Account: "p", Grants: []access.Grant{{Brand: w.brand, Role: access.Manager, Channels: []string{c.ID}}}}
	all, err := channel.List(ctx, w.d, part, w.brand)
	if err != nil || len(all) != 1 || all[0].ID != c.ID {
		t.Errorf("sees %+v, %v", all, err)
	}
	if _, err := channel.ByID(ctx, w.d, part, w.brand, second.ID); !fault.Is(err, fault.Denied) {
		t.Errorf("reading the other one: %v", err)
	}
	w.net.account.ID = "44"
	if _, err := w.cs.Connect(ctx, part, w.brand, "test", "", network.Credential{"token": "x"}); !fault.Is(err, fault.Denied) {
		t.Errorf("connecting a new one: %v", err)
	}
}

func TestAttentionIsToldOnce(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	for range 2 {
		if err := w.d.Tx(ctx, func(tx *db.Tx) error { return channel.Attention(ctx, tx, w.brand, c.ID, "The token is dead.") }); err != nil {
			t.Fatal(err)
		}
	}
	_, _, got, err := w.cs.Target(ctx, w.d, w.brand, c.ID)
	if err != nil || got.State != channel.StateAttention || got.StateReason != "The token is dead." {
		t.Errorf("%+v, %v", got, err)
	}
	var n int
	if err := w.d.QueryRowContext(ctx, `SELECT COUNT(*) FROM outbox WHERE kind = 'channel.attention'`).Scan(&n); err != nil || n != 1 {
		t.Errorf("told %d times, %v", n, err)
	}
}

func TestWaits(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	for _, s := range []struct {
		name    string
		until   db.Time
		appWide bool
		want    db.Time
	}{
		{"its own", 1000, false, 1000},
		{"an earlier one changes nothing", 500, false, 1000},
		{"the app's is later", 3000, true, 3000},
		{"an earlier app's changes nothing", 2000, true, 3000},
		{"its own is later", 4000, false, 4000},
	} {
		if err := w.d.Tx(ctx, func(tx *db.Tx) error { return channel.Wait(ctx, tx, c, s.until, s.appWide) }); err != nil {
			t.Fatal(err)
		}
		now, err := channel.ByID(ctx, w.d, w.who, w.brand, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := channel.ReadyAt(ctx, w.d, now); err != nil || got != s.want {
			t.Errorf("%s: ready at %d, %v; want %d", s.name, got, err, s.want)
		}
	}
}

func TestWorkedIsNotedByTheMinute(t *testing.T) {
	w := open(t)
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	w.d.SetClock(at)
	c := w.connect(t)
	for _, s := range []struct {
		after, want time.Duration
	}{{30 * time.Second, 0}, {2 * time.Minute, 2 * time.Minute}} {
		w.d.SetClock(at.Add(s.after))
		if err := w.d.Tx(ctx, func(tx *db.Tx) error { return channel.Worked(ctx, tx, w.brand, c.ID) }); err != nil {
			t.Fatal(err)
		}
		got, err := channel.ByID(ctx, w.d, w.who, w.brand, c.ID)
		if err != nil || got.WorkedAt != db.At(at.Add(s.want)) {
			t.Errorf("after %v: %v, %v", s.after, got.WorkedAt.Time(), err)
		}
	}
}

func TestRefresh(t *testing.T) {
	dead := &network.Error{Verdict: network.Unauthorized}
	for _, c := range []struct {
		name  string
		says  network.Credential
		err   error
		state string
		kept  network.Credential
		want  fault.Kind
	}{
		{"renewed", network.Credential{"token": "two", "refresh": "r2"}, nil, channel.StateConnected, network.Credential{"token": "two", "refresh": "r2"}, fault.Internal},
		{"an empty refresh token keeps the good one", network.Credential{"token": "two", "refresh": ""}, nil, channel.StateConnected, network.Credential{"token": "two", "refresh": "r1"}, fault.Internal},
		{"nothing at all keeps everything", nil, nil, channel.StateConnected, network.Credential{"token": "one", "refresh": "r1"}, fault.Internal},
		{"out of reach disconnects nothing", nil, &network.Error{Verdict: network.NotSent}, channel.StateConnected, network.Credential{"token": "one", "refresh": "r1"}, fault.Unavailable},
		{"dead", nil, dead, channel.StateAttention, network.Credential{"token": "one", "refresh": "r1"}, fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t)
			ch := w.connect(t)
			w.net.account.Credential, w.net.err = c.says, c.err
			_, err := w.cs.Refresh(ctx, w.brand, ch.ID)
			if c.want == fault.Internal && err != nil || c.want != fault.Internal && !fault.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			got, err := channel.ByID(ctx, w.d, w.who, w.brand, ch.ID)
			if err != nil || got.State != c.state {
				t.Errorf("state %s, %v; want %s", got.State, err, c.state)
			}
			if diff := cmp.Diff(c.kept, w.credential(t, ch.ID)); diff != "" {
				t.Error(diff)
			}
			w.net.err = nil
			if _, err := w.cs.Refresh(ctx, w.brand, ch.ID); err != nil || w.net.calls != 2 {
				t.Errorf("the next refresh: %v after %d calls", err, w.net.calls)
			}
		})
	}
}

// A second node, with its own Channels, must not ask while the first does.
func TestRefreshAsksOnceAcrossNodes(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	other := &channel.Channels{DB: w.d, Keys: w.cs.Keys, Networks: w.cs.Networks}
	w.net.gate = make(chan struct{})
	first := make(chan error)
	go func() { _, err := w.cs.Refresh(ctx, w.brand, c.ID); first <- err }()
	waitForLease(t, w.d, c.ID)
	if _, err := other.Refresh(ctx, w.brand, c.ID); err != nil {
		t.Error(err)
	}
	close(w.net.gate)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if w.net.calls != 1 {
		t.Errorf("the network was asked %d times", w.net.calls)
	}
}

func waitForLease(t *testing.T, d *db.DB, id string) {
	t.Helper()
	for ctx, stop := context.WithTimeout(ctx, 20*time.Second); ; {
		var until db.Time
		if err := d.QueryRowContext(ctx, `SELECT renew_until FROM channel WHERE id = $1`, id).Scan(&until); err != nil {
			stop()
			t.Fatal(err)
		}
		if until > 0 {
			stop()
			return
		}
	}
}

// A channel that was removed while its credential was being renewed stays
// removed.
func TestRefreshRevivesNothing(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	w.net.gate = make(chan struct{})
	done := make(chan error)
	go func() { _, err := w.cs.Refresh(ctx, w.brand, c.ID); done <- err }()
	waitForLease(t, w.d, c.ID)
	w.net.account.Server = c.Server
	if err := w.cs.Remove(ctx, w.who, w.brand, c.ID, false); err != nil {
		t.Fatal(err)
	}
	close(w.net.gate)
	if err := <-done; !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v, want conflict", err)
	}
	got, err := channel.ByID(ctx, w.d, w.who, w.brand, c.ID)
	if err != nil || got.State != channel.StateRemoved {
		t.Errorf("%s, %v", got.State, err)
	}
}

func TestCheckFindsADeadToken(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	w.net.err = &network.Error{Verdict: network.Unauthorized}
	if _, err := w.cs.Check(ctx, w.who, w.brand, c.ID); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
	if got, _ := channel.ByID(ctx, w.d, w.who, w.brand, c.ID); got.State != channel.StateAttention {
		t.Errorf("state %s", got.State)
	}
	w.net.err, w.net.account.Name = nil, "North Coffee"
	if got, err := w.cs.Check(ctx, w.who, w.brand, c.ID); err != nil || got.State != channel.StateConnected || got.Name != "North Coffee" {
		t.Errorf("%+v, %v", got, err)
	}
	w.net.account.ID = "99"
	if _, err := w.cs.Check(ctx, w.who, w.brand, c.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("another account: %v", err)
	}
}

func (w *world) schedule(t *testing.T, channelID string) delivery.Delivery {
	t.Helper()
	post := db.NewID()
	var out []delivery.Delivery
	err := w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO post (id, brand_id, state, body, excerpt, revision, created_at, updated_at)
			VALUES ($1, $2, 'approved', '{}', '', 1, 1, 1)`, post, w.brand)
		if err != nil {
			return err
		}
		out, err = delivery.Insert(ctx, tx, []delivery.New{{Brand: w.brand, Post: post, Channel: channelID, DueAt: 1 << 50, Revision: 1}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func TestRemove(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	one, two := w.schedule(t, c.ID), w.schedule(t, c.ID)
	if err := w.cs.Remove(ctx, w.who, w.brand, c.ID, false); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Text(err), "2 scheduled") {
		t.Errorf("with posts scheduled: %v", err)
	}
	if _, err := w.d.ExecContext(ctx, `UPDATE delivery SET state = 'sending' WHERE id = $1`, one.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.cs.Remove(ctx, w.who, w.brand, c.ID, true); !fault.Is(err, fault.Conflict) {
		t.Errorf("while sending: %v", err)
	}
	if got, _ := delivery.ByID(ctx, w.d, w.brand, two.ID); got.State != delivery.Scheduled {
		t.Errorf("a refused removal left %s", got.State)
	}
	if _, err := w.d.ExecContext(ctx, `UPDATE delivery SET state = 'published' WHERE id = $1`, one.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.cs.Remove(ctx, w.who, w.brand, c.ID, true); err != nil {
		t.Fatal(err)
	}
	if got, _ := delivery.ByID(ctx, w.d, w.brand, two.ID); got.State != delivery.Cancelled {
		t.Errorf("the scheduled delivery is %s", got.State)
	}
	if _, _, _, err := w.cs.Target(ctx, w.d, w.brand, c.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("its target: %v", err)
	}
	if all, err := channel.List(ctx, w.d, w.who, w.brand); err != nil || len(all) != 0 {
		t.Errorf("still listed: %+v, %v", all, err)
	}
	var sealed string
	if err := w.d.QueryRowContext(ctx, `SELECT credential FROM channel WHERE id = $1`, c.ID).Scan(&sealed); err != nil || sealed != "" {
		t.Errorf("the credential is still there, %v", err)
	}
	if again := w.connect(t); again.ID != c.ID || again.State != channel.StateConnected {
		t.Errorf("connecting again: %+v", again)
	}
}

func TestListsUseIndexes(t *testing.T) {
	w := open(t)
	c := w.connect(t)
	q := dbtest.Indexed(t, w.d)
	if _, err := channel.List(ctx, q, w.who, w.brand); err != nil {
		t.Error(err)
	}
	if m, err := channel.ByIDs(ctx, q, w.brand, []string{c.ID, "none"}); err != nil || len(m) != 1 {
		t.Errorf("%v %v", m, err)
	}
	if _, err := channel.Expiring(ctx, q, 1, 10); err != nil {
		t.Error(err)
	}
}

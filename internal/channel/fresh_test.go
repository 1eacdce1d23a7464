package channel_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/network"
)

var morning = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

// ending is a channel whose credential ends so long after the morning.
func ending(t *testing.T, in time.Duration) (*world, channel.Channel) {
	t.Helper()
	w := open(t)
	w.d.SetClock(morning)
	w.net.account.ExpiresAt = morning.Add(in)
	c := w.connect(t)
	w.net.account.Credential = network.Credential{"token": "two", "refresh": "r2"}
	w.net.account.ExpiresAt = morning.Add(in + 2*time.Hour)
	return w, c
}

func TestFresh(t *testing.T) {
	for _, c := range []struct {
		name  string
		in    time.Duration
		err   error
		calls int
		token string
		state string
	}{
		{"lasts", time.Hour, nil, 0, "one", channel.StateConnected},
		{"ends in a moment", time.Minute, nil, 1, "two", channel.StateConnected},
		{"has ended", -time.Hour, nil, 1, "two", channel.StateConnected},
		{"cannot be renewed now", time.Minute, &network.Error{}, 1, "one", channel.StateConnected},
		{"can never be renewed", time.Minute, &network.Error{Verdict: network.Unauthorized}, 1, "one", channel.StateAttention},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, ch := ending(t, c.in)
			w.net.err = c.err
			_, target, got, err := w.cs.Fresh(ctx, w.brand, ch.ID)
			if err != nil || target.Credential["token"] != c.token || got.State != c.state {
				t.Errorf("token %s, state %s, %v; want %s, %s", target.Credential["token"], got.State, err, c.token, c.state)
			}
			if w.net.calls != c.calls {
				t.Errorf("the network was asked %d times, want %d", w.net.calls, c.calls)
			}
		})
	}
}

func TestDoRenewsWhatTheNetworkCallsExpired(t *testing.T) {
	expired := &network.Error{Verdict: network.NotSent, Expired: true}
	for _, c := range []struct {
		name    string
		says    []error // of each call
		renewal error
		tokens  []string
		want    error
	}{
		{"accepted", []error{nil}, nil, []string{"one"}, nil},
		{"expired", []error{expired, nil}, nil, []string{"one", "two"}, nil},
		{"expired twice", []error{expired, expired}, nil, []string{"one", "two"}, expired},
		{"refused", []error{&network.Error{Verdict: network.Refused}}, nil, []string{"one"}, &network.Error{Verdict: network.Refused}},
		{"dead", []error{expired}, &network.Error{Verdict: network.Unauthorized}, []string{"one"}, &network.Error{Verdict: network.Unauthorized}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, ch := ending(t, time.Hour)
			w.net.err = c.renewal
			var tokens []string
			err := w.cs.Do(ctx, w.brand, ch.ID, func(_ network.Publisher, to network.Target, _ channel.Channel) error {
				tokens = append(tokens, to.Credential["token"])
				return c.says[len(tokens)-1]
			})
			if diff := cmp.Diff(c.tokens, tokens); diff != "" {
				t.Error(diff)
			}
			if (err == nil) != (c.want == nil) || network.VerdictOf(err) != network.VerdictOf(c.want) || network.HasExpired(err) != network.HasExpired(c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// A renewal that says nothing but the new credential changes nothing else.
func TestRenewedKeepsTheRest(t *testing.T) {
	w, ch := ending(t, time.Minute)
	w.net.account = network.Account{ID: "42", Credential: network.Credential{"token": "two"}, ExpiresAt: morning.Add(2 * time.Hour)}
	got, err := w.cs.Refresh(ctx, w.brand, ch.ID)
	if err != nil {
		t.Fatal(err)
	}
	ch.ExpiresAt = db.At(morning.Add(2 * time.Hour))
	if diff := cmp.Diff(ch, got); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// Many on two nodes are told at once that the credential has expired: the
// network is asked for a new one once, and none of them ends with the old one.
func TestRenewAsksOnce(t *testing.T) {
	w, ch := ending(t, time.Hour)
	w.net.gate = make(chan struct{})
	nodes := []*channel.Channels{w.cs, {DB: w.d, Keys: w.cs.Keys, Networks: w.cs.Networks}}
	_, used, _, err := w.cs.Target(ctx, w.d, w.brand, ch.ID)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if err := nodes[i%2].Renew(ctx, w.brand, ch.ID, used); err != nil {
				t.Error(err)
			}
		})
	}
	waitForLease(t, w.d, ch.ID)
	close(w.net.gate)
	all.Wait()
	for _, n := range nodes { // who comes later finds it done
		if err := n.Renew(ctx, w.brand, ch.ID, used); err != nil {
			t.Error(err)
		}
	}
	if w.net.calls != 1 {
		t.Errorf("the network was asked %d times", w.net.calls)
	}
	if got := w.credential(t, ch.ID); got["token"] != "two" {
		t.Errorf("the channel has the token %q", got["token"])
	}
}

func TestRenewGivesUpWithItsCaller(t *testing.T) {
	w, ch := ending(t, time.Minute)
	w.net.gate = make(chan struct{})
	defer close(w.net.gate)
	gone, giveUp := context.WithCancel(ctx)
	done := make(chan error)
	go func() { _, _, _, err := w.cs.Fresh(gone, w.brand, ch.ID); done <- err }()
	waitForLease(t, w.d, ch.ID)
	giveUp()
	<-done
}

// A person connects the channel again while the old session is being renewed:
// what they gave stays, however the renewal ends.
func TestReconnectedWhileItIsRenewed(t *testing.T) {
	for _, c := range []struct {
		name string
		ends error
	}{{"renewed", nil}, {"refused", &network.Error{Verdict: network.Unauthorized}}, {"out of reach", &network.Error{Verdict: network.NotSent}}} {
		t.Run(c.name, func(t *testing.T) {
			w, ch := ending(t, time.Minute)
			w.net.account.Credential = network.Credential{"token": "old, renewed", "refresh": "r2"}
			w.net.during = func() {
				w.net.account.Credential, w.net.err = network.Credential{"token": "new", "refresh": "r9"}, nil
				w.net.mu.Unlock() // the person is not kept waiting by the renewal
				_, err := w.cs.Reconnect(ctx, w.who, w.brand, ch.ID, network.Credential{"token": "typed"})
				w.net.mu.Lock()
				if err != nil {
					t.Error(err)
				}
				w.net.account.Credential, w.net.err = network.Credential{"token": "old, renewed", "refresh": "r2"}, c.ends
			}
			_, err := w.cs.Refresh(ctx, w.brand, ch.ID)
			if (err == nil) != (c.ends == nil) {
				t.Errorf("the renewal: %v", err)
			}
			if diff := cmp.Diff(network.Credential{"token": "new", "refresh": "r9"}, w.credential(t, ch.ID)); diff != "" {
				t.Error(diff)
			}
			if got, err := channel.ByID(ctx, w.d, w.who, w.brand, ch.ID); err != nil || got.State != channel.StateConnected {
				t.Errorf("state %s, %v", got.State, err)
			}
		})
	}
}

// The answer with a new credential came and could not be kept: nothing that
// was there is lost, the channel stays connected, and the next try is kept out
// no longer than the lease lasts.
func TestRenewedButNotKept(t *testing.T) {
	w, ch := ending(t, time.Minute)
	rename := func(from, to string) {
		if _, err := w.d.ExecContext(ctx, `ALTER TABLE `+from+` RENAME TO `+to); err != nil {
			t.Error(err)
		}
	}
	w.net.during = func() { rename("channel", "mislaid") }
	if _, err := w.cs.Refresh(ctx, w.brand, ch.ID); err == nil {
		t.Error("a failed save is no error")
	}
	rename("mislaid", "channel")
	w.net.during = nil
	got, err := channel.ByID(ctx, w.d, w.who, w.brand, ch.ID)
	if err != nil || got.State != channel.StateConnected {
		t.Errorf("state %s, %v", got.State, err)
	}
	if diff := cmp.Diff(network.Credential{"token": "one", "refresh": "r1"}, w.credential(t, ch.ID)); diff != "" {
		t.Error(diff)
	}
	w.d.SetClock(morning.Add(3 * time.Minute))
	if _, target, _, err := w.cs.Fresh(ctx, w.brand, ch.ID); err != nil || target.Credential["token"] != "two" {
		t.Errorf("the next try got the token %q, %v", target.Credential["token"], err)
	}
}

// queue keeps what was inserted.
type queue struct {
	jobs []channel.Renewal
	at   []db.Time
}

func (q *queue) Enqueue(_ context.Context, _ *db.Tx, _ string, args []byte, at db.Time) error {
	var r channel.Renewal
	err := json.Unmarshal(args, &r)
	q.jobs, q.at = append(q.jobs, r), append(q.at, at)
	return err
}

func TestRenewalsFindWhatEndsSoon(t *testing.T) {
	for _, c := range []struct {
		name string
		in   time.Duration
		err  error
		want string // the token afterwards
	}{
		{"in an hour", time.Hour, nil, "one"},
		{"in twenty minutes", 20 * time.Minute, nil, "two"},
		{"has ended", -24 * time.Hour, nil, "two"},
		{"out of reach", 20 * time.Minute, &network.Error{Verdict: network.NotSent}, "one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, ch := ending(t, c.in)
			w.net.err = c.err
			var q queue
			w.d.Jobs = &q
			if err := w.cs.Renewals(ctx); err != nil {
				t.Fatal(err)
			}
			for i, r := range q.jobs {
				if wait := q.at[i].Sub(db.At(morning)); wait < 0 || wait >= 5*time.Minute {
					t.Errorf("the job waits for %s", wait)
				}
				if err := w.cs.Renewal(ctx, r); (err == nil) != (c.err == nil) {
					t.Errorf("the job: %v", err)
				}
			}
			if got := w.credential(t, ch.ID); got["token"] != c.want {
				t.Errorf("the channel has the token %q, want %q", got["token"], c.want)
			}
			if got, err := channel.ByID(ctx, w.d, w.who, w.brand, ch.ID); err != nil || got.State != channel.StateConnected {
				t.Errorf("state %s, %v", got.State, err)
			}
		})
	}
}

package bluesky_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	"rapport/internal/network/bluesky/emulator"
	"rapport/internal/network/networktest"
	"rapport/internal/network/networktest/wire"
)

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

// emulate runs an emulator on a port of its own until the test ends.
func emulate(t testing.TB, o emulator.Options) (*emulator.Server, string) {
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

var paths = map[networktest.Call]string{
	networktest.Reading:    "/xrpc/app.bsky.actor.getProfile",
	networktest.Committing: "/xrpc/com.atproto.repo.putRecord",
	networktest.Hearing:    "/xrpc/app.bsky.notification.listNotifications",
	networktest.Profiling:  "/xrpc/app.bsky.actor.getProfile",
}

func TestConformance(t *testing.T) {
	networktest.Run(t, func(t *testing.T, o networktest.Options) networktest.Rig {
		at := newClock()
		s, address := emulate(t, emulator.Options{Now: at.Now, Accounts: []emulator.Account{{Name: "north"}}})
		n := bluesky.New(client(t))
		n.SetNow(at.Now)
		return networktest.Rig{
			Network: n, Server: address, Finds: true, AtOnce: true,
			Credential: network.Credential{"handle": "north.test", "password": "bluesky-north"}, Secrets: []string{"bluesky-north", "eyJ"},
			Emulator: networktest.Emulator{
				Order:    func(c networktest.Call, f wire.Fault) error { f.Path = paths[c]; return s.Order(f) },
				Refuse:   s.Refuse,
				Arrivals: func() []wire.Arrival { return s.Arrivals(0) },
				Wait:     s.Wait,
				Uploads:  s.Uploads,
				Find: func(id string) (networktest.Published, bool) {
					p, ok := s.Find(id)
					return networktest.Published{Text: p.Text, Alts: s.Alts(id), Parent: p.Parent}, ok
				},
				Advance: at.Advance,
			},
			Audience: &networktest.Audience{
				Reply: func(by string, to network.Ref, text string) (string, error) {
					return s.Do(emulator.Deed{By: by, Do: "reply", To: to.ID, Text: text})
				},
				Mention: func(by, text string) (string, error) {
					return s.Do(emulator.Deed{By: by, Do: "mention", To: "north", Text: text})
				},
				Delete: func(id string) error {
					p, _ := s.Find(id)
					_, err := s.Do(emulator.Deed{By: p.Account, Do: "delete", To: id})
					return err
				},
			},
			About: func(by, text string) (string, error) {
				return "@" + by + ".test", s.SetAccount(emulator.Account{Name: by, About: text})
			},
		}
	})
}

// An account may prefer the notifications of those it follows; a brand hears
// everybody all the same.
func TestStrangersAreHeard(t *testing.T) {
	at := newClock()
	s, address := emulate(t, emulator.Options{Now: at.Now, Accounts: []emulator.Account{{Name: "north", Priority: true}}})
	n := bluesky.New(client(t))
	n.SetNow(at.Now)
	a, err := n.Connect(t.Context(), address, network.Credential{"handle": "north.test", "password": "bluesky-north"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Do(emulator.Deed{By: "mira", Do: "mention", To: "north", Text: "Are you open?"}); err != nil {
		t.Fatal(err)
	}
	got, err := n.Hear(t.Context(), network.Target{Server: a.Server, AccountID: a.ID, Credential: a.Credential}, "", at.Now().Add(-time.Hour))
	if err != nil || len(got.Messages) != 1 {
		t.Errorf("heard %+v, %v; want one message", got.Messages, err)
	}
}

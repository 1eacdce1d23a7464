package mastodon_test

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/network"
	"rapport/internal/network/mastodon"
	"rapport/internal/network/mastodon/emulator"
	"rapport/internal/network/networktest"
	"rapport/internal/network/networktest/wire"
	"rapport/internal/outbound"
)

const token = "mastodon-north"

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

func client(t testing.TB) *outbound.Client {
	c := outbound.New(outbound.Options{Allow: []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.1/32")}}})
	t.Cleanup(c.Close)
	return c
}

func TestConformance(t *testing.T) {
	networktest.Run(t, func(t *testing.T, o networktest.Options) networktest.Rig {
		at := newClock()
		s, address := serve(t, emulator.Options{Now: at.Now, Accounts: []emulator.Account{{Name: "north"}}, NoRateLimits: true, Heartbeat: 5 * time.Millisecond,
			IgnoreIdempotency: o.RepeatUnsafe, MediaDelay: o.SlowMedia})
		return networktest.Rig{
			Network: mastodon.New(client(t)),
			Server:  address, Credential: network.Credential{"token": token}, Secrets: []string{token}, Finds: true,
			Emulator: networktest.Emulator{
				Order: func(c networktest.Call, f wire.Fault) error {
					f.Path = map[networktest.Call]string{networktest.Reading: "/api/v1/accounts/verify_credentials",
						networktest.Committing: "/api/v1/statuses", networktest.Hearing: "/api/v1/notifications", networktest.Profiling: "/api/v1/accounts/lookup"}[c]
					f.Method = "GET"
					if c == networktest.Committing {
						f.Method = "POST"
					}
					return s.Order(f)
				},
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
					st, err := s.Say(emulator.Said{By: by, InReplyTo: to.ID, Text: text})
					return st.ID, err
				},
				Mention: func(by, text string) (string, error) {
					st, err := s.Say(emulator.Said{By: by, Text: "@north " + text})
					return st.ID, err
				},
				Edit: s.Edit, Delete: s.Delete,
			},
			About: func(by, text string) (string, error) {
				return "@" + by + "@" + strings.TrimPrefix(address, "http://"), s.SetAccount(emulator.Account{Name: by, About: text})
			},
		}
	})
}

package publish_test

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/delivery"
	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	bsky "rapport/internal/network/bluesky/emulator"
	"rapport/internal/network/demo/emulator"
	"rapport/internal/network/networktest/wire"
	"rapport/internal/outbound"
	"rapport/internal/publish"
)

// onBluesky is a stage whose only channel is on a network of sessions that
// end. later moves that network's clock, and not ours: to us the session looks
// alive when it is not.
func onBluesky(t *testing.T) (s *stage, there *bsky.Server, later func(time.Duration)) {
	t.Helper()
	s = newStage(t, emulator.Options{}, 0)
	var ahead atomic.Int64
	there, err := bsky.New(bsky.Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }, Accounts: []bsky.Account{{Name: "north"}}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := bsky.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = there.Serve(serving, l) }()
	client := outbound.New(outbound.Options{Allow: []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.1/32")}}})
	t.Cleanup(func() { stop(); <-ended; client.Close() })
	s.channels.Networks = network.NewSet(bluesky.New(client))
	c, err := s.channels.Connect(t.Context(), s.owner, s.brand.ID, "bluesky", "http://"+l.Addr().String(),
		network.Credential{"handle": "north.test", "password": "bluesky-north"})
	if err != nil {
		t.Fatal(err)
	}
	s.chans = append(s.chans, c)
	return s, there, func(d time.Duration) { ahead.Add(int64(d)) }
}

func (s *stage) state() string {
	s.t.Helper()
	c, err := channel.ByID(context.Background(), s.DB, access.System(), s.brand.ID, s.chans[0].ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return c.State
}

// A session that ends in the middle of the work disconnects nothing and loses
// nothing.
func TestTheSessionEndsInTheMiddle(t *testing.T) {
	for _, c := range []struct {
		name    string
		parts   []string
		prepare func(there *bsky.Server, later func(time.Duration)) error
		end     delivery.State
		posts   int
		channel string
	}{
		{"and is renewed", []string{"Hello"}, func(_ *bsky.Server, later func(time.Duration)) error {
			later(3 * time.Hour)
			return nil
		}, delivery.Published, 1, channel.StateConnected},
		{"before a mention is found out", []string{"Hello @north.test"}, func(_ *bsky.Server, later func(time.Duration)) error {
			later(3 * time.Hour)
			return nil
		}, delivery.Published, 1, channel.StateConnected},
		{"of a thread", []string{"One", "Two", "Three"}, func(_ *bsky.Server, later func(time.Duration)) error {
			later(3 * time.Hour)
			return nil
		}, delivery.Published, 3, channel.StateConnected},
		{"and can be renewed at the third try", []string{"Hello"}, func(there *bsky.Server, later func(time.Duration)) error {
			later(3 * time.Hour)
			return there.Order(wire.Fault{Kind: wire.Status, Status: 502, Path: "/xrpc/com.atproto.server.refreshSession", Times: 2})
		}, delivery.Published, 1, channel.StateConnected},
		{"for so long that only the password helps", []string{"Hello"}, func(_ *bsky.Server, later func(time.Duration)) error {
			later(100 * 24 * time.Hour)
			return nil
		}, delivery.Published, 1, channel.StateConnected},
		{"and the app password was taken back", []string{"Hello"}, func(there *bsky.Server, later func(time.Duration)) error {
			later(3 * time.Hour)
			return there.SetAccount(bsky.Account{Name: "north", Password: "another"})
		}, delivery.Rejected, 0, channel.StateAttention},
		{"and the answer to the commit is lost", []string{"Hello"}, func(there *bsky.Server, later func(time.Duration)) error {
			later(3 * time.Hour)
			return there.Order(wire.Fault{Kind: wire.ResetAfter, Path: "/xrpc/com.atproto.repo.putRecord", After: 1, Times: 1})
		}, delivery.Published, 1, channel.StateConnected},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, there, later := onBluesky(t)
			if err := c.prepare(there, later); err != nil {
				t.Fatal(err)
			}
			s.node(true)
			d := s.schedule(s.Now(), c.parts...)[0]
			s.becomes(d.ID, c.end)
			if got := len(there.Posts("north")); got != c.posts {
				t.Errorf("%d posts are out, want %d\n%s", got, c.posts, s.story(d.ID))
			}
			if got := there.Counts().Duplicates; got != 0 {
				t.Errorf("%d posts are out twice", got)
			}
			if got := s.state(); got != c.channel {
				t.Errorf("the channel is %s, want %s", got, c.channel)
			}
		})
	}
}

// What is out is taken down with a session that has ended meanwhile.
func TestTheSessionEndsBeforeTheRemoval(t *testing.T) {
	s, there, later := onBluesky(t)
	s.node(true)
	d := s.schedule(s.Now(), "One", "Two")[0]
	s.becomes(d.ID, delivery.Published)
	later(3 * time.Hour)
	got, err := s.desk.Resolve(t.Context(), s.owner, s.brand.ID, d.ID, publish.Decision{Choice: publish.RemoveAll})
	if err != nil || got.State != delivery.Removed || len(there.Posts("north")) != 0 {
		t.Errorf("it is %s with %d posts out, %v", got.State, len(there.Posts("north")), err)
	}
}

// Two nodes meet the end of a session at once, with much to send.
func TestTheSessionEndsForTwoNodes(t *testing.T) {
	s, _, later := onBluesky(t)
	other := &channel.Channels{DB: s.DB, Keys: s.channels.Keys, Networks: s.channels.Networks}
	_, used, _, err := s.channels.Target(t.Context(), s.DB, s.brand.ID, s.chans[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	later(3 * time.Hour)
	var all sync.WaitGroup
	for i := range 10 {
		cs := []*channel.Channels{s.channels, other}[i%2]
		all.Go(func() {
			// The one that finds the other at work is told to come again.
			for range 200 {
				err := cs.Do(t.Context(), s.brand.ID, s.chans[0].ID, func(p network.Publisher, to network.Target, _ channel.Channel) error {
					_, err := p.(network.Measurer).MeasureAccount(t.Context(), to)
					return err
				})
				if !network.HasExpired(err) {
					if err != nil {
						t.Error(err)
					}
					return
				}
			}
			t.Error("the session was not renewed")
		})
	}
	all.Wait()
	_, now, _, err := s.channels.Target(t.Context(), s.DB, s.brand.ID, s.chans[0].ID)
	if err != nil || now.Credential["refresh"] == used.Credential["refresh"] || now.Credential["password"] != "bluesky-north" {
		t.Errorf("the credential was not renewed, or lost its password: %v", err)
	}
	if got := s.state(); got != channel.StateConnected {
		t.Errorf("the channel is %s", got)
	}
}

// The network renewed the session and the answer could not be kept. Used
// tokens are worth nothing here: the app password saves the channel.
func TestTheRenewedSessionIsLost(t *testing.T) {
	s, there, later := onBluesky(t)
	id := s.chans[0].ID
	later(3 * time.Hour)
	if err := there.Order(wire.Fault{Kind: wire.CloseAfter, Path: "/xrpc/com.atproto.server.refreshSession", Times: 3}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.channels.Refresh(t.Context(), s.brand.ID, id); err == nil {
		t.Error("a lost answer is no error")
	}
	if got := s.state(); got != channel.StateConnected {
		t.Errorf("the channel is %s", got)
	}
	there.ClearFaults()
	later(4 * time.Hour) // past the time in which a used token still gives its successor
	if _, err := s.channels.Refresh(t.Context(), s.brand.ID, id); err != nil {
		t.Errorf("the next renewal: %v", err)
	}
	_, to, _, err := s.channels.Target(t.Context(), s.DB, s.brand.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.channels.Networks.Publisher("bluesky")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.(network.Measurer).MeasureAccount(t.Context(), to); err != nil {
		t.Errorf("with the new session: %v", err)
	}
}

package publish_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/network/demo/emulator"
	"rapport/internal/network/networktest/wire"
	"rapport/internal/publish"
)

// The answer to a claim may be lost: then the row says that this node has it,
// and the node does not know. It must not keep that claim alive while it is
// busy with others.
func TestAClaimWhoseAnswerWasLostIsTakenUpAgain(t *testing.T) {
	s := newStage(t, emulator.Options{}, 2)
	s.times.Commit = patience
	due := s.Now().Add(time.Hour)
	ds := s.schedule(due, "hello")
	s.order(wire.Fault{Kind: wire.Silent, Method: "POST", Path: "/v1/posts", Account: "c0"})
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := s.ExecContext(context.Background(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`UPDATE delivery SET run_at = $2, due_at = $2 WHERE id = $1`, ds[0].ID, s.Now())
	d := publish.New(publish.Options{DB: s.DB, Channels: s.channels, Media: s.library, Node: "n", Times: s.times})
	if err := d.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel() // its commit is never answered
		_ = d.Stop(ended)
	})
	s.becomes(ds[0].ID, delivery.Sending) // and stays so: the node is busy
	exec(`UPDATE delivery SET state = 'claimed', node = 'n', attempt = 1, due_at = $2, run_at = $2, lease_until = $3 WHERE id = $1`,
		ds[1].ID, s.Now(), s.Now().Add(s.times.Lease))
	s.becomes(ds[1].ID, delivery.Published)
	if got := s.read(ds[0].ID); got.State != delivery.Sending {
		t.Errorf("the node was not busy: the other delivery is %s", got.State)
	}
}

// More claims than fit into one batch are left by a node that died.
func TestEverythingOfADeadNodeIsTakenOverAtOnce(t *testing.T) {
	s := newStage(t, emulator.Options{}, 3)
	s.times.Poll = time.Hour // the first look is the only one
	var all []delivery.Delivery
	for i := range 150 {
		all = append(all, s.schedule(s.Now(), fmt.Sprint("number ", i))...)
	}
	if _, err := s.ExecContext(context.Background(), `UPDATE delivery SET state = 'claimed', node = 'dead', attempt = 1, lease_until = 1`); err != nil {
		t.Fatal(err)
	}
	s.node(false)
	for _, d := range all {
		s.becomes(d.ID, delivery.Published)
	}
	s.published(len(all))
}

// Clocks that go forward and back move no delivery to another instant.
func TestSwitchOfTheClocks(t *testing.T) {
	for _, tt := range []struct {
		name, wall string
		want       time.Time
	}{
		{"the hour that is skipped", "2027-03-28T02:30", time.Date(2027, 3, 28, 1, 30, 0, 0, time.UTC)},
		{"the hour that comes twice", "2027-10-31T02:30", time.Date(2027, 10, 31, 0, 30, 0, 0, time.UTC)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, emulator.Options{}, 1)
			s.SetClock(tt.want.Add(-24 * time.Hour))
			at, note, err := brand.At(s.brand, tt.wall)
			if err != nil {
				t.Fatal(err)
			}
			if note == "" {
				t.Error("nothing is said about the clocks")
			}
			d := s.schedule(at, "at half past two")[0]
			if d.DueAt != db.At(tt.want) {
				t.Fatalf("due at %s, want %s", d.DueAt.Time(), tt.want)
			}
			// What goes out just before shows that the node had looked.
			before := s.schedule(at.Add(-time.Minute), "a minute before")[0]
			s.node(true)
			s.SetClock(tt.want.Add(-time.Millisecond))
			s.becomes(before.ID, delivery.Published)
			if got := s.read(d.ID); got.State != delivery.Scheduled {
				t.Errorf("a millisecond before its time it is %s", got.State)
			}
			s.SetClock(tt.want)
			s.becomes(d.ID, delivery.Published)
		})
	}
}

package delivery_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/network"
)

const lease = 6 * time.Second

// stage is a brand with one channel and an approved post.
type stage struct {
	*db.DB
	t     *testing.T
	brand string
}

func newStage(t *testing.T) *stage {
	s := &stage{DB: dbtest.Open(t), t: t, brand: "b1"}
	s.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ('b1', 'b1', 'B', '#336699', 'Europe/Berlin', 1)`)
	s.channel("c1")
	s.post("p1", 1)
	return s
}

func (s *stage) exec(q string, args ...any) {
	s.t.Helper()
	if _, err := s.ExecContext(context.Background(), q, args...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) channel(id string) {
	s.exec(`INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ($1, 'b1', 'demo', $2, $3, $3, '', '{}', 'connected', 1, 1)`, id, id, id)
}

func (s *stage) post(id string, revision int) {
	s.exec(`INSERT INTO post (id, brand_id, state, body, excerpt, revision, approved, created_at, updated_at)
		VALUES ($1, 'b1', 'approved', '{}', '', $2, $2, 1, 1)`, id, revision)
}

func (s *stage) tx(fn func(ctx context.Context, tx *db.Tx) error) error {
	ctx := context.Background()
	return s.Tx(ctx, func(tx *db.Tx) error { return fn(ctx, tx) }, db.RowLocks)
}

func (s *stage) must(fn func(ctx context.Context, tx *db.Tx) error) {
	s.t.Helper()
	if err := s.tx(fn); err != nil {
		s.t.Fatal(err)
	}
}

// schedule inserts a delivery of p1 due now.
func (s *stage) schedule(channel string) (out delivery.Delivery) {
	s.t.Helper()
	s.must(func(ctx context.Context, tx *db.Tx) error {
		all, err := delivery.Insert(ctx, tx, []delivery.New{{Brand: "b1", Post: "p1", Channel: channel, DueAt: tx.Now(), Revision: 1, Author: "a1"}})
		if err == nil {
			out = all[0]
		}
		return err
	})
	return out
}

func (s *stage) claim(channel, node string) (out []delivery.Delivery) {
	s.t.Helper()
	s.must(func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = delivery.Claim(ctx, tx, channel, node, lease, 10)
		return err
	})
	return out
}

func (s *stage) fence(d delivery.Delivery) (g delivery.Gate) {
	s.t.Helper()
	s.must(func(ctx context.Context, tx *db.Tx) (err error) {
		g, err = delivery.Fence(ctx, tx, d, delivery.Part{Kind: network.PartPost, Text: "hello", Prepared: network.Prepared{Handle: "h"}}, lease)
		return err
	})
	return g
}

func (s *stage) read(id string) delivery.Delivery {
	s.t.Helper()
	d, err := delivery.ByID(context.Background(), s.DB, "b1", id)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// The table stands here once more in full, so that a new way between states
// is a decision.
func TestTransitions(t *testing.T) {
	actors := []struct {
		name string
		by   delivery.Actor
	}{{"team", delivery.Team}, {"dispatcher", delivery.Dispatcher}, {"reconciler", delivery.Reconciler}, {"receipt", delivery.Receipt}}
	var got []string
	for _, from := range delivery.States {
		for _, a := range actors {
			var to []string
			for _, s := range delivery.States {
				if delivery.May(from, s, a.by) {
					to = append(to, string(s))
				}
			}
			if len(to) > 0 {
				got = append(got, fmt.Sprintf("%s by %s: %s", from, a.name, strings.Join(to, " ")))
			}
		}
	}
	want := []string{
		"scheduled by team: cancelled",
		"scheduled by dispatcher: claimed unknown missed",
		"scheduled by reconciler: sending",
		"scheduled by receipt: published",
		"claimed by dispatcher: preparing sending scheduled rejected unknown missed",
		"claimed by reconciler: scheduled sending",
		"claimed by receipt: published",
		"preparing by dispatcher: sending scheduled rejected missed",
		"preparing by reconciler: scheduled sending",
		"preparing by receipt: published",
		"sending by dispatcher: scheduled pending published rejected unknown",
		"sending by reconciler: scheduled pending published rejected unknown missed",
		"sending by receipt: published",
		"pending by reconciler: sending published rejected unknown",
		"pending by receipt: published",
		"published by team: removed",
		"rejected by team: scheduled published removed cancelled",
		"unknown by team: scheduled published removed cancelled",
		"unknown by reconciler: published rejected",
		"unknown by receipt: published",
		"missed by team: scheduled published removed cancelled",
		"missed by receipt: published",
		"cancelled by receipt: published",
	}
	order := func(all []string) map[string]string {
		m := map[string]string{}
		for _, line := range all {
			k, v, _ := strings.Cut(line, ": ")
			words := map[string]bool{}
			for _, w := range strings.Fields(v) {
				words[w] = true
			}
			var sorted []string
			for _, s := range delivery.States {
				if words[string(s)] {
					sorted = append(sorted, string(s))
				}
			}
			m[k] = strings.Join(sorted, " ")
		}
		return m
	}
	if diff := cmp.Diff(order(want), order(got)); diff != "" {
		t.Error(diff)
	}
}

// Each way to end or return a delivery, tried from every state: it must work
// exactly where the table has a way for a node.
func TestConditionalWritesFollowTheTable(t *testing.T) {
	s := newStage(t)
	node := delivery.Dispatcher | delivery.Reconciler
	for _, to := range []delivery.State{delivery.Rejected, delivery.Unknown, delivery.Missed, delivery.Scheduled} {
		for _, from := range delivery.States {
			if from == delivery.Scheduled {
				continue // nobody holds a claim on it
			}
			d := s.schedule("c1")
			s.exec(`UPDATE delivery SET state = $2, attempt = 1, node = 'n1' WHERE id = $1`, d.ID, from)
			d.State, d.Attempt, d.Node = from, 1, "n1"
			done := false
			s.must(func(ctx context.Context, tx *db.Tx) (err error) {
				if to == delivery.Scheduled {
					done, err = delivery.Return(ctx, tx, d, delivery.Back{Part: -1})
				} else {
					done, err = delivery.Close(ctx, tx, d, delivery.End{State: to, Reason: "x", Part: -1})
				}
				return err
			})
			if want := delivery.May(from, to, node); done != want {
				t.Errorf("%s → %s done %v, want %v", from, to, done, want)
			}
			want := from
			if done {
				want = to
			}
			if got := s.read(d.ID).State; got != want {
				t.Errorf("%s → %s left it %s", from, to, got)
			}
		}
	}
}

func TestClaimIsOneNodesAndKeepsTheOrder(t *testing.T) {
	s := newStage(t)
	var want []string
	for range 6 {
		want = append(want, s.schedule("c1").ID)
	}
	var mu sync.Mutex
	by := map[string][]string{}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			node := fmt.Sprint("n", i)
			for _, d := range s.claim("c1", node) {
				mu.Lock()
				by[node] = append(by[node], d.ID)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(by) != 1 {
		t.Fatalf("%d nodes share a channel: %v", len(by), by)
	}
	for _, got := range by {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	// Once the owner's lease has run out, another node may take the channel.
	s.ShiftClock(2 * lease)
	s.schedule("c1")
	if n := len(s.claim("c1", "later")); n != 1 {
		t.Errorf("after the lease %d were claimed, want the new one", n)
	}
}

func TestFenceReadsTheGateAnew(t *testing.T) {
	owner := access.Who{Account: "a1", Grants: []access.Grant{{Brand: "b1", Role: access.Owner}}}
	for _, c := range []struct {
		name   string
		change func(s *stage, d *delivery.Delivery)
		want   delivery.Gate
	}{
		{"nothing changed", func(*stage, *delivery.Delivery) {}, delivery.Open},
		{"held", func(s *stage, d *delivery.Delivery) {
			if _, err := brand.Hold(context.Background(), s.DB, owner, "b1", "A bad day"); err != nil {
				s.t.Fatal(err)
			}
		}, delivery.Held},
		{"edited", func(s *stage, d *delivery.Delivery) {
			s.exec(`UPDATE post SET revision = 2, approved = 2`)
			s.must(func(ctx context.Context, tx *db.Tx) error { return delivery.Revise(ctx, tx, owner, "b1", "p1", 2) })
		}, delivery.Changed},
		{"approval withdrawn", func(s *stage, d *delivery.Delivery) { s.exec(`UPDATE post SET state = 'draft'`) }, delivery.Changed},
		{"deleted", func(s *stage, d *delivery.Delivery) { s.exec(`UPDATE post SET deleted_at = 5`) }, delivery.Changed},
		{"taken over by another node", func(s *stage, d *delivery.Delivery) {
			s.exec(`UPDATE delivery SET attempt = attempt + 1, node = 'n2'`)
		}, delivery.Superseded},
		{"returned", func(s *stage, d *delivery.Delivery) { s.exec(`UPDATE delivery SET state = 'scheduled'`) }, delivery.Superseded},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			s.schedule("c1")
			d := s.claim("c1", "n1")[0]
			c.change(s, &d)
			if got := s.fence(d); got != c.want {
				t.Errorf("gate %d, want %d", got, c.want)
			}
			sending := s.read(d.ID).State == delivery.Sending
			if sending != (c.want == delivery.Open) {
				t.Errorf("the row is sending: %v", sending)
			}
		})
	}
}

// Once Hold has returned, no fence may open, however they race.
func TestHoldAgainstFences(t *testing.T) {
	s := newStage(t)
	owner := access.Who{Account: "a1", Grants: []access.Grant{{Brand: "b1", Role: access.Owner}}}
	for i := range 12 {
		s.channel(fmt.Sprint("x", i))
		s.schedule(fmt.Sprint("x", i))
	}
	var mu sync.Mutex
	held, late := false, 0
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			for _, d := range s.claim(fmt.Sprint("x", i), "n1") {
				mu.Lock()
				before := held
				mu.Unlock()
				if s.fence(d) == delivery.Open && before {
					mu.Lock()
					late++
					mu.Unlock()
				}
			}
		})
	}
	wg.Go(func() {
		if _, err := brand.Hold(context.Background(), s.DB, owner, "b1", "Stop"); err != nil {
			t.Error(err)
		}
		mu.Lock()
		held = true
		mu.Unlock()
	})
	wg.Wait()
	if late > 0 {
		t.Errorf("%d passed the fence after the hold had returned", late)
	}
	if ids := s.claim("c1", "n1"); len(ids) != 0 {
		t.Error("something was claimed behind the hold")
	}
	due, err := delivery.DueChannels(context.Background(), s.DB, 100)
	if err != nil || len(due) != 0 {
		t.Errorf("due behind the hold: %v %v", due, err)
	}
}

func TestReceiptCountsEvenWhenLate(t *testing.T) {
	for _, state := range []delivery.State{delivery.Sending, delivery.Unknown, delivery.Scheduled, delivery.Missed, delivery.Cancelled} {
		t.Run(string(state), func(t *testing.T) {
			s := newStage(t)
			s.schedule("c1")
			d := s.claim("c1", "n1")[0]
			if s.fence(d) != delivery.Open {
				t.Fatal("no gate")
			}
			s.exec(`UPDATE delivery SET state = $1, attempt = attempt + 3, node = 'n2'`, state)
			part := delivery.Part{Kind: network.PartPost, Text: "hello"}
			s.must(func(ctx context.Context, tx *db.Tx) error {
				return delivery.Out(ctx, tx, d, part, network.Receipt{Ref: network.Ref{ID: "r1"}, URL: "https://demo.example/r1"}, true, time.Second)
			})
			got := s.read(d.ID)
			if got.State != delivery.Published || got.RemoteURL != "https://demo.example/r1" || got.Parts[0].Ref.ID != "r1" || got.PublishedAt == 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestTakeExpired(t *testing.T) {
	s := newStage(t)
	first, second := s.schedule("c1"), s.schedule("c1")
	claimed := s.claim("c1", "dead")
	if s.fence(claimed[0]) != delivery.Open {
		t.Fatal("no gate")
	}
	take := func(node string) (out []delivery.Delivery) {
		s.must(func(ctx context.Context, tx *db.Tx) (err error) {
			out, _, err = delivery.TakeExpired(ctx, tx, node, lease, 10)
			return err
		})
		return out
	}
	if got := take("alive"); len(got) != 0 {
		t.Fatalf("took %d while the lease runs", len(got))
	}
	s.ShiftClock(2 * lease)
	got := take("alive")
	if len(got) != 1 || got[0].ID != first.ID || got[0].Attempt != claimed[0].Attempt+1 || got[0].Parts[0].Prepared.Handle != "h" {
		t.Fatalf("what was sending must be asked after: %+v", got)
	}
	if st := s.read(second.ID).State; st != delivery.Scheduled {
		t.Errorf("what was only claimed is %s", st)
	}
	if ok := s.closeAs(claimed[0]); ok {
		t.Error("the dead node's attempt could still end it")
	}
	if n := len(take("third")); n != 0 {
		t.Errorf("%d taken twice", n)
	}
}

func (s *stage) closeAs(d delivery.Delivery) (ok bool) {
	s.must(func(ctx context.Context, tx *db.Tx) (err error) {
		ok, err = delivery.Close(ctx, tx, d, delivery.End{State: delivery.Rejected, Reason: "x", Part: 0})
		return err
	})
	return ok
}

func TestTeamActsWaitForNodes(t *testing.T) {
	owner := access.Who{Account: "a1", Grants: []access.Grant{{Brand: "b1", Role: access.Owner}}}
	acts := map[string]func(ctx context.Context, tx *db.Tx) error{
		"cancel": func(ctx context.Context, tx *db.Tx) error { return delivery.CancelOf(ctx, tx, owner, "b1", "p1") },
		"move": func(ctx context.Context, tx *db.Tx) error {
			return delivery.MoveOf(ctx, tx, owner, "b1", "p1", tx.Now().Add(time.Hour))
		},
		"edit": func(ctx context.Context, tx *db.Tx) error { return delivery.Revise(ctx, tx, owner, "b1", "p1", 2) },
	}
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.schedule("c1")
			d := s.claim("c1", "n1")[0]
			if s.fence(d) != delivery.Open {
				t.Fatal("no gate")
			}
			if err := s.tx(act); !fault.Is(err, fault.Conflict) {
				t.Errorf("while it is being sent: %v", err)
			}
			s2 := newStage(t)
			id := s2.schedule("c1").ID
			if err := s2.tx(act); err != nil {
				t.Errorf("while it waits: %v", err)
			}
			if name == "cancel" && s2.read(id).State != delivery.Cancelled {
				t.Error("not cancelled")
			}
		})
	}
}

func TestOtherBrandsDeliveryIsNotThere(t *testing.T) {
	s := newStage(t)
	d := s.schedule("c1")
	if _, err := delivery.ByID(context.Background(), s.DB, "b2", d.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("another brand reads it: %v", err)
	}
}

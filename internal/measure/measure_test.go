package measure_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/measure"
	"rapport/internal/metric"
	"rapport/internal/network"
	"rapport/internal/post"
	"rapport/internal/secret"
)

// net is a network that tells what a test says.
type net struct {
	network.Publisher
	numbers map[string]network.Counters // by ref
	fails   error
	asked   int
}

func (*net) Facts() network.Facts { return network.Facts{Name: "paper", Title: "Paper"} }

func (*net) Connect(context.Context, string, network.Credential) (network.Account, error) {
	return network.Account{ID: "north", Handle: "@north", Credential: network.Credential{"token": "x"}}, nil
}

func (n *net) Measure(_ context.Context, _ network.Target, refs []network.Ref) (map[string]network.Counters, error) {
	n.asked++
	out := map[string]network.Counters{}
	for _, r := range refs {
		if c, ok := n.numbers[r.ID]; ok {
			out[r.ID] = c
		}
	}
	return out, n.fails
}

func (n *net) MeasureAccount(context.Context, network.Target) (network.AccountCounters, error) {
	followers := int64(812)
	return network.AccountCounters{Followers: &followers}, n.fails
}

// queue keeps what was inserted, in order.
type queue struct{ looks, counts []string }

func (q *queue) Enqueue(_ context.Context, _ *db.Tx, kind string, args []byte, _ db.Time) error {
	switch kind {
	case measure.Look{}.Kind():
		q.looks = append(q.looks, string(args))
	case measure.Count{}.Kind():
		q.counts = append(q.counts, string(args))
	}
	return nil
}

type stage struct {
	measure.Meter
	t       *testing.T
	net     *net
	queue   *queue
	brand   string
	channel string
	now     time.Time
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, net: &net{numbers: map[string]network.Counters{}}, queue: &queue{}, now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
	s.DB = dbtest.Open(t)
	s.DB.Jobs = s.queue
	s.DB.SetClock(s.now)
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	s.Channels = &channel.Channels{DB: s.DB, Keys: keys, Networks: network.NewSet(s.net)}
	b, err := brand.Create(t.Context(), s.DB, access.System(), brand.New{Name: "North"})
	if err != nil {
		t.Fatal(err)
	}
	s.brand = b.ID
	c, err := s.Channels.Connect(t.Context(), access.System(), b.ID, "paper", "", network.Credential{})
	if err != nil {
		t.Fatal(err)
	}
	s.channel = c.ID
	s.sweep() // the first one only begins
	return s
}

// published puts a delivery in that went out now.
func (s *stage) published(ref string) string {
	s.t.Helper()
	at := db.At(s.now)
	p := post.Post{ID: db.NewID(), Brand: s.brand, State: post.StateApproved, Revision: 1, Approved: 1, CreatedAt: at, UpdatedAt: at,
		Body: post.Body{Parts: []post.Part{{Text: ref}}}, Variants: []post.Variant{{Channel: s.channel}}}
	d := delivery.Delivery{ID: db.NewID(), Brand: s.brand, Post: p.ID, Channel: s.channel, State: delivery.Published, DueAt: at, RunAt: at,
		Revision: 1, PublishedAt: at, CreatedAt: at, UpdatedAt: at}
	d.Parts = []delivery.Part{{Delivery: d.ID, Kind: network.PartPost, State: delivery.PartPublished, Text: ref, Ref: network.Ref{ID: ref}, At: at}}
	err := s.DB.Tx(s.t.Context(), func(tx *db.Tx) error {
		return errors.Join(post.Import(s.t.Context(), tx, []post.Post{p}), delivery.Import(s.t.Context(), tx, []delivery.Delivery{d}, nil))
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return d.ID
}

func (s *stage) sweep() {
	s.t.Helper()
	if err := s.Sweep(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) pass(d time.Duration) {
	s.now = s.now.Add(d)
	s.DB.SetClock(s.now)
}

// take runs the looks that wait and returns the first error.
func (s *stage) take() (n int, err error) {
	s.t.Helper()
	for _, raw := range s.queue.looks {
		var l measure.Look
		if err := json.Unmarshal([]byte(raw), &l); err != nil {
			s.t.Fatal(err)
		}
		n += len(l.Deliveries)
		if failed := s.Look(s.t.Context(), l); err == nil {
			err = failed
		}
	}
	s.queue.looks = nil
	return n, err
}

func (s *stage) kept(subject string) map[string]int64 {
	s.t.Helper()
	all, err := metric.Latest(s.t.Context(), s.DB, s.brand, []string{subject})
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]int64{}
	for name, r := range all[subject] {
		out[name] = r.Value
	}
	return out
}

func num(n int64) *int64 { return &n }

func TestADeliveryIsReadAtEachAgeOnce(t *testing.T) {
	s := newStage(t)
	id := s.published("a")
	var read []time.Duration
	start := s.now
	for s.now.Sub(start) < 30*24*time.Hour {
		s.pass(30 * time.Minute)
		s.sweep()
		s.net.numbers["a"] = network.Counters{Likes: num(int64(s.now.Sub(start).Hours()))}
		n, err := s.take()
		if err != nil || n > 1 {
			t.Fatalf("%d looks, %v", n, err)
		}
		if n == 1 {
			read = append(read, s.now.Sub(start))
		}
	}
	if diff := cmp.Diff(measure.Ages, read); diff != "" {
		t.Errorf("read at other ages (-want +got):\n%s", diff)
	}
	all, err := metric.History(t.Context(), s.DB, s.brand, id, 0)
	if err != nil || len(all) != len(measure.Ages) || all[len(all)-1].Value != 28*24 {
		t.Errorf("kept %v, %v", all, err)
	}
}

// After a long stop everything is read once, at the age it has come to.
func TestAfterAStopEachIsReadOnce(t *testing.T) {
	s := newStage(t)
	for i := range 120 {
		s.published(fmt.Sprint(i))
	}
	s.pass(3 * 24 * time.Hour)
	s.sweep()
	if len(s.queue.looks) != 3 {
		t.Errorf("%d jobs, want 3 of at most 50 deliveries", len(s.queue.looks))
	}
	if n, err := s.take(); n != 120 || err != nil {
		t.Errorf("%d looks, %v", n, err)
	}
	s.sweep()
	if n, _ := s.take(); n != 0 {
		t.Errorf("the same moment asks %d times again", n)
	}
}

func TestWhatIsNotToldIsNotKept(t *testing.T) {
	s := newStage(t)
	some, none := s.published("some"), s.published("none")
	s.net.numbers["some"] = network.Counters{Likes: num(0), Views: num(9)}
	s.pass(time.Hour)
	s.sweep()
	if _, err := s.take(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int64{"likes": 0, "views": 9}, s.kept(some)); diff != "" {
		t.Error(diff)
	}
	if got := s.kept(none); len(got) != 0 {
		t.Errorf("made up: %v", got)
	}
}

func TestFailures(t *testing.T) {
	plain := errors.New("broken")
	for _, c := range []struct {
		name  string
		fails error
		state string
		again bool // by the engine's own backoff
	}{
		{"unclear", plain, channel.StateConnected, true},
		{"throttled", &network.Error{Verdict: network.Throttled, RetryAfter: time.Hour}, channel.StateConnected, false},
		{"refused", &network.Error{Verdict: network.Refused}, channel.StateConnected, false},
		{"dead", &network.Error{Verdict: network.Unauthorized}, channel.StateAttention, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			a, _ := s.published("a"), s.published("b")
			s.net.numbers["a"], s.net.fails = network.Counters{Likes: num(3)}, c.fails
			s.pass(time.Hour)
			s.sweep()
			_, err := s.take()
			if err == nil || errors.Is(err, plain) != c.again {
				t.Errorf("the job ends with %v", err)
			}
			if s.kept(a)["likes"] != 3 {
				t.Error("what was read before the failure is lost")
			}
			got, err := channel.ByID(t.Context(), s.DB, access.System(), s.brand, s.channel)
			if err != nil || got.State != c.state {
				t.Errorf("the channel is %s, %v", got.State, err)
			}
		})
	}
}

func TestFollowersAreCountedEverySixHours(t *testing.T) {
	s := newStage(t)
	s.pass(time.Second)
	s.sweep()
	if len(s.queue.counts) != 1 {
		t.Errorf("a new channel is counted %d times at once", len(s.queue.counts))
	}
	for range 48 {
		s.pass(30 * time.Minute)
		s.sweep()
	}
	if len(s.queue.counts) != 1+4 {
		t.Errorf("counted %d times in a day", len(s.queue.counts)-1)
	}
	if err := s.Count(t.Context(), measure.Count{Brand: s.brand, Channel: s.channel}); err != nil {
		t.Fatal(err)
	}
	if got := s.kept(s.channel)[metric.Followers]; got != 812 {
		t.Errorf("%d followers", got)
	}
}

func TestARemovedChannelIsNotAsked(t *testing.T) {
	s := newStage(t)
	s.published("a")
	s.pass(time.Hour)
	s.sweep()
	if err := s.Channels.Remove(t.Context(), access.System(), s.brand, s.channel, true); err != nil {
		t.Fatal(err)
	}
	if _, err := s.take(); err != nil || s.net.asked != 0 {
		t.Errorf("asked %d times, %v", s.net.asked, err)
	}
}

package publish_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/media"
	"rapport/internal/network"
	"rapport/internal/network/demo"
	"rapport/internal/network/demo/emulator"
	"rapport/internal/network/networktest/wire"
	"rapport/internal/outbound"
	"rapport/internal/post"
	"rapport/internal/publish"
	"rapport/internal/secret"
)

// patience bounds every wait of these tests; it is a limit and no measure.
const patience = 30 * time.Second

var quick = publish.Times{Lease: 1500 * time.Millisecond, Poll: 50 * time.Millisecond, Commit: 2 * time.Second, Lookup: time.Second,
	Retry: 20 * time.Millisecond, Looks: []time.Duration{0, 20 * time.Millisecond, 60 * time.Millisecond}}

// stage is a brand with channels on a demo network of its own.
type stage struct {
	*db.DB
	t        *testing.T
	net      *emulator.Server
	channels *channel.Channels
	library  *media.Library
	desk     publish.Desk
	brand    brand.Brand
	chans    []channel.Channel
	owner    access.Who
	times    publish.Times
	withheld func(context.Context, db.Queryer, string, string) (string, error)
}

func newStage(t *testing.T, o emulator.Options, channels int) *stage {
	t.Helper()
	ctx := context.Background()
	s := &stage{DB: dbtest.Open(t), t: t, times: quick}
	o.AutoAccounts = true
	var err error
	if s.net, err = emulator.New(o); err != nil {
		t.Fatal(err)
	}
	l, err := emulator.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.net.Serve(serving, l) }()
	t.Cleanup(func() { stop(); <-ended; s.net.Close() })

	rule, err := outbound.ParseRule("127.0.0.1/32")
	if err != nil {
		t.Fatal(err)
	}
	client := outbound.New(outbound.Options{Allow: []outbound.Rule{rule}})
	t.Cleanup(client.Close)
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	s.channels = &channel.Channels{DB: s.DB, Keys: keys, Networks: network.NewSet(demo.New(client, func() string { return address }))}
	s.library = &media.Library{DB: s.DB, Blobs: blobs}
	s.desk = publish.Desk{DB: s.DB, Channels: s.channels}
	if s.brand, err = brand.Create(ctx, s.DB, access.System(), brand.New{Name: "North", Color: "#335577", Zone: "Europe/Berlin"}); err != nil {
		t.Fatal(err)
	}
	s.owner = access.Who{Account: "someone", Grants: []access.Grant{{Brand: s.brand.ID, Role: access.Owner}}}
	for i := range channels {
		c, err := s.channels.Connect(ctx, s.owner, s.brand.ID, "demo", address, network.Credential{"token": fmt.Sprintf("demo-c%d", i)})
		if err != nil {
			t.Fatal(err)
		}
		s.chans = append(s.chans, c)
	}
	return s
}

// node starts a dispatcher; stop is called at the end of the test, or before.
func (s *stage) node(alone bool) (stop func()) {
	s.t.Helper()
	d := publish.New(publish.Options{DB: s.DB, Channels: s.channels, Media: s.library, Node: db.NewID(), Alone: alone, Times: s.times, Withheld: s.withheld})
	if err := d.Start(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	done := false
	stop = func() {
		if done {
			return
		}
		done = true
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := d.Stop(ctx); err != nil {
			s.t.Error(err)
		}
	}
	s.t.Cleanup(stop)
	return stop
}

// schedule writes a post with these parts for every channel, due then.
func (s *stage) schedule(at db.Time, parts ...string) []delivery.Delivery {
	s.t.Helper()
	var in post.Input
	for _, text := range parts {
		in.Body.Parts = append(in.Body.Parts, post.Part{Text: text})
	}
	for _, c := range s.chans {
		in.Variants = append(in.Variants, post.Variant{Channel: c.ID})
	}
	p, err := post.Draft(context.Background(), s.DB, s.owner, s.brand.ID, in)
	if err != nil {
		s.t.Fatal(err)
	}
	ds, err := post.Schedule(context.Background(), s.DB, s.owner, s.brand.ID, p.ID, 0, at)
	if err != nil {
		s.t.Fatal(err)
	}
	return ds
}

func (s *stage) read(id string) delivery.Delivery {
	s.t.Helper()
	d, err := delivery.ByID(context.Background(), s.DB, s.brand.ID, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// until waits for the row to say so.
func (s *stage) until(id, what string, ok func(delivery.Delivery) bool) delivery.Delivery {
	s.t.Helper()
	for end := time.Now().Add(patience); ; {
		d := s.read(id)
		if ok(d) {
			return d
		}
		if time.Now().After(end) {
			s.t.Fatalf("waited for %s; it is %s (%s)\n%s", what, d.State, d.Reason, s.story(id))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *stage) becomes(id string, state delivery.State) delivery.Delivery {
	s.t.Helper()
	return s.until(id, string(state), func(d delivery.Delivery) bool { return d.State == state })
}

func (s *stage) story(id string) string {
	events, err := delivery.Story(context.Background(), s.DB, s.brand.ID, id)
	if err != nil {
		s.t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s part %d attempt %d status %d %s\n", e.What, e.Part, e.Attempt, e.Status, e.Text)
	}
	return b.String()
}

func (s *stage) happened(id, what string) bool {
	return strings.Contains("\n"+s.story(id), "\n"+what+" ")
}

func (s *stage) order(f wire.Fault) {
	s.t.Helper()
	if f.Method == "" {
		f.Method, f.Path = "POST", "/v1/posts"
	}
	if err := s.net.Order(f); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) published(want int) {
	s.t.Helper()
	n := 0
	for _, a := range s.net.Arrivals(0) {
		if a.Outcome == wire.Published {
			n++
		}
	}
	if n != want {
		s.t.Errorf("%d posts arrived, want %d", n, want)
	}
}

func TestPublishesAThreadInOrder(t *testing.T) {
	s := newStage(t, emulator.Options{}, 2)
	s.node(true)
	ds := s.schedule(s.Now(), "one", "two", "three")
	for _, d := range ds {
		got := s.becomes(d.ID, delivery.Published)
		if got.Out() != 3 || got.RemoteURL == "" || got.PublishedAt == 0 {
			t.Errorf("%+v", got)
		}
		parent := ""
		for _, p := range got.Parts {
			there, ok := s.net.Find(p.Ref.ID)
			if !ok || there.Text != p.Text || there.InReplyTo != parent {
				t.Errorf("part %d is %+v on the network, parent %q", p.Ord, there, parent)
			}
			parent = p.Ref.ID
		}
	}
	s.published(6)
}

// What a fault of the network leads to, and what the network must have by
// then.
func TestFaultsEndInTheirStates(t *testing.T) {
	for _, c := range []struct {
		name   string
		ignore bool // the network ignores idempotency keys
		fault  wire.Fault
		state  delivery.State
		told   string // word of the story
		posts  int
	}{
		{"refused content", false, wire.Fault{Kind: wire.Status, Status: 422, Times: 1}, delivery.Rejected, "rejected", 0},
		{"told to wait", false, wire.Fault{Kind: wire.Status, Status: 429, RetryAfter: "1", Times: 1}, delivery.Published, "throttled", 1},
		{"500 where keys are honoured", false, wire.Fault{Kind: wire.Status, Status: 500, Times: 1}, delivery.Published, "unclear", 1},
		{"500 after publishing", false, wire.Fault{Kind: wire.StatusAfter, Status: 500, Times: 1}, delivery.Published, "unclear", 1},
		{"reset after accept", false, wire.Fault{Kind: wire.ResetAfter, Times: 1}, delivery.Published, "unclear", 1},
		{"reset before", false, wire.Fault{Kind: wire.ResetBefore, Times: 1}, delivery.Published, "unclear", 1},
		{"accepted and never answered", false, wire.Fault{Kind: wire.Silent, Times: 1}, delivery.Published, "unclear", 1},
		{"reset after accept, keys ignored", true, wire.Fault{Kind: wire.ResetAfter, Times: 1}, delivery.Published, "looked", 1},
		{"reset before, keys ignored", true, wire.Fault{Kind: wire.ResetBefore, Times: 1}, delivery.Unknown, "unknown", 0},
		{"never answered, keys ignored", true, wire.Fault{Kind: wire.SilentBefore, Times: 1}, delivery.Unknown, "unknown", 0},
		{"answer that cannot be read", false, wire.Fault{Kind: wire.Garbled, Times: 1}, delivery.Published, "unclear", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, emulator.Options{IgnoreIdempotency: c.ignore}, 1)
			s.order(c.fault)
			s.node(true)
			d := s.schedule(s.Now(), "hello")[0]
			s.becomes(d.ID, c.state)
			if !s.happened(d.ID, c.told) {
				t.Errorf("the story does not tell %q:\n%s", c.told, s.story(d.ID))
			}
			s.published(c.posts)
		})
	}
}

// The transport would replay a POST with an idempotency key on a connection
// that breaks; on a server that ignores the key each replay is a duplicate.
func TestBrokenConnectionsDuplicateNothing(t *testing.T) {
	s := newStage(t, emulator.Options{IgnoreIdempotency: true}, 1)
	s.order(wire.Fault{Kind: wire.ResetAfter, Every: 2})
	s.node(true)
	var all []delivery.Delivery
	for i := range 50 {
		all = append(all, s.schedule(s.Now(), fmt.Sprint("post ", i))...)
	}
	for _, d := range all {
		s.until(d.ID, "its end", func(d delivery.Delivery) bool { return d.State.Over() })
	}
	seen := map[string]int{}
	for _, a := range s.net.Arrivals(0) {
		seen[a.Text]++
	}
	if len(seen) != 50 {
		t.Errorf("%d different posts arrived, want 50", len(seen))
	}
	for text, n := range seen {
		if n != 1 {
			t.Errorf("%s arrived %d times", text, n)
		}
	}
	for _, d := range all {
		if got := s.read(d.ID); got.State == delivery.Rejected || got.State == delivery.Missed {
			t.Errorf("a live post is called %s", got.State)
		}
	}
}

func TestRefusedDialIsTriedAgain(t *testing.T) {
	s := newStage(t, emulator.Options{}, 1)
	resume, err := s.net.Refuse()
	if err != nil {
		t.Fatal(err)
	}
	s.node(true)
	d := s.schedule(s.Now(), "hello")[0]
	s.until(d.ID, "a failed try", func(delivery.Delivery) bool { return s.happened(d.ID, "not sent") })
	if err := resume(); err != nil {
		t.Fatal(err)
	}
	s.becomes(d.ID, delivery.Published)
	s.published(1)
}

func TestDeadTokenAsksAndReconnectingSendsTheRest(t *testing.T) {
	s := newStage(t, emulator.Options{}, 1)
	s.order(wire.Fault{Kind: wire.Status, Status: 401, Times: 1})
	d, later := s.schedule(s.Now(), "hello")[0], s.schedule(s.Now(), "later")[0]
	s.node(true)
	got := s.becomes(d.ID, delivery.Rejected)
	if got.ReasonCode != "unauthorized" {
		t.Errorf("reason %q", got.ReasonCode)
	}
	c, err := channel.ByID(context.Background(), s.DB, s.owner, s.brand.ID, s.chans[0].ID)
	if err != nil || c.State != channel.StateAttention {
		t.Fatalf("the channel is %s, %v", c.State, err)
	}
	if st := s.read(later.ID).State; st == delivery.Published || st == delivery.Rejected {
		t.Errorf("while the channel needs attention the next one is %s", st)
	}
	if _, err := s.channels.Connect(context.Background(), s.owner, s.brand.ID, "demo", c.Server, network.Credential{"token": "demo-c0"}); err != nil {
		t.Fatal(err)
	}
	s.becomes(later.ID, delivery.Published)
	var kinds int
	if err := s.QueryRowContext(context.Background(), `SELECT COUNT(DISTINCT kind) FROM outbox WHERE kind IN ('delivery.rejected', 'channel.attention')`).Scan(&kinds); err != nil || kinds != 2 {
		t.Errorf("people are told of %d things, %v", kinds, err)
	}
}

// slow is a network that knows a request again only after a while.
type slow struct {
	*demo.Network
	after time.Duration
}

func (n slow) RepeatHarmless(_ network.Target, age time.Duration) bool { return age >= n.after }

// Nothing is repeated before the network says that it is harmless, and it is
// then without a person.
func TestARepeatWaitsUntilItIsHarmless(t *testing.T) {
	s := newStage(t, emulator.Options{}, 1)
	known, err := s.channels.Networks.Named("demo")
	if err != nil {
		t.Fatal(err)
	}
	const after = 400 * time.Millisecond
	s.channels.Networks = network.NewSet(slow{known.(*demo.Network), after})
	s.times.Settle = 100 * time.Millisecond
	s.order(wire.Fault{Kind: wire.ResetBefore, Times: 1})
	s.node(true)
	s.becomes(s.schedule(s.Now(), "lost")[0].ID, delivery.Published)
	got := s.net.Arrivals(0)
	if len(got) != 2 || got[1].At.Sub(got[0].At) < after/2 {
		t.Errorf("arrivals: %+v", got)
	}
}

func TestUnknownDoesNotBlockTheChannel(t *testing.T) {
	s := newStage(t, emulator.Options{IgnoreIdempotency: true}, 1)
	s.times.Looks = []time.Duration{0, time.Hour}
	s.order(wire.Fault{Kind: wire.ResetBefore, Times: 1})
	s.node(true)
	first := s.schedule(s.Now(), "lost")[0]
	s.until(first.ID, "the lost answer", func(delivery.Delivery) bool { return s.happened(first.ID, "unclear") })
	second := s.schedule(s.Now(), "next")[0]
	s.becomes(second.ID, delivery.Published)
	if st := s.read(first.ID).State; st != delivery.Sending {
		t.Errorf("the lost one is %s", st)
	}
}

func TestHoldKeepsEverythingUntilReleased(t *testing.T) {
	ctx := context.Background()
	s := newStage(t, emulator.Options{}, 2)
	s.node(true)
	if _, err := brand.Hold(ctx, s.DB, s.owner, s.brand.ID, "Bad news"); err != nil {
		t.Fatal(err)
	}
	ds := s.schedule(s.Now(), "hello")
	time.Sleep(5 * s.times.Poll) // nothing can signal that nothing happens
	for _, d := range ds {
		if st := s.read(d.ID).State; st != delivery.Scheduled {
			t.Errorf("behind the hold it is %s", st)
		}
	}
	s.published(0)
	if err := brand.Release(ctx, s.DB, s.owner, s.brand.ID); err != nil {
		t.Fatal(err)
	}
	for _, d := range ds {
		s.becomes(d.ID, delivery.Published)
	}
}

// What must not go out any more is not sent at all, and says why; once it may, a
// person sends it.
func TestWhatIsWithheldIsNotSent(t *testing.T) {
	s := newStage(t, emulator.Options{}, 1)
	var gone atomic.Bool
	gone.Store(true)
	s.withheld = func(context.Context, db.Queryer, string, string) (string, error) {
		if gone.Load() {
			return "It has gone.", nil
		}
		return "", nil
	}
	s.node(true)
	d := s.schedule(s.Now(), "one", "two")[0]
	if d = s.becomes(d.ID, delivery.Rejected); d.Reason != "It has gone." {
		t.Errorf("it says %q", d.Reason)
	}
	s.published(0)
	gone.Store(false)
	if _, err := s.desk.Resolve(context.Background(), s.owner, s.brand.ID, d.ID, publish.Decision{Choice: publish.SendAgain}); err != nil {
		t.Fatal(err)
	}
	s.becomes(d.ID, delivery.Published)
	s.published(2)
}

// A hold pressed while a thread goes out stops it between two parts.
func TestHoldBetweenClaimAndCommit(t *testing.T) {
	ctx := context.Background()
	s := newStage(t, emulator.Options{}, 1)
	s.order(wire.Fault{Kind: wire.Latency, DelayMS: 300})
	s.node(true)
	d := s.schedule(s.Now(), "one", "two", "three")[0]
	s.becomes(d.ID, delivery.Sending)
	if _, err := brand.Hold(ctx, s.DB, s.owner, s.brand.ID, "Stop"); err != nil {
		t.Fatal(err)
	}
	got := s.becomes(d.ID, delivery.Scheduled)
	if got.Out() != 1 || !s.happened(d.ID, "held") {
		t.Errorf("%d parts are out\n%s", got.Out(), s.story(d.ID))
	}
	s.published(1)
	s.net.ClearFaults()
	if err := brand.Release(ctx, s.DB, s.owner, s.brand.ID); err != nil {
		t.Fatal(err)
	}
	s.becomes(d.ID, delivery.Published)
	s.published(3)
}

func TestOverdueBecomesMissedAndIsSentOnlyWhenAsked(t *testing.T) {
	ctx := context.Background()
	s := newStage(t, emulator.Options{}, 1)
	within := s.schedule(s.Now().Add(30*time.Minute), "within the hour")[0]
	beyond := s.schedule(s.Now().Add(time.Minute), "too late")[0]
	s.ShiftClock(80 * time.Minute) // the clock jumps, or nobody was there
	s.node(true)
	s.becomes(within.ID, delivery.Published)
	s.becomes(beyond.ID, delivery.Missed)
	s.published(1)
	if _, err := s.desk.Resolve(ctx, s.owner, s.brand.ID, beyond.ID, publish.Decision{Choice: publish.SendAgain}); err != nil {
		t.Fatal(err)
	}
	s.becomes(beyond.ID, delivery.Published)
	s.published(2)
}

// A clock that jumps back must not send again, and one that jumps ahead must
// not send early what the database's clock says is later.
func TestClockJumps(t *testing.T) {
	s := newStage(t, emulator.Options{}, 1)
	s.node(true)
	first := s.schedule(s.Now(), "first")[0]
	s.becomes(first.ID, delivery.Published)
	s.ShiftClock(-2 * time.Hour)
	second := s.schedule(s.Now(), "second")[0]
	s.becomes(second.ID, delivery.Published)
	s.ShiftClock(2 * time.Hour)
	third := s.schedule(s.Now(), "third")[0]
	s.becomes(third.ID, delivery.Published)
	s.published(3)
}

func TestTwoNodesShareWithoutRepeating(t *testing.T) {
	s := newStage(t, emulator.Options{Latency: 2 * time.Millisecond}, 6)
	s.node(false)
	s.node(false)
	var all []delivery.Delivery
	for i := range 8 {
		all = append(all, s.schedule(s.Now(), fmt.Sprint("post ", i))...)
	}
	for _, d := range all {
		s.becomes(d.ID, delivery.Published)
	}
	s.published(len(all))
	order := map[string]string{}
	for _, d := range all { // in the order in which they were due
		got := s.read(d.ID)
		if got.RemoteID <= order[got.Channel] {
			t.Errorf("channel %s is out of order", got.Channel)
		}
		order[got.Channel] = got.RemoteID
	}
}

// A copy an hour old is put back while the network has what was sent since.
func TestRestoredCopyAsksBeforeItSends(t *testing.T) {
	ctx := context.Background()
	s := newStage(t, emulator.Options{}, 1)
	sent := s.schedule(s.Now().Add(10*time.Minute), "went out after the copy")[0]
	lost := s.schedule(s.Now().Add(20*time.Minute), "was never sent")[0]
	copied := snapshot(t, s, sent.ID)
	s.ShiftClock(15 * time.Minute)
	stop := s.node(true)
	s.becomes(sent.ID, delivery.Published)
	stop()
	s.published(1)

	copied() // the rows are as they were before
	s.ShiftClock(15 * time.Minute)
	err := s.Tx(ctx, func(tx *db.Tx) error { return brand.HoldAll(ctx, tx, brand.ByRestore, "Restored") })
	if err != nil {
		t.Fatal(err)
	}
	n, err := publish.Doubt(ctx, s.DB)
	if err != nil || n != 2 {
		t.Fatalf("%d are doubted, %v", n, err)
	}
	s.node(true)
	s.becomes(sent.ID, delivery.Published)
	s.published(1)
	if st := s.becomes(lost.ID, delivery.Scheduled).State; st != delivery.Scheduled {
		t.Errorf("before the release it is %s", st)
	}
	if err := brand.Release(ctx, s.DB, s.owner, s.brand.ID); err != nil {
		t.Fatal(err)
	}
	s.becomes(lost.ID, delivery.Published)
	s.published(2)
}

// What the copy knew only half of is read back part by part, also where it was
// overdue, claimed or between two parts at the moment of the copy.
func TestRestoredCopyAsksForEveryPart(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name  string
		copy  string // what the copy says of the delivery
		parts string // what it says of its parts
	}{
		{"waiting", `state = 'scheduled'`, `state = 'waiting'`},
		{"overdue already", `state = 'scheduled', run_at = due_at - 60000`, `state = 'waiting'`},
		{"claimed", `state = 'claimed', node = 'dead', lease_until = 1`, `state = 'waiting'`},
		{"between two parts", `state = 'sending', node = 'dead', lease_until = 1`, `state = CASE WHEN ord = 0 THEN 'published' ELSE 'waiting' END`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, emulator.Options{IgnoreIdempotency: true}, 1)
			d := s.schedule(s.Now(), "one", "two", "three")[0]
			stop := s.node(true)
			s.becomes(d.ID, delivery.Published)
			stop()
			for _, q := range []string{
				`UPDATE delivery SET published_at = 0, remote_id = '', remote_url = '', ` + c.copy + ` WHERE id = $1`,
				`UPDATE part SET ` + c.parts + ` WHERE delivery_id = $1`,
			} {
				if _, err := s.ExecContext(ctx, q, d.ID); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := publish.Doubt(ctx, s.DB); err != nil || n != 1 {
				t.Fatalf("%d are doubted, %v", n, err)
			}
			s.node(true)
			if got := s.until(d.ID, "its end", func(d delivery.Delivery) bool { return d.State.Over() }); got.Out() != 3 {
				t.Errorf("it is %s with %d parts out\n%s", got.State, got.Out(), s.story(d.ID))
			}
			s.published(3)
		})
	}
}

// snapshot returns a function that puts one delivery back as it is now.
func snapshot(t *testing.T, s *stage, id string) func() {
	return func() {
		for _, q := range []string{
			`DELETE FROM part WHERE delivery_id = $1`,
			`DELETE FROM delivery_event WHERE delivery_id = $1 AND what <> 'scheduled'`,
			`UPDATE delivery SET state = 'scheduled', attempt = 0, node = '', lease_until = 0, published_at = 0, remote_id = '', remote_url = '' WHERE id = $1`,
		} {
			if _, err := s.ExecContext(context.Background(), q, id); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Where a network can only be searched by its words, the same words sent by
// another delivery do not show that a lost one is out.
func TestTheSameWordsElsewhereSettleNothing(t *testing.T) {
	s := newStage(t, emulator.Options{IgnoreIdempotency: true}, 1)
	s.order(wire.Fault{Kind: wire.ResetBefore, Times: 1})
	s.node(true)
	lost := s.schedule(s.Now(), "good morning")[0]
	s.becomes(lost.ID, delivery.Unknown)
	again := s.schedule(s.Now(), "good morning")[0]
	s.becomes(again.ID, delivery.Published)
	time.Sleep(5 * s.times.Poll) // it is noted as unknown, and
	s.ShiftClock(time.Minute)    // then asked after
	asked := s.net.Counts().Requests
	for end := time.Now().Add(patience); s.net.Counts().Requests == asked; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody asked")
		}
	}
	time.Sleep(5 * s.times.Poll)
	if got := s.read(lost.ID); got.State != delivery.Unknown {
		t.Errorf("it is called %s as %s, which is %s", got.State, got.RemoteID, s.read(again.ID).RemoteID)
	}
}

func TestHalfSentThreadIsDecidedByAPerson(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		choice publish.Choice
		state  delivery.State
		out    int
	}{
		{publish.Continue, delivery.Published, 3},
		{publish.RemoveAll, delivery.Removed, 0},
		{publish.Leave, delivery.Published, 1},
	} {
		t.Run(string(c.choice), func(t *testing.T) {
			s := newStage(t, emulator.Options{}, 1)
			s.order(wire.Fault{Kind: wire.Status, Status: 422, After: 1, Times: 1})
			s.node(true)
			d := s.schedule(s.Now(), "one", "two", "three")[0]
			got := s.becomes(d.ID, delivery.Rejected)
			if !got.HalfSent() || got.Out() != 1 {
				t.Fatalf("%d parts are out", got.Out())
			}
			if _, err := s.desk.Resolve(ctx, s.owner, s.brand.ID, d.ID, publish.Decision{Choice: c.choice}); err != nil {
				t.Fatal(err)
			}
			if got := s.becomes(d.ID, c.state); got.Out() != c.out {
				t.Errorf("%d parts are out, want %d", got.Out(), c.out)
			}
		})
	}
}

func TestResolveAsksForTheRight(t *testing.T) {
	ctx := context.Background()
	s := newStage(t, emulator.Options{}, 1)
	s.order(wire.Fault{Kind: wire.Status, Status: 422, Times: 1})
	s.node(true)
	d := s.schedule(s.Now(), "hello")[0]
	s.becomes(d.ID, delivery.Rejected)
	for _, role := range access.Roles {
		if access.Allows(role, access.DeliveryResolve) {
			continue
		}
		who := access.Who{Account: "x", Grants: []access.Grant{{Brand: s.brand.ID, Role: role}}}
		if _, err := s.desk.Resolve(ctx, who, s.brand.ID, d.ID, publish.Decision{Choice: publish.Drop}); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", role, err)
		}
	}
	stranger := access.Who{Account: "x", Grants: []access.Grant{{Brand: "other", Role: access.Owner}}}
	if _, err := s.desk.Resolve(ctx, stranger, s.brand.ID, d.ID, publish.Decision{Choice: publish.Drop}); !fault.Is(err, fault.NotFound) {
		t.Errorf("another brand's owner: %v", err)
	}
	if _, err := s.desk.Resolve(ctx, s.owner, s.brand.ID, d.ID, publish.Decision{Choice: publish.ItIsOut}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a choice that does not fit: %v", err)
	}
	if got, err := s.desk.Resolve(ctx, s.owner, s.brand.ID, d.ID, publish.Decision{Choice: publish.Drop}); err != nil || got.State != delivery.Cancelled {
		t.Errorf("%v %v", got.State, err)
	}
}

// A graceful stop returns claims and leaves nothing half-done.
func TestStopGivesBackWhatWasNotSent(t *testing.T) {
	s := newStage(t, emulator.Options{Latency: 50 * time.Millisecond}, 1)
	stop := s.node(true)
	var all []delivery.Delivery
	for i := range 6 {
		all = append(all, s.schedule(s.Now(), fmt.Sprint("post ", i))...)
	}
	s.becomes(all[0].ID, delivery.Published)
	stop()
	for _, d := range all {
		if st := s.read(d.ID).State; st != delivery.Published && st != delivery.Scheduled {
			t.Errorf("after the stop it is %s", st)
		}
	}
	s.node(true)
	for _, d := range all {
		s.becomes(d.ID, delivery.Published)
	}
	s.published(6)
}

// Pictures are uploaded before their time, once, and the delivery stays
// scheduled meanwhile.
func TestUploadsRunAheadOfTheTime(t *testing.T) {
	ctx := context.Background()
	s := newStage(t, emulator.Options{MediaDelay: 200 * time.Millisecond}, 1)
	pic, err := s.library.Add(ctx, s.owner, s.brand.ID, "dot.png", bytes.NewReader(dot()))
	if err != nil {
		t.Fatal(err)
	}
	in := post.Input{Variants: []post.Variant{{Channel: s.chans[0].ID}},
		Body: post.Body{Parts: []post.Part{{Text: "with a picture", Media: []string{pic.ID}}}}}
	p, err := post.Draft(ctx, s.DB, s.owner, s.brand.ID, in)
	if err != nil {
		t.Fatal(err)
	}
	ds, err := post.Schedule(ctx, s.DB, s.owner, s.brand.ID, p.ID, 0, s.Now().Add(10*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	s.node(true)
	got := s.until(ds[0].ID, "the upload", func(d delivery.Delivery) bool { return len(d.Parts) == 1 && len(d.Parts[0].Prepared.Media) == 1 })
	if got.State != delivery.Scheduled || s.net.Uploads() != 1 {
		t.Errorf("it is %s after %d uploads", got.State, s.net.Uploads())
	}
	s.published(0)
	s.ShiftClock(10 * time.Minute)
	s.becomes(ds[0].ID, delivery.Published)
	if n := s.net.Uploads(); n != 1 {
		t.Errorf("uploaded %d times", n)
	}
}

func dot() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range img.Pix {
		img.Pix[i] = 200
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a Buffer takes every write
	return b.Bytes()
}

// A node that is frozen between its fence and its commit, while another finds
// the part absent, must not send what the other has sent meanwhile.
func TestFrozenBetweenFenceAndCommit(t *testing.T) {
	s := newStage(t, emulator.Options{}, 1)
	thawed := make(chan struct{})
	frozen := make(chan struct{})
	var once sync.Once
	d := publish.New(publish.Options{DB: s.DB, Channels: s.channels, Media: s.library, Node: "frozen", Times: s.times, Trace: func(step string) {
		if step == "fenced" {
			once.Do(func() { close(frozen); <-thawed })
		}
	}})
	if err := d.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	del := s.schedule(s.Now(), "hello")[0]
	<-frozen
	// A frozen process renews no lease.
	if _, err := s.ExecContext(context.Background(), `UPDATE delivery SET lease_until = 1, node = 'dead' WHERE id = $1`, del.ID); err != nil {
		t.Fatal(err)
	}
	s.node(false)
	s.becomes(del.ID, delivery.Published)
	time.Sleep(s.times.Lease) // a node is frozen for longer than its lease
	close(thawed)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := d.Stop(ctx); err != nil {
		t.Error(err)
	}
	if n := len(s.net.Arrivals(0)); n != 1 {
		t.Errorf("%d requests arrived, want 1", n)
	}
}

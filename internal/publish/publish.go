// Package publish sends what is due: it claims deliveries, takes each through
// prepare, fence, commit and confirm, and finds out what became of those whose
// answer was lost. It is the only caller of a network's Commit.
package publish

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/media"
)

// Options are what a dispatcher works with.
type Options struct {
	DB       *db.DB
	Channels *channel.Channels
	Media    *media.Library
	Log      *slog.Logger
	Node     string // unique to this process
	Alone    bool   // the only node of the installation: claims of others are dead
	Times    Times
	// Withheld returns why a post must not go out any more, for a person, asked
	// before anything of it is sent: what it tells of has gone. "" is no reason;
	// nil asks nobody.
	Withheld func(ctx context.Context, q db.Queryer, brand, post string) (string, error)
	// Trace is told of each step: claimed, preparing, prepared, fenced,
	// answered, recorded, looking. Tests end the process there.
	Trace func(step string)
}

// Times are the machine's waits; zero fields get the defaults.
type Times struct {
	Lease  time.Duration // a claim without a sign of life is taken over: 6 s
	Poll   time.Duration // safety look without any signal: 2 s
	Commit time.Duration // longest commit call: 30 s
	Lookup time.Duration // longest reading call: 8 s
	// Waits between the looks at a part whose answer was lost, before a person
	// is asked: 0, 0.5, 1.5, 4 and 8 s.
	Looks []time.Duration
	// Settle is the step in which it is tried how long a network must be left in
	// peace before a repeat is harmless: 30 s, ten times at most.
	Settle time.Duration
	// Retry is the first wait after a call that certainly did not arrive: 1 s,
	// doubled up to a minute.
	Retry time.Duration
	// Follow is how long an unknown delivery is still asked after: 30 min.
	Follow time.Duration
}

func (t Times) filled() Times {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&t.Lease, 6*time.Second)
	set(&t.Poll, 2*time.Second)
	set(&t.Commit, 30*time.Second)
	set(&t.Lookup, 8*time.Second)
	set(&t.Settle, 30*time.Second)
	set(&t.Retry, time.Second)
	set(&t.Follow, 30*time.Minute)
	if t.Looks == nil {
		t.Looks = []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond, 4 * time.Second, 8 * time.Second}
	}
	return t
}

// backoff is the wait after the n-th try, with a fifth of jitter.
func (t Times) backoff(n int64) time.Duration {
	wait := t.Retry << min(n, 6)
	wait = min(wait, time.Minute)
	return wait - wait/10 + time.Duration(rand.Int64N(int64(wait/5)+1))
}

const (
	claimBatch = 16  // of one channel at once
	laneMost   = 400 // channels at work at once
	takeBatch  = 200 // expired claims at once
)

// Dispatcher is one node's sending machine.
type Dispatcher struct {
	Options
	batch *batcher
	poke  chan struct{}
	// stop ends the taking of new work; halt also ends waits of the reconciler.
	stop   context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	lanes   map[string]*lane
	hand    map[string]int     // deliveries at work, and by how many: their leases are renewed
	aheadAt time.Time          // when uploads were last looked for; the loop only
	looked  atomic.Int64       // when a pass last saw the database, Unix milliseconds
	asked   map[string]db.Time // unknown deliveries and when they were last asked after
}

// New makes a dispatcher that does nothing yet.
func New(o Options) *Dispatcher {
	o.Times = o.Times.filled()
	if o.Trace == nil {
		o.Trace = func(string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Dispatcher{Options: o, poke: make(chan struct{}, 1), lanes: map[string]*lane{}, hand: map[string]int{}, asked: map[string]db.Time{}}
}

// Start begins to send. It returns once claims of dead nodes are marked.
func (d *Dispatcher) Start(ctx context.Context) error {
	if d.Alone {
		if err := delivery.Orphan(ctx, d.DB, d.Node); err != nil {
			return err
		}
	}
	d.looked.Store(time.Now().UnixMilli())
	d.batch = newBatcher(d.DB)
	d.stop, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	unsubscribe := d.DB.Subscribe(delivery.Topic, func(string) { d.wake() })
	d.wg.Go(func() {
		defer unsubscribe()
		d.run()
	})
	d.wg.Go(d.renew)
	return nil
}

// Stop takes no new work, lets commits in flight finish, gives back the rest
// and waits for all of it, at most until ctx ends. What is still on its way
// then is found out by whoever starts next.
func (d *Dispatcher) Stop(ctx context.Context) error {
	d.cancel()
	done := make(chan struct{})
	go func() {
		d.wg.Wait()
		d.batch.close()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ready is nil while the dispatcher looks for what is due as often as it
// should.
func (d *Dispatcher) Ready(context.Context) error {
	if since := time.Since(time.UnixMilli(d.looked.Load())); since > 5*d.Times.Poll+5*time.Second {
		return fault.New(fault.Unavailable, "Nothing was sent and nothing looked for since %s.", since.Round(time.Second))
	}
	return nil
}

func (d *Dispatcher) wake() {
	select {
	case d.poke <- struct{}{}:
	default:
	}
}

func (d *Dispatcher) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var rescued time.Time
	for {
		select {
		case <-d.stop.Done():
			return
		case <-d.poke:
		case <-timer.C:
		}
		began := time.Now()
		if began.Sub(rescued) >= d.Times.Poll {
			rescued = began
			d.rescue()
		}
		wait := d.pass()
		// Under a burst of signals the passes themselves must not become the
		// load: rest as long as one took.
		rest := min(time.Since(began), 50*time.Millisecond)
		select {
		case <-d.stop.Done():
			return
		case <-time.After(rest):
		}
		timer.Reset(wait)
	}
}

// pass starts a lane for each channel with something due, and returns how
// long to sleep without a signal.
func (d *Dispatcher) pass() time.Duration {
	channels, err := delivery.DueChannels(d.stop, d.DB, laneMost)
	if err != nil {
		d.failed("look for what is due", err)
		return d.Times.Poll
	}
	for _, c := range channels {
		d.startLane(c)
	}
	next, err := delivery.NextRun(d.stop, d.DB)
	if err != nil {
		d.failed("look for what is next", err)
		return d.Times.Poll
	}
	d.looked.Store(time.Now().UnixMilli())
	if next == 0 {
		return d.Times.Poll
	}
	return min(max(next.Sub(d.DB.Now()), 0), d.Times.Poll)
}

// rescue takes over what nobody looks after. A node that died in a burst
// leaves many claims: they are all taken over now, batch by batch, and do not
// wait for the next look.
func (d *Dispatcher) rescue() {
	for more := true; more && d.stop.Err() == nil; {
		taken, left, err := d.takeOver()
		if err != nil {
			d.failed("take over", err)
			return
		}
		for _, del := range taken {
			d.wg.Go(func() { d.reconcile(del) })
		}
		more = left
	}
	d.follow()
	d.ahead()
}

func (d *Dispatcher) takeOver() (taken []delivery.Delivery, more bool, err error) {
	err = d.batch.do(d.stop, false, func(tx *db.Tx) error {
		missed, err := delivery.SweepMissed(d.stop, tx, takeBatch)
		if err != nil {
			return err
		}
		taken, more, err = delivery.TakeExpired(d.stop, tx, d.Node, d.Times.Lease, takeBatch)
		more = more || missed == takeBatch
		return err
	})
	return taken, more, err
}

// renew keeps this node's claims alive while it works.
func (d *Dispatcher) renew() {
	tick := time.NewTicker(d.Times.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-d.stop.Done():
			return
		case <-tick.C:
		}
		if err := delivery.Renew(d.stop, d.DB, d.Node, d.inHand(), d.Times.Lease); err != nil {
			d.failed("renew claims", err)
		}
	}
}

func (d *Dispatcher) failed(what string, err error) {
	if d.stop.Err() == nil {
		d.Log.Error("publish: cannot "+what, "error", err)
	}
}

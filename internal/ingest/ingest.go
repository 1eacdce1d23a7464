// Package ingest hears what others say to a brand's channels: it reads each
// network's feeds as often as there is something to expect, at once where the
// network tells that something came, and takes what it reads into
// conversations. It also brings over what a channel said before it was
// connected, or with other programs. It answers nobody.
package ingest

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// Options are what a listener works with.
type Options struct {
	DB       *db.DB
	Channels *channel.Channels
	Log      *slog.Logger
	Node     string // unique to this process
	Times    Times
}

// Times are the listener's waits; zero fields get the defaults.
type Times struct {
	Busy    time.Duration // between two readings of a channel with a post or a message in the last day: 45 s
	Idle    time.Duration // of any other: 9 min
	Own     time.Duration // between two looks for what the account published elsewhere, while somebody waits there: 5 min
	OwnIdle time.Duration // otherwise: 1 h
	Recheck time.Duration // between two looks at messages that are known: 15 min
	Call    time.Duration // longest call: 40 s
	Lease   time.Duration // a reading without a sign of life is taken over: 3 min
	Poll    time.Duration // safety look without any signal: 30 s
	Retry   time.Duration // the first wait after a failure: 20 s, doubled up to 15 min
	Quiet   time.Duration // between two readings that a stream asks for: 1 s
}

func (t Times) filled() Times {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&t.Busy, 45*time.Second)
	set(&t.Idle, 9*time.Minute)
	set(&t.Own, 5*time.Minute)
	set(&t.OwnIdle, time.Hour)
	set(&t.Recheck, 15*time.Minute)
	set(&t.Call, 40*time.Second)
	set(&t.Lease, 3*time.Minute)
	set(&t.Poll, 30*time.Second)
	set(&t.Retry, 20*time.Second)
	set(&t.Quiet, time.Second)
	return t
}

// jitter takes up to a tenth off, so that channels do not move in step and
// nothing becomes later than promised.
func jitter(d time.Duration) time.Duration { return d - time.Duration(rand.Int64N(int64(d/10)+1)) }

// backoff is the wait after the n-th failure in a row.
func (t Times) backoff(n int64) time.Duration {
	return jitter(min(t.Retry<<min(n, 10), 15*time.Minute))
}

const (
	readersMost = 8   // feeds read at once
	streamsMost = 200 // streams held by one node
)

// Listener is one node's ears.
type Listener struct {
	Options
	poke    chan struct{}
	stop    context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	looked  atomic.Int64 // when a pass last saw the database, Unix milliseconds
	renewed atomic.Bool  // channels may have changed
	out     atomic.Bool  // something was published

	mu      sync.Mutex
	running map[key]bool
	readers int
	streams int
	broken  map[string]int64   // streams that broke off in a row, by channel
	hurried map[string]db.Time // when a stream last had a channel read
	threads map[string]db.Time // when the answers to a post were last read whole
}

// key names a feed.
type key struct{ channel, name string }

// New makes a listener that does nothing yet.
func New(o Options) *Listener {
	o.Times = o.Times.filled()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Listener{Options: o, poke: make(chan struct{}, 1), running: map[key]bool{}, broken: map[string]int64{},
		hurried: map[string]db.Time{}, threads: map[string]db.Time{}}
}

// Start begins to listen.
func (l *Listener) Start(ctx context.Context) error {
	l.stop, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.looked.Store(time.Now().UnixMilli())
	l.renewed.Store(true)
	unsubscribe := l.DB.Subscribe(outbox.LiveTopic, l.hear)
	l.wg.Go(func() {
		defer unsubscribe()
		l.run()
	})
	return nil
}

// Stop reads nothing more and waits for what is being read, at most until ctx
// ends. What was not taken in is read again by whoever starts next.
func (l *Listener) Stop(ctx context.Context) error {
	l.cancel()
	done := make(chan struct{})
	go func() {
		l.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ready is nil while the listener looks for what is due as often as it should.
func (l *Listener) Ready(context.Context) error {
	if since := time.Since(time.UnixMilli(l.looked.Load())); since > 3*l.Times.Poll+10*time.Second {
		return fault.New(fault.Unavailable, "No network was looked at since %s.", since.Round(time.Second))
	}
	return nil
}

// hear notes what a signal means for the feeds: a channel that was connected is
// read at once, and one that published something more often from now on.
func (l *Listener) hear(payload string) {
	switch {
	case payload == db.Missed, strings.Contains(payload, " channel.changed "):
		l.renewed.Store(true)
		l.wake()
	case strings.Contains(payload, " delivery.changed "):
		l.out.Store(true)
	}
}

func (l *Listener) wake() {
	select {
	case l.poke <- struct{}{}:
	default:
	}
}

func (l *Listener) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-l.stop.Done():
			return
		case <-l.poke:
		case <-timer.C:
		case <-tick.C:
			if !l.out.Load() {
				continue
			}
		}
		timer.Reset(l.pass())
		select {
		case <-l.stop.Done():
			return
		case <-time.After(20 * time.Millisecond): // a burst of signals is one pass
		}
	}
}

// pass reads what is due and returns how long to sleep without a signal.
func (l *Listener) pass() time.Duration {
	if l.renewed.CompareAndSwap(true, false) {
		if err := l.enlist(l.stop); err != nil {
			l.failed("list the channels", err)
			l.renewed.Store(true)
		}
	}
	if l.out.CompareAndSwap(true, false) {
		if err := l.quicken(l.stop); err != nil {
			l.failed("read channels that published more often", err)
		}
	}
	if _, err := conversation.Wake(l.stop, l.DB); err != nil {
		l.failed("wake what was put off", err)
	}
	if err := l.begin(); err != nil {
		l.failed("look for what is due", err)
		return l.Times.Poll
	}
	next, err := nextRun(l.stop, l.DB)
	if err != nil {
		l.failed("look for what is next", err)
		return l.Times.Poll
	}
	l.looked.Store(time.Now().UnixMilli())
	if next == 0 {
		return l.Times.Poll
	}
	return min(max(next.Sub(l.DB.Now()), 0), l.Times.Poll)
}

// begin claims what is due, as much as there are hands for, and starts reading.
func (l *Listener) begin() error {
	l.mu.Lock()
	free, streams := readersMost-l.readers, streamsMost-l.streams
	l.mu.Unlock()
	var all []feed
	for _, some := range []struct {
		streams bool
		limit   int
	}{{false, free}, {true, streams}} {
		if some.limit <= 0 {
			continue
		}
		due, err := anyDue(l.stop, l.DB, some.streams)
		if err != nil || !due {
			if err != nil {
				return err
			}
			continue
		}
		claimed, err := l.claim(l.stop, some.streams, min(some.limit, 50))
		if err != nil {
			return err
		}
		all = append(all, claimed...)
	}
	for _, f := range all {
		l.start(f)
	}
	return nil
}

func (l *Listener) start(f feed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[f.key] {
		return // it outlived its lease; it finishes by itself
	}
	l.running[f.key] = true
	count := &l.readers
	if f.name == feedStream {
		count = &l.streams
	}
	*count++
	l.wg.Go(func() {
		if f.name == feedStream {
			l.stream(f)
		} else {
			l.read(f)
		}
		l.mu.Lock()
		delete(l.running, f.key)
		*count--
		l.mu.Unlock()
		l.wake()
	})
}

func (l *Listener) failed(what string, err error) {
	if l.stop.Err() == nil {
		l.Log.Error("ingest: cannot "+what, "error", err)
	}
}

package db

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Signals wake what waits, on this node and on others. They carry ids, never
// content, and may be lost while PostgreSQL is away: a subscriber then gets
// Missed and looks for itself.

// Missed is the payload that says: signals may have been lost, look.
const Missed = "*"

const pgChannel = "rapport"

type note struct{ topic, payload string }

type signals struct {
	mu      sync.Mutex
	subs    map[string]map[int]func(payload string)
	here    map[int]hearer // PostgreSQL: those who hear at once what this node wrote
	next    int
	started bool
}

// Notify sends a signal if and when the transaction commits.
func (t *Tx) Notify(topic, payload string) {
	t.notes = append(t.notes, note{topic, payload})
}

// sendNotes hands the signals to PostgreSQL, which delivers them to every
// node at the commit. On SQLite they are delivered in the process.
func (t *Tx) sendNotes(ctx context.Context) error {
	if t.DB.Dialect != Postgres || len(t.notes) == 0 {
		return nil
	}
	seen := map[note]bool{}
	for _, n := range t.notes {
		if seen[n] {
			continue
		}
		seen[n] = true
		if _, err := t.ExecContext(ctx, "SELECT pg_notify($1, $2)", pgChannel, n.topic+" "+n.payload); err != nil {
			return fmt.Errorf("db: notify: %w", err)
		}
	}
	t.notes, t.here = nil, t.notes
	return nil
}

type hearer struct {
	topic string
	fn    func(payload string)
}

// Hear is Subscribe for what must not be late: a signal of this node is there
// before the transaction that sent it returns, whatever the database. It may
// come twice.
func (d *DB) Hear(topic string, fn func(payload string)) (cancel func()) {
	stop := d.Subscribe(topic, fn)
	s := &d.signals
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.here == nil {
		s.here = map[int]hearer{}
	}
	id := s.next
	s.next++
	s.here[id] = hearer{topic, fn}
	return func() {
		stop()
		s.mu.Lock()
		delete(s.here, id)
		s.mu.Unlock()
	}
}

// deliverHere hands signals to those who hear at once.
func (s *signals) deliverHere(notes []note) {
	if len(notes) == 0 {
		return
	}
	s.mu.Lock()
	all := slices.Collect(maps.Values(s.here))
	s.mu.Unlock()
	for _, n := range notes {
		for _, h := range all {
			if h.topic == n.topic {
				h.fn(n.payload)
			}
		}
	}
}

// Subscribe calls fn for every signal of the topic until cancel is called. fn
// must return at once. On PostgreSQL the first Subscribe starts the listener.
func (d *DB) Subscribe(topic string, fn func(payload string)) (cancel func()) {
	s := &d.signals
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subs == nil {
		s.subs = map[string]map[int]func(string){}
	}
	if s.subs[topic] == nil {
		s.subs[topic] = map[int]func(string){}
	}
	id := s.next
	s.next++
	s.subs[topic][id] = fn
	if d.Dialect == Postgres && !s.started {
		s.started = true
		go d.listen()
	}
	return func() {
		s.mu.Lock()
		delete(s.subs[topic], id)
		s.mu.Unlock()
	}
}

func (s *signals) deliver(notes []note) {
	for _, n := range notes {
		for _, fn := range s.listeners(n.topic) {
			fn(n.payload)
		}
	}
}

func (s *signals) listeners(topic string) []func(string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []func(string)
	for name, subs := range s.subs {
		if topic == "" || name == topic {
			for _, fn := range subs {
				out = append(out, fn)
			}
		}
	}
	return out
}

// listen keeps one connection on LISTEN and comes back after it breaks.
func (d *DB) listen() {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-d.closed
		cancel()
	}()
	for wait := 50 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 5*time.Second) {
		if d.listenOnce(ctx) {
			wait = 50 * time.Millisecond
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

func (d *DB) listenOnce(ctx context.Context) (connected bool) {
	pc, err := d.pool.Acquire(ctx)
	if err != nil {
		return false
	}
	// The connection is hijacked: it must not return to the pool listening.
	conn := pc.Hijack()
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+pgChannel); err != nil {
		return false
	}
	for _, fn := range d.signals.listeners("") {
		fn(Missed)
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true
		}
		topic, payload, _ := strings.Cut(n.Payload, " ")
		d.signals.deliver([]note{{topic, payload}})
	}
}

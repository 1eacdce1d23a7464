// Package live tells open pages what changed, over one event stream for each
// browser. It carries ids, never content: a page that hears of a change
// fetches what it shows anew, under the permissions it has then. Nothing is
// stored; who was away too long is told to look at everything again.
package live

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"rapport/internal/db"
	"rapport/internal/outbox"
)

// Event says that something changed.
type Event struct {
	Brand   string `json:"brand"`
	Kind    string `json:"kind"`
	Subject string `json:"subject"`
}

// AccessChanged is the kind that ends streams early: every stream of the
// account in Subject asks at once whether it may go on. It is sent to no page.
const AccessChanged = "access.changed"

// personal reports whether only the account in Subject hears of the event.
func (e Event) personal() bool { return strings.HasPrefix(e.Kind, "notification.") }

// kept is how many events a page may miss and still catch up.
const kept = 1024

// Hub has the last events of this node and wakes its streams. Streams read at
// their own pace from what the hub keeps, so that none can hold up another.
type Hub struct {
	// Beat is how often a stream shows that it is alive and asks whether it
	// may go on. Set it before the first stream.
	Beat time.Duration

	run    string // names this run of this node in event ids
	cancel func()
	closed chan struct{}

	mu      sync.Mutex
	ring    [kept]Event
	count   uint64 // events ever; the last one is ring[count%kept]
	streams map[*stream]struct{}
	person  map[string]int // streams by account
}

// New returns a hub that hears every change of the database, on this node and
// on others. Close ends it.
func New(d *db.DB) *Hub {
	h := &Hub{Beat: 25 * time.Second, run: db.NewID(), closed: make(chan struct{}),
		streams: map[*stream]struct{}{}, person: map[string]int{}}
	h.cancel = d.Subscribe(outbox.LiveTopic, h.hear)
	return h
}

// Close ends all streams, so that a server can shut down.
func (h *Hub) Close() {
	h.cancel()
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.closed:
	default:
		close(h.closed)
	}
}

// hear takes a signal. An Event without a kind stands for signals that were
// lost.
func (h *Hub) hear(payload string) {
	var e Event
	if payload != db.Missed {
		e.Brand, payload, _ = strings.Cut(payload, " ")
		e.Kind, e.Subject, _ = strings.Cut(payload, " ")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count++
	h.ring[h.count%kept] = e
	for s := range h.streams {
		s.poke()
	}
}

// since returns what came after the event with that number, and the number of
// the last. lost says that something is missing between.
func (h *Hub) since(n uint64) (events []Event, last uint64, lost bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count-n > kept {
		return nil, h.count, true
	}
	for n < h.count {
		n++
		e := h.ring[n%kept]
		events, lost = append(events, e), lost || e.Kind == ""
	}
	return events, n, lost
}

// Here is the id of the last event. A page that was rendered now hears all that
// comes after if its stream resumes from here.
func (h *Hub) Here() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.id(h.count)
}

func (h *Hub) id(n uint64) string { return h.run + "-" + strconv.FormatUint(n, 10) }

// place finds where a stream goes on. known is false for an id of another
// node, of an earlier run, or from too long ago.
func (h *Hub) place(lastID string) (n uint64, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := strings.LastIndexByte(lastID, '-')
	if i < 0 || lastID[:i] != h.run {
		return h.count, false
	}
	n, err := strconv.ParseUint(lastID[i+1:], 10, 64)
	if err != nil || n > h.count || h.count-n > kept {
		return h.count, false
	}
	return n, true
}

package live

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"rapport/internal/fault"
)

// Viewer is who watches.
type Viewer struct {
	Account string
	// See asks what the viewer may hear of. Sees is kept and called for each
	// event, so that a part that ends by its date ends at once; what an owner
	// changes is told by AccessChanged. Ok is false once the session has ended,
	// and ends the stream.
	See func(ctx context.Context) (sees func(brand string) bool, ok bool)
}

const (
	perAccount = 30                    // streams; a browser needs one
	gather     = 50 * time.Millisecond // the least time between two writes
)

type stream struct {
	pipe
	hub  *Hub
	v    Viewer
	wake chan struct{}
	at   uint64 // number of the last event that was handled
	may  func(brand string) bool
}

func (s *stream) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Stream answers the request with events until the browser goes, the viewer's
// session ends or the hub closes. These are the messages, each with an id:
//
//	event: ready   the stream has begun
//	event: change  data is an Event
//	event: reset   something was missed; fetch everything that is shown
//	event: end     the session is over; do not come back
//
// Stream returns a fault if it may not begin, with nothing written.
func (h *Hub) Stream(w http.ResponseWriter, r *http.Request, v Viewer) error {
	ctx := r.Context()
	may, ok := v.See(ctx)
	if !ok {
		return fault.New(fault.Denied, "Your session has ended. Sign in again.")
	}
	s := &stream{hub: h, v: v, wake: make(chan struct{}, 1), may: may}
	if !h.add(s) {
		return fault.After(time.Minute, "Too many windows are open for live updates. Close some of them.")
	}
	defer h.drop(s)
	var err error
	if s.pipe, err = open(w); err != nil {
		return err
	}
	if s.begin(r.Header.Get("Last-Event-ID")) {
		s.run(ctx)
	}
	return nil
}

func (h *Hub) add(s *stream) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.person[s.v.Account] >= perAccount {
		return false
	}
	h.person[s.v.Account]++
	h.streams[s] = struct{}{}
	return true
}

func (h *Hub) drop(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams, s)
	if h.person[s.v.Account]--; h.person[s.v.Account] == 0 {
		delete(h.person, s.v.Account)
	}
}

// begin says where the stream stands. It reports whether the browser is there.
func (s *stream) begin(lastID string) bool {
	var known bool
	s.at, known = s.hub.place(lastID)
	var b bytes.Buffer
	b.WriteString("retry: 3000\n")
	if lastID != "" && !known {
		s.message(&b, "reset", nil)
	} else {
		s.message(&b, "ready", nil)
	}
	s.poke() // what came after lastID waits
	return s.send(&b)
}

func (s *stream) run(ctx context.Context) {
	beat := time.NewTicker(s.hub.Beat)
	defer beat.Stop()
	pause := time.NewTimer(time.Hour)
	defer pause.Stop()
	wake := s.wake
	for alive := true; alive; {
		select {
		case <-ctx.Done():
			return
		case <-s.hub.closed:
			return
		case <-beat.C:
			alive = s.look(ctx) && s.beat()
		case <-wake:
			alive = s.pass(ctx)
			wake = nil
			pause.Reset(gather)
		case <-pause.C:
			wake = s.wake
		}
	}
}

// pass writes what is new. It reports whether the stream goes on.
func (s *stream) pass(ctx context.Context) bool {
	events, last, lost := s.hub.since(s.at)
	s.at = last
	var b bytes.Buffer
	if lost {
		s.message(&b, "reset", nil)
		return s.look(ctx) && s.send(&b)
	}
	if slices.ContainsFunc(events, s.concernsAccess) && !s.look(ctx) {
		return false
	}
	seen := map[Event]bool{}
	for _, e := range events {
		if !seen[e] && s.sees(e) {
			seen[e] = true
			s.message(&b, "change", e)
		}
	}
	return b.Len() == 0 || s.send(&b)
}

func (s *stream) concernsAccess(e Event) bool {
	return e.Kind == AccessChanged && (e.Subject == "" || e.Subject == s.v.Account)
}

func (s *stream) sees(e Event) bool {
	if e.Kind == AccessChanged || e.personal() && e.Subject != s.v.Account {
		return false
	}
	return s.may(e.Brand)
}

// look asks anew what the viewer may see, and says so if that is over.
func (s *stream) look(ctx context.Context) bool {
	var ok bool
	if s.may, ok = s.v.See(ctx); ok {
		return true
	}
	if ctx.Err() == nil {
		var b bytes.Buffer
		s.message(&b, "end", nil)
		s.send(&b)
	}
	return false
}

// beat keeps the connection open and moves the browser's last id along.
func (s *stream) beat() bool {
	var b bytes.Buffer
	fmt.Fprintf(&b, ": here\nid: %s\n\n", s.hub.id(s.at))
	return s.send(&b)
}

func (s *stream) message(b *bytes.Buffer, name string, data any) {
	if data == nil {
		data = struct{}{}
	}
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // an Event is three strings
	}
	fmt.Fprintf(b, "id: %s\nevent: %s\ndata: %s\n\n", s.hub.id(s.at), name, raw)
}

func (s *stream) send(b *bytes.Buffer) bool { return s.pipe.send(b.Bytes()) }

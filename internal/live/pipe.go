package live

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// writeLimit bounds a write: who reads slower is let go and comes back.
const writeLimit = 10 * time.Second

// pipe is an answer that goes on.
type pipe struct {
	w   http.ResponseWriter
	out *http.ResponseController
}

// open makes an event stream of an answer.
func open(w http.ResponseWriter) (pipe, error) {
	p := pipe{w, http.NewResponseController(w)}
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no")
	// The server's read limit is meant for requests that end.
	if err := p.out.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return p, fmt.Errorf("live: %w", err)
	}
	return p, nil
}

// send writes at once. It reports whether the reader is there.
func (p pipe) send(b []byte) bool {
	// Not every writer has a deadline, as in tests; the write itself will tell.
	_ = p.out.SetWriteDeadline(time.Now().Add(writeLimit))
	if _, err := p.w.Write(b); err != nil {
		return false
	}
	return p.out.Flush() == nil
}

package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Gate stands before an emulated network's handler. It reads each request to
// its end, records commits, and lets the faults on order strike.
type Gate struct {
	// Next is the network when all is well.
	Next http.Handler
	// Describe says whose request it is and, where it is a commit, what makes
	// it recognisable. Only commits are recorded.
	Describe func(r *http.Request, body []byte) (a Arrival, commit bool)
	// Latency is waited before every request is carried out.
	Latency time.Duration
	// MaxBody in bytes; more is answered 413.
	MaxBody int64
	// Refusal is the body of an error as this network writes it, for faults
	// that answer one; nil is {"error":{"code","text"}}.
	Refusal func(status int, text string) string

	Faults   Faults
	Arrivals Arrivals

	requests atomic.Int64
	once     sync.Once
	end      chan struct{}
}

// Counts sums up what arrived.
func (g *Gate) Counts() Counts {
	c := g.Arrivals.counts()
	c.Requests = g.requests.Load()
	return c
}

// Clear forgets what arrived.
func (g *Gate) Clear() {
	g.Arrivals.Clear()
	g.requests.Store(0)
}

// Close lets go of every request that is kept waiting.
func (g *Gate) Close() { close(g.ending()) }

func (g *Gate) ending() chan struct{} {
	g.once.Do(func() { g.end = make(chan struct{}) })
	return g.end
}

// ServeHTTP serves one request.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	if c := connOf(r); c != nil {
		at = time.Unix(0, c.first.Load())
	}
	g.requests.Add(1)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, g.MaxBody))
	if err != nil {
		g.tooLarge(w, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	g.pass(w, r, body, at)
}

func (g *Gate) tooLarge(w http.ResponseWriter, err error) {
	var most *http.MaxBytesError
	if errors.As(err, &most) {
		g.answer(w, http.StatusRequestEntityTooLarge, "This request is too large.")
		return
	}
	panic(http.ErrAbortHandler)
}

func (g *Gate) pass(w http.ResponseWriter, r *http.Request, body []byte, at time.Time) {
	a, commit := g.Describe(r, body)
	p := g.Faults.plan(r, a.Account)
	pc := &passage{gate: g, media: p.media}
	if commit {
		a.At = at
		if p.fault != nil {
			a.Fault = p.fault.Kind
		}
		if p.fault != nil && !a.Fault.CarriedOut() {
			a.Outcome = nothing
		}
		pc.arrival = g.Arrivals.add(a)
	}
	r = r.WithContext(context.WithValue(r.Context(), passageKey{}, pc))
	g.wait(g.Latency + p.wait)
	switch {
	case p.fault == nil:
		g.Next.ServeHTTP(w, r)
	case p.fault.Kind.CarriedOut():
		rec := &kept{header: http.Header{}, code: http.StatusOK}
		g.Next.ServeHTTP(rec, r)
		g.strike(w, r, *p.fault, rec)
	default:
		g.strike(w, r, *p.fault, nil)
	}
}

// wait goes on even when the caller has left, as a real network would.
func (g *Gate) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-g.ending():
	}
}

func (g *Gate) strike(w http.ResponseWriter, r *http.Request, f Fault, rec *kept) {
	switch f.Kind {
	case Status, StatusAfter:
		g.answerStatus(w, f)
	case ResetBefore, ResetAfter:
		reset(r)
	case SilentBefore, Silent:
		select {
		case <-r.Context().Done():
		case <-g.ending():
		}
		panic(http.ErrAbortHandler)
	case Redirect:
		http.Redirect(w, r, f.Location, http.StatusTemporaryRedirect)
	case Echo:
		g.answer(w, http.StatusUnprocessableEntity, "The header said "+r.Header.Get("Authorization"))
	case Endless:
		g.pour(w, r, rec.code)
	case Half:
		half(w, rec)
	case Garbled:
		answerRaw(w, rec.code, `{"id": "1", "url": <oops`)
	case WrongTypes:
		answerRaw(w, rec.code, `{"id":{"a":1},"uri":7,"cid":[],"url":[3],"published_at":true,"created_at":0,"account":"x"}`)
	default: // CloseBefore, CloseAfter
		panic(http.ErrAbortHandler)
	}
}

func reset(r *http.Request) {
	if c := connOf(r); c != nil {
		c.reset()
	}
	panic(http.ErrAbortHandler)
}

func (g *Gate) answerStatus(w http.ResponseWriter, f Fault) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	g.answer(w, f.Status, http.StatusText(f.Status)+", by order.")
}

func (g *Gate) answer(w http.ResponseWriter, status int, text string) {
	refusal := g.Refusal
	if refusal == nil {
		refusal = func(_ int, text string) string { return fmt.Sprintf(`{"error":{"code":"ordered","text":%q}}`, text) }
	}
	answerRaw(w, status, refusal(status, text))
}

func answerRaw(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func half(w http.ResponseWriter, rec *kept) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(rec.body.Len()))
	w.WriteHeader(rec.code)
	_, _ = w.Write(rec.body.Bytes()[:rec.body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func (g *Gate) pour(w http.ResponseWriter, r *http.Request, status int) {
	answerRaw(w, status, `{"id":"`)
	chunk := []byte(strings.Repeat("x", 32<<10))
	for {
		select {
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		case <-g.ending():
			panic(http.ErrAbortHandler)
		default:
		}
		if _, err := w.Write(chunk); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

// kept is an answer that is not sent yet.
type kept struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header         { return k.header }
func (k *kept) WriteHeader(code int)        { k.code = code }
func (k *kept) Write(p []byte) (int, error) { return k.body.Write(p) }

// passage is one request's way through the gate.
type passage struct {
	gate    *Gate
	arrival *Arrival
	media   time.Duration
}

type passageKey struct{}

// Note records what became of the commit that ctx belongs to. post is the id
// of what it published, if it did.
func Note(ctx context.Context, outcome, post string) {
	if p, ok := ctx.Value(passageKey{}).(*passage); ok && p.arrival != nil {
		p.gate.Arrivals.note(p.arrival, outcome, post)
	}
}

// MediaDelay is how much longer than usual this upload takes to be processed.
func MediaDelay(ctx context.Context) time.Duration {
	if p, ok := ctx.Value(passageKey{}).(*passage); ok {
		return p.media
	}
	return 0
}

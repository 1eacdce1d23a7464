package job

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"
)

// Workers are the handlers of one program, by kind. Register them all before
// New.
type Workers struct {
	handlers map[string]handler
	within   map[string]time.Duration // of kinds that may take longer
	periodic []periodic
	river    []func(river *river.Workers, options Options)
	complete bool // an engine was made of them
}

type handler func(ctx context.Context, args []byte) error

type periodic struct {
	every time.Duration
	args  Args
}

// NewWorkers returns an empty set.
func NewWorkers() *Workers {
	return &Workers{handlers: map[string]handler{}, within: map[string]time.Duration{}}
}

// Handle registers f for the jobs whose args are of type T. A job that f
// returns an error for, or panics in, is tried again later. Registering a kind
// twice, or after New, panics.
func Handle[T Args](w *Workers, f func(ctx context.Context, a T) error) {
	var zero T
	kind := zero.Kind()
	if w.handlers[kind] != nil {
		panic("job: two handlers for " + kind)
	}
	w.open(kind)
	run := func(ctx context.Context, raw []byte) error {
		var a T
		if err := json.Unmarshal(raw, &a); err != nil {
			return Cancel(fmt.Errorf("job: arguments of %s: %w", kind, err))
		}
		return f(ctx, a)
	}
	w.handlers[kind], w.within[kind] = run, within(zero)
	w.river = append(w.river, func(rw *river.Workers, o Options) {
		river.AddWorker(rw, &riverWorker[T]{run: run, tries: o.Tries})
	})
}

// Every runs the job soon after the start of the first node and then once an
// interval, on one node of all. It may run more often than that, when nodes
// come and go, but never beside an earlier run of itself that still waits.
// After New it panics.
func (w *Workers) Every(interval time.Duration, a Args) {
	w.open(a.Kind())
	w.periodic = append(w.periodic, periodic{interval, a})
}

func (w *Workers) open(kind string) {
	if w.complete {
		panic("job: " + kind + " is registered after the engine was made")
	}
}

func (w *Workers) kinds() []string {
	var out []string
	for kind := range w.handlers {
		out = append(out, kind)
	}
	slices.Sort(out)
	return out
}

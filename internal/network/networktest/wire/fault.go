package wire

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind is what goes wrong.
type Kind string

// The kinds. "Carried out" means that the network did what the request asked,
// and only its answer suffers.
const (
	Latency      Kind = "latency"       // waits DelayMS before it does anything
	SlowMedia    Kind = "slow_media"    // an upload takes DelayMS to be processed
	Status       Kind = "status"        // answers Status; nothing carried out
	StatusAfter  Kind = "status_after"  // carried out, then answers Status
	ResetBefore  Kind = "reset_before"  // reads all and resets; nothing carried out
	ResetAfter   Kind = "reset_after"   // carried out, then reset
	CloseBefore  Kind = "close_before"  // reads all and closes; nothing carried out
	CloseAfter   Kind = "close_after"   // carried out, then closed
	SilentBefore Kind = "silent_before" // never answers; nothing carried out
	Silent       Kind = "silent"        // carried out, never answers
	Half         Kind = "half"          // carried out; half of the answer, then closed
	Garbled      Kind = "garbled"       // carried out; the answer is no JSON
	WrongTypes   Kind = "wrong_types"   // carried out; JSON of another shape
	Endless      Kind = "endless"       // carried out; the answer never ends
	Redirect     Kind = "redirect"      // sends the caller to Location; nothing carried out
	Echo         Kind = "echo"          // answers 422 and repeats the credential; nothing carried out
)

var kinds = []Kind{Latency, SlowMedia, Status, StatusAfter, ResetBefore, ResetAfter, CloseBefore, CloseAfter,
	SilentBefore, Silent, Half, Garbled, WrongTypes, Endless, Redirect, Echo}

var carriedOut = []Kind{StatusAfter, ResetAfter, CloseAfter, Silent, Half, Garbled, WrongTypes, Endless}

// CarriedOut reports whether the request takes effect in spite of the fault.
func (k Kind) CarriedOut() bool { return slices.Contains(carriedOut, k) }

// Fault is one fault on order. The zero match is every request behind the
// gate, and the zero counts are every time for ever.
type Fault struct {
	Kind    Kind   `json:"kind"`
	Method  string `json:"method,omitempty"`
	Path    string `json:"path,omitempty"` // exact, or a prefix that ends in "*"
	Account string `json:"account,omitempty"`

	After       int     `json:"after,omitempty"`       // lets this many matches pass first
	Every       int     `json:"every,omitempty"`       // then strikes at every nth
	Times       int     `json:"times,omitempty"`       // and so often at most
	Probability float64 `json:"probability,omitempty"` // between 0 and 1; 0 is always
	Seed        uint64  `json:"seed,omitempty"`        // of that probability

	DelayMS    int    `json:"delay_ms,omitempty"`
	Status     int    `json:"status,omitempty"`
	RetryAfter string `json:"retry_after,omitempty"` // the header as it is sent
	Location   string `json:"location,omitempty"`
}

func (f Fault) delay() time.Duration { return time.Duration(f.DelayMS) * time.Millisecond }

func (f Fault) check() error {
	switch {
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("there is no fault called %q; choose one of %v", f.Kind, kinds)
	case (f.Kind == Status || f.Kind == StatusAfter) && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("give a status between 200 and 599")
	case f.Probability < 0 || f.Probability > 1:
		return fmt.Errorf("give a probability between 0 and 1")
	}
	return nil
}

func (f Fault) matches(r *http.Request, account string) bool {
	if f.Method != "" && f.Method != r.Method || f.Account != "" && f.Account != account {
		return false
	}
	if prefix, ok := strings.CutSuffix(f.Path, "*"); ok {
		return strings.HasPrefix(r.URL.Path, prefix)
	}
	return f.Path == "" || f.Path == r.URL.Path
}

// Ordered is a fault with what became of it.
type Ordered struct {
	Fault
	Seen   int `json:"seen"`   // requests that matched
	Struck int `json:"struck"` // requests that suffered
	rng    *rand.Rand
}

func (o *Ordered) strikes() bool {
	o.Seen++
	switch {
	case o.Seen <= o.After,
		o.Times > 0 && o.Struck >= o.Times,
		o.Every > 0 && (o.Seen-o.After-1)%o.Every != 0,
		o.Probability > 0 && o.rng.Float64() >= o.Probability:
		return false
	}
	o.Struck++
	return true
}

// Faults is the list on order. The zero value is empty and ready.
type Faults struct {
	mu   sync.Mutex
	list []*Ordered
}

// Order adds a fault to the end of the list.
func (fs *Faults) Order(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = append(fs.list, &Ordered{Fault: f, rng: rand.New(rand.NewPCG(f.Seed, 1))})
	return nil
}

// Clear takes every fault off the list.
func (fs *Faults) Clear() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = nil
}

// List returns the faults with their counts.
func (fs *Faults) List() []Ordered {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	out := make([]Ordered, 0, len(fs.list))
	for _, o := range fs.list {
		out = append(out, *o)
	}
	return out
}

// plan is what one request will suffer.
type plan struct {
	wait  time.Duration
	media time.Duration
	fault *Fault
}

func (fs *Faults) plan(r *http.Request, account string) plan {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var p plan
	for _, o := range fs.list {
		// One breakage a request: the next in the list waits for its turn.
		exclusive := o.Kind != Latency && o.Kind != SlowMedia
		if exclusive && p.fault != nil || !o.matches(r, account) || !o.strikes() {
			continue
		}
		switch o.Kind {
		case Latency:
			p.wait += o.delay()
		case SlowMedia:
			p.media += o.delay()
		default:
			p.fault = &o.Fault
		}
	}
	return p
}

// Package insight computes numbers from what was kept: over a channel's days,
// and over one delivery's life. It stores nothing and asks no network. A
// number that cannot be known comes without a value and with the reason.
package insight

import (
	"time"

	"rapport/internal/db"
	"rapport/internal/metric"
)

// Value is one number with what it takes to rely on it.
type Value struct {
	metric.Definition
	// Now is the number, Before the same of the window before; nil is not
	// known, which is not 0.
	Now, Before *float64
	// Of is how many things it was computed from, in the words of the
	// definition's denominator or window: posts, periods, readings.
	Of int
	// Base is what a rate was divided by; 0 where it is no rate or there is none.
	Base float64
	// Left are those of the window that could not be counted in.
	Left int
	// Why says for a person why there is no value.
	Why string
	// At is when the newest of what it rests on was read; 0 where nothing was.
	At db.Time
	// Provisional is set where something it rests on is still growing.
	Provisional bool
	// Course is the number day by day, or reading by reading, oldest first;
	// a nil is a gap.
	Course []*float64
}

// few is how much a rate is divided by before one may go by it.
const few = 30

// Few reports whether a rate was divided by so little that a single case more
// would move it.
func (v Value) Few() bool { return v.Unit == metric.Percent && v.Now != nil && v.Base < few }

// LeftBeside reports whether the number's definition promises that how many are
// left stands beside it.
func (v Value) LeftBeside() bool {
	switch v.ID {
	case metric.FirstResponse, metric.ResponseRate, metric.LinkRate, metric.FirstReply, metric.ReplyCoverage, metric.SolvedRate:
		return true
	}
	return false
}

// Window is some whole days by the brand's clock, the last of which is today.
type Window struct {
	Days int
	Zone *time.Location
}

// Provisional is for how long networks correct what they told.
const Provisional = 48 * time.Hour

// bounds are the first instants of the window's days, and of the day after.
func (w Window) bounds(now time.Time) []db.Time {
	y, m, d := now.In(w.Zone).Date()
	out := make([]db.Time, w.Days+1)
	for i := range out {
		out[i] = db.At(time.Date(y, m, d-w.Days+1+i, 0, 0, 0, 0, w.Zone))
	}
	return out
}

// before is the window of the same length that ends where this one begins.
func (w Window) before(now time.Time) (from, to db.Time) {
	y, m, d := now.In(w.Zone).Date()
	return db.At(time.Date(y, m, d-2*w.Days+1, 0, 0, 0, 0, w.Zone)), db.At(time.Date(y, m, d-w.Days+1, 0, 0, 0, 0, w.Zone))
}

// dayOf is the index of the day that holds at, -1 outside of the window.
func dayOf(bounds []db.Time, at db.Time) int {
	for i := len(bounds) - 2; i >= 0; i-- {
		if at >= bounds[i] && at < bounds[i+1] {
			return i
		}
	}
	return -1
}

func defined(id string) Value {
	d, _ := metric.Defined(id)
	return Value{Definition: d}
}

func known[N int | int64 | float64](n N) *float64 {
	f := float64(n)
	return &f
}

func add(to *float64, n float64) *float64 {
	if to == nil {
		return &n
	}
	sum := *to + n
	return &sum
}

// rate is a share in percent, unknown where the whole is nothing.
func rate(part, whole float64) *float64 {
	if whole == 0 {
		return nil
	}
	return known(100 * part / whole)
}

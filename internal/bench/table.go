package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// row is one measured number beside what was promised.
type row struct {
	what  string
	value float64
	most  float64 // the promise; 0: none
	unit  string
	peer  string // the closest peer's number for the same, "" where unknown
}

// line is a row with what its value must not be below; 0: nothing.
type line struct {
	row
	least float64
}

func (b *bench) add(r row) { b.rows = append(b.rows, line{row: r}) }

func (b *bench) addLeast(r row, least float64) { b.rows = append(b.rows, line{r, least}) }

func (r line) kept() bool { return (r.most == 0 || r.value <= r.most) && r.value >= r.least }

func (b *bench) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WHAT\tTARGET\tMEASURED\tPEER\t")
	for _, r := range b.rows {
		target, verdict := "", ""
		if r.most > 0 {
			target, verdict = "≤ "+r.text(r.most), "ok"
		}
		if r.least > 0 {
			target, verdict = "≥ "+r.text(r.least), "ok"
		}
		if !r.kept() {
			verdict = "MISSED"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.what, target, r.text(r.value), r.peer, verdict)
	}
	t.Flush()
}

func (r row) text(v float64) string {
	switch {
	case v == float64(int64(v)):
		return fmt.Sprintf("%.0f %s", v, r.unit)
	case v < 10:
		return fmt.Sprintf("%.2f %s", v, r.unit)
	}
	return fmt.Sprintf("%.1f %s", v, r.unit)
}

// missed is an error if a promise was not kept.
func (b *bench) missed() error {
	n := 0
	for _, r := range b.rows {
		if !r.kept() {
			n++
		}
	}
	if n > 0 {
		return fmt.Errorf("%d of %d numbers miss their target", n, len(b.rows))
	}
	return nil
}

// quantile of durations; 0.5 is the median.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

package ui

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"rapport/internal/i18n"
)

// spark draws points as a path in a box of 100 × 32, oldest first, the lowest
// at the bottom. A NaN is a gap. closed ends it at the bottom, for the area.
func spark(points []float64, closed bool) string {
	low, high := bounds(points)
	if len(points) < 2 || math.IsInf(low, 0) {
		return ""
	}
	var b strings.Builder
	start, last := -1.0, 0.0
	end := func() {
		if closed && start >= 0 {
			fmt.Fprintf(&b, "L%.1f 32L%.1f 32Z", last, start)
		}
		start = -1
	}
	for i, p := range points {
		if math.IsNaN(p) {
			end()
			continue
		}
		x := 100 * float64(i) / float64(len(points)-1)
		step := "L"
		if start < 0 {
			step, start = "M", x
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", step, x, height(p, low, high))
		last = x
	}
	end()
	return b.String()
}

func bounds(points []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, p := range points {
		if !math.IsNaN(p) {
			low, high = min(low, p), max(high, p)
		}
	}
	return low, high
}

func height(p, low, high float64) float64 {
	switch {
	case high > low:
	case high == 0:
		return 30 // nothing is no height
	default:
		return 16
	}
	return 30 - 28*(p-low)/(high-low)
}

// timeWords are the words with which the page keeps its times true; # stands
// for the number.
func timeWords(ctx context.Context) string {
	words, err := json.Marshal(map[string]string{
		"now":     i18n.T(ctx, "now"),
		"past":    i18n.T(ctx, "{{.Span}} ago", "Span", "#"),
		"future":  i18n.T(ctx, "in {{.Span}}", "Span", "#"),
		"minutes": i18n.T(ctx, "{{.N}} min", "N", "#"),
		"hours":   i18n.T(ctx, "{{.N}} h", "N", "#"),
	})
	if err != nil {
		return ""
	}
	return string(words)
}

package web

import (
	"context"
	"math"
	"time"

	"rapport/internal/i18n"
)

// span says how long something took or takes, in its largest unit.
func span(ctx context.Context, d time.Duration) string {
	d = d.Abs()
	switch {
	case d < time.Second:
		return i18n.T(ctx, "{{.N}} ms", "N", int(d.Milliseconds()))
	case d < 90*time.Second:
		return i18n.T(ctx, "{{.N}} s", "N", int(math.Round(d.Seconds())))
	case d < 90*time.Minute:
		return i18n.T(ctx, "{{.N}} min", "N", int(math.Round(d.Minutes())))
	case d < 36*time.Hour:
		return i18n.T(ctx, "{{.N}} h", "N", int(math.Round(d.Hours())))
	}
	days := int(math.Round(d.Hours() / 24))
	return i18n.N(ctx, days, "{{.N}} day", "{{.N}} days")
}

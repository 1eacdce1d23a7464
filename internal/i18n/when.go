package i18n

import (
	"context"
	"math"
	"time"
)

// Clock returns the time of day in the reader's zone: "14:02".
func Clock(ctx context.Context, t time.Time) string {
	return t.In(Zone(ctx)).Format("15:04")
}

// Day returns the day without its year in the reader's zone: "Mon 23 Nov".
func Day(ctx context.Context, t time.Time) string {
	t = t.In(Zone(ctx))
	return T(ctx, "{{.Weekday}} {{.Day}} {{.Month}}",
		"Weekday", T(ctx, t.Format("Mon")), "Day", t.Day(), "Month", T(ctx, t.Format("Jan")))
}

// Date returns the day with its year in the reader's zone: "23 Nov 2026".
func Date(ctx context.Context, t time.Time) string {
	t = t.In(Zone(ctx))
	return T(ctx, "{{.Day}} {{.Month}} {{.Year}}",
		"Day", t.Day(), "Month", T(ctx, t.Format("Jan")), "Year", t.Format("2006"))
}

// DateTime returns day, year and time of day in the reader's zone:
// "Mon 23 Nov 2026, 14:02". In the hour that a clock change repeats the zone's
// abbreviation follows, since the time alone would mean two moments.
func DateTime(ctx context.Context, t time.Time) string {
	t = t.In(Zone(ctx))
	text := T(ctx, "{{.Day}} {{.Year}}, {{.Clock}}",
		"Day", Day(ctx, t), "Year", t.Format("2006"), "Clock", Clock(ctx, t))
	if repeated(t) {
		return text + " " + t.Format("MST")
	}
	return text
}

// repeated reports whether the same wall clock reading occurs twice that day.
func repeated(t time.Time) bool {
	_, offset := t.Zone()
	for _, near := range []time.Duration{-12 * time.Hour, 12 * time.Hour} {
		_, other := t.Add(near).Zone()
		twin := t.Add(time.Duration(offset-other) * time.Second)
		_, twinOffset := twin.Zone()
		if other != offset && twinOffset == other {
			return true
		}
	}
	return false
}

// Relative says where t lies from now: "now", "in 5 min", "2 h ago",
// "yesterday 14:02", "Mon 23 Nov 14:02", and with the year in another year.
// Days are those of the reader's zone.
func Relative(ctx context.Context, now, t time.Time) string {
	away := t.Sub(now)
	minutes := int(math.Round(away.Abs().Minutes()))
	days := daysBetween(now.In(Zone(ctx)), t.In(Zone(ctx)))
	switch {
	case minutes == 0:
		return T(ctx, "now")
	case minutes < 60:
		return direction(ctx, away, T(ctx, "{{.N}} min", "N", minutes))
	case days == 0:
		return direction(ctx, away, T(ctx, "{{.N}} h", "N", int(math.Round(away.Abs().Hours()))))
	case days == -1:
		return T(ctx, "yesterday {{.Clock}}", "Clock", Clock(ctx, t))
	case days == 1:
		return T(ctx, "tomorrow {{.Clock}}", "Clock", Clock(ctx, t))
	case now.In(Zone(ctx)).Year() == t.In(Zone(ctx)).Year():
		return T(ctx, "{{.Day}} {{.Clock}}", "Day", Day(ctx, t), "Clock", Clock(ctx, t))
	}
	return DateTime(ctx, t)
}

func direction(ctx context.Context, away time.Duration, span string) string {
	if away < 0 {
		return T(ctx, "{{.Span}} ago", "Span", span)
	}
	return T(ctx, "in {{.Span}}", "Span", span)
}

// daysBetween counts midnights, not hours: a day of a clock change has 23 or 25.
func daysBetween(a, b time.Time) int {
	return int(noon(b).Sub(noon(a)).Hours() / 24)
}

func noon(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
}

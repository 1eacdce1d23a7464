package i18n

import (
	"context"
	"math"
	"strconv"
	"time"
)

// Clock returns the time of day in the reader's zone: "14:02".
func Clock(ctx context.Context, t time.Time) string {
	return t.In(Zone(ctx)).Format("15:04")
}

// The names of days and months, from Sunday and January on.
var (
	weekdays      = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	shortWeekdays = [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
	months        = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December"}
	shortMonths = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
)

// Weekday names the day that t has in its own zone: "Monday".
func Weekday(ctx context.Context, t time.Time) string { return T(ctx, weekdays[t.Weekday()]) }

// ShortWeekday is Weekday in short: "Mon".
func ShortWeekday(ctx context.Context, t time.Time) string { return T(ctx, shortWeekdays[t.Weekday()]) }

// Month names the month that t has in its own zone: "November".
func Month(ctx context.Context, t time.Time) string { return T(ctx, months[t.Month()-1]) }

// ShortMonth is Month in short: "Nov".
func ShortMonth(ctx context.Context, t time.Time) string { return T(ctx, shortMonths[t.Month()-1]) }

// MonthYear returns the month in t's own zone: "November 2026".
func MonthYear(ctx context.Context, t time.Time) string {
	return T(ctx, "{{.Month}} {{.Year}}", "Month", Month(ctx, t), "Year", t.Format("2006"))
}

// LongDay returns the day in t's own zone, in full words: "Monday 23 November".
func LongDay(ctx context.Context, t time.Time) string {
	return T(ctx, "{{.Weekday}} {{.Day}} {{.Month}}", "Weekday", Weekday(ctx, t), "Day", t.Day(), "Month", Month(ctx, t))
}

// Days returns the days from one to another, in their own zone: "23–29
// November 2026", "30 November – 6 December 2026".
func Days(ctx context.Context, first, last time.Time) string {
	switch {
	case first.Year() != last.Year():
		return T(ctx, "{{.From}} – {{.To}}", "From", longDate(ctx, first), "To", longDate(ctx, last))
	case first.Month() != last.Month():
		from := T(ctx, "{{.Day}} {{.Month}}", "Day", first.Day(), "Month", Month(ctx, first))
		return T(ctx, "{{.From}} – {{.To}}", "From", from, "To", longDate(ctx, last))
	}
	return T(ctx, "{{.First}}–{{.To}}", "First", first.Day(), "To", longDate(ctx, last))
}

func longDate(ctx context.Context, t time.Time) string {
	return T(ctx, "{{.Day}} {{.Month}} {{.Year}}", "Day", t.Day(), "Month", Month(ctx, t), "Year", t.Format("2006"))
}

// Day returns the day without its year in the reader's zone: "Mon 23 Nov".
func Day(ctx context.Context, t time.Time) string {
	t = t.In(Zone(ctx))
	return T(ctx, "{{.Weekday}} {{.Day}} {{.Month}}",
		"Weekday", ShortWeekday(ctx, t), "Day", strconv.Itoa(t.Day()), "Month", ShortMonth(ctx, t))
}

// Date returns the day with its year in the reader's zone: "23 Nov 2026".
func Date(ctx context.Context, t time.Time) string {
	t = t.In(Zone(ctx))
	return T(ctx, "{{.Day}} {{.Month}} {{.Year}}",
		"Day", t.Day(), "Month", ShortMonth(ctx, t), "Year", t.Format("2006"))
}

// DateTime returns day, year and time of day in the reader's zone:
// "Mon 23 Nov 2026, 14:02". In the hour that a clock change repeats the zone's
// abbreviation follows, since the time alone would mean two moments.
func DateTime(ctx context.Context, t time.Time) string {
	t = t.In(Zone(ctx))
	text := T(ctx, "{{.Day}} {{.Year}}, {{.Clock}}",
		"Day", Day(ctx, t), "Year", year(t), "Clock", Clock(ctx, t))
	if repeated(t) {
		return text + " " + t.Format("MST")
	}
	return text
}

func year(t time.Time) string { return strconv.Itoa(t.Year()) }

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
	if short := relative(ctx, now, t); short != "" {
		return short
	}
	return DateTime(ctx, t)
}

// Moment is Relative and DateTime of a time, for pages that show many.
func Moment(ctx context.Context, now, t time.Time) (short, full string) {
	full = DateTime(ctx, t)
	if short = relative(ctx, now, t); short == "" {
		short = full
	}
	return short, full
}

// relative is "" in another year.
func relative(ctx context.Context, now, t time.Time) string {
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
	return ""
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

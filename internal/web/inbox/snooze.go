package inbox

import (
	"context"
	"time"

	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/i18n"
)

// snooze is a time to put a conversation off until, as the brand's clock has
// it.
type snooze struct {
	Label, Detail, Icon string
	Wall                string // "2026-03-29T09:00"
}

const (
	morning   = 9  // the hour of a day that a conversation comes back at
	lateToday = 19 // the last hour of today that is offered
)

// snoozes are the times worth offering at this moment: later today while the
// day lasts, tomorrow morning and the morning of the next Monday.
func snoozes(ctx context.Context, b brand.Brand, now db.Time) []snooze {
	here := now.Time().In(b.Location())
	var out []snooze
	add := func(label, icon string, day time.Time, hour int) {
		at, _, err := brand.At(b, wallAt(day, hour))
		if err != nil || at <= now {
			return
		}
		out = append(out, snooze{Label: label, Icon: icon, Wall: wallAt(day, hour),
			Detail: i18n.T(ctx, "{{.Day}} {{.Clock}}", "Day", i18n.Day(ctx, at.Time()), "Clock", i18n.Clock(ctx, at.Time()))})
	}
	today := midday(here)
	if hour := here.Hour() + 3; hour <= lateToday {
		add(i18n.T(ctx, "Later today"), "clock", today, hour)
	}
	tomorrow := today.AddDate(0, 0, 1)
	add(i18n.T(ctx, "Tomorrow"), "sunrise", tomorrow, morning)
	monday := today.AddDate(0, 0, (7-int(today.Weekday()))%7+1)
	if monday != tomorrow {
		add(i18n.T(ctx, "Next Monday"), "calendar", monday, morning)
	}
	return out
}

// midday stands for a day, so that adding days never meets a change of clocks.
func midday(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
}

func wallAt(day time.Time, hour int) string {
	return time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, time.UTC).Format("2006-01-02T15:04")
}

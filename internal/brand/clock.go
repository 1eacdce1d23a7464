package brand

import (
	"fmt"
	"slices"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
)

// At turns what the brand's wall clock shows ("2026-03-29T02:30", seconds
// optional) into an instant. Where the clocks go forward over that time it
// moves forward by as much; where they go back and show it twice, the first
// is meant. In both cases note says so in a sentence; else it is "".
func At(b Brand, wall string) (at db.Time, note string, err error) {
	shown, err := parseWall(wall)
	if err != nil {
		return 0, "", err
	}
	loc := b.Location()
	before, after := offset(shown.Add(-24*time.Hour), loc), offset(shown.Add(24*time.Hour), loc)
	early, late := shown.Add(-max(before, after)), shown.Add(-min(before, after))
	fits := func(t time.Time) bool { return shown.Add(-offset(t, loc)).Equal(t) }
	switch {
	case !fits(early) && !fits(late):
		t := shown.Add(-before)
		return db.At(t), fmt.Sprintf("The clocks go forward over %s on %s; %s is used.",
			shown.Format("15:04"), shown.Format("2 January"), t.In(loc).Format("15:04")), nil
	case !fits(early):
		return db.At(late), "", nil
	case fits(late) && !early.Equal(late):
		return db.At(early), fmt.Sprintf("The clock shows %s twice on %s; the first is used.",
			shown.Format("15:04"), shown.Format("2 January")), nil
	}
	return db.At(early), "", nil
}

// NextHour is when the brand's clock first shows the full hour (0 to 23) after
// that instant, on one of the days of the week where any are given: an hour that
// a change of the clocks skips is the one after it, of one that comes twice it
// is the first.
func NextHour(b Brand, hour int, after db.Time, on ...time.Weekday) db.Time {
	today := after.Time().In(b.Location())
	for i := 0; i <= 8; i++ {
		day := time.Date(today.Year(), today.Month(), today.Day()+i, 12, 0, 0, 0, time.UTC)
		if len(on) > 0 && !slices.Contains(on, day.Weekday()) {
			continue
		}
		at, _, err := At(b, fmt.Sprintf("%sT%02d:00", day.Format("2006-01-02"), hour))
		if err == nil && at > after {
			return at
		}
	}
	return after.Add(24 * time.Hour) // unreachable: within eight days there is one
}

// IsZone reports whether the program knows the time zone, by its IANA name.
func IsZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}

// parseWall reads the wall clock as if it were UTC.
func parseWall(wall string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, wall); err == nil && t.Year() > 1970 && t.Year() < 3000 {
			return t, nil
		}
	}
	return time.Time{}, fault.OnField("at", "Give the day and the time, like 2026-03-29T14:30.")
}

func offset(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}

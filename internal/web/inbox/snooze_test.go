package inbox

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/brand"
	"rapport/internal/db"
)

// The times offered are those of the brand's clock, also where it changes.
func TestSnoozes(t *testing.T) {
	b := brand.Brand{Zone: "Europe/Berlin"}
	for _, c := range []struct {
		name, now string
		want      []string
	}{
		{"in the morning", "2026-11-25T09:20:00+01:00", []string{"2026-11-25T12:00", "2026-11-26T09:00", "2026-11-30T09:00"}},
		{"in the evening", "2026-11-25T17:20:00+01:00", []string{"2026-11-26T09:00", "2026-11-30T09:00"}},
		{"on a Sunday tomorrow is Monday", "2026-11-29T17:20:00+01:00", []string{"2026-11-30T09:00"}},
		{"on a Monday the next is meant", "2026-11-30T10:00:00+01:00", []string{"2026-11-30T13:00", "2026-12-01T09:00", "2026-12-07T09:00"}},
		{"before the clocks go forward", "2026-03-28T18:00:00+01:00", []string{"2026-03-29T09:00", "2026-03-30T09:00"}},
		{"late in another zone", "2026-11-25T23:30:00Z", []string{"2026-11-26T03:00", "2026-11-27T09:00", "2026-11-30T09:00"}},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range snoozes(t.Context(), b, db.At(now)) {
			got = append(got, s.Wall)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

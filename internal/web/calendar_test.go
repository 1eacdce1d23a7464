package web_test

import (
	"testing"
	"time"

	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/network"
	"rapport/internal/post"
	"rapport/internal/web/webtest"
)

func exec(t testing.TB, d *db.DB, query string, args ...any) {
	t.Helper()
	if _, err := d.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func draftAt(t testing.TB, s *webtest.Site, text string, at db.Time, channels ...string) string {
	t.Helper()
	in := post.Input{Body: post.Body{Parts: []post.Part{{Kind: network.PartPost, Text: text}}}, PlannedAt: at}
	for _, c := range channels {
		in.Variants = append(in.Variants, post.Variant{Channel: c})
	}
	p, err := post.Draft(t.Context(), s.DB, s.Who(), s.Brand.ID, in)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

func scheduleAt(t testing.TB, s *webtest.Site, text string, at db.Time, channels ...string) string {
	t.Helper()
	id := draftAt(t, s, text, 0, channels...)
	if _, err := post.Schedule(t.Context(), s.DB, s.Who(), s.Brand.ID, id, at); err != nil {
		t.Fatal(err)
	}
	return id
}

// wall is what the brand's clock shows, as an instant.
func wall(t testing.TB, s *webtest.Site, at string) db.Time {
	t.Helper()
	instant, _, err := brand.At(s.Brand, at)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

// comingWednesday is a day whose whole week lies ahead.
func comingWednesday(s *webtest.Site) string {
	day := s.DB.Now().Time().In(s.Brand.Location()).AddDate(0, 0, 14)
	for day.Weekday() != time.Wednesday {
		day = day.AddDate(0, 0, 1)
	}
	return day.Format("2006-01-02")
}

func monday(t testing.TB, wednesday string) string {
	t.Helper()
	day, err := time.Parse("2006-01-02", wednesday)
	if err != nil {
		t.Fatal(err)
	}
	return day.AddDate(0, 0, -2).Format("2006-01-02")
}

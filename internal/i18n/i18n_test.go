package i18n_test

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"rapport/internal/i18n"
)

func TestMain(m *testing.M) {
	err := i18n.Load(fstest.MapFS{"x/de.json": {Data: []byte(`[
		{"id": "Save", "other": "Speichern"},
		{"id": "Hello {{.Name}}", "other": "Hallo {{.Name}}"},
		{"id": "{{.N}} posts", "one": "{{.N}} Beitrag", "other": "{{.N}} Beiträge"},
		{"id": "Shorten the text by %d %s; %d is the most.", "other": "Höchstens %[3]d: kürze den Text um %[1]d %[2]s."},
		{"id": "characters", "other": "Zeichen"}, {"id": "It has %.1f MB.", "other": "Es hat %.1f MB."},
		{"id": "%s said no: %s Nothing was changed.", "other": "%s hat abgelehnt: %s Es wurde nichts geändert."}
	]`)}})
	if err != nil {
		panic(err)
	}
	m.Run()
}

func TestText(t *testing.T) {
	in := func(lang string) context.Context { return i18n.With(t.Context(), lang, nil) }
	en, de := in("en"), in("de-AT,de;q=0.9,en;q=0.5")
	for _, c := range []struct{ name, got, want string }{
		{"no language is English", i18n.T(t.Context(), "Save"), "Save"},
		{"English without arguments", i18n.T(en, "Save"), "Save"},
		{"English with arguments", i18n.T(en, "Hello {{.Name}}", "Name", "Ada"), "Hello Ada"},
		{"a value is not a message", i18n.T(en, "Hello {{.Name}}", "Name", "{{.Name}}", "N", 1), "Hello {{.Name}}"},
		{"a missing value stays visible", i18n.T(en, "Hello {{.Name}}", "Other", "Ada"), "Hello {{.Name}}"},
		{"one", i18n.N(en, 1, "{{.N}} post", "{{.N}} posts"), "1 post"},
		{"none", i18n.N(en, 0, "{{.N}} post", "{{.N}} posts"), "0 posts"},
		{"many are grouped", i18n.N(en, 12000, "{{.N}} post", "{{.N}} posts"), "12,000 posts"},
		{"a name from right to left moves nothing around it", i18n.T(en, "Hello {{.Name}}", "Name", "عمر 1"), "Hello \u2068عمر 1\u2069"},
		{"nor a Hebrew one", i18n.T(de, "Hello {{.Name}}", "Name", "(שרה)"), "Hallo \u2068(שרה)\u2069"},
		{"other letters stay as they are", i18n.T(en, "Hello {{.Name}}", "Name", "Đặng 李 ქეთი 🙂"), "Hello Đặng 李 ქეთი 🙂"},
		{"translated", i18n.T(de, "Save"), "Speichern"},
		{"translated with arguments", i18n.T(de, "Hello {{.Name}}", "Name", "Ada"), "Hallo Ada"},
		{"translated one", i18n.N(de, 1, "{{.N}} post", "{{.N}} posts"), "1 Beitrag"},
		{"translated many", i18n.N(de, 12000, "{{.N}} post", "{{.N}} posts"), "12.000 Beiträge"},
		{"untranslated falls back", i18n.T(de, "Untranslatable"), "Untranslatable"},
		{"untranslated plural falls back", i18n.N(de, 1, "{{.N}} untranslatable", "{{.N}} untranslatables"), "1 untranslatable"},
		{"number", i18n.Number(en, 1234567), "1,234,567"},
		{"number in German", i18n.Number(de, 1234567), "1.234.567"},
		{"language", i18n.Lang(de), "de"},
		{"unknown language", i18n.Lang(in("tlh")), "en"},
		{"nonsense language", i18n.Lang(in(";;q=x")), "en"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestEnglishCostsNothing(t *testing.T) {
	ctx := i18n.With(t.Context(), "en", nil)
	if n := testing.AllocsPerRun(100, func() { i18n.T(ctx, "Save") }); n != 0 {
		t.Errorf("plain English text allocates %v times", n)
	}
}

func TestLoadRefusesBrokenFiles(t *testing.T) {
	if i18n.Load(fstest.MapFS{"de.json": {Data: []byte(`[{`)}}) == nil {
		t.Error("a broken message file was accepted")
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestTimesInTheZone(t *testing.T) {
	for _, c := range []struct{ name, zone, utc, want string }{
		{"before the spring switch", "Europe/Berlin", "2026-03-29T00:59:00Z", "Sun 29 Mar 2026, 01:59"},
		{"after the spring switch", "Europe/Berlin", "2026-03-29T01:00:00Z", "Sun 29 Mar 2026, 03:00"},
		{"first of the repeated hour", "Europe/Berlin", "2026-10-25T00:30:00Z", "Sun 25 Oct 2026, 02:30 CEST"},
		{"second of the repeated hour", "Europe/Berlin", "2026-10-25T01:30:00Z", "Sun 25 Oct 2026, 02:30 CET"},
		{"after the repeated hour", "Europe/Berlin", "2026-10-25T02:00:00Z", "Sun 25 Oct 2026, 03:00"},
		{"before the repeated hour", "Europe/Berlin", "2026-10-24T23:59:00Z", "Sun 25 Oct 2026, 01:59"},
		{"New York first", "America/New_York", "2026-11-01T05:30:00Z", "Sun 1 Nov 2026, 01:30 EDT"},
		{"New York second", "America/New_York", "2026-11-01T06:30:00Z", "Sun 1 Nov 2026, 01:30 EST"},
		{"New York spring", "America/New_York", "2026-03-08T07:00:00Z", "Sun 8 Mar 2026, 03:00"},
		{"quarter hours", "Asia/Kathmandu", "2026-11-22T18:15:00Z", "Mon 23 Nov 2026, 00:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, c.utc)
			if err != nil {
				t.Fatal(err)
			}
			if got := i18n.DateTime(i18n.With(t.Context(), "en", zone(t, c.zone)), at); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestDayInAnotherLanguage(t *testing.T) {
	at := time.Date(2026, 11, 23, 13, 2, 0, 0, time.UTC)
	ctx := i18n.With(t.Context(), "de", zone(t, "Europe/Berlin"))
	for _, c := range []struct{ got, want string }{
		{i18n.Day(ctx, at), "Mo., 23. Nov."},
		{i18n.DateTime(ctx, at), "Mo., 23. Nov. 2026, 14:02"},
		{i18n.LongDay(ctx, at), "Montag, 23. November"},
		{i18n.MonthYear(ctx, at), "November 2026"},
		{i18n.Days(ctx, at, at.AddDate(0, 0, 6)), "23.–29. November 2026"},
		{i18n.Days(ctx, at, at.AddDate(0, 0, 13)), "23. November – 6. Dezember 2026"},
		{i18n.Days(ctx, at, at.AddDate(0, 2, 0)), "23. November 2026 – 23. Januar 2027"},
		{i18n.Days(t.Context(), at, at.AddDate(0, 0, 6)), "23–29 November 2026"},
		{i18n.Days(t.Context(), at, at.AddDate(0, 2, 0)), "23 November 2026 – 23 January 2027"},
		{i18n.Relative(ctx, at, at.Add(-5*time.Minute)), "vor 5 Min."},
		{i18n.Relative(ctx, at, at.Add(2*time.Hour)), "in 2 Std."},
		{i18n.Relative(ctx, at, at.Add(-24*time.Hour)), "gestern 14:02"},
		{i18n.Relative(ctx, at, at.Add(24*time.Hour)), "morgen 14:02"},
		{i18n.Relative(ctx, at, at.AddDate(0, 0, -8)), "So., 15. Nov., 14:02"},
		{i18n.Decimal(ctx, 1234.5, 1), "1.234,5"},
		{i18n.Clock(ctx, at), "14:02"},
		{i18n.Date(t.Context(), at), "23 Nov 2026"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestRelative(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	local := func(month time.Month, day, hour, minute int) time.Time {
		return time.Date(2026, month, day, hour, minute, 0, 0, berlin)
	}
	noon := local(11, 23, 12, 0)
	for _, c := range []struct {
		name   string
		now, t time.Time
		want   string
	}{
		{"now", noon, noon.Add(20 * time.Second), "now"},
		{"soon", noon, noon.Add(5 * time.Minute), "in 5 min"},
		{"just", noon, noon.Add(-5 * time.Minute), "5 min ago"},
		{"almost an hour rounds to hours", noon, noon.Add(59*time.Minute + 40*time.Second), "in 1 h"},
		{"hours", noon, noon.Add(-2 * time.Hour), "2 h ago"},
		{"minutes win over midnight", local(11, 23, 0, 10), local(11, 22, 23, 50), "20 min ago"},
		{"yesterday", noon, local(11, 22, 14, 2), "yesterday 14:02"},
		{"tomorrow", noon, local(11, 24, 9, 0), "tomorrow 09:00"},
		{"this year", noon, local(3, 2, 9, 0), "Mon 2 Mar 09:00"},
		{"another year", noon, time.Date(2025, 3, 2, 9, 0, 0, 0, berlin), "Sun 2 Mar 2025, 09:00"},
		{"yesterday over the short day", local(3, 30, 0, 30), local(3, 29, 1, 0), "yesterday 01:00"},
		{"tomorrow over the long day", local(10, 25, 0, 30), local(10, 26, 0, 30), "tomorrow 00:30"},
		{"25 hours within one day", local(10, 25, 0, 10), local(10, 25, 23, 50), "in 25 h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := i18n.Relative(i18n.With(t.Context(), "en", berlin), c.now, c.t); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

package calendar

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/agenda"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/i18n"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// calendarAsk is what the address of the calendar says. A day is midnight in
// UTC: reckoning with days must not know about clocks.
type calendarAsk struct {
	slug   string
	view   string
	day    time.Time
	filter agenda.Filter
	point  agenda.Point // of the list; "" begins at the day
	back   bool
}

var calendarViews = []string{"month", "week", "day", "list"}

const dayForm = "2006-01-02"

// readCalendarAsk reads an address. What it cannot make sense of is left out.
func readCalendarAsk(b brand.Brand, today time.Time, q url.Values) calendarAsk {
	a := calendarAsk{slug: b.Slug, view: "week", day: today, filter: agenda.Filter{Channel: q.Get("channel")}}
	if v := q.Get("view"); slices.Contains(calendarViews, v) {
		a.view = v
	}
	if d, err := time.Parse(dayForm, q.Get("date")); err == nil && d.Year() > 1970 && d.Year() < 2999 {
		a.day = d
	}
	s := q.Get("state")
	if s == agenda.Planned || s == agenda.Attention || slices.Contains(delivery.States, delivery.State(s)) {
		a.filter.State = s
	}
	switch {
	case q.Get("after") != "":
		a.point = agenda.Point(q.Get("after"))
	case q.Get("before") != "":
		a.point, a.back = agenda.Point(q.Get("before")), true
	}
	return a
}

func (a calendarAsk) href() string {
	q := url.Values{}
	add := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	if a.view != "week" {
		add("view", a.view)
	}
	if a.point == "" {
		add("date", a.day.Format(dayForm))
	} else if a.back {
		add("before", string(a.point))
	} else {
		add("after", string(a.point))
	}
	add("channel", a.filter.Channel)
	add("state", a.filter.State)
	return studio.Path(a.slug, "calendar") + "?" + q.Encode()
}

func (a calendarAsk) as(view string) calendarAsk {
	a.view, a.point, a.back = view, "", false
	return a
}

func (a calendarAsk) on(day time.Time) calendarAsk {
	a.day, a.point, a.back = day, "", false
	return a
}

func (a calendarAsk) where(f agenda.Filter) calendarAsk {
	a.filter, a.point, a.back = f, "", false
	return a
}

func (a calendarAsk) from(p agenda.Point, back bool) calendarAsk {
	a.point, a.back = p, back
	return a
}

// stretch is the first day shown and how many follow it.
func (a calendarAsk) stretch() (first time.Time, days int) {
	switch a.view {
	case "day":
		return a.day, 1
	case "month":
		first = monday(a.day.AddDate(0, 0, 1-a.day.Day()))
		last := monday(a.day.AddDate(0, 1, -a.day.Day()))
		return first, int(last.Sub(first).Hours()/24) + 7
	}
	return monday(a.day), 7
}

// step is the same view one stretch earlier or later.
func (a calendarAsk) step(by int) calendarAsk {
	switch a.view {
	case "day":
		return a.on(a.day.AddDate(0, 0, by))
	case "month":
		return a.on(a.day.AddDate(0, by, 1-a.day.Day()))
	}
	return a.on(a.day.AddDate(0, 0, 7*by))
}

func monday(day time.Time) time.Time { return day.AddDate(0, 0, -(int(day.Weekday())+6)%7) }

// dayOf is the day that the brand's calendar shows at an instant.
func dayOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// begin is the instant at which a day of the brand begins.
func begin(b brand.Brand, day time.Time) (db.Time, error) {
	at, _, err := brand.At(b, day.Format("2006-01-02T15:04"))
	return at, err
}

// calendarView is the calendar as the page shows it.
type calendarView struct {
	calendarAsk
	Brand    brand.Brand
	Today    time.Time
	Range    string
	Channels []channel.Channel
	MayWrite bool
	MayMove  bool
	Hours    []calendarHourName
	Days     []calendarDay
	Page     agenda.Page // of the list
	Total    int
	Now      time.Time
	zone     *time.Location
	pictures []string // ids, in the order of the sheet
}

// calendarShow is what goes out when, as month, week, day or list.
func (p *Pages) calendarShow(w http.ResponseWriter, r *http.Request) error {
	v, err := p.calendar(r)
	if err != nil {
		return err
	}
	if studio.FromHTMX(r) {
		return studio.Part(w, r, calendarBoard(v))
	}
	return p.Show(w, r, studio.Page{Area: "calendar", Title: v.Range + " · " + i18n.T(r.Context(), "Calendar"), Fill: true, Flush: true,
		Head: ui.Head{Title: i18n.T(r.Context(), "Calendar"), Actions: calendarActions(v), Views: calendarBar(v)},
		Keys: calendarKeys(r.Context())}, calendarPage(v))
}

func (p *Pages) calendar(r *http.Request) (calendarView, error) {
	ctx, visit := r.Context(), studio.At(r)
	now := p.DB.Now()
	zone := i18n.Zone(ctx)
	today := dayOf(now.Time().In(zone))
	v := calendarView{calendarAsk: readCalendarAsk(visit.Brand, today, r.URL.Query()), Brand: visit.Brand, Today: today, Now: now.Time(), zone: zone}
	role := visit.Who.Role(now, visit.Brand.ID)
	v.MayWrite, v.MayMove = access.Allows(role, access.PostWrite), access.Allows(role, access.PostPublish)
	var err error
	if v.Channels, err = channel.List(ctx, p.DB, visit.Who, visit.Brand.ID); err != nil {
		return v, err
	}
	if v.view == "list" {
		return v, p.fillList(ctx, &v, visit.Who)
	}
	return v, p.fillGrid(ctx, &v, visit.Who)
}

func (p *Pages) fillGrid(ctx context.Context, v *calendarView, who access.Who) error {
	first, days := v.stretch()
	from, err := begin(v.Brand, first)
	if err != nil {
		return err
	}
	to, err := begin(v.Brand, first.AddDate(0, 0, days))
	if err != nil {
		return err
	}
	plan, err := agenda.Between(ctx, p.DB, who, v.Brand.ID, from, to, v.filter)
	if err != nil {
		return err
	}
	v.Range = rangeName(ctx, v.calendarAsk)
	return v.lay(ctx, p.DB, plan)
}

const calendarPageSize = 60

func (p *Pages) fillList(ctx context.Context, v *calendarView, who access.Who) error {
	if v.point == "" {
		at, err := begin(v.Brand, v.day)
		if err != nil {
			return err
		}
		v.point = agenda.Before(at)
	}
	var err error
	if v.Page, err = agenda.List(ctx, p.DB, who, v.Brand.ID, v.point, v.back, v.filter, calendarPageSize); err != nil {
		return err
	}
	return v.line(ctx, p.DB)
}

// rangeName is what a view shows, in words.
func rangeName(ctx context.Context, a calendarAsk) string {
	first, days := a.stretch()
	last := first.AddDate(0, 0, days-1)
	switch a.view {
	case "month":
		return i18n.MonthYear(ctx, a.day)
	case "day":
		return i18n.T(ctx, "{{.Day}} {{.Year}}", "Day", i18n.LongDay(ctx, a.day), "Year", a.day.Format("2006"))
	}
	return i18n.Days(ctx, first, last)
}

func calendarKeys(ctx context.Context) []ui.KeyLine {
	return []ui.KeyLine{
		{Text: i18n.T(ctx, "Earlier and later"), Keys: []string{"←", "→"}},
		{Text: i18n.T(ctx, "Today"), Keys: []string{"t"}},
		{Text: i18n.T(ctx, "Month, week, day, list"), Keys: []string{"m", "w", "d", "l"}},
		{Text: i18n.T(ctx, "Into the calendar, then from hour to hour"), Keys: []string{"↓"}},
		{Text: i18n.T(ctx, "New post, at the hour where you are"), Keys: []string{"n"}},
		{Text: i18n.T(ctx, "Move a post by 15 minutes or a day"), Keys: []string{"Alt", "↑ ↓ ← →"}},
	}
}

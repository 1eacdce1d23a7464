package web

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"rapport/internal/agenda"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/delivery"
	"rapport/internal/i18n"
	"rapport/internal/web/ui"
)

// calendarCard is a post at one time.
type calendarCard struct {
	ID       string
	Href     string
	Move     string // address that moves it; "" where it stays
	At       string // "2026-11-23T09:30" in the brand's zone
	Instant  string // in milliseconds
	Clock    string
	Text     string
	Picture  string // id of its first picture
	Channels []channel.Channel
	State    ui.State
	Planned  bool
	Hint     string
}

// calendarHour is one hour of one day.
type calendarHour struct {
	At    string // "2026-11-23T09"
	Href  string // where a post for it is written
	Label string
	Note  string // what the clocks do in it
	Gone  bool   // the clocks jump over it
	Now   int    // twelfths of it that have passed; -1 if it is not now
	Cards []calendarCard
	More  int // cards left out
}

type calendarHourName struct {
	Label string
	Quiet bool // nothing happens in it on any day, and it is night
}

// calendarDay is one day with its cards: by hour, or as a whole.
type calendarDay struct {
	Date    time.Time
	Key     string // "2026-11-23"
	Href    string // the day by itself
	Name    string // "Mon"
	Number  string
	Month   string // "Dec", on the first of a month
	Full    string // "Monday 23 November"
	Today   bool
	Past    bool
	Outside bool // of the month shown
	Hours   []calendarHour
	Cards   []calendarCard
	More    int
	Total   int
}

const (
	hourMost   = 4  // cards in one hour of a week
	monthMost  = 4  // cards in one day of a month
	denseAbove = 56 // cards in a week, above which each is one line
	nightEnds  = 7
	nightFalls = 22
)

// lay puts the cards into days.
func (v *calendarView) lay(ctx context.Context, plan agenda.Agenda, first time.Time, count int) error {
	v.Total = len(plan.Entries)
	v.Dense = v.view == "week" && v.Total > denseAbove
	at := make(map[string]int, count)
	for i := range count {
		d := v.emptyDay(ctx, first.AddDate(0, 0, i))
		if v.view != "month" {
			if err := v.addHours(ctx, &d); err != nil {
				return err
			}
		}
		at[d.Key] = i
		v.Days = append(v.Days, d)
	}
	loc := v.Brand.Location()
	for _, e := range plan.Entries {
		local := e.At.Time().In(loc)
		i, ok := at[local.Format(dayForm)]
		if !ok {
			continue // a midnight that the clocks jump over belongs to the day before
		}
		v.Days[i].put(v.card(ctx, e, plan.Channels), local, v.most())
	}
	v.nameHours()
	return nil
}

// most is how many cards an hour, or a day of a month, shows.
func (v *calendarView) most() int {
	switch {
	case v.view == "month" && len(v.Days) > 35:
		return monthMost - 1
	case v.view == "month":
		return monthMost
	case v.view == "day":
		return 1 << 20
	}
	return hourMost
}

func (v *calendarView) emptyDay(ctx context.Context, day time.Time) calendarDay {
	d := calendarDay{Date: day, Key: day.Format(dayForm), Href: v.as("day").on(day).href(),
		Name: i18n.T(ctx, day.Format("Mon")), Number: day.Format("2"),
		Full:  i18n.T(ctx, day.Format("Monday")) + day.Format(" 2 ") + i18n.T(ctx, day.Format("January")),
		Today: day.Equal(v.Today), Past: day.Before(v.Today), Outside: v.view == "month" && day.Month() != v.day.Month()}
	if day.Day() == 1 {
		d.Month = i18n.T(ctx, day.Format("Jan"))
	}
	return d
}

// addHours gives a day its 24 hours by the clock. Where the clocks change, one
// of them is gone or comes twice.
func (v *calendarView) addHours(ctx context.Context, d *calendarDay) error {
	from, err := begin(v.Brand, d.Date)
	if err != nil {
		return err
	}
	to, err := begin(v.Brand, d.Date.AddDate(0, 0, 1))
	if err != nil {
		return err
	}
	now := v.Now.In(v.Brand.Location())
	for h := range 24 {
		hour := calendarHour{At: fmt.Sprintf("%sT%02d", d.Key, h), Label: fmt.Sprintf("%02d:00", h), Now: -1}
		if v.MayWrite {
			hour.Href = studio(v.slug, "compose") + "?at=" + hour.At + "%3A00"
		}
		if d.Today && now.Hour() == h {
			hour.Now = now.Minute() / 5
		}
		if to.Sub(from) != 24*time.Hour {
			if hour.Note, hour.Gone, err = clockChange(ctx, v.Brand, hour.At); err != nil {
				return err
			}
		}
		d.Hours = append(d.Hours, hour)
	}
	return nil
}

// clockChange says what the clocks do in an hour, and whether they jump over
// all of it.
func clockChange(ctx context.Context, b brand.Brand, hour string) (note string, gone bool, err error) {
	first, changes, err := brand.At(b, hour+":00")
	if err != nil || changes == "" {
		return "", false, err
	}
	last, _, err := brand.At(b, hour+":59")
	if err != nil {
		return "", false, err
	}
	loc := b.Location()
	reads := func(t time.Time) string { return t.In(loc).Format("2006-01-02T15") }
	switch {
	case reads(first.Time()) == hour:
		return i18n.T(ctx, "The clocks show this hour twice."), false, nil
	case reads(last.Time()) != hour:
		return i18n.T(ctx, "The clocks go forward over this hour."), true, nil
	}
	return i18n.T(ctx, "The clocks go forward over a part of this hour."), false, nil
}

// put adds a card, or counts it where there is no room for it.
func (d *calendarDay) put(c calendarCard, local time.Time, most int) {
	d.Total++
	cards, more := &d.Cards, &d.More
	if d.Hours != nil {
		hour := &d.Hours[local.Hour()]
		cards, more = &hour.Cards, &hour.More
		if hour.Note != "" {
			c.Clock += local.Format(" MST") // the clock alone would mean two moments
		}
	}
	if len(*cards) >= most {
		*more++
		return
	}
	*cards = append(*cards, c)
}

func (v *calendarView) nameHours() {
	if v.view == "month" {
		return
	}
	for h := range 24 {
		name := calendarHourName{Label: fmt.Sprintf("%02d:00", h), Quiet: h < nightEnds || h >= nightFalls}
		for _, d := range v.Days {
			if len(d.Hours[h].Cards) > 0 {
				name.Quiet = false
			}
		}
		v.Hours = append(v.Hours, name)
	}
}

func (v *calendarView) card(ctx context.Context, e agenda.Entry, channels map[string]channel.Channel) calendarCard {
	local := e.At.Time().In(v.Brand.Location())
	c := calendarCard{ID: "c-" + e.Post + "-" + strconv.FormatInt(int64(e.At), 36), Href: studio(v.slug, "posts", e.Post),
		At: local.Format("2006-01-02T15:04"), Instant: strconv.FormatInt(int64(e.At), 10), Clock: local.Format("15:04"),
		Text: e.Text, Picture: e.Media, State: v.state(e), Planned: e.Planned}
	for _, id := range e.Channels {
		if ch, ok := channels[id]; ok {
			c.Channels = append(c.Channels, ch)
		}
	}
	if c.Text == "" {
		c.Text = i18n.T(ctx, "No text yet")
		if e.Media != "" {
			c.Text = i18n.T(ctx, "Picture")
		}
	}
	if e.Movable() && (v.MayMove || e.Planned && v.MayWrite) {
		c.Move = studio(v.slug, "calendar", e.Post)
	}
	c.Hint = cardHint(ctx, c, local)
	return c
}

func cardHint(ctx context.Context, c calendarCard, local time.Time) string {
	hint := i18n.DateTime(ctx, local) + " · " + i18n.T(ctx, c.State.Word)
	for _, ch := range c.Channels {
		hint += " · " + ch.Handle
	}
	return hint
}

// state is that of the card; what waits behind a hold is shown as held.
func (v *calendarView) state(e agenda.Entry) ui.State {
	switch {
	case e.Planned:
		return ui.PostState(e.State)
	case v.Brand.Held && e.State == string(delivery.Scheduled):
		return ui.DeliveryState("held")
	}
	return ui.DeliveryState(e.State)
}

// line puts the list's entries into days.
func (v *calendarView) line(ctx context.Context) {
	v.Total = len(v.Page.Entries)
	loc := v.Brand.Location()
	for _, e := range v.Page.Entries {
		day := dayOf(e.At.Time().In(loc))
		if n := len(v.Days); n == 0 || !v.Days[n-1].Date.Equal(day) {
			v.Days = append(v.Days, v.emptyDay(ctx, day))
		}
		d := &v.Days[len(v.Days)-1]
		d.Cards = append(d.Cards, v.card(ctx, e, v.Page.Channels))
	}
	v.Range = i18n.T(ctx, "From {{.Day}}", "Day", v.emptyDay(ctx, v.day).Full)
	if n := len(v.Days); n > 0 {
		v.Range = v.Days[0].Full + " – " + v.Days[n-1].Full
	}
}

package calendar

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"rapport/internal/agenda"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/i18n"
	"rapport/internal/media"
	"rapport/internal/web/studio"
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
	Square   int // of the sheet, where its picture is; -1 without one
	Channels []channel.Channel
	State    ui.State
	Planned  bool
	Hint     string
}

// nets is how many networks there is room for.
func (c calendarCard) nets() int {
	if c.Square >= 0 {
		return netsMost / 2
	}
	return netsMost
}

// calendarHour is one hour of one day.
type calendarHour struct {
	At    string // "2026-11-23T09"
	Href  string // where a post for it is written
	Label string
	Note  string // what the clocks do in it
	Gone  bool   // the clocks jump over it
	Now   int    // twelfths of it that have passed; -1 if it is not now
	Tight bool   // many cards: a line each
	Cards []calendarCard
	More  int // cards left out
	all   []agenda.Entry
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
	all     []agenda.Entry
}

func (d calendarDay) short(ctx context.Context) string {
	return i18n.T(ctx, "{{.Weekday}} {{.Day}} {{.Month}}", "Weekday", d.Name, "Day", d.Number, "Month", i18n.ShortMonth(ctx, d.Date))
}

const (
	hourMost   = 4  // cards in one hour of a week
	monthMost  = 4  // cards in one day of a month
	roomy      = 2  // cards in an hour that may take two lines each
	denseAbove = 56 // cards in a week, above which each takes one
	netsMost   = 4  // networks that a card shows
	nightEnds  = 7
	nightFalls = 22
)

// lay puts the cards into days.
func (v *calendarView) lay(ctx context.Context, q db.Queryer, plan agenda.Agenda) error {
	first, count := v.stretch()
	v.Total = len(plan.Entries)
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
	for _, e := range plan.Entries {
		local := e.At.Time().In(v.zone)
		i, ok := at[local.Format(dayForm)]
		if !ok {
			continue // a midnight that the clocks jump over belongs to the day before
		}
		v.Days[i].put(e, local.Hour())
	}
	v.nameHours()
	if err := v.recognise(ctx, q, v.choose()); err != nil {
		return err
	}
	for i := range v.Days {
		v.settle(ctx, &v.Days[i], plan.Channels)
	}
	return nil
}

// choose leaves out what there is no room for, counts it, and lists the rest.
func (v *calendarView) choose() []*agenda.Entry {
	var out []*agenda.Entry
	keep := func(all *[]agenda.Entry) (more int) {
		*all, more = fold(*all, v.most())
		for i := range *all {
			out = append(out, &(*all)[i])
		}
		return more
	}
	for i := range v.Days {
		d := &v.Days[i]
		d.More = keep(&d.all)
		for h := range d.Hours {
			d.Hours[h].More = keep(&d.Hours[h].all)
		}
	}
	return out
}

// recognise reads what is shown of the entries, and collects their pictures.
func (v *calendarView) recognise(ctx context.Context, q db.Queryer, shown []*agenda.Entry) error {
	if err := agenda.Recognise(ctx, q, v.Brand.ID, shown); err != nil || v.view == "month" {
		return err
	}
	for _, e := range shown {
		if e.Picture != "" && len(v.pictures) < media.SheetMost && !slices.Contains(v.pictures, e.Picture) {
			v.pictures = append(v.pictures, e.Picture)
		}
	}
	return nil
}

// square is where a picture is on the sheet.
func (v *calendarView) square(picture string) int {
	if picture == "" {
		return -1
	}
	return slices.Index(v.pictures, picture)
}

// sheet is the strip that holds the pictures of all cards.
func (v *calendarView) sheet() string {
	return studio.StripURL(v.slug, v.pictures)
}

// settle makes cards of what was chosen.
func (v *calendarView) settle(ctx context.Context, d *calendarDay, channels map[string]channel.Channel) {
	d.Cards = v.cards(ctx, d.all, channels)
	for i := range d.Hours {
		h := &d.Hours[i]
		h.Tight = v.view == "week" && (len(h.all)+h.More > roomy || v.Total > denseAbove)
		h.Cards = v.cards(ctx, h.all, channels)
		for c, e := range h.all {
			if h.Note != "" { // the clock alone would mean two moments
				h.Cards[c].Clock += e.At.Time().In(v.zone).Format(" MST")
			}
		}
	}
}

// fold cuts off after so many entries, unless only one would be left out.
func fold(all []agenda.Entry, most int) ([]agenda.Entry, int) {
	if len(all) <= most+1 {
		return all, 0
	}
	return all[:most], len(all) - most
}

func (v *calendarView) cards(ctx context.Context, entries []agenda.Entry, channels map[string]channel.Channel) []calendarCard {
	out := make([]calendarCard, len(entries))
	for i, e := range entries {
		out[i] = v.card(ctx, e, channels)
	}
	return out
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
		Name: i18n.ShortWeekday(ctx, day), Number: day.Format("2"),
		Full:  i18n.LongDay(ctx, day),
		Today: day.Equal(v.Today), Past: day.Before(v.Today), Outside: v.view == "month" && day.Month() != v.day.Month()}
	if day.Day() == 1 {
		d.Month = i18n.ShortMonth(ctx, day)
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
	now := v.Now.In(v.zone)
	for h := range 24 {
		hour := calendarHour{At: fmt.Sprintf("%sT%02d", d.Key, h), Label: fmt.Sprintf("%02d:00", h), Now: -1}
		if v.MayWrite {
			hour.Href = studio.Path(v.slug, "compose") + "?at=" + hour.At + "%3A00"
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

func (d *calendarDay) put(e agenda.Entry, hour int) {
	d.Total++
	if d.Hours == nil {
		d.all = append(d.all, e)
		return
	}
	d.Hours[hour].all = append(d.Hours[hour].all, e)
}

func (v *calendarView) nameHours() {
	if v.view == "month" {
		return
	}
	for h := range 24 {
		name := calendarHourName{Label: fmt.Sprintf("%02d:00", h), Quiet: h < nightEnds || h >= nightFalls}
		for _, d := range v.Days {
			if len(d.Hours[h].all) > 0 {
				name.Quiet = false
			}
		}
		v.Hours = append(v.Hours, name)
	}
}

func (v *calendarView) card(ctx context.Context, e agenda.Entry, channels map[string]channel.Channel) calendarCard {
	local := e.At.Time().In(v.zone)
	c := calendarCard{ID: "c-" + e.Post + "-" + strconv.FormatInt(int64(e.At), 36), Href: studio.Path(v.slug, "posts", e.Post),
		At: local.Format("2006-01-02T15:04"), Instant: strconv.FormatInt(int64(e.At), 10), Clock: local.Format("15:04"),
		Text: e.Excerpt, Square: v.square(e.Picture), State: v.state(e), Planned: e.Planned}
	for _, id := range e.Channels {
		if ch, ok := channels[id]; ok {
			c.Channels = append(c.Channels, ch)
		}
	}
	if c.Text == "" {
		c.Text = i18n.T(ctx, "No text yet")
		if e.Picture != "" {
			c.Text = i18n.T(ctx, "Picture")
		}
	}
	if e.Movable() && (v.MayMove || e.Planned && v.MayWrite) {
		c.Move = studio.Path(v.slug, "calendar", e.Post)
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
func (v *calendarView) line(ctx context.Context, q db.Queryer) error {
	v.Total = len(v.Page.Entries)
	all := make([]*agenda.Entry, v.Total)
	for i := range all {
		all[i] = &v.Page.Entries[i]
	}
	if err := v.recognise(ctx, q, all); err != nil {
		return err
	}
	for _, e := range v.Page.Entries {
		day := dayOf(e.At.Time().In(v.zone))
		if n := len(v.Days); n == 0 || !v.Days[n-1].Date.Equal(day) {
			v.Days = append(v.Days, v.emptyDay(ctx, day))
		}
		d := &v.Days[len(v.Days)-1]
		d.Cards = append(d.Cards, v.card(ctx, e, v.Page.Channels))
	}
	v.Range = i18n.T(ctx, "From {{.Day}}", "Day", v.emptyDay(ctx, v.day).Full)
	if n := len(v.Days); n > 0 {
		v.Range = v.Days[0].short(ctx)
		if n > 1 {
			v.Range += " – " + v.Days[n-1].short(ctx)
		}
	}
	return nil
}

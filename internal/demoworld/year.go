package demoworld

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/delivery"
	"rapport/internal/demoworld/scene"
)

// The year reaches from a year before now to three weeks after it.
const (
	before = 364 * 24 * time.Hour
	after  = 21 * 24 * time.Hour
)

// part is one part of what is said, with the pictures' names.
type part struct {
	text     string
	pictures []string
}

// entry is one post of the year.
type entry struct {
	at    time.Time // when it goes out; of a draft, when it is wished for or zero
	to    []string  // channels; the first one's text is the post's
	parts []part
	own   map[string][]part // by channel, where it differs
	state delivery.State    // of its deliveries; "" is a draft
	link  string            // code of the tracked link in it; "": it has none
}

// rhythm is one day and time of the week with what is said then.
type rhythm struct {
	day          time.Weekday
	hour, minute int
	file         string
	to           func(n int) []string
}

func always(to ...string) func(int) []string { return func(int) []string { return to } }

func every(k int, then, else_ []string) func(int) []string {
	return func(n int) []string {
		if n%k == 0 {
			return then
		}
		return else_
	}
}

var rhythms = []rhythm{
	{time.Monday, 10, 0, "cafes", always("cafes")},
	{time.Tuesday, 12, 30, "howto", every(3, []string{"learn", "main"}, []string{"learn"})},
	{time.Wednesday, 17, 45, "question", every(4, []string{"main", "learn"}, []string{"main"})},
	{time.Thursday, 9, 40, "berlin", always("berlin")},
	{time.Thursday, 12, 15, "place", every(3, []string{"main", "berlin"}, []string{"main"})},
	{time.Friday, 16, 30, "friday", every(4, []string{"main", "berlin"}, []string{"main"})},
}

// series is what comes in every week or month and is made from a number.
type series struct {
	day          time.Weekday
	hour, minute int
	week         int  // of every four; -1 is all
	past         bool // it tells of something that was, so none lies ahead
	make         func(n int, at time.Time) note
	to           []string
}

var serials = []series{
	{time.Monday, 8, 10, -1, false, roastLog, []string{"main"}},
	{time.Monday, 9, 20, -1, false, filterOfTheWeek, []string{"berlin"}},
	{time.Saturday, 10, 20, 0, false, invitation, []string{"main"}},
	{time.Saturday, 11, 5, 1, true, afterwards, []string{"main"}},
	{time.Monday, 18, 20, 2, false, course, []string{"learn", "main"}},
}

// year returns what the brand says around now, by time, on clocks of the
// brand's zone. The same now gives the same year.
func year(now time.Time, zone *time.Location) []entry {
	y := &writer{now: now.In(zone), zone: zone}
	y.weekly()
	y.serial()
	y.seasons()
	y.threads()
	y.entries = slices.DeleteFunc(y.entries, func(e entry) bool {
		return e.at.Before(now.Add(-before+48*time.Hour)) || e.at.After(now.Add(after)) || near(e.at, now)
	})
	y.trouble()
	y.promoted()
	slices.SortStableFunc(y.entries, func(a, b entry) int { return a.at.Compare(b.at) })
	y.thin()
	for i := range y.entries {
		if e := &y.entries[i]; e.state == "" {
			e.state = delivery.Scheduled
			if e.at.Before(now) {
				e.state = delivery.Published
			}
		}
	}
	y.drafts()
	return y.entries
}

// thin leaves out a habit that comes within an hour of something else on the
// same channel.
func (y *writer) thin() {
	last := map[string]time.Time{}
	y.entries = slices.DeleteFunc(y.entries, func(e entry) bool {
		if e.state == "" && e.at.Sub(last[e.to[0]]) < time.Hour {
			return true
		}
		last[e.to[0]] = e.at
		return false
	})
}

// near leaves the minutes around now to what a visitor is to see.
func near(at, now time.Time) bool {
	d := at.Sub(now)
	return d > -20*time.Minute && d < 20*time.Minute
}

type writer struct {
	now     time.Time
	zone    *time.Location
	entries []entry
	shown   map[string]int
}

const weeks = 56

// on is a wall time of a day of a week, counted from a year ago.
func (y *writer) on(week int, day time.Weekday, hour, minute int) time.Time {
	monday := y.now.AddDate(0, 0, -int(y.now.Weekday()+6)%7-52*7)
	return time.Date(monday.Year(), monday.Month(), monday.Day()+week*7+(int(day)+6)%7, hour, minute, 0, 0, y.zone)
}

// recent are the last weeks, which visitors look at: they miss no habit.
const recent = 9

// weekly spreads the notes of each file evenly over the weeks, the recent
// ones first where there are enough.
func (y *writer) weekly() {
	for _, r := range rhythms {
		left, used := notes(r.file), 0
		full := len(left) > 2*recent
		many, over := len(left), weeks
		if full {
			many, over = many-recent, over-recent
		}
		for w := range weeks {
			if (w+1)*many/over == w*many/over && !(full && w >= over) {
				continue
			}
			at := y.on(w, r.day, r.hour, r.minute+w*7%4*5)
			i := slices.IndexFunc(left, func(n note) bool { return n.fits(at.Month()) })
			if i < 0 {
				continue
			}
			y.say(left[i], at, r.to(used))
			left = slices.Delete(left, i, i+1)
			used++
		}
	}
}

func (y *writer) serial() {
	for _, s := range serials {
		n := 0
		for w := range weeks {
			if s.week >= 0 && w%4 != s.week || s.week < 0 && w%9 == 2 {
				continue // even the best habit skips a week
			}
			at := y.on(w, s.day, s.hour, s.minute+w*3%4*5)
			if s.past && at.After(y.now) {
				break
			}
			made, to := s.make(n, at), s.to
			if made.own["cafes"] != "" {
				to = append(slices.Clone(to), "cafes")
			}
			y.say(made, at, to)
			n++
		}
	}
}

// seasons have their date in the calendar.
func (y *writer) seasons() {
	for _, n := range notes("season") {
		y.say(n, y.last(n.head[0]+" "+n.head[1]), strings.Split(n.head[3], ","))
	}
}

// last is the last time that a day and time of a year comes within the year
// that is written.
func (y *writer) last(day string) time.Time {
	for year := y.now.Year() + 1; ; year-- {
		at, err := time.ParseInLocation("2006-01-02 15:04", strconv.Itoa(year)+"-"+day, y.zone)
		if err != nil {
			panic(err) // the words are part of the program
		}
		if !at.After(y.now.Add(after)) {
			return at
		}
	}
}

// threads lie a number of days back.
func (y *writer) threads() {
	for _, n := range notes("thread") {
		days, err := strconv.Atoi(n.head[0])
		if err != nil {
			panic(err) // the words are part of the program
		}
		day := y.now.AddDate(0, 0, days)
		y.say(n, time.Date(day.Year(), day.Month(), day.Day(), 18, 5, 0, 0, y.zone), []string{n.head[1]})
	}
}

// trouble is what a visitor finds waiting: a refusal, a lost answer, a thread
// that broke off; one post that goes out while they look, and two soon after.
func (y *writer) trouble() {
	soon := y.now.Add(12 * time.Minute).Truncate(5 * time.Minute)
	later := soon.Add(160 * time.Minute)
	if h := later.Hour(); h < 8 || h > 20 {
		later = y.ago(-1, 9, 50)
	}
	when := []time.Time{y.ago(1, 11, 5), y.ago(2, 17, 20), y.ago(1, 16, 40), soon, later, y.ago(-1, 12, 20)}
	states := []delivery.State{delivery.Rejected, delivery.Unknown, halfSent, delivery.Scheduled, delivery.Scheduled, delivery.Scheduled}
	for i, n := range notes("trouble") {
		y.say(n, when[i], strings.Split(n.head[1], ","))
		y.entries[len(y.entries)-1].state = states[i]
	}
}

// halfSent is a rejected delivery of which the first parts are out.
const halfSent delivery.State = "half-sent"

// promoted are posts that carry something of the community to a channel.
func (y *writer) promoted() {
	for _, p := range promotions {
		y.say(note{head: []string{p.shows}, parts: []string{p.text}}, y.ago(p.days, p.hour, p.minute), []string{p.to})
		last := &y.entries[len(y.entries)-1]
		last.state, last.link = delivery.Published, p.code
	}
}

func (y *writer) ago(days, hour, minute int) time.Time {
	day := y.now.AddDate(0, 0, -days)
	return time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, y.zone)
}

// drafts come last: some have a wished time.
func (y *writer) drafts() {
	for i, n := range notes("draft") {
		at := time.Time{}
		if i%2 == 1 {
			at = y.on(52, time.Weekday(1+i), 15, 0).AddDate(0, 0, 7)
		}
		y.say(n, at, strings.Split(n.head[1], ","))
		y.entries[len(y.entries)-1].state = draft
	}
}

// draft is a post without deliveries.
const draft delivery.State = "draft"

// say adds a note as a post.
func (y *writer) say(n note, at time.Time, to []string) {
	e := entry{at: at, to: to, own: map[string][]part{}}
	for _, text := range n.parts {
		e.parts = append(e.parts, part{text: text})
	}
	e.parts[0].pictures = y.picture(n.head)
	for _, name := range to {
		if text := n.own[name]; text != "" {
			e.own[name] = []part{{text, e.parts[0].pictures}}
		}
	}
	y.entries = append(y.entries, e)
}

// picture chooses the next one of those that a note's head asks for.
func (y *writer) picture(head []string) []string {
	for _, word := range head {
		all := pictured(word)
		if len(all) == 0 {
			continue
		}
		if y.shown == nil {
			y.shown = map[string]int{}
		}
		y.shown[word]++
		return []string{all[(y.shown[word]-1)%len(all)]}
	}
	return nil
}

// other words for pictures than their kind or the beginning of their name.
var called = map[string]string{"table": "cupping-", "hours": "poster-winter"}

// pictured lists the names of the pictures that a word means.
func pictured(word string) []string {
	var out []string
	for _, p := range scene.All() {
		if p.Kind == word || strings.HasPrefix(p.Name, cmp.Or(called[word], word+"-")) || p.Name == word+".jpg" {
			out = append(out, p.Name)
		}
	}
	return out
}

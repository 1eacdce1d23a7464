package tally_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	godiff "github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/tally"
)

var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

type world struct {
	*testing.T
	*db.DB
	brand brand.Brand
	dice  *rand.Rand

	members []string
	team    map[string]bool
	topics  []string
	replies []string // subjects that were said
	of      map[string][2]string
	felt    [][3]string
	done    []activity.Entry // as the log has them, by when they were recorded
}

func open(t *testing.T, seed uint64) *world {
	t.Helper()
	w := &world{T: t, DB: dbtest.Open(t), dice: rand.New(rand.NewPCG(seed, 7)), team: map[string]bool{}, of: map[string][2]string{}}
	w.SetClock(time.Date(2026, 11, 2, 21, 0, 0, 0, berlin))
	var err error
	w.brand, err = brand.Create(t.Context(), w.DB, access.System(), brand.New{Name: "North", Zone: "Europe/Berlin"})
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) record(e activity.Entry) {
	w.Helper()
	e.Brand = w.brand.ID
	w.must(w.DB.Tx(w.Context(), func(tx *db.Tx) error { return activity.Record(w.Context(), tx, e) }))
	w.done = append(w.done, e)
}

// act lets something happen at a time in the weeks around the end of summer
// time.
func (w *world) act() {
	at := db.At(time.Date(2026, 10, 10, 0, 0, 0, 0, berlin)).Add(time.Duration(w.dice.IntN(22*24*60)) * time.Minute)
	if w.dice.IntN(6) == 0 { // the hours in which the clock goes back
		at = db.At(time.Date(2026, 10, 24, 21, 0, 0, 0, berlin)).Add(time.Duration(w.dice.IntN(29*60)) * time.Minute)
	}
	if len(w.members) < 3 || w.dice.IntN(14) == 0 {
		id := db.NewID()
		w.members, w.team[id] = append(w.members, id), w.dice.IntN(5) == 0
		w.record(activity.Entry{Kind: "member.joined", Subject: id, Member: id, Team: w.team[id], Value: int64(w.dice.IntN(2)), At: at}) // 1: others let them in
		return
	}
	m := w.members[w.dice.IntN(len(w.members))]
	switch n := w.dice.IntN(20); {
	case n < 4:
		w.record(activity.Entry{Kind: "member.visited", Subject: m, Member: m, Team: w.team[m], At: at})
	case n < 7 || len(w.topics) == 0:
		id, r := db.NewID(), db.NewID()
		w.topics, w.replies, w.of[r] = append(w.topics, id), append(w.replies, r), [2]string{m, id}
		w.record(activity.Entry{Kind: "topic.begun", Subject: r, Member: m, Topic: id, Team: w.team[m], Value: int64(w.dice.IntN(2)), At: at})
	case n < 11:
		id, r := w.topics[w.dice.IntN(len(w.topics))], db.NewID()
		w.replies, w.of[r] = append(w.replies, r), [2]string{m, id}
		w.record(activity.Entry{Kind: "reply.added", Subject: r, Member: m, Topic: id, Team: w.team[m], At: at})
	case n < 14:
		r := w.replies[w.dice.IntN(len(w.replies))]
		w.felt = append(w.felt, [3]string{m, r})
		w.record(activity.Entry{Kind: "reply.reacted", Subject: r, Member: m, Team: w.team[m], Value: int64(1 + w.dice.IntN(2)), At: at})
	case n < 15 && len(w.felt) > 0:
		f := w.felt[w.dice.IntN(len(w.felt))]
		w.record(activity.Entry{Kind: "reply.unreacted", Subject: f[1], Member: f[0], Value: int64(1 + w.dice.IntN(2)), At: at})
	case n < 17:
		r := w.replies[w.dice.IntN(len(w.replies))]
		kind := []string{"reply.concealed", "reply.concealed", "reply.revealed"}[w.dice.IntN(3)]
		w.record(activity.Entry{Kind: kind, Subject: r, Member: w.of[r][0], Topic: w.of[r][1], At: at})
	case n < 19:
		id := w.topics[w.dice.IntN(len(w.topics))]
		kind := []string{"topic.solved", "topic.solved", "topic.unsolved", "topic.moved"}[w.dice.IntN(4)]
		w.record(activity.Entry{Kind: kind, Subject: id, Topic: id, Value: int64(w.dice.IntN(2)), At: at})
	default:
		w.record(activity.Entry{Kind: "member.left", Subject: m, Member: m, At: at})
	}
}

// erase puts a token in a member's place, here as well.
func (w *world) erase() {
	if len(w.members) == 0 {
		return
	}
	i := w.dice.IntN(len(w.members))
	m := w.members[i]
	w.must(w.DB.Tx(w.Context(), func(tx *db.Tx) error { return tally.Forget(w.Context(), tx, w.brand.ID, m) }))
	w.members = slices.Delete(w.members, i, i+1)
	rest := w.felt[:0]
	for _, f := range w.felt {
		if f[0] != m {
			rest = append(rest, f)
		}
	}
	w.felt = rest
	for r, of := range w.of {
		if of[0] == m {
			delete(w.of, r)
			w.replies = slices.DeleteFunc(w.replies, func(s string) bool { return s == r })
		}
	}
	for _, table := range []string{"activity", "activity_fresh", "tally_act", "tally_member"} {
		var n int
		w.must(w.QueryRowContext(w.Context(), `SELECT COUNT(*) FROM `+table+` WHERE member_id = $1`, m).Scan(&n))
		if n > 0 {
			w.Errorf("%s still names who is erased", table)
		}
	}
}

var tables = []string{
	`SELECT member_id || ' ' || day || ' ' || CASE WHEN team THEN 'team' ELSE '' END || ' ' || topics || ' ' || replies || ' ' || reactions FROM tally_act WHERE brand_id = $1`,
	`SELECT member_id || ' ' || CASE WHEN team THEN 'team' ELSE '' END || ' ' || joined || ' ' || first || ' ' || gone FROM tally_member WHERE brand_id = $1`,
	`SELECT topic_id || ' ' || day || ' ' || begun || ' ' || CASE WHEN team THEN 'team' ELSE '' END || ' ' || CASE WHEN question THEN 'question' ELSE '' END || ' ' || answered || ' ' || solved FROM tally_topic WHERE brand_id = $1`,
	`SELECT day || ' ' || CASE WHEN team THEN 'team' ELSE '' END || ' ' || active || ' ' || contributors || ' ' || posters || ' ' || topics || ' ' || replies || ' ' || reactions || ' ' || joined || ' ' || gone FROM tally_day WHERE brand_id = $1`,
}

func (w *world) rows() (out [][]string) {
	w.Helper()
	for _, query := range tables {
		rows, err := w.QueryContext(w.Context(), query+` ORDER BY 1`, w.brand.ID)
		all, err := db.Collect(rows, err, func(r *sql.Rows) (s string, err error) {
			err = r.Scan(&s)
			return s, err
		})
		w.must(err)
		out = append(out, all)
	}
	return out
}

func (w *world) roll() {
	w.Helper()
	w.must(tally.Roll(w.Context(), w.DB, w.brand))
}

// TestCountingAllAnewComesToTheSame lets things happen in any order, late and
// long before what they are about, counts now and then, and counts all anew.
func TestCountingAllAnewComesToTheSame(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := open(t, seed)
			for range 300 {
				w.act()
				switch w.dice.IntN(40) {
				case 0, 1, 2:
					w.roll()
				case 3:
					if w.dice.IntN(3) == 0 {
						w.erase()
					}
				}
			}
			w.roll()
			counted := w.rows()
			w.must(tally.Recount(t.Context(), w.DB, w.brand))
			if diff := godiff.Diff(counted, w.rows()); diff != "" {
				t.Errorf("counted act by act and all anew: %s", diff)
			}
			// Counted from nothing.
			for _, table := range []string{"tally_act", "tally_member", "tally_topic", "tally_day", "tally"} {
				if _, err := w.ExecContext(t.Context(), `DELETE FROM `+table); err != nil {
					t.Fatal(err)
				}
			}
			w.roll()
			if diff := godiff.Diff(counted, w.rows()); diff != "" {
				t.Errorf("counted from nothing: %s", diff)
			}
			w.sums(counted[3])
		})
	}
}

// sums adds the days up in another way: straight from the log, in memory.
func (w *world) sums(counted []string) {
	w.Helper()
	rows, err := w.QueryContext(w.Context(), `SELECT id, kind, subject, value, at, member_id, topic_id, team FROM activity WHERE brand_id = $1 ORDER BY at, id`, w.brand.ID)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (e activity.Entry, err error) {
		err = r.Scan(&e.ID, &e.Kind, &e.Subject, &e.Value, &e.At, &e.Member, &e.Topic, &e.Team)
		return e, err
	})
	w.must(err)
	type row struct{ active, contributors, posters, topics, replies, reactions, joined, gone int }
	type who struct {
		day    string
		member string
	}
	hidden := map[string]bool{}
	given := map[string]bool{}
	for _, e := range all {
		switch e.Kind {
		case "reply.concealed", "reply.revealed":
			hidden[e.Subject] = e.Kind == "reply.concealed"
		case "reply.reacted":
			given[e.ID] = true
		case "reply.unreacted":
			for _, f := range all {
				if f.Kind == "reply.reacted" && f.Subject == e.Subject && f.Member == e.Member && f.Value == e.Value && (f.At < e.At || f.At == e.At && f.ID < e.ID) {
					given[f.ID] = false
				}
			}
		}
	}
	did := map[who]*row{}
	teamed, ever := map[who]bool{}, map[string]bool{}
	joined, gone := map[string]string{}, map[string]string{}
	for _, e := range all {
		k := who{e.At.Time().In(berlin).Format(time.DateOnly), e.Member}
		switch e.Kind {
		case "member.left":
			gone[e.Member] = k.day
			continue
		case "member.joined":
			if joined[e.Member] == "" {
				joined[e.Member] = k.day
			}
			delete(gone, e.Member)
			if e.Value > 0 {
				if e.Team {
					ever[e.Member] = true
				}
				continue
			}
		case "member.visited", "topic.begun", "reply.added", "reply.reacted":
		default:
			continue
		}
		if did[k] == nil {
			did[k] = &row{active: 1}
		}
		if e.Team {
			teamed[k], ever[e.Member] = true, true
		}
		switch {
		case e.Kind == "topic.begun" && !hidden[e.Subject]:
			did[k].topics++
		case e.Kind == "reply.added" && !hidden[e.Subject]:
			did[k].replies++
		case e.Kind == "reply.reacted" && given[e.ID]:
			did[k].reactions++
		}
	}
	sums := map[string]*row{}
	at := func(day string, team bool) *row {
		name := day + " "
		if team {
			name += "team"
		}
		if sums[name] == nil {
			sums[name] = &row{}
		}
		return sums[name]
	}
	for k, r := range did {
		s := at(k.day, teamed[k])
		s.active++
		if r.topics+r.replies > 0 {
			s.posters++
		}
		if r.topics+r.replies+r.reactions > 0 {
			s.contributors++
		}
		s.topics, s.replies, s.reactions = s.topics+r.topics, s.replies+r.replies, s.reactions+r.reactions
	}
	for m, day := range joined {
		at(day, ever[m]).joined++
	}
	for m, day := range gone {
		at(day, ever[m]).gone++
	}
	var want []string
	for name, r := range sums {
		day, err := time.Parse(time.DateOnly, name[:10])
		w.must(err)
		want = append(want, fmt.Sprintf("%d %s %d %d %d %d %d %d %d %d", day.Unix()/86400, name[11:], r.active, r.contributors, r.posters, r.topics, r.replies, r.reactions, r.joined, r.gone))
	}
	slices.SortFunc(want, cmp.Compare[string])
	got := slices.Clone(counted)
	slices.SortFunc(got, cmp.Compare[string])
	if diff := godiff.Diff(want, got); diff != "" {
		w.Errorf("days added up in memory and by the program: %s", diff)
	}
}

// Who is let in by others was not here by that; who joins was.
func TestBeingLetInIsNoVisit(t *testing.T) {
	w := open(t, 1)
	day := time.Date(2026, 10, 12, 10, 0, 0, 0, berlin)
	w.record(activity.Entry{Kind: "member.joined", Subject: "asked", Member: "asked", Value: 1, At: db.At(day)})
	w.record(activity.Entry{Kind: "member.joined", Subject: "came", Member: "came", At: db.At(day)})
	w.record(activity.Entry{Kind: "member.joined", Subject: "both", Member: "both", Value: 1, At: db.At(day)})
	w.record(activity.Entry{Kind: "member.visited", Subject: "both", Member: "both", At: db.At(day.Add(time.Hour))})
	w.roll()
	for _, how := range []string{"act by act", "all anew"} {
		var active, joined int
		w.must(w.QueryRowContext(t.Context(), `SELECT SUM(active), SUM(joined) FROM tally_day WHERE brand_id = $1`, w.brand.ID).Scan(&active, &joined))
		if active != 2 || joined != 3 {
			t.Errorf("%s: %d were here and %d joined, want 2 and 3", how, active, joined)
		}
		w.must(tally.Recount(t.Context(), w.DB, w.brand))
	}
}

func TestDays(t *testing.T) {
	for _, one := range []struct {
		at    time.Time
		day   string
		hours int
	}{
		{time.Date(2026, 10, 25, 0, 0, 0, 0, berlin), "2026-10-25", 25},
		{time.Date(2026, 10, 25, 23, 59, 59, 0, berlin), "2026-10-25", 25},
		{time.Date(2026, 3, 29, 12, 0, 0, 0, berlin), "2026-03-29", 23},
		{time.Date(2026, 7, 1, 23, 30, 0, 0, time.UTC), "2026-07-02", 24},
	} {
		day := tally.DayOf(db.At(one.at), berlin)
		if got := day.Date().Format(time.DateOnly); got != one.day {
			t.Errorf("%s is %s, not %s", one.at, got, one.day)
		}
		if got := int((day + 1).Starts(berlin).Sub(day.Starts(berlin)).Hours()); got != one.hours {
			t.Errorf("%s has %d hours, not %d", one.day, got, one.hours)
		}
		if m := day.Monday().Date(); m.Weekday() != time.Monday || day-day.Monday() > 6 {
			t.Errorf("the week of %s begins on %s", one.day, m)
		}
	}
}

// A day of which some activity is no more kept stays as it was counted.
func TestClosedDaysKeepTheirSums(t *testing.T) {
	w := open(t, 1)
	w.brand.ActivityDays = 30
	old, late := w.Now().Add(-60*24*time.Hour), w.Now().Add(-time.Hour)
	m, r, topic := db.NewID(), db.NewID(), db.NewID()
	for _, e := range []activity.Entry{{Kind: "member.joined", Subject: m, Member: m, At: old}, {Kind: "topic.begun", Subject: r, Member: m, Topic: topic, At: old}} {
		w.record(e)
	}
	w.brand.ActivityDays = 0
	w.roll()
	w.brand.ActivityDays = 30
	before := w.rows()
	if _, err := w.ExecContext(t.Context(), `DELETE FROM activity`); err != nil {
		t.Fatal(err)
	}
	w.record(activity.Entry{Kind: "reply.concealed", Subject: r, Member: m, Topic: topic, At: late})
	w.roll()
	w.must(tally.Recount(t.Context(), w.DB, w.brand))
	if diff := godiff.Diff(before, w.rows()); diff != "" {
		t.Error(diff)
	}
}

// Another clock makes other days of the same activity.
func TestAnotherZoneCountsAnew(t *testing.T) {
	w := open(t, 2)
	m := db.NewID()
	w.record(activity.Entry{Kind: "member.visited", Subject: m, Member: m, At: db.At(time.Date(2026, 10, 20, 23, 30, 0, 0, berlin))})
	w.roll()
	days := func() string { return fmt.Sprint(w.rows()[3]) }
	was := days()
	w.brand.Zone = "Asia/Tokyo"
	w.roll()
	if now := days(); now == was {
		t.Errorf("it is still %s", now)
	}
	w.brand.Zone = "Europe/Berlin"
	w.roll()
	if now := days(); now != was {
		t.Errorf("it was %s and is %s", was, now)
	}
}

// Several nodes may count at once, while others write.
func TestManyCountAtOnce(t *testing.T) {
	w := open(t, 3)
	w.roll()
	var all sync.WaitGroup
	m := db.NewID()
	for range 4 {
		all.Go(func() {
			for range 15 {
				r := db.NewID()
				e := activity.Entry{Brand: w.brand.ID, Kind: "reply.added", Subject: r, Member: m, Topic: "t", At: w.Now()}
				if err := w.DB.Tx(context.Background(), func(tx *db.Tx) error { return activity.Record(context.Background(), tx, e) }); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for range 8 {
				if err := tally.Roll(context.Background(), w.DB, w.brand); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	w.roll()
	sums, err := tally.Days(t.Context(), w.DB, w.brand.ID, tally.DayOf(w.Now(), berlin), tally.DayOf(w.Now(), berlin), tally.Choice{})
	if err != nil || sums[0].Replies != 60 || sums[0].Active != 1 {
		t.Errorf("%+v, %v", sums, err)
	}
}

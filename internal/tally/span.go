package tally

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"rapport/internal/brand"
	"rapport/internal/db"
)

// Spans are the lengths in days that are kept computed.
var Spans = []int{7, 28, 90}

// Lines that the definitions of the numbers draw.
const (
	Silence     = 90                  // so many days without a post, and the next is a return
	Regular     = 4                   // so many posts in as many days make a regular
	SolvedAfter = 14 * 24 * time.Hour // the age at which a question is looked at
	// SolvedLag is how many days back the last of the questions lies, so that
	// all are of that age.
	SolvedLag = 15
	TopTen    = 10
	// RepliedAfter is the age at which it is looked whether a topic has a reply,
	// RepliedLag how many days back the last of those topics lies.
	RepliedAfter = 7 * 24 * time.Hour
	RepliedLag   = 8
)

// Ages are after how many days it is looked whether those who joined are there.
var Ages = []int{7, 30, 60, 90}

// Within is for how many days from each of the Ages on.
const Within = 7

// Choice is what is counted in besides the usual.
type Choice struct {
	Team    bool // what the team does
	Without bool // reactions are left out of contributions
}

func (c Choice) at() int {
	i := 0
	if c.Team {
		i++
	}
	if c.Without {
		i += 2
	}
	return i
}

var choices = []Choice{{false, false}, {true, false}, {false, true}, {true, true}}

// Span is what is known of a community over some days.
type Span struct {
	Now, Before Period
	Since       Day     // the first day on which anything happened; None where nothing did
	At          db.Time // when it was counted
}

// Whole reports whether the community was there in all the days before, so that
// they can be compared.
func (s Span) Whole(from Day) bool { return s.Since != None && s.Since <= from }

// Stay is of how many who joined how many were there at an age.
type Stay struct{ Joined, Stayed int }

// Period is one span of days in counts.
type Period struct {
	AtStart, Joined, Gone    int // members
	Active, Contributors     int // people
	Posts, Contributions     int64
	TopTen                   int64 // posts by those ten who wrote most
	Creators                 int   // people: one in a hundred of the active, at least one where anybody contributed
	CreatorsMade             int64 // contributions of theirs
	New, Back, Lost          int   // people
	Topics, Answered         int   // topics begun, and of them those that somebody else replied to
	Median, Slow             int64 // milliseconds to the first reply: the middle, and what nine in ten do not exceed
	Questions, Solved, Young int   // questions of an age, of them solved by then, and those that are too young
	Aged, Replied, Fresh     int   // topics of an age, of them replied to by then, and those that are too young
	Stays                    map[int]Stay
}

// key is one who did something, as far as they can be told apart.
type key struct {
	member string
	team   bool
}

// person is what somebody did in a span and before it.
type person struct {
	key
	now, before          half
	prior, priorBefore   int64 // posts in the days of Silence before each
	lastNow, lastBefore  Day   // the last post before each; None
	firstIn, firstBefore Day   // the first post in each; None
}

type half struct {
	days             int64
	posts, reactions int64
}

func (h half) contributions(c Choice) int64 {
	if c.Without {
		return h.posts
	}
	return h.posts + h.reactions
}

const posts = `topics + replies`

// people reads what each did in the days to the last one, in the days before,
// and in the days of Silence before those.
func people(ctx context.Context, q db.Queryer, brandID string, last Day, days int) ([]person, error) {
	s, b := last-Day(days)+1, last-Day(2*days)+1
	rows, err := q.QueryContext(ctx, `SELECT member_id, team,
		SUM(CASE WHEN day >= $2 THEN 1 ELSE 0 END), SUM(CASE WHEN day >= $2 THEN `+posts+` ELSE 0 END), SUM(CASE WHEN day >= $2 THEN reactions ELSE 0 END),
		SUM(CASE WHEN day >= $3 AND day < $2 THEN 1 ELSE 0 END), SUM(CASE WHEN day >= $3 AND day < $2 THEN `+posts+` ELSE 0 END), SUM(CASE WHEN day >= $3 AND day < $2 THEN reactions ELSE 0 END),
		SUM(CASE WHEN day >= $4 AND day < $2 THEN `+posts+` ELSE 0 END), SUM(CASE WHEN day < $3 THEN `+posts+` ELSE 0 END),
		MAX(CASE WHEN day < $2 AND `+posts+` > 0 THEN day ELSE -1 END), MAX(CASE WHEN day < $3 AND `+posts+` > 0 THEN day ELSE -1 END),
		MIN(CASE WHEN day >= $2 AND `+posts+` > 0 THEN day ELSE 1000000 END), MIN(CASE WHEN day >= $3 AND day < $2 AND `+posts+` > 0 THEN day ELSE 1000000 END)
		FROM tally_act WHERE brand_id = $1 AND day >= $5 AND day <= $6 GROUP BY member_id, team`,
		brandID, s, b, s-Silence, b-Silence, last)
	return db.Collect(rows, err, func(r *sql.Rows) (p person, err error) {
		err = r.Scan(&p.member, &p.team, &p.now.days, &p.now.posts, &p.now.reactions, &p.before.days, &p.before.posts, &p.before.reactions,
			&p.prior, &p.priorBefore, &p.lastNow, &p.lastBefore, &p.firstIn, &p.firstBefore)
		if p.firstIn == 1000000 {
			p.firstIn = None
		}
		if p.firstBefore == 1000000 {
			p.firstBefore = None
		}
		return p, err
	})
}

// chosen leaves out the team's part, or joins the two parts of whoever has
// both.
func chosen(all []person, c Choice) []person {
	if !c.Team {
		out := make([]person, 0, len(all))
		for _, p := range all {
			if !p.team {
				out = append(out, p)
			}
		}
		return out
	}
	at := map[string]int{}
	var out []person
	for _, p := range all {
		i, ok := at[p.member]
		if !ok {
			at[p.member] = len(out)
			out = append(out, p)
			continue
		}
		out[i] = out[i].with(p)
	}
	return out
}

func (h half) with(o half) half {
	return half{h.days + o.days, h.posts + o.posts, h.reactions + o.reactions}
}

func (p person) with(o person) person {
	p.now, p.before = p.now.with(o.now), p.before.with(o.before)
	p.prior, p.priorBefore = p.prior+o.prior, p.priorBefore+o.priorBefore
	p.lastNow, p.lastBefore = max(p.lastNow, o.lastNow), max(p.lastBefore, o.lastBefore)
	p.firstIn, p.firstBefore = sooner(p.firstIn, o.firstIn), sooner(p.firstBefore, o.firstBefore)
	return p
}

func sooner(a, b Day) Day {
	if a == None || b == None {
		return max(a, b)
	}
	return min(a, b)
}

// lives reads when each member came, first said something, and left.
func lives(ctx context.Context, q db.Queryer, brandID string) (map[string]life, error) {
	out := map[string]life{}
	rows, err := q.QueryContext(ctx, `SELECT member_id, team, joined, first, gone FROM tally_member WHERE brand_id = $1`, brandID)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id string
		var l life
		err := r.Scan(&id, &l.team, &l.joined, &l.first, &l.gone)
		out[id] = l
		return struct{}{}, err
	})
	return out, err
}

// count fills in what people did in a period that begins on from and ends on
// to. before chooses the half.
func (p *Period) count(all []person, known map[string]life, c Choice, from, to Day, before bool) {
	var made, wrote []int64
	for _, one := range all {
		h, prior, last, first := one.now, one.prior, one.lastNow, one.firstIn
		if before {
			h, prior, last, first = one.before, one.priorBefore, one.lastBefore, one.firstBefore
		}
		if h.days > 0 {
			p.Active++
		}
		if n := h.contributions(c); n > 0 {
			p.Contributors++
			p.Contributions += n
			made = append(made, n)
		}
		if h.posts > 0 {
			p.Posts += h.posts
			wrote = append(wrote, h.posts)
			ever := known[one.member].first
			if last != None && first-last >= Silence || last == None && ever != None && ever < from {
				p.Back++
			}
		} else if prior >= Regular {
			p.Lost++
		}
	}
	p.lead(made, wrote)
	for _, l := range known {
		if l.team && !c.Team {
			continue
		}
		if l.first >= from && l.first <= to {
			p.New++
		}
		if l.joined >= from && l.joined <= to {
			p.Joined++
		}
		if l.gone >= from && l.gone <= to {
			p.Gone++
		}
		if l.joined != None && l.joined < from && (l.gone == None || l.gone >= from) {
			p.AtStart++
		}
	}
}

// lead finds what those did who did most.
func (p *Period) lead(made, wrote []int64) {
	most := func(a, b int64) int { return cmp.Compare(b, a) }
	slices.SortFunc(made, most)
	slices.SortFunc(wrote, most)
	p.Creators = min(int(math.Ceil(float64(p.Active)/100)), len(made))
	for _, n := range made[:p.Creators] {
		p.CreatorsMade += n
	}
	for _, n := range wrote[:min(TopTen, len(wrote))] {
		p.TopTen += n
	}
}

// asked are topics as far as numbers of them are made.
type asked struct {
	day Day
	course
}

func topics(ctx context.Context, q db.Queryer, brandID string, from, to Day) ([]asked, error) {
	rows, err := q.QueryContext(ctx, `SELECT day, begun, team, question, answered, solved FROM tally_topic WHERE brand_id = $1 AND day >= $2 AND day <= $3`, brandID, from, to)
	return db.Collect(rows, err, func(r *sql.Rows) (a asked, err error) {
		err = r.Scan(&a.day, &a.begun, &a.team, &a.question, &a.answered, &a.solved)
		return a, err
	})
}

// answer fills in what became of the topics of a period.
func (p *Period) answer(all []asked, c Choice, from, to Day) {
	var waits []int64
	for _, t := range all {
		if t.team && !c.Team {
			continue
		}
		if t.day >= from && t.day <= to {
			p.Topics++
			if t.answered > 0 {
				p.Answered++
				waits = append(waits, int64(t.answered-t.begun))
			}
			if t.question && t.day > to-SolvedLag {
				p.Young++
			}
			if t.day > to-RepliedLag {
				p.Fresh++
			}
		}
		if t.day >= from-RepliedLag && t.day <= to-RepliedLag {
			p.Aged++
			if t.answered > 0 && t.answered.Sub(t.begun) <= RepliedAfter {
				p.Replied++
			}
		}
		if t.question && t.day >= from-SolvedLag && t.day <= to-SolvedLag {
			p.Questions++
			if t.solved > 0 && t.solved.Sub(t.begun) <= SolvedAfter {
				p.Solved++
			}
		}
	}
	slices.Sort(waits)
	p.Median, p.Slow = middle(waits), rank(waits, 0.9)
}

// middle is the median: between the two in the middle where their number is
// even; 0 of nothing.
func middle(sorted []int64) int64 {
	n := len(sorted)
	if n == 0 || n%2 == 1 {
		return rank(sorted, 0.5)
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// rank is the quantile by the nearest rank; 0 of nothing.
func rank(sorted []int64, q float64) int64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(max(int(math.Ceil(q*float64(len(sorted))))-1, 0), len(sorted)-1)]
}

// stay counts who of those who joined between two days was there at an age.
func stay(ctx context.Context, q db.Queryer, brandID string, from, to Day, age int) (apart [2]Stay, err error) {
	rows, err := q.QueryContext(ctx, `SELECT m.team, COUNT(*), SUM(CASE WHEN EXISTS (SELECT 1 FROM tally_act a WHERE a.brand_id = m.brand_id AND a.member_id = m.member_id
		AND a.day >= m.joined + $4 AND a.day < m.joined + $5) THEN 1 ELSE 0 END)
		FROM tally_member m WHERE m.brand_id = $1 AND m.joined >= $2 AND m.joined <= $3 AND m.joined >= 0 GROUP BY m.team`, brandID, from, to, age, age+Within)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var team bool
		var s Stay
		err := r.Scan(&team, &s.Joined, &s.Stayed)
		if team {
			apart[1] = s
		} else {
			apart[0] = s
		}
		return struct{}{}, err
	})
	return apart, err
}

// computed are the spans of one length, for each choice.
type computed struct {
	At    db.Time
	By    int // formulas
	Spans [4]Span
}

// formulas goes up when what a span holds changes: spans that were kept by
// others are computed anew.
const formulas = 2

// compute makes the spans of one length that end on a day.
func compute(ctx context.Context, q db.Queryer, brandID string, last Day, days int) (out computed, err error) {
	fail := func(err error) (computed, error) { return out, fmt.Errorf("tally: compute: %w", err) }
	all, err := people(ctx, q, brandID, last, days)
	if err != nil {
		return fail(err)
	}
	known, err := lives(ctx, q, brandID)
	if err != nil {
		return fail(err)
	}
	out.By = formulas
	from, before := last-Day(days)+1, last-Day(2*days)+1
	begun, err := topics(ctx, q, brandID, before-SolvedLag, last)
	if err != nil {
		return fail(err)
	}
	var first sql.NullInt64
	if err := q.QueryRowContext(ctx, `SELECT MIN(day) FROM tally_day WHERE brand_id = $1`, brandID).Scan(&first); err != nil {
		return fail(err)
	}
	_, out.At, err = state(ctx, q, brandID, "")
	if err != nil {
		return fail(err)
	}
	for _, c := range choices {
		s := Span{Since: None, At: out.At}
		if first.Valid {
			s.Since = Day(first.Int64)
		}
		those := chosen(all, c)
		s.Now.count(those, known, c, from, last, false)
		s.Before.count(those, known, c, before, from-1, true)
		s.Now.answer(begun, c, from, last)
		s.Before.answer(begun, c, before, from-1)
		s.Now.Stays, s.Before.Stays = map[int]Stay{}, map[int]Stay{}
		out.Spans[c.at()] = s
	}
	for _, age := range Ages {
		shift := Day(age + Within)
		for _, part := range []struct {
			into     func(*Span) map[int]Stay
			from, to Day
		}{
			{func(s *Span) map[int]Stay { return s.Now.Stays }, from - shift, last - shift},
			{func(s *Span) map[int]Stay { return s.Before.Stays }, before - shift, from - 1 - shift},
		} {
			apart, err := stay(ctx, q, brandID, part.from, part.to, age)
			if err != nil {
				return fail(err)
			}
			for _, c := range choices {
				sum := apart[0]
				if c.Team {
					sum.Joined, sum.Stayed = sum.Joined+apart[1].Joined, sum.Stayed+apart[1].Stayed
				}
				part.into(&out.Spans[c.at()])[age] = sum
			}
		}
	}
	return out, nil
}

// Cohort is who joined in one week, and how many of them were there at each of
// the Ages; an age that not all have reached is missing.
type Cohort struct {
	Week   Day // its Monday
	Joined int
	Stayed map[int]int
}

// cohortWeeks is how many weeks of joining are told apart: the oldest have all
// ages.
const cohortWeeks = 20

// Monday is the first day of the day's week.
func (d Day) Monday() Day { return d - Day((int64(d)+3)%7) } // 1970-01-01 was a Thursday

func cohorts(ctx context.Context, q db.Queryer, brandID string, last Day) (out [2][]Cohort, err error) {
	first := last.Monday() - 7*(cohortWeeks-1)
	apart := [2][]Cohort{}
	for week := first; week <= last; week += 7 {
		var each [2]Cohort
		for i := range each {
			each[i] = Cohort{Week: week, Stayed: map[int]int{}}
		}
		ages := Ages
		for _, age := range append([]int{-Within}, ages...) {
			if age >= 0 && week+6+Day(age+Within) > last {
				continue
			}
			got, err := stay(ctx, q, brandID, week, week+6, age)
			if err != nil {
				return out, fmt.Errorf("tally: cohorts: %w", err)
			}
			for i, sum := range []Stay{got[0], {got[0].Joined + got[1].Joined, got[0].Stayed + got[1].Stayed}} {
				if each[i].Joined = sum.Joined; age >= 0 {
					each[i].Stayed[age] = sum.Stayed
				}
			}
		}
		for i := range each {
			apart[i] = append(apart[i], each[i])
		}
	}
	return apart, nil
}

// Compute keeps the spans and the cohorts that end today.
func Compute(ctx context.Context, d *db.DB, b brand.Brand) error {
	last := DayOf(d.Now(), b.Location())
	bodies := map[string]any{}
	for _, days := range Spans {
		c, err := compute(ctx, d, b.ID, last, days)
		if err != nil {
			return err
		}
		bodies[strconv.Itoa(days)] = c
	}
	all, err := cohorts(ctx, d, b.ID, last)
	if err != nil {
		return err
	}
	bodies["cohorts"] = all
	err = d.Tx(ctx, func(tx *db.Tx) error {
		for name, body := range bodies {
			raw, err := json.Marshal(body)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO tally_span (brand_id, name, day, at, body) SELECT id, $2, $3, $4, $5 FROM brand WHERE id = $1
				ON CONFLICT (brand_id, name) DO UPDATE SET day = excluded.day, at = excluded.at, body = excluded.body`, b.ID, name, last, tx.Now(), string(raw))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("tally: keep spans: %w", err)
	}
	return nil
}

// kept reads what was computed for a day, or sql.ErrNoRows.
func kept(ctx context.Context, q db.Queryer, brandID, name string, day Day, into any) error {
	var body string
	err := q.QueryRowContext(ctx, `SELECT body FROM tally_span WHERE brand_id = $1 AND name = $2 AND day = $3`, brandID, name, day).Scan(&body)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(body), into)
}

// Over returns what is known of the community over so many days to the last
// one. Spans that are kept are read; others are computed.
func Over(ctx context.Context, q db.Queryer, brandID string, last Day, days int, c Choice) (Span, error) {
	var all computed
	err := kept(ctx, q, brandID, strconv.Itoa(days), last, &all)
	if errors.Is(err, sql.ErrNoRows) || err == nil && all.By != formulas {
		all, err = compute(ctx, q, brandID, last, days)
	}
	if err != nil {
		return Span{}, fmt.Errorf("tally: over: %w", err)
	}
	return all.Spans[c.at()], nil
}

// Cohorts returns who joined in each of the last 20 weeks, the oldest first, as
// seen from the day. A week in which nobody joined is there with 0.
func Cohorts(ctx context.Context, q db.Queryer, brandID string, last Day, c Choice) ([]Cohort, error) {
	var all [2][]Cohort
	err := kept(ctx, q, brandID, "cohorts", last, &all)
	if errors.Is(err, sql.ErrNoRows) {
		all, err = cohorts(ctx, q, brandID, last)
	}
	if err != nil {
		return nil, fmt.Errorf("tally: cohorts: %w", err)
	}
	if c.Team {
		return all[1], nil
	}
	return all[0], nil
}

// Sums are a day in sums.
type Sums struct {
	Day                           Day
	Active, Contributors, Posters int64
	Topics, Replies, Reactions    int64
	Joined, Gone                  int64
}

// Days returns the sums of each day from one to the other, oldest first; a day
// on which nothing happened is there with 0.
func Days(ctx context.Context, q db.Queryer, brandID string, from, to Day, c Choice) ([]Sums, error) {
	out := make([]Sums, to-from+1)
	for i := range out {
		out[i].Day = from + Day(i)
	}
	rows, err := q.QueryContext(ctx, `SELECT day, team, active, contributors, posters, topics, replies, reactions, joined, gone FROM tally_day WHERE brand_id = $1 AND day >= $2 AND day <= $3`, brandID, from, to)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var s Sums
		var team bool
		err := r.Scan(&s.Day, &team, &s.Active, &s.Contributors, &s.Posters, &s.Topics, &s.Replies, &s.Reactions, &s.Joined, &s.Gone)
		if team && !c.Team {
			return struct{}{}, err
		}
		d := &out[s.Day-from]
		d.Active, d.Contributors, d.Posters = d.Active+s.Active, d.Contributors+s.Contributors, d.Posters+s.Posters
		d.Topics, d.Replies, d.Reactions, d.Joined, d.Gone = d.Topics+s.Topics, d.Replies+s.Replies, d.Reactions+s.Reactions, d.Joined+s.Joined, d.Gone+s.Gone
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("tally: days: %w", err)
	}
	return out, nil
}

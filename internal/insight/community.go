package insight

import (
	"context"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/metric"
	"rapport/internal/tally"
)

// Community is a brand's community over a window.
type Community struct {
	Days    []time.Time // the first instant of each
	Values  []Value     // in the order pages show them
	Cohorts []tally.Cohort
	// Quiet is set where nothing has ever happened in it.
	Quiet bool
}

// Value returns the number with that id.
func (c Community) Value(id string) Value { return valueOf(c.Values, id) }

func valueOf(all []Value, id string) Value {
	for _, v := range all {
		if v.ID == id {
			return v
		}
	}
	return defined(id)
}

// whole returns nil where somebody may see numbers that are of no channel by
// itself.
func whole(q db.Queryer, who access.Who, brandID string) error {
	if err := who.May(q.Now(), brandID, access.MetricRead); err != nil {
		return err
	}
	if len(who.Channels(q.Now(), brandID)) > 0 {
		return fault.New(fault.Denied, "These numbers are of the whole community, and your access is to some channels or spaces. Ask an owner of the brand.")
	}
	return nil
}

// OfCommunity computes the community's numbers over the window, from what was
// rolled up of it. c says what is counted in besides the usual.
func OfCommunity(ctx context.Context, q db.Queryer, who access.Who, brandID string, w Window, c tally.Choice) (Community, error) {
	if err := whole(q, who, brandID); err != nil {
		return Community{}, err
	}
	last := tally.DayOf(q.Now(), w.Zone)
	from := last - tally.Day(w.Days) + 1
	s, err := tally.Over(ctx, q, brandID, last, w.Days, c)
	if err != nil {
		return Community{}, fmt.Errorf("insight: community: %w", err)
	}
	sums, err := tally.Days(ctx, q, brandID, from, last, c)
	if err != nil {
		return Community{}, fmt.Errorf("insight: community: %w", err)
	}
	out := Community{Quiet: s.Since == tally.None}
	if out.Cohorts, err = tally.Cohorts(ctx, q, brandID, last, c); err != nil {
		return Community{}, fmt.Errorf("insight: community: %w", err)
	}
	for _, at := range w.bounds(q.Now().Time())[:w.Days] {
		out.Days = append(out.Days, at.Time())
	}
	p := plaza{Span: s, from: from, days: w.Days, sums: sums}
	if p.At == 0 {
		p.At = q.Now()
	}
	out.Values = p.values()
	return out, nil
}

// plaza is what a community's numbers are made of.
type plaza struct {
	tally.Span
	from tally.Day // the window's first day
	days int
	sums []tally.Sums
}

// The reasons why a number of the community has no value.
const (
	whyQuiet     = "Nothing has happened in the community yet."
	whyNobody    = "Nobody was here in these days."
	whyUnwritten = "Nobody wrote in these days."
	whyInactive  = "Nobody took part in these days."
	whyNoTopic   = "No topic was begun in these days."
	whyNoReply   = "No topic of these days has a reply yet."
	whyNoStart   = "There were no members before these days."
	whyNoJoin    = "Nobody joined in the days that are looked at."
	whyNoAged    = "No topic of that age was begun in these days."
	whyNoAsked   = "No question of that age was asked in these days."
)

func (p plaza) values() []Value {
	members := p.count(metric.Members, func(o tally.Period) int { return o.AtStart + o.Joined - o.Gone }, nil)
	members.Course = p.course(func(s tally.Sums) float64 { return float64(s.Joined - s.Gone) })
	height := float64(p.Now.AtStart)
	for i, d := range members.Course {
		if d != nil {
			height += *d
			members.Course[i] = known(height)
		}
	}
	joined := p.count(metric.MembersJoined, func(o tally.Period) int { return o.Joined }, func(s tally.Sums) float64 { return float64(s.Joined) })
	left := p.count(metric.MembersLeft, func(o tally.Period) int { return o.Gone }, func(s tally.Sums) float64 { return float64(s.Gone) })
	growth := p.rate(metric.MemberGrowth, whyNoStart, 0, func(o tally.Period) (float64, float64) { return float64(o.Joined - o.Gone), float64(o.AtStart) })
	active := p.count(metric.Active, func(o tally.Period) int { return o.Active }, func(s tally.Sums) float64 { return float64(s.Active) })
	contributors := p.count(metric.Contributors, func(o tally.Period) int { return o.Contributors }, func(s tally.Sums) float64 { return float64(s.Contributors) })
	return append([]Value{members, joined, left, growth, active, contributors}, append(p.parts(), p.talk()...)...)
}

// parts are how people take part.
func (p plaza) parts() []Value {
	people := func(id string, n func(tally.Period) int) Value {
		return p.rate(id, whyNobody, 0, func(o tally.Period) (float64, float64) { return float64(n(o)), float64(o.Active) })
	}
	out := []Value{
		people(metric.Participation, func(o tally.Period) int { return o.Contributors }),
		p.count(metric.NewContributors, func(o tally.Period) int { return o.New }, nil),
		p.count(metric.Reactivated, func(o tally.Period) int { return o.Back }, nil),
		p.count(metric.LostRegulars, func(o tally.Period) int { return o.Lost }, nil),
		p.count(metric.NetActive, func(o tally.Period) int { return o.New + o.Back - o.Lost }, nil),
		people(metric.Lurkers, func(o tally.Period) int { return o.Active - o.Contributors }),
		people(metric.ContributorsOf, func(o tally.Period) int { return o.Contributors - o.Creators }),
		people(metric.Creators, func(o tally.Period) int { return o.Creators }),
		p.rate(metric.CreatorContent, whyInactive, 0, func(o tally.Period) (float64, float64) { return float64(o.CreatorsMade), float64(o.Contributions) }),
		p.rate(metric.TopTen, whyUnwritten, 0, func(o tally.Period) (float64, float64) { return float64(o.TopTen), float64(o.Posts) }),
	}
	for i, id := range []string{metric.Retention7, metric.Retention30, metric.Retention60, metric.Retention90} {
		age := tally.Ages[i]
		out = append(out, p.rate(id, whyNoJoin, age+tally.Within, func(o tally.Period) (float64, float64) {
			return float64(o.Stays[age].Stayed), float64(o.Stays[age].Joined)
		}))
	}
	return out
}

// talk is what is said, and how soon it is answered.
func (p plaza) talk() []Value {
	posts := p.count(metric.CommunityPosts, func(o tally.Period) int { return int(o.Posts) }, func(s tally.Sums) float64 { return float64(s.Topics + s.Replies) })
	topics := p.count(metric.TopicsBegun, func(o tally.Period) int { return o.Topics }, func(s tally.Sums) float64 { return float64(s.Topics) })
	first := p.wait(metric.FirstReply, func(o tally.Period) int64 { return o.Median })
	slow := p.wait(metric.SlowReply, func(o tally.Period) int64 { return o.Slow })
	covered := p.rate(metric.ReplyCoverage, whyNoAged, tally.RepliedLag, func(o tally.Period) (float64, float64) { return float64(o.Replied), float64(o.Aged) })
	covered.Left = p.Now.Fresh
	solved := p.rate(metric.SolvedRate, whyNoAsked, tally.SolvedLag, func(o tally.Period) (float64, float64) { return float64(o.Solved), float64(o.Questions) })
	solved.Left = p.Now.Young
	return []Value{posts, topics, first, slow, covered, solved}
}

// comparable reports whether the community was there in the window before,
// moved back by so many days.
func (p plaza) comparable(back int) bool { return p.Whole(p.from - tally.Day(p.days+back)) }

func (p plaza) count(id string, n func(tally.Period) int, day func(tally.Sums) float64) Value {
	v := defined(id)
	v.At = p.At
	if p.Since == tally.None {
		v.Why = whyQuiet
		return v
	}
	v.Now, v.Of = known(n(p.Now)), n(p.Now)
	if p.comparable(0) {
		v.Before = known(n(p.Before))
	}
	if day != nil {
		v.Course = p.course(day)
	}
	return v
}

// course is a number day by day; days before the community began are gaps.
func (p plaza) course(day func(tally.Sums) float64) []*float64 {
	out := make([]*float64, len(p.sums))
	for i, s := range p.sums {
		if p.Since != tally.None && s.Day >= p.Since {
			out[i] = known(day(s))
		}
	}
	return out
}

// rate is a share in percent; back is how many days the window is moved.
func (p plaza) rate(id, why string, back int, of func(tally.Period) (part, whole float64)) Value {
	v := defined(id)
	v.At = p.At
	part, whole := of(p.Now)
	v.Now, v.Of, v.Base = rate(part, whole), int(whole), whole
	if p.comparable(back) {
		part, whole := of(p.Before)
		v.Before = rate(part, whole)
	}
	if v.Now == nil {
		if v.Why = why; p.Since == tally.None {
			v.Why = whyQuiet
		}
	}
	return v
}

func (p plaza) wait(id string, ms func(tally.Period) int64) Value {
	v := defined(id)
	v.At, v.Of, v.Left = p.At, p.Now.Answered, p.Now.Topics-p.Now.Answered
	if p.Now.Answered > 0 {
		v.Now = known(float64(ms(p.Now)) / 1000)
	}
	if p.comparable(0) && p.Before.Answered > 0 {
		v.Before = known(float64(ms(p.Before)) / 1000)
	}
	switch {
	case v.Now != nil:
	case p.Since == tally.None:
		v.Why = whyQuiet
	case p.Now.Topics == 0:
		v.Why = whyNoTopic
	default:
		v.Why = whyNoReply
	}
	return v
}

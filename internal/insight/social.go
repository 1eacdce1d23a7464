package insight

import (
	"context"
	"fmt"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/metric"
	"rapport/internal/network"
)

// Social is a brand's channels over a window: all together, and each.
type Social struct {
	Days     []time.Time // the first instant of each
	Values   []Value     // of all channels, in the order pages show them
	Channels []Channel
	Best     []Piece // deliveries of the window with the most engagements
}

// Value returns the number with that id.
func (s Social) Value(id string) Value { return valueOf(s.Values, id) }

// OfSocial computes the numbers of all the brand's channels on networks that the
// account may see and that are not removed; its own community is the other half. Counts are added up; rates are sums over sums.
// Followers of two channels may be the same people: they are added up as
// accounts.
func OfSocial(ctx context.Context, q db.Queryer, who access.Who, brandID string, w Window) (Social, error) {
	if err := who.May(q.Now(), brandID, access.MetricRead); err != nil {
		return Social{}, err
	}
	fail := func(err error) (Social, error) { return Social{}, fmt.Errorf("insight: social: %w", err) }
	all, err := channel.List(ctx, q, access.System(), brandID)
	if err != nil {
		return fail(err)
	}
	named := who.Channels(q.Now(), brandID)
	all = slices.DeleteFunc(all, func(c channel.Channel) bool {
		return c.Network == network.Community || c.State == channel.StateRemoved || len(named) > 0 && !slices.Contains(named, c.ID)
	})
	f := fleet{brand: brandID, now: q.Now(), bounds: w.bounds(q.Now().Time())}
	f.from, f.to = w.before(q.Now().Time())
	if err := f.read(ctx, q, all); err != nil {
		return fail(err)
	}
	waits, err := Waits(ctx, q, who, brandID, w)
	if err != nil {
		return fail(err)
	}
	out := Social{Values: append(f.values(), waits...), Best: f.best()}
	for _, at := range f.bounds[:w.Days] {
		out.Days = append(out.Days, at.Time())
	}
	for i, s := range f.spans {
		out.Channels = append(out.Channels, Channel{Channel: all[i], Days: out.Days, Values: append(s.accountValues(), s.postValues()...)})
	}
	return out, nil
}

// fleet is several channels' spans.
type fleet struct {
	brand    string
	now      db.Time
	bounds   []db.Time
	from, to db.Time
	spans    []*span
}

func (f *fleet) read(ctx context.Context, q db.Queryer, channels []channel.Channel) error {
	outcomes, err := delivery.Outcomes(ctx, q, f.brand, f.from, f.bounds[len(f.bounds)-1])
	if err != nil {
		return err
	}
	by, ids := map[string][]delivery.Outcome{}, make([]string, len(outcomes))
	for i, o := range outcomes {
		by[o.Channel], ids[i] = append(by[o.Channel], o), o.ID
	}
	told, err := metric.Latest(ctx, q, f.brand, ids)
	if err != nil {
		return err
	}
	for _, c := range channels {
		s := &span{brand: f.brand, now: f.now, bounds: f.bounds, from: f.from, to: f.to, told: told}
		if err := s.readAccount(ctx, q, c.ID); err != nil {
			return err
		}
		for _, o := range by[c.ID] {
			s.pieces = append(s.pieces, s.piece(o))
		}
		f.spans = append(f.spans, s)
	}
	return nil
}

func (f *fleet) best() []Piece {
	var out []Piece
	for _, s := range f.spans {
		out = append(out, s.best()...)
	}
	slices.SortStableFunc(out, func(a, b Piece) int { return int(b.Engagements - a.Engagements) })
	return out[:min(len(out), bestMost)]
}

func (f *fleet) values() []Value {
	followers, growth := f.followers()
	var now, before haul
	published, engagements := Value{}, Value{}
	for _, s := range f.spans {
		now, before = now.with(s.haul(f.bounds[0], f.bounds[len(f.bounds)-1])), before.with(s.haul(f.from, f.to))
		p, e := Value{}, Value{}
		s.courses(&p, &e)
		published.Course, engagements.Course = joined(published.Course, p.Course), joined(engagements.Course, e.Course)
	}
	p, e, ratio := sent(now, before, f.now)
	p.Course, e.Course = published.Course, engagements.Course
	views := defined(metric.ViewRate)
	views.Now, views.Before, views.Base = rate(now.viewParts, now.views), rate(before.viewParts, before.views), now.views
	views.Of, views.Left, views.At, views.Provisional = now.shown, now.told-now.shown, now.at, now.young
	if views.Now == nil {
		views.Why = "No network has told views of these posts."
	}
	if len(f.spans) == 0 {
		for _, v := range []*Value{&p, &e, &ratio, &views} {
			v.Now, v.Before, v.Why = nil, nil, whyNoChannel
		}
	}
	return []Value{followers, growth, p, e, ratio, views}
}

const whyNoChannel = "No channel is connected yet."

// followers adds up the channels of which they were counted. Left are the
// others.
func (f *fleet) followers() (all, growth Value) {
	all, growth = defined(metric.Followers), defined(metric.FollowerGrowth)
	all.Course = make([]*float64, len(f.bounds)-1)
	grownBefore, heldBefore := 0, 0
	for _, s := range f.spans {
		level := s.level(metric.Followers)
		if level.Now == nil {
			all.Left, growth.Left = all.Left+1, growth.Left+1
			continue
		}
		all.Now, all.At, all.Of = add(all.Now, *level.Now), max(all.At, level.At), all.Of+1
		if level.Before != nil {
			all.Before, heldBefore = add(all.Before, *level.Before), heldBefore+1
		}
		now, before := s.grown(f.bounds[0], f.now), s.grown(f.from, f.to)
		if now == nil {
			growth.Left++
			continue
		}
		growth.Now, growth.At, growth.Of = add(growth.Now, *now), max(growth.At, level.At), growth.Of+1
		if before != nil {
			growth.Before, grownBefore = add(growth.Before, *before), grownBefore+1
		}
	}
	// What was not the same channels is no comparison.
	if heldBefore < all.Of {
		all.Before = nil
	}
	if grownBefore < growth.Of {
		growth.Before = nil
	}
	f.levels(all.Course)
	if all.Now == nil {
		all.Why, growth.Why = "The followers of no channel were counted yet.", "The followers of no channel were counted yet."
	} else if growth.Now == nil {
		growth.Why = "It takes two counts of followers, one from before the window or its first day. They come every six hours."
	}
	if len(f.spans) == 0 {
		all.Why, growth.Why = whyNoChannel, whyNoChannel
	}
	return all, growth
}

// levels fills in the followers of each day's end. A day on which not all
// counted channels were counted yet is a gap: the sum would jump.
func (f *fleet) levels(course []*float64) {
	for i := range course {
		if f.bounds[i] > f.now {
			return
		}
		for _, s := range f.spans {
			all := s.account[metric.Followers]
			if len(all) == 0 {
				continue
			}
			at := lastUntil(all, f.bounds[i+1]-1)
			if at == nil {
				course[i] = nil
				break
			}
			course[i] = add(course[i], *at)
		}
	}
}

// with adds two hauls up.
func (t haul) with(o haul) haul {
	t.pieces, t.told, t.rated, t.shown = t.pieces+o.pieces, t.told+o.told, t.rated+o.rated, t.shown+o.shown
	t.engagements, t.rateParts, t.followers = t.engagements+o.engagements, t.rateParts+o.rateParts, t.followers+o.followers
	t.viewParts, t.views = t.viewParts+o.viewParts, t.views+o.views
	t.at, t.young = max(t.at, o.at), t.young || o.young
	return t
}

// joined adds two courses up; what is a gap in both stays one.
func joined(a, b []*float64) []*float64 {
	if a == nil {
		return b
	}
	for i, v := range b {
		if v != nil {
			a[i] = add(a[i], *v)
		}
	}
	return a
}

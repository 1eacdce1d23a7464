package insight

import (
	"context"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/bridge"
	"rapport/internal/db"
	"rapport/internal/link"
	"rapport/internal/metric"
	"rapport/internal/promote"
)

// Bridge is what leads from one half to the other over a window.
type Bridge struct {
	Values []Value // in the order pages show them
}

// Value returns the number with that id.
func (b Bridge) Value(id string) Value { return valueOf(b.Values, id) }

// Between computes the numbers between the two halves.
func Between(ctx context.Context, q db.Queryer, who access.Who, brandID string, w Window) (Bridge, error) {
	if err := whole(q, who, brandID); err != nil {
		return Bridge{}, err
	}
	bounds := w.bounds(q.Now().Time())
	from, to := w.before(q.Now().Time())
	topics, answered, err := fromSocial(ctx, q, brandID, bounds[0], bounds[w.Days], from, to)
	if err != nil {
		return Bridge{}, fmt.Errorf("insight: between: %w", err)
	}
	out := []Value{topics, answered}
	for _, count := range []struct {
		id string
		in func(from, to db.Time) (int64, error)
	}{
		{metric.AnsweredBack, func(from, to db.Time) (int64, error) { return bridge.ReturnedIn(ctx, q, brandID, from, to) }},
		{metric.TopicsPromoted, func(from, to db.Time) (int64, error) { return promote.Carried(ctx, q, brandID, from, to) }},
		{metric.LinkClicks, func(from, to db.Time) (int64, error) {
			people, _, err := link.Clicks(ctx, q, brandID, link.Day(from, w.Zone), link.Day(to, w.Zone))
			return people, err
		}},
		{metric.JoinedFromSocial, func(from, to db.Time) (int64, error) {
			return link.JoinedFromSocial(ctx, q, brandID, link.Day(from, w.Zone), link.Day(to, w.Zone))
		}},
	} {
		v := defined(count.id)
		now, err := count.in(bounds[0], bounds[w.Days])
		if err == nil {
			v.Now, v.Of, v.At = known(now), int(now), q.Now()
			var before int64
			before, err = count.in(from, to)
			v.Before = known(before)
		}
		if err != nil {
			return Bridge{}, fmt.Errorf("insight: between: %w", err)
		}
		out = append(out, v)
	}
	followed, err := through(ctx, q, brandID, bounds[0], bounds[w.Days], from, to)
	if err != nil {
		return Bridge{}, fmt.Errorf("insight: between: %w", err)
	}
	return Bridge{Values: append(out, followed)}, nil
}

// through is how many of those who saw a post with a tracked link followed it.
func through(ctx context.Context, q db.Queryer, brandID string, from, to, fromBefore, toBefore db.Time) (Value, error) {
	v := defined(metric.LinkRate)
	now, err := promote.Through(ctx, q, brandID, from, to)
	if err != nil {
		return v, err
	}
	before, err := promote.Through(ctx, q, brandID, fromBefore, toBefore)
	if err != nil {
		return v, err
	}
	v.Now, v.Before = rate(float64(now.Clicks), float64(now.Views)), rate(float64(before.Clicks), float64(before.Views))
	v.Of, v.Base, v.Left, v.At = int(now.Views), float64(now.Views), now.Left, q.Now()
	switch {
	case v.Now != nil:
	case now.Links > 0:
		v.Why = "Nobody has seen these posts yet, as far as their networks tell."
	case now.Left > 0:
		v.Why = "The networks of these posts tell no views."
	default:
		v.Why = "No post with a tracked link went out in these days."
	}
	return v, nil
}

// fromSocial are the topics that came from a network, and how many of them the
// community has replied to.
func fromSocial(ctx context.Context, q db.Queryer, brandID string, from, to, fromBefore, toBefore db.Time) (topics, answered Value, err error) {
	topics, answered = defined(metric.TopicsFromSocial), defined(metric.AnsweredFromSocial)
	now, err := bridge.Brought(ctx, q, brandID, from, to)
	if err != nil {
		return topics, answered, err
	}
	before, err := bridge.Brought(ctx, q, brandID, fromBefore, toBefore)
	if err != nil {
		return topics, answered, err
	}
	topics.Now, topics.Before, topics.Of, topics.At = known(now.Topics), known(before.Topics), now.Topics, q.Now()
	answered.Now, answered.Before = rate(float64(now.Answered), float64(now.Topics)), rate(float64(before.Answered), float64(before.Topics))
	answered.Of, answered.Base, answered.At = now.Topics, float64(now.Topics), q.Now()
	if answered.Now == nil {
		answered.Why = "No topic came from a network in these days."
	}
	return topics, answered, nil
}

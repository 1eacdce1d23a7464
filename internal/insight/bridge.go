package insight

import (
	"context"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/metric"
	"rapport/internal/topic"
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
	return Bridge{Values: []Value{topics, answered}}, nil
}

// fromSocial are the topics that came from a network, and how many of them the
// community has replied to.
func fromSocial(ctx context.Context, q db.Queryer, brandID string, from, to, fromBefore, toBefore db.Time) (topics, answered Value, err error) {
	topics, answered = defined(metric.TopicsFromSocial), defined(metric.AnsweredFromSocial)
	now, err := topic.Brought(ctx, q, brandID, from, to)
	if err != nil {
		return topics, answered, err
	}
	before, err := topic.Brought(ctx, q, brandID, fromBefore, toBefore)
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

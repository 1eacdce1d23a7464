package insight

import (
	"context"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/metric"
	"rapport/internal/network"
)

// waitValues are how long people waited for an answer on the channel.
func (s *span) waitValues(ctx context.Context, q db.Queryer, channelID string) ([]Value, error) {
	now, err := conversation.Waited(ctx, q, access.System(), s.brand, channelID, s.bounds[0], s.bounds[len(s.bounds)-1])
	if err != nil {
		return nil, err
	}
	before, err := conversation.Waited(ctx, q, access.System(), s.brand, channelID, s.from, s.to)
	if err != nil {
		return nil, err
	}
	return waits(now, before, s.now), nil
}

// Waits are how long people waited for an answer in a brand's last days, on
// the channels on networks that the account may see.
func Waits(ctx context.Context, q db.Queryer, who access.Who, brandID string, w Window) ([]Value, error) {
	at := q.Now()
	bounds := w.bounds(at.Time())
	own, err := channel.OwnOf(ctx, q, brandID, network.Community)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	now, err := conversation.Waited(ctx, q, who, brandID, "", bounds[0], bounds[w.Days], own.ID)
	if err != nil {
		return nil, err
	}
	from, to := w.before(at.Time())
	before, err := conversation.Waited(ctx, q, who, brandID, "", from, to, own.ID)
	return waits(now, before, at), err
}

func waits(now, before conversation.Responses, at db.Time) []Value {
	median, slow, rated := defined(metric.FirstResponse), defined(metric.SlowResponse), defined(metric.ResponseRate)
	for _, v := range []struct {
		into *Value
		q    float64
	}{{&median, 0.5}, {&slow, 0.9}} {
		v.into.Now, v.into.Before = quantile(now, v.q), quantile(before, v.q)
		v.into.Of, v.into.Left, v.into.At = len(now.Waits), now.Needed()-len(now.Waits), at
		if v.into.Now == nil {
			v.into.Why = whyNoWait(now)
		}
	}
	rated.Now, rated.Before = rate(float64(len(now.Waits)), float64(now.Needed())), rate(float64(len(before.Waits)), float64(before.Needed()))
	rated.Of, rated.Base, rated.Left, rated.At = now.Needed(), float64(now.Needed()), now.Closed, at
	if rated.Now == nil {
		rated.Why = whyNoWait(now)
	}
	return []Value{median, slow, rated}
}

func quantile(r conversation.Responses, q float64) *float64 {
	wait, ok := r.Quantile(q)
	if !ok {
		return nil
	}
	return known(float64(wait) / float64(time.Second))
}

func whyNoWait(r conversation.Responses) string {
	if r.Periods == 0 {
		return "Nobody wrote in these days."
	}
	if r.Needed() == 0 {
		return "What was written in these days was closed without an answer."
	}
	return "Nobody was answered in these days yet."
}

package insight

import (
	"context"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/metric"
)

// Delivery is what one delivery brought, reading by reading.
type Delivery struct {
	Times  []db.Time // of the readings, oldest first; it begins when it was out
	Values []Value
}

// Value returns the number with that id.
func (d Delivery) Value(id string) Value {
	for _, v := range d.Values {
		if v.ID == id {
			return v
		}
	}
	return defined(id)
}

// Known reports whether the network told anything of it.
func (d Delivery) Known() bool {
	return slices.ContainsFunc(d.Values, func(v Value) bool { return v.Now != nil })
}

// OfDelivery computes a delivery's numbers. untold are the network's reasons
// for what it does not tell, by number.
func OfDelivery(ctx context.Context, q db.Queryer, who access.Who, d delivery.Delivery, untold map[string]string) (Delivery, error) {
	if err := who.May(q.Now(), d.Brand, access.MetricRead, d.Channel); err != nil {
		return Delivery{}, err
	}
	all, err := metric.History(ctx, q, d.Brand, d.ID, 0)
	if err != nil {
		return Delivery{}, fmt.Errorf("insight: delivery: %w", err)
	}
	followers, err := metric.Before(ctx, q, d.Brand, []string{d.Channel}, metric.Followers, d.PublishedAt)
	if err != nil {
		return Delivery{}, fmt.Errorf("insight: delivery: %w", err)
	}
	life := life{d, q.Now(), readings(all), untold}
	out := Delivery{Times: life.times()}
	sum := defined(metric.Engagements)
	sum.Course = make([]*float64, len(out.Times))
	for _, name := range metric.Engaging {
		v := life.value(name, out.Times)
		out.Values = append(out.Values, v)
		sum.join(v)
	}
	out.Values = append(out.Values, life.value(metric.Views, out.Times))
	if sum.Now == nil {
		sum.Why = life.why(metric.Engagements)
	}
	ratio := defined(metric.EngagementRate)
	ratio.At, ratio.Provisional = sum.At, sum.Provisional
	if f, ok := followers[d.Channel]; ok && sum.Now != nil {
		ratio.Now, ratio.Of, ratio.Base = rate(*sum.Now, float64(f.Value)), int(f.Value), float64(f.Value)
	}
	if ratio.Now == nil {
		ratio.Why = life.whyNoRate(sum)
	}
	out.Values = append([]Value{sum, ratio}, out.Values...)
	return out, nil
}

// join adds a part of a sum up, as far as it is known.
func (v *Value) join(part Value) {
	if part.Now == nil {
		return
	}
	v.Now, v.At, v.Provisional = add(v.Now, *part.Now), max(v.At, part.At), v.Provisional || part.Provisional
	if part.Before != nil {
		v.Before = add(v.Before, *part.Before)
	}
	for i, p := range part.Course {
		if p != nil {
			v.Course[i] = add(v.Course[i], *p)
		}
	}
}

func readings(all []metric.Reading) map[string][]metric.Reading {
	out := map[string][]metric.Reading{}
	for _, r := range all {
		out[r.Name] = append(out[r.Name], r)
	}
	return out
}

// life is a delivery with everything that was told of it.
type life struct {
	delivery.Delivery
	now    db.Time
	told   map[string][]metric.Reading
	untold map[string]string
}

func (l life) times() []db.Time {
	var out []db.Time
	for _, all := range l.told {
		for _, r := range all {
			out = append(out, r.At)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// value is one count. Its Before is the reading before the newest.
func (l life) value(name string, times []db.Time) Value {
	v := defined(name)
	all := l.told[name]
	v.Course = make([]*float64, len(times))
	for _, r := range all {
		if i, ok := slices.BinarySearch(times, r.At); ok {
			v.Course[i] = known(r.Value)
		}
	}
	v.Of = len(all)
	if len(all) == 0 {
		v.Why = l.why(name)
		return v
	}
	last := all[len(all)-1]
	v.Now, v.At, v.Provisional = known(last.Value), last.At, l.now.Sub(l.PublishedAt) < Provisional
	if len(all) > 1 {
		v.Before = known(all[len(all)-2].Value)
	}
	return v
}

func (l life) why(name string) string {
	switch {
	case l.untold[name] != "":
		return l.untold[name]
	case l.State != delivery.Published && l.State != delivery.Removed:
		return "It is not out yet."
	case len(l.told) == 0:
		return "Not read yet. The first reading comes an hour after it is out."
	}
	return "The network did not tell it."
}

func (l life) whyNoRate(sum Value) string {
	if sum.Now == nil {
		return sum.Why
	}
	return "The followers were not counted when it went out."
}

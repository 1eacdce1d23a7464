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
)

// Channel is a channel over a window.
type Channel struct {
	channel.Channel
	Days   []time.Time // the first instant of each
	Values []Value     // in the order pages show them
	Best   []Piece     // deliveries of the window with the most engagements, the most first
}

// Value returns the number with that id.
func (c Channel) Value(id string) Value {
	for _, v := range c.Values {
		if v.ID == id {
			return v
		}
	}
	return defined(id)
}

// Piece is a delivery with its engagements.
type Piece struct {
	delivery.Outcome
	Engagements int64
	Rate        *float64 // in percent of the followers it was published to
	At          db.Time  // of the newest reading
}

const bestMost = 5

// OfChannel computes the channel's numbers over the window.
func OfChannel(ctx context.Context, q db.Queryer, who access.Who, brandID, channelID string, w Window) (Channel, error) {
	if err := who.May(q.Now(), brandID, access.MetricRead, channelID); err != nil {
		return Channel{}, err
	}
	c, err := channel.ByID(ctx, q, access.System(), brandID, channelID)
	if err != nil {
		return Channel{}, err
	}
	now := q.Now()
	s := span{brand: brandID, now: now, bounds: w.bounds(now.Time())}
	s.from, s.to = w.before(now.Time())
	if err := s.read(ctx, q, channelID); err != nil {
		return Channel{}, fmt.Errorf("insight: channel: %w", err)
	}
	waits, err := s.waitValues(ctx, q, channelID)
	if err != nil {
		return Channel{}, fmt.Errorf("insight: channel: %w", err)
	}
	out := Channel{Channel: c, Values: slices.Concat(s.accountValues(), s.postValues(), waits), Best: s.best()}
	for _, at := range s.bounds[:w.Days] {
		out.Days = append(out.Days, at.Time())
	}
	return out, nil
}

// span is what a channel's numbers are computed from: the window, and the one
// before it, from which the change is told.
type span struct {
	brand    string
	now      db.Time
	bounds   []db.Time // of the window's days
	from, to db.Time   // the window before
	account  map[string][]metric.Reading
	pieces   []Piece // of both windows
	told     map[string]map[string]metric.Reading
}

func (s *span) read(ctx context.Context, q db.Queryer, channelID string) error {
	if err := s.readAccount(ctx, q, channelID); err != nil {
		return err
	}
	all, err := delivery.Outcomes(ctx, q, s.brand, s.from, s.bounds[len(s.bounds)-1])
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(o delivery.Outcome) bool { return o.Channel != channelID })
	ids := make([]string, len(all))
	for i, o := range all {
		ids[i] = o.ID
	}
	if s.told, err = metric.Latest(ctx, q, s.brand, ids); err != nil {
		return err
	}
	for _, o := range all {
		s.pieces = append(s.pieces, s.piece(o))
	}
	return nil
}

// readAccount reads the account's counts from before the earlier window on, so
// that its first days have something to begin with.
func (s *span) readAccount(ctx context.Context, q db.Queryer, channelID string) error {
	all, err := metric.History(ctx, q, s.brand, channelID, s.from)
	if err != nil {
		return err
	}
	s.account = map[string][]metric.Reading{}
	for _, name := range []string{metric.Followers, metric.Following, metric.Posts} {
		earlier, err := metric.Before(ctx, q, s.brand, []string{channelID}, name, s.from-1)
		if err != nil {
			return err
		}
		if r, ok := earlier[channelID]; ok {
			s.account[name] = append(s.account[name], r)
		}
	}
	for _, r := range all {
		s.account[r.Name] = append(s.account[r.Name], r)
	}
	return nil
}

// piece counts a delivery's engagements; below 0 is that none were told.
func (s *span) piece(o delivery.Outcome) Piece {
	p := Piece{Outcome: o, Engagements: -1}
	for _, name := range metric.Engaging {
		if r, ok := s.told[o.ID][name]; ok {
			p.Engagements = max(p.Engagements, 0) + r.Value
			p.At = max(p.At, r.At)
		}
	}
	if f := s.followersAt(o.PublishedAt); f != nil && p.Engagements >= 0 {
		p.Rate = rate(float64(p.Engagements), *f)
	}
	return p
}

// followersAt is the newest count not later than at.
func (s *span) followersAt(at db.Time) *float64 {
	return lastUntil(s.account[metric.Followers], at)
}

func lastUntil(all []metric.Reading, at db.Time) *float64 {
	var out *float64
	for _, r := range all {
		if r.At > at {
			break
		}
		out = known(r.Value)
	}
	return out
}

// best are the window's pieces with the most engagements.
func (s *span) best() []Piece {
	var out []Piece
	for _, p := range s.pieces {
		if p.PublishedAt >= s.bounds[0] && p.Engagements > 0 {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b Piece) int { return int(b.Engagements - a.Engagements) })
	return out[:min(len(out), bestMost)]
}

func (s *span) accountValues() []Value {
	growth := defined(metric.FollowerGrowth)
	followers := s.level(metric.Followers)
	growth.At, growth.Of = followers.At, followers.Of
	growth.Now, growth.Before = s.grown(s.bounds[0], s.now), s.grown(s.from, s.to)
	if growth.Now == nil {
		growth.Why = "It takes two counts of followers, one from before the window or its first day. They come every six hours."
	}
	return []Value{followers, growth, s.level(metric.Following), s.level(metric.Posts)}
}

// level is a count that stands at a height rather than adds up.
func (s *span) level(name string) Value {
	v := defined(name)
	all := s.account[name]
	v.Course = make([]*float64, len(s.bounds)-1)
	for _, r := range all {
		if i := dayOf(s.bounds, r.At); i >= 0 {
			v.Course[i] = known(r.Value)
			v.Of++
		}
	}
	if len(all) == 0 {
		v.Why = "It was not counted yet. The first count comes within minutes of connecting."
		return v
	}
	last := all[len(all)-1]
	v.Now, v.At, v.Before = known(last.Value), last.At, lastUntil(all, s.bounds[0])
	return v
}

// grown is how much the followers grew between two instants. Where counting
// began in between, it is measured from the first day of the span only if that
// day has a count.
func (s *span) grown(from, to db.Time) *float64 {
	all := s.account[metric.Followers]
	start, end := lastUntil(all, from), lastUntil(all, to)
	if start == nil {
		start = firstWithin(all, from, from.Add(24*time.Hour))
	}
	if start == nil || end == nil {
		return nil
	}
	return known(*end - *start)
}

func firstWithin(all []metric.Reading, from, to db.Time) *float64 {
	for _, r := range all {
		if r.At >= from && r.At < to {
			return known(r.Value)
		}
	}
	return nil
}

// haul adds pieces up.
type haul struct {
	pieces, told, rated  int
	engagements          float64
	rateParts, followers float64
	shown                int // of which views were told
	viewParts, views     float64
	at                   db.Time
	young                bool
}

func (s *span) haul(from, to db.Time) (t haul) {
	for _, p := range s.pieces {
		if p.PublishedAt < from || p.PublishedAt >= to {
			continue
		}
		t.pieces++
		if p.Engagements < 0 {
			continue
		}
		t.told++
		t.engagements += float64(p.Engagements)
		t.at = max(t.at, p.At)
		t.young = t.young || s.now.Sub(p.PublishedAt) < Provisional
		if v, ok := s.told[p.ID][metric.Views]; ok {
			t.shown++
			t.viewParts += float64(p.Engagements)
			t.views += float64(v.Value)
		}
		if f := s.followersAt(p.PublishedAt); f != nil && *f > 0 {
			t.rated++
			t.rateParts += float64(p.Engagements)
			t.followers += *f
		}
	}
	return t
}

func (s *span) postValues() []Value {
	end := s.bounds[len(s.bounds)-1]
	now, before := s.haul(s.bounds[0], end), s.haul(s.from, s.to)
	published, engagements, ratio := sent(now, before, s.now)
	s.courses(&published, &engagements)
	return []Value{published, engagements, ratio}
}

// sent are the numbers of what went out.
func sent(now, before haul, at db.Time) (published, engagements, ratio Value) {
	published = defined(metric.Published)
	published.Now, published.Before, published.Of, published.At = known(now.pieces), known(before.pieces), now.pieces, at
	engagements = defined(metric.Engagements)
	engagements.Of, engagements.Left, engagements.At, engagements.Provisional = now.told, now.pieces-now.told, now.at, now.young
	ratio = defined(metric.EngagementRate)
	ratio.Base = now.followers
	ratio.Of, ratio.Left, ratio.At, ratio.Provisional = now.rated, now.pieces-now.rated, now.at, now.young
	ratio.Now, ratio.Before = rate(now.rateParts, now.followers), rate(before.rateParts, before.followers)
	if now.told > 0 {
		engagements.Now = known(now.engagements)
	}
	if before.told > 0 {
		engagements.Before = known(before.engagements)
	}
	engagements.Why, ratio.Why = whyNone(now)
	return published, engagements, ratio
}

// whyNone says why there are no engagements, and no rate.
func whyNone(t haul) (engagements, ratio string) {
	switch {
	case t.pieces == 0:
		return "Nothing went out in these days.", "Nothing went out in these days."
	case t.told == 0:
		return "The network has told no numbers of these posts yet. The first come an hour after a post is out.", "No numbers were told of these posts yet."
	case t.rated == 0:
		return "", "The followers were not counted when these posts went out."
	}
	return "", ""
}

// courses fills the days: none published is 0, none told is a gap.
func (s *span) courses(published, engagements *Value) {
	days := len(s.bounds) - 1
	published.Course, engagements.Course = make([]*float64, days), make([]*float64, days)
	for i := range days {
		if s.bounds[i] <= s.now {
			published.Course[i] = known(0)
		}
	}
	for _, p := range s.pieces {
		i := dayOf(s.bounds, p.PublishedAt)
		if i < 0 {
			continue
		}
		published.Course[i] = add(published.Course[i], 1)
		if p.Engagements >= 0 {
			engagements.Course[i] = add(engagements.Course[i], float64(p.Engagements))
		}
	}
}

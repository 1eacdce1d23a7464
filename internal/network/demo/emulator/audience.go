package emulator

import (
	"hash/fnv"
	"math"
	"strings"
	"time"
)

// Numbers are what the network shows of a post at one instant.
type Numbers struct {
	At       time.Time `json:"at"`
	Likes    int64     `json:"likes"`
	Shares   int64     `json:"shares"`
	Comments int64     `json:"comments"`
	Views    int64     `json:"views"`
}

// NumbersAt returns the numbers of a post as they stood, or will stand, at
// that instant. The same instant always gives the same numbers, and a later
// one never fewer. ok is false for a post that is not there.
func (s *Server) NumbersAt(id string, at time.Time) (n Numbers, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.posts[id]
	if p == nil || p.Removed || at.Before(p.PublishedAt) {
		return Numbers{}, false
	}
	return s.numbers(p, at), true
}

// FollowersAt returns an account's followers at an instant; 0 where there is
// no such account.
func (s *Server) FollowersAt(name string, at time.Time) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[name]
	if a == nil {
		return 0
	}
	return a.followers(at)
}

// followers grows by a part of a percent a day, with a weekly wobble that
// never turns the growth round.
func (a *account) followers(at time.Time) int64 {
	days := at.Sub(a.MadeAt).Hours() / 24
	if days <= 0 {
		return a.Followers
	}
	rate := float64(a.Followers) * (0.0008 + 0.0022*share(seedOf("growth", a.Name))) // a day
	wobble := 0.8 * rate * 7 / (2 * math.Pi) * math.Sin(2*math.Pi*days/7)
	return a.Followers + int64(rate*days+wobble)
}

// reach is what a post comes to in the end.
type reach struct{ views, likes, shares, comments float64 }

func (s *Server) reach(p *Post) reach {
	followers := 500.0
	if a := s.accounts[p.Account]; a != nil {
		followers = float64(a.followers(p.PublishedAt))
	}
	views := followers * (0.18 + 0.5*luck(p.ID, "views")) * byHour(p.PublishedAt) * byText(p)
	r := reach{views: views}
	r.likes = views * (0.02 + 0.05*luck(p.ID, "likes"))
	r.shares = r.likes * (0.05 + 0.2*luck(p.ID, "shares"))
	r.comments = r.likes * (0.02 + 0.05*luck(p.ID, "comments"))
	if strings.Contains(p.Text, "?") {
		r.comments *= 2.4
	}
	if strings.Contains(p.Text, "http") {
		r.likes, r.shares = r.likes*0.7, r.shares*1.4
	}
	if p.InReplyTo != "" {
		r = reach{r.views * 0.4, r.likes * 0.4, r.shares * 0.2, r.comments * 0.3}
	}
	return r
}

// byHour: people look at the demo network around noon and in the evening.
func byHour(at time.Time) float64 {
	h := float64(at.UTC().Hour()) + float64(at.UTC().Minute())/60
	bump := func(centre, width float64) float64 {
		d := math.Mod(math.Abs(h-centre), 24)
		d = min(d, 24-d)
		return math.Exp(-d * d / (2 * width * width))
	}
	f := 0.35 + 0.55*bump(11.5, 2.2) + 0.8*bump(18.5, 2)
	if day := at.UTC().Weekday(); day == time.Saturday || day == time.Sunday {
		f *= 0.75
	}
	return f
}

func byText(p *Post) float64 {
	f := 1.0
	if len(p.Media) > 0 {
		f *= 1.55
	}
	switch n := len(p.Text); {
	case n < 20:
		f *= 0.7
	case n > 60 && n < 240:
		f *= 1.2
	}
	if strings.Count(p.Text, "#") > 3 {
		f *= 0.75
	}
	return f
}

// grown is the part of its reach that a post has after age: half of the
// lively part in six hours, and a tail of some days.
func grown(age time.Duration) float64 {
	h := max(age.Hours(), 0)
	return 0.92*(1-math.Exp2(-h/6)) + 0.08*(1-math.Exp2(-h/120))
}

func (s *Server) numbers(p *Post, at time.Time) Numbers {
	c, g := s.crowd(p), grown(at.Sub(p.PublishedAt))
	return Numbers{At: at.UTC(), Views: int64(c.views * g), Likes: int64(c.likes * g),
		Shares: int64(c.shares * g), Comments: int64(c.count(at))}
}

func luck(id, of string) float64 {
	x := share(seedOf(of, id))
	return x * x * (1.5 - 0.5*x) // few posts do very well
}

func share(seed uint64) float64 { return float64(seed>>11) / (1 << 53) }

func seedOf(of, id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(of + "\x00" + id))
	return mixed(h.Sum64()) // FNV alone is weak in its high bits
}

func mixed(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

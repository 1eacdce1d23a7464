package emulator

import (
	"fmt"
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

// Comment is what somebody of the audience wrote below a post.
type Comment struct {
	ID     string    `json:"id"`
	Author string    `json:"author"` // name without @
	Name   string    `json:"name"`
	Text   string    `json:"text"`
	At     time.Time `json:"at"`
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
	r.comments = r.likes * (0.08 + 0.18*luck(p.ID, "comments"))
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
	r, g := s.reach(p), grown(at.Sub(p.PublishedAt))
	return Numbers{At: at.UTC(), Views: int64(r.views * g), Likes: int64(r.likes * g),
		Shares: int64(r.shares * g), Comments: int64(r.comments * g)}
}

// mostComments keeps a thread readable and reading it cheap.
const mostComments = 200

func (s *Server) commentsOf(p *Post, at time.Time) []Comment {
	r := s.reach(p)
	n := min(int(r.comments*grown(at.Sub(p.PublishedAt))), mostComments)
	out := make([]Comment, 0, n)
	for k := range n {
		out = append(out, comment(p, k, reached(float64(k+1)/r.comments)))
	}
	return out
}

// reached is the age at which grown gets to g.
func reached(g float64) time.Duration {
	low, high := time.Duration(0), 3000*time.Hour
	for high-low > time.Second {
		if mid := (low + high) / 2; grown(mid) < g {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

type member struct{ handle, name string }

var audience = []member{
	{"mira_k", "Mira Kovač"}, {"tomasz", "Tomasz Nowak"}, {"adaeze", "Adaeze Obi"}, {"jonas_b", "Jonas Becker"},
	{"linh_tran", "Linh Trần"}, {"sofia_r", "Sofia Reyes"}, {"kenji", "Kenji Mori"}, {"fatou", "Fatou Diop"},
	{"noor", "Noor Haddad"}, {"lucas_m", "Lucas Martin"}, {"ingrid", "Ingrid Dahl"}, {"priya_s", "Priya Shah"},
	{"oliver_w", "Oliver Webb"}, {"zeynep", "Zeynep Arslan"}, {"carlos_f", "Carlos Ferreira"}, {"hannah_l", "Hannah Lindqvist"},
	{"dmitri", "Dmitri Volkov"}, {"amelia_j", "Amelia Jones"}, {"yusuf", "Yusuf Karim"}, {"chiara", "Chiara Conti"},
	{"min_jun", "Min-jun Park"}, {"ewa_z", "Ewa Zielińska"}, {"samuel_o", "Samuel Owusu"}, {"leila", "Leila Rahimi"},
}

var (
	answers = []string{
		"For me it was the second one, by some way.", "Depends on the day. Mornings mostly.", "I have been wondering the same.",
		"We tried it last month and would do it again.", "Not yet, but I would like to.", "Yes. It took a while to get used to, though.",
		"Could you say a little more about how you decided?", "My answer changed after reading the replies here.",
	}
	onPictures = []string{
		"The light in this one is lovely.", "Where was this taken?", "I would hang this on my wall.", "Thank you for describing the picture, that helps a lot.",
		"The colours are so calm.", "Is there a larger version somewhere?",
	}
	onLinks = []string{
		"The link did not open on my phone, could you check?", "Read it to the end. Well worth the time.", "Is there a version in another language?",
		"Bookmarked for the weekend.", "The third part is the one I will quote at work.",
	}
	remarks = []string{
		"This is the kind of post I follow you for.", "Saved for later, thank you.", "Will this also come to other cities?", "I passed this on to our team.",
		"Good to see you say how it really went.", "Is there a way to take part from abroad?", "Finally. I have waited for this since spring.",
		"I am not convinced, to be honest. What about the cost?", "When does it start?",
		"We met at your last event, great to see this go on.", "How long does delivery take at the moment?", "Clear and to the point, thanks.",
	}
)

func comment(p *Post, k int, age time.Duration) Comment {
	id := fmt.Sprintf("%s-c%d", p.ID, k+1)
	seed := seedOf("comment", id)
	who := audience[seed%uint64(len(audience))]
	pool := remarks
	switch {
	case strings.Contains(p.Text, "?") && seed>>8%3 != 0:
		pool = answers
	case len(p.Media) > 0 && seed>>8%3 == 0:
		pool = onPictures
	case strings.Contains(p.Text, "http") && seed>>16%2 == 0:
		pool = onLinks
	}
	// A step coprime to the pool's length walks through all of it before a
	// text comes again.
	at := int(seedOf("first", p.ID)%uint64(len(pool))) + k
	return Comment{ID: id, Author: who.handle, Name: who.name, Text: pool[at%len(pool)],
		At: p.PublishedAt.Add(age).Truncate(time.Second)}
}

func luck(id, of string) float64 {
	x := share(seedOf(of, id))
	return x * x * (1.5 - 0.5*x) // few posts do very well
}

func share(seed uint64) float64 { return float64(seed>>11) / (1 << 53) }

func seedOf(of, id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(of + "\x00" + id))
	x := h.Sum64() // mixed once more: FNV alone is weak in its high bits
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

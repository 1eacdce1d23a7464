package emulator

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Comment is what somebody of the audience wrote: below a post, in answer to
// another comment, or about an account.
type Comment struct {
	ID        string    `json:"id"`
	Author    string    `json:"author"` // name without @
	Name      string    `json:"name"`
	Text      string    `json:"text"`
	Language  string    `json:"language"`
	InReplyTo string    `json:"in_reply_to,omitempty"` // post or comment; "" for a mention
	Root      string    `json:"root"`                  // id of what the thread began with
	At        time.Time `json:"at"`
	EditedAt  time.Time `json:"edited_at,omitzero"`

	kind      string
	removedAt time.Time // zero: it stays
}

const (
	// mostComments keeps a thread readable and reading it cheap.
	mostComments = 200
	// lively is how long after it was published a post is commented on.
	lively = 45 * 24 * time.Hour
	// corrected is the longest that somebody takes to correct themselves.
	corrected = 3 * time.Hour
)

// crowd is a post's audience: what comes of it in the end, and when.
type crowd struct {
	reach
	p     *Post
	topic string
	// back is set for an answer to somebody of the audience: they may answer
	// back, once.
	back *Comment
}

func (s *Server) crowd(p *Post) crowd {
	c := crowd{reach: s.reach(p), p: p, topic: topicOf(p.Account, p.Text)}
	if above, ok := s.comment(p.InReplyTo); ok {
		c.back, c.comments = &above, 0
		if share(seedOf("back", p.ID)) < 0.45 {
			c.comments = 1
		}
	}
	c.comments = min(c.comments, mostComments)
	return c
}

// count is how many comments were written by then, those removed since too.
func (c crowd) count(at time.Time) int {
	age := min(at.Sub(c.p.PublishedAt), lively)
	if c.back != nil {
		if c.comments > 0 && !at.Before(c.when(0)) {
			return 1
		}
		return 0
	}
	n := int(c.comments * grown(age))
	for n > 0 && c.when(n-1).After(at) {
		n--
	}
	return n
}

// when a comment was written, to the second.
func (c crowd) when(k int) time.Time {
	if c.back != nil {
		minutes := 15 + 500*share(seedOf("pause", c.p.ID))*share(seedOf("pause again", c.p.ID))
		return c.p.PublishedAt.Add(time.Duration(minutes) * time.Minute).Truncate(time.Second)
	}
	at := c.p.PublishedAt.Add(reached(float64(k+1) / c.comments))
	return at.Truncate(time.Second).Add(time.Second)
}

// reached is the age at which grown gets to g.
func reached(g float64) time.Duration {
	low, high := time.Duration(0), 3000*time.Hour
	for high-low > time.Second/2 {
		if mid := (low + high) / 2; grown(mid) < g {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// comment is the one of a number, as it stands at an instant. It is a function
// of the post and the number alone.
func (c crowd) comment(k int, at time.Time) Comment {
	id := fmt.Sprintf("%s-c%d", c.p.ID, k+1)
	seed := seedOf("comment", id)
	out := Comment{ID: id, InReplyTo: c.p.ID, Root: c.p.Root, At: c.when(k)}
	if c.back != nil {
		return c.answer(out, seed)
	}
	kind, who := c.kind(k, seed), somebodyFor(c.topic, mixed(seed))
	if kind == "between" {
		if above := fmt.Sprintf("%s-c%d", c.p.ID, 1+int(seed>>9%uint64(k))); !leaves(seedOf("comment", above)) {
			out.InReplyTo = above
		}
	}
	out.say(who, kind, c.topic, c.p.Text, c.p.Account, seed, walk(c.p.ID, k))
	out.waver(seed, at)
	return out
}

// kind is what a comment is, most of all a remark. Who is no coffee roaster
// hears remarks only.
func (c crowd) kind(k int, seed uint64) string {
	x := share(mixed(seed + 7))
	switch {
	case c.topic == "general":
		return "remark"
	case x < 0.13 && k > 0:
		return "between"
	case x < 0.29:
		return "ask"
	case x < 0.35:
		return "complain"
	case x < 0.42:
		return "thanks"
	}
	return "remark"
}

// walk steps through a pool, so that what was said below one post is not said
// there again.
func walk(id string, k int) uint64 { return seedOf("first", id)%1000 + uint64(k)*7 }

// say writes the words, in the person's own language about every other time.
func (c *Comment) say(who member, kind, topic, about, brand string, seed, step uint64) {
	c.Author, c.Name, c.Language, c.kind = who.handle, who.name, "en", kind
	if who.language != "" && topic != "general" && seed>>3%20 < 11 {
		c.Language = who.language
	}
	var words []string
	words, c.Language = pool(kind, topic, c.Language)
	c.Text = filled(words[step%uint64(len(words))], about, brand, mixed(seed+3))
}

// answer is what is written back to the brand.
func (c crowd) answer(out Comment, seed uint64) Comment {
	kind := "back"
	if c.back.kind == "complain" {
		kind = "settled"
	}
	out.Author, out.Name, out.kind = c.back.Author, c.back.Name, kind
	words, in := pool(kind, "", c.back.Language)
	out.Text, out.Language = words[seed>>7%uint64(len(words))], in
	return out
}

// waver lets some correct what they wrote, and some take it back.
func (c *Comment) waver(seed uint64, at time.Time) {
	if edited := c.At.Add(time.Duration(2+seed>>20%170) * time.Minute); seed>>4%23 == 0 && slip(c.Text) != c.Text {
		if at.Before(edited) {
			c.Text = slip(c.Text)
		} else {
			c.EditedAt = edited
		}
	}
	if leaves(seed) {
		c.removedAt = c.At.Add(time.Duration(10+seed>>22%1200) * time.Minute)
	}
}

// leaves is set for those who will take back what they wrote.
func leaves(seed uint64) bool { return seed>>5%41 == 0 }

// there reports whether a comment can be read at an instant.
func (c Comment) there(at time.Time) bool {
	return !c.At.After(at) && (c.removedAt.IsZero() || at.Before(c.removedAt))
}

// commentsOf are the comments directly below a post and below each other, by
// time.
func (s *Server) commentsOf(p *Post, at time.Time) []Comment {
	c := s.crowd(p)
	out := []Comment{}
	for k := range c.count(at) {
		if one := c.comment(k, at); one.there(at) {
			out = append(out, one)
		}
	}
	return out
}

// comment finds what somebody of the audience wrote by its id. It does not
// say whether it can be read now.
func (s *Server) comment(id string) (Comment, bool) {
	if post, k, ok := cut(id, "-c"); ok && s.posts[post] != nil {
		c := s.crowd(s.posts[post])
		if k < 1 || k > int(c.comments) {
			return Comment{}, false
		}
		return c.comment(k-1, s.options.Now()), true
	}
	if name, slot, ok := cut(id, "-n"); ok && s.accounts[name] != nil {
		return s.mention(s.accounts[name], int64(slot))
	}
	return Comment{}, false
}

func cut(id, at string) (before string, n int, ok bool) {
	i := strings.LastIndex(id, at)
	if i < 0 {
		return "", 0, false
	}
	n, err := strconv.Atoi(id[i+len(at):])
	return id[:i], n, err == nil
}

// slotLength is in what time an account is mentioned once at most.
const slotLength = 6 * time.Hour

// mention is what somebody wrote about an account in a slot, if somebody did.
func (s *Server) mention(a *account, slot int64) (Comment, bool) {
	begin := time.Unix(slot*int64(slotLength/time.Second), 0).UTC()
	id := fmt.Sprintf("%s-n%d", a.Name, slot)
	seed := seedOf("mention", id)
	if begin.Before(a.MadeAt) || share(seed) > min(0.35, float64(a.Followers)/40_000) {
		return Comment{}, false
	}
	c := Comment{ID: id, Root: id, At: begin.Add(time.Duration(share(mixed(seed+5)) * float64(slotLength))).Truncate(time.Second)}
	topic, who := topicOf(a.Name, a.Title+" "+a.About), somebodyFor("", mixed(seed))
	if topic != "general" {
		topic = "-"
	}
	c.say(who, "mention", topic, "", a.Name, seed, seedOf("first", a.Name)%100+uint64(slot)*11)
	return c, true
}

// mentionsOf are those of an account in a stretch of time, without its
// beginning.
func (s *Server) mentionsOf(a *account, after, until time.Time) []Comment {
	var out []Comment
	for slot := after.Unix() / int64(slotLength/time.Second); slot <= until.Unix()/int64(slotLength/time.Second); slot++ {
		if c, ok := s.mention(a, slot); ok && c.At.After(after) && !c.At.After(until) {
			out = append(out, c)
		}
	}
	return out
}

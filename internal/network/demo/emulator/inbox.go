package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// line is one thing that was said: by an account here, or by somebody of the
// audience.
type line struct {
	post    *Post
	comment Comment
}

func (l line) id() string {
	if l.post != nil {
		return l.post.ID
	}
	return l.comment.ID
}

func (l line) at() time.Time {
	if l.post != nil {
		return l.post.PublishedAt
	}
	return l.comment.At
}

func byTime(a, b line) int { return cmp.Or(a.at().Compare(b.at()), cmp.Compare(a.id(), b.id())) }

// messageAnswer is a line as programs see it.
type messageAnswer struct {
	ID        string        `json:"id"`
	URL       string        `json:"url"`
	Author    authorAnswer  `json:"author"`
	Own       bool          `json:"own"`
	Text      string        `json:"text"`
	Language  string        `json:"language,omitempty"`
	Media     []mediaAnswer `json:"media"`
	Mentions  []string      `json:"mentions"`
	InReplyTo string        `json:"in_reply_to,omitempty"`
	Root      string        `json:"root"`
	At        time.Time     `json:"at"`
	EditedAt  time.Time     `json:"edited_at,omitzero"`
	Numbers   *Numbers      `json:"numbers,omitempty"`
}

type authorAnswer struct {
	ID        string `json:"id"`
	Handle    string `json:"handle"`
	Name      string `json:"name"`
	URL       string `json:"url"`
	AvatarURL string `json:"avatar_url"`
}

type mediaAnswer struct {
	URL string `json:"url"`
	Alt string `json:"alt"`
}

func author(base, name, title string) authorAnswer {
	return authorAnswer{ID: name, Handle: name, Name: title, URL: base + "/@" + name, AvatarURL: base + "/avatar/" + name + ".svg"}
}

func (s *Server) messageAnswer(r *http.Request, a *account, l line) messageAnswer {
	base := s.address(r)
	if l.post == nil {
		c := l.comment
		m := messageAnswer{ID: c.ID, URL: base + s.commentPage(c), Author: author(base, c.Author, c.Name), Text: c.Text, Language: c.Language, Media: []mediaAnswer{},
			Mentions: []string{}, InReplyTo: c.InReplyTo, Root: c.Root, At: c.At, EditedAt: c.EditedAt}
		if c.kind == "mention" {
			m.Mentions = append(m.Mentions, a.Name)
		}
		return m
	}
	p := l.post
	m := messageAnswer{ID: p.ID, URL: base + "/@" + p.Account + "/" + p.ID, Author: author(base, p.Account, s.accounts[p.Account].Title), Own: p.Account == a.Name,
		Text: p.Text, Language: p.Language, Media: []mediaAnswer{}, Mentions: []string{}, InReplyTo: p.InReplyTo, Root: p.Root, At: p.PublishedAt}
	for _, id := range p.Media {
		m.Media = append(m.Media, mediaAnswer{URL: base + "/media/" + id, Alt: s.media[id].Alt})
	}
	return m
}

// commentPage is where a comment is shown to people.
func (s *Server) commentPage(c Comment) string {
	if root := s.posts[c.Root]; root != nil {
		return "/@" + root.Account + "/" + root.ID + "#" + c.ID
	}
	return "/@" + c.Author + "/" + c.ID
}

// around is everything of one conversation, by time: the posts of a thread
// with what is below them, or a mention with its answers.
func (s *Server) around(root string, at time.Time) []line {
	var out []line
	if p := s.posts[root]; p != nil && !p.Removed {
		s.gatherPost(p, at, &out)
	} else if c, ok := s.comment(root); ok && c.there(at) {
		out = append(out, line{comment: c})
		s.gather(root, at, &out)
	}
	slices.SortStableFunc(out, byTime)
	return out
}

func (s *Server) gatherPost(p *Post, at time.Time, out *[]line) {
	*out = append(*out, line{post: p})
	for _, c := range s.commentsOf(p, at) {
		*out = append(*out, line{comment: c})
		s.gather(c.ID, at, out)
	}
	s.gather(p.ID, at, out)
}

func (s *Server) gather(id string, at time.Time, out *[]line) {
	for _, p := range s.replies[id] {
		if !p.Removed {
			s.gatherPost(p, at, out)
		}
	}
}

// find returns what can be read under an id now.
func (s *Server) find(id string) (line, bool) {
	now := s.options.Now()
	if p := s.posts[id]; p != nil {
		return line{post: p}, !p.Removed
	}
	c, ok := s.comment(id)
	for _, above := range []string{c.InReplyTo, c.Root} {
		if p := s.posts[above]; p != nil && p.Removed {
			return line{}, false // what stood below it is gone with it
		}
	}
	return line{comment: c}, ok && c.there(now)
}

func (s *Server) showThreadOf(r *http.Request, a *account) (int, any, *problem) {
	l, ok := s.find(r.PathValue("id"))
	if !ok {
		return 0, nil, notFound
	}
	root := l.comment.Root
	if l.post != nil {
		root = l.post.Root
	}
	return http.StatusOK, map[string]any{"messages": s.messages(r, a, s.around(root, s.options.Now()))}, nil
}

func (s *Server) messages(r *http.Request, a *account, lines []line) []messageAnswer {
	out := []messageAnswer{}
	for _, l := range lines {
		out = append(out, s.messageAnswer(r, a, l))
	}
	return out
}

// mostAtOnce is how many messages may be asked for by their ids.
const mostAtOnce = 100

func (s *Server) showMessages(r *http.Request, a *account) (int, any, *problem) {
	ids := r.URL.Query()["id"]
	if len(ids) == 0 || len(ids) > mostAtOnce {
		return 0, nil, refuse("ids", "Ask for 1 to %d ids.", mostAtOnce)
	}
	var there []line
	gone := []string{}
	for _, id := range ids {
		if l, ok := s.find(id); ok {
			there = append(there, l)
		} else {
			gone = append(gone, id)
		}
	}
	return http.StatusOK, map[string]any{"messages": s.messages(r, a, there), "gone": gone}, nil
}

const (
	inboxPage = 100
	// furthest is how far back an inbox can be read.
	furthest = 90 * 24 * time.Hour
)

// news is when something came to be known, and what it is.
type news struct {
	at   time.Time
	line line
}

// showInbox is what was said to the account after a cursor, oldest first:
// comments, answers, mentions, corrections of those, and what the account
// answered by itself. Without a cursor it begins at since.
func (s *Server) showInbox(r *http.Request, a *account) (int, any, *problem) {
	now, q := s.options.Now(), r.URL.Query()
	after := now.Add(-furthest)
	if since, err := time.Parse(time.RFC3339Nano, q.Get("since")); err == nil && since.After(after) {
		after = since.Add(-time.Millisecond)
	}
	if ms, err := strconv.ParseInt(q.Get("after"), 10, 64); err == nil && time.UnixMilli(ms).After(after) {
		after = time.UnixMilli(ms)
	} else if q.Get("after") != "" && err != nil {
		return 0, nil, refuse("cursor", "This cursor is not one of this network.")
	}
	all := s.heard(a, after, now)
	cut, more := len(all), false
	// A page ends with an instant, so that the cursor loses nothing of it.
	for i := inboxPage; i < len(all); i++ {
		if all[i].at.After(all[i-1].at) {
			cut, more = i, true
			break
		}
	}
	next := after.UnixMilli()
	out := []messageAnswer{}
	for _, n := range all[:cut] {
		out, next = append(out, s.messageAnswer(r, a, n.line)), n.at.UnixMilli()
	}
	return http.StatusOK, map[string]any{"messages": out, "next": strconv.FormatInt(next, 10), "more": more}, nil
}

// heard is what came to be known in a stretch of time, without its beginning.
// Only posts that are still talked about are looked at.
func (s *Server) heard(a *account, after, until time.Time) []news {
	within := func(at time.Time) bool { return at.After(after) && !at.After(until) }
	var out []news
	for i := len(a.posts) - 1; i >= 0 && a.posts[i].PublishedAt.After(after.Add(-lively-corrected)); i-- {
		p := a.posts[i]
		if p.Removed || p.PublishedAt.After(until) {
			continue
		}
		c := s.crowd(p)
		if c.back != nil && within(p.PublishedAt) {
			out = append(out, news{p.PublishedAt, line{post: p}})
		}
		out = append(out, c.heard(after, until)...)
	}
	for _, c := range s.mentionsOf(a, after, until) {
		out = append(out, news{c.At, line{comment: c}})
	}
	slices.SortStableFunc(out, func(x, y news) int { return cmp.Or(x.at.Compare(y.at), byTime(x.line, y.line)) })
	return out
}

func (c crowd) heard(after, until time.Time) []news {
	var out []news
	for k, all := c.count(after.Add(-corrected)), c.count(until); k < all; k++ {
		one := c.comment(k, until)
		at := one.At
		if one.EditedAt.After(after) {
			at = one.EditedAt
		}
		if at.After(after) && one.there(until) {
			out = append(out, news{at, line{comment: one}})
		}
	}
	return out
}

// showHistory is what the account published, newest first, with its numbers.
func (s *Server) showHistory(r *http.Request, a *account) (int, any, *problem) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > 100 {
		limit = 50
	}
	end := len(a.posts)
	if before := r.URL.Query().Get("before"); before != "" {
		end = slices.IndexFunc(a.posts, func(p *Post) bool { return p.ID == before })
		if end < 0 {
			return 0, nil, notFound
		}
	}
	now, next := s.options.Now(), ""
	out := []messageAnswer{}
	for i := end - 1; i >= 0; i-- {
		if a.posts[i].Removed {
			continue
		}
		if len(out) == limit {
			next = out[len(out)-1].ID
			break
		}
		m, n := s.messageAnswer(r, a, line{post: a.posts[i]}), s.numbers(a.posts[i], now)
		m.Numbers = &n
		out = append(out, m)
	}
	return http.StatusOK, map[string]any{"messages": out, "next": next}, nil
}

package emulator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"
)

// Post is something published.
type Post struct {
	ID          string    `json:"id"`
	Account     string    `json:"account"`
	Text        string    `json:"text"`
	Media       []string  `json:"media,omitempty"` // ids
	InReplyTo   string    `json:"in_reply_to,omitempty"`
	Root        string    `json:"root"` // id of the thread's first post
	Language    string    `json:"language,omitempty"`
	PublishedAt time.Time `json:"published_at"`
	Key         string    `json:"key,omitempty"`
	Removed     bool      `json:"removed,omitempty"`
}

// problem is a refusal with its status.
type problem struct {
	status int
	code   string
	text   string
	wait   time.Duration
}

func refuse(code, format string, args ...any) *problem {
	return &problem{status: 422, code: code, text: fmt.Sprintf(format, args...)}
}

// publish is the whole rule of POST /v1/posts. repeated says that the key had
// arrived before and p is what it published then.
func (s *Server) publish(a *account, p Post) (out *Post, repeated bool, no *problem) {
	now := s.options.Now()
	if first := s.keys[keyOf(a.Name, p.Key)]; first != nil {
		if first.Removed {
			return nil, false, &problem{status: 409, code: "removed", text: "The post of this key was removed."}
		}
		return first, true, nil
	}
	if wait := s.mayPost(a, now); wait > 0 {
		return nil, false, &problem{status: 429, code: "too_many", text: "Too many posts in this minute.", wait: wait}
	}
	if no := s.check(a, &p, now); no != nil {
		return nil, false, no
	}
	p.ID, p.Account, p.PublishedAt = s.nextID(now), a.Name, now.UTC().Truncate(time.Millisecond)
	if p.Root == "" {
		p.Root = p.ID
	}
	if err := s.add(&p); err != nil {
		return nil, false, &problem{status: 503, code: "journal", text: "The demo network cannot write its journal."}
	}
	return &p, false, nil
}

func (s *Server) check(a *account, p *Post, now time.Time) *problem {
	n := uniseg.GraphemeClusterCount(p.Text)
	switch {
	case strings.TrimSpace(p.Text) == "" && len(p.Media) == 0:
		return refuse("empty", "A post needs a text or a picture.")
	case n > a.TextLimit:
		return refuse("text_too_long", "The text has %d characters and %d is the most.", n, a.TextLimit)
	case len(p.Media) > mostImages:
		return refuse("too_many_images", "%d pictures are the most.", mostImages)
	}
	for _, id := range p.Media {
		if no := s.usable(a, id, now); no != nil {
			return no
		}
	}
	return s.thread(p)
}

func (s *Server) usable(a *account, id string, now time.Time) *problem {
	m := s.media[id]
	switch {
	case m == nil || m.Account != a.Name:
		return refuse("media_unknown", "There is no picture %q.", id)
	case now.Before(m.ReadyAt):
		return refuse("media_processing", "The picture %s is still being processed.", id)
	}
	return nil
}

// thread finds the root of a reply, to a post or to a comment of the audience.
func (s *Server) thread(p *Post) *problem {
	if p.InReplyTo == "" {
		p.Root = ""
		return nil
	}
	above, ok := s.find(p.InReplyTo)
	if !ok {
		return refuse("parent_unknown", "There is no post %q to reply to.", p.InReplyTo)
	}
	p.Root = above.comment.Root
	if above.post != nil {
		p.Root = above.post.Root
	}
	return nil
}

// add keeps a post that was found right.
func (s *Server) add(p *Post) error {
	if err := s.journal.write(entry{Post: p}); err != nil {
		return err
	}
	s.index(p)
	return nil
}

func (s *Server) index(p *Post) {
	s.posts[p.ID] = p
	s.recent = insertByTime(s.recent, p)
	if a := s.accounts[p.Account]; a != nil {
		a.posts = insertByTime(a.posts, p)
	}
	if p.InReplyTo != "" {
		s.replies[p.InReplyTo] = append(s.replies[p.InReplyTo], p)
	}
	if p.Key != "" && !s.options.IgnoreIdempotency {
		s.keys[keyOf(p.Account, p.Key)] = p
	}
	if id, err := strconv.ParseInt(p.ID, 10, 64); err == nil {
		s.lastID = max(s.lastID, id)
	}
}

func insertByTime(list []*Post, p *Post) []*Post {
	i := len(list)
	for i > 0 && list[i-1].PublishedAt.After(p.PublishedAt) {
		i--
	}
	return slices.Insert(list, i, p)
}

func (s *Server) remove(p *Post) error {
	if err := s.journal.write(entry{Removed: p.ID}); err != nil {
		return err
	}
	p.Removed = true
	return nil
}

// nextID grows with time and is never given twice.
func (s *Server) nextID(now time.Time) string {
	s.lastID = max(s.lastID+1, now.UnixMilli()*1000)
	return strconv.FormatInt(s.lastID, 10)
}

func keyOf(account, key string) string {
	if key == "" {
		return ""
	}
	return account + " " + key
}

package emulator

import (
	"cmp"
	"fmt"
	"time"
)

// Past is a post from before the network was started, for a demo that has a
// history.
type Past struct {
	ID          string // given by the caller, so that the same history is put in once
	Account     string // must exist
	Text        string
	Language    string
	InReplyTo   string // id of an earlier one, or of a comment or a mention
	Pictures    []PastPicture
	PublishedAt time.Time
	Key         string // the idempotency key it would have been sent with
}

// PastPicture is a picture of such a post.
type PastPicture struct {
	ID      string // of a picture that several posts show; "" makes one of its own
	Mime    string
	Alt     string
	Content []byte
}

// Seed puts past posts in, in order, without limits or arrivals. A post whose
// id is already there is left as it is.
func (s *Server) Seed(past ...Past) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range past {
		if s.posts[p.ID] != nil {
			continue
		}
		if err := s.seed(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) seed(in Past) error {
	if s.accounts[in.Account] == nil || in.ID == "" {
		return fmt.Errorf("demo network: seed %q: an id and an account that exists are needed", in.ID)
	}
	p := &Post{ID: in.ID, Account: in.Account, Text: in.Text, Language: in.Language, InReplyTo: in.InReplyTo,
		Root: in.ID, PublishedAt: in.PublishedAt.UTC(), Key: in.Key}
	if in.InReplyTo != "" {
		c, ok := s.comment(in.InReplyTo)
		if above := s.posts[in.InReplyTo]; above != nil {
			c.Root, ok = above.Root, true
		}
		if !ok {
			return fmt.Errorf("demo network: seed %q: there is no post %q to reply to", in.ID, in.InReplyTo)
		}
		p.Root = c.Root
	}
	for i, pic := range in.Pictures {
		m := &picture{ID: cmp.Or(pic.ID, fmt.Sprintf("m%s-%d", in.ID, i+1)), Account: in.Account, Mime: pic.Mime, Alt: pic.Alt, ReadyAt: p.PublishedAt}
		p.Media = append(p.Media, m.ID)
		if s.media[m.ID] != nil {
			continue
		}
		if err := s.keep(m, pic.Content); err != nil {
			return err
		}
	}
	return s.add(p)
}

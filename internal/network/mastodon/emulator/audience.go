package emulator

import (
	"cmp"
	"fmt"
	"slices"
)

// Said is what somebody of the audience is made to write. By is a name such
// as mira, or mira@social.example for somebody on another server; who is not
// there yet is made.
type Said struct {
	By         string    `json:"by"`
	Text       string    `json:"text"`
	InReplyTo  string    `json:"in_reply_to,omitempty"`
	Warning    string    `json:"warning,omitempty"`
	Visibility string    `json:"visibility,omitempty"` // "" is public
	Language   string    `json:"language,omitempty"`   // "" is en
	Pictures   []Picture `json:"pictures,omitempty"`
	// Quiet leaves out the mention that clients put before an answer; who is
	// answered is then not notified.
	Quiet bool `json:"quiet,omitempty"`
}

// Picture is an image of such a status.
type Picture struct {
	Content []byte `json:"content"`
	Alt     string `json:"alt,omitempty"`
}

// Say publishes what somebody of the audience writes. It is no arrival.
func (s *Server) Say(said Said) (Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.somebody(said.By)
	if err != nil {
		return Status{}, err
	}
	p := s.ownPlace()
	st := &Status{author: a, Account: a.Acct(), Text: said.Text, Warning: said.Warning, Sensitive: said.Warning != "", Language: language(said.Language),
		Visibility: cmp.Or(said.Visibility, "public")}
	if !slices.Contains(visibilities, st.Visibility) {
		return Status{}, fmt.Errorf("mastodon emulator: visibility is one of %v", visibilities)
	}
	if above := s.statuses[said.InReplyTo]; above != nil {
		st.Parent, st.replied = above.ID, above.author
		if !said.Quiet && above.author != a && !slices.Contains(s.mentionsIn(p, st.Text), above.author) {
			st.Text = "@" + above.author.Acct() + " " + st.Text
		}
	} else if said.InReplyTo != "" {
		return Status{}, fmt.Errorf("mastodon emulator: there is no status %q to answer", said.InReplyTo)
	}
	if err := s.illustrate(st, said.Pictures); err != nil {
		return Status{}, err
	}
	s.publish(p, st)
	return *st, nil
}

func (s *Server) illustrate(st *Status, pictures []Picture) error {
	for _, pic := range pictures {
		m := &upload{owner: st.author, content: pic.Content, mime: contentType(pic.Content), Description: pic.Alt}
		if no := m.check(); no != nil {
			return fmt.Errorf("mastodon emulator: picture: %s", no.text)
		}
		now := s.options.Now()
		m.ID, m.readyAt = s.nextID(now), now
		s.media[m.ID] = m
		st.Media = append(st.Media, m.ID)
	}
	return nil
}

// Edit changes the text of a status, whoever wrote it.
func (s *Server) Edit(id, text string) error {
	return s.to(id, func(st *Status) error {
		next := *st
		next.Text = text
		s.change(s.ownPlace(), st, next)
		return nil
	})
}

// Delete takes a status off, whoever wrote it.
func (s *Server) Delete(id string) error {
	return s.to(id, func(st *Status) error {
		s.remove(st)
		return nil
	})
}

// Favourite makes somebody like a status.
func (s *Server) Favourite(by, id string) error {
	return s.to(id, func(st *Status) error {
		a, err := s.somebody(by)
		if err == nil {
			s.like(a, st)
		}
		return err
	})
}

// Boost makes somebody share a status on.
func (s *Server) Boost(by, id string) error {
	return s.to(id, func(st *Status) error {
		a, err := s.somebody(by)
		if err != nil {
			return err
		}
		if _, no := s.boost(s.ownPlace(), a, st); no != nil {
			return fmt.Errorf("mastodon emulator: a status that is not public cannot be shared on")
		}
		return nil
	})
}

// Follow makes somebody follow an account.
func (s *Server) Follow(by, whom string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.somebody(by)
	if err != nil {
		return err
	}
	b, err := s.somebody(whom)
	if err != nil || a == b || a.follows[b.id] {
		return err
	}
	a.follows[b.id] = true
	b.fans++
	s.notify(b, "follow", a, nil)
	return nil
}

// RevokeTokens ends every token of an account, as a change of its password
// does. It returns how many there were.
func (s *Server) RevokeTokens(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.builtinToken("mastodon-" + name) // so that it is among them
	n := 0
	for _, t := range s.tokens {
		if t.account != nil && t.account.Acct() == name && !t.revoked {
			s.revoke(t)
			n++
		}
	}
	return n
}

func (s *Server) to(id string, do func(*Status) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.statuses[id]
	if st == nil {
		return fmt.Errorf("mastodon emulator: there is no status %q", id)
	}
	return do(st)
}

// ownPlace is the place for what was asked for by no request.
func (s *Server) ownPlace() place {
	host := "localhost"
	if s.listener != nil {
		host = s.listener.Addr().String()
	}
	return place{base: cmp.Or(s.options.PublicURL, "http://"+host), domain: cmp.Or(s.options.Domain, host)}
}

package emulator

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Account is one account of the network. Zero values are filled in.
type Account struct {
	Name      string    `json:"name"` // "north"; also its id
	Title     string    `json:"title,omitempty"`
	About     string    `json:"about,omitempty"`
	Followers int64     `json:"followers,omitempty"` // when it was made
	TextLimit int       `json:"text_limit,omitempty"`
	MadeAt    time.Time `json:"made_at,omitzero"`
}

// The limits of the network; an account may have another text limit.
const (
	textLimit  = 500
	mostImages = 4
	imageBytes = 10 << 20
	altLimit   = 1500
	threadMost = 25
)

var imageTypes = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}

type account struct {
	Account
	posts  []*Post // in the order in which they were published
	minute time.Time
	spent  int // posts in that minute
}

var nameRule = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// SetAccount adds an account or changes the one of that name.
func (s *Server) SetAccount(a Account) error {
	if !nameRule.MatchString(a.Name) {
		return fmt.Errorf("demo network: %q is no account name: use a-z, 0-9, - and _", a.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setAccount(a)
}

func (s *Server) setAccount(a Account) error {
	old := s.accounts[a.Name]
	if old == nil {
		old = &account{}
		s.accounts[a.Name] = old
	}
	old.Account = s.filled(a, old.Account)
	return s.journal.write(entry{Account: &old.Account})
}

func (s *Server) filled(a, old Account) Account {
	a.Title = cmp.Or(a.Title, old.Title, strings.ToUpper(a.Name[:1])+a.Name[1:])
	a.About = cmp.Or(a.About, old.About)
	a.TextLimit = cmp.Or(a.TextLimit, old.TextLimit, textLimit)
	if a.MadeAt.IsZero() {
		a.MadeAt = old.MadeAt
	}
	if a.MadeAt.IsZero() {
		a.MadeAt = s.options.Now()
	}
	a.Followers = cmp.Or(a.Followers, old.Followers, 180+int64(seedOf("followers", a.Name)%4200))
	return a
}

// signedIn returns the account of a bearer token, made at once where the
// options allow it.
func (s *Server) signedIn(authorization string) *account {
	token, _ := strings.CutPrefix(authorization, "Bearer ")
	name, ok := strings.CutPrefix(token, "demo-")
	if !ok || !nameRule.MatchString(name) {
		return nil
	}
	if a := s.accounts[name]; a != nil || !s.options.AutoAccounts {
		return a
	}
	if err := s.setAccount(Account{Name: name}); err != nil {
		return nil
	}
	return s.accounts[name]
}

// mayPost spends one post of the minute, or says how long to wait.
func (s *Server) mayPost(a *account, now time.Time) (wait time.Duration) {
	most := s.options.PostsPerMinute
	if most <= 0 {
		return 0
	}
	minute := now.Truncate(time.Minute)
	if !a.minute.Equal(minute) {
		a.minute, a.spent = minute, 0
	}
	if a.spent >= most {
		return minute.Add(time.Minute).Sub(now)
	}
	a.spent++
	return 0
}

package emulator

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Account is one account of the network. Zero values are filled in.
type Account struct {
	Name      string `json:"name"` // "north"; its handle is north.test
	Title     string `json:"title,omitempty"`
	About     string `json:"about,omitempty"`
	Followers int    `json:"followers,omitempty"` // beside those who really follow
	// Password is the app password; "" is "bluesky-" and the name. Another one
	// than before ends every session, as removing an app password does.
	Password string `json:"password,omitempty"`
	// State is "", "deactivated" or "takendown".
	State string `json:"state,omitempty"`
	// CodeByEmail asks whoever signs in with the account's own password, which
	// is "account-" and the name, for a code. App passwords need none.
	CodeByEmail bool `json:"code_by_email,omitempty"`
	// Priority says that the account prefers notifications by those it follows,
	// and gets no others unless it asks with priority=false.
	Priority bool      `json:"priority,omitempty"`
	MadeAt   time.Time `json:"made_at,omitzero"`
}

// domain is the end of every handle.
const domain = ".test"

type account struct {
	Account
	did     string
	records map[string]*record // by collection and key
	rev     string
	head    string // CID of the last commit
	blobs   map[string]*blob
	seen    time.Time // notifications
}

func (a *account) handle() string { return a.Name + domain }

var nameRule = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// DID returns the identity of the account of that name; it is the same in
// every network of this kind.
func DID(name string) string {
	sum := sha256.Sum256([]byte("rapport emulates " + name))
	return "did:plc:" + base32Lower.EncodeToString(sum[:15])
}

// SetAccount adds an account or changes the one of that name.
func (s *Server) SetAccount(a Account) error {
	if !nameRule.MatchString(a.Name) {
		return fmt.Errorf("bluesky emulator: %q is no account name: use a-z, 0-9 and -", a.Name)
	}
	if a.State != "" && a.State != "deactivated" && a.State != "takendown" {
		return fmt.Errorf("bluesky emulator: the state %q is none of deactivated and takendown", a.State)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setAccount(a)
	return nil
}

func (s *Server) setAccount(a Account) *account {
	old := s.accounts[a.Name]
	if old == nil {
		old = &account{did: DID(a.Name), records: map[string]*record{}, blobs: map[string]*blob{}}
		s.accounts[a.Name], s.byDID[old.did] = old, old
	}
	was := old.Password
	old.Account = s.filled(a, old.Account)
	if was != "" && was != old.Password {
		s.endSessions(old)
	}
	return old
}

func (s *Server) filled(a, old Account) Account {
	a.Title = cmp.Or(a.Title, old.Title, strings.ToUpper(a.Name[:1])+a.Name[1:])
	a.About = cmp.Or(a.About, old.About)
	a.Followers = cmp.Or(a.Followers, old.Followers)
	a.Password = cmp.Or(a.Password, old.Password, "bluesky-"+a.Name)
	if a.MadeAt.IsZero() {
		a.MadeAt = old.MadeAt
	}
	if a.MadeAt.IsZero() {
		a.MadeAt = s.now()
	}
	return a
}

// find returns the account of a DID, handle or email address.
func (s *Server) find(identifier string) *account {
	identifier = strings.ToLower(identifier)
	if a := s.byDID[identifier]; a != nil {
		return a
	}
	if name, ok := strings.CutSuffix(identifier, "@example"+domain); ok {
		return s.accounts[name]
	}
	if name, ok := strings.CutSuffix(identifier, domain); ok {
		return s.accounts[name]
	}
	return nil
}

// didDocument says where an account lives. Nothing is signed here, so it has
// no key.
func (s *Server) didDocument(a *account, base string) map[string]any {
	return map[string]any{
		"@context":           []any{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		"id":                 a.did,
		"alsoKnownAs":        []any{"at://" + a.handle()},
		"verificationMethod": []any{},
		"service": []any{map[string]any{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer",
			"serviceEndpoint": base}},
	}
}

package emulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// How long tokens last. A refresh token that was used may be used again for
// the grace period and then gives a successor with the same id, so that an
// answer that was lost on the way ends no session.
const (
	accessLife   = 120 * time.Minute
	refreshLife  = 90 * 24 * time.Hour
	refreshGrace = 2 * time.Hour
)

const (
	scopeAccount = "com.atproto.access"
	scopeApp     = "com.atproto.appPass"
	scopeRefresh = "com.atproto.refresh"
)

// claims is what a token says.
type claims struct {
	Scope   string `json:"scope"`
	Aud     string `json:"aud"`
	Sub     string `json:"sub"`
	ID      string `json:"jti,omitempty"`
	Issued  int64  `json:"iat"`
	Expires int64  `json:"exp"`
}

type refreshToken struct {
	did, scope string
	expires    time.Time
	next       string // id of its successor, once used
}

const serviceDID = "did:web:localhost"

var segments = base64.RawURLEncoding

func (s *Server) sign(kind string, c claims) string {
	payload, _ := json.Marshal(c) // strings and numbers: cannot fail
	text := segments.EncodeToString(fmt.Appendf(nil, `{"typ":%q,"alg":"HS256"}`, kind)) + "." + segments.EncodeToString(payload)
	return text + "." + segments.EncodeToString(s.mac(text))
}

func (s *Server) mac(text string) []byte {
	m := hmac.New(sha256.New, s.secret)
	m.Write([]byte(text))
	return m.Sum(nil)
}

var (
	missingAuth = &problem{status: 401, name: "AuthMissing", text: "Authentication Required"}
	required    = &problem{status: 401, name: "AuthenticationRequired", text: "Authentication Required"}
	badToken    = &problem{status: 400, name: "InvalidToken", text: "Token could not be verified"}
	oldToken    = &problem{status: 400, name: "ExpiredToken", text: "Token has expired"}
	revoked     = &problem{status: 400, name: "ExpiredToken", text: "Token has been revoked"}
	badScope    = &problem{status: 400, name: "InvalidToken", text: "Bad token scope"}
	badPassword = &problem{status: 401, name: "AuthenticationRequired", text: "Invalid identifier or password"}
	takenDown   = &problem{status: 401, name: "AccountTakedown", text: "Account has been taken down"}
	deactivated = &problem{status: 401, name: "AccountDeactivated", text: "Account is deactivated"}
	needsCode   = &problem{status: 401, name: "AuthFactorTokenRequired", text: "A sign in code has been sent to your email address"}
)

// read takes a token apart without asking whether it has expired.
func (s *Server) read(kind, token string) (c claims, no *problem) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, badToken
	}
	sum, err := segments.DecodeString(parts[2])
	if err != nil || !hmac.Equal(sum, s.mac(parts[0]+"."+parts[1])) {
		return c, badToken
	}
	payload, err := segments.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return c, badToken
	}
	head, _ := segments.DecodeString(parts[0]) // signed, so it is as written
	if !strings.Contains(string(head), `"`+kind+`"`) {
		return c, &problem{status: 400, name: "InvalidToken", text: "Invalid token type"}
	}
	return c, nil
}

// bearer reads the token of a request.
func (s *Server) bearer(r *http.Request, kind string, evenExpired bool) (c claims, no *problem) {
	header := r.Header.Get("Authorization")
	token, ok := strings.CutPrefix(header, "Bearer ")
	switch {
	case header == "":
		return c, missingAuth
	case !ok:
		return c, &problem{status: 400, name: "InvalidToken", text: "Unexpected authorization type"}
	}
	if c, no = s.read(kind, token); no != nil {
		return c, no
	}
	if !evenExpired && s.now().Unix() >= c.Expires {
		return c, oldToken
	}
	return c, nil
}

// tokens issues a pair; id is the refresh token's.
func (s *Server) tokens(a *account, scope, id string) (access, refresh string) {
	now := s.now()
	access = s.sign("at+jwt", claims{Scope: scope, Aud: serviceDID, Sub: a.did,
		Issued: now.Unix(), Expires: now.Add(accessLife).Unix()})
	refresh = s.sign("refresh+jwt", claims{Scope: scopeRefresh, Aud: serviceDID, Sub: a.did, ID: id,
		Issued: now.Unix(), Expires: now.Add(refreshLife).Unix()})
	if s.refresh[id] == nil {
		s.refresh[id] = &refreshToken{did: a.did, scope: scope, expires: now.Add(refreshLife)}
	}
	return access, refresh
}

// endSessions takes every refresh token away. Access tokens go on until they
// expire, as on a real server.
func (s *Server) endSessions(a *account) {
	for id, t := range s.refresh {
		if t.did == a.did {
			delete(s.refresh, id)
		}
	}
}

func (s *Server) createSession(c *call) (any, *problem) {
	name, password := c.text("identifier"), c.text("password")
	a := s.find(name)
	if plain, ok := strings.CutSuffix(name, domain); a == nil && ok && s.options.AutoAccounts &&
		nameRule.MatchString(plain) && password == "bluesky-"+plain {
		a = s.setAccount(Account{Name: plain})
	}
	if a == nil {
		return nil, badPassword
	}
	switch {
	case password == "account-"+a.Name:
		return s.signInWithAccount(c, a)
	case password != a.Password || a.State == "takendown":
		return nil, badPassword
	}
	return s.session(c, a, scopeApp, rand.Text())
}

func (s *Server) signInWithAccount(c *call, a *account) (any, *problem) {
	switch {
	case a.State == "takendown":
		return nil, takenDown
	case a.CodeByEmail && c.text("authFactorToken") == "":
		return nil, needsCode
	}
	return s.session(c, a, scopeAccount, rand.Text())
}

func (s *Server) session(c *call, a *account, scope, id string) (any, *problem) {
	out := s.sessionFacts(c, a)
	out["accessJwt"], out["refreshJwt"] = s.tokens(a, scope, id)
	return out, nil
}

func (s *Server) sessionFacts(c *call, a *account) map[string]any {
	out := map[string]any{"did": a.did, "handle": a.handle(), "email": a.Name + "@example" + domain,
		"emailConfirmed": true, "emailAuthFactor": a.CodeByEmail, "didDoc": s.didDocument(a, c.base), "active": a.State == ""}
	if a.State != "" {
		out["status"] = a.State
	}
	return out
}

func (s *Server) refreshSession(c *call) (any, *problem) {
	now := s.now()
	t := s.refresh[c.claims.ID]
	switch {
	case c.account.State == "takendown":
		return nil, takenDown
	case t == nil || !now.Before(t.expires):
		return nil, revoked
	}
	if t.next == "" {
		t.next = rand.Text()
	}
	if grace := now.Add(refreshGrace); grace.Before(t.expires) {
		t.expires = grace
	}
	return s.session(c, c.account, t.scope, t.next)
}

func (s *Server) deleteSession(c *call) (any, *problem) {
	delete(s.refresh, c.claims.ID)
	return nil, nil
}

func (s *Server) getSession(c *call) (any, *problem) { return s.sessionFacts(c, c.account), nil }

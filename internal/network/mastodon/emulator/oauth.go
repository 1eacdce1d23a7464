package emulator

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// scopesKnown are the scopes the server can give; a whole one holds its parts.
var scopesKnown = strings.Fields("read write follow push profile " +
	"read:accounts read:blocks read:bookmarks read:favourites read:filters read:follows read:lists read:mutes read:notifications read:search read:statuses " +
	"write:accounts write:blocks write:bookmarks write:conversations write:favourites write:filters write:follows write:lists write:media write:mutes write:notifications write:reports write:statuses " +
	"admin:read admin:write")

// outOfBand shows the code instead of sending it anywhere.
const outOfBand = "urn:ietf:wg:oauth:2.0:oob"

// app is a program that was registered.
type app struct {
	id           string
	clientID     string
	clientSecret string
	name         string
	site         string
	redirects    []string
	scopes       []string
}

func (a *app) website() any {
	if a.site == "" {
		return nil
	}
	return a.site
}

// grant is a code that was given out.
type grant struct {
	app       *app
	account   *account
	redirect  string
	scopes    []string
	challenge string
	until     time.Time
	used      bool
}

// codeLife is how long a code may be traded.
const codeLife = 10 * time.Minute

// token lets a program act.
type token struct {
	secret  string
	app     *app
	account *account // nil where it is the program's own
	scopes  []string
	at      time.Time
	revoked bool
}

// may reports whether the token has one of the scopes; none are needed where
// none are named.
func (t *token) may(scopes []string) bool {
	return len(scopes) == 0 || slices.ContainsFunc(scopes, func(want string) bool {
		whole, _, _ := strings.Cut(want, ":")
		return slices.Contains(t.scopes, want) || slices.Contains(t.scopes, whole)
	})
}

func bearer(r *http.Request) string {
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t
	}
	return r.URL.Query().Get("access_token")
}

// tokenOf returns the token of a request, revoked ones too.
func (s *Server) tokenOf(r *http.Request) *token {
	secret := bearer(r)
	if t := s.tokens[secret]; t != nil {
		return t
	}
	return s.builtinToken(secret)
}

// builtinToken is mastodon-NAME, good for everything.
func (s *Server) builtinToken(secret string) *token {
	name, ok := strings.CutPrefix(secret, "mastodon-")
	if !ok || s.tokens[secret] != nil {
		return s.tokens[secret]
	}
	a := s.names[strings.ToLower(name)]
	if a == nil && s.options.AutoAccounts && nameRule.MatchString(name) {
		a, _ = s.setAccount(Account{Name: name}) // nil where the name is none
	}
	if a == nil || !a.local() || a.Name != name {
		return nil
	}
	t := &token{secret: secret, account: a, scopes: strings.Fields("read write follow push profile"), at: s.options.Now()}
	s.tokens[secret] = t
	return t
}

// revoke ends a token and the streams it opened.
func (s *Server) revoke(t *token) {
	t.revoked = true
	for st := range s.streams {
		if st.token == t {
			st.end()
		}
	}
}

func secret() string {
	return base64.RawURLEncoding.EncodeToString([]byte(rand.Text() + rand.Text()))[:43]
}

func (s *Server) createApp(c *call) (int, any, *problem) {
	if no := c.texts("client_name", "scopes", "website", "redirect_uris[]"); no != nil {
		return 0, nil, no
	}
	a := &app{name: strings.TrimSpace(c.Get("client_name")), site: c.Get("website"), scopes: strings.Fields(cmp.Or(c.Get("scopes"), "read"))}
	a.redirects = append(strings.Fields(c.Get("redirect_uris")), c.Values["redirect_uris[]"]...)
	switch {
	case a.name == "":
		return 0, nil, refuse("app", "Validation failed: Application name can't be blank")
	case len(a.redirects) == 0:
		return 0, nil, refuse("app", "Validation failed: Redirect URI can't be blank")
	case slices.ContainsFunc(a.redirects, func(u string) bool { return !redirectable(u) }):
		return 0, nil, refuse("app", "Validation failed: Redirect URI must be an absolute URI.")
	case slices.ContainsFunc(a.scopes, func(scope string) bool { return !slices.Contains(scopesKnown, scope) }):
		return 0, nil, refuse("app", "Validation failed: Scopes doesn't match configured on the server.")
	}
	a.id, a.clientID, a.clientSecret = s.nextID(s.options.Now()), secret(), secret()
	s.apps[a.clientID] = a
	e := a.entity()
	e["client_id"], e["client_secret"], e["client_secret_expires_at"] = a.clientID, a.clientSecret, 0
	return http.StatusOK, e, nil
}

func redirectable(to string) bool {
	u, err := url.Parse(to)
	return to == outOfBand || err == nil && u.Scheme != "" && u.Host != "" && u.Fragment == ""
}

func (a *app) entity() object {
	return object{"id": a.id, "name": a.name, "website": a.website(), "scopes": a.scopes, "redirect_uris": a.redirects,
		"redirect_uri": strings.Join(a.redirects, "\n"), "vapid_key": ""}
}

func (s *Server) verifyApp(c *call) (int, any, *problem) {
	if c.token.app == nil {
		return http.StatusOK, (&app{id: "0", name: "Token entry", scopes: c.token.scopes, redirects: []string{outOfBand}}).entity(), nil
	}
	return http.StatusOK, c.token.app.entity(), nil
}

func oauthProblem(status int, code, text string) *problem {
	return &problem{status: status, code: code, text: code, details: text}
}

var (
	unknownClient = oauthProblem(http.StatusUnauthorized, "invalid_client",
		"Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
	badGrant = oauthProblem(http.StatusBadRequest, "invalid_grant",
		"The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.")
	badScope   = oauthProblem(http.StatusBadRequest, "invalid_scope", "The requested scope is invalid, unknown, or malformed.")
	badKind    = oauthProblem(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
	notYours   = oauthProblem(http.StatusForbidden, "unauthorized_client", "You are not authorized to revoke this token")
	noVerifier = oauthProblem(http.StatusBadRequest, "invalid_request", "Missing required parameter: code_verifier.")
)

// client returns the program that authenticates itself, in the body or in the
// header.
func (s *Server) client(c *call) *app {
	id, key, ok := c.r.BasicAuth()
	if !ok {
		id, key = c.Get("client_id"), c.Get("client_secret")
	}
	a := s.apps[id]
	if a == nil || subtle.ConstantTimeCompare([]byte(a.clientSecret), []byte(key)) != 1 {
		return nil
	}
	return a
}

func (s *Server) createToken(c *call) (int, any, *problem) {
	if no := c.texts("grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier", "scope"); no != nil {
		return 0, nil, no
	}
	kind := c.Get("grant_type")
	if kind == "" {
		return 0, nil, oauthProblem(http.StatusBadRequest, "invalid_request", "Missing required parameter: grant_type.")
	}
	a := s.client(c)
	if a == nil {
		return 0, nil, unknownClient
	}
	t := &token{app: a, at: s.options.Now()}
	no := badKind
	switch kind {
	case "authorization_code":
		no = s.trade(c, a, t)
	case "client_credentials":
		no = clientToken(c, a, t)
	}
	if no != nil {
		return 0, nil, no
	}
	t.secret = secret()
	s.tokens[t.secret] = t
	return http.StatusOK, object{"access_token": t.secret, "token_type": "Bearer", "scope": strings.Join(t.scopes, " "), "created_at": t.at.Unix()}, nil
}

// trade gives a token for a code, once.
func (s *Server) trade(c *call, a *app, t *token) *problem {
	for _, name := range []string{"code", "redirect_uri"} {
		if c.Get(name) == "" {
			return oauthProblem(http.StatusBadRequest, "invalid_request", "Missing required parameter: "+name+".")
		}
	}
	g := s.grants[c.Get("code")]
	if g == nil || g.app != a || g.used || g.redirect != c.Get("redirect_uri") || !s.options.Now().Before(g.until) {
		return badGrant
	}
	if g.challenge != "" && c.Get("code_verifier") == "" {
		return noVerifier
	}
	if sum := sha256.Sum256([]byte(c.Get("code_verifier"))); g.challenge != "" && base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge {
		return badGrant
	}
	g.used = true
	t.account, t.scopes = g.account, g.scopes
	return nil
}

// clientToken is for the program itself.
func clientToken(c *call, a *app, t *token) *problem {
	t.scopes = strings.Fields(cmp.Or(c.Get("scope"), "read"))
	if !within(a.scopes, t.scopes) {
		return badScope
	}
	return nil
}

// within reports whether all scopes asked for were registered.
func within(registered, asked []string) bool {
	all := &token{scopes: registered}
	return !slices.ContainsFunc(asked, func(scope string) bool {
		return !slices.Contains(scopesKnown, scope) || !all.may([]string{scope})
	})
}

func (s *Server) revokeToken(c *call) (int, any, *problem) {
	a := s.client(c)
	if a == nil {
		return 0, nil, notYours
	}
	t := s.tokens[c.Get("token")]
	switch {
	case t == nil:
		return http.StatusOK, object{}, nil
	case t.app != a:
		return 0, nil, notYours
	}
	s.revoke(t)
	return http.StatusOK, object{}, nil
}

func (s *Server) describeOAuth(c *call) (int, any, *problem) {
	at := c.place.base
	return http.StatusOK, object{
		"issuer": at + "/", "service_documentation": "https://docs.joinmastodon.org/", "authorization_endpoint": at + "/oauth/authorize",
		"token_endpoint": at + "/oauth/token", "app_registration_endpoint": at + "/api/v1/apps", "revocation_endpoint": at + "/oauth/revoke",
		"userinfo_endpoint": at + "/oauth/userinfo", "scopes_supported": scopesKnown, "response_types_supported": []string{"code"},
		"response_modes_supported": []string{"query", "fragment", "form_post"}, "grant_types_supported": []string{"authorization_code", "client_credentials"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"}, "code_challenge_methods_supported": []string{"S256"},
	}, nil
}

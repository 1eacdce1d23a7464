package emulator

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rapport/internal/network/networktest/wire"
)

// routes lists everything the server answers.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, under := range []string{"/api/", "/oauth/", "/.well-known/", "/nodeinfo/"} {
		mux.Handle(under, &s.gate)
	}
	mux.Handle("/_emulator/", s.control())
	mux.Handle("/", s.pages())
	return mux
}

// door says who may make a call.
type door int

const (
	open    door = iota // anybody
	either              // anybody; who comes with a token needs its scope
	program             // a token of a program is enough
	person              // a token of a person
)

// api lists what the server offers to programs.
func (s *Server) api() http.Handler {
	mux := http.NewServeMux()
	on := func(pattern string, d door, scopes string, h apiHandler) {
		mux.HandleFunc(pattern, s.answering(d, strings.Fields(scopes), h))
	}
	on("POST /api/v1/apps", open, "", s.createApp)
	on("GET /api/v1/apps/verify_credentials", program, "", s.verifyApp)
	on("GET /api/v1/instance", open, "", s.showInstanceV1)
	on("GET /api/v2/instance", open, "", s.showInstance)
	on("GET /api/v1/accounts/verify_credentials", person, "profile read:accounts", s.verifyCredentials)
	on("GET /api/v1/accounts/lookup", either, "read:accounts", s.lookupAccount)
	on("GET /api/v1/accounts/{id}", either, "read:accounts", s.showAccount)
	on("GET /api/v1/accounts/{id}/statuses", either, "read:statuses", s.listStatuses)
	on("POST /api/v2/media", person, "write:media", s.createMedia)
	on("GET /api/v1/media/{id}", person, "write:media", s.showMedia)
	on("PUT /api/v1/media/{id}", person, "write:media", s.changeMedia)
	on("DELETE /api/v1/media/{id}", person, "write:media", s.dropMedia)
	on("POST /api/v1/statuses", person, "write:statuses", s.createStatus)
	on("GET /api/v1/statuses", either, "read:statuses", s.showStatuses)
	on("GET /api/v1/statuses/{id}", either, "read:statuses", s.showStatus)
	on("PUT /api/v1/statuses/{id}", person, "write:statuses", s.changeStatus)
	on("DELETE /api/v1/statuses/{id}", person, "write:statuses", s.deleteStatus)
	on("GET /api/v1/statuses/{id}/context", either, "read:statuses", s.showContext)
	on("GET /api/v1/statuses/{id}/source", person, "read:statuses", s.showSource)
	on("POST /api/v1/statuses/{id}/favourite", person, "write:favourites", s.favouriteStatus)
	on("POST /api/v1/statuses/{id}/unfavourite", person, "write:favourites", s.unfavouriteStatus)
	on("POST /api/v1/statuses/{id}/reblog", person, "write:statuses", s.reblogStatus)
	on("GET /api/v1/notifications", person, "read:notifications", s.listNotifications)
	on("GET /api/v1/notifications/{id}", person, "read:notifications", s.showNotification)
	on("POST /oauth/token", open, "", s.createToken)
	on("POST /oauth/revoke", open, "", s.revokeToken)
	on("GET /.well-known/oauth-authorization-server", open, "", s.describeOAuth)
	on("GET /.well-known/webfinger", open, "", s.fingerAccount)
	on("GET /.well-known/nodeinfo", open, "", s.listNodeinfo)
	on("GET /nodeinfo/2.0", open, "", s.showNodeinfo)
	mux.HandleFunc("GET /oauth/authorize", s.showAuthorize)
	mux.HandleFunc("POST /oauth/authorize", s.decideAuthorize)
	mux.HandleFunc("GET /api/v1/streaming/health", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK") })
	mux.HandleFunc("GET /api/v1/streaming/user", s.streaming("user", "read:statuses", "read:notifications"))
	mux.HandleFunc("GET /api/v1/streaming/user/notification", s.streaming("user:notification", "read:notifications"))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		send(w, http.StatusNotFound, object{"error": "Not Found"})
	})
	return mux
}

// describe reads from a request what the record of arrivals keeps of it.
func (s *Server) describe(r *http.Request, body []byte) (wire.Arrival, bool) {
	var a wire.Arrival
	s.mu.Lock()
	if t := s.tokenOf(r); t != nil && t.account != nil {
		a.Account = t.account.Name
	}
	s.mu.Unlock()
	if r.Method != http.MethodPost || r.URL.Path != "/api/v1/statuses" {
		return a, false
	}
	a.Key = r.Header.Get("Idempotency-Key")
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	if p, no := readParams(again, body); no == nil {
		sum := sha256.Sum256([]byte(p.Get("status")))
		a.Text = hex.EncodeToString(sum[:8])
	}
	return a, true
}

// problem is a refusal with its status, in Mastodon's words.
type problem struct {
	status  int
	code    string // for the record of arrivals
	text    string
	details string // error_description
}

func refuse(code, format string, args ...any) *problem {
	return &problem{status: http.StatusUnprocessableEntity, code: code, text: fmt.Sprintf(format, args...)}
}

func (p *problem) with(status int) *problem {
	p.status = status
	return p
}

var (
	notFound     = &problem{status: http.StatusNotFound, code: "not_found", text: "Record not found"}
	badToken     = &problem{status: http.StatusUnauthorized, code: "unauthorized", text: "The access token is invalid"}
	revokedToken = &problem{status: http.StatusUnauthorized, code: "unauthorized", text: "The access token was revoked"}
	outOfScope   = &problem{status: http.StatusForbidden, code: "scope", text: "This action is outside the authorized scopes"}
	needsPerson  = &problem{status: http.StatusUnprocessableEntity, code: "no_person", text: "This method requires an authenticated user"}
)

// call is one request being answered.
type call struct {
	params
	r     *http.Request
	place place
	token *token   // nil without one
	who   *account // nil where the token is of an application
	head  http.Header
}

type apiHandler func(c *call) (status int, body any, no *problem)

// answering runs h for the account of the token, one request at a time: the
// server's state is small and every handler is quick.
func (s *Server) answering(d door, scopes []string, h apiHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		c := &call{r: r, place: s.place(r), head: w.Header()}
		s.mu.Lock()
		status, out, no := s.answer(c, d, scopes, body, h)
		if no != nil {
			wire.Note(r.Context(), no.code, "")
			status, out = no.status, object{"error": no.text}
			if no.details != "" {
				out = object{"error": no.text, "error_description": no.details}
			}
		}
		content, err := json.Marshal(out)
		s.mu.Unlock()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		sendRaw(w, status, content)
	}
}

func (s *Server) answer(c *call, d door, scopes []string, body []byte, h apiHandler) (int, any, *problem) {
	no := s.admit(c, d, scopes)
	if over := s.spend(c); over != nil {
		return 0, nil, over
	}
	if no != nil {
		return 0, nil, no
	}
	if c.params, no = readParams(c.r, body); no != nil {
		return 0, nil, no
	}
	return h(c)
}

// admit finds out who calls and whether they may.
func (s *Server) admit(c *call, d door, scopes []string) *problem {
	if d == open {
		return nil
	}
	c.token = s.tokenOf(c.r)
	if c.token != nil {
		c.who = c.token.account
	}
	switch {
	case c.token == nil && d == either && bearer(c.r) == "":
		return nil
	case c.token == nil:
		return badToken
	case c.token.revoked:
		c.token, c.who = nil, nil
		return revokedToken
	case !c.token.may(scopes):
		return outOfScope
	case c.who == nil && d == person:
		return needsPerson
	}
	return nil
}

func send(w http.ResponseWriter, status int, body any) {
	out, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sendRaw(w, status, out)
}

func sendRaw(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// budget is how often somebody may still call in this window.
type budget struct {
	until time.Time
	left  int
}

// window says what a request is counted under: 300 in five minutes, uploads
// and deletions 30 in half an hour.
func window(c *call) (kind string, most int, length time.Duration) {
	switch path := c.r.URL.Path; {
	case c.r.Method == http.MethodPost && path == "/api/v2/media":
		return "media", 30, 30 * time.Minute
	case c.r.Method == http.MethodDelete && strings.HasPrefix(path, "/api/v1/statuses/"):
		return "delete", 30, 30 * time.Minute
	}
	return "all", 300, 5 * time.Minute
}

func (s *Server) spend(c *call) *problem {
	kind, most, length := window(c)
	by := "anybody"
	if c.token != nil {
		by = c.token.secret
	}
	now := s.options.Now()
	b := s.budgets[kind+" "+by]
	if b == nil || !now.Before(b.until) {
		b = &budget{until: now.Truncate(length).Add(length), left: most}
		s.budgets[kind+" "+by] = b
	}
	over := b.left <= 0 && !s.options.NoRateLimits
	b.left = max(b.left-1, 0)
	c.head.Set("X-RateLimit-Limit", strconv.Itoa(most))
	c.head.Set("X-RateLimit-Remaining", strconv.Itoa(b.left))
	c.head.Set("X-RateLimit-Reset", b.until.UTC().Format("2006-01-02T15:04:05.000000Z"))
	if over {
		return &problem{status: http.StatusTooManyRequests, code: "too_many", text: "Too many requests"}
	}
	return nil
}

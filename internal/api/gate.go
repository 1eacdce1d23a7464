package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/fault"
	"rapport/internal/i18n"
)

const (
	mostJSON  = 1 << 20
	mostMedia = 25 << 20

	noToken    = "Send an API token of this brand: Authorization: Bearer rap_…"
	retryField = "Idempotency-Key"
)

// rule is what the gate asks of a request before its operation sees it.
type rule struct {
	scope access.Action // "" for what every token may
	write bool
	media bool // the body is a file
}

// caller is who a request acts for. A token belongs to one brand.
type caller struct {
	who   access.Who
	token account.Token
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// ServeHTTP answers everything below /api.
func (a *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := &watched{ResponseWriter: w}
	r = r.WithContext(i18n.With(r.Context(), r.Header.Get("Accept-Language"), nil))
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v == http.ErrAbortHandler || seen.wrote {
			panic(http.ErrAbortHandler)
		}
		internal(a.log, r, fmt.Errorf("panic: %v\n%s", v, debug.Stack())).write(seen)
	}()
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := a.serve(seen, r); err != nil {
		problemOf(a.log, r, err).write(seen)
	}
}

// watched knows whether an answer has begun.
type watched struct {
	http.ResponseWriter
	wrote bool
}

func (w *watched) WriteHeader(status int) {
	w.wrote = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(b []byte) (int, error) {
	w.wrote = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (a *handler) serve(w http.ResponseWriter, r *http.Request) error {
	next, pattern := a.mux.Handler(r)
	if pattern == "" || path.Clean(r.URL.Path) != strings.TrimSuffix(r.URL.Path, "/") {
		return a.astray(w, r, next, pattern)
	}
	if !storable(r) {
		return problem(http.StatusBadRequest, notText)
	}
	rule, guarded := a.rules[pattern]
	if !guarded {
		a.mux.ServeHTTP(w, r)
		return nil
	}
	w.Header().Set("Cache-Control", "no-store")
	c, err := a.authenticate(r)
	if err == nil {
		err = a.limit.take(r.Context(), a.DB, c.token, w.Header())
	}
	if err != nil {
		return err
	}
	if rule.scope != "" {
		if err := c.who.May(a.DB.Now(), c.token.Brand, rule.scope); err != nil {
			return err
		}
	}
	body, err := a.bounded(w, r, rule)
	if err != nil {
		return err
	}
	r = r.WithContext(context.WithValue(r.Context(), callerKey{}, c))
	if key := r.Header.Get(retryField); rule.write && key != "" {
		return a.once(w, r, key, body)
	}
	a.mux.ServeHTTP(w, r)
	return nil
}

// astray answers what no operation stands for. The mux knows which methods an
// address has.
func (a *handler) astray(w http.ResponseWriter, r *http.Request, next http.Handler, pattern string) error {
	if pattern != "" {
		return problem(http.StatusNotFound, notHere)
	}
	rec := &kept{header: http.Header{}}
	next.ServeHTTP(rec, r)
	if rec.status != http.StatusMethodNotAllowed {
		return problem(http.StatusNotFound, notHere)
	}
	allow := rec.header.Get("Allow")
	w.Header().Set("Allow", allow)
	return problem(http.StatusMethodNotAllowed, fmt.Sprintf("This address answers %s only.", allow))
}

const notHere = "There is nothing at this address. /api lists what there is."

func (a *handler) authenticate(r *http.Request) (caller, error) {
	address := a.address(r)
	scheme, plain, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if err := a.limit.knock(address, strings.TrimSpace(plain), a.DB.Now()); err != nil {
		return caller{}, err
	}
	if !strings.EqualFold(scheme, "bearer") || plain == "" {
		return caller{}, problem(http.StatusUnauthorized, noToken)
	}
	who, token, err := account.TokenWho(r.Context(), a.DB, strings.TrimSpace(plain))
	if err == nil || errors.Is(err, account.ErrSignedOut) {
		a.limit.tried(address, strings.TrimSpace(plain), err == nil, a.DB.Now())
	}
	if err != nil {
		return caller{}, err
	}
	if err := account.TokenSeen(r.Context(), a.DB, token); err != nil {
		return caller{}, err
	}
	who.Address = address
	return caller{who, token}, nil
}

// address is where the request comes from.
func (a *handler) address(r *http.Request) string {
	if a.Address != nil {
		return a.Address(r)
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// bounded limits the body. It reads one whole that is JSON, or that must be
// compared with an earlier request; a file alone is left to be streamed.
func (a *handler) bounded(w http.ResponseWriter, r *http.Request, rule rule) ([]byte, error) {
	most := int64(mostJSON)
	if rule.media {
		most = mostMedia
	}
	if r.ContentLength > most {
		return nil, tooLarge(most)
	}
	limited := http.MaxBytesReader(w, r.Body, most)
	if rule.media && r.Header.Get(retryField) == "" {
		r.Body = limited
		return nil, nil
	}
	body, err := io.ReadAll(limited)
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge(most)
	case err != nil:
		return nil, fault.As(fault.Invalid, err, "The body did not arrive whole. Send the request again.")
	}
	if !rule.media && (!utf8.Valid(body) || escapesNUL(body)) {
		return nil, problem(http.StatusBadRequest, notText)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

const notText = "Send text as valid UTF-8 without zero bytes."

// storable reports whether the words of the address and the key are text that
// a database takes. Bodies are looked at when they are read.
func storable(r *http.Request) bool {
	query, err := url.QueryUnescape(r.URL.RawQuery)
	if err != nil {
		return false
	}
	for _, s := range []string{r.URL.Path, query, r.Header.Get(retryField)} {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return false
		}
	}
	return true
}

// escapesNUL reports whether a JSON string holds an escaped zero byte.
func escapesNUL(body []byte) bool {
	for {
		at := bytes.Index(body, []byte(`\u0000`))
		if at < 0 {
			return false
		}
		slashes := 0
		for slashes < at && body[at-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return true
		}
		body = body[at+1:]
	}
}

func tooLarge(most int64) error {
	return problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("The body may have %d MB at most.", most>>20))
}

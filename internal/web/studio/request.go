package studio

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/web/cookie"
	"rapport/internal/web/entry"
)

// Handler is a page's code. What it returns is turned into a status and words
// at one place.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Door says who may pass to a route.
type Door uint8

const (
	Anyone   Door = iota // without a session
	SignedIn             // with a session
	InBrand              // signed in, with a part in the brand of the path
)

// Visit is what a request has become once it passed the door.
type Visit struct {
	Who     access.Who
	Session account.Session // zero where nobody is signed in
	Brand   brand.Brand     // zero outside of a brand
	token   string
	heard   string               // the last live event before anything was read
	counts  *conversation.Counts // of the brand's inbox, once somebody asked
}

type visitKey struct{}

// At returns the visit of a request that passed the door.
func At(r *http.Request) *Visit {
	v, _ := r.Context().Value(visitKey{}).(*Visit)
	return v
}

// formMost bounds what a form may send; routes that take files say otherwise.
const formMost = 256 << 10

// Serve wraps a route's handler: it lets in, answers errors and logs them.
func (s *Studio) Serve(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rt.Body == 0 {
			rt.Body = formMost
		}
		r.Body = http.MaxBytesReader(w, r.Body, rt.Body)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Add("Vary", "Cookie, HX-Request, Accept-Language")
		if !legible(r) {
			s.fail(w, r, s.Missing(w, r))
			return
		}
		r, err := s.enter(w, r, rt.Door)
		if err == nil && rt.Sure && !At(r).Session.Sure(s.DB.Now()) {
			err = errNotSure
		}
		if err == nil {
			err = rt.Handle(w, r)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// legible reports whether the address is text that could be looked for.
func legible(r *http.Request) bool {
	query, err := url.QueryUnescape(r.URL.RawQuery)
	return err == nil && entry.Keepable(r.URL.Path, query)
}

// enter finds out who asks, and the brand of the path.
func (s *Studio) enter(w http.ResponseWriter, r *http.Request, d Door) (*http.Request, error) {
	v := &Visit{heard: s.Hub.Here()}
	zone := time.UTC
	err := s.recognise(r, v)
	if errors.Is(err, account.ErrSignedOut) && d == Anyone {
		err = nil
	}
	if err == nil && d == InBrand {
		v.Brand, err = brand.BySlug(r.Context(), s.DB, v.Who, r.PathValue("brand"))
		zone = v.Brand.Location()
	}
	// The account's own language goes before what the browser asks.
	ctx := i18n.With(r.Context(), cmp.Or(v.Session.Language, r.Header.Get("Accept-Language")), zone)
	r = r.WithContext(context.WithValue(ctx, visitKey{}, v))
	if err == nil && d == InBrand {
		s.rememberBrand(w, r, v.Brand)
	}
	return r, err
}

// recognise reads the session cookie. Without one it is account.ErrSignedOut.
func (s *Studio) recognise(r *http.Request, v *Visit) error {
	token := s.SessionToken(r)
	if token == "" {
		return account.ErrSignedOut
	}
	who, session, err := account.Who(r.Context(), s.DB, token)
	if err != nil {
		return err
	}
	who.Address = s.Address(r)
	v.Who, v.Session, v.token = who, session, token
	return account.Seen(r.Context(), s.DB, session, s.Meta(r))
}

// Meta is what a session keeps of where it was begun.
func (s *Studio) Meta(r *http.Request) account.Meta {
	return account.Meta{Address: s.Address(r), Agent: r.UserAgent()}
}

// Address is the address of who asks.
func (s *Studio) Address(r *http.Request) string {
	if s.Site.Address != nil {
		return s.Site.Address(r)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// Secure reports whether the browser came by HTTPS.
func (s *Studio) Secure(r *http.Request) bool {
	if s.Site.Secure != nil {
		return s.Site.Secure(r)
	}
	return r.TLS != nil
}

// SessionToken is what the session's cookie says; "" where there is none.
func (s *Studio) SessionToken(r *http.Request) string { return cookie.Session(r, s.Secure(r)) }

// SetSession gives the browser a session for so long; an empty token takes it away.
func (s *Studio) SetSession(w http.ResponseWriter, r *http.Request, token string, age time.Duration) {
	cookie.SetSession(w, s.Secure(r), token, age)
}

// SetCookie keeps something small that is no secret: a theme, the last brand.
func (s *Studio) SetCookie(w http.ResponseWriter, r *http.Request, name, value string, age time.Duration) {
	cookie.Set(w, s.Secure(r), name, value, age)
}

// BrandCookie names the brand that was open last.
const BrandCookie = "brand"

// Year is how long a cookie lasts that keeps a choice.
const Year = 365 * 24 * time.Hour

// rememberBrand makes /studio lead back here.
func (s *Studio) rememberBrand(w http.ResponseWriter, r *http.Request, b brand.Brand) {
	if c, err := r.Cookie(BrandCookie); err != nil || c.Value != b.Slug {
		s.SetCookie(w, r, BrandCookie, b.Slug, Year)
	}
}

// PageOf reads where a list goes on.
func PageOf(r *http.Request) db.Page { return db.Page{After: r.URL.Query().Get("after")} }

// Missing answers for every address that does not exist.
func (s *Studio) Missing(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "There is no such page. It may have moved, or the address is not complete.")
}

// WrongMethod answers for an address that is there for another method.
func (s *Studio) WrongMethod(w http.ResponseWriter, r *http.Request) error {
	s.refuse(w, r, http.StatusMethodNotAllowed, i18n.T(r.Context(), "This address cannot be used like that. Go back and try the button again."), "")
	return nil
}

// May reports whether the visitor may do something in the brand.
func (s *Studio) May(r *http.Request, a access.Action) bool {
	v := At(r)
	return v.Who.May(s.DB.Now(), v.Brand.ID, a) == nil
}

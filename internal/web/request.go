package web

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
)

// handler is a page's code. What it returns is turned into a status and words
// at one place.
type handler func(w http.ResponseWriter, r *http.Request) error

// door says who may pass to a route.
type door uint8

const (
	anyone   door = iota // without a session
	signedIn             // with a session
	inBrand              // signed in, with a part in the brand of the path
)

// visit is what a request has become once it passed the door.
type visit struct {
	Who     access.Who
	Session account.Session // zero where nobody is signed in
	Brand   brand.Brand     // zero outside of a brand
	token   string
	heard   string               // the last live event before anything was read
	counts  *conversation.Counts // of the brand's inbox, once somebody asked
}

type visitKey struct{}

// at returns the visit of a request that passed the door.
func at(r *http.Request) *visit {
	v, _ := r.Context().Value(visitKey{}).(*visit)
	return v
}

// formMost bounds what a form may send; routes that take files say otherwise.
const formMost = 256 << 10

// serve wraps a route's handler: it lets in, answers errors and logs them.
func (p *Pages) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rt.body == 0 {
			rt.body = formMost
		}
		r.Body = http.MaxBytesReader(w, r.Body, rt.body)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Add("Vary", "Cookie, HX-Request, Accept-Language")
		if !legible(r) {
			p.fail(w, r, p.missing(w, r))
			return
		}
		r, err := p.enter(w, r, rt.door)
		if err == nil && rt.sure && !at(r).Session.Sure(p.DB.Now()) {
			err = errNotSure
		}
		if err == nil {
			err = rt.handle(w, r)
		}
		if err != nil {
			p.fail(w, r, err)
		}
	})
}

// legible reports whether the address is text that could be looked for.
func legible(r *http.Request) bool {
	query, err := url.QueryUnescape(r.URL.RawQuery)
	return err == nil && keepable(r.URL.Path, query)
}

// enter finds out who asks, and the brand of the path.
func (p *Pages) enter(w http.ResponseWriter, r *http.Request, d door) (*http.Request, error) {
	v := &visit{heard: p.Hub.Here()}
	zone := time.UTC
	err := p.recognise(r, v)
	if errors.Is(err, account.ErrSignedOut) && d == anyone {
		err = nil
	}
	if err == nil && d == inBrand {
		v.Brand, err = brand.BySlug(r.Context(), p.DB, v.Who, r.PathValue("brand"))
		zone = v.Brand.Location()
	}
	// The account's own language goes before what the browser asks.
	ctx := i18n.With(r.Context(), cmp.Or(v.Session.Language, r.Header.Get("Accept-Language")), zone)
	r = r.WithContext(context.WithValue(ctx, visitKey{}, v))
	if err == nil && d == inBrand {
		p.rememberBrand(w, r, v.Brand)
	}
	return r, err
}

// recognise reads the session cookie. Without one it is account.ErrSignedOut.
func (p *Pages) recognise(r *http.Request, v *visit) error {
	token := p.sessionToken(r)
	if token == "" {
		return account.ErrSignedOut
	}
	who, session, err := account.Who(r.Context(), p.DB, token)
	if err != nil {
		return err
	}
	who.Address = p.address(r)
	v.Who, v.Session, v.token = who, session, token
	return account.Seen(r.Context(), p.DB, session, p.meta(r))
}

// meta is what a session keeps of where it was begun.
func (p *Pages) meta(r *http.Request) account.Meta {
	return account.Meta{Address: p.address(r), Agent: r.UserAgent()}
}

// address is the address of who asks.
func (p *Pages) address(r *http.Request) string {
	if p.Site.Address != nil {
		return p.Site.Address(r)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// secure reports whether the browser came by HTTPS.
func (p *Pages) secure(r *http.Request) bool {
	if p.Site.Secure != nil {
		return p.Site.Secure(r)
	}
	return r.TLS != nil
}

// sessionToken is what the session's cookie says; "" where there is none.
func (p *Pages) sessionToken(r *http.Request) string { return cookie.Session(r, p.secure(r)) }

// setSession gives the browser a session for so long; an empty token takes it away.
func (p *Pages) setSession(w http.ResponseWriter, r *http.Request, token string, age time.Duration) {
	cookie.SetSession(w, p.secure(r), token, age)
}

// setCookie keeps something small that is no secret: a theme, the last brand.
func (p *Pages) setCookie(w http.ResponseWriter, r *http.Request, name, value string, age time.Duration) {
	cookie.Set(w, p.secure(r), name, value, age)
}

// brandCookie names the brand that was open last.
const brandCookie = "brand"

// year is how long a cookie lasts that keeps a choice.
const year = 365 * 24 * time.Hour

// rememberBrand makes /studio lead back here.
func (p *Pages) rememberBrand(w http.ResponseWriter, r *http.Request, b brand.Brand) {
	if c, err := r.Cookie(brandCookie); err != nil || c.Value != b.Slug {
		p.setCookie(w, r, brandCookie, b.Slug, year)
	}
}

// pageOf reads where a list goes on.
func pageOf(r *http.Request) db.Page { return db.Page{After: r.URL.Query().Get("after")} }

// missing answers for every address that does not exist.
func (p *Pages) missing(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "There is no such page. It may have moved, or the address is not complete.")
}

// wrongMethod answers for an address that is there for another method.
func (p *Pages) wrongMethod(w http.ResponseWriter, r *http.Request) error {
	p.refuse(w, r, http.StatusMethodNotAllowed, i18n.T(r.Context(), "This address cannot be used like that. Go back and try the button again."), "")
	return nil
}

// may reports whether the visitor may do something in the brand.
func (p *Pages) may(r *http.Request, a access.Action) bool {
	v := at(r)
	return v.Who.May(p.DB.Now(), v.Brand.ID, a) == nil
}

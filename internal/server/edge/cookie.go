package edge

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The session cookie's name: browsers take the first only by HTTPS and for
// the whole host, so no neighbour can plant one.
const (
	secureCookie = "__Host-rapport"
	plainCookie  = "rapport"
)

// Secure reports whether the browser came by HTTPS. A form's Origin tells
// even where a proxy ended the encryption and is not trusted; it is only used
// to choose the cookie, and a client that lies there harms itself alone.
func Secure(r *http.Request) bool {
	if From(r.Context()).Secure {
		return true
	}
	u, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && u.Scheme == "https" && strings.EqualFold(u.Host, r.Host)
}

// Unprotected reports whether somebody on the way may read along: then a page
// with a password shows a warning.
func Unprotected(r *http.Request, public *url.URL) bool {
	if Secure(r) || Loopback(strings.ToLower(hostname(r.Host))) {
		return false
	}
	return public == nil || public.Scheme != "https" || !strings.EqualFold(hostname(r.Host), public.Hostname())
}

// SessionToken returns the session's token, "" without one. Where the browser
// is known to have come by HTTPS the plain cookie does not count: somebody on
// the way of an earlier plain request may have planted it.
func SessionToken(r *http.Request) string {
	if c, err := r.Cookie(secureCookie); err == nil {
		return c.Value
	}
	if From(r.Context()).Secure {
		return ""
	}
	if c, err := r.Cookie(plainCookie); err == nil {
		return c.Value
	}
	return ""
}

// SetSession hands the browser the token of its session.
func SetSession(w http.ResponseWriter, r *http.Request, token string, lasts time.Duration) {
	c := cookie(plainCookie, token)
	if Secure(r) {
		c.Name, c.Secure = secureCookie, true
	}
	c.MaxAge = int(lasts.Seconds())
	http.SetCookie(w, c)
}

// ClearSession takes the session's token back, under either name.
func ClearSession(w http.ResponseWriter, r *http.Request) {
	for _, name := range []string{plainCookie, secureCookie} {
		if _, err := r.Cookie(name); err != nil {
			continue
		}
		c := cookie(name, "")
		c.Secure, c.MaxAge = name == secureCookie, -1
		http.SetCookie(w, c)
	}
}

func cookie(name, value string) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

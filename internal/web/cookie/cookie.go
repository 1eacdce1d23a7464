// Package cookie is how a browser is known again: the cookie that holds a
// session, and small ones that are no secret. Who a session belongs to is
// package account's to say.
package cookie

import (
	"net/http"
	"time"
)

// The session's cookie. The prefix makes browsers refuse it without HTTPS, so a
// plain address has a name of its own.
const (
	secureName = "__Host-rapport"
	plainName  = "rapport"
)

func name(secure bool) string {
	if secure {
		return secureName
	}
	return plainName
}

// Session is the token of the browser's session; "" where it has none. secure
// says whether the browser came by HTTPS.
func Session(r *http.Request, secure bool) string {
	c, err := r.Cookie(name(secure))
	if err != nil {
		return ""
	}
	return c.Value
}

// SetSession keeps the token in the browser; "" ends it there.
func SetSession(w http.ResponseWriter, secure bool, token string, age time.Duration) {
	c := &http.Cookie{Name: name(secure), Value: token, Path: "/", MaxAge: int(age.Seconds()), HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// Set keeps something small that is no secret: a theme, the last brand.
func Set(w http.ResponseWriter, secure bool, name, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(age.Seconds()), Secure: secure, SameSite: http.SameSiteLaxMode})
}

package commons

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"rapport/internal/community"
	"rapport/internal/fault"
	"rapport/internal/join"
	"rapport/internal/link"
)

// cameCookie says by which link a visitor came: its code and the day. It is set
// where somebody can join, and goes once they have.
const cameCookie = "rapport-came"

// linkFollow leads to where a link of the brand leads. It also works where the
// community is not open: a link may lead elsewhere.
func (p *Pages) linkFollow(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	l, err := link.ByCode(r.Context(), p.DB, v.Brand.ID, r.PathValue("code"))
	if err != nil {
		if fault.Is(err, fault.NotFound) && v.closed() {
			return errShut
		}
		return err
	}
	kind := link.KindOf(r)
	p.Clicks.Count(l, v.Brand.Location(), kind, p.address(r), r.UserAgent())
	if kind == link.Person && !unfollowed(r) && v.Voice.Member.ID == "" && !v.closed() && v.Community.Joining != community.Closed {
		p.setCame(w, r, l.Code+"."+link.Day(v.Now, v.Brand.Location()), join.LinkLasts*24*time.Hour)
	}
	h := w.Header()
	h.Set("Location", l.Location(v.Base))
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex")
	w.WriteHeader(http.StatusFound)
	return nil
}

// closed reports whether nobody but the team sees the community.
func (v *visit) closed() bool { return v.Community.OpenedAt == 0 }

// locked reports whether the reader gets no further than what is theirs, because
// the community is shut.
func (v *visit) locked() bool { return v.closed() && !v.team() }

// unfollowed reports whether the browser asks not to be followed.
func unfollowed(r *http.Request) bool {
	return r.Header.Get("DNT") == "1" || r.Header.Get("Sec-GPC") == "1"
}

func (p *Pages) setCame(w http.ResponseWriter, r *http.Request, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: cameCookie, Value: value, Path: at(r).Base + "/", MaxAge: int(age.Seconds()), HttpOnly: true, Secure: p.secure(r), SameSite: http.SameSiteLaxMode})
}

// came is by which link the visitor came, and on which day.
func came(r *http.Request) (code, day string) {
	c, err := r.Cookie(cameCookie)
	if err != nil || unfollowed(r) {
		return "", ""
	}
	code, day, _ = strings.Cut(c.Value, ".")
	return code, day
}

// forgetCame takes the cookie away once it has served.
func (p *Pages) forgetCame(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie(cameCookie); err == nil {
		p.setCame(w, r, "", -time.Second)
	}
}

// untracked is a query without what links of a brand add to it, so that a page
// is the same however one comes to it.
func untracked(query string) string {
	if !strings.Contains(query, "utm_") {
		return query
	}
	return without(query, func(part string) bool { return strings.HasPrefix(part, "utm_") })
}

// without is a query without the parts that drop names, the others as they are.
func without(query string, drop func(part string) bool) string {
	return strings.Join(slices.DeleteFunc(strings.Split(query, "&"), drop), "&")
}

package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/web/entry"
	"rapport/internal/web/ui"
)

// write renders into a buffer first, so that an error half-way still gets its
// own page and status.
func write(ctx context.Context, w http.ResponseWriter, status int, c templ.Component) error {
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the reader has gone; nobody is left to tell
	return nil
}

// part answers with a piece of a page, for htmx.
func part(w http.ResponseWriter, r *http.Request, c templ.Component) error {
	return write(r.Context(), w, http.StatusOK, c)
}

// fromHTMX reports whether a script asks for a piece and not for a page.
func fromHTMX(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Boosted") == ""
}

// see sends the browser to another page after a form did its work.
func see(w http.ResponseWriter, r *http.Request, to string) error {
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// back returns to where the form stood, if that is a page of ours.
func back(w http.ResponseWriter, r *http.Request, otherwise string) error {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host || !strings.HasPrefix(u.Path, "/studio/") {
		return see(w, r, otherwise)
	}
	return see(w, r, u.RequestURI())
}

const noteCookie = "note"

// note makes the next page say what was done. undo is the address that takes
// it back by POST, "" where nothing can.
func (p *Pages) note(w http.ResponseWriter, r *http.Request, text, undo string) {
	raw, err := json.Marshal(ui.ToastArgs{Text: text, Undo: undo})
	if err != nil {
		return // two strings always encode
	}
	p.setCookie(w, r, noteCookie, base64.RawURLEncoding.EncodeToString(raw), time.Minute)
}

// takeNote reads the note once.
func (p *Pages) takeNote(w http.ResponseWriter, r *http.Request) *ui.ToastArgs {
	c, err := r.Cookie(noteCookie)
	if err != nil {
		return nil
	}
	http.SetCookie(w, &http.Cookie{Name: noteCookie, Path: "/", MaxAge: -1})
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	var n ui.ToastArgs
	if err != nil || json.Unmarshal(raw, &n) != nil || n.Text == "" {
		return nil
	}
	if n.Undo != "" && !strings.HasPrefix(n.Undo, "/studio/") {
		n.Undo = ""
	}
	return &n
}

// statusOf is the status of a kind of fault.
func statusOf(k fault.Kind) int { return entry.Status(k) }

// fail turns an error into a status and a page, or a toast where a script
// asked. What is not for people is logged with the id that the person sees.
func (p *Pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, account.ErrSignedOut) {
		p.askToSignIn(w, r)
		return
	}
	if errors.Is(err, errNotSure) {
		p.askToConfirm(w, r)
		return
	}
	if errors.Is(err, access.ErrSecondFactor) {
		p.askForFactor(w, r)
		return
	}
	kind, id := fault.KindOf(err), ""
	if r.Context().Err() != nil {
		return // the reader has gone
	}
	if kind == fault.Internal {
		id = db.NewID()
		p.Log.Error("web: request failed", "id", id, "method", r.Method, "path", r.URL.Path, "err", err)
	}
	var e *fault.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	p.refuse(w, r, statusOf(kind), fault.Say(r.Context(), err), id)
}

// refuse answers with words. A failure to render falls back to plain text.
func (p *Pages) refuse(w http.ResponseWriter, r *http.Request, status int, text, id string) {
	c := errorPage(p.bare(r, errorTitle(r.Context(), status)), errorView{Status: status, Text: text, ID: id, Home: home(r)})
	if fromHTMX(r) {
		c = ui.AddToast(ui.ToastArgs{Text: text})
	}
	if err := write(r.Context(), w, status, c); err != nil {
		p.Log.Error("web: error page failed", "err", err)
		http.Error(w, text, status)
	}
}

// Refuse answers with the page for a status, for requests that never reach a
// route: a wrong host, a panic, a request from elsewhere.
func (p *Pages) Refuse(w http.ResponseWriter, r *http.Request, status int, text, id string) {
	p.refuse(w, r, status, text, id)
}

func home(r *http.Request) string {
	if v := at(r); v != nil && v.Brand.Slug != "" {
		return studio(v.Brand.Slug)
	}
	return "/studio"
}

// askToSignIn leads to the sign-in page and back afterwards.
func (p *Pages) askToSignIn(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") || r.URL.Path == "/studio/live" {
		w.WriteHeader(http.StatusUnauthorized) // a stream has no use for a page
		return
	}
	to := "/studio/sign-in"
	if r.Method == http.MethodGet && r.URL.Path != "/studio" && !fromHTMX(r) {
		to += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	if err := see(w, r, to); err != nil {
		p.Log.Error("web: sign-in redirect", "err", err)
	}
}

// studio is an address below a brand: studio("north", "channels", id).
func studio(slug string, parts ...string) string {
	var b strings.Builder
	b.WriteString("/studio/" + url.PathEscape(slug))
	for _, part := range parts {
		b.WriteString("/" + url.PathEscape(part))
	}
	return b.String()
}

// errNotSure stops a request whose route asks for the password again.
var errNotSure error = fault.New(fault.Denied, "Enter your password again to go on.")

// askToConfirm leads to where the password is entered again, and from there
// back. What a form sent is not kept anywhere: its page was guarded too, so
// this is for whoever left it open for longer than the half hour.
func (p *Pages) askToConfirm(w http.ResponseWriter, r *http.Request) {
	q := url.Values{"next": {r.URL.RequestURI()}}
	if r.Method != http.MethodGet {
		q = url.Values{"next": {formPage(r)}, "again": {"true"}}
	}
	if err := see(w, r, "/studio/confirm?"+q.Encode()); err != nil {
		p.Log.Error("web: confirm redirect", "err", err)
	}
}

// formPage is the page that a form was sent from, else the page above its
// address.
func formPage(r *http.Request) string {
	if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host && strings.HasPrefix(u.Path, "/studio/") {
		return u.RequestURI()
	}
	if v := at(r); v.Brand.Slug != "" {
		return studio(v.Brand.Slug, "settings")
	}
	return "/studio"
}

// secondPath is where one's own second factor is set up.
const secondPath = "/studio/account/second-factor"

// askForFactor leads to where a second factor is set up, and back to the brand
// that asks for it.
func (p *Pages) askForFactor(w http.ResponseWriter, r *http.Request) {
	to := secondPath
	if r.Method == http.MethodGet && !fromHTMX(r) {
		to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	if err := see(w, r, to); err != nil {
		p.Log.Error("web: second factor redirect", "err", err)
	}
}

// saved is what the composer's script hears.
type saved struct {
	Text     string `json:"text"`
	ID       string `json:"id,omitempty"`
	Revision int64  `json:"revision,omitempty"`
	Href     string `json:"href,omitempty"`
	Checks   string `json:"checks,omitempty"`
	Note     string `json:"note"`
	Conflict string `json:"conflict,omitempty"`
}

// tellScript tells a script what a person must know of an error; the rest goes the
// way of every error.
func tellScript(w http.ResponseWriter, r *http.Request, err error) error {
	kind := fault.KindOf(err)
	if kind == fault.Internal {
		return err
	}
	return sendJSON(w, statusOf(kind), saved{Text: fault.Say(r.Context(), err)})
}

// sendJSON answers a script.
func sendJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(v)
}

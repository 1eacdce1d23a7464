package studio

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

// Write renders into a buffer first, so that an error half-way still gets its
// own page and status.
func Write(ctx context.Context, w http.ResponseWriter, status int, c templ.Component) error {
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the reader has gone; nobody is left to tell
	return nil
}

// Part answers with a piece of a page, for htmx.
func Part(w http.ResponseWriter, r *http.Request, c templ.Component) error {
	return Write(r.Context(), w, http.StatusOK, c)
}

// FromHTMX reports whether a script asks for a piece and not for a page.
func FromHTMX(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Boosted") == ""
}

// See sends the browser to another page after a form did its work.
func See(w http.ResponseWriter, r *http.Request, to string) error {
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// Back returns to where the form stood, if that is a page of ours.
func Back(w http.ResponseWriter, r *http.Request, otherwise string) error {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host || !strings.HasPrefix(u.Path, "/studio/") {
		return See(w, r, otherwise)
	}
	return See(w, r, u.RequestURI())
}

const noteCookie = "note"

// Note makes the next page say what was done. undo is the address that takes
// it back by POST, "" where nothing can.
func (s *Studio) Note(w http.ResponseWriter, r *http.Request, text, undo string) {
	raw, err := json.Marshal(ui.ToastArgs{Text: text, Undo: undo})
	if err != nil {
		return // two strings always encode
	}
	s.SetCookie(w, r, noteCookie, base64.RawURLEncoding.EncodeToString(raw), time.Minute)
}

// takeNote reads the note once.
func (s *Studio) takeNote(w http.ResponseWriter, r *http.Request) *ui.ToastArgs {
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

// StatusOf is the status of a kind of fault.
func StatusOf(k fault.Kind) int { return entry.Status(k) }

// fail turns an error into a status and a page, or a toast where a script
// asked. What is not for people is logged with the id that the person sees.
func (s *Studio) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, account.ErrSignedOut) {
		s.askToSignIn(w, r)
		return
	}
	if errors.Is(err, errNotSure) {
		s.askToConfirm(w, r)
		return
	}
	if errors.Is(err, access.ErrSecondFactor) {
		s.askForFactor(w, r)
		return
	}
	kind, id := fault.KindOf(err), ""
	if r.Context().Err() != nil {
		return // the reader has gone
	}
	if kind == fault.Internal {
		id = db.NewID()
		s.Log.Error("web: request failed", "id", id, "method", r.Method, "path", r.URL.Path, "err", err)
	}
	var e *fault.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	s.refuse(w, r, StatusOf(kind), fault.Say(r.Context(), err), id)
}

// refuse answers with words. A failure to render falls back to plain text.
func (s *Studio) refuse(w http.ResponseWriter, r *http.Request, status int, text, id string) {
	c := errorPage(s.Bare(r, errorTitle(r.Context(), status)), errorView{Status: status, Text: text, ID: id, Home: home(r)})
	if FromHTMX(r) {
		c = ui.AddToast(ui.ToastArgs{Text: text})
	}
	if err := Write(r.Context(), w, status, c); err != nil {
		s.Log.Error("web: error page failed", "err", err)
		http.Error(w, text, status)
	}
}

// Refuse answers with the page for a status, for requests that never reach a
// route: a wrong host, a panic, a request from elsewhere.
func (s *Studio) Refuse(w http.ResponseWriter, r *http.Request, status int, text, id string) {
	s.refuse(w, r, status, text, id)
}

func home(r *http.Request) string {
	if v := At(r); v != nil && v.Brand.Slug != "" {
		return Path(v.Brand.Slug)
	}
	return "/studio"
}

// askToSignIn leads to the sign-in page and back afterwards.
func (s *Studio) askToSignIn(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") || r.URL.Path == "/studio/live" {
		w.WriteHeader(http.StatusUnauthorized) // a stream has no use for a page
		return
	}
	to := "/studio/sign-in"
	if r.Method == http.MethodGet && r.URL.Path != "/studio" && !FromHTMX(r) {
		to += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	if err := See(w, r, to); err != nil {
		s.Log.Error("web: sign-in redirect", "err", err)
	}
}

// Path is an address below a brand: Path("north", "channels", id).
func Path(slug string, parts ...string) string {
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
func (s *Studio) askToConfirm(w http.ResponseWriter, r *http.Request) {
	q := url.Values{"next": {r.URL.RequestURI()}}
	if r.Method != http.MethodGet {
		q = url.Values{"next": {formPage(r)}, "again": {"true"}}
	}
	if err := See(w, r, "/studio/confirm?"+q.Encode()); err != nil {
		s.Log.Error("web: confirm redirect", "err", err)
	}
}

// formPage is the page that a form was sent from, else the page above its
// address.
func formPage(r *http.Request) string {
	if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host && strings.HasPrefix(u.Path, "/studio/") {
		return u.RequestURI()
	}
	if v := At(r); v.Brand.Slug != "" {
		return Path(v.Brand.Slug, "settings")
	}
	return "/studio"
}

// SecondPath is where one's own second factor is set up.
const SecondPath = "/studio/account/second-factor"

// askForFactor leads to where a second factor is set up, and back to the brand
// that asks for it.
func (s *Studio) askForFactor(w http.ResponseWriter, r *http.Request) {
	to := SecondPath
	if r.Method == http.MethodGet && !FromHTMX(r) {
		to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	if err := See(w, r, to); err != nil {
		s.Log.Error("web: second factor redirect", "err", err)
	}
}

// Saved is what the composer's script hears.
type Saved struct {
	Text     string `json:"text"`
	ID       string `json:"id,omitempty"`
	Revision int64  `json:"revision,omitempty"`
	Href     string `json:"href,omitempty"`
	Checks   string `json:"checks,omitempty"`
	Note     string `json:"note"`
	Conflict string `json:"conflict,omitempty"`
}

// TellScript tells a script what a person must know of an error; the rest goes the
// way of every error.
func TellScript(w http.ResponseWriter, r *http.Request, err error) error {
	kind := fault.KindOf(err)
	if kind == fault.Internal {
		return err
	}
	return SendJSON(w, StatusOf(kind), Saved{Text: fault.Say(r.Context(), err)})
}

// SendJSON answers a script.
func SendJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(v)
}

package commons

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/notice"
	"rapport/internal/topic"
	"rapport/internal/web/cookie"
	"rapport/internal/web/entry"
	"rapport/internal/web/ui"
)

type handler func(w http.ResponseWriter, r *http.Request) error

// route is one line of the list of routes.
type route struct {
	pattern string
	handle  handler
	// shelve names what a page for visitors is made of besides the community
	// itself; nil: such pages are made anew for everybody.
	shelve func(r *http.Request) []string
	member bool  // only who has an account gets here
	shut   bool  // it answers where the community is not open yet, too
	after  bool  // it answers where the community was open before, too
	own    bool  // it is about what is theirs: it answers members where the community is shut, too
	body   int64 // most bytes a request may send; 0 is formMost, wordsMost where there are words
	// words are the fields in which somebody writes: what stands in them is shown
	// again whatever becomes of the request.
	words  []string
	script bool // only scripts ask, which are answered in JSON
}

// visit is what a request has become.
type visit struct {
	*place
	Voice   member.Voice
	Session account.Session // zero where nobody is signed in
	Now     db.Time
	path    string              // with its query, as the browser knows it
	before  uint64              // shelf.count when the request came
	topic   topic.Topic         // of the address, once it was read for a frozen page
	mute    *bool               // what Voice.Speaks said, once it was asked
	frozen  bool                // the page is for everybody: it holds nothing of one reader
	Owed    []document.Document // what the reader has to accept before they write, on pages where one writes
	unread  func() int          // how much the reader was told and has not read
	words   []string            // the fields of the request in which somebody writes
}

type visitKey struct{}

func at(r *http.Request) *visit {
	v, _ := r.Context().Value(visitKey{}).(*visit)
	return v
}

// href is an address of the community.
func (v *visit) href(path string) string { return v.Base + path }

// signIn is where one signs in and comes back from.
func (v *visit) signIn() string {
	return "/studio/sign-in?" + url.Values{"next": {v.path}}.Encode()
}

// signInTo is where one signs in and comes to a page of the community.
func (v *visit) signInTo(path string) string {
	return "/studio/sign-in?" + url.Values{"next": {v.href(path)}}.Encode()
}

// In reports whether the visitor is signed in.
func (v *visit) In() bool { return v.Voice.Who.Account != "" }

// What a request may send: a form, and one with a text, of which every character
// may be one that takes twelve bytes.
const (
	formMost  = 256 << 10
	wordsMost = 12*markdown.Most + formMost
)

// serve lets in, takes a page from the shelf where it can, answers errors and
// logs them.
func (p *Pages) serve(rt route) http.Handler {
	switch {
	case rt.body != 0:
	case rt.words != nil:
		rt.body = wordsMost
	default:
		rt.body = formMost
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rt.shelve != nil && r.Method == http.MethodGet {
			// These pages are made in a millisecond. To watch whether the reader goes
			// away meanwhile costs a goroutine for each query.
			r = r.WithContext(context.WithoutCancel(r.Context()))
		}
		r.Body = http.MaxBytesReader(w, r.Body, rt.body)
		token := cookie.Session(r, p.secure(r))
		if token == "" && rt.shelve != nil && p.fromShelf(w, r, rt) {
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Add("Vary", "Cookie, Accept-Language")
		r, err := p.enter(r, token)
		if errors.Is(err, errShut) && (rt.shut || rt.after && at(r).WasOpen || rt.own && at(r).Voice.Member.ID != "") {
			err = nil
		}
		if errors.Is(err, errShut) && rt.own && r.Method == http.MethodGet && rt.member && !at(r).In() {
			// By signing in it may come out that they are a member.
			http.Redirect(w, r, at(r).signIn(), http.StatusSeeOther)
			return
		}
		if err == nil {
			at(r).words = rt.words
			err = p.admit(rt, r)(w, r)
		}
		if err != nil {
			p.fail(w, r, err)
		}
	})
}

// admit is what answers a request: the route's own handler, or where only members
// get and nobody is signed in, one that says so.
func (p *Pages) admit(rt route, r *http.Request) handler {
	switch {
	case !rt.member || at(r).In():
		return rt.handle
	case rt.script:
		return p.signedOutScript
	case rt.words != nil:
		return p.signedOut
	}
	return toSignIn
}

// fromShelf answers a visitor with a page that is kept, or makes and keeps it.
// What is no plain page is left to the handler.
func (p *Pages) fromShelf(w http.ResponseWriter, r *http.Request, rt route) bool {
	here := in(r)
	if here.Community.OpenedAt == 0 || len(r.URL.RawQuery) > 200 {
		return false
	}
	theme, lang := themeOf(r), i18n.Nearest(r.Header.Get("Accept-Language"))
	key := here.Brand.ID + " " + here.Host + " " + r.URL.Path + "?" + untracked(r.URL.RawQuery) + " " + lang + " " + string(theme)
	k := p.shelf.find(key)
	if k == nil {
		rec := newRecorder()
		defer rec.drop()
		inner, err := p.enter(r, "")
		if err != nil {
			return false
		}
		at(inner).frozen = true
		of := p.asItStood(rt, inner)
		if err := rt.handle(rec, inner); err != nil {
			w.Header().Add("Vary", "Cookie, Accept-Language")
			p.fail(w, inner, err)
			return true
		}
		if rec.status != http.StatusOK && rec.status != 0 {
			rec.send(w)
			return true
		}
		k = p.shelf.keep(key, rec.body.Bytes(), rec.header.Get("Content-Type"), of)
	}
	w.Header().Add("Vary", "Cookie, Accept-Language")
	k.send(w, r, "public, max-age=0, must-revalidate")
	return true
}

// asItStood notes how what a page is made of stands before it is made. To know
// what that is, a topic may have to be read; if anything changed meanwhile, it
// is read again, so that the page can use what was read.
func (p *Pages) asItStood(rt route, r *http.Request) made {
	brand := in(r).Brand.ID
	for {
		before := p.shelf.of(brand + " topics")
		of := p.shelf.of(append(rt.shelve(r), brand)...)
		if maps.Equal(before, p.shelf.of(brand+" topics")) {
			return of
		}
		at(r).topic = topic.Topic{}
	}
}

func (k *kept) send(w http.ResponseWriter, r *http.Request, cache string) {
	h := w.Header()
	h.Set("Cache-Control", cache)
	h.Set("Etag", k.etag)
	if r.Header.Get("If-None-Match") == k.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", k.kind)
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		w.Write(k.gzip()) // a reader who is gone is no error
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(k.page)))
	w.Write(k.page)
}

// recorder holds an answer until it is known whether it can be kept.
type recorder struct {
	header http.Header
	status int
	body   *bytes.Buffer
}

func newRecorder() *recorder {
	return &recorder{header: make(http.Header, 4), body: drafts.Get().(*bytes.Buffer)}
}

// drop gives the buffer to the next page, once what is in it was sent or copied.
func (w *recorder) drop() {
	if w.body.Cap() <= draftMost {
		w.body.Reset()
		drafts.Put(w.body)
	}
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }

func (w *recorder) send(to http.ResponseWriter) {
	for name, values := range w.header {
		to.Header()[name] = values
	}
	to.WriteHeader(w.status)
	to.Write(w.body.Bytes())
}

// enter finds out who reads.
func (p *Pages) enter(r *http.Request, token string) (*http.Request, error) {
	ctx, here := r.Context(), in(r)
	v := &visit{place: here, before: p.shelf.count(), Now: p.DB.Now(), Voice: member.Voice{Brand: here.Brand.ID}, path: withQuery(here.Base+r.URL.Path, untracked(r.URL.RawQuery))}
	var err error
	if token != "" {
		err = p.recognise(ctx, r, v, token)
	}
	ctx = i18n.With(ctx, cmp.Or(v.Session.Language, r.Header.Get("Accept-Language")), here.Brand.Location())
	r = r.WithContext(context.WithValue(ctx, visitKey{}, v))
	if err == nil && here.Community.OpenedAt == 0 && !v.Voice.Team(p.DB.Now()) {
		err = errShut
	}
	return r, err
}

var errShut = fault.New(fault.NotFound, "This community is not open yet.")

func (p *Pages) recognise(ctx context.Context, r *http.Request, v *visit, token string) error {
	who, session, err := account.Who(ctx, p.DB, token)
	if errors.Is(err, account.ErrSignedOut) {
		return nil
	}
	if err != nil {
		return err
	}
	who.Address = p.address(r)
	if v.Voice, err = member.Of(ctx, p.DB, who, v.Brand.ID); err != nil {
		return err
	}
	v.Session = session
	v.unread = func() int {
		n, err := notice.Unread(ctx, p.DB, v.Voice)
		if err != nil {
			p.Log.Error("commons: unread notices", "err", err)
		}
		return n
	}
	if err := p.hold(ctx, v); err != nil {
		return err
	}
	return errors.Join(account.Seen(ctx, p.DB, session, account.Meta{Address: who.Address, Agent: r.UserAgent()}), member.Seen(ctx, p.DB, v.Voice))
}

// hold keeps back what a member writes whose address is not proven.
func (p *Pages) hold(ctx context.Context, v *visit) error {
	if v.Voice.Member.ID == "" || v.team() || !p.Join.Door.Mails() {
		return nil
	}
	a, err := account.ByID(ctx, p.DB, v.Voice.Who.Account)
	if err == nil && p.Join.Unproven(a) {
		v.Voice.Held = "address"
	}
	return err
}

func (p *Pages) secure(r *http.Request) bool {
	if p.Site.Secure != nil {
		return p.Site.Secure(r)
	}
	return r.TLS != nil
}

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

func themeOf(r *http.Request) ui.Theme {
	c, err := r.Cookie(ui.ThemeCookie)
	if err != nil {
		return ui.ParseTheme("")
	}
	return ui.ParseTheme(c.Value)
}

// drafts are buffers that pages are rendered into.
var drafts = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// draftMost is how large a buffer may be to be used again.
const draftMost = 1 << 20

// write renders a page.
func write(ctx context.Context, w http.ResponseWriter, status int, c templ.Component) error {
	rec, recorded := w.(*recorder)
	if !recorded {
		rec = newRecorder()
		defer rec.drop()
	}
	b := rec.body
	if err := c.Render(ui.InPlace(ctx), b); err != nil {
		b.Reset()
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if recorded {
		rec.status = status
		return nil
	}
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	if status != http.StatusOK {
		w.WriteHeader(status)
	}
	_, _ = w.Write(b.Bytes()) // the reader has gone; nobody is left to tell
	return nil
}

// see sends the browser on after a form did its work.
func see(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (p *Pages) missing(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "There is no such page. It may have moved, or the address is not complete.")
}

// fail turns an error into a page. What is not there asks a visitor to sign in
// only where signing in could help.
func (p *Pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return
	}
	if errors.Is(err, errShut) {
		p.shut(w, r)
		return
	}
	id := ""
	if fault.KindOf(err) == fault.Internal {
		id = db.NewID()
		p.Log.Error("commons: request failed", "id", id, "method", r.Method, "path", r.URL.Path, "err", err)
	}
	status := entry.Status(fault.KindOf(err))
	v := at(r)
	if v == nil {
		http.Error(w, fault.Say(r.Context(), err), status)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	if e := write(r.Context(), w, status, frame(v.page(r, head{Title: i18n.T(r.Context(), errorTitle(status)), NoIndex: true}), errorBody(v, status, fault.Say(r.Context(), err), id, v.written(r)))); e != nil {
		p.Log.Error("commons: error page failed", "err", e)
	}
}

// shut answers where a community is not open. One that was open, or to which the
// reader belongs, says so itself; of one that never was, the installation's front
// leads to the studio, and others are not there.
func (p *Pages) shut(w http.ResponseWriter, r *http.Request) {
	v := at(r)
	if v.WasOpen || v.Voice.Member.ID != "" {
		h := head{Title: i18n.T(r.Context(), "This community is closed at the moment"), NoIndex: true, Plain: true}
		if err := write(r.Context(), w, http.StatusNotFound, frame(v.page(r, h), shutBody(v))); err != nil {
			p.Log.Error("commons: page of a shut community failed", "err", err)
		}
		return
	}
	if r.URL.Path == "/" && v.First && v.Base == "" {
		http.Redirect(w, r, "/studio", http.StatusSeeOther)
		return
	}
	if v.Base == "" {
		p.Next.ServeHTTP(w, r)
		return
	}
	p.fail(w, r, p.missing(w, r))
}

func errorTitle(status int) string {
	switch status {
	case http.StatusNotFound:
		return "There is nothing here"
	case http.StatusForbidden:
		return "This is not open to you"
	case http.StatusConflict:
		return "Something has changed"
	case http.StatusUnprocessableEntity:
		return "That did not fit"
	case http.StatusTooManyRequests:
		return "A moment, please"
	case http.StatusServiceUnavailable:
		return "Not possible right now"
	}
	return "Something went wrong on our side"
}

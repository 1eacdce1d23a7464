// Package web is the studio: the pages a team works in. A handler reads a
// request, calls one domain function and renders what came of it. It holds no
// rules and no SQL, and it shares no handler with the API.
//
// Every page and every form works without scripts; scripts only add the hand.
package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/archive"
	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/health"
	"rapport/internal/hook"
	"rapport/internal/letter"
	"rapport/internal/live"
	"rapport/internal/media"
	"rapport/internal/network"
	"rapport/internal/promote"
	"rapport/internal/publish"
	"rapport/internal/web/static"
)

// Deps are what the pages work with. All but the fields of Site are needed.
type Deps struct {
	DB       *db.DB
	Channels *channel.Channels
	Media    *media.Library
	Archives *archive.Archiver
	Desk     publish.Desk
	Networks *network.Set
	Bridge   *bridge.Community
	Hooks    *hook.Sender
	Letters  *letter.Letters
	Health   *health.Looker
	Admit    *admit.Door
	Promote  *promote.Promoter
	Hub      *live.Hub
	Log      *slog.Logger
	Site     Site
}

// Site is what pages say about the installation, and how requests are read.
type Site struct {
	Version string
	Mail    bool          // letters are sent; else they are kept and shown
	Dev     bool          // developers' pages are there
	Rates   account.Rates // of API tokens; zero is the standard
	// Public is the address the operator declared; nil where none was.
	Public *url.URL
	// Secure reports whether the browser came by HTTPS; r.TLS decides if nil.
	Secure func(*http.Request) bool
	// Address is the browser's address; r.RemoteAddr if nil.
	Address func(*http.Request) string
}

// Pages serves the studio and its static files.
type Pages struct {
	Deps
	mux *http.ServeMux
}

// New returns the studio. Mount it at /.
func New(d Deps) *Pages {
	if d.Log == nil {
		d.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	p := &Pages{Deps: d, mux: http.NewServeMux()}
	p.mux.Handle("GET "+static.Prefix, static.Handler())
	for _, rt := range p.routes() {
		p.mux.Handle(rt.pattern, p.serve(rt))
	}
	return p
}

// ServeHTTP answers with a page for everything, also for addresses that do
// not exist.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := p.mux.Handler(r); pattern != "" {
		p.mux.ServeHTTP(w, r)
		return
	}
	handle := p.missing
	if p.answersOther(r) {
		handle = p.wrongMethod
	}
	p.serve(route{handle: handle}).ServeHTTP(w, r)
}

// answersOther reports whether the address exists for another method.
func (p *Pages) answersOther(r *http.Request) bool {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := p.mux.Handler(other); pattern != "" {
			return true
		}
	}
	return false
}

// Fail shows an error that came before any route, in the studio's frame.
func (p *Pages) Fail(w http.ResponseWriter, r *http.Request, err error) {
	p.serve(route{handle: func(http.ResponseWriter, *http.Request) error { return err }}).ServeHTTP(w, r)
}

// Package web is the studio: the pages a team works in, a package for each of
// its areas. A handler reads a request, calls one domain function and renders
// what came of it. It holds no rules and no SQL, and it shares no handler with
// the API.
//
// Every page and every form works without scripts; scripts only add the hand.
package web

import (
	"net/http"

	"rapport/internal/web/static"
	"rapport/internal/web/studio"
)

// Deps are what the pages work with. All but the fields of Site are needed.
type Deps = studio.Deps

// Site is what pages say about the installation, and how requests are read.
type Site = studio.Site

// Pages serves the studio and its static files.
type Pages struct {
	*Deps  // the studio's own
	studio *studio.Studio
	mux    *http.ServeMux
}

// New returns the studio. Mount it at /.
func New(d Deps) *Pages {
	s := studio.New(d)
	p := &Pages{Deps: &s.Deps, studio: s, mux: http.NewServeMux()}
	p.mux.Handle("GET "+static.Prefix, static.Handler())
	for _, rt := range p.routes() {
		p.mux.Handle(rt.Pattern, p.studio.Serve(rt))
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
	handle := p.studio.Missing
	if p.answersOther(r) {
		handle = p.studio.WrongMethod
	}
	p.studio.Serve(studio.Route{Handle: handle}).ServeHTTP(w, r)
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
	p.studio.Serve(studio.Route{Handle: func(http.ResponseWriter, *http.Request) error { return err }}).ServeHTTP(w, r)
}

// Refuse answers with the page for a status, for requests that never reach a
// route: a wrong host, a panic, a request from elsewhere.
func (p *Pages) Refuse(w http.ResponseWriter, r *http.Request, status int, text, id string) {
	p.studio.Refuse(w, r, status, text, id)
}

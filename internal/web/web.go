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

	"rapport/internal/web/static"
)

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

// Package web is the studio: the pages a team works in, a package for each of
// its areas. A handler reads a request, calls one domain function and renders
// what came of it. It holds no rules and no SQL, and it shares no handler with
// the API.
//
// Every page and every form works without scripts; scripts only add the hand.
package web

import (
	"net/http"

	"rapport/internal/web/calendar"
	"rapport/internal/web/channels"
	"rapport/internal/web/compose"
	"rapport/internal/web/door"
	"rapport/internal/web/find"
	"rapport/internal/web/inbox"
	"rapport/internal/web/insights"
	"rapport/internal/web/library"
	"rapport/internal/web/links"
	"rapport/internal/web/moderation"
	"rapport/internal/web/people"
	"rapport/internal/web/settings"
	"rapport/internal/web/static"
	"rapport/internal/web/studio"
	"rapport/internal/web/team"
	"rapport/internal/web/together"
)

// Deps are what the pages work with. All but the fields of Site are needed.
type Deps = studio.Deps

// Site is what pages say about the installation, and how requests are read.
type Site = studio.Site

// Pages serves the studio and its static files.
type Pages struct {
	*studio.Studio
	mux *http.ServeMux

	door       *door.Pages
	team       *team.Pages
	insights   *insights.Pages
	together   *together.Pages
	links      *links.Pages
	library    *library.Pages
	settings   *settings.Pages
	calendar   *calendar.Pages
	moderation *moderation.Pages
	find       *find.Pages
	channels   *channels.Pages
	people     *people.Pages
	inbox      *inbox.Pages
	compose    *compose.Pages
}

// New returns the studio. Mount it at /.
func New(d Deps) *Pages {
	p := &Pages{Studio: studio.New(d), mux: http.NewServeMux()}
	p.door = door.New(p.Studio)
	p.team = team.New(p.Studio)
	p.insights = insights.New(p.Studio)
	p.together = together.New(p.Studio)
	p.links = links.New(p.Studio)
	p.library = library.New(p.Studio)
	p.settings = settings.New(p.Studio)
	p.calendar = calendar.New(p.Studio)
	p.moderation = moderation.New(p.Studio)
	p.find = find.New(p.Studio)
	p.channels = channels.New(p.Studio, p.insights, p.team)
	p.people = people.New(p.Studio, p.team)
	p.inbox = inbox.New(p.Studio, p.together)
	p.compose = compose.New(p.Studio, p.library, p.together)
	p.mux.Handle("GET "+static.Prefix, static.Handler())
	for _, rt := range p.routes() {
		p.mux.Handle(rt.Pattern, p.Studio.Serve(rt))
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
	handle := p.Studio.Missing
	if p.answersOther(r) {
		handle = p.Studio.WrongMethod
	}
	p.Studio.Serve(studio.Route{Handle: handle}).ServeHTTP(w, r)
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
	p.Studio.Serve(studio.Route{Handle: func(http.ResponseWriter, *http.Request) error { return err }}).ServeHTTP(w, r)
}

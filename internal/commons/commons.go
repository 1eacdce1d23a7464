// Package commons is the community's pages: what everybody reads and members
// write. A handler reads a request, calls one domain function and renders what
// came of it. It holds no rules and no SQL. Every page can be read, and written
// in, without scripts.
package commons

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/join"
	"rapport/internal/link"
	"rapport/internal/merge"
	"rapport/internal/notice"
	"rapport/internal/outbox"
)

// Deps are what the pages work with. All but the fields of Site are needed.
type Deps struct {
	DB    *db.DB
	Blobs blob.Store
	Join  *join.Join
	// Claims are what members prove to be theirs on networks.
	Claims *merge.Claims
	Log    *slog.Logger
	// Clicks counts how often links are followed; one that is never written if nil.
	Clicks *link.Counter
	// Memory is how many bytes of pages are kept for visitors; 0 is the usual
	// 64 MB, below it none are.
	Memory int64
	// Next answers what is no page of a community: the studio.
	Next http.Handler
	Site Site
}

// Site is what pages say about the installation, and how requests are read.
type Site struct {
	// Public is the address the operator declared; nil where none was.
	Public *url.URL
	// Listens is where the program itself answers: what others are told while
	// nothing was declared.
	Listens *url.URL
	// Secure reports whether the browser came by HTTPS; r.TLS decides if nil.
	Secure func(*http.Request) bool
	// Address is the browser's address; r.RemoteAddr if nil.
	Address func(*http.Request) string
}

// Pages serves the communities.
type Pages struct {
	Deps
	mux    *http.ServeMux
	places *places
	shelf  *shelf
	hall   *hall
	looks  sync.Map // stylesheets by the brand's colour
	stop   []func()
}

// New returns the pages. Mount them at /.
func New(d Deps) *Pages {
	if d.Log == nil {
		d.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if d.Clicks == nil {
		d.Clicks = link.NewCounter(d.DB, d.Log)
	}
	p := &Pages{Deps: d, mux: http.NewServeMux(), places: newPlaces(d.DB, d.Site), shelf: newShelf(d.DB, d.Memory)}
	for _, rt := range p.routes() {
		p.mux.Handle(rt.pattern, p.serve(rt))
	}
	p.hall = newHall(d.DB, d.Log)
	p.stop = append(p.stop, p.places.listen(), d.DB.Hear(outbox.LiveTopic, p.hear), d.DB.Hear(notice.Signal, p.hall.hearNotices), p.hall.close)
	return p
}

// hear takes what changed. Pages are out of date before anybody is told to
// load them again.
func (p *Pages) hear(payload string) {
	c := readChange(payload)
	p.shelf.hear(c)
	p.hall.hear(c)
}

// Streams is how many pages are told live what is new.
func (p *Pages) Streams() int { return p.hall.crowd.Count() }

// EndStreams ends what readers are told live, so that a server can shut down.
func (p *Pages) EndStreams() { p.hall.crowd.Close() }

// Close stops listening for what changes.
func (p *Pages) Close() {
	for _, stop := range p.stop {
		stop()
	}
}

// studioOnly are the first parts of addresses that no community has.
var studioOnly = []string{"/studio", "/static/", "/api", "/setup", "/invitation/", "/confirm/", "/reset/", "/approve/", "/healthz", "/readyz", "/metrics"}

// ServeHTTP answers for the community that the host name and the path belong
// to, and leaves everything else to Next.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at, rest := p.ofCommunity(r)
	if at == nil {
		p.Next.ServeHTTP(w, r)
		return
	}
	if at.moved(r.URL.Path, rest) && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		http.Redirect(w, r, withQuery(at.base()+onSite(rest), r.URL.RawQuery), http.StatusMovedPermanently)
		return
	}
	inner := within(r, at, rest)
	if _, pattern := p.mux.Handler(inner); pattern == "" {
		if rest == r.URL.Path && r.Method != http.MethodGet && r.Method != http.MethodHead {
			p.Next.ServeHTTP(w, r) // which says what cannot be sent there
			return
		}
		p.serve(route{handle: p.missing}).ServeHTTP(w, inner)
		return
	}
	p.mux.ServeHTTP(w, inner)
}

func withQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// onSite is a path as an address says it. What begins with two slashes, or with a
// backslash that browsers read as one, would be another site's.
func onSite(path string) string {
	return (&url.URL{Path: "/" + strings.TrimLeft(path, `/\`)}).EscapedPath()
}

// ofCommunity returns the community that is asked for and the path in it; nil
// where that is the studio, or nothing.
func (p *Pages) ofCommunity(r *http.Request) (*place, string) {
	for _, prefix := range studioOnly {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return nil, ""
		}
	}
	at, rest, err := p.places.find(r.Context(), r.Host, r.URL.Path)
	if err != nil {
		return nil, ""
	}
	return at, rest
}

// within is a request as the pages of a community get it.
func within(r *http.Request, at *place, rest string) *http.Request {
	inner := r.WithContext(context.WithValue(r.Context(), placeKey{}, at))
	u := *r.URL
	u.Path, u.RawPath = rest, ""
	inner.URL = &u
	return inner
}

// Refuse answers what another site had the browser send to a community, with
// the community's own page. It reports false, and has done nothing, where no
// open community is asked for.
func (p *Pages) Refuse(w http.ResponseWriter, r *http.Request) bool {
	at, rest := p.ofCommunity(r)
	if at == nil || at.Community.OpenedAt == 0 {
		return false
	}
	// What was sent is not for any route: only who reads is found out.
	p.serve(route{handle: p.foreign}).ServeHTTP(w, within(r, at, rest))
	return true
}

func (p *Pages) foreign(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.Denied, "This came from another site and was refused. Open the community itself and try again.")
}

package commons

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/outbox"
	"rapport/internal/space"
)

// place is a community with what every page of it shows. It is read once and
// kept until something of it changes.
type place struct {
	Brand     brand.Brand
	Community community.Community
	WasOpen   bool // it is shut, and was open before
	Spaces    []space.Space
	Papers    []string // names of the documents that are written
	Host      string   // the name it was asked for by
	Base      string   // what its addresses begin with: "" or "/b/slug"
	First     bool     // it has the installation's front
	Public    string   // its address for other machines, without a slash at the end
}

type placeKey struct{}

// in returns the place of a request.
func in(r *http.Request) *place { return r.Context().Value(placeKey{}).(*place) }

// base is what the addresses of the place begin with where it is at home.
func (p *place) base() string {
	if p.Community.Host != "" && p.Community.Host != p.Host {
		return p.Public
	}
	return p.Base
}

// moved reports whether the request came by an address that is not the
// community's own: under /b/ where it has another.
func (p *place) moved(path, rest string) bool {
	return strings.HasPrefix(path, "/b/") && path != rest && (p.Base == "" || p.base() != p.Base)
}

// space returns the space with the id; a zero one where it is gone.
func (p *place) space(id string) space.Space { return spaceOf(p.Spaces, id) }

func spaceOf(all []space.Space, id string) space.Space {
	for _, s := range all {
		if s.ID == id {
			return s
		}
	}
	return space.Space{}
}

// places finds communities by host name and path.
type places struct {
	db    *db.DB
	site  Site
	mu    sync.Mutex
	index *index
	kept  map[string]*place // by brand and host
	times int               // how often all was forgotten
}

// index is where communities are.
type index struct {
	first string            // brand
	hosts map[string]string // brands by their own host name
	slugs map[string]string // brands
	all   map[string]brand.Brand
}

func newPlaces(d *db.DB, site Site) *places {
	return &places{db: d, site: site, kept: map[string]*place{}}
}

// listen forgets what changed, on this node at once.
func (p *places) listen() func() {
	return p.db.Hear(outbox.LiveTopic, func(payload string) {
		if payload != db.Missed {
			_, kind, _ := strings.Cut(payload, " ")
			kind, _, _ = strings.Cut(kind, " ")
			switch kind {
			case "brand.changed", "brand.created", "community.changed", "space.changed", "space.counted", "document.changed":
			default:
				return
			}
		}
		p.mu.Lock()
		p.index, p.kept, p.times = nil, map[string]*place{}, p.times+1
		p.mu.Unlock()
	})
}

// find returns the community of an address and the path in it; nil where there
// is none.
func (p *places) find(ctx context.Context, hostport, path string) (*place, string, error) {
	host := hostName(hostport)
	ix, err := p.indexed(ctx)
	if err != nil {
		return nil, "", err
	}
	if id := ix.hosts[host]; id != "" {
		at, err := p.place(ctx, ix, id, host)
		return at, path, err
	}
	if rest, ok := strings.CutPrefix(path, "/b/"); ok {
		slug, rest, _ := strings.Cut(rest, "/")
		id := ix.slugs[slug]
		if id == "" {
			return nil, "", nil
		}
		at, err := p.place(ctx, ix, id, host)
		return at, "/" + rest, err
	}
	if ix.first == "" {
		return nil, "", nil
	}
	at, err := p.place(ctx, ix, ix.first, host)
	return at, path, err
}

func hostName(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(hostport, "[]"), "."))
}

// Known reports whether a host name is a community's own, so that requests for
// it are answered.
func (p *Pages) Known(ctx context.Context, host string) bool {
	ix, err := p.places.indexed(ctx)
	return err == nil && ix.hosts[hostName(host)] != ""
}

// Address is where a brand's community is found by other machines; the
// installation's own where there is none.
func (p *Pages) Address(ctx context.Context, brandID string) string {
	ix, err := p.places.indexed(ctx)
	if err != nil || ix.slugs[ix.all[brandID].Slug] == "" {
		return ""
	}
	host := "localhost"
	if p.Site.Public != nil {
		host = p.Site.Public.Host
	}
	at, err := p.places.place(ctx, ix, brandID, hostName(host))
	if err != nil {
		return ""
	}
	return at.Public
}

func (p *places) indexed(ctx context.Context) (*index, error) {
	p.mu.Lock()
	ix, times := p.index, p.times
	p.mu.Unlock()
	if ix != nil {
		return ix, nil
	}
	ix = &index{slugs: map[string]string{}, all: map[string]brand.Brand{}}
	brands, err := brand.List(ctx, p.db, access.System())
	if err != nil {
		return nil, err
	}
	for _, b := range brands {
		ix.slugs[b.Slug], ix.all[b.ID] = b.ID, b
		if f := ix.all[ix.first]; ix.first == "" || b.CreatedAt < f.CreatedAt || b.CreatedAt == f.CreatedAt && b.ID < f.ID {
			ix.first = b.ID
		}
	}
	if ix.hosts, err = community.Hosts(ctx, p.db); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.times == times { // else something changed meanwhile
		p.index = ix
	}
	return ix, nil
}

// place is a brand's community as it is asked for by a host name.
func (p *places) place(ctx context.Context, ix *index, brandID, host string) (*place, error) {
	key := brandID + " " + host
	p.mu.Lock()
	at := p.kept[key]
	p.mu.Unlock()
	if at != nil {
		return at, nil
	}
	at = &place{Brand: ix.all[brandID], Host: host, First: brandID == ix.first}
	if !at.First && ix.hosts[host] != brandID {
		at.Base = "/b/" + at.Brand.Slug
	}
	var err error
	if at.Community, err = community.Of(ctx, p.db, brandID); err != nil {
		return nil, err
	}
	if at.Community.OpenedAt == 0 {
		if at.WasOpen, err = community.WasOpen(ctx, p.db, brandID); err != nil {
			return nil, err
		}
	}
	if at.Spaces, err = space.List(ctx, p.db, brandID); err != nil {
		return nil, err
	}
	papers, err := document.All(ctx, p.db, brandID)
	if err != nil {
		return nil, err
	}
	for _, d := range papers {
		at.Papers = append(at.Papers, d.Name)
	}
	at.Public = p.public(at)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.index == ix && len(p.kept) < 1000 { // else something changed meanwhile
		p.kept[key] = at
	}
	return at, nil
}

// public is the address of a community for other machines.
func (p *places) public(at *place) string {
	scheme, port := "http", ""
	declared := cmp.Or(p.site.Public, p.site.Listens)
	if declared != nil {
		scheme, port = declared.Scheme, declared.Port()
	}
	host := at.Community.Host
	base := ""
	if host == "" {
		host = at.Host
		if declared != nil {
			host, port = declared.Host, ""
		}
		if !at.First {
			base = "/b/" + at.Brand.Slug
		}
	}
	if port != "" && !strings.Contains(host, ":") {
		host = net.JoinHostPort(host, port)
	}
	return scheme + "://" + host + base
}

package commons

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rapport/internal/db"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// atom is a feed by RFC 4287.
type atom struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID        string     `xml:"id"`
	Title     string     `xml:"title"`
	Link      atomLink   `xml:"link"`
	Published string     `xml:"published"`
	Updated   string     `xml:"updated"`
	Author    atomPerson `xml:"author"`
	Content   atomText   `xml:"content"`
}

type atomPerson struct {
	Name string `xml:"name"`
	URI  string `xml:"uri,omitempty"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// feed is what was begun last, everywhere or in a space that everybody may
// read.
func (p *Pages) feed(w http.ResponseWriter, r *http.Request) error {
	v, f, title, self := at(r), topic.Filter{}, at(r).Brand.Name, "/"
	id := p.tag(v.Brand.CreatedAt, "community", v.Brand.ID)
	if r.PathValue("space") != "" {
		s, err := p.spaceAt(r)
		if err != nil {
			return err
		}
		id = p.tag(s.CreatedAt, "space", s.ID)
		f.Space, title, self = s.ID, s.Name+" · "+v.Brand.Name, "/s/"+url.PathEscape(s.Slug)
	}
	lines, err := topic.Newest(r.Context(), p.DB, v.Voice, v.Spaces, f.Space, 30)
	if err != nil {
		return err
	}
	a := v.atom(id, title, self)
	for _, l := range lines {
		a.add(v.entry(p.tag(l.CreatedAt, "topic", l.ID), topicTitle(r.Context(), l.Topic), l.Topic.Path(), l.By, l.CreatedAt, l.CreatedAt, "text", l.Excerpt))
	}
	return a.write(w)
}

// topicFeed is the newest of a topic that can be read.
func (p *Pages) topicFeed(w http.ResponseWriter, r *http.Request) error {
	t, _, err := p.topicIn(r)
	if err != nil {
		return err
	}
	v := at(r)
	all, err := topic.Last(r.Context(), p.DB, v.Voice, t, topic.PageSize)
	if err != nil {
		return err
	}
	id := p.tag(t.CreatedAt, "topic", t.ID)
	a := v.atom(id+"/replies", t.Title+" · "+v.Brand.Name, t.Path())
	for _, one := range all {
		said := id
		if one.Number > 1 {
			said = p.tag(t.CreatedAt, "reply", one.ID)
		}
		a.add(v.entry(said, t.Title, t.PathOf(one.Number), one.By, one.At, max(one.At, one.EditedAt), "html", topic.Placed(one.HTML, v.Public)))
	}
	return a.write(w)
}

// tag names a thing for ever, by RFC 4151: readers show as new what has another
// id, so that neither a title nor an address may be in it. since is when the
// thing, or what it is in, was made.
func (p *Pages) tag(since db.Time, kind, id string) string {
	host := "localhost"
	if p.Site.Public != nil {
		host = p.Site.Public.Hostname()
	}
	return "tag:" + host + "," + since.Time().UTC().Format(time.DateOnly) + ":" + kind + "/" + id
}

// add puts an entry at the end. A feed is as new as the newest of it.
func (a *atom) add(e atomEntry) {
	a.Entries, a.Updated = append(a.Entries, e), max(a.Updated, e.Updated)
}

func (v *visit) atom(id, title, path string) atom {
	return atom{ID: id, Title: title, Updated: date(v.Brand.CreatedAt.Time()),
		Links: []atomLink{{"self", v.Public + strings.TrimSuffix(path, "/") + "/feed.atom"}, {"alternate", v.Public + path}}}
}

func (v *visit) entry(id, title, path string, by topic.Face, published, updated db.Time, kind, text string) atomEntry {
	e := atomEntry{ID: id, Title: title, Link: atomLink{Href: v.Public + path}, Published: date(published.Time()), Updated: date(updated.Time()),
		Author: atomPerson{Name: by.Name, URI: v.Public + "/u/" + by.Handle}, Content: atomText{kind, text}}
	if by.Gone {
		e.Author = atomPerson{Name: "—"}
	}
	return e
}

func (a atom) write(w http.ResponseWriter) error {
	body, err := xml.MarshalIndent(a, "", " ")
	if err != nil {
		return fmt.Errorf("commons: feed: %w", err)
	}
	w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
	_, _ = w.Write(append([]byte(xml.Header), body...)) // the reader has gone; nobody is left to tell
	return nil
}

// sitemapMost is how many addresses a sitemap may hold (sitemaps.org).
const sitemapMost = 50_000

// sitemap lists what search engines may read: spaces and the topics with the
// last word, as many as fit.
func (p *Pages) sitemap(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	var b strings.Builder
	b.WriteString(xml.Header + `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` + "\n")
	add := func(path string, at time.Time) {
		b.WriteString("<url><loc>")
		_ = xml.EscapeText(&b, []byte(v.Public+path)) // a builder takes everything
		b.WriteString("</loc>")
		if !at.IsZero() {
			b.WriteString("<lastmod>" + date(at) + "</lastmod>")
		}
		b.WriteString("</url>\n")
	}
	add("/", time.Time{})
	var open []space.Space
	for _, s := range v.Spaces {
		if !s.Hidden {
			open = append(open, s)
			add("/s/"+url.PathEscape(s.Slug), time.Time{})
		}
	}
	err := topic.Addresses(r.Context(), p.DB, v.Brand.ID, open, sitemapMost-len(open)-1, func(t topic.Topic) { add(t.Path(), t.LastAt.Time()) })
	if err != nil {
		return err
	}
	b.WriteString("</urlset>\n")
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	_, _ = w.Write([]byte(b.String())) // the reader has gone; nobody is left to tell
	return nil
}

// robots tells search engines what to leave out.
func (p *Pages) robots(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, "User-agent: *\nDisallow: %[1]s/search\nDisallow: %[1]s/new\nDisallow: %[1]s/r/\nDisallow: /studio\nSitemap: %[2]s/sitemap.xml\n", v.Base, v.Public)
	return nil
}

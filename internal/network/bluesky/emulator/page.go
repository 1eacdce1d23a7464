package emulator

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed page
var pageFiles embed.FS

var pageTemplates = template.Must(template.New("").Funcs(template.FuncMap{"plural": plural}).ParseFS(pageFiles, "page/*.html"))

const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pages lists what the network shows to people: everything that arrived, at
// once, whether or not it is indexed yet.
func (s *Server) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showTimeline)
	mux.HandleFunc("GET /profile/{actor}", s.showProfile)
	mux.HandleFunc("GET /profile/{actor}/post/{key}", s.showThread)
	mux.HandleFunc("GET /img/{size}/plain/{did}/{cid}", s.showPicture)
	mux.HandleFunc("GET /avatar/{file}", s.showAvatar)
	mux.HandleFunc("GET /page/bluesky.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pageFiles, "page/bluesky.css")
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { s.missing(w) })
	return mux
}

type view struct {
	Title   string
	Sum     string
	Profile *profileView
	Posts   []postView
	Older   string // address of the next page, "" at the end
	Thread  bool
}

type profileView struct {
	Account
	Handle, DID  string
	Fans, Posted int
}

type postView struct {
	Post
	Author, Handle string
	URL, ID        string
	When, Exact    string
	Pieces         []piece
	Pictures       []pictureView
	Card           *cardView
	Quoted         *postView
	QuoteGone      bool
	Above          string // address of what it answers, where that is shown apart
	AboveGone      bool
	Focus          bool
	Depth          int
	Replies        int
	Reposts, Likes int
}

type pictureView struct{ URL, Alt string }

type cardView struct{ URL, Host, Title, About, Picture string }

const pageLength = 30

func (s *Server) showTimeline(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.catchUp()
	recs := s.recent("")
	posts, older := s.pageOf(recs, r)
	v := view{Title: "Bluesky emulator", Posts: posts, Older: older,
		Sum: counted(len(recs), "post") + " by " + counted(len(s.accounts), "account")}
	s.mu.Unlock()
	s.render(w, http.StatusOK, "timeline.html", v)
}

func (s *Server) showProfile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.catchUp()
	a := s.find(r.PathValue("actor"))
	if a == nil {
		s.mu.Unlock()
		s.missing(w)
		return
	}
	recs := s.recent(a.did)
	posts, older := s.pageOf(recs, r)
	v := view{Title: a.Title, Posts: posts, Older: older, Profile: &profileView{Account: a.Account, Handle: a.handle(), DID: a.did,
		Fans: a.Followers + s.index.count(followType, a.did), Posted: len(recs)}}
	s.mu.Unlock()
	s.render(w, http.StatusOK, "timeline.html", v)
}

// recent lists posts, the latest first, of one account or of all.
func (s *Server) recent(did string) []*record {
	var out []*record
	for _, a := range s.accounts {
		for _, rec := range a.records {
			if rec.uri.collection == postType && (did == "" || did == a.did) {
				out = append(out, rec)
			}
		}
	}
	slices.SortFunc(out, newer)
	return out
}

func newer(a, b *record) int {
	return cmp.Or(b.at.Compare(a.at), strings.Compare(b.uri.key, a.uri.key))
}

// pageOf cuts the newest part before the post named in the address.
func (s *Server) pageOf(recs []*record, r *http.Request) (out []postView, older string) {
	if before := r.URL.Query().Get("before"); before != "" {
		at := slices.IndexFunc(recs, func(rec *record) bool { return rec.uri.key == before })
		recs = recs[at+1:]
	}
	for _, rec := range recs {
		if len(out) == pageLength {
			return out, "?before=" + url.QueryEscape(out[len(out)-1].key())
		}
		v := s.shown(rec, true)
		v.Above, v.AboveGone = s.aboveOf(rec)
		out = append(out, v)
	}
	return out, ""
}

func (v postView) key() string { return v.URL[strings.LastIndex(v.URL, "/")+1:] }

func (s *Server) aboveOf(rec *record) (address string, gone bool) {
	parent, _ := replyOf(rec.value)
	if parent == "" {
		return "", false
	}
	above := s.stored(parent)
	if above == nil {
		return "", true
	}
	return s.pageAddress(above), false
}

func (s *Server) pageAddress(rec *record) string {
	return "/profile/" + s.byDID[rec.uri.authority].handle() + "/post/" + rec.uri.key
}

func (s *Server) shown(rec *record, quotes bool) postView {
	a, now := s.byDID[rec.uri.authority], s.now()
	p := s.postOf(rec)
	v := postView{Post: p, Author: a.Title, Handle: a.handle(), URL: s.pageAddress(rec), ID: rec.uri.key,
		When: ago(now, rec.at), Exact: rec.at.Format("2 January 2006, 15:04:05 MST"), Pieces: s.pieces(rec.value),
		Replies: len(s.index.below[p.ID]), Reposts: s.index.count(repostType, p.ID), Likes: s.index.count(likeType, p.ID)}
	v.Pictures, v.Card = media(rec)
	if quotes && p.Quote != "" {
		if q := s.stored(p.Quote); q != nil && q.uri.collection == postType {
			inner := s.shown(q, false)
			v.Quoted = &inner
		} else {
			v.QuoteGone = true
		}
	}
	return v
}

// media lists the pictures and the link card of a post.
func media(rec *record) (pictures []pictureView, card *cardView) {
	embed, _ := rec.value["embed"].(map[string]any)
	if inner, ok := embed["media"].(map[string]any); ok {
		embed = inner
	}
	for i, ref := range blobsIn(embed["images"]) {
		pictures = append(pictures, pictureView{pictureAddress(rec, ref), altsIn(rec.value)[i]})
	}
	for i, ref := range blobsIn(embed["items"]) {
		pictures = append(pictures, pictureView{pictureAddress(rec, ref), altsIn(rec.value)[i]})
	}
	external, ok := embed["external"].(map[string]any)
	if !ok {
		return pictures, nil
	}
	text := func(key string) string { s, _ := external[key].(string); return s }
	card = &cardView{URL: text("uri"), Title: text("title"), About: text("description")}
	if u, err := url.Parse(card.URL); err == nil {
		card.Host = u.Host
	}
	for _, ref := range blobsIn(external["thumb"]) {
		card.Picture = pictureAddress(rec, ref)
	}
	return pictures, card
}

func pictureAddress(rec *record, ref blobRef) string {
	return "/img/feed_thumbnail/plain/" + rec.uri.authority + "/" + ref.cid
}

func (s *Server) showThread(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.catchUp()
	a := s.find(r.PathValue("actor"))
	var rec *record
	if a != nil {
		rec = a.record(uri{a.did, postType, r.PathValue("key")})
	}
	if rec == nil {
		s.mu.Unlock()
		s.missing(w)
		return
	}
	v := view{Title: a.Title, Thread: true, Posts: s.threadOf(rec)}
	s.mu.Unlock()
	s.render(w, http.StatusOK, "timeline.html", v)
}

// threadOf is a post with what is above it and everything below it.
func (s *Server) threadOf(rec *record) []postView {
	var out []postView
	parent, _ := replyOf(rec.value)
	for up := s.stored(parent); up != nil && len(out) < 100; up = s.stored(parent) {
		out = append(out, s.shown(up, true))
		parent, _ = replyOf(up.value)
	}
	slices.Reverse(out)
	focus := s.shown(rec, true)
	focus.Focus = true
	_, focus.AboveGone = s.aboveOf(rec)
	return s.belowOf(append(out, focus), rec, 1)
}

func (s *Server) belowOf(out []postView, rec *record, depth int) []postView {
	var below []*record
	for _, other := range s.recent("") {
		if parent, _ := replyOf(other.value); parent == rec.uri.String() {
			below = append(below, other)
		}
	}
	slices.Reverse(below) // the oldest first
	for _, other := range below {
		v := s.shown(other, true)
		v.Depth = min(depth, 4)
		out = s.belowOf(append(out, v), other, depth+1)
	}
	return out
}

func (s *Server) showPicture(w http.ResponseWriter, r *http.Request) {
	cid, _, _ := strings.Cut(r.PathValue("cid"), "@")
	s.mu.Lock()
	b := s.storedBlob(r.PathValue("did"), cid)
	s.mu.Unlock()
	if b == nil || !strings.HasPrefix(b.mime, "image/") {
		s.missing(w)
		return
	}
	b.serve(w, r)
}

// serve shows a blob so that nothing in it can run.
func (b *blob) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", b.mime)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b.content))
}

var avatarHues = []string{"#2f6fa8", "#8a5a3c", "#4f7a4a", "#8b4f6b", "#5b5d99", "#7a7233"}

func (s *Server) showAvatar(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutSuffix(r.PathValue("file"), ".svg")
	if !ok || !nameRule.MatchString(name) {
		s.missing(w)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="%s"/>`+
		`<text x="24" y="25" fill="#fff" font-family="system-ui,sans-serif" font-size="22" font-weight="600" text-anchor="middle" dominant-baseline="central">%s</text></svg>`,
		avatarHues[int(DID(name)[10])%len(avatarHues)], strings.ToUpper(name[:1]))
}

func (s *Server) missing(w http.ResponseWriter) {
	s.render(w, http.StatusNotFound, "missing.html", view{Title: "Not here"})
}

func (s *Server) render(w http.ResponseWriter, status int, name string, v view) {
	var out bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&out, name, v); err != nil {
		http.Error(w, "This page could not be drawn.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// piece is a run of a post's text: plain, or what a facet makes of it.
type piece struct {
	Text string
	Link string
	Kind string // "", link, mention or tag
}

// pieces cuts a text at its facets, whose places are counted in bytes. Facets
// that overlap, or do not fit, are left out, as clients do.
func (s *Server) pieces(value map[string]any) []piece {
	text, _ := value["text"].(string)
	facets, _ := value["facets"].([]any)
	facets = slices.Clone(facets)
	slices.SortStableFunc(facets, func(a, b any) int { return cmp.Compare(startOf(a), startOf(b)) })
	var out []piece
	at := 0
	for _, f := range facets {
		start, end := startOf(f), endOf(f)
		if start < at || end > len(text) || start >= end {
			continue
		}
		if start > at {
			out = append(out, piece{Text: text[at:start]})
		}
		out, at = append(out, s.facet(f, text[start:end])), end
	}
	if at < len(text) {
		out = append(out, piece{Text: text[at:]})
	}
	return out
}

func startOf(f any) int { return placeOf(f, "byteStart") }
func endOf(f any) int   { return placeOf(f, "byteEnd") }

func placeOf(f any, key string) int {
	facet, _ := f.(map[string]any)
	index, _ := facet["index"].(map[string]any)
	n, _ := integer(index[key])
	return n
}

func (s *Server) facet(f any, text string) piece {
	facet, _ := f.(map[string]any)
	features, _ := facet["features"].([]any)
	for _, v := range features {
		feature, _ := v.(map[string]any)
		switch feature["$type"] {
		case "app.bsky.richtext.facet#link":
			link, _ := feature["uri"].(string)
			return piece{text, link, "link"}
		case "app.bsky.richtext.facet#tag":
			return piece{text, "", "tag"}
		case "app.bsky.richtext.facet#mention":
			did, _ := feature["did"].(string)
			if a := s.byDID[did]; a != nil {
				return piece{text, "/profile/" + a.handle(), "mention"}
			}
		}
	}
	return piece{Text: text}
}

func plural(n int, word string) string {
	switch {
	case n == 1:
		return word
	case strings.HasSuffix(word, "y"):
		return strings.TrimSuffix(word, "y") + "ies"
	}
	return word + "s"
}

func counted(n int, word string) string { return strconv.Itoa(n) + " " + plural(n, word) }

func ago(now, at time.Time) string {
	d := now.Sub(at)
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d < 7*24*time.Hour:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	case at.Year() == now.Year():
		return at.Format("2 Jan")
	}
	return at.Format("2 Jan 2006")
}

package emulator

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed page
var pageFiles embed.FS

var pageTemplates = template.Must(template.New("").Funcs(template.FuncMap{
	"pieces": pieces, "count": count, "plural": plural, "initial": initial,
}).ParseFS(pageFiles, "page/*.html"))

const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// pages lists what the network shows to people.
func (s *Server) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showTimeline)
	mux.HandleFunc("GET /{account}", s.showProfile)
	mux.Handle("POST /{account}/about", http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.changeBio)))
	mux.HandleFunc("GET /{account}/{id}", s.showThread)
	mux.HandleFunc("GET /media/{id}", s.showPicture)
	mux.HandleFunc("GET /avatar/{file}", s.showAvatar)
	mux.HandleFunc("GET /page/demo.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pageFiles, "page/demo.css")
	})
	return mux
}

type view struct {
	Title   string
	Profile *profile
	Posts   []postView
	Thread  *thread
	Member  *memberView
	Older   string // address of the next page, "" at the end
	Sum     string
}

type profile struct {
	Account
	Now   int64 // followers
	Count int64 // posts
}

type memberView struct{ Handle, Name, About string }

type thread struct {
	Parts    []postView
	Focus    string
	Comments []commentView
}

type commentView struct {
	Comment
	When    string
	Hue     int
	Depth   int
	Account bool // written by an account, not by the audience
}

type postView struct {
	*Post
	Author   string
	When     string
	Exact    string
	Pictures []*picture
	Numbers  Numbers
	Above    string // address of what it answers, where that is shown apart
	Focus    bool
}

const pageLength = 30

func (s *Server) showTimeline(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	posts, older := s.page(s.recent, r)
	v := view{Title: "Demo network", Posts: posts, Older: older,
		Sum: counted(len(s.recent), "post") + " by " + counted(len(s.accounts), "account")}
	s.mu.Unlock()
	s.render(w, "timeline.html", v)
}

func (s *Server) showProfile(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.PathValue("account"), "@")
	s.mu.Lock()
	a := s.accounts[name]
	if m, known := members[name]; ok && a == nil && known {
		_, about, _ := s.bio(name)
		v := view{Title: m.name, Member: &memberView{m.handle, m.name, about}}
		s.mu.Unlock()
		s.render(w, "member.html", v)
		return
	}
	if a == nil || !ok {
		s.mu.Unlock()
		s.missing(w)
		return
	}
	posts, older := s.page(a.posts, r)
	v := view{Title: a.Title, Posts: posts, Older: older,
		Profile: &profile{Account: a.Account, Now: a.followers(s.options.Now()), Count: int64(len(a.posts))}}
	s.mu.Unlock()
	s.render(w, "timeline.html", v)
}

// page cuts the newest part before the post named in the address.
func (s *Server) page(list []*Post, r *http.Request) (out []postView, older string) {
	end := len(list)
	if before := r.URL.Query().Get("before"); before != "" {
		for end > 0 && list[end-1].ID != before {
			end--
		}
		end--
	}
	for i := end - 1; i >= 0; i-- {
		if list[i].Removed {
			continue
		}
		if len(out) == pageLength {
			return out, "?before=" + url.QueryEscape(out[len(out)-1].ID)
		}
		v := s.postView(list[i])
		v.Above = s.above(list[i])
		out = append(out, v)
	}
	return out, ""
}

func (s *Server) above(p *Post) string {
	if c, ok := s.comment(p.InReplyTo); ok {
		return s.commentPage(c)
	}
	parent := s.posts[p.InReplyTo]
	if parent == nil || parent.Removed {
		return ""
	}
	return "/@" + parent.Account + "/" + parent.ID
}

func (s *Server) postView(p *Post) postView {
	now := s.options.Now()
	v := postView{Post: p, Author: p.Account, When: ago(now, p.PublishedAt), Exact: p.PublishedAt.Format("2 January 2006, 15:04:05 MST"),
		Numbers: s.numbers(p, now)}
	if a := s.accounts[p.Account]; a != nil {
		v.Author = a.Title
	}
	for _, id := range p.Media {
		if m := s.media[id]; m != nil {
			v.Pictures = append(v.Pictures, m)
		}
	}
	return v
}

func (s *Server) showThread(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	l, ok := s.find(r.PathValue("id"))
	by, root, title := l.comment.Author, l.comment.Root, l.comment.Name
	if l.post != nil {
		by, root, title = l.post.Account, l.post.Root, s.postView(l.post).Author
	}
	if !ok || "@"+by != r.PathValue("account") {
		s.mu.Unlock()
		s.missing(w)
		return
	}
	v := view{Title: title, Thread: s.unrolled(root, l.id())}
	s.mu.Unlock()
	s.render(w, "thread.html", v)
}

// unrolled is a thread: the posts of it, and below them what was said.
func (s *Server) unrolled(root, focus string) *thread {
	t, below, there := &thread{Focus: focus}, map[string][]line{}, map[string]bool{}
	lines := s.around(root, s.options.Now())
	var tops []string
	for _, l := range lines {
		there[l.id()] = true
		if _, answer := s.comment(l.parent()); l.post != nil && !answer {
			v := s.postView(l.post)
			v.Focus = l.id() == focus
			t.Parts, tops = append(t.Parts, v), append(tops, l.id())
			continue
		}
		// What answers something that is gone stands by itself.
		above := l.parent()
		if !there[above] {
			above = ""
		}
		below[above] = append(below[above], l)
	}
	for _, id := range append(tops, "") {
		s.nest(t, below, id, 0)
	}
	return t
}

func (l line) parent() string {
	if l.post != nil {
		return l.post.InReplyTo
	}
	return l.comment.InReplyTo
}

func (s *Server) nest(t *thread, below map[string][]line, id string, depth int) {
	for _, l := range below[id] {
		t.Comments = append(t.Comments, s.commentView(l, depth))
		s.nest(t, below, l.id(), min(depth+1, 3))
	}
}

func (s *Server) commentView(l line, depth int) commentView {
	now := s.options.Now()
	if p := l.post; p != nil {
		return commentView{Comment: Comment{ID: p.ID, Author: p.Account, Name: s.postView(p).Author, Text: p.Text, Language: p.Language}, When: ago(now, p.PublishedAt), Depth: depth, Account: true}
	}
	return commentView{Comment: l.comment, When: ago(now, l.comment.At), Hue: int(seedOf("hue", l.comment.Author) % 6), Depth: depth}
}

func (s *Server) showPicture(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	m := s.media[r.PathValue("id")]
	s.mu.Unlock()
	if m == nil {
		s.missing(w)
		return
	}
	content, err := s.content(m)
	if err != nil {
		s.missing(w)
		return
	}
	w.Header().Set("Content-Type", m.Mime)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

var avatarHues = []string{"#3f6f8f", "#8a5a3c", "#4f7a4a", "#8b4f6b", "#5b5d99", "#7a7233"}

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
		avatarHues[seedOf("avatar", name)%uint64(len(avatarHues))], initial(name))
}

func (s *Server) missing(w http.ResponseWriter) {
	s.renderStatus(w, http.StatusNotFound, "missing.html", view{Title: "Not here"})
}

func (s *Server) render(w http.ResponseWriter, name string, v view) {
	s.renderStatus(w, http.StatusOK, name, v)
}

func (s *Server) renderStatus(w http.ResponseWriter, status int, name string, v view) {
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

// piece is a run of a post's text: plain, an address, or a hashtag.
type piece struct {
	Text string
	Link string
	Tag  bool
}

var special = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)]|[#@][\pL\pN_]+`)

func pieces(text string) []piece {
	var out []piece
	at := 0
	for _, m := range special.FindAllStringIndex(text, -1) {
		if m[0] > at {
			out = append(out, piece{Text: text[at:m[0]]})
		}
		word := text[m[0]:m[1]]
		p := piece{Text: word, Tag: word[0] == '#' || word[0] == '@'}
		if !p.Tag {
			p.Link = word
		}
		out, at = append(out, p), m[1]
	}
	if at < len(text) {
		out = append(out, piece{Text: text[at:]})
	}
	return out
}

func count(n int64) string {
	switch {
	case n >= 1_000_000:
		return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " M"
	case n >= 10_000:
		return strconv.FormatFloat(float64(n)/1e3, 'f', 1, 64) + " k"
	}
	return strconv.FormatInt(n, 10)
}

func counted(n int, word string) string {
	return count(int64(n)) + " " + plural(int64(n), word)
}

func plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func initial(name string) string {
	for _, r := range strings.ToUpper(name) {
		return string(r)
	}
	return ""
}

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

package emulator

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

//go:embed page
var pageFiles embed.FS

var pageTemplates = template.Must(template.New("").Funcs(template.FuncMap{"plural": plural, "scopes": scopeWords}).ParseFS(pageFiles, "page/*.html"))

const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pages lists what the server shows to people.
func (s *Server) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showTimeline)
	mux.HandleFunc("GET /{account}", s.showProfile)
	mux.HandleFunc("GET /{account}/{id}", s.showThread)
	mux.HandleFunc("GET /media/{id}", s.showFile)
	mux.HandleFunc("GET /avatars/{file}", s.showAvatar)
	mux.HandleFunc("GET /page/header.png", s.showHeader)
	mux.HandleFunc("GET /page/emulator.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pageFiles, "page/emulator.css")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { s.missing(w) })
	return mux
}

type view struct {
	Title   string
	Words   string
	Sum     string
	People  []card
	Profile *card
	Posts   []postView
	Older   string
	Thread  bool
}

type card struct {
	Name, Acct, About, Face, Page string
	Followers, Statuses           int
}

type postView struct {
	ID, Text, Warning, Language, Visibility string
	Author                                  card
	Pieces                                  []run
	Page, When, Exact, Edited               string
	Above, AboveWho                         string
	Boosted                                 *postView
	Media                                   []mediaView
	Options                                 []string
	Replies, Boosts, Likes                  int
	Focus                                   bool
	Depth                                   int
}

type mediaView struct {
	Address, Alt, Kind string
	Ready              bool
}

// Link and Special tell templates what a run is.
func (r run) Link() bool    { return r.kind == linkEntity }
func (r run) Special() bool { return r.kind == mentionEntity || r.kind == tagEntity }
func (r run) Body() string  { return r.text }

const pageLength = 30

func (s *Server) showTimeline(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := view{Title: "What arrived"}
	v.Posts, v.Older = s.page(s.recent, r)
	v.Sum = fmt.Sprintf("%d %s by %d %s", len(s.statuses), plural(len(s.statuses), "post"), len(s.accounts), plural(len(s.accounts), "account"))
	v.People = s.cards()
	s.renderStatus(w, http.StatusOK, "timeline.html", v)
}

// page cuts the newest part before the status named in the address.
func (s *Server) page(list []*Status, r *http.Request) (out []postView, older string) {
	end := len(list)
	if before := r.URL.Query().Get("before"); before != "" {
		end, _ = slices.BinarySearchFunc(list, before, func(st *Status, id string) int { return compareIDs(st.ID, id) })
	}
	for i := end - 1; i >= 0; i-- {
		if list[i].Removed {
			continue
		}
		if len(out) == pageLength {
			return out, "?before=" + url.QueryEscape(out[len(out)-1].ID)
		}
		out = append(out, s.postView(list[i]))
	}
	return out, ""
}

func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func (s *Server) showProfile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.pageOwner(r)
	if a == nil {
		s.missing(w)
		return
	}
	v := view{Title: a.Title}
	v.Posts, v.Older = s.page(a.statuses, r)
	p := personView(a)
	v.Profile = &p
	s.renderStatus(w, http.StatusOK, "timeline.html", v)
}

func (s *Server) pageOwner(r *http.Request) *account {
	name, ok := strings.CutPrefix(r.PathValue("account"), "@")
	if !ok {
		return nil
	}
	return s.names[strings.ToLower(name)]
}

func (s *Server) showThread(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, st := s.pageOwner(r), s.statuses[r.PathValue("id")]
	if a == nil || st == nil || st.author != a {
		s.missing(w)
		return
	}
	root := st
	for above := s.statuses[root.Parent]; above != nil; above = s.statuses[root.Parent] {
		root = above
	}
	v := view{Title: a.Title, Thread: true}
	s.unroll(root, st, 0, &v.Posts)
	s.renderStatus(w, http.StatusOK, "timeline.html", v)
}

// unroll walks a thread depth first.
func (s *Server) unroll(st, focus *Status, depth int, out *[]postView) {
	p := s.postView(st)
	p.Focus, p.Depth, p.Above = st == focus, min(depth, 4), ""
	*out = append(*out, p)
	for _, below := range st.replies {
		s.unroll(below, focus, depth+1, out)
	}
}

func personView(a *account) card {
	return card{Name: a.Title, Acct: a.Acct(), About: a.About, Face: "/avatars/" + a.id + ".png", Page: "/@" + a.Acct(),
		Followers: int(a.Followers + a.fans), Statuses: a.count()}
}

func (s *Server) postView(st *Status) postView {
	now := s.options.Now()
	v := postView{ID: st.ID, Text: st.Text, Warning: st.Warning, Language: st.Language, Visibility: st.Visibility, Author: personView(st.author), Pieces: parse(st.Text),
		When: ago(now, st.At), Exact: st.At.Format("2 January 2006, 15:04:05 MST"), Replies: len(st.replies), Boosts: len(st.boosts), Likes: len(st.likes)}
	v.Page = v.Author.Page + "/" + st.ID
	if !st.EditedAt.IsZero() {
		v.Edited = ago(now, st.EditedAt)
	}
	if above := s.statuses[st.Parent]; above != nil {
		v.AboveWho = above.author.Title
		v.Above = "/@" + above.author.Acct() + "/" + above.ID
	}
	if of := s.statuses[st.Boosts]; of != nil {
		inner := s.postView(of)
		v.Boosted = &inner
	}
	if st.poll != nil {
		v.Options = st.poll.options
	}
	for _, id := range st.Media {
		m := s.media[id]
		v.Media = append(v.Media, mediaView{Address: "/media/" + id, Alt: m.Description, Kind: m.kind(), Ready: !m.processing(now)})
	}
	return v
}

func (s *Server) missing(w http.ResponseWriter) {
	s.renderStatus(w, http.StatusNotFound, "words.html", view{Title: "There is nothing here", Words: "The post was removed, or the address is wrong."})
}

// renderStatus keeps a policy that was set already.
func (s *Server) renderStatus(w http.ResponseWriter, status int, name string, v any) {
	var out bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&out, name, v); err != nil {
		http.Error(w, "This page could not be drawn.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if h.Get("Content-Security-Policy") == "" {
		h.Set("Content-Security-Policy", pagePolicy)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// scopeWords says what scopes mean to a person.
func scopeWords(scopes []string) []string {
	words := map[string]string{"read": "Read everything in your account", "write": "Change everything in your account", "follow": "Change whom you follow, mute and block",
		"push": "Send you notifications", "profile": "Read your name and picture"}
	var out []string
	for _, scope := range scopes {
		whole, part, _ := strings.Cut(scope, ":")
		switch {
		case words[scope] != "":
			out = append(out, words[scope])
		case whole == "read":
			out = append(out, "Read your "+part)
		default:
			out = append(out, "Write and change your "+part)
		}
	}
	return out
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

func contentType(content []byte) string { return http.DetectContentType(content) }

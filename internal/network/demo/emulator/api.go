package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rapport/internal/network/networktest/wire"
)

// routes lists everything the server answers.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("/v1/", &s.gate)
	mux.Handle("/_emulator/", s.control())
	mux.Handle("/", s.pages())
	return mux
}

// api lists what the network offers to programs.
func (s *Server) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/account", s.auth(s.showAccount))
	mux.HandleFunc("GET /v1/account/numbers", s.auth(s.showAccountNumbers))
	mux.HandleFunc("POST /v1/media", s.auth(s.createMedia))
	mux.HandleFunc("GET /v1/media/{id}", s.auth(s.showMedia))
	mux.HandleFunc("POST /v1/posts", s.auth(s.createPost))
	mux.HandleFunc("GET /v1/posts", s.auth(s.findPost))
	mux.HandleFunc("GET /v1/posts/{id}", s.auth(s.showPost))
	mux.HandleFunc("DELETE /v1/posts/{id}", s.auth(s.deletePost))
	mux.HandleFunc("GET /v1/posts/{id}/numbers", s.auth(s.showNumbers))
	mux.HandleFunc("GET /v1/posts/{id}/comments", s.auth(s.listComments))
	mux.HandleFunc("GET /v1/accounts/{id}/posts", s.auth(s.listPosts))
	mux.HandleFunc("GET /v1/inbox", s.auth(s.showInbox))
	mux.HandleFunc("GET /v1/threads/{id}", s.auth(s.showThreadOf))
	mux.HandleFunc("GET /v1/messages", s.auth(s.showMessages))
	mux.HandleFunc("GET /v1/people/{name}", s.showPerson)
	mux.HandleFunc("GET /v1/history", s.auth(s.showHistory))
	return mux
}

// describe reads from a request what the record of arrivals keeps of it.
func describe(r *http.Request, body []byte) (wire.Arrival, bool) {
	a := wire.Arrival{Account: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer demo-")}
	if r.Method != http.MethodPost || r.URL.Path != "/v1/posts" {
		return a, false
	}
	a.Key = r.Header.Get("Idempotency-Key")
	var p struct{ Text string }
	if json.Unmarshal(body, &p) == nil {
		sum := sha256.Sum256([]byte(p.Text))
		a.Text = hex.EncodeToString(sum[:8])
	}
	return a, true
}

type apiHandler func(r *http.Request, a *account) (status int, body any, no *problem)

// auth runs h for the account of the token, one request at a time: the
// network's state is small and every handler is quick.
func (s *Server) auth(h apiHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		status, body, no := http.StatusUnauthorized, any(nil), &problem{status: http.StatusUnauthorized, code: "unauthorized", text: "This token is not known here."}
		if a := s.signedIn(r.Header.Get("Authorization")); a != nil {
			status, body, no = h(r, a)
		}
		if no != nil {
			wire.Note(r.Context(), no.code, "")
			status, body = no.status, errorBody{errorText{no.code, no.text}}
			if no.wait > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(no.wait.Seconds()))))
			}
		}
		out, err := json.Marshal(body)
		s.mu.Unlock()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(out)
	}
}

type errorText struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

type errorBody struct {
	Error errorText `json:"error"`
}

var notFound = &problem{status: http.StatusNotFound, code: "not_found", text: "There is no such thing here."}

type accountFacts struct {
	ID          string        `json:"id"`
	Handle      string        `json:"handle"`
	Name        string        `json:"name"`
	URL         string        `json:"url"`
	AvatarURL   string        `json:"avatar_url"`
	Followers   int64         `json:"followers"`
	Idempotency string        `json:"idempotency"`
	Limits      accountLimits `json:"limits"`
}

type accountLimits struct {
	Text       int      `json:"text"`
	Unit       string   `json:"unit"`
	Images     int      `json:"images"`
	ImageBytes int64    `json:"image_bytes"`
	ImageTypes []string `json:"image_types"`
	AltText    int      `json:"alt_text"`
	Thread     int      `json:"thread"`
}

func (s *Server) showAccount(r *http.Request, a *account) (int, any, *problem) {
	idempotency := "honoured"
	if s.options.IgnoreIdempotency {
		idempotency = "ignored"
	}
	base := s.address(r)
	return http.StatusOK, accountFacts{ID: a.Name, Handle: a.Name, Name: a.Title, URL: base + "/@" + a.Name,
		AvatarURL: base + "/avatar/" + a.Name + ".svg", Followers: a.followers(s.options.Now()), Idempotency: idempotency,
		Limits: accountLimits{Text: a.TextLimit, Unit: "graphemes", Images: mostImages, ImageBytes: imageBytes,
			ImageTypes: imageTypes, AltText: altLimit, Thread: threadMost}}, nil
}

func (s *Server) showAccountNumbers(_ *http.Request, a *account) (int, any, *problem) {
	now := s.options.Now()
	return http.StatusOK, map[string]any{"at": now.UTC(), "followers": a.followers(now), "posts": len(a.posts)}, nil
}

func (s *Server) createMedia(r *http.Request, a *account) (int, any, *problem) {
	f, _, err := r.FormFile("file")
	if err != nil {
		return 0, nil, &problem{status: http.StatusBadRequest, code: "no_file", text: "Send the picture as the form field \"file\"."}
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		return 0, nil, &problem{status: http.StatusBadRequest, code: "no_file", text: "The picture could not be read."}
	}
	m, no := s.upload(a, content, r.FormValue("alt"), wire.MediaDelay(r.Context()))
	if no != nil {
		return 0, nil, no
	}
	return s.mediaAnswer(r, m, http.StatusCreated)
}

func (s *Server) showMedia(r *http.Request, a *account) (int, any, *problem) {
	m := s.media[r.PathValue("id")]
	if m == nil || m.Account != a.Name {
		return 0, nil, notFound
	}
	return s.mediaAnswer(r, m, http.StatusOK)
}

func (s *Server) mediaAnswer(r *http.Request, m *picture, status int) (int, any, *problem) {
	out := map[string]any{"id": m.ID, "state": "ready", "alt": m.Alt, "url": s.address(r) + "/media/" + m.ID}
	if left := m.ReadyAt.Sub(s.options.Now()); left > 0 {
		out["state"], out["ready_in_ms"] = "processing", left.Milliseconds()
		status = http.StatusAccepted
	}
	return status, out, nil
}

// postAnswer has no key: who reads a post learns nothing of how it was sent.
type postAnswer struct {
	ID          string    `json:"id"`
	URL         string    `json:"url"`
	Account     string    `json:"account"`
	Text        string    `json:"text"`
	Media       []string  `json:"media"`
	InReplyTo   string    `json:"in_reply_to,omitempty"`
	Root        string    `json:"root"`
	Language    string    `json:"language,omitempty"`
	PublishedAt time.Time `json:"published_at"`
	Removed     bool      `json:"removed,omitempty"`
}

func (s *Server) postAnswer(r *http.Request, p *Post) postAnswer {
	return postAnswer{ID: p.ID, URL: s.address(r) + "/@" + p.Account + "/" + p.ID, Account: p.Account, Text: p.Text,
		Media: append([]string{}, p.Media...), InReplyTo: p.InReplyTo, Root: p.Root, Language: p.Language,
		PublishedAt: p.PublishedAt, Removed: p.Removed}
}

func (s *Server) createPost(r *http.Request, a *account) (int, any, *problem) {
	var in struct {
		Text      string   `json:"text"`
		Media     []string `json:"media"`
		InReplyTo string   `json:"in_reply_to"`
		Language  string   `json:"language"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return 0, nil, &problem{status: http.StatusBadRequest, code: "bad_json", text: "The post could not be read."}
	}
	p, repeated, no := s.publish(a, Post{Text: in.Text, Media: in.Media, InReplyTo: in.InReplyTo,
		Language: in.Language, Key: r.Header.Get("Idempotency-Key")})
	switch {
	case no != nil:
		return 0, nil, no
	case repeated:
		wire.Note(r.Context(), "repeated", p.ID)
		return http.StatusOK, s.postAnswer(r, p), nil
	}
	wire.Note(r.Context(), wire.Published, p.ID)
	return http.StatusCreated, s.postAnswer(r, p), nil
}

// findPost looks a post up by the key it was sent with. A network that
// ignores keys does not know them afterwards either.
func (s *Server) findPost(r *http.Request, a *account) (int, any, *problem) {
	if s.options.IgnoreIdempotency {
		return 0, nil, &problem{status: http.StatusNotImplemented, code: "keys_ignored", text: "This network does not keep keys."}
	}
	p := s.keys[keyOf(a.Name, r.URL.Query().Get("key"))]
	if p == nil {
		return 0, nil, notFound
	}
	return http.StatusOK, s.postAnswer(r, p), nil
}

func (s *Server) post(r *http.Request) *Post {
	if p := s.posts[r.PathValue("id")]; p != nil && !p.Removed {
		return p
	}
	return nil
}

func (s *Server) showPost(r *http.Request, _ *account) (int, any, *problem) {
	p := s.post(r)
	if p == nil {
		return 0, nil, notFound
	}
	return http.StatusOK, s.postAnswer(r, p), nil
}

func (s *Server) deletePost(r *http.Request, a *account) (int, any, *problem) {
	p := s.post(r)
	if p == nil {
		return 0, nil, notFound
	}
	if p.Account != a.Name {
		return 0, nil, &problem{status: http.StatusForbidden, code: "not_yours", text: "This post belongs to another account."}
	}
	if err := s.remove(p); err != nil {
		return 0, nil, &problem{status: http.StatusServiceUnavailable, code: "journal", text: "The demo network cannot write its journal."}
	}
	return http.StatusOK, map[string]any{"id": p.ID, "removed": true}, nil
}

func (s *Server) showNumbers(r *http.Request, _ *account) (int, any, *problem) {
	p := s.post(r)
	if p == nil {
		return 0, nil, notFound
	}
	return http.StatusOK, s.numbers(p, s.options.Now()), nil
}

func (s *Server) listComments(r *http.Request, _ *account) (int, any, *problem) {
	p := s.post(r)
	if p == nil {
		return 0, nil, notFound
	}
	return http.StatusOK, map[string]any{"comments": s.commentsOf(p, s.options.Now())}, nil
}

// listPosts gives the newest first, removed ones left out.
func (s *Server) listPosts(r *http.Request, _ *account) (int, any, *problem) {
	a := s.accounts[r.PathValue("id")]
	if a == nil {
		return 0, nil, notFound
	}
	q := r.URL.Query()
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 || limit > 200 {
		limit = 40
	}
	since, _ := time.Parse(time.RFC3339Nano, q.Get("since")) // absent or unreadable: from the beginning
	out := []postAnswer{}
	for i := len(a.posts) - 1; i >= 0 && len(out) < limit && !a.posts[i].PublishedAt.Before(since); i-- {
		if !a.posts[i].Removed {
			out = append(out, s.postAnswer(r, a.posts[i]))
		}
	}
	return http.StatusOK, map[string]any{"posts": out}, nil
}

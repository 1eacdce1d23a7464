package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// stream is one client that listens.
type stream struct {
	place  place
	who    *account
	token  *token
	kinds  []string // events it gets
	events chan string
	gone   chan struct{} // closed to end it
	ended  bool
}

// backlog is how many events wait for a slow client before it is let go.
const backlog = 256

// toHomes tells the author's and the followers' home timelines of a status;
// that one is gone is told to those it mentioned too.
func (s *Server) toHomes(st *Status, event string) {
	for _, a := range s.accounts {
		home := a == st.author || a.follows[st.author.id] || event == "delete" && slices.Contains(st.mentions, a)
		if !a.local() || !home || !s.sees(a, st) {
			continue
		}
		s.toStreams(a, event, func(p place) any {
			if event == "delete" {
				return nil
			}
			return s.statusEntity(p, a, st)
		}, st.ID)
	}
}

// toStreams sends an event to every client of an account. Without a body the
// payload is bare.
func (s *Server) toStreams(to *account, event string, body func(place) any, bare ...string) {
	for st := range s.streams {
		if st.who != to || st.ended || !slices.Contains(st.kinds, event) {
			continue
		}
		payload := ""
		if v := body(st.place); v != nil {
			text, _ := json.Marshal(v) // made of maps, texts and numbers
			payload = string(text)
		} else {
			payload = bare[0]
		}
		select {
		case st.events <- "event: " + event + "\ndata: " + payload + "\n\n":
		default:
			st.end()
		}
	}
}

func (st *stream) end() {
	if !st.ended {
		st.ended = true
		close(st.gone)
	}
}

// DropStreams ends every stream, as a server does that is started anew. It
// returns how many there were.
func (s *Server) DropStreams() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for st := range s.streams {
		if !st.ended {
			n++
		}
		st.end()
	}
	return n
}

// Streams is how many clients listen.
func (s *Server) Streams() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.streams)
}

// streaming serves a stream of server-sent events until its client leaves.
func (s *Server) streaming(kind string, scopes ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		st, no := s.join(r, kind, scopes)
		if no != nil {
			send(w, no.status, object{"error": no.text})
			return
		}
		defer s.leave(st)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "private, no-store")
		_, _ = io.WriteString(w, ":)\n")
		beat := time.NewTicker(s.options.Heartbeat)
		defer beat.Stop()
		for http.NewResponseController(w).Flush() == nil {
			select {
			case e := <-st.events:
				fmt.Fprint(w, e)
			case <-beat.C:
				fmt.Fprint(w, ":thump\n")
			case <-st.gone:
				return
			case <-s.ending:
				return
			case <-r.Context().Done():
				return
			}
		}
	}
}

// join is strict as Mastodon's streaming server is: whatever is wrong with a
// token is a 401 there.
func (s *Server) join(r *http.Request, kind string, scopes []string) (*stream, *problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokenOf(r)
	refused := func(text string) (*stream, *problem) {
		return nil, &problem{status: http.StatusUnauthorized, text: text}
	}
	switch {
	case bearer(r) == "":
		return refused("Missing access token")
	case t == nil || t.revoked || t.account == nil:
		return refused("Invalid access token")
	case !t.may(scopes[:1]):
		return refused("Access token does not have the required scopes")
	}
	st := &stream{place: s.place(r), who: t.account, token: t, events: make(chan string, backlog), gone: make(chan struct{})}
	if kind == "user" {
		st.kinds = []string{"update", "delete", "status.update"}
	}
	if t.may([]string{"read:notifications"}) {
		st.kinds = append(st.kinds, "notification")
	}
	s.streams[st] = struct{}{}
	return st, nil
}

func (s *Server) leave(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.streams, st)
}

package emulator

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"rapport/internal/network/networktest/wire"
)

// control lists what a test or a curious person may do to the server and its
// audience. It is for programs on the same machine only.
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_emulator/faults", func(w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusOK, object{"faults": s.gate.Faults.List()})
	})
	mux.HandleFunc("POST /_emulator/faults", s.orderFault)
	mux.HandleFunc("DELETE /_emulator/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.gate.Faults.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /_emulator/arrivals", func(w http.ResponseWriter, r *http.Request) {
		since, _ := strconv.Atoi(r.URL.Query().Get("since")) // absent: all of them
		send(w, http.StatusOK, object{"arrivals": s.Arrivals(since)})
	})
	mux.HandleFunc("DELETE /_emulator/arrivals", func(w http.ResponseWriter, _ *http.Request) {
		s.gate.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /_emulator/counts", s.showCounts)
	mux.HandleFunc("GET /_emulator/accounts", s.listAccounts)
	mux.HandleFunc("GET /_emulator/statuses/{id}", s.tellStatus)
	order(mux, "accounts", func(a Account) (any, error) { return nil, s.SetAccount(a) })
	order(mux, "say", s.orderSaid)
	order(mux, "edit", func(in onStatus) (any, error) { return nil, s.Edit(in.ID, in.Text) })
	order(mux, "delete", func(in onStatus) (any, error) { return nil, s.Delete(in.ID) })
	order(mux, "favourite", func(in onStatus) (any, error) { return nil, s.Favourite(in.By, in.ID) })
	order(mux, "boost", func(in onStatus) (any, error) { return nil, s.Boost(in.By, in.ID) })
	order(mux, "follow", func(in onAccount) (any, error) { return nil, s.Follow(in.By, in.Whom) })
	order(mux, "revoke", func(in onAccount) (any, error) { return object{"tokens": s.RevokeTokens(in.Whom)}, nil })
	order(mux, "drop-streams", func(struct{}) (any, error) { return object{"streams": s.DropStreams()}, nil })
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !fromLoopback(r) {
			http.Error(w, "This is for programs on the same machine.", http.StatusForbidden)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

type onStatus struct {
	By   string `json:"by,omitempty"`
	ID   string `json:"id"`
	Text string `json:"text,omitempty"`
}

type onAccount struct {
	By   string `json:"by,omitempty"`
	Whom string `json:"whom"`
}

// order takes a JSON object and does what it says.
func order[T any](mux *http.ServeMux, name string, do func(T) (any, error)) {
	mux.HandleFunc("POST /_emulator/"+name, func(w http.ResponseWriter, r *http.Request) {
		var in T
		if !readJSON(w, r, &in) {
			return
		}
		out, err := do(in)
		switch {
		case err != nil:
			send(w, http.StatusBadRequest, object{"error": err.Error()})
		case out == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			send(w, http.StatusCreated, out)
		}
	})
}

func (s *Server) orderSaid(said Said) (any, error) {
	st, err := s.Say(said)
	if err != nil {
		return nil, err
	}
	return object{"id": st.ID, "text": st.Text}, nil
}

func (s *Server) showCounts(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	l, posts, streams := s.listener, s.published, len(s.streams)
	s.mu.Unlock()
	out := struct {
		wire.Counts
		Posts       int   `json:"posts"` // ever published here, removed ones too
		Streams     int   `json:"streams"`
		Connections int64 `json:"connections"`
	}{Counts: s.Counts(), Posts: posts, Streams: streams}
	if l != nil {
		out.Connections = l.Connections()
	}
	send(w, http.StatusOK, out)
}

func (s *Server) listAccounts(w http.ResponseWriter, r *http.Request) {
	p := s.place(r)
	s.mu.Lock()
	out := []any{}
	for _, a := range s.accounts {
		out = append(out, s.accountEntity(p, a))
	}
	s.mu.Unlock()
	send(w, http.StatusOK, object{"accounts": out})
}

// tellStatus says what a status is, in the words it was sent with.
func (s *Server) tellStatus(w http.ResponseWriter, r *http.Request) {
	st, ok := s.Find(r.PathValue("id"))
	if !ok {
		send(w, http.StatusNotFound, object{"error": notFound.text})
		return
	}
	send(w, http.StatusOK, object{"id": st.ID, "account": st.Account, "text": st.Text, "warning": st.Warning, "sensitive": st.Sensitive, "visibility": st.Visibility,
		"language": st.Language, "in_reply_to": st.Parent, "media": st.Media, "alts": s.Alts(st.ID), "published_at": stamp(st.At), "edited": !st.EditedAt.IsZero()})
}

// orderFault takes a wire.Fault, or {"kind":"refuse","delay_ms":500}: refuse
// every dial for that long, this endpoint's too.
func (s *Server) orderFault(w http.ResponseWriter, r *http.Request) {
	var f wire.Fault
	if !readJSON(w, r, &f) {
		return
	}
	if f.Kind == "refuse" {
		s.refuseFor(w, time.Duration(f.DelayMS)*time.Millisecond)
		return
	}
	if err := s.Order(f); err != nil {
		send(w, http.StatusBadRequest, object{"error": err.Error()})
		return
	}
	send(w, http.StatusCreated, f)
}

func (s *Server) refuseFor(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Connection", "close")
	resume, err := s.Refuse()
	if err != nil {
		send(w, http.StatusConflict, object{"error": err.Error()})
		return
	}
	time.AfterFunc(d, func() { reopen(resume) })
	send(w, http.StatusCreated, object{"kind": "refuse", "delay_ms": d.Milliseconds()})
}

// reopen tries for a while: for an instant somebody else may have the port.
func reopen(resume func() error) {
	for range 50 {
		if resume() == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 32<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		send(w, http.StatusBadRequest, object{"error": err.Error()})
		return false
	}
	return true
}

package emulator

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"rapport/internal/network/networktest/wire"
)

// control lists what a test or a curious person may do to the network. It is
// for programs on the same machine only.
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_emulator/faults", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"faults": s.gate.Faults.List()})
	})
	mux.HandleFunc("POST /_emulator/faults", s.orderFault)
	mux.HandleFunc("DELETE /_emulator/faults", func(w http.ResponseWriter, r *http.Request) {
		s.gate.Faults.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /_emulator/arrivals", func(w http.ResponseWriter, r *http.Request) {
		since, _ := strconv.Atoi(r.URL.Query().Get("since")) // absent: all of them
		writeJSON(w, http.StatusOK, map[string]any{"arrivals": s.Arrivals(since)})
	})
	mux.HandleFunc("DELETE /_emulator/arrivals", func(w http.ResponseWriter, r *http.Request) {
		s.gate.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /_emulator/counts", s.showCounts)
	mux.HandleFunc("POST /_emulator/accounts", s.orderAccount)
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !fromLoopback(r) {
			http.Error(w, "This is for programs on the same machine.", http.StatusForbidden)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

func (s *Server) showCounts(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	l, posts := s.listener, len(s.posts)
	s.mu.Unlock()
	out := struct {
		wire.Counts
		Posts       int   `json:"posts"` // on the network, removed ones too
		Connections int64 `json:"connections"`
	}{Counts: s.Counts(), Posts: posts}
	if l != nil {
		out.Connections = l.Connections()
	}
	writeJSON(w, http.StatusOK, out)
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
		writeJSON(w, http.StatusBadRequest, errorBody{errorText{"bad_fault", err.Error()}})
		return
	}
	writeJSON(w, http.StatusCreated, f)
}

func (s *Server) refuseFor(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Connection", "close")
	resume, err := s.Refuse()
	if err != nil {
		writeJSON(w, http.StatusConflict, errorBody{errorText{"no_listener", err.Error()}})
		return
	}
	time.AfterFunc(d, func() { reopen(resume) })
	writeJSON(w, http.StatusCreated, map[string]any{"kind": "refuse", "delay_ms": d.Milliseconds()})
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

func (s *Server) orderAccount(w http.ResponseWriter, r *http.Request) {
	var a Account
	if !readJSON(w, r, &a) {
		return
	}
	if err := s.SetAccount(a); err != nil {
		writeJSON(w, http.StatusBadRequest, errorBody{errorText{"bad_account", err.Error()}})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		writeJSON(w, http.StatusBadRequest, errorBody{errorText{"bad_json", err.Error()}})
		return false
	}
	return true
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

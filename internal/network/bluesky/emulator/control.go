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
	mux.HandleFunc("GET /_emulator/accounts", s.showAccounts)
	mux.HandleFunc("POST /_emulator/accounts", s.orderAccount)
	mux.HandleFunc("POST /_emulator/audience", s.orderDeed)
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
	l, posts := s.listener, 0
	for _, a := range s.accounts {
		posts += len(a.keys(postType, true))
	}
	s.mu.Unlock()
	out := struct {
		wire.Counts
		Posts       int   `json:"posts"`   // on the network, those of the audience too
		Uploads     int   `json:"uploads"` // of blobs
		Connections int64 `json:"connections"`
	}{Counts: s.Counts(), Posts: posts, Uploads: s.Uploads()}
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
		writeProblem(w, badRequest("%v", err))
		return
	}
	writeJSON(w, http.StatusCreated, f)
}

func (s *Server) refuseFor(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Connection", "close")
	resume, err := s.Refuse()
	if err != nil {
		writeProblem(w, &problem{http.StatusConflict, "NoListener", err.Error()})
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

func (s *Server) showAccounts(w http.ResponseWriter, _ *http.Request) {
	type line struct {
		Account
		DID    string `json:"did"`
		Handle string `json:"handle"`
	}
	out := []line{}
	s.mu.Lock()
	for _, a := range s.byName() {
		out = append(out, line{a.Account, a.did, a.handle()})
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"accounts": out})
}

func (s *Server) orderAccount(w http.ResponseWriter, r *http.Request) {
	var a Account
	if !readJSON(w, r, &a) {
		return
	}
	if err := s.SetAccount(a); err != nil {
		writeProblem(w, badRequest("%v", err))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) orderDeed(w http.ResponseWriter, r *http.Request) {
	var d Deed
	if !readJSON(w, r, &d) {
		return
	}
	id, err := s.Do(d)
	if err != nil {
		writeProblem(w, badRequest("%v", err))
		return
	}
	writeJSON(w, http.StatusCreated, map[string]string{"uri": id})
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		writeProblem(w, badRequest("%v", err))
		return false
	}
	return true
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	writeAs(w, "application/json; charset=utf-8", status, body)
}

func writeAs(w http.ResponseWriter, kind string, status int, body any) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

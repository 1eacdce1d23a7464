package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// bio is what somebody of the audience says of themselves.
type bio struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

const mostBio = 500 // runes

// SetBio changes what an account or somebody of the audience says of
// themselves on their profile.
func (s *Server) SetBio(name, text string) error {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	s.mu.Lock()
	defer s.mu.Unlock()
	switch _, one := members[name]; {
	case !one && s.accounts[name] == nil:
		return fmt.Errorf("demo network: there is nobody called %q", name)
	case !utf8.ValidString(text) || utf8.RuneCountInString(text) > mostBio:
		return fmt.Errorf("demo network: say at most %d characters", mostBio)
	}
	s.bios[name] = text
	return s.journal.write(entry{Bio: &bio{name, text}})
}

// bio is what somebody says of themselves now, and whether there is such one.
func (s *Server) bio(name string) (title, text string, ok bool) {
	if m, known := members[name]; known {
		title, text, ok = m.name, m.about, true
	}
	if a := s.accounts[name]; a != nil {
		title, text, ok = a.Title, a.About, true
	}
	if own, changed := s.bios[name]; changed {
		text = own
	}
	return title, text, ok
}

// personAnswer is somebody as everybody may see them.
type personAnswer struct {
	authorAnswer
	About string `json:"about"`
}

// showPerson needs no token: profiles are public.
func (s *Server) showPerson(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	s.mu.Lock()
	title, text, ok := s.bio(name)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(errorBody{errorText{"not_found", "There is nobody of this name."}})
		return
	}
	_ = json.NewEncoder(w).Encode(personAnswer{author(s.address(r), name, title), text})
}

// changeBio is the form on the page of somebody of the audience: whoever sits
// at this machine may speak for all of them.
func (s *Server) changeBio(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.PathValue("account"), "@")
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if !ok || r.ParseForm() != nil {
		s.missing(w)
		return
	}
	if err := s.SetBio(name, r.PostForm.Get("about")); err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	http.Redirect(w, r, "/@"+name, http.StatusSeeOther)
}

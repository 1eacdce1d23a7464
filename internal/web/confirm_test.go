package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"rapport/internal/web/webtest"
)

// Who changes access proves first that it is still them, and comes back to
// where they were.
func TestConfirm(t *testing.T) {
	s := webtest.New(t)
	tokens := s.Path("settings", "tokens")
	s.Get(tokens).Is(http.StatusOK) // a fresh sign-in counts
	start := s.DB.Now().Time()
	s.DB.SetClock(start.Add(31 * time.Minute))
	s.Get(s.Path("settings", "brand")).Is(http.StatusOK)
	p := s.Get(tokens + "?x=1").Is(http.StatusSeeOther)
	if to := p.Header.Get("Location"); to != "/studio/confirm?next="+strings.ReplaceAll(strings.ReplaceAll(tokens, "/", "%2F"), "-", "-")+"%3Fx%3D1" {
		t.Fatalf("it leads to %s", to)
	}
	s.Follow(p).Is(http.StatusOK).Has("form[action='/studio/confirm'] input[type=password]").Has("input[name=next][value='" + tokens + "?x=1']").Lacks(".notice")

	lost := s.Follow(s.Post(tokens, "name", "Website", "scopes", "posts:read").Is(http.StatusSeeOther))
	lost.Has(".notice", "Nothing was changed")
	s.Post("/studio/confirm", "password", "not it at all", "next", tokens).Is(http.StatusUnprocessableEntity).Has("#password-error", "not your current password").Has("input[name=next][value='" + tokens + "']")
	s.Get(tokens).Is(http.StatusSeeOther)
	s.Follow(s.Post("/studio/confirm", "password", webtest.Password, "next", tokens)).Is(http.StatusOK).Has(".panel", "API tokens").Lacks(".row")
	s.DB.SetClock(start.Add(60 * time.Minute))
	s.Get(tokens).Is(http.StatusOK)
	s.DB.SetClock(start.Add(62 * time.Minute))
	s.Get(tokens).Is(http.StatusSeeOther)
	for _, next := range []string{"https://evil.example/", "//evil.example"} {
		if to := s.Post("/studio/confirm", "password", webtest.Password, "next", next).Header.Get("Location"); to != "/studio" {
			t.Errorf("%s leads to %s", next, to)
		}
	}
}

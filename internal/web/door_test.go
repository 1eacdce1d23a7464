package web_test

import (
	"net/http"
	"testing"

	"rapport/internal/installation"
	"rapport/internal/web/webtest"
)

func TestSignIn(t *testing.T) {
	s := webtest.New(t)
	s.SignOut()
	s.Get(s.Path()).Is(http.StatusSeeOther)
	s.Get("/studio/sign-in").Is(200).Has("form[action='/studio/sign-in'] input[type=password]")
	s.Post("/studio/sign-in", "email", "ada@example.com", "password", "not it at all").Is(http.StatusForbidden).
		Has(".notice", "wrong").Has("input[name=email][value='ada@example.com']").Lacks("input[name=password][value^=not]")
	p := s.Post("/studio/sign-in", "email", " ADA@example.com", "password", webtest.Password, "next", s.Path("hold")).Is(http.StatusSeeOther)
	if to := p.Header.Get("Location"); to != s.Path("hold") {
		t.Errorf("sign-in leads to %s", to)
	}
	s.Follow(p).Is(200).Has("h1", "Hold everything")
	s.Post("/studio/sign-out").Is(http.StatusSeeOther)
	s.Get(s.Path()).Is(http.StatusSeeOther)
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	s := webtest.New(t)
	for _, next := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "/studio/\\evil", "/studio/sign-in"} {
		s.SignOut()
		p := s.Post("/studio/sign-in", "email", "ada@example.com", "password", webtest.Password, "next", next).Is(http.StatusSeeOther)
		if to := p.Header.Get("Location"); to != "/studio" {
			t.Errorf("%s leads to %s", next, to)
		}
	}
}

func TestSetUp(t *testing.T) {
	s := webtest.Empty(t)
	code, err := installation.OfferSetup(t.Context(), s.DB)
	if err != nil {
		t.Fatal(err)
	}
	s.Follow(s.Get("/studio/sign-in")).Is(200).Has("h1", "Set up Rapport")
	in := []string{"code", "0000-0000-0000", "name", "Ada Lind", "email", "ada@example.com", "password", webtest.Password,
		"brand", "North & Söhne", "color", "#0f766e", "zone", "Europe/Berlin"}
	s.Post("/setup", in...).Is(http.StatusUnprocessableEntity).Has("#code-error", "not the code").
		Has("input[name=name][value='Ada Lind']").Has("input[name=brand][value='North & Söhne']").Has("option[value='Europe/Berlin'][selected]")
	in[1] = code
	in[9] = " "
	s.Post("/setup", in...).Is(http.StatusUnprocessableEntity).Has("#brand-error", "name").Lacks("#name-error")
	in[9] = "North & Söhne"
	first := s.Follow(s.Post("/setup", in...)).Is(200)
	first.Has("h1", "Today").Has(".toast", "set up").Has(".brand-button", "North & Söhne")
	s.Follow(s.Get("/setup")).Is(http.StatusSeeOther)
}

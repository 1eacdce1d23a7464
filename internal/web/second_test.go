package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/web/webtest"
)

const secondFactor = "/studio/account/second-factor"

// setUpSecond sets the second factor up by the page, and returns its key and
// the recovery codes.
func setUpSecond(t *testing.T, s *webtest.Site) (key string, codes []string) {
	t.Helper()
	p := s.Get(secondFactor).Is(http.StatusOK).Has("svg[role=img] path").Has("form[action='" + secondFactor + "'] input[name=code]")
	key = strings.ReplaceAll(p.Text("#second-key"), " ", "")
	s.Post(secondFactor, "code", "000000").Is(http.StatusUnprocessableEntity).Has("#code-error", "does not fit").Has("#second-key", p.Text("#second-key"))
	p = s.Post(secondFactor, "code", code(t, s, key)).Is(http.StatusOK).Has("a[download][href^='data:text/plain']")
	codes = strings.Fields(p.Text("#recovery-codes"))
	if len(codes) != 10 {
		t.Fatalf("codes %q", codes)
	}
	return key, codes
}

func code(t *testing.T, s *webtest.Site, key string) string {
	t.Helper()
	c, err := totp.GenerateCode(key, s.DB.Now().Time())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSecondFactor(t *testing.T) {
	s := webtest.New(t)
	start := s.DB.Now().Time()
	s.DB.SetClock(start)
	key, codes := setUpSecond(t, s)
	s.Get(secondFactor).Has(".facts", "set up", "10 are left").Lacks("#recovery-codes")

	s.SignOut()
	s.Get("/studio/sign-in/code").Is(http.StatusSeeOther)
	s.DB.SetClock(start.Add(time.Minute))
	p := s.Post("/studio/sign-in", "email", "ada@example.com", "password", webtest.Password, "next", s.Path("hold")).Is(http.StatusSeeOther)
	s.Follow(p).Is(http.StatusOK).Has("form[action='/studio/sign-in/code'] input[autocomplete=one-time-code]").Has("input[name=next][value='" + s.Path("hold") + "']")
	s.Get(s.Path()).Is(http.StatusSeeOther) // half a sign-in opens nothing
	s.Post("/studio/sign-in/code", "code", "123 456", "next", s.Path("hold")).Is(http.StatusUnprocessableEntity).Has("#code-error", "does not fit")
	s.Follow(s.Post("/studio/sign-in/code", "code", code(t, s, key), "next", s.Path("hold"))).Is(http.StatusOK).Has("h1", "Hold everything")

	s.SignOut()
	s.Post("/studio/sign-in", "email", "ada@example.com", "password", webtest.Password)
	s.Follow(s.Post("/studio/sign-in/code", "code", codes[3], "next", s.Path("hold"))).Has(".toast", "9 are left")

	// Half an hour later a code is asked in place of the password.
	s.DB.SetClock(start.Add(time.Hour))
	s.Follow(s.Get(s.Path("settings", "tokens"))).Has("input[name=code]").Lacks("input[name=password]")
	s.Post("/studio/confirm", "password", webtest.Password).Is(http.StatusUnprocessableEntity)
	s.Post("/studio/confirm", "code", code(t, s, key), "next", s.Path("settings", "tokens")).Is(http.StatusSeeOther)
	s.Get(s.Path("settings", "tokens")).Is(http.StatusOK)
	s.Post(secondFactor + "/codes").Is(http.StatusOK).Has("#recovery-codes")
	s.Follow(s.Post(secondFactor + "/off")).Is(http.StatusOK).Has("#second-key")
}

// Where a brand asks for a second factor, each of its pages is the way to one.
func TestABrandAsksForASecondFactor(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	s.DB.SetClock(s.DB.Now().Time())
	setUpSecond(t, s)
	if err := account.AskFactor(t.Context(), s.DB, s.Who(), s.Brand.ID, true); err != nil {
		t.Fatal(err)
	}
	bea := s.NewAccount("bea@example.com", "Bea")
	if err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		return account.Put(t.Context(), tx, bea.ID, access.Grant{Brand: s.Brand.ID, Role: access.Manager})
	}); err != nil {
		t.Fatal(err)
	}
	s.SignIn(bea)
	for _, path := range get(s, w) {
		p := s.Get(path).Is(http.StatusSeeOther)
		if to := p.Header.Get("Location"); !strings.HasPrefix(to, secondFactor) {
			t.Errorf("%s leads to %s", path, to)
		}
	}
	s.Post(s.Path("hold"), "reason", "x").Is(http.StatusSeeOther)
	s.Follow(s.Get(s.Path("posts"))).Has(".notice", "Your brand asks for this").Has("input[name=next][value='" + s.Path("posts") + "']")
	setUpSecond(t, s)
	s.Get(s.Path("posts")).Is(http.StatusOK)
	s.Post(secondFactor+"/off").Is(http.StatusConflict).Has(".notice", "so yours stays")
}

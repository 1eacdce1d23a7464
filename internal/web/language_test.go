package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"rapport/internal/web/webtest"
)

// asks gets a page with what a browser says of its reader's languages.
func asks(s *webtest.Site, path, languages string) *webtest.Page {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Language", languages)
	return s.Do(r)
}

func TestLanguageOfTheAccountGoesBeforeTheBrowsers(t *testing.T) {
	s := webtest.New(t)
	asks(s, s.Path(), "de-CH,de;q=0.9,en;q=0.5").Is(http.StatusOK).Has("html[lang=de]")
	asks(s, s.Path(), "tlh").Is(http.StatusOK).Has("html[lang=en]")
	asks(s, s.Path("settings", "account"), "fr").Has("form[action='/studio/language'] input[value=''][checked]")
	s.Post("/studio/language", "language", "tlh").Is(http.StatusUnprocessableEntity)
	s.Post("/studio/language", "language", "de").Is(http.StatusSeeOther)
	asks(s, s.Path("settings", "account"), "en").Has("html[lang=de]").Has(".toast", "Die Sprache ist gespeichert.").
		Has("form[action='/studio/language'] input[value=de][checked]")
	s.Post("/studio/language", "language", "").Is(http.StatusSeeOther)
	asks(s, s.Path(), "en").Has("html[lang=en]")
}

func TestFaultsAreInTheReadersLanguage(t *testing.T) {
	s := webtest.New(t)
	s.Post("/studio/language", "language", "de").Is(http.StatusSeeOther)
	s.Post(s.Path("settings", "account", "password"), "current", webtest.Password, "new", "short").Is(http.StatusUnprocessableEntity).
		Has("#new-error", "Wähle ein Passwort mit mindestens 10 Zeichen.")
	s.Get(s.Path("nowhere")).Is(http.StatusNotFound).Has("h1", "Hier ist nichts").Has("body", "Diese Seite gibt es nicht.")
}

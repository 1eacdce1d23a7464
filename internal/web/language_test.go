package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

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

// Every page of the walk speaks German to who reads German: nothing on it is
// the English of a message.
func TestGermanPagesSpeakGerman(t *testing.T) {
	english := englishOnly(t)
	delete(english, "Go")             // the language, on About
	delete(english, "North Roasters") // the example of a name, and the brand of the test
	for _, c := range append(walks(t), talks(t)) {
		for _, path := range c.paths {
			for _, said := range visible(t, asks(c.site, path, "de").Body) {
				if english[said] {
					t.Errorf("%s %s says %q", c.name, path, said)
				}
			}
		}
	}
}

// talks are the pages that the walk for axe-core leaves to tests of their own.
func talks(t *testing.T) walk {
	s := webtest.New(t)
	s.FillInbox()
	c := s.Talk("m1")
	return walk{"talks", s, []string{s.Path("inbox"), s.Path("inbox", c.ID), s.Path("calendar"), s.Path("calendar") + "?view=month",
		s.Path("calendar") + "?view=list", s.Path("search") + "?q=the", s.Path("people"), s.Path("palette") + "?q=x"}}
}

// englishOnly are the messages whose German is another text.
func englishOnly(t *testing.T) map[string]bool {
	t.Helper()
	names, err := filepath.Glob("../i18n/catalog/*.de.json")
	if err != nil || len(names) == 0 {
		t.Fatal("no German catalog", err)
	}
	out := map[string]bool{}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var all []struct{ ID, Other string }
		if err := json.Unmarshal(raw, &all); err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			if !strings.ContainsAny(m.ID, "{%") && m.ID != m.Other {
				out[m.ID] = true
			}
		}
	}
	return out
}

// visible are the texts of a page and of the attributes that people meet.
func visible(t *testing.T, page string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
			out = append(out, strings.TrimSpace(n.Data))
		}
		for _, a := range n.Attr {
			if slices.Contains([]string{"title", "aria-label", "placeholder", "alt", "data-tip"}, a.Key) {
				out = append(out, a.Val)
			}
		}
	}
	return out
}

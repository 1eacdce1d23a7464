package api_test

import (
	"strings"
	"testing"
)

// A person reads what a program shows them: the text follows Accept-Language,
// the code does not.
func TestProblemsInTheReadersLanguage(t *testing.T) {
	w := open(t)
	for _, c := range []struct{ method, path, body, code, english, german string }{
		{"GET", "/nowhere", "", "not_found", "There is nothing at this address.", "Unter dieser Adresse gibt es nichts."},
		{"POST", "/posts", `{"parts": 3}`, "invalid", "Some fields need another value.", "Einige Felder brauchen einen anderen Wert."},
		{"GET", "/posts/x", "", "not_found", "There is no such post.", "Diesen Beitrag gibt es nicht."},
	} {
		for language, want := range map[string]string{"": c.english, "de-AT": c.german, "tlh": c.english} {
			got := w.ask(request{method: c.method, path: c.path, body: c.body, token: w.north.token, header: map[string]string{"Accept-Language": language}})
			if text := got.text(t, "detail"); !strings.HasPrefix(text, want) || got.text(t, "code") != c.code {
				t.Errorf("%s in %q: %s, want %q", c.path, language, got.body, want)
			}
		}
	}
}

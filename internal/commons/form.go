package commons

import (
	"crypto/rand"
	"net/http"
	"strings"

	"golang.org/x/net/html"

	"rapport/internal/web/entry"
)

type form = entry.Form

var fill = entry.Fill

func readForm(r *http.Request) (form, error) { return entry.Read(r, nil) }

// newOnce names a form, so that what is sent twice is written once.
func newOnce() string { return strings.ToLower(rand.Text()) }

// plainOf is the text of a reply's HTML.
func plainOf(markup string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(b.String())
		case html.TextToken:
			b.Write(z.Text())
			b.WriteByte(' ')
		}
	}
}

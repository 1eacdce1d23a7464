package web

import (
	"net/http"
	"strings"

	"rapport/internal/web/entry"
)

type form = entry.Form

var (
	blank    = entry.Blank
	fill     = entry.Fill
	keepable = entry.Keepable
)

// read takes the form of a request.
func read(r *http.Request) (form, error) { return entry.Read(r, composed) }

// composed reports whether a field is a text of the composer, which says
// itself what is wrong with a text and shows it again.
func composed(name string) bool {
	return strings.HasPrefix(name, "text.") || strings.HasPrefix(name, "alt.") || strings.HasPrefix(name, "was.")
}

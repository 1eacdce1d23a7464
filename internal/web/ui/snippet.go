package ui

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"

	"rapport/internal/search"
)

// Snippet is a piece of a text with what was found in it, without a blank that
// is not in the text.
func Snippet(s search.Snippet) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		if s.Before {
			b.WriteString("…")
		}
		for _, piece := range s.Pieces() {
			text := templ.EscapeString(piece.Text)
			if piece.Found {
				text = "<mark>" + text + "</mark>"
			}
			b.WriteString(text)
		}
		if s.After {
			b.WriteString("…")
		}
		_, err := io.WriteString(w, b.String())
		return err
	})
}

package studio

import (
	"net/http"

	"rapport/internal/web/ui"
)

// themeCSS is the brand's own stylesheet: its accent and the hue of its greys.
// Its address changes with the colour, so browsers keep it.
func (s *Studio) themeCSS(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	_, _ = w.Write([]byte(ui.ThemeCSS(At(r).Brand.Color))) // the reader has gone; nobody is left to tell
	return nil
}

package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"rapport/internal/media"
)

// square is a small picture's place on a strip, which a page loads with one
// request for many pictures. Its zero value is no picture.
type square struct {
	Src    string // address of the strip
	At, Of int
}

// squares finds a place for each picture, in the order of the ids; "" is none.
func squares(slug string, ids []string) []square {
	strip := distinct(slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" }))
	out := make([]square, len(ids))
	for i, id := range ids {
		at := slices.Index(strip, id)
		if at < 0 {
			continue
		}
		first := at - at%media.SheetMost
		on := strip[first:min(first+media.SheetMost, len(strip))]
		out[i] = square{Src: stripURL(slug, on), At: at - first, Of: len(on)}
	}
	return out
}

func stripURL(slug string, ids []string) string {
	return studio(slug, "media", "strip") + "?ids=" + strings.Join(ids, ",")
}

// squareBox is the part of the strip that shows one picture.
func squareBox(at int) string {
	return fmt.Sprintf("%d 0 %d %d", at*media.SheetSide, media.SheetSide, media.SheetSide)
}

// mediaStrip draws the pictures that are asked for as one.
func (p *Pages) mediaStrip(w http.ResponseWriter, r *http.Request) error {
	v := at(r)
	sheet, err := p.Media.Sheet(r.Context(), v.Who, v.Brand.ID, strings.Split(r.URL.Query().Get("ids"), ","))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "private, max-age=3600")
	_, _ = w.Write(sheet) // the reader has gone; nobody is left to tell
	return nil
}

package web

import (
	"fmt"
	"slices"
	"strings"

	"rapport/internal/media"
	"rapport/internal/post"
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

// stripURL is the address of a strip of pictures, in this order.
func stripURL(slug string, ids []string) string {
	return studio(slug, "media", "strip") + "?ids=" + strings.Join(ids, ",")
}

// squareBox is the part of the strip that shows one picture.
func squareBox(at int) string {
	return fmt.Sprintf("%d 0 %d %d", at*media.SheetSide, media.SheetSide, media.SheetSide)
}

// pictureURL is the address of a picture's file. It changes with the picture,
// so browsers keep what they have.
func pictureURL(slug string, m media.Media, size string) string {
	return studio(slug, "media", m.ID, "file") + fmt.Sprintf("?size=%s&v=%dx%d-%d", size, m.Width, m.Height, m.Bytes)
}

// thumb is the address of a small picture.
func thumb(slug, id string) string { return studio(slug, "media", id, "file") + "?size=thumb" }

// firstPicture is the id of the first picture; "" for none.
func firstPicture(b post.Body) string {
	for _, part := range b.Parts {
		if len(part.Media) > 0 {
			return part.Media[0]
		}
	}
	return ""
}

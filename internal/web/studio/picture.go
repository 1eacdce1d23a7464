package studio

import (
	"fmt"
	"slices"
	"strings"

	"rapport/internal/media"
	"rapport/internal/post"
)

// Square is a small picture's place on a strip, which a page loads with one
// request for many pictures. Its zero value is no picture.
type Square struct {
	Src    string // address of the strip
	At, Of int
}

// Squares finds a place for each picture, in the order of the ids; "" is none.
func Squares(slug string, ids []string) []Square {
	strip := Distinct(slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" }))
	out := make([]Square, len(ids))
	for i, id := range ids {
		at := slices.Index(strip, id)
		if at < 0 {
			continue
		}
		first := at - at%media.SheetMost
		on := strip[first:min(first+media.SheetMost, len(strip))]
		out[i] = Square{Src: StripURL(slug, on), At: at - first, Of: len(on)}
	}
	return out
}

// StripURL is the address of a strip of pictures, in this order.
func StripURL(slug string, ids []string) string {
	return Path(slug, "media", "strip") + "?ids=" + strings.Join(ids, ",")
}

// squareBox is the part of the strip that shows one picture.
func squareBox(at int) string {
	return fmt.Sprintf("%d 0 %d %d", at*media.SheetSide, media.SheetSide, media.SheetSide)
}

// PictureURL is the address of a picture's file. It changes with the picture,
// so browsers keep what they have.
func PictureURL(slug string, m media.Media, size string) string {
	return Path(slug, "media", m.ID, "file") + fmt.Sprintf("?size=%s&v=%dx%d-%d", size, m.Width, m.Height, m.Bytes)
}

// Thumb is the address of a small picture.
func Thumb(slug, id string) string { return Path(slug, "media", id, "file") + "?size=thumb" }

// FirstPicture is the id of the first picture; "" for none.
func FirstPicture(b post.Body) string {
	for _, part := range b.Parts {
		if len(part.Media) > 0 {
			return part.Media[0]
		}
	}
	return ""
}

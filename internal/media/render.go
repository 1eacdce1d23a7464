package media

import (
	"bytes"
	"context"
	"image"
	"strings"

	"rapport/internal/fault"
	"rapport/internal/media/picture"
)

const (
	fullSide  = 4096 // longest side of what is kept
	thumbSide = 480
)

// Rect is a part of a picture in pixels, from its upper left corner.
type Rect struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

// bounds refuses what image.Rect would silently turn into another part.
func (r Rect) bounds() (image.Rectangle, error) {
	const most = picture.MaxSide
	if r.X < 0 || r.Y < 0 || r.X > most || r.Y > most || r.Width < 1 || r.Height < 1 || r.Width > most || r.Height > most {
		return image.Rectangle{}, fault.OnField("crop", "Choose a part that lies within the picture.")
	}
	return image.Rect(r.X, r.Y, r.X+r.Width, r.Y+r.Height), nil
}

// rendition is a picture in both sizes, as it is kept.
type rendition struct {
	full, thumb picture.Result
}

// render draws the picture, or the part of it that is not empty, in both
// sizes.
func render(ctx context.Context, src []byte, part image.Rectangle) (r rendition, err error) {
	if r.full, err = picture.Process(ctx, bytes.NewReader(src), picture.Options{MaxSide: fullSide, Crop: part}); err == nil {
		r.thumb, err = picture.Process(ctx, bytes.NewReader(r.full.Bytes), picture.Options{MaxSide: thumbSide, Passing: true})
	}
	return r, err
}

// ending is the end of a file's name for a MIME type: ".jpeg".
func ending(mime string) string { return "." + strings.TrimPrefix(mime, "image/") }

package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"

	"golang.org/x/image/draw"
)

var blank = image.NewUniform(color.Gray{Y: 0xc8})

// Sheet draws pictures side by side, each cut to the square in its middle and
// scaled to that many pixels, as one JPEG. A nil reader leaves a blank. They
// must be small ones that Process has written: their size is not checked.
func Sheet(pictures []io.Reader, side int) ([]byte, error) {
	sheet := image.NewRGBA(image.Rect(0, 0, side*max(1, len(pictures)), side))
	draw.Draw(sheet, sheet.Bounds(), blank, image.Point{}, draw.Src)
	for i, r := range pictures {
		if r == nil {
			continue
		}
		img, _, err := image.Decode(r)
		if err != nil {
			return nil, fmt.Errorf("picture: sheet: %w", err)
		}
		draw.BiLinear.Scale(sheet, image.Rect(i*side, 0, (i+1)*side, side), img, middle(img.Bounds()), draw.Over, nil)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, sheet, &jpeg.Options{Quality: PassingQuality}); err != nil {
		return nil, fmt.Errorf("picture: sheet: %w", err)
	}
	return out.Bytes(), nil
}

// middle is the largest square in the middle.
func middle(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	at := image.Pt(r.Min.X+(r.Dx()-side)/2, r.Min.Y+(r.Dy()-side)/2)
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}
}

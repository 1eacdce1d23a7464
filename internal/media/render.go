package media

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // read here, never written
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // read here, never written

	"rapport/internal/fault"
)

const (
	mostBytes  = 20 << 20
	mostPixels = 50_000_000
	fullSide   = 4096 // longest side of what is kept
	thumbSide  = 480
	quality    = 88
)

// Rect is a part of a picture in pixels, from its upper left corner.
type Rect struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

// rendition is a picture as it is kept: drawn anew, so that nothing but the
// pixels of the file is left.
type rendition struct {
	full, thumb   []byte
	mime, ext     string
	width, height int
	color         string
}

// turns bounds the memory that decoded pictures take together.
var turns = make(chan struct{}, 2)

// render draws the picture, or a part of it, in both sizes.
func render(src []byte, crop *Rect) (rendition, error) {
	turns <- struct{}{}
	defer func() { <-turns }()
	img, err := decode(src)
	if err != nil {
		return rendition{}, err
	}
	if crop != nil {
		if img, err = cut(img, *crop); err != nil {
			return rendition{}, err
		}
	}
	full := shrink(img, fullSide)
	r := rendition{mime: "image/jpeg", ext: ".jpg", width: full.Bounds().Dx(), height: full.Bounds().Dy(), color: average(full)}
	if !full.Opaque() {
		r.mime, r.ext = "image/png", ".png"
	}
	if r.full, err = encode(full, r.mime); err == nil {
		r.thumb, err = encode(shrink(full, thumbSide), r.mime)
	}
	return r, err
}

func decode(src []byte) (image.Image, error) {
	if len(src) > mostBytes {
		return nil, fault.OnField("file", "Choose a picture of at most %d MB.", mostBytes>>20)
	}
	cfg, _, err := image.DecodeConfig(bytes.NewReader(src))
	if err != nil {
		return nil, fault.OnField("file", "This is no picture that can be used. Choose a JPEG, PNG, GIF or WebP file.")
	}
	if cfg.Width <= 0 || cfg.Height <= 0 || int64(cfg.Width)*int64(cfg.Height) > mostPixels {
		return nil, fault.OnField("file", "Choose a picture of at most %d megapixels; this one has %d × %d.", mostPixels/1_000_000, cfg.Width, cfg.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(src))
	if err != nil {
		return nil, fault.OnField("file", "This picture is damaged. Open it, save it again and try once more.")
	}
	return img, nil
}

func cut(img image.Image, r Rect) (image.Image, error) {
	b := img.Bounds()
	part := image.Rect(r.X, r.Y, r.X+r.Width, r.Y+r.Height).Add(b.Min)
	if r.Width < 1 || r.Height < 1 || !part.In(b) {
		return nil, fault.OnField("crop", "Choose a part that lies within the picture, which has %d × %d pixels.", b.Dx(), b.Dy())
	}
	out := image.NewNRGBA(image.Rect(0, 0, r.Width, r.Height))
	draw.Draw(out, out.Bounds(), img, part.Min, draw.Src)
	return out, nil
}

func shrink(img image.Image, side int) *image.NRGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if longest := max(w, h); longest > side {
		w, h = max(1, w*side/longest), max(1, h*side/longest)
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Bounds(), img, img.Bounds(), draw.Src, nil)
	return out
}

func encode(img image.Image, mime string) ([]byte, error) {
	var b bytes.Buffer
	var err error
	if mime == "image/png" {
		err = png.Encode(&b, img)
	} else {
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
	}
	if err != nil {
		return nil, fmt.Errorf("media: encode: %w", err)
	}
	return b.Bytes(), nil
}

func average(img *image.NRGBA) string {
	dot := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	draw.ApproxBiLinear.Scale(dot, dot.Bounds(), img, img.Bounds(), draw.Src, nil)
	c := color.NRGBAModel.Convert(dot.At(0, 0)).(color.NRGBA)
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

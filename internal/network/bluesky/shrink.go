package bluesky

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"

	"golang.org/x/image/draw"

	"rapport/internal/network"
)

const (
	mostSource = 32 << 20   // bytes of a picture that is made smaller
	mostPixels = 64_000_000 // and what it may unfold to
)

// sizes are tried in order until one fits: what Bluesky's own program sends
// first, then smaller and plainer.
var sizes = []struct{ side, quality int }{{2000, 88}, {2000, 75}, {1600, 70}, {1000, 60}, {600, 50}}

// fitting is the picture as Bluesky takes it: as it is, or made smaller.
func (n *Network) fitting(ctx context.Context, m network.Media) (mime string, content []byte, err error) {
	file, err := m.Open(ctx)
	if err != nil {
		return "", nil, fmt.Errorf("bluesky: open picture: %w", err)
	}
	defer file.Close()
	content, err = io.ReadAll(io.LimitReader(file, mostSource+1))
	if err != nil {
		return "", nil, fmt.Errorf("bluesky: read picture: %w", err)
	}
	if len(content) <= mostImage {
		return m.Mime, content, nil
	}
	// One at a time: a large picture unfolds to many megabytes.
	n.shrinking.Lock()
	defer n.shrinking.Unlock()
	content, mime, ok := shrunk(content)
	if !ok {
		return "", nil, &network.Error{Verdict: network.Refused, Status: http.StatusRequestEntityTooLarge,
			Text: fmt.Sprintf("Make %s smaller: Bluesky takes pictures of 2 MB at most.", m.Name)}
	}
	return mime, content, nil
}

// shrunk makes a picture of at most mostImage bytes, a JPEG unless something in
// it is transparent and it fits all the same.
func shrunk(content []byte) (small []byte, mime string, ok bool) {
	size, _, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil || len(content) > mostSource || size.Width*size.Height > mostPixels {
		return nil, "", false
	}
	whole, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, "", false
	}
	for _, s := range sizes {
		img := scaled(whole, s.side)
		if !img.Opaque() {
			if small, err := encoded(func(w io.Writer) error { return png.Encode(w, img) }); err == nil && len(small) <= mostImage {
				return small, "image/png", true
			}
			img = onWhite(img)
		}
		small, err := encoded(func(w io.Writer) error { return jpeg.Encode(w, img, &jpeg.Options{Quality: s.quality}) })
		if err == nil && len(small) <= mostImage {
			return small, "image/jpeg", true
		}
	}
	return nil, "", false
}

func encoded(write func(io.Writer) error) ([]byte, error) {
	var out bytes.Buffer
	err := write(&out)
	return out.Bytes(), err
}

func scaled(img image.Image, side int) *image.NRGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if longer := max(w, h); longer > side {
		w, h = max(1, w*side/longer), max(1, h*side/longer)
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Bounds(), img, img.Bounds(), draw.Src, nil)
	return out
}

func onWhite(img *image.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(img.Bounds())
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(out, out.Bounds(), img, image.Point{}, draw.Over)
	return out
}

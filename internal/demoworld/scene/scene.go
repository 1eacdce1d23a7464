// Package scene draws the demo brand's pictures: cups, harbours, hills,
// posters, all from shapes and a few colours. The same picture is always drawn
// the same. It knows nothing of posts or of the brand.
package scene

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
)

// Picture is one picture that can be drawn.
type Picture struct {
	Name    string // also of its file
	Alt     string // what it shows, for those who do not see it
	Kind    string // what it is good for, in a word: cup, rain, place, farm, craft, pattern …
	draw    func(*sheet)
	palette palette
	words   [3]string // on a poster
}

// palette is a picture's few colours.
type palette struct {
	back, deep, main, warm, light color.RGBA
}

var (
	petrol = palette{hex(0xE9E2D3), hex(0x0F3B45), hex(0x1C6470), hex(0xD98B4A), hex(0xF7F2E7)}
	clay   = palette{hex(0xF0DFCB), hex(0x4A241A), hex(0xB4532F), hex(0xE9A15B), hex(0xFBF4E8)}
	sage   = palette{hex(0xDDE3D3), hex(0x25382B), hex(0x5E8063), hex(0xD9A441), hex(0xF6F5EA)}
	dusk   = palette{hex(0x2B3350), hex(0x171C31), hex(0x5B5F8D), hex(0xF0A36B), hex(0xF8E7D0)}
	rose   = palette{hex(0xF2DAD3), hex(0x54252F), hex(0xB5606B), hex(0xE8B04F), hex(0xFDF5F0)}
	snow   = palette{hex(0xDCE7EC), hex(0x1E3A4C), hex(0x6E97AB), hex(0xE2975B), hex(0xFAFCFC)}
	sun    = palette{hex(0xF6D88F), hex(0x5B2E12), hex(0xDD7B35), hex(0xC9472F), hex(0xFFF6DD)}
)

// The colours that a coffee has in every palette.
var (
	coffee = hex(0x3B2117)
	crema  = hex(0x8A5532)
	milk   = hex(0xF3E4CE)
	bean   = hex(0x5A3421)
	shadow = color.RGBA{0, 0, 0, 38}
)

var bold = func() *opentype.Font {
	f, err := opentype.Parse(gobold.TTF)
	if err != nil {
		panic(err) // it is part of the program
	}
	return f
}()

// sheet is what a scene draws on.
type sheet struct {
	*canvas
	palette
	words [3]string
	luck  *rand.Rand
	err   error
}

// between is a number by chance, the same at every drawing.
func (s *sheet) between(low, high float64) float64 { return low + (high-low)*s.luck.Float64() }

// Draw draws the picture at a width; its height is three quarters of that.
func (p Picture) Draw(width int) (*image.RGBA, error) {
	var seed uint64
	for _, r := range p.Name {
		seed = seed*131 + uint64(r)
	}
	s := &sheet{canvas: newCanvas(width), palette: p.palette, words: p.words, luck: rand.New(rand.NewPCG(seed, 7))}
	p.draw(s)
	if s.err != nil {
		return nil, fmt.Errorf("scene: draw %s: %w", p.Name, s.err)
	}
	return s.img, nil
}

// JPEG draws the picture and encodes it, in a quality of 1 to 100.
func (p Picture) JPEG(width, quality int) ([]byte, error) {
	img, err := p.Draw(width)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("scene: encode %s: %w", p.Name, err)
	}
	return b.Bytes(), nil
}

// Tone is the colour that stands for the picture until it is there: #rrggbb.
func (p Picture) Tone() string {
	c := p.palette.back
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

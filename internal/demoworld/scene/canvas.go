package scene

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Scenes are drawn in units of a picture 1200 wide and 900 high.
const (
	wide = 1200.0
	high = 900.0
)

type point struct{ x, y float64 }

// shape is a closed outline of straight lines. Curves are cut fine enough to
// look round at the largest size.
type shape []point

type canvas struct {
	img    *image.RGBA
	scale  float64 // pixels to a unit
	raster vector.Rasterizer
}

func newCanvas(width int) *canvas {
	scale := float64(width) / wide
	return &canvas{img: image.NewRGBA(image.Rect(0, 0, width, int(math.Round(high*scale)))), scale: scale}
}

// fill paints a shape. Only its own surroundings are rasterised.
func (c *canvas) fill(col color.RGBA, shapes ...shape) {
	for _, s := range shapes {
		c.fillOne(col, s)
	}
}

func (c *canvas) fillOne(col color.RGBA, s shape) {
	box := c.box(s).Intersect(c.img.Bounds())
	if box.Empty() || len(s) < 3 {
		return
	}
	c.raster.Reset(box.Dx(), box.Dy())
	at := func(p point) (float32, float32) {
		return float32(p.x*c.scale) - float32(box.Min.X), float32(p.y*c.scale) - float32(box.Min.Y)
	}
	x, y := at(s[0])
	c.raster.MoveTo(x, y)
	for _, p := range s[1:] {
		c.raster.LineTo(at(p))
	}
	c.raster.ClosePath()
	c.raster.Draw(c.img, box, image.NewUniform(col), image.Point{})
}

func (c *canvas) box(s shape) image.Rectangle {
	low, top := math.Inf(1), math.Inf(1)
	right, bottom := math.Inf(-1), math.Inf(-1)
	for _, p := range s {
		low, right = min(low, p.x), max(right, p.x)
		top, bottom = min(top, p.y), max(bottom, p.y)
	}
	if len(s) == 0 {
		return image.Rectangle{}
	}
	px := func(v float64) float64 { return v * c.scale }
	return image.Rect(int(math.Floor(px(low))), int(math.Floor(px(top))), int(math.Ceil(px(right)))+1, int(math.Ceil(px(bottom)))+1)
}

// fade paints the rows from y0 to y1 from one colour to another.
func (c *canvas) fade(y0, y1 float64, from, to color.RGBA) {
	b := c.img.Bounds()
	first, last := int(y0*c.scale), min(int(math.Ceil(y1*c.scale)), b.Dy())
	for y := max(first, 0); y < last; y++ {
		t := float64(y-first) / max(float64(last-first), 1)
		draw.Draw(c.img, image.Rect(0, y, b.Dx(), y+1), image.NewUniform(mix(from, to, t)), image.Point{}, draw.Src)
	}
}

// glow lights a round spot, brightest in its middle.
func (c *canvas) glow(at point, radius float64, col color.RGBA, strength float64) {
	r := radius * c.scale
	x0, y0 := at.x*c.scale, at.y*c.scale
	box := image.Rect(int(x0-r), int(y0-r), int(x0+r)+1, int(y0+r)+1).Intersect(c.img.Bounds())
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			d := math.Hypot(float64(x)-x0, float64(y)-y0) / r
			if d < 1 {
				t := (1 - d) * (1 - d) * strength
				c.img.SetRGBA(x, y, mix(c.img.RGBAAt(x, y), col, t))
			}
		}
	}
}

// write sets a line of text with its left end and baseline there.
func (c *canvas) write(at point, size float64, col color.RGBA, text string) error {
	face, err := opentype.NewFace(bold, &opentype.FaceOptions{Size: size * c.scale, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return err
	}
	defer face.Close()
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(col), Face: face,
		Dot: fixed.Point26_6{X: fixed.Int26_6(at.x * c.scale * 64), Y: fixed.Int26_6(at.y * c.scale * 64)}}
	d.DrawString(text)
	return nil
}

func ellipse(x, y, rx, ry float64) shape { return arc(x, y, rx, ry, 0, 2*math.Pi) }

func circle(x, y, r float64) shape { return ellipse(x, y, r, r) }

// arc is a part of an ellipse, closed by its chord; angles run clockwise from
// the right.
func arc(x, y, rx, ry, from, to float64) shape {
	n := max(8, int(max(rx, ry)*math.Abs(to-from)/5))
	out := make(shape, 0, n+1)
	for i := range n + 1 {
		a := from + (to-from)*float64(i)/float64(n)
		out = append(out, point{x + rx*math.Cos(a), y + ry*math.Sin(a)})
	}
	return out
}

// pie is a sector of a circle.
func pie(x, y, r, from, to float64) shape { return append(arc(x, y, r, r, from, to), point{x, y}) }

func rect(x, y, w, h float64) shape {
	return shape{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}
}

func rounded(x, y, w, h, r float64) shape {
	var out shape
	out = append(out, arc(x+w-r, y+r, r, r, -math.Pi/2, 0)...)
	out = append(out, arc(x+w-r, y+h-r, r, r, 0, math.Pi/2)...)
	out = append(out, arc(x+r, y+h-r, r, r, math.Pi/2, math.Pi)...)
	return append(out, arc(x+r, y+r, r, r, math.Pi, 3*math.Pi/2)...)
}

// turned rotates a shape clockwise around a point.
func (s shape) turned(angle float64, around point) shape {
	sin, cos := math.Sincos(angle)
	out := make(shape, len(s))
	for i, p := range s {
		dx, dy := p.x-around.x, p.y-around.y
		out[i] = point{around.x + dx*cos - dy*sin, around.y + dx*sin + dy*cos}
	}
	return out
}

func (s shape) moved(dx, dy float64) shape {
	out := make(shape, len(s))
	for i, p := range s {
		out[i] = point{p.x + dx, p.y + dy}
	}
	return out
}

// ribbon is a line of some width along f from 0 to 1.
func ribbon(n int, width func(t float64) float64, f func(t float64) point) shape {
	left, right := make(shape, 0, 2*n+2), make(shape, 0, n+1)
	for i := range n + 1 {
		t := float64(i) / float64(n)
		a, b := f(max(t-0.01, 0)), f(min(t+0.01, 1))
		p, long := f(t), math.Hypot(b.x-a.x, b.y-a.y)
		nx, ny := -(b.y-a.y)/long, (b.x-a.x)/long
		w := width(t) / 2
		left = append(left, point{p.x + nx*w, p.y + ny*w})
		right = append(right, point{p.x - nx*w, p.y - ny*w})
	}
	for i := len(right) - 1; i >= 0; i-- {
		left = append(left, right[i])
	}
	return left
}

func even(w float64) func(float64) float64 { return func(float64) float64 { return w } }

// line is a straight stroke.
func line(a, b point, width float64) shape {
	return ribbon(1, even(width), func(t float64) point { return point{a.x + (b.x-a.x)*t, a.y + (b.y-a.y)*t} })
}

// ring is a stroke around an ellipse, from one angle to another.
func ring(x, y, rx, ry, width, from, to float64) shape {
	n := max(12, int(max(rx, ry)*math.Abs(to-from)/5))
	return ribbon(n, even(width), func(t float64) point {
		a := from + (to-from)*t
		return point{x + rx*math.Cos(a), y + ry*math.Sin(a)}
	})
}

// leaf is pointed at both ends, lying to the right of its foot.
func leaf(foot point, long, thick, angle float64) shape {
	var out shape
	for i := range 25 {
		t := float64(i) / 24
		out = append(out, point{foot.x + long*t, foot.y - thick*math.Sin(math.Pi*math.Pow(t, 0.85))})
	}
	for i := range 25 {
		t := 1 - float64(i)/24
		out = append(out, point{foot.x + long*t, foot.y + thick*math.Sin(math.Pi*math.Pow(t, 0.85))})
	}
	return out.turned(angle, foot)
}

func mix(a, b color.RGBA, t float64) color.RGBA {
	f := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + (float64(y)-float64(x))*t)) }
	return color.RGBA{f(a.R, b.R), f(a.G, b.G), f(a.B, b.B), 255}
}

// thin makes a colour see-through; colours are stored premultiplied.
func thin(c color.RGBA, t float64) color.RGBA {
	f := func(x uint8) uint8 { return uint8(math.Round(float64(x) * t)) }
	return color.RGBA{f(c.R), f(c.G), f(c.B), f(255)}
}

func hex(v uint32) color.RGBA { return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255} }

package picture

import (
	"image"
	"image/draw"
	"math"
)

// scaled draws a part of src at the size of dst, by the same curve as CatmullRom
// of golang.org/x/image/draw. It reads src line by line and keeps only the lines
// that the next one of dst is made of: the whole between both ways of scaling
// would take more than the picture itself.
func scaled(dst *image.NRGBA, src image.Image, part image.Rectangle) {
	w, h := dst.Bounds().Dx(), dst.Bounds().Dy()
	across, down := spans(w, part.Dx()), spans(h, part.Dy())
	lines := make([][]float32, most(down))
	for i := range lines {
		lines[i] = make([]float32, 4*w)
	}
	from, sum := newLine(src, part), make([]float32, 4*w)
	read := 0
	for y, d := range down {
		for ; read < d.first+len(d.weights); read++ {
			squeeze(lines[read%len(lines)], from.at(read), across)
		}
		clear(sum)
		for i, weight := range d.weights {
			for x, v := range lines[(d.first+i)%len(lines)] {
				sum[x] += weight * v
			}
		}
		put(dst.Pix[y*dst.Stride:][:4*w], sum)
	}
}

// span is which pixels one is made of, and how much of each.
type span struct {
	first   int
	weights []float32
}

func most(all []span) int {
	n := 1
	for _, s := range all {
		n = max(n, len(s.weights))
	}
	return n
}

// spans are those of to pixels made of from.
func spans(to, from int) []span {
	const support = 2.0
	scale := float64(from) / float64(to)
	wide := max(scale, 1)
	all := make([]span, to)
	for i := range all {
		centre := (float64(i)+0.5)*scale - 0.5
		first, end := max(int(math.Floor(centre-support*wide)), 0), min(int(math.Ceil(centre+support*wide)), from)
		weights, total := make([]float32, end-first), 0.0
		for j := range weights {
			total += curve(math.Abs(centre-float64(first+j)) / wide)
		}
		for j := range weights {
			weights[j] = float32(curve(math.Abs(centre-float64(first+j))/wide) / total)
		}
		all[i] = span{first, weights}
	}
	return all
}

// curve is the one of Catmull and Rom.
func curve(t float64) float64 {
	switch {
	case t < 1:
		return (1.5*t-2.5)*t*t + 1
	case t < 2:
		return ((-0.5*t+2.5)*t-4)*t + 2
	}
	return 0
}

// squeeze makes a line of dst's width of one of the source's.
func squeeze(dst, src []float32, across []span) {
	for x, s := range across {
		var r, g, b, a float32
		at := src[4*s.first:]
		for i, weight := range s.weights {
			p := at[4*i : 4*i+4 : 4*i+4]
			r, g, b, a = r+weight*p[0], g+weight*p[1], b+weight*p[2], a+weight*p[3]
		}
		dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = r, g, b, a
	}
}

// line reads a picture line by line, with colours that alpha is multiplied into.
type line struct {
	src  image.Image
	part image.Rectangle
	one  *image.RGBA
	out  []float32
}

func newLine(src image.Image, part image.Rectangle) line {
	return line{src, part, image.NewRGBA(image.Rect(0, 0, part.Dx(), 1)), make([]float32, 4*part.Dx())}
}

func (l line) at(y int) []float32 {
	if img, ok := l.src.(*image.NRGBA); ok { // in eighths of a byte nothing of a faint colour would be left
		pix := img.Pix[img.PixOffset(l.part.Min.X, l.part.Min.Y+y):][:len(l.out)]
		for i := 0; i < len(pix); i += 4 {
			a := float32(pix[i+3]) / 0xff
			l.out[i], l.out[i+1], l.out[i+2], l.out[i+3] = a*float32(pix[i]), a*float32(pix[i+1]), a*float32(pix[i+2]), float32(pix[i+3])
		}
		return l.out
	}
	draw.Draw(l.one, l.one.Bounds(), l.src, l.part.Min.Add(image.Pt(0, y)), draw.Src)
	for i, v := range l.one.Pix {
		l.out[i] = float32(v)
	}
	return l.out
}

// put writes a line with colours that alpha is taken out of again.
func put(pix []uint8, sum []float32) {
	for i := 0; i < len(pix); i += 4 {
		a := min(max(sum[i+3], 0), 0xff)
		pix[i+3] = uint8(a + 0.5)
		if pix[i+3] == 0 {
			pix[i], pix[i+1], pix[i+2] = 0, 0, 0
			continue
		}
		for c := range 3 {
			pix[i+c] = uint8(min(max(sum[i+c]*0xff/a, 0), 0xff) + 0.5)
		}
	}
}

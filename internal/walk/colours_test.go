package walk_test

import (
	"image"
	"image/color"
	"math"
	"slices"
)

// shade is a colour and how many pixels have it.
type shade struct {
	rgb   [3]uint8
	count int
}

// box is a set of shades that become one colour.
type box struct {
	all   []shade
	side  int // which of red, green and blue varies most
	width int
	count int
}

func histogram(img image.Image) []shade {
	counts := map[[3]uint8]int{}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			counts[[3]uint8{c.R, c.G, c.B}]++
		}
	}
	out := make([]shade, 0, len(counts))
	for rgb, n := range counts {
		out = append(out, shade{rgb, n})
	}
	return out
}

func boxOf(all []shade) box {
	b := box{all: all}
	for side := range 3 {
		least, most := uint8(255), uint8(0)
		for _, s := range all {
			least, most = min(least, s.rgb[side]), max(most, s.rgb[side])
		}
		if w := int(most) - int(least); w > b.width {
			b.side, b.width = side, w
		}
	}
	for _, s := range all {
		b.count += s.count
	}
	return b
}

// weight lets a wide box of few pixels come before a narrow one of many.
func (b box) weight() float64 {
	if len(b.all) < 2 {
		return 0
	}
	return float64(b.width*b.width) * math.Sqrt(float64(b.count))
}

// split parts the box at the mean of its widest side.
func (b box) split() (box, box) {
	slices.SortFunc(b.all, func(x, y shade) int { return int(x.rgb[b.side]) - int(y.rgb[b.side]) })
	mid := (int(b.all[0].rgb[b.side]) + int(b.all[len(b.all)-1].rgb[b.side]) + 1) / 2
	at := slices.IndexFunc(b.all, func(s shade) bool { return int(s.rgb[b.side]) >= mid })
	at = max(1, at)
	return boxOf(b.all[:at]), boxOf(b.all[at:])
}

// mean is the colour that most of the box's pixels have nearly; a page's
// surface, which is most of a box, stays exactly itself.
func (b box) mean() color.Color {
	top := slices.MaxFunc(b.all, func(x, y shade) int { return x.count - y.count })
	if top.count*2 > b.count {
		return color.NRGBA{top.rgb[0], top.rgb[1], top.rgb[2], 255}
	}
	var sum [3]int
	for _, s := range b.all {
		for i := range 3 {
			sum[i] += int(s.rgb[i]) * s.count
		}
	}
	return color.NRGBA{uint8(sum[0] / b.count), uint8(sum[1] / b.count), uint8(sum[2] / b.count), 255}
}

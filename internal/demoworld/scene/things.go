package scene

import (
	"image/color"
	"math"
)

// drawBean draws one coffee bean.
func (s *sheet) drawBean(at point, size, angle float64, col color.RGBA) {
	s.fill(thin(hex(0), 0.14), ellipse(at.x, at.y, size, size*0.66).turned(angle, at).moved(size*0.1, size*0.16))
	s.fill(col, ellipse(at.x, at.y, size, size*0.66).turned(angle, at))
	s.fill(thin(hex(0xFFFFFF), 0.10), ellipse(at.x-size*0.1, at.y-size*0.24, size*0.7, size*0.3).turned(angle, at))
	seam := ribbon(14, even(size*0.11), func(t float64) point {
		return point{at.x - size*0.88 + 1.76*size*t, at.y + size*0.14*math.Sin(t*2*math.Pi)}
	})
	s.fill(mix(col, hex(0x140904), 0.55), seam.turned(angle, at))
}

// steam rises from a place in two or three curls.
func (s *sheet) steam(x, y, tall float64, col color.RGBA) {
	for i := range 3 {
		sway, lean := s.between(16, 30), s.between(-14, 14)
		x := x + float64(i-1)*46
		s.fill(thin(col, 0.5), ribbon(40, func(t float64) float64 { return 15 * math.Sin(math.Pi*t) }, func(t float64) point {
			return point{x + lean*t + sway*math.Sin(t*5+float64(i)), y - tall*t*(0.8+0.2*float64(i%2))}
		}))
	}
}

// cup is seen from the side; x, y is the middle of its foot.
func (s *sheet) cup(x, y, size float64, col color.RGBA) {
	w, h := 150*size, 165*size
	s.fill(shadow, ellipse(x+14*size, y+4*size, w*1.25, 22*size))
	s.fill(mix(col, hex(0), 0.12), ring(x+w*0.98, y-h*0.55, 58*size, 52*size, 24*size, -math.Pi/2-0.4, math.Pi/2+0.4))
	s.fill(mix(s.light, hex(0), 0.08), ellipse(x, y-2*size, w*1.2, 19*size))
	s.fill(s.light, ellipse(x, y-7*size, w*1.2, 17*size))
	body := shape{}
	for i := range 31 {
		t := float64(i) / 30
		body = append(body, point{x - w + w*0.45*math.Pow(t, 2.6), y - h + h*t})
	}
	for i := range 31 {
		t := 1 - float64(i)/30
		body = append(body, point{x + w - w*0.45*math.Pow(t, 2.6), y - h + h*t})
	}
	s.fill(col, body)
	shine := shape{}
	for i := range 21 {
		t := float64(i) / 20
		shine = append(shine, point{x - w*0.82 + w*0.4*math.Pow(t, 2.6), y - h*0.88 + h*0.76*t})
	}
	for i := range 21 {
		t := 1 - float64(i)/20
		shine = append(shine, point{x - w*0.66 + w*0.38*math.Pow(t, 2.6), y - h*0.88 + h*0.76*t})
	}
	s.fill(thin(hex(0xFFFFFF), 0.22), shine)
	s.fill(mix(col, hex(0xFFFFFF), 0.25), ellipse(x, y-h, w, 25*size))
	s.fill(coffee, ellipse(x, y-h+2*size, w*0.92, 20*size))
	s.fill(crema, ring(x, y-h+2*size, w*0.86, 17*size, 5*size, 0, 2*math.Pi))
}

// saucer is a cup with its saucer from above.
func (s *sheet) saucer(at point, r float64, col color.RGBA) {
	s.fill(thin(hex(0), 0.10), circle(at.x+r*0.10, at.y+r*0.13, r*1.02))
	s.fill(thin(hex(0), 0.10), circle(at.x+r*0.05, at.y+r*0.07, r))
	s.fill(s.light, circle(at.x, at.y, r))
	s.fill(mix(s.light, hex(0), 0.06), ring(at.x, at.y, r*0.78, r*0.78, r*0.03, 0, 2*math.Pi))
	s.fill(col, rounded(at.x+r*0.52, at.y-r*0.09, r*0.42, r*0.18, r*0.08).turned(-0.6, at))
	s.fill(thin(hex(0), 0.12), circle(at.x+r*0.05, at.y+r*0.06, r*0.64))
	s.fill(col, circle(at.x, at.y, r*0.62))
	s.fill(mix(col, hex(0xFFFFFF), 0.3), circle(at.x, at.y, r*0.585))
	s.fill(crema, circle(at.x, at.y, r*0.545))
	s.fill(mix(crema, coffee, 0.45), ring(at.x, at.y, r*0.52, r*0.52, r*0.05, 0, 2*math.Pi))
}

// rosetta is poured milk: leaves along a stem, with a heart at the end.
func (s *sheet) rosetta(at point, r, angle float64) {
	for i := range 6 {
		t := float64(i) / 5
		y, w := at.y+r*(0.42-0.75*t), r*(0.42-0.26*t)
		for _, side := range []float64{0, math.Pi} {
			lean := 0.55
			if side > 0 {
				lean = -0.55
			}
			s.fill(milk, leaf(point{at.x, y}, w, r*0.052, side-lean).turned(angle, at))
		}
	}
	s.fill(milk, ribbon(12, func(t float64) float64 { return r * 0.05 * (1 - t*0.6) }, func(t float64) point {
		return point{at.x, at.y + r*0.48 - r*0.9*t}
	}).turned(angle, at))
	s.fill(milk, heart(point{at.x, at.y - r*0.4}, r*0.13).turned(angle, at))
}

func heart(at point, size float64) shape {
	var out shape
	for i := range 41 {
		a := 2 * math.Pi * float64(i) / 40
		x := math.Pow(math.Sin(a), 3)
		y := (13*math.Cos(a) - 5*math.Cos(2*a) - 2*math.Cos(3*a) - math.Cos(4*a)) / 16
		out = append(out, point{at.x + size*x, at.y - size*y})
	}
	return out
}

// boards is a table of planks seen from above.
func (s *sheet) boards(col color.RGBA) {
	y := 0.0
	for y < high {
		h := s.between(105, 165)
		s.fill(mix(col, hex(0), s.between(0, 0.07)), rect(0, y, wide, h))
		for range 5 {
			x, gy := s.between(-100, wide), y+s.between(10, h-10)
			s.fill(thin(hex(0), 0.045), ellipse(x, gy, s.between(90, 260), 2.2))
		}
		s.fill(thin(hex(0), 0.13), rect(0, y+h-3, wide, 3))
		y += h
	}
}

// ridge is a line of hills from edge to edge, filled to the bottom.
func (s *sheet) ridge(y, tall, rough float64) shape {
	a, b, c := s.between(0, 6), s.between(0, 6), s.between(0, 6)
	out := shape{{-5, high + 5}}
	for x := -5.0; x <= wide+5; x += 6 {
		v := math.Sin(x/260*rough+a) + 0.5*math.Sin(x/117*rough+b) + 0.22*math.Sin(x/53*rough+c)
		out = append(out, point{x, y - tall*v/1.6})
	}
	return append(out, point{wide + 5, high + 5})
}

// waves are strokes of light on water.
func (s *sheet) waves(y0, y1 float64, col color.RGBA, n int) {
	for range n {
		t := s.luck.Float64()
		y := y0 + (y1-y0)*t
		w := s.between(25, 60) + 130*t
		s.fill(thin(col, 0.18+0.25*t), ellipse(s.between(0, wide), y, w, 1.5+3.4*t))
	}
}

// bag is a bag of coffee standing on x, y.
func (s *sheet) bag(x, y, w, h float64, col color.RGBA, mark int) {
	s.fill(shadow, ellipse(x+w*0.05, y, w*0.6, 16))
	s.fill(col, shape{{x - w/2, y}, {x - w*0.47, y - h*0.86}, {x - w*0.40, y - h}, {x + w*0.40, y - h}, {x + w*0.47, y - h*0.86}, {x + w/2, y}})
	s.fill(thin(hex(0), 0.10), shape{{x + w*0.28, y}, {x + w*0.31, y - h*0.86}, {x + w*0.28, y - h}, {x + w*0.40, y - h}, {x + w*0.47, y - h*0.86}, {x + w/2, y}})
	s.fill(thin(hex(0), 0.16), rect(x-w*0.42, y-h*0.90, w*0.84, 5))
	top, side := y-h*0.70, w*0.62
	s.fill(s.light, rounded(x-side/2, top, side, side*1.25, 8))
	mid := point{x, top + side*0.5}
	switch mark % 4 {
	case 0:
		s.fill(s.warm, circle(mid.x, mid.y, side*0.3))
		s.fill(col, arc(mid.x, mid.y, side*0.3, side*0.3, 0, math.Pi))
	case 1:
		s.fill(s.main, shape{{mid.x - side*0.34, mid.y + side*0.26}, {mid.x - side*0.05, mid.y - side*0.28}, {mid.x + side*0.2, mid.y + side*0.26}})
		s.fill(s.warm, shape{{mid.x - side*0.06, mid.y + side*0.26}, {mid.x + side*0.16, mid.y - side*0.06}, {mid.x + side*0.36, mid.y + side*0.26}})
	case 2:
		for i := range 3 {
			s.fill([]color.RGBA{s.deep, s.warm, s.main}[i], ring(mid.x, mid.y+side*0.2, side*(0.34-0.11*float64(i)), side*(0.34-0.11*float64(i)), side*0.06, math.Pi, 2*math.Pi))
		}
	default:
		s.drawBean(mid, side*0.27, -0.6, bean)
	}
	s.fill(s.deep, rect(x-side*0.34, top+side*0.92, side*0.68, side*0.07), rect(x-side*0.34, top+side*1.05, side*0.4, side*0.05))
}

// pine is a fir standing on x, y.
func (s *sheet) pine(x, y, tall float64, col color.RGBA) {
	s.fill(mix(col, hex(0x2A1509), 0.5), rect(x-tall*0.03, y-tall*0.1, tall*0.06, tall*0.1))
	for i := range 4 {
		t := float64(i) / 4
		w, foot := tall*(0.30-0.19*t), y-tall*(0.08+0.68*t)
		s.fill(col, shape{{x - w, foot}, {x, foot - tall*0.34}, {x + w, foot}})
		s.fill(thin(hex(0xFFFFFF), 0.55), shape{{x - w*0.36, foot - tall*0.215}, {x, foot - tall*0.34}, {x + w*0.30, foot - tall*0.225}, {x, foot - tall*0.20}})
	}
}

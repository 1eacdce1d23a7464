package scene

import (
	"image/color"
	"math"
)

func cupFromAbove(s *sheet) {
	s.boards(mix(s.back, s.warm, 0.25))
	at := point{s.between(480, 700), s.between(420, 480)}
	s.saucer(at, 290, s.main)
	s.rosetta(at, 290, s.between(-0.7, 0.4))
	spoon := point{at.x - 250, at.y + 235}
	s.fill(thin(hex(0), 0.15), ellipse(spoon.x+8, spoon.y+9, 52, 34).turned(-0.5, spoon), line(point{spoon.x + 46, spoon.y - 16}, point{spoon.x + 236, spoon.y - 120}, 15))
	s.fill(hex(0xC9CCC9), line(point{spoon.x + 38, spoon.y - 26}, point{spoon.x + 228, spoon.y - 130}, 14))
	s.fill(hex(0xD9DCD8), ellipse(spoon.x, spoon.y, 52, 34).turned(-0.5, spoon))
	for range 13 {
		s.drawBean(point{s.between(60, wide-60), s.between(60, high-60)}, s.between(21, 27), s.between(0, 3), bean)
	}
	s.saucer(at, 290, s.main)
	s.rosetta(at, 290, -0.35)
}

func cupFromTheSide(s *sheet) {
	s.fade(0, 640, mix(s.back, s.light, 0.4), s.back)
	s.fill(thin(s.warm, 0.8), circle(s.between(330, 860), 350, s.between(190, 250)))
	s.fade(640, high, mix(s.main, s.deep, 0.25), s.deep)
	s.fill(thin(hex(0xFFFFFF), 0.09), rect(0, 640, wide, 7))
	x := s.between(500, 660)
	s.steam(x, 430, 260, s.light)
	s.cup(x, 730, 1.35, s.main)
	for range 5 {
		s.drawBean(point{x + s.between(-420, -270), s.between(735, 800)}, 26, s.between(0, 3), bean)
	}
}

func harbour(s *sheet) {
	s.fade(0, 560, mix(s.main, s.light, 0.35), mix(s.warm, s.light, 0.45))
	sunX := s.between(320, 880)
	s.glow(point{sunX, 480}, 420, s.light, 0.9)
	s.fill(mix(s.light, s.warm, 0.25), circle(sunX, 480, 78))
	s.fill(thin(s.deep, 0.35), s.ridge(545, 14, 3))
	x := 60.0
	for x < wide {
		w, h := s.between(60, 120), s.between(50, 120)
		s.fill(mix(s.deep, s.main, 0.4), rect(x, 560-h, w, h))
		if s.luck.IntN(3) == 0 {
			s.fill(mix(s.deep, s.main, 0.4), shape{{x, 560 - h}, {x + w/2, 560 - h - 36}, {x + w, 560 - h}})
		}
		x += w + s.between(8, 70)
	}
	for i := range 3 {
		s.crane(s.between(80, 260)+float64(i)*360, 565, s.between(0.8, 1.15))
	}
	s.fade(560, high, mix(s.warm, s.main, 0.55), s.deep)
	for i := range 15 {
		y := 575 + float64(i)*21
		s.fill(thin(s.light, 0.5), ellipse(sunX+s.between(-12, 12), y, s.between(20, 50)+float64(i)*6, 4))
	}
	s.waves(580, high, s.light, 60)
	s.boat(s.between(230, 900), 690)
}

func (s *sheet) crane(x, y, size float64) {
	col := mix(s.deep, hex(0), 0.15)
	at := func(dx, dy float64) point { return point{x + dx*size, y - dy*size} }
	s.fill(col, line(at(-34, 0), at(-16, 190), 9), line(at(34, 0), at(16, 190), 9), line(at(-27, 70), at(27, 70), 6),
		line(at(-30, 30), at(24, 110), 4), line(at(30, 30), at(-24, 110), 4),
		line(at(-90, 196), at(190, 236), 10), line(at(0, 190), at(0, 280), 8), line(at(0, 276), at(186, 236), 4), line(at(0, 276), at(-86, 198), 4),
		line(at(150, 230), at(150, 130), 3), rect(x+132*size, y-130*size, 36*size, 24*size), rect(x-26*size, y-222*size, 46*size, 34*size))
}

func (s *sheet) boat(x, y float64) {
	s.fill(thin(hex(0), 0.2), ellipse(x, y+40, 190, 12))
	s.fill(s.deep, shape{{x - 180, y - 20}, {x + 190, y - 20}, {x + 140, y + 40}, {x - 150, y + 40}})
	s.fill(s.warm, shape{{x - 180, y - 20}, {x + 190, y - 20}, {x + 180, y - 8}, {x - 175, y - 8}})
	s.fill(s.light, rounded(x-110, y-80, 170, 62, 8))
	for i := range 4 {
		s.fill(s.main, rounded(x-96+float64(i)*40, y-66, 26, 24, 4))
	}
	s.fill(s.warm, rect(x+72, y-116, 34, 98))
	s.fill(s.deep, rect(x+72, y-116, 34, 20))
}

func farm(s *sheet) {
	s.fade(0, 600, mix(s.main, s.light, 0.55), mix(s.warm, s.light, 0.6))
	at := point{s.between(250, 950), s.between(190, 280)}
	s.glow(at, 330, s.light, 0.8)
	s.fill(mix(s.warm, s.light, 0.5), circle(at.x, at.y, 70))
	for i := range 4 {
		t := float64(i) / 4
		s.fill(mix(mix(s.main, s.light, 0.55), s.deep, t*0.8), s.ridge(400+t*190, 80-40*t, 0.9+t*0.5))
	}
	green := mix(s.main, hex(0x2F4A2C), 0.5)
	for row := range 7 {
		y := 610 + float64(row*row)*6.4 + float64(row)*8
		size := 13 + float64(row)*7.5
		s.fill(mix(green, s.deep, 0.45), rect(0, y, wide, high-y))
		for x := -20 + float64(row%2)*size; x < wide+40; x += size * 2.3 {
			col := mix(green, s.deep, s.between(0, 0.35))
			s.fill(col, circle(x+s.between(-4, 4), y, size), circle(x-size*0.6, y+size*0.3, size*0.72), circle(x+size*0.6, y+size*0.25, size*0.75))
			s.fill(thin(s.light, 0.13), circle(x-size*0.25, y-size*0.35, size*0.45))
			if row > 2 {
				for range 3 {
					s.fill(hex(0xB8372B), circle(x+s.between(-size, size)*0.7, y+s.between(-size, size)*0.5, size*0.10))
				}
			}
		}
	}
}

func beans(s *sheet) {
	s.fill(s.back, rect(0, 0, wide, high))
	s.fill(thin(s.warm, 0.55), circle(s.between(200, 1000), s.between(200, 700), 330))
	for y := 50.0; y < high+40; y += 172 {
		for x := 40.0 + math.Mod(y, 3)*12; x < wide+40; x += 192 {
			at := point{x + s.between(-24, 24), y + s.between(-20, 20)}
			col := mix(bean, s.main, s.between(0, 0.3))
			if s.luck.IntN(9) == 0 {
				col = s.main
			}
			s.drawBean(at, s.between(60, 70), s.between(0, math.Pi), col)
		}
	}
}

func poster(s *sheet) {
	s.fill(s.back, rect(0, 0, wide, high))
	s.fill(s.main, circle(880, 330, 330))
	s.fill(s.warm, arc(880, 330, 330, 330, math.Pi*s.between(0, 0.6), math.Pi*s.between(1, 1.5)))
	s.fill(s.deep, pie(880, 660, 240, math.Pi, 1.5*math.Pi))
	s.fill(s.light, pie(880, 660, 240, 1.5*math.Pi, 2*math.Pi))
	for i := range 4 {
		s.fill(s.deep, ring(1120, 810, 40+float64(i)*34, 40+float64(i)*34, 12, math.Pi, 2*math.Pi))
	}
	s.drawBean(point{880, 330}, 120, -0.7, mix(bean, s.deep, 0.3))
	y := 300.0
	for _, line := range s.words[:2] {
		s.line(point{80, y}, 108, line)
		y += 118
	}
	s.fill(s.warm, rect(84, y-60, 130, 12))
	s.line(point{84, y + 20}, 42, s.words[2])
	s.fill(s.deep, rect(84, 760, 26, 26))
	s.line(point{124, 785}, 32, "Northwind Coffee")
}

func (s *sheet) line(at point, size float64, text string) {
	if err := s.write(at, size, s.deep, text); err != nil && s.err == nil {
		s.err = err
	}
}

func dripper(s *sheet) {
	s.fade(0, high, mix(s.back, s.light, 0.5), s.back)
	s.fill(thin(s.warm, 0.75), circle(s.between(240, 420), 360, 220))
	s.fade(720, high, mix(s.main, s.deep, 0.3), s.deep)
	x := 680.0
	glass := thin(mix(s.light, s.main, 0.35), 0.55)
	s.fill(shadow, ellipse(x+20, 772, 210, 20))
	s.fill(glass, shape{{x - 88, 500}, {x + 88, 500}, {x + 66, 550}, {x + 175, 720}, {x + 150, 770}, {x - 150, 770}, {x - 175, 720}, {x - 66, 550}})
	s.fill(mix(coffee, s.warm, 0.16), shape{{x - 142, 670}, {x + 142, 670}, {x + 170, 722}, {x + 147, 764}, {x - 147, 764}, {x - 170, 722}})
	s.fill(crema, ellipse(x, 671, 142, 11))
	s.fill(s.main, ring(x+150, 640, 70, 74, 20, -1.2, 1.25))
	s.fill(s.light, shape{{x - 190, 300}, {x + 190, 300}, {x + 52, 492}, {x - 52, 492}})
	for i := range 6 {
		t := float64(i) / 5
		s.fill(thin(hex(0), 0.08), line(point{x - 150 + 300*t, 304}, point{x - 36 + 72*t, 488}, 6))
	}
	s.fill(s.light, rounded(x-120, 486, 240, 20, 10))
	s.fill(mix(s.light, hex(0), 0.1), ellipse(x, 300, 190, 22))
	s.fill(coffee, ellipse(x, 303, 170, 17))
	s.fill(mix(coffee, s.warm, 0.35), rect(x-3, 500, 6, 168))
	s.kettle(x)
	s.steam(x+60, 270, 200, s.light)
}

// kettle pours from the left over x.
func (s *sheet) kettle(x float64) {
	col := mix(s.deep, s.main, 0.35)
	body := shape{{190, 150}, {390, 150}, {430, 360}, {150, 360}}
	pivot := point{290, 260}
	s.fill(col, body.turned(0.25, pivot))
	s.fill(thin(hex(0xFFFFFF), 0.12), shape{{205, 160}, {245, 160}, {225, 350}, {175, 350}}.turned(0.25, pivot))
	s.fill(s.deep, rounded(245, 128, 90, 22, 10).turned(0.25, pivot))
	s.fill(col, ribbon(40, func(t float64) float64 { return 30 - 16*t }, func(t float64) point {
		return point{400 + 285*t, 300 - 170*math.Sin(t*2.3)*t - 60*math.Sin(t*3.1)}
	}))
	s.fill(s.deep, ring(190, 250, 80, 100, 24, math.Pi*0.62, math.Pi*1.5))
	s.fill(thin(s.light, 0.75), ribbon(30, even(7), func(t float64) point { return point{x + 4 + 12*t*(1-t), 178 + 124*t} }))
}

func shelf(s *sheet) {
	s.fade(0, high, mix(s.back, s.light, 0.45), mix(s.back, s.deep, 0.12))
	for i := range 8 {
		s.fill(thin(s.light, 0.25), rect(float64(i)*160, 0, 4, high))
	}
	cols := []color.RGBA{s.deep, s.main, s.warm, mix(s.main, s.light, 0.4), coffee, mix(s.warm, s.light, 0.3)}
	for _, row := range []float64{400, 800} {
		s.fill(mix(s.warm, s.deep, 0.45), rect(60, row, wide-120, 26))
		s.fill(thin(hex(0), 0.16), rect(60, row+26, wide-120, 14))
		x := s.between(150, 210)
		for x < wide-130 {
			w := s.between(150, 180)
			s.bag(x, row, w, w*s.between(1.55, 1.75), cols[s.luck.IntN(len(cols))], s.luck.IntN(4))
			x += w + s.between(24, 60)
		}
	}
}

func skyline(s *sheet) {
	s.fade(0, 700, s.deep, mix(s.warm, s.main, 0.4))
	s.glow(point{760, 640}, 520, s.warm, 0.75)
	for range 60 {
		s.fill(thin(s.light, s.between(0.2, 0.7)), circle(s.between(0, wide), s.between(0, 380), s.between(1, 2.6)))
	}
	tower := s.between(300, 820)
	far := mix(s.deep, s.main, 0.55)
	s.fill(far, shape{{tower - 15, 800}, {tower - 7, 300}, {tower + 7, 300}, {tower + 15, 800}}, circle(tower, 285, 42), rect(tower-4, 80, 8, 180))
	s.fill(mix(s.warm, s.light, 0.2), rect(tower-41, 280, 82, 9))
	s.fill(hex(0xD9402F), rect(tower-4, 120, 8, 22), rect(tower-4, 170, 8, 22))
	for layer, col := range []color.RGBA{mix(s.deep, s.main, 0.3), mix(s.deep, hex(0), 0.25)} {
		x := -20.0
		for x < wide {
			w, h := s.between(80, 150), s.between(120, 260)-float64(layer)*40
			top := 800 - h + float64(layer)*30
			s.fill(col, rect(x, top, w, high-top))
			s.windows(x, top, w)
			x += w + s.between(0, 14)
		}
	}
}

func (s *sheet) windows(x, top, w float64) {
	for wy := top + 22; wy < high-20; wy += 34 {
		for wx := x + 14; wx < x+w-18; wx += 26 {
			if s.luck.IntN(5) < 2 {
				s.fill(thin(mix(s.warm, s.light, s.between(0.1, 0.6)), 0.85), rect(wx, wy, 12, 17))
			}
		}
	}
}

func rain(s *sheet) {
	s.fade(0, high, mix(s.main, s.light, 0.15), mix(s.deep, s.main, 0.3))
	for range 26 {
		s.glow(point{s.between(0, wide), s.between(60, 560)}, s.between(50, 110), mix(s.warm, s.light, s.between(0, 0.7)), s.between(0.3, 0.75))
	}
	for range 230 {
		x, y, r := s.between(0, wide), s.between(0, 690), s.between(2, 7)
		s.fill(thin(s.light, 0.32), ellipse(x, y, r, r*1.3))
		s.fill(thin(hex(0xFFFFFF), 0.5), circle(x-r*0.3, y-r*0.5, r*0.3))
		if s.luck.IntN(7) == 0 {
			s.fill(thin(s.light, 0.16), rect(x-1.5, y, 3, s.between(40, 160)))
		}
	}
	frame := mix(s.back, s.light, 0.5)
	s.fill(frame, rect(0, 0, wide, 34), rect(0, 0, 34, high), rect(wide-34, 0, 34, high), rect(s.between(730, 800), 0, 26, 720))
	s.fill(mix(frame, s.warm, 0.2), rect(0, 720, wide, 180))
	s.fill(thin(hex(0), 0.12), rect(0, 720, wide, 10))
	s.steam(430, 480, 210, s.light)
	s.cup(430, 770, 1.2, s.warm)
}

func branch(s *sheet) {
	s.fade(0, high, mix(s.back, s.light, 0.6), s.back)
	s.fill(thin(s.warm, 0.45), circle(s.between(700, 900), 300, 260))
	stem := func(t float64) point {
		return point{80 + 1060*t, 640 - 330*t - 70*math.Sin(t*math.Pi)}
	}
	s.fill(hex(0x5B4630), ribbon(40, func(t float64) float64 { return 24 - 16*t }, stem))
	for i := range 9 {
		t := 0.06 + float64(i)*0.105
		p := stem(t)
		for _, side := range []float64{-1, 1} {
			col := mix(hex(0x2F5D3A), s.deep, s.between(0, 0.5))
			long, angle := s.between(190, 260), side*s.between(0.75, 1.25)-0.2
			s.fill(col, leaf(p, long, long*0.20, angle))
			tip := point{p.x + long*math.Cos(angle), p.y + long*math.Sin(angle)}
			s.fill(thin(s.light, 0.25), line(p, tip, 3))
		}
		for range 6 {
			at := point{p.x + s.between(-46, 46), p.y + s.between(-40, 40)}
			s.cherry(at, s.between(19, 25))
		}
	}
}

func (s *sheet) cherry(at point, r float64) {
	ripe := []color.RGBA{hex(0xC2322B), hex(0xA3242B), hex(0xDB6B2E), hex(0x7FA04A)}[s.luck.IntN(4)]
	s.fill(thin(hex(0), 0.15), circle(at.x+3, at.y+4, r))
	s.fill(ripe, circle(at.x, at.y, r))
	s.fill(thin(hex(0xFFFFFF), 0.35), circle(at.x-r*0.35, at.y-r*0.35, r*0.28))
}

func roaster(s *sheet) {
	s.fade(0, 720, mix(s.back, s.light, 0.3), s.back)
	for i := range 5 {
		for j := range 9 {
			s.fill(thin(s.deep, 0.045), rounded(20+float64(j)*136-float64(i%2)*60, 30+float64(i)*84, 126, 72, 6))
		}
	}
	s.fade(720, high, mix(s.deep, s.main, 0.2), s.deep)
	body := mix(s.main, s.deep, 0.15)
	s.fill(shadow, ellipse(620, 762, 430, 26))
	s.fill(s.deep, rect(420, 600, 46, 160), rect(760, 600, 46, 160), rect(400, 750, 90, 16), rect(740, 750, 90, 16))
	s.fill(mix(s.deep, hex(0), 0.2), rect(690, 40, 52, 260))
	s.fill(body, rounded(380, 280, 460, 350, 60))
	s.fill(thin(hex(0xFFFFFF), 0.10), rounded(400, 296, 420, 60, 30))
	s.fill(s.warm, shape{{480, 120}, {680, 120}, {620, 285}, {540, 285}})
	s.fill(bean, ellipse(580, 122, 96, 17))
	s.fill(s.deep, circle(610, 455, 128))
	s.fill(mix(s.deep, hex(0), 0.35), circle(610, 455, 112))
	for range 46 {
		a, r := s.between(0, 2*math.Pi), 98*math.Sqrt(s.luck.Float64())
		p := point{610 + r*math.Cos(a), 455 + r*math.Sin(a)}
		s.drawBean(p, 15, s.between(0, 3), mix(bean, s.warm, s.between(0, 0.35)))
	}
	s.fill(thin(s.light, 0.14), arc(610, 455, 112, 112, math.Pi*1.1, math.Pi*1.6))
	s.fill(s.light, circle(770, 360, 34), circle(770, 560, 20))
	s.fill(s.warm, line(point{770, 360}, point{788, 342}, 6))
	s.fill(s.warm, circle(770, 560, 12))
	s.fill(s.main, shape{{150, 600}, {440, 570}, {440, 610}, {150, 650}})
	s.fill(s.deep, rounded(90, 630, 330, 70, 20), rect(130, 690, 26, 76), rect(350, 690, 26, 76))
	for range 70 {
		s.drawBean(point{s.between(110, 400), s.between(612, 640)}, 14, s.between(0, 3), mix(bean, s.warm, s.between(0, 0.25)))
	}
	s.bag(990, 766, 150, 240, s.warm, 1)
	s.bag(1110, 772, 120, 190, s.main, 0)
}

func winter(s *sheet) {
	s.fade(0, high, mix(s.deep, s.main, 0.35), mix(s.main, s.light, 0.55))
	s.glow(point{930, 190}, 260, s.light, 0.55)
	s.fill(s.light, circle(930, 190, 62))
	s.fill(mix(s.main, s.light, 0.4), s.ridge(560, 90, 0.8))
	for range 9 {
		s.pine(s.between(30, wide-30), s.between(610, 690), s.between(170, 260), mix(s.deep, s.main, s.between(0.1, 0.5)))
	}
	s.fill(mix(s.light, s.main, 0.12), s.ridge(700, 34, 0.9))
	x := s.between(300, 720)
	s.fill(mix(coffee, s.warm, 0.3), rect(x, 600, 230, 140))
	s.fill(s.light, shape{{x - 36, 606}, {x + 115, 500}, {x + 266, 606}, {x + 250, 626}, {x + 115, 530}, {x - 20, 626}})
	s.fill(mix(coffee, s.deep, 0.4), shape{{x, 610}, {x + 115, 528}, {x + 230, 610}})
	s.fill(hex(0xFFD98A), rect(x+34, 640, 54, 54), rect(x+140, 640, 50, 100))
	s.glow(point{x + 61, 667}, 130, hex(0xFFD98A), 0.5)
	s.steam(x+190, 500, 140, s.light)
	for range 170 {
		s.fill(thin(hex(0xFFFFFF), s.between(0.4, 0.9)), circle(s.between(0, wide), s.between(0, high), s.between(2, 5.5)))
	}
}

func iced(s *sheet) {
	s.fade(0, 700, mix(s.back, s.light, 0.35), s.back)
	s.fill(thin(s.warm, 0.8), circle(s.between(800, 960), 250, 170))
	for i := range 16 {
		a := float64(i) * math.Pi / 8
		s.fill(thin(s.warm, 0.35), line(point{880 + 210*math.Cos(a), 250 + 210*math.Sin(a)}, point{880 + 260*math.Cos(a), 250 + 260*math.Sin(a)}, 14))
	}
	s.fade(700, high, mix(s.main, s.light, 0.25), s.main)
	x := s.between(440, 600)
	s.fill(shadow, ellipse(x+24, 790, 160, 18))
	s.fill(s.warm, line(point{x + 30, 700}, point{x + 140, 130}, 20))
	inside := shape{{x - 134, 330}, {x + 134, 330}, {x + 108, 780}, {x - 108, 780}}
	s.fill(mix(crema, milk, 0.5), inside)
	s.fill(mix(crema, coffee, 0.2), shape{{x - 134, 330}, {x + 134, 330}, {x + 122, 540}, {x + 60, 575}, {x - 20, 545}, {x - 121, 560}})
	s.fill(mix(coffee, crema, 0.2), shape{{x - 134, 330}, {x + 134, 330}, {x + 128, 430}, {x + 10, 470}, {x - 128, 425}})
	for i := range 5 {
		cx, cy := x-70+float64(i%3)*70, 350+float64(i/3)*90
		s.fill(thin(hex(0xFFFFFF), 0.42), rounded(cx-38, cy-20, 76, 76, 14).turned(s.between(-0.6, 0.6), point{cx, cy + 18}))
		s.fill(thin(hex(0xFFFFFF), 0.35), rounded(cx-26, cy-10, 30, 12, 6))
	}
	s.fill(thin(hex(0xFFFFFF), 0.20), shape{{x - 150, 240}, {x + 150, 240}, {x + 118, 792}, {x - 118, 792}})
	s.fill(thin(hex(0xFFFFFF), 0.35), shape{{x - 128, 270}, {x - 104, 270}, {x - 84, 760}, {x - 102, 760}})
	s.citrus(point{x - 145, 250}, 86)
	s.citrus(point{x + 330, 780}, 74)
}

func (s *sheet) citrus(at point, r float64) {
	s.fill(hex(0xE88A2B), circle(at.x, at.y, r))
	s.fill(hex(0xFBE3B5), circle(at.x, at.y, r*0.88))
	for i := range 8 {
		a := float64(i) * math.Pi / 4
		mid := point{at.x + r*0.06*math.Cos(a+math.Pi/8), at.y + r*0.06*math.Sin(a+math.Pi/8)}
		s.fill(hex(0xF4A640), pie(mid.x, mid.y, r*0.74, a+0.07, a+math.Pi/4-0.07))
	}
}

// contours is a map of heights in bands of colour.
func contours(s *sheet) {
	bands := make([]color.RGBA, 9)
	for i := range bands {
		bands[i] = mix(s.main, s.light, float64(i)/8)
		if i < 2 {
			bands[i] = mix(s.deep, s.main, float64(i)/2)
		}
	}
	type hill struct{ x, y, r, h float64 }
	hills := make([]hill, 9)
	for i := range hills {
		hills[i] = hill{s.between(0, wide), s.between(0, high), s.between(150, 380), s.between(0.5, 1.2)}
	}
	height := func(x, y float64) float64 {
		v := 0.0
		for _, h := range hills {
			dx, dy := (x-h.x)/h.r, (y-h.y)/h.r
			v += h.h / (1 + (dx*dx+dy*dy)*1.6)
		}
		return v
	}
	b := s.img.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			v := height(float64(x)/s.scale, float64(y)/s.scale) * 4.2
			i := int(v)
			col := bands[min(i, len(bands)-1)]
			if v-float64(i) < 0.06 {
				col = mix(col, s.deep, 0.35)
			}
			s.img.SetRGBA(x, y, col)
		}
	}
	at := point{s.between(380, 820), s.between(300, 600)}
	s.fill(thin(hex(0), 0.25), ellipse(at.x, at.y+4, 26, 9))
	s.fill(s.warm, circle(at.x, at.y-84, 44), shape{{at.x - 40, at.y - 68}, {at.x + 40, at.y - 68}, {at.x, at.y}})
	s.fill(s.light, circle(at.x, at.y-84, 18))
}

// tiles are quarter circles laid as on an old station's floor.
func tiles(s *sheet) {
	cols := []color.RGBA{s.deep, s.main, s.warm, s.back, s.light, mix(s.warm, s.light, 0.45)}
	const side = 150.0
	for i := range 8 {
		for j := range 6 {
			x, y := float64(i)*side, float64(j)*side
			a, b := s.luck.IntN(len(cols)), s.luck.IntN(len(cols)-1)
			if b >= a {
				b++
			}
			s.fill(cols[a], rect(x, y, side+1, side+1))
			turn := float64(s.luck.IntN(4)) * math.Pi / 2
			mid := point{x + side/2, y + side/2}
			switch s.luck.IntN(4) {
			case 0:
				s.fill(cols[b], circle(mid.x, mid.y, side*0.34))
			case 1:
				s.drawBean(mid, side*0.3, turn/2+0.4, cols[b])
			case 2:
				s.fill(cols[b], pie(x, y, side, 0, math.Pi/2).turned(turn, mid))
				s.fill(cols[a], pie(x, y, side*0.5, 0, math.Pi/2).turned(turn, mid))
			default:
				s.fill(cols[b], pie(x, y, side, 0, math.Pi/2).turned(turn, mid))
			}
		}
	}
}

func table(s *sheet) {
	s.boards(mix(s.back, s.warm, 0.15))
	for i := range 4 {
		for j := range 3 {
			at := point{210 + float64(i)*262, 190 + float64(j)*262}
			s.fill(thin(hex(0), 0.14), circle(at.x+8, at.y+11, 92))
			s.fill(s.light, circle(at.x, at.y, 92))
			s.fill(mix(s.light, hex(0), 0.07), circle(at.x, at.y, 82))
			s.fill(mix(coffee, s.warm, s.between(0, 0.3)), circle(at.x, at.y, 76))
			for range 26 {
				a, r := s.between(0, 2*math.Pi), 66*math.Sqrt(s.luck.Float64())
				s.fill(thin(crema, s.between(0.3, 0.8)), circle(at.x+r*math.Cos(a), at.y+r*math.Sin(a), s.between(3, 11)))
			}
			s.fill(thin(hex(0xFFFFFF), 0.14), ring(at.x, at.y, 60, 60, 7, math.Pi*1.1, math.Pi*1.6))
		}
	}
}

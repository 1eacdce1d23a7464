package scene

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// FaceSide is the side of the square that Face draws, in pixels.
const FaceSide = 192

// Face draws the picture by which somebody is known, as a JPEG: a friendly head
// and shoulders, or something they like. Each number has its own, always the
// same.
func Face(number int) ([]byte, error) {
	luck := rand.New(rand.NewPCG(uint64(number), 5))
	draw, side, top := (*sheet).portrait, 730.0, 65.0 // close, as it is shown small
	if number%4 == 3 {
		draw, side, top = pick(luck, motifs), high, 0
	}
	s := &sheet{canvas: newCanvas(int(math.Round(FaceSide * wide / side))), palette: pick(luck, palettes), luck: luck}
	draw(s)
	if s.err != nil {
		return nil, fmt.Errorf("scene: draw a face: %w", s.err)
	}
	at := image.Pt((s.img.Rect.Dx()-FaceSide)/2, int(top*s.scale))
	var b bytes.Buffer
	if err := jpeg.Encode(&b, s.img.SubImage(image.Rectangle{Min: at, Max: at.Add(image.Pt(FaceSide, FaceSide))}), &jpeg.Options{Quality: 86}); err != nil {
		return nil, fmt.Errorf("scene: encode a face: %w", err)
	}
	return b.Bytes(), nil
}

var (
	palettes = []palette{petrol, clay, sage, dusk, rose, snow, sun}
	motifs   = []func(*sheet){cupFromAbove, cupFromTheSide, branch, beans, tiles, iced, contours, harbour, winter, plant, moonlight, hills, cat, moka}
	skins    = []color.RGBA{hex(0xF6D3B8), hex(0xEDBE97), hex(0xD79B6E), hex(0xB97A4C), hex(0x94603C), hex(0x6F452D)}
	hairs    = []color.RGBA{hex(0x1F1A1C), hex(0x3A2419), hex(0x6B4226), hex(0xA8672F), hex(0x8C3B24), hex(0xB9B4AE), hex(0xD9A85A), hex(0x7A86A8)}
	grounds  = []color.RGBA{hex(0xCFE3E4), hex(0xF3D9C2), hex(0xD7E4CF), hex(0xE6D5E8), hex(0xF7E3A9), hex(0xD3DCEF), hex(0xF2CFC9), hex(0x9FC5C0), hex(0xE9B384)}
	clothes  = []color.RGBA{hex(0x1C6470), hex(0xB4532F), hex(0x5E8063), hex(0x5B5F8D), hex(0xB5606B), hex(0xD9A441), hex(0x2B3350), hex(0xF1EBDD), hex(0x3D3D43)}
	dark     = hex(0x22130F)
)

func pick[T any](luck *rand.Rand, all []T) T { return all[luck.IntN(len(all))] }

// head is somebody to be drawn.
type head struct {
	skin, hair, cloth color.RGBA
}

func (h head) shade() color.RGBA { return mix(h.skin, h.hair, 0.16) }

// portrait draws somebody, from the ground to what they wear on their nose.
func (s *sheet) portrait() {
	h := head{cloth: pick(s.luck, clothes)}
	tone := s.luck.IntN(len(skins))
	h.skin, h.hair = skins[tone], hairs[s.luck.IntN(len(hairs)-tone/2-s.luck.IntN(2))]
	ground := pick(s.luck, grounds)
	s.fill(ground, rect(0, 0, wide, high))
	if s.luck.IntN(2) == 0 {
		s.fill(mix(ground, hex(0xFFFFFF), 0.4), circle(600, 440, s.between(330, 390)))
	}
	style := pick(s.luck, styles)
	if style.behind != nil {
		style.behind(s, h)
	}
	s.body(h)
	s.fill(h.shade(), circle(425, 462, 40), circle(775, 462, 40))
	s.fill(h.skin, ellipse(600, 440, 172, 205))
	s.features(h)
	style.before(s, h)
	switch s.luck.IntN(5) {
	case 0:
		s.glasses(ring, mix(h.hair, dark, 0.6))
	case 1:
		s.glasses(ring, pick(s.luck, clothes[:6]))
	}
}

func (s *sheet) body(h head) {
	s.fill(h.cloth, ellipse(600, 1010, 360, 300))
	deep := mix(h.cloth, dark, 0.22)
	switch s.luck.IntN(4) {
	case 0: // a round neck
		s.fill(h.shade(), rounded(530, 560, 140, 190, 60))
		s.fill(h.skin, ellipse(600, 735, 96, 62))
		s.fill(deep, ring(600, 735, 100, 66, 20, 0, math.Pi))
	case 1: // a roll neck
		s.fill(h.shade(), rounded(530, 560, 140, 170, 60))
		s.fill(deep, rounded(505, 660, 190, 90, 40))
	case 2: // a collar
		s.fill(h.shade(), rounded(530, 560, 140, 190, 60))
		s.fill(h.skin, shape{{520, 700}, {680, 700}, {600, 830}})
		light := mix(h.cloth, hex(0xFFFFFF), 0.45)
		s.fill(light, shape{{518, 672}, {600, 836}, {490, 800}}, shape{{682, 672}, {600, 836}, {710, 800}})
	default: // an apron
		s.fill(h.shade(), rounded(530, 560, 140, 190, 60))
		s.fill(h.skin, ellipse(600, 728, 84, 52))
		s.fill(deep, rounded(470, 790, 260, 200, 24), line(point{490, 800}, point{530, 700}, 22), line(point{710, 800}, point{670, 700}, 22))
	}
}

// features are eyes, brows, a nose and a smile.
func (s *sheet) features(h head) {
	y, apart := s.between(436, 452), s.between(62, 72)
	for _, side := range []float64{-1, 1} {
		x := 600 + side*apart
		if s.luck.IntN(7) == 0 { // they laugh, or wink
			s.fill(dark, ring(x, y+6, 22, 18, 10, math.Pi, 2*math.Pi))
		} else {
			s.fill(dark, ellipse(x, y, 15, 18))
			s.fill(hex(0xFFFFFF), circle(x+5, y-6, 5))
		}
		s.fill(mix(h.hair, dark, 0.35), ring(x, y-22, 34, 22, 11, math.Pi*1.15, math.Pi*1.85))
		s.fill(thin(hex(0xD9553F), 0.17), ellipse(600+side*105, y+66, 34, 24))
	}
	s.fill(mix(h.shade(), dark, 0.12), ring(600, y+46, 20, 17, 10, 0.1*math.Pi, 0.9*math.Pi))
	mouth := mix(hex(0xA23B33), dark, 0.25)
	if s.luck.IntN(3) == 0 {
		s.fill(mouth, arc(600, y+96, 56, 46, 0, math.Pi))
		s.fill(hex(0xFFFFFF), arc(600, y+96, 44, 14, 0, math.Pi))
	} else {
		s.fill(mouth, ring(600, y+82, s.between(46, 60), s.between(28, 38), 12, 0.12*math.Pi, 0.88*math.Pi))
	}
}

func (s *sheet) glasses(rim func(x, y, rx, ry, width, from, to float64) shape, col color.RGBA) {
	for _, x := range []float64{530, 670} {
		s.fill(thin(hex(0xFFFFFF), 0.16), circle(x, 446, 52))
		s.fill(col, rim(x, 446, 54, 52, 11, 0, 2*math.Pi))
	}
	s.fill(col, ring(600, 446, 18, 12, 10, math.Pi, 2*math.Pi), line(point{478, 440}, point{432, 428}, 10), line(point{722, 440}, point{768, 428}, 10))
}

// style is how somebody wears their hair, behind their head and before it.
type style struct{ behind, before func(*sheet, head) }

var styles = []style{
	{nil, short}, {nil, swept}, {nil, fringe}, {curls, curlsBefore}, {afro, hairline}, {nil, buzz},
	{long, parted}, {long, fringe}, {bob, fringe}, {bob, parted}, {bun, parted}, {bun, swept}, {tail, swept}, {waves, parted},
	{nil, beanie}, {long, beanie}, {nil, peaked}, {bob, peaked},
}

// dome is hair over the top of the head, down to a height at the temples.
func dome(down float64) shape { return arc(600, down, 190, down-205, math.Pi, 2*math.Pi) }

func short(s *sheet, h head) {
	s.fill(h.hair, shape{{412, 440}, {420, 330}, {480, 240}, {600, 205}, {720, 240}, {780, 330}, {788, 440}, {758, 400}, {735, 340}, {600, 318}, {465, 340}, {442, 400}})
}

func swept(s *sheet, h head) {
	s.fill(h.hair, dome(360))
	s.fill(h.hair, leaf(point{760, 300}, 350, 92, math.Pi-0.16), shape{{412, 350}, {452, 350}, {436, 430}, {416, 430}}, shape{{748, 350}, {788, 350}, {784, 430}, {764, 430}})
}

func fringe(s *sheet, h head) {
	s.fill(h.hair, arc(600, 400, 190, 205, math.Pi, 2*math.Pi))
	s.fill(h.skin, arc(600, 412, 150, 44, math.Pi, 2*math.Pi))
	s.fill(h.hair, rect(408, 396, 44, 60), rect(748, 396, 44, 60))
}

func parted(s *sheet, h head) {
	for _, side := range []float64{-1, 1} {
		s.fill(h.hair, ribbon(30, func(t float64) float64 { return 70 + 50*math.Sin(math.Pi*t) }, func(t float64) point {
			a := -math.Pi/2 + side*t*1.75
			return point{600 + 172*math.Cos(a), 430 + 196*math.Sin(a)}
		}))
	}
}

func buzz(s *sheet, h head) {
	s.fill(mix(h.skin, h.hair, 0.72), arc(600, 372, 176, 138, math.Pi*1.02, math.Pi*1.98))
}

func curls(s *sheet, h head) {
	for i := range 13 {
		a := math.Pi*0.93 + float64(i)/12*math.Pi*1.14
		s.fill(h.hair, circle(600+192*math.Cos(a), 400+180*math.Sin(a), 78))
	}
}

func curlsBefore(s *sheet, h head) {
	s.fill(h.hair, arc(600, 330, 165, 120, math.Pi, 2*math.Pi))
	for i := range 6 {
		s.fill(h.hair, circle(470+float64(i)*52, 312+18*math.Abs(2.5-float64(i)), 50))
	}
	for i := range 5 {
		s.fill(mix(h.hair, hex(0xFFFFFF), 0.10), ring(475+float64(i)*62, 270+16*math.Abs(2-float64(i)), 24, 22, 8, math.Pi*0.9, math.Pi*1.9))
	}
}

func afro(s *sheet, h head) {
	s.fill(h.hair, ellipse(600, 370, 292, 272))
	for i := range 20 {
		a := math.Pi*0.9 + float64(i)/19*math.Pi*1.2
		s.fill(h.hair, circle(600+270*math.Cos(a), 370+252*math.Sin(a), 44))
	}
}

func hairline(s *sheet, h head) { s.fill(h.hair, arc(600, 350, 168, 130, math.Pi, 2*math.Pi)) }

func long(s *sheet, h head) { s.fill(mix(h.hair, dark, 0.12), rounded(388, 225, 424, 640, 200)) }

func bob(s *sheet, h head) { s.fill(mix(h.hair, dark, 0.12), rounded(384, 225, 432, 440, 160)) }

func bun(s *sheet, h head) {
	s.fill(h.hair, circle(600, 178, 92))
	s.fill(mix(h.hair, dark, 0.2), ring(600, 240, 60, 20, 16, 0, math.Pi))
	s.fill(mix(h.hair, dark, 0.12), ellipse(600, 400, 196, 190))
}

func tail(s *sheet, h head) {
	at := point{770, 300}
	s.fill(mix(h.hair, dark, 0.12), ellipse(820, 470, 84, 230).turned(-0.25, at))
	s.fill(s.warm, circle(775, 300, 34))
}

func waves(s *sheet, h head) {
	back := mix(h.hair, dark, 0.12)
	s.fill(back, rounded(388, 225, 424, 420, 200))
	for i := range 6 {
		y := 400 + float64(i)*68
		s.fill(back, circle(420-14*float64(i%2), y, 70), circle(780+14*float64(i%2), y, 70))
	}
}

func beanie(s *sheet, h head) {
	col := pick(s.luck, clothes[:7])
	s.fill(col, arc(600, 352, 202, 200, math.Pi, 2*math.Pi))
	if s.luck.IntN(2) == 0 {
		s.fill(mix(col, hex(0xFFFFFF), 0.5), circle(600, 140, 56))
	}
	s.fill(mix(col, dark, 0.2), rounded(386, 306, 428, 82, 38))
	for i := range 9 {
		x := 420 + float64(i)*45
		s.fill(thin(hex(0xFFFFFF), 0.14), line(point{x, 318}, point{x, 376}, 9))
	}
}

func peaked(s *sheet, h head) {
	col := pick(s.luck, clothes[:7])
	s.fill(h.hair, rect(412, 330, 40, 100), rect(748, 330, 40, 100))
	s.fill(col, arc(600, 348, 196, 182, math.Pi, 2*math.Pi))
	s.fill(mix(col, dark, 0.25), rounded(400, 316, 400, 62, 30), circle(600, 166, 18))
	s.fill(mix(col, dark, 0.2), ellipse(600, 366, 226, 34))
}

// plant is a pot with leaves in front of a disc.
func plant(s *sheet) {
	s.fill(s.back, rect(0, 0, wide, high))
	s.fill(mix(s.back, s.warm, 0.55), circle(600, 400, 330))
	green := mix(hex(0x4E7B55), s.deep, s.between(0, 0.35))
	for i := range 7 {
		a := -math.Pi/2 + (float64(i)-3)*0.42 + s.between(-0.06, 0.06)
		s.fill(mix(green, hex(0xFFFFFF), 0.06*float64(i%3)), leaf(point{600, 640}, s.between(330, 460), s.between(46, 64), a))
	}
	s.fill(mix(s.main, s.deep, 0.1), shape{{440, 610}, {760, 610}, {710, 860}, {490, 860}})
	s.fill(mix(s.main, hex(0xFFFFFF), 0.18), rounded(420, 570, 360, 74, 20))
}

// moonlight is a moon over a calm sea.
func moonlight(s *sheet) {
	s.fade(0, 620, mix(s.deep, hex(0x10142A), 0.5), mix(s.main, s.deep, 0.35))
	s.fill(s.light, circle(600, 340, s.between(150, 190)))
	for range 26 {
		s.fill(thin(hex(0xFFFFFF), 0.75), circle(s.between(160, 1040), s.between(20, 560), s.between(4, 9)))
	}
	s.fill(mix(s.deep, hex(0x10142A), 0.35), rect(0, 620, wide, 280))
	for i := range 6 {
		w := 300 - float64(i)*38 + s.between(-30, 30)
		s.fill(thin(s.light, 0.8), rounded(600-w/2, 650+float64(i)*40, w, 14, 7))
	}
}

// hills are three ridges below a sun.
func hills(s *sheet) {
	s.fade(0, 700, s.back, mix(s.back, s.warm, 0.35))
	s.fill(s.warm, circle(s.between(480, 720), s.between(280, 360), s.between(110, 150)))
	for i := range 3 {
		t := float64(i) / 2
		s.fill(mix(mix(s.main, s.back, 0.45), s.deep, t), s.ridge(480+float64(i)*120, 150-float64(i)*30, 0.9))
	}
}

// cat looks at whoever looks at it.
func cat(s *sheet) {
	fur := pick(s.luck, []color.RGBA{hex(0x2F2A2C), hex(0xC77B3F), hex(0x8D8A88), hex(0xEADBC6)})
	inner := mix(fur, hex(0xE7A3A0), 0.6)
	s.fill(pick(s.luck, grounds), rect(0, 0, wide, high))
	s.fill(fur, ellipse(600, 960, 330, 260))
	for _, side := range []float64{-1, 1} {
		s.fill(fur, shape{{600 + side*70, 300}, {600 + side*265, 130}, {600 + side*258, 450}})
		s.fill(inner, shape{{600 + side*130, 300}, {600 + side*238, 196}, {600 + side*232, 380}})
	}
	s.fill(fur, ellipse(600, 480, 275, 235))
	for _, side := range []float64{-1, 1} {
		s.fill(s.warm, ellipse(600+side*110, 450, 52, 56))
		s.fill(dark, ellipse(600+side*110, 452, 20, 48))
		s.fill(hex(0xFFFFFF), circle(600+side*110+12, 430, 11))
		for i := range 3 {
			y := 560 + float64(i-1)*30
			s.fill(thin(hex(0xFFFFFF), 0.7), line(point{600 + side*120, 566 + float64(i-1)*12}, point{600 + side*300, y}, 7))
		}
		s.fill(mix(dark, fur, 0.3), ring(600+side*34, 578, 34, 30, 10, 0.1*math.Pi, 0.9*math.Pi))
	}
	s.fill(hex(0xC96A6A), shape{{568, 528}, {632, 528}, {600, 566}})
}

// moka is a pot on a small flame.
func moka(s *sheet) {
	s.fill(s.back, rect(0, 0, wide, high))
	s.fill(mix(s.back, s.main, 0.3), circle(600, 430, 350))
	metal := mix(hex(0xC9CDD1), s.main, 0.12)
	edge := mix(metal, dark, 0.28)
	s.steam(600, 190, 130, s.light)
	s.fill(dark, ring(770, 400, 110, 120, 36, -1.4, 1.3))
	s.fill(metal, shape{{440, 270}, {760, 270}, {700, 500}, {500, 500}})
	s.fill(edge, shape{{440, 270}, {520, 270}, {548, 500}, {500, 500}}, shape{{395, 285}, {450, 270}, {470, 380}})
	s.fill(mix(metal, hex(0xFFFFFF), 0.3), shape{{430, 270}, {600, 205}, {770, 270}})
	s.fill(dark, circle(600, 196, 24))
	s.fill(edge, rounded(485, 492, 230, 44, 18))
	s.fill(metal, shape{{500, 530}, {700, 530}, {750, 770}, {450, 770}})
	s.fill(edge, shape{{500, 530}, {550, 530}, {530, 770}, {450, 770}})
	s.fill(s.warm, ellipse(600, 806, 170, 26))
	s.fill(mix(s.warm, hex(0xFFFFFF), 0.5), ellipse(600, 806, 96, 13))
}

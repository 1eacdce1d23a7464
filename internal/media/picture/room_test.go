package picture_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"sync"
	"testing"

	"golang.org/x/image/draw"

	"rapport/internal/fault"
	"rapport/internal/media/picture"
)

// Eight of the largest pictures at once are worked on, and never take more than
// the bound together.
func TestLargePicturesShareTheirMemory(t *testing.T) {
	var files [][]byte
	for _, img := range []image.Image{
		image.NewGray(image.Rect(0, 0, 7071, 7071)),
		image.NewPaletted(image.Rect(0, 0, 7071, 7071), color.Palette{color.White, color.Black}),
	} {
		var file bytes.Buffer
		if err := png.Encode(&file, img); err != nil {
			t.Fatal(err)
		}
		files = append(files, file.Bytes())
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			r, err := picture.Process(t.Context(), bytes.NewReader(files[i%len(files)]), picture.Options{MaxSide: 200})
			if err != nil || r.W != 200 || r.H != 200 {
				t.Errorf("%d × %d, %v", r.W, r.H, err)
			}
		})
	}
	all.Wait()
	if most := picture.Work.Most(); most > picture.MaxWork || most < 50_000_000 {
		t.Errorf("at most %d bytes were in work at once", most)
	}
}

func TestRoomIsTakenInTurn(t *testing.T) {
	r := picture.NewRoom(100, 2)
	first, err := r.Enter(t.Context(), 1000) // more than there is takes all of it
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	gave, served := make(chan error), make(chan error)
	go func() {
		_, err := r.Enter(ctx, 60)
		gave <- err
	}()
	go func() {
		leave, err := r.Enter(t.Context(), 60)
		if err == nil {
			leave()
		}
		served <- err
	}()
	for r.Waiting() < 2 {
		select {
		case err := <-gave:
			t.Fatal(err)
		case err := <-served:
			t.Fatal(err)
		default:
		}
	}
	if _, err := r.Enter(t.Context(), 1); !fault.Is(err, fault.Unavailable) {
		t.Errorf("one too many is %v", err)
	}
	stop() // whoever gives up waits no more
	if err := <-gave; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up: %v", err)
	}
	first()
	first() // a second time is nothing
	if err := <-served; err != nil {
		t.Error(err)
	}
	leave, err := r.Enter(t.Context(), 100)
	if err != nil || r.Most() != 100 || r.Waiting() != 0 {
		t.Errorf("%d at most, %d wait, %v", r.Most(), r.Waiting(), err)
	}
	leave()
}

// Pictures are made smaller by the curve that they always were.
func TestSmallerByTheSameCurve(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 211, 97))
	for y := range 97 {
		for x := range 211 {
			a := uint8(255)
			if x > 150 {
				a = uint8(x)
			}
			src.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y * 2), uint8(x * y), a})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, src); err != nil {
		t.Fatal(err)
	}
	for _, side := range []int{210, 100, 41, 7, 1} {
		r, err := picture.Process(t.Context(), &file, picture.Options{MaxSide: side})
		if err != nil {
			t.Fatal(err)
		}
		got, err := png.Decode(bytes.NewReader(r.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		want := image.NewNRGBA(image.Rect(0, 0, r.W, r.H))
		draw.CatmullRom.Scale(want, want.Bounds(), src, src.Bounds(), draw.Src, nil)
		worst := 0.0
		for y := range r.H {
			for x := range r.W {
				a, b := color.RGBAModel.Convert(got.At(x, y)).(color.RGBA), color.RGBAModel.Convert(want.At(x, y)).(color.RGBA)
				for _, pair := range [][2]uint8{{a.R, b.R}, {a.G, b.G}, {a.B, b.B}, {a.A, b.A}} {
					worst = max(worst, math.Abs(float64(pair[0])-float64(pair[1])))
				}
			}
		}
		if worst > 2 {
			t.Errorf("at %d they differ by %v", side, worst)
		}
		file.Reset()
		if err := png.Encode(&file, src); err != nil {
			t.Fatal(err)
		}
	}
}

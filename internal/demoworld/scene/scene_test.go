package scene_test

import (
	"bytes"
	"image/jpeg"
	"testing"

	"rapport/internal/demoworld/scene"
)

func TestEveryPictureIsItsOwnAndAlwaysTheSame(t *testing.T) {
	names, drawn := map[string]bool{}, map[string]string{}
	for _, p := range scene.All() {
		first, err := p.JPEG(200, 84)
		if err != nil {
			t.Fatal(err)
		}
		again, err := p.JPEG(200, 84)
		if err != nil || !bytes.Equal(first, again) {
			t.Errorf("%s is drawn in two ways, %v", p.Name, err)
		}
		if twin := drawn[string(first)]; twin != "" || names[p.Name] {
			t.Errorf("%s looks like %s, or its name is taken", p.Name, twin)
		}
		names[p.Name], drawn[string(first)] = true, p.Name
		c, err := jpeg.DecodeConfig(bytes.NewReader(first))
		if err != nil || c.Width != 200 || c.Height != 150 {
			t.Errorf("%s is %d × %d, %v", p.Name, c.Width, c.Height, err)
		}
		if len(p.Alt) < 30 || len(p.Alt) > 300 {
			t.Errorf("%s is described as %q", p.Name, p.Alt)
		}
	}
	if len(names) < 40 {
		t.Errorf("%d pictures", len(names))
	}
}

// Everybody of a large crowd has a picture of their own, small enough to be
// shown by the dozen.
func TestEveryFaceIsItsOwnAndAlwaysTheSame(t *testing.T) {
	drawn := map[string]int{}
	for i := range 300 {
		first, err := scene.Face(i)
		if err != nil {
			t.Fatal(err)
		}
		if twin, is := drawn[string(first)]; is {
			t.Errorf("%d looks like %d", i, twin)
		}
		drawn[string(first)] = i
		if again, err := scene.Face(i); i%10 == 0 && (err != nil || !bytes.Equal(first, again)) {
			t.Errorf("%d is drawn in two ways, %v", i, err)
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(first)); err != nil || c.Width != scene.FaceSide || c.Height != scene.FaceSide || len(first) > 24<<10 {
			t.Errorf("%d is %d × %d in %d bytes, %v", i, c.Width, c.Height, len(first), err)
		}
	}
}

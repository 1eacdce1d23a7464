package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"testing/iotest"

	"rapport/internal/fault"
	"rapport/internal/media/picture"
)

var (
	red   = color.NRGBA{255, 0, 0, 255}
	blue  = color.NRGBA{0, 0, 255, 255}
	clear = color.NRGBA{}
)

// halves is a picture whose left half is a and right half is b.
func halves(w, h int, a, b color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := a
			if x >= w/2 {
				c = b
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func asPNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func asJPEG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func asGIF(t *testing.T, frames int) []byte {
	t.Helper()
	palette := color.Palette{red, blue}
	var all gif.GIF
	for range frames {
		all.Image = append(all.Image, image.NewPaletted(image.Rect(0, 0, 4, 4), palette))
		all.Delay = append(all.Delay, 1)
	}
	var buf bytes.Buffer
	if err := gif.EncodeAll(&buf, &all); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// withEXIF puts an EXIF block with an orientation and a note into a JPEG.
func withEXIF(file []byte, turn uint16, note string) []byte {
	tiff := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
	tiff = binary.BigEndian.AppendUint16(tiff, turn)
	tiff = append(tiff, 0, 0, 0, 0, 0, 0)
	body := append(append([]byte("Exif\x00\x00"), tiff...), note...)
	out := append([]byte{}, file[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
	return append(append(out, body...), file[2:]...)
}

// claim is a PNG header that promises w × h pixels and holds none.
func claim(w, h uint32) []byte {
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(chunk, w)
	chunk = binary.BigEndian.AppendUint32(chunk, h)
	chunk = append(chunk, 8, 6, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, chunk...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
}

func TestSniff(t *testing.T) {
	for _, c := range []struct {
		name, head string
		want       picture.Kind
		says       string
	}{
		{"jpeg", "\xff\xd8\xff\xe0rest", picture.JPEG, ""},
		{"png", "\x89PNG\r\n\x1a\n", picture.PNG, ""},
		{"gif", "GIF89a", picture.GIF, ""},
		{"webp", "RIFF\x00\x00\x00\x00WEBPVP8 ", picture.WebP, ""},
		{"other RIFF", "RIFF\x00\x00\x00\x00WAVE", "", "not a picture"},
		{"svg", "<?xml version='1.0'?><SVG onload=x>", "", "SVG"},
		{"html", "<!DOCTYPE html><html>", "", "web page"},
		{"heic", "\x00\x00\x00\x18ftypheic", "", "HEIC"},
		{"script", "GIF<script>", "", "web page"},
		{"text", "hello", "", "not a picture"},
		{"empty", "", "", "not a picture"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := picture.Sniff([]byte(c.head))
			if got != c.want || (c.says != "") != fault.Is(err, fault.Invalid) || (err != nil && !strings.Contains(fault.Text(err), c.says)) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	good := asJPEG(t, halves(64, 64, red, blue))
	for _, c := range []struct {
		name string
		file []byte
		says string
	}{
		{"a bomb of pixels", claim(11_000, 11_000), "megapixels"},
		{"a bomb of width", claim(13_000, 1), "12000 pixels"},
		{"sizes that overflow", claim(1<<31-1, 1<<31-1), "picture"},
		{"no pixels", claim(0, 5), "damaged"},
		{"header only", claim(5, 5), "damaged"},
		{"cut short", good[:len(good)/2], "damaged"},
		{"moving", asGIF(t, 2), "Moving"},
		{"svg", []byte("<svg/>"), "SVG"},
		{"too many bytes", append(good, make([]byte, picture.MaxBytes)...), "20 MB"},
		{"crop beyond", good, "crop"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o picture.Options
			if c.says == "crop" {
				o.Crop = image.Rect(10, 10, 65, 20)
			}
			_, err := picture.Process(t.Context(), bytes.NewReader(c.file), o)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Text(err), c.says) {
				t.Errorf("got %v, want a fault with %q", err, c.says)
			}
		})
	}
	broken := errors.New("the upload broke")
	if _, err := picture.Process(t.Context(), iotest.ErrReader(broken), picture.Options{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func process(t *testing.T, file []byte, o picture.Options) (picture.Result, image.Image) {
	t.Helper()
	r, err := picture.Process(t.Context(), bytes.NewReader(file), o)
	if err != nil {
		t.Fatal(err)
	}
	img, kind, err := image.Decode(bytes.NewReader(r.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	if "image/"+kind != r.Mime || img.Bounds().Dx() != r.W || img.Bounds().Dy() != r.H {
		t.Errorf("%s %v, told as %s %d × %d", kind, img.Bounds(), r.Mime, r.W, r.H)
	}
	return r, img
}

func TestProcess(t *testing.T) {
	opaque, half := halves(200, 100, red, blue), halves(200, 100, red, clear)
	for _, c := range []struct {
		name string
		file []byte
		o    picture.Options
		mime string
		w, h int
	}{
		{"as it is", asJPEG(t, opaque), picture.Options{}, "image/jpeg", 200, 100},
		{"an opaque PNG becomes JPEG", asPNG(t, opaque), picture.Options{}, "image/jpeg", 200, 100},
		{"a clear PNG stays PNG", asPNG(t, half), picture.Options{}, "image/png", 200, 100},
		{"shrunk", asJPEG(t, opaque), picture.Options{MaxSide: 50}, "image/jpeg", 50, 25},
		{"never enlarged", asJPEG(t, opaque), picture.Options{MaxSide: 500}, "image/jpeg", 200, 100},
		{"never to nothing", asPNG(t, halves(300, 1, red, red)), picture.Options{MaxSide: 10}, "image/jpeg", 10, 1},
		{"cropped", asJPEG(t, opaque), picture.Options{Crop: image.Rect(150, 10, 190, 30)}, "image/jpeg", 40, 20},
		{"cropped to what is opaque", asPNG(t, half), picture.Options{Crop: image.Rect(0, 0, 50, 50)}, "image/jpeg", 50, 50},
		{"a still GIF", asGIF(t, 1), picture.Options{}, "image/jpeg", 4, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := process(t, c.file, c.o)
			if r.Mime != c.mime || r.W != c.w || r.H != c.h {
				t.Errorf("%s %d × %d, want %s %d × %d", r.Mime, r.W, r.H, c.mime, c.w, c.h)
			}
		})
	}
}

func isRed(c color.Color) bool { r, _, b, _ := c.RGBA(); return r > b }

func TestOrientation(t *testing.T) {
	// The stored picture is red on the left; "top" and so on say where the
	// red must be once it is upright.
	stored := asJPEG(t, halves(64, 32, red, blue))
	for turn, where := range map[uint16]string{
		0: "left", 1: "left", 2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom", 8: "bottom", 9: "left",
	} {
		_, img := process(t, withEXIF(stored, turn, ""), picture.Options{})
		w, h := img.Bounds().Dx(), img.Bounds().Dy()
		got := map[string]bool{
			"left": isRed(img.At(2, h/2)) && !isRed(img.At(w-3, h/2)), "right": isRed(img.At(w-3, h/2)) && !isRed(img.At(2, h/2)),
			"top": isRed(img.At(w/2, 2)) && !isRed(img.At(w/2, h-3)), "bottom": isRed(img.At(w/2, h-3)) && !isRed(img.At(w/2, 2)),
		}
		if !got[where] || (turn >= 5 && turn <= 8) != (h > w) {
			t.Errorf("turn %d: %d × %d, red %v, want it %s", turn, w, h, got, where)
		}
	}
}

func TestCropIsInTheUprightPicture(t *testing.T) {
	stored := asJPEG(t, halves(64, 32, red, blue))
	for turn, crop := range map[uint16]image.Rectangle{
		1: image.Rect(0, 0, 24, 8), 2: image.Rect(40, 0, 64, 8), 3: image.Rect(40, 20, 64, 32), 4: image.Rect(0, 4, 24, 20),
		5: image.Rect(0, 0, 32, 24), 6: image.Rect(8, 0, 32, 24), 7: image.Rect(0, 40, 32, 64), 8: image.Rect(0, 40, 16, 64),
	} {
		r, img := process(t, withEXIF(stored, turn, ""), picture.Options{Crop: crop})
		if r.W != crop.Dx() || r.H != crop.Dy() || !isRed(img.At(1, 1)) || !isRed(img.At(r.W-2, r.H-2)) {
			t.Errorf("turn %d: %d × %d, or not red", turn, r.W, r.H)
		}
	}
}

func TestNothingButPixelsSurvives(t *testing.T) {
	const payload = "GPS 52.5200N 13.4050E <script>alert(1)</script>"
	img := halves(32, 32, red, blue)
	for name, file := range map[string][]byte{
		"in EXIF":        withEXIF(asJPEG(t, img), 1, payload),
		"after the JPEG": append(asJPEG(t, img), payload...),
		"after the PNG":  append(asPNG(t, halves(32, 32, red, clear)), payload...),
	} {
		if r, _ := process(t, file, picture.Options{}); bytes.Contains(r.Bytes, []byte("GPS")) || bytes.Contains(r.Bytes, []byte("script")) {
			t.Errorf("%s: it is still there", name)
		}
	}
}

func TestTone(t *testing.T) {
	for want, img := range map[string]image.Image{
		"#ff0000": halves(30, 30, red, red), "#0000ff": halves(30, 30, blue, blue),
	} {
		if r, _ := process(t, asPNG(t, img), picture.Options{}); r.Tone != want {
			t.Errorf("tone %s, want %s", r.Tone, want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte("GIF89a\x04\x00\x04\x00\x80\x00\x00"))
	f.Add(claim(5, 5))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8 "))
	f.Fuzz(func(t *testing.T, file []byte) {
		kind, size, err := picture.Check(file)
		if err != nil && fault.Is(err, fault.Internal) {
			t.Errorf("an error without words: %v", err)
		}
		if err == nil && (kind == "" || size.Width*size.Height > picture.MaxPixels) {
			t.Errorf("accepted as %q, %d × %d", kind, size.Width, size.Height)
		}
		if err == nil && size.Width*size.Height < 1<<16 {
			_, err = picture.Process(t.Context(), bytes.NewReader(file), picture.Options{MaxSide: 16})
			if err != nil && fault.Is(err, fault.Internal) {
				t.Errorf("an error without words: %v", err)
			}
		}
	})
}

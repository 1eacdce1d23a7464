package picture

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"

	"rapport/internal/fault"
)

// Options say what to make of a picture. The zero value keeps its size.
type Options struct {
	MaxSide int             // pixels of the longer side at most; 0 keeps it. Never enlarged
	Square  bool            // keep the largest square in the middle; Crop is not looked at then
	Passing bool            // looked at in passing, as in lists: a JPEG of PassingQuality
	Crop    image.Rectangle // part to keep, in pixels of the upright picture; empty keeps all
}

// Result is a picture written anew.
type Result struct {
	Bytes []byte
	Mime  string
	W, H  int
	Tone  string // average colour as "#rrggbb", to show while the picture loads
}

// Qualities of JPEGs: of pictures that are looked at, and of their small copies,
// of which a page shows many.
const (
	quality        = 85
	PassingQuality = 78
)

// Process makes a clean picture of src: upright, cropped, shrunk, without any
// metadata. It is a PNG where something is transparent, else a JPEG. Moving
// pictures are refused: shown still they would mislead. It waits for room in Work
// until ctx is done; where too many wait it is fault.Unavailable.
func Process(ctx context.Context, src io.Reader, o Options) (Result, error) {
	file, err := readAll(src)
	if err != nil {
		return Result{}, err
	}
	kind, size, err := Check(file)
	if err != nil {
		return Result{}, err
	}
	if err := refuseMoving(kind, file); err != nil {
		return Result{}, err
	}
	turn := orientation(kind, file)
	crop, err := o.crop(upright(image.Rect(0, 0, size.Width, size.Height), turn))
	if err != nil {
		return Result{}, err
	}
	w, h := fit(crop.Dx(), crop.Dy(), o.MaxSide)
	leave, err := Work.Enter(ctx, weight(kind, size, file)+int64(w)*int64(h)*8) // drawn, and turned
	if err != nil {
		return Result{}, err
	}
	defer leave()
	made, err := draws(file, size, turn, crop, o.MaxSide)
	if err != nil {
		return Result{}, err
	}
	if o.Passing {
		return encode(made, PassingQuality)
	}
	return encode(made, quality)
}

// draws returns the wanted part at its size: of what was decoded nothing is left
// when it returns.
func draws(file []byte, size image.Config, turn int, crop image.Rectangle, maxSide int) (*image.NRGBA, error) {
	decoded, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, damaged(err)
	}
	if decoded.Bounds().Dx() != size.Width || decoded.Bounds().Dy() != size.Height {
		return nil, damaged(nil)
	}
	return shrink(decoded, turn, crop, maxSide), nil
}

// Whole returns nil where a file can be decoded to its end, as Process does.
func Whole(ctx context.Context, file []byte) error {
	kind, size, err := Check(file)
	if err != nil {
		return err
	}
	leave, err := Work.Enter(ctx, weight(kind, size, file))
	if err != nil {
		return err
	}
	defer leave()
	if _, _, err := image.Decode(bytes.NewReader(file)); err != nil {
		return damaged(err)
	}
	return nil
}

// crop returns the part of whole to keep.
func (o Options) crop(whole image.Rectangle) (image.Rectangle, error) {
	if o.Square {
		side := min(whole.Dx(), whole.Dy())
		at := whole.Min.Add(image.Pt((whole.Dx()-side)/2, (whole.Dy()-side)/2))
		return image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}, nil
	}
	if o.Crop.Empty() {
		return whole, nil
	}
	if !o.Crop.In(whole) {
		return whole, fault.OnField("crop", "The crop reaches beyond the picture, which has %d × %d pixels.", whole.Dx(), whole.Dy())
	}
	return o.Crop, nil
}

// refuseMoving stops at the second frame, so a file of a million frames costs
// no more than one of two.
func refuseMoving(kind Kind, file []byte) error {
	moving := kind == WebP && bytes.Contains(file[:min(len(file), SniffLen)], []byte("ANIM")) ||
		kind == PNG && bytes.Contains(file[:min(len(file), SniffLen)], []byte("acTL")) ||
		kind == GIF && frames(file) > 1
	if moving {
		return fault.OnField("file", "Moving pictures cannot be used yet. Use a still picture.")
	}
	return nil
}

// frames counts a GIF's frames up to two by walking its blocks.
func frames(file []byte) int {
	const header, descriptor = 13, 10
	at, count := header+table(file, 10), 0
	for at < len(file) && count < 2 {
		switch file[at] {
		case '!': // extension: two bytes, then data
			at = skip(file, at+2)
		case ',': // image: descriptor, colours, code size, data
			count++
			at = skip(file, at+descriptor+table(file, at+9)+1)
		default:
			return count
		}
	}
	return count
}

// table is the size of the colour table that the flags at i announce.
func table(file []byte, i int) int {
	if i >= len(file) || file[i]&0x80 == 0 {
		return 0
	}
	return 3 << (file[i]&7 + 1)
}

// skip returns the place after the data blocks that begin at i.
func skip(file []byte, i int) int {
	for i < len(file) && file[i] != 0 {
		i += int(file[i]) + 1
	}
	return i + 1
}

// shrink returns the wanted part of the upright picture at its final size.
// Turning comes last, when there are fewest pixels to move.
func shrink(decoded image.Image, turn int, crop image.Rectangle, maxSide int) *image.NRGBA {
	source := sideways(crop, decoded.Bounds(), turn)
	w, h := fit(source.Dx(), source.Dy(), maxSide)
	small := image.NewNRGBA(image.Rect(0, 0, w, h))
	if w == source.Dx() && h == source.Dy() {
		draw.Draw(small, small.Bounds(), decoded, source.Min, draw.Src)
	} else {
		scaled(small, decoded, source)
	}
	return rotate(small, turn)
}

func fit(w, h, maxSide int) (int, int) {
	longer := max(w, h)
	if maxSide <= 0 || longer <= maxSide {
		return w, h
	}
	return max(1, w*maxSide/longer), max(1, h*maxSide/longer)
}

func encode(img *image.NRGBA, quality int) (Result, error) {
	out := Result{W: img.Bounds().Dx(), H: img.Bounds().Dy(), Tone: tone(img), Mime: JPEG.Mime()}
	var buf bytes.Buffer
	var err error
	if img.Opaque() {
		err = jpeg.Encode(&buf, img, &jpeg.Options{Quality: quality})
	} else {
		out.Mime = PNG.Mime()
		err = png.Encode(&buf, img)
	}
	if err != nil {
		return Result{}, fmt.Errorf("picture: encode: %w", err)
	}
	out.Bytes = buf.Bytes()
	return out, nil
}

// tone averages the picture.
func tone(img image.Image) string {
	dot := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	draw.BiLinear.Scale(dot, dot.Bounds(), img, img.Bounds(), draw.Src, nil)
	c := color.NRGBAModel.Convert(dot.At(0, 0)).(color.NRGBA)
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

package picture

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation returns how a JPEG's pixels lie, 1 to 8 as EXIF counts; 1, which
// is upright, where the file does not say.
func orientation(kind Kind, file []byte) int {
	if kind != JPEG {
		return 1
	}
	for at := 2; at+4 <= len(file) && file[at] == 0xff && file[at+1] != 0xda; {
		length := int(binary.BigEndian.Uint16(file[at+2:]))
		end := at + 2 + length
		if length < 2 || end > len(file) {
			return 1
		}
		if body, ok := bytes.CutPrefix(file[at+4:end], []byte("Exif\x00\x00")); ok && file[at+1] == 0xe1 {
			return orientationTag(body)
		}
		at = end
	}
	return 1
}

// orientationTag finds tag 0x0112 in the first directory of a TIFF header.
func orientationTag(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return 1
		}
		if value := int(order.Uint16(entries[8:])); order.Uint16(entries) == 0x0112 && value >= 1 && value <= 8 {
			return value
		}
		entries = entries[12:]
	}
	return 1
}

// place maps a point of the stored picture, w × h, into the upright one.
func place(x, y, w, h, turn int) (int, int) {
	switch turn {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	}
	return x, y
}

// upright returns the bounds of the stored picture once it is turned.
func upright(stored image.Rectangle, turn int) image.Rectangle {
	if turn >= 5 {
		return image.Rect(0, 0, stored.Dy(), stored.Dx())
	}
	return stored
}

// back undoes a turn: 6 and 8 are each other's opposite, the rest their own.
func back(turn int) int {
	switch turn {
	case 6:
		return 8
	case 8:
		return 6
	}
	return turn
}

// sideways maps a part of the upright picture back to the stored one.
func sideways(part, stored image.Rectangle, turn int) image.Rectangle {
	whole := upright(image.Rect(0, 0, stored.Dx(), stored.Dy()), turn)
	x0, y0 := place(part.Min.X, part.Min.Y, whole.Dx(), whole.Dy(), back(turn))
	x1, y1 := place(part.Max.X-1, part.Max.Y-1, whole.Dx(), whole.Dy(), back(turn))
	r := image.Rect(x0, y0, x1, y1) // in order, whatever the turn
	r.Max = r.Max.Add(image.Pt(1, 1))
	return r.Add(stored.Min)
}

// rotate turns a picture upright.
func rotate(img *image.NRGBA, turn int) *image.NRGBA {
	if turn == 1 {
		return img
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	out := image.NewNRGBA(upright(img.Bounds(), turn))
	for y := range h {
		for x := range w {
			toX, toY := place(x, y, w, h, turn)
			copy(out.Pix[out.PixOffset(toX, toY):], img.Pix[img.PixOffset(x, y):img.PixOffset(x, y)+4])
		}
	}
	return out
}

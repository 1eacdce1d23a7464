// Package picture makes uploaded pictures safe and fit: it tells what a file
// really is, refuses what would exhaust memory before decoding it, turns it
// upright, crops, shrinks and writes it anew, so that nothing of the original
// file but its pixels survives: no GPS position, no camera, no hidden payload.
//
// No files, no database, no network: all it shares is the memory of the process,
// of which pictures in work take no more than Work allows.
package picture

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif" // decoders register themselves
	_ "image/jpeg"
	_ "image/png"
	"io"
	"strings"

	_ "golang.org/x/image/webp"

	"rapport/internal/fault"
)

// Limits on what is taken in. Most pictures take four bytes a pixel while they
// are in work, 200 MB at most; Work bounds what all of them take together.
const (
	MaxBytes  = 20 << 20   // of the uploaded file
	MaxPixels = 50_000_000 // width × height
	MaxSide   = 12_000     // pixels
)

// Kind is what a file is, told by its first bytes.
type Kind string

// The kinds that are accepted.
const (
	JPEG Kind = "jpeg"
	PNG  Kind = "png"
	GIF  Kind = "gif"
	WebP Kind = "webp"
)

// Mime returns the media type of the kind.
func (k Kind) Mime() string { return "image/" + string(k) }

// SniffLen is how much of a file Sniff looks at.
const SniffLen = 512

// Sniff tells what a file is by its first bytes, whatever its name says. What
// is no accepted picture is a fault.Invalid that says why.
func Sniff(head []byte) (Kind, error) {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return JPEG, nil
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return PNG, nil
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return GIF, nil
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return WebP, nil
	}
	return "", refuse(head)
}

func refuse(head []byte) error {
	text := strings.ToLower(string(head[:min(len(head), SniffLen)]))
	switch {
	case strings.Contains(text, "<svg"):
		return fault.OnField("file", "SVG files can run scripts. Export the picture as PNG.")
	case strings.Contains(text, "<html"), strings.Contains(text, "<!doctype"), strings.Contains(text, "<script"):
		return fault.OnField("file", "This is a web page, not a picture. Save the picture itself.")
	case len(head) >= 12 && text[4:8] == "ftyp" && (strings.HasPrefix(text[8:], "hei") || strings.HasPrefix(text[8:], "mif")):
		return fault.OnField("file", "HEIC pictures cannot be read yet. Export it as JPEG.")
	}
	return fault.OnField("file", "This is not a picture we can read. Use JPEG, PNG, GIF or WebP.")
}

// Check reads the kind and the size in pixels from a file's header without
// decoding it. A file over a limit is a fault.Invalid.
func Check(file []byte) (Kind, image.Config, error) {
	kind, err := Sniff(file)
	if err != nil {
		return "", image.Config{}, err
	}
	if len(file) > MaxBytes {
		return "", image.Config{}, tooHeavy()
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return "", image.Config{}, damaged(err)
	}
	if size.Width < 1 || size.Height < 1 {
		return "", image.Config{}, damaged(nil)
	}
	if size.Width > MaxSide || size.Height > MaxSide || size.Width*size.Height > MaxPixels {
		return "", image.Config{}, fault.OnField("file", "The picture has %d × %d pixels. Use one of at most %d megapixels and %d pixels a side.",
			size.Width, size.Height, MaxPixels/1_000_000, MaxSide)
	}
	return kind, size, nil
}

func tooHeavy() error {
	return fault.OnField("file", "The picture is larger than %d MB. Use a smaller one.", MaxBytes>>20)
}

func damaged(err error) error {
	f := fault.As(fault.Invalid, err, "The picture is damaged or cut short. Upload it again.")
	f.Fields = []fault.Field{{Name: "file", Text: f.Text, Phrase: f.Phrase}}
	return f
}

// readAll reads at most MaxBytes.
func readAll(src io.Reader) ([]byte, error) {
	file, err := io.ReadAll(io.LimitReader(src, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("picture: read: %w", err)
	}
	if len(file) > MaxBytes {
		return nil, tooHeavy()
	}
	return file, nil
}

package media

import (
	"bytes"
	"context"
	"fmt"
	"path"

	"rapport/internal/db"
	"rapport/internal/media/picture"
)

// Files are the keys of a picture's files.
type Files struct{ Full, Thumb, Original string }

// Bring keeps the files of a picture that comes from elsewhere as they are,
// with a small copy drawn anew; original may be nil. What cannot be drawn is
// no picture and fault.Invalid. Nothing refers to the files yet.
func (l *Library) Bring(ctx context.Context, brandID, id, mime string, full, original []byte) (Files, error) {
	thumb, err := picture.Process(ctx, bytes.NewReader(full), picture.Options{MaxSide: thumbSide, Passing: true})
	if err != nil {
		return Files{}, err
	}
	folder := path.Join("media", brandID, id, db.NewID())
	f := Files{Full: folder + "/full" + ending(mime), Thumb: folder + "/thumb" + ending(thumb.Mime)}
	_, err = l.Blobs.Put(ctx, f.Full, bytes.NewReader(full))
	if err == nil {
		_, err = l.Blobs.Put(ctx, f.Thumb, bytes.NewReader(thumb.Bytes))
	}
	if err == nil && original != nil {
		f.Original = folder + "/original"
		_, err = l.Blobs.Put(ctx, f.Original, bytes.NewReader(original))
	}
	if err != nil {
		l.drop(ctx, f.Full, f.Thumb, f.Original)
		return Files{}, fmt.Errorf("media: keep: %w", err)
	}
	return f, nil
}

// Searchable is what a picture is found by in the library.
func Searchable(name, alt string) string { return searchable(Media{Name: name, Alt: alt}) }

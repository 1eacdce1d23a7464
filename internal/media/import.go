package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"rapport/internal/db"
	"rapport/internal/media/picture"
)

// Staged is a picture whose files are kept and whose row is not written yet.
type Staged struct {
	Media Media
	sha   string
}

// Stage keeps the files of a picture that this program drew itself, so that
// they need no check: both encoded, the small one with Thumb's side. m names
// the brand, its id and what it shows; nothing refers to the files until
// Import.
func (l *Library) Stage(ctx context.Context, m Media, full, thumb []byte) (Staged, error) {
	drawn := rendition{
		full:  picture.Result{Bytes: full, Mime: m.Mime, W: m.Width, H: m.Height, Tone: m.Color},
		thumb: picture.Result{Bytes: thumb, Mime: m.Mime},
	}
	m.take(drawn)
	if err := l.put(ctx, m, drawn); err != nil {
		return Staged{}, err
	}
	sum := sha256.Sum256(full)
	return Staged{m, hex.EncodeToString(sum[:])}, nil
}

// Import writes the rows of staged pictures as they are, with their ids and
// times. It tells nobody.
func Import(ctx context.Context, tx *db.Tx, all []Staged) error {
	for _, s := range all {
		if err := insert(ctx, tx, s.Media, s.sha); err != nil {
			return err
		}
	}
	return nil
}

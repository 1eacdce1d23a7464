package member

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/media/picture"
	"rapport/internal/outbox"
)

// faceSide is the side of the square that is kept of a member's picture, in
// pixels: twice of what is shown at most, and a little.
const faceSide = 192

// drawing bounds the memory that decoded pictures take together.
var drawing = make(chan struct{}, 2)

// Portray gives the acting member a picture: the middle square of what is
// read, drawn anew and small, without whatever else its file held. The file's
// name is made of what it shows and whose it is, so that it never changes.
func Portray(ctx context.Context, d *db.DB, blobs blob.Store, v Voice, r io.Reader) error {
	if err := v.Speaks(d.Now()); err != nil {
		return err
	}
	select {
	case drawing <- struct{}{}:
		defer func() { <-drawing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	key, err := keepFace(ctx, blobs, v.Brand, v.Member.ID, r)
	if err != nil {
		return err
	}
	was, err := SetPicture(ctx, d, v, key)
	if err != nil && v.Member.Picture != key {
		return errors.Join(err, blobs.Delete(context.WithoutCancel(ctx), key))
	}
	if err != nil || was == key {
		return err
	}
	return dropFace(ctx, blobs, was)
}

// BringFace keeps the picture of a member who is brought in, and returns the
// key of the file.
func BringFace(ctx context.Context, blobs blob.Store, brandID, id string, file []byte) (string, error) {
	return keepFace(ctx, blobs, brandID, id, bytes.NewReader(file))
}

func keepFace(ctx context.Context, blobs blob.Store, brandID, id string, r io.Reader) (string, error) {
	made, err := picture.Process(r, picture.Options{Square: true, MaxSide: faceSide})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte(id+" "), made.Bytes...))
	key := faces(brandID) + hex.EncodeToString(sum[:12]) + "." + strings.TrimPrefix(made.Mime, "image/")
	if _, err := blobs.Put(ctx, key, bytes.NewReader(made.Bytes)); err != nil {
		return "", fmt.Errorf("member: keep a picture: %w", err)
	}
	return key, nil
}

// Unportray takes the acting member's picture away.
func Unportray(ctx context.Context, d *db.DB, blobs blob.Store, v Voice) error {
	was, err := SetPicture(ctx, d, v, "")
	if err != nil {
		return err
	}
	return dropFace(ctx, blobs, was)
}

// TakePicture takes a member's picture away, for who moderates. seen is the
// name of the file that was looked at: another is fault.Conflict. The member
// reads the reason.
func TakePicture(ctx context.Context, d *db.DB, blobs blob.Store, who access.Who, brandID, id, seen, reason string) error {
	if err := who.May(d.Now(), brandID, access.TopicModerate); err != nil {
		return err
	}
	reason, ok := text(reason, longestReason)
	switch {
	case !ok:
		return fault.OnField("reason", "Shorten the reason to %d characters.", longestReason)
	case reason == "":
		return fault.OnField("reason", "Say why. They will read it.")
	}
	var was string
	err := d.Tx(ctx, func(tx *db.Tx) error {
		m, err := ByID(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		if m.Picture == "" || path.Base(m.Picture) != seen {
			return fault.New(fault.Conflict, "They have changed or taken away this picture meanwhile. Look again.")
		}
		was = m.Picture
		_, err = tx.ExecContext(ctx, `UPDATE member SET picture = '', picture_why = $3, revision = revision + 1 WHERE brand_id = $1 AND id = $2`, brandID, id, reason)
		if err != nil {
			return fmt.Errorf("member: take a picture away: %w", err)
		}
		outbox.Show(tx, brandID, "member.changed", id)
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "member.picture_taken", Subject: id, Detail: map[string]string{"handle": m.Handle, "reason": reason}})
	})
	if err != nil {
		return err
	}
	return dropFace(ctx, blobs, was)
}

func dropFace(ctx context.Context, blobs blob.Store, key string) error {
	if key == "" {
		return nil
	}
	if err := blobs.Delete(context.WithoutCancel(ctx), key); err != nil && !fault.Is(err, fault.NotFound) {
		return fmt.Errorf("member: drop a picture: %w", err)
	}
	return nil
}

func faces(brandID string) string { return "community/" + brandID + "/face/" }

var faceName = regexp.MustCompile(`^[0-9a-f]{24}\.(jpeg|png)$`)

// FaceFile is the key of the file of a member's picture by its name, and what
// it is; fault.NotFound where the name is none.
func FaceFile(brandID, name string) (key, mime string, err error) {
	m := faceName.FindStringSubmatch(name)
	if m == nil {
		return "", "", fault.New(fault.NotFound, "There is no such picture.")
	}
	return faces(brandID) + name, "image/" + m[1], nil
}

package member

import (
	"bytes"
	"context"
	"crypto/rand"
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
	"rapport/internal/deposit"
	"rapport/internal/fault"
	"rapport/internal/media/picture"
	"rapport/internal/outbox"
)

// faceSide is the side of the square that is kept of a member's picture, in
// pixels: twice of what is shown at most, and a little.
const faceSide = 192

// Portray gives the acting member a picture: the middle square of what is
// read, drawn anew and small, without whatever else its file held. The file's
// name is given once and says whether the same is shown already, so that an
// address never changes what it shows.
func Portray(ctx context.Context, d *db.DB, blobs blob.Store, v Voice, r io.Reader) error {
	if err := v.Speaks(d.Now()); err != nil {
		return err
	}
	made, err := drawFace(ctx, r)
	if err != nil {
		return err
	}
	now, err := ByID(ctx, d, v.Brand, v.Member.ID)
	if err != nil {
		return err
	}
	key := faceKey(v.Brand, v.Member.ID, made)
	if strings.HasPrefix(now.Picture, key[:len(key)-len(path.Ext(key))-onceChars]) {
		return nil
	}
	return deposit.Keep(ctx, d, blobs, v.Brand, key, bytes.NewReader(made.Bytes), func(tx *db.Tx) error { return setPicture(ctx, tx, v, key) })
}

// BringFace keeps the picture of a member who is brought in, and returns the
// key of the file.
func BringFace(ctx context.Context, blobs blob.Store, brandID, id string, file []byte) (string, error) {
	made, err := drawFace(ctx, bytes.NewReader(file))
	if err != nil {
		return "", err
	}
	key := faceKey(brandID, id, made)
	if _, err := blobs.Put(ctx, key, bytes.NewReader(made.Bytes)); err != nil {
		return "", fmt.Errorf("member: keep a picture: %w", err)
	}
	return key, nil
}

// StageFace keeps a picture that is as small and square as members' pictures
// are, a JPEG, and returns the key of the file: the same for the same picture,
// of which several may be given the same.
func StageFace(ctx context.Context, blobs blob.Store, brandID string, file []byte) (string, error) {
	sum := sha256.Sum256(file)
	key := faces(brandID) + hex.EncodeToString(sum[:(shownChars+onceChars)/2]) + ".jpeg"
	if _, err := blobs.Put(ctx, key, bytes.NewReader(file)); err != nil {
		return "", fmt.Errorf("member: keep a picture: %w", err)
	}
	return key, nil
}

func drawFace(ctx context.Context, r io.Reader) (picture.Result, error) {
	return picture.Process(ctx, r, picture.Options{Square: true, MaxSide: faceSide})
}

// The parts of a file's name: what it shows and whose it is, and what makes it
// one that never was.
const (
	shownChars = 12
	onceChars  = 12
)

func faceKey(brandID, id string, made picture.Result) string {
	sum := sha256.Sum256(append([]byte(id+" "), made.Bytes...))
	once := make([]byte, onceChars/2)
	rand.Read(once) // never fails
	return faces(brandID) + hex.EncodeToString(sum[:shownChars/2]) + hex.EncodeToString(once) + "." + strings.TrimPrefix(made.Mime, "image/")
}

// Unportray takes the acting member's picture away.
func Unportray(ctx context.Context, d *db.DB, v Voice) error {
	return d.Tx(ctx, func(tx *db.Tx) error { return setPicture(ctx, tx, v, "") })
}

// setPicture writes the key of the acting member's picture, "" for none. The
// file that was there goes.
func setPicture(ctx context.Context, tx *db.Tx, v Voice, key string) error {
	m, err := v.again(ctx, tx)
	if err != nil || m.Picture == key && m.Why == "" {
		return err
	}
	was := m.Picture
	m.Picture, m.Revision = key, m.Revision+1
	if _, err := tx.ExecContext(ctx, `UPDATE member SET picture_why = '', picture_rule = '' WHERE brand_id = $1 AND id = $2`, m.Brand, m.ID); err != nil {
		return fmt.Errorf("member: set a picture: %w", err)
	}
	if err := m.save(ctx, tx, m.Name); err != nil {
		return err
	}
	return deposit.Drop(ctx, tx, m.Brand, was)
}

// Taken is why a member's picture is taken away.
type Taken struct {
	Seen   string // name of the file that was looked at
	Rule   string // of the guidelines, in their words; "" where none is named
	Reason string // as the member reads it
}

const longestRule = 150 // as long as a topic's title

func (t Taken) checked() (Taken, error) {
	var fits, also bool
	t.Reason, fits = text(t.Reason, longestReason)
	t.Rule, also = text(t.Rule, longestRule)
	switch {
	case !fits:
		return t, fault.OnField("reason", "Shorten the reason to %d characters.", longestReason)
	case !also:
		return t, fault.OnField("rule", "Choose a rule of the guidelines.")
	case t.Reason == "":
		return t, fault.OnField("reason", "Say why. They will read it.")
	}
	return t, nil
}

// TakePicture takes a member's picture away, for who moderates. Where it is no
// longer the one that was looked at it is fault.Conflict. The member is told.
func TakePicture(ctx context.Context, d *db.DB, who access.Who, brandID, id string, t Taken) error {
	if err := who.May(d.Now(), brandID, access.TopicModerate); err != nil {
		return err
	}
	t, err := t.checked()
	if err != nil {
		return err
	}
	return d.Tx(ctx, func(tx *db.Tx) error {
		m, err := ByID(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		if m.Picture == "" || path.Base(m.Picture) != t.Seen {
			return fault.New(fault.Conflict, "They have changed or taken away this picture meanwhile. Look again.")
		}
		_, err = tx.ExecContext(ctx, `UPDATE member SET picture = '', picture_why = $3, picture_rule = $4, revision = revision + 1 WHERE brand_id = $1 AND id = $2`, brandID, id, t.Reason, t.Rule)
		if err != nil {
			return fmt.Errorf("member: take a picture away: %w", err)
		}
		outbox.Show(tx, brandID, "member.changed", id)
		line := audit.Entry{ID: db.NewID(), Brand: brandID, Act: "member.picture_taken", Subject: id, Detail: map[string]string{"handle": m.Handle, "reason": t.Reason}}
		if t.Rule != "" {
			line.Detail["rule"] = t.Rule
		}
		return errors.Join(deposit.Drop(ctx, tx, brandID, m.Picture), audit.Record(ctx, tx, who, line),
			outbox.Add(ctx, tx, outbox.Event{Brand: brandID, Kind: "member.unpictured", Subject: id, Data: Unpictured{line.ID}}))
	})
}

// Unpictured is what the event tells of a picture that the team took away.
type Unpictured struct {
	Line string `json:"line"` // of the log: with the reason and the rule
}

// NamesFace reports whether a member's picture is the file.
func NamesFace(ctx context.Context, q db.Queryer, brandID, key string) (bool, error) {
	var yes bool
	err := q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM member WHERE brand_id = $1 AND picture = $2 AND picture <> '')`, brandID, key).Scan(&yes)
	if err != nil {
		return false, fmt.Errorf("member: whose picture: %w", err)
	}
	return yes, nil
}

func faces(brandID string) string { return "community/" + brandID + "/face/" }

var faceName = regexp.MustCompile(`^[0-9a-f]{24}\.(jpeg|png)$`)

// FaceFile is the key of the file of a member's picture by its name, and what
// it is; fault.NotFound where no member shows it.
func FaceFile(ctx context.Context, q db.Queryer, brandID, name string) (key, mime string, err error) {
	m := faceName.FindStringSubmatch(name)
	if m == nil {
		return "", "", noFace()
	}
	key = faces(brandID) + name
	shown, err := NamesFace(ctx, q, brandID, key)
	if err == nil && !shown {
		err = noFace()
	}
	if err != nil {
		return "", "", err
	}
	return key, "image/" + m[1], nil
}

func noFace() error { return fault.New(fault.NotFound, "There is no such picture.") }

package topic

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"time"

	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/deposit"
	"rapport/internal/fault"
	"rapport/internal/markdown"
	"rapport/internal/media/picture"
	"rapport/internal/member"
	"rapport/internal/space"
)

// Picture is one that a member put into what they write, and is seen by whoever
// may read that: see PictureFor.
type Picture struct {
	ID, Brand, Member string
	Blob              string // key of the file
	Mime              string
	Bytes             int64
	Width, Height     int
	At                db.Time
}

// Address is how a text names the picture.
func (p Picture) Address() string { return "/p/" + p.ID }

// What fits.
const (
	pictureSide  = 2000 // pixels of the longer side
	mostPictures = 40   // of a member in an hour
)

// Upload keeps a picture for what a member is about to write: redrawn, without
// whatever else its file held.
func Upload(ctx context.Context, d *db.DB, blobs blob.Store, v member.Voice, r io.Reader) (Picture, error) {
	if err := v.Speaks(d.Now()); err != nil {
		return Picture{}, err
	}
	if err := unhurriedPictures(ctx, d, v); err != nil {
		return Picture{}, err
	}
	made, err := picture.Process(ctx, r, picture.Options{MaxSide: pictureSide})
	if err != nil {
		return Picture{}, err
	}
	p := Picture{ID: strings.ToLower(rand.Text()), Brand: v.Brand, Member: v.Member.ID, Mime: made.Mime, Bytes: int64(len(made.Bytes)), Width: made.W, Height: made.H, At: d.Now()}
	p.Blob = pictureKey(p.Brand, p.ID)
	return p, deposit.Keep(ctx, d, blobs, p.Brand, p.Blob, bytes.NewReader(made.Bytes), func(tx *db.Tx) error { return p.add(ctx, tx, v) })
}

func pictureKey(brandID, id string) string { return "community/" + brandID + "/" + id }

// add writes the row: whoever has left since gets none that nobody would erase.
func (p Picture) add(ctx context.Context, tx *db.Tx, v member.Voice) error {
	var err error
	if v.Member, err = member.ByID(ctx, tx, v.Brand, v.Member.ID); err != nil {
		return err
	}
	if err := v.Speaks(tx.Now()); err != nil {
		return err
	}
	if err := unhurriedPictures(ctx, tx, v); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO topic_picture (id, brand_id, member_id, blob, mime, bytes, width, height, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		p.ID, p.Brand, p.Member, p.Blob, p.Mime, p.Bytes, p.Width, p.Height, p.At)
	if err != nil {
		return fmt.Errorf("topic: keep a picture: %w", err)
	}
	return nil
}

// ForgetPictures erases pictures that a member added in the caller's
// transaction, up to so many, and returns how many there were. Their files go
// with them.
func ForgetPictures(ctx context.Context, tx *db.Tx, brandID, memberID string, most int) (int, error) {
	rows, err := tx.QueryContext(ctx, `DELETE FROM topic_picture WHERE brand_id || '' = $1 AND id IN (
		SELECT id FROM topic_picture WHERE brand_id = $1 AND member_id = $2 ORDER BY at, id LIMIT $3) RETURNING blob`, brandID, memberID, most)
	keys, err := db.Collect(rows, err, func(r *sql.Rows) (key string, err error) {
		err = r.Scan(&key)
		return key, err
	})
	if err != nil {
		return 0, fmt.Errorf("topic: forget pictures: %w", err)
	}
	return len(keys), deposit.Drop(ctx, tx, brandID, keys...)
}

// Sound returns nil where a file is one that Upload may have made of a picture,
// as its row says, or what is wrong with it. It is decoded whole.
func (p Picture) Sound(ctx context.Context, file []byte) error {
	kind, size, err := picture.Check(file)
	if err != nil {
		return err
	}
	if kind.Mime() != p.Mime || size.Width != p.Width || size.Height != p.Height || int64(len(file)) != p.Bytes || max(p.Width, p.Height) > pictureSide {
		return fault.New(fault.Invalid, "It is not as pictures.jsonl says.")
	}
	return picture.Whole(ctx, file)
}

// BringPicture keeps the file of a picture that is brought in as it is, under
// its key, which it returns. The caller has checked that it is sound, and
// removes the file where its row does not come.
func BringPicture(ctx context.Context, blobs blob.Store, brandID, id string, file io.Reader) (string, error) {
	key := pictureKey(brandID, id)
	if file == nil {
		return key, nil
	}
	if _, err := blobs.Put(ctx, key, file); err != nil {
		return key, fmt.Errorf("topic: keep a picture: %w", err)
	}
	return key, nil
}

// NamesPicture reports whether a picture is the file.
func NamesPicture(ctx context.Context, q db.Queryer, brandID, key string) (bool, error) {
	var yes bool
	err := q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM topic_picture WHERE brand_id || '' = $1 AND id = $2 AND blob = $3)`, brandID, path.Base(key), key).Scan(&yes)
	if err != nil {
		return false, fmt.Errorf("topic: which picture: %w", err)
	}
	return yes, nil
}

func unhurriedPictures(ctx context.Context, q db.Queryer, v member.Voice) error {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM topic_picture WHERE brand_id = $1 AND member_id = $2 AND at > $3`, v.Brand, v.Member.ID, q.Now().Add(-time.Hour)).Scan(&n)
	if err == nil && n >= mostPictures {
		err = fault.New(fault.Limited, "You have added many pictures within an hour. Wait a little, then add more.")
	}
	return err
}

// PictureByID returns the picture, or fault.NotFound. Who may see it is for
// PictureFor to say.
func PictureByID(ctx context.Context, q db.Queryer, brandID, id string) (Picture, error) {
	p := Picture{ID: id, Brand: brandID}
	err := q.QueryRowContext(ctx, `SELECT member_id, blob, mime, bytes, width, height, at FROM topic_picture WHERE brand_id = $1 AND id = $2`, brandID, id).
		Scan(&p.Member, &p.Blob, &p.Mime, &p.Bytes, &p.Width, &p.Height, &p.At)
	if errors.Is(err, sql.ErrNoRows) {
		return p, noPicture()
	}
	if err != nil {
		return p, fmt.Errorf("topic: picture: %w", err)
	}
	return p, nil
}

// mostNaming is how many texts are asked whether they show a picture. One names
// it as a rule; more where its author says it again.
const mostNaming = 20

// PictureFor returns the picture where the voice may read a text of its author
// that shows it, or is its author, and whether everybody may. For anybody else
// it is fault.NotFound: what is hidden, waits or stands in a space for members
// only keeps its pictures.
func PictureFor(ctx context.Context, q db.Queryer, v member.Voice, id string) (p Picture, everybody bool, err error) {
	if !IsPicture(id) {
		return p, false, noPicture()
	}
	if p, err = PictureByID(ctx, q, v.Brand, id); err != nil {
		return p, false, err
	}
	mine := v.Member.ID != "" && v.Member.ID == p.Member
	// It is uploaded just before it is said; only who changes what they said once
	// shows it in something older.
	for _, when := range []string{`r.at >= $3`, `r.at < $3`} {
		rows, err := q.QueryContext(ctx, `SELECT `+replyColumns+` FROM reply r WHERE r.brand_id = $1 AND r.author_id = $2 AND `+when+` AND r.text LIKE $4
			ORDER BY r.at, r.id LIMIT $5`, v.Brand, p.Member, p.At, "%"+p.Address()+"%", mostNaming)
		named, err := db.Collect(rows, err, func(row *sql.Rows) (r Reply, err error) {
			err = row.Scan(r.fields()...)
			return r, err
		})
		if err != nil {
			return p, false, fmt.Errorf("topic: who shows a picture: %w", err)
		}
		for _, r := range named {
			for i, reader := range []member.Voice{{Brand: v.Brand}, v} {
				if sees, err := r.readBy(ctx, q, reader); err != nil || sees {
					return p, i == 0, err
				}
			}
		}
	}
	if !mine {
		return p, false, noPicture()
	}
	return p, false, nil
}

// readBy reports whether the voice may read the reply where it stands.
func (r Reply) readBy(ctx context.Context, q db.Queryer, v member.Voice) (bool, error) {
	if !Shows(q.Now(), v, r) {
		return false, nil
	}
	t, err := ByID(ctx, q, r.Brand, r.Topic)
	if err != nil {
		return false, err
	}
	s, err := space.ByID(ctx, q, r.Brand, r.Space)
	if err != nil {
		return false, err
	}
	err = Readable(q.Now(), v, s, t)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

func noPicture() error { return fault.New(fault.NotFound, "There is no such picture.") }

var (
	pictureID      = regexp.MustCompile(`^[a-z0-9]{10,40}$`)
	pictureAddress = regexp.MustCompile(`^/p/([a-z0-9]{10,40})$`)
)

// IsPicture reports whether an id is written as a picture's.
func IsPicture(id string) bool { return pictureID.MatchString(id) }

// mostShown is how many pictures one text shows.
const mostShown = 20

// pictures shows those that members of the brand added; others stay links,
// because readers' browsers ask nobody but us.
func pictures(ctx context.Context, q db.Queryer, brandID string) func(string) (markdown.Picture, bool) {
	n := 0
	return func(address string) (markdown.Picture, bool) {
		m := pictureAddress.FindStringSubmatch(address)
		if n++; m == nil || n > mostShown {
			return markdown.Picture{}, false
		}
		p, err := PictureByID(ctx, q, brandID, m[1])
		return markdown.Picture{Src: Up + "p/" + p.ID, Width: p.Width, Height: p.Height}, err == nil
	}
}

// clean takes from a draft what PostgreSQL keeps in no text.
func clean(s string) string { return string(bytes.ToValidUTF8([]byte(removeNUL(s)), nil)) }

func removeNUL(s string) string { return string(bytes.ReplaceAll([]byte(s), []byte{0}, nil)) }

package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/media/picture"
	"rapport/internal/network"
	"rapport/internal/outbox"
)

// The sizes that Open gives.
const (
	Full  = "full"
	Thumb = "thumb" // 480 pixels on its longest side
)

const (
	longestName = 120
	longestAlt  = 4000
)

// Library keeps pictures: their rows in the database, their files in the blob
// store.
type Library struct {
	DB    *db.DB
	Blobs blob.Store
}

// Add checks the picture, draws it anew without anything else that the file
// held (where it was taken, for one) and keeps it with a small copy. What is
// taken, and how large, package picture says; a side longer than 4096 pixels
// is shrunk to that.
func (l *Library) Add(ctx context.Context, who access.Who, brandID, name string, r io.Reader) (Media, error) {
	if err := who.May(l.DB.Now(), brandID, access.MediaWrite); err != nil {
		return Media{}, err
	}
	src, err := io.ReadAll(io.LimitReader(r, picture.MaxBytes+1))
	if err != nil {
		return Media{}, fault.As(fault.Invalid, err, "The picture did not arrive whole. Send it again.")
	}
	drawn, err := render(ctx, src, image.Rectangle{})
	if err != nil {
		return Media{}, err
	}
	m := Media{ID: db.NewID(), Brand: brandID, Name: baseName(name), CreatedBy: who.Account}
	return l.keep(ctx, who, m, drawn, func(tx *db.Tx, m *Media, sha string) error {
		m.CreatedAt = tx.Now()
		return errors.Join(insert(ctx, tx, *m, sha), tell(ctx, tx, *m, "media.added"))
	})
}

// keep writes the files, then the row; without the row the files go again.
func (l *Library) keep(ctx context.Context, who access.Who, m Media, drawn rendition, save func(*db.Tx, *Media, string) error) (Media, error) {
	m.take(drawn)
	if err := l.put(ctx, m, drawn); err != nil {
		return Media{}, err
	}
	sum := sha256.Sum256(drawn.full.Bytes)
	err := l.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), m.Brand, access.MediaWrite); err != nil {
			return err
		}
		return save(tx, &m, hex.EncodeToString(sum[:]))
	})
	if err != nil {
		l.drop(ctx, m.blob, m.thumb)
		return Media{}, err
	}
	return m, nil
}

// take names new files: a file is never changed under its name.
func (m *Media) take(drawn rendition) {
	folder := path.Join("media", m.Brand, m.ID, db.NewID())
	full := drawn.full
	m.blob, m.thumb = folder+"/full"+ending(full.Mime), folder+"/thumb"+ending(drawn.thumb.Mime)
	m.Mime, m.Bytes = full.Mime, int64(len(full.Bytes))
	m.Width, m.Height, m.Color = full.W, full.H, full.Tone
}

func (l *Library) put(ctx context.Context, m Media, drawn rendition) error {
	_, err := l.Blobs.Put(ctx, m.blob, bytes.NewReader(drawn.full.Bytes))
	if err == nil {
		_, err = l.Blobs.Put(ctx, m.thumb, bytes.NewReader(drawn.thumb.Bytes))
	}
	if err != nil {
		l.drop(ctx, m.blob, m.thumb)
		return fmt.Errorf("media: keep: %w", err)
	}
	return nil
}

// drop removes files that no row names. One that stays does no harm but take
// space.
func (l *Library) drop(ctx context.Context, keys ...string) {
	for _, k := range keys {
		_ = l.Blobs.Delete(context.WithoutCancel(ctx), k)
	}
}

// Crop shows only a part of the original picture, in its pixels. A picture
// that something scheduled or sent shows is not touched: then the cropped one
// is a new picture, with another id.
func (l *Library) Crop(ctx context.Context, who access.Who, brandID, id string, r Rect) (Media, error) {
	old, err := l.writable(ctx, who, brandID, id)
	if err != nil {
		return old, err
	}
	source := old.blob
	if old.original != "" {
		source = old.original
	}
	src, err := l.read(ctx, source)
	if err != nil {
		return old, err
	}
	part, err := r.bounds()
	if err != nil {
		return old, err
	}
	drawn, err := render(ctx, src, part)
	if err != nil {
		return old, err
	}
	crop, err := json.Marshal(r)
	if err != nil {
		return old, fmt.Errorf("media: crop: %w", err)
	}
	m := old
	m.original = source
	return l.keep(ctx, who, m, drawn, func(tx *db.Tx, m *Media, sha string) error {
		return l.replace(ctx, tx, who, m, cropped{old, sha, string(crop)})
	})
}

// cropped is what a crop starts from and how it is stored.
type cropped struct {
	old       Media
	sha, crop string
}

// replace saves the crop over the old picture, or beside it where that one is
// shown.
func (l *Library) replace(ctx context.Context, tx *db.Tx, who access.Who, m *Media, c cropped) error {
	now, err := byID(ctx, tx, m.Brand, c.old.ID)
	if err != nil {
		return err
	}
	if now.blob != c.old.blob || now.DeletedAt > 0 {
		return fault.New(fault.Conflict, "This picture was changed in the meantime. Look again.")
	}
	shown, err := isShown(ctx, tx, m.Brand, c.old.ID)
	if err != nil {
		return err
	}
	if shown {
		m.ID, m.CreatedAt, m.CreatedBy = db.NewID(), tx.Now(), who.Account
		err = insert(ctx, tx, *m, c.sha)
	} else {
		m.Alt = now.Alt
		if now.blob != m.original {
			tx.AfterCommit(func() { l.drop(ctx, now.blob) })
		}
		tx.AfterCommit(func() { l.drop(ctx, now.thumb) })
	}
	if err != nil {
		return err
	}
	return errors.Join(update(ctx, tx, *m, c.sha, c.crop), tell(ctx, tx, *m, "media.changed"))
}

// Describe saves what those hear or read who cannot see the picture. "" takes
// the description away.
func (l *Library) Describe(ctx context.Context, who access.Who, brandID, id, alt string) (Media, error) {
	var m Media
	alt = strings.TrimSpace(strings.ReplaceAll(alt, "\r\n", "\n"))
	err := l.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.MediaWrite); err != nil {
			return err
		}
		if utf8.RuneCountInString(alt) > longestAlt || !printable(alt) {
			return fault.OnField("alt", "Describe the picture in at most %d characters.", longestAlt)
		}
		var err error
		if m, err = byID(ctx, tx, brandID, id); err != nil {
			return err
		}
		m.Alt = alt
		return errors.Join(describe(ctx, tx, m), tell(ctx, tx, m, "media.changed"))
	})
	return m, err
}

// Delete takes the picture out of the library; Restore undoes it. While a post
// that is scheduled, or waits for a decision, needs it, it is fault.Conflict.
func (l *Library) Delete(ctx context.Context, who access.Who, brandID, id string) error {
	return l.DB.Tx(ctx, func(tx *db.Tx) error {
		m, err := deletable(ctx, tx, who, brandID, id)
		if err != nil || m.DeletedAt > 0 {
			return err
		}
		uses, err := needed(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		if len(uses) > 0 {
			return usedIn(uses)
		}
		return setDeleted(ctx, tx, who, m, tx.Now())
	})
}

// Restore brings a deleted picture back.
func (l *Library) Restore(ctx context.Context, who access.Who, brandID, id string) (Media, error) {
	var m Media
	err := l.DB.Tx(ctx, func(tx *db.Tx) error {
		var err error
		if m, err = deletable(ctx, tx, who, brandID, id); err != nil || m.DeletedAt == 0 {
			return err
		}
		m.DeletedAt = 0
		return setDeleted(ctx, tx, who, m, 0)
	})
	return m, err
}

func deletable(ctx context.Context, tx *db.Tx, who access.Who, brandID, id string) (Media, error) {
	if err := who.May(tx.Now(), brandID, access.MediaWrite); err != nil {
		return Media{}, err
	}
	return byID(ctx, tx, brandID, id)
}

func setDeleted(ctx context.Context, tx *db.Tx, who access.Who, m Media, at db.Time) error {
	act := "media.deleted"
	if at == 0 {
		act = "media.restored"
	}
	return errors.Join(markDeleted(ctx, tx, m, at),
		audit.Record(ctx, tx, who, audit.Entry{Brand: m.Brand, Act: act, Subject: m.ID, Detail: map[string]string{"name": m.Name}}),
		tell(ctx, tx, m, "media.changed"))
}

func usedIn(uses []Use) error {
	name := "a post"
	if uses[0].Excerpt != "" {
		name = "“" + uses[0].Excerpt + "”"
	}
	if len(uses) > 1 {
		name += " and others"
	}
	return fault.New(fault.Conflict, "This picture is used in %s. Take it out there first.", name)
}

// Open returns the picture's file in a size, Full or Thumb, with its row and
// the file's type. Deleted pictures open too: posts that are out still show
// them. The caller closes it.
func (l *Library) Open(ctx context.Context, who access.Who, brandID, id, size string) (io.ReadSeekCloser, Media, string, error) {
	m, err := ByID(ctx, l.DB, who, brandID, id)
	if err != nil {
		return nil, m, "", err
	}
	key := m.blob
	switch size {
	case Full, "":
	case Thumb:
		key = m.thumb
	default:
		return nil, m, "", fault.OnField("size", "Choose full or thumb.")
	}
	f, _, err := l.Blobs.Open(ctx, key)
	if err != nil {
		return nil, m, "", fmt.Errorf("media: open %s: %w", id, err)
	}
	return f, m, mimeOf(key), nil
}

func mimeOf(key string) string { return "image/" + strings.TrimPrefix(path.Ext(key), ".") }

// Items returns those of the pictures that the brand has and that were not
// deleted, by id, ready to be sent.
func (l *Library) Items(ctx context.Context, brandID string, ids []string) (map[string]network.Media, error) {
	all, err := ByIDs(ctx, l.DB, brandID, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]network.Media, len(all))
	for id, m := range all {
		if m.DeletedAt > 0 {
			continue
		}
		it, key := m.Item(), m.blob
		it.Open = func(ctx context.Context) (io.ReadCloser, error) {
			f, _, err := l.Blobs.Open(ctx, key)
			return f, err
		}
		out[id] = it
	}
	return out, nil
}

func (l *Library) writable(ctx context.Context, who access.Who, brandID, id string) (Media, error) {
	if err := who.May(l.DB.Now(), brandID, access.MediaWrite); err != nil {
		return Media{}, err
	}
	m, err := byID(ctx, l.DB, brandID, id)
	if err == nil && m.DeletedAt > 0 {
		err = fault.New(fault.NotFound, "This picture was deleted. Restore it first.")
	}
	return m, err
}

func (l *Library) read(ctx context.Context, key string) ([]byte, error) {
	f, _, err := l.Blobs.Open(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("media: read: %w", err)
	}
	defer f.Close()
	return io.ReadAll(f)
}

func tell(ctx context.Context, tx *db.Tx, m Media, kind string) error {
	return outbox.Add(ctx, tx, outbox.Event{Brand: m.Brand, Kind: kind, Subject: m.ID})
}

// baseName keeps of a file's name what can be shown: no folder, no control or
// invisible characters.
func baseName(name string) string {
	name = strings.ToValidUTF8(path.Base(strings.ReplaceAll(name, `\`, "/")), "")
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name))
	if r := []rune(name); len(r) > longestName {
		name = string(slices.Concat(r[:longestName-9], []rune("…"), r[len(r)-8:]))
	}
	if name == "" || name == "." || name == "/" {
		return "picture"
	}
	return name
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' })
}

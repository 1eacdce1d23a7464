package brand

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"path"
	"strings"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/media/picture"
	"rapport/internal/outbox"
)

const logoSide = 256 // pixels

// SetLogo gives the brand the picture it is known by: the square in its middle,
// drawn anew. What is taken, and how large, package picture says.
func SetLogo(ctx context.Context, d *db.DB, blobs blob.Store, who access.Who, id string, r io.Reader) error {
	if err := who.May(d.Now(), id, access.BrandWrite); err != nil {
		return err
	}
	square, err := drawLogo(ctx, r)
	if err != nil {
		return err
	}
	key, err := keepLogo(ctx, blobs, id, square)
	if err != nil {
		return err
	}
	if err := swapLogo(ctx, d, blobs, who, id, key); err != nil {
		_ = blobs.Delete(context.WithoutCancel(ctx), key) // one that stays does no harm but take space
		return err
	}
	return nil
}

// DropLogo takes the brand's picture away.
func DropLogo(ctx context.Context, d *db.DB, blobs blob.Store, who access.Who, id string) error {
	return swapLogo(ctx, d, blobs, who, id, "")
}

func drawLogo(ctx context.Context, r io.Reader) (picture.Result, error) {
	upright, err := picture.Process(ctx, r, picture.Options{MaxSide: 4 * logoSide})
	if err != nil {
		return picture.Result{}, err
	}
	side := min(upright.W, upright.H)
	at := image.Pt((upright.W-side)/2, (upright.H-side)/2)
	return picture.Process(ctx, bytes.NewReader(upright.Bytes), picture.Options{MaxSide: logoSide, Crop: image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}})
}

func keepLogo(ctx context.Context, blobs blob.Store, id string, square picture.Result) (string, error) {
	key := path.Join("brand", id, db.NewID()+"."+strings.TrimPrefix(square.Mime, "image/"))
	if _, err := blobs.Put(ctx, key, bytes.NewReader(square.Bytes)); err != nil {
		return "", fmt.Errorf("brand: keep the logo: %w", err)
	}
	return key, nil
}

func swapLogo(ctx context.Context, d *db.DB, blobs blob.Store, who access.Who, id, key string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), id, access.BrandWrite); err != nil {
			return err
		}
		old, err := byID(ctx, tx, id)
		if err != nil || old.Logo == key {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE brand SET logo = $2 WHERE id = $1`, id, key); err != nil {
			return fmt.Errorf("brand: logo: %w", err)
		}
		if old.Logo != "" {
			tx.AfterCommit(func() { _ = blobs.Delete(context.WithoutCancel(ctx), old.Logo) })
		}
		return errors.Join(audit.Record(ctx, tx, who, audit.Entry{Brand: id, Act: "brand.logo_changed", Subject: id}),
			outbox.Add(ctx, tx, outbox.Event{Brand: id, Kind: "brand.changed", Subject: id}))
	})
}

// BringLogo keeps the picture of a brand that is brought in from elsewhere.
func BringLogo(ctx context.Context, tx *db.Tx, blobs blob.Store, id string, file []byte) error {
	square, err := drawLogo(ctx, bytes.NewReader(file))
	if err != nil {
		return err
	}
	key, err := keepLogo(ctx, blobs, id, square)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE brand SET logo = $2 WHERE id = $1`, id, key)
	return err
}

// OpenLogo gives the brand's picture and its MIME type, or fault.NotFound. The
// caller has checked that the brand may be read.
func OpenLogo(ctx context.Context, blobs blob.Store, b Brand) (io.ReadSeekCloser, string, error) {
	if b.Logo == "" {
		return nil, "", fault.New(fault.NotFound, "This brand has no logo.")
	}
	f, _, err := blobs.Open(ctx, b.Logo)
	return f, "image/" + strings.TrimPrefix(path.Ext(b.Logo), "."), err
}

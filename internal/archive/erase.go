package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"rapport/internal/blob"
	"rapport/internal/db"
)

// clearing are the tables that are emptied of a brand first, some rows at a
// time, so that others can write between; what hangs on their rows goes with
// them. What is left goes with the brand's own row, or is in unhung.
var clearing = []struct {
	table, key string
	atOnce     int
}{
	{"search_doc", "subject", 500}, {"conversation", "id", 50}, {"note", "id", 500}, {"delivery", "id", 200}, {"post", "id", 200},
	{"identity", "id", 500}, {"person", "id", 200}, {"media", "id", 500}, {"metric", "subject", 50}, {"activity", "id", 1000},
	{"audit", "id", 1000}, {"notification", "id", 1000}, {"letter", "id", 500},
}

// unhung are tables whose rows name a brand and do not go with it.
var unhung = []string{"outbox"}

// wipe erases everything of a brand, some rows at a time, and its files. It
// may be called again after it failed, and where nothing is left.
func wipe(ctx context.Context, d *db.DB, blobs blob.Store, brand string) error {
	for _, c := range clearing {
		for {
			n, err := clearSome(ctx, d, c.table, c.key, brand, c.atOnce)
			if err := errors.Join(err, ctx.Err()); err != nil {
				return fmt.Errorf("archive: erase %s: %w", c.table, err)
			}
			if n == 0 {
				break
			}
		}
	}
	if err := dropFiles(ctx, blobs, brand); err != nil {
		return fmt.Errorf("archive: erase files: %w", err)
	}
	return d.Tx(ctx, func(tx *db.Tx) error {
		for _, t := range unhung {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+t+` WHERE brand_id = $1`, brand); err != nil {
				return fmt.Errorf("archive: erase %s: %w", t, err)
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM brand WHERE id = $1`, brand); err != nil {
			return fmt.Errorf("archive: erase the brand: %w", err)
		}
		return nil
	})
}

func clearSome(ctx context.Context, d *db.DB, table, key, brand string, atOnce int) (n int64, err error) {
	err = d.Tx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE brand_id = $1 AND `+key+` IN (SELECT `+key+` FROM `+table+` WHERE brand_id = $1 LIMIT $2)`, brand, atOnce)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}

// folders are where a brand's files lie in the store.
func folders(brand string) []string {
	return []string{"media/" + brand + "/", "brand/" + brand + "/", "export/" + brand + "/"}
}

func dropFiles(ctx context.Context, blobs blob.Store, brand string) error {
	var keys []string
	for _, prefix := range folders(brand) {
		for info, err := range blobs.List(ctx, prefix) {
			if err != nil {
				return err
			}
			keys = append(keys, info.Key)
		}
	}
	for key := range slices.Values(keys) {
		if err := blobs.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// eraseDue erases the brands whose days of grace are over.
func (a *Archiver) eraseDue(ctx context.Context) error { return nil }

package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/db"
)

// clearing are the tables that are emptied of a brand first, some rows at a
// time, so that others can write between; what hangs on their rows goes with
// them. What is left goes with the brand's own row, or is in unhung.
var clearing = []struct {
	table, key string
	atOnce     int
}{
	{"search_doc", "subject", 500}, {"notice", "id", 500}, {"tally_act", "member_id", 50}, {"reply", "id", 200}, {"topic", "id", 200}, {"claim", "id", 500}, {"member", "id", 200}, {"merge", "id", 200}, {"conversation", "id", 50}, {"note", "id", 500}, {"delivery", "id", 200}, {"post", "id", 200},
	{"identity", "id", 500}, {"person", "id", 200}, {"media", "id", 500}, {"metric", "subject", 50}, {"activity", "id", 1000},
	{"audit", "id", 1000}, {"notification", "id", 1000}, {"letter", "id", 500},
}

// unhung are tables whose rows name a brand and do not go with it.
var unhung = []string{"outbox", "activity_fresh"}

// wipe erases everything of a brand, some rows at a time, and its files. It
// may be called again after it failed, and where nothing is left.
func wipe(ctx context.Context, d *db.DB, blobs blob.Store, brand string, also func(*db.Tx) error) error {
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
		if also != nil {
			return also(tx)
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
	return []string{"media/" + brand + "/", "brand/" + brand + "/", "export/" + brand + "/", "community/" + brand + "/"}
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

// eraseDue erases the brands whose days of grace are over. That it was there,
// and who ended it, stays in the installation's own log.
func (a *Archiver) eraseDue(ctx context.Context) error {
	due, err := brand.Due(ctx, a.DB)
	for _, b := range due {
		if err == nil {
			err = wipe(ctx, a.DB, a.Blobs, b.ID, func(tx *db.Tx) error {
				return audit.Record(ctx, tx, access.System(), audit.Entry{Act: "brand.erased", Subject: b.ID,
					Detail: map[string]string{"name": b.Name, "address": b.Slug, "by": b.EraseBy}})
			})
		}
	}
	return err
}

// forgetOld drops what brands do not keep for ever, some rows at a time.
func (a *Archiver) forgetOld(ctx context.Context) error {
	all, err := brand.List(ctx, a.DB, access.System())
	for _, b := range all {
		for _, k := range []struct {
			table, column string
			days          int
		}{{"activity", "at", b.ActivityDays}, {"letter", "created_at", b.LetterDays}} {
			for n := int64(1); k.days > 0 && n > 0 && err == nil; {
				n, err = a.forgetSome(ctx, k.table, k.column, b.ID, a.DB.Now().Add(-time.Duration(k.days)*24*time.Hour))
			}
		}
	}
	if err != nil {
		return fmt.Errorf("archive: forget what is old: %w", err)
	}
	return nil
}

func (a *Archiver) forgetSome(ctx context.Context, table, column, brand string, before db.Time) (n int64, err error) {
	err = a.DB.Tx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE brand_id = $1 AND id IN (SELECT id FROM `+table+` WHERE brand_id = $1 AND `+column+` < $2 LIMIT 1000)`, brand, before)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}

// Kept is one kind of thing that a brand keeps.
type Kept struct {
	What  string // its table
	Rows  int64
	Bytes int64 // of its files, where it has any
}

// Holds are how much of what grows a brand keeps.
func (a *Archiver) Holds(ctx context.Context, who access.Who, brandID string) ([]Kept, error) {
	if err := who.May(a.DB.Now(), brandID, access.DataExport); err != nil {
		return nil, err
	}
	var out []Kept
	for _, t := range []string{"post", "media", "conversation", "message", "person", "topic", "reply", "topic_picture", "member", "metric", "activity", "audit", "letter", "channel_log"} {
		k := Kept{What: t}
		var err error
		if k.Rows, err = count(ctx, a.DB, t, brandID); err == nil && (t == "media" || t == "topic_picture") {
			err = a.DB.QueryRowContext(ctx, `SELECT COALESCE(SUM(bytes), 0) FROM `+t+` WHERE brand_id = $1`, brandID).Scan(&k.Bytes)
		}
		if err != nil {
			return nil, fmt.Errorf("archive: count %s: %w", t, err)
		}
		out = append(out, k)
	}
	return out, nil
}

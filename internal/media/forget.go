package media

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"rapport/internal/db"
	"rapport/internal/deposit"
	"rapport/internal/outbox"
)

// Forget removes pictures for good, with their files, in the caller's
// transaction: who had taken them had them erased. One that a post still shows
// stays, and so does a file that another picture was cut from.
func Forget(ctx context.Context, tx *db.Tx, brandID string, ids []string) error {
	for _, id := range ids {
		var keys [3]string
		err := tx.QueryRowContext(ctx, `DELETE FROM media WHERE brand_id = $1 AND id = $2 AND NOT EXISTS (SELECT 1 FROM post_media u WHERE u.media_id = $2)
			RETURNING blob, thumb, original`, brandID, id).Scan(&keys[0], &keys[1], &keys[2])
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, `UPDATE audit SET detail = '' WHERE brand_id = $1 AND subject = $2`, brandID, id)
		}
		if err == nil {
			err = deposit.Drop(ctx, tx, brandID, keys[:]...)
		}
		if err != nil {
			return fmt.Errorf("media: forget: %w", err)
		}
		outbox.Show(tx, brandID, "media.changed", id)
	}
	return nil
}

// Names reports whether a picture is the file, or was cut from it.
func Names(ctx context.Context, q db.Queryer, brandID, key string) (yes bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM media WHERE brand_id = $1 AND (blob = $2 OR thumb = $2 OR original = $2))`, brandID, key).Scan(&yes)
	if err != nil {
		return false, fmt.Errorf("media: whose file: %w", err)
	}
	return yes, nil
}

// NameOf is the name that a picture has which was added under this one.
func NameOf(name string) string { return baseName(name) }

package post

import (
	"context"
	"fmt"

	"rapport/internal/db"
)

// Reindex makes up to limit posts of a brand found by their words, from after
// on in the order of their ids, and returns where to go on; "" after the last.
// It is for posts whose rows came from elsewhere.
func Reindex(ctx context.Context, tx *db.Tx, brandID, after string, limit int) (string, error) {
	all, err := list(ctx, tx, `SELECT `+columns+` FROM post p WHERE p.brand_id = $1 AND p.id > $2 ORDER BY p.id LIMIT $3`, brandID, after, limit)
	if err != nil {
		return "", err
	}
	variants, err := channelsBetween(ctx, tx, all)
	if err != nil {
		return "", fmt.Errorf("post: reindex: %w", err)
	}
	for _, p := range all {
		p.Variants = variants[p.ID]
		if _, err := tx.ExecContext(ctx, `UPDATE post SET search = $3 WHERE brand_id = $1 AND id = $2`, brandID, p.ID, p.Input().search()); err != nil {
			return "", fmt.Errorf("post: reindex: %w", err)
		}
		if err := index(ctx, tx, p); err != nil {
			return "", err
		}
	}
	if len(all) < limit {
		return "", nil
	}
	return all[len(all)-1].ID, nil
}

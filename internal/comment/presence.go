package comment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/outbox"
	"rapport/internal/post"
)

const (
	presenceLives = time.Minute
	editingLives  = 45 * time.Second
)

// Presence is somebody of the team who has a post open.
type Presence struct {
	Account   string
	SeenAt    db.Time
	EditingAt db.Time // 0, or when they last had it in the composer and wrote
}

// View notes that the acting account has a post open, or that it changes it. A
// page says so every 30 seconds. Others hear of it when something is new.
func View(ctx context.Context, d *db.DB, who access.Who, brandID, postID string, editing bool) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if _, err := post.ByID(ctx, tx, who, brandID, postID); err != nil || who.Account == "" {
			return err
		}
		var seen, edited db.Time
		err := tx.QueryRowContext(ctx, `SELECT seen_at, editing_at FROM post_presence WHERE post_id = $1 AND account_id = $2`, postID, who.Account).Scan(&seen, &edited)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("comment: view: %w", err)
		}
		was := edited > 0 && tx.Now().Sub(edited) < editingLives
		now := db.Time(0)
		if editing {
			now = tx.Now()
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO post_presence (post_id, account_id, brand_id, seen_at, editing_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (post_id, account_id) DO UPDATE SET seen_at = excluded.seen_at, editing_at = excluded.editing_at`,
			postID, who.Account, brandID, tx.Now(), now); err != nil {
			return fmt.Errorf("comment: view: %w", err)
		}
		if was != editing || tx.Now().Sub(seen) >= presenceLives {
			outbox.Show(tx, brandID, "presence.changed", postID)
		}
		return nil
	})
}

// Leave notes that the acting account has closed a post.
func Leave(ctx context.Context, d *db.DB, who access.Who, brandID, postID string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.PostRead); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM post_presence WHERE post_id = $1 AND account_id = $2 AND brand_id = $3`, postID, who.Account, brandID); err != nil {
			return fmt.Errorf("comment: leave: %w", err)
		}
		outbox.Show(tx, brandID, "presence.changed", postID)
		return nil
	})
}

// Here returns who else has the post open: at most 50, whose grants run.
func Here(ctx context.Context, q db.Queryer, who access.Who, brandID, postID string) ([]Presence, error) {
	if _, err := post.ByID(ctx, q, who, brandID, postID); err != nil {
		return nil, err
	}
	now := q.Now()
	rows, err := q.QueryContext(ctx, `SELECT account_id, seen_at, CASE WHEN editing_at > $5 THEN editing_at ELSE 0 END FROM post_presence
		WHERE post_id = $1 AND brand_id = $2 AND account_id <> $3 AND seen_at > $4 ORDER BY account_id LIMIT 50`,
		postID, brandID, who.Account, now.Add(-presenceLives), now.Add(-editingLives))
	all, err := db.Collect(rows, err, func(r *sql.Rows) (p Presence, err error) {
		err = r.Scan(&p.Account, &p.SeenAt, &p.EditingAt)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("comment: presence: %w", err)
	}
	return all, nil
}

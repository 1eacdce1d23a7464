package channel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/db"
	"rapport/internal/outbox"
)

// The tones of a line in a channel's log.
const (
	ToneInfo = "info"
	ToneWarn = "warn"
	ToneBad  = "bad"
)

// logLives is how long a channel's log is kept.
const logLives = 90 * 24 * time.Hour

// Log keeps what went on between the program and the channel's network, in
// words for people. The same words again only count.
func Log(ctx context.Context, tx *db.Tx, brandID, id, tone, text string) error {
	var last, said string
	err := tx.QueryRowContext(ctx, `SELECT id, text FROM channel_log WHERE brand_id = $1 AND channel_id = $2
		ORDER BY last_at DESC, id DESC LIMIT 1`, brandID, id).Scan(&last, &said)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
	case err == nil && said == text:
		_, err = tx.ExecContext(ctx, `UPDATE channel_log SET times = times + 1, last_at = $3 WHERE brand_id = $1 AND id = $2`, brandID, last, tx.Now())
	default:
		_, err = tx.ExecContext(ctx, `INSERT INTO channel_log (id, brand_id, channel_id, at, tone, text, last_at) VALUES ($1, $2, $3, $4, $5, $6, $4)`,
			db.NewID(), brandID, id, tx.Now(), tone, text)
		outbox.Show(tx, brandID, "channel.logged", id)
	}
	if err != nil {
		return fmt.Errorf("channel: log: %w", err)
	}
	return nil
}

// SweepLog forgets what was said long ago.
func SweepLog(ctx context.Context, d *db.DB) error {
	if _, err := d.ExecContext(ctx, `DELETE FROM channel_log WHERE last_at < $1`, d.Now().Add(-logLives)); err != nil {
		return fmt.Errorf("channel: sweep the log: %w", err)
	}
	return nil
}

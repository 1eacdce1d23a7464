package conversation

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"rapport/internal/db"
	"rapport/internal/outbox"
)

// A wait is long after a day. What has waited for three days when it is first
// seen, as after an import, is no news any more.
const (
	longWait = 24 * time.Hour
	oldWait  = 72 * time.Hour
	waitMost = 200 // are told in one transaction
)

// TellWaiting passes on where somebody has waited for an answer for a day,
// each wait once, as events conversation.waiting.
func TellWaiting(ctx context.Context, d *db.DB) error {
	for {
		n := 0
		err := d.Tx(ctx, func(tx *db.Tx) error {
			all, err := longWaits(ctx, tx)
			n = len(all)
			for _, c := range all {
				if err := tellWait(ctx, tx, c); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("conversation: waiting: %w", err)
		}
		if n < waitMost {
			return nil
		}
	}
}

func longWaits(ctx context.Context, tx *db.Tx) ([]Conversation, error) {
	rows, err := tx.QueryContext(ctx, `SELECT c.id, c.brand_id, c.waiting_since FROM conversation c
		WHERE c.waiting_since > $1 AND c.waiting_since <= $2 AND c.waiting_since > 0 AND c.state IN ('new', 'open')
		AND NOT EXISTS (SELECT 1 FROM waiting_told t WHERE t.conversation_id = c.id AND t.since = c.waiting_since)
		ORDER BY c.waiting_since LIMIT $3`, tx.Now().Add(-oldWait), tx.Now().Add(-longWait), waitMost)
	return db.Collect(rows, err, func(r *sql.Rows) (c Conversation, err error) {
		err = r.Scan(&c.ID, &c.Brand, &c.WaitingSince)
		return c, err
	})
}

func tellWait(ctx context.Context, tx *db.Tx, c Conversation) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO waiting_told (conversation_id, since) VALUES ($1, $2)`, c.ID, c.WaitingSince)
	if err != nil {
		return err
	}
	return outbox.Add(ctx, tx, outbox.Event{Brand: c.Brand, Kind: "conversation.waiting", Subject: c.ID})
}

package conversation

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/outbox"
)

const (
	presenceLives = time.Minute
	typingLives   = 10 * time.Second
)

// View notes that the acting account has a conversation open, or that it types
// a reply there. A page says so every 30 seconds, and with the first key of
// every five. Others hear of it when something has changed.
func View(ctx context.Context, d *db.DB, who access.Who, brandID, id string, typing bool) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if _, err := may(ctx, tx, who, brandID, id, access.ConversationRead); err != nil {
			return err
		}
		if who.Account == "" {
			return nil
		}
		var seen, typed db.Time
		err := tx.QueryRowContext(ctx, `SELECT seen_at, typing_at FROM presence WHERE conversation_id = $1 AND account_id = $2`, id, who.Account).Scan(&seen, &typed)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("conversation: view: %w", err)
		}
		was := typed > 0 && tx.Now().Sub(typed) < typingLives
		now := db.Time(0)
		if typing {
			now = tx.Now()
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO presence (conversation_id, account_id, brand_id, seen_at, typing_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (conversation_id, account_id) DO UPDATE SET seen_at = excluded.seen_at, typing_at = excluded.typing_at`,
			id, who.Account, brandID, tx.Now(), now); err != nil {
			return fmt.Errorf("conversation: view: %w", err)
		}
		if was != typing || tx.Now().Sub(seen) >= presenceLives {
			outbox.Show(tx, brandID, "conversation.presence", id)
		}
		return nil
	})
}

// Leave notes that the acting account has closed a conversation.
func Leave(ctx context.Context, d *db.DB, who access.Who, brandID, id string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.ConversationRead); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM presence WHERE conversation_id = $1 AND account_id = $2 AND brand_id = $3`, id, who.Account, brandID); err != nil {
			return fmt.Errorf("conversation: leave: %w", err)
		}
		outbox.Show(tx, brandID, "conversation.presence", id)
		return nil
	})
}

// Here returns who has a conversation open, without the acting account.
func Here(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) ([]Presence, error) {
	if _, err := may(ctx, q, who, brandID, id, access.ConversationRead); err != nil {
		return nil, err
	}
	return here(ctx, q, id, who.Account)
}

func here(ctx context.Context, q db.Queryer, id, but string) ([]Presence, error) {
	now := q.Now()
	rows, err := q.QueryContext(ctx, `SELECT account_id, seen_at, CASE WHEN typing_at > $4 THEN typing_at ELSE 0 END FROM presence
		WHERE conversation_id = $1 AND account_id <> $2 AND seen_at > $3 ORDER BY account_id LIMIT 50`, id, but, now.Add(-presenceLives), now.Add(-typingLives))
	all, err := db.Collect(rows, err, func(r *sql.Rows) (p Presence, err error) {
		err = r.Scan(&p.Account, &p.SeenAt, &p.TypingAt)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("conversation: presence: %w", err)
	}
	return all, nil
}

// Sweep forgets who had conversations open.
func Sweep(ctx context.Context, d *db.DB) error {
	if _, err := d.ExecContext(ctx, `DELETE FROM presence WHERE seen_at < $1`, d.Now().Add(-presenceLives)); err != nil {
		return fmt.Errorf("conversation: sweep: %w", err)
	}
	return nil
}

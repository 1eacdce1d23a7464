package conversation

import (
	"context"
	"database/sql"
	"fmt"

	"rapport/internal/db"
)

// Reindex makes the messages and notes of up to limit conversations of a brand
// found by their words, from after on in the order of their ids, and returns
// where to go on; "" after the last. It is for conversations whose rows came
// from elsewhere.
func Reindex(ctx context.Context, tx *db.Tx, brandID, after string, limit int) (string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, channel_id, kind FROM conversation WHERE brand_id = $1 AND id > $2 ORDER BY id LIMIT $3`, brandID, after, limit)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (c Conversation, err error) {
		err = r.Scan(&c.ID, &c.Channel, &c.Kind)
		return c, err
	})
	for _, c := range all {
		if c.ToLook() {
			continue // see take
		}
		if err == nil {
			err = reindexMessages(ctx, tx, c)
		}
		if err == nil {
			err = reindexNotes(ctx, tx, brandID, c)
		}
	}
	if err != nil {
		return "", fmt.Errorf("conversation: reindex: %w", err)
	}
	if len(all) < limit {
		return "", nil
	}
	return all[len(all)-1].ID, nil
}

func reindexMessages(ctx context.Context, tx *db.Tx, c Conversation) error {
	rows, err := tx.QueryContext(ctx, `SELECT `+messageColumns+` FROM message m WHERE m.conversation_id = $1 ORDER BY m.at, m.id`, c.ID)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Message, error) { return scanMessage(r) })
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Text == "" && m.Warning == "" {
			continue
		}
		if err := findable(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}

func reindexNotes(ctx context.Context, tx *db.Tx, brandID string, c Conversation) error {
	rows, err := tx.QueryContext(ctx, `SELECT id, text, at FROM note WHERE brand_id = $1 AND subject = $2 ORDER BY at, id`, brandID, c.ID)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (n Note, err error) {
		n.Brand = brandID
		err = r.Scan(&n.ID, &n.Text, &n.At)
		return n, err
	})
	if err != nil {
		return err
	}
	for _, n := range all {
		if err := findableNote(ctx, tx, c, n); err != nil {
			return err
		}
	}
	return nil
}

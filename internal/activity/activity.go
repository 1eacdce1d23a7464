// Package activity keeps what happened as ids, kinds, times and values, for
// timelines and sums. It holds no names and no text, so it can be kept when
// what it speaks of is erased.
package activity

import (
	"context"
	"fmt"

	"rapport/internal/db"
)

// Entry is one thing that happened.
type Entry struct {
	Brand   string
	Kind    string // past tense: "delivery.published"
	Subject string // id of what it happened to
	Actor   string // account id; "" for the program
	Value   int64
}

// Record writes the entry in the caller's transaction, at its time.
func Record(ctx context.Context, tx *db.Tx, e Entry) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO activity (id, brand_id, kind, subject, actor, value, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		db.NewID(), e.Brand, e.Kind, e.Subject, e.Actor, e.Value, tx.Now())
	if err != nil {
		return fmt.Errorf("activity: record %s: %w", e.Kind, err)
	}
	return nil
}

// Package activity remembers what happened, for timelines and roll-ups: ids,
// a kind, a time and a number, never names or text. It notifies nobody, which
// is the outbox's part, and proves nothing about the team, which is the
// audit's.
package activity

import (
	"context"
	"database/sql"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/db"
)

// Entry is one thing that happened.
type Entry struct {
	ID      string // set by Record
	Brand   string
	Kind    string // past tense: delivery.published
	Subject string // id of what it happened to
	Actor   string // account or person; "" for the program
	Value   int64  // what the kind counts; 0 where it counts nothing
	At      db.Time
}

// Record writes the entry in the caller's transaction. Its time is the
// transaction's, unless At says otherwise.
func Record(ctx context.Context, tx *db.Tx, e Entry) error {
	if e.At.IsZero() {
		e.At = tx.Now()
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO activity (id, brand_id, kind, subject, actor, value, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, db.NewID(), e.Brand, e.Kind, e.Subject, e.Actor, e.Value, e.At)
	if err != nil {
		return fmt.Errorf("activity: record %s: %w", e.Kind, err)
	}
	return nil
}

// List returns what happened in the brand, the newest first.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, page db.Page) ([]Entry, string, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 200)
	rows, err := q.QueryContext(ctx, `SELECT id, brand_id, kind, subject, actor, value, at FROM activity
		WHERE brand_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4`, brandID, at, id, size+1)
	all, err := db.Collect(rows, err, func(rows *sql.Rows) (e Entry, err error) {
		err = rows.Scan(&e.ID, &e.Brand, &e.Kind, &e.Subject, &e.Actor, &e.Value, &e.At)
		return e, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("activity: list: %w", err)
	}
	if len(all) <= size {
		return all, "", nil
	}
	last := all[size-1]
	return all[:size], db.Cursor(last.At, last.ID), nil
}

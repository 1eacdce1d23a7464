// Package outbox carries what happened from the change that caused it to
// those who act on it. An event is a row written with the change; a consumer
// works in the transaction that deletes the row, so that it is neither lost
// nor done twice in the database. It is no history: activity and audit are.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"

	"rapport/internal/db"
)

// Topic is the signal that wakes readers; LiveTopic is the one open pages are
// told by, with "brand kind subject" as its payload.
const (
	Topic     = "outbox"
	LiveTopic = "live"
)

// Event is one thing that happened.
type Event struct {
	ID      string // set by Add
	Brand   string
	Kind    string // past tense, without spaces: hold.changed
	Subject string // id of what it happened to
	Data    any    // what consumers need to know, as JSON; a consumer reads it with Read
	At      db.Time
}

// Add writes the event in the caller's transaction and tells open pages.
func Add(ctx context.Context, tx *db.Tx, e Event) error {
	data := []byte("{}")
	if e.Data != nil {
		var err error
		if data, err = json.Marshal(e.Data); err != nil {
			return fmt.Errorf("outbox: add %s: %w", e.Kind, err)
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO outbox (id, brand_id, kind, subject, data, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, db.NewID(), e.Brand, e.Kind, e.Subject, string(data), tx.Now())
	if err != nil {
		return fmt.Errorf("outbox: add %s: %w", e.Kind, err)
	}
	tx.Notify(Topic, "")
	Show(tx, e.Brand, e.Kind, e.Subject)
	return nil
}

// Show tells open pages, and nobody else, that something changed. Nothing is
// kept.
func Show(tx *db.Tx, brand, kind, subject string) {
	tx.Notify(LiveTopic, brand+" "+kind+" "+subject)
}

// Read decodes the data of an event that a consumer was given.
func (e Event) Read(into any) error {
	raw, ok := e.Data.(json.RawMessage)
	if !ok {
		return fmt.Errorf("outbox: event %s holds no stored data", e.Kind)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("outbox: data of %s: %w", e.Kind, err)
	}
	return nil
}

// Waiting counts events that are not consumed yet, and tells since when the
// oldest waits.
func Waiting(ctx context.Context, q db.Queryer) (n int, oldest db.Time, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MIN(created_at), 0) FROM outbox`).Scan(&n, &oldest)
	if err != nil {
		return 0, 0, fmt.Errorf("outbox: count: %w", err)
	}
	return n, oldest, nil
}

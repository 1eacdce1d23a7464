// Package outbox keeps what follows from a change until it is done: a row in
// the transaction of the change, deleted once consumed. It wakes consumers
// and open pages on every node; what happened stays in activity and audit.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"

	"rapport/internal/db"
)

// Topic is the signal that wakes consumers.
const Topic = "outbox"

// Event is one thing that happened, in the past tense: "delivery.rejected".
type Event struct {
	ID      string // set by Add
	Brand   string
	Kind    string
	Subject string // id of what it happened to
	Data    any    // encoded as JSON; nil for none
	At      db.Time
}

// Add records the event in the caller's transaction and tells open pages.
func Add(ctx context.Context, tx *db.Tx, e Event) error {
	data := ""
	if e.Data != nil {
		b, err := json.Marshal(e.Data)
		if err != nil {
			return fmt.Errorf("outbox: encode %s: %w", e.Kind, err)
		}
		data = string(b)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO outbox (id, brand_id, kind, subject, data, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		db.NewID(), e.Brand, e.Kind, e.Subject, data, tx.Now()); err != nil {
		return fmt.Errorf("outbox: add %s: %w", e.Kind, err)
	}
	tx.Notify(Topic, "")
	Tell(tx, e.Brand, e.Kind, e.Subject)
	return nil
}

// Tell updates open pages when the transaction commits, and nothing else. The
// signal carries ids only.
func Tell(tx *db.Tx, brand, kind, subject string) {
	tx.Notify("live", brand+" "+kind+" "+subject)
}

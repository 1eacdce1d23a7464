// Package audit keeps the acts of the team and changes of settings: who did
// what to which thing, when and from where. Rows are only ever added.
package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/db"
)

// Entry is what was done.
type Entry struct {
	Brand   string            // "" for acts outside of any brand
	Act     string            // past tense: "hold.set"
	Subject string            // id of what it was done to
	Detail  map[string]string // ids and settings; never a secret
}

// Record writes the act in the caller's transaction, so that nothing is done
// without it.
func Record(ctx context.Context, tx *db.Tx, who access.Who, e Entry) error {
	detail := ""
	if len(e.Detail) > 0 {
		b, err := json.Marshal(e.Detail)
		if err != nil {
			return fmt.Errorf("audit: encode %s: %w", e.Act, err)
		}
		detail = string(b)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO audit (id, brand_id, account_id, act, subject, detail, address, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		db.NewID(), e.Brand, who.Account, e.Act, e.Subject, detail, who.Address, tx.Now())
	if err != nil {
		return fmt.Errorf("audit: record %s: %w", e.Act, err)
	}
	return nil
}

// Act is one row.
type Act struct {
	ID      string
	Account string // id; "" for the program
	Act     string
	Subject string
	Detail  map[string]string
	Address string
	At      db.Time
}

// Filter narrows the list. Empty fields do not.
type Filter struct {
	Subject string
}

// List returns the brand's acts, newest first, and the cursor of the next
// page, "" after the last.
func List(ctx context.Context, q db.Queryer, who access.Who, now db.Time, brand string, f Filter, page db.Page) ([]Act, string, error) {
	if err := who.May(now, brand, access.AuditRead); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 200)
	where, args := "", []any{brand, at, id, size + 1}
	if f.Subject != "" {
		where, args = " AND subject = $5", append(args, f.Subject)
	}
	rows, err := q.QueryContext(ctx, `SELECT id, account_id, act, subject, detail, address, at FROM audit
		WHERE brand_id = $1 AND (at, id) < ($2, $3)`+where+` ORDER BY at DESC, id DESC LIMIT $4`, args...)
	out, err := db.Collect(rows, err, scan)
	if err != nil {
		return nil, "", fmt.Errorf("audit: list: %w", err)
	}
	if len(out) <= size {
		return out, "", nil
	}
	last := out[size-1]
	return out[:size], db.Cursor(last.At, last.ID), nil
}

func scan(r *sql.Rows) (Act, error) {
	var a Act
	var detail string
	if err := r.Scan(&a.ID, &a.Account, &a.Act, &a.Subject, &detail, &a.Address, &a.At); err != nil {
		return a, err
	}
	if detail == "" {
		return a, nil
	}
	return a, json.Unmarshal([]byte(detail), &a.Detail)
}

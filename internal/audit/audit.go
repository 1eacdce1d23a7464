// Package audit keeps what the team did and which settings it changed: who,
// what, when and from where. Lines are written with the change itself, are
// never changed, and are shown to those who answer for the brand.
package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"rapport/internal/access"
	"rapport/internal/db"
)

// Entry is an act to remember. Detail never holds a secret.
type Entry struct {
	Brand   string // "" for an act that concerns no brand
	Act     string // past tense: hold.set, channel.connected
	Subject string // id of what was acted on
	Detail  map[string]string
}

// Line is an act that was remembered.
type Line struct {
	ID      string
	Account string // "" for the program itself
	Address string // where the request came from
	At      db.Time
	Entry
}

// Record writes the entry in the caller's transaction, with who did it.
func Record(ctx context.Context, tx *db.Tx, who access.Who, e Entry) error {
	detail, err := encode(e.Detail)
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO audit (id, brand_id, account_id, act, subject, detail, address, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			db.NewID(), e.Brand, who.Account, e.Act, e.Subject, detail, who.Address, tx.Now())
	}
	if err != nil {
		return fmt.Errorf("audit: record %s: %w", e.Act, err)
	}
	return nil
}

func encode(detail map[string]string) (string, error) {
	if len(detail) == 0 {
		return "", nil
	}
	raw, err := json.Marshal(detail)
	return string(raw), err
}

// Filter narrows a list. What is empty narrows nothing.
type Filter struct {
	Subject string
	Account string
	Act     string
}

// List returns the acts in one brand, the newest first.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, f Filter, page db.Page) ([]Line, string, error) {
	if err := who.May(q.Now(), brandID, access.AuditRead); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 200)
	where, args := f.where([]any{brandID, at, id, size + 1})
	rows, err := q.QueryContext(ctx, `SELECT id, brand_id, account_id, act, subject, detail, address, at FROM audit
		WHERE brand_id = $1 AND (at, id) < ($2, $3)`+where+` ORDER BY at DESC, id DESC LIMIT $4`, args...)
	all, err := db.Collect(rows, err, scan)
	if err != nil {
		return nil, "", fmt.Errorf("audit: list: %w", err)
	}
	if len(all) <= size {
		return all, "", nil
	}
	last := all[size-1]
	return all[:size], db.Cursor(last.At, last.ID), nil
}

func (f Filter) where(args []any) (string, []any) {
	var b strings.Builder
	for _, c := range []struct{ column, value string }{
		{"subject", f.Subject}, {"account_id", f.Account}, {"act", f.Act},
	} {
		if c.value != "" {
			args = append(args, c.value)
			fmt.Fprintf(&b, " AND %s = $%d", c.column, len(args))
		}
	}
	return b.String(), args
}

func scan(rows *sql.Rows) (l Line, err error) {
	var detail string
	err = rows.Scan(&l.ID, &l.Brand, &l.Account, &l.Act, &l.Subject, &detail, &l.Address, &l.At)
	if err == nil && detail != "" {
		err = json.Unmarshal([]byte(detail), &l.Detail)
	}
	return l, err
}

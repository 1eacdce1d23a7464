// Package presence notes who has something open, and who changes it: a row for
// each account that lives a minute. It asks for no permission; what is open
// knows who may see it.
package presence

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/db"
	"rapport/internal/outbox"
)

// Lives is how long somebody is there after their page last said so.
const Lives = time.Minute

// most is how many are told of.
const most = 50

// Board is where it is noted for one kind of thing.
type Board struct {
	Table string        // with account_id, brand_id, seen_at and the columns below
	Thing string        // column of the thing's id
	Busy  string        // column of when they last changed it
	Rest  time.Duration // after which they change it no more
	Event string        // that pages are told when something is new
}

// Somebody has the thing open.
type Somebody struct {
	Account string
	SeenAt  db.Time
	BusyAt  db.Time // 0 while they only look
}

// View notes that an account has the thing open, or that it changes it. Pages
// hear of it when that is new.
func (b Board) View(ctx context.Context, tx *db.Tx, brandID, thing, account string, busy bool) error {
	var seen, changed db.Time
	err := tx.QueryRowContext(ctx, `SELECT seen_at, `+b.Busy+` FROM `+b.Table+` WHERE `+b.Thing+` = $1 AND account_id = $2`, thing, account).Scan(&seen, &changed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("presence: view: %w", err)
	}
	was := changed > 0 && tx.Now().Sub(changed) < b.Rest
	at := db.Time(0)
	if busy {
		at = tx.Now()
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO `+b.Table+` (`+b.Thing+`, account_id, brand_id, seen_at, `+b.Busy+`) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (`+b.Thing+`, account_id) DO UPDATE SET seen_at = excluded.seen_at, `+b.Busy+` = excluded.`+b.Busy,
		thing, account, brandID, tx.Now(), at)
	if err != nil {
		return fmt.Errorf("presence: view: %w", err)
	}
	if was != busy || tx.Now().Sub(seen) >= Lives {
		outbox.Show(tx, brandID, b.Event, thing)
	}
	return nil
}

// Leave notes that an account has closed the thing.
func (b Board) Leave(ctx context.Context, tx *db.Tx, brandID, thing, account string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM `+b.Table+` WHERE `+b.Thing+` = $1 AND account_id = $2 AND brand_id = $3`, thing, account, brandID)
	if err != nil {
		return fmt.Errorf("presence: leave: %w", err)
	}
	outbox.Show(tx, brandID, b.Event, thing)
	return nil
}

// Here returns who has the thing open besides one account, at most 50.
func (b Board) Here(ctx context.Context, q db.Queryer, brandID, thing, but string) ([]Somebody, error) {
	now := q.Now()
	rows, err := q.QueryContext(ctx, `SELECT account_id, seen_at, CASE WHEN `+b.Busy+` > $5 THEN `+b.Busy+` ELSE 0 END FROM `+b.Table+`
		WHERE `+b.Thing+` = $1 AND brand_id = $2 AND account_id <> $3 AND seen_at > $4 ORDER BY account_id LIMIT $6`,
		thing, brandID, but, now.Add(-Lives), now.Add(-b.Rest), most)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (s Somebody, err error) {
		err = r.Scan(&s.Account, &s.SeenAt, &s.BusyAt)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("presence: here: %w", err)
	}
	return all, nil
}

// Sweep forgets who had things open.
func (b Board) Sweep(ctx context.Context, d *db.DB) error {
	if _, err := d.ExecContext(ctx, `DELETE FROM `+b.Table+` WHERE seen_at < $1`, d.Now().Add(-Lives)); err != nil {
		return fmt.Errorf("presence: sweep: %w", err)
	}
	return nil
}

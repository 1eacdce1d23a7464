package db

import (
	"context"
	"database/sql"
	"fmt"
)

// snapshot reads what was there in one moment.
type snapshot struct {
	*sql.Tx
	now Time
}

// Now is the moment.
func (s snapshot) Now() Time { return s.now }

// Snapshot runs fn on the database as it is at one moment, whatever is written
// meanwhile. Nothing can be written in it, and it is for long readings: it
// holds nobody up.
func (d *DB) Snapshot(ctx context.Context, fn func(q Queryer) error) error {
	o := &sql.TxOptions{ReadOnly: d.Dialect == Postgres}
	if d.Dialect == Postgres {
		o.Isolation = sql.LevelRepeatableRead
	}
	tx, err := d.read.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("db: begin a snapshot: %w", err)
	}
	defer tx.Rollback()
	if d.Dialect == Postgres {
		// What is read may go to a slow place, and this holds no lock that
		// others wait for.
		if _, err := tx.ExecContext(ctx, `SET LOCAL idle_in_transaction_session_timeout = '10min'`); err != nil {
			return fmt.Errorf("db: a snapshot: %w", err)
		}
	}
	if err := fn(snapshot{tx, d.Now()}); err != nil {
		return err
	}
	return tx.Commit()
}

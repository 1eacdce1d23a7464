package db_test

import (
	"context"
	"errors"
	"testing"

	"rapport/internal/db"
	"rapport/internal/db/dbtest"
)

// TestWithAlso: what runs along is committed with the transaction or undoes it.
func TestWithAlso(t *testing.T) {
	d := dbtest.Open(t)
	refused := errors.New("refused")
	insert := func(id string) func(context.Context, *db.Tx) error {
		return func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO rate_limit (scope, ready_at) VALUES ($1, 1)`, id)
			return err
		}
	}
	tests := []struct {
		name string
		also func(context.Context, *db.Tx) error
		err  error
		rows int
	}{
		{"both", insert("also"), nil, 2},
		{"neither", func(context.Context, *db.Tx) error { return refused }, refused, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx := db.WithAlso(context.Background(), tt.also)
			err := d.Tx(ctx, func(tx *db.Tx) error { return insert(tt.name)(ctx, tx) })
			if !errors.Is(err, tt.err) {
				t.Error(err)
			}
			var n int
			if err := d.QueryRowContext(ctx, `SELECT COUNT(*) FROM rate_limit`).Scan(&n); err != nil || n != tt.rows {
				t.Errorf("%d rows, want %d (%v)", n, tt.rows, err)
			}
		})
	}
}

package dbtest

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"rapport/internal/db"
)

// NoScan fails the test if the database would read a whole table, or a whole
// index, to answer the query.
func NoScan(t testing.TB, d *db.DB, query string, args ...any) {
	t.Helper()
	plan, err := explain(d, query, args)
	if err != nil {
		t.Fatalf("explain: %v\n%s", err, query)
	}
	made := map[string]bool{} // results of subqueries: reading them whole is no scan
	for _, step := range plan {
		for _, word := range []string{"CO-ROUTINE ", "MATERIALIZE "} {
			if name, is := strings.CutPrefix(step, word); is {
				made["SCAN "+name] = true
			}
		}
		if scans(d.Dialect, step) && !made[step] {
			t.Errorf("the query scans (%s):\n%s\nplan:\n%s", strings.TrimSpace(step), query, strings.Join(plan, "\n"))
			return
		}
	}
}

func scans(dialect db.Dialect, step string) bool {
	if dialect == db.Postgres {
		return strings.Contains(step, "Seq Scan")
	}
	// A full-text table is asked for words, which is what its index is for.
	words := strings.Contains(step, "VIRTUAL TABLE INDEX") && strings.Contains(step, ":M")
	// fts5vocab begins at the word that is asked for: 512 says at least so.
	words = words || strings.Contains(step, "search_term VIRTUAL TABLE INDEX 513:")
	return strings.HasPrefix(step, "SCAN ") && step != "SCAN CONSTANT ROW" && !words
}

func explain(d *db.DB, query string, args []any) ([]string, error) {
	ctx := context.Background()
	if d.Dialect == db.SQLite {
		rows, err := d.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
		return db.Collect(rows, err, func(r *sql.Rows) (step string, err error) {
			var id, parent, unused int
			err = r.Scan(&id, &parent, &unused, &step)
			return step, err
		})
	}
	return explainPostgres(ctx, d, query, args)
}

// explainPostgres forbids the scans that a planner prefers for small tables,
// so that what is left says whether an index serves the query.
func explainPostgres(ctx context.Context, d *db.DB, query string, args []any) (plan []string, err error) {
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, "SET LOCAL enable_seqscan = off"); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, "EXPLAIN "+query, args...)
		plan, err = db.Collect(rows, err, func(r *sql.Rows) (step string, err error) {
			err = r.Scan(&step)
			return step, err
		})
		return err
	})
	return plan, err
}

// Indexed answers like d and fails the test at every query that would scan.
func Indexed(t testing.TB, d *db.DB) db.Queryer { return indexed{d, t} }

type indexed struct {
	*db.DB
	t testing.TB
}

func (i indexed) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	i.t.Helper()
	NoScan(i.t, i.DB, query, args...)
	return i.DB.QueryContext(ctx, query, args...)
}

func (i indexed) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	i.t.Helper()
	NoScan(i.t, i.DB, query, args...)
	return i.DB.QueryRowContext(ctx, query, args...)
}

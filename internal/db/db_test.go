package db_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"rapport/internal/db"
	"rapport/internal/db/dbtest"
)

func TestMigrateIsDoneOnce(t *testing.T) {
	d := dbtest.Open(t)
	n, err := d.Migrate(context.Background())
	if err != nil || n != 0 {
		t.Fatalf("second migration took %d steps, %v", n, err)
	}
	applied, known, err := d.SchemaVersion(context.Background())
	if err != nil || applied != known || known == 0 {
		t.Fatalf("applied %d of %d, %v", applied, known, err)
	}
}

func TestTxKeepsAllOrNothing(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	stop := errors.New("stop")
	ran := false
	err := d.Tx(ctx, func(tx *db.Tx) error {
		tx.AfterCommit(func() { ran = true })
		if _, err := tx.ExecContext(ctx, `INSERT INTO installation (key, value) VALUES ($1, $2)`, "a", "1"); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) || ran {
		t.Fatalf("err %v, after-commit ran %v", err, ran)
	}
	var n int
	if err := d.QueryRowContext(ctx, `SELECT COUNT(*) FROM installation WHERE key = $1`, "a").Scan(&n); err != nil || n != 0 {
		t.Fatalf("%d rows, %v", n, err)
	}
}

// A statement by itself that PostgreSQL picks from a deadlock is tried again,
// like a transaction.
func TestAStatementIsTriedAgainAfterADeadlock(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	if d.Dialect == db.SQLite {
		t.Log("SQLite has one writer and knows no deadlock of rows")
		return
	}
	set := func(q db.Queryer, value, from, to string) error {
		_, err := q.ExecContext(ctx, `UPDATE installation SET value = $1 WHERE key BETWEEN $2 AND $3`, value, from, to)
		return err
	}
	if _, err := d.ExecContext(ctx, `INSERT INTO installation (key, value) VALUES ('a', '0'), ('b', '0')`); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := set(tx, "first", "b", "b"); err != nil {
			return err
		}
		wait.Go(func() {
			if err := set(d, "both", "a", "b"); err != nil {
				t.Error(err)
			}
		})
		for waits := false; !waits; {
			err := d.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE installation%'`).Scan(&waits)
			if err != nil {
				return err
			}
		}
		return set(tx, "first", "a", "a") // who has waited for a second is picked, so the other
	}, db.RowLocks)
	if err != nil {
		t.Fatal(err)
	}
	wait.Wait()
	var n int
	if err := d.QueryRowContext(ctx, `SELECT COUNT(*) FROM installation WHERE value = 'both'`).Scan(&n); err != nil || n != 2 {
		t.Errorf("%d of 2 rows were written, %v", n, err)
	}
}

// Two transactions that each read a sum and add to it must not both win on
// the same reading.
func TestCheckThenWriteIsNotLost(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	if _, err := d.ExecContext(ctx, `INSERT INTO rate_limit (scope, ready_at) VALUES ('n', 0)`); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := d.Tx(ctx, func(tx *db.Tx) error {
				var n int64
				if err := tx.QueryRowContext(ctx, `SELECT ready_at FROM rate_limit WHERE scope = 'n'`).Scan(&n); err != nil {
					return err
				}
				_, err := tx.ExecContext(ctx, `UPDATE rate_limit SET ready_at = $1 WHERE scope = 'n'`, n+1)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var n int64
	if err := d.QueryRowContext(ctx, `SELECT ready_at FROM rate_limit WHERE scope = 'n'`).Scan(&n); err != nil || n != 8 {
		t.Fatalf("counted %d of 8, %v", n, err)
	}
}

func TestDuplicateIsRecognised(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	for i := range 2 {
		err := d.Tx(ctx, func(tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO installation (key, value) VALUES ('id', 'x')`)
			return err
		}, db.Durable)
		if got := db.IsDuplicate(err); got != (i == 1) {
			t.Fatalf("round %d: %v", i, err)
		}
	}
}

func TestSignalsArriveAfterTheCommitOnly(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	got := make(chan string, 10)
	defer d.Subscribe("news", func(p string) { got <- p })()
	if d.Dialect == db.Postgres {
		if p := <-got; p != db.Missed {
			t.Fatalf("a new listener must look for itself first, got %q", p)
		}
	}
	_ = d.Tx(ctx, func(tx *db.Tx) error { tx.Notify("news", "lost"); return errors.New("no") })
	if err := d.Tx(ctx, func(tx *db.Tx) error { tx.Notify("news", "kept"); return nil }); err != nil {
		t.Fatal(err)
	}
	if p := <-got; p != "kept" {
		t.Fatalf("got %q", p)
	}
}

func TestClock(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	at := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	d.SetClock(at)
	var n db.Time
	if err := d.QueryRowContext(ctx, "SELECT "+d.NowSQL()).Scan(&n); err != nil || n != db.At(at) {
		t.Fatalf("%v %v", n.Time(), err)
	}
	d.SetClock(time.Time{})
	d.ShiftClock(time.Hour)
	if err := d.QueryRowContext(ctx, "SELECT "+d.NowSQL()).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if off := n.Sub(db.At(time.Now())); off < 59*time.Minute || off > 61*time.Minute {
		t.Fatalf("the clock is %v ahead, want about 1h", off)
	}
	if diff := n.Sub(d.Now()); diff < -time.Minute || diff > time.Minute {
		t.Fatalf("SQL and Go disagree by %v", diff)
	}
}

// Others on the machine must not read password hashes, whatever the folder's
// mode is.
func TestANewFileIsItsOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rapport.db")
	d, err := db.Open(context.Background(), db.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v, %v", filepath.Base(f), info.Mode(), err)
		}
	}
}

// A query that runs while its own rows are still read gives other rows, also
// once its statement is kept.
func TestNestedQueriesOfOneText(t *testing.T) {
	d, ctx := dbtest.Open(t), t.Context()
	const query = `SELECT n FROM (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) x WHERE n > $1 ORDER BY n`
	count := func(rows *sql.Rows, err error) (n int) {
		all, err := db.Collect(rows, err, func(r *sql.Rows) (n int, err error) { return n, r.Scan(&n) })
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	for range 6 {
		err := d.Tx(ctx, func(tx *db.Tx) error {
			rows, err := tx.QueryContext(ctx, query, 0)
			var got []int
			_, err = db.Collect(rows, err, func(r *sql.Rows) (n int, err error) {
				err = r.Scan(&n)
				if d.Dialect == db.SQLite { // PostgreSQL reads one at a time
					got = append(got, count(tx.QueryContext(ctx, query, n)))
				}
				return n, err
			})
			if want := []int{2, 1, 0}; d.Dialect == db.SQLite && !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			if n := count(tx.QueryContext(ctx, query, 1)); n != 2 {
				t.Errorf("%d rows, want 2", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Who is patient lets those go first who wait for the one writer, and still gets
// there.
func TestThePatientLetOthersGoFirst(t *testing.T) {
	d, ctx := dbtest.Open(t), t.Context()
	var mu sync.Mutex
	var order []string
	note := func(who string) func(*db.Tx) error {
		return func(*db.Tx) error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, who)
			return nil
		}
	}
	inside, leave := make(chan bool), make(chan bool)
	var all sync.WaitGroup
	all.Go(func() {
		if err := d.Tx(ctx, func(*db.Tx) error { inside <- true; <-leave; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-inside
	all.Go(func() {
		if err := d.Tx(ctx, note("hurried")); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(20 * time.Millisecond) // until it stands in the queue
	all.Go(func() {
		if err := d.Tx(db.Patient(ctx), note("patient")); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(20 * time.Millisecond)
	leave <- true
	all.Wait()
	if d.Dialect == db.Postgres {
		slices.Sort(order) // which has many writers: nobody waits
	}
	if !slices.Equal(order, []string{"hurried", "patient"}) {
		t.Errorf("%v", order)
	}
}

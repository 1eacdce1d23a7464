package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"rapport/internal/fault"
)

// Tx is a write transaction. Its clock stands still.
type Tx struct {
	*sql.Tx
	DB    *DB
	conn  *sql.Conn
	now   Time
	after []func()
	notes []note
	run   map[string]*sql.Stmt // statements that are kept, as this transaction runs them
	here  []note               // PostgreSQL: sent by it, and told here at once
}

// Option changes what a transaction promises.
type Option uint8

const (
	// Durable makes the commit survive a loss of power before Tx returns. An
	// error then may also mean that it was committed and may not survive.
	Durable Option = iota + 1
	// RowLocks runs on PostgreSQL as READ COMMITTED, for the few statements
	// that lock or condition the very rows they change.
	RowLocks
)

const maxTries = 12

// Tx runs fn in a write transaction and commits if it returns nil. On
// PostgreSQL it is SERIALIZABLE and fn may run several times, so fn changes
// nothing but the database and what it assigns anew at each run. A full disk
// comes back as fault.Unavailable.
func (d *DB) Tx(ctx context.Context, fn func(tx *Tx) error, opts ...Option) error {
	err := again(ctx, func() error { return d.once(ctx, fn, opts) })
	if IsFull(err) {
		return fault.As(fault.Unavailable, err, "There is no space left to save this. Nothing was changed; free some space and try again.")
	}
	return err
}

// again does once what PostgreSQL undid because of others, after a pause that
// grows.
func again(ctx context.Context, once func() error) error {
	var err error
	for try := range maxTries {
		if err = once(); !retryable(err) {
			break
		}
		pause := time.Duration(1+rand.IntN(5<<min(try, 6))) * time.Millisecond
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return err
}

func (d *DB) once(ctx context.Context, fn func(tx *Tx) error, opts []Option) error {
	release, err := d.takeTurn(ctx)
	if err != nil {
		return err
	}
	t, err := d.run(ctx, fn, opts)
	if err == nil && d.written != nil {
		d.written.prepare(ctx)
	}
	release()
	if err != nil {
		return err
	}
	// The next writer goes on meanwhile, and may share the same fsync.
	if d.log != nil && slices.Contains(opts, Durable) {
		err = d.log.wait()
	}
	for _, f := range t.after {
		f()
	}
	d.signals.deliverHere(t.here)
	d.signals.deliver(t.notes)
	return err
}

func (d *DB) run(ctx context.Context, fn func(tx *Tx) error, opts []Option) (*Tx, error) {
	isolation := sql.LevelSerializable
	switch {
	case d.Dialect == SQLite:
		isolation = sql.LevelDefault
	case slices.Contains(opts, RowLocks):
		isolation = sql.LevelReadCommitted
	}
	conn, err := d.write.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("db: begin: %w", err)
	}
	defer conn.Close()
	inner, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: isolation})
	if err != nil {
		return nil, fmt.Errorf("db: begin: %w", err)
	}
	tx := &Tx{Tx: inner, DB: d, conn: conn, now: d.Now()}
	defer inner.Rollback() // does nothing after Commit
	if err := fn(tx); err != nil {
		return nil, err
	}
	if also, ok := ctx.Value(alsoKey{}).(func(context.Context, *Tx) error); ok {
		if err := also(ctx, tx); err != nil {
			return nil, err
		}
	}
	if err := tx.sendNotes(ctx); err != nil {
		return nil, err
	}
	if err := inner.Commit(); err != nil {
		return nil, fmt.Errorf("db: commit: %w", err)
	}
	return tx, nil
}

type alsoKey struct{}

// WithAlso returns a context under which every write transaction runs also as
// its last act, so that a surface can tie a mark of its own to whatever a
// domain function writes. An error of also undoes the transaction.
func WithAlso(ctx context.Context, also func(ctx context.Context, tx *Tx) error) context.Context {
	return context.WithValue(ctx, alsoKey{}, also)
}

// Now is the transaction's one time.
func (t *Tx) Now() Time { return t.now }

// AfterCommit runs f once the transaction is committed, and never otherwise.
func (t *Tx) AfterCommit(f func()) { t.after = append(t.after, f) }

// Raw hands the driver's connection to f while the transaction is open, so
// that a library with a driver of its own can join it.
func (t *Tx) Raw(f func(driverConn any) error) error { return t.conn.Raw(f) }

// Enqueue inserts a job that exists only if the transaction commits.
func (t *Tx) Enqueue(ctx context.Context, kind string, args []byte, at Time) error {
	if t.DB.Jobs == nil {
		return errors.New("db: no job engine is set")
	}
	return t.DB.Jobs.Enqueue(ctx, t, kind, args, at)
}

// Many runs one prepared statement for each row of arguments.
func Many(ctx context.Context, tx *Tx, query string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	st, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer st.Close()
	for _, args := range rows {
		if _, err := st.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// CollectIn is Collect for lists that are read often: it appends to out, whose
// room is the caller's guess, and fills each row in its place.
func CollectIn[T any](out []T, rows *sql.Rows, err error, scan func(*sql.Rows, *T) error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var none T
		out = append(out, none)
		if err := scan(rows, &out[len(out)-1]); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

// Collect reads all rows through scan and closes them.
func Collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

var _ driver.Valuer = Time(0)

// Value stores the number.
func (t Time) Value() (driver.Value, error) { return int64(t), nil }

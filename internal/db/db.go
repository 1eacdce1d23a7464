// Package db opens Rapport's database, SQLite or PostgreSQL, and gives both
// one face: the same SQL, one kind of transaction, one notion of time. It
// knows no table but its own migrations.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// Queryer is what a query runs on: a *DB outside a transaction, a *Tx inside.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	// Now is the time that rules are judged by: the transaction's one time, or
	// the present.
	Now() Time
}

// Enqueuer inserts a job inside a transaction. The job package sets it.
type Enqueuer interface {
	Enqueue(ctx context.Context, tx *Tx, kind string, args []byte, at Time) error
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	Dialect Dialect
	// Jobs takes the jobs that transactions ask for; nil until job.New.
	Jobs Enqueuer

	write    *sql.DB // SQLite: one connection. PostgreSQL: the pool
	log      *syncer // SQLite: makes commits durable; nil on PostgreSQL
	read     *sql.DB
	kept     *prepared     // SQLite: of read; nil on PostgreSQL
	written  *written      // likewise, of write
	hurried  atomic.Int64  // SQLite: writers that wait and are not patient
	pool     *pgxpool.Pool // nil on SQLite
	turn     chan struct{} // SQLite: held by the one writer; nil on PostgreSQL
	offset   atomic.Int64  // milliseconds added to the database's clock by tests
	frozen   atomic.Int64  // when not 0, the instant that tests hold the clock at
	signals  signals
	closed   chan struct{}
	closeOne sync.Once
}

// Options say which database. Exactly one of Path and URL is set.
type Options struct {
	Path     string // SQLite file
	URL      string // postgres://…
	MaxConns int    // PostgreSQL pool size and SQLite readers; 0 means 8
}

// Open opens the database without touching its schema.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.MaxConns == 0 {
		o.MaxConns = 8
	}
	if o.URL != "" {
		return openPostgres(ctx, o)
	}
	return openSQLite(ctx, o)
}

func openSQLite(ctx context.Context, o Options) (*DB, error) {
	d := &DB{Dialect: SQLite, turn: make(chan struct{}, 1), closed: make(chan struct{})}
	err := ownFile(o.Path)
	if err == nil {
		d.write, err = sqliteHandle(o.Path, false, 1)
	}
	if err == nil {
		// The first connection sets WAL before others look.
		err = d.write.PingContext(ctx)
	}
	if err == nil {
		d.log, err = newSyncer(o.Path)
	}
	if err == nil {
		d.read, err = sqliteHandle(o.Path, true, o.MaxConns)
	}
	if err != nil {
		return nil, fmt.Errorf("db: open %s: %w", filepath.Base(o.Path), err)
	}
	d.kept = &prepared{on: d.read, byID: map[string]*sql.Stmt{}}
	d.written = &written{on: d.write, kept: map[string]*sql.Stmt{}, often: map[string]int{}}
	return d, nil
}

// ownFile makes a new database for its owner only, whatever the folder allows:
// it holds password hashes. SQLite gives its other files the same mode.
func ownFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func sqliteHandle(path string, readOnly bool, conns int) (*sql.DB, error) {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "foreign_keys(1)",
		"synchronous(NORMAL)", "temp_store(MEMORY)", "cache_size(-4000)",
	}}
	if readOnly {
		q.Set("_txlock", "deferred")
		q.Add("_pragma", "query_only(1)")
	}
	h, err := sql.Open(sqliteDriver, "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	h.SetMaxOpenConns(conns)
	h.SetMaxIdleConns(conns)
	return h, nil
}

func openPostgres(ctx context.Context, o Options) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("db: the database address: %w", redact(err))
	}
	cfg.MaxConns = int32(o.MaxConns)
	// A node that is frozen inside a transaction must not keep its locks: the
	// others would wait for it, a hold too. Nothing of ours pauses that long.
	cfg.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "5000"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("db: open: %w", redact(err))
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("db: connect: %w", redact(err))
	}
	h := stdlib.OpenDBFromPool(pool)
	return &DB{Dialect: Postgres, write: h, read: h, pool: pool, closed: make(chan struct{})}, nil
}

// redact drops the password that pgx may repeat from the address.
func redact(err error) error {
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		return errors.New("it cannot be read; it looks like postgres://user:password@host:5432/name")
	}
	return err
}

// Close waits for nothing and frees everything.
func (d *DB) Close() error {
	var err error
	d.closeOne.Do(func() {
		close(d.closed)
		err = errors.Join(d.read.Close(), d.write.Close())
		if d.log != nil {
			err = errors.Join(err, d.log.close())
		}
		if d.pool != nil {
			d.pool.Close()
		}
	})
	return err
}

// Pool is the PostgreSQL pool, nil on SQLite.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// QueryContext reads outside a transaction.
func (d *DB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if st := d.kept.statement(ctx, query); st != nil {
		return st.QueryContext(ctx, args...)
	}
	return d.read.QueryContext(ctx, query, args...)
}

// QueryRowContext reads outside a transaction.
func (d *DB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if st := d.kept.statement(ctx, query); st != nil {
		return st.QueryRowContext(ctx, args...)
	}
	return d.read.QueryRowContext(ctx, query, args...)
}

// ExecContext writes one statement as a transaction of its own. As it is all or
// nothing, it is tried again like one.
func (d *DB) ExecContext(ctx context.Context, query string, args ...any) (out sql.Result, err error) {
	release, err := d.takeTurn(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	err = again(ctx, func() (err error) {
		out, err = d.write.ExecContext(ctx, query, args...)
		return err
	})
	return out, err
}

// takeTurn keeps SQLite's writers in a queue that obeys ctx, instead of the
// driver's sleep-and-retry.
func (d *DB) takeTurn(ctx context.Context) (release func(), err error) {
	if d.turn == nil {
		return func() {}, nil
	}
	if ctx.Value(patientKey{}) != nil {
		d.letOthers(ctx)
	} else {
		d.hurried.Add(1)
		defer d.hurried.Add(-1)
	}
	select {
	case d.turn <- struct{}{}:
		return func() { <-d.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type patientKey struct{}

// Patient returns a context under which write transactions let those go first
// that somebody waits for. It is for what goes on behind: where SQLite has one
// writer, a reply would else stand in the queue with what follows from all the
// replies before it.
func Patient(ctx context.Context) context.Context { return context.WithValue(ctx, patientKey{}, true) }

// patience is the longest that a patient writer lets others go first.
const patience = 250 * time.Millisecond

func (d *DB) letOthers(ctx context.Context) {
	for end := time.Now().Add(patience); d.hurried.Load() > 0 && ctx.Err() == nil && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// Now is the time the database would write, or the tests' time.
func (d *DB) Now() Time {
	if at := d.frozen.Load(); at != 0 {
		return Time(at)
	}
	return At(time.Now()).Add(time.Duration(d.offset.Load()) * time.Millisecond)
}

// NowSQL is the current time as an SQL expression in milliseconds, by the
// database's own clock: leases of several nodes must agree on it.
func (d *DB) NowSQL() string {
	if at := d.frozen.Load(); at != 0 {
		return fmt.Sprint(at)
	}
	expr := d.Dialect.clock()
	if off := d.offset.Load(); off != 0 {
		expr = fmt.Sprintf("(%s + %d)", expr, off)
	}
	return expr
}

// SetClock holds the time at an instant. It is for tests; the zero time lets
// the clock run again.
func (d *DB) SetClock(at time.Time) {
	if at.IsZero() {
		d.frozen.Store(0)
		return
	}
	d.frozen.Store(int64(At(at)))
}

// ShiftClock makes the running clock jump. It is for tests.
func (d *DB) ShiftClock(by time.Duration) { d.offset.Add(by.Milliseconds()) }

// Backup writes a consistent copy of an SQLite database to path, which must
// not exist.
func (d *DB) Backup(ctx context.Context, path string) error {
	if d.Dialect != SQLite {
		return errors.New("db: back up PostgreSQL with pg_dump")
	}
	_, err := d.write.ExecContext(ctx, "VACUUM INTO $1", path)
	if err != nil {
		return fmt.Errorf("db: back up: %w", err)
	}
	return nil
}

// In makes the list of placeholders $from … for n arguments.
func In(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

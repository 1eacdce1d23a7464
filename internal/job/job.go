// Package job runs background work other than deliveries: at least once, in
// the order it becomes due, on any node. A job is inserted in the caller's
// transaction and exists only if that commits. Two engines stand behind one
// small interface: River on PostgreSQL, a runner of our own on SQLite. The
// package knows no kind of work; whoever owns the work registers a handler,
// which must be able to run twice.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"rapport/internal/db"
)

// Args is what a job is to do. It is stored as JSON; Kind is its name in the
// database and must never change once jobs of it were stored.
type Args interface{ Kind() string }

// Long is a kind of work that takes longer than others: its zero value says
// how long it may.
type Long interface {
	Args
	Within() time.Duration
}

// within is how long a kind may take; 0 is as long as any.
func within(a Args) time.Duration {
	if l, ok := a.(Long); ok {
		return l.Within()
	}
	return 0
}

// Engine runs jobs.
type Engine interface {
	// Start begins to take jobs. Cancelling ctx does not stop it; Stop does.
	Start(ctx context.Context) error
	// Stop takes no more jobs and waits for those that run. When ctx ends, or
	// after Options.Grace, their contexts are cancelled and what did not
	// finish waits again, without having lost a try.
	Stop(ctx context.Context) error
	// Failures lists jobs that were given up, the newest first.
	Failures(ctx context.Context, limit int) ([]Failure, error)
	db.Enqueuer
}

// Failure is a job that was given up, with its last error.
type Failure struct {
	ID    string
	Kind  string
	Tries int
	Error string
}

// Options tune an engine. The zero value is for real use.
type Options struct {
	Workers int           // jobs at a time on this node; 0 means 8
	Tries   int           // how often a failing job is tried before it is given up; 0 means 20
	Timeout time.Duration // the longest a job may take before its context ends; 0 means 1 minute
	Lease   time.Duration // a node silent for longer has lost its jobs; 0 means 30 s. River uses Timeout + Lease
	Grace   time.Duration // how long Stop waits at most before it cancels; 0 means 10 s
	Poll    time.Duration // the slow look for jobs whose signal was lost; 0 means 5 s on SQLite, 3 s with River, which polls for retries and snoozes too
	Backoff func(try int) time.Duration
	Log     *slog.Logger
}

func (o Options) withDefaults(poll time.Duration) Options {
	o.Workers = orInt(o.Workers, 8)
	o.Tries = orInt(o.Tries, 20)
	o.Timeout = orDuration(o.Timeout, time.Minute)
	o.Lease = orDuration(o.Lease, 30*time.Second)
	o.Grace = orDuration(o.Grace, 10*time.Second)
	o.Poll = orDuration(o.Poll, poll)
	if o.Backoff == nil {
		o.Backoff = Backoff
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

func orInt(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

func orDuration(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// Backoff is the wait after a failed try: a second, doubled each time, an hour
// at most, spread by a quarter so that jobs that failed together do not return
// together. Twenty tries take about nine hours.
func Backoff(try int) time.Duration {
	wait := time.Hour
	if try < 13 {
		wait = min(wait, time.Second<<max(0, try-1))
	}
	return wait*3/4 + rand.N(wait/2)
}

// New makes the engine that fits the database and sets it as d.Jobs, so that
// transactions can insert jobs from then on. On PostgreSQL it brings River's
// tables up to date. w is complete by then: what is registered later would
// never run, and panics.
func New(ctx context.Context, d *db.DB, w *Workers, o Options) (Engine, error) {
	w.complete = true
	var e Engine
	var err error
	if d.Dialect == db.Postgres {
		e, err = newRiver(ctx, d, w, o.withDefaults(3*time.Second))
	} else {
		e = newEmbedded(d, w, o.withDefaults(5*time.Second))
	}
	if err != nil {
		return nil, fmt.Errorf("job: %w", err)
	}
	d.Jobs = e
	return e, nil
}

// Insert adds a job to the transaction. It runs at the time or soon after; 0
// means now.
func Insert(ctx context.Context, tx *db.Tx, a Args, at db.Time) error {
	raw, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("job: insert %s: %w", a.Kind(), err)
	}
	if err := tx.Enqueue(ctx, a.Kind(), raw, at); err != nil {
		return fmt.Errorf("job: insert %s: %w", a.Kind(), err)
	}
	return nil
}

type snooze struct{ wait time.Duration }

func (s *snooze) Error() string { return "job: come back in " + s.wait.String() }

// Snooze is what a handler returns to run again after the wait. It costs no
// try.
func Snooze(wait time.Duration) error { return &snooze{max(0, wait)} }

type cancel struct{ cause error }

func (c *cancel) Error() string { return c.cause.Error() }
func (c *cancel) Unwrap() error { return c.cause }

// Cancel is what a handler returns when trying again cannot help: the job is
// given up at once and err is kept.
func Cancel(err error) error {
	if err == nil {
		err = errors.New("given up")
	}
	return &cancel{err}
}

type tryKey struct{}

// Try tells a handler which try this is, counted from 1, and whether it is
// the last one. Outside of a job it is the first and not the last.
func Try(ctx context.Context) (n int, last bool) {
	if t, ok := ctx.Value(tryKey{}).([2]int); ok {
		return t[0], t[0] >= t[1]
	}
	return 1, false
}

func withTry(ctx context.Context, n, most int) context.Context {
	return context.WithValue(ctx, tryKey{}, [2]int{n, most})
}

// Overdue counts jobs whose time has come and that nobody has taken, and tells
// since when the oldest waits.
func Overdue(ctx context.Context, d *db.DB) (n int, oldest db.Time, err error) {
	query := `SELECT COUNT(*), COALESCE(MIN(run_at), 0) FROM job WHERE state = 'waiting' AND run_at <= $1`
	args := []any{d.Now()}
	if d.Dialect == db.Postgres {
		query, args = `SELECT COUNT(*), COALESCE(CAST(EXTRACT(EPOCH FROM MIN(scheduled_at)) * 1000 AS BIGINT), 0) FROM river_job
			WHERE state IN ('available', 'retryable', 'scheduled') AND scheduled_at <= now()`, nil
	}
	if err := d.QueryRowContext(ctx, query, args...).Scan(&n, &oldest); err != nil {
		return 0, 0, fmt.Errorf("job: count: %w", err)
	}
	return n, oldest, nil
}

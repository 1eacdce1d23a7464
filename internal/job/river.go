package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"rapport/internal/db"
)

// riverEngine hands our jobs to River and our open transactions to its
// inserts.
type riverEngine struct {
	db     *db.DB
	o      Options
	client *river.Client[pgx.Tx]
}

func newRiver(ctx context.Context, d *db.DB, w *Workers, o Options) (*riverEngine, error) {
	driver := riverpgxv5.New(d.Pool())
	quiet := slog.New(atLeast{o.Log.Handler(), slog.LevelWarn})
	if err := migrateRiver(ctx, d, driver, quiet); err != nil {
		return nil, fmt.Errorf("migrate River: %w", err)
	}
	client, err := river.NewClient(driver, riverConfig(w, o, quiet))
	if err != nil {
		return nil, err
	}
	return &riverEngine{d, o, client}, nil
}

// migrateRiver brings River's tables up to date, one node at a time.
func migrateRiver(ctx context.Context, d *db.DB, driver *riverpgxv5.Driver, log *slog.Logger) error {
	conn, err := d.Pool().Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	const lock = "hashtext('rapport migrates river')"
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock("+lock+")"); err != nil {
		return err
	}
	defer conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock("+lock+")")
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

func riverConfig(w *Workers, o Options, log *slog.Logger) *river.Config {
	c := &river.Config{
		FetchCooldown:        min(10*time.Millisecond, o.Poll),
		FetchPollInterval:    o.Poll,
		FetchOnlyKnownKinds:  true,
		JobTimeout:           o.Timeout,
		Logger:               log,
		MaxAttempts:          o.Tries,
		RescueStuckJobsAfter: o.Timeout + o.Lease,
		RetryPolicy:          retry{o.Backoff},
		SkipUnknownJobCheck:  true, // a command inserts jobs that the server runs
		SoftStopTimeout:      o.Grace,
	}
	if len(w.river) == 0 {
		return c
	}
	c.Workers = river.NewWorkers()
	for _, add := range w.river {
		add(c.Workers, o)
	}
	c.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.Workers}}
	for _, p := range w.periodic {
		c.PeriodicJobs = append(c.PeriodicJobs, riverPeriodic(p))
	}
	return c
}

func riverPeriodic(p periodic) *river.PeriodicJob {
	unfinished := []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
		rivertype.JobStateRetryable, rivertype.JobStateScheduled,
	}
	return river.NewPeriodicJob(river.PeriodicInterval(p.every), func() (river.JobArgs, *river.InsertOpts) {
		return p.args, &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByState: unfinished}}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

// nearby is how far ahead River's scheduler may still be late by its own
// interval. A job due sooner is inserted as due now and snoozed by the worker.
const nearby = 10 * time.Second

// Enqueue inserts a job through the caller's transaction.
func (e *riverEngine) Enqueue(ctx context.Context, tx *db.Tx, kind string, args []byte, at db.Time) error {
	opts := &river.InsertOpts{}
	// River goes by the real clock, tests may have set ours.
	wait := max(at, tx.Now()).Sub(tx.Now())
	due := time.Now().Add(wait)
	switch {
	case wait > nearby:
		opts.ScheduledAt = due
	case wait > 0:
		opts.Metadata = []byte(`{"not_before":` + strconv.FormatInt(due.UnixMilli(), 10) + `}`)
	}
	return tx.Raw(func(driverConn any) error {
		conn, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("unexpected connection %T", driverConn)
		}
		_, err := e.client.InsertTx(ctx, openTx{conn.Conn()}, rawArgs{kind, args}, opts)
		return err
	})
}

// Start begins to take jobs.
func (e *riverEngine) Start(ctx context.Context) error {
	if err := e.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("job: start: %w", err)
	}
	return nil
}

// Stop lets running jobs finish, then cuts them off.
func (e *riverEngine) Stop(ctx context.Context) error {
	err := e.client.Stop(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	hard, release := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer release()
	if err := e.client.StopAndCancel(hard); err != nil {
		return fmt.Errorf("job: some jobs do not stop; they run again later: %w", err)
	}
	return nil
}

// Failures lists the discarded and the cancelled, as long as River keeps them.
func (e *riverEngine) Failures(ctx context.Context, limit int) ([]Failure, error) {
	list, err := e.client.JobList(ctx, river.NewJobListParams().First(limit).
		States(rivertype.JobStateDiscarded, rivertype.JobStateCancelled).
		OrderBy(river.JobListOrderByID, river.SortOrderDesc))
	if err != nil {
		return nil, fmt.Errorf("job: failures: %w", err)
	}
	var out []Failure
	for _, row := range list.Jobs {
		f := Failure{ID: strconv.FormatInt(row.ID, 10), Kind: row.Kind, Tries: row.Attempt}
		if n := len(row.Errors); n > 0 {
			f.Error = row.Errors[n-1].Error
		}
		out = append(out, f)
	}
	return out, nil
}

// riverWorker runs one kind of our handlers in River.
type riverWorker[T Args] struct {
	river.WorkerDefaults[T]
	run   handler
	tries int
}

// Timeout is how long the job may take; 0 is the client's. The rescuer of
// River goes by it too.
func (w *riverWorker[T]) Timeout(*river.Job[T]) time.Duration {
	var zero T
	return within(zero)
}

// Work runs the job and translates the answer.
func (w *riverWorker[T]) Work(ctx context.Context, j *river.Job[T]) error {
	if wait := untilDue(j.Metadata); wait > 0 {
		return river.JobSnooze(wait)
	}
	err := w.run(withTry(ctx, j.Attempt, j.MaxAttempts), j.EncodedArgs)
	var later *snooze
	var enough *cancel
	switch {
	case err == nil:
		return nil
	case errors.As(err, &later):
		return river.JobSnooze(later.wait)
	case errors.Is(ctx.Err(), context.Canceled): // the engine stops
		return river.JobSnooze(0)
	case errors.As(err, &enough):
		return river.JobCancel(enough.cause)
	}
	return err
}

type retry struct{ backoff func(try int) time.Duration }

// NextRetry is when a failed job runs again.
func (r retry) NextRetry(j *rivertype.JobRow) time.Time { return time.Now().Add(r.backoff(j.Attempt)) }

// rawArgs are arguments that were encoded before.
type rawArgs struct {
	kind string
	data []byte
}

// Kind is the name of the work.
func (a rawArgs) Kind() string { return a.kind }

// MarshalJSON gives the arguments as they are.
func (a rawArgs) MarshalJSON() ([]byte, error) { return a.data, nil }

// openTx lends River a connection that database/sql has begun a transaction
// on. River may use it and may not end it.
type openTx struct{ conn *pgx.Conn }

var errNotOurs = errors.New("job: this transaction belongs to the caller")

func (t openTx) Begin(context.Context) (pgx.Tx, error) { return nil, errNotOurs }
func (t openTx) Commit(context.Context) error          { return errNotOurs }
func (t openTx) Rollback(context.Context) error        { return errNotOurs }
func (t openTx) LargeObjects() pgx.LargeObjects        { panic(errNotOurs) }
func (t openTx) Conn() *pgx.Conn                       { return t.conn }

func (t openTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	return t.conn.CopyFrom(ctx, table, columns, rows)
}

func (t openTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return t.conn.SendBatch(ctx, b)
}

func (t openTx) Prepare(ctx context.Context, name, query string) (*pgconn.StatementDescription, error) {
	return t.conn.Prepare(ctx, name, query)
}

func (t openTx) Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error) {
	return t.conn.Exec(ctx, query, args...)
}

func (t openTx) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	return t.conn.Query(ctx, query, args...)
}

func (t openTx) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	return t.conn.QueryRow(ctx, query, args...)
}

// atLeast drops log lines below a level: River tells of every hand-over.
type atLeast struct {
	slog.Handler
	level slog.Level
}

// Enabled reports whether a line of the level is written.
func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}

func untilDue(metadata []byte) time.Duration {
	var m struct {
		At int64 `json:"not_before"`
	}
	if json.Unmarshal(metadata, &m) != nil || m.At == 0 {
		return 0
	}
	return time.Until(time.UnixMilli(m.At))
}

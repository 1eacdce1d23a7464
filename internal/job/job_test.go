package job_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/job"
	"rapport/internal/job/jobtest"
)

var abandon = map[db.Dialect]string{
	db.SQLite: `UPDATE job SET state = 'running', node = 'dead', attempt = 1, lease_until = 1`,
	db.Postgres: `UPDATE river_job SET state = 'running', attempt = 1, attempted_by = '{dead}',
		attempted_at = now() - interval '2 hours'`,
}

func TestEngine(t *testing.T) {
	jobtest.Run(t, func(t *testing.T) jobtest.Bench {
		d := dbtest.Open(t)
		return jobtest.Bench{DB: d, Abandon: func(ctx context.Context) error {
			res, err := d.ExecContext(ctx, abandon[d.Dialect])
			if err != nil {
				return err
			}
			if n, _ := res.RowsAffected(); n != 1 {
				return errors.New("there was no job to abandon")
			}
			return nil
		}}
	})
}

type slow struct{}

func (slow) Kind() string { return "slow" }

// A node that was thought dead comes back and must not undo what the next
// node did with the job.
func TestLateNodeIsFenced(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	if d.Dialect == db.Postgres {
		t.Log("River fences by its own means; the embedded runner is tried on SQLite")
		return
	}
	begun, release := make(chan struct{}), make(chan struct{})
	w := job.NewWorkers()
	job.Handle(w, func(context.Context, slow) error {
		close(begun)
		<-release
		return nil
	})
	e, err := job.New(ctx, d, w, job.Options{Poll: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Tx(ctx, func(tx *db.Tx) error { return job.Insert(ctx, tx, slow{}, 0) }); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	<-begun
	if _, err := d.ExecContext(ctx, `UPDATE job SET node = 'next', attempt = attempt + 1`); err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := e.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	var node, state string
	if err := d.QueryRowContext(ctx, `SELECT node, state FROM job`).Scan(&node, &state); err != nil || node != "next" || state != "running" {
		t.Fatalf("node %q, state %q, %v", node, state, err)
	}
}

// A job that runs longer than its lease keeps it.
func TestLeaseIsRenewed(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	release, runs := make(chan struct{}), make(chan struct{}, 10)
	w := job.NewWorkers()
	job.Handle(w, func(context.Context, slow) error {
		runs <- struct{}{}
		<-release
		return nil
	})
	e, err := job.New(ctx, d, w, job.Options{Lease: 150 * time.Millisecond, Poll: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Tx(ctx, func(tx *db.Tx) error { return job.Insert(ctx, tx, slow{}, 0) }); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	<-runs
	select {
	case <-runs:
		t.Error("taken twice while it ran")
	case <-time.After(600 * time.Millisecond): // four leases
	}
	close(release)
	if err := e.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestStopLeavesNothingBehind(t *testing.T) {
	ctx, d := context.Background(), dbtest.Open(t)
	if err := d.QueryRowContext(ctx, `SELECT 1`).Scan(new(int)); err != nil {
		t.Fatal(err)
	}
	leaks := goleak.IgnoreCurrent()
	w := job.NewWorkers()
	ran := make(chan struct{})
	job.Handle(w, func(context.Context, slow) error { close(ran); return nil })
	w.Every(time.Hour, slow{})
	e, err := job.New(ctx, d, w, job.Options{})
	if err == nil {
		err = e.Start(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	<-ran
	if err := e.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, leaks, goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"))
}

func TestBackoffGrowsAndIsSpread(t *testing.T) {
	for _, c := range []struct {
		try      int
		from, to time.Duration
	}{
		{1, 750 * time.Millisecond, 1250 * time.Millisecond},
		{4, 6 * time.Second, 10 * time.Second},
		{13, 45 * time.Minute, 75 * time.Minute},
		{1000, 45 * time.Minute, 75 * time.Minute},
	} {
		for range 50 {
			if got := job.Backoff(c.try); got < c.from || got > c.to {
				t.Errorf("try %d: %v, want %v to %v", c.try, got, c.from, c.to)
			}
		}
	}
}

// Nodes that start together must not trip over each other's preparations.
func TestNodesStartTogether(t *testing.T) {
	ctx, at := context.Background(), dbtest.Options(t)
	errs := make(chan error, 3)
	for range cap(errs) {
		d, err := db.Open(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		go func() {
			w := job.NewWorkers()
			job.Handle(w, func(context.Context, slow) error { return nil })
			_, err := job.New(ctx, d, w, job.Options{})
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

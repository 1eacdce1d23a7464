package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"rapport/internal/db"
)

const topic = "job"

// embedded runs jobs from the table job. One goroutine looks and takes; it
// sleeps until the next job is due, a signal says that one was inserted, a
// slot is free again, or the slow poll is over.
type embedded struct {
	db    *db.DB
	w     *Workers
	o     Options
	node  string
	kinds []any

	wake   chan struct{}
	cancel context.CancelFunc // ends the loop
	done   chan struct{}      // closed when the loop has ended
	abort  context.CancelFunc // ends the contexts of running jobs

	mu      sync.Mutex
	running map[string]bool // ids
	jobs    sync.WaitGroup
	stopped bool // jobs that were cut off go back to waiting
}

func newEmbedded(d *db.DB, w *Workers, o Options) *embedded {
	e := &embedded{db: d, w: w, o: o, node: db.NewID(), wake: make(chan struct{}, 1), running: map[string]bool{}}
	for _, k := range w.kinds() {
		e.kinds = append(e.kinds, k)
	}
	return e
}

// Enqueue inserts a job.
func (e *embedded) Enqueue(ctx context.Context, tx *db.Tx, kind string, args []byte, at db.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO job (id, kind, args, state, run_at, created_at)
		VALUES ($1, $2, $3, 'waiting', $4, $5)`, db.NewID(), kind, string(args), max(at, tx.Now()), tx.Now())
	tx.Notify(topic, "")
	return err
}

// Start begins to take jobs.
func (e *embedded) Start(ctx context.Context) error {
	if len(e.kinds) == 0 {
		return errors.New("job: there is no handler to run")
	}
	loop, cancel := context.WithCancel(context.WithoutCancel(ctx))
	work, abort := context.WithCancel(context.WithoutCancel(ctx))
	e.cancel, e.abort, e.done = cancel, abort, make(chan struct{})
	unsubscribe := e.db.Subscribe(topic, func(string) { e.poke() })
	var timers sync.WaitGroup
	for _, p := range e.w.periodic {
		timers.Go(func() { e.repeat(loop, p) })
	}
	go func() {
		defer close(e.done)
		defer timers.Wait()
		defer unsubscribe()
		e.loop(loop, work)
	}()
	return nil
}

// Stop lets running jobs finish, then cuts them off.
func (e *embedded) Stop(ctx context.Context) error {
	if e.cancel == nil {
		return nil
	}
	e.cancel()
	<-e.done
	defer e.abort()
	soft, release := context.WithTimeout(ctx, e.o.Grace)
	defer release()
	if e.finished(soft) {
		return nil
	}
	e.mu.Lock()
	e.stopped = true
	e.mu.Unlock()
	e.abort()
	hard, release := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer release()
	if !e.finished(hard) {
		return errors.New("job: some jobs do not stop; they run again when their lease is over")
	}
	return nil
}

func (e *embedded) finished(ctx context.Context) bool {
	all := make(chan struct{})
	go func() {
		e.jobs.Wait()
		close(all)
	}()
	select {
	case <-all:
		return true
	case <-ctx.Done():
		return false
	}
}

func (e *embedded) poke() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

func (e *embedded) loop(loop, work context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	renewed := time.Now()
	for {
		select {
		case <-loop.Done():
			return
		case <-e.wake:
		case <-timer.C:
		}
		if time.Since(renewed) >= e.o.Lease/3 {
			renewed = time.Now()
			e.renew(work)
		}
		timer.Reset(e.round(loop, work))
	}
}

// round takes what is due and says how long to sleep.
func (e *embedded) round(loop, work context.Context) time.Duration {
	free := e.o.Workers - e.busy()
	next, err := e.next(loop)
	if err == nil && free > 0 && next <= e.db.Now() {
		var taken []task
		if taken, err = e.claim(loop, free); err == nil {
			e.launch(work, taken)
			next, err = e.next(loop)
		}
	}
	if err != nil {
		if loop.Err() == nil {
			e.o.Log.Error("job: look for work", "err", err)
		}
		return e.o.Poll
	}
	return e.sleep(next)
}

// sleep is the time until the next job, or until leases must be renewed. A
// full house waits for a job to end, which wakes the loop.
func (e *embedded) sleep(next db.Time) time.Duration {
	wait, busy := e.o.Poll, e.busy()
	if busy > 0 {
		wait = min(wait, e.o.Lease/3)
	}
	if busy < e.o.Workers {
		wait = min(wait, next.Sub(e.db.Now()))
	}
	return max(wait, time.Millisecond)
}

func (e *embedded) busy() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.running)
}

const far = db.Time(1) << 52

// next is the time of the earliest thing to do: a job that is due, or a lease
// that ends. It only reads, so that an idle program never takes the write lock.
func (e *embedded) next(ctx context.Context) (db.Time, error) {
	var waiting, leased sql.Null[db.Time]
	err := e.db.QueryRowContext(ctx, `SELECT
		(SELECT MIN(run_at) FROM job WHERE state = 'waiting' AND kind IN (`+db.In(1, len(e.kinds))+`)),
		(SELECT MIN(lease_until) FROM job WHERE state = 'running')`, e.kinds...).Scan(&waiting, &leased)
	if err != nil {
		return 0, err
	}
	next := far
	if waiting.Valid {
		next = waiting.V
	}
	if leased.Valid {
		next = min(next, leased.V)
	}
	return next, nil
}

type task struct {
	id, kind string
	args     []byte
	try      int
}

// claim takes up to n jobs that are due, those of dead nodes included.
func (e *embedded) claim(ctx context.Context, n int) ([]task, error) {
	var taken []task
	err := e.db.Tx(ctx, func(tx *db.Tx) error {
		if err := e.rescue(ctx, tx); err != nil {
			return err
		}
		args := append([]any{e.node, tx.Now().Add(e.o.Lease), tx.Now(), n}, e.kinds...)
		rows, err := tx.QueryContext(ctx, `UPDATE job SET state = 'running', node = $1, lease_until = $2, attempt = attempt + 1
			WHERE id IN (SELECT id FROM job WHERE state = 'waiting' AND run_at <= $3 AND kind IN (`+db.In(5, len(e.kinds))+`)
				ORDER BY run_at, id LIMIT $4)
			RETURNING id, kind, args, attempt`, args...)
		taken, err = db.Collect(rows, err, scanTask)
		return err
	})
	return taken, err
}

func scanTask(rows *sql.Rows) (t task, err error) {
	err = rows.Scan(&t.id, &t.kind, &t.args, &t.try)
	return t, err
}

// rescue frees the jobs of nodes that died. A job that took its node along on
// every try is given up in the end.
func (e *embedded) rescue(ctx context.Context, tx *db.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE job SET node = '', lease_until = 0,
			state = CASE WHEN attempt >= $1 THEN 'dead' ELSE 'waiting' END,
			error = 'the program ended while this ran'
		WHERE state = 'running' AND lease_until <= $2`, e.o.Tries, tx.Now())
	return err
}

func (e *embedded) launch(work context.Context, taken []task) {
	for _, t := range taken {
		e.mu.Lock()
		e.running[t.id] = true
		e.mu.Unlock()
		e.jobs.Go(func() {
			defer e.poke()
			defer e.forget(t.id)
			err := e.run(db.Patient(work), t)
			if err := e.settle(work, t, err); err != nil {
				e.o.Log.Error("job: settle", "kind", t.kind, "id", t.id, "err", err)
			}
		})
	}
}

func (e *embedded) forget(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.running, id)
}

func (e *embedded) run(work context.Context, t task) (err error) {
	ctx, cancel := context.WithTimeout(withTry(work, t.try, e.o.Tries), orDuration(e.w.within[t.kind], e.o.Timeout))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			e.o.Log.Error("job: panic", "kind", t.kind, "id", t.id, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return e.w.handlers[t.kind](ctx, t.args)
}

// settle writes how a try ended. The attempt fences it: once a job was taken
// by another node, this one's word counts no more.
func (e *embedded) settle(work context.Context, t task, err error) error {
	ctx, release := context.WithTimeout(context.WithoutCancel(work), 10*time.Second)
	defer release()
	fence := []any{t.id, e.node, t.try}
	const mine = ` WHERE id = $1 AND node = $2 AND attempt = $3 AND state = 'running'`
	var later *snooze
	var enough *cancel
	switch {
	case err == nil:
		_, err = e.db.ExecContext(ctx, `DELETE FROM job`+mine, fence...)
	case errors.As(err, &later):
		err = e.again(ctx, t, later.wait, "")
	case e.wasCutOff(work):
		err = e.again(ctx, t, 0, "")
	case errors.As(err, &enough) || t.try >= e.o.Tries:
		e.o.Log.Error("job: given up", "kind", t.kind, "id", t.id, "tries", t.try, "err", err)
		_, err = e.db.ExecContext(ctx, `UPDATE job SET state = 'dead', error = $4`+mine, append(fence, err.Error())...)
	default:
		e.o.Log.Warn("job: will be tried again", "kind", t.kind, "id", t.id, "try", t.try, "err", err)
		_, err = e.db.ExecContext(ctx, `UPDATE job SET state = 'waiting', run_at = $4, error = $5`+mine,
			append(fence, e.db.Now().Add(e.o.Backoff(t.try)), err.Error())...)
	}
	return err
}

// again puts a job back without counting the try.
func (e *embedded) again(ctx context.Context, t task, wait time.Duration, why string) error {
	_, err := e.db.ExecContext(ctx, `UPDATE job SET state = 'waiting', attempt = attempt - 1, run_at = $4, error = $5
		WHERE id = $1 AND node = $2 AND attempt = $3 AND state = 'running'`,
		t.id, e.node, t.try, e.db.Now().Add(wait), why)
	return err
}

func (e *embedded) wasCutOff(work context.Context) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stopped && work.Err() != nil
}

// renew keeps the jobs that run here from being taken for lost.
func (e *embedded) renew(ctx context.Context) {
	e.mu.Lock()
	ids := make([]any, 0, len(e.running)+2)
	ids = append(ids, e.node, e.db.Now().Add(e.o.Lease))
	for id := range e.running {
		ids = append(ids, id)
	}
	e.mu.Unlock()
	if len(ids) == 2 {
		return
	}
	_, err := e.db.ExecContext(ctx, `UPDATE job SET lease_until = $2
		WHERE node = $1 AND state = 'running' AND id IN (`+db.In(3, len(ids)-2)+`)`, ids...)
	if err != nil && ctx.Err() == nil {
		e.o.Log.Error("job: renew leases", "err", err)
	}
}

// repeat inserts a periodic job at the start and at each interval, unless the
// last one still waits.
func (e *embedded) repeat(ctx context.Context, p periodic) {
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		if err := e.insertPeriodic(ctx, p); err != nil && ctx.Err() == nil {
			e.o.Log.Error("job: periodic", "kind", p.args.Kind(), "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (e *embedded) insertPeriodic(ctx context.Context, p periodic) error {
	raw, err := json.Marshal(p.args)
	if err != nil {
		return err
	}
	return e.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO job (id, kind, args, state, run_at, created_at)
			VALUES ($1, $2, $3, 'waiting', $4, $4)
			ON CONFLICT (id) DO UPDATE SET state = 'waiting', run_at = excluded.run_at, attempt = 0 WHERE job.state = 'dead'`,
			"every "+p.args.Kind(), p.args.Kind(), string(raw), tx.Now())
		tx.Notify(topic, "")
		return err
	})
}

// Failures lists the dead.
func (e *embedded) Failures(ctx context.Context, limit int) ([]Failure, error) {
	rows, err := e.db.QueryContext(ctx, `SELECT id, kind, attempt, error FROM job
		WHERE state = 'dead' ORDER BY id DESC LIMIT $1`, limit)
	return db.Collect(rows, err, func(rows *sql.Rows) (f Failure, err error) {
		err = rows.Scan(&f.ID, &f.Kind, &f.Tries, &f.Error)
		return f, err
	})
}

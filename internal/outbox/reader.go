package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"rapport/internal/db"
)

// Consumer acts on an event inside the transaction that deletes it. It
// changes nothing but the database; an error leaves the event for later. A
// transaction may be repeated.
type Consumer func(ctx context.Context, tx *db.Tx, e Event) error

// Reader gives events to consumers. Several nodes may read at once; each event
// goes to one of them.
type Reader struct {
	db        *db.DB
	log       *slog.Logger
	consumers map[string][]Consumer
	wake      chan struct{}
	cancel    context.CancelFunc
	done      chan struct{}
}

// NewReader returns a reader without consumers.
func NewReader(d *db.DB, log *slog.Logger) *Reader {
	return &Reader{db: d, log: log, consumers: map[string][]Consumer{}, wake: make(chan struct{}, 1)}
}

// On adds a consumer for events of the kind. All are added before Start.
// Events that nobody consumes are deleted.
func (r *Reader) On(kind string, c Consumer) { r.consumers[kind] = append(r.consumers[kind], c) }

// The slow look finds what a lost signal or a failure left behind.
const poll = 15 * time.Second

// Start reads until Stop.
func (r *Reader) Start(ctx context.Context) {
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.done = make(chan struct{})
	unsubscribe := r.db.Subscribe(Topic, func(string) {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	})
	go func() {
		defer close(r.done)
		defer unsubscribe()
		r.loop(ctx)
	}()
}

// Stop ends the reader after the batch it is at.
func (r *Reader) Stop() {
	if r.cancel == nil {
		return
	}
	r.cancel()
	<-r.done
}

func (r *Reader) loop(ctx context.Context) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if _, err := r.Drain(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("outbox: read", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-tick.C:
		}
	}
}

// Drain works off what is there and returns how many events it was. An event
// that a consumer fails on is put off and is not counted.
func (r *Reader) Drain(ctx context.Context) (int, error) {
	ctx = db.Patient(ctx)
	done := 0
	for ctx.Err() == nil {
		waiting, err := r.waiting(ctx)
		if err != nil || !waiting {
			return done, err
		}
		n, bad, err := r.batch(ctx)
		switch {
		case bad != nil:
			r.log.Error("outbox: consume", "kind", bad.Kind, "event", bad.ID, "err", err)
			err = r.putOff(ctx, *bad, err)
		case n == 0 && err == nil:
			return done, nil // another node has the rest
		}
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, ctx.Err()
}

// waiting only reads, so that an idle program never takes the write lock.
func (r *Reader) waiting(ctx context.Context) (bool, error) {
	var any bool
	err := r.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM outbox WHERE ready_at <= $1)`, r.db.Now()).Scan(&any)
	if err != nil {
		return false, fmt.Errorf("outbox: look: %w", err)
	}
	return any, nil
}

const (
	batchSize = 100
	// batchFor is after how long a batch ends with the event it is at: while it
	// goes on, nobody else writes where there is one writer.
	batchFor = 20 * time.Millisecond
)

// batch consumes and deletes up to batchSize events, as many as it comes to. On an error nothing is
// done, and bad is the event that failed, if it was one.
func (r *Reader) batch(ctx context.Context) (n int, bad *Event, err error) {
	err = r.db.Tx(ctx, func(tx *db.Tx) error {
		bad = nil
		events, err := take(ctx, tx)
		if err != nil {
			return fmt.Errorf("outbox: take: %w", err)
		}
		began := time.Now()
		for i, e := range events {
			if err := r.consume(ctx, tx, e); err != nil {
				bad = &e
				return err
			}
			if time.Since(began) > batchFor {
				events = events[:i+1]
				break
			}
		}
		n = len(events)
		return remove(ctx, tx, events)
	}, db.RowLocks)
	if err != nil {
		n = 0
	}
	return n, bad, err
}

func take(ctx context.Context, tx *db.Tx) ([]Event, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, brand_id, kind, subject, data, created_at FROM outbox
		WHERE ready_at <= $1 ORDER BY ready_at, id LIMIT $2`+tx.DB.Dialect.SkipLocked(), tx.Now(), batchSize)
	return db.Collect(rows, err, func(rows *sql.Rows) (e Event, err error) {
		var data string
		err = rows.Scan(&e.ID, &e.Brand, &e.Kind, &e.Subject, &data, &e.At)
		e.Data = json.RawMessage(data)
		return e, err
	})
}

func remove(ctx context.Context, tx *db.Tx, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	ids := make([]any, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE id IN (`+db.In(1, len(ids))+`)`, ids...); err != nil {
		return fmt.Errorf("outbox: delete: %w", err)
	}
	return nil
}

func (r *Reader) consume(ctx context.Context, tx *db.Tx, e Event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	for _, c := range r.consumers[e.Kind] {
		if err := c(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// putOff lets the others pass: the event comes again after 5 s, then later and
// later, every ten minutes in the end.
func (r *Reader) putOff(ctx context.Context, e Event, cause error) error {
	first, _, _ := strings.Cut(cause.Error(), "\n")
	_, err := r.db.ExecContext(ctx, `UPDATE outbox SET tries = tries + 1, error = $2,
		ready_at = $3 + CASE WHEN tries < 7 THEN 5000 * (tries + 1) * (tries + 1) ELSE 600000 END
		WHERE id = $1`, e.ID, first, r.db.Now())
	if err != nil {
		return fmt.Errorf("outbox: put off: %w", err)
	}
	return nil
}

package search

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/db"
	"rapport/internal/job"
)

// Source gives the texts that were kept before they could be found.
type Source struct {
	// Name is under which it is remembered how far the source was read. A new
	// name reads everything again.
	Name string
	// Page returns up to limit texts after the place, and the place after
	// them; "" after the last.
	Page func(ctx context.Context, q db.Queryer, after string, limit int) (docs []Doc, next string, err error)
}

// Fill is the job that takes in what the sources hold, and puts the words of
// spaces on the side where they belong, and the index together. It goes on where
// it stopped, and does nothing once all is done.
type Fill struct{}

// Kind names the job.
func (Fill) Kind() string { return "search.fill" }

const (
	fillEvery = time.Hour
	fillFor   = 30 * time.Second // at a time
	fillPage  = 200
)

// Work registers the job. spaces are all there are.
func Work(w *job.Workers, d *db.DB, spaces func(context.Context, db.Queryer) ([]Space, error), sources ...Source) {
	job.Handle(w, func(ctx context.Context, _ Fill) error {
		done, err := Take(ctx, d, sources...)
		if err == nil && done {
			done, err = Settle(ctx, d, spaces)
		}
		if err == nil && done {
			done, err = Tidy(ctx, d)
		}
		if err == nil && !done {
			return job.Snooze(time.Second)
		}
		return err
	})
	w.Every(fillEvery, Fill{})
}

// Take takes in the sources until all is in, or for half a minute, and reports
// whether all is in.
func Take(ctx context.Context, d *db.DB, sources ...Source) (bool, error) {
	until := time.Now().Add(fillFor)
	for _, s := range sources {
		done, err := s.take(ctx, d, until)
		if err != nil {
			return false, fmt.Errorf("search: fill from %s: %w", s.Name, err)
		}
		if !done {
			return false, nil
		}
	}
	return true, nil
}

func (s Source) take(ctx context.Context, d *db.DB, until time.Time) (bool, error) {
	for {
		if done, err := s.known(ctx, d); err != nil || done {
			return done, err
		}
		if time.Now().After(until) {
			return false, nil
		}
		if err := d.Tx(ctx, func(tx *db.Tx) error { return s.step(ctx, tx) }); err != nil {
			return false, err
		}
	}
}

func (s Source) known(ctx context.Context, q db.Queryer) (bool, error) {
	var done db.Time
	err := q.QueryRowContext(ctx, `SELECT done_at FROM search_fill WHERE source = $1`, s.Name).Scan(&done)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return done > 0, err
}

func (s Source) step(ctx context.Context, tx *db.Tx) error {
	var after string
	err := tx.QueryRowContext(ctx, `SELECT after FROM search_fill WHERE source = $1`, s.Name).Scan(&after)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	docs, next, err := s.Page(ctx, tx, after, fillPage)
	if err != nil {
		return err
	}
	if err := Put(ctx, tx, docs...); err != nil {
		return err
	}
	var done db.Time
	if next == "" {
		done = tx.Now()
	}
	return remember(ctx, tx, s.Name, next, done)
}

// remember keeps how far something was read.
func remember(ctx context.Context, tx *db.Tx, source, after string, done db.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO search_fill (source, after, done_at) VALUES ($1, $2, $3)
		ON CONFLICT (source) DO UPDATE SET after = excluded.after, done_at = excluded.done_at`, source, after, done)
	return err
}

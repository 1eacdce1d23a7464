// Package deposit keeps files that rows of the database name. A file and its
// row cannot be written in one transaction, and the program may die between the
// two: a job that looks after the file is there before the file is, and another
// comes with the transaction that takes the row away. So no file stays that no
// row names, and none goes that one does. It knows no row: whose name files
// tells it, see Named.
//
// A key is given once. What was stored under it is never stored anew, and what
// no row names any more, no row will name again.
package deposit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
)

// Named reports whether a row of the brand names the file under the key.
type Named func(ctx context.Context, q db.Queryer, brandID, key string) (bool, error)

// Files are keys of a brand that may lie there without a row. It is the job
// that removes those of them.
type Files struct {
	Brand string   `json:"brand"`
	Keys  []string `json:"keys"`
}

// Kind names the job.
func (Files) Kind() string { return "deposit.files" }

const (
	// within is how long storing a file may take until its row is written.
	within = 30 * time.Minute
	// after is when a file without a row is taken for one whose row will never
	// come: later than within by more than clocks of two nodes differ.
	after = time.Hour
)

// Keep stores what r holds under a key that was never used, then has name write
// the row that names it, in a transaction that may run several times. Where the
// program dies between, or name fails, the file goes again.
func Keep(ctx context.Context, d *db.DB, blobs blob.Store, brandID, key string, r io.Reader, name func(*db.Tx) error) error {
	until := d.Now().Add(within)
	err := d.Tx(ctx, func(tx *db.Tx) error { return drop(ctx, tx, tx.Now().Add(after), brandID, key) })
	if err != nil {
		return err
	}
	if _, err := blobs.Put(ctx, key, r); err != nil {
		return fmt.Errorf("deposit: keep: %w", err)
	}
	var refused error
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if refused = name(tx); refused == nil && tx.Now() > until {
			refused = fault.New(fault.Unavailable, "Storing the file took too long. Send it again.")
		}
		return refused
	})
	if refused != nil {
		// A commit that broke off may have reached the database, a refusal never
		// does. What cannot be removed now, the job removes.
		_ = blobs.Delete(context.WithoutCancel(ctx), key)
	}
	return err
}

// Drop removes files whose rows the caller's transaction takes away, once it is
// committed and unless another row names them. "" is no file.
func Drop(ctx context.Context, tx *db.Tx, brandID string, keys ...string) error {
	return drop(ctx, tx, 0, brandID, keys...)
}

func drop(ctx context.Context, tx *db.Tx, at db.Time, brandID string, keys ...string) error {
	f := Files{Brand: brandID}
	for _, key := range keys {
		if key != "" {
			f.Keys = append(f.Keys, key)
		}
	}
	if len(f.Keys) == 0 {
		return nil
	}
	return job.Insert(ctx, tx, f, at)
}

// Keeper removes the files that no row names.
type Keeper struct {
	DB    *db.DB
	Blobs blob.Store
	Named []Named // of everything that names files by Keep
}

// Work registers the job.
func (k *Keeper) Work(w *job.Workers) { job.Handle(w, k.Clear) }

// Clear is what the job does: it removes those of the files that no row names.
// It may run twice, and goes on where one cannot be removed.
func (k *Keeper) Clear(ctx context.Context, f Files) error {
	var failed error
	for _, key := range f.Keys {
		named, err := k.named(ctx, f.Brand, key)
		if err == nil && !named {
			err = k.Blobs.Delete(ctx, key)
		}
		failed = errors.Join(failed, err)
	}
	if failed != nil {
		return fmt.Errorf("deposit: clear: %w", failed)
	}
	return nil
}

func (k *Keeper) named(ctx context.Context, brandID, key string) (bool, error) {
	for _, named := range k.Named {
		if yes, err := named(ctx, k.DB, brandID, key); err != nil || yes {
			return yes, err
		}
	}
	return false, nil
}

package brand

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// The kinds of hold. A person's hold may be released by whoever may release
// holds; one that a restore set needs an owner.
const (
	ByPerson  = "person"
	ByRestore = "restore"
)

const longestReason = 500

// Pause is one hold of a brand, running or over.
type Pause struct {
	ID         string
	Brand      string
	Kind       string // ByPerson or ByRestore
	Reason     string
	By         string // account id; "" for the program
	At         db.Time
	ReleasedBy string
	ReleasedAt db.Time // 0 while it runs
}

// Hold stops everything the brand would send: when it returns, no commit that
// was not already under way can begin. A brand already on hold stays on the
// hold it has, which is returned.
func Hold(ctx context.Context, d *db.DB, who access.Who, brandID, reason string) (Pause, error) {
	var p Pause
	reason = strings.TrimSpace(reason)
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.HoldSet); err != nil {
			return err
		}
		if reason == "" || utf8.RuneCountInString(reason) > longestReason || !utf8.ValidString(reason) || strings.ContainsRune(reason, 0) {
			return fault.OnField("reason", "Say in 1 to %d characters why everything stops.", longestReason)
		}
		held, err := lockGate(ctx, tx, brandID)
		if err != nil {
			return err
		}
		if held {
			p, _, err = CurrentHold(ctx, tx, brandID)
			return err
		}
		p = Pause{ID: db.NewID(), Brand: brandID, Kind: ByPerson, Reason: reason, By: who.Account, At: tx.Now()}
		return shut(ctx, tx, who, p)
	}, db.RowLocks, db.Durable)
	return p, err
}

// Release lets the brand send again. It is fault.Conflict if nothing is held.
func Release(ctx context.Context, d *db.DB, who access.Who, brandID string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.HoldRelease); err != nil {
			return err
		}
		if _, err := lockGate(ctx, tx, brandID); err != nil {
			return err
		}
		p, held, err := CurrentHold(ctx, tx, brandID)
		if err != nil {
			return err
		}
		if !held {
			return fault.New(fault.Conflict, "Nothing is on hold any more.")
		}
		if p.Kind == ByRestore && who.May(tx.Now(), brandID, access.BrandWrite) != nil {
			return fault.New(fault.Denied, "This hold was set after a restore. Only an owner may release it.")
		}
		return open(ctx, tx, who, p)
	}, db.RowLocks, db.Durable)
}

// HoldAll puts every brand on a hold of the program's own, in the caller's
// transaction. A person's running hold gives way to it, because it must not
// be released with less care.
func HoldAll(ctx context.Context, tx *db.Tx, kind, reason string) error {
	all, err := List(ctx, tx, access.System())
	if err != nil {
		return err
	}
	for _, b := range all {
		held, err := lockGate(ctx, tx, b.ID)
		if err != nil {
			return err
		}
		if held {
			if err := endHold(ctx, tx, b.ID, b.HoldID, ""); err != nil {
				return err
			}
		}
		p := Pause{ID: db.NewID(), Brand: b.ID, Kind: kind, Reason: reason, At: tx.Now()}
		if err := shut(ctx, tx, access.System(), p); err != nil {
			return err
		}
	}
	return nil
}

// lockGate waits for the commits that are under way to pass the brand's gate,
// keeps others out until the transaction ends and reports whether it is shut.
func lockGate(ctx context.Context, tx *db.Tx, brandID string) (held bool, err error) {
	err = tx.QueryRowContext(ctx, `SELECT held FROM brand WHERE id = $1`+tx.DB.Dialect.Exclusive(), brandID).Scan(&held)
	if errors.Is(err, sql.ErrNoRows) {
		return false, missing()
	}
	if err != nil {
		return false, fmt.Errorf("brand: gate: %w", err)
	}
	return held, nil
}

func shut(ctx context.Context, tx *db.Tx, who access.Who, p Pause) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO hold (id, brand_id, kind, reason, by_account, at) VALUES ($1, $2, $3, $4, $5, $6)`,
		p.ID, p.Brand, p.Kind, p.Reason, p.By, p.At)
	if err == nil {
		_, err = tx.ExecContext(ctx, `UPDATE brand SET held = TRUE, hold_id = $2 WHERE id = $1`, p.Brand, p.ID)
	}
	if err != nil {
		return fmt.Errorf("brand: hold: %w", err)
	}
	return tell(ctx, tx, who, p, "hold.set")
}

func open(ctx context.Context, tx *db.Tx, who access.Who, p Pause) error {
	if err := endHold(ctx, tx, p.Brand, p.ID, who.Account); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE brand SET held = FALSE, hold_id = '' WHERE id = $1`, p.Brand); err != nil {
		return fmt.Errorf("brand: release: %w", err)
	}
	tx.Notify("due", "") // what waited behind the gate may go now
	return tell(ctx, tx, who, p, "hold.released")
}

func endHold(ctx context.Context, tx *db.Tx, brandID, id, by string) error {
	_, err := tx.ExecContext(ctx, `UPDATE hold SET released_by = $3, released_at = $4 WHERE brand_id = $1 AND id = $2`, brandID, id, by, tx.Now())
	if err != nil {
		return fmt.Errorf("brand: release: %w", err)
	}
	return nil
}

func tell(ctx context.Context, tx *db.Tx, who access.Who, p Pause, act string) error {
	err := audit.Record(ctx, tx, who, audit.Entry{Brand: p.Brand, Act: act, Subject: p.ID,
		Detail: map[string]string{"kind": p.Kind, "reason": p.Reason}})
	if err != nil {
		return err
	}
	return outbox.Add(ctx, tx, outbox.Event{Brand: p.Brand, Kind: "hold.changed", Subject: p.ID})
}

const holdColumns = `id, brand_id, kind, reason, by_account, at, released_by, released_at`

func scanHold(row interface{ Scan(...any) error }) (Pause, error) {
	var p Pause
	err := row.Scan(&p.ID, &p.Brand, &p.Kind, &p.Reason, &p.By, &p.At, &p.ReleasedBy, &p.ReleasedAt)
	return p, err
}

// CurrentHold returns the hold the brand is on, if it is on one. The caller
// has checked that the brand may be read.
func CurrentHold(ctx context.Context, q db.Queryer, brandID string) (Pause, bool, error) {
	p, err := scanHold(q.QueryRowContext(ctx, `SELECT `+holdColumns+` FROM hold
		WHERE brand_id = $1 AND id = (SELECT hold_id FROM brand WHERE id = $1 AND held)`, brandID))
	if errors.Is(err, sql.ErrNoRows) {
		return Pause{}, false, nil
	}
	if err != nil {
		return Pause{}, false, fmt.Errorf("brand: read hold: %w", err)
	}
	return p, true, nil
}

// Holds returns the brand's holds, newest first, 50 to a page unless asked
// otherwise (at most 200), and the cursor of the next page, "" after the last.
func Holds(ctx context.Context, q db.Queryer, who access.Who, brandID string, page db.Page) ([]Pause, string, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 200)
	rows, err := q.QueryContext(ctx, `SELECT `+holdColumns+` FROM hold WHERE brand_id = $1 AND (at, id) < ($2, $3)
		ORDER BY at DESC, id DESC LIMIT $4`, brandID, at, id, size+1)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Pause, error) { return scanHold(r) })
	if err != nil {
		return nil, "", fmt.Errorf("brand: holds: %w", err)
	}
	if len(out) <= size {
		return out, "", nil
	}
	out = out[:size]
	return out, db.Cursor(out[size-1].At, out[size-1].ID), nil
}

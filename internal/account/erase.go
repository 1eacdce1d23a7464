package account

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Erase ends the acting account for good: its sign-in, its part in every brand,
// its tokens and its notifications go, and so do its letters and the addresses
// it came from. What it wrote for a brand, and what the log says it did, stays,
// as the work of somebody who left. Its e-mail address must be typed. A brand
// that would be left without an owner is fault.Conflict.
func Erase(ctx context.Context, d *db.DB, who access.Who, typed string) error {
	if err := inPerson(who); err != nil {
		return err
	}
	if strings.ToLower(strings.TrimSpace(typed)) != who.Email {
		return fault.OnField("confirm", "Type %s to erase your account.", who.Email)
	}
	return d.Tx(ctx, func(tx *db.Tx) error { return EraseIn(ctx, tx, who) })
}

// EraseIn is Erase in the caller's transaction, which has made sure that the
// person wants it.
func EraseIn(ctx context.Context, tx *db.Tx, who access.Who) error {
	if err := inPerson(who); err != nil {
		return err
	}
	brands, err := leave(ctx, tx, who)
	if err == nil {
		err = end(ctx, tx, who.Account, brands)
	}
	if err != nil {
		return fmt.Errorf("account: erase: %w", err)
	}
	who.Address = ""
	return audit.Record(ctx, tx, who, audit.Entry{Act: "account.erased", Subject: who.Account})
}

// end removes an account that has no part in the brands any more.
func end(ctx context.Context, tx *db.Tx, id string, brands []string) error {
	for _, b := range append(brands, "") {
		for _, query := range []string{
			`UPDATE audit SET address = '' WHERE brand_id = $1 AND account_id = $2`,
			`DELETE FROM letter WHERE brand_id = $1 AND account_id = $2`,
			// What became of an invitation stays, and not whose address it was.
			`UPDATE invitation SET email = '' WHERE brand_id = $1 AND accepted_by = $2 AND accepted_at > 0`,
		} {
			if _, err := tx.ExecContext(ctx, query, b, id); err != nil {
				return err
			}
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM account WHERE id = $1`, id); err != nil {
		return err
	}
	accessChanged(tx, id)
	return nil
}

// Close ends for good an account that is of no team, in the caller's
// transaction, because the brand it was a member of erased who it was. The
// caller knows that it is a member of no other. One that is of a team, or gone,
// stays as it is.
func Close(ctx context.Context, tx *db.Tx, id string) error {
	var granted, there bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM access_grant WHERE account_id = $1), EXISTS (SELECT 1 FROM account WHERE id = $1)`, id).Scan(&granted, &there)
	if err != nil || granted || !there {
		return err
	}
	rows, err := tx.QueryContext(ctx, `SELECT id FROM brand`)
	brands, err := db.Collect(rows, err, scanID)
	if err == nil {
		err = end(ctx, tx, id, brands)
	}
	if err != nil {
		return fmt.Errorf("account: close: %w", err)
	}
	return audit.Record(ctx, tx, access.System(), audit.Entry{Act: "account.erased", Subject: id})
}

// leave takes the account out of its brands and returns all brands there are.
func leave(ctx context.Context, tx *db.Tx, who access.Who) ([]string, error) {
	rows, err := tx.QueryContext(ctx, `DELETE FROM access_grant WHERE account_id = $1 RETURNING brand_id`, who.Account)
	left, err := db.Collect(rows, err, scanID)
	if err != nil {
		return nil, err
	}
	who.Address = ""
	for _, id := range left {
		owners, err := Owners(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		if len(owners) == 0 {
			var name string
			if err := tx.QueryRowContext(ctx, `SELECT name FROM brand WHERE id = $1`, id).Scan(&name); err != nil {
				return nil, err
			}
			return nil, fault.New(fault.Conflict, "%s would have no owner. Make somebody else an owner, or erase the brand first.", name)
		}
		if err := audit.Record(ctx, tx, who, audit.Entry{Brand: id, Act: "member.left", Subject: who.Account}); err != nil {
			return nil, err
		}
	}
	rows, err = tx.QueryContext(ctx, `SELECT id FROM brand`)
	return db.Collect(rows, err, scanID)
}

func scanID(r *sql.Rows) (id string, err error) {
	err = r.Scan(&id)
	return id, err
}

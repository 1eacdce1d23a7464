package account

import (
	"cmp"
	"context"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Confirm makes a session sure of its person again, who types the password. A
// wrong one is a fault on the field "password"; guesses are counted. An account
// with a second factor gives a code instead: see Factors.ConfirmByCode.
func Confirm(ctx context.Context, d *db.DB, who access.Who, session, password string) error {
	if err := inPerson(who); err != nil {
		return err
	}
	if f, err := FactorOf(ctx, d, who.Account); err != nil || f.Since != 0 {
		return cmp.Or[error](err, fault.OnField("code", "Enter a code of your second factor."))
	}
	if err := checkPassword(ctx, d, who, "password", password); err != nil {
		return err
	}
	return makeSure(ctx, d, who, session)
}

// inPerson refuses everybody but an account that is signed in.
func inPerson(who access.Who) error {
	if who.Account == "" || who.Token != "" {
		return fault.New(fault.Denied, "Sign in to do this. An API token cannot.")
	}
	return nil
}

func makeSure(ctx context.Context, d *db.DB, who access.Who, session string) error {
	_, err := d.ExecContext(ctx, `UPDATE session SET sure_at = $1 WHERE id = $2 AND account_id = $3`, d.Now(), session, who.Account)
	if err != nil {
		return fmt.Errorf("account: confirm a session: %w", err)
	}
	return nil
}

package account

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Bring finds the account with the address, or makes one that cannot sign in
// until somebody invites it, with the id if that is free. It is for a brand
// that is brought in from elsewhere: who worked on it keeps their name.
func Bring(ctx context.Context, tx *db.Tx, id, email, name string) (Account, error) {
	email, ok := Address(email)
	name = strings.TrimSpace(name)
	if !ok || name == "" || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		return Account{}, fault.OnField("file", "The archive names somebody whose name or address cannot be read.")
	}
	a, err := ByEmail(ctx, tx, email)
	if err == nil || !fault.Is(err, fault.NotFound) {
		return a, err
	}
	if _, err := ByID(ctx, tx, id); err == nil {
		id = db.NewID()
	} else if !fault.Is(err, fault.NotFound) {
		return Account{}, err
	}
	a = Account{ID: id, Email: email, Name: name, Theme: Themes[0], CreatedAt: tx.Now(), DisabledAt: tx.Now()}
	_, err = tx.ExecContext(ctx, `INSERT INTO account (id, email, name, password_hash, theme, created_at, disabled_at) VALUES ($1, $2, $3, '', $4, $5, $5)`,
		a.ID, a.Email, a.Name, a.Theme, a.CreatedAt)
	if err != nil {
		return a, fmt.Errorf("account: bring: %w", err)
	}
	return a, nil
}

// Asleep reports whether the account was brought and nobody has taken it up:
// it has no password and may not sign in.
func Asleep(ctx context.Context, q db.Queryer, id string) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM account WHERE id = $1 AND password_hash = '' AND disabled_at > 0`, id).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("account: asleep: %w", err)
	}
	return n == 1, nil
}

// Wake gives an account that is asleep to whoever proved to be the one it is
// for. What also does is committed together with it. Only the program itself
// may; one that is awake is fault.Conflict.
func Wake(ctx context.Context, d *db.DB, who access.Who, n New, also func(*db.Tx, Account) error) (Account, error) {
	if !who.IsSystem() {
		return Account{}, fault.New(fault.Denied, "Accounts are made at the console. Ask whoever runs this Rapport.")
	}
	email, name, err := n.check()
	if err != nil {
		return Account{}, err
	}
	hash, err := hashPassword(ctx, n.Password)
	if err != nil {
		return Account{}, err
	}
	var a Account
	err = d.Tx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE account SET name = $1, password_hash = $2, disabled_at = 0
			WHERE email = $3 AND password_hash = '' AND disabled_at > 0`, name, hash, email)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or[error](err, fault.New(fault.Conflict, "There is already an account for %s.", email))
		}
		if a, err = ByEmail(ctx, tx, email); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, who, audit.Entry{Act: "account.created", Subject: a.ID}); err != nil {
			return err
		}
		return also(tx, a)
	})
	if err != nil {
		return Account{}, fmt.Errorf("account: wake: %w", err)
	}
	return a, nil
}

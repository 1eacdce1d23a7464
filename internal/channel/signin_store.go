package channel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/db"
)

func insertSignIn(ctx context.Context, tx *db.Tx, who access.Who, in SignIn, hash, sealed string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO sign_in (state_hash, session_id, account_id, brand_id, network, server, again, secret, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		hash, in.Session, who.Account, in.Brand, in.Network, in.Server, in.Again, sealed, tx.Now())
	if err != nil {
		return fmt.Errorf("channel: begin a sign-in: %w", err)
	}
	return nil
}

// takeSignIn deletes the sign-in and returns it. One of another session, of
// another account or for another network stays where it is; so nobody can end
// what somebody else began.
func takeSignIn(ctx context.Context, tx *db.Tx, who access.Who, session, networkName, hash string) (in SignIn, sealed string, err error) {
	var began db.Time
	err = tx.QueryRowContext(ctx, `DELETE FROM sign_in
		WHERE state_hash = $1 AND session_id = $2 AND account_id = $3 AND network = $4
		RETURNING session_id, brand_id, network, server, again, secret, created_at`, hash, session, who.Account, networkName).
		Scan(&in.Session, &in.Brand, &in.Network, &in.Server, &in.Again, &sealed, &began)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return SignIn{}, "", errStartAgain
	case err != nil:
		return in, "", fmt.Errorf("channel: end a sign-in: %w", err)
	case tx.Now().Sub(began) > SignInWithin:
		// The transaction is undone; Sweep takes what is left.
		return in, "", errStartAgain
	}
	return in, sealed, nil
}

func keepApp(ctx context.Context, tx *db.Tx, in SignIn, sealed string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO network_app (network, server, redirect, secret, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (network, server, redirect) DO UPDATE SET secret = excluded.secret`, in.Network, in.Server, in.Redirect, sealed, tx.Now())
	if err != nil {
		return fmt.Errorf("channel: keep a registration: %w", err)
	}
	return nil
}

// appOf is the sealed registration at a server; "" where there is none.
func appOf(ctx context.Context, q db.Queryer, in SignIn) (sealed string, err error) {
	err = q.QueryRowContext(ctx, `SELECT secret FROM network_app WHERE network = $1 AND server = $2 AND redirect = $3`,
		in.Network, in.Server, in.Redirect).Scan(&sealed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("channel: a registration: %w", err)
	}
	return sealed, nil
}

// Sweep forgets sign-ins that nobody ended. It may run at any time on any
// node.
func Sweep(ctx context.Context, d *db.DB) error {
	if _, err := d.ExecContext(ctx, `DELETE FROM sign_in WHERE created_at < $1`, d.Now().Add(-SignInWithin)); err != nil {
		return fmt.Errorf("channel: sweep: %w", err)
	}
	return nil
}

// resealApps seals with the newest key the registrations that an older one
// sealed. One that no key opens is forgotten: the next sign-in registers anew.
func (cs *Channels) resealApps(ctx context.Context) error {
	rows, err := cs.DB.QueryContext(ctx, `SELECT network, server, redirect, secret FROM network_app`)
	type row struct {
		SignIn
		sealed string
	}
	all, err := db.Collect(rows, err, func(r *sql.Rows) (x row, err error) {
		err = r.Scan(&x.Network, &x.Server, &x.Redirect, &x.sealed)
		return x, err
	})
	if err != nil {
		return fmt.Errorf("channel: registrations: %w", err)
	}
	for _, x := range all {
		if !cs.Keys.NeedsReseal(x.sealed) {
			continue
		}
		query, fresh := `DELETE FROM network_app WHERE network = $1 AND server = $2 AND redirect = $3 AND secret = $4`, []any{}
		if app, err := cs.openApp(x.SignIn, x.sealed); err == nil {
			query = `UPDATE network_app SET secret = $5 WHERE network = $1 AND server = $2 AND redirect = $3 AND secret = $4`
			fresh = []any{cs.sealApp(x.SignIn, app)}
		}
		if _, err := cs.DB.ExecContext(ctx, query, append([]any{x.Network, x.Server, x.Redirect, x.sealed}, fresh...)...); err != nil {
			return fmt.Errorf("channel: reseal a registration: %w", err)
		}
	}
	return nil
}

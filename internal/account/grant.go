package account

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Member is an account with its grant in one brand.
type Member struct {
	Account
	Grant access.Grant
}

// As returns the account as an actor with all its running grants: for the
// console, which acts in somebody's name.
func As(ctx context.Context, q db.Queryer, a Account) (access.Who, error) {
	rows, err := q.QueryContext(ctx, `SELECT brand_id, role, channels, ends_at FROM access_grant
		WHERE account_id = $1 AND (ends_at = 0 OR ends_at > $2)`, a.ID, q.Now())
	grants, err := db.Collect(rows, err, scanGrant)
	if err != nil {
		return access.Who{}, fmt.Errorf("account: grants: %w", err)
	}
	return access.Who{Account: a.ID, Name: a.Name, Email: a.Email, Grants: grants}, nil
}

func scanGrant(r *sql.Rows) (access.Grant, error) {
	var g access.Grant
	var channels string
	if err := r.Scan(&g.Brand, &g.Role, &channels, &g.EndsAt); err != nil {
		return g, err
	}
	var err error
	g.Channels, err = channelList(channels)
	return g, err
}

// Owners returns who owns the brand now, the longest-standing first.
func Owners(ctx context.Context, q db.Queryer, brandID string) ([]Account, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM access_grant g
		JOIN account a ON a.id = g.account_id AND a.disabled_at = 0
		WHERE g.brand_id = $1 AND g.role = 'owner' AND g.ends_at = 0
		ORDER BY g.created_at, a.id`, brandID)
	out, err := db.Collect(rows, err, scan)
	if err != nil {
		return nil, fmt.Errorf("account: owners: %w", err)
	}
	return out, nil
}

// Team lists everybody with a grant in the brand, also one that has ended, by
// name.
func Team(ctx context.Context, q db.Queryer, who access.Who, brandID string) ([]Member, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, `SELECT `+columns+`, g.brand_id, g.role, g.channels, g.ends_at
		FROM access_grant g JOIN account a ON a.id = g.account_id
		WHERE g.brand_id = $1 ORDER BY a.name, a.id`, brandID)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Member, error) {
		var m Member
		var channels string
		err := r.Scan(append(m.fields(), &m.Grant.Brand, &m.Grant.Role, &channels, &m.Grant.EndsAt)...)
		if err == nil {
			m.Grant.Channels, err = channelList(channels)
		}
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("account: team: %w", err)
	}
	return out, nil
}

// Give grants an account a role in g.Brand, in place of the one it has there. A
// brand keeps at least one owner without an end date, else fault.Conflict.
func Give(ctx context.Context, d *db.DB, who access.Who, accountID string, g access.Grant) error {
	if err := CheckGrant(d.Now(), who, g); err != nil {
		return err
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if _, err := ByID(ctx, tx, accountID); err != nil {
			return err
		}
		if err := Put(ctx, tx, accountID, g); err != nil {
			return err
		}
		if err := needOwner(ctx, tx, g.Brand); err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: g.Brand, Act: "grant.given", Subject: accountID,
			Detail: map[string]string{"role": string(g.Role)}})
	})
	if err != nil {
		return fmt.Errorf("account: give a grant: %w", err)
	}
	return nil
}

// CheckGrant returns why who may not give the grant, or nil.
func CheckGrant(now db.Time, who access.Who, g access.Grant) error {
	if err := who.May(now, g.Brand, access.TeamWrite); err != nil {
		return err
	}
	if !slices.Contains(access.Roles, g.Role) {
		return fault.OnField("role", "There is no role %q.", g.Role)
	}
	if g.EndsAt != 0 && !g.EndsAt.After(now) {
		return fault.OnField("ends_at", "Choose an end in the future.")
	}
	return nil
}

// Put writes a grant in the caller's transaction and asks nothing: it is for
// a brand's first owner, who comes with the brand.
func Put(ctx context.Context, tx *db.Tx, accountID string, g access.Grant) error {
	channels := ""
	if len(g.Channels) > 0 {
		b, err := json.Marshal(g.Channels)
		if err != nil {
			return err
		}
		channels = string(b)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO access_grant (id, account_id, brand_id, role, channels, ends_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (account_id, brand_id) DO UPDATE
		SET role = excluded.role, channels = excluded.channels, ends_at = excluded.ends_at`,
		db.NewID(), accountID, g.Brand, string(g.Role), channels, g.EndsAt, tx.Now())
	if err != nil {
		return fmt.Errorf("account: put a grant: %w", err)
	}
	accessChanged(tx, accountID)
	return nil
}

// Take ends an account's grant in the brand at once. The last owner stays,
// else fault.Conflict.
func Take(ctx context.Context, d *db.DB, who access.Who, brandID, accountID string) error {
	if err := who.May(d.Now(), brandID, access.TeamWrite); err != nil {
		return err
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM access_grant WHERE brand_id = $1 AND account_id = $2`, brandID, accountID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or[error](err, fault.New(fault.NotFound, "This account has no part in the brand."))
		}
		if err := needOwner(ctx, tx, brandID); err != nil {
			return err
		}
		accessChanged(tx, accountID)
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "grant.taken", Subject: accountID})
	})
	if err != nil {
		return fmt.Errorf("account: take a grant: %w", err)
	}
	return nil
}

// needOwner is asked after the change, in its transaction.
func needOwner(ctx context.Context, tx *db.Tx, brandID string) error {
	owners, err := Owners(ctx, tx, brandID)
	if err != nil {
		return err
	}
	if len(owners) == 0 {
		return fault.New(fault.Conflict, "A brand needs an owner. Make somebody else an owner first.")
	}
	return nil
}

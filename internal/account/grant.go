package account

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// Member is an account with its grant in one brand.
type Member struct {
	Account
	Grant  access.Grant
	Factor bool // it has a second factor
}

// Ended reports whether the member's grant is over.
func (m Member) Ended(now db.Time) bool { return m.Grant.EndsAt != 0 && !m.Grant.EndsAt.After(now) }

// As returns the account as an actor with all its running grants: for the
// console, which acts in somebody's name.
func As(ctx context.Context, q db.Queryer, a Account) (access.Who, error) {
	rows, err := q.QueryContext(ctx, `SELECT g.brand_id, g.role, g.channels, g.ends_at, `+barred+`
		FROM access_grant g`+barring+`
		WHERE g.account_id = $1 AND (g.ends_at = 0 OR g.ends_at > $2)`, a.ID, q.Now())
	grants, err := db.Collect(rows, err, scanGrant)
	if err != nil {
		return access.Who{}, fmt.Errorf("account: grants: %w", err)
	}
	return access.Who{Account: a.ID, Name: a.Name, Email: a.Email, Grants: grants}, nil
}

// barred tells of a grant g whether it allows nothing for want of a second
// factor; barring is what it needs.
const (
	barred  = `CASE WHEN rule.second_factor AND factor.account_id IS NULL THEN 1 ELSE 0 END`
	barring = `
		LEFT JOIN team_rule rule ON rule.brand_id = g.brand_id
		LEFT JOIN second_factor factor ON factor.account_id = g.account_id AND factor.confirmed_at > 0`
)

func scanGrant(r *sql.Rows) (access.Grant, error) {
	var g access.Grant
	var channels string
	if err := r.Scan(&g.Brand, &g.Role, &channels, &g.EndsAt, &g.Barred); err != nil {
		return g, err
	}
	var err error
	g.Channels, err = channelList(channels)
	return g, err
}

// Owners returns who owns the whole brand now and without an end, the
// longest-standing first.
func Owners(ctx context.Context, q db.Queryer, brandID string) ([]Account, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM access_grant g
		JOIN account a ON a.id = g.account_id AND a.disabled_at = 0
		WHERE g.brand_id = $1 AND g.role = 'owner' AND g.ends_at = 0 AND g.channels = ''
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
	rows, err := q.QueryContext(ctx, members+`WHERE g.brand_id = $1 ORDER BY a.name, a.id`, brandID)
	out, err := db.Collect(rows, err, scanMember)
	if err != nil {
		return nil, fmt.Errorf("account: team: %w", err)
	}
	return out, nil
}

// Teammate returns one of them, else fault.NotFound.
func Teammate(ctx context.Context, d *db.DB, who access.Who, brandID, accountID string) (Member, error) {
	if err := who.May(d.Now(), brandID, access.BrandRead); err != nil {
		return Member{}, err
	}
	rows, err := d.QueryContext(ctx, members+`WHERE g.brand_id = $1 AND g.account_id = $2`, brandID, accountID)
	all, err := db.Collect(rows, err, scanMember)
	if err != nil {
		return Member{}, fmt.Errorf("account: teammate: %w", err)
	}
	if len(all) == 0 {
		return Member{}, fault.New(fault.NotFound, "This account has no part in the brand.")
	}
	return all[0], nil
}

const members = `SELECT ` + columns + `, g.brand_id, g.role, g.channels, g.ends_at, ` + barred + `,
	CASE WHEN factor.account_id IS NULL THEN 0 ELSE 1 END
	FROM access_grant g JOIN account a ON a.id = g.account_id` + barring + ` `

func scanMember(r *sql.Rows) (Member, error) {
	var m Member
	var channels string
	err := r.Scan(append(m.fields(), &m.Grant.Brand, &m.Grant.Role, &channels, &m.Grant.EndsAt, &m.Grant.Barred, &m.Factor)...)
	if err == nil {
		m.Grant.Channels, err = channelList(channels)
	}
	return m, err
}

// Give grants an account a role in g.Brand, in place of the one it has there. A
// brand keeps at least one owner without an end date, else fault.Conflict.
func Give(ctx context.Context, d *db.DB, who access.Who, accountID string, g access.Grant) error {
	if err := CheckGrant(d.Now(), who, g); err != nil {
		return err
	}
	err := d.Tx(ctx, func(tx *db.Tx) error { return GiveIn(ctx, tx, who, accountID, g) })
	if err != nil {
		return fmt.Errorf("account: give a grant: %w", err)
	}
	return nil
}

// GiveIn is Give in the caller's transaction.
func GiveIn(ctx context.Context, tx *db.Tx, who access.Who, accountID string, g access.Grant) error {
	if err := CheckGrant(tx.Now(), who, g); err != nil {
		return err
	}
	if _, err := ByID(ctx, tx, accountID); err != nil {
		return err
	}
	if err := Put(ctx, tx, accountID, g); err != nil {
		return err
	}
	if err := needOwner(ctx, tx, g.Brand); err != nil {
		return err
	}
	return changed(ctx, tx, who, g, accountID, "grant.given")
}

const mostChannels = 500 // and spaces, that a grant names

// CheckGrant returns why who may not give the grant, or nil.
func CheckGrant(now db.Time, who access.Who, g access.Grant) error {
	if err := who.May(now, g.Brand, access.TeamWrite); err != nil {
		return err
	}
	if !slices.Contains(access.Roles, g.Role) {
		return fault.OnField("role", "There is no role %q.", g.Role)
	}
	if len(g.Channels) > mostChannels {
		return fault.OnField("channels", "Choose at most %d channels and spaces, or all of them.", mostChannels)
	}
	if g.Role == access.Owner && len(g.Channels) > 0 {
		return fault.OnField("channels", "An owner has the whole brand. Choose another role for some channels only.")
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
		return changed(ctx, tx, who, access.Grant{Brand: brandID}, accountID, "grant.taken")
	})
	if err != nil {
		return fmt.Errorf("account: take a grant: %w", err)
	}
	return nil
}

// End ends an account's grant in the brand at once, but keeps it, so that it
// is to be seen and can be renewed. An account may end its own grant. The last
// owner stays, else fault.Conflict. It returns when the grant would have
// ended.
func End(ctx context.Context, d *db.DB, who access.Who, brandID, accountID string) (until db.Time, err error) {
	needs := access.TeamWrite
	if who.Account == accountID && who.Token == "" {
		needs = ""
	}
	if err := mayEnd(d.Now(), who, brandID, needs); err != nil {
		return 0, err
	}
	err = d.Tx(ctx, func(tx *db.Tx) error {
		var g access.Grant
		if g, err = running(ctx, tx, brandID, accountID); err != nil {
			return err
		}
		until, g.EndsAt = g.EndsAt, tx.Now()
		if err := Put(ctx, tx, accountID, g); err != nil {
			return err
		}
		if err := needOwner(ctx, tx, brandID); err != nil {
			return err
		}
		return changed(ctx, tx, who, g, accountID, "grant.ended")
	})
	if err != nil {
		return 0, fmt.Errorf("account: end a grant: %w", err)
	}
	return until, nil
}

// mayEnd refuses tokens too where somebody leaves by themselves.
func mayEnd(now db.Time, who access.Who, brandID string, a access.Action) error {
	if a != "" {
		return who.May(now, brandID, a)
	}
	return inPerson(who)
}

// Renew lets a grant that has ended, or would end, run until a time as it was;
// 0 is without an end.
func Renew(ctx context.Context, d *db.DB, who access.Who, brandID, accountID string, until db.Time) error {
	if err := who.May(d.Now(), brandID, access.TeamWrite); err != nil {
		return err
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		g, err := GrantOf(ctx, tx, brandID, accountID)
		if err != nil {
			return err
		}
		g.EndsAt = until
		if err := CheckGrant(tx.Now(), who, g); err != nil {
			return err
		}
		if err := Put(ctx, tx, accountID, g); err != nil {
			return err
		}
		if err := needOwner(ctx, tx, brandID); err != nil {
			return err
		}
		return changed(ctx, tx, who, g, accountID, "grant.renewed")
	})
	if err != nil {
		return fmt.Errorf("account: renew a grant: %w", err)
	}
	return nil
}

// changed remembers what was done to a grant, and tells open pages.
func changed(ctx context.Context, tx *db.Tx, who access.Who, g access.Grant, accountID, act string) error {
	a, err := ByID(ctx, tx, accountID)
	if err != nil {
		return err
	}
	detail := map[string]string{"name": a.Name, "role": string(g.Role)}
	if len(g.Channels) > 0 {
		detail["channels"] = strconv.Itoa(len(g.Channels))
		if detail["spaces"], err = spaceNames(ctx, tx, g); err != nil {
			return err
		}
	}
	if g.EndsAt != 0 {
		detail["ends"] = g.EndsAt.Time().UTC().Format(time.DateTime)
	}
	return errors.Join(
		audit.Record(ctx, tx, who, audit.Entry{Brand: g.Brand, Act: act, Subject: accountID, Detail: detail}),
		outbox.Add(ctx, tx, outbox.Event{Brand: g.Brand, Kind: "team.changed", Subject: accountID}))
}

// spaceNames are the names of the spaces among what a grant names.
func spaceNames(ctx context.Context, q db.Queryer, g access.Grant) (string, error) {
	args := []any{g.Brand}
	for _, id := range g.Channels {
		args = append(args, id)
	}
	rows, err := q.QueryContext(ctx, `SELECT name FROM space WHERE brand_id = $1 AND id IN (`+db.In(2, len(g.Channels))+`) ORDER BY place, id`, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (name string, err error) {
		err = r.Scan(&name)
		return name, err
	})
	if err != nil {
		return "", fmt.Errorf("account: spaces of a grant: %w", err)
	}
	return strings.Join(all, ", "), nil
}

// GrantOf returns the account's grant in the brand, also one that has ended,
// else fault.NotFound.
func GrantOf(ctx context.Context, q db.Queryer, brandID, accountID string) (access.Grant, error) {
	rows, err := q.QueryContext(ctx, `SELECT g.brand_id, g.role, g.channels, g.ends_at, `+barred+`
		FROM access_grant g`+barring+` WHERE g.brand_id = $1 AND g.account_id = $2`, brandID, accountID)
	all, err := db.Collect(rows, err, scanGrant)
	if err != nil {
		return access.Grant{}, fmt.Errorf("account: grant: %w", err)
	}
	if len(all) == 0 {
		return access.Grant{}, fault.New(fault.NotFound, "This account has no part in the brand.")
	}
	return all[0], nil
}

// running is GrantOf for a grant that has not ended.
func running(ctx context.Context, tx *db.Tx, brandID, accountID string) (access.Grant, error) {
	g, err := GrantOf(ctx, tx, brandID, accountID)
	if err == nil && g.EndsAt != 0 && !g.EndsAt.After(tx.Now()) {
		err = fault.New(fault.Conflict, "This access has ended already.")
	}
	return g, err
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

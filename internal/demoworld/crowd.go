package demoworld

import (
	"context"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/audit"
	"rapport/internal/brand"
	"rapport/internal/db"
)

// Crowd is what an agency has around one brand.
type Crowd struct {
	Accounts int // with a grant in the brand; none of them can sign in
	Brands   int // besides, owned by whoever owns the brand
	Acts     int // of the team in the brand's log, over three years
}

var crowdActs = []string{"post.saved", "post.scheduled", "post.moved", "conversation.assigned", "media.added", "delivery.resolved", "grant.given", "session.begun"}

// Crowd gives the brand a crowd. Calling it again adds as many again.
func (w World) Crowd(ctx context.Context, b brand.Brand, c Crowd) error {
	ids, err := w.crowdAccounts(ctx, b, c.Accounts)
	if err == nil {
		err = w.crowdBrands(ctx, b, c.Brands)
	}
	for from := 0; err == nil && from < c.Acts; from += perTx {
		err = w.DB.Tx(ctx, func(tx *db.Tx) error {
			return db.Many(ctx, tx, `INSERT INTO audit (id, brand_id, account_id, act, area, subject, detail, address, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
				crowdRows(tx.Now(), b, ids, from, min(perTx, c.Acts-from), c.Acts))
		})
	}
	if err != nil {
		return fmt.Errorf("demoworld: a crowd: %w", err)
	}
	return nil
}

func crowdRows(now db.Time, b brand.Brand, accounts []string, from, n, all int) [][]any {
	const span = 3 * 365 * 24 * time.Hour
	out := make([][]any, n)
	for i := range out {
		k := from + i
		by := ""
		if len(accounts) > 0 {
			by = accounts[k*7%len(accounts)]
		}
		act := crowdActs[k%len(crowdActs)]
		out[i] = []any{db.NewID(), b.ID, by, act, audit.Acts[act].Area, fmt.Sprint("subject-", k%5000),
			fmt.Sprintf(`{"name":"Number %d"}`, k), "192.0.2.1", now.Add(-span + span*time.Duration(k)/time.Duration(all))}
	}
	return out
}

// crowdAccounts are people of every role but owners.
func (w World) crowdAccounts(ctx context.Context, b brand.Brand, n int) (ids []string, err error) {
	err = w.DB.Tx(ctx, func(tx *db.Tx) error {
		ids = nil
		var rows [][]any
		for i := range n {
			id := db.NewID()
			ids = append(ids, id)
			rows = append(rows, []any{id, fmt.Sprintf("crowd-%s@example.com", id), fmt.Sprintf("Colleague %d", i+1), tx.Now()})
		}
		if err := db.Many(ctx, tx, `INSERT INTO account (id, email, name, password_hash, theme, created_at) VALUES ($1, $2, $3, '', 'system', $4)`, rows); err != nil {
			return err
		}
		for i, id := range ids {
			role := access.Roles[1+i%(len(access.Roles)-1)]
			if err := account.Put(ctx, tx, id, access.Grant{Brand: b.ID, Role: role}); err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
}

// crowdBrands belong to the owners of the brand.
func (w World) crowdBrands(ctx context.Context, b brand.Brand, n int) error {
	owners, err := account.Owners(ctx, w.DB, b.ID)
	if err != nil {
		return err
	}
	return w.DB.Tx(ctx, func(tx *db.Tx) error {
		for i := range n {
			one, err := brand.Start(ctx, tx, access.System(), brand.New{Name: fmt.Sprintf("Client %d", i+1), Zone: b.Zone})
			if err != nil {
				return err
			}
			for _, o := range owners {
				if err := account.Put(ctx, tx, o.ID, access.Grant{Brand: one.ID, Role: access.Owner}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

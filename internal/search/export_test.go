package search

import (
	"context"

	"rapport/internal/access"
	"rapport/internal/db"
)

// FindOn is Find that reads through q.
func FindOn(ctx context.Context, d *db.DB, q db.Queryer, who access.Who, brandID string, query Query, page db.Page) ([]Hit, string, error) {
	a, err := query.asked(d, who, brandID, page)
	if err != nil {
		return nil, "", err
	}
	return a.find(ctx, q, dialects[d.Dialect])
}

// CommunityOn is Community that reads through q.
func CommunityOn(ctx context.Context, d *db.DB, q db.Queryer, brandID string, query CommunityQuery, page db.Page) (CommunityResult, error) {
	return community(ctx, q, dialects[d.Dialect], brandID, query, page)
}

// SettleSome is one step of Settle.
func SettleSome(ctx context.Context, d *db.DB) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		_, err := settle(ctx, tx)
		return err
	})
}

// TidySome is the next step of Tidy.
func TidySome(ctx context.Context, d *db.DB) error {
	held, begin, _, err := untidy(ctx, d)
	if err != nil {
		return err
	}
	return d.Tx(ctx, func(tx *db.Tx) error {
		_, err := tidy(ctx, tx, held, begin)
		return err
	})
}

package person

import (
	"context"

	"rapport/internal/access"
	"rapport/internal/db"
)

// ListOn is List that reads through q.
func ListOn(ctx context.Context, d *db.DB, q db.Queryer, who access.Who, brandID string, f Filter, page db.Page) ([]Person, string, error) {
	return list(ctx, d, q, who, brandID, f, page)
}

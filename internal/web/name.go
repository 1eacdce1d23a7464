package web

import (
	"cmp"
	"context"

	"rapport/internal/account"
	"rapport/internal/fault"
	"rapport/internal/i18n"
)

// names are those of accounts by id; one that is gone has none.
func (p *Pages) names(ctx context.Context, ids ...string) (map[string]string, error) {
	out := map[string]string{"": ""}
	for _, id := range ids {
		if _, known := out[id]; known {
			continue
		}
		a, err := account.ByID(ctx, p.DB, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return out, err
		}
		out[id] = a.Name
	}
	return out, nil
}

// nameOf is an account's name; a gone account has none.
func (p *Pages) nameOf(ctx context.Context, id string) (string, error) {
	a, err := account.ByID(ctx, p.DB, id)
	if fault.Is(err, fault.NotFound) {
		return i18n.T(ctx, "somebody who left"), nil
	}
	return a.Name, err
}

// teamName is what somebody of the team is called, also after they left.
func teamName(ctx context.Context, name string) string {
	return cmp.Or(name, i18n.T(ctx, "Somebody who has left"))
}

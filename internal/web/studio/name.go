package studio

import (
	"cmp"
	"context"

	"rapport/internal/account"
	"rapport/internal/fault"
	"rapport/internal/i18n"
)

// Names are those of accounts by id; one that is gone has none.
func (s *Studio) Names(ctx context.Context, ids ...string) (map[string]string, error) {
	out := map[string]string{"": ""}
	for _, id := range ids {
		if _, known := out[id]; known {
			continue
		}
		a, err := account.ByID(ctx, s.DB, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return out, err
		}
		out[id] = a.Name
	}
	return out, nil
}

// NameOf is an account's name; a gone account has none.
func (s *Studio) NameOf(ctx context.Context, id string) (string, error) {
	a, err := account.ByID(ctx, s.DB, id)
	if fault.Is(err, fault.NotFound) {
		return i18n.T(ctx, "somebody who left"), nil
	}
	return a.Name, err
}

// TeamName is what somebody of the team is called, also after they left.
func TeamName(ctx context.Context, name string) string {
	return cmp.Or(name, i18n.T(ctx, "Somebody who has left"))
}

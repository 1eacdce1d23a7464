package account

import (
	"context"

	"rapport/internal/access"
	"rapport/internal/db"
)

// Able returns those of the team who may do the action on each of the channels
// now, by name.
func Able(ctx context.Context, q db.Queryer, brandID string, a access.Action, channels ...string) ([]Member, error) {
	team, err := Team(ctx, q, access.System(), brandID)
	if err != nil {
		return nil, err
	}
	var out []Member
	for _, m := range team {
		if m.Active(q.Now()) && m.Who().May(q.Now(), brandID, a, channels...) == nil {
			out = append(out, m)
		}
	}
	return out, nil
}

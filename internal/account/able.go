package account

import (
	"context"
	"database/sql"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/db"
)

// Able returns the accounts whose grant in the brand allows the action on each
// of the channels now, by name.
func Able(ctx context.Context, q db.Queryer, brandID string, a access.Action, channels ...string) ([]Member, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+`, g.brand_id, g.role, g.channels, g.ends_at
		FROM access_grant g JOIN account a ON a.id = g.account_id AND a.disabled_at = 0
		WHERE g.brand_id = $1 ORDER BY a.name, a.id`, brandID)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Member, error) {
		var m Member
		var only string
		err := r.Scan(append(m.fields(), &m.Grant.Brand, &m.Grant.Role, &only, &m.Grant.EndsAt)...)
		if err == nil {
			m.Grant.Channels, err = channelList(only)
		}
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("account: able: %w", err)
	}
	var out []Member
	for _, m := range all {
		who := access.Who{Account: m.ID, Grants: []access.Grant{m.Grant}}
		if who.May(q.Now(), brandID, a, channels...) == nil {
			out = append(out, m)
		}
	}
	return out, nil
}

package demoworld

import (
	"context"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/secret"
)

// The people of the demo brand beside its owner, as teamAccounts names them.
const (
	teamManager    = "manager"
	teamStrategist = "strategist"
	teamCreator    = "creator"
	teamAnalyst    = "analyst"
	teamCommunity  = "community" // external, with an end
	teamFormer     = "former"    // whose part has ended
)

// colleague is one of them. Their passwords are random and known to nobody:
// only the demo's owner signs in.
type colleague struct {
	key, name, email string
	role             access.Role
	channels         []string      // as accounts names them; none is all
	ends             time.Duration // from now; 0 is open, below it has ended
	seen             time.Duration // before now
}

var colleagues = []colleague{
	{teamManager, "Mara Lindqvist", "mara@northwind.example", access.Manager, nil, 0, 25 * time.Minute},
	{teamStrategist, "Tomasz Wilk", "tomasz@northwind.example", access.Strategist, nil, 0, 3 * time.Hour},
	{teamCreator, "Aylin Demir", "aylin@northwind.example", access.Creator, nil, 0, 70 * time.Minute},
	{teamAnalyst, "Jonas Petersen", "jonas@northwind.example", access.Analyst, nil, 0, 4 * 24 * time.Hour},
	{teamCommunity, "Priya Raman", "priya@hearth-studio.example", access.Community, []string{"main", "berlin"}, 45 * 24 * time.Hour, 10 * time.Minute},
	{teamFormer, "Hanna Brooks", "hanna@hearth-studio.example", access.Creator, nil, -20 * 24 * time.Hour, 0},
}

// teamAccounts makes the demo's team with its grants, or finds it where an
// earlier start was cut short. The keys are those above.
func (w World) teamAccounts(ctx context.Context, b brand.Brand, now time.Time, connected map[string]channel.Channel) (map[string]account.Account, error) {
	out := map[string]account.Account{}
	for _, c := range colleagues {
		a, err := account.ByEmail(ctx, w.DB, c.email)
		if fault.Is(err, fault.NotFound) {
			a, err = w.hire(ctx, b, now, connected, c)
		}
		if err != nil {
			return nil, fmt.Errorf("demoworld: team: %w", err)
		}
		out[c.key] = a
	}
	return out, nil
}

func (w World) hire(ctx context.Context, b brand.Brand, now time.Time, connected map[string]channel.Channel, c colleague) (account.Account, error) {
	g := access.Grant{Brand: b.ID, Role: c.role}
	for _, name := range c.channels {
		g.Channels = append(g.Channels, connected[name].ID)
	}
	if c.ends != 0 {
		g.EndsAt = db.At(now.Add(c.ends))
	}
	n := account.New{Email: c.email, Name: c.name, Password: secret.Token()}
	return account.Create(ctx, w.DB, access.System(), n, func(tx *db.Tx, a account.Account) error {
		if err := account.Put(ctx, tx, a.ID, g); err != nil || c.seen == 0 {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE account SET seen_at = $1 WHERE id = $2`, db.At(now.Add(-c.seen)), a.ID)
		return err
	})
}

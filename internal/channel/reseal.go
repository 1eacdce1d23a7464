package channel

import (
	"context"
	"database/sql"
	"fmt"

	"rapport/internal/db"
)

// Reseal seals with the newest key every credential that an older one sealed,
// and counts them. broken counts those that no key of the file opens; they
// stay as they are. It may run beside a server, and again after it was cut
// short.
func (cs *Channels) Reseal(ctx context.Context) (sealed, broken int, err error) {
	all, err := cs.withCredentials(ctx)
	if err != nil {
		return 0, 0, err
	}
	for _, c := range all {
		if !cs.Keys.NeedsReseal(c.sealed) {
			continue
		}
		cred, err := cs.open(c.Channel, c.sealed)
		if err != nil {
			broken++
			continue
		}
		// Where somebody connects it in this moment, theirs stays.
		if _, err := cs.DB.ExecContext(ctx, `UPDATE channel SET credential = $4 WHERE brand_id = $1 AND id = $2 AND credential = $3`,
			c.Brand, c.ID, c.sealed, cs.seal(c.Channel, cred)); err != nil {
			return sealed, broken, fmt.Errorf("channel: reseal: %w", err)
		}
		sealed++
	}
	return sealed, broken, cs.resealApps(ctx)
}

// Unopened counts the credentials that no key of the file opens.
func (cs *Channels) Unopened(ctx context.Context) (n int, err error) {
	all, err := cs.withCredentials(ctx)
	for _, c := range all {
		if _, err := cs.open(c.Channel, c.sealed); err != nil {
			n++
		}
	}
	return n, err
}

type locked struct {
	Channel
	sealed string
}

func (cs *Channels) withCredentials(ctx context.Context) ([]locked, error) {
	rows, err := cs.DB.QueryContext(ctx, `SELECT `+columns+` FROM channel WHERE credential <> ''`)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (locked, error) {
		c, text, err := scan(r)
		return locked{c, text}, err
	})
	if err != nil {
		return nil, fmt.Errorf("channel: credentials: %w", err)
	}
	return all, nil
}

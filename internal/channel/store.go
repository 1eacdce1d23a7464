package channel

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
)

const columns = `id, brand_id, network, server, remote_id, handle, name, avatar_url, url, credential, limits,
	state, state_reason, state_at, expires_at, ready_at, worked_at, created_at, details`

func scan(row interface{ Scan(...any) error }) (c Channel, sealed string, err error) {
	var limits, details string
	err = row.Scan(&c.ID, &c.Brand, &c.Network, &c.Server, &c.RemoteID, &c.Handle, &c.Name, &c.AvatarURL, &c.URL, &sealed, &limits,
		&c.State, &c.StateReason, &c.StateAt, &c.ExpiresAt, &c.ReadyAt, &c.WorkedAt, &c.CreatedAt, &details)
	if err == nil {
		err = json.Unmarshal([]byte(limits), &c.Limits)
	}
	if err == nil && details != "" {
		err = json.Unmarshal([]byte(details), &c.Details)
	}
	return c, sealed, err
}

func byID(ctx context.Context, q db.Queryer, brandID, id string) (Channel, string, error) {
	c, sealed, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM channel WHERE brand_id = $1 AND id = $2`, brandID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return c, "", fault.New(fault.NotFound, "There is no such channel.")
	}
	if err != nil {
		return c, "", fmt.Errorf("channel: read: %w", err)
	}
	return c, sealed, nil
}

// byRemote returns the channel of a network's account, or one without an id.
func byRemote(ctx context.Context, q db.Queryer, brandID, networkName, server, remoteID string) (Channel, string, error) {
	c, sealed, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM channel
		WHERE brand_id = $1 AND network = $2 AND server = $3 AND remote_id = $4`, brandID, networkName, server, remoteID))
	if errors.Is(err, sql.ErrNoRows) {
		return Channel{}, "", nil
	}
	if err != nil {
		return c, "", fmt.Errorf("channel: read: %w", err)
	}
	return c, sealed, nil
}

// ByID returns the channel, removed or not.
func ByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Channel, error) {
	if err := who.May(q.Now(), brandID, access.ChannelRead, id); err != nil {
		return Channel{}, err
	}
	c, _, err := byID(ctx, q, brandID, id)
	return c, err
}

// List returns the brand's channels that the account may see, oldest first,
// without the removed ones.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string) ([]Channel, error) {
	if err := who.May(q.Now(), brandID, access.ChannelRead); err != nil {
		return nil, err
	}
	all, err := list(ctx, q, `SELECT `+columns+` FROM channel WHERE brand_id = $1 AND state IN ('connected', 'attention')
		ORDER BY created_at, id`, brandID)
	if err != nil {
		return nil, err
	}
	seen := all[:0]
	for _, c := range all {
		if who.May(q.Now(), brandID, access.ChannelRead, c.ID) == nil {
			seen = append(seen, c)
		}
	}
	return seen, nil
}

// ByIDs returns those of the channels that the brand has, removed or not, by
// id. The caller has checked that they may be read.
func ByIDs(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Channel, error) {
	out := make(map[string]Channel, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	args := []any{brandID}
	for _, id := range ids {
		args = append(args, id)
	}
	all, err := list(ctx, q, `SELECT `+columns+` FROM channel WHERE brand_id = $1 AND id IN (`+db.In(2, len(ids))+`)`, args...)
	for _, c := range all {
		out[c.ID] = c
	}
	return out, err
}

func list(ctx context.Context, q db.Queryer, query string, args ...any) ([]Channel, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Channel, error) { c, _, err := scan(r); return c, err })
	if err != nil {
		return nil, fmt.Errorf("channel: list: %w", err)
	}
	return out, nil
}

func isDemo(ctx context.Context, q db.Queryer, brandID string) (demo bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT demo FROM brand WHERE id = $1`, brandID).Scan(&demo)
	if errors.Is(err, sql.ErrNoRows) {
		return false, fault.New(fault.NotFound, "There is no such brand, or you have no part in it.")
	}
	if err != nil {
		return false, fmt.Errorf("channel: brand: %w", err)
	}
	return demo, nil
}

func appReadyAt(ctx context.Context, q db.Queryer, scope string) (at db.Time, err error) {
	err = q.QueryRowContext(ctx, `SELECT ready_at FROM rate_limit WHERE scope = $1`, scope).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("channel: app limit: %w", err)
	}
	return at, nil
}

// upsert also ends the lease of a renewal: what it saves is the newest
// credential there is.
func upsert(ctx context.Context, tx *db.Tx, c Channel, sealed string) error {
	limits, err := json.Marshal(c.Limits)
	if err != nil {
		return fmt.Errorf("channel: limits: %w", err)
	}
	details, err := json.Marshal(c.Details)
	if err != nil {
		return fmt.Errorf("channel: details: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO channel (id, brand_id, network, server, remote_id, handle, name, avatar_url, url,
			credential, limits, state, state_reason, state_at, expires_at, ready_at, worked_at, created_at, details)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (id) DO UPDATE SET handle = excluded.handle, name = excluded.name, avatar_url = excluded.avatar_url,
			url = excluded.url, credential = excluded.credential, limits = excluded.limits, state = excluded.state,
			state_reason = excluded.state_reason, state_at = excluded.state_at, expires_at = excluded.expires_at,
			worked_at = excluded.worked_at, details = excluded.details, renew_until = 0`,
		c.ID, c.Brand, c.Network, c.Server, c.RemoteID, c.Handle, c.Name, c.AvatarURL, c.URL,
		sealed, string(limits), c.State, c.StateReason, c.StateAt, c.ExpiresAt, c.ReadyAt, c.WorkedAt, c.CreatedAt, string(details))
	if err != nil {
		return fmt.Errorf("channel: save: %w", err)
	}
	return nil
}

func setState(ctx context.Context, tx *db.Tx, brandID, id, state, reason string) error {
	_, err := tx.ExecContext(ctx, `UPDATE channel SET state = $3, state_reason = $4, state_at = $5 WHERE brand_id = $1 AND id = $2`,
		brandID, id, state, reason, tx.Now())
	if err != nil {
		return fmt.Errorf("channel: state: %w", err)
	}
	return nil
}

func forget(ctx context.Context, tx *db.Tx, brandID, id string) error {
	_, err := tx.ExecContext(ctx, `UPDATE channel SET credential = '', expires_at = 0 WHERE brand_id = $1 AND id = $2`, brandID, id)
	if err != nil {
		return fmt.Errorf("channel: forget: %w", err)
	}
	return setState(ctx, tx, brandID, id, StateRemoved, "")
}

// waitingFor returns the deliveries that are scheduled on the channel, and how
// many are under way.
func waitingFor(ctx context.Context, q db.Queryer, brandID, id string) (waiting []string, busy int, err error) {
	rows, err := q.QueryContext(ctx, `SELECT id FROM delivery WHERE brand_id = $1 AND channel_id = $2 AND state = 'scheduled' ORDER BY due_at`, brandID, id)
	waiting, err = db.Collect(rows, err, func(r *sql.Rows) (s string, err error) { err = r.Scan(&s); return s, err })
	if err == nil {
		err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM delivery WHERE brand_id = $1 AND channel_id = $2
			AND state IN ('claimed', 'preparing', 'sending', 'pending')`, brandID, id).Scan(&busy)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("channel: deliveries: %w", err)
	}
	return waiting, busy, nil
}

// claimRenewal makes this call the one that renews, until the lease ends.
func claimRenewal(ctx context.Context, d *db.DB, brandID, id string) (mine bool, err error) {
	err = d.Tx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE channel SET renew_until = $3 WHERE brand_id = $1 AND id = $2 AND renew_until < $4`,
			brandID, id, tx.Now().Add(renewLease), tx.Now())
		if err != nil {
			return fmt.Errorf("channel: claim renewal: %w", err)
		}
		n, err := res.RowsAffected()
		mine = n == 1
		return err
	}, db.RowLocks)
	return mine, err
}

func endRenewal(ctx context.Context, tx *db.Tx, brandID, id string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE channel SET renew_until = 0 WHERE brand_id = $1 AND id = $2`, brandID, id); err != nil {
		return fmt.Errorf("channel: end renewal: %w", err)
	}
	return nil
}

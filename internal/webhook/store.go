package webhook

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

const columns = `id, brand_id, url, about, events, state, reason, failing_at, arrived_at, old_until, account_id, created_at, updated_at`

func scan(row interface{ Scan(...any) error }, more ...any) (e Endpoint, err error) {
	var events string
	err = row.Scan(append([]any{&e.ID, &e.Brand, &e.URL, &e.About, &events, &e.State, &e.Reason, &e.FailingAt, &e.ArrivedAt, &e.OldUntil,
		&e.Account, &e.CreatedAt, &e.UpdatedAt}, more...)...)
	if err == nil {
		err = json.Unmarshal([]byte(events), &e.Events)
	}
	return e, err
}

func encoded(events []string) string {
	raw, err := json.Marshal(events)
	if err != nil {
		panic(err) // a list of strings always encodes
	}
	return string(raw)
}

func missing() error { return fault.New(fault.NotFound, "There is no such webhook.") }

// ByID returns an endpoint of the brand.
func ByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Endpoint, error) {
	if err := who.May(q.Now(), brandID, access.WebhookWrite); err != nil {
		return Endpoint{}, err
	}
	e, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM webhook WHERE brand_id = $1 AND id = $2`, brandID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return e, missing()
	}
	if err != nil {
		return e, fmt.Errorf("webhook: read: %w", err)
	}
	return e, nil
}

// List returns the brand's endpoints, the oldest first. There are at most Most.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string) ([]Endpoint, error) {
	if err := who.May(q.Now(), brandID, access.WebhookWrite); err != nil {
		return nil, err
	}
	return list(ctx, q, `brand_id = $1`, brandID)
}

func list(ctx context.Context, q db.Queryer, where string, args ...any) ([]Endpoint, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM webhook WHERE `+where+` ORDER BY created_at, id`, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Endpoint, error) { return scan(r) })
	if err != nil {
		return nil, fmt.Errorf("webhook: list: %w", err)
	}
	return all, nil
}

func count(ctx context.Context, tx *db.Tx, brandID string) (n int, err error) {
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM webhook WHERE brand_id = $1`, brandID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("webhook: count: %w", err)
	}
	return n, nil
}

func insert(ctx context.Context, tx *db.Tx, e Endpoint, sealed string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO webhook (`+columns+`, secret)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		e.ID, e.Brand, e.URL, e.About, encoded(e.Events), e.State, e.Reason, e.FailingAt, e.ArrivedAt, e.OldUntil, e.Account, e.CreatedAt, e.UpdatedAt, sealed)
	if err != nil {
		return fmt.Errorf("webhook: insert: %w", err)
	}
	return nil
}

func update(ctx context.Context, tx *db.Tx, e Endpoint) error {
	_, err := tx.ExecContext(ctx, `UPDATE webhook SET url = $3, about = $4, events = $5, state = $6, reason = $7, failing_at = $8, old_until = $9, updated_at = $10
		WHERE brand_id = $1 AND id = $2`, e.Brand, e.ID, e.URL, e.About, encoded(e.Events), e.State, e.Reason, e.FailingAt, e.OldUntil, e.UpdatedAt)
	if err != nil {
		return fmt.Errorf("webhook: update: %w", err)
	}
	return nil
}

// Reseal seals with the newest key every secret that an older one sealed, and
// counts them; broken counts those that no key opens. An earlier secret whose
// time is over is forgotten.
func (ws *Webhooks) Reseal(ctx context.Context) (sealed, broken int, err error) {
	rows, err := ws.DB.QueryContext(ctx, `SELECT `+columns+`, secret, old_secret FROM webhook`)
	type row struct {
		Endpoint
		now, old string
	}
	all, err := db.Collect(rows, err, func(r *sql.Rows) (x row, err error) {
		x.Endpoint, err = scan(r, &x.now, &x.old)
		return x, err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("webhook: secrets: %w", err)
	}
	for _, x := range all {
		now, old := x.now, x.old
		if x.OldUntil <= ws.DB.Now() {
			old = ""
		}
		for _, s := range []*string{&now, &old} {
			if *s == "" || !ws.Keys.NeedsReseal(*s) {
				continue
			}
			plain, err := ws.open(x.Endpoint, *s)
			if err != nil {
				broken++
				continue
			}
			*s = ws.seal(x.Endpoint, plain)
			sealed++
		}
		if now == x.now && old == x.old {
			continue
		}
		// Where somebody makes a new secret in this moment, theirs stays.
		if _, err := ws.DB.ExecContext(ctx, `UPDATE webhook SET secret = $3, old_secret = $4 WHERE id = $1 AND secret = $2 AND old_secret = $5`,
			x.ID, x.now, now, old, x.old); err != nil {
			return sealed, broken, fmt.Errorf("webhook: reseal: %w", err)
		}
	}
	return sealed, broken, nil
}

// Troubled counts the webhooks of all brands, and those that fail or were
// switched off.
func Troubled(ctx context.Context, q db.Queryer) (all, failing int, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN state = 'disabled' OR state = 'active' AND failing_at > 0 THEN 1 ELSE 0 END), 0) FROM webhook`).Scan(&all, &failing)
	if err != nil {
		return 0, 0, fmt.Errorf("webhook: count: %w", err)
	}
	return all, failing, nil
}

// Package certificate keeps what the ACME client must not lose, sealed in the
// database, so that every node answers for every other one: certificates with
// their keys, the account's key and challenges under way.
package certificate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/crypto/acme/autocert"

	"rapport/internal/db"
	"rapport/internal/secret"
)

// Cache is an autocert.Cache.
type Cache struct {
	DB   *db.DB
	Keys *secret.Keyring
}

const sealedFor = "certificate"

// Get returns what is kept under the name, or autocert.ErrCacheMiss. What no
// key opens is as good as lost: a new one is fetched.
func (c Cache) Get(ctx context.Context, name string) ([]byte, error) {
	var sealed string
	err := c.DB.QueryRowContext(ctx, `SELECT data FROM certificate WHERE name = $1`, name).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, autocert.ErrCacheMiss
	}
	if err != nil {
		return nil, fmt.Errorf("certificate: read: %w", err)
	}
	plain, err := c.Keys.Open(sealedFor, name, sealed)
	if err != nil {
		return nil, autocert.ErrCacheMiss
	}
	return plain, nil
}

// Put keeps data under the name.
func (c Cache) Put(ctx context.Context, name string, data []byte) error {
	_, err := c.DB.ExecContext(ctx, `INSERT INTO certificate (name, data, updated_at) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET data = excluded.data, updated_at = excluded.updated_at`, name, c.Keys.Seal(sealedFor, name, data), c.DB.Now())
	if err != nil {
		return fmt.Errorf("certificate: keep: %w", err)
	}
	return nil
}

// Delete forgets what is kept under the name.
func (c Cache) Delete(ctx context.Context, name string) error {
	if _, err := c.DB.ExecContext(ctx, `DELETE FROM certificate WHERE name = $1`, name); err != nil {
		return fmt.Errorf("certificate: forget: %w", err)
	}
	return nil
}

// Reseal seals with the newest key what an older one sealed, and counts it.
// What no key opens is forgotten: it is fetched anew.
func (c Cache) Reseal(ctx context.Context) (sealed, broken int, err error) {
	rows, err := c.DB.QueryContext(ctx, `SELECT name, data FROM certificate`)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (x [2]string, err error) {
		err = r.Scan(&x[0], &x[1])
		return x, err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("certificate: reseal: %w", err)
	}
	for _, x := range all {
		if !c.Keys.NeedsReseal(x[1]) {
			continue
		}
		plain, err := c.Keys.Open(sealedFor, x[0], x[1])
		query, args := `DELETE FROM certificate WHERE name = $1 AND data = $2`, []any{x[0], x[1]}
		if err == nil {
			query, args = `UPDATE certificate SET data = $3 WHERE name = $1 AND data = $2`, append(args, c.Keys.Seal(sealedFor, x[0], plain))
		}
		if _, err := c.DB.ExecContext(ctx, query, args...); err != nil {
			return sealed, 0, fmt.Errorf("certificate: reseal: %w", err)
		}
		sealed++
	}
	return sealed, 0, nil
}

package brand

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
)

const columns = `id, slug, name, color, zone, language, demo, tolerance_s, created_at, held, hold_id, retention_days,
	activity_days, letter_days, logo, erase_at, erase_by`

func scan(row interface{ Scan(...any) error }) (Brand, error) {
	var b Brand
	var seconds int64
	err := row.Scan(&b.ID, &b.Slug, &b.Name, &b.Color, &b.Zone, &b.Language, &b.Demo, &seconds, &b.CreatedAt, &b.Held, &b.HoldID, &b.Retention,
		&b.ActivityDays, &b.LetterDays, &b.Logo, &b.EraseAt, &b.EraseBy)
	b.Tolerance = time.Duration(seconds) * time.Second
	return b, err
}

func scanRows(r *sql.Rows) (Brand, error) { return scan(r) }

func one(ctx context.Context, q db.Queryer, where string, arg string) (Brand, error) {
	b, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM brand WHERE `+where, arg))
	if errors.Is(err, sql.ErrNoRows) {
		return b, missing()
	}
	if err != nil {
		return b, fmt.Errorf("brand: read: %w", err)
	}
	return b, nil
}

// missing has the words of access.Who.May, so that an unknown brand and a
// foreign one look the same.
func missing() error {
	return fault.New(fault.NotFound, "There is no such brand, or you have no part in it.")
}

func byID(ctx context.Context, q db.Queryer, id string) (Brand, error) {
	return one(ctx, q, `id = $1`, id)
}

// ByID returns the brand, or fault.NotFound.
func ByID(ctx context.Context, q db.Queryer, who access.Who, id string) (Brand, error) {
	if err := who.May(q.Now(), id, access.BrandRead); err != nil {
		return Brand{}, err
	}
	return byID(ctx, q, id)
}

// BySlug returns the brand with that address, or fault.NotFound.
func BySlug(ctx context.Context, q db.Queryer, who access.Who, slug string) (Brand, error) {
	b, err := one(ctx, q, `slug = $1`, slug)
	if err != nil {
		return b, err
	}
	if err := who.May(q.Now(), b.ID, access.BrandRead); err != nil {
		return Brand{}, err
	}
	return b, nil
}

// List returns the brands the account has a part in, by name; to the program
// itself, all of them.
func List(ctx context.Context, q db.Queryer, who access.Who) ([]Brand, error) {
	if who.IsSystem() {
		return list(ctx, q, `SELECT `+columns+` FROM brand ORDER BY name, id`)
	}
	var ids []any
	for _, id := range who.Brands(q.Now()) {
		if who.May(q.Now(), id, access.BrandRead) == nil {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return list(ctx, q, `SELECT `+columns+` FROM brand WHERE id IN (`+db.In(1, len(ids))+`) ORDER BY name, id`, ids...)
}

func list(ctx context.Context, q db.Queryer, query string, args ...any) ([]Brand, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	out, err := db.Collect(rows, err, scanRows)
	if err != nil {
		return nil, fmt.Errorf("brand: list: %w", err)
	}
	return out, nil
}

func slugsLike(ctx context.Context, q db.Queryer, slug string) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT slug FROM brand WHERE slug = $1 OR (slug >= $2 AND slug < $3)`, slug, slug+"-", slug+".")
	out, err := db.Collect(rows, err, func(r *sql.Rows) (s string, err error) { err = r.Scan(&s); return s, err })
	if err != nil {
		return nil, fmt.Errorf("brand: slugs: %w", err)
	}
	return out, nil
}

func insert(ctx context.Context, tx *db.Tx, b Brand) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO brand (id, slug, name, color, zone, language, demo, tolerance_s, created_at, retention_days, activity_days, letter_days)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		b.ID, b.Slug, b.Name, b.Color, b.Zone, b.Language, b.Demo, int64(b.Tolerance/time.Second), b.CreatedAt, b.Retention, b.ActivityDays, b.LetterDays)
	if err != nil {
		return fmt.Errorf("brand: insert: %w", err)
	}
	return nil
}

// insertOwner writes the first grant: a brand nobody owns could not be
// reached by anybody.
func insertOwner(ctx context.Context, tx *db.Tx, brand, account string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO access_grant (id, account_id, brand_id, role, created_at) VALUES ($1, $2, $3, $4, $5)`,
		db.NewID(), account, brand, string(access.Owner), tx.Now())
	if err != nil {
		return fmt.Errorf("brand: first grant: %w", err)
	}
	return nil
}

func update(ctx context.Context, tx *db.Tx, b Brand) error {
	_, err := tx.ExecContext(ctx, `UPDATE brand SET name = $2, color = $3, zone = $4, language = $5, tolerance_s = $6, retention_days = $7 WHERE id = $1`,
		b.ID, b.Name, b.Color, b.Zone, b.Language, int64(b.Tolerance/time.Second), b.Retention)
	if err != nil {
		return fmt.Errorf("brand: save: %w", err)
	}
	return nil
}

package media

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
)

const columns = `id, brand_id, name, mime, bytes, width, height, alt, color, created_by, created_at, deleted_at, blob, thumb, original`

func scan(row interface{ Scan(...any) error }) (m Media, err error) {
	err = row.Scan(&m.ID, &m.Brand, &m.Name, &m.Mime, &m.Bytes, &m.Width, &m.Height, &m.Alt, &m.Color, &m.CreatedBy,
		&m.CreatedAt, &m.DeletedAt, &m.blob, &m.thumb, &m.original)
	return m, err
}

func byID(ctx context.Context, q db.Queryer, brandID, id string) (Media, error) {
	m, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM media WHERE brand_id = $1 AND id = $2`, brandID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return m, fault.New(fault.NotFound, "There is no such picture.")
	}
	if err != nil {
		return m, fmt.Errorf("media: read: %w", err)
	}
	return m, nil
}

// ByID returns the picture, deleted or not.
func ByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Media, error) {
	if err := who.May(q.Now(), brandID, access.MediaRead); err != nil {
		return Media{}, err
	}
	return byID(ctx, q, brandID, id)
}

// ByIDs returns those of the pictures that the brand has, deleted or not, by
// id. The caller has checked that they may be read.
func ByIDs(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Media, error) {
	out := make(map[string]Media, len(ids))
	const most = 500
	for len(ids) > 0 {
		chunk := ids[:min(most, len(ids))]
		ids = ids[len(chunk):]
		args := []any{brandID}
		for _, id := range chunk {
			args = append(args, id)
		}
		// Joined to nothing, the brand keeps SQLite from reading all of its rows.
		all, err := list(ctx, q, `SELECT `+columns+` FROM media WHERE brand_id || '' = $1 AND id IN (`+db.In(2, len(chunk))+`)`, args...)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			out[m.ID] = m
		}
	}
	return out, nil
}

// Filter narrows the list. Empty fields do not.
type Filter struct {
	Query   string // part of the name or of the description, in any case
	Deleted bool   // what was deleted, instead of what is there
}

// List returns the brand's pictures, newest first, 60 to a page unless asked
// otherwise (at most 200), and the cursor of the next page, "" after the last.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, f Filter, page db.Page) ([]Media, string, error) {
	if err := who.May(q.Now(), brandID, access.MediaRead); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(60, 200)
	args := []any{brandID, at, id, size + 1}
	gone := "deleted_at = 0"
	if f.Deleted {
		gone = "deleted_at > 0"
	}
	if f.Query != "" {
		args = append(args, db.Contains(f.Query))
		gone += ` AND search LIKE $5 ESCAPE '\'`
	}
	all, err := list(ctx, q, `SELECT `+columns+` FROM media WHERE brand_id = $1 AND `+gone+` AND (created_at, id) < ($2, $3)
		ORDER BY created_at DESC, id DESC LIMIT $4`, args...)
	if err != nil || len(all) <= size {
		return all, "", err
	}
	all = all[:size]
	return all, db.Cursor(all[size-1].CreatedAt, all[size-1].ID), nil
}

func list(ctx context.Context, q db.Queryer, query string, args ...any) ([]Media, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Media, error) { return scan(r) })
	if err != nil {
		return nil, fmt.Errorf("media: list: %w", err)
	}
	return out, nil
}

// Use is a post that shows a picture.
type Use struct {
	Post    string // id
	Excerpt string
}

// needing are the deliveries that will send the picture, or may send it again.
const needing = `'scheduled', 'claimed', 'preparing', 'sending', 'pending', 'missed', 'unknown', 'rejected'`

// Uses returns the posts that show the picture and were not deleted, newest
// first; at most 20. An account with some channels only is told of posts that
// are for one of them, or for none yet.
func Uses(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) ([]Use, error) {
	if err := who.May(q.Now(), brandID, access.MediaRead); err != nil {
		return nil, err
	}
	args, visible := []any{brandID, id}, ""
	if only := who.Channels(q.Now(), brandID); len(only) > 0 {
		visible = ` AND (EXISTS (SELECT 1 FROM variant v WHERE v.brand_id = $1 AND v.post_id = p.id AND v.channel_id IN (` + db.In(3, len(only)) + `))
			OR NOT EXISTS (SELECT 1 FROM variant v WHERE v.brand_id = $1 AND v.post_id = p.id))`
		for _, c := range only {
			args = append(args, c)
		}
	}
	return uses(ctx, q, `SELECT p.id, p.excerpt FROM post_media u JOIN post p ON p.id = u.post_id
		WHERE u.brand_id = $1 AND u.media_id = $2 AND p.deleted_at = 0`+visible+` ORDER BY p.id DESC LIMIT 20`, args...)
}

// needed returns posts with a delivery that needs the picture; two are enough
// to say so.
func needed(ctx context.Context, q db.Queryer, brandID, id string) ([]Use, error) {
	return uses(ctx, q, `SELECT p.id, p.excerpt FROM post_media u JOIN post p ON p.id = u.post_id
		WHERE u.brand_id = $1 AND u.media_id = $2
		AND EXISTS (SELECT 1 FROM delivery d WHERE d.post_id = u.post_id AND d.state IN (`+needing+`)) ORDER BY p.id LIMIT 2`, brandID, id)
}

// isShown reports whether something scheduled or sent shows the picture.
func isShown(ctx context.Context, q db.Queryer, brandID, id string) (bool, error) {
	all, err := uses(ctx, q, `SELECT p.id, p.excerpt FROM post_media u JOIN post p ON p.id = u.post_id
		WHERE u.brand_id = $1 AND u.media_id = $2
		AND EXISTS (SELECT 1 FROM delivery d WHERE d.post_id = u.post_id AND d.state <> 'cancelled') LIMIT 1`, brandID, id)
	return len(all) > 0, err
}

func uses(ctx context.Context, q db.Queryer, query string, args ...any) ([]Use, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (u Use, err error) {
		err = r.Scan(&u.Post, &u.Excerpt)
		return u, err
	})
	if err != nil {
		return nil, fmt.Errorf("media: uses: %w", err)
	}
	return out, nil
}

func searchable(m Media) string { return strings.ToLower(m.Name + "\n" + m.Alt) }

func insert(ctx context.Context, tx *db.Tx, m Media, sha string) error {
	return exec(ctx, tx, `INSERT INTO media (id, brand_id, name, mime, bytes, width, height, alt, color, sha256, blob, thumb, original, search, created_by, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		m.ID, m.Brand, m.Name, m.Mime, m.Bytes, m.Width, m.Height, m.Alt, m.Color, sha, m.blob, m.thumb, m.original, searchable(m), m.CreatedBy, m.CreatedAt)
}

// update saves what a crop changes.
func update(ctx context.Context, tx *db.Tx, m Media, sha, crop string) error {
	return exec(ctx, tx, `UPDATE media SET mime = $3, bytes = $4, width = $5, height = $6, color = $7, sha256 = $8, blob = $9, thumb = $10,
			original = $11, crop = $12 WHERE brand_id = $1 AND id = $2`,
		m.Brand, m.ID, m.Mime, m.Bytes, m.Width, m.Height, m.Color, sha, m.blob, m.thumb, m.original, crop)
}

func describe(ctx context.Context, tx *db.Tx, m Media) error {
	return exec(ctx, tx, `UPDATE media SET alt = $3, search = $4 WHERE brand_id = $1 AND id = $2`, m.Brand, m.ID, m.Alt, searchable(m))
}

func markDeleted(ctx context.Context, tx *db.Tx, m Media, at db.Time) error {
	return exec(ctx, tx, `UPDATE media SET deleted_at = $3 WHERE brand_id = $1 AND id = $2`, m.Brand, m.ID, at)
}

func exec(ctx context.Context, tx *db.Tx, query string, args ...any) error {
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("media: save: %w", err)
	}
	return nil
}

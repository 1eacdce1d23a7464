package comment

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/post"
)

const columns = `id, brand_id, post_id, account_id, channel_id, part, text, mentions, created_at, edited_at, resolved_at, resolved_by, removed_at, removed_by`

func scan(row interface{ Scan(...any) error }) (c Comment, err error) {
	var mentions string
	err = row.Scan(&c.ID, &c.Brand, &c.Post, &c.Account, &c.Channel, &c.Part, &c.Text, &mentions, &c.At, &c.EditedAt,
		&c.ResolvedAt, &c.ResolvedBy, &c.RemovedAt, &c.RemovedBy)
	if err == nil && mentions != "" {
		err = json.Unmarshal([]byte(mentions), &c.Mentions)
	}
	return c, err
}

// shown is the comment as others may see it.
func (c Comment) shown() Comment {
	if c.RemovedAt > 0 {
		c.Text, c.Mentions = "", nil
	}
	return c
}

func encoded(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	b, err := json.Marshal(ids)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(b)
}

func insert(ctx context.Context, tx *db.Tx, c Comment) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO comment (id, brand_id, post_id, account_id, channel_id, part, text, mentions, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, c.ID, c.Brand, c.Post, c.Account, c.Channel, c.Part, c.Text, encoded(c.Mentions), c.At)
	if err != nil {
		return fmt.Errorf("comment: insert: %w", err)
	}
	return nil
}

func update(ctx context.Context, tx *db.Tx, c Comment) error {
	_, err := tx.ExecContext(ctx, `UPDATE comment SET text = $3, mentions = $4, edited_at = $5, resolved_at = $6, resolved_by = $7, removed_at = $8, removed_by = $9
		WHERE brand_id = $1 AND id = $2`, c.Brand, c.ID, c.Text, encoded(c.Mentions), c.EditedAt, c.ResolvedAt, c.ResolvedBy, c.RemovedAt, c.RemovedBy)
	if err != nil {
		return fmt.Errorf("comment: save: %w", err)
	}
	return nil
}

// byID returns the comment with its words, removed or not.
func byID(ctx context.Context, q db.Queryer, brandID, id string) (Comment, error) {
	c, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM comment WHERE brand_id = $1 AND id = $2`, brandID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.New(fault.NotFound, "There is no such comment.")
	}
	if err != nil {
		return c, fmt.Errorf("comment: read: %w", err)
	}
	return c, nil
}

// ByID returns a comment to who may read its post.
func ByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Comment, error) {
	if err := who.May(q.Now(), brandID, access.PostRead); err != nil {
		return Comment{}, err
	}
	c, err := byID(ctx, q, brandID, id)
	if err != nil {
		return Comment{}, err
	}
	_, err = post.ByID(ctx, q, who, brandID, c.Post)
	return c.shown(), err
}

// List returns what was said on a post, the newest first, 100 to a page unless
// asked otherwise (at most 200), and the cursor of the next page.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID, postID string, page db.Page) ([]Comment, string, error) {
	if _, err := post.ByID(ctx, q, who, brandID, postID); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(100, 200)
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM comment
		WHERE brand_id = $1 AND post_id = $2 AND (created_at, id) < ($3, $4) ORDER BY created_at DESC, id DESC LIMIT $5`, brandID, postID, at, id, size+1)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Comment, error) {
		c, err := scan(r)
		return c.shown(), err
	})
	if err != nil {
		return nil, "", fmt.Errorf("comment: list: %w", err)
	}
	if len(all) <= size {
		return all, "", nil
	}
	last := all[size-1]
	return all[:size], db.Cursor(last.At, last.ID), nil
}

// writers are the accounts that have said something on the post.
func writers(ctx context.Context, q db.Queryer, brandID, postID string) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT DISTINCT account_id FROM comment WHERE brand_id = $1 AND post_id = $2 AND removed_at = 0`, brandID, postID)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	})
	if err != nil {
		return nil, fmt.Errorf("comment: writers: %w", err)
	}
	return all, nil
}

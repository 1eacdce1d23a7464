package topic

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"rapport/internal/db"
	"rapport/internal/member"
	"rapport/internal/search"
)

// Forget erases what a member wrote in the caller's transaction, up to so many
// replies at a time, and returns how many there were: fewer than that, and
// nothing is left. What others answered stays: a topic of theirs that others
// wrote in can still be read, without its title and its opening.
func Forget(ctx context.Context, tx *db.Tx, brandID, memberID string, most int) (int, error) {
	all, err := Written(ctx, tx, brandID, memberID, most)
	if err != nil {
		return 0, err
	}
	ids := make([]any, 0, len(all)+1)
	ids = append(ids, brandID)
	for _, r := range all {
		if err := lay(ctx, tx, r); err != nil {
			return 0, fmt.Errorf("topic: forget: %w", err)
		}
		ids = append(ids, r.ID)
	}
	if len(all) == 0 {
		return 0, nil
	}
	return len(all), blank(ctx, tx, ids)
}

// Written returns what Forget will erase, whatever its state.
func Written(ctx context.Context, q db.Queryer, brandID, memberID string, most int) ([]Reply, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+replyColumns+` FROM reply r WHERE r.brand_id = $1 AND r.author_id = $2 AND r.state <> 'erased' ORDER BY r.id LIMIT $3`,
		brandID, memberID, most)
	all, err := db.Collect(rows, err, func(rows *sql.Rows) (r Reply, err error) {
		err = rows.Scan(r.fields()...)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("topic: written: %w", err)
	}
	return all, nil
}

// lay takes one reply out of all counts. An opening takes its topic along,
// unless others wrote in it.
func lay(ctx context.Context, tx *db.Tx, r Reply) error {
	t, err := ByID(ctx, tx, r.Brand, r.Topic)
	if err != nil {
		return err
	}
	kept := false
	if r.Number == 1 && t.State == Live {
		if kept, err = sharedWithOthers(ctx, tx, t); err != nil {
			return err
		}
	}
	switch {
	case kept:
		_, err = tx.ExecContext(ctx, `UPDATE reply SET state = 'erased' WHERE brand_id = $1 AND id = $2`, r.Brand, r.ID)
		err = errors.Join(err, member.Count(ctx, tx, r.Brand, r.Author, -1, 0), search.Drop(ctx, tx, r.Brand, search.Reply, r.ID))
		show(tx, t)
	case r.State == Live:
		t, _, err = conceal(ctx, tx, t, r, Erased)
	default:
		t, _, err = turn(ctx, tx, t, r, Erased)
	}
	if err == nil && r.Number == 1 {
		_, err = tx.ExecContext(ctx, `UPDATE topic SET title = '', slug = '', excerpt = '', pinned_at = 0 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID)
	}
	return err
}

func sharedWithOthers(ctx context.Context, q db.Queryer, t Topic) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT 1 FROM reply WHERE topic_id = $1 AND author_id <> $2 AND state = 'live' LIMIT 1`, t.ID, t.Author).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return n == 1, err
}

// blank removes the words of replies, wherever they stand. ids begin with the
// brand.
func blank(ctx context.Context, tx *db.Tx, ids []any) error {
	in := db.In(2, len(ids)-1)
	for _, statement := range []string{
		`UPDATE reply SET text = '', html = '', reactions = '', flags = 0, edited_at = 0 WHERE brand_id || '' = $1 AND id IN (` + in + `)`,
		`UPDATE decision SET excerpt = '' WHERE brand_id || '' = $1 AND reply_id IN (` + in + `)`,
		`DELETE FROM revision WHERE brand_id || '' = $1 AND reply_id IN (` + in + `)`,
		`DELETE FROM reaction WHERE brand_id || '' = $1 AND reply_id IN (` + in + `)`,
		`DELETE FROM bookmark WHERE brand_id || '' = $1 AND reply_id IN (` + in + `)`,
		`DELETE FROM flag WHERE brand_id || '' = $1 AND settled_at = 0 AND reply_id IN (` + in + `)`,
		`DELETE FROM letter WHERE brand_id = $1 AND source IN (SELECT id FROM notice WHERE brand_id || '' = $1 AND reply_id IN (` + in + `))`,
		`DELETE FROM notice WHERE brand_id || '' = $1 AND reply_id IN (` + in + `)`,
		`DELETE FROM digest_item WHERE brand_id = $1 AND source IN (SELECT source FROM notification WHERE brand_id = $1 AND subject IN (` + in + `))`,
		`DELETE FROM letter WHERE brand_id = $1 AND source IN (SELECT source FROM notification WHERE brand_id = $1 AND subject IN (` + in + `))`,
		`DELETE FROM notification WHERE brand_id = $1 AND subject IN (` + in + `)`,
	} {
		if _, err := tx.ExecContext(ctx, statement, ids...); err != nil {
			return fmt.Errorf("topic: blank: %w", err)
		}
	}
	return nil
}

package topic

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"rapport/internal/db"
	"rapport/internal/markdown"
)

// Reindex makes anew what is derived of up to limit topics of a brand, from
// after on by their id: how replies are shown, their reactions, excerpts, and
// what is found of them by their words. It returns the last id, or "" where
// there is no more.
func Reindex(ctx context.Context, tx *db.Tx, brandID, after string, limit int) (string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+topicColumns+` FROM topic t WHERE t.brand_id || '' = $1 AND t.id > $2 ORDER BY t.id LIMIT $3`, brandID, after, limit)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (t Topic, err error) {
		err = r.Scan(t.fields()...)
		return t, err
	})
	for _, t := range all {
		if err == nil {
			err = t.reindex(ctx, tx)
		}
	}
	if err != nil {
		return "", fmt.Errorf("topic: reindex: %w", err)
	}
	if len(all) < limit {
		return "", nil
	}
	return all[len(all)-1].ID, nil
}

func (t Topic) reindex(ctx context.Context, tx *db.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT `+replyColumns+` FROM reply r WHERE r.topic_id = $1 ORDER BY r.number`, t.ID)
	all, err := db.Collect(rows, err, func(rows *sql.Rows) (r Reply, err error) {
		err = rows.Scan(r.fields()...)
		return r, err
	})
	if err != nil {
		return err
	}
	felt, err := t.felt(ctx, tx)
	for _, r := range all {
		if r.Reactions = felt[r.ID]; err == nil {
			err = t.redraw(ctx, tx, r)
		}
	}
	return err
}

func (t Topic) redraw(ctx context.Context, tx *db.Tx, r Reply) error {
	w, _, err := read(ctx, tx, t.Brand, r.Text)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE reply SET html = $3, reactions = $4 WHERE brand_id = $1 AND id = $2`, t.Brand, r.ID, w.html, r.Reactions)
	if r.Number == 1 {
		_, also := tx.ExecContext(ctx, `UPDATE topic SET excerpt = $3 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID, markdown.Excerpt(w.plain, excerptMost))
		err = errors.Join(err, also)
	}
	if err == nil && t.State == Live && r.State == Live {
		err = findable(ctx, tx, t, r, w.plain)
	}
	return err
}

// felt counts the reactions to the replies of a topic, by the reply's id.
func (t Topic) felt(ctx context.Context, tx *db.Tx) (map[string]Reactions, error) {
	out := map[string]Reactions{}
	rows, err := tx.QueryContext(ctx, `SELECT x.reply_id, x.kind, COUNT(*) FROM reaction x JOIN reply r ON r.id = x.reply_id WHERE r.topic_id = $1 GROUP BY x.reply_id, x.kind`, t.ID)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id, kind string
		var n int64
		err := r.Scan(&id, &kind, &n)
		out[id] = out[id].plus(kind, n)
		return struct{}{}, err
	})
	return out, err
}

package delivery

import (
	"cmp"
	"context"
	"fmt"

	"rapport/internal/db"
	"rapport/internal/network"
)

// Import keeps deliveries that have a history from elsewhere as they are: with
// their ids, times, states and parts, and their stories, whose events are in
// order and keep their times. What is scheduled among them is sent at its
// time. It records no activity and notifies nobody.
func Import(ctx context.Context, tx *db.Tx, all []Delivery, story []Event) error {
	if len(all) == 0 {
		return nil
	}
	if err := importRows(ctx, tx, all); err != nil {
		return fmt.Errorf("delivery: import: %w", err)
	}
	rows := make([][]any, 0, len(story))
	for _, e := range story {
		rows = append(rows, []any{db.NewID(), all[0].Brand, e.Delivery, e.At, e.What, e.Attempt, e.Part, e.Node, e.By, e.Status, e.TookMS, e.Text})
	}
	if err := db.Many(ctx, tx, `INSERT INTO delivery_event (id, brand_id, delivery_id, at, what, attempt, part, node, by_account, status, took_ms, text)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, rows); err != nil {
		return fmt.Errorf("delivery: import: %w", err)
	}
	wake(tx)
	return nil
}

func importRows(ctx context.Context, tx *db.Tx, all []Delivery) error {
	var rows, parts [][]any
	for _, d := range all {
		rows = append(rows, []any{d.ID, d.Brand, d.Post, d.Channel, d.State, d.DueAt, d.RunAt, d.Revision, d.Attempt, d.Reason, d.ReasonCode,
			d.RemoteID, d.RemoteURL, d.PublishedAt, d.Author, d.CreatedAt, d.UpdatedAt, cmp.Or(d.Kind, KindPost)})
		for _, p := range d.Parts {
			parts = append(parts, []any{d.ID, p.Ord, d.Brand, p.Kind, p.State, p.Text, toJSON(p.Media), toJSON(p.Prepared), toJSON(p.Ref), p.Ref.ID, p.URL, p.At})
		}
	}
	err := db.Many(ctx, tx, `INSERT INTO delivery (id, brand_id, post_id, channel_id, state, due_at, run_at, revision, attempt, reason, reason_code,
			remote_id, remote_url, published_at, author_id, created_at, updated_at, kind)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`, rows)
	if err != nil {
		return err
	}
	return db.Many(ctx, tx, `INSERT INTO part (delivery_id, ord, brand_id, kind, state, text, media, prepared, ref, remote_id, url, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, parts)
}

// InDoubt returns the parts of deliveries to a channel that may be out without
// anybody knowing: what the network shows may be one of them.
func InDoubt(ctx context.Context, q db.Queryer, brand, channel string) ([]Part, error) {
	return someParts(ctx, q, `SELECT p.delivery_id, p.ord, p.kind, p.state, p.text, p.media, p.prepared, p.ref, p.url, p.at
		FROM delivery d JOIN part p ON p.delivery_id = d.id WHERE d.brand_id = $1 AND d.channel_id = $2
			AND d.state IN ('scheduled', 'claimed', 'preparing', 'sending', 'pending', 'unknown', 'rejected', 'missed')
			AND d.state NOT IN ('published', 'cancelled') AND p.state IN ('sending', 'pending', 'unknown')`, brand, channel)
}

// DoubtedSince is when the first of a channel's deliveries was due of which a
// restored copy knows too little, and of which the network has not been asked
// yet; 0 where there is none. Their parts may not even be known.
func DoubtedSince(ctx context.Context, q db.Queryer, brand, channel string) (since db.Time, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE(MIN(d.due_at), 0) FROM delivery d WHERE d.brand_id = $1 AND d.channel_id = $2
		AND d.state IN ('claimed', 'preparing', 'sending', 'pending') AND d.state NOT IN ('published', 'cancelled') AND d.reason_code = $3`, brand, channel, CodeDoubt).Scan(&since)
	if err != nil {
		return 0, fmt.Errorf("delivery: doubted since: %w", err)
	}
	return since, nil
}

// Nameless returns the parts of deliveries to a channel, due since then, that
// are out by a person's word, without the network's id.
func Nameless(ctx context.Context, q db.Queryer, brand, channel string, since db.Time) ([]Part, error) {
	return someParts(ctx, q, `SELECT p.delivery_id, p.ord, p.kind, p.state, p.text, p.media, p.prepared, p.ref, p.url, p.at
		FROM delivery d JOIN part p ON p.delivery_id = d.id WHERE d.brand_id = $1 AND d.channel_id = $2 AND d.due_at >= $3
			AND d.state = 'published' AND p.state = 'published' AND p.remote_id = ''`, brand, channel, since)
}

func someParts(ctx context.Context, q db.Queryer, text string, args ...any) ([]Part, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	all, err := db.Collect(rows, err, scanPart)
	if err != nil {
		return nil, fmt.Errorf("delivery: parts: %w", err)
	}
	return all, nil
}

// Recognise gives a part that is out by a person's word the network's id.
func Recognise(ctx context.Context, tx *db.Tx, brand string, p Part, ref network.Ref, url string) error {
	_, err := tx.ExecContext(ctx, `UPDATE part SET ref = $4, remote_id = $5, url = CASE WHEN url = '' THEN $6 ELSE url END
		WHERE brand_id = $1 AND delivery_id = $2 AND ord = $3 AND remote_id = ''`, brand, p.Delivery, p.Ord, toJSON(ref), ref.ID, url)
	if err == nil && p.Ord == 0 {
		_, err = tx.ExecContext(ctx, `UPDATE delivery SET remote_id = $3, remote_url = CASE WHEN remote_url = '' THEN $4 ELSE remote_url END
			WHERE brand_id = $1 AND id = $2`, brand, p.Delivery, ref.ID, url)
	}
	if err != nil {
		return fmt.Errorf("delivery: recognise: %w", err)
	}
	changed(tx, brand, p.Delivery)
	return nil
}

// OutOn returns the deliveries of posts to a channel that went out since then
// and before the one with that cursor, the newest first, with parts.
func OutOn(ctx context.Context, q db.Queryer, brand, channel string, since db.Time, page db.Page) ([]Delivery, string, error) {
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 200)
	all, err := query(ctx, q, `SELECT `+columns+` FROM delivery d WHERE d.brand_id = $1 AND d.channel_id = $2 AND d.due_at >= $3 AND (d.due_at, d.id) < ($4, $5)
		AND d.kind = 'post' AND d.state = 'published' ORDER BY d.due_at DESC, d.id DESC LIMIT $6`, brand, channel, since, at, id, size+1)
	if err != nil || len(all) <= size {
		return all, "", err
	}
	return all[:size], db.Cursor(all[size-1].DueAt, all[size-1].ID), nil
}

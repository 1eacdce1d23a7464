package delivery

import (
	"cmp"
	"context"
	"fmt"

	"rapport/internal/db"
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

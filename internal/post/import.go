package post

import (
	"context"
	"fmt"

	"rapport/internal/db"
	"rapport/internal/search"
)

// Import keeps posts that have a history from elsewhere as they are: with
// their ids, times and states. It fills in the excerpt and what is searched;
// it checks nothing and tells nobody.
func Import(ctx context.Context, tx *db.Tx, posts []Post) error {
	var rows, variants, pictures [][]any
	var docs []search.Doc
	for _, p := range posts {
		in := p.Input().clean()
		p.take(in)
		rows = append(rows, p.row(in.search()))
		docs = append(docs, p.doc())
		v, m := p.rest()
		variants, pictures = append(variants, v...), append(pictures, m...)
	}
	err := db.Many(ctx, tx, `INSERT INTO post (id, brand_id, state, body, excerpt, search, revision, approved, planned_at, author_id, created_at, updated_at,
			kind, origin, answers, conversation_id, editor_id, submitted_by, submitted_at, sent_back_at, approval, approved_by, approved_at, approval_rule)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)`, rows)
	if err == nil {
		err = writeRest(ctx, tx, variants, pictures)
	}
	if err == nil {
		err = search.Put(ctx, tx, docs...)
	}
	if err != nil {
		return fmt.Errorf("post: import: %w", err)
	}
	return nil
}

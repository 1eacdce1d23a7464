package conversation

import (
	"context"
	"database/sql"
	"fmt"

	"rapport/internal/db"
	"rapport/internal/search"
)

// Unsay takes the words from an answer that is not out, in the caller's
// transaction, who has taken it back: the post is what it was to be.
func Unsay(ctx context.Context, tx *db.Tx, brandID, conversationID, postID string) error {
	rows, err := tx.QueryContext(ctx, `UPDATE message SET text = '', warning = '' WHERE conversation_id = $2 AND brand_id = $1 AND post_id = $3 AND direction = 'out' AND sent = FALSE
		RETURNING id`, brandID, conversationID, postID)
	ids, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
	if err == nil {
		err = search.Drop(ctx, tx, brandID, search.Message, ids...)
	}
	if err != nil {
		return fmt.Errorf("conversation: unsay: %w", err)
	}
	show(tx, brandID, conversationID)
	return nil
}

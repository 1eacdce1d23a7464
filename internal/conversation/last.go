package conversation

import (
	"context"
	"database/sql"
	"fmt"

	"rapport/internal/db"
)

// LastIn returns the newest message from outside that is still on its network,
// which is what an answer without a choice is to; fault.NotFound where there is
// none. The caller has checked that it may be read.
func LastIn(ctx context.Context, q db.Queryer, brandID, id string) (Message, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+messageColumns+` FROM message m WHERE m.conversation_id = $1 AND m.brand_id || '' = $2
		AND m.direction = 'in' AND m.removed_at = 0 AND m.erased_at = 0 AND m.remote_id <> '' ORDER BY m.at DESC, m.id DESC LIMIT 1`, id, brandID)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Message, error) { return scanMessage(r) })
	if err != nil {
		return Message{}, fmt.Errorf("conversation: last message: %w", err)
	}
	if len(all) == 0 {
		return Message{}, noMessage()
	}
	return all[0], withAuthors(ctx, q, brandID, all)
}

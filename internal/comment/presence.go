package comment

import (
	"context"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/post"
	"rapport/internal/presence"
)

// board is who has a post open. Somebody changes it until 45 seconds after
// their last key in the composer.
var board = presence.Board{Table: "post_presence", Thing: "post_id", Busy: "editing_at", Rest: 45 * time.Second, Event: "presence.changed"}

// View notes that the acting account has a post open, or that it changes it. A
// page says so every 30 seconds. Others hear of it when something is new.
func View(ctx context.Context, d *db.DB, who access.Who, brandID, postID string, editing bool) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if _, err := post.ByID(ctx, tx, who, brandID, postID); err != nil || who.Account == "" {
			return err
		}
		return board.View(ctx, tx, brandID, postID, who.Account, editing)
	})
}

// Leave notes that the acting account has closed a post.
func Leave(ctx context.Context, d *db.DB, who access.Who, brandID, postID string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.PostRead); err != nil {
			return err
		}
		return board.Leave(ctx, tx, brandID, postID, who.Account)
	})
}

// Here returns who else has the post open.
func Here(ctx context.Context, q db.Queryer, who access.Who, brandID, postID string) ([]presence.Somebody, error) {
	if _, err := post.ByID(ctx, q, who, brandID, postID); err != nil {
		return nil, err
	}
	return board.Here(ctx, q, brandID, postID, who.Account)
}

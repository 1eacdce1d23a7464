package conversation

import (
	"context"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/presence"
)

// board is who has a conversation open, and types in it.
var board = presence.Board{Table: "presence", Thing: "conversation_id", Busy: "typing_at", Rest: 10 * time.Second, Event: "conversation.presence"}

// View notes that the acting account has a conversation open, or that it types
// a reply there. A page says so every 30 seconds, and with the first key of
// every five. Others hear of it when something has changed.
func View(ctx context.Context, d *db.DB, who access.Who, brandID, id string, typing bool) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if _, err := may(ctx, tx, who, brandID, id, access.ConversationRead); err != nil || who.Account == "" {
			return err
		}
		return board.View(ctx, tx, brandID, id, who.Account, typing)
	})
}

// Leave notes that the acting account has closed a conversation.
func Leave(ctx context.Context, d *db.DB, who access.Who, brandID, id string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.ConversationRead); err != nil {
			return err
		}
		return board.Leave(ctx, tx, brandID, id, who.Account)
	})
}

// Here returns who has a conversation open, without the acting account.
func Here(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) ([]presence.Somebody, error) {
	if _, err := may(ctx, q, who, brandID, id, access.ConversationRead); err != nil {
		return nil, err
	}
	return board.Here(ctx, q, brandID, id, who.Account)
}

// Sweep forgets who had conversations open.
func Sweep(ctx context.Context, d *db.DB) error { return board.Sweep(ctx, d) }

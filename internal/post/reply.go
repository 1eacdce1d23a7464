package post

import (
	"context"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/delivery"
)

// Reply keeps an answer in a conversation as a post of its own kind, approved
// as it stands, with one delivery that is due at once. as names its id, brand,
// conversation and what it answers; the input has one part and one channel.
// The caller has checked who may speak there.
func Reply(ctx context.Context, tx *db.Tx, who access.Who, as Post, in Input) (Post, delivery.Delivery, error) {
	in, err := checked(ctx, tx, access.System(), as.Brand, in)
	if err != nil {
		return Post{}, delivery.Delivery{}, err
	}
	if err := fits(ctx, tx, as.Brand, in); err != nil {
		return Post{}, delivery.Delivery{}, err
	}
	p := Post{ID: as.ID, Brand: as.Brand, Kind: KindReply, Answers: as.Answers, Conversation: as.Conversation, State: StateApproved,
		Revision: 1, Approved: 1, Author: who.Account, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
	p.take(in)
	if err := insert(ctx, tx, p); err != nil {
		return p, delivery.Delivery{}, err
	}
	n := news(p, who, p.Channels(), tx.Now())
	n[0].Kind = delivery.KindReply
	out, err := delivery.Insert(ctx, tx, n)
	if err != nil {
		return p, delivery.Delivery{}, err
	}
	return p, out[0], nil
}

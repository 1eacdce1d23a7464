package post

import (
	"context"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/network"
	"rapport/internal/search"
)

// Emptied is what became of a post whose words had to go.
type Emptied struct {
	Done bool // they are gone
	Busy bool // a node is at work on it: ask again
}

// Empty takes words and pictures from a post that repeats what its author had
// erased, in the caller's transaction: from all its versions, from what was
// suggested and approved of it, and from what was told of it. What of it was to
// go out is taken back for that reason, which people read. It is a draft then,
// with the time it had. A post of which something is out, or may be, stays as it
// went out; what still waited of it is taken back all the same.
func Empty(ctx context.Context, tx *db.Tx, brandID, id, reason string) (Emptied, error) {
	p, err := anyByID(ctx, tx, brandID, id)
	if err != nil {
		return Emptied{}, err
	}
	open, err := openOf(ctx, tx, p)
	if err != nil {
		return Emptied{}, err
	}
	left, err := delivery.Forgo(ctx, tx, brandID, id, reason)
	if err != nil || left.Out || left.Busy {
		return Emptied{Busy: left.Busy}, err
	}
	out := Emptied{Done: true}
	revision := p.Revision
	for _, d := range open {
		if p.PlannedAt == 0 || d.DueAt < p.PlannedAt {
			p.PlannedAt = d.DueAt
		}
	}
	if p.Kind == KindReply {
		p.Approved, p.PlannedAt = 0, 0
	} else {
		p.withdraw(tx.Now())
	}
	p.Body, p.Excerpt, p.SentBackAt, p.UpdatedAt = Body{Parts: []Part{{}}}, "", 0, tx.Now()
	p.Revision++
	for i := range p.Variants {
		delete(p.Variants[i].Options, network.OptionWarning)
		p.Variants[i].Body = nil
	}
	if err := update(ctx, tx, p, revision); err != nil {
		return Emptied{}, err
	}
	if err := forget(ctx, tx, p); err != nil {
		return Emptied{}, fmt.Errorf("post: empty: %w", err)
	}
	if p.Kind == KindReply {
		return out, nil
	}
	if err := remember(ctx, tx, access.System(), p, "emptied", ""); err != nil {
		return Emptied{}, err
	}
	if err := audit.Record(ctx, tx, access.System(), audit.Entry{Brand: brandID, Act: "post.emptied", Subject: id}); err != nil {
		return Emptied{}, err
	}
	return out, saved(ctx, tx, p)
}

// forget removes what was kept and told of a post's words besides the post.
func forget(ctx context.Context, tx *db.Tx, p Post) error {
	about := ` IN (SELECT $2 UNION ALL SELECT d.id FROM delivery d WHERE d.brand_id = $1 AND d.post_id = $2)`
	told := ` IN (SELECT n.source FROM notification n WHERE n.brand_id = $1 AND n.subject` + about + `)`
	for _, statement := range []string{
		`UPDATE review SET content = '' WHERE brand_id = $1 AND post_id = $2`,
		`DELETE FROM suggestion WHERE brand_id = $1 AND post_id = $2`,
		`DELETE FROM digest_item WHERE brand_id = $1 AND (source` + told + ` OR href LIKE '%/posts/' || $2 || '%')`, // some are told by a digest alone
		`DELETE FROM letter WHERE brand_id = $1 AND source` + told,
		`DELETE FROM notification WHERE brand_id = $1 AND subject` + about,
	} {
		if _, err := tx.ExecContext(ctx, statement, p.Brand, p.ID); err != nil {
			return err
		}
	}
	if p.Kind == KindReply {
		return nil
	}
	return search.Drop(ctx, tx, p.Brand, search.Post, p.ID)
}

// Repeating returns the ids of the posts after one, in the order of their ids,
// whose texts hold an address: copies of that one.
func Repeating(ctx context.Context, q db.Queryer, brandID, after, address string) ([]string, error) {
	all, err := list(ctx, q, `SELECT `+columns+` FROM post p WHERE p.brand_id = $1 AND p.id > $2 AND p.search LIKE $3 ESCAPE '\' ORDER BY p.id LIMIT 500`, brandID, after, db.Contains(address))
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, p := range all {
		ids = append(ids, p.ID)
	}
	return slices.Compact(ids), nil
}

// Unsent returns the replies of a conversation that are not out: the program's
// own look, for what of them has to go.
func Unsent(ctx context.Context, q db.Queryer, brandID, conversationID string) ([]Post, error) {
	return list(ctx, q, `SELECT `+columns+` FROM post p WHERE p.brand_id = $1 AND p.id IN (SELECT m.post_id FROM message m
		WHERE m.conversation_id = $2 AND m.brand_id = $1 AND m.direction = 'out' AND m.post_id <> '' AND m.sent = FALSE) ORDER BY p.id`, brandID, conversationID)
}

package topic

import (
	"context"
	"encoding/json"
	"fmt"

	"rapport/internal/db"
)

// Origin is where a topic comes from, when not from here: what somebody asked
// on a network, with their name and the link to it. It is theirs, and goes when
// they are erased.
type Origin struct {
	Network string `json:"network"` // as people write it
	Name    string `json:"name,omitempty"`
	Handle  string `json:"handle,omitempty"`
	URL     string `json:"url,omitempty"`
	Quote   string `json:"quote,omitempty"` // what they said, plain text
}

// From is where the topic comes from; zero where it was begun here. What cannot
// be read says nothing.
func (t Topic) From() (o Origin) {
	if t.Origin != "" && json.Unmarshal([]byte(t.Origin), &o) != nil {
		return Origin{}
	}
	return o
}

// Unsource takes from a topic, in the caller's transaction, who asked and what
// they said; that it came from a network stays.
func Unsource(ctx context.Context, tx *db.Tx, brandID, id string) error {
	t, err := ByID(ctx, tx, brandID, id)
	if err != nil {
		return err
	}
	kept, err := json.Marshal(Origin{Network: t.From().Network})
	if err != nil {
		return err
	}
	t.Origin = string(kept)
	if _, err := tx.ExecContext(ctx, `UPDATE topic SET origin = $3 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID, t.Origin); err != nil {
		return fmt.Errorf("topic: unsource: %w", err)
	}
	opening, err := ReplyByNumber(ctx, tx, brandID, id, 1)
	if err != nil {
		return err
	}
	show(tx, t)
	return t.redraw(ctx, tx, opening)
}

package conversation

import (
	"context"
	"fmt"

	"rapport/internal/db"
)

// Past is how a team dealt with a conversation before now, for a demo that has
// a history.
type Past struct {
	ID       string
	State    State
	StateAt  db.Time
	Until    db.Time // of a snooze
	Assignee string
	Labels   []string // ids
	Notes    []Note
	Events   []Event
	// Answered names who of the team wrote the brand's messages: without it,
	// they are another program's.
	Answered string
}

// Import gives conversations that were taken in the past they had, in the
// caller's transaction. They count as touched by the team.
func Import(ctx context.Context, tx *db.Tx, brandID string, all []Past) error {
	for _, p := range all {
		if err := p.put(ctx, tx, brandID); err != nil {
			return fmt.Errorf("conversation: import: %w", err)
		}
	}
	var events [][]any
	for _, p := range all {
		for _, e := range p.Events {
			events = append(events, []any{db.NewID(), brandID, p.ID, e.At, e.What, e.Account, e.Detail})
		}
		for _, n := range p.Notes {
			if err := importNote(ctx, tx, brandID, p.ID, n); err != nil {
				return fmt.Errorf("conversation: import: %w", err)
			}
		}
	}
	return tellAll(ctx, tx, events)
}

func importNote(ctx context.Context, tx *db.Tx, brandID, id string, n Note) error {
	c, err := byID(ctx, tx, brandID, id)
	if err != nil {
		return err
	}
	n.ID, n.Brand, n.Subject = db.NewID(), brandID, id
	return keepNote(ctx, tx, c, n)
}

func (p Past) put(ctx context.Context, tx *db.Tx, brandID string) error {
	type change struct {
		text string
		args []any
	}
	changes := []change{{`UPDATE conversation SET state = $3, state_at = $4, snoozed_until = $5, assignee_id = $6, revision = revision + 1 WHERE brand_id = $1 AND id = $2`,
		[]any{brandID, p.ID, string(p.State), p.StateAt, p.Until, p.Assignee}}}
	if p.State == StateDone {
		changes = append(changes, change{`UPDATE conversation SET waiting_since = 0 WHERE brand_id = $1 AND id = $2`, []any{brandID, p.ID}},
			change{`UPDATE period SET closed_at = $2 WHERE conversation_id = $1 AND closed_at = 0`, []any{p.ID, p.StateAt}})
	}
	if p.Answered != "" {
		changes = append(changes,
			change{`UPDATE message SET account_id = $3 WHERE brand_id = $1 AND conversation_id = $2 AND direction = 'out'`, []any{brandID, p.ID, p.Answered}},
			change{`UPDATE period SET answered_by = $2 WHERE conversation_id = $1 AND answered_at > 0`, []any{p.ID, p.Answered}})
	}
	for _, label := range p.Labels {
		changes = append(changes, change{`INSERT INTO conversation_label (brand_id, conversation_id, label_id, last_at)
			SELECT brand_id, id, $3, last_at FROM conversation WHERE brand_id = $1 AND id = $2`, []any{brandID, p.ID, label}})
	}
	for _, c := range changes {
		if _, err := tx.ExecContext(ctx, c.text, c.args...); err != nil {
			return err
		}
	}
	return nil
}

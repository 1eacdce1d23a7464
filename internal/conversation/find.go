package conversation

import (
	"context"

	"rapport/internal/db"
	"rapport/internal/search"
)

// findable makes a message of a conversation found by what it says now; one
// that says nothing is not.
func findable(ctx context.Context, tx *db.Tx, m Message) error {
	text := m.Text
	if m.Warning != "" {
		text = m.Warning + "\n" + text
	}
	return search.Put(ctx, tx, search.Doc{Brand: m.Brand, Kind: search.Message, ID: m.ID, Conversation: m.Conversation,
		Channels: []string{m.Channel}, Person: m.Person, At: m.At, Text: text})
}

func findableNote(ctx context.Context, tx *db.Tx, c Conversation, n Note) error {
	if c.ToLook() {
		return nil
	}
	return search.Put(ctx, tx, search.Doc{Brand: n.Brand, Kind: search.Note, ID: n.ID, Conversation: c.ID, Channels: []string{c.Channel}, At: n.At, Text: n.Text})
}

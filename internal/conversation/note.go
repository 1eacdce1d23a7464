package conversation

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// longestNote is how long a note may be, in runes.
const longestNote = 5000

// AddNote keeps what somebody of the team says to the others about a
// conversation. Whoever of the team is named in it, as @ and their name, is
// told, if they may see the conversation.
func AddNote(ctx context.Context, d *db.DB, who access.Who, brandID, id, text string) (Note, error) {
	text, err := noteText(text)
	if err != nil {
		return Note{}, err
	}
	var team []account.Member
	if strings.ContainsRune(text, '@') {
		if team, err = account.Team(ctx, d, who, brandID); err != nil {
			return Note{}, err
		}
	}
	var n Note
	err = d.Tx(ctx, func(tx *db.Tx) error {
		c, err := may(ctx, tx, who, brandID, id, access.ConversationWrite)
		if err != nil {
			return err
		}
		n = Note{ID: db.NewID(), Brand: brandID, Subject: id, Account: who.Account, Text: text, At: tx.Now()}
		for _, m := range account.Named(text, team) {
			if m.ID != who.Account && can(tx.Now(), team, m.ID, access.ConversationRead, c.Channel) {
				n.Mentions = append(n.Mentions, m.ID)
			}
		}
		if err := audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "conversation.noted", Subject: id}); err != nil {
			return err
		}
		return keepNote(ctx, tx, c, n)
	})
	return n, err
}

func noteText(text string) (string, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	switch {
	case text == "":
		return "", fault.OnField("text", "Write something first.")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return "", fault.OnField("text", "This text holds characters that cannot be kept. Copy it again.")
	case utf8.RuneCountInString(text) > longestNote:
		return "", fault.OnField("text", "Shorten the note to %d characters.", longestNote)
	}
	return text, nil
}

func keepNote(ctx context.Context, tx *db.Tx, c Conversation, n Note) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO note (id, brand_id, subject, account_id, text, mentions, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		n.ID, n.Brand, n.Subject, n.Account, n.Text, toJSON(n.Mentions), n.At)
	if err != nil {
		return fmt.Errorf("conversation: note: %w", err)
	}
	if err := findableNote(ctx, tx, c, n); err != nil {
		return err
	}
	show(tx, c.Brand, c.ID)
	if len(n.Mentions) == 0 {
		return nil
	}
	rows := make([][]any, len(n.Mentions))
	for i, m := range n.Mentions {
		rows[i] = []any{m, c.ID, c.Brand, n.At}
	}
	if err := db.Many(ctx, tx, `INSERT INTO note_mention (account_id, conversation_id, brand_id, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, conversation_id) DO UPDATE SET at = excluded.at`, rows); err != nil {
		return fmt.Errorf("conversation: note: %w", err)
	}
	return outbox.Add(ctx, tx, outbox.Event{Brand: c.Brand, Kind: "conversation.mentioned", Subject: c.ID,
		Data: Mentioned{Note: n.ID, By: n.Account, Accounts: n.Mentions}})
}

// Mentioned is the data of the event conversation.mentioned.
type Mentioned struct {
	Note     string
	By       string // account id
	Accounts []string
}

// NotesOf returns the last 200 notes on a subject, oldest first. The caller has
// checked that they may be read.
func NotesOf(ctx context.Context, q db.Queryer, brandID, subject string) ([]Note, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, brand_id, subject, account_id, text, mentions, at FROM note
		WHERE brand_id = $1 AND subject = $2 ORDER BY at DESC, id DESC LIMIT $3`, brandID, subject, asideMost)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Note, error) {
		var n Note
		var mentions string
		if err := r.Scan(&n.ID, &n.Brand, &n.Subject, &n.Account, &n.Text, &mentions, &n.At); err != nil {
			return n, err
		}
		return n, fromJSON(mentions, &n.Mentions)
	})
	if err != nil {
		return nil, fmt.Errorf("conversation: notes: %w", err)
	}
	slices.Reverse(all)
	return all, nil
}

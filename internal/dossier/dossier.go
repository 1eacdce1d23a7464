// Package dossier is all that one brand knows of one person, across what they
// wrote, what was answered and what the team noted: as a timeline, as a file to
// hand out, and as what is erased. People who have been silent for longer than
// the brand keeps them are erased by a daily job.
package dossier

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/person"
)

// Message is something a person wrote to the brand, or the brand to them.
type Message struct {
	ID           string
	Channel      string
	Conversation string
	Out          bool   // the brand wrote it
	Account      string // who of the team did; empty: with another program
	Text         string // empty once it is gone from the network
	Warning      string
	URL          string
	Visibility   string
	At           db.Time
	EditedAt     db.Time
	RemovedAt    db.Time
	Answers      []Message // what the brand answered to it, by time

	remote string
}

// Moment is one entry of a timeline: a message from outside with its answers,
// or a note of the team.
type Moment struct {
	At      db.Time
	ID      string
	Message *Message
	Note    *person.Note
}

// Timeline returns what a person wrote on all channels, what was answered, and
// what the team noted of them, the newest first, 50 to a page unless asked
// otherwise (at most 200), and the cursor of the next page. An account with
// some channels sees what was written there.
func Timeline(ctx context.Context, q db.Queryer, who access.Who, brandID, id string, page db.Page) ([]Moment, string, error) {
	if _, err := person.ByID(ctx, q, who, brandID, id); err != nil {
		return nil, "", err
	}
	page.Limit = page.Size(50, 200)
	messages, err := written(ctx, q, brandID, id, who.Channels(q.Now(), brandID), page)
	if err != nil {
		return nil, "", err
	}
	notes, _, err := person.Notes(ctx, q, brandID, id, db.Page{After: page.After, Limit: page.Limit + 1})
	if err != nil {
		return nil, "", err
	}
	var all []Moment
	for i := range messages {
		all = append(all, Moment{At: messages[i].At, ID: messages[i].ID, Message: &messages[i]})
	}
	for i := range notes {
		all = append(all, Moment{At: notes[i].At, ID: notes[i].ID, Note: &notes[i]})
	}
	slices.SortFunc(all, func(a, b Moment) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.ID, a.ID)) })
	next := ""
	if len(all) > page.Limit {
		all = all[:page.Limit]
		next = db.Cursor(all[page.Limit-1].At, all[page.Limit-1].ID)
	}
	return all, next, withAnswers(ctx, q, brandID, all)
}

const messageColumns = `m.id, m.channel_id, m.conversation_id, m.direction, m.account_id, m.text, m.warning, m.url, m.visibility, m.at, m.edited_at, m.removed_at, m.remote_id`

func scanMessage(r *sql.Rows, also ...any) (m Message, err error) {
	var direction string
	err = r.Scan(append([]any{&m.ID, &m.Channel, &m.Conversation, &direction, &m.Account, &m.Text, &m.Warning, &m.URL, &m.Visibility, &m.At, &m.EditedAt, &m.RemovedAt, &m.remote}, also...)...)
	m.Out = direction == "out"
	return m, err
}

// written returns a page of what a person wrote, and one message more.
func written(ctx context.Context, q db.Queryer, brandID, id string, only []string, page db.Page) ([]Message, error) {
	at, last, err := page.Key()
	if err != nil {
		return nil, err
	}
	args, where := []any{brandID, id, at, last, page.Limit + 1}, ""
	if len(only) > 0 {
		where = ` AND m.channel_id IN (` + db.In(6, len(only)) + `)`
		for _, c := range only {
			args = append(args, c)
		}
	}
	rows, err := q.QueryContext(ctx, `SELECT `+messageColumns+` FROM message m WHERE m.brand_id = $1 AND m.person_id = $2 AND m.person_id <> ''
		AND (m.at, m.id) < ($3, $4)`+where+` ORDER BY m.at DESC, m.id DESC LIMIT $5`, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Message, error) { return scanMessage(r) })
	if err != nil {
		return nil, fmt.Errorf("dossier: messages: %w", err)
	}
	return all, nil
}

// answersMost bounds the answers to one message that are shown.
const answersMost = 20

func withAnswers(ctx context.Context, q db.Queryer, brandID string, all []Moment) error {
	byChannel := map[string][]string{}
	at := map[[2]string]*Message{}
	for _, one := range all {
		if m := one.Message; m != nil && m.remote != "" {
			byChannel[m.Channel] = append(byChannel[m.Channel], m.remote)
			at[[2]string{m.Channel, m.remote}] = m
		}
	}
	for channel, remotes := range byChannel {
		args := []any{brandID, channel}
		for _, id := range remotes {
			args = append(args, id)
		}
		rows, err := q.QueryContext(ctx, `SELECT `+messageColumns+`, m.parent_id FROM message m WHERE m.channel_id = $2 AND m.parent_id <> ''
			AND m.parent_id IN (`+db.In(3, len(remotes))+`) AND m.direction = 'out' AND m.sent AND m.brand_id || '' = $1 ORDER BY m.at, m.id`, args...)
		_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
			var parent string
			m, err := scanMessage(r, &parent)
			if to := at[[2]string{channel, parent}]; to != nil && len(to.Answers) < answersMost {
				to.Answers = append(to.Answers, m)
			}
			return struct{}{}, err
		})
		if err != nil {
			return fmt.Errorf("dossier: answers: %w", err)
		}
	}
	return nil
}

// Conversation is one that a person wrote in.
type Conversation struct {
	ID       string
	Channel  string
	Kind     string
	State    string
	Excerpt  string
	Assignee string
	Post     string // it stands below; empty where not known
	Messages int64
	LastAt   db.Time
}

// conversationsFrom is in how many of a person's last messages their
// conversations are looked for.
const conversationsFrom = 1000

// Conversations returns those in which a person wrote of late, the last moved
// first, 50 unless asked otherwise. The account sees those of its channels.
func Conversations(ctx context.Context, q db.Queryer, who access.Who, brandID, id string, limit int) ([]Conversation, error) {
	if _, err := person.ByID(ctx, q, who, brandID, id); err != nil {
		return nil, err
	}
	only := who.Channels(q.Now(), brandID)
	args, where := []any{brandID, id, conversationsFrom, db.Page{Limit: limit}.Size(50, 500)}, ""
	if len(only) > 0 {
		where = ` AND c.channel_id IN (` + db.In(5, len(only)) + `)`
		for _, c := range only {
			args = append(args, c)
		}
	}
	rows, err := q.QueryContext(ctx, `SELECT c.id, c.channel_id, c.kind, c.state, c.excerpt, c.assignee_id, c.post_id, c.messages, c.last_at FROM conversation c
		WHERE c.brand_id || '' = $1 AND c.id IN (SELECT l.conversation_id FROM (SELECT m.conversation_id FROM message m
			WHERE m.brand_id = $1 AND m.person_id = $2 AND m.person_id <> '' ORDER BY m.at DESC, m.id DESC LIMIT $3) l)`+where+`
		ORDER BY c.last_at DESC, c.id DESC LIMIT $4`, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (c Conversation, err error) {
		err = r.Scan(&c.ID, &c.Channel, &c.Kind, &c.State, &c.Excerpt, &c.Assignee, &c.Post, &c.Messages, &c.LastAt)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("dossier: conversations: %w", err)
	}
	return all, nil
}

package conversation

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/person"
)

const (
	messagesUsual = 200 // of a page of a thread
	asideMost     = 200 // notes, and events, of a thread
	periodsMost   = 50
)

// Read returns a conversation with its newest messages, 200 unless asked
// otherwise (at most 500), its notes, events and clock, and who else has it
// open. The cursor in Thread.Older asks for the messages before.
func Read(ctx context.Context, q db.Queryer, who access.Who, brandID, id string, page db.Page) (Thread, error) {
	var t Thread
	var err error
	if t.Conversation, err = ByID(ctx, q, who, brandID, id); err != nil {
		return Thread{}, err
	}
	if t.Messages, t.Older, err = messages(ctx, q, brandID, id, page); err != nil {
		return Thread{}, err
	}
	t.Messages = tree(t.Messages)
	if t.Notes, err = NotesOf(ctx, q, brandID, id); err != nil {
		return Thread{}, err
	}
	if t.Events, err = events(ctx, q, id); err != nil {
		return Thread{}, err
	}
	if t.Periods, err = periods(ctx, q, id); err != nil {
		return Thread{}, err
	}
	t.Here, err = board.Here(ctx, q, brandID, id, who.Account)
	return t, err
}

const messageColumns = `m.id, m.brand_id, m.channel_id, m.conversation_id, m.direction, m.remote_id, m.parent_id, m.ref, m.person_id, m.identity_id,
	m.account_id, m.sent, m.post_id, m.delivery_id, m.text, m.warning, m.language, m.media, m.url, m.visibility, m.at, m.edited_at, m.removed_at, m.erased_at, m.created_at`

func scanMessage(row interface{ Scan(...any) error }, also ...any) (m Message, err error) {
	var ref, media string
	err = row.Scan(append([]any{&m.ID, &m.Brand, &m.Channel, &m.Conversation, &m.Direction, &m.RemoteID, &m.Parent, &ref, &m.Person, &m.Author.ID,
		&m.Account, &m.Sent, &m.Post, &m.Delivery, &m.Text, &m.Warning, &m.Language, &media, &m.URL, &m.Visibility, &m.At, &m.EditedAt, &m.RemovedAt, &m.ErasedAt, &m.CreatedAt}, also...)...)
	if err != nil {
		return m, err
	}
	return m, errors.Join(fromJSON(ref, &m.Ref), fromJSON(media, &m.Media))
}

// scanStanding reads a message with what became of its delivery.
func scanStanding(r *sql.Rows) (Message, error) {
	var state, reason, code string
	m, err := scanMessage(r, &state, &reason, &code)
	m.Standing, m.Reason, m.ReasonCode = delivery.State(state), reason, code
	return m, err
}

const standingColumns = `, COALESCE(d.state, ''), COALESCE(d.reason, ''), COALESCE(d.reason_code, '')`

// messages returns a page of a conversation's messages, the newest first.
func messages(ctx context.Context, q db.Queryer, brandID, id string, page db.Page) ([]Message, string, error) {
	at, last, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(messagesUsual, 500)
	rows, err := q.QueryContext(ctx, `SELECT `+messageColumns+standingColumns+` FROM message m
		LEFT JOIN delivery d ON m.delivery_id <> '' AND d.id = m.delivery_id
		WHERE m.conversation_id = $1 AND (m.at, m.id) < ($2, $3) ORDER BY m.at DESC, m.id DESC LIMIT $4`, id, at, last, size+1)
	all, err := db.Collect(rows, err, scanStanding)
	if err != nil {
		return nil, "", fmt.Errorf("conversation: messages: %w", err)
	}
	next := ""
	if len(all) > size {
		all = all[:size]
		next = db.Cursor(all[size-1].At, all[size-1].ID)
	}
	return all, next, withAuthors(ctx, q, brandID, all)
}

// MessageByID returns a message of the brand, if the account may see its
// channel.
func MessageByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Message, error) {
	if err := who.May(q.Now(), brandID, access.ConversationRead); err != nil {
		return Message{}, err
	}
	m, err := messageByID(ctx, q, brandID, id)
	if err != nil {
		return m, err
	}
	if _, err := may(ctx, q, who, brandID, m.Conversation, access.ConversationRead); err != nil {
		return Message{}, err
	}
	list := []Message{m}
	err = withAuthors(ctx, q, brandID, list)
	return list[0], err
}

func messageByID(ctx context.Context, q db.Queryer, brandID, id string) (Message, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+messageColumns+standingColumns+` FROM message m
		LEFT JOIN delivery d ON m.delivery_id <> '' AND d.id = m.delivery_id WHERE m.brand_id || '' = $1 AND m.id = $2`, brandID, id)
	all, err := db.Collect(rows, err, scanStanding)
	if err != nil {
		return Message{}, fmt.Errorf("conversation: message: %w", err)
	}
	if len(all) == 0 {
		return Message{}, noMessage()
	}
	return all[0], nil
}

func withAuthors(ctx context.Context, q db.Queryer, brandID string, all []Message) error {
	var ids []string
	for _, m := range all {
		if m.Author.ID != "" {
			ids = append(ids, m.Author.ID)
		}
	}
	slices.Sort(ids)
	authors, err := person.Identities(ctx, q, brandID, slices.Compact(ids))
	if err != nil {
		return err
	}
	for i := range all {
		all[i].Author = authors[all[i].Author.ID]
	}
	return nil
}

// tree puts each message below what it answers, by time. What answers
// something that is not on the page begins a branch of its own, and so does
// one of those that a hostile network lets answer each other.
func tree(all []Message) []Message {
	slices.SortFunc(all, byTime)
	at := map[string]int{}
	for i, m := range all {
		if m.RemoteID != "" {
			at[m.RemoteID] = i
		}
	}
	below, tops := map[string][]int{}, []int{}
	for i, m := range all {
		if p, ok := at[m.Parent]; ok && p != i {
			below[m.Parent] = append(below[m.Parent], i)
		} else {
			tops = append(tops, i)
		}
	}
	g := grower{all: all, below: below, done: make([]bool, len(all))}
	for _, i := range tops {
		g.grow(i)
	}
	for i := range all {
		g.grow(i)
	}
	return g.out
}

func byTime(a, b Message) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) }

type grower struct {
	all   []Message
	below map[string][]int
	done  []bool
	out   []Message
}

// grow adds a branch. It keeps a stack of its own: a thread may be thousands
// deep.
func (g *grower) grow(top int) {
	type place struct{ at, depth int }
	stack := []place{{top, 0}}
	for len(stack) > 0 {
		p := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if g.done[p.at] {
			continue
		}
		g.done[p.at] = true
		m := g.all[p.at]
		m.Depth = p.depth
		g.out = append(g.out, m)
		if m.RemoteID == "" {
			continue
		}
		for _, i := range slices.Backward(g.below[m.RemoteID]) {
			stack = append(stack, place{i, p.depth + 1})
		}
	}
}

func events(ctx context.Context, q db.Queryer, id string) ([]Event, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, conversation_id, at, what, account_id, detail FROM conversation_event
		WHERE conversation_id = $1 ORDER BY at DESC, id DESC LIMIT $2`, id, asideMost)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (e Event, err error) {
		err = r.Scan(&e.ID, &e.Conversation, &e.At, &e.What, &e.Account, &e.Detail)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("conversation: events: %w", err)
	}
	slices.Reverse(all)
	return all, nil
}

func periods(ctx context.Context, q db.Queryer, id string) ([]Period, error) {
	rows, err := q.QueryContext(ctx, `SELECT opened_at, answered_at, answered_by, closed_at FROM period
		WHERE conversation_id = $1 ORDER BY opened_at DESC LIMIT $2`, id, periodsMost)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (p Period, err error) {
		err = r.Scan(&p.OpenedAt, &p.AnsweredAt, &p.AnsweredBy, &p.ClosedAt)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("conversation: periods: %w", err)
	}
	slices.Reverse(all)
	return all, nil
}

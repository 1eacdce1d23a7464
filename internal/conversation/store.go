package conversation

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
	"rapport/internal/person"
)

const columns = `c.id, c.brand_id, c.channel_id, c.kind, c.root, c.delivery_id, c.post_id, c.person_id, c.excerpt, c.state, c.state_at,
	c.snoozed_until, c.assignee_id, c.messages, c.last_at, c.last_in_at, c.last_out_at, c.waiting_since, c.revision, c.created_at`

func scan(row interface{ Scan(...any) error }) (c Conversation, err error) {
	err = row.Scan(&c.ID, &c.Brand, &c.Channel, &c.Kind, &c.Root, &c.Delivery, &c.Post, &c.From.Person, &c.Excerpt, &c.State, &c.StateAt,
		&c.SnoozedUntil, &c.Assignee, &c.Messages, &c.LastAt, &c.LastInAt, &c.LastOutAt, &c.WaitingSince, &c.Revision, &c.CreatedAt)
	return c, err
}

func scanRows(r *sql.Rows) (Conversation, error) { return scan(r) }

// byID reads the row alone.
func byID(ctx context.Context, q db.Queryer, brandID, id string) (Conversation, error) {
	c, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM conversation c WHERE c.brand_id = $1 AND c.id = $2`, brandID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.New(fault.NotFound, "There is no such conversation.")
	}
	if err != nil {
		return c, fmt.Errorf("conversation: read: %w", err)
	}
	return c, nil
}

// ByIDs returns those of the conversations that the brand has, by id, without
// labels. The caller has checked that they may be read.
func ByIDs(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Conversation, error) {
	out := make(map[string]Conversation, len(ids))
	for chunk := range slices.Chunk(ids, 500) {
		b := &query{args: []any{brandID}}
		rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM conversation c WHERE c.brand_id || '' = $1 AND c.id IN (`+b.list(chunk)+`)`, b.args...)
		all, err := db.Collect(rows, err, scanRows)
		if err != nil {
			return nil, fmt.Errorf("conversation: read: %w", err)
		}
		for _, c := range all {
			out[c.ID] = c
		}
	}
	return out, nil
}

// may reads a conversation for somebody who may do this on its channel.
func may(ctx context.Context, q db.Queryer, who access.Who, brandID, id string, a access.Action) (Conversation, error) {
	if err := who.May(q.Now(), brandID, a); err != nil {
		return Conversation{}, err
	}
	c, err := byID(ctx, q, brandID, id)
	if err != nil {
		return c, err
	}
	seen, err := SightOf(q.Now(), who, brandID).Sees(ctx, q, c)
	if err != nil {
		return Conversation{}, err
	}
	if !seen {
		return Conversation{}, fault.New(fault.NotFound, "There is no such conversation.")
	}
	return c, who.May(q.Now(), brandID, a, c.Channel)
}

// ByID returns the conversation without messages, if the account may see it.
func ByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Conversation, error) {
	c, err := may(ctx, q, who, brandID, id, access.ConversationRead)
	if err != nil {
		return Conversation{}, err
	}
	list := []Conversation{c}
	err = withRest(ctx, q, brandID, list)
	return list[0], err
}

// withRest adds the labels and who began each.
func withRest(ctx context.Context, q db.Queryer, brandID string, all []Conversation) error {
	if len(all) == 0 {
		return nil
	}
	if err := withLabels(ctx, q, brandID, all); err != nil {
		return err
	}
	networks, err := networksOf(ctx, q, brandID)
	if err != nil {
		return err
	}
	of := map[string][]string{}
	for _, c := range all {
		if n := networks[c.Channel]; c.From.Person != "" && !slices.Contains(of[n], c.From.Person) {
			of[n] = append(of[n], c.From.Person)
		}
	}
	for name, people := range of {
		faces, err := person.Faces(ctx, q, brandID, name, people)
		if err != nil {
			return err
		}
		for i := range all {
			if f, ok := faces[all[i].From.Person]; ok && networks[all[i].Channel] == name {
				all[i].From = f
			}
		}
	}
	return nil
}

func withLabels(ctx context.Context, q db.Queryer, brandID string, all []Conversation) error {
	at := make(map[string]int, len(all))
	b := &query{args: []any{brandID}}
	ids := make([]string, len(all))
	for i, c := range all {
		at[c.ID], ids[i] = i, c.ID
	}
	rows, err := q.QueryContext(ctx, `SELECT conversation_id, label_id FROM conversation_label
		WHERE brand_id || '' = $1 AND conversation_id IN (`+b.list(ids)+`) ORDER BY conversation_id, label_id`, b.args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id, label string
		err := r.Scan(&id, &label)
		all[at[id]].Labels = append(all[at[id]].Labels, label)
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("conversation: labels: %w", err)
	}
	return nil
}

// networksOf names the network of each channel of the brand.
func networksOf(ctx context.Context, q db.Queryer, brandID string) (map[string]string, error) {
	out := map[string]string{}
	rows, err := q.QueryContext(ctx, `SELECT id, network FROM channel WHERE brand_id = $1`, brandID)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id, name string
		err := r.Scan(&id, &name)
		out[id] = name
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("conversation: channels: %w", err)
	}
	return out, nil
}

// save writes what the team changed, if nobody was faster. The row then has
// the next revision.
func save(ctx context.Context, tx *db.Tx, c *Conversation) error {
	res, err := tx.ExecContext(ctx, `UPDATE conversation SET state = $4, state_at = $5, snoozed_until = $6, assignee_id = $7, waiting_since = $8,
		revision = revision + 1 WHERE brand_id = $1 AND id = $2 AND revision = $3`,
		c.Brand, c.ID, c.Revision, string(c.State), c.StateAt, c.SnoozedUntil, c.Assignee, c.WaitingSince)
	if err != nil {
		return fmt.Errorf("conversation: save: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, changedSince())
	}
	c.Revision++
	show(tx, c.Brand, c.ID)
	return nil
}

// show tells open pages that a conversation has changed.
func show(tx *db.Tx, brandID, id string) { outbox.Show(tx, brandID, "conversation.changed", id) }

// tell keeps an event of the conversation.
func tell(ctx context.Context, tx *db.Tx, c Conversation, what, account, detail string) error {
	return tellAll(ctx, tx, [][]any{told(tx, c, what, account, detail)})
}

func told(tx *db.Tx, c Conversation, what, account, detail string) []any {
	return []any{db.NewID(), c.Brand, c.ID, tx.Now(), what, account, detail}
}

func tellAll(ctx context.Context, tx *db.Tx, rows [][]any) error {
	if err := db.Many(ctx, tx, `INSERT INTO conversation_event (id, brand_id, conversation_id, at, what, account_id, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, rows); err != nil {
		return fmt.Errorf("conversation: event: %w", err)
	}
	return nil
}

func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain values of ours always encode
	}
	return string(b)
}

func fromJSON(text string, into any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

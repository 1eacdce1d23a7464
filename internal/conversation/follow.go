package conversation

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/search"
)

func noMessage() error { return fault.New(fault.NotFound, "There is no such message.") }

// Gone notes that messages are no longer on their network, and forgets what
// they said. That they were there stays.
func Gone(ctx context.Context, tx *db.Tx, src Source, remoteIDs []string) (n int, err error) {
	t := &taker{tx: tx, src: src, known: map[string]*row{}, work: map[string]*work{}, below: map[string][]string{}, roots: map[string]string{}}
	var conversations []string
	for chunk := range slices.Chunk(remoteIDs, 500) {
		some, err := t.find(ctx, chunk)
		if err != nil {
			return 0, fmt.Errorf("conversation: gone: %w", err)
		}
		conversations = append(conversations, some...)
	}
	if err := t.fetch(ctx, conversations); err != nil {
		return 0, err
	}
	for _, id := range sortedKeys(t.known) {
		k := t.known[id]
		if k.removed > 0 || k.erased > 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE message SET text = '', warning = '', media = '', removed_at = $3, checked_at = $3 WHERE brand_id = $1 AND id = $2`,
			src.Brand, k.id, tx.Now()); err != nil {
			return n, fmt.Errorf("conversation: gone: %w", err)
		}
		if err := search.Drop(ctx, tx, src.Brand, search.Message, k.id); err != nil {
			return n, err
		}
		n++
		if w := t.work[k.conversation]; w != nil {
			w.full = true
		}
	}
	return n, t.flush(ctx)
}

// Checked is a message that the network is to be asked about again.
type Checked struct {
	Ref       network.Ref
	At        db.Time
	CheckedAt db.Time
}

// ToCheck returns messages of a channel, said since then, of which the network
// was last asked before: those longest ago first.
func ToCheck(ctx context.Context, q db.Queryer, channelID string, since, before db.Time, limit int) ([]Checked, error) {
	return check(ctx, q, `SELECT ref, at, checked_at FROM message m WHERE channel_id = $1 AND checked_at < $3 AND at >= $2
		AND removed_at = 0 AND erased_at = 0 AND remote_id <> '' ORDER BY checked_at LIMIT $4`, channelID, since, before, limit)
}

// ToCheckOpen returns those of ToCheck that belong to new and open
// conversations.
func ToCheckOpen(ctx context.Context, q db.Queryer, brandID, channelID string, since, before db.Time, limit int) ([]Checked, error) {
	return check(ctx, q, `SELECT m.ref, m.at, m.checked_at FROM conversation c JOIN message m ON m.conversation_id = c.id
		WHERE c.brand_id = $5 AND c.channel_id = $1 AND c.state IN ('new', 'open') AND c.last_at >= $2
			AND m.at >= $2 AND m.checked_at < $3 AND m.removed_at = 0 AND m.erased_at = 0 AND m.remote_id <> '' ORDER BY m.checked_at LIMIT $4`, channelID, since, before, limit, brandID)
}

func check(ctx context.Context, q db.Queryer, text string, args ...any) ([]Checked, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (c Checked, err error) {
		var ref string
		if err = r.Scan(&ref, &c.At, &c.CheckedAt); err != nil {
			return c, err
		}
		return c, fromJSON(ref, &c.Ref)
	})
	if err != nil {
		return nil, fmt.Errorf("conversation: to check: %w", err)
	}
	return all, nil
}

// Unclear notes that the network was asked about messages and did not say.
func Unclear(ctx context.Context, tx *db.Tx, channelID string, remoteIDs []string) error {
	for chunk := range slices.Chunk(remoteIDs, 500) {
		b := &query{args: []any{channelID, tx.Now()}}
		if _, err := tx.ExecContext(ctx, `UPDATE message SET checked_at = $2 WHERE channel_id = $1 AND remote_id <> '' AND remote_id IN (`+b.list(chunk)+`)`, b.args...); err != nil {
			return fmt.Errorf("conversation: checked: %w", err)
		}
	}
	return nil
}

// Adopt tells conversations that stand below a post of the brand, and came
// before it was known here, where they belong.
func Adopt(ctx context.Context, tx *db.Tx, src Source, own map[string]delivery.Whose) error {
	t := &taker{tx: tx, src: src, past: true, known: map[string]*row{}, work: map[string]*work{}, below: map[string][]string{}, roots: map[string]string{}}
	ids, err := t.find(ctx, sortedKeys(own))
	if err != nil {
		return fmt.Errorf("conversation: adopt: %w", err)
	}
	if err := t.fetch(ctx, ids); err != nil {
		return err
	}
	for remote, whose := range own {
		for _, id := range t.below[remote] {
			if w := t.work[id]; w != nil && w.Delivery == "" {
				w.Kind, w.Delivery, w.Post, w.stale = KindComment, whose.Delivery, whose.Post, true
			}
		}
	}
	return t.flush(ctx)
}

// settledAfter is how long before a channel was connected a question may have
// been asked so that somebody may still be glad of an answer.
const settledAfter = 7 * 24 * time.Hour

// SettlePast closes what was brought over from before a channel was connected,
// at that time, and asks for nothing any more: where the brand has the last
// word, or the last question was a week old then. What the team has touched
// stays as it is.
func SettlePast(ctx context.Context, tx *db.Tx, src Source, connected db.Time) error {
	rows, err := tx.QueryContext(ctx, `SELECT `+columns+` FROM conversation c WHERE c.brand_id = $1 AND c.channel_id = $2 AND c.state IN ('new', 'open')
		AND c.revision = 1 AND c.assignee_id = '' AND c.last_in_at < $3 AND (c.waiting_since = 0 OR c.last_in_at < $4)`,
		src.Brand, src.Channel, connected, connected.Add(-settledAfter))
	all, err := db.Collect(rows, err, scanRows)
	if err != nil {
		return fmt.Errorf("conversation: settle: %w", err)
	}
	for _, c := range all {
		w := &work{Conversation: c, was: c}
		w.State, w.StateAt, w.WaitingSince = StateDone, tx.Now(), 0
		if err := closePeriod(ctx, tx, c.ID, tx.Now()); err != nil {
			return err
		}
		if err := w.save(ctx, tx); err != nil {
			return err
		}
		if err := tell(ctx, tx, c, string(StateDone), "", "before"); err != nil {
			return err
		}
	}
	return nil
}

// Reply is an answer that was written here and is on its way.
type Reply struct {
	Conversation   Conversation
	To             Message
	Account        string
	Post, Delivery string
	Text, Warning  string
	Language       string
	Visibility     string
}

// Say keeps an answer in its conversation, as not yet out. It makes a new
// conversation an open one.
func Say(ctx context.Context, tx *db.Tx, r Reply) (Message, error) {
	m := Message{ID: db.NewID(), Brand: r.Conversation.Brand, Channel: r.Conversation.Channel, Conversation: r.Conversation.ID, Direction: Out,
		Parent: r.To.Ref.ID, Account: r.Account, Post: r.Post, Delivery: r.Delivery, Text: r.Text, Warning: r.Warning, Language: r.Language,
		Visibility: r.Visibility, At: tx.Now(), CreatedAt: tx.Now(), Standing: delivery.Scheduled}
	_, err := tx.ExecContext(ctx, `INSERT INTO message (id, brand_id, channel_id, conversation_id, direction, parent_id, account_id, sent, post_id, delivery_id,
			text, warning, language, visibility, at, checked_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE, $8, $9, $10, $11, $12, $13, $14, $14, $14)`,
		m.ID, m.Brand, m.Channel, m.Conversation, m.Direction, m.Parent, m.Account, m.Post, m.Delivery, m.Text, m.Warning, m.Language, m.Visibility, m.At)
	if err != nil {
		return m, fmt.Errorf("conversation: say: %w", err)
	}
	if err := findable(ctx, tx, m); err != nil {
		return m, err
	}
	show(tx, m.Brand, m.Conversation)
	c := r.Conversation
	if c.State != StateNew {
		return m, nil
	}
	what := c.become(tx.Now(), Standing{State: StateOpen})
	if err := save(ctx, tx, &c); err != nil {
		return m, err
	}
	return m, tell(ctx, tx, c, what, r.Account, "")
}

// Sent notes that the first part of a reply is out, in the transaction that
// records it: this ends the wait. What was heard of it meanwhile, as if another
// program had written it, becomes the same message. A delivery that is no reply
// is passed over.
func Sent(ctx context.Context, tx *db.Tx, brandID, deliveryID string, ref network.Ref, url string, at db.Time) error {
	m, err := byDelivery(ctx, tx, brandID, deliveryID)
	if err != nil || m.ID == "" || m.Sent {
		return err
	}
	c, err := byID(ctx, tx, brandID, m.Conversation)
	if err != nil {
		return err
	}
	w := &work{Conversation: c, was: c, fresh: []fresh{{at: at, text: m.Text, account: m.Account}}, full: true}
	if err := w.unhear(ctx, tx, m, ref.ID); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE message SET sent = TRUE, remote_id = $3, ref = $4, url = $5, at = $6, checked_at = $7 WHERE brand_id = $1 AND id = $2`,
		brandID, m.ID, ref.ID, toJSON(ref), link(url), at, tx.Now())
	if err != nil {
		return fmt.Errorf("conversation: sent: %w", err)
	}
	t := &taker{tx: tx, src: Source{Brand: brandID, Channel: m.Channel}, known: map[string]*row{}, work: map[string]*work{}, below: map[string][]string{}, roots: map[string]string{}}
	if ref.ID != "" {
		ids, err := t.find(ctx, []string{ref.ID})
		if err != nil {
			return fmt.Errorf("conversation: sent: %w", err)
		}
		if err := t.fetch(ctx, ids); err != nil {
			return err
		}
	}
	t.work[w.ID] = w
	if err := t.adopt(ctx, w, ref.ID); err != nil {
		return err
	}
	return t.flush(ctx)
}

// unhear forgets an echo of the reply that came before its receipt.
func (w *work) unhear(ctx context.Context, tx *db.Tx, m Message, remoteID string) error {
	if remoteID == "" {
		return nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+messageColumns+` FROM message m WHERE m.channel_id = $1 AND m.remote_id = $2 AND m.remote_id <> '' AND m.id <> $3`,
		m.Channel, remoteID, m.ID)
	echoes, err := db.Collect(rows, err, func(r *sql.Rows) (Message, error) { return scanMessage(r) })
	if err != nil {
		return fmt.Errorf("conversation: sent: %w", err)
	}
	for _, e := range echoes {
		if _, err := tx.ExecContext(ctx, `DELETE FROM message WHERE brand_id = $1 AND id = $2`, e.Brand, e.ID); err != nil {
			return fmt.Errorf("conversation: sent: %w", err)
		}
		if err := search.Drop(ctx, tx, e.Brand, search.Message, e.ID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE period SET answered_by = $3 WHERE conversation_id = $1 AND answered_at = $2 AND answered_by = ''`,
			w.ID, e.At, m.Account); err != nil {
			return fmt.Errorf("conversation: sent: %w", err)
		}
		if e.Conversation != w.ID {
			if err := w.absorb(ctx, tx, e.Conversation); err != nil {
				return err
			}
		}
	}
	return nil
}

// absorb takes over a conversation that began with an echo.
func (w *work) absorb(ctx context.Context, tx *db.Tx, id string) error {
	other, err := byID(ctx, tx, w.Brand, id)
	if err != nil {
		return err
	}
	return join(ctx, tx, &work{Conversation: other, was: other}, w)
}

func byDelivery(ctx context.Context, q db.Queryer, brandID, deliveryID string) (Message, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+messageColumns+` FROM message m WHERE m.brand_id = $1 AND m.delivery_id = $2 AND m.delivery_id <> ''`, brandID, deliveryID)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Message, error) { return scanMessage(r) })
	if err != nil {
		return Message{}, fmt.Errorf("conversation: message of a delivery: %w", err)
	}
	if len(all) == 0 {
		return Message{}, nil
	}
	return all[0], nil
}

// OfDeliveries returns the messages that are replies by these deliveries, by
// the delivery. The caller has checked that they may be read.
func OfDeliveries(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Message, error) {
	out := map[string]Message{}
	for chunk := range slices.Chunk(ids, 500) {
		b := &query{args: []any{brandID}}
		rows, err := q.QueryContext(ctx, `SELECT `+messageColumns+` FROM message m WHERE m.brand_id = $1 AND m.delivery_id <> '' AND m.delivery_id IN (`+b.list(chunk)+`)`, b.args...)
		all, err := db.Collect(rows, err, func(r *sql.Rows) (Message, error) { return scanMessage(r) })
		if err != nil {
			return nil, fmt.Errorf("conversation: messages of deliveries: %w", err)
		}
		for _, m := range all {
			out[m.Delivery] = m
		}
	}
	return out, nil
}

package conversation

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/search"
)

// settle draws the conclusions from what is new in a conversation: its sums,
// its state and its clock.
func (w *work) settle(ctx context.Context, tx *db.Tx, past bool) error {
	slices.SortStableFunc(w.fresh, func(a, b fresh) int { return int(min(max(a.at-b.at, -1), 1)) })
	answeredUntil := w.LastOutAt
	for _, f := range w.fresh {
		w.add(f)
	}
	if w.full || w.rootless() {
		if err := w.recount(ctx, tx); err != nil {
			return err
		}
	}
	var told [][]any
	for _, f := range w.fresh {
		what, err := w.hear(ctx, tx, f, answeredUntil, past)
		if err != nil {
			return err
		}
		if what != "" {
			told = append(told, []any{db.NewID(), w.Brand, w.ID, tx.Now(), what, "", ""})
		}
	}
	if !past {
		what, err := w.seen(ctx, tx)
		if err != nil {
			return err
		}
		if what != "" {
			told = append(told, []any{db.NewID(), w.Brand, w.ID, tx.Now(), what, "", ""})
		}
	}
	if err := w.wait(ctx, tx); err != nil {
		return err
	}
	if err := tellAll(ctx, tx, told); err != nil {
		return err
	}
	return w.save(ctx, tx)
}

// add counts a new message.
func (w *work) add(f fresh) {
	w.Messages++
	w.LastAt = max(w.LastAt, f.at)
	if !f.in {
		w.LastOutAt = max(w.LastOutAt, f.at)
		return
	}
	if f.at >= w.LastInAt {
		w.Excerpt = excerpt(f.text)
	}
	w.LastInAt = max(w.LastInAt, f.at)
}

// rootless reports whether nobody from outside began it but somebody answers.
func (w *work) rootless() bool {
	return w.From.Person == "" && slices.ContainsFunc(w.fresh, func(f fresh) bool { return f.in })
}

// hear makes the state and the clock follow one new message, and returns what
// that is called, if it is anything. answeredUntil is when the brand had last
// spoken before: what is older than that needs nobody any more.
func (w *work) hear(ctx context.Context, tx *db.Tx, f fresh, answeredUntil db.Time, past bool) (what string, err error) {
	if !f.in {
		return "", w.speak(ctx, tx, f, past)
	}
	again := false
	switch {
	case w.State == StateQuiet:
		w.State, w.StateAt = StateNew, tx.Now()
	case (w.State == StateDone || w.State == StateSnoozed) && !past && f.at > answeredUntil:
		w.State, w.StateAt, w.SnoozedUntil = StateOpen, tx.Now(), 0
		what, again = "reopened", true
	}
	return what, w.open(ctx, tx, f.at, again, past)
}

func (w *work) speak(ctx context.Context, tx *db.Tx, f fresh, past bool) error {
	first, err := w.answered(ctx, tx, f.at, f.account)
	if err != nil || !first || past {
		return err
	}
	return w.record(ctx, tx, f.at, f.account)
}

// seen makes a new conversation that was answered with another program an open
// one: somebody of the team has seen it.
func (w *work) seen(ctx context.Context, tx *db.Tx) (what string, err error) {
	spoke := slices.ContainsFunc(w.fresh, func(f fresh) bool { return !f.in })
	if w.State != StateNew || w.LastOutAt == 0 || w.Revision > 1 && !spoke {
		return "", nil
	}
	p, err := lastPeriod(ctx, tx, w.ID)
	if err != nil || p.AnsweredAt == 0 {
		return "", err
	}
	w.State, w.StateAt = StateOpen, tx.Now()
	return "opened", nil
}

func (w *work) record(ctx context.Context, tx *db.Tx, at db.Time, by string) error {
	return activity.Record(ctx, tx, activity.Entry{Brand: w.Brand, Kind: "conversation.answered", Subject: w.ID, Actor: by, At: at})
}

// wait finds since when somebody waits. New questions after the last answer
// only add to it; anything else is looked up.
func (w *work) wait(ctx context.Context, tx *db.Tx) error {
	if w.full || w.LastOutAt != w.was.LastOutAt || w.State != w.was.State && w.was.State != StateQuiet || w.State == StateDone {
		return wait(ctx, tx, &w.Conversation)
	}
	for _, f := range w.fresh {
		if f.in && f.at > w.LastOutAt && (w.WaitingSince == 0 || f.at < w.WaitingSince) {
			w.WaitingSince = f.at
		}
	}
	return nil
}

// recount makes the sums anew from the messages.
func (w *work) recount(ctx context.Context, tx *db.Tx) error {
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MAX(at), 0),
			COALESCE(MAX(CASE WHEN direction = 'in' THEN at ELSE 0 END), 0), COALESCE(MAX(CASE WHEN direction = 'out' THEN at ELSE 0 END), 0)
		FROM message WHERE conversation_id = $1 AND sent`, w.ID).Scan(&w.Messages, &w.LastAt, &w.LastInAt, &w.LastOutAt)
	if err != nil {
		return fmt.Errorf("conversation: recount: %w", err)
	}
	if w.LastAt == 0 {
		w.LastAt = w.was.LastAt // everything in it was erased
	}
	var text string
	err = tx.QueryRowContext(ctx, `SELECT text FROM message WHERE conversation_id = $1 AND direction = 'in' AND removed_at = 0 AND erased_at = 0
		ORDER BY at DESC, id DESC LIMIT 1`, w.ID).Scan(&text)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("conversation: recount: %w", err)
	}
	w.Excerpt = excerpt(text)
	w.From.Person = ""
	err = tx.QueryRowContext(ctx, `SELECT person_id FROM message WHERE conversation_id = $1 AND direction = 'in'
		ORDER BY CASE WHEN remote_id = $2 THEN 0 ELSE 1 END, at, id LIMIT 1`, w.ID, w.Root).Scan(&w.From.Person)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("conversation: recount: %w", err)
	}
	return nil
}

// save writes what came from outside: no change of the team, so the revision
// stays.
func (w *work) save(ctx context.Context, tx *db.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE conversation SET kind = $3, delivery_id = $4, post_id = $5, person_id = $6, excerpt = $7, state = $8, state_at = $9,
			snoozed_until = $10, assignee_id = $11, messages = $12, last_at = $13, last_in_at = $14, last_out_at = $15, waiting_since = $16
		WHERE brand_id = $1 AND id = $2`, w.Brand, w.ID, w.Kind, w.Delivery, w.Post, w.From.Person, w.Excerpt, string(w.State), w.StateAt,
		w.SnoozedUntil, w.Assignee, w.Messages, w.LastAt, w.LastInAt, w.LastOutAt, w.WaitingSince)
	if err == nil && w.LastAt != w.was.LastAt {
		_, err = tx.ExecContext(ctx, `UPDATE conversation_label SET last_at = $2 WHERE conversation_id = $1`, w.ID, w.LastAt)
	}
	if err != nil {
		return fmt.Errorf("conversation: save: %w", err)
	}
	show(tx, w.Brand, w.ID)
	return nil
}

// join moves everything of one conversation into another, because it turned
// out to be an answer in it. Nothing the team did is lost: what either of them
// was open for, the other is.
func join(ctx context.Context, tx *db.Tx, from, into *work) error {
	for _, text := range []string{
		`UPDATE message SET conversation_id = $2 WHERE conversation_id = $1`,
		`UPDATE conversation_event SET conversation_id = $2 WHERE conversation_id = $1`,
		`INSERT INTO conversation_label (label_id, conversation_id, brand_id, last_at)
			SELECT label_id, $2, brand_id, last_at FROM conversation_label WHERE conversation_id = $1 ON CONFLICT (conversation_id, label_id) DO NOTHING`,
		`INSERT INTO note_mention (account_id, conversation_id, brand_id, at)
			SELECT account_id, $2, brand_id, at FROM note_mention WHERE conversation_id = $1 ON CONFLICT (account_id, conversation_id) DO NOTHING`,
		`INSERT INTO period (conversation_id, opened_at, brand_id, channel_id, answered_at, answered_by, closed_at)
			SELECT $2, opened_at, brand_id, channel_id, answered_at, answered_by, closed_at FROM period WHERE conversation_id = $1 AND closed_at > 0
			ON CONFLICT (conversation_id, opened_at) DO NOTHING`,
	} {
		if _, err := tx.ExecContext(ctx, text, from.ID, into.ID); err != nil {
			return fmt.Errorf("conversation: join: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE note SET subject = $3 WHERE brand_id = $1 AND subject = $2`, from.Brand, from.ID, into.ID); err != nil {
		return fmt.Errorf("conversation: join: %w", err)
	}
	if err := search.Move(ctx, tx, from.Brand, from.ID, into.ID); err != nil {
		return err
	}
	if err := joinClock(ctx, tx, from, into); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM conversation WHERE brand_id = $1 AND id = $2`, from.Brand, from.ID); err != nil {
		return fmt.Errorf("conversation: join: %w", err)
	}
	into.fresh, from.fresh, into.full = append(into.fresh, from.fresh...), nil, true
	into.LastAt = max(into.LastAt, from.LastAt)
	if into.Assignee == "" {
		into.Assignee = from.Assignee
	}
	if rank(from.State) > rank(into.State) {
		into.State, into.StateAt, into.SnoozedUntil = from.State, from.StateAt, from.SnoozedUntil
	}
	show(tx, from.Brand, from.ID)
	if from.Revision == 1 {
		return nil
	}
	return tell(ctx, tx, into.Conversation, "joined", "", "")
}

// rank orders the states by how much they ask for.
func rank(s State) int {
	return slices.Index([]State{StateQuiet, StateDone, StateSnoozed, StateNew, StateOpen}, s)
}

// joinClock makes one running period of two, and looks for its answer among
// the messages of both.
func joinClock(ctx context.Context, tx *db.Tx, from, into *work) error {
	p, err := lastPeriod(ctx, tx, from.ID)
	if err != nil {
		return err
	}
	if p.OpenedAt > 0 && p.ClosedAt == 0 {
		if err := into.open(ctx, tx, p.OpenedAt, false, true); err != nil {
			return err
		}
	}
	if p, err = lastPeriod(ctx, tx, into.ID); err != nil || p.OpenedAt == 0 || p.ClosedAt > 0 {
		return err
	}
	if err := answer(ctx, tx, into.ID, &p); err != nil {
		return err
	}
	return putPeriod(ctx, tx, into.Conversation, p)
}

const longestExcerpt = 200

// excerpt is the first line that says something, shortened.
func excerpt(text string) string {
	for line := range strings.Lines(text) {
		line = strings.Join(strings.Fields(line), " ")
		if r := []rune(line); len(r) > longestExcerpt {
			return strings.TrimSpace(string(r[:longestExcerpt-1])) + "…"
		}
		if line != "" {
			return line
		}
	}
	return ""
}

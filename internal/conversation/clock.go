package conversation

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"rapport/internal/db"
)

// The clock of a conversation: a period opens with the first message from
// outside, is answered by the first answer that people there can see, and
// closes when the team is done with it. What somebody writes after that opens
// another one, so that nobody's wait is counted from somebody else's question.

// keepClock makes the clock follow an act of the team. Done ends the wait;
// taking it back, or opening the conversation again without a new message, goes
// on with the same period.
func keepClock(ctx context.Context, tx *db.Tx, before Conversation, after *Conversation) error {
	switch {
	case after.State == StateDone && before.State != StateDone:
		after.WaitingSince = 0
		return closePeriod(ctx, tx, after.ID, tx.Now())
	case after.State != StateDone && before.State == StateDone:
		_, err := tx.ExecContext(ctx, `UPDATE period SET closed_at = 0 WHERE conversation_id = $1
			AND opened_at = (SELECT MAX(opened_at) FROM period WHERE conversation_id = $1)`, after.ID)
		if err != nil {
			return fmt.Errorf("conversation: clock: %w", err)
		}
		return wait(ctx, tx, after)
	}
	return nil
}

func closePeriod(ctx context.Context, tx *db.Tx, id string, at db.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE period SET closed_at = $2 WHERE conversation_id = $1 AND closed_at = 0`, id, at); err != nil {
		return fmt.Errorf("conversation: clock: %w", err)
	}
	return nil
}

func lastPeriod(ctx context.Context, tx *db.Tx, id string) (p Period, err error) {
	err = tx.QueryRowContext(ctx, `SELECT opened_at, answered_at, answered_by, closed_at FROM period
		WHERE conversation_id = $1 ORDER BY opened_at DESC LIMIT 1`, id).Scan(&p.OpenedAt, &p.AnsweredAt, &p.AnsweredBy, &p.ClosedAt)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("conversation: clock: %w", err)
	}
	return p, nil
}

// wait finds since when somebody waits, by the messages of the period.
func wait(ctx context.Context, tx *db.Tx, c *Conversation) error {
	c.WaitingSince = 0
	if c.State == StateDone || c.State == StateQuiet {
		return nil
	}
	p, err := lastPeriod(ctx, tx, c.ID)
	if err != nil || p.OpenedAt == 0 {
		return err
	}
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(MIN(at), 0) FROM message
		WHERE conversation_id = $1 AND at > $2 AND at >= $3 AND direction = 'in' AND removed_at = 0 AND erased_at = 0`, c.ID, c.LastOutAt, p.OpenedAt).Scan(&c.WaitingSince)
	if err != nil {
		return fmt.Errorf("conversation: clock: %w", err)
	}
	return nil
}

// answer finds the first answer since a period opened.
func answer(ctx context.Context, tx *db.Tx, id string, p *Period) error {
	p.AnsweredAt, p.AnsweredBy = 0, ""
	err := tx.QueryRowContext(ctx, `SELECT at, account_id FROM message
		WHERE conversation_id = $1 AND at >= $2 AND direction = 'out' AND sent ORDER BY at, id LIMIT 1`, id, p.OpenedAt).Scan(&p.AnsweredAt, &p.AnsweredBy)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("conversation: clock: %w", err)
	}
	return nil
}

func putPeriod(ctx context.Context, tx *db.Tx, c Conversation, p Period) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO period (conversation_id, opened_at, brand_id, channel_id, answered_at, answered_by, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (conversation_id, opened_at) DO UPDATE SET answered_at = excluded.answered_at, answered_by = excluded.answered_by, closed_at = excluded.closed_at`,
		c.ID, p.OpenedAt, c.Brand, c.Channel, p.AnsweredAt, p.AnsweredBy, p.ClosedAt)
	if err != nil {
		return fmt.Errorf("conversation: clock: %w", err)
	}
	return nil
}

// open opens a period at a message, or opens the running one earlier. again
// says that what is over begins anew.
func (w *work) open(ctx context.Context, tx *db.Tx, at db.Time, again, past bool) error {
	p, err := lastPeriod(ctx, tx, w.ID)
	if err != nil {
		return err
	}
	running := p.OpenedAt > 0 && p.ClosedAt == 0
	switch {
	case running && again && p.AnsweredAt > 0:
		// It was put off after an answer: what comes now is another question.
		if err := closePeriod(ctx, tx, w.ID, tx.Now()); err != nil {
			return err
		}
	case running && at >= p.OpenedAt, p.ClosedAt > 0 && !again:
		return nil
	case running:
		dropped, err := dropLater(ctx, tx, w.ID, p.OpenedAt, at)
		if err != nil || !dropped {
			return err
		}
		p.OpenedAt = 0
	}
	next := Period{OpenedAt: max(at, p.OpenedAt+1)}
	if err := answer(ctx, tx, w.ID, &next); err != nil {
		return err
	}
	if next.AnsweredAt > 0 && p.AnsweredAt == 0 && !past {
		if err := w.record(ctx, tx, next.AnsweredAt, next.AnsweredBy); err != nil {
			return err
		}
	}
	return putPeriod(ctx, tx, w.Conversation, next)
}

// dropLater drops the running period, so that it can begin earlier, unless
// that would be within one that is over.
func dropLater(ctx context.Context, tx *db.Tx, id string, opened, at db.Time) (dropped bool, err error) {
	res, err := tx.ExecContext(ctx, `DELETE FROM period WHERE conversation_id = $1 AND opened_at = $2
		AND NOT EXISTS (SELECT 1 FROM period o WHERE o.conversation_id = $1 AND o.closed_at >= $3)`, id, opened, at)
	if err != nil {
		return false, fmt.Errorf("conversation: clock: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// answered marks the period that an answer at that time falls into, and
// reports whether it is the first.
func (w *work) answered(ctx context.Context, tx *db.Tx, at db.Time, by string) (first bool, err error) {
	res, err := tx.ExecContext(ctx, `UPDATE period SET answered_at = $3, answered_by = $4
		WHERE conversation_id = $1 AND (answered_at = 0 OR answered_at > $3)
			AND opened_at = (SELECT MAX(opened_at) FROM period WHERE conversation_id = $1 AND opened_at <= $2)`, w.ID, at, at, by)
	if err != nil {
		return false, fmt.Errorf("conversation: clock: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

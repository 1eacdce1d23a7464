package topic

import (
	"context"
	"errors"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/outbox"
	"rapport/internal/search"
	"rapport/internal/space"
)

// Accept marks a reply as the answer to a question, or takes that back. Who
// asked may, and who looks after the space.
func Accept(ctx context.Context, d *db.DB, v member.Voice, replyID string, accept bool) (Topic, error) {
	var t Topic
	err := d.Tx(ctx, func(tx *db.Tx) error {
		s, was, r, err := whole(ctx, tx, v, replyID)
		if err == nil {
			err = mayAccept(tx.Now(), v, s, was, r)
		}
		if t = was; err != nil || accept == (t.Answer == r.ID) {
			return err
		}
		before := t.Answer
		if t.Answer, t.SolvedAt = "", 0; accept {
			t.Answer, t.SolvedAt = r.ID, tx.Now()
		}
		_, err = tx.ExecContext(ctx, `UPDATE topic SET answer_id = $3, solved_at = $4 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID, t.Answer, t.SolvedAt)
		if err != nil {
			return fmt.Errorf("topic: accept: %w", err)
		}
		show(tx, t)
		return errors.Join(credit(ctx, tx, t.Brand, before, -1), credit(ctx, tx, t.Brand, t.Answer, 1), refile(ctx, tx, t), t.tellAccepted(ctx, tx, v, r, accept))
	})
	return t, err
}

func mayAccept(now db.Time, v member.Voice, s space.Space, t Topic, r Reply) error {
	if err := v.Speaks(now); err != nil {
		return err
	}
	switch {
	case s.Kind != space.Questions:
		return fault.New(fault.Invalid, "Only a question has an accepted answer.")
	case r.Number <= 1:
		return fault.New(fault.Invalid, "The question itself cannot be its answer.")
	case r.State != Live || t.State != Live:
		return fault.New(fault.Conflict, "This reply cannot be read by everybody.")
	case t.Author != v.Member.ID && !v.Moderates(now, s.ID):
		return fault.New(fault.Denied, "Only who asked can accept an answer.")
	}
	return nil
}

// credit counts an accepted answer for its author.
func credit(ctx context.Context, tx *db.Tx, brandID, replyID string, by int64) error {
	if replyID == "" {
		return nil
	}
	r, err := ReplyByID(ctx, tx, brandID, replyID)
	if err != nil {
		return err
	}
	return member.Count(ctx, tx, brandID, r.Author, 0, by)
}

func refile(ctx context.Context, tx *db.Tx, t Topic) error {
	return search.Refile(ctx, tx, t.Brand, t.ID, t.Space, t.Answer != "")
}

func (t Topic) tellAccepted(ctx context.Context, tx *db.Tx, v member.Voice, r Reply, accept bool) error {
	if !accept {
		return activity.Record(ctx, tx, activity.Entry{Brand: t.Brand, Kind: "topic.unsolved", Subject: t.ID, Actor: v.Member.Person, Topic: t.ID})
	}
	return errors.Join(
		activity.Record(ctx, tx, activity.Entry{Brand: t.Brand, Kind: "topic.solved", Subject: t.ID, Actor: v.Member.Person, Topic: t.ID}),
		outbox.Add(ctx, tx, outbox.Event{Brand: t.Brand, Kind: "topic.solved", Subject: r.ID, Data: Solved{v.Member.ID}}))
}

// Solved is the data of the event topic.solved, whose subject is the answer.
type Solved struct {
	Member string `json:"member"` // who accepted it
}

// Close ends a topic, or opens it again: nobody but the team can reply in it.
func Close(ctx context.Context, d *db.DB, v member.Voice, topicID string, shut bool) error {
	return manage(ctx, d, v, topicID, func(tx *db.Tx, _ space.Space, t *Topic) (string, error) {
		if shut == (t.ClosedAt > 0) {
			return "", nil
		}
		if t.ClosedAt = 0; shut {
			t.ClosedAt = tx.Now()
			return "topic.closed", nil
		}
		return "topic.opened", nil
	})
}

// Pin puts a topic at the head of its space, or lets it go.
func Pin(ctx context.Context, d *db.DB, v member.Voice, topicID string, pin bool) error {
	return manage(ctx, d, v, topicID, func(tx *db.Tx, _ space.Space, t *Topic) (string, error) {
		if pin == (t.PinnedAt > 0) {
			return "", nil
		}
		if t.PinnedAt = 0; pin {
			t.PinnedAt = tx.Now()
			return "topic.pinned", nil
		}
		return "topic.unpinned", nil
	})
}

// Move puts a topic into another space. Who moves it looks after both. An
// accepted answer stays accepted where questions are asked, and nowhere else.
func Move(ctx context.Context, d *db.DB, v member.Voice, topicID, spaceID string) error {
	return manage(ctx, d, v, topicID, func(tx *db.Tx, from space.Space, t *Topic) (string, error) {
		to, err := space.ByID(ctx, tx, v.Brand, spaceID)
		if err != nil {
			return "", err
		}
		if err := v.Who.May(tx.Now(), v.Brand, access.TopicModerate, to.ID); err != nil {
			return "", err
		}
		if to.ID == from.ID {
			return "", nil
		}
		if t.Answer != "" && to.Kind != space.Questions {
			unsolved := activity.Entry{Brand: t.Brand, Kind: "topic.unsolved", Subject: t.ID, Topic: t.ID}
			if err := errors.Join(credit(ctx, tx, t.Brand, t.Answer, -1), activity.Record(ctx, tx, unsolved)); err != nil {
				return "", err
			}
			t.Answer, t.SolvedAt = "", 0
		}
		moved := activity.Entry{Brand: t.Brand, Kind: "topic.moved", Subject: t.ID, Topic: t.ID, Value: asks(to)}
		if err := activity.Record(ctx, tx, moved); err != nil {
			return "", err
		}
		opening, err := ReplyByNumber(ctx, tx, t.Brand, t.ID, 1)
		if err == nil {
			err = outbox.Add(ctx, tx, outbox.Event{Brand: t.Brand, Kind: "topic.moved", Subject: opening.ID})
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return "", err
		}
		t.Space, t.PinnedAt = to.ID, 0
		_, err = tx.ExecContext(ctx, `UPDATE reply SET space_id = $3 WHERE brand_id = $1 AND topic_id = $2`, t.Brand, t.ID, to.ID)
		if t.State == Live {
			err = errors.Join(err, space.Count(ctx, tx, t.Brand, from.ID, -1, 0), space.Count(ctx, tx, t.Brand, to.ID, 1, t.LastAt))
		}
		return "topic.moved", err
	})
}

// manage changes a topic for who looks after its space. change returns what the
// step is called, "" where nothing changes.
func manage(ctx context.Context, d *db.DB, v member.Voice, topicID string, change func(*db.Tx, space.Space, *Topic) (string, error)) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		s, t, err := readable(ctx, tx, v, topicID)
		if err == nil {
			err = v.Who.May(tx.Now(), v.Brand, access.TopicModerate, s.ID)
		}
		if err != nil {
			return err
		}
		act, err := change(tx, s, &t)
		if err != nil || act == "" {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE topic SET space_id = $3, closed_at = $4, pinned_at = $5, answer_id = $6, solved_at = $7 WHERE brand_id = $1 AND id = $2`,
			t.Brand, t.ID, t.Space, t.ClosedAt, t.PinnedAt, t.Answer, t.SolvedAt)
		if err != nil {
			return fmt.Errorf("topic: manage: %w", err)
		}
		if t.Space != s.ID {
			if err := refile(ctx, tx, t); err != nil {
				return err
			}
		}
		show(tx, t)
		return audit.Record(ctx, tx, v.Who, audit.Entry{Brand: t.Brand, Act: act, Subject: t.ID, Detail: map[string]string{"title": t.Title}})
	})
}

package topic

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/outbox"
	"rapport/internal/search"
	"rapport/internal/space"
)

// Edit is what somebody changes in a reply of theirs.
type Edit struct {
	Revision int64  // that they saw
	Title    string // of an opening; "" leaves it
	Text     string
}

// Change changes the author's own words. What was there stays to be read by
// whoever may read the reply. What would wait for a look when it is written waits
// here too, unless others have gone on from what could be read: then it is
// refused, because it would take away what they answered, and their answers with
// an opening.
func Change(ctx context.Context, d *db.DB, v member.Voice, replyID string, e Edit) (Said, error) {
	var out Said
	err := d.Tx(ctx, func(tx *db.Tx) error {
		s, t, r, err := whole(ctx, tx, v, replyID)
		if err == nil {
			err = mayChange(tx.Now(), v, s, t, r)
		}
		if err == nil {
			err = document.Agreed(ctx, tx, v)
		}
		if err != nil {
			return err
		}
		if r.Revision != e.Revision {
			return fault.New(fault.Conflict, "This was changed in another window. Your text is kept here: copy it, look again, then change it.")
		}
		out, err = e.apply(ctx, tx, v, s, t, r)
		return err
	})
	return out, err
}

func mayChange(now db.Time, v member.Voice, s space.Space, t Topic, r Reply) error {
	if err := v.Speaks(now); err != nil {
		return err
	}
	switch {
	case r.Author != v.Member.ID:
		return fault.New(fault.Denied, "Only who wrote this can change it.")
	case r.State != Live && r.State != Waiting:
		return fault.New(fault.Conflict, "This can no longer be changed.")
	case (t.ClosedAt > 0 || s.ClosedAt > 0) && !v.Moderates(now, s.ID):
		return fault.New(fault.Denied, "This topic is closed. Nothing in it can be changed.")
	}
	return nil
}

func (e Edit) apply(ctx context.Context, tx *db.Tx, v member.Voice, s space.Space, t Topic, r Reply) (Said, error) {
	title := t.Title
	var err error
	if r.Number == 1 && e.Title != "" {
		title, err = titled(e.Title)
	}
	if err := together(err, markdown.Check(e.Text)); err != nil {
		return Said{}, err
	}
	if title == t.Title && e.Text == r.Text {
		return Said{t, r}, nil
	}
	if r.Number != 1 {
		title = ""
	}
	w, err := voice{v}.write(ctx, tx, title, e.Text)
	if err != nil {
		return Said{}, err
	}
	if r.State == Live && w.state == Waiting {
		if err := t.standsAlone(ctx, tx, r, w.linked); err != nil {
			return Said{}, err
		}
	}
	was, before := r, t
	r.Text, r.HTML, r.EditedAt, r.Revision = w.text, w.html, tx.Now(), r.Revision+1
	if r.Number == 1 {
		t.Title, t.Slug, t.Excerpt = title, space.Slug(title), markdown.Excerpt(w.plain, excerptMost)
	}
	// The row is written first: who changes it at the same time begins again.
	if err := saveText(ctx, tx, r); err != nil {
		return Said{}, err
	}
	if err := errors.Join(keep(ctx, tx, before, was), saveTitle(ctx, tx, t)); err != nil {
		return Said{}, err
	}
	if r.State == Live && w.state == Waiting {
		if t, r, err = conceal(ctx, tx, t, r, Waiting); err != nil {
			return Said{}, err
		}
		return Said{t, r}, waits(ctx, tx, t, r)
	}
	if was.State != Live {
		return Said{t, r}, waits(ctx, tx, t, r) // for a look at other words than before
	}
	showReply(tx, t, r)
	return Said{t, r}, errors.Join(findable(ctx, tx, t, r, w.plain),
		outbox.Add(ctx, tx, outbox.Event{Brand: t.Brand, Kind: "reply.changed", Subject: r.ID, Data: Appeared{w.mentioned}}))
}

// standsAlone refuses to take a reply from everybody's eyes that others have gone
// on from: somebody else has written after it, or it is the accepted answer.
func (t Topic) standsAlone(ctx context.Context, tx *db.Tx, r Reply, linked bool) error {
	after := t.Answer == r.ID
	if !after {
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM reply WHERE topic_id = $1 AND number > $2 AND state = 'live' AND author_id <> $3)`, t.ID, r.Number, r.Author).Scan(&after)
		if err != nil {
			return fmt.Errorf("topic: who went on: %w", err)
		}
	}
	switch {
	case !after:
		return nil
	case linked:
		return fault.New(fault.Denied, "Links of newcomers wait for a look, and others have answered here already. Write it in a reply, or ask the team.")
	}
	return fault.New(fault.Denied, "What you change would wait for a look, and others have answered here already. Write it in a reply, or ask the team.")
}

// keep puts what a reply says now among what it once said.
func keep(ctx context.Context, tx *db.Tx, t Topic, r Reply) error {
	title, at := "", r.EditedAt
	if r.Number == 1 {
		title = t.Title
	}
	if at == 0 {
		at = r.CreatedAt
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO revision (reply_id, number, brand_id, title, text, by_id, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.ID, r.Revision, r.Brand, title, r.Text, r.Author, at)
	if err != nil {
		return fmt.Errorf("topic: keep what was said: %w", err)
	}
	return nil
}

func saveText(ctx context.Context, tx *db.Tx, r Reply) error {
	_, err := tx.ExecContext(ctx, `UPDATE reply SET text = $3, html = $4, edited_at = $5, revision = $6 WHERE brand_id = $1 AND id = $2`,
		r.Brand, r.ID, r.Text, r.HTML, r.EditedAt, r.Revision)
	if err != nil {
		return fmt.Errorf("topic: save a reply: %w", err)
	}
	return nil
}

func saveTitle(ctx context.Context, tx *db.Tx, t Topic) error {
	_, err := tx.ExecContext(ctx, `UPDATE topic SET title = $3, slug = $4, excerpt = $5 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID, t.Title, t.Slug, t.Excerpt)
	if err != nil {
		return fmt.Errorf("topic: save: %w", err)
	}
	return nil
}

// Version is what a reply said until it was changed, or says now.
type Version struct {
	Number int64 // from 1
	Title  string
	Text   string
	At     db.Time // when it was written
}

// Versions returns all that a reply has said, the first first, for whoever may
// read it.
func Versions(ctx context.Context, q db.Queryer, v member.Voice, replyID string) (Said, []Version, error) {
	_, t, r, err := whole(ctx, q, v, replyID)
	if err != nil {
		return Said{}, nil, err
	}
	rows, err := q.QueryContext(ctx, `SELECT number, title, text, at FROM revision WHERE reply_id = $1 ORDER BY number`, replyID)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (o Version, err error) {
		err = r.Scan(&o.Number, &o.Title, &o.Text, &o.At)
		return o, err
	})
	if err != nil {
		return Said{}, nil, fmt.Errorf("topic: versions: %w", err)
	}
	now := Version{Number: r.Revision, Text: r.Text, At: max(r.EditedAt, r.CreatedAt)}
	if r.Number == 1 {
		now.Title = t.Title
	}
	return Said{t, r}, append(all, now), nil
}

// Withdraw takes the author's own words back. A topic that others have
// answered stays.
func Withdraw(ctx context.Context, d *db.DB, v member.Voice, replyID string) (Said, error) {
	var out Said
	err := d.Tx(ctx, func(tx *db.Tx) error {
		s, t, r, err := whole(ctx, tx, v, replyID)
		switch {
		case err != nil:
			return err
		case r.State == Withdrawn:
			out = Said{t, r}
			return nil
		case r.Number == 1 && t.Replies > 0:
			return fault.New(fault.Conflict, "Others have answered: the topic stays. You can change what you wrote.")
		}
		if err := mayChange(tx.Now(), v, s, t, r); err != nil {
			return err
		}
		if r.State == Live {
			t, r, err = conceal(ctx, tx, t, r, Withdrawn)
		} else {
			t, r, err = turn(ctx, tx, t, r, Withdrawn)
		}
		out = Said{t, r}
		if err != nil {
			return err
		}
		return outbox.Add(ctx, tx, outbox.Event{Brand: t.Brand, Kind: "reply.withdrawn", Subject: r.ID})
	})
	return out, err
}

// Return brings back what its author withdrew. What nobody has looked at waits
// again, and what would wait if it were written now.
func Return(ctx context.Context, d *db.DB, v member.Voice, replyID string) (Said, error) {
	var out Said
	err := d.Tx(ctx, func(tx *db.Tx) error {
		_, t, r, err := whole(ctx, tx, v, replyID)
		if err != nil {
			return err
		}
		if err := v.Speaks(tx.Now()); err != nil {
			return err
		}
		if r.State != Withdrawn || r.Author != v.Member.ID {
			return fault.New(fault.Conflict, "This was not taken back, or not by you.")
		}
		if err := document.Agreed(ctx, tx, v); err != nil {
			return err
		}
		t, r, err = comeBack(ctx, tx, v, t, r)
		out = Said{t, r}
		return err
	})
	return out, err
}

func comeBack(ctx context.Context, tx *db.Tx, v member.Voice, t Topic, r Reply) (Topic, Reply, error) {
	if t.unread(r) {
		return turn(ctx, tx, t, r, Waiting)
	}
	title := ""
	if r.Number == 1 {
		title = t.Title
	}
	w, err := voice{v}.judge(ctx, tx, title, r.Text)
	if err != nil {
		return t, r, err
	}
	if w.state == Live {
		return reveal(ctx, tx, t, r)
	}
	if t, r, err = turn(ctx, tx, t, r, Waiting); err != nil {
		return t, r, err
	}
	return t, r, waits(ctx, tx, t, r)
}

// turn gives a reply another state, and with an opening its topic.
func turn(ctx context.Context, tx *db.Tx, t Topic, r Reply, to State) (Topic, Reply, error) {
	r.State = to
	_, err := tx.ExecContext(ctx, `UPDATE reply SET state = $3, number = $4, at = $5 WHERE brand_id = $1 AND id = $2`, r.Brand, r.ID, to, r.Number, r.At)
	if err == nil && r.Number == 1 {
		t.State = to
		_, err = tx.ExecContext(ctx, `UPDATE topic SET state = $3 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID, to)
	}
	if err != nil {
		return t, r, fmt.Errorf("topic: turn a reply %s: %w", to, err)
	}
	showReply(tx, t, r)
	return t, r, nil
}

// conceal takes from everybody's eyes what could be read.
func conceal(ctx context.Context, tx *db.Tx, t Topic, r Reply, to State) (Topic, Reply, error) {
	t, r, err := turn(ctx, tx, t, r, to)
	if err == nil && to != Erased { // who erases their words was there all the same
		err = noted(ctx, tx, t, r, "reply.concealed")
	}
	if err != nil {
		return t, r, err
	}
	if r.Number == 1 {
		err = errors.Join(space.Count(ctx, tx, t.Brand, t.Space, -1, 0), dropAll(ctx, tx, t))
	} else {
		t.Replies, t.Heat = t.Replies-1, t.Heat-1-r.Reactions.Total()
		_, err = tx.ExecContext(ctx, `UPDATE topic SET replies = $3, heat = $4 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID, t.Replies, t.Heat)
		err = errors.Join(err, search.Drop(ctx, tx, t.Brand, search.Reply, r.ID))
		if err == nil {
			t, err = t.settle(ctx, tx)
		}
	}
	if err == nil && t.Answer == r.ID {
		t, err = unsolve(ctx, tx, t)
	}
	if err != nil {
		return t, r, fmt.Errorf("topic: conceal: %w", err)
	}
	return t, r, member.Count(ctx, tx, t.Brand, r.Author, -1, 0)
}

// noted tells the log of activity what became of a reply that was read before.
func noted(ctx context.Context, tx *db.Tx, t Topic, r Reply, kind string) error {
	return activity.Record(ctx, tx, activity.Entry{Brand: t.Brand, Kind: kind, Subject: r.ID, Member: r.Author, Topic: t.ID})
}

// settle finds anew who said the last word that can be read, and when somebody
// else first answered.
func (t Topic) settle(ctx context.Context, tx *db.Tx) (Topic, error) {
	err := tx.QueryRowContext(ctx, `SELECT COALESCE(MIN(at), 0) FROM reply WHERE topic_id = $1 AND state = 'live' AND number > 1 AND author_id <> $2`, t.ID, t.Author).Scan(&t.AnsweredAt)
	if err == nil {
		err = tx.QueryRowContext(ctx, `SELECT at, author_id FROM reply WHERE topic_id = $1 AND number > 0 AND (state = 'live' OR number = 1) ORDER BY number DESC LIMIT 1`, t.ID).
			Scan(&t.LastAt, &t.LastBy)
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `UPDATE topic SET answered_at = $3, last_at = $4, last_by = $5 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID, t.AnsweredAt, t.LastAt, t.LastBy)
	}
	if err != nil {
		return t, fmt.Errorf("topic: settle: %w", err)
	}
	return t, nil
}

// unsolve takes an answer away that nobody can read any more.
func unsolve(ctx context.Context, tx *db.Tx, t Topic) (Topic, error) {
	err := credit(ctx, tx, t.Brand, t.Answer, -1)
	t.Answer, t.SolvedAt = "", 0
	if err == nil {
		_, err = tx.ExecContext(ctx, `UPDATE topic SET answer_id = '', solved_at = 0 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID)
	}
	if err == nil {
		err = activity.Record(ctx, tx, activity.Entry{Brand: t.Brand, Kind: "topic.unsolved", Subject: t.ID, Topic: t.ID})
	}
	if err != nil {
		return t, err
	}
	return t, refile(ctx, tx, t)
}

// reveal brings before everybody's eyes again what was there before, without
// telling of it anew.
func reveal(ctx context.Context, tx *db.Tx, t Topic, r Reply) (Topic, Reply, error) {
	t, r, err := turn(ctx, tx, t, r, Live)
	if err == nil {
		err = noted(ctx, tx, t, r, "reply.revealed")
	}
	if err != nil {
		return t, r, err
	}
	if r.Number == 1 {
		err = errors.Join(space.Count(ctx, tx, t.Brand, t.Space, 1, r.At), findAll(ctx, tx, t))
	} else {
		t.Replies, t.Heat = t.Replies+1, t.Heat+1+r.Reactions.Total()
		_, err = tx.ExecContext(ctx, `UPDATE topic SET replies = $3, heat = $4 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID, t.Replies, t.Heat)
		if err == nil {
			err = findable(ctx, tx, t, r, plain(r))
		}
		if err == nil {
			t, err = t.settle(ctx, tx)
		}
	}
	if err != nil {
		return t, r, fmt.Errorf("topic: reveal: %w", err)
	}
	return t, r, member.Count(ctx, tx, t.Brand, r.Author, 1, 0)
}

func plain(r Reply) string { return markdown.Render(r.Text, markdown.Options{}).Plain }

// dropAll makes nothing of a topic found.
func dropAll(ctx context.Context, tx *db.Tx, t Topic) error {
	rows, err := tx.QueryContext(ctx, `SELECT id FROM reply WHERE topic_id = $1`, t.ID)
	ids, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	})
	if err != nil {
		return err
	}
	return search.Drop(ctx, tx, t.Brand, search.Reply, ids...)
}

// findAll makes what can be read of a topic found again.
func findAll(ctx context.Context, tx *db.Tx, t Topic) error {
	rows, err := tx.QueryContext(ctx, `SELECT `+replyColumns+` FROM reply r WHERE r.topic_id = $1 AND r.state = 'live' ORDER BY r.number`, t.ID)
	all, err := db.Collect(rows, err, func(rows *sql.Rows) (r Reply, err error) {
		err = rows.Scan(r.fields()...)
		return r, err
	})
	for _, r := range all {
		if err == nil {
			err = findable(ctx, tx, t, r, plain(r))
		}
	}
	return err
}

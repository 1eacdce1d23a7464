package notice

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"rapport/internal/db"
)

// News is one thing that members are told.
//
// What is told of with one subject grows into one notice while that is unread.
// Mark says what it tells of: what the same member was told of before is no
// news, however often it is told. The subject is a topic of Replied, Begun and
// Announced and of Answered to a topic; a reply of the others; the member of
// Door; and of Pictured the line of the log that says why. The mark is the number of the reply where it is somebody else's, and
// else the time of what happened, in milliseconds.
type News struct {
	Brand   string
	Kind    Kind
	Subject string
	Topic   string
	Reply   string
	Answers int64  // of Answered to a reply: the number of that; 0 else
	Detail  string // of Decided the decision, of Pictured the line of the log, of Door the state, of Accepted and Solved who accepted
	Mark    int64
}

// Told is a member who was told just now and wants a letter at once.
type Told struct {
	Member string
	Notice string
}

// standing are the states of members who are told of what is said.
const standing = `m.state IN ('active', 'suspended')`

// Tell tells members in the caller's transaction, at most 500, and returns
// those of them who want a letter: who has an unread notice of the same has had
// one. Members who may not read what is for members only, and those who were
// told before, are passed over; who it is meant for, and who muted it, is the
// caller's to know.
func Tell(ctx context.Context, tx *db.Tx, n News, members []string) ([]Told, error) {
	if len(members) == 0 {
		return nil, nil
	}
	listeners, err := listening(ctx, tx, n, members)
	if err != nil || len(listeners) == 0 {
		return nil, err
	}
	var rows [][]any
	var letters []Told
	for _, l := range listeners {
		id := db.NewID()
		if rows = append(rows, []any{id, n.Brand, l.member, n.Kind, n.Subject, n.Topic, n.Reply, n.Answers, n.Detail, n.Mark, l.Shown, l.Digest, tx.Now()}); l.Mail && !l.unread {
			letters = append(letters, Told{l.member, id})
		}
	}
	err = db.Many(ctx, tx, `INSERT INTO notice (id, brand_id, member_id, kind, subject, topic_id, reply_id, answers, detail, low, high, shown, digest, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13)
		ON CONFLICT (member_id, kind, subject) WHERE read_at = 0 DO UPDATE SET
			detail = CASE WHEN excluded.high > notice.high THEN excluded.detail ELSE notice.detail END,
			low = CASE WHEN excluded.low < notice.low THEN excluded.low ELSE notice.low END,
			high = CASE WHEN excluded.high > notice.high THEN excluded.high ELSE notice.high END,
			shown = notice.shown OR excluded.shown, digest = notice.digest OR excluded.digest, at = excluded.at`, rows)
	if err != nil {
		return nil, fmt.Errorf("notice: tell: %w", err)
	}
	told := make([]string, len(listeners))
	for i, l := range listeners {
		told[i] = l.member
	}
	Show(tx, n.Brand, told...)
	return letters, nil
}

// Signal is how open pages of members are told that their notices changed, with
// "brand member member …" as its payload.
const Signal = "notice"

// shownAtOnce is how many members one signal names: PostgreSQL carries 8,000
// bytes.
const shownAtOnce = 150

// Show tells the open pages of the members, when the transaction commits.
func Show(tx *db.Tx, brandID string, members ...string) {
	for some := range slices.Chunk(members, shownAtOnce) {
		tx.Notify(Signal, brandID+" "+strings.Join(some, " "))
	}
}

// listener is a member who is told, and where.
type listener struct {
	member string
	unread bool // they have an unread notice of the same
	Choice
}

func listening(ctx context.Context, q db.Queryer, n News, members []string) ([]listener, error) {
	row, _ := n.Kind.row()
	state := standing
	if n.Kind == Door {
		state = `m.state <> 'left'`
	}
	args := []any{n.Brand, row.Kind, n.Kind, n.Subject, n.Mark, row.Usual.Shown, row.Usual.Mail, row.Usual.Digest}
	for _, id := range members {
		args = append(args, id)
	}
	rows, err := q.QueryContext(ctx, `SELECT m.id, COALESCE(c.shown, $6), COALESCE(c.mail, $7), COALESCE(c.digest, $8),
			EXISTS (SELECT 1 FROM notice u WHERE u.member_id = m.id AND u.kind = $3 AND u.subject = $4 AND u.read_at = 0)
		FROM member m LEFT JOIN notice_choice c ON c.member_id = m.id AND c.kind = $2
		WHERE m.brand_id || '' = $1 AND m.id IN (`+db.In(9, len(members))+`) AND `+state+`
			AND NOT EXISTS (SELECT 1 FROM notice o WHERE o.member_id = m.id AND o.kind = $3 AND o.subject = $4 AND o.low <= $5 AND o.high >= $5)
		ORDER BY m.id`, args...)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (l listener, err error) {
		err = r.Scan(&l.member, &l.Shown, &l.Mail, &l.Digest, &l.unread)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("notice: who listens: %w", err)
	}
	return out, nil
}

package topic

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/space"
)

// Level is how somebody follows a topic or a space.
type Level string

// The levels.
const (
	Watch Level = "watch" // told of every new word
	Usual Level = ""      // told of what concerns them
	Mute  Level = "mute"  // told of nothing
)

// Follow sets how the member follows a topic or a space, by its id.
func Follow(ctx context.Context, d *db.DB, v member.Voice, subject string, l Level) error {
	if !slices.Contains([]Level{Watch, Usual, Mute}, l) {
		return fault.OnField("level", "Choose watch, mute or neither.")
	}
	return d.Tx(ctx, func(tx *db.Tx) error {
		if v.Member.ID == "" {
			return v.Speaks(tx.Now())
		}
		if err := followable(ctx, tx, v, subject); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO watch (member_id, subject, brand_id, level, because, at) VALUES ($1, $2, $3, $4, 'chosen', $5)
			ON CONFLICT (member_id, subject) DO UPDATE SET level = excluded.level, because = 'chosen', at = excluded.at`, v.Member.ID, subject, v.Brand, l, tx.Now())
		if err != nil {
			return fmt.Errorf("topic: follow: %w", err)
		}
		return nil
	})
}

func followable(ctx context.Context, q db.Queryer, v member.Voice, subject string) error {
	_, _, err := readable(ctx, q, v, subject)
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	s, err := space.ByID(ctx, q, v.Brand, subject)
	if err == nil && s.Hidden && !v.Inside(q.Now()) {
		err = space.Missing()
	}
	return err
}

// follow makes who speaks in a topic follow it, unless they have chosen
// otherwise, and notes that they have read as far as they wrote.
func follow(ctx context.Context, tx *db.Tx, t Topic, r Reply) error {
	because := "replied"
	if r.Number == 1 {
		because = "began"
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO watch (member_id, subject, brand_id, level, because, seen, at) VALUES ($1, $2, $3, 'watch', $4, $5, $6)
		ON CONFLICT (member_id, subject) DO UPDATE SET seen = excluded.seen, level = CASE WHEN watch.because = '' THEN 'watch' ELSE watch.level END,
			because = CASE WHEN watch.because = '' THEN excluded.because ELSE watch.because END`,
		r.Author, t.ID, t.Brand, because, r.Number, r.At)
	if err != nil {
		return fmt.Errorf("topic: follow: %w", err)
	}
	return nil
}

// Following is how a member follows a topic, and how far they have read.
type Following struct {
	Level Level
	Seen  int64 // number of the last reply read; 0: they were never here
}

// FollowingOf returns how the member follows each of the subjects.
func FollowingOf(ctx context.Context, q db.Queryer, v member.Voice, subjects []string) (map[string]Following, error) {
	out := map[string]Following{}
	if v.Member.ID == "" || len(subjects) == 0 {
		return out, nil
	}
	args := []any{v.Member.ID}
	for _, id := range subjects {
		args = append(args, id)
	}
	rows, err := q.QueryContext(ctx, `SELECT subject, level, seen FROM watch WHERE member_id = $1 AND subject IN (`+db.In(2, len(subjects))+`)`, args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id string
		var f Following
		err := r.Scan(&id, &f.Level, &f.Seen)
		out[id] = f
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("topic: following: %w", err)
	}
	return out, nil
}

// Seen notes how far the member has read a topic. It writes only where that is
// farther than before.
func Seen(ctx context.Context, d *db.DB, v member.Voice, t Topic, number, before int64) error {
	if v.Member.ID == "" || number <= before {
		return nil
	}
	_, err := d.ExecContext(ctx, `INSERT INTO watch (member_id, subject, brand_id, seen, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (member_id, subject) DO UPDATE SET seen = excluded.seen WHERE watch.seen < excluded.seen`, v.Member.ID, t.ID, t.Brand, number, d.Now())
	if err != nil {
		return fmt.Errorf("topic: seen: %w", err)
	}
	return nil
}

// Watchers returns those who are told of every new word in a topic: who follow
// it, or its space without muting it.
func Watchers(ctx context.Context, q db.Queryer, t Topic) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT member_id FROM watch WHERE brand_id = $1 AND subject = $2 AND level = 'watch'
		UNION SELECT w.member_id FROM watch w WHERE w.brand_id = $1 AND w.subject = $3 AND w.level = 'watch'
			AND NOT EXISTS (SELECT 1 FROM watch n WHERE n.member_id = w.member_id AND n.subject = $2 AND n.level = 'mute')`, t.Brand, t.ID, t.Space)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	})
	if err != nil {
		return nil, fmt.Errorf("topic: watchers: %w", err)
	}
	return out, nil
}

// WatchersAfter returns those of Watchers whose ids come after that one, in
// their order, at most so many; of an opening only those who follow the space.
// next is where to go on; "" is the end.
func WatchersAfter(ctx context.Context, q db.Queryer, t Topic, opening bool, after string, most int) (ids []string, next string, err error) {
	subject := t.ID
	if opening {
		subject = t.Space
	}
	rows, err := q.QueryContext(ctx, `SELECT member_id FROM (SELECT w.member_id FROM watch w WHERE w.brand_id = $1 AND w.subject = $2 AND w.level = 'watch' AND w.member_id > $4 ORDER BY w.member_id LIMIT $5) a
		UNION SELECT member_id FROM (SELECT w.member_id FROM watch w WHERE w.brand_id = $1 AND w.subject = $3 AND w.level = 'watch' AND w.member_id > $4 ORDER BY w.member_id LIMIT $5) b
		ORDER BY member_id LIMIT $5`, t.Brand, subject, t.Space, after, most)
	ids, err = db.Collect(rows, err, func(r *sql.Rows) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("topic: watchers: %w", err)
	}
	if len(ids) == most {
		next = ids[most-1]
	}
	return ids, next, nil
}

// Deaf returns those of the members who are not to be told of a reply of the
// topic: who mute it, or its space without following it, and who have read it
// already. Number 0 is something else in the topic, which is not read.
func Deaf(ctx context.Context, q db.Queryer, t Topic, number int64, members []string) (map[string]bool, error) {
	out := map[string]bool{}
	if len(members) == 0 {
		return out, nil
	}
	args := []any{t.ID, t.Space, number}
	for _, id := range members {
		args = append(args, id)
	}
	rows, err := q.QueryContext(ctx, `SELECT w.member_id FROM watch w WHERE w.member_id IN (`+db.In(4, len(members))+`) AND w.subject IN ($1, $2)
		AND (w.subject = $1 AND w.seen >= $3 AND $3 > 0 OR w.level = 'mute'
			AND NOT EXISTS (SELECT 1 FROM watch n WHERE n.member_id = w.member_id AND n.subject = $1 AND n.level = 'watch'))`, args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id string
		err := r.Scan(&id)
		out[id] = true
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("topic: deaf: %w", err)
	}
	return out, nil
}

// Muted returns those of the members who want to hear nothing of a topic: who
// mute it, or its space without following it.
func Muted(ctx context.Context, q db.Queryer, t Topic) (map[string]bool, error) {
	out := map[string]bool{}
	rows, err := q.QueryContext(ctx, `SELECT w.member_id FROM watch w WHERE w.brand_id = $1 AND w.subject IN ($2, $3) AND w.level = 'mute'
		AND NOT EXISTS (SELECT 1 FROM watch n WHERE n.member_id = w.member_id AND n.subject = $2 AND n.level = 'watch')`, t.Brand, t.ID, t.Space)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id string
		err := r.Scan(&id)
		out[id] = true
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("topic: muted: %w", err)
	}
	return out, nil
}

// Bookmark keeps a reply for the member alone, or lets it go.
func Bookmark(ctx context.Context, d *db.DB, v member.Voice, replyID string, keep bool) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if v.Member.ID == "" {
			return v.Speaks(tx.Now())
		}
		_, _, _, err := whole(ctx, tx, v, replyID)
		if err != nil {
			return err
		}
		if keep {
			_, err = tx.ExecContext(ctx, `INSERT INTO bookmark (member_id, reply_id, brand_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, v.Member.ID, replyID, v.Brand, tx.Now())
		} else {
			_, err = tx.ExecContext(ctx, `DELETE FROM bookmark WHERE member_id = $1 AND reply_id = $2`, v.Member.ID, replyID)
		}
		if err != nil {
			return fmt.Errorf("topic: bookmark: %w", err)
		}
		return nil
	})
}

// Bookmarks returns what the member keeps, the last kept first, 20 to a page
// unless asked otherwise, and the cursor of the next page.
func Bookmarks(ctx context.Context, q db.Queryer, v member.Voice, all []space.Space, page db.Page) ([]Spoken, string, error) {
	at, id, err := page.Key()
	if err != nil || v.Member.ID == "" {
		return nil, "", errors.Join(err, v.Speaks(q.Now()))
	}
	size := page.Size(20, 100)
	s := &query{args: []any{v.Brand, at, id, size + 1, v.Member.ID}}
	where := s.visible(q.Now(), v, all, "")
	var kept []db.Time
	rows, err := q.QueryContext(ctx, `SELECT b.at, `+shownColumns+`, `+faceColumns("m")+`, `+topicColumns+`
		FROM bookmark b JOIN reply r ON r.id = b.reply_id JOIN member m ON m.id = r.author_id JOIN topic t ON t.id = r.topic_id
		WHERE b.brand_id = $1 AND b.member_id = $5 AND r.state = 'live' AND t.state = 'live'`+where+`
		AND (b.at, b.reply_id) < ($2, $3) ORDER BY b.at DESC, b.reply_id DESC LIMIT $4`, s.args...)
	out, err := db.Collect(rows, err, func(rows *sql.Rows) (o Spoken, err error) {
		var at db.Time
		err = rows.Scan(append(append([]any{&at}, o.Shown.fields()...), o.In.fields()...)...)
		kept = append(kept, at)
		return o, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("topic: bookmarks: %w", err)
	}
	if len(out) <= size {
		return out, "", nil
	}
	return out[:size], db.Cursor(kept[size-1], out[size-1].ID), nil
}

// Draft is what a member has begun to write in one place.
type Draft struct {
	Topic string // id; "" for a topic that is begun
	Space string
	Title string
	Text  string
	At    db.Time
}

// KeepDraft keeps it in the place of the one before. An empty one is forgotten.
func KeepDraft(ctx context.Context, d *db.DB, v member.Voice, dr Draft) error {
	if v.Member.ID == "" {
		return v.Speaks(d.Now())
	}
	if dr.Text == "" && dr.Title == "" {
		return forgetDraft(ctx, d, v, dr.Topic)
	}
	// A draft may be anything that could be sent, or is a little too long yet.
	if len(dr.Text) > 8*markdown.Most || len(dr.Title) > 8*LongestTitle {
		return fault.OnField("text", "This is too long to be kept. Shorten it.")
	}
	if dr.Topic != "" {
		if _, _, err := readable(ctx, d, v, dr.Topic); err != nil {
			return err
		}
	}
	if dr.Space != "" {
		if _, err := space.ByID(ctx, d, v.Brand, dr.Space); err != nil {
			return err
		}
	}
	_, err := d.ExecContext(ctx, `INSERT INTO topic_draft (member_id, place, brand_id, title, space_id, text, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (member_id, place) DO UPDATE SET title = excluded.title, space_id = excluded.space_id, text = excluded.text, at = excluded.at`,
		v.Member.ID, dr.Topic, v.Brand, clean(dr.Title), dr.Space, clean(dr.Text), d.Now())
	if err != nil {
		return fmt.Errorf("topic: keep a draft: %w", err)
	}
	return nil
}

func forgetDraft(ctx context.Context, q db.Queryer, v member.Voice, topicID string) error {
	_, err := q.ExecContext(ctx, `DELETE FROM topic_draft WHERE member_id = $1 AND place = $2`, v.Member.ID, topicID)
	if err != nil {
		return fmt.Errorf("topic: forget a draft: %w", err)
	}
	return nil
}

// ForgetDraft forgets what was begun in a place.
func ForgetDraft(ctx context.Context, d *db.DB, v member.Voice, topicID string) error {
	// There is seldom one left: looking takes no turn from those who write.
	dr, err := DraftOf(ctx, d, v, topicID)
	if err != nil || dr.At == 0 {
		return err
	}
	return forgetDraft(ctx, d, v, topicID)
}

// Begun is a draft with the topic that it is to stand in: a zero one for a new
// topic, and for one that the member cannot read any more.
type Begun struct {
	Draft
	In Topic
}

// draftsMost is how many drafts are listed.
const draftsMost = 100

// Drafts returns what the member has begun to write, the newest first, at most
// 100 of them.
func Drafts(ctx context.Context, q db.Queryer, v member.Voice, all []space.Space) ([]Begun, error) {
	if v.Member.ID == "" {
		return nil, v.Speaks(q.Now())
	}
	rows, err := q.QueryContext(ctx, `SELECT place, space_id, title, text, at FROM topic_draft WHERE member_id = $1 ORDER BY at DESC, place LIMIT $2`, v.Member.ID, draftsMost)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (b Begun, err error) {
		err = r.Scan(&b.Topic, &b.Space, &b.Title, &b.Text, &b.At)
		return b, err
	})
	if err != nil {
		return nil, fmt.Errorf("topic: drafts: %w", err)
	}
	var ids []string
	for _, b := range out {
		if b.Topic != "" {
			ids = append(ids, b.Topic)
		}
	}
	about, err := ByIDs(ctx, q, v.Brand, ids)
	if err != nil {
		return nil, err
	}
	for i, b := range out {
		t, there := about[b.Topic]
		at := slices.IndexFunc(all, func(s space.Space) bool { return s.ID == t.Space })
		if there && t.State == Live && at >= 0 && Readable(q.Now(), v, all[at], t) == nil {
			out[i].In = t
		}
	}
	return out, nil
}

// DraftOf returns what the member has begun in a place; an empty one where
// that is nothing.
func DraftOf(ctx context.Context, q db.Queryer, v member.Voice, topicID string) (Draft, error) {
	dr := Draft{Topic: topicID}
	if v.Member.ID == "" {
		return dr, nil
	}
	err := q.QueryRowContext(ctx, `SELECT title, space_id, text, at FROM topic_draft WHERE member_id = $1 AND place = $2`, v.Member.ID, topicID).
		Scan(&dr.Title, &dr.Space, &dr.Text, &dr.At)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return dr, fmt.Errorf("topic: draft: %w", err)
	}
	return dr, nil
}

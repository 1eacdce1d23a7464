// Package activity remembers what happened, for timelines and roll-ups: ids,
// a kind, a time and a number, never names or text. It notifies nobody, which
// is the outbox's part, and proves nothing about the team, which is the
// audit's.
package activity

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/db"
)

// Entry is one thing that happened.
type Entry struct {
	ID      string // set by Record
	Brand   string
	Kind    string // past tense: delivery.published
	Subject string // id of what it happened to
	Actor   string // account or person; "" for the program
	Value   int64  // what the kind counts; 0 where it counts nothing
	At      db.Time

	// Of what happens in a community: the member who did it, the topic in which,
	// and whether they did it as one of the team. What has either of the first
	// two is rolled up: see Fresh.
	Member, Topic string
	Team          bool
}

// Record writes the entry in the caller's transaction. Its time is the
// transaction's, unless At says otherwise.
func Record(ctx context.Context, tx *db.Tx, e Entry) error {
	if e.At.IsZero() {
		e.At = tx.Now()
	}
	e.ID = db.NewID()
	_, err := tx.ExecContext(ctx, `INSERT INTO activity (id, brand_id, kind, subject, actor, value, at, member_id, topic_id, team)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, e.ID, e.Brand, e.Kind, e.Subject, e.Actor, e.Value, e.At, e.Member, e.Topic, e.Team)
	if err == nil && (e.Member != "" || e.Topic != "") {
		_, err = tx.ExecContext(ctx, `INSERT INTO activity_fresh (id, brand_id, kind, subject, value, at, member_id, topic_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, e.ID, e.Brand, e.Kind, e.Subject, e.Value, e.At, e.Member, e.Topic)
	}
	if err != nil {
		return fmt.Errorf("activity: record %s: %w", e.Kind, err)
	}
	return nil
}

// List returns what happened in the brand, the newest first.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, page db.Page) ([]Entry, string, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 200)
	rows, err := q.QueryContext(ctx, `SELECT id, brand_id, kind, subject, actor, value, at, member_id, topic_id, team FROM activity
		WHERE brand_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4`, brandID, at, id, size+1)
	all, err := db.Collect(rows, err, func(rows *sql.Rows) (e Entry, err error) {
		err = rows.Scan(&e.ID, &e.Brand, &e.Kind, &e.Subject, &e.Actor, &e.Value, &e.At, &e.Member, &e.Topic, &e.Team)
		return e, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("activity: list: %w", err)
	}
	if len(all) <= size {
		return all, "", nil
	}
	last := all[size-1]
	return all[:size], db.Cursor(last.At, last.ID), nil
}

// Fresh returns up to so many entries of the brand that nobody has rolled up
// yet, in no order that can be relied on, without their actor and Team. The
// caller rolls them up and calls Rolled in the same transaction, so that none is
// passed over, however late its transaction ended, and none counts twice.
func Fresh(ctx context.Context, tx *db.Tx, brandID string, most int) ([]Entry, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, brand_id, kind, subject, value, at, member_id, topic_id FROM activity_fresh WHERE brand_id = $1 ORDER BY id LIMIT $2`, brandID, most)
	all, err := db.Collect(rows, err, func(rows *sql.Rows) (e Entry, err error) {
		err = rows.Scan(&e.ID, &e.Brand, &e.Kind, &e.Subject, &e.Value, &e.At, &e.Member, &e.Topic)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("activity: fresh: %w", err)
	}
	return all, nil
}

// Rolled says that these entries are rolled up.
func Rolled(ctx context.Context, tx *db.Tx, brandID string, all []Entry) error {
	for some := range slices.Chunk(all, 500) {
		args := []any{brandID}
		for _, e := range some {
			args = append(args, e.ID)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM activity_fresh WHERE brand_id || '' = $1 AND id IN (`+db.In(2, len(some))+`)`, args...); err != nil {
			return fmt.Errorf("activity: rolled up: %w", err)
		}
	}
	return nil
}

// Stirred returns the brands in which something is not rolled up yet.
func Stirred(ctx context.Context, q db.Queryer) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT b.id FROM brand b WHERE EXISTS (SELECT 1 FROM activity_fresh f WHERE f.brand_id = b.id) ORDER BY b.id`)
	out, err := db.Collect(rows, err, func(rows *sql.Rows) (id string, err error) {
		err = rows.Scan(&id)
		return id, err
	})
	if err != nil {
		return nil, fmt.Errorf("activity: stirred: %w", err)
	}
	return out, nil
}

// Disown puts a token that leads nowhere in a member's place, in the caller's
// transaction: what they did still counts, and nobody can tell who did it.
func Disown(ctx context.Context, tx *db.Tx, brandID, memberID, token string) error {
	for _, statement := range []string{
		`UPDATE activity SET actor = '', subject = CASE WHEN subject = $2 THEN $3 ELSE subject END, member_id = $3 WHERE brand_id = $1 AND member_id = $2 AND member_id <> ''`,
		`UPDATE activity_fresh SET subject = CASE WHEN subject = $2 THEN $3 ELSE subject END, member_id = $3 WHERE brand_id = $1 AND member_id = $2`,
	} {
		if _, err := tx.ExecContext(ctx, statement, brandID, memberID, token); err != nil {
			return fmt.Errorf("activity: disown: %w", err)
		}
	}
	return nil
}

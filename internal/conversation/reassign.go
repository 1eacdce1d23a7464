package conversation

import (
	"context"
	"database/sql"
	"fmt"

	"rapport/internal/db"
	"rapport/internal/person"
	"rapport/internal/search"
)

// Written counts by channel what a person wrote, as the messages stand now.
func Written(ctx context.Context, q db.Queryer, brandID, personID string) ([]person.Rows, error) {
	rows, err := q.QueryContext(ctx, `SELECT m.channel_id, COUNT(*), MIN(m.at), MAX(m.at) FROM message m
		WHERE m.brand_id = $1 AND m.person_id = $2 AND m.person_id <> '' GROUP BY m.channel_id ORDER BY m.channel_id`, brandID, personID)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (c person.Rows, err error) {
		err = r.Scan(&c.Channel, &c.Messages, &c.First, &c.Last)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("conversation: count what somebody wrote: %w", err)
	}
	return all, nil
}

// Reassign makes what one person wrote another's, in the caller's transaction,
// with the conversations that it began: all of it, or what was written with
// these identities. It returns how many messages there were. They are found as
// before until Refind has looked at them.
func Reassign(ctx context.Context, tx *db.Tx, brandID, from, to string, identities ...string) (int64, error) {
	args, where, began := []any{brandID, from, to}, "", ""
	if len(identities) > 0 {
		where = ` AND identity_id IN (` + db.In(4, len(identities)) + `)`
		// Whose a conversation is says the same rule by which it is told when
		// messages come: see recount.
		began = ` AND (SELECT b.person_id FROM message b WHERE b.conversation_id = conversation.id AND b.direction = 'in'
			ORDER BY CASE WHEN b.remote_id = conversation.root THEN 0 ELSE 1 END, b.at, b.id LIMIT 1) = $3`
	}
	for _, id := range identities {
		args = append(args, id)
	}
	res, err := tx.ExecContext(ctx, `UPDATE message SET person_id = $3 WHERE brand_id = $1 AND person_id = $2 AND person_id <> ''`+where, args...)
	if err != nil {
		return 0, fmt.Errorf("conversation: reassign: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 {
		return n, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE conversation SET person_id = $3 WHERE brand_id || '' = $1 AND person_id = $2
		AND id IN (SELECT m.conversation_id FROM message m WHERE m.brand_id = $1 AND m.person_id = $3 AND m.person_id <> '')`+began, brandID, from, to)
	if err != nil {
		return 0, fmt.Errorf("conversation: reassign: %w", err)
	}
	return n, nil
}

// Refind makes up to limit messages of a person found as theirs, from the key
// on in the order of time, and returns the next key; "" after the last.
func Refind(ctx context.Context, tx *db.Tx, brandID, personID, after string, limit int) (string, error) {
	page := db.Page{After: after, Limit: limit}
	at, last, err := page.Key()
	if err != nil {
		return "", err
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+messageColumns+` FROM message m WHERE m.brand_id = $1 AND m.person_id = $2 AND m.person_id <> ''
		AND (m.at, m.id) < ($3, $4) ORDER BY m.at DESC, m.id DESC LIMIT $5`, brandID, personID, at, last, limit)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Message, error) { return scanMessage(r) })
	if err != nil {
		return "", fmt.Errorf("conversation: refind: %w", err)
	}
	if err := findableAgain(ctx, tx, all); err != nil || len(all) < limit {
		return "", err
	}
	return db.Cursor(all[limit-1].At, all[limit-1].ID), nil
}

// RefindOf is Refind of the messages that are found as a person's and may be
// another's by now.
func RefindOf(ctx context.Context, tx *db.Tx, brandID, personID, after string, limit int) (string, error) {
	ids, next, err := search.Of(ctx, tx, brandID, search.Message, personID, after, limit)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	args := []any{brandID}
	for _, id := range ids {
		args = append(args, id)
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+messageColumns+` FROM message m WHERE m.brand_id || '' = $1 AND m.id IN (`+db.In(2, len(ids))+`) ORDER BY m.at, m.id`, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Message, error) { return scanMessage(r) })
	if err != nil {
		return "", fmt.Errorf("conversation: refind: %w", err)
	}
	return next, findableAgain(ctx, tx, all)
}

func findableAgain(ctx context.Context, tx *db.Tx, all []Message) error {
	for _, m := range all {
		if m.Text == "" && m.Warning == "" {
			continue
		}
		if err := findable(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}

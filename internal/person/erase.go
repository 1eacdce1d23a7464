package person

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/search"
)

// Erased is what stands in the place of a network's id of something that a
// person wrote, once they are erased: the same text is known again by it, and
// it says nothing of who wrote it.
func Erased(channelID, remoteID string) string {
	sum := sha256.Sum256([]byte(channelID + "\n" + remoteID))
	return erasedMark + hex.EncodeToString(sum[:])
}

const erasedMark = "erased:"

// Remove forgets who a person is, in the caller's transaction: names, handles,
// pictures, what the team says and noted of them. Somebody who may not see
// every channel they wrote on may not. act is how the audit calls it; it keeps
// no more of them than their id. Their messages are another package's.
func Remove(ctx context.Context, tx *db.Tx, who access.Who, brandID, id, act string, detail map[string]string) error {
	if _, err := may(ctx, tx, who, brandID, id, access.PersonWrite); err != nil {
		return err
	}
	channels, err := channelsOf(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := who.May(tx.Now(), brandID, access.PersonWrite, channels...); err != nil {
		return fault.As(fault.Denied, err, "They also wrote on channels that you do not see. Ask an owner of the brand to erase them.")
	}
	if err := forget(ctx, tx, brandID, id); err != nil {
		return err
	}
	show(tx, brandID, id)
	return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: act, Subject: id, Detail: detail})
}

// forget removes the record of a person and what was noted of them.
func forget(ctx context.Context, tx *db.Tx, brandID, id string) error {
	if err := dropNotes(ctx, tx, brandID, id); err != nil {
		return err
	}
	if err := search.Drop(ctx, tx, brandID, search.Person, id); err != nil {
		return err
	}
	for _, statement := range []string{
		`DELETE FROM identity WHERE brand_id = $1 AND person_id = $2`,
		`UPDATE audit SET detail = '' WHERE brand_id = $1 AND subject = $2`,
		`DELETE FROM notification WHERE brand_id = $1 AND subject = $2`,
		`DELETE FROM person WHERE brand_id = $1 AND id = $2`,
	} {
		if _, err := tx.ExecContext(ctx, statement, brandID, id); err != nil {
			return fmt.Errorf("person: remove: %w", err)
		}
	}
	return nil
}

func dropNotes(ctx context.Context, tx *db.Tx, brandID, id string) error {
	rows, err := tx.QueryContext(ctx, `DELETE FROM note WHERE brand_id = $1 AND subject = $2 RETURNING id`, brandID, id)
	ids, err := db.Collect(rows, err, func(r *sql.Rows) (n string, err error) {
		err = r.Scan(&n)
		return n, err
	})
	if err != nil {
		return fmt.Errorf("person: remove notes: %w", err)
	}
	return search.Drop(ctx, tx, brandID, search.Note, ids...)
}

// Silent returns ids of people of the brand who are no members and last wrote
// before that time, the longest silent first.
func Silent(ctx context.Context, q db.Queryer, brandID string, before db.Time, limit int) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT id FROM person WHERE brand_id = $1 AND last_at < $2 AND member_at = 0
		ORDER BY last_at, id LIMIT $3`, brandID, before, limit)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	})
	if err != nil {
		return nil, fmt.Errorf("person: silent: %w", err)
	}
	return out, nil
}

// StillSilent reports whether a person is there and meets Silent.
func StillSilent(ctx context.Context, q db.Queryer, brandID, id string, before db.Time) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT 1 FROM person WHERE brand_id = $1 AND id = $2 AND last_at < $3 AND member_at = 0`, brandID, id, before).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

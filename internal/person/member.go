package person

import (
	"context"
	"fmt"

	"rapport/internal/db"
	"rapport/internal/outbox"
)

// Joined makes the record of somebody who becomes a member of the community, in
// the caller's transaction, and returns its id. That they are somebody the
// brand already knows is for them or for the team to say: never their name.
func Joined(ctx context.Context, tx *db.Tx, brandID, name string) (string, error) {
	id := db.NewID()
	_, err := tx.ExecContext(ctx, `INSERT INTO person (id, brand_id, name, member_at, first_at, last_at, created_at)
		VALUES ($1, $2, $3, $4, $4, $4, $4)`, id, brandID, name, tx.Now())
	if err == nil {
		err = index(ctx, tx, brandID, id)
	}
	if err != nil {
		return "", fmt.Errorf("person: joined: %w", err)
	}
	outbox.Show(tx, brandID, "person.changed", id)
	return id, nil
}

// Renamed notes what a member calls themselves from now on, unless the team
// calls them otherwise.
func Renamed(ctx context.Context, tx *db.Tx, brandID, id, was, name string) error {
	if was == name || id == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE person SET name = $4 WHERE brand_id = $1 AND id = $2 AND name = $3`, brandID, id, was, name)
	if err == nil {
		err = index(ctx, tx, brandID, id)
	}
	if err != nil {
		return fmt.Errorf("person: renamed: %w", err)
	}
	return nil
}

// Parted notes in the caller's transaction that somebody is a member no more.
// Who is known as nothing else is forgotten, with what the team noted of them.
func Parted(ctx context.Context, tx *db.Tx, brandID, id string) error {
	if id == "" {
		return nil
	}
	var known int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM identity WHERE brand_id = $1 AND person_id = $2`, brandID, id).Scan(&known)
	if err == nil && known > 0 {
		_, err = tx.ExecContext(ctx, `UPDATE person SET member_at = 0 WHERE brand_id = $1 AND id = $2`, brandID, id)
	} else if err == nil {
		err = forget(ctx, tx, brandID, id)
	}
	if err != nil {
		return fmt.Errorf("person: parted: %w", err)
	}
	show(tx, brandID, id)
	return nil
}

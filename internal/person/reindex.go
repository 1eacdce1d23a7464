package person

import (
	"context"
	"database/sql"
	"fmt"

	"rapport/internal/db"
	"rapport/internal/search"
)

// Reindex makes up to limit people of a brand found by what they are called
// and by what was noted of them, from after on in the order of their ids, and
// returns where to go on; "" after the last. It is for people whose rows came
// from elsewhere.
func Reindex(ctx context.Context, tx *db.Tx, brandID, after string, limit int) (string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id FROM person WHERE brand_id = $1 AND id > $2 ORDER BY id LIMIT $3`, brandID, after, limit)
	ids, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	})
	if err != nil {
		return "", fmt.Errorf("person: reindex: %w", err)
	}
	for _, id := range ids {
		if err := index(ctx, tx, brandID, id); err != nil {
			return "", err
		}
		if err := indexNotes(ctx, tx, brandID, id); err != nil {
			return "", err
		}
	}
	if len(ids) < limit {
		return "", nil
	}
	return ids[len(ids)-1], nil
}

func indexNotes(ctx context.Context, tx *db.Tx, brandID, id string) error {
	notes, _, err := Notes(ctx, tx, brandID, id, db.Page{Limit: 500})
	if err != nil || len(notes) == 0 {
		return err
	}
	channels, err := channelsOf(ctx, tx, id)
	if err != nil {
		return err
	}
	var docs []search.Doc
	for _, n := range notes {
		docs = append(docs, search.Doc{Brand: brandID, Kind: search.Note, ID: n.ID, Person: id, Channels: channels, At: n.At, Text: n.Text})
	}
	return search.Put(ctx, tx, docs...)
}

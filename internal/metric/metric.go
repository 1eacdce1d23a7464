// Package metric reads the counters that networks told, which are kept as
// history: one row for each look. It neither asks networks nor adds up what
// cannot be added, such as reach. No row means that nobody knows, never 0.
package metric

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"rapport/internal/db"
)

// The counters of a delivery that count what people did.
const (
	Likes    = "likes"
	Shares   = "shares"
	Comments = "comments"
)

// Reactions are the counters that make up a delivery's reactions.
var Reactions = []string{Likes, Shares, Comments}

// Latest returns for each subject the sum of the newest value of each named
// counter. A subject without any such row is left out. The caller has checked
// that the brand may be read.
func Latest(ctx context.Context, q db.Queryer, brandID string, subjects []string, names ...string) (map[string]int64, error) {
	out := map[string]int64{}
	for chunk := range slices.Chunk(subjects, 400) {
		args := []any{brandID}
		for _, s := range chunk {
			args = append(args, s)
		}
		for _, n := range names {
			args = append(args, n)
		}
		rows, err := q.QueryContext(ctx, `SELECT m.subject, m.value FROM metric m WHERE m.brand_id = $1
			AND m.subject IN (`+db.In(2, len(chunk))+`) AND m.name IN (`+db.In(2+len(chunk), len(names))+`)
			AND m.at = (SELECT MAX(l.at) FROM metric l WHERE l.brand_id = m.brand_id AND l.subject = m.subject AND l.name = m.name)`, args...)
		if err := add(rows, err, out); err != nil {
			return nil, fmt.Errorf("metric: latest: %w", err)
		}
	}
	return out, nil
}

func add(rows *sql.Rows, err error, out map[string]int64) error {
	type row struct {
		subject string
		value   int64
	}
	all, err := db.Collect(rows, err, func(r *sql.Rows) (x row, err error) {
		err = r.Scan(&x.subject, &x.value)
		return x, err
	})
	for _, x := range all {
		out[x.subject] += x.value
	}
	return err
}

// Package metric keeps the numbers that networks told, as history: what was
// read, when, of which delivery or channel. It reads no network and computes
// no ratios. A number that a network does not tell has no row: it is not
// known, which is not 0.
package metric

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/db"
)

// The names of the numbers.
const (
	Likes     = "likes"
	Shares    = "shares"
	Comments  = "comments"
	Views     = "views"
	Quotes    = "quotes"
	Followers = "followers" // of a channel
	Following = "following" // of a channel
	Posts     = "posts"     // of a channel, as the network counts them
)

// Reading is one number as it stood at one instant, counted from the start of
// its subject: not the growth since the reading before.
type Reading struct {
	Brand   string
	Subject string // id of a delivery or a channel
	Name    string
	At      db.Time
	Value   int64
}

// Record keeps readings. The same subject, name and instant again changes
// nothing.
func Record(ctx context.Context, tx *db.Tx, all []Reading) error {
	rows := make([][]any, len(all))
	for i, r := range all {
		rows[i] = []any{r.Brand, r.Subject, r.Name, r.At, r.Value}
	}
	if err := db.Many(ctx, tx, `INSERT INTO metric (brand_id, subject, name, at, value) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (brand_id, subject, name, at) DO NOTHING`, rows); err != nil {
		return fmt.Errorf("metric: record: %w", err)
	}
	return nil
}

// Latest returns the newest reading of each number of each subject, by subject
// and name. What was never read is not in it.
func Latest(ctx context.Context, q db.Queryer, brandID string, subjects []string) (map[string]map[string]Reading, error) {
	out := map[string]map[string]Reading{}
	for chunk := range slices.Chunk(subjects, 500) {
		args := []any{brandID}
		for _, s := range chunk {
			args = append(args, s)
		}
		// CROSS JOIN makes SQLite begin with the few newest instants; left to
		// itself it reads the brand's whole history and looks each row up in them.
		all, err := list(ctx, q, `SELECT m.brand_id, m.subject, m.name, m.at, m.value FROM
			(SELECT subject, name, MAX(at) AS at FROM metric WHERE brand_id = $1 AND subject IN (`+db.In(2, len(chunk))+`) GROUP BY subject, name) n
			CROSS JOIN metric m
			WHERE m.brand_id = $1 AND m.subject = n.subject AND m.name = n.name AND m.at = n.at`, args...)
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			if out[r.Subject] == nil {
				out[r.Subject] = map[string]Reading{}
			}
			out[r.Subject][r.Name] = r
		}
	}
	return out, nil
}

// Before returns for each subject the newest reading of the number not later
// than at, by subject. What was not read by then is not in it.
func Before(ctx context.Context, q db.Queryer, brandID string, subjects []string, name string, at db.Time) (map[string]Reading, error) {
	out := map[string]Reading{}
	for _, s := range subjects {
		all, err := list(ctx, q, `SELECT brand_id, subject, name, at, value FROM metric
			WHERE brand_id = $1 AND subject = $2 AND name = $3 AND at <= $4 ORDER BY at DESC LIMIT 1`, brandID, s, name, at)
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			out[s] = r
		}
	}
	return out, nil
}

// Page returns a page of a subject's readings by name and time, oldest first;
// an empty name is all of them. next is the cursor of the following page.
func Page(ctx context.Context, q db.Queryer, who access.Who, brandID, subject, name string, from, to db.Time, page db.Page) (all []Reading, next string, err error) {
	if err := who.May(q.Now(), brandID, access.MetricRead); err != nil {
		return nil, "", err
	}
	after, afterName := from-1, ""
	if page.After != "" {
		if after, afterName, err = page.Key(); err != nil {
			return nil, "", err
		}
	}
	size := page.Size(200, 1000)
	all, err = list(ctx, q, `SELECT brand_id, subject, name, at, value FROM metric
		WHERE brand_id = $1 AND subject = $2 AND (name > $3 OR name = $3 AND at > $4) AND at >= $5 AND at < $6 AND ($7 = '' OR name = $7)
		ORDER BY name, at LIMIT $8`, brandID, subject, afterName, after, from, to, name, size+1)
	if err != nil || len(all) <= size {
		return all, "", err
	}
	last := all[size-1]
	return all[:size], db.Cursor(last.At, last.Name), nil
}

// History returns a subject's readings from since on, by name and then by
// time, oldest first.
func History(ctx context.Context, q db.Queryer, brandID, subject string, since db.Time) ([]Reading, error) {
	return list(ctx, q, `SELECT brand_id, subject, name, at, value FROM metric
		WHERE brand_id = $1 AND subject = $2 AND at >= $3 ORDER BY name, at`, brandID, subject, since)
}

func list(ctx context.Context, q db.Queryer, query string, args ...any) ([]Reading, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (v Reading, err error) {
		return v, r.Scan(&v.Brand, &v.Subject, &v.Name, &v.At, &v.Value)
	})
	if err != nil {
		return nil, fmt.Errorf("metric: list: %w", err)
	}
	return out, nil
}

// Engaging are the numbers that make up a delivery's engagements: what people
// did, without what was merely shown to them.
var Engaging = []string{Likes, Shares, Comments, Quotes}

// Sum returns for each subject the sum of the newest readings of the named
// numbers. A subject of which none was ever read is left out.
func Sum(ctx context.Context, q db.Queryer, brandID string, subjects []string, names ...string) (map[string]int64, error) {
	latest, err := Latest(ctx, q, brandID, subjects)
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for subject, readings := range latest {
		for _, n := range names {
			if r, known := readings[n]; known {
				out[subject] += r.Value
			}
		}
	}
	return out, nil
}

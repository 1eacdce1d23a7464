package search

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"rapport/internal/db"
)

const (
	// tidied is the name under which search_fill remembers how many texts the
	// index held when it was last put together, and since when that is done.
	tidied = "tidy"
	// tidyPages is how many pages of the index are written in one transaction:
	// some hundredths of a second.
	tidyPages = 200
	// tidyGrown is by how many texts the index grows, beside a quarter of it,
	// before it is put together again.
	tidyGrown = 10_000
)

// Tidy puts the index together anew where it has grown by a quarter since the
// last time, bit by bit, until all is done or for half a minute. It reports
// whether all is done. What is written in many transactions stands in many
// pieces, each of which is looked through, and what was taken out is still
// passed by: with two million replies a search for two common words took twice
// as long.
func Tidy(ctx context.Context, d *db.DB) (bool, error) {
	until := time.Now().Add(fillFor)
	held, begin, done, err := untidy(ctx, d)
	for ; err == nil && !done && time.Now().Before(until); begin = false {
		err = d.Tx(ctx, func(tx *db.Tx) (err error) {
			done, err = tidy(ctx, tx, held, begin)
			return err
		})
	}
	if err != nil {
		return false, fmt.Errorf("search: tidy: %w", err)
	}
	return done, nil
}

// untidy returns how many texts the index holds that is put together, and
// whether that begins now; or that there is nothing to do.
func untidy(ctx context.Context, q db.Queryer) (held string, begin, done bool, err error) {
	var finished db.Time
	err = q.QueryRowContext(ctx, `SELECT after, done_at FROM search_fill WHERE source = $1`, tidied).Scan(&held, &finished)
	never := errors.Is(err, sql.ErrNoRows)
	if err != nil && !never || !never && finished == 0 {
		return held, false, false, err // it goes on where it stopped
	}
	last, _ := strconv.ParseInt(held, 10, 64) // none where it never was
	var texts int64
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM search_doc`).Scan(&texts); err != nil {
		return "", false, false, err
	}
	return strconv.FormatInt(texts, 10), true, !never && texts < last+last/4+tidyGrown, nil
}

// tidy puts the next pages together and remembers it.
func tidy(ctx context.Context, tx *db.Tx, held string, begin bool) (bool, error) {
	done, err := dialects[tx.DB.Dialect].tidy(ctx, tx, begin)
	if err != nil {
		return false, err
	}
	var finished db.Time
	if done {
		finished = tx.Now()
	}
	return done, remember(ctx, tx, tidied, held, finished)
}

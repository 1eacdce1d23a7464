package search

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/db"
)

const (
	missedMost   = 1_000 // searches that are kept of a brand
	missedLong   = 100   // runes of one
	missedDigits = 6     // a longer number may be somebody's
)

// Missed counts a search that found nothing, in the caller's transaction: its
// words, how often and when last, and nothing of who it was. What looks like an
// address or somebody's number is not kept, nor is what holds no word. Of a
// brand those are kept that were last looked for, a thousand.
func Missed(ctx context.Context, tx *db.Tx, brandID, text string) error {
	words := missedWords(text)
	if words == "" {
		return nil
	}
	var times int64
	err := tx.QueryRowContext(ctx, `INSERT INTO search_missed (id, brand_id, words, times, last_at) VALUES ($1, $2, $3, 1, $4)
		ON CONFLICT (brand_id, words) DO UPDATE SET times = search_missed.times + 1, last_at = excluded.last_at RETURNING times`,
		db.NewID(), brandID, words, tx.Now()).Scan(&times)
	if err == nil && times == 1 {
		err = dropMissed(ctx, tx, brandID)
	}
	if err != nil {
		return fmt.Errorf("search: missed: %w", err)
	}
	return nil
}

// dropMissed drops what was not looked for the longest, beyond a thousand.
func dropMissed(ctx context.Context, tx *db.Tx, brandID string) error {
	var at db.Time
	var id string
	err := tx.QueryRowContext(ctx, `SELECT last_at, id FROM search_missed WHERE brand_id = $1
		ORDER BY last_at DESC, id DESC LIMIT 1 OFFSET $2`, brandID, missedMost).Scan(&at, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `DELETE FROM search_missed WHERE brand_id = $1 AND (last_at < $2 OR last_at = $2 AND id <= $3)`, brandID, at, id)
	}
	return err
}

// missedWords are the words of a search as they are counted, "" where it is not
// to be kept.
func missedWords(text string) string {
	text = clean(text[:min(len(text), 4*longestQuery)])
	if !wanted(read(text)) || strings.ContainsAny(text, "@＠") || digits(text) > missedDigits {
		return ""
	}
	var words []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !spells(r) }) {
		if key := fold(w); key != "" {
			words = append(words, key)
		}
	}
	all := strings.Join(words, " ")
	if runes := []rune(all); len(runes) > missedLong {
		all = strings.TrimSpace(string(runes[:missedLong]))
	}
	if utf8.RuneCountInString(all) < 2 && !strings.ContainsFunc(all, unspaced) {
		return ""
	}
	return all
}

func digits(text string) int {
	n := 0
	for _, r := range text {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// Unmet is what was looked for in the community and not found.
type Unmet struct {
	Words  string // folded, at most 100 characters
	Times  int
	LastAt db.Time
}

// Unfound returns the searches of the brand's community that found nothing,
// what was looked for the most first, 25 to a page unless asked otherwise (at
// most 100), and the cursor of the next page, "" after the last.
func Unfound(ctx context.Context, q db.Queryer, who access.Who, brandID string, page db.Page) ([]Unmet, string, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return nil, "", err
	}
	// The times stand where other lists have the time.
	times, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size, next := page.Size(25, 100), ""
	rows, err := q.QueryContext(ctx, `SELECT words, times, last_at, id FROM search_missed
		WHERE brand_id = $1 AND (times, id) < ($2, $3) ORDER BY times DESC, id DESC LIMIT $4`, brandID, times, id, size+1)
	var ids []string
	all, err := db.Collect(rows, err, func(r *sql.Rows) (u Unmet, err error) {
		err = r.Scan(&u.Words, &u.Times, &u.LastAt, &id)
		ids = append(ids, id)
		return u, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("search: unfound: %w", err)
	}
	if len(all) > size {
		all = all[:size]
		next = db.Cursor(db.Time(all[size-1].Times), ids[size-1])
	}
	return all, next, nil
}

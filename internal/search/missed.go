package search

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
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
	var id string
	err := tx.QueryRowContext(ctx, `INSERT INTO search_missed (id, brand_id, words, times, last_at) VALUES ($1, $2, $3, 1, $4)
		ON CONFLICT (brand_id, words) DO UPDATE SET times = search_missed.times + 1, last_at = excluded.last_at RETURNING id, times`,
		db.NewID(), brandID, words, tx.Now()).Scan(&id, &times)
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO search_missed_day (missed_id, brand_id, day, times) VALUES ($1, $2, $3, 1)
			ON CONFLICT (missed_id, day) DO UPDATE SET times = search_missed_day.times + 1`, id, brandID, dayOf(tx.Now()))
	}
	if err == nil && times == 1 {
		err = dropMissed(ctx, tx, brandID)
	}
	if err != nil {
		return fmt.Errorf("search: missed: %w", err)
	}
	return nil
}

const day = 24 * time.Hour

// dayOf is when the day of UTC began.
func dayOf(t db.Time) db.Time { return t - t%db.Time(day.Milliseconds()) }

// dropMissed drops what was not looked for the longest, beyond a thousand, and
// the days that no span reaches any more.
func dropMissed(ctx context.Context, tx *db.Tx, brandID string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM search_missed_day WHERE brand_id = $1 AND day < $2`, brandID, dayOf(tx.Now()).Add(-LongestSpan*day))
	if err != nil {
		return err
	}
	var at db.Time
	var id string
	err = tx.QueryRowContext(ctx, `SELECT last_at, id FROM search_missed WHERE brand_id = $1
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
	Times  int64  // in the span
	LastAt db.Time
}

// LongestSpan is how many days back a span of UnmetFilter may reach.
const LongestSpan = 90

// UnmetFilter says which of what was not found.
type UnmetFilter struct {
	Days   int  // today and the days before it, by UTC, at most LongestSpan; 0 is ever
	Newest bool // what was looked for last comes first, else what was the most
}

// Unfound returns the searches of the brand's community that found nothing, 25
// to a page unless asked otherwise (at most 100), and the cursor of the next
// page, "" after the last. It is for who sets the community up.
func Unfound(ctx context.Context, q db.Queryer, who access.Who, brandID string, f UnmetFilter, page db.Page) ([]Unmet, string, error) {
	if err := who.May(q.Now(), brandID, access.CommunityWrite); err != nil {
		return nil, "", err
	}
	if f.Days < 0 || f.Days > LongestSpan {
		return nil, "", fault.OnField("days", "Choose a span of at most %d days.", LongestSpan)
	}
	// The times stand where other lists have the time.
	key, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size, next := page.Size(25, 100), ""
	by := "times"
	if f.Newest {
		by = "last_at"
	}
	from, args := `search_missed m WHERE m.brand_id = $1`, []any{brandID, key, id, size + 1}
	if f.Days > 0 {
		args = append(args, dayOf(q.Now()).Add(-time.Duration(f.Days-1)*day))
		from = `(SELECT s.id, s.words, CAST(SUM(d.times) AS BIGINT) AS times, s.last_at FROM search_missed_day d JOIN search_missed s ON s.id = d.missed_id
			WHERE d.brand_id = $1 AND d.day >= $5 GROUP BY s.id, s.words, s.last_at) m WHERE TRUE`
	}
	rows, err := q.QueryContext(ctx, `SELECT m.words, m.times, m.last_at, m.id FROM `+from+` AND (m.`+by+`, m.id) < ($2, $3)
		ORDER BY m.`+by+` DESC, m.id DESC LIMIT $4`, args...)
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
		key = db.Time(all[size-1].Times)
		if f.Newest {
			key = all[size-1].LastAt
		}
		next = db.Cursor(key, ids[size-1])
	}
	return all, next, nil
}

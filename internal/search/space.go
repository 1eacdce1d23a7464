package search

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/db"
)

// Space is where replies stand.
type Space struct {
	Brand, ID string
	Hidden    bool // not everybody may read what stands in it
}

// side is where the words of a reply stand: those of hidden spaces have letters
// of their own, so that who may not read them reads nothing of them either.
type side bool

const (
	open   side = false
	hidden side = true
)

// sides are both.
func sides() []side { return []side{open, hidden} }

// hiddenLetter is what stands for the letter of a reply and of the beginnings
// of replies in hidden spaces.
var hiddenLetter = map[string]string{"r": "v", "q": "w", "o": "x", "s": "y", "l": "z"}

// letter is how the one of a reply is written on this side.
func (s side) letter(of string) string {
	if s == hidden {
		return hiddenLetter[of]
	}
	return of
}

// marks are what words of this letter begin with, where they are looked for.
func (a asked) marks(letter string) []string {
	if hiddenLetter[letter] == "" {
		return []string{tag(a.brand) + letter}
	}
	var out []string
	for _, s := range a.sides {
		out = append(out, tag(a.brand)+s.letter(letter))
	}
	return out
}

// filed is a space as the index has it.
type filed struct {
	Space
	mixed bool // words of it may stand on the other side
}

// on reports whether words of the space may stand on this side.
func (f filed) on(s side) bool { return f.mixed || side(f.Hidden) == s }

func spacesOf(ctx context.Context, q db.Queryer, tag string) ([]filed, error) {
	rows, err := q.QueryContext(ctx, `SELECT space_id, brand_id, hidden, mixed FROM search_space WHERE tag = $1 ORDER BY space_id`, tag)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (f filed, err error) {
		return f, r.Scan(&f.ID, &f.Brand, &f.Hidden, &f.mixed)
	})
	if err != nil {
		return nil, fmt.Errorf("search: spaces: %w", err)
	}
	return out, nil
}

// Enter says who may read what stands in the space, in the caller's transaction.
// It changes nothing of what a reader finds, who names the spaces they may see;
// until Settle has put all words on their side, a search only takes longer.
func Enter(ctx context.Context, tx *db.Tx, s Space) error {
	res, err := tx.ExecContext(ctx, `INSERT INTO search_space (tag, space_id, brand_id, hidden) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tag, space_id) DO UPDATE SET hidden = excluded.hidden, mixed = TRUE WHERE search_space.hidden <> excluded.hidden`,
		tag(s.Brand), s.ID, s.Brand, s.Hidden)
	if err == nil {
		var n int64
		if n, err = res.RowsAffected(); n > 0 && err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM search_fill WHERE source = $1`, s.settled())
		}
	}
	if err != nil {
		return fmt.Errorf("search: enter a space: %w", err)
	}
	return nil
}

// settled is the name under which search_fill remembers how far the space is
// settled. Its own row would be read by everybody who writes.
func (s Space) settled() string { return "space " + s.ID }

// enter returns on which side new words of the reply's space go, and makes the
// space known.
func (d Doc) enter(ctx context.Context, tx *db.Tx) (side, error) {
	if d.Topic == "" || d.Space == "" {
		return open, errors.New("a reply without a topic or a space")
	}
	var on bool
	err := tx.QueryRowContext(ctx, `SELECT hidden FROM search_space WHERE tag = $1 AND space_id = $2`, tag(d.Brand), d.Space).Scan(&on)
	if errors.Is(err, sql.ErrNoRows) {
		return open, Enter(ctx, tx, Space{Brand: d.Brand, ID: d.Space})
	}
	return side(on), err
}

// settleAtOnce is how many replies are looked at in one transaction.
const settleAtOnce = 200

// Settle puts the words of every space on the side where they belong, until all
// do, or for half a minute, and reports whether all do. spaces are all there
// are; what the index has otherwise is corrected.
func Settle(ctx context.Context, d *db.DB, spaces func(context.Context, db.Queryer) ([]Space, error)) (bool, error) {
	until := time.Now().Add(fillFor)
	if err := d.Tx(ctx, func(tx *db.Tx) error { return correct(ctx, tx, spaces) }); err != nil {
		return false, err
	}
	for {
		var found bool
		err := d.Tx(ctx, func(tx *db.Tx) (err error) {
			found, err = settle(ctx, tx)
			return err
		})
		if err != nil {
			return false, fmt.Errorf("search: settle: %w", err)
		}
		if !found || time.Now().After(until) {
			return !found, nil
		}
	}
}

// correct enters the spaces that the index does not have, or has otherwise.
func correct(ctx context.Context, tx *db.Tx, spaces func(context.Context, db.Queryer) ([]Space, error)) error {
	all, err := spaces(ctx, tx)
	for _, s := range all {
		if err == nil {
			err = Enter(ctx, tx, s)
		}
	}
	return err
}

// settle looks at the next replies of a brand that has a mixed space, and puts
// those of the space where they belong. It reports whether there was such a
// space.
func settle(ctx context.Context, tx *db.Tx) (bool, error) {
	var s Space
	err := tx.QueryRowContext(ctx, `SELECT brand_id, space_id FROM search_space WHERE mixed = TRUE ORDER BY tag, space_id LIMIT 1`).Scan(&s.Brand, &s.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var after string
	err = tx.QueryRowContext(ctx, `SELECT after FROM search_fill WHERE source = $1`, s.settled()).Scan(&after)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	var last sql.NullString
	err = tx.QueryRowContext(ctx, `SELECT MAX(subject) FROM (SELECT subject FROM search_doc WHERE brand_id = $1 AND kind = $2 AND subject > $3 ORDER BY subject LIMIT $4) p`,
		s.Brand, Reply, after, settleAtOnce).Scan(&last)
	if err != nil {
		return false, err
	}
	docs, err := repliesOf(ctx, tx, `brand_id = $1 AND kind = $2 AND subject > $3 AND subject <= $4 AND space_id = $5`, s.Brand, Reply, after, last.String, s.ID)
	if err == nil {
		err = Put(ctx, tx, docs...)
	}
	if err != nil {
		return false, err
	}
	if last.Valid {
		return true, remember(ctx, tx, s.settled(), last.String, 0)
	}
	_, err = tx.ExecContext(ctx, `UPDATE search_space SET mixed = FALSE WHERE tag = $1 AND space_id = $2`, tag(s.Brand), s.ID)
	if err == nil {
		// What was put elsewhere has left as many holes.
		_, err = tx.ExecContext(ctx, `DELETE FROM search_fill WHERE source = $1 OR source = $2`, s.settled(), tidied)
	}
	return true, err
}

package search

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"rapport/internal/db"
)

// dialect is what the databases do each in their own way.
type dialect interface {
	// words is what the column of that name holds, and the SQL that takes it
	// as $8.
	words(tokens []string) (value, column string)
	// index puts the words of a row where they are found; known says that
	// others of it may be there.
	index(ctx context.Context, tx *db.Tx, seq int64, tokens []string, known bool) error
	// find returns the rows of a page and one more, the newest first.
	find(ctx context.Context, q db.Queryer, a asked) ([]row, error)
	// weigh returns the newest answers, at most so many, with the points of at
	// least those that come first when they are put in order.
	weigh(ctx context.Context, q db.Queryer, a asked, most, first int) ([]weighed, error)
	// tidy puts the next pages of the index together, from the beginning or
	// where it stopped, and reports whether that was all.
	tidy(ctx context.Context, tx *db.Tx, begin bool) (bool, error)
}

var dialects = map[db.Dialect]dialect{db.SQLite: fts5{}, db.Postgres: tsvector{}}

// fts5 keeps the words in an index of their own, and reads it from its newest
// row on.
type fts5 struct{}

func (fts5) words([]string) (string, string) { return "", "$8" }

func (fts5) index(ctx context.Context, tx *db.Tx, seq int64, tokens []string, known bool) error {
	if known {
		if _, err := tx.ExecContext(ctx, `DELETE FROM search_word WHERE rowid = $1`, seq); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO search_word (rowid, words) VALUES ($1, $2)`, seq, strings.Join(tokens, " "))
	return err
}

// tidy has FTS5 merge: a negative number makes it begin with all pieces, a
// positive one go on, and where a step changes fewer than two rows there is no
// more to do. It would else leave fewer than four pieces as they are.
func (fts5) tidy(ctx context.Context, tx *db.Tx, begin bool) (bool, error) {
	pages := tidyPages
	if begin {
		pages = -tidyPages
		if _, err := tx.ExecContext(ctx, `INSERT INTO search_word (search_word, rank) VALUES ('usermerge', 2)`); err != nil {
			return false, err
		}
	}
	var before, after int64
	if err := tx.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&before); err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO search_word (search_word, rank) VALUES ('merge', $1)`, pages); err != nil {
		return false, err
	}
	err := tx.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&after)
	return after-before < 2, err
}

func (f fts5) find(ctx context.Context, q db.Queryer, a asked) ([]row, error) {
	a, err := f.finish(ctx, q, a)
	if err != nil {
		return nil, err
	}
	return collect(ctx, q, `SELECT `+columns+` FROM search_word w JOIN search_doc d ON d.seq = w.rowid
		WHERE w.search_word MATCH $1 AND w.rowid < $2 AND w.rowid >= $3 AND d.brand_id = $4
		ORDER BY w.rowid DESC LIMIT $5`, a.written(f), a.below, a.from, a.brand, a.size+1)
}

const (
	// keptBeginning is how many letters of a beginning the index keeps by itself:
	// see the prefixes of search_word, which count the five of brand and kind.
	keptBeginning = 3
	// finishedMost is how many words are asked for in place of their beginning.
	finishedMost = 64
)

// finish finds the words that an unfinished one may be, where the index keeps no
// list of what begins so. It would else put the rows of all those words into one
// list first, however few are asked for.
func (fts5) finish(ctx context.Context, q db.Queryer, a asked) (asked, error) {
	if len(a.terms) == 0 || len(a.Kinds) != 1 {
		return a, nil
	}
	t := a.terms[len(a.terms)-1]
	if !t.begins || t.not || utf8.RuneCountInString(t.words[len(t.words)-1]) <= keptBeginning {
		return a, nil
	}
	var begun []string
	for _, mark := range a.marks(letter[a.Kinds[0]]) {
		some, err := wordsThatBegin(ctx, q, mark, t.words[len(t.words)-1])
		if err != nil {
			return a, err
		}
		begun = append(begun, some...)
	}
	slices.Sort(begun)
	begun = slices.Compact(begun)
	switch {
	case len(begun) == 0:
		a.begun = []string{t.words[len(t.words)-1]} // which is nowhere either
	case len(begun) <= finishedMost:
		a.begun = begun
	}
	return a, nil
}

// wordsThatBegin are the words of the index that stand there with the mark and
// begin so: all, or more than finishedMost.
func wordsThatBegin(ctx context.Context, q db.Queryer, mark, begins string) ([]string, error) {
	var out []string
	for next := mark + begins; len(out) <= finishedMost; {
		var term string
		err := q.QueryRowContext(ctx, `SELECT term FROM search_term WHERE term >= $1 LIMIT 1`, next).Scan(&term)
		if errors.Is(err, sql.ErrNoRows) || err == nil && !strings.HasPrefix(term, mark+begins) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("search: words that begin so: %w", err)
		}
		out = append(out, strings.TrimPrefix(term, mark))
		next = term + "\x01"
	}
	return out, nil
}

// few is how many texts are read sooner than the index is asked again: what has
// few answers may have cost it a long search.
const few = 100

// weigh reads the index alone where there are many: the rows of five thousand
// texts would cost more than all else.
func (f fts5) weigh(ctx context.Context, q db.Queryer, a asked, most, first int) ([]weighed, error) {
	a, err := f.finish(ctx, q, a)
	if err != nil {
		return nil, err
	}
	seqs, err := f.newest(ctx, q, a, a.written(f), most)
	if err != nil || len(seqs) == 0 {
		return nil, err
	}
	all, at := make([]weighed, len(seqs)), make(map[int64]int, len(seqs))
	for i, seq := range seqs {
		all[i].seq, at[seq] = seq, i
	}
	if len(all) <= few {
		return all, a.weighTexts(ctx, q, all)
	}
	return all, f.lead(ctx, q, a, all, at, first)
}

// lead gives those their points that come first: the best sort of answers is
// asked for first, and no further one once there are enough. Each question reads
// the lists of all the words again.
func (f fts5) lead(ctx context.Context, q db.Queryer, a asked, all []weighed, at map[int64]int, first int) error {
	a.below, a.from = all[0].seq+1, all[len(all)-1].seq
	for _, l := range leads {
		if a.solved && !l.solved {
			continue // looking for what cannot be takes the longest
		}
		seqs, err := f.newest(ctx, q, a, a.inLead(f, l.letter), first)
		if err != nil {
			return err
		}
		for _, seq := range seqs {
			if i, ok := at[seq]; ok {
				all[i].points = l.points
			}
		}
		if first -= len(seqs); first <= 0 {
			break
		}
	}
	return nil
}

func (fts5) newest(ctx context.Context, q db.Queryer, a asked, written string, most int) ([]int64, error) {
	rows, err := q.QueryContext(ctx, `SELECT rowid FROM search_word WHERE search_word MATCH $1 AND rowid < $2 AND rowid >= $3
		ORDER BY rowid DESC LIMIT $4`, written, a.below, a.from, most)
	return db.Collect(rows, err, func(r *sql.Rows) (seq int64, err error) { return seq, r.Scan(&seq) })
}

func (fts5) and() string                  { return " AND " }
func (fts5) or() string                   { return " OR " }
func (fts5) but(yes, no string) string    { return "(" + yes + " NOT " + no + ")" }
func (fts5) phrase(words []string) string { return `"` + strings.Join(words, " ") + `"` }
func (fts5) beginning(words []string) string {
	return `"` + strings.Join(words, " ") + `" *`
}

// tsvector keeps the words in the row. A GIN index knows no order, so the
// newest texts are looked through first: a common word is found there, and a
// rare one has few rows in the index.
type tsvector struct{}

func (tsvector) words(tokens []string) (string, string) {
	var b strings.Builder
	for i, t := range tokens {
		if t != gap {
			fmt.Fprintf(&b, "'%s':%d ", t, i+1)
		}
	}
	return b.String(), "CAST(CAST($8 AS TEXT) AS tsvector)"
}

func (tsvector) index(context.Context, *db.Tx, int64, []string, bool) error { return nil }

// tidy is what PostgreSQL does by itself.
func (tsvector) tidy(context.Context, *db.Tx, bool) (bool, error) { return true, nil }

// How many of the newest texts are looked through. Where a page is not filled by
// the first few, but may well be by more, those are looked through too; where
// none of them answers, what answers is rare and the index has few rows of it.
const (
	lookFirst = 3_000
	lookMost  = 60_000
)

func (t tsvector) find(ctx context.Context, q db.Queryer, a asked) ([]row, error) {
	rows, err := t.newest(ctx, q, a, lookFirst)
	if n := len(rows); err == nil && n > 0 && n <= a.size && (a.size+1)*lookFirst/n <= lookMost/2 {
		rows, err = t.newest(ctx, q, a, 2*(a.size+1)*lookFirst/n)
	}
	if err != nil || len(rows) > a.size {
		return rows, err
	}
	return collect(ctx, q, `WITH hit AS MATERIALIZED (SELECT seq FROM search_doc
			WHERE words @@ CAST($1 AS tsquery) AND brand_id || '' = $4 AND seq + 0 < $2 AND seq + 0 >= $3)
		SELECT `+columns+` FROM (SELECT seq FROM hit ORDER BY seq DESC LIMIT $5) h JOIN search_doc d ON d.seq = h.seq
		ORDER BY d.seq DESC`, a.written(t), a.below, a.from, a.brand, a.size+1)
}

// newest looks through so many of the newest texts.
func (t tsvector) newest(ctx context.Context, q db.Queryer, a asked, look int) ([]row, error) {
	args := []any{a.written(t), a.below, a.from, a.brand, a.size + 1, look}
	kind := ""
	if len(a.Kinds) == 1 {
		args = append(args, a.Kinds[0])
		kind = ` AND kind = $7`
	}
	return collect(ctx, q, `SELECT `+columns+` FROM (SELECT * FROM search_doc
		WHERE brand_id = $4`+kind+` AND seq < $2 AND seq >= $3 ORDER BY seq DESC LIMIT $6) d
		WHERE d.words @@ CAST($1 AS tsquery) ORDER BY d.seq DESC LIMIT $5`, args...)
}

// weigh looks through the newest texts like find, as far as there should be
// enough of them.
func (t tsvector) weigh(ctx context.Context, q db.Queryer, a asked, most, _ int) ([]weighed, error) {
	all, err := t.weighNewest(ctx, q, a, lookFirst, most)
	if n := len(all); err == nil && n > 0 && 5*most*lookFirst/(4*n) <= lookMost {
		all, err = t.weighNewest(ctx, q, a, 5*most*lookFirst/(4*n), most)
	}
	if err != nil || len(all) >= most {
		return all, err
	}
	return weighRows(ctx, q, `SELECT seq, `+points+` FROM search_doc
		WHERE words @@ CAST($1 AS tsquery) AND brand_id || '' = $4 AND seq + 0 < $2 AND seq + 0 >= $3 ORDER BY seq + 0 DESC LIMIT $6`,
		a.written(t), a.below, a.from, a.brand, a.inAnyLead(t), most)
}

func (t tsvector) weighNewest(ctx context.Context, q db.Queryer, a asked, look, most int) ([]weighed, error) {
	return weighRows(ctx, q, `SELECT seq, `+points+` FROM (SELECT * FROM search_doc
		WHERE brand_id = $4 AND kind = $8 AND seq < $2 AND seq >= $3 ORDER BY seq DESC LIMIT $7) d
		WHERE d.words @@ CAST($1 AS tsquery) ORDER BY d.seq DESC LIMIT $6`,
		a.written(t), a.below, a.from, a.brand, a.inAnyLead(t), most, look, Reply)
}

// points are those of leads.
const points = `CASE WHEN words @@ CAST($5 AS tsquery) THEN 1 + CASE WHEN opening THEN 2 ELSE 0 END + CASE WHEN solved THEN 1 ELSE 0 END ELSE 0 END`

func (a asked) inAnyLead(l language) string {
	var letters []string
	for _, of := range leads {
		letters = append(letters, of.letter)
	}
	return a.inLead(l, letters...)
}

func weighRows(ctx context.Context, q db.Queryer, query string, args ...any) ([]weighed, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	return db.Collect(rows, err, func(r *sql.Rows) (w weighed, err error) { return w, r.Scan(&w.seq, &w.points) })
}

func (tsvector) and() string               { return " & " }
func (tsvector) or() string                { return " | " }
func (tsvector) but(yes, no string) string { return "(" + yes + " & !" + no + ")" }
func (tsvector) phrase(words []string) string {
	return "('" + strings.Join(words, "' <-> '") + "')"
}
func (tsvector) beginning(words []string) string {
	return "('" + strings.Join(words, "' <-> '") + "':*)"
}

// language is how a database wants a query written.
type language interface {
	and() string
	or() string
	but(yes, no string) string
	phrase(words []string) string
	beginning(words []string) string
}

// written is the query in a database's language: for each kind the words it
// must hold and must not, and of those what belongs where it is asked for.
func (a asked) written(l language) string {
	var kinds []string
	for _, k := range a.Kinds {
		for _, mark := range a.marks(letter[k]) {
			kinds = append(kinds, a.ofKind(l, mark, mark))
		}
	}
	return a.within(l, kinds)
}

// within is what of these queries belongs where it is asked for.
func (a asked) within(l language, kinds []string) string {
	all := []string{either(l, kinds)}
	for _, some := range [][]string{a.only, a.Channels} {
		if len(some) > 0 {
			all = append(all, either(l, attributes(l, "channel", some)))
		}
	}
	if a.Person != "" {
		all = append(all, either(l, attributes(l, "person", []string{a.Person})))
	}
	for _, word := range a.also {
		all = append(all, l.phrase([]string{word}))
	}
	if len(a.seen) > 0 {
		all = append(all, either(l, phrases(l, a.seen)))
	}
	if len(a.unseen) > 0 {
		return l.but("("+strings.Join(all, l.and())+")", either(l, phrases(l, a.unseen)))
	}
	return strings.Join(all, l.and())
}

// ofKind asks for the terms by their words with mark before them, and without
// those that must not be there by theirs.
func (a asked) ofKind(l language, mark, markNot string) string {
	var yes, no []string
	for _, t := range a.terms {
		words := make([]string, len(t.words))
		for i, w := range t.words {
			words[i] = mark + w
			if t.not {
				words[i] = markNot + w
			}
		}
		said := l.phrase(words)
		if t.begins && len(a.begun) > 0 {
			said = either(l, finished(l, words, mark, a.begun))
		} else if t.begins {
			said = l.beginning(words)
		}
		if t.not {
			no = append(no, said)
		} else {
			yes = append(yes, said)
		}
	}
	all := "(" + strings.Join(yes, l.and()) + ")"
	if len(no) > 0 {
		all = l.but(all, either(l, no))
	}
	return all
}

// finished are the words with each that the last may become.
func finished(l language, words []string, mark string, begun []string) []string {
	out := make([]string, len(begun))
	for i, w := range begun {
		out[i] = l.phrase(append(slices.Clone(words[:len(words)-1]), mark+w))
	}
	return out
}

func attributes(l language, of string, ids []string) []string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = attribute(of, id)
	}
	return phrases(l, words)
}

func phrases(l language, words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = l.phrase([]string{w})
	}
	return out
}

func either(l language, all []string) string { return "(" + strings.Join(all, l.or()) + ")" }

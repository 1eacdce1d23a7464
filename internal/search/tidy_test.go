package search_test

import (
	"fmt"
	"strings"
	"testing"

	"rapport/internal/db"
	"rapport/internal/search"
)

// pieces is in how many the index stands; 0 on PostgreSQL.
func (s shelf) pieces() int {
	s.t.Helper()
	n := 0
	if s.Dialect == db.Postgres {
		return n
	}
	if err := s.QueryRowContext(ctx, `SELECT COUNT(DISTINCT segid) FROM search_word_idx`).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s shelf) tidy() {
	s.t.Helper()
	if done, err := search.Tidy(ctx, s.DB); err != nil || !done {
		s.t.Fatalf("tidied %v: %v", done, err)
	}
}

// However often the index is put together, also half, the same is found.
func TestTheIndexIsPutTogether(t *testing.T) {
	s := open(t)
	filler := strings.Repeat("so many words of a long reply ", 500)
	number := 0
	write := func(times int) {
		for range times {
			var docs []search.Doc
			for range 10 {
				number++
				docs = append(docs, said(fmt.Sprint("r", number), db.Time(number), fmt.Sprintf("many n%d %s w%d", number, filler, number*7919%3000)))
			}
			s.put(docs...)
		}
	}
	found := func(when string, want int) {
		t.Helper()
		if got := s.look(search.CommunityQuery{Text: "many", Ranked: true}, db.Page{}); got.Ranked != want {
			t.Errorf("%s: %d found, want %d", when, got.Ranked, want)
		}
		if got := s.look(search.CommunityQuery{Text: fmt.Sprintf("n%d ", number)}, db.Page{}); len(got.Hits) != 1 {
			t.Errorf("%s: the newest is not found", when)
		}
	}
	write(30)
	var gone []string
	for i := range 100 {
		gone = append(gone, fmt.Sprint("r", 2*i+1))
	}
	if err := s.Tx(ctx, func(tx *db.Tx) error { return search.Drop(ctx, tx, "north", search.Reply, gone...) }); err != nil {
		t.Fatal(err)
	}
	found("in pieces", 200)
	if err := search.TidySome(ctx, s.DB); err != nil {
		t.Fatal(err)
	}
	found("begun", 200)
	var finished db.Time
	if err := s.QueryRowContext(ctx, `SELECT done_at FROM search_fill WHERE source = 'tidy'`).Scan(&finished); err != nil || finished > 0 == (s.Dialect == db.SQLite) {
		t.Errorf("one step came to %v, %v", finished, err)
	}
	write(2) // somebody writes meanwhile
	found("begun, and written", 220)
	s.tidy()
	found("tidied", 220)
	before := s.pieces()
	s.tidy()
	if n := s.pieces(); n != before {
		t.Errorf("the index was put together again though it has not grown: %d pieces of %d", n, before)
	}
	s.settle(search.Space{Brand: "north", ID: "open", Hidden: true}) // takes all out and puts it in again
	s.tidy()
	found("settled and tidied", 220)
	if n := s.pieces(); n > 1 {
		t.Errorf("the index stands in %d pieces", n)
	}
}

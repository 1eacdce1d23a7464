package search

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// RankedMost is how many of the newest answers are put in order. Older ones are
// found by asking for them: newest first, or until a day.
const RankedMost = 5_000

// CommunityQuery is what a reader of the community looks for.
type CommunityQuery struct {
	Text     string   // as in Query
	Spaces   []string // ids of those the reader may see, and asks for; none: nothing is found
	Author   string   // id of the member who wrote it; "" anybody
	From, To db.Time  // of this time or later, and before that
	Solved   bool     // only topics with an accepted answer
	// Ranked puts the best first, of the newest RankedMost answers: those that
	// hold all the words in their first 100 characters (an opening begins with
	// its title), and of them openings before replies, and of both those of
	// topics with an accepted answer. What is as good comes newest first.
	Ranked bool
}

// CommunityResult is a page of answers.
type CommunityResult struct {
	Hits []Hit
	Next string // cursor of the next page, "" after the last
	// Of a ranked search: how many answers were put in order, and whether there
	// are older ones that were not.
	Ranked int
	More   bool
}

// Community returns the brand's replies that answer the query, for readers with
// or without an account: the spaces they may see are the caller's to name, and
// what stands in others is neither found nor counted. It gives 20 to a page
// unless asked otherwise (at most 100). The snippet of an opening leaves its
// title out. No query is an error; a cursor that is none is fault.Invalid.
func Community(ctx context.Context, d *db.DB, brandID string, query CommunityQuery, page db.Page) (CommunityResult, error) {
	return community(ctx, d, dialects[d.Dialect], brandID, query, page)
}

// ForTeam finds in every space of the brand's community, for the brand's team:
// who may not look into the brand gets fault.Denied. What waits or was hidden is
// not in the index, and so is not found.
func ForTeam(ctx context.Context, d *db.DB, who access.Who, brandID string, query CommunityQuery, page db.Page) (CommunityResult, error) {
	if err := who.May(d.Now(), brandID, access.BrandRead); err != nil {
		return CommunityResult{}, err
	}
	known, err := spacesOf(ctx, d, tag(brandID))
	if err != nil {
		return CommunityResult{}, err
	}
	query.Spaces = nil
	for _, s := range known {
		if s.Brand == brandID { // two brands may share a tag
			query.Spaces = append(query.Spaces, s.ID)
		}
	}
	return Community(ctx, d, brandID, query, page)
}

func community(ctx context.Context, q db.Queryer, in dialect, brandID string, query CommunityQuery, page db.Page) (CommunityResult, error) {
	a := query.asked(brandID, page)
	at, err := placeOf(page.After, query.Ranked)
	if err != nil {
		return CommunityResult{}, err
	}
	a.below = min(a.below, at.below)
	if !a.any() {
		return CommunityResult{}, nil
	}
	if some, err := a.see(ctx, q, query.Spaces); err != nil || !some {
		return CommunityResult{}, err
	}
	if query.Ranked {
		return a.ranked(ctx, q, in, at.skip)
	}
	hits, next, err := a.find(ctx, q, in)
	return CommunityResult{Hits: hits, Next: next}, err
}

func (query CommunityQuery) asked(brandID string, page db.Page) asked {
	a := asked{Query: Query{Text: query.Text, Kinds: []Kind{Reply}, From: query.From, To: query.To}, brand: brandID, sides: sides(), terms: read(query.Text), size: page.Size(20, 100), titled: true}
	if query.Author != "" {
		a.also = append(a.also, attribute("author", query.Author))
	}
	if a.solved = query.Solved; a.solved {
		a.also = append(a.also, attribute("solved", brandID))
	}
	a.from, a.below = span(query.From, query.To)
	return a
}

// see keeps the query to what stands in the spaces: by asking for those letters
// alone that something in them has, and of what has these by naming the spaces
// or the others, whichever are fewer. It reports whether there is anything in
// them.
func (a *asked) see(ctx context.Context, q db.Queryer, spaces []string) (bool, error) {
	// Two brands may share a tag; the other's spaces are not seen either.
	known, err := spacesOf(ctx, q, tag(a.brand))
	if err != nil {
		return false, err
	}
	may := map[string]bool{}
	for _, id := range spaces {
		may[id] = true
	}
	sees := func(s filed) bool { return may[s.ID] && s.Brand == a.brand }
	a.sides = slices.DeleteFunc(a.sides, func(of side) bool {
		return !slices.ContainsFunc(known, func(s filed) bool { return sees(s) && s.on(of) })
	})
	for _, s := range known {
		word := attribute("space", s.ID)
		switch {
		case sees(s):
			a.seen = append(a.seen, word)
		case slices.ContainsFunc(a.sides, s.on):
			a.unseen = append(a.unseen, word)
		}
	}
	if len(a.seen) == 0 {
		return false, nil
	}
	if len(a.unseen) <= len(a.seen) {
		a.seen = nil
	} else {
		a.unseen = nil
	}
	return true, nil
}

// place is where a page begins: below a seq, and in a ranked search after so
// many.
type place struct {
	below int64
	skip  int
}

// placeOf reads a page's cursor. That of a ranked search holds how many came
// before, and the newest that was ranked, so that what is written meanwhile
// moves nothing.
func placeOf(after string, ranked bool) (place, error) {
	if !ranked || after == "" {
		below, err := position(after)
		return place{below: below}, err
	}
	count, below, _ := strings.Cut(after, "_")
	skip, err := strconv.ParseUint(count, 36, 16)
	if err != nil || skip == 0 || skip > RankedMost || below == "" {
		return place{}, fault.OnField("after", "This is no page of the list. Start again from the first page.")
	}
	at, err := position(below)
	return place{at, int(skip)}, err
}

// weighed is an answer with its points.
type weighed struct {
	seq    int64
	points int
}

// ranked gives the best answers after as many that were shown.
func (a asked) ranked(ctx context.Context, q db.Queryer, in dialect, skip int) (CommunityResult, error) {
	all, err := in.weigh(ctx, q, a, RankedMost+1, skip+a.size)
	if err != nil {
		return CommunityResult{}, fmt.Errorf("search: rank: %w", err)
	}
	out := CommunityResult{More: len(all) > RankedMost}
	all = all[:min(len(all), RankedMost)]
	if out.Ranked = len(all); skip >= len(all) {
		return out, nil
	}
	below := all[0].seq + 1
	slices.SortStableFunc(all, func(a, b weighed) int { return cmp.Compare(b.points, a.points) })
	shown := all[skip:min(len(all), skip+a.size)]
	if skip+len(shown) < len(all) {
		out.Next = strconv.FormatInt(int64(skip+len(shown)), 36) + "_" + strconv.FormatInt(below, 36)
	}
	out.Hits, err = a.shown(ctx, q, shown)
	return out, err
}

// shown reads the answers in their order.
func (a asked) shown(ctx context.Context, q db.Queryer, some []weighed) ([]Hit, error) {
	rows, err := a.rows(ctx, q, some)
	if err != nil {
		return nil, fmt.Errorf("search: rank: %w", err)
	}
	at := map[int64]int{}
	for i, w := range some {
		at[w.seq] = i
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(at[a.seq], at[b.seq]) })
	return a.hits(rows), nil
}

// rows reads the answers in any order. An index of the brand would be taken for
// narrower than some rows by their keys.
func (a asked) rows(ctx context.Context, q db.Queryer, some []weighed) ([]row, error) {
	args := []any{a.brand}
	for _, w := range some {
		args = append(args, w.seq)
	}
	return collect(ctx, q, `SELECT `+columns+` FROM search_doc d WHERE d.brand_id || '' = $1 AND d.seq IN (`+db.In(2, len(some))+`)`, args...)
}

// weighTexts gives the points that the index would give, from the texts.
func (a asked) weighTexts(ctx context.Context, q db.Queryer, some []weighed) error {
	rows, err := a.rows(ctx, q, some)
	points := map[int64]int{}
	for _, r := range rows {
		for _, l := range leads {
			if l.opening == r.Opening && l.solved == r.Solved && a.leads(r.text) {
				points[r.seq] = l.points
			}
		}
	}
	for i := range some {
		some[i].points = points[some[i].seq]
	}
	return err
}

// leads reports whether the beginning of the text holds all that it must.
func (a asked) leads(text string) bool {
	end := leadEnd(text)
	// One character more shows whether the last word goes on.
	_, next := utf8.DecodeRuneInString(text[end:])
	words := cut(text[:end+next])
	for len(words) > 0 && words[len(words)-1].end > end {
		words = words[:len(words)-1]
	}
	return !slices.ContainsFunc(a.terms, func(t term) bool { return !t.not && !t.in(words) })
}

// inLead asks for what holds all the words in its beginning, of these letters.
func (a asked) inLead(l language, letters ...string) string {
	mark := tag(a.brand)
	var kinds []string
	for _, of := range letters {
		for _, s := range a.sides {
			kinds = append(kinds, a.ofKind(l, mark+s.letter(of), mark+s.letter(letter[Reply])))
		}
	}
	return a.within(l, kinds)
}

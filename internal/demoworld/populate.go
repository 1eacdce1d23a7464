package demoworld

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/member"
	"rapport/internal/person"
	"rapport/internal/search"
	"rapport/internal/space"
	"rapport/internal/tally"
)

// Population is how large a brand's community is made for a load test.
type Population struct {
	Members, Topics, Replies int // replies besides the topics' openings
	// Progress hears how many of the texts are in, from time to time; nil hears
	// not.
	Progress func(texts int)
}

// populatedFor is over how long the past of a large community is spread.
const populatedFor = 3 * 365 * 24 * time.Hour

// Populate opens the brand's community and gives it that many members, topics
// and replies more, as if they had come over three years: a few speak much,
// half of the questions are solved, a third of the replies has reactions. None
// of the members can sign in. Nobody is told of anything.
func (w World) Populate(ctx context.Context, who access.Who, b brand.Brand, p Population) error {
	if p.Topics > 0 && p.Members < 2 {
		return fmt.Errorf("demoworld: populate: topics need two members at least")
	}
	t := newTown(b, who, w.DB.Now().Time(), map[string]account.Account{}, nil, nil, nil)
	l := &large{town: t, w: w, p: p, spoke: map[*soul]int{}, helped: map[*soul]int{}, words: &composer{dice: t.dice, decks: map[string]*deck{}, used: map[string]bool{}}}
	mark := db.NewID()
	for _, step := range []func(context.Context) error{l.open, l.inhabit, l.begin, l.talk, l.close} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("demoworld: populate: %w", err)
		}
	}
	for after := mark; after != ""; {
		err := w.DB.Tx(ctx, func(tx *db.Tx) (err error) {
			after, err = person.Reindex(ctx, tx, b.ID, after, 500)
			return err
		})
		if err != nil {
			return fmt.Errorf("demoworld: populate: %w", err)
		}
	}
	for done := false; !done; { // as the hourly job does
		var err error
		if done, err = search.Tidy(ctx, w.DB); err != nil {
			return err
		}
	}
	if err := tally.Recount(ctx, w.DB, b); err != nil {
		return err
	}
	return tally.Compute(ctx, w.DB, b)
}

// large is a community by the thousand.
type large struct {
	*town
	w      World
	p      Population
	words  *composer
	places []place
	topics []*thread
	texts  []text // all, the oldest first
	spoke  map[*soul]int
	helped map[*soul]int // with an answer that was accepted
}

// place is a space with the seeds of its talks.
type place struct {
	space.Space
	seeds []seed
}

// thread is a topic while it is made.
type thread struct {
	id, title   string
	number      int64
	place       *place
	seed        *seed
	begun       db.Time
	size        int // replies besides its opening
	solvedBy    int // number of the accepted answer; 0 none
	by          *soul
	last        *soul
	lastAt      db.Time
	said, heat  int64
	answeredAt  db.Time
	answer      string
	answerAt    db.Time
	firstVoices []*soul
}

// text is one opening or reply.
type text struct {
	of *thread
	at db.Time
}

// open opens the community with the demo's spaces, where it has none.
func (l *large) open(ctx context.Context) error {
	c, err := community.Of(ctx, l.w.DB, l.brand.ID)
	if err == nil && c.OpenedAt == 0 {
		err = l.w.found(ctx, l.owner, l.brand)
	}
	if err != nil {
		return err
	}
	all, err := space.List(ctx, l.w.DB, l.brand.ID)
	if err == nil && len(all) == 0 {
		err = l.w.DB.Tx(ctx, func(tx *db.Tx) error { return l.saveSpaces(ctx, tx) })
	}
	if err == nil && len(all) == 0 {
		all, err = space.List(ctx, l.w.DB, l.brand.ID)
	}
	for _, s := range all {
		if s.Kind.TeamBegins() {
			continue
		}
		l.places = append(l.places, place{Space: s, seeds: seedsFor(s.Kind)})
	}
	return err
}

// seedsFor are beginnings that suit a space and can go on.
func seedsFor(kind space.Kind) []seed {
	name := spaceHome
	if kind == space.Questions {
		name = spaceAsk
	}
	return slices.DeleteFunc(slices.Clone(seeds), func(s seed) bool { return s.space != name || len(parts[s.tag]) == 0 })
}

// inhabit lets the members join, more of them the longer the community is
// there.
func (l *large) inhabit(ctx context.Context) error {
	taken := map[string]bool{}
	rows, err := l.w.DB.QueryContext(ctx, `SELECT skeleton FROM member_handle WHERE brand_id = $1`, l.brand.ID)
	looks, err := db.Collect(rows, err, scanText)
	if err != nil {
		return err
	}
	for _, one := range looks {
		taken[one] = true
	}
	for range l.p.Members {
		s := l.stranger(taken)
		s.joined = db.At(l.now.Add(-time.Duration(math.Pow(l.dice.Float64(), 1.2) * float64(populatedFor))))
		s.seen = max(s.joined, db.At(l.now.Add(-time.Duration(math.Pow(l.dice.Float64(), 2.6)*float64(db.At(l.now).Sub(s.joined))))))
		l.people = append(l.people, s)
	}
	slices.SortStableFunc(l.people, func(a, b *soul) int { return cmp.Compare(a.joined, b.joined) })
	for some := range slices.Chunk(l.people, perTx) {
		if err := l.w.DB.Tx(ctx, func(tx *db.Tx) error { return l.join(ctx, tx, some) }); err != nil {
			return err
		}
	}
	return nil
}

func (l *large) stranger(taken map[string]bool) *soul {
	from := draw(l.dice, families)
	first, last := draw(l.dice, strings.Fields(from[0])), draw(l.dice, strings.Split(from[1], ","))
	handle := l.handle(plainLetters(first), plainLetters(last))
	for taken[member.Skeleton(handle)] || !member.IsHandle(handle) {
		handle = fmt.Sprint(plainLetters(first), "_", 2+l.dice.IntN(1_000_000))
	}
	taken[member.Skeleton(handle)] = true
	return newSoul(first+" "+last, handle)
}

func (l *large) join(ctx context.Context, tx *db.Tx, some []*soul) error {
	var accounts [][]any
	for _, s := range some {
		accounts = append(accounts, []any{s.account, s.account + "@members.example", s.name, s.joined})
	}
	if err := db.Many(ctx, tx, `INSERT INTO account (id, email, name, password_hash, theme, created_at) VALUES ($1, $2, $3, '', 'system', $4)`, accounts); err != nil {
		return err
	}
	l.acts = nil
	if err := l.enlist(ctx, tx, some); err != nil {
		return err
	}
	return l.record(ctx, tx)
}

// record writes what happened; it is counted in the end, all at once.
func (l *large) record(ctx context.Context, tx *db.Tx) error {
	var rows [][]any
	for _, a := range l.acts {
		rows = append(rows, []any{db.NewID(), l.brand.ID, a.Kind, a.Subject, a.Actor, a.Value, a.At, a.Member, a.Topic})
	}
	l.acts = nil
	return db.Many(ctx, tx, `INSERT INTO activity (id, brand_id, kind, subject, actor, value, at, member_id, topic_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, rows)
}

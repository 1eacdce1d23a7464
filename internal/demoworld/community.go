package demoworld

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/activity"
	"rapport/internal/brand"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/person"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// openFor is how long the demo's community has been there.
const openFor = 183 * 24 * time.Hour

// The spaces, as the talks name them.
const (
	spaceAsk    = "ask"
	spaceHome   = "home"
	spaceNews   = "news"
	spaceGuides = "guides"
	spaceBack   = "back"
)

var spaces = []struct {
	name string
	space.Settings
}{
	{spaceAsk, space.Settings{Name: "Brewing questions", Kind: space.Questions, About: "Sour, bitter, too slow, too fast: ask, and say what you have tried. Accept the answer that helped."}},
	{spaceHome, space.Settings{Name: "At home", Kind: space.Discussion, About: "Coffee corners, habits, small discoveries. Everything that needs no answer."}},
	{spaceNews, space.Settings{Name: "News from the roastery", Kind: space.Announcements, About: "New beans, dates and what changes. The team begins, everybody may reply."}},
	{spaceGuides, space.Settings{Name: "Brew guides", Kind: space.Knowledge, About: "How we brew, step by step. Tell us where a step is unclear."}},
	{spaceBack, space.Settings{Name: "Home baristas' back room", Kind: space.Discussion, Hidden: true, About: "For members only: first tastings, swaps, and opinions about our opinions."}},
}

var chosen = community.Settings{
	Intro:      "Ask, taste and talk with the people who roast, brew and drink Northwind.",
	Joining:    community.Ask,
	Questions:  []string{joinQuestion},
	FirstPosts: 2,
	LinksWait:  true,
}

const joinQuestion = "How do you brew your coffee at home?"

// found opens the community and writes its documents. Doing it again changes
// nothing.
func (w World) found(ctx context.Context, who access.Who, b brand.Brand) error {
	for _, name := range document.Names {
		_, err := document.Current(ctx, w.DB, b.ID, name)
		if fault.Is(err, fault.NotFound) {
			_, err = document.Write(ctx, w.DB, who, b.ID, name, 0, papers[name], true)
		}
		if err != nil {
			return fmt.Errorf("demoworld: document: %w", err)
		}
	}
	_, err := community.Change(ctx, w.DB, who, b.ID, 0, chosen)
	if err == nil {
		_, err = community.Show(ctx, w.DB, who, b.ID, true)
	}
	if err != nil {
		return fmt.Errorf("demoworld: community: %w", err)
	}
	return nil
}

// town is the community's past while it is written: who is there and what they
// said.
type town struct {
	brand     brand.Brand
	owner     access.Who
	now       time.Time
	team      map[string]account.Account
	dice      *luck
	faces     []string         // keys of pictures of members
	portrayed int              // of them that were given
	people    []*soul          // the crowd, who joined first comes first
	staff     map[string]*soul // by key; "robin" is the owner
	spaces    map[string]space.Space
	talks     []*talk // the oldest first
	reactions [][]any
	acts      []activity.Entry
	crossed   []*crossed // what came in from the network
	carried   []carried  // what was promoted there
}

func newTown(b brand.Brand, owner access.Who, now time.Time, team map[string]account.Account, faces []string, came []*crossed, went []carried) *town {
	return &town{brand: b, owner: owner, now: now, team: team, faces: faces, crossed: came, carried: went, dice: newLuck(), staff: map[string]*soul{}, spaces: map[string]space.Space{}}
}

// save writes the whole past in the caller's transaction.
func (t *town) save(ctx context.Context, tx *db.Tx) error {
	// Ids sort by when they were made: what is to be indexed comes after this one.
	mark := db.NewID()
	t.settle()
	for _, step := range []func(context.Context, *db.Tx) error{t.recognize, t.tell, t.read, t.saveSpaces, t.saveMembers, t.saveTalks, t.saveCrossings, t.saveWatches, t.saveCases, t.saveNotices, t.saveActs, t.count, t.backdate, t.saveLinks, t.saveMissed} {
		if err := step(ctx, tx); err != nil {
			return fmt.Errorf("demoworld: community: %w", err)
		}
	}
	for _, reindex := range []func(context.Context, *db.Tx, string, string, int) (string, error){person.Reindex, topic.Reindex} {
		for after := mark; after != ""; {
			var err error
			if after, err = reindex(ctx, tx, t.brand.ID, after, 200); err != nil {
				return fmt.Errorf("demoworld: community: %w", err)
			}
		}
	}
	return nil
}

func (t *town) opened() time.Time { return t.now.Add(-openFor) }

func (t *town) saveSpaces(ctx context.Context, tx *db.Tx) error {
	for _, s := range spaces {
		made, err := space.Add(ctx, tx, t.owner, t.brand.ID, s.Settings)
		if err != nil {
			return err
		}
		t.spaces[s.name] = made
	}
	return nil
}

// tell lets the talks take place, in the order in which they began.
func (t *town) tell(context.Context, *db.Tx) error {
	t.talks = append(t.written(), t.composed()...)
	for _, one := range t.talks {
		t.hold(one)
	}
	slices.SortStableFunc(t.talks, func(a, b *talk) int { return cmp.Compare(a.said[0].at, b.said[0].at) })
	for i, one := range t.talks {
		one.number = int64(i + 1)
		t.react(one)
	}
	return nil
}

func (t *town) saveTalks(ctx context.Context, tx *db.Tx) error {
	var topics, replies [][]any
	for _, one := range t.talks {
		topics = append(topics, one.row(t))
		for _, s := range one.said {
			replies = append(replies, s.row(t, one))
		}
	}
	if err := db.Many(ctx, tx, `INSERT INTO topic (id, brand_id, number, space_id, author_id, title, slug, state, last_at, last_by, answer_id, solved_at, pinned_at, closed_at, origin, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`, topics); err != nil {
		return err
	}
	if err := db.Many(ctx, tx, `INSERT INTO reply (id, brand_id, topic_id, space_id, number, author_id, answers, state, text, html, team, at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, $11)`, replies); err != nil {
		return err
	}
	return db.Many(ctx, tx, `INSERT INTO reaction (reply_id, member_id, brand_id, kind, at) VALUES ($1, $2, $3, $4, $5)`, t.reactions)
}

// saveWatches lets those who spoke follow what they spoke in.
func (t *town) saveWatches(ctx context.Context, tx *db.Tx) error {
	var rows [][]any
	for _, one := range t.talks {
		seen := map[*soul]bool{}
		for i, s := range slices.Backward(one.said) {
			if s.state != topic.Live || seen[s.by] {
				continue
			}
			seen[s.by] = true
			because := "replied"
			if s.by == one.said[0].by {
				because = "began"
			}
			rows = append(rows, []any{s.by.id, one.id, t.brand.ID, because, i + 1, s.at})
		}
	}
	return db.Many(ctx, tx, `INSERT INTO watch (member_id, subject, brand_id, level, because, seen, at) VALUES ($1, $2, $3, 'watch', $4, $5, $6)`, rows)
}

// saveCases are what the team decided and what it has yet to look at.
func (t *town) saveCases(ctx context.Context, tx *db.Tx) error {
	var decisions, flags [][]any
	for _, one := range t.talks {
		for _, s := range one.said {
			if s.state == topic.Hidden {
				decisions = append(decisions, []any{db.NewID(), t.brand.ID, s.id, topic.Hide, document.Rules(papers[document.Guidelines])[4], hiddenWhy, s.text, 1, t.team[teamManager].ID, s.at.Add(40 * time.Minute)})
			}
			if s.flag != "" {
				// Somebody came across it lately: a team that works lets no flag lie for weeks.
				lately := db.At(t.now).Add(-time.Duration(5+19*len(flags)) * time.Hour)
				flags = append(flags, []any{db.NewID(), t.brand.ID, s.id, t.someone(s.at, s.by).id, s.flag, s.note, min(max(s.at.Add(3*time.Hour), lately), db.At(t.now))})
			}
		}
	}
	if err := db.Many(ctx, tx, `INSERT INTO decision (id, brand_id, reply_id, act, rule, reason, excerpt, revision, account_id, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, decisions); err != nil {
		return err
	}
	return db.Many(ctx, tx, `INSERT INTO flag (id, brand_id, reply_id, member_id, reason, note, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`, flags)
}

func (t *town) saveActs(ctx context.Context, tx *db.Tx) error {
	for _, a := range t.acts {
		a.Brand = t.brand.ID
		if err := activity.Record(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}

// counts make every counter what a recount would find.
var counts = []string{
	`UPDATE topic SET replies = (SELECT COUNT(*) FROM reply r WHERE r.topic_id = topic.id AND r.state = 'live' AND r.number > 1),
		last_number = COALESCE((SELECT MAX(r.number) FROM reply r WHERE r.topic_id = topic.id AND r.number > 0 AND topic.state <> 'waiting'), 0),
		answered_at = COALESCE((SELECT MIN(r.at) FROM reply r WHERE r.topic_id = topic.id AND r.state = 'live' AND r.number > 1 AND r.author_id <> topic.author_id), 0)
		WHERE brand_id = $1`,
	`UPDATE topic SET heat = replies + (SELECT COUNT(*) FROM reaction x JOIN reply r ON r.id = x.reply_id WHERE r.topic_id = topic.id) WHERE brand_id = $1`,
	countSpaces,
	`UPDATE reply SET flags = (SELECT COUNT(*) FROM flag f WHERE f.reply_id = reply.id AND f.settled_at = 0) WHERE brand_id = $1`,
	`UPDATE member SET posts = (SELECT COUNT(*) FROM reply r WHERE r.brand_id = $1 AND r.author_id = member.id AND r.state = 'live'),
		solved = (SELECT COUNT(*) FROM topic t JOIN reply r ON r.id = t.answer_id WHERE t.brand_id = $1 AND r.author_id = member.id) WHERE brand_id = $1`,
	countTopics,
}

const (
	countSpaces = `UPDATE space SET topics = (SELECT COUNT(*) FROM topic t WHERE t.brand_id = $1 AND t.space_id = space.id AND t.state = 'live'),
		last_at = COALESCE((SELECT MAX(t.last_at) FROM topic t WHERE t.brand_id = $1 AND t.space_id = space.id AND t.state = 'live'), 0) WHERE brand_id = $1`
	countTopics = `UPDATE community SET topics = (SELECT COALESCE(MAX(t.number), 0) FROM topic t WHERE t.brand_id = $1) WHERE brand_id = $1`
)

func (t *town) count(ctx context.Context, tx *db.Tx) error {
	for _, query := range counts {
		if _, err := tx.ExecContext(ctx, query, t.brand.ID); err != nil {
			return err
		}
	}
	return nil
}

// backdate makes what came by the usual doors as old as the community.
func (t *town) backdate(ctx context.Context, tx *db.Tx) error {
	for _, query := range []string{
		`UPDATE community SET opened_at = $2 WHERE brand_id = $1`,
		`UPDATE space SET created_at = $2 WHERE brand_id = $1`,
		`UPDATE document SET at = $2 WHERE brand_id = $1`,
	} {
		if _, err := tx.ExecContext(ctx, query, t.brand.ID, db.At(t.opened())); err != nil {
			return err
		}
	}
	return nil
}

// Package topic is what a community says: topics and their replies, what was
// changed in them, what was thought of them, and what the team decided about
// them. A topic's opening is its reply number 1, so that everything one can do
// with a reply can be done with it. Pages, letters and the inbox are others'.
package topic

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/space"
)

// State is where a topic or a reply stands.
type State string

// The states.
const (
	Waiting   State = "waiting"   // for a look, before anybody else reads it
	Live      State = "live"      // can be read
	Hidden    State = "hidden"    // by the team, with a reason that everybody sees
	Declined  State = "declined"  // it waited, and the team did not let it through
	Withdrawn State = "withdrawn" // by its author
	Erased    State = "erased"    // its words are gone, as its author wished
)

// PageSize is how many replies are on a page of a topic.
const PageSize = 20

// Topic is one row.
type Topic struct {
	ID, Brand  string
	Number     int64 // in addresses
	Space      string
	Author     string // member
	Title      string // "" once it is erased
	Slug       string // made of the title, for the eye alone
	Excerpt    string // beginning of its opening
	State      State
	Replies    int64 // that can be read, without the opening
	Heat       int64 // its replies and reactions
	LastNumber int64 // of its replies; 0: nobody else has read its opening yet
	LastAt     db.Time
	LastBy     string  // member
	AnsweredAt db.Time // first reply by another member; 0: none
	Answer     string  // id of the reply that was accepted
	SolvedAt   db.Time
	PinnedAt   db.Time
	ClosedAt   db.Time // since when nobody can reply
	Origin     string  // JSON of where it comes from, when not from here
	CreatedAt  db.Time
}

// Path is where the topic stands below the community's address.
func (t Topic) Path() string {
	slug := t.Slug
	if slug == "" {
		slug = "-"
	}
	return "/t/" + slug + "/" + strconv.FormatInt(t.Number, 10)
}

// PathOf is where a reply stands in the topic: on its page, at its place.
func (t Topic) PathOf(number int64) string {
	switch page := PageOf(number); {
	case number <= 1:
		return t.Path()
	case page == 1:
		return t.Path() + "#" + strconv.FormatInt(number, 10)
	default:
		return t.Path() + "?page=" + strconv.FormatInt(page, 10) + "#" + strconv.FormatInt(number, 10)
	}
}

// PageOf is the page, from 1, that a reply is on.
func PageOf(number int64) int64 { return max((number-1)/PageSize+1, 1) }

// Pages is how many pages the topic has.
func (t Topic) Pages() int64 { return PageOf(t.LastNumber) }

const topicColumns = `t.id, t.brand_id, t.number, t.space_id, t.author_id, t.title, t.slug, t.excerpt, t.state, t.replies, t.heat, t.last_number,
	t.last_at, t.last_by, t.answered_at, t.answer_id, t.solved_at, t.pinned_at, t.closed_at, t.origin, t.created_at`

func (t *Topic) fields() []any {
	return []any{&t.ID, &t.Brand, &t.Number, &t.Space, &t.Author, &t.Title, &t.Slug, &t.Excerpt, &t.State, &t.Replies, &t.Heat, &t.LastNumber,
		&t.LastAt, &t.LastBy, &t.AnsweredAt, &t.Answer, &t.SolvedAt, &t.PinnedAt, &t.ClosedAt, &t.Origin, &t.CreatedAt}
}

// Missing is what a topic that is not there answers, and one that must not be
// known.
func Missing() error { return fault.New(fault.NotFound, "There is no such topic.") }

func noReply() error { return fault.New(fault.NotFound, "There is no such reply.") }

func oneTopic(ctx context.Context, q db.Queryer, where string, args ...any) (Topic, error) {
	var t Topic
	err := q.QueryRowContext(ctx, `SELECT `+topicColumns+` FROM topic t WHERE `+where, args...).Scan(t.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return t, Missing()
	}
	if err != nil {
		return t, fmt.Errorf("topic: read: %w", err)
	}
	return t, nil
}

// ByNumber returns the topic with that number. Whether the reader may see it
// is for Readable to say.
func ByNumber(ctx context.Context, q db.Queryer, brandID string, number int64) (Topic, error) {
	return oneTopic(ctx, q, `t.brand_id = $1 AND t.number = $2`, brandID, number)
}

// ByID returns the topic, likewise.
func ByID(ctx context.Context, q db.Queryer, brandID, id string) (Topic, error) {
	return oneTopic(ctx, q, `t.brand_id = $1 AND t.id = $2`, brandID, id)
}

// Readable returns nil where the voice may know of the topic in its space:
// what is for members only is not even there for others, and what waits, was
// declined or withdrawn is its author's and the team's to see.
func Readable(now db.Time, v member.Voice, s space.Space, t Topic) error {
	switch {
	case s.Hidden && !v.Inside(now):
		return Missing()
	case t.State == Live || t.State == Hidden || t.State == Erased:
		return nil
	case v.Member.ID != "" && v.Member.ID == t.Author, v.Moderates(now, s.ID):
		return nil
	}
	return Missing()
}

// Reply is one row. Text is Markdown, HTML the same as pages of topics show
// it: its links to people and pictures begin with Up.
type Reply struct {
	ID, Brand, Topic, Space string
	Number                  int64 // from 1 without a gap; below 0 while it waits
	Author                  string
	Answers                 int64 // number of the reply it answers; 0: the topic
	State                   State
	Text, HTML              string
	Team                    bool // its author spoke as one of the team
	Reactions               Reactions
	Flags                   int64 // that nobody has looked at
	EditedAt                db.Time
	Revision                int64
	At                      db.Time // since when it can be read, or waits
	CreatedAt               db.Time
}

// Up leads from a topic's page to the community's front. What is shown
// elsewhere puts the community's address in its place: see Placed.
const Up = "../../"

// Placed is the HTML of a reply for a page that is no topic's, with links that
// begin with base.
func Placed(html, base string) string {
	return strings.ReplaceAll(html, `="`+Up, `="`+base+`/`)
}

const replyColumns = `r.id, r.brand_id, r.topic_id, r.space_id, r.number, r.author_id, r.answers, r.state, r.text, r.html, r.team, r.reactions, r.flags,
	r.edited_at, r.revision, r.at, r.created_at`

func (r *Reply) fields() []any {
	return []any{&r.ID, &r.Brand, &r.Topic, &r.Space, &r.Number, &r.Author, &r.Answers, &r.State, &r.Text, &r.HTML, &r.Team, &r.Reactions, &r.Flags,
		&r.EditedAt, &r.Revision, &r.At, &r.CreatedAt}
}

func oneReply(ctx context.Context, q db.Queryer, where string, args ...any) (Reply, error) {
	var r Reply
	err := q.QueryRowContext(ctx, `SELECT `+replyColumns+` FROM reply r WHERE `+where, args...).Scan(r.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return r, noReply()
	}
	if err != nil {
		return r, fmt.Errorf("topic: read a reply: %w", err)
	}
	return r, nil
}

// ReplyByID returns the reply, or fault.NotFound. Who may see it is for
// Readable and Shows to say.
func ReplyByID(ctx context.Context, q db.Queryer, brandID, id string) (Reply, error) {
	return oneReply(ctx, q, `r.brand_id = $1 AND r.id = $2`, brandID, id)
}

// RepliesByIDs returns those of the replies that are the brand's. Who may see
// them is for Readable and Shows to say.
func RepliesByIDs(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Reply, error) {
	return byIDs(ctx, q, `SELECT `+replyColumns+` FROM reply r WHERE r.brand_id || '' = $1 AND r.id`, brandID, ids,
		(*Reply).fields, func(r Reply) string { return r.ID })
}

// byIDs reads rows by their ids, some at a time: the query ends where the ids
// are to follow, with the brand as $1.
func byIDs[T any](ctx context.Context, q db.Queryer, query, brandID string, ids []string, fields func(*T) []any, id func(T) string) (map[string]T, error) {
	out := make(map[string]T, len(ids))
	for some := range slices.Chunk(ids, 500) {
		args := []any{brandID}
		for _, id := range some {
			args = append(args, id)
		}
		rows, err := q.QueryContext(ctx, query+` IN (`+db.In(2, len(some))+`)`, args...)
		all, err := db.Collect(rows, err, func(rows *sql.Rows) (one T, err error) {
			err = rows.Scan(fields(&one)...)
			return one, err
		})
		if err != nil {
			return nil, fmt.Errorf("topic: read by ids: %w", err)
		}
		for _, one := range all {
			out[id(one)] = one
		}
	}
	return out, nil
}

// ReplyByNumber returns the topic's reply with that number, likewise.
func ReplyByNumber(ctx context.Context, q db.Queryer, brandID, topicID string, number int64) (Reply, error) {
	return oneReply(ctx, q, `r.brand_id = $1 AND r.topic_id = $2 AND r.number = $3`, brandID, topicID, number)
}

// whole reads a reply with its topic and its space, as the voice may see them.
func whole(ctx context.Context, q db.Queryer, v member.Voice, id string) (space.Space, Topic, Reply, error) {
	r, err := ReplyByID(ctx, q, v.Brand, id)
	if err != nil {
		return space.Space{}, Topic{}, r, err
	}
	s, t, err := readable(ctx, q, v, r.Topic)
	if err == nil && !Shows(q.Now(), v, r) {
		err = noReply()
	}
	return s, t, r, err
}

func readable(ctx context.Context, q db.Queryer, v member.Voice, topicID string) (space.Space, Topic, error) {
	t, err := ByID(ctx, q, v.Brand, topicID)
	if err != nil {
		return space.Space{}, t, err
	}
	s, err := space.ByID(ctx, q, v.Brand, t.Space)
	if err == nil {
		err = Readable(q.Now(), v, s, t)
	}
	return s, t, err
}

// unread reports whether nobody but its author and the team ever read the reply.
func (t Topic) unread(r Reply) bool { return r.Number < 0 || r.Number == 1 && t.LastNumber == 0 }

// Shows reports whether the voice may read the reply's words.
func Shows(now db.Time, v member.Voice, r Reply) bool {
	switch r.State {
	case Live:
		return true
	case Erased:
		return false
	case Withdrawn:
		return v.Member.ID == r.Author && r.Author != ""
	}
	return v.Member.ID == r.Author && r.Author != "" || v.Moderates(now, r.Space)
}

// What fits, in runes.
const (
	LongestTitle = 150
	longestSlug  = 60
	excerptMost  = 200
)

// titled reads a title.
func titled(s string) (string, error) {
	s = strings.Join(strings.Fields(s), " ")
	switch {
	case !markdown.Visible(s):
		return "", fault.OnField("title", "Give the topic a title.")
	case utf8.RuneCountInString(s) > LongestTitle:
		return "", fault.OnField("title", "Shorten the title to %d characters.", LongestTitle)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unseen):
		return "", fault.OnField("title", "The title holds characters that cannot be kept. Type it again.")
	}
	return s, nil
}

// unseen are characters that only change how others are shown.
func unseen(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0xFEFF
}

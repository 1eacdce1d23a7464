// Package search finds texts by their words: what people wrote, what the team
// noted, posts, people's names, and what members say in the community, which
// strangers may look through as well. It knows no table but its own; whoever
// owns a text puts it in with the change itself. The same words find the same
// texts on both databases: the program cuts and folds them, and the databases
// only compare.
//
// Words of one brand are kept apart from those of another, and of each kind
// from the others, in the words themselves: common words of one cost another
// nothing. The order is the time of the text, so that the newest are read
// first and reading stops when a page is full.
package search

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Kind is what a text is.
type Kind string

// The kinds.
const (
	Message Kind = "message" // what somebody wrote to the brand, or it to them
	Note    Kind = "note"    // what the team noted about a conversation or a person
	Post    Kind = "post"
	Person  Kind = "person" // names and handles
	Reply   Kind = "reply"  // what a member said in the community
)

// Kinds are all kinds, in the order pages show them.
var Kinds = []Kind{Person, Message, Post, Note, Reply}

// reads says what one must be allowed to find a kind.
var reads = map[Kind]access.Action{
	Message: access.ConversationRead,
	Note:    access.ConversationRead,
	Post:    access.PostRead,
	Person:  access.PersonRead,
	Reply:   access.BrandRead,
}

// letter is how a kind stands in the index.
var letter = map[Kind]string{Message: "m", Note: "n", Post: "p", Person: "h", Reply: "r"}

// Doc is a text that can be found.
type Doc struct {
	Brand        string
	Kind         Kind
	ID           string   // of the message, the note, the post, the person or the reply
	Conversation string   // it stands in; "" where it stands in none
	Channels     []string // ids of those it belongs to
	Person       string   // id of who wrote it, from outside; of a person their own
	At           db.Time  // places it among the others; what was put in once keeps its place
	Text         string   // of an opening with its title first

	// Of a reply alone. It has a topic and a space.
	Topic   string
	Space   string
	Author  string // id of the member; "" where nobody is named
	Opening bool   // it begins its topic
	Solved  bool   // its topic has an accepted answer
	side    side   // on which its words stand
}

const (
	mostText     = 64 << 10 // bytes of one text that can be found
	mostChannels = 50
	// latest is the time nothing is later than, whatever a network claims.
	latest = db.Time(1) << 45
	// sameMoment is how many texts of one moment can be told apart.
	sameMoment = 1 << 12
)

// Put makes the texts findable, or what is new in them, in the caller's
// transaction. A text without words cannot be found and is kept out.
func Put(ctx context.Context, tx *db.Tx, docs ...Doc) error {
	docs = slices.Clone(docs)
	slices.SortStableFunc(docs, func(a, b Doc) int { return int(a.At - b.At) })
	for _, d := range docs {
		if err := put(ctx, tx, d); err != nil {
			return fmt.Errorf("search: put: %w", err)
		}
	}
	return nil
}

func put(ctx context.Context, tx *db.Tx, d Doc) error {
	if letter[d.Kind] == "" || d.Brand == "" || d.ID == "" {
		return fmt.Errorf("a %q without a brand or an id", d.Kind)
	}
	if d.Kind == Reply {
		var err error
		if d.side, err = d.enter(ctx, tx); err != nil {
			return err
		}
	}
	d.Text = clean(d.Text)
	words := cut(d.Text)
	if len(words) == 0 {
		return Drop(ctx, tx, d.Brand, d.Kind, d.ID)
	}
	d.Channels = slices.Compact(slices.Sorted(slices.Values(d.Channels)))
	if len(d.Channels) > mostChannels {
		d.Channels = d.Channels[:mostChannels]
	}
	tokens := d.tokens(words)
	for try := range sameMoment {
		switch seq, known, err := d.write(ctx, tx, d.place(try), tokens); {
		case err != nil:
			return err
		case seq != 0:
			return dialects[tx.DB.Dialect].index(ctx, tx, seq, tokens, known)
		}
	}
	return errors.New("too many texts of one moment")
}

// write adds the row, or brings up to date the one that is there. It returns 0
// where the place is another's.
func (d Doc) write(ctx context.Context, tx *db.Tx, seq int64, tokens []string) (int64, bool, error) {
	words, column := dialects[tx.DB.Dialect].words(tokens)
	args := []any{d.Brand, d.Kind, d.ID, d.stands(), strings.Join(d.Channels, " "), d.Person, d.Text, words, d.Space, d.Author, d.Opening, d.Solved}
	res, err := tx.ExecContext(ctx, `INSERT INTO search_doc (seq, brand_id, kind, subject, conversation_id, channels, person_id, text, words, space_id, author_id, opening, solved)
		VALUES ($13, $1, $2, $3, $4, $5, $6, $7, `+column+`, $9, $10, $11, $12) ON CONFLICT DO NOTHING`, append(args, seq)...)
	if err != nil {
		return 0, false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return seq, false, err
	}
	err = tx.QueryRowContext(ctx, `UPDATE search_doc SET conversation_id = $4, channels = $5, person_id = $6, text = $7, words = `+column+`,
		space_id = $9, author_id = $10, opening = $11, solved = $12
		WHERE brand_id = $1 AND kind = $2 AND subject = $3 RETURNING seq`, args...).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return seq, true, err
}

// place is where the text comes in the order, at the try-th attempt.
func (d Doc) place(try int) int64 {
	at := int64(min(max(d.At, 1), latest))
	sum := sha256.Sum256([]byte(d.ID))
	return at*sameMoment + int64((int(binary.BigEndian.Uint16(sum[:]))+try)%sameMoment)
}

// oftenest is how many places of one word PostgreSQL keeps of a text; gap is
// what stands in the others.
const (
	oftenest = 256
	gap      = "\u4DC0"
)

// tokens are the words as the index holds them, in their places.
func (d Doc) tokens(words []word) []string {
	out := make([]string, 0, len(words)+len(d.Channels)+1)
	mark, times := tag(d.Brand)+d.side.letter(letter[d.Kind]), map[string]int{}
	for _, w := range words {
		token := mark + w.key
		if times[token]++; times[token] > oftenest {
			token = gap
		}
		out = append(out, token)
	}
	for _, c := range d.Channels {
		out = append(out, attribute("channel", c))
	}
	if d.Person != "" {
		out = append(out, attribute("person", d.Person))
	}
	if d.Kind == Reply {
		out = append(out, d.ofReply(words)...)
	}
	return out
}

// tag is how a brand stands in the index. Two brands may share one; what is
// found is compared with the brand itself.
func tag(brandID string) string {
	sum := sha256.Sum256([]byte(brandID))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:4])
}

// attribute is a word that no text holds, for what a text belongs to. It has
// five characters, fewer than the beginnings that FTS5 keeps.
func attribute(of, id string) string {
	sum := sha256.Sum256([]byte(of + id))
	var b strings.Builder
	for i := range 5 {
		b.WriteRune(0x4E00 + rune(binary.BigEndian.Uint16(sum[2*i:])&0x3FFF))
	}
	return b.String()
}

// Drop makes things unfindable.
func Drop(ctx context.Context, tx *db.Tx, brandID string, kind Kind, ids ...string) error {
	for some := range slices.Chunk(ids, 500) {
		args := []any{brandID, kind}
		for _, id := range some {
			args = append(args, id)
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM search_doc WHERE brand_id = $1 AND kind = $2 AND subject IN (`+db.In(3, len(some))+`)`, args...)
		if err != nil {
			return fmt.Errorf("search: drop: %w", err)
		}
	}
	return nil
}

// Move makes what was found in one conversation found in another.
func Move(ctx context.Context, tx *db.Tx, brandID, from, to string) error {
	_, err := tx.ExecContext(ctx, `UPDATE search_doc SET conversation_id = $3 WHERE brand_id = $1 AND conversation_id = $2 AND conversation_id <> ''`, brandID, from, to)
	if err != nil {
		return fmt.Errorf("search: move: %w", err)
	}
	return nil
}

// DropPerson makes everything unfindable that a person wrote, and their names;
// at most so many texts. It returns how many there were: fewer than most means
// that nothing is left.
func DropPerson(ctx context.Context, tx *db.Tx, brandID, personID string, most int) (int, error) {
	res, err := tx.ExecContext(ctx, `DELETE FROM search_doc WHERE seq IN (SELECT seq FROM search_doc
		WHERE brand_id = $1 AND person_id = $2 AND person_id <> '' LIMIT $3)`, brandID, personID, most)
	if err != nil {
		return 0, fmt.Errorf("search: drop a person: %w", err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// Of returns up to limit ids of texts of a kind that are found as a person's,
// from after on, and where to go on; "" after the last.
func Of(ctx context.Context, q db.Queryer, brandID string, kind Kind, personID, after string, limit int) (ids []string, next string, err error) {
	seq, _ := strconv.ParseInt(after, 10, 64) // "" is the beginning
	rows, err := q.QueryContext(ctx, `SELECT seq, subject FROM search_doc WHERE brand_id = $1 AND person_id = $2 AND person_id <> '' AND kind = $3 AND seq > $4
		ORDER BY seq LIMIT $5`, brandID, personID, kind, seq, limit)
	ids, err = db.Collect(rows, err, func(r *sql.Rows) (id string, err error) {
		err = r.Scan(&seq, &id)
		return id, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("search: of a person: %w", err)
	}
	if len(ids) == limit {
		next = strconv.FormatInt(seq, 10)
	}
	return ids, next, nil
}

// Query is what is looked for.
type Query struct {
	// Text is what was typed: words in any order, "phrases", -words that must
	// not be there, and a last word that may be unfinished. Without a word to
	// look for nothing is found.
	Text     string
	Kinds    []Kind   // none: all that the account may read
	Channels []string // of one of these; none: of any
	Person   string   // written by them
	From, To db.Time  // of this time or later, and before that
}

// Hit is a text that was found.
type Hit struct {
	Kind         Kind
	ID           string
	Conversation string
	Channels     []string
	Person       string
	At           db.Time
	Snippet      Snippet

	Topic, Space, Author string // of a reply
	Opening, Solved      bool
}

// Find returns the brand's texts that answer the query and that the account
// may read, the newest first, 25 to a page unless asked otherwise (at most
// 100), and the cursor of the next page, "" after the last. No query is an
// error. Kinds the account may not read are passed over; if it may read none,
// that is fault.Denied. An account with some channels only finds what belongs
// to one of them.
func Find(ctx context.Context, d *db.DB, who access.Who, brandID string, query Query, page db.Page) ([]Hit, string, error) {
	a, err := query.asked(d, who, brandID, page)
	if err != nil || !a.any() {
		return nil, "", err
	}
	return a.find(ctx, d, dialects[d.Dialect])
}

// IDs returns the ids of what Find would find of one kind, the newest first, at
// most so many.
func IDs(ctx context.Context, d *db.DB, who access.Who, brandID string, query Query, most int) ([]string, error) {
	a, err := query.asked(d, who, brandID, db.Page{})
	if err != nil || !a.any() {
		return nil, err
	}
	a.size = most
	rows, err := dialects[d.Dialect].find(ctx, d, a)
	if err != nil {
		return nil, fmt.Errorf("search: find: %w", err)
	}
	out := make([]string, 0, len(rows))
	for _, r := range rows[:min(len(rows), most)] {
		out = append(out, r.ID)
	}
	return out, nil
}

// asked is a query that may be asked.
type asked struct {
	Query
	brand  string
	terms  []term
	only   []string // the channels of the account; none is every one
	also   []string // attributes of which each must be there
	seen   []string // attributes of which one must be there; none: any or none
	solved bool     // only topics with an accepted answer
	unseen []string // attributes of which none may be there
	sides  []side   // on which replies are looked for
	begun  []string // whole words that the unfinished one may be; none: any that begin so
	titled bool     // a title is shown beside the snippet, which leaves it out
	below  int64    // seq
	from   int64
	size   int
}

func (query Query) asked(d *db.DB, who access.Who, brandID string, page db.Page) (asked, error) {
	a := asked{Query: query, brand: brandID, terms: read(query.Text), sides: sides(), size: page.Size(25, 100)}
	var err error
	if a.Kinds, err = query.allowed(d, who, brandID); err != nil {
		return a, err
	}
	a.only = who.Channels(d.Now(), brandID)
	after, err := position(page.After)
	a.from, a.below = span(a.From, a.To)
	a.below = min(a.below, after)
	return a, err
}

// span is where the texts of these times are; without an end, all from then on.
func span(from, to db.Time) (int64, int64) {
	below := int64(beyond)
	if to > 0 {
		below = int64(min(to, latest)) * sameMoment
	}
	return int64(min(max(from, 0), latest)) * sameMoment, below
}

func (query Query) allowed(d *db.DB, who access.Who, brandID string) ([]Kind, error) {
	asked := query.Kinds
	if len(asked) == 0 {
		asked = Kinds
	}
	var out []Kind
	var denied error
	for _, k := range asked {
		if reads[k] == "" {
			return nil, fault.OnField("kind", "There is no such kind of result.")
		}
		err := who.May(d.Now(), brandID, reads[k])
		switch {
		case fault.Is(err, fault.Denied):
			denied = err
		case err != nil:
			return nil, err
		case !slices.Contains(out, k):
			out = append(out, k)
		}
	}
	if len(out) == 0 {
		return nil, denied
	}
	return out, nil
}

// any reports whether something can be found at all.
func (a asked) any() bool { return wanted(a.terms) && a.from < a.below }

const beyond = 1<<62 - 1

// position reads a page's cursor.
func position(after string) (int64, error) {
	if after == "" {
		return beyond, nil
	}
	seq, err := strconv.ParseInt(after, 36, 64)
	if err != nil || seq <= 0 {
		return 0, fault.OnField("after", "This is no page of the list. Start again from the first page.")
	}
	return seq, nil
}

// row is one of the index.
type row struct {
	seq            int64
	channels, text string
	Hit
}

func (a asked) find(ctx context.Context, q db.Queryer, in dialect) ([]Hit, string, error) {
	rows, err := in.find(ctx, q, a)
	if err != nil {
		return nil, "", fmt.Errorf("search: find: %w", err)
	}
	next := ""
	if len(rows) > a.size {
		rows = rows[:a.size]
		next = strconv.FormatInt(rows[a.size-1].seq, 36)
	}
	return a.hits(rows), next, nil
}

func (a asked) hits(rows []row) []Hit {
	out := make([]Hit, len(rows))
	for i, r := range rows {
		out[i] = r.Hit
		out[i].At = db.Time(r.seq / sameMoment)
		out[i].Channels = strings.Fields(r.channels)
		out[i].Snippet = snippet(a.shownOf(r), a.terms)
		if r.Kind == Reply {
			out[i].Topic, out[i].Conversation = r.Conversation, ""
		}
	}
	return out
}

// shownOf is the text that the snippet is cut from. An opening begins with its
// title.
func (a asked) shownOf(r row) string {
	if _, body, ok := strings.Cut(r.text, "\n"); ok && a.titled && r.Opening && strings.TrimSpace(body) != "" {
		return strings.TrimLeft(body, "\n")
	}
	return r.text
}

const columns = `d.seq, d.kind, d.subject, d.conversation_id, d.channels, d.person_id, d.text, d.space_id, d.author_id, d.opening, d.solved`

func collect(ctx context.Context, q db.Queryer, query string, args ...any) ([]row, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	return db.Collect(rows, err, func(r *sql.Rows) (out row, err error) {
		err = r.Scan(&out.seq, &out.Kind, &out.ID, &out.Conversation, &out.channels, &out.Person, &out.text, &out.Space, &out.Author, &out.Opening, &out.Solved)
		return out, err
	})
}

// Package dossier is all that one brand knows of one person, across what they
// wrote on networks and in the community, what was answered and decided, and
// what the team noted: as a timeline, as a file to
// hand out, and as what is erased. People who have been silent for longer than
// the brand keeps them are erased by a daily job.
package dossier

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/merge"
	"rapport/internal/person"
)

// Message is something a person wrote to the brand, or the brand to them.
type Message struct {
	ID           string
	Channel      string
	Conversation string
	Out          bool   // the brand wrote it
	Account      string // who of the team did; empty: with another program
	Text         string // empty once it is gone from the network
	Warning      string
	URL          string
	Visibility   string
	At           db.Time
	EditedAt     db.Time
	RemovedAt    db.Time
	Answers      []Message // what the brand answered to it, by time

	remote string
}

// Kind is what an entry of a timeline is.
type Kind string

// The kinds. Those of the community need access.MemberRead, and decisions
// access.TopicModerate; what a member flagged is in no timeline, because flags
// are told to nobody.
const (
	KindMessage    Kind = "message"    // something they wrote on a network, with its answers; of the community where the reader sees no members
	KindNote       Kind = "note"       // of the team
	KindTopic      Kind = "topic"      // they began one in the community
	KindReply      Kind = "reply"      // they wrote in one
	KindMembership Kind = "membership" // they joined, were let in, suspended …
	KindDecision   Kind = "decision"   // about what they wrote in the community
	KindIdentity   Kind = "identity"   // an account or a record was joined to theirs, or taken apart from it
)

// Kinds are all kinds, in the order pages show them.
var Kinds = []Kind{KindMessage, KindTopic, KindReply, KindNote, KindMembership, KindDecision, KindIdentity}

// Moment is one entry of a timeline; one of the pointers is set, by its Kind.
type Moment struct {
	At       db.Time
	ID       string
	Kind     Kind
	Message  *Message
	Note     *person.Note
	Said     *Said
	Member   *Membership
	Decision *Decision
	Merge    *merge.Merge // joined, or taken apart where UndoneAt is At
	Proof    *merge.Proof // proven by themselves
}

// Timeline returns what a person wrote on all channels and in the community,
// what was answered and decided, what the team noted, and what made one record
// of theirs; all of it, or these kinds. The newest comes first, 50 to a page
// unless asked otherwise (at most 200), with the cursor of the next page. An
// account with some channels sees what was written there.
func Timeline(ctx context.Context, q db.Queryer, who access.Who, brandID, id string, page db.Page, kinds ...Kind) ([]Moment, string, error) {
	if _, err := person.ByID(ctx, q, who, brandID, id); err != nil {
		return nil, "", err
	}
	page.Limit = page.Size(50, 200)
	r := reader{q: q, brand: brandID, person: id, only: who.Channels(q.Now(), brandID), page: page, kinds: kinds}
	var err error
	if r.at, r.last, err = page.Key(); err != nil {
		return nil, "", err
	}
	if r.member, err = memberOf(ctx, q, who, brandID, id); err != nil {
		return nil, "", err
	}
	if r.own, err = ownOf(ctx, q, brandID); err != nil {
		return nil, "", err
	}
	r.moderates = who.May(q.Now(), brandID, access.TopicModerate) == nil
	r.sight = conversation.SightOf(q.Now(), who, brandID)
	all, err := r.all(ctx)
	if err != nil {
		return nil, "", err
	}
	slices.SortFunc(all, func(a, b Moment) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.ID, a.ID)) })
	next := ""
	if len(all) > page.Limit {
		all = all[:page.Limit]
		next = db.Cursor(all[page.Limit-1].At, all[page.Limit-1].ID)
	}
	if err := r.inInbox(ctx, all); err != nil {
		return nil, "", err
	}
	return all, next, withAnswers(ctx, q, brandID, all)
}

// inInbox tells of what was said in the community where the inbox holds it, and
// what was answered there.
func (r reader) inInbox(ctx context.Context, all []Moment) error {
	at := map[string]*Said{}
	args := []any{r.brand, r.own}
	for _, m := range all {
		if m.Said != nil {
			at[m.Said.Reply] = m.Said
			args = append(args, m.Said.Reply)
		}
	}
	if len(at) == 0 || r.own == "" || len(r.only) > 0 && !slices.Contains(r.only, r.own) {
		return nil
	}
	in := db.In(3, len(at))
	rows, err := r.q.QueryContext(ctx, `SELECT m.remote_id, m.conversation_id FROM message m WHERE m.channel_id = $2 AND m.remote_id <> '' AND m.remote_id IN (`+in+`)
		AND m.direction = 'in' AND m.brand_id || '' = $1`, args...)
	_, err = db.Collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var reply, conversation string
		err := rows.Scan(&reply, &conversation)
		at[reply].Conversation = conversation
		return struct{}{}, err
	})
	if err == nil {
		rows, err = r.q.QueryContext(ctx, answersTo+in+`) AND m.direction = 'out' AND m.sent AND m.brand_id || '' = $1 ORDER BY m.at, m.id`, args...)
		_, err = db.Collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
			var parent string
			m, err := scanMessage(rows, &parent)
			if to := at[parent]; to != nil && len(to.Answers) < answersMost {
				to.Answers = append(to.Answers, m)
			}
			return struct{}{}, err
		})
	}
	if err != nil {
		return fmt.Errorf("dossier: in the inbox: %w", err)
	}
	return nil
}

const answersTo = `SELECT ` + messageColumns + `, m.parent_id FROM message m WHERE m.channel_id = $2 AND m.parent_id <> '' AND m.parent_id IN (`

const messageColumns = `m.id, m.channel_id, m.conversation_id, m.direction, m.account_id, m.text, m.warning, m.url, m.visibility, m.at, m.edited_at, m.removed_at, m.remote_id`

func scanMessage(r *sql.Rows, also ...any) (m Message, err error) {
	var direction string
	err = r.Scan(append([]any{&m.ID, &m.Channel, &m.Conversation, &direction, &m.Account, &m.Text, &m.Warning, &m.URL, &m.Visibility, &m.At, &m.EditedAt, &m.RemovedAt, &m.remote}, also...)...)
	m.Out = direction == "out"
	return m, err
}

// written returns a page of what a person wrote, and one message more.
func (r reader) written(ctx context.Context) ([]Moment, error) {
	args, where := []any{r.brand, r.person, r.at, r.last, r.page.Limit + 1}, ""
	if len(r.only) > 0 {
		where = ` AND m.channel_id IN (` + db.In(6, len(r.only)) + `)`
		for _, c := range r.only {
			args = append(args, c)
		}
	}
	if r.member.ID != "" && r.own != "" { // what they said in the community stands there as what it is
		args = append(args, r.own)
		where += fmt.Sprintf(` AND m.channel_id <> $%d`, len(args))
	}
	if seen := r.sight.Where(&args); seen != "" {
		where += ` AND EXISTS (SELECT 1 FROM conversation c WHERE c.id = m.conversation_id AND ` + seen + `)`
	}
	rows, err := r.q.QueryContext(ctx, `SELECT `+messageColumns+` FROM message m WHERE m.brand_id = $1 AND m.person_id = $2 AND m.person_id <> ''
		AND (m.at, m.id) < ($3, $4)`+where+` ORDER BY m.at DESC, m.id DESC LIMIT $5`, args...)
	return moments(rows, err, func(rows *sql.Rows) (Moment, error) {
		m, err := scanMessage(rows)
		return Moment{At: m.At, ID: m.ID, Kind: KindMessage, Message: &m}, err
	})
}

// answersMost bounds the answers to one message that are shown.
const answersMost = 20

func withAnswers(ctx context.Context, q db.Queryer, brandID string, all []Moment) error {
	byChannel := map[string][]string{}
	at := map[[2]string]*Message{}
	for _, one := range all {
		if m := one.Message; m != nil && m.remote != "" {
			byChannel[m.Channel] = append(byChannel[m.Channel], m.remote)
			at[[2]string{m.Channel, m.remote}] = m
		}
	}
	for channel, remotes := range byChannel {
		args := []any{brandID, channel}
		for _, id := range remotes {
			args = append(args, id)
		}
		rows, err := q.QueryContext(ctx, answersTo+db.In(3, len(remotes))+`) AND m.direction = 'out' AND m.sent AND m.brand_id || '' = $1 ORDER BY m.at, m.id`, args...)
		_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
			var parent string
			m, err := scanMessage(r, &parent)
			if to := at[[2]string{channel, parent}]; to != nil && len(to.Answers) < answersMost {
				to.Answers = append(to.Answers, m)
			}
			return struct{}{}, err
		})
		if err != nil {
			return fmt.Errorf("dossier: answers: %w", err)
		}
	}
	return nil
}

// Conversation is one that a person wrote in.
type Conversation struct {
	ID       string
	Channel  string
	Kind     string
	State    string
	Excerpt  string
	Assignee string
	Post     string // it stands below; empty where not known
	Messages int64
	LastAt   db.Time
}

// conversationsFrom is in how many of a person's last messages their
// conversations are looked for.
const conversationsFrom = 1000

// Conversations returns those in which a person wrote of late, the last moved
// first, 50 unless asked otherwise. The account sees those of its channels.
func Conversations(ctx context.Context, q db.Queryer, who access.Who, brandID, id string, limit int) ([]Conversation, error) {
	if _, err := person.ByID(ctx, q, who, brandID, id); err != nil {
		return nil, err
	}
	only := who.Channels(q.Now(), brandID)
	args, where := []any{brandID, id, conversationsFrom, db.Page{Limit: limit}.Size(50, 500)}, ""
	if len(only) > 0 {
		where = ` AND c.channel_id IN (` + db.In(5, len(only)) + `)`
		for _, c := range only {
			args = append(args, c)
		}
	}
	if seen := conversation.SightOf(q.Now(), who, brandID).Where(&args); seen != "" {
		where += ` AND ` + seen
	}
	rows, err := q.QueryContext(ctx, `SELECT c.id, c.channel_id, c.kind, c.state, c.excerpt, c.assignee_id, c.post_id, c.messages, c.last_at FROM conversation c
		WHERE c.brand_id || '' = $1 AND c.id IN (SELECT l.conversation_id FROM (SELECT m.conversation_id FROM message m
			WHERE m.brand_id = $1 AND m.person_id = $2 AND m.person_id <> '' ORDER BY m.at DESC, m.id DESC LIMIT $3) l)`+where+`
		ORDER BY c.last_at DESC, c.id DESC LIMIT $4`, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (c Conversation, err error) {
		err = r.Scan(&c.ID, &c.Channel, &c.Kind, &c.State, &c.Excerpt, &c.Assignee, &c.Post, &c.Messages, &c.LastAt)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("dossier: conversations: %w", err)
	}
	return all, nil
}

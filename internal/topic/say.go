package topic

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"rapport/internal/activity"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/outbox"
	"rapport/internal/search"
	"rapport/internal/space"
)

// New is what a topic begins with.
type New struct {
	Space  string // id
	Title  string
	Text   string // Markdown
	Once   string // of the form it comes by: sent twice, it is written once
	Origin string // JSON of where it comes from, when not from here
}

// Said is what became of something that was written.
type Said struct {
	Topic Topic
	Reply Reply
}

// Waits reports whether it is looked at before anybody else reads it.
func (s Said) Waits() bool { return s.Reply.State == Waiting }

// Begin begins a topic. What a newcomer writes may wait for a look: see
// Said.Waits.
func Begin(ctx context.Context, d *db.DB, v member.Voice, n New) (Said, error) {
	var out Said
	err := d.Tx(ctx, func(tx *db.Tx) (err error) {
		out, err = Add(ctx, tx, v, n)
		return err
	})
	return out, err
}

// Add is Begin in the caller's transaction.
func Add(ctx context.Context, tx *db.Tx, v member.Voice, n New) (Said, error) {
	if said, err := before(ctx, tx, v, n.Once); err == nil || !fault.Is(err, fault.NotFound) {
		return said, err
	}
	title, err := titled(n.Title)
	if err = together(err, markdown.Check(n.Text)); err != nil {
		return Said{}, err
	}
	s, err := space.ByID(ctx, tx, v.Brand, n.Space)
	if err == nil {
		err = mayBegin(tx.Now(), v, s)
	}
	if err == nil {
		err = document.Agreed(ctx, tx, v)
	}
	if err != nil {
		return Said{}, err
	}
	w, err := voice{v}.write(ctx, tx, title, n.Text)
	if err != nil {
		return Said{}, err
	}
	t := Topic{ID: db.NewID(), Brand: v.Brand, Space: s.ID, Author: v.Member.ID, Title: title, Slug: space.Slug(title), Excerpt: markdown.Excerpt(w.plain, excerptMost),
		State: w.state, LastAt: tx.Now(), LastBy: v.Member.ID, Origin: n.Origin, CreatedAt: tx.Now()}
	if w.state == Live {
		t.LastNumber = 1
	}
	if t.Number, err = community.Numbered(ctx, tx, v.Brand); err != nil {
		return Said{}, err
	}
	r := w.reply(tx, t, v, 1)
	r.once = n.Once
	if err := errors.Join(insertTopic(ctx, tx, t), insertReply(ctx, tx, r)); err != nil {
		return Said{}, err
	}
	if w.state == Waiting {
		return Said{t, r.Reply}, waits(ctx, tx, t, r.Reply)
	}
	return Said{t, r.Reply}, appear(ctx, tx, s, t, r.Reply, w.plain, w.mentioned)
}

// Say replies to a topic. answers is the number of the reply it answers, 0 for
// the topic itself.
func Say(ctx context.Context, d *db.DB, v member.Voice, topicID, text string, answers int64, once string) (Said, error) {
	var out Said
	err := d.Tx(ctx, func(tx *db.Tx) (err error) {
		out, err = Answer(ctx, tx, v, topicID, text, answers, once)
		return err
	})
	return out, err
}

// Answer is Say in the caller's transaction.
func Answer(ctx context.Context, tx *db.Tx, v member.Voice, topicID, text string, answers int64, once string) (Said, error) {
	if said, err := before(ctx, tx, v, once); err == nil || !fault.Is(err, fault.NotFound) {
		return said, err
	}
	if err := markdown.Check(text); err != nil {
		return Said{}, err
	}
	s, t, err := readable(ctx, tx, v, topicID)
	if err == nil {
		err = mayReply(tx.Now(), v, s, t)
	}
	if err == nil {
		err = document.Agreed(ctx, tx, v)
	}
	if err != nil {
		return Said{}, err
	}
	if err := t.lock(ctx, tx); err != nil {
		return Said{}, err
	}
	w, err := voice{v}.write(ctx, tx, "", text)
	if err != nil {
		return Said{}, err
	}
	number := t.LastNumber + 1
	if w.state == Waiting {
		if number, err = waitingNumber(ctx, tx, t.ID); err != nil {
			return Said{}, err
		}
	}
	r := w.reply(tx, t, v, number)
	r.once = once
	if answers > 1 && answers <= t.LastNumber {
		r.Answers = answers
	}
	if err := insertReply(ctx, tx, r); err != nil {
		return Said{}, err
	}
	if w.state == Waiting {
		return Said{t, r.Reply}, waits(ctx, tx, t, r.Reply)
	}
	t, err = t.grow(ctx, tx, r.Reply)
	if err == nil {
		err = appear(ctx, tx, s, t, r.Reply, w.plain, w.mentioned)
	}
	return Said{t, r.Reply}, err
}

// Before returns what the voice wrote by a form that was sent already, or
// fault.NotFound.
func Before(ctx context.Context, q db.Queryer, v member.Voice, once string) (Said, error) {
	return before(ctx, q, v, once)
}

func before(ctx context.Context, q db.Queryer, v member.Voice, once string) (Said, error) {
	if once == "" || v.Member.ID == "" {
		return Said{}, noReply()
	}
	r, err := oneReply(ctx, q, `r.author_id = $1 AND r.once = $2 AND r.once <> ''`, v.Member.ID, once)
	if err != nil {
		return Said{}, err
	}
	t, err := ByID(ctx, q, v.Brand, r.Topic)
	return Said{t, r}, err
}

// together joins faults on fields into one.
func together(errs ...error) error {
	var fields []fault.Field
	for _, err := range errs {
		if err == nil {
			continue
		}
		f := fault.Fields(err)
		if len(f) == 0 {
			return err
		}
		fields = append(fields, f...)
	}
	return fault.OnFields(fields)
}

func mayBegin(now db.Time, v member.Voice, s space.Space) error {
	if s.Hidden && !v.Inside(now) {
		return space.Missing()
	}
	if err := v.Speaks(now); err != nil {
		return err
	}
	switch {
	case v.Moderates(now, s.ID):
		return nil
	case s.ClosedAt > 0:
		return fault.New(fault.Denied, "This space is closed. Choose another.")
	case s.Kind.TeamBegins():
		return fault.New(fault.Denied, "Only the team begins topics here. Choose another space.")
	}
	return nil
}

func mayReply(now db.Time, v member.Voice, s space.Space, t Topic) error {
	if err := v.Speaks(now); err != nil {
		return err
	}
	switch {
	case t.State != Live:
		return fault.New(fault.Conflict, "Nobody can reply here now: the topic cannot be read by everybody.")
	case v.Moderates(now, s.ID):
		return nil
	case t.ClosedAt > 0:
		return fault.New(fault.Denied, "This topic is closed. Begin a new one.")
	case s.ClosedAt > 0:
		return fault.New(fault.Denied, "This space is closed. Nobody can reply in it.")
	}
	return nil
}

// written is a text that was read and judged.
type written struct {
	text, html, plain string
	mentioned         []string // members
	state             State
	team              bool
	linked            bool  // it waits for its links alone
	unfit             error // why it cannot be said; what was said once stays
}

// As many posts as anybody may write in ten minutes, and a newcomer.
const (
	oftenWithin   = 10 * time.Minute
	often         = 30
	oftenNewcomer = 6
)

// NewcomerUntil is with how many posts that stand nobody is a newcomer any
// more, as far as links are concerned.
const NewcomerUntil = 5

// voice gives member.Voice what only this package does.
type voice struct{ member.Voice }

func (v voice) write(ctx context.Context, tx *db.Tx, title, text string) (written, error) {
	if err := v.unhurried(ctx, tx); err != nil {
		return written{}, err
	}
	w, err := v.judge(ctx, tx, title, text)
	if err == nil {
		err = w.unfit
	}
	return w, err
}

// judge reads a text, with the title that it has or "", and says whether it
// waits for a look.
func (v voice) judge(ctx context.Context, tx *db.Tx, title, text string) (written, error) {
	now := tx.Now()
	c, err := community.Of(ctx, tx, v.Brand)
	if err != nil {
		return written{}, err
	}
	w, links, err := read(ctx, tx, v.Brand, text)
	if err != nil {
		return w, err
	}
	w.state, w.team = Live, v.Team(now)
	switch {
	case v.Held != "" || v.Newcomer(now, int64(c.FirstPosts)):
		w.state = Waiting
	case c.LinksWait && (links || elsewhere(title)) && v.Newcomer(now, NewcomerUntil):
		w.state, w.linked = Waiting, true
	}
	return w, nil
}

// leading is what people read as an address of a page or of mail.
var leading = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://|\bwww\.[^\s.]|\bmailto:|[^\s@]+@[^\s@.]+\.[^\s@]`)

// elsewhere reports whether a title names a place elsewhere. It is never made a
// link; whoever writes one there means it to be followed all the same.
func elsewhere(title string) bool { return leading.MatchString(norm.NFKC.String(title)) }

// unhurried refuses what comes faster than people write.
func (v voice) unhurried(ctx context.Context, tx *db.Tx) error {
	most := often
	if v.Newcomer(tx.Now(), NewcomerUntil) {
		most = oftenNewcomer
	}
	if v.Team(tx.Now()) {
		return nil
	}
	var at db.Time
	err := tx.QueryRowContext(ctx, `SELECT at FROM reply WHERE brand_id = $1 AND author_id = $2 ORDER BY at DESC, id DESC LIMIT 1 OFFSET $3`, v.Brand, v.Member.ID, most-1).Scan(&at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("topic: how often: %w", err)
	case tx.Now().Sub(at) < oftenWithin:
		return fault.New(fault.Limited, "You have written much within ten minutes. Wait a little, then send it again.")
	}
	return nil
}

// read makes pages' HTML of a text, finds whom it names and whether it leads to
// another site or an address of mail.
func read(ctx context.Context, q db.Queryer, brandID, text string) (written, bool, error) {
	named, err := member.Named(ctx, q, brandID, markdown.Mentioned(text))
	if err != nil {
		return written{}, false, err
	}
	people, ids := map[string]string{}, []string{}
	for handle, m := range named {
		if m.State != member.Active && m.State != member.Suspended {
			continue
		}
		people[handle] = Up + "u/" + url.PathEscape(m.Handle)
		if !slices.Contains(ids, m.ID) {
			ids = append(ids, m.ID)
		}
	}
	slices.Sort(ids)
	res := markdown.Render(text, markdown.Options{People: people, Picture: pictures(ctx, q, brandID)})
	return written{text: text, html: res.HTML, plain: res.Plain, mentioned: ids, unfit: res.Fit()}, len(res.Links) > 0 || res.Mails, nil
}

type newReply struct {
	Reply
	once string
}

func (w written) reply(tx *db.Tx, t Topic, v member.Voice, number int64) newReply {
	return newReply{Reply: Reply{ID: db.NewID(), Brand: t.Brand, Topic: t.ID, Space: t.Space, Number: number, Author: v.Member.ID, State: w.state,
		Text: w.text, HTML: w.html, Team: w.team, Revision: 1, At: tx.Now(), CreatedAt: tx.Now()}}
}

func insertTopic(ctx context.Context, tx *db.Tx, t Topic) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO topic (id, brand_id, number, space_id, author_id, title, slug, excerpt, state, last_number, last_at, last_by, origin, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		t.ID, t.Brand, t.Number, t.Space, t.Author, t.Title, t.Slug, t.Excerpt, t.State, t.LastNumber, t.LastAt, t.LastBy, t.Origin, t.CreatedAt)
	if err != nil {
		return fmt.Errorf("topic: insert: %w", err)
	}
	return nil
}

func insertReply(ctx context.Context, tx *db.Tx, r newReply) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO reply (id, brand_id, topic_id, space_id, number, author_id, answers, state, text, html, team, once, at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		r.ID, r.Brand, r.Topic, r.Space, r.Number, r.Author, r.Answers, r.State, r.Text, r.HTML, r.Team, r.once, r.At, r.CreatedAt)
	if err != nil {
		return fmt.Errorf("topic: insert a reply: %w", err)
	}
	return nil
}

// lock makes who numbers a reply of the topic at the same time begin again after
// this one, where two would else take the same number.
func (t Topic) lock(ctx context.Context, tx *db.Tx) error {
	if tx.DB.Dialect == db.SQLite {
		return nil // it has one writer
	}
	_, err := tx.ExecContext(ctx, `UPDATE topic SET number = number WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID)
	if err != nil {
		return fmt.Errorf("topic: lock: %w", err)
	}
	return nil
}

// waitingNumber is one that no other reply of the topic has.
func waitingNumber(ctx context.Context, tx *db.Tx, topicID string) (int64, error) {
	var n int64
	err := tx.QueryRowContext(ctx, `SELECT COALESCE(MIN(number), 0) FROM reply WHERE topic_id = $1`, topicID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("topic: number what waits: %w", err)
	}
	return min(n, 0) - 1, nil
}

// grow counts a reply that can be read from now on.
func (t Topic) grow(ctx context.Context, tx *db.Tx, r Reply) (Topic, error) {
	t.Replies, t.Heat, t.LastNumber, t.LastAt, t.LastBy = t.Replies+1, t.Heat+1, r.Number, r.At, r.Author
	if t.AnsweredAt == 0 && r.Author != t.Author {
		t.AnsweredAt = r.At
	}
	_, err := tx.ExecContext(ctx, `UPDATE topic SET replies = replies + 1, heat = heat + 1, last_number = $3, last_at = $4, last_by = $5, answered_at = $6
		WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID, t.LastNumber, t.LastAt, t.LastBy, t.AnsweredAt)
	if err != nil {
		return t, fmt.Errorf("topic: count a reply: %w", err)
	}
	return t, nil
}

func waits(ctx context.Context, tx *db.Tx, t Topic, r Reply) error {
	showReply(tx, t, r)
	return outbox.Add(ctx, tx, outbox.Event{Brand: t.Brand, Kind: "reply.waiting", Subject: r.ID})
}

// Appeared is the data of the events topic.begun and reply.added.
type Appeared struct {
	Mentioned []string `json:"mentioned,omitempty"` // members
}

// appear does what follows when a reply can be read: it is found, counted and
// told of.
func appear(ctx context.Context, tx *db.Tx, s space.Space, t Topic, r Reply, plain string, mentioned []string) error {
	m, err := member.ByID(ctx, tx, t.Brand, r.Author)
	if err != nil {
		return err
	}
	kind, value := "reply.added", int64(0)
	if r.Number == 1 {
		kind, value = "topic.begun", asks(s)
		if err := space.Count(ctx, tx, t.Brand, t.Space, 1, r.At); err != nil {
			return err
		}
	}
	show(tx, t)
	return errors.Join(
		member.Count(ctx, tx, t.Brand, r.Author, 1, 0),
		findable(ctx, tx, t, r, plain),
		follow(ctx, tx, t, r),
		activity.Record(ctx, tx, activity.Entry{Brand: t.Brand, Kind: kind, Subject: r.ID, Actor: m.Person, Value: value, Member: r.Author, Topic: t.ID, Team: r.Team}),
		outbox.Add(ctx, tx, outbox.Event{Brand: t.Brand, Kind: kind, Subject: r.ID, Data: Appeared{mentioned}}))
}

// asks is what the log of activity says of a topic: 1 where it stands among
// questions, else 0.
func asks(s space.Space) int64 {
	if s.Kind == space.Questions {
		return 1
	}
	return 0
}

// findable makes a reply's words found while its topic can be read; an
// opening's with its title.
func findable(ctx context.Context, tx *db.Tx, t Topic, r Reply, plain string) error {
	if t.State != Live {
		return nil
	}
	if r.Number == 1 {
		plain = t.Title + "\n" + t.From().Quote + "\n" + plain
	}
	return search.Put(ctx, tx, search.Doc{Brand: t.Brand, Kind: search.Reply, ID: r.ID, Topic: t.ID, Space: t.Space, Author: r.Author, Opening: r.Number == 1, Solved: t.Answer != "",
		At: r.At, Text: strings.TrimSpace(plain)})
}

// show makes open pages and caches look again.
func show(tx *db.Tx, t Topic) { outbox.Show(tx, t.Brand, "topic.changed", t.ID) }

// showReply is show for a change of one reply. What nobody but its author and
// the team has read changes no page of anybody else: they do not even hear that
// there is something.
func showReply(tx *db.Tx, t Topic, r Reply) {
	if t.unread(r) {
		outbox.Show(tx, t.Brand, "topic.waiting", t.ID)
		return
	}
	show(tx, t)
}

// Preview is the HTML of a text before it is said.
func Preview(ctx context.Context, q db.Queryer, v member.Voice, text string) (string, error) {
	if err := v.Speaks(q.Now()); err != nil {
		return "", err
	}
	w, _, err := read(ctx, q, v.Brand, text)
	return w.html, err
}

package conversation

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/network"
	"rapport/internal/outbox"
	"rapport/internal/person"
)

// Source is the channel that messages come from.
type Source struct {
	Brand, Channel string
	Network        string // its name
}

// Taken is what became of messages that were brought.
type Taken struct {
	New      int // were not known before
	Changed  int // were known, and are different now
	Dropped  int // could not be kept: nothing says which they are or who wrote them
	Touched  []string
	OwnPosts []network.Message // of the brand's own that answer nothing, and are not known as posts
	// Unplaced are answers to something that is not known here. They are kept,
	// each as a mention; if what they answer is taken in later, they move to
	// where they belong.
	Unplaced []network.Message
}

// MostAtOnce is how many messages Take is given at most.
const MostAtOnce = 500

// Take takes messages of a channel in, in the caller's transaction. Each is
// kept once, however often and in whatever order they come, and ends up below
// what it answers: an answer to a message is of its conversation, one to a post
// of the brand begins a conversation of comments, and everything else begins
// one around a mention. past says that they are from before the channel was
// connected: then nothing is reopened and nothing is counted as received.
func Take(ctx context.Context, tx *db.Tx, src Source, all []network.Message, past bool) (Taken, error) {
	t := &taker{tx: tx, src: src, past: past, known: map[string]*row{}, work: map[string]*work{}, below: map[string][]string{},
		roots: map[string]string{}, seen: map[string]person.Identity{}, wrote: map[string]*wrote{}}
	all = t.clean(all)
	if err := t.load(ctx, all); err != nil {
		return t.out, err
	}
	for _, m := range all {
		if err := t.take(ctx, m); err != nil {
			return t.out, err
		}
	}
	return t.out, t.flush(ctx)
}

type taker struct {
	tx    *db.Tx
	src   Source
	past  bool
	known map[string]*row           // messages, by the network's id
	ours  map[string]delivery.Whose // parts of the brand's own posts, by the network's id
	work  map[string]*work          // conversations, by id
	below map[string][]string       // conversations that begin with an answer to this message of the network
	roots map[string]string         // conversations by what they began with
	seen  map[string]person.Identity
	wrote map[string]*wrote // by person
	out   Taken
}

// row is what must be known of a message that is kept already.
type row struct {
	id, conversation, direction    string
	person                         string
	at                             db.Time
	text, warning, media, delivery string
	edited, removed, checked       db.Time
	erased                         db.Time // its author was erased: it stays empty
}

// work is a conversation with what is new in it.
type work struct {
	Conversation
	was   Conversation
	fresh []fresh
	full  bool // its sums are made anew from the messages
	stale bool // something else of it changed
}

type fresh struct {
	in      bool
	at      db.Time
	text    string
	person  string
	account string
}

type wrote struct {
	n           int
	first, last db.Time
}

// clean drops what cannot be told apart from others, and sorts the rest so that
// questions usually come before answers.
func (t *taker) clean(all []network.Message) []network.Message {
	out := make([]network.Message, 0, len(all))
	for _, m := range all {
		m.Ref.ID, m.Parent = strings.TrimSpace(m.Ref.ID), strings.TrimSpace(m.Parent)
		if m.Ref.ID == "" || len(m.Ref.ID) > 2000 || len(m.Parent) > 2000 || !plain(m.Ref.ID) || !plain(m.Parent) || (!m.Own && strings.TrimSpace(m.Author.ID) == "") {
			t.out.Dropped++
			continue
		}
		if m.Parent == m.Ref.ID {
			m.Parent = ""
		}
		m.Text, m.Warning = words(m.Text, network.MostText), words(m.Warning, 2000)
		m.Language, m.URL, m.Visibility = words(m.Language, 100), link(m.URL), words(m.Visibility, 40)
		m.Media = attachments(m.Media)
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b network.Message) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Ref.ID, b.Ref.ID)) })
	return out
}

func (t *taker) load(ctx context.Context, all []network.Message) error {
	ids := make([]string, 0, 2*len(all))
	for _, m := range all {
		ids = append(ids, m.Ref.ID)
		if m.Parent != "" {
			ids = append(ids, m.Parent)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return nil
	}
	var err error
	if t.ours, err = delivery.WhoseAre(ctx, t.tx, t.src.Brand, t.src.Channel, ids); err != nil {
		return err
	}
	var conversations []string
	for chunk := range slices.Chunk(ids, 500) {
		some, err := t.find(ctx, chunk)
		if err != nil {
			return fmt.Errorf("conversation: take: %w", err)
		}
		conversations = append(conversations, some...)
	}
	return t.fetch(ctx, conversations)
}

// find reads which of the ids are known, and which conversations begin with one
// of them or with an answer to one.
func (t *taker) find(ctx context.Context, ids []string) (conversations []string, err error) {
	b := &query{args: []any{t.src.Channel}}
	was := erasedIDs(t.src.Channel, ids)
	in := b.list(append(slices.Collect(maps.Keys(was)), ids...))
	rows, err := t.tx.QueryContext(ctx, `SELECT remote_id, id, conversation_id, direction, text, warning, media, delivery_id, edited_at, removed_at, checked_at, erased_at, person_id, at
		FROM message WHERE channel_id = $1 AND remote_id <> '' AND remote_id IN (`+in+`)`, b.args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var remote string
		k := &row{}
		err := r.Scan(&remote, &k.id, &k.conversation, &k.direction, &k.text, &k.warning, &k.media, &k.delivery, &k.edited, &k.removed, &k.checked, &k.erased, &k.person, &k.at)
		t.known[cmp.Or(was[remote], remote)] = k
		conversations = append(conversations, k.conversation)
		return struct{}{}, err
	})
	if err != nil {
		return nil, err
	}
	rows, err = t.tx.QueryContext(ctx, `SELECT m.parent_id, m.conversation_id FROM message m JOIN conversation c ON c.id = m.conversation_id AND c.root = m.remote_id
		WHERE m.channel_id = $1 AND m.parent_id <> '' AND m.parent_id IN (`+in+`) ORDER BY m.id`, b.args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var parent, id string
		err := r.Scan(&parent, &id)
		parent = cmp.Or(was[parent], parent)
		t.below[parent] = append(t.below[parent], id)
		conversations = append(conversations, id)
		return struct{}{}, err
	})
	if err != nil {
		return nil, err
	}
	rows, err = t.tx.QueryContext(ctx, `SELECT root, id FROM conversation WHERE channel_id = $1 AND root IN (`+in+`)`, b.args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var root, id string
		err := r.Scan(&root, &id)
		t.roots[cmp.Or(was[root], root)] = id
		conversations = append(conversations, id)
		return struct{}{}, err
	})
	return conversations, err
}

// erasedIDs are what stands for the ids where their author was erased.
func erasedIDs(channel string, ids []string) map[string]string {
	out := make(map[string]string, len(ids))
	for _, id := range ids {
		out[person.Erased(channel, id)] = id
	}
	return out
}

func (t *taker) fetch(ctx context.Context, ids []string) error {
	slices.Sort(ids)
	all, err := ByIDs(ctx, t.tx, t.src.Brand, slices.Compact(ids))
	if err != nil {
		return err
	}
	for id, c := range all {
		t.work[id] = &work{Conversation: c, was: c}
	}
	return nil
}

func (t *taker) take(ctx context.Context, m network.Message) error {
	if p, ours := t.ours[m.Ref.ID]; ours && p.Kind != "reply" {
		return nil // a post of the brand
	}
	if k, known := t.known[m.Ref.ID]; known {
		return t.again(ctx, k, m)
	}
	if m.Own && m.Parent == "" {
		t.out.OwnPosts = append(t.out.OwnPosts, m)
		return nil
	}
	at := db.At(m.At)
	if at <= 0 || at > t.tx.Now() {
		at = t.tx.Now() // a clock that runs ahead must not keep a message on top of every list
	}
	f := fresh{in: !m.Own, at: at, text: m.Text}
	said := at
	if !m.SaidAt.IsZero() {
		said = min(at, db.At(m.SaidAt))
	}
	author, err := t.author(ctx, m, said)
	if err != nil {
		return err
	}
	f.person = author.Person
	w, err := t.place(ctx, m, f)
	if err != nil {
		return err
	}
	if err := t.insert(ctx, w, m, f, author.ID); err != nil {
		return err
	}
	w.fresh = append(w.fresh, f)
	t.out.New++
	return t.adopt(ctx, w, m.Ref.ID)
}

func (t *taker) author(ctx context.Context, m network.Message, at db.Time) (person.Identity, error) {
	if m.Own {
		return person.Identity{}, nil
	}
	i, met := t.seen[m.Author.ID]
	if !met {
		var err error
		if i, err = person.Seen(ctx, t.tx, t.src.Brand, t.src.Network, m.Author, at); err != nil {
			return i, err
		}
		t.seen[m.Author.ID] = i
	}
	w := t.wrote[i.Person]
	if w == nil {
		w = &wrote{first: at, last: at}
		t.wrote[i.Person] = w
	}
	w.n, w.first, w.last = w.n+1, min(w.first, at), max(w.last, at)
	return i, nil
}

// place finds or begins the conversation that a message belongs to.
func (t *taker) place(ctx context.Context, m network.Message, f fresh) (*work, error) {
	if k, known := t.known[m.Parent]; known && t.work[k.conversation] != nil {
		return t.work[k.conversation], nil
	}
	if id, begun := t.roots[m.Ref.ID]; begun && t.work[id] != nil {
		return t.work[id], nil // its first message was erased here
	}
	c := Conversation{ID: db.NewID(), Brand: t.src.Brand, Channel: t.src.Channel, Kind: KindMention, Root: m.Ref.ID, State: StateQuiet,
		StateAt: t.tx.Now(), LastAt: f.at, Revision: 1, CreatedAt: t.tx.Now()}
	c.From.Person = f.person
	if p, ours := t.ours[m.Parent]; ours && p.Kind != "reply" {
		c.Kind, c.Delivery, c.Post = KindComment, p.Delivery, p.Post
	} else if m.Parent != "" {
		t.below[m.Parent] = append(t.below[m.Parent], c.ID)
		t.out.Unplaced = append(t.out.Unplaced, m)
	}
	if m.Kind != "" {
		c.Kind = m.Kind
	}
	w := &work{Conversation: c, was: c}
	t.work[c.ID], t.roots[c.Root] = w, c.ID
	err := insert(ctx, t.tx, `INSERT INTO conversation (id, brand_id, channel_id, kind, root, delivery_id, post_id, person_id, state, state_at, last_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`, // begun by another node: it is tried again
		c.ID, c.Brand, c.Channel, c.Kind, c.Root, c.Delivery, c.Post, c.From.Person, string(c.State), c.StateAt, c.LastAt, c.CreatedAt)
	if err != nil {
		return nil, fmt.Errorf("conversation: begin: %w", err)
	}
	return w, nil
}

// insert adds a row that is not there as far as this transaction can see.
func insert(ctx context.Context, tx *db.Tx, text string, args ...any) error {
	res, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return cmp.Or(err, errors.New("it is there already"))
	}
	return nil
}

func (t *taker) insert(ctx context.Context, w *work, m network.Message, f fresh, identity string) error {
	direction := Out
	if f.in {
		direction = In
	}
	if to := t.known[m.Parent]; to != nil && to.erased > 0 {
		m.Parent = person.Erased(t.src.Channel, m.Parent)
	}
	k := &row{id: db.NewID(), conversation: w.ID, direction: direction, person: f.person, at: f.at, text: m.Text, warning: m.Warning, media: mediaJSON(m.Media), edited: db.At(m.EditedAt), checked: t.tx.Now()}
	err := insert(ctx, t.tx, `INSERT INTO message (id, brand_id, channel_id, conversation_id, direction, remote_id, parent_id, ref, person_id, identity_id,
			text, warning, language, media, url, visibility, at, edited_at, checked_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19) ON CONFLICT DO NOTHING`,
		k.id, t.src.Brand, t.src.Channel, w.ID, direction, m.Ref.ID, m.Parent, toJSON(m.Ref), f.person, identity,
		k.text, k.warning, m.Language, k.media, m.URL, m.Visibility, f.at, k.edited, t.tx.Now())
	if err != nil {
		return fmt.Errorf("conversation: keep a message: %w", err)
	}
	t.known[m.Ref.ID] = k
	if w.ToLook() {
		return nil // found in the community's own queue, by those who may
	}
	if err := findable(ctx, t.tx, t.message(k)); err != nil || !f.in || t.past {
		return err
	}
	return activity.Record(ctx, t.tx, activity.Entry{Brand: t.src.Brand, Kind: "message.received", Subject: w.ID, Actor: f.person, At: f.at})
}

// message is what of a row is found.
func (t *taker) message(k *row) Message {
	return Message{ID: k.id, Brand: t.src.Brand, Channel: t.src.Channel, Conversation: k.conversation, Person: k.person, Text: k.text, Warning: k.warning, At: k.at}
}

// again makes a message that is kept follow what the network says of it now.
// One whose author was erased stays empty, whatever the network still shows.
func (t *taker) again(ctx context.Context, k *row, m network.Message) error {
	if k.erased > 0 {
		return nil
	}
	media := mediaJSON(m.Media)
	edited := max(k.edited, db.At(m.EditedAt))
	if k.text == m.Text && k.warning == m.Warning && k.media == media && k.removed == 0 {
		if t.tx.Now()-k.checked < checkedAnew {
			return nil
		}
		_, err := t.tx.ExecContext(ctx, `UPDATE message SET checked_at = $3 WHERE brand_id = $1 AND id = $2`, t.src.Brand, k.id, t.tx.Now())
		return err
	}
	if k.removed == 0 && edited == k.edited && k.text != m.Text {
		edited = t.tx.Now() // the network does not say when
	}
	_, err := t.tx.ExecContext(ctx, `UPDATE message SET text = $3, warning = $4, media = $5, edited_at = $6, removed_at = 0, checked_at = $7 WHERE brand_id = $1 AND id = $2`,
		t.src.Brand, k.id, m.Text, m.Warning, media, edited, t.tx.Now())
	if err != nil {
		return fmt.Errorf("conversation: edit: %w", err)
	}
	k.text, k.warning, k.media, k.edited, k.removed = m.Text, m.Warning, media, edited, 0
	t.out.Changed++
	if w := t.work[k.conversation]; w != nil {
		w.full = true
		if w.ToLook() {
			return nil
		}
	}
	return findable(ctx, t.tx, t.message(k))
}

// checkedAnew is how old the word of the network may be before it is written
// down again that nothing has changed, in milliseconds.
const checkedAnew = 10 * 60 * 1000

// adopt takes the conversations that begin with an answer to a message into
// the message's own.
func (t *taker) adopt(ctx context.Context, w *work, remoteID string) error {
	for _, id := range t.below[remoteID] {
		from := t.work[id]
		if from == nil || from == w {
			continue
		}
		if err := join(ctx, t.tx, from, w); err != nil {
			return err
		}
		delete(t.work, id)
		for _, k := range t.known {
			if k.conversation == id {
				k.conversation = w.ID
			}
		}
	}
	delete(t.below, remoteID)
	return nil
}

// Received is the data of the event conversation.received, whose subject is a
// channel: in which conversations somebody wrote. One event stands for all
// that was taken at once.
type Received struct {
	Conversations []string // ids
}

func (t *taker) announce(ctx context.Context, r Received) error {
	if t.past || len(r.Conversations) == 0 {
		return nil
	}
	return outbox.Add(ctx, t.tx, outbox.Event{Brand: t.src.Brand, Kind: "conversation.received", Subject: t.src.Channel, Data: r})
}

func (t *taker) flush(ctx context.Context) error {
	var heard Received
	for _, id := range sortedKeys(t.work) {
		w := t.work[id]
		if len(w.fresh) == 0 && !w.full && !w.stale {
			continue
		}
		if err := w.settle(ctx, t.tx, t.past); err != nil {
			return err
		}
		t.out.Touched = append(t.out.Touched, id)
		if !w.ToLook() && slices.ContainsFunc(w.fresh, func(f fresh) bool { return f.in }) {
			heard.Conversations = append(heard.Conversations, id)
		}
	}
	if err := t.announce(ctx, heard); err != nil {
		return err
	}
	for _, id := range sortedKeys(t.wrote) {
		if err := person.Wrote(ctx, t.tx, t.src.Brand, t.src.Channel, id, t.wrote[id].n, t.wrote[id].first, t.wrote[id].last); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

const mediaMost = 20

func attachments(all []network.Attachment) []network.Attachment {
	out := make([]network.Attachment, 0, min(len(all), mediaMost))
	for _, a := range all[:min(len(all), mediaMost)] {
		a.Kind, a.URL, a.PreviewURL, a.Alt = words(a.Kind, 40), link(a.URL), link(a.PreviewURL), words(a.Alt, 5000)
		if a.URL != "" || a.PreviewURL != "" {
			out = append(out, a)
		}
	}
	return out
}

func mediaJSON(all []network.Attachment) string {
	if len(all) == 0 {
		return ""
	}
	return toJSON(all)
}

// words keeps what can be stored and read of a foreign text, at most so many
// bytes.
func words(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

func plain(s string) bool { return s == words(s, len(s)) }

// link keeps an address that a browser may open, and drops others.
func link(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 2000 || !plain(s) || strings.ContainsFunc(s, unicode.IsSpace) || !(strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")) {
		return ""
	}
	return s
}

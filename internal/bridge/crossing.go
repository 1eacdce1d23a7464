package bridge

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/answer"
	"rapport/internal/audit"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/job"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/network"
	"rapport/internal/outbox"
	"rapport/internal/person"
	"rapport/internal/space"
	"rapport/internal/topic"
)

// State is where a crossing stands.
type State string

// The states.
const (
	Open     State = "open"     // its topic has no accepted answer yet, or nobody has sent it back
	Going    State = "going"    // the accepted answer is on its way back
	Returned State = "returned" // the answer is out on the network
	Failed   State = "failed"   // the answer could not go back; Why says it
)

// Crossing is a message of a network that became a topic of the community.
type Crossing struct {
	ID, Brand, Channel, Conversation, Message, Topic string

	Account    string // who of the team made the topic
	Back       bool   // the accepted answer goes back by itself
	State      State
	Why        string
	Reply      string // the answer that was accepted
	Post       string // the reply that carries it back
	Told       string // the reply that told of the topic; "": nobody was told
	CreatedAt  db.Time
	SolvedAt   db.Time
	ReturnedAt db.Time
}

const columns = `id, brand_id, channel_id, conversation_id, message_id, topic_id, account_id, back, state, why, reply_id, post_id, told_id, created_at, solved_at, returned_at`

func (c *Crossing) fields() []any {
	return []any{&c.ID, &c.Brand, &c.Channel, &c.Conversation, &c.Message, &c.Topic, &c.Account, &c.Back, &c.State, &c.Why, &c.Reply, &c.Post, &c.Told, &c.CreatedAt, &c.SolvedAt, &c.ReturnedAt}
}

func one(ctx context.Context, q db.Queryer, where string, args ...any) (Crossing, error) {
	var c Crossing
	err := q.QueryRowContext(ctx, `SELECT `+columns+` FROM crossing WHERE `+where, args...).Scan(c.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.New(fault.NotFound, "There is no such topic.")
	}
	if err != nil {
		return c, fmt.Errorf("bridge: read: %w", err)
	}
	return c, nil
}

// OfTopic returns the crossing that a topic came by, or fault.NotFound.
func OfTopic(ctx context.Context, q db.Queryer, brandID, topicID string) (Crossing, error) {
	return one(ctx, q, `brand_id = $1 AND topic_id = $2`, brandID, topicID)
}

// OfConversation returns what of a conversation became a topic, oldest first,
// if the account may see the conversation.
func OfConversation(ctx context.Context, q db.Queryer, who access.Who, brandID, conversationID string) ([]Crossing, error) {
	if _, err := conversation.ByID(ctx, q, who, brandID, conversationID); err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM crossing WHERE brand_id = $1 AND conversation_id = $2 ORDER BY created_at LIMIT 100`, brandID, conversationID)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (c Crossing, err error) {
		err = r.Scan(c.fields()...)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("bridge: of a conversation: %w", err)
	}
	return all, nil
}

// Ask is what makes a topic of a message.
type Ask struct {
	Message string // id
	Space   string // id
	Title   string
	Text    string // the team's own words below what was asked, Markdown
	Tell    string // what its author is told, before the topic's address; "" tells nobody
	Back    bool   // the accepted answer goes back by itself
}

// Begin makes a topic of a message that came into the inbox, keeps its credit
// and its link, and tells its author: all of it, or nothing. A message becomes
// a topic once; again returns the first, with fault.Conflict where other words
// were to be said. Only when that topic is gone it can become another. What was said to fewer people than
// everybody does not become public here: fault.Denied.
func (c *Community) Begin(ctx context.Context, who access.Who, brandID string, a Ask) (Crossing, topic.Topic, error) {
	var x Crossing
	var t topic.Topic
	begin := func(tx *db.Tx) (err error) {
		x, t, err = c.begin(ctx, tx, who, brandID, a)
		return err
	}
	err := c.DB.Tx(ctx, begin, db.Durable)
	if db.IsDuplicate(err) {
		err = c.DB.Tx(ctx, begin, db.Durable) // sent twice in one moment
	}
	return x, t, err
}

func (c *Community) begin(ctx context.Context, tx *db.Tx, who access.Who, brandID string, a Ask) (Crossing, topic.Topic, error) {
	m, err := Asked(ctx, tx, who, brandID, a.Message)
	if err == nil && (a.Back || strings.TrimSpace(a.Tell) != "") {
		err = who.May(tx.Now(), brandID, access.ConversationReply, m.Channel)
	}
	if err != nil {
		return Crossing{}, topic.Topic{}, err
	}
	was, t, err := OfMessage(ctx, tx, brandID, m.ID)
	if err == nil {
		return was, t, a.already(ctx, tx, t)
	}
	if fault.Is(err, fault.NotFound) && was.ID != "" {
		err = was.forgo(ctx, tx)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return was, t, err
	}
	v, err := c.voice(ctx, tx, brandID, who.Account)
	if err != nil {
		return Crossing{}, topic.Topic{}, err
	}
	v.Who = who
	x := Crossing{ID: db.NewID(), Brand: brandID, Channel: m.Channel, Conversation: m.Conversation, Message: m.ID,
		Account: who.Account, Back: a.Back, State: Open, Post: db.NewID(), CreatedAt: tx.Now()}
	origin, err := c.origin(ctx, tx, m)
	if err != nil {
		return x, topic.Topic{}, err
	}
	said, err := topic.Add(ctx, tx, v, topic.New{Space: a.Space, Title: a.Title, Text: a.Text, Origin: origin})
	if err != nil {
		return x, said.Topic, err
	}
	x.Topic = said.Topic.ID
	if strings.TrimSpace(a.Tell) != "" {
		text := strings.TrimSpace(a.Tell) + "\n" + c.url(ctx, brandID, said.Topic.Path())
		told, err := answer.Within(ctx, tx, who, brandID, m.Conversation, answer.Input{To: m.ID, Text: text})
		if err != nil {
			return x, said.Topic, atTell(err)
		}
		x.Told = told.Post
	}
	if err := insert(ctx, tx, x); err != nil {
		return x, said.Topic, err
	}
	about, err := conversation.ByID(ctx, tx, access.System(), brandID, m.Conversation)
	if err != nil {
		return x, said.Topic, err
	}
	return x, said.Topic, errors.Join(
		conversation.Tell(ctx, tx, about, "bridged", who.Account, said.Topic.ID),
		audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "conversation.bridged", Subject: m.Conversation, Detail: map[string]string{"topic": said.Topic.Title}}))
}

// Asked is the message, if the account may make a topic of it and one can be
// made of it; else why not.
func Asked(ctx context.Context, q db.Queryer, who access.Who, brandID, messageID string) (conversation.Message, error) {
	m, err := conversation.MessageByID(ctx, q, who, brandID, messageID)
	if err == nil {
		err = who.May(q.Now(), brandID, access.ConversationWrite, m.Channel)
	}
	if err == nil {
		err = suits(ctx, q, m)
	}
	return m, err
}

func suits(ctx context.Context, q db.Queryer, m conversation.Message) error {
	on, err := channel.ByID(ctx, q, access.System(), m.Brand, m.Channel)
	switch {
	case err != nil:
		return err
	case on.Network == Name:
		return fault.New(fault.Conflict, "This was said in the community already.")
	case m.Direction != conversation.In:
		return fault.New(fault.Conflict, "These are your own words. Choose a message of somebody else.")
	case m.RemovedAt > 0 || m.ErasedAt > 0:
		return fault.New(fault.Conflict, "This message is gone. Nothing can be made of it.")
	case m.Visibility == network.Followers || m.Visibility == network.Direct:
		return fault.New(fault.Denied, "This was said to fewer people than everybody. Ask its author before you make it public.")
	}
	return nil
}

// origin is what the topic's page says of where it comes from.
func (c *Community) origin(ctx context.Context, tx *db.Tx, m conversation.Message) (string, error) {
	on, err := channel.ByID(ctx, tx, access.System(), m.Brand, m.Channel)
	if err != nil {
		return "", err
	}
	title := on.Network
	if n, err := c.Channels.Networks.Named(on.Network); err == nil {
		title = n.Facts().Title
	}
	text, err := json.Marshal(topic.Origin{Network: title, Name: m.Author.Label(), Handle: m.Author.Handle, URL: m.URL, Quote: m.Text})
	return string(text), err
}

// atTell puts what is wrong with what the author is told at its own field.
func atTell(err error) error {
	all := fault.Fields(err)
	if len(all) == 0 {
		return err
	}
	for i := range all {
		if all[i].Name == "text" {
			all[i].Name = "tell"
		}
	}
	return fault.OnFields(all)
}

func insert(ctx context.Context, tx *db.Tx, x Crossing) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO crossing (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		x.ID, x.Brand, x.Channel, x.Conversation, x.Message, x.Topic, x.Account, x.Back, x.State, x.Why, x.Reply, x.Post, x.Told, x.CreatedAt, x.SolvedAt, x.ReturnedAt)
	if err != nil {
		return fmt.Errorf("bridge: keep: %w", err)
	}
	return nil
}

// Return is the job that takes an accepted answer back to where it was asked.
type Return struct {
	Brand, Crossing string
}

// Kind names the job.
func (Return) Kind() string { return "bridge.return" }

// Work registers the package's jobs.
func (c *Community) Work(w *job.Workers) {
	job.Handle(w, func(ctx context.Context, r Return) error { return c.Carry(ctx, r.Brand, r.Crossing) })
	job.Handle(w, func(ctx context.Context, u Unsaid) error {
		return c.DB.Tx(ctx, func(tx *db.Tx) error { return forgetReply(ctx, tx, u) })
	})
}

// accepted notes that a topic that came from a network has its answer, and has
// it taken back.
func (c *Community) accepted(ctx context.Context, tx *db.Tx, t topic.Topic, replyID string) error {
	x, err := OfTopic(ctx, tx, t.Brand, t.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || x.State == Returned {
		return err
	}
	if x.Reply != replyID {
		// Another answer was on its way: it goes back instead, or the first is out
		// in this moment.
		if err := x.recall(ctx, tx, access.System(), true); fault.Is(err, fault.Conflict) {
			return nil
		} else if err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE crossing SET reply_id = $3, solved_at = $4 WHERE brand_id = $1 AND id = $2`, x.Brand, x.ID, replyID, tx.Now()); err != nil {
		return fmt.Errorf("bridge: accepted: %w", err)
	}
	if !x.Back {
		return nil
	}
	return job.Insert(ctx, tx, Return{x.Brand, x.ID}, 0)
}

// Carry answers where the question was asked, in the name of who made the topic
// of it. It does so once however often it is called. What stands in its way is
// kept with the crossing, and the conversation is opened again.
func (c *Community) Carry(ctx context.Context, brandID, id string) error {
	x, err := one(ctx, c.DB, `brand_id = $1 AND id = $2`, brandID, id)
	if fault.Is(err, fault.NotFound) || err == nil && (x.State == Returned || x.Reply == "") {
		return nil
	}
	if err != nil {
		return err
	}
	a, err := account.ByID(ctx, c.DB, x.Account)
	var who access.Who
	if err == nil && a.DisabledAt == 0 {
		who, err = account.As(ctx, c.DB, a)
	}
	if err == nil {
		err = c.carry(ctx, who, x)
	}
	if err != nil && fault.KindOf(err) != fault.Internal && !fault.Is(err, fault.Unavailable) {
		return c.fail(ctx, x, fault.Text(err))
	}
	return err
}

// Carried is Carry by somebody who asks for it: in their name, and with what
// stands in its way as an error. It returns the crossing as it was; without an
// id where they may not know of it.
func (c *Community) Carried(ctx context.Context, who access.Who, brandID, id string) (Crossing, error) {
	x, err := one(ctx, c.DB, `brand_id = $1 AND id = $2`, brandID, id)
	if err != nil {
		return Crossing{}, err
	}
	if err := who.May(c.DB.Now(), brandID, access.ConversationReply, x.Channel); err != nil {
		return Crossing{}, err
	}
	switch {
	case x.State == Returned:
		return x, nil
	case x.Reply == "":
		return x, fault.New(fault.Conflict, "No answer has been accepted yet.")
	}
	was := x
	err = c.DB.Tx(ctx, func(tx *db.Tx) error { return x.recall(ctx, tx, who, false) })
	if err != nil {
		return was, err
	}
	return was, c.carry(ctx, who, x)
}

// carry sends the answer. Whether it came to be out is for its delivery to say.
func (c *Community) carry(ctx context.Context, who access.Who, x Crossing) error {
	in, err := c.answerOf(ctx, x)
	if err != nil {
		return err
	}
	if _, err := answer.Reply(ctx, c.DB, who, x.Brand, x.Conversation, in); err != nil {
		return err
	}
	_, err = c.DB.ExecContext(ctx, `UPDATE crossing SET state = $3, why = '' WHERE brand_id = $1 AND id = $2 AND state = $4`, x.Brand, x.ID, Going, Open)
	if err != nil {
		return fmt.Errorf("bridge: going back: %w", err)
	}
	return nil
}

// recall takes back what was to carry an answer and is not out, so that another
// may go. Without all, what is still on its way stays so. It is a conflict while
// it may be out.
func (x *Crossing) recall(ctx context.Context, tx *db.Tx, who access.Who, all bool) error {
	sent, err := delivery.OfPost(ctx, tx, x.Brand, x.Post)
	if err != nil {
		return err
	}
	for _, d := range sent {
		switch {
		case d.State == delivery.Published || d.State == delivery.Removed || d.State == delivery.Unknown:
			return fault.New(fault.Conflict, "An answer may be out already. Look at its delivery first.")
		case !all && (d.State == delivery.Scheduled || d.State.Busy()):
			return nil
		}
	}
	if len(sent) > 0 {
		if err := delivery.CancelOf(ctx, tx, who, x.Brand, x.Post); err != nil {
			return err
		}
		x.Post = db.NewID()
	}
	x.State = Open
	_, err = tx.ExecContext(ctx, `UPDATE crossing SET post_id = $3, state = $4, why = '' WHERE brand_id = $1 AND id = $2 AND state <> 'returned'`, x.Brand, x.ID, x.Post, x.State)
	if err != nil {
		return fmt.Errorf("bridge: recall: %w", err)
	}
	return nil
}

// ofPost returns the crossing whose answer the reply carries, or of whose topic
// it tells, or fault.NotFound.
func ofPost(ctx context.Context, q db.Queryer, brandID, postID string) (Crossing, error) {
	return one(ctx, q, `brand_id = $1 AND conversation_id = (SELECT conversation_id FROM post WHERE brand_id = $1 AND id = $2) AND (post_id = $2 OR told_id = $2)`, brandID, postID)
}

// Withheld returns why a reply must not go out that carries an answer back or
// tells of a topic: that cannot be read any more, or another answer was accepted.
// "" is no reason.
func Withheld(ctx context.Context, q db.Queryer, brandID, postID string) (string, error) {
	x, err := ofPost(ctx, q, brandID, postID)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if x.Post == postID {
		_, _, err = x.answer(ctx, q)
	} else {
		_, err = x.topic(ctx, q)
	}
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
		return fault.Text(err), nil
	}
	return "", err
}

// topic is what the message became, where everybody may read it.
func (x Crossing) topic(ctx context.Context, q db.Queryer) (topic.Topic, error) {
	t, err := topic.ByID(ctx, q, x.Brand, x.Topic)
	if err != nil {
		return t, err
	}
	s, err := space.ByID(ctx, q, x.Brand, t.Space)
	if err == nil && (t.State != topic.Live || s.Hidden) {
		err = fault.New(fault.Conflict, "The topic cannot be read by everybody any more.")
	}
	return t, err
}

// answer is the accepted one, where everybody may read it.
func (x Crossing) answer(ctx context.Context, q db.Queryer) (topic.Topic, topic.Reply, error) {
	t, err := x.topic(ctx, q)
	if err != nil {
		return t, topic.Reply{}, err
	}
	r, err := topic.ReplyByID(ctx, q, x.Brand, x.Reply)
	if err == nil && (t.Answer != r.ID || r.State != topic.Live) {
		err = fault.New(fault.Conflict, "The answer cannot be read any more, or is not the accepted one.")
	}
	return t, r, err
}

// delivered notes what became of a reply that carries an answer back.
func delivered(ctx context.Context, tx *db.Tx, e outbox.Event) error {
	d, err := delivery.ByID(ctx, tx, e.Brand, e.Subject)
	if err != nil || d.Kind != delivery.KindReply {
		return unlessGone(err)
	}
	x, err := ofPost(ctx, tx, e.Brand, d.Post)
	if err != nil || x.Post != d.Post || x.State == Returned {
		return unlessGone(err)
	}
	if d.State == delivery.Rejected || d.State == delivery.Missed {
		return failed(ctx, tx, x, d.Reason)
	}
	if d.State != delivery.Published {
		return nil // somebody was faster
	}
	if _, err := tx.ExecContext(ctx, `UPDATE crossing SET state = $3, why = '', returned_at = $4 WHERE brand_id = $1 AND id = $2`, x.Brand, x.ID, Returned, tx.Now()); err != nil {
		return fmt.Errorf("bridge: returned: %w", err)
	}
	about, err := conversation.ByID(ctx, tx, access.System(), x.Brand, x.Conversation)
	if err != nil {
		return unlessGone(err)
	}
	return conversation.Tell(ctx, tx, about, "returned", "", "")
}

// answerOf is what goes back: the beginning of the accepted answer, whose it
// is, and where the whole is read. It is as long as the network takes.
func (c *Community) answerOf(ctx context.Context, x Crossing) (answer.Input, error) {
	in := answer.Input{To: x.Message, Key: x.Post}
	t, r, err := x.answer(ctx, c.DB)
	if err != nil {
		return in, err
	}
	author, err := member.ByID(ctx, c.DB, x.Brand, r.Author)
	if err != nil {
		return in, err
	}
	b, err := brand.ByID(ctx, c.DB, access.System(), x.Brand)
	if err != nil {
		return in, err
	}
	on, err := channel.ByID(ctx, c.DB, access.System(), x.Brand, x.Channel)
	if err != nil {
		return in, err
	}
	m, err := conversation.MessageByID(ctx, c.DB, access.System(), x.Brand, x.Message)
	if err != nil {
		return in, err
	}
	before := ""
	if n, err := c.Channels.Networks.Named(on.Network); err == nil && n.Facts().MentionReplies && m.Author.Handle != "" {
		before = m.Author.Handle + " "
	}
	in.Text = fitted(on.Limits, i18n.With(ctx, b.Language, nil), before, author.Name, markdown.Own(markdown.Render(r.Text, markdown.Options{}).HTML), c.url(ctx, x.Brand, t.PathOf(r.Number)))
	return in, nil
}

// mostQuoted is how much of an answer goes back, in runes, where the network
// takes as much.
const mostQuoted = 280

// fitted shortens what is quoted until the whole fits.
func fitted(l network.Limits, ctx context.Context, before, name, answer, link string) string {
	words := []rune(strings.Join(strings.Fields(answer), " "))
	for n := min(len(words), mostQuoted); ; n -= 10 {
		quote := string(words[:max(n, 0)])
		if n < len(words) && n > 0 {
			quote = strings.TrimSpace(quote) + "…"
		}
		text := before + i18n.T(ctx, "{{.Name}} answered in our community: “{{.Quote}}” {{.Link}}", "Name", name, "Quote", quote, "Link", link)
		if n <= 0 {
			text = before + i18n.T(ctx, "This was answered in our community: {{.Link}}", "Link", link)
		}
		if n <= 0 || len(l.CheckText(0, text)) == 0 {
			return text
		}
	}
}

// fail keeps why the answer could not go back, and opens the conversation.
func (c *Community) fail(ctx context.Context, x Crossing, why string) error {
	return c.DB.Tx(ctx, func(tx *db.Tx) error { return failed(ctx, tx, x, why) })
}

func failed(ctx context.Context, tx *db.Tx, x Crossing, why string) error {
	_, err := tx.ExecContext(ctx, `UPDATE crossing SET state = $3, why = $4 WHERE brand_id = $1 AND id = $2 AND state <> 'returned'`, x.Brand, x.ID, Failed, cmp.Or(why, "It could not be sent."))
	if err != nil {
		return fmt.Errorf("bridge: fail: %w", err)
	}
	return conversation.Reopen(ctx, tx, x.Brand, x.Conversation, "unreturned")
}

// Origins counts topics that came from elsewhere.
type Origins struct {
	Topics   int
	Answered int // of them, by anybody but the one who asked
}

// Brought counts the topics that came from elsewhere in [from, to) and can be
// read. Who asked is who wrote the message there, and not who of the team made a
// topic of it: an answer of theirs is one like any other. The caller has checked
// that numbers may be seen.
func Brought(ctx context.Context, q db.Queryer, brandID string, from, to db.Time) (o Origins, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM reply r WHERE r.topic_id = t.id AND r.state = 'live' AND r.number > 1
			AND NOT EXISTS (SELECT 1 FROM crossing c JOIN message asked ON asked.id = c.message_id JOIN member m ON m.person_id = asked.person_id
				WHERE c.topic_id = t.id AND m.id = r.author_id AND m.person_id <> '')) THEN 1 ELSE 0 END), 0)
		FROM topic t WHERE t.brand_id = $1 AND t.created_at >= $2 AND t.created_at < $3 AND t.state = 'live' AND t.origin <> ''`, brandID, from, to).Scan(&o.Topics, &o.Answered)
	if err != nil {
		return o, fmt.Errorf("bridge: brought: %w", err)
	}
	return o, nil
}

// ReturnedIn counts the accepted answers that went back in [from, to). The
// caller has checked that numbers may be seen.
func ReturnedIn(ctx context.Context, q db.Queryer, brandID string, from, to db.Time) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM crossing WHERE brand_id = $1 AND returned_at >= $2 AND returned_at < $3 AND returned_at > 0`, brandID, from, to).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("bridge: returned: %w", err)
	}
	return n, nil
}

// Forget takes a person's name and words from the topics that were made of what
// they asked, in the caller's transaction.
func Forget(ctx context.Context, tx *db.Tx, brandID, personID string) error {
	if personID == "" {
		return nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT c.topic_id FROM message m JOIN crossing c ON c.message_id = m.id WHERE m.brand_id = $1 AND m.person_id = $2`, brandID, personID)
	topics, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
	for _, id := range topics {
		if err == nil {
			err = topic.Unsource(ctx, tx, brandID, id)
		}
	}
	if err != nil {
		return fmt.Errorf("bridge: forget: %w", err)
	}
	return nil
}

// Left takes a member who leaves without their name out of the inbox, in the
// caller's transaction: what they wrote in the community is gone from there, and
// the record of who they are. What the team wrote stays.
func Left(ctx context.Context, tx *db.Tx, brandID, memberID string) error {
	who, err := person.IdentityOf(ctx, tx, brandID, Name, memberID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil {
		err = conversation.Forget(ctx, tx, brandID, who.Person, who.ID)
	}
	if err == nil {
		err = person.Unknown(ctx, tx, who)
	}
	return err
}

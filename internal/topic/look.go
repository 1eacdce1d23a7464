package topic

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/outbox"
	"rapport/internal/space"
)

// Complaint is why somebody flags a reply.
type Complaint string

// The complaints, in the order pages show them.
const (
	Spam     Complaint = "spam"
	Abuse    Complaint = "abuse"
	OffTopic Complaint = "offtopic"
	Illegal  Complaint = "illegal"
	Other    Complaint = "other"
)

// Complaints are all of them.
var Complaints = []Complaint{Spam, Abuse, OffTopic, Illegal, Other}

var complaints = map[Complaint]string{
	Spam:     i18n.Mark("It is spam or advertising"),
	Abuse:    i18n.Mark("It attacks or insults somebody"),
	OffTopic: i18n.Mark("It does not belong here"),
	Illegal:  i18n.Mark("It is against the law"),
	Other:    i18n.Mark("Something else"),
}

// Words are what pages call the complaint, as an id of the catalogs.
func (c Complaint) Words() string { return complaints[c] }

// LongestReason is how long a reason or the note on a flag may be, in runes.
const LongestReason = 500

// Flag is what a member finds wrong with a reply.
type Flag struct {
	ID, Reply, Member string
	Complaint         Complaint
	Note              string
	At                db.Time
	SettledAt         db.Time // 0 while nobody has looked
	Agreed            bool    // the team saw it the same way
}

// Complain flags a reply for the team. The same member may flag it once; doing
// it again changes what they said while nobody has looked.
func Complain(ctx context.Context, d *db.DB, v member.Voice, replyID string, c Complaint, note string) error {
	note, err := reason(note)
	switch {
	case err != nil:
		return fault.OnField("note", "Shorten this to %d characters.", LongestReason)
	case !slices.Contains(Complaints, c):
		return fault.OnField("reason", "Choose what is wrong.")
	case (c == Other || c == Illegal) && note == "":
		return fault.OnField("note", "Say in a sentence what is wrong.")
	}
	return d.Tx(ctx, func(tx *db.Tx) error {
		_, t, r, err := whole(ctx, tx, v, replyID)
		if err != nil {
			return err
		}
		if err := v.Speaks(tx.Now()); err != nil {
			return err
		}
		if r.Author == v.Member.ID {
			return fault.New(fault.Denied, "This is your own. You can change it or take it back.")
		}
		if r.State != Live {
			return fault.New(fault.Conflict, "The team has looked at this already.")
		}
		if err := unhurriedly(ctx, tx, v); err != nil {
			return err
		}
		return complain(ctx, tx, v, t, r, c, note)
	})
}

// mostFlags is how many replies a member may flag in a day: more is a campaign.
const mostFlags = 50

func unhurriedly(ctx context.Context, tx *db.Tx, v member.Voice) error {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM flag WHERE brand_id = $1 AND member_id = $2 AND at > $3`, v.Brand, v.Member.ID, int64(tx.Now())-24*3600*1000).Scan(&n)
	if err == nil && n >= mostFlags {
		err = fault.New(fault.Limited, "You have flagged much today. Write to the team instead.")
	}
	return err
}

func complain(ctx context.Context, tx *db.Tx, v member.Voice, t Topic, r Reply, c Complaint, note string) error {
	res, err := tx.ExecContext(ctx, `INSERT INTO flag (id, brand_id, reply_id, member_id, reason, note, at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (reply_id, member_id) DO NOTHING`,
		db.NewID(), v.Brand, r.ID, v.Member.ID, c, note, tx.Now())
	if err != nil {
		return fmt.Errorf("topic: flag: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		_, also := tx.ExecContext(ctx, `UPDATE flag SET reason = $3, note = $4 WHERE reply_id = $1 AND member_id = $2 AND settled_at = 0`, r.ID, v.Member.ID, c, note)
		return errors.Join(err, also)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE reply SET flags = flags + 1 WHERE brand_id = $1 AND id = $2`, v.Brand, r.ID); err != nil {
		return fmt.Errorf("topic: flag: %w", err)
	}
	outbox.Show(tx, v.Brand, "reply.flagged", r.ID)
	return errors.Join(
		activity.Record(ctx, tx, activity.Entry{Brand: v.Brand, Kind: "reply.flagged", Subject: r.ID, Actor: v.Member.Person}),
		outbox.Add(ctx, tx, outbox.Event{Brand: v.Brand, Kind: "reply.flagged", Subject: r.ID}))
}

func reason(s string) (string, error) {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	bad := func(r rune) bool { return r != '\n' && unseen(r) }
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > LongestReason || strings.ContainsFunc(s, bad) {
		return "", fault.OnField("reason", "Shorten the reason to %d characters.", LongestReason)
	}
	return s, nil
}

// Act is a kind of decision.
type Act string

// The acts.
const (
	Approve Act = "approved" // what waited can be read
	Decline Act = "declined" // what waited is not let through
	Hide    Act = "hidden"   // what could be read cannot any more
	Restore Act = "restored" // what was hidden or declined can be read again
	Keep    Act = "kept"     // it was flagged and stays as it is
)

// words are what the acts are called in the log of the team and of activity.
var words = map[Act]string{Approve: "reply.approved", Decline: "reply.declined", Hide: "reply.hidden", Restore: "reply.restored", Keep: "reply.kept"}

// Decision is what the team decided about a reply, and why. It never changes.
type Decision struct {
	ID, Reply string
	Act       Act
	Rule      string // of the guidelines, in their words; "" where none is named
	Reason    string // as its author and its readers see it
	Excerpt   string // of what it was about, as it then stood
	Revision  int64
	Account   string // whose decision it is
	At        db.Time
}

// leads says from which states an act leads to which.
var leads = map[Act]struct {
	from []State
	to   State
}{
	Approve: {[]State{Waiting}, Live},
	Decline: {[]State{Waiting}, Declined},
	Hide:    {[]State{Live}, Hidden},
	Restore: {[]State{Hidden, Declined}, Live},
	Keep:    {[]State{Live}, Live},
}

// AsItIs stands for a revision where a decision is about whatever the reply says
// now: for what the program does by itself, never for what a page showed.
const AsItIs int64 = -1

// RevisionOf reads the revision that a form says it showed; 0 where it says none.
func RevisionOf(s string) int64 {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 {
		return n
	}
	return 0
}

// Changed is what somebody hears who decides about words that are not there any
// more, or who does not say which they read.
func Changed() error {
	return fault.New(fault.Conflict, "It was changed since you looked. Read it again.")
}

// Decide decides about a reply. seen is the revision of the words that whoever
// decides has read, or AsItIs: others are refused, so that nobody lets through what
// they never saw. Hiding and declining need a reason, which its author and its
// readers see. What is there already is no error.
func Decide(ctx context.Context, d *db.DB, who access.Who, brandID, replyID string, seen int64, act Act, rule, why string) (Said, error) {
	step, known := leads[act]
	why, err := reason(why)
	switch {
	case !known:
		return Said{}, fault.OnField("act", "There is no such decision.")
	case err != nil:
		return Said{}, err
	case utf8.RuneCountInString(rule) > LongestTitle || !utf8.ValidString(rule) || strings.ContainsFunc(rule, unseen):
		return Said{}, fault.OnField("rule", "Choose a rule of the guidelines.")
	case (act == Hide || act == Decline) && why == "" && rule == "":
		return Said{}, fault.OnField("reason", "Say why, or choose the rule. Its author and its readers will see it.")
	}
	var out Said
	err = d.Tx(ctx, func(tx *db.Tx) error {
		s, t, r, err := toDecide(ctx, tx, who, brandID, replyID)
		if err != nil {
			return err
		}
		out = Said{t, r}
		switch {
		case seen == 0:
			return Changed()
		case r.State == step.to && act != Keep:
			return nil
		case seen != AsItIs && seen != r.Revision:
			return Changed()
		}
		if !slices.Contains(step.from, r.State) {
			return fault.New(fault.Conflict, "Someone has decided about this meanwhile, or its author took it back. Look again.")
		}
		excerpt := markdown.Excerpt(plain(r), excerptMost)
		if t, r, err = act.carryOut(ctx, tx, s, t, r, step.to); err != nil {
			return err
		}
		out = Said{t, r}
		return note(ctx, tx, who, t, r, Decision{ID: db.NewID(), Reply: r.ID, Act: act, Rule: rule, Reason: why, Excerpt: excerpt, Revision: r.Revision, Account: who.Account, At: tx.Now()})
	})
	return out, err
}

func toDecide(ctx context.Context, q db.Queryer, who access.Who, brandID, replyID string) (space.Space, Topic, Reply, error) {
	if err := who.May(q.Now(), brandID, access.TopicModerate); err != nil {
		return space.Space{}, Topic{}, Reply{}, err
	}
	r, err := ReplyByID(ctx, q, brandID, replyID)
	if err == nil {
		err = who.May(q.Now(), brandID, access.TopicModerate, r.Space)
	}
	if err != nil {
		return space.Space{}, Topic{}, r, err
	}
	t, err := ByID(ctx, q, brandID, r.Topic)
	if err != nil {
		return space.Space{}, t, r, err
	}
	s, err := space.ByID(ctx, q, brandID, t.Space)
	return s, t, r, err
}

func (a Act) carryOut(ctx context.Context, tx *db.Tx, s space.Space, t Topic, r Reply, to State) (Topic, Reply, error) {
	switch a {
	case Approve, Restore:
		return letThrough(ctx, tx, s, t, r)
	case Decline:
		return turn(ctx, tx, t, r, to)
	case Hide:
		return conceal(ctx, tx, t, r, to)
	}
	return t, r, nil
}

// letThrough makes something readable. What was never read before gets its
// number and is told of; what was, comes back quietly.
func letThrough(ctx context.Context, tx *db.Tx, s space.Space, t Topic, r Reply) (Topic, Reply, error) {
	if !t.unread(r) {
		return reveal(ctx, tx, t, r)
	}
	if err := t.lock(ctx, tx); err != nil {
		return t, r, err
	}
	if r.At = tx.Now(); r.Number < 0 {
		r.Number = t.LastNumber + 1
	}
	w, _, err := read(ctx, tx, t.Brand, r.Text)
	if err == nil {
		t, r, err = turn(ctx, tx, t, r, Live)
	}
	if err == nil && r.Number > 1 {
		t, err = t.grow(ctx, tx, r)
	} else if err == nil {
		t.LastAt, t.CreatedAt, t.LastNumber = r.At, r.At, 1
		_, err = tx.ExecContext(ctx, `UPDATE topic SET last_at = $3, created_at = $3, last_number = 1 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID, r.At)
	}
	if err != nil {
		return t, r, err
	}
	return t, r, appear(ctx, tx, s, t, r, w.plain, w.mentioned)
}

// note keeps the decision, settles what was complained of, and tells of it.
func note(ctx context.Context, tx *db.Tx, who access.Who, t Topic, r Reply, dec Decision) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO decision (id, brand_id, reply_id, act, rule, reason, excerpt, revision, account_id, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, dec.ID, t.Brand, r.ID, dec.Act, dec.Rule, dec.Reason, dec.Excerpt, dec.Revision, dec.Account, dec.At)
	if err == nil && r.Flags > 0 {
		_, err = tx.ExecContext(ctx, `UPDATE flag SET settled_at = $2, agreed = $3 WHERE reply_id = $1 AND settled_at = 0`, r.ID, tx.Now(), dec.Act == Hide)
		if err == nil {
			_, err = tx.ExecContext(ctx, `UPDATE reply SET flags = 0 WHERE brand_id = $1 AND id = $2`, t.Brand, r.ID)
		}
	}
	if err != nil {
		return fmt.Errorf("topic: decide: %w", err)
	}
	showReply(tx, t, r)
	return errors.Join(
		audit.Record(ctx, tx, who, audit.Entry{Brand: t.Brand, Act: words[dec.Act], Subject: r.ID, Detail: map[string]string{"rule": dec.Rule, "reason": dec.Reason}}),
		activity.Record(ctx, tx, activity.Entry{Brand: t.Brand, Kind: words[dec.Act], Subject: r.ID, Actor: dec.Account}),
		outbox.Add(ctx, tx, outbox.Event{Brand: t.Brand, Kind: "reply.decided", Subject: r.ID, Data: Decided{dec.ID, dec.Act}}))
}

// Decided is the data of the event reply.decided.
type Decided struct {
	Decision string `json:"decision"`
	Act      Act    `json:"act"`
}

const decisionColumns = `id, reply_id, act, rule, reason, excerpt, revision, account_id, at`

func scanDecision(r *sql.Rows) (d Decision, err error) {
	err = r.Scan(&d.ID, &d.Reply, &d.Act, &d.Rule, &d.Reason, &d.Excerpt, &d.Revision, &d.Account, &d.At)
	return d, err
}

// Reasons returns the last decision about each of the replies, by its id.
func Reasons(ctx context.Context, q db.Queryer, brandID string, replies []string) (map[string]Decision, error) {
	out := map[string]Decision{}
	if len(replies) == 0 {
		return out, nil
	}
	args := []any{}
	for _, id := range replies {
		args = append(args, id)
	}
	rows, err := q.QueryContext(ctx, `SELECT `+decisionColumns+` FROM decision WHERE reply_id IN (`+db.In(1, len(replies))+`) ORDER BY reply_id, at, id`, args...)
	all, err := db.Collect(rows, err, scanDecision)
	if err != nil {
		return nil, fmt.Errorf("topic: reasons: %w", err)
	}
	for _, d := range all {
		out[d.Reply] = d
	}
	return out, nil
}

// Decisions returns those of the decisions that are the brand's, by their ids.
func Decisions(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Decision, error) {
	out := map[string]Decision{}
	if len(ids) == 0 {
		return out, nil
	}
	args := []any{brandID}
	for _, id := range ids {
		args = append(args, id)
	}
	rows, err := q.QueryContext(ctx, `SELECT `+decisionColumns+` FROM decision WHERE brand_id || '' = $1 AND id IN (`+db.In(2, len(ids))+`)`, args...)
	all, err := db.Collect(rows, err, scanDecision)
	if err != nil {
		return nil, fmt.Errorf("topic: decisions: %w", err)
	}
	for _, d := range all {
		out[d.ID] = d
	}
	return out, nil
}

// Case is a reply that needs a look, with what one must know to decide.
type Case struct {
	Reply   Reply
	Topic   Topic
	Author  member.Member
	Flags   []Flag // that nobody has looked at
	Earlier int64  // decisions against the author in the last 90 days
}

// Queue says which cases.
type Queue string

// The queues.
const (
	ToApprove Queue = "waiting"
	Flagged   Queue = "flagged"
)

var queues = map[Queue]string{ToApprove: `r.state = 'waiting'`, Flagged: `r.flags > 0`}

// Cases returns what needs a look in the spaces that the account looks after,
// the oldest first, 20 to a page unless asked otherwise (at most 100), and the
// cursor of the next page.
func Cases(ctx context.Context, q db.Queryer, who access.Who, brandID string, which Queue, page db.Page) ([]Case, string, error) {
	cond, ok := queues[which]
	if !ok {
		return nil, "", fault.OnField("queue", "There is no such queue.")
	}
	if err := who.May(q.Now(), brandID, access.TopicModerate); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	if page.After == "" {
		at, id = -1, ""
	}
	size := page.Size(20, 100)
	args := []any{brandID, at, id, size + 1}
	only := spaces(&args, "r.space_id", who.Channels(q.Now(), brandID))
	rows, err := q.QueryContext(ctx, `SELECT `+replyColumns+` FROM reply r WHERE r.brand_id = $1 AND `+cond+only+`
		AND (r.at, r.id) > ($2, $3) ORDER BY r.at, r.id LIMIT $4`, args...)
	all, err := db.Collect(rows, err, func(rows *sql.Rows) (c Case, err error) {
		err = rows.Scan(c.Reply.fields()...)
		return c, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("topic: cases: %w", err)
	}
	next := ""
	if len(all) > size {
		all = all[:size]
		next = db.Cursor(all[size-1].Reply.At, all[size-1].Reply.ID)
	}
	return all, next, furnish(ctx, q, brandID, all)
}

// spaces is the condition that a column is one of the ids; none are all.
func spaces(args *[]any, column string, ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	from := len(*args) + 1
	for _, id := range ids {
		*args = append(*args, id)
	}
	return ` AND ` + column + ` IN (` + db.In(from, len(ids)) + `)`
}

// CaseCounts are how many replies need a look in the spaces that the account
// looks after; none where it looks after none.
func CaseCounts(ctx context.Context, q db.Queryer, who access.Who, brandID string) (map[Queue]int, error) {
	out := map[Queue]int{}
	if who.May(q.Now(), brandID, access.TopicModerate) != nil {
		return out, nil
	}
	for which, cond := range queues {
		args := []any{brandID}
		only := spaces(&args, "r.space_id", who.Channels(q.Now(), brandID))
		var n int
		err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM reply r WHERE r.brand_id = $1 AND `+cond+only+` LIMIT 1000) x`, args...).Scan(&n)
		if err != nil {
			return nil, fmt.Errorf("topic: count cases: %w", err)
		}
		out[which] = n
	}
	return out, nil
}

// furnish adds to cases what one must know to decide.
func furnish(ctx context.Context, q db.Queryer, brandID string, all []Case) error {
	var authors, topics, replies []string
	for _, c := range all {
		authors, topics, replies = append(authors, c.Reply.Author), append(topics, c.Reply.Topic), append(replies, c.Reply.ID)
	}
	members, err := member.ByIDs(ctx, q, brandID, authors)
	if err != nil {
		return err
	}
	about, err := ByIDs(ctx, q, brandID, topics)
	if err != nil {
		return err
	}
	flags, err := openFlags(ctx, q, replies)
	if err != nil {
		return err
	}
	before, err := earlier(ctx, q, brandID, authors)
	if err != nil {
		return err
	}
	for i := range all {
		c := &all[i]
		c.Author, c.Topic, c.Flags, c.Earlier = members[c.Reply.Author], about[c.Reply.Topic], flags[c.Reply.ID], before[c.Reply.Author]
	}
	return nil
}

// FlagsByIDs returns those of the flags that are the brand's. Who may see them is
// the caller's to know.
func FlagsByIDs(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Flag, error) {
	return byIDs(ctx, q, `SELECT `+flagColumns+` FROM flag WHERE brand_id || '' = $1 AND id`, brandID, ids, (*Flag).fields, func(f Flag) string { return f.ID })
}

const flagColumns = `id, reply_id, member_id, reason, note, at, settled_at, agreed`

func (f *Flag) fields() []any {
	return []any{&f.ID, &f.Reply, &f.Member, &f.Complaint, &f.Note, &f.At, &f.SettledAt, &f.Agreed}
}

// Flags returns the flags on a reply that nobody has looked at, the oldest
// first. Who may see them is the caller's to know.
func Flags(ctx context.Context, q db.Queryer, replyID string) ([]Flag, error) {
	all, err := openFlags(ctx, q, []string{replyID})
	return all[replyID], err
}

func openFlags(ctx context.Context, q db.Queryer, replies []string) (map[string][]Flag, error) {
	out := map[string][]Flag{}
	if len(replies) == 0 {
		return out, nil
	}
	args := []any{}
	for _, id := range replies {
		args = append(args, id)
	}
	rows, err := q.QueryContext(ctx, `SELECT `+flagColumns+` FROM flag
		WHERE reply_id IN (`+db.In(1, len(args))+`) AND settled_at = 0 ORDER BY at, id`, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (f Flag, err error) {
		err = r.Scan(f.fields()...)
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("topic: flags: %w", err)
	}
	for _, f := range all {
		out[f.Reply] = append(out[f.Reply], f)
	}
	return out, nil
}

// earlier counts the decisions against each of the members in the last 90 days.
func earlier(ctx context.Context, q db.Queryer, brandID string, authors []string) (map[string]int64, error) {
	out := map[string]int64{}
	if len(authors) == 0 {
		return out, nil
	}
	args := []any{brandID, int64(q.Now()) - 90*24*3600*1000}
	for _, id := range authors {
		args = append(args, id)
	}
	rows, err := q.QueryContext(ctx, `SELECT r.author_id, COUNT(*) FROM decision d JOIN reply r ON r.id = d.reply_id
		WHERE d.brand_id = $1 AND d.at > $2 AND d.act IN ('hidden', 'declined') AND r.author_id IN (`+db.In(3, len(authors))+`) GROUP BY r.author_id`, args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id string
		var n int64
		err := r.Scan(&id, &n)
		out[id] = n
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("topic: earlier decisions: %w", err)
	}
	return out, nil
}

// ByIDs returns those of the topics that are the brand's. Whether a reader may
// see them is the caller's to know.
func ByIDs(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Topic, error) {
	return byIDs(ctx, q, `SELECT `+topicColumns+` FROM topic t WHERE t.brand_id || '' = $1 AND t.id`, brandID, ids,
		(*Topic).fields, func(t Topic) string { return t.ID })
}

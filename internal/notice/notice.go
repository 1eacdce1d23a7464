// Package notice is what a community tells a member: what concerns them, where
// they want to hear of it, and when they get their digest. A notice holds no
// words and no counts: whoever reads it is shown what is there now, and nothing
// that they may not read. What happened and who is meant is decided by package
// tell, which also writes the letters.
package notice

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/topic"
)

// Notice is what a member is told, as they may read it now.
type Notice struct {
	ID, Member string
	Kind       Kind
	Topic      topic.Topic // zero where it is about none
	Reply      string      // the first it tells of
	Number     int64       // of that reply; 1 or less: the opening, or none
	By         string      // name of who spoke last, "" of somebody gone
	Others     int         // how many people there are besides
	Excerpt    string      // beginning of the first reply, of what somebody said
	Decision   topic.Decision
	State      member.State // of Door
	Rule       string       // of Pictured, of the guidelines
	Reason     string       // of Door and Pictured, as they read it
	At         db.Time      // when it last grew
	ReadAt     db.Time      // 0 while it is unread
}

// from joins a notice with what it is about, and reads the first reply of none:
// only some kinds ask for it, and every page counts.
const from = ` FROM notice n LEFT JOIN topic t ON t.id = n.topic_id LEFT JOIN space s ON s.id = t.space_id`

// said is the condition that r is a reply that the notice tells of.
const said = `r.topic_id = n.topic_id AND r.number >= n.low AND r.number <= n.high AND r.state = 'live' AND r.author_id <> n.member_id AND (n.answers = 0 OR r.answers = n.answers)`

// felt is the condition that x is a reaction that the notice tells of.
const felt = `x.reply_id = n.reply_id AND x.at >= n.low AND x.at <= n.high AND x.member_id <> n.member_id`

// stands is the condition that a notice still tells of something that its
// member may read; inside is the number of the argument that says whether they
// read what is for members only.
func stands(inside string) string {
	return `(n.topic_id = '' OR ((` + inside + ` OR NOT s.hidden) AND (t.state = 'live' OR n.kind = 'decided')))
		AND CASE n.kind WHEN 'door' THEN TRUE WHEN 'picture' THEN TRUE WHEN 'decided' THEN EXISTS (SELECT 1 FROM reply f WHERE f.id = n.reply_id AND f.state <> 'erased')
			WHEN 'accepted' THEN t.answer_id = n.reply_id WHEN 'solved' THEN t.answer_id = n.reply_id
			WHEN 'reaction' THEN EXISTS (SELECT 1 FROM reply f WHERE f.id = n.reply_id AND f.state = 'live') AND EXISTS (SELECT 1 FROM reaction x WHERE ` + felt + `)
			ELSE EXISTS (SELECT 1 FROM reply r WHERE ` + said + `) END`
}

// MostCounted is where Unread stops counting.
const MostCounted = 100

// Unread counts what the member has not read, up to MostCounted. It never
// counts what List would not show.
func Unread(ctx context.Context, q db.Queryer, v member.Voice) (int, error) {
	if v.Member.ID == "" {
		return 0, nil
	}
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1`+from+` WHERE n.brand_id = $1 AND n.member_id = $2 AND n.read_at = 0 AND n.shown AND `+stands("$3")+` LIMIT $4) x`,
		v.Brand, v.Member.ID, v.Inside(q.Now()), MostCounted).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("notice: count: %w", err)
	}
	return n, nil
}

// List returns the member's notices, those that grew last first, 30 to a page
// unless asked otherwise (at most 100), and the cursor of the next page.
func List(ctx context.Context, q db.Queryer, v member.Voice, page db.Page) ([]Notice, string, error) {
	if v.Member.ID == "" {
		return nil, "", v.Speaks(q.Now())
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(30, 100)
	all, err := read(ctx, q, ` WHERE n.brand_id = $1 AND n.member_id = $2 AND n.shown AND `+stands("$3")+` AND (n.at, n.id) < ($4, $5)
		ORDER BY n.at DESC, n.id DESC LIMIT $6`, v.Brand, v.Member.ID, v.Inside(q.Now()), at, id, size+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(all) > size {
		all = all[:size]
		next = db.Cursor(all[size-1].At, all[size-1].ID)
	}
	out, err := furnish(ctx, q, v.Brand, all)
	return out, next, err
}

// Pending returns what waits for a member's digest and is unread, the newest
// first, at most so many, and how many there are up to MostCounted.
func Pending(ctx context.Context, q db.Queryer, v member.Voice, most int) ([]Notice, int, error) {
	all, err := read(ctx, q, ` WHERE n.brand_id = $1 AND n.member_id = $2 AND n.read_at = 0 AND n.digest AND `+stands("$3")+` ORDER BY n.at DESC, n.id DESC LIMIT $4`,
		v.Brand, v.Member.ID, v.Inside(q.Now()), MostCounted)
	if err != nil {
		return nil, 0, err
	}
	n := len(all)
	out, err := furnish(ctx, q, v.Brand, all[:min(n, most)])
	return out, n, err
}

// ByIDs returns notices that still stand, of members who read what is for
// members only. Whose they are is in them.
func ByIDs(ctx context.Context, q db.Queryer, brandID string, ids []string) ([]Notice, error) {
	var out []Notice
	for some := range slices.Chunk(ids, 200) {
		args := []any{brandID, true}
		for _, id := range some {
			args = append(args, id)
		}
		all, err := read(ctx, q, ` WHERE n.brand_id || '' = $1 AND n.id IN (`+db.In(3, len(some))+`) AND `+stands("$2"), args...)
		if err != nil {
			return nil, err
		}
		told, err := furnish(ctx, q, brandID, all)
		if err != nil {
			return nil, err
		}
		out = append(out, told...)
	}
	return out, nil
}

// line is a notice as it is kept, with what furnish needs.
type line struct {
	Notice
	topic, detail, text string
}

// excerpt is how it begins: what its author says, or all of an opening, because
// a topic may be about what that quotes.
func (l line) excerpt() string {
	r := markdown.Render(l.text, markdown.Options{})
	if l.Number == 1 {
		return markdown.Excerpt(r.Plain, excerptMost)
	}
	return markdown.Excerpt(markdown.Own(r.HTML), excerptMost)
}

func read(ctx context.Context, q db.Queryer, where string, args ...any) ([]line, error) {
	rows, err := q.QueryContext(ctx, `SELECT n.id, n.member_id, n.kind, n.topic_id, n.reply_id, n.detail, n.at, n.read_at, COALESCE(f.number, 0),
		CASE WHEN f.state = 'live' THEN SUBSTR(f.text, 1, 2000) ELSE '' END`+from+` LEFT JOIN reply f ON f.id = n.reply_id`+where, args...)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (l line, err error) {
		err = r.Scan(&l.ID, &l.Member, &l.Kind, &l.topic, &l.Reply, &l.detail, &l.At, &l.ReadAt, &l.Number, &l.text)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("notice: read: %w", err)
	}
	return out, nil
}

const excerptMost = 160 // runes

// furnish adds to notices what they are about, as it is now.
func furnish(ctx context.Context, q db.Queryer, brandID string, all []line) ([]Notice, error) {
	if len(all) == 0 {
		return nil, nil
	}
	var topics, decisions, members, log []string
	for _, l := range all {
		switch l.Kind {
		case Decided:
			decisions = append(decisions, l.detail)
		case Door:
			members = append(members, l.Member)
		case Pictured:
			log = append(log, l.detail)
		case Accepted, Solved:
			members = append(members, l.detail)
		}
		topics = append(topics, l.topic)
	}
	who, err := people(ctx, q, all)
	if err != nil {
		return nil, err
	}
	for _, voices := range who {
		for _, v := range voices[:min(len(voices), 1)] {
			members = append(members, v.member)
		}
	}
	about, err := topic.ByIDs(ctx, q, brandID, topics)
	if err != nil {
		return nil, err
	}
	named, err := member.ByIDs(ctx, q, brandID, members)
	if err != nil {
		return nil, err
	}
	decided, err := topic.Decisions(ctx, q, brandID, decisions)
	if err != nil {
		return nil, err
	}
	taken, err := audit.Details(ctx, q, brandID, log)
	out := make([]Notice, len(all))
	for i, l := range all {
		l.Topic, l.Excerpt = about[l.topic], l.excerpt()
		switch voices := who[l.ID]; {
		case l.Kind == Door:
			l.State, l.Reason = member.State(l.detail), named[l.Member].Reason
		case l.Kind == Pictured:
			l.Rule, l.Reason = taken[l.detail]["rule"], taken[l.detail]["reason"]
		case l.Kind == Decided:
			l.Decision = decided[l.detail]
		case l.Kind == Accepted || l.Kind == Solved:
			l.By = named[l.detail].Name
		case len(voices) > 0:
			l.By, l.Others = named[voices[0].member].Name, len(voices)-1
			if l.Kind.ranges() {
				l.Number = slices.MinFunc(voices, func(a, b voice) int { return int(a.first - b.first) }).first
			}
		}
		out[i] = l.Notice
	}
	return out, err
}

// voice is somebody whom a notice tells of, with the first and the last of
// what they said or felt.
type voice struct {
	member      string
	first, last int64
}

// people are those whom notices tell of, by the notice, who spoke last first.
func people(ctx context.Context, q db.Queryer, all []line) (map[string][]voice, error) {
	args := []any{}
	for _, l := range all {
		if l.Kind.ranges() || l.Kind == Reacted {
			args = append(args, l.ID)
		}
	}
	out := map[string][]voice{}
	if len(args) == 0 {
		return out, nil
	}
	in := db.In(1, len(args))
	rows, err := q.QueryContext(ctx, `SELECT n.id, r.author_id, MIN(r.number), MAX(r.number) FROM notice n JOIN reply r ON `+said+`
		WHERE n.id IN (`+in+`) AND n.kind <> 'reaction' GROUP BY n.id, r.author_id
		UNION ALL SELECT n.id, x.member_id, MIN(x.at), MAX(x.at) FROM notice n JOIN reaction x ON `+felt+`
		WHERE n.id IN (`+in+`) AND n.kind = 'reaction' GROUP BY n.id, x.member_id`, args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id string
		var v voice
		err := r.Scan(&id, &v.member, &v.first, &v.last)
		out[id] = append(out[id], v)
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("notice: people: %w", err)
	}
	for _, voices := range out {
		slices.SortFunc(voices, func(a, b voice) int { return int(b.last - a.last) })
	}
	return out, nil
}

// ReadTopic marks all that a member was told of a topic as read. It writes only
// where there is something.
func ReadTopic(ctx context.Context, d *db.DB, v member.Voice, topicID string) error {
	return readSome(ctx, d, v, "topic_id", topicID)
}

// readSome marks what a member was told as read by what stands in a column.
func readSome(ctx context.Context, d *db.DB, v member.Voice, column, is string) error {
	if v.Member.ID == "" {
		return nil
	}
	var any bool
	err := d.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM notice WHERE brand_id = $1 AND member_id = $2 AND `+column+` = $3 AND read_at = 0)`, v.Brand, v.Member.ID, is).Scan(&any)
	if err == nil && any {
		err = d.Tx(ctx, func(tx *db.Tx) error {
			Show(tx, v.Brand, v.Member.ID)
			_, err := tx.ExecContext(ctx, `UPDATE notice SET read_at = $4 WHERE brand_id = $1 AND member_id = $2 AND `+column+` = $3 AND read_at = 0`,
				v.Brand, v.Member.ID, is, tx.Now())
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("notice: read some: %w", err)
	}
	return nil
}

// ReadKind marks all of a kind as read that a member was told. It writes only
// where there is something.
func ReadKind(ctx context.Context, d *db.DB, v member.Voice, k Kind) error {
	return readSome(ctx, d, v, "kind", string(k))
}

// ReadAll marks all of the member's notices as read that grew last at that time
// or before: what came since they looked stays unread.
func ReadAll(ctx context.Context, d *db.DB, v member.Voice, until db.Time) error {
	if v.Member.ID == "" {
		return v.Speaks(d.Now())
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		Show(tx, v.Brand, v.Member.ID)
		_, err := tx.ExecContext(ctx, `UPDATE notice SET read_at = $3 WHERE brand_id = $1 AND member_id = $2 AND read_at = 0 AND at <= $4`, v.Brand, v.Member.ID, tx.Now(), until)
		return err
	})
	if err != nil {
		return fmt.Errorf("notice: read all: %w", err)
	}
	return nil
}

// For how long notices are kept: those that were read, and all.
const (
	KeepRead = 90 * 24 * time.Hour
	Keep     = 180 * 24 * time.Hour
)

// swept is how many are forgotten in one go, so that nobody waits for it.
const swept = 2000

// Sweep forgets old notices.
func Sweep(ctx context.Context, d *db.DB) error {
	for {
		res, err := d.ExecContext(ctx, `DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE at < $1 AND (at < $2 OR read_at > 0) ORDER BY at LIMIT $3)`,
			d.Now().Add(-KeepRead), d.Now().Add(-Keep), swept)
		if err != nil {
			return fmt.Errorf("notice: sweep: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n < swept {
			return err
		}
	}
}

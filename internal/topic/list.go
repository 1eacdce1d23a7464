package topic

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/space"
)

// View is an order of topics.
type View string

// The views.
const (
	Latest     View = "latest"     // the last word first
	Unanswered View = "unanswered" // nobody but who began them has spoken; the newest first
	Top        View = "top"        // most replies and reactions first
	Followed   View = "followed"   // that the member follows, the last word first
)

// Views are all views, in the order pages show them.
var Views = []View{Latest, Unanswered, Top, Followed}

// Period is since when the topics of Top were begun.
type Period string

// The periods.
const (
	Week  Period = "week"  // 7 days
	Month Period = "month" // 30 days
	Ever  Period = "ever"
)

var periods = map[Period]time.Duration{Week: 7 * 24 * time.Hour, Month: 30 * 24 * time.Hour, Ever: 0}

// Filter narrows List. What is empty narrows nothing.
type Filter struct {
	View   View // "" is Latest
	Space  string
	Period Period // of Top; "" is Week
}

// Face is how somebody is shown beside what they wrote.
type Face struct {
	ID, Handle, Name, Picture string
	Team, Gone                bool
}

func (f *Face) fields() []any { return []any{&f.ID, &f.Handle, &f.Name, &f.Picture, &f.Team, &f.Gone} }

func faceColumns(m string) string {
	return m + `.id, ` + m + `.handle, ` + m + `.name, ` + m + `.picture, ` + m + `.team, ` + m + `.state = 'left'`
}

// Line is a topic in a list. It holds what lists show: of the topic its id,
// number, space, title, slug, excerpt, counts, last word, creation, and whether
// it is solved, pinned or closed; of who spoke last the name alone.
type Line struct {
	Topic
	By, Last Face
}

// Each column of each row is paid for on the page that is asked for most.
const lines = `SELECT t.id, t.number, t.space_id, t.title, t.slug, t.excerpt, t.replies, t.heat, t.last_number, t.last_at, t.answer_id, t.pinned_at, t.closed_at, t.created_at,
	a.handle, a.name, a.picture, a.state = 'left', l.name, l.state = 'left'`

const speakers = ` JOIN member a ON a.id = t.author_id JOIN member l ON l.id = t.last_by`

func scanLine(r *sql.Rows) (l Line, err error) { return l, fillLine(r, &l) }

func fillLine(r *sql.Rows, l *Line) error {
	l.State = Live
	return r.Scan(&l.ID, &l.Number, &l.Space, &l.Title, &l.Slug, &l.Excerpt, &l.Replies, &l.Heat, &l.LastNumber, &l.LastAt, &l.Answer, &l.PinnedAt, &l.ClosedAt, &l.CreatedAt,
		&l.By.Handle, &l.By.Name, &l.By.Picture, &l.By.Gone, &l.Last.Name, &l.Last.Gone)
}

// List returns topics that everybody may read who reads their space, 30 to a
// page unless asked otherwise (at most 100), and the cursor of the next page.
// all are the brand's spaces: those that the voice may not see are left out.
func List(ctx context.Context, q db.Queryer, v member.Voice, all []space.Space, f Filter, page db.Page) ([]Line, string, error) {
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(30, 100)
	s := &query{args: []any{v.Brand, at, id, size + 1}}
	key, err := s.write(q.Now(), v, all, f)
	if err != nil {
		return nil, "", err
	}
	rows, err := q.QueryContext(ctx, s.text, s.args...)
	out, err := db.CollectIn(make([]Line, 0, size+1), rows, err, fillLine)
	if err != nil {
		return nil, "", fmt.Errorf("topic: list: %w", err)
	}
	if len(out) <= size {
		return out, "", nil
	}
	last := out[size-1]
	return out[:size], db.Cursor(key(last.Topic), last.ID), nil
}

type query struct {
	text string
	args []any
}

func (s *query) arg(v any) string {
	s.args = append(s.args, v)
	return fmt.Sprint("$", len(s.args))
}

func lastAt(t Topic) db.Time    { return t.LastAt }
func createdAt(t Topic) db.Time { return t.CreatedAt }
func heat(t Topic) db.Time      { return db.Time(t.Heat) }

// write makes the SQL and returns what a page's cursor is made of.
func (s *query) write(now db.Time, v member.Voice, all []space.Space, f Filter) (func(Topic) db.Time, error) {
	from, order, key, where := ` FROM topic t`, `t.last_at`, lastAt, ``
	switch f.View {
	case "", Latest:
	case Unanswered:
		order, key, where = `t.created_at`, createdAt, ` AND t.answered_at = 0`
	case Top:
		since, ok := periods[f.Period]
		if f.Period == "" {
			since, ok = periods[Week], true
		}
		if !ok {
			return nil, fault.OnField("period", "Choose a period.")
		}
		if order, key = `t.heat`, heat; since > 0 {
			where = ` AND t.created_at > ` + s.arg(now.Add(-since))
		}
	case Followed:
		if v.Member.ID == "" {
			return nil, fault.New(fault.Denied, "Sign in to see what you follow.")
		}
		from = ` FROM watch w JOIN topic t ON t.id = w.subject`
		where = ` AND w.member_id = ` + s.arg(v.Member.ID) + ` AND w.level = 'watch'`
	default:
		return nil, fault.OnField("view", "There is no such list.")
	}
	where += s.visible(now, v, all, f.Space)
	s.text = lines + from + speakers + ` WHERE t.brand_id = $1 AND t.state = 'live'` + where +
		` AND (` + order + `, t.id) < ($2, $3) ORDER BY ` + order + ` DESC, t.id DESC LIMIT $4`
	return key, nil
}

// visible is the condition that a topic stands where the voice may read, and in
// the one space where one is asked for.
func (s *query) visible(now db.Time, v member.Voice, all []space.Space, only string) string {
	out, inside := "", v.Inside(now)
	if only != "" {
		out = ` AND t.space_id = ` + s.arg(only)
	}
	var hidden []any
	for _, one := range all {
		if one.Hidden && !inside {
			hidden = append(hidden, one.ID)
		}
	}
	if len(hidden) > 0 {
		from := len(s.args) + 1
		s.args = append(s.args, hidden...)
		out += ` AND t.space_id NOT IN (` + db.In(from, len(hidden)) + `)`
	}
	return out
}

// Pinned returns the pinned topics of a space, the last pinned first.
func Pinned(ctx context.Context, q db.Queryer, brandID, spaceID string) ([]Line, error) {
	rows, err := q.QueryContext(ctx, lines+` FROM topic t`+speakers+` WHERE t.brand_id = $1 AND t.space_id = $2 AND t.state = 'live' AND t.pinned_at > 0
		ORDER BY t.pinned_at DESC LIMIT 10`, brandID, spaceID)
	out, err := db.Collect(rows, err, scanLine)
	if err != nil {
		return nil, fmt.Errorf("topic: pinned: %w", err)
	}
	return out, nil
}

// By returns the topics a member began that everybody may read, the newest
// first, paged as List is.
func By(ctx context.Context, q db.Queryer, v member.Voice, all []space.Space, author string, page db.Page) ([]Line, string, error) {
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(30, 100)
	s := &query{args: []any{v.Brand, at, id, size + 1, author}}
	where := s.visible(q.Now(), v, all, "")
	rows, err := q.QueryContext(ctx, lines+` FROM topic t`+speakers+` WHERE t.brand_id = $1 AND t.author_id = $5 AND t.state = 'live'`+where+`
		AND (t.created_at, t.id) < ($2, $3) ORDER BY t.created_at DESC, t.id DESC LIMIT $4`, s.args...)
	out, err := db.Collect(rows, err, scanLine)
	if err != nil {
		return nil, "", fmt.Errorf("topic: by: %w", err)
	}
	if len(out) <= size {
		return out, "", nil
	}
	return out[:size], db.Cursor(out[size-1].CreatedAt, out[size-1].ID), nil
}

// Shown is a reply on a page of its topic.
type Shown struct {
	Reply // without Text
	By    Face
	// Decision is the last one about it, of what is hidden or was declined.
	Decision Decision
}

// Replies returns a page of a topic, from 1: the replies with the numbers of
// that page, in their order, without flags. Words that the voice
// may not read are not in them: what is there instead says what became of it.
func Replies(ctx context.Context, q db.Queryer, v member.Voice, t Topic, page int64) ([]Shown, error) {
	first := (page-1)*PageSize + 1
	rows, err := q.QueryContext(ctx, repliesOf, t.ID, first, first+PageSize)
	out, err := db.CollectIn(make([]Shown, 0, PageSize), rows, err, func(rows *sql.Rows, r *Shown) error {
		r.Brand, r.Topic, r.Space = t.Brand, t.ID, t.Space
		err := rows.Scan(&r.ID, &r.Number, &r.Author, &r.Answers, &r.State, &r.HTML, &r.Team, &r.Reactions, &r.EditedAt, &r.Revision, &r.At, &r.By.Handle, &r.By.Name, &r.By.Picture, &r.By.Gone)
		r.By.ID = r.Author
		return err
	})
	if err == nil {
		err = veil(ctx, q, v, out)
	}
	if err != nil {
		return nil, fmt.Errorf("topic: replies: %w", err)
	}
	return out, nil
}

const repliesOf = `SELECT r.id, r.number, r.author_id, r.answers, r.state, r.html, r.team, r.reactions, r.edited_at, r.revision, r.at, m.handle, m.name, m.picture, m.state = 'left'
	FROM reply r JOIN member m ON m.id = r.author_id WHERE r.topic_id = $1 AND r.number >= $2 AND r.number < $3 ORDER BY r.number`

// Last returns the newest replies of a topic that everybody who may read it can
// read, so many at most, the newest first, with its opening among them.
func Last(ctx context.Context, q db.Queryer, v member.Voice, t Topic, most int) ([]Shown, error) {
	all, err := shown(ctx, q, v, `r.topic_id = $1 AND r.number > 0 AND r.state = 'live' ORDER BY r.number DESC LIMIT $2`, t.ID, most)
	if err != nil {
		return nil, fmt.Errorf("topic: the last replies: %w", err)
	}
	return all, nil
}

// WaitingIn returns what waits in a topic and the voice may read: its author's
// own, or all for who looks after the space. At most 50.
func WaitingIn(ctx context.Context, q db.Queryer, v member.Voice, t Topic) ([]Shown, error) {
	if v.Member.ID == "" && !v.Moderates(q.Now(), t.Space) {
		return nil, nil
	}
	all, err := shown(ctx, q, v, `r.topic_id = $1 AND r.number < 0 ORDER BY r.number DESC LIMIT 50`, t.ID)
	if err != nil {
		return nil, fmt.Errorf("topic: what waits: %w", err)
	}
	var out []Shown
	for _, r := range all {
		if (r.State == Waiting || r.State == Declined && r.Author == v.Member.ID) && Shows(q.Now(), v, r.Reply) {
			out = append(out, r)
		}
	}
	return out, nil
}

const shownColumns = `r.id, r.brand_id, r.topic_id, r.space_id, r.number, r.author_id, r.answers, r.state, r.html, r.team, r.reactions, r.flags,
	r.edited_at, r.revision, r.at, r.created_at`

func (r *Shown) fields() []any {
	return append([]any{&r.ID, &r.Brand, &r.Topic, &r.Space, &r.Number, &r.Author, &r.Answers, &r.State, &r.HTML, &r.Team, &r.Reactions, &r.Flags,
		&r.EditedAt, &r.Revision, &r.At, &r.CreatedAt}, r.By.fields()...)
}

var shownFrom = `SELECT ` + shownColumns + `, ` + faceColumns("m") + ` FROM reply r JOIN member m ON m.id = r.author_id WHERE `

func shown(ctx context.Context, q db.Queryer, v member.Voice, where string, args ...any) ([]Shown, error) {
	rows, err := q.QueryContext(ctx, shownFrom+where, args...)
	all, err := db.Collect(rows, err, func(rows *sql.Rows) (r Shown, err error) {
		err = rows.Scan(r.fields()...)
		return r, err
	})
	if err != nil {
		return nil, err
	}
	return all, veil(ctx, q, v, all)
}

// veil takes away what the voice may not read, and says why.
func veil(ctx context.Context, q db.Queryer, v member.Voice, all []Shown) error {
	var decided []string
	now := q.Now()
	for i := range all {
		r := &all[i]
		if r.State == Hidden || r.State == Declined {
			decided = append(decided, r.ID)
		}
		if !Shows(now, v, r.Reply) {
			r.HTML = ""
		}
	}
	why, err := Reasons(ctx, q, v.Brand, decided)
	for i := range all {
		all[i].Decision = why[all[i].ID]
	}
	return err
}

// Spoken is a reply in a list of what somebody said, with its topic.
type Spoken struct {
	Shown
	In Topic
}

// SaidBy returns what a member replied that everybody may read, the newest
// first, 20 to a page unless asked otherwise, and the cursor of the next page.
func SaidBy(ctx context.Context, q db.Queryer, v member.Voice, all []space.Space, author string, page db.Page) ([]Spoken, string, error) {
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(20, 100)
	s := &query{args: []any{v.Brand, at, id, size + 1, author}}
	where := s.visible(q.Now(), v, all, "")
	rows, err := q.QueryContext(ctx, `SELECT `+shownColumns+`, `+faceColumns("m")+`, `+topicColumns+` FROM reply r JOIN member m ON m.id = r.author_id JOIN topic t ON t.id = r.topic_id
		WHERE r.brand_id = $1 AND r.author_id = $5 AND r.state = 'live' AND r.number > 1 AND t.state = 'live'`+where+`
		AND (r.at, r.id) < ($2, $3) ORDER BY r.at DESC, r.id DESC LIMIT $4`, s.args...)
	out, err := db.Collect(rows, err, func(rows *sql.Rows) (o Spoken, err error) {
		err = rows.Scan(append(o.Shown.fields(), o.In.fields()...)...)
		return o, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("topic: said by: %w", err)
	}
	if len(out) <= size {
		return out, "", nil
	}
	return out[:size], db.Cursor(out[size-1].At, out[size-1].ID), nil
}

// ShownByID returns one reply as pages show it.
func ShownByID(ctx context.Context, q db.Queryer, v member.Voice, id string) (Shown, error) {
	all, err := shown(ctx, q, v, `r.brand_id = $1 AND r.id = $2`, v.Brand, id)
	if err != nil {
		return Shown{}, fmt.Errorf("topic: reply: %w", err)
	}
	if len(all) == 0 {
		return Shown{}, noReply()
	}
	return all[0], nil
}

// Newest returns the topics that were begun last and that the voice may read,
// at most so many.
func Newest(ctx context.Context, q db.Queryer, v member.Voice, all []space.Space, only string, most int) ([]Line, error) {
	s := &query{args: []any{v.Brand, most}}
	where := s.visible(q.Now(), v, all, only)
	rows, err := q.QueryContext(ctx, lines+` FROM topic t`+speakers+` WHERE t.brand_id = $1 AND t.state = 'live'`+where+`
		ORDER BY t.created_at DESC, t.id DESC LIMIT $2`, s.args...)
	out, err := db.Collect(rows, err, scanLine)
	if err != nil {
		return nil, fmt.Errorf("topic: newest: %w", err)
	}
	return out, nil
}

// Addresses calls each with the topics of the spaces that everybody may read,
// the last word first, at most so many: only what their addresses are made of.
func Addresses(ctx context.Context, q db.Queryer, brandID string, in []space.Space, most int, each func(Topic)) error {
	if len(in) == 0 {
		return nil
	}
	args := []any{brandID, most}
	for _, s := range in {
		args = append(args, s.ID)
	}
	rows, err := q.QueryContext(ctx, `SELECT t.number, t.slug, t.last_at FROM topic t WHERE t.brand_id = $1 AND t.state = 'live' AND t.space_id IN (`+db.In(3, len(in))+`)
		ORDER BY t.last_at DESC, t.id DESC LIMIT $2`, args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var t Topic
		err := r.Scan(&t.Number, &t.Slug, &t.LastAt)
		each(t)
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("topic: addresses: %w", err)
	}
	return nil
}

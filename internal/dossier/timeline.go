package dossier

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/merge"
	"rapport/internal/network"
	"rapport/internal/person"
	"rapport/internal/topic"
)

// Said is what a member said in the community.
type Said struct {
	Reply    string // id
	Topic    string // id
	Number   int64  // of the topic, in addresses
	Slug     string
	Title    string
	Place    int64 // number of the reply in its topic; below 0 while it waits
	State    topic.State
	Text     string // beginning of it, as Markdown; empty once it is erased or taken back
	Accepted bool   // as the answer to its topic
	EditedAt db.Time

	Conversation string    // in which the inbox holds it; "" where it does not, or it is not the reader's
	Answers      []Message // what the team answered from there, by time
}

// Membership is a step of a member.
type Membership struct {
	Act     string // member.joined, member.asked, or as the audit calls it
	Account string // who of the team; empty where they did it themselves
	Reason  string // as the member reads it
}

// Decision is what was decided about something they wrote in the community.
type Decision struct {
	Reply   string // id
	Title   string // of its topic
	Act     string // hidden, restored, approved, declined, kept
	Rule    string
	Reason  string
	Excerpt string
	Account string
}

// excerptMost bounds what a timeline shows of a text, in characters.
const excerptMost = 600

// memberOf is the member a person is, for who may see members; zero where they
// are none.
func memberOf(ctx context.Context, q db.Queryer, who access.Who, brandID, personID string) (member.Member, error) {
	if who.May(q.Now(), brandID, access.MemberRead) != nil {
		return member.Member{}, nil
	}
	m, err := member.OfPerson(ctx, q, brandID, personID)
	if fault.Is(err, fault.NotFound) {
		return member.Member{}, nil
	}
	return m, err
}

// ownOf is the channel that the brand's community is; "" where it is none yet.
func ownOf(ctx context.Context, q db.Queryer, brandID string) (string, error) {
	c, err := channel.OwnOf(ctx, q, brandID, network.Community)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return c.ID, err
}

// reader reads one page of a timeline from each of its sources.
type reader struct {
	q             db.Queryer
	brand, person string
	only          []string // channels and spaces; none: all
	member        member.Member
	own           string // channel that the community is, "" where it is none
	moderates     bool
	sight         conversation.Sight // of what the team must decide about
	page          db.Page
	at            db.Time // key of the page
	last          string
	kinds         []Kind
}

func (r reader) wants(k Kind) bool { return len(r.kinds) == 0 || slices.Contains(r.kinds, k) }

// all is a page of each kind that is asked for, in no order.
func (r reader) all(ctx context.Context) (all []Moment, err error) {
	for _, s := range []struct {
		wanted bool
		read   func(context.Context) ([]Moment, error)
	}{
		{r.wants(KindMessage), r.written},
		{r.wants(KindNote), r.noted},
		{r.wants(KindTopic) || r.wants(KindReply), r.said},
		{r.wants(KindMembership), r.membership},
		{r.wants(KindDecision) && r.moderates, r.decided},
		{r.wants(KindIdentity), r.joined},
		{r.wants(KindIdentity), r.parted},
		{r.wants(KindIdentity), r.proven},
	} {
		if !s.wanted {
			continue
		}
		some, err := s.read(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func moments(rows *sql.Rows, err error, scan func(*sql.Rows) (Moment, error)) ([]Moment, error) {
	all, err := db.Collect(rows, err, scan)
	if err != nil {
		return nil, fmt.Errorf("dossier: timeline: %w", err)
	}
	return all, nil
}

func (r reader) noted(ctx context.Context) (all []Moment, err error) {
	notes, _, err := person.Notes(ctx, r.q, r.brand, r.person, db.Page{After: r.page.After, Limit: r.page.Limit + 1})
	for i := range notes {
		all = append(all, Moment{At: notes[i].At, ID: notes[i].ID, Kind: KindNote, Note: &notes[i]})
	}
	return all, err
}

// said is what they said in the community; of what they began, or of their
// replies, or both.
func (r reader) said(ctx context.Context) ([]Moment, error) {
	if r.member.ID == "" {
		return nil, nil
	}
	where := ""
	switch {
	case !r.wants(KindReply):
		where = ` AND r.number = 1`
	case !r.wants(KindTopic):
		where = ` AND r.number <> 1`
	}
	args := []any{r.brand, r.member.ID, r.at, r.last, r.page.Limit + 1, excerptMost}
	if spaces := r.spaces(&args); spaces != "" {
		where += ` AND (r.state IN ('live', 'withdrawn', 'erased') OR ` + spaces + `)`
	}
	rows, err := r.q.QueryContext(ctx, `SELECT r.id, r.at, r.topic_id, t.number, t.slug, t.title, r.number, r.state, SUBSTR(r.text, 1, $6), t.answer_id, r.edited_at
		FROM reply r JOIN topic t ON t.id = r.topic_id WHERE r.brand_id = $1 AND r.author_id = $2 AND (r.at, r.id) < ($3, $4)`+where+`
		ORDER BY r.at DESC, r.id DESC LIMIT $5`, args...)
	return moments(rows, err, func(rows *sql.Rows) (m Moment, err error) {
		var s Said
		var answer string
		err = rows.Scan(&m.ID, &m.At, &s.Topic, &s.Number, &s.Slug, &s.Title, &s.Place, &s.State, &s.Text, &answer, &s.EditedAt)
		s.Reply, s.Accepted = m.ID, answer == m.ID
		if s.State == topic.Withdrawn {
			s.Text = "" // nobody but its author reads it
		}
		m.Kind, m.Said = KindReply, &s
		if s.Place == 1 {
			m.Kind = KindTopic
		}
		return m, err
	})
}

// steps are what a membership went through, as the audit calls it.
var steps = []any{"member.let_in", "member.refused", "member.suspended", "member.restored"}

func (r reader) membership(ctx context.Context) ([]Moment, error) {
	m := r.member
	if m.ID == "" {
		return nil, nil
	}
	rows, err := r.q.QueryContext(ctx, `SELECT id, at, act, COALESCE(account_id, ''), detail FROM audit WHERE brand_id = $1 AND subject = $2 AND (at, id) < ($3, $4)
		AND act IN (`+db.In(6, len(steps))+`) ORDER BY at DESC, id DESC LIMIT $5`, append([]any{r.brand, m.ID, r.at, r.last, r.page.Limit + 1}, steps...)...)
	all, err := moments(rows, err, func(rows *sql.Rows) (one Moment, err error) {
		var s Membership
		var detail string
		err = rows.Scan(&one.ID, &one.At, &s.Act, &s.Account, &detail)
		var more struct{ Reason string }
		if detail != "" && err == nil {
			err = json.Unmarshal([]byte(detail), &more)
		}
		s.Reason = more.Reason
		one.Kind, one.Member = KindMembership, &s
		return one, err
	})
	act := "member.joined"
	if m.State == member.Asking || m.State == member.Refused {
		act = "member.asked"
	}
	if joined := (Moment{At: m.JoinedAt, ID: m.ID, Kind: KindMembership, Member: &Membership{Act: act}}); r.before(joined) {
		all = append(all, joined)
	}
	return all, err
}

// before reports whether an entry comes after the page's key.
func (r reader) before(m Moment) bool { return m.At < r.at || m.At == r.at && m.ID < r.last }

// spaces is the condition that a reply r stands where the account looks after
// what is said, with its arguments added; "" where it does so everywhere.
func (r reader) spaces(args *[]any) string {
	if len(r.only) == 0 {
		return ""
	}
	from := len(*args) + 1
	for _, id := range r.only {
		*args = append(*args, id)
	}
	return `r.space_id IN (` + db.In(from, len(r.only)) + `)`
}

func (r reader) decided(ctx context.Context) ([]Moment, error) {
	if r.member.ID == "" {
		return nil, nil
	}
	args, where := []any{r.brand, r.member.ID, r.at, r.last, r.page.Limit + 1}, ""
	if spaces := r.spaces(&args); spaces != "" {
		where = ` AND ` + spaces
	}
	rows, err := r.q.QueryContext(ctx, `SELECT d.id, d.at, d.reply_id, t.title, d.act, d.rule, d.reason, d.excerpt, d.account_id
		FROM reply r JOIN decision d ON d.reply_id = r.id JOIN topic t ON t.id = r.topic_id
		WHERE r.brand_id = $1 AND r.author_id = $2 AND (d.at, d.id) < ($3, $4)`+where+` ORDER BY d.at DESC, d.id DESC LIMIT $5`, args...)
	return moments(rows, err, func(rows *sql.Rows) (m Moment, err error) {
		var d Decision
		err = rows.Scan(&m.ID, &m.At, &d.Reply, &d.Title, &d.Act, &d.Rule, &d.Reason, &d.Excerpt, &d.Account)
		m.Kind, m.Decision = KindDecision, &d
		return m, err
	})
}

// joined is when another record became a part of theirs. There are few.
func (r reader) joined(ctx context.Context) ([]Moment, error) { return r.merges(ctx, false) }

// parted is when it was taken apart again.
func (r reader) parted(ctx context.Context) ([]Moment, error) { return r.merges(ctx, true) }

func (r reader) merges(ctx context.Context, undone bool) (out []Moment, err error) {
	all, err := merge.Of(ctx, r.q, r.brand, r.person)
	for _, g := range all {
		m := Moment{At: g.At, ID: g.ID, Kind: KindIdentity, Merge: &g}
		if undone {
			m.At, m.ID = g.UndoneAt, g.ID+"~" // another entry than the one above
		}
		if g.Origin == merge.Claim && !undone || undone && g.UndoneAt == 0 || !r.before(m) {
			continue // a proof stands for itself
		}
		if !undone { // what came later is told later
			g.UndoneAt, g.UndoneBy, g.UndoneWhy = 0, "", ""
		}
		out = append(out, m)
	}
	return out, err
}

func (r reader) proven(ctx context.Context) (out []Moment, err error) {
	all, err := merge.ProvenBy(ctx, r.q, r.brand, r.person)
	for _, p := range all {
		if m := (Moment{At: p.StateAt, ID: p.ID, Kind: KindIdentity, Proof: &p}); r.before(m) {
			out = append(out, m)
		}
	}
	return out, err
}

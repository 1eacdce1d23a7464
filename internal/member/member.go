// Package member is who takes part in a brand's community: their handle and
// profile, whether they may write, and how much they are trusted. An account
// may be a member of several brands; none sees the others. Signing up is
// another package's part.
package member

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
	"rapport/internal/person"
)

// State is where a member stands.
type State string

// The states.
const (
	Asking    State = "asking"    // waits to be let in
	Active    State = "active"    // takes part
	Refused   State = "refused"   // was not let in
	Suspended State = "suspended" // may read and not write
	Left      State = "left"      // went; what they wrote may stay
)

// States are all states, in the order pages show them.
var States = []State{Active, Asking, Suspended, Refused, Left}

// Member is one row.
type Member struct {
	ID, Brand string
	Account   string // "" once they are gone
	Person    string // the brand's one record of them
	Profile
	Picture   string // key of the file; "" where there is none
	Why       string // for which reason the team took their picture away; "" where it did not
	Rule      string // by which rule; "" where it named none
	State     State
	StateAt   db.Time
	Reason    string   // of a refusal or a suspension, as they read it
	Answers   []Answer // what they said when they joined
	Team      bool     // they were of the team when they last came
	TrustedAt db.Time  // since when nothing of theirs waits for a look; 0: see Newcomer
	Posts     int64    // of theirs that can be read
	Solved    int64    // answers of theirs that were accepted
	JoinedAt  db.Time
	SeenAt    db.Time
	Revision  int64
}

// Profile is what members say of themselves.
type Profile struct {
	Handle string // as it is written
	Name   string
	Bio    string
	Link   string // a page of theirs
	Listed bool   // shown in the directory
}

// Answer is what somebody said to a question when they joined.
type Answer struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

const columns = `m.id, m.brand_id, m.account_id, m.person_id, m.handle, m.name, m.bio, m.link, m.picture, m.picture_why, m.picture_rule, m.state, m.state_at, m.reason, m.answers,
	m.listed, m.team, m.trusted_at, m.posts, m.solved, m.joined_at, m.seen_at, m.revision`

func scan(r interface{ Scan(...any) error }) (m Member, err error) {
	var answers string
	err = r.Scan(&m.ID, &m.Brand, &m.Account, &m.Person, &m.Handle, &m.Name, &m.Bio, &m.Link, &m.Picture, &m.Why, &m.Rule, &m.State, &m.StateAt, &m.Reason, &answers,
		&m.Listed, &m.Team, &m.TrustedAt, &m.Posts, &m.Solved, &m.JoinedAt, &m.SeenAt, &m.Revision)
	if err == nil && answers != "" {
		err = json.Unmarshal([]byte(answers), &m.Answers)
	}
	return m, err
}

// Missing is what a member who is not there answers.
func Missing() error { return fault.New(fault.NotFound, "There is no such member.") }

func one(ctx context.Context, q db.Queryer, query string, args ...any) (Member, error) {
	m, err := scan(q.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return m, Missing()
	}
	if err != nil {
		return m, fmt.Errorf("member: read: %w", err)
	}
	return m, nil
}

// ByID returns the member, or fault.NotFound. What of it may be shown to whom
// is the caller's to know.
func ByID(ctx context.Context, q db.Queryer, brandID, id string) (Member, error) {
	return one(ctx, q, `SELECT `+columns+` FROM member m WHERE m.brand_id = $1 AND m.id = $2`, brandID, id)
}

// OfAccount returns the account's membership in the brand, or fault.NotFound.
func OfAccount(ctx context.Context, q db.Queryer, brandID, accountID string) (Member, error) {
	if accountID == "" {
		return Member{}, Missing()
	}
	return one(ctx, q, `SELECT `+columns+` FROM member m WHERE m.brand_id = $1 AND m.account_id = $2 AND m.account_id <> ''`, brandID, accountID)
}

// FirstOf returns the account's membership in the brand that is oldest of those
// it has joined, or fault.NotFound.
func FirstOf(ctx context.Context, q db.Queryer, accountID string) (Member, error) {
	if accountID == "" {
		return Member{}, Missing()
	}
	return one(ctx, q, `SELECT `+columns+` FROM brand b JOIN member m ON m.brand_id = b.id AND m.account_id = $1 AND m.account_id <> ''
		ORDER BY b.id LIMIT 1`, accountID)
}

// ByHandle returns the member who has the handle or had it once, in any
// spelling of case; their Handle is the one they have now.
func ByHandle(ctx context.Context, q db.Queryer, brandID, handle string) (Member, error) {
	return one(ctx, q, `SELECT `+columns+` FROM member_handle h JOIN member m ON m.id = h.member_id
		WHERE h.brand_id = $1 AND h.handle = $2`, brandID, folded(handle))
}

// OfAccounts returns the active members that the accounts are in the brand's
// community, by account.
func OfAccounts(ctx context.Context, q db.Queryer, brandID string, accounts []string) (map[string]Member, error) {
	out := make(map[string]Member, len(accounts))
	for some := range slices.Chunk(accounts, 500) {
		all, err := list(ctx, q, `SELECT `+columns+` FROM member m WHERE m.brand_id = $1 AND m.account_id <> '' AND m.account_id IN (`+db.In(2, len(some))+`)`, args(brandID, some)...)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			if m.State == Active {
				out[m.Account] = m
			}
		}
	}
	return out, nil
}

// ByIDs returns those of the members that are the brand's.
func ByIDs(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Member, error) {
	out := make(map[string]Member, len(ids))
	for some := range slices.Chunk(ids, 500) {
		all, err := list(ctx, q, `SELECT `+columns+` FROM member m WHERE m.brand_id || '' = $1 AND m.id IN (`+db.In(2, len(some))+`)`, args(brandID, some)...)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			out[m.ID] = m
		}
	}
	return out, nil
}

// Named returns those who have the handles or had them, by the handle that was
// asked for in lower case.
func Named(ctx context.Context, q db.Queryer, brandID string, handles []string) (map[string]Member, error) {
	out := make(map[string]Member, len(handles))
	for some := range slices.Chunk(handles, 500) {
		rows, err := q.QueryContext(ctx, `SELECT `+columns+`, h.handle FROM member_handle h JOIN member m ON m.id = h.member_id
			WHERE h.brand_id = $1 AND h.handle IN (`+db.In(2, len(some))+`)`, args(brandID, some)...)
		_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
			var handle string
			m, err := scan(also{r, &handle})
			out[handle] = m
			return struct{}{}, err
		})
		if err != nil {
			return nil, fmt.Errorf("member: named: %w", err)
		}
	}
	return out, nil
}

// also scans one column more than a row's own.
type also struct {
	*sql.Rows
	last any
}

func (a also) Scan(dest ...any) error { return a.Rows.Scan(append(dest, a.last)...) }

func args(brandID string, ids []string) []any {
	out := make([]any, 0, len(ids)+1)
	out = append(out, brandID)
	for _, id := range ids {
		out = append(out, id)
	}
	return out
}

func list(ctx context.Context, q db.Queryer, query string, args ...any) ([]Member, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Member, error) { return scan(r) })
	if err != nil {
		return nil, fmt.Errorf("member: list: %w", err)
	}
	return out, nil
}

// New is what a membership starts from.
type New struct {
	Account  string
	Handle   string // "" makes one of the name
	Name     string
	State    State // Asking or Active
	Answers  []Answer
	Team     bool
	Trusted  bool
	CameFrom string // JSON of what brought them; "" where that is not known
}

// Fits returns nil if somebody new could take the handle, or any where it is
// "", and the name; else a fault on those fields.
func Fits(ctx context.Context, q db.Queryer, brandID, handle, name string) error {
	p, err := Profile{Handle: handle, Name: name}.checked(true)
	if err != nil || p.Handle == "" {
		return err
	}
	return Free(ctx, q, brandID, p.Handle)
}

// Create makes a member in the caller's transaction, and their record as a
// person. A handle that somebody has or had, or that looks like it, is a fault
// on the field "handle".
func Create(ctx context.Context, tx *db.Tx, brandID string, n New) (Member, error) {
	p, err := Profile{Handle: n.Handle, Name: n.Name, Listed: true}.checked(n.Handle == "")
	if err != nil {
		return Member{}, err
	}
	if p.Handle == "" {
		if p.Handle, err = freeHandle(ctx, tx, brandID, p.Name); err != nil {
			return Member{}, err
		}
	}
	m := Member{ID: db.NewID(), Brand: brandID, Account: n.Account, Profile: p, State: n.State, StateAt: tx.Now(), Answers: n.Answers,
		Team: n.Team, JoinedAt: tx.Now(), SeenAt: tx.Now(), Revision: 1}
	if n.Trusted {
		m.TrustedAt = tx.Now()
	}
	if m.Person, err = person.Joined(ctx, tx, brandID, p.Name); err != nil {
		return m, err
	}
	if err := insert(ctx, tx, m, n.CameFrom); err != nil {
		return m, err
	}
	if err := m.takeHandle(ctx, tx); err != nil {
		return m, err
	}
	return m, m.arrived(ctx, tx)
}

// arrived tells that somebody takes part from now on, or asks to.
func (m Member) arrived(ctx context.Context, tx *db.Tx) error {
	if m.State == Active {
		return m.joined(ctx, tx, 0)
	}
	return outbox.Add(ctx, tx, outbox.Event{Brand: m.Brand, Kind: "member.asked", Subject: m.ID})
}

// LetIn is the value of a "member.joined" that somebody else brought about: the
// team let them in. Who joins by their own request has 0, and was here.
const LetIn = 1

// joined tells that somebody takes part from now on.
func (m Member) joined(ctx context.Context, tx *db.Tx, how int64) error {
	return errors.Join(
		activity.Record(ctx, tx, activity.Entry{Brand: m.Brand, Kind: "member.joined", Subject: m.ID, Actor: m.Person, Member: m.ID, Team: m.Team, Value: how}),
		outbox.Add(ctx, tx, outbox.Event{Brand: m.Brand, Kind: "member.joined", Subject: m.ID}))
}

func insert(ctx context.Context, tx *db.Tx, m Member, cameFrom string) error {
	answers, err := answersText(m.Answers)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO member (id, brand_id, account_id, person_id, handle, name, name_key, bio, link, state, state_at, answers,
		listed, team, trusted_at, came_from, joined_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		m.ID, m.Brand, m.Account, m.Person, m.Handle, m.Name, NameKey(m.Name), m.Bio, m.Link, m.State, m.StateAt, answers, m.Listed, m.Team, m.TrustedAt, cameFrom, m.JoinedAt, m.SeenAt)
	if err != nil {
		return fmt.Errorf("member: insert: %w", err)
	}
	return nil
}

func answersText(all []Answer) (string, error) {
	if len(all) == 0 {
		return "", nil
	}
	raw, err := json.Marshal(all)
	return string(raw), err
}

// Change saves a member's own profile. revision is what they saw.
func Change(ctx context.Context, d *db.DB, v Voice, revision int64, p Profile) (Member, error) {
	p, err := p.checked(false)
	if err != nil {
		return Member{}, err
	}
	var m Member
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if m, err = v.again(ctx, tx); err != nil {
			return err
		}
		if m.Revision != revision {
			return fault.New(fault.Conflict, "Your profile was changed in another window. Look again, then change it.")
		}
		was := m.Profile
		m.Profile, m.Revision = p, m.Revision+1
		if folded(p.Handle) != folded(was.Handle) {
			if err := m.takeHandle(ctx, tx); err != nil {
				return err
			}
		}
		return m.save(ctx, tx, was.Name)
	})
	return m, err
}

func (m Member) save(ctx context.Context, tx *db.Tx, was string) error {
	_, err := tx.ExecContext(ctx, `UPDATE member SET handle = $3, name = $4, name_key = $5, bio = $6, link = $7, listed = $8, picture = $9, revision = $10
		WHERE brand_id = $1 AND id = $2`, m.Brand, m.ID, m.Handle, m.Name, NameKey(m.Name), m.Bio, m.Link, m.Listed, m.Picture, m.Revision)
	if err == nil {
		err = person.Renamed(ctx, tx, m.Brand, m.Person, was, m.Name)
	}
	if err != nil {
		return fmt.Errorf("member: save: %w", err)
	}
	outbox.Show(tx, m.Brand, "member.changed", m.ID)
	return nil
}

// Decide lets somebody in, refuses them, suspends them or takes that back.
// reason is what they read; a refusal and a suspension need one.
func Decide(ctx context.Context, d *db.DB, who access.Who, brandID, id string, to State, reason string) (Member, error) {
	reason, ok := text(reason, longestReason)
	if !ok {
		return Member{}, fault.OnField("reason", "Shorten the reason to %d characters.", longestReason)
	}
	var m Member
	err := d.Tx(ctx, func(tx *db.Tx) (err error) {
		if err := who.May(tx.Now(), brandID, access.MemberWrite); err != nil {
			return err
		}
		if m, err = ByID(ctx, tx, brandID, id); err != nil {
			return err
		}
		act, err := m.move(to, reason)
		if err != nil || act == "" {
			return err
		}
		was := m.State
		m.State, m.StateAt, m.Reason = to, tx.Now(), reason
		_, err = tx.ExecContext(ctx, `UPDATE member SET state = $3, state_at = $4, reason = $5 WHERE brand_id = $1 AND id = $2`, brandID, id, to, m.StateAt, reason)
		if err != nil {
			return fmt.Errorf("member: decide: %w", err)
		}
		outbox.Show(tx, brandID, "member.changed", id)
		if to == Active && (was == Asking || was == Refused) {
			err = m.joined(ctx, tx, LetIn)
		}
		return errors.Join(err,
			outbox.Add(ctx, tx, outbox.Event{Brand: brandID, Kind: "member.decided", Subject: id}),
			audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: act, Subject: id, Detail: map[string]string{"reason": reason}}))
	})
	return m, err
}

// move returns what the step is called, or "" where nothing changes.
func (m Member) move(to State, reason string) (act string, err error) {
	switch {
	case m.State == to:
		return "", nil
	case m.Team:
		return "", fault.New(fault.Invalid, "They are of the team. Take their access in the settings first.")
	case m.State == Left:
		return "", fault.New(fault.Conflict, "They have left the community.")
	case (to == Refused || to == Suspended) && reason == "":
		return "", fault.OnField("reason", "Say why. They will read it.")
	case to == Active && m.State == Suspended:
		return "member.restored", nil
	case to == Active:
		return "member.let_in", nil
	case to == Refused && m.State == Asking:
		return "member.refused", nil
	case to == Suspended && m.State == Active:
		return "member.suspended", nil
	}
	return "", fault.New(fault.Conflict, "They are no longer where you saw them. Look again.")
}

// Trust makes nothing of a member wait for a look any more, or takes that back.
func Trust(ctx context.Context, d *db.DB, who access.Who, brandID, id string, trust bool) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.MemberWrite); err != nil {
			return err
		}
		m, err := ByID(ctx, tx, brandID, id)
		if err != nil || trust == (m.TrustedAt > 0) {
			return err
		}
		at, act := db.Time(0), "member.distrusted"
		if trust {
			at, act = tx.Now(), "member.trusted"
		}
		if _, err := tx.ExecContext(ctx, `UPDATE member SET trusted_at = $3 WHERE brand_id = $1 AND id = $2`, brandID, id, at); err != nil {
			return fmt.Errorf("member: trust: %w", err)
		}
		outbox.Show(tx, brandID, "member.changed", id)
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: act, Subject: id})
	})
}

// Count adds to what a member has said that can be read, and to what of it was
// accepted as an answer, in the caller's transaction.
func Count(ctx context.Context, tx *db.Tx, brandID, id string, posts, solved int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE member SET posts = posts + $3, solved = solved + $4 WHERE brand_id = $1 AND id = $2`, brandID, id, posts, solved)
	if err != nil {
		return fmt.Errorf("member: count: %w", err)
	}
	return nil
}

// OfPeople returns the brand's members who are the people, by person.
func OfPeople(ctx context.Context, q db.Queryer, brandID string, people []string) (map[string]Member, error) {
	out := make(map[string]Member, len(people))
	for some := range slices.Chunk(people, 500) {
		all, err := list(ctx, q, `SELECT `+columns+` FROM member m WHERE m.brand_id = $1 AND m.person_id <> '' AND m.person_id IN (`+db.In(2, len(some))+`) ORDER BY m.id DESC`, args(brandID, some)...)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			out[m.Person] = m
		}
	}
	return out, nil
}

// OfPerson returns the brand's member who is a person, whatever their state, or
// fault.NotFound.
func OfPerson(ctx context.Context, q db.Queryer, brandID, personID string) (Member, error) {
	if personID == "" {
		return Member{}, Missing()
	}
	return one(ctx, q, `SELECT `+columns+` FROM member m WHERE m.brand_id = $1 AND m.person_id = $2 AND m.person_id <> '' ORDER BY m.id LIMIT 1`, brandID, personID)
}

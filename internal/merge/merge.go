// Package merge makes one person of two records, and takes them apart again:
// by a member's own proof that an account on a network is theirs, or by the
// team, which looks at both, says why and can undo it. Nothing is ever joined,
// or suggested, by a name.
package merge

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/member"
	"rapport/internal/outbox"
	"rapport/internal/person"
)

// Origin is what two records were made one by.
type Origin string

// The origins.
const (
	Team  Origin = "team"  // somebody of the team looked at both
	Claim Origin = "claim" // a member proved that an account is theirs
)

// Merge is that two records became one.
type Merge struct {
	ID, Brand string
	Person    string // who stayed
	Other     string // whose record went into theirs
	OtherName string // as they were called; "" once they are apart
	Origin    Origin
	Reason    string // of the team
	Account   string // who of the team; "" for a member's own proof
	At        db.Time
	UndoneAt  db.Time // 0: they are one
	UndoneBy  string  // account; "" the member themselves
	UndoneWhy string

	moved person.Moved
}

const columns = `g.id, g.brand_id, g.person_id, g.other_id, g.origin, g.reason, g.account_id, g.moved, g.at, g.undone_at, g.undone_by, g.undone_why`

func scan(r interface{ Scan(...any) error }) (g Merge, err error) {
	var moved string
	err = r.Scan(&g.ID, &g.Brand, &g.Person, &g.Other, &g.Origin, &g.Reason, &g.Account, &moved, &g.At, &g.UndoneAt, &g.UndoneBy, &g.UndoneWhy)
	if err == nil && moved != "" {
		err = json.Unmarshal([]byte(moved), &g.moved)
		g.OtherName = g.moved.Person.Name
	}
	return g, err
}

const (
	longestReason = 500 // runes
	// mostMessages bounds what one transaction moves.
	mostMessages = 100_000
	mostListed   = 100
)

// Side is one of two records, as the team looks at it.
type Side struct {
	person.Person
	Member  *member.Member // nil: they are none
	Notes   int64
	Proven  []Proof // what they have proven themselves
	Written []person.Rows
}

// Pair is two records side by side.
type Pair struct {
	Stays, Goes Side
	// Revision is what was looked at; Do is refused where it has changed.
	Revision string
	// Cannot says why they cannot be made one; nil where they can.
	Cannot error
}

// Review shows two records side by side to somebody who may make them one. The
// one who is a member stays; where neither is, the first.
func Review(ctx context.Context, q db.Queryer, who access.Who, brandID, a, b string) (Pair, error) {
	if a == b {
		return Pair{}, fault.OnField("other", "Choose somebody else: this is the same record.")
	}
	var p Pair
	var err error
	if p.Stays, err = side(ctx, q, who, brandID, a); err != nil {
		return p, err
	}
	if p.Goes, err = side(ctx, q, who, brandID, b); err != nil {
		return p, err
	}
	if p.Stays.Member == nil && p.Goes.Member != nil {
		p.Stays, p.Goes = p.Goes, p.Stays
	}
	switch {
	case p.Goes.Member != nil:
		p.Cannot = fault.New(fault.Conflict, "Both are members of the community, each with an account of their own. Two members stay two people.")
	case p.Goes.Messages > mostMessages:
		p.Cannot = fault.New(fault.Conflict, "They wrote more than %d messages, which is too much for one step.", mostMessages)
	}
	p.Revision = p.Stays.mark() + p.Goes.mark()
	return p, nil
}

func side(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (s Side, err error) {
	if s.Person, err = person.Whole(ctx, q, who, brandID, id); err != nil {
		return s, err
	}
	m, err := member.OfPerson(ctx, q, brandID, id)
	switch {
	case err == nil:
		s.Member = &m
	case !fault.Is(err, fault.NotFound):
		return s, err
	}
	if s.Written, err = conversation.Written(ctx, q, brandID, id); err != nil {
		return s, err
	}
	if s.Proven, err = provenOf(ctx, q, brandID, s.Member); err != nil {
		return s, err
	}
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM note WHERE brand_id = $1 AND subject = $2`, brandID, id).Scan(&s.Notes)
	if err != nil {
		return s, fmt.Errorf("merge: notes: %w", err)
	}
	return s, nil
}

// mark stands for what of a record decides whether it is the same human. What
// they write meanwhile does not.
func (s Side) mark() string {
	words := []string{s.ID, s.Name, s.About}
	for _, i := range s.Identities {
		words = append(words, i.ID)
	}
	slices.Sort(words[3:])
	if s.Member != nil {
		words = append(words, s.Member.ID, s.Member.Name)
	}
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// Do makes one person of two, for the team. reason is kept, and needed;
// revision is that of the Pair that was looked at. Which of the two stays is as
// in Review.
func Do(ctx context.Context, d *db.DB, who access.Who, brandID, a, b, revision, reason string) (Merge, error) {
	reason, err := words(reason)
	if err != nil {
		return Merge{}, err
	}
	var g Merge
	err = d.Tx(ctx, func(tx *db.Tx) error {
		p, err := Review(ctx, tx, who, brandID, a, b)
		switch {
		case err != nil:
			return err
		case p.Cannot != nil:
			return p.Cannot
		case p.Revision != revision:
			return fault.New(fault.Conflict, "One of them has changed since you looked. Look at both again.")
		}
		g = Merge{Brand: brandID, Person: p.Stays.ID, Other: p.Goes.ID, Origin: Team, Reason: reason, Account: who.Account}
		if err := g.join(ctx, tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "person.merged", Subject: g.Person, Detail: map[string]string{"reason": reason}})
	})
	if err != nil {
		return Merge{}, err
	}
	return g, Refind{brandID, g.Other, true}.do(ctx, d, atOnceFor)
}

// words is a reason as it is kept.
func words(reason string) (string, error) {
	reason = strings.TrimSpace(strings.ReplaceAll(reason, "\r\n", "\n"))
	switch {
	case reason == "":
		return "", fault.OnField("reason", "Say how you know. Others of the team will read it.")
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return "", fault.OnField("reason", "This text holds characters that cannot be kept. Copy it again.")
	case utf8.RuneCountInString(reason) > longestReason:
		return "", fault.OnField("reason", "Shorten the reason to %d characters.", longestReason)
	}
	return reason, nil
}

// join does it, in the caller's transaction.
func (g *Merge) join(ctx context.Context, tx *db.Tx) error {
	rows, err := conversation.Written(ctx, tx, g.Brand, g.Other)
	if err != nil {
		return err
	}
	if _, err := conversation.Reassign(ctx, tx, g.Brand, g.Other, g.Person); err != nil {
		return err
	}
	if g.moved, err = person.Absorb(ctx, tx, g.Brand, g.Person, g.Other, rows); err != nil {
		return err
	}
	raw, err := json.Marshal(g.moved)
	if err != nil {
		return err
	}
	g.ID, g.At, g.OtherName = db.NewID(), tx.Now(), g.moved.Person.Name
	_, err = tx.ExecContext(ctx, `INSERT INTO merge (id, brand_id, person_id, other_id, origin, reason, account_id, moved, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		g.ID, g.Brand, g.Person, g.Other, g.Origin, g.Reason, g.Account, string(raw), g.At)
	if err != nil {
		return fmt.Errorf("merge: keep: %w", err)
	}
	for _, i := range g.moved.Identities {
		if _, err := tx.ExecContext(ctx, `INSERT INTO merge_identity (merge_id, identity_id, brand_id) VALUES ($1, $2, $3)`, g.ID, i.ID, g.Brand); err != nil {
			return fmt.Errorf("merge: keep: %w", err)
		}
	}
	if err := outbox.Add(ctx, tx, outbox.Event{Brand: g.Brand, Kind: "person.merged", Subject: g.Person, Data: map[string]string{"other": g.Other}}); err != nil {
		return err
	}
	return job.Insert(ctx, tx, Refind{g.Brand, g.Other, true}, tx.Now().Add(time.Minute))
}

// ByID returns a merge of the brand, or fault.NotFound. No permission is asked.
func ByID(ctx context.Context, q db.Queryer, brandID, id string) (Merge, error) {
	g, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM merge g WHERE g.brand_id || '' = $1 AND g.id = $2`, brandID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return g, fault.New(fault.NotFound, "These two were not made one.")
	}
	if err != nil {
		return g, fmt.Errorf("merge: read: %w", err)
	}
	return g, nil
}

// Of returns what a person's record was made of, the newest first, taken apart
// or not, at most a hundred. The caller has checked that they may be read.
func Of(ctx context.Context, q db.Queryer, brandID, personID string) ([]Merge, error) {
	return list(ctx, q, `SELECT `+columns+` FROM merge g WHERE g.brand_id = $1 AND g.person_id = $2 ORDER BY g.at DESC, g.id DESC LIMIT $3`, brandID, personID, mostListed)
}

func list(ctx context.Context, q db.Queryer, query string, args ...any) ([]Merge, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Merge, error) { return scan(r) })
	if err != nil {
		return nil, fmt.Errorf("merge: list: %w", err)
	}
	return all, nil
}

// Now returns who a record has become a part of: the id itself where it stands
// alone. It is for addresses from before.
func Now(ctx context.Context, q db.Queryer, brandID, id string) (string, error) {
	for range mostListed {
		var next string
		err := q.QueryRowContext(ctx, `SELECT person_id FROM merge WHERE brand_id = $1 AND other_id = $2 AND undone_at = 0`, brandID, id).Scan(&next)
		if errors.Is(err, sql.ErrNoRows) {
			return id, nil
		}
		if err != nil {
			return id, fmt.Errorf("merge: now: %w", err)
		}
		id = next
	}
	return id, nil
}

// Follow does something to a record, or to who it has become a part of where it
// is there no more: what somebody wrote about it meanwhile is about them. It
// returns whom it was done to, or failed for.
func Follow(ctx context.Context, q db.Queryer, brandID, id string, do func(id string) error) (string, error) {
	missing := error(nil)
	for {
		now, err := Now(ctx, q, brandID, id)
		if err != nil || missing != nil && now == id {
			return id, cmp.Or(err, missing)
		}
		id = now
		if missing = do(id); !fault.Is(missing, fault.NotFound) { // or they were made one just now
			return id, missing
		}
	}
}

// Undo takes apart what was made one: the other's record is there again as it
// was, with what came in for it meanwhile. What a member had proven by it counts
// no more.
func Undo(ctx context.Context, d *db.DB, who access.Who, brandID, id, reason string) (Merge, error) {
	reason, err := words(reason)
	if err != nil {
		return Merge{}, err
	}
	var g Merge
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.PersonWrite); err != nil {
			return err
		}
		if g, err = ByID(ctx, tx, brandID, id); err != nil {
			return err
		}
		if g.UndoneAt == 0 {
			if err := g.there(ctx, tx); err != nil {
				return err
			}
			if _, err := person.Whole(ctx, tx, who, brandID, g.Person); err != nil {
				return err
			}
		}
		g.UndoneBy, g.UndoneWhy = who.Account, reason
		if err := g.part(ctx, tx, Undone); err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "person.parted", Subject: g.Person, Detail: map[string]string{"reason": reason}})
	})
	if err != nil {
		return Merge{}, err
	}
	return g, Refind{brandID, g.Other, false}.do(ctx, d, atOnceFor)
}

// there refuses where the one who stayed has become a part of another since.
func (g Merge) there(ctx context.Context, q db.Queryer) error {
	now, err := Now(ctx, q, g.Brand, g.Person)
	if err != nil || now == g.Person {
		return err
	}
	return fault.New(fault.Conflict, "Their record has been made one with another since. Undo that first.")
}

// part takes the two apart, in the caller's transaction. state is what becomes
// of claims that were proven with these accounts.
func (g *Merge) part(ctx context.Context, tx *db.Tx, state State) error {
	if g.UndoneAt > 0 {
		return fault.New(fault.Conflict, "These two have been taken apart already.")
	}
	if err := g.there(ctx, tx); err != nil {
		return err
	}
	var ids []string
	for _, i := range g.moved.Identities {
		ids = append(ids, i.ID)
	}
	if len(ids) > 0 {
		if _, err := conversation.Reassign(ctx, tx, g.Brand, g.Person, g.Other, ids...); err != nil {
			return err
		}
	}
	theirs, err := conversation.Written(ctx, tx, g.Brand, g.Other)
	if err != nil {
		return err
	}
	left, err := conversation.Written(ctx, tx, g.Brand, g.Person)
	if err != nil {
		return err
	}
	if _, err := person.Part(ctx, tx, g.Brand, g.moved, theirs, left); err != nil {
		return err
	}
	if err := g.endClaims(ctx, tx, ids, state); err != nil {
		return err
	}
	g.UndoneAt = tx.Now()
	_, err = tx.ExecContext(ctx, `UPDATE merge SET undone_at = $3, undone_by = $4, undone_why = $5, moved = '' WHERE brand_id = $1 AND id = $2`, g.Brand, g.ID, g.UndoneAt, g.UndoneBy, g.UndoneWhy)
	if err != nil {
		return fmt.Errorf("merge: undo: %w", err)
	}
	if g.Origin == Claim {
		// Who was known by the proof alone is known no more.
		if dropped, err := person.Drop(ctx, tx, g.Brand, g.Other); err != nil || dropped {
			return err
		}
	}
	if err := outbox.Add(ctx, tx, outbox.Event{Brand: g.Brand, Kind: "person.parted", Subject: g.Person, Data: map[string]string{"other": g.Other}}); err != nil {
		return err
	}
	return job.Insert(ctx, tx, Refind{g.Brand, g.Other, false}, tx.Now().Add(time.Minute))
}

// Forget removes what tells that a person's record was made of others, or was a
// part of one, in the caller's transaction. It is for when they are erased.
func Forget(ctx context.Context, tx *db.Tx, brandID, personID string) error {
	for _, statement := range []string{
		`UPDATE audit SET detail = '' WHERE brand_id = $1 AND act IN ('person.merged', 'person.parted')
			AND subject IN (SELECT person_id FROM merge WHERE brand_id = $1 AND other_id = $2)`,
		`DELETE FROM merge WHERE brand_id = $1 AND person_id = $2`,
		`DELETE FROM merge WHERE brand_id = $1 AND other_id = $2`,
	} {
		if _, err := tx.ExecContext(ctx, statement, brandID, personID); err != nil {
			return fmt.Errorf("merge: forget: %w", err)
		}
	}
	return nil
}

// Refind is the job that makes what somebody wrote found as theirs, once two
// records were made one or taken apart.
type Refind struct {
	Brand  string `json:"brand"`
	Person string `json:"person"`
	// Gone says that the person is a part of another: what is found as theirs
	// is looked at, else what they wrote.
	Gone bool `json:"gone,omitempty"`
}

// Kind names the job.
func (Refind) Kind() string { return "merge.refind" }

const (
	atOnce    = 100              // messages in one go
	atOnceFor = 2 * time.Second  // before a job goes on
	jobFor    = 10 * time.Minute // more than the most messages need
)

// Within is how long the job may take.
func (Refind) Within() time.Duration { return jobFor }

// Work registers the job.
func Work(w *job.Workers, d *db.DB) {
	job.Handle(w, func(ctx context.Context, args Refind) error { return args.do(ctx, d, jobFor) })
}

// do looks at messages, some at a time. What it does not come to in time is
// left to the job.
func (r Refind) do(ctx context.Context, d *db.DB, within time.Duration) error {
	some := conversation.Refind
	if r.Gone {
		some = conversation.RefindOf
	}
	after := ""
	for until := time.Now().Add(within); time.Now().Before(until); {
		next := ""
		err := d.Tx(ctx, func(tx *db.Tx) (err error) {
			next, err = some(ctx, tx, r.Brand, r.Person, after, atOnce)
			return err
		})
		if after = next; err != nil || after == "" {
			return err
		}
	}
	return nil
}

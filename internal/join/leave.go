package join

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/audit"
	"rapport/internal/bridge"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/member"
	"rapport/internal/merge"
	"rapport/internal/promote"
	"rapport/internal/tally"
	"rapport/internal/topic"
)

// How is what stays of somebody who leaves.
type How string

// The ways of leaving.
const (
	Keep      How = "keep"      // name and words stay; they may come back
	Anonymise How = "anonymise" // words stay, and nobody can tell whose they are
	Erase     How = "erase"     // neither
)

// Ways are all ways, in the order pages show them.
var Ways = []How{Keep, Anonymise, Erase}

// Leaving is how a member leaves.
type Leaving struct {
	How            How
	Password, Code string // the code of a second factor where the account has one, else the password
	Session        string // that asks
	// Account says that the account goes too, where nothing else holds it: see
	// Holds. With Keep it stays, so that they can come back.
	Account bool
}

// Holds are the names of the brands for which an account stays when it leaves
// the brand's community: those in whose team it is, and in whose communities
// besides.
func Holds(ctx context.Context, q db.Queryer, brandID, accountID string) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT b.name FROM brand b WHERE EXISTS (SELECT 1 FROM access_grant g WHERE g.brand_id = b.id AND g.account_id = $2)
		OR b.id <> $1 AND EXISTS (SELECT 1 FROM member m WHERE m.brand_id = b.id AND m.account_id = $2 AND m.account_id <> '') ORDER BY b.name, b.id`, brandID, accountID)
	names, err := db.Collect(rows, err, scanText)
	if err != nil {
		return nil, fmt.Errorf("join: what holds an account: %w", err)
	}
	return names, nil
}

// Leave ends the acting member's part in the community, once their password is
// right, or the code of their second factor. gone says that their account went
// too, in the same transaction as they left. With Keep their profile stays as that of somebody who
// left, and they may come back to it. Otherwise all that tells who they are is
// gone at once, and accounts elsewhere that were theirs are people of their own
// again; with Erase those that they had proven are erased with all that was
// written with them. What they kept for themselves, and with Erase what they
// wrote, goes at once for most and by a job for who wrote very much. See member.Gone
// for what pages say then.
func (j *Join) Leave(ctx context.Context, v member.Voice, l Leaving) (gone bool, err error) {
	if v.Member.ID == "" || v.Who.Account == "" || v.Who.Account != v.Member.Account || v.Who.Token != "" {
		return false, errSignIn
	}
	if !slices.Contains(Ways, l.How) {
		return false, errHow
	}
	if err := j.Confirm(ctx, v.Who, l.Session, l.Password, l.Code); err != nil {
		return false, err
	}
	err = j.part(ctx, v.Brand, v.Member.ID, l.How, func(tx *db.Tx) error {
		gone = false // the transaction may run again
		if err := left(ctx, tx, v.Brand, v.Member.ID, l.How); err != nil || !l.Account || l.How == Keep {
			return err
		}
		holds, err := Holds(ctx, tx, v.Brand, v.Who.Account)
		if err != nil || len(holds) > 0 {
			return err
		}
		gone = true
		return account.EraseIn(ctx, tx, v.Who)
	})
	return gone && err == nil, err
}

var errHow = fault.OnField("how", "Choose what stays of what you wrote.")

// Confirm makes a session sure of its person again: by the code of their second
// factor where the account has one, else by the password. A wrong one is a fault
// on the field "code" or "password".
func (j *Join) Confirm(ctx context.Context, who access.Who, session, password, code string) error {
	f, err := account.FactorOf(ctx, j.DB, who.Account)
	if err != nil {
		return err
	}
	if f.Since != 0 {
		return (&account.Factors{DB: j.DB, Keys: j.Keys}).ConfirmByCode(ctx, who, session, code)
	}
	return account.Confirm(ctx, j.DB, who, session, password)
}

// left is the program's own line in the log: it must not lead from an account
// to words that are nobody's.
func left(ctx context.Context, tx *db.Tx, brandID, memberID string, how How) error {
	return audit.Record(ctx, tx, access.System(), audit.Entry{Brand: brandID, Act: "community.left", Subject: memberID, Detail: map[string]string{"how": string(how)}})
}

// Remove is Leave for a member, by the team.
func (j *Join) Remove(ctx context.Context, who access.Who, brandID, memberID string, how How) error {
	return j.part(ctx, brandID, memberID, how, func(tx *db.Tx) error { return removed(ctx, tx, who, brandID, memberID, how) })
}

func removed(ctx context.Context, tx *db.Tx, who access.Who, brandID, memberID string, how How) error {
	if err := who.May(tx.Now(), brandID, access.PersonWrite); err != nil {
		return err
	}
	return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "member.removed", Subject: memberID, Detail: map[string]string{"how": string(how)}})
}

func (j *Join) part(ctx context.Context, brandID, memberID string, how How, may func(*db.Tx) error) error {
	var r Rest
	err := j.DB.Tx(ctx, func(tx *db.Tx) error {
		m, err := member.ByID(ctx, tx, brandID, memberID)
		if err != nil {
			return err
		}
		proven, err := []string(nil), error(nil)
		if r, proven, err = leave(ctx, tx, m, how, tx.Now().Add(time.Minute)); err != nil {
			return err
		}
		for _, id := range proven {
			if how != Erase || j.Elsewhere == nil {
				break
			}
			if err := j.Elsewhere(ctx, tx, brandID, id); err != nil {
				return err
			}
		}
		return may(tx)
	})
	if err != nil || how == Keep {
		return err
	}
	_, err = j.clear(ctx, r, 2*time.Second)
	return err
}

// leave takes a member out, in the caller's transaction, and has a job remove
// the rest at that time. The job is there before anything is gone, so that
// nothing stays behind. Without their name nothing leads from them to accounts
// elsewhere any more; proven are the records of those that they had proven.
func leave(ctx context.Context, tx *db.Tx, m member.Member, how How, at db.Time) (r Rest, proven []string, err error) {
	r = Rest{Brand: m.Brand, Member: m.ID, Account: m.Account, Words: how == Erase}
	switch {
	case how != Keep && how != Anonymise && how != Erase:
		return r, nil, errHow
	case m.Gone() && how != Erase, m.State == member.Left && how == Keep:
		return r, nil, fault.New(fault.Conflict, "They have left already.")
	}
	if !m.Gone() {
		if how != Keep {
			if err := bridge.Left(ctx, tx, m.Brand, m.ID); err != nil {
				return r, nil, err
			}
			if proven, err = merge.Release(ctx, tx, m); err != nil {
				return r, nil, err
			}
		}
		if err := m.Part(ctx, tx, how == Keep); err != nil {
			return r, nil, err
		}
	}
	if how == Keep {
		for _, query := range toldOf {
			if _, err := tx.ExecContext(ctx, query, m.Brand, m.ID); err != nil {
				return r, nil, err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE watch SET level = '' WHERE brand_id || '' = $1 AND member_id = $2 AND level = 'watch'`, m.Brand, m.ID)
		return r, nil, err
	}
	if _, err := account.GrantOf(ctx, tx, m.Brand, m.Account); err == nil {
		r.Account = "" // what the studio tells them is another thing
	} else if !fault.Is(err, fault.NotFound) {
		return r, nil, err
	}
	// What they did still counts, in nobody's name.
	if err := tally.Forget(ctx, tx, m.Brand, m.ID); err != nil {
		return r, nil, err
	}
	return r, proven, job.Insert(ctx, tx, r, at)
}

// toldOf removes what a member was told, and how they wanted to be: $1 is the
// brand, $2 whose.
var toldOf = []string{
	`DELETE FROM notice WHERE brand_id = $1 AND member_id = $2`,
	`DELETE FROM notice_choice WHERE brand_id = $1 AND member_id = $2`,
	`DELETE FROM notice_digest WHERE brand_id = $1 AND member_id = $2`,
}

// Forget makes the membership of a person go with them, in the caller's
// transaction: what they wrote as a member is erased by a job. A person who is
// no member is no error.
func Forget(ctx context.Context, tx *db.Tx, brandID, personID string) error {
	ids, err := of(ctx, tx, brandID, personID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		m, err := member.ByID(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		if _, _, err := leave(ctx, tx, m, Erase, 0); err != nil {
			return err
		}
	}
	return nil
}

// of returns the members that are a person.
func of(ctx context.Context, q db.Queryer, brandID, personID string) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT id FROM member WHERE brand_id = $1 AND person_id = $2 AND person_id <> ''`, brandID, personID)
	ids, err := db.Collect(rows, err, scanText)
	if err != nil {
		return nil, fmt.Errorf("join: memberships: %w", err)
	}
	return ids, nil
}

// Rest is the job that removes what is left of a member who is gone.
type Rest struct {
	Brand   string `json:"brand"`
	Member  string `json:"member"`
	Account string `json:"account,omitempty"` // whose letters and notifications go; "" keeps them
	Words   bool   `json:"words,omitempty"`   // what they wrote goes too
}

// Kind names the job.
func (Rest) Kind() string { return "join.rest" }

const (
	jobFor     = 30 * time.Second // one job works so long before it lets others
	atOnce     = 100              // replies in one go
	keptAtOnce = 500              // of what they kept for themselves
)

// Sweep is the job that takes members out whose account is no more.
type Sweep struct{}

// Kind names the job.
func (Sweep) Kind() string { return "join.sweep" }

// Forsaken takes out of all communities who has no account any more: their
// words stay without their name. It is for whoever erased an account, and runs
// once a day.
func (j *Join) Forsaken(ctx context.Context) error {
	rows, err := j.DB.QueryContext(ctx, `SELECT m.brand_id, m.id FROM member m LEFT JOIN account a ON a.id = m.account_id WHERE m.account_id <> '' AND a.id IS NULL ORDER BY m.brand_id, m.id`)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (m [2]string, err error) {
		err = r.Scan(&m[0], &m[1])
		return m, err
	})
	if err != nil {
		return fmt.Errorf("join: forsaken: %w", err)
	}
	for _, m := range all {
		err := j.part(ctx, m[0], m[1], Anonymise, func(tx *db.Tx) error { return left(ctx, tx, m[0], m[1], Anonymise) })
		if err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return nil
}

// Work registers the jobs.
func (j *Join) Work(w *job.Workers) {
	job.Handle(w, func(ctx context.Context, _ Sweep) error { return j.Forsaken(ctx) })
	w.Every(24*time.Hour, Sweep{})
	job.Handle(w, func(ctx context.Context, r Rest) error {
		done, err := j.clear(ctx, r, jobFor)
		if err == nil && !done {
			return job.Snooze(time.Second)
		}
		return err
	})
}

// own is what a member kept for themselves, and what their account was told,
// by statements that remove some of it: $1 is the brand, $2 whose, $3 how many.
var own = []struct {
	account bool // $2 is the account
	query   string
}{
	{false, `DELETE FROM bookmark WHERE member_id = $2 AND reply_id IN (SELECT reply_id FROM bookmark WHERE brand_id || '' = $1 AND member_id = $2 LIMIT $3)`},
	{false, `DELETE FROM topic_draft WHERE member_id = $2 AND place IN (SELECT place FROM topic_draft WHERE brand_id || '' = $1 AND member_id = $2 LIMIT $3)`},
	{false, `DELETE FROM watch WHERE member_id = $2 AND subject IN (SELECT subject FROM watch WHERE brand_id || '' = $1 AND member_id = $2 LIMIT $3)`},
	{false, `DELETE FROM acceptance WHERE member_id = $2 AND name IN (SELECT name FROM acceptance WHERE brand_id || '' = $1 AND member_id = $2 LIMIT $3)`},
	{false, `DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE brand_id = $1 AND member_id = $2 LIMIT $3)`},
	{false, `DELETE FROM notice_choice WHERE member_id = $2 AND kind IN (SELECT kind FROM notice_choice WHERE brand_id = $1 AND member_id = $2 LIMIT $3)`},
	{false, `DELETE FROM notice_digest WHERE member_id IN (SELECT member_id FROM notice_digest WHERE brand_id = $1 AND member_id = $2 LIMIT $3)`},
	{true, `DELETE FROM notification WHERE id IN (SELECT id FROM notification WHERE brand_id = $1 AND account_id = $2 LIMIT $3)`},
	{true, `DELETE FROM letter WHERE id IN (SELECT id FROM letter WHERE brand_id = $1 AND account_id = $2 LIMIT $3)`},
}

// clear removes the rest, some rows at a time, and reports whether nothing is
// left. Whatever it has removed it finds removed when it runs again.
func (j *Join) clear(ctx context.Context, r Rest, within time.Duration) (bool, error) {
	until := time.Now().Add(within)
	steps := []step{{keptAtOnce, j.keptForThemselves(r)}}
	if r.Words {
		steps = append(steps, step{atOnce, j.pictures(r)}, step{atOnce, j.words(r)}, step{atOnce, j.reactions(r)}, step{keptAtOnce, j.complaints(r)})
	}
	for _, s := range steps {
		for n := s.most; n >= s.most; {
			var err error
			if n, err = s.some(ctx); err != nil {
				return false, fmt.Errorf("join: remove the rest: %w", err)
			}
			if n >= s.most && time.Now().After(until) {
				return false, nil
			}
		}
	}
	return true, nil
}

// step removes up to most rows and says how many there were.
type step struct {
	most int
	some func(context.Context) (int, error)
}

func (j *Join) keptForThemselves(r Rest) func(context.Context) (int, error) {
	return func(ctx context.Context) (most int, err error) {
		err = j.DB.Tx(ctx, func(tx *db.Tx) error {
			most = 0
			for _, o := range own {
				whose := r.Member
				if o.account {
					whose = r.Account
				}
				if whose == "" {
					continue
				}
				n, err := affected(tx.ExecContext(ctx, o.query, r.Brand, whose, keptAtOnce))
				if err != nil {
					return err
				}
				most = max(most, n)
			}
			return nil
		})
		return most, err
	}
}

func affected(res sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

func (j *Join) words(r Rest) func(context.Context) (int, error) {
	return func(ctx context.Context) (n int, err error) {
		err = j.DB.Tx(ctx, func(tx *db.Tx) error {
			all, err := topic.Written(ctx, tx, r.Brand, r.Member, atOnce)
			if err != nil {
				return err
			}
			// What repeats them goes first: it is found by them.
			if err := promote.Forget(ctx, tx, r.Brand, all); err != nil {
				return err
			}
			if err := bridge.Erased(ctx, tx, r.Brand, all); err != nil {
				return err
			}
			n, err = topic.Forget(ctx, tx, r.Brand, r.Member, atOnce)
			return err
		})
		return n, err
	}
}

// reactions takes back what they felt about others' words, by the reply.
func (j *Join) reactions(r Rest) func(context.Context) (int, error) {
	return func(ctx context.Context) (n int, err error) {
		err = j.DB.Tx(ctx, func(tx *db.Tx) error {
			rows, err := tx.QueryContext(ctx, `SELECT DISTINCT reply_id FROM reaction WHERE brand_id = $1 AND member_id = $2 ORDER BY reply_id LIMIT $3`, r.Brand, r.Member, atOnce)
			replies, err := db.Collect(rows, err, scanText)
			if err != nil {
				return err
			}
			n = len(replies)
			for _, id := range replies {
				if err := takeBack(ctx, tx, r, id); err != nil {
					return err
				}
			}
			return nil
		})
		return n, err
	}
}

// takeBack takes back all that somebody felt about a reply.
func takeBack(ctx context.Context, tx *db.Tx, r Rest, replyID string) error {
	rows, err := tx.QueryContext(ctx, `DELETE FROM reaction WHERE brand_id = $1 AND member_id = $2 AND reply_id = $3 RETURNING kind`, r.Brand, r.Member, replyID)
	felt, err := db.Collect(rows, err, scanText)
	if err != nil {
		return err
	}
	p, err := topic.ReplyByID(ctx, tx, r.Brand, replyID)
	if err != nil {
		return err
	}
	var rest topic.Reactions
	for _, one := range p.Reactions {
		if slices.Contains(felt, one.Feeling) {
			one.Count--
		}
		if one.Count > 0 {
			rest = append(rest, one)
		}
	}
	_, err = tx.ExecContext(ctx, `UPDATE reply SET reactions = $3 WHERE brand_id = $1 AND id = $2`, r.Brand, replyID, rest)
	if err != nil || p.State != topic.Live && p.Number != 1 {
		return err // the topic does not count it
	}
	_, err = tx.ExecContext(ctx, `UPDATE topic SET heat = heat - $3 WHERE brand_id = $1 AND id = $2`, r.Brand, p.Topic, p.Reactions.Total()-rest.Total())
	return err
}

func scanText(r *sql.Rows) (s string, err error) {
	err = r.Scan(&s)
	return s, err
}

// complaints empties what they said of others' words. That they complained
// stays, because it was counted.
func (j *Join) complaints(r Rest) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		return affected(j.DB.ExecContext(ctx, `UPDATE flag SET note = '' WHERE id IN (SELECT id FROM flag WHERE brand_id = $1 AND member_id = $2 AND note <> '' LIMIT $3)`,
			r.Brand, r.Member, keptAtOnce))
	}
}

// pictures removes what they added to what they wrote.
func (j *Join) pictures(r Rest) func(context.Context) (int, error) {
	return func(ctx context.Context) (n int, err error) {
		err = j.DB.Tx(ctx, func(tx *db.Tx) error {
			n, err = topic.ForgetPictures(ctx, tx, r.Brand, r.Member, atOnce)
			return err
		})
		return n, err
	}
}

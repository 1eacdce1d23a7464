package dossier

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/bridge"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/join"
	"rapport/internal/merge"
	"rapport/internal/outbox"
	"rapport/internal/person"
	"rapport/internal/search"
)

// Erase forgets a person for good, and what they wrote: names, handles,
// pictures, words, the team's notes on them and on the conversations that they
// began, what was told to the team about those, every entry that they could be
// found by, their membership with all they wrote in the community, and the
// account they signed in with where it is of no other use. What stays is that a message was there, where and when,
// the brand's own answers as they were written, and counted numbers. The name
// must be typed as it is shown. It is done at once for most people; for one
// who wrote very much a job goes on, and nothing of it is shown meanwhile.
//
// What is erased does not come back with what a network still shows. Somebody
// who writes again later is a new person.
func Erase(ctx context.Context, d *db.DB, who access.Who, brandID, id, typed string) error {
	p, err := person.ByID(ctx, d, who, brandID, id)
	if err != nil {
		return err
	}
	if strings.TrimSpace(typed) != p.Name {
		return fault.OnField("confirm", "Type %s to erase them.", p.Name)
	}
	return erase(ctx, d, func(tx *db.Tx) error {
		if err := loosen(ctx, tx, brandID, id); err != nil {
			return err
		}
		if err := person.Remove(ctx, tx, who, brandID, id, "person.erased", nil); err != nil {
			return err
		}
		accounts, err := accountsOf(ctx, tx, brandID, id)
		if err == nil {
			err = join.Forget(ctx, tx, brandID, id)
		}
		for _, a := range accounts {
			err = errors.Join(err, closed(ctx, tx, a))
		}
		return err
	}, Wipe{brandID, id})
}

// accountsOf are what the members that are a person sign in with.
func accountsOf(ctx context.Context, tx *db.Tx, brandID, id string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT account_id FROM member WHERE brand_id = $1 AND person_id = $2 AND person_id <> '' AND account_id <> ''`, brandID, id)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (a string, err error) { return a, r.Scan(&a) })
	if err != nil {
		return nil, fmt.Errorf("dossier: their accounts: %w", err)
	}
	return all, nil
}

// closed ends an account that is of no use any more: it is no member of another
// community, nobody of a team, and was shut out of none.
func closed(ctx context.Context, tx *db.Tx, accountID string) error {
	var needed bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM brand b WHERE EXISTS (SELECT 1 FROM member m WHERE m.brand_id = b.id AND m.account_id = $1 AND m.account_id <> ''))
		OR EXISTS (SELECT 1 FROM member_barred WHERE account_id = $1)`, accountID).Scan(&needed)
	if err != nil || needed {
		return err
	}
	return account.Close(ctx, tx, accountID)
}

// Gone reports whether a person was erased, by somebody or because they had been
// silent for too long: a form that is sent twice is told from a wrong address.
func Gone(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (yes bool, err error) {
	if err := who.May(q.Now(), brandID, access.PersonWrite); err != nil {
		return false, err
	}
	err = q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM audit WHERE brand_id = $1 AND subject = $2 AND act IN ('person.erased', 'person.forgotten'))`, brandID, id).Scan(&yes)
	if err != nil {
		return false, fmt.Errorf("dossier: gone: %w", err)
	}
	return yes, nil
}

// Elsewhere erases, in the caller's transaction, what a member wrote on
// networks, once they leave the community and want all of theirs erased: id is
// the record of accounts that they had proven to be theirs. Nobody is there to
// be asked; the job wipes the words. Who is gone already is no error.
func Elsewhere(ctx context.Context, tx *db.Tx, brandID, id string) error {
	if err := loosen(ctx, tx, brandID, id); err != nil {
		return err
	}
	err := person.Remove(ctx, tx, access.System(), brandID, id, "person.erased", nil)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return job.Insert(ctx, tx, Wipe{brandID, id}, tx.Now())
}

// loosen takes a person out of what was made of their words, and out of what
// they were joined to.
func loosen(ctx context.Context, tx *db.Tx, brandID, id string) error {
	if err := bridge.Forget(ctx, tx, brandID, id); err != nil {
		return err
	}
	return merge.Forget(ctx, tx, brandID, id)
}

// erase removes a person and what they wrote. The job is there before anything
// is gone, so that nothing stays behind.
func erase(ctx context.Context, d *db.DB, remove func(tx *db.Tx) error, w Wipe) error {
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := remove(tx); err != nil {
			return err
		}
		return job.Insert(ctx, tx, w, tx.Now().Add(time.Minute))
	})
	if err != nil {
		return err
	}
	_, err = wipe(ctx, d, w, 2*time.Second)
	return err
}

// Wipe is the job that erases what a person wrote, once they are removed.
type Wipe struct {
	Brand  string `json:"brand"`
	Person string `json:"person"`
}

// Kind names the job.
func (Wipe) Kind() string { return "dossier.wipe" }

// Sweep is the job that erases who has been silent for too long.
type Sweep struct{}

// Kind names the job.
func (Sweep) Kind() string { return "dossier.sweep" }

const (
	sweepEvery = 24 * time.Hour
	jobFor     = 30 * time.Second // one job works so long before it lets others
	atOnce     = 100              // messages, or people, in one go
)

// Work registers the jobs.
func Work(w *job.Workers, d *db.DB) {
	job.Handle(w, func(ctx context.Context, args Wipe) error { return again(wipe(ctx, d, args, jobFor)) })
	job.Handle(w, func(ctx context.Context, _ Sweep) error { return again(Forget(ctx, d, jobFor)) })
	w.Every(sweepEvery, Sweep{})
}

func again(done bool, err error) error {
	if err == nil && !done {
		return job.Snooze(time.Second)
	}
	return err
}

// Forget erases the people of all brands who are no members and have been
// silent for longer than their brand keeps them. It reports whether nobody is
// left, or its time was over.
func Forget(ctx context.Context, d *db.DB, within time.Duration) (bool, error) {
	until := time.Now().Add(within)
	brands, err := brand.List(ctx, d, access.System())
	if err != nil {
		return false, err
	}
	for _, b := range brands {
		if b.Retention == 0 {
			continue
		}
		before := d.Now().Add(-time.Duration(b.Retention) * 24 * time.Hour)
		for {
			ids, err := person.Silent(ctx, d, b.ID, before, atOnce)
			if err != nil {
				return false, err
			}
			for _, id := range ids {
				if time.Now().After(until) {
					return false, nil
				}
				if err := forget(ctx, d, b, id, before); err != nil {
					return false, fmt.Errorf("dossier: forget: %w", err)
				}
			}
			if len(ids) < atOnce {
				break
			}
		}
	}
	return true, nil
}

// forget erases one, unless they have written in this moment.
func forget(ctx context.Context, d *db.DB, b brand.Brand, id string, before db.Time) error {
	err := erase(ctx, d, func(tx *db.Tx) error {
		silent, err := person.StillSilent(ctx, tx, b.ID, id, before)
		if err != nil || !silent {
			return errors.Join(err, errSpoke)
		}
		if err := loosen(ctx, tx, b.ID, id); err != nil {
			return err
		}
		return person.Remove(ctx, tx, access.System(), b.ID, id, "person.forgotten", map[string]string{"days": strconv.Itoa(b.Retention)})
	}, Wipe{b.ID, id})
	if errors.Is(err, errSpoke) {
		return nil
	}
	return err
}

var errSpoke = errors.New("they have spoken")

// wipe erases what a removed person wrote, some messages at a time, and reports
// whether nothing is left.
func wipe(ctx context.Context, d *db.DB, w Wipe, within time.Duration) (bool, error) {
	for until := time.Now().Add(within); ; {
		n := 0
		err := d.Tx(ctx, func(tx *db.Tx) (err error) {
			n, err = w.some(ctx, tx)
			return err
		})
		switch {
		case err != nil:
			return false, fmt.Errorf("dossier: wipe: %w", err)
		case n < atOnce:
			return true, nil
		case time.Now().After(until):
			return false, nil
		}
	}
}

// trace is a message that is to be erased.
type trace struct{ id, channel, conversation, remote string }

// some erases up to atOnce messages and returns how many there were.
func (w Wipe) some(ctx context.Context, tx *db.Tx) (int, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, channel_id, conversation_id, remote_id FROM message
		WHERE brand_id = $1 AND person_id = $2 AND person_id <> '' ORDER BY at, id LIMIT $3`, w.Brand, w.Person, atOnce)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (t trace, err error) {
		err = r.Scan(&t.id, &t.channel, &t.conversation, &t.remote)
		return t, err
	})
	if err != nil {
		return 0, err
	}
	var ids, conversations []string
	for _, t := range all {
		ids, conversations = append(ids, t.id), append(conversations, t.conversation)
		if err := w.erase(ctx, tx, t); err != nil {
			return 0, err
		}
	}
	slices.Sort(conversations)
	for _, id := range slices.Compact(conversations) {
		if err := w.settle(ctx, tx, id); err != nil {
			return 0, err
		}
	}
	return len(all), search.Drop(ctx, tx, w.Brand, search.Message, ids...)
}

// erase empties one message. Its ids say who wrote it on some networks, so they
// are hashed, wherever they stand.
func (w Wipe) erase(ctx context.Context, tx *db.Tx, t trace) error {
	hash := ""
	if t.remote != "" {
		hash = person.Erased(t.channel, t.remote)
		for _, statement := range []string{
			`UPDATE message SET parent_id = $3 WHERE channel_id = $1 AND parent_id = $2 AND parent_id <> ''`,
			`UPDATE conversation SET root = $3 WHERE channel_id = $1 AND root = $2`,
		} {
			if _, err := tx.ExecContext(ctx, statement, t.channel, t.remote, hash); err != nil {
				return err
			}
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE message SET text = '', warning = '', language = '', media = '', url = '', ref = '', person_id = '', identity_id = '',
		remote_id = $3, erased_at = $4 WHERE brand_id = $1 AND id = $2`, w.Brand, t.id, hash, tx.Now())
	return err
}

// settle takes the person out of a conversation they wrote in.
func (w Wipe) settle(ctx context.Context, tx *db.Tx, talk string) error {
	began, err := w.began(ctx, tx, talk)
	if err != nil {
		return err
	}
	if began {
		if err := conversation.DropNotes(ctx, tx, w.Brand, talk); err != nil {
			return err
		}
	}
	if err := conversation.DropTold(ctx, tx, w.Brand, talk); err != nil {
		return err
	}
	for _, statement := range []string{
		`UPDATE conversation SET person_id = CASE WHEN person_id = $3 THEN '' ELSE person_id END, excerpt = COALESCE((SELECT SUBSTR(m.text, 1, 200) FROM message m
			WHERE m.conversation_id = $2 AND m.direction = 'in' AND m.removed_at = 0 AND m.erased_at = 0 AND m.person_id <> $3 ORDER BY m.at DESC, m.id DESC LIMIT 1), '')
			WHERE brand_id = $1 AND id = $2`,
		`UPDATE post SET answers = '' WHERE brand_id = $1 AND id IN (SELECT m.post_id FROM message m WHERE m.conversation_id = $2 AND m.direction = 'out' AND m.post_id <> ''
			AND m.remote_id <> '' AND $3 <> '')`,
	} {
		if _, err := tx.ExecContext(ctx, statement, w.Brand, talk, w.Person); err != nil {
			return err
		}
	}
	outbox.Show(tx, w.Brand, "conversation.changed", talk)
	return deserted(ctx, tx, w.Brand, talk)
}

func deserted(ctx context.Context, tx *db.Tx, brandID, id string) error {
	err := conversation.Deserted(ctx, tx, brandID, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func (w Wipe) began(ctx context.Context, tx *db.Tx, conversation string) (bool, error) {
	var who string
	err := tx.QueryRowContext(ctx, `SELECT person_id FROM conversation WHERE brand_id = $1 AND id = $2`, w.Brand, conversation).Scan(&who)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return who == w.Person, err
}

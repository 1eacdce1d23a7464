package member

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"

	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/deposit"
	"rapport/internal/fault"
	"rapport/internal/outbox"
	"rapport/internal/person"
)

// Gone reports whether nobody can be told by this record any more: they left
// without their name. Handle and Name are "" then; pages say "Former member"
// and link nowhere.
func (m Member) Gone() bool { return m.State == Left && m.Handle == "" }

// Part makes a member one who left, in the caller's transaction. Where they
// keep their name their profile stays, out of the directory, and their account
// may come back to it: see Back. Else who they are is forgotten: account,
// name, profile, answers and the person's record, if the brand knows them as
// nothing else. Their handles stay reserved, and nobody can read them. The file
// of their picture goes too. Somebody who was suspended or
// refused is remembered as that by their account.
func (m Member) Part(ctx context.Context, tx *db.Tx, named bool) error {
	if m.State == Suspended || m.State == Refused {
		_, err := tx.ExecContext(ctx, `INSERT INTO member_barred (brand_id, account_id, at) SELECT $1, id, $3 FROM account WHERE id = $2 ON CONFLICT (brand_id, account_id) DO NOTHING`,
			m.Brand, m.Account, tx.Now())
		if err != nil {
			return fmt.Errorf("member: remember who was shut out: %w", err)
		}
	}
	err := activity.Record(ctx, tx, activity.Entry{Brand: m.Brand, Kind: "member.left", Subject: m.ID, Actor: m.Person, Member: m.ID, Team: m.Team})
	if err != nil {
		return err
	}
	if named {
		_, err = tx.ExecContext(ctx, `UPDATE member SET state = 'left', state_at = $3, listed = FALSE, trusted_at = 0, reason = '', revision = revision + 1
			WHERE brand_id = $1 AND id = $2`, m.Brand, m.ID, tx.Now())
	} else {
		err = m.forget(ctx, tx)
	}
	if err != nil {
		return fmt.Errorf("member: part: %w", err)
	}
	outbox.Show(tx, m.Brand, "member.changed", m.ID)
	return nil
}

func (m Member) forget(ctx context.Context, tx *db.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE member SET account_id = '', person_id = '', handle = '', name = '', name_key = '', bio = '', link = '', picture = '', picture_why = '', picture_rule = '',
		state = 'left', state_at = $3, reason = '', answers = '', listed = FALSE, team = FALSE, trusted_at = 0, came_from = '', revision = revision + 1
		WHERE brand_id = $1 AND id = $2`, m.Brand, m.ID, tx.Now())
	if err != nil {
		return err
	}
	// What the log says was said to them goes too.
	if _, err := tx.ExecContext(ctx, `UPDATE audit SET detail = '' WHERE brand_id = $1 AND subject = $2`, m.Brand, m.ID); err != nil {
		return err
	}
	if err := errors.Join(m.hideHandles(ctx, tx), deposit.Drop(ctx, tx, m.Brand, m.Picture)); err != nil {
		return err
	}
	return person.Parted(ctx, tx, m.Brand, m.Person)
}

// gone stands for a handle, or for what it looks like, of somebody who left
// without their name: it can be compared, and not read.
func gone(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "gone:" + hex.EncodeToString(sum[:])
}

var hidden = regexp.MustCompile(`^gone:[0-9a-f]{64}$`)

// IsHidden reports whether a handle is one that is kept for nobody, because
// who had it left without their name.
func IsHidden(handle string) bool { return hidden.MatchString(handle) }

func (m Member) hideHandles(ctx context.Context, tx *db.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT handle, skeleton FROM member_handle WHERE member_id = $1 AND brand_id = $2`, m.ID, m.Brand)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (h [2]string, err error) {
		err = r.Scan(&h[0], &h[1])
		return h, err
	})
	if err != nil {
		return err
	}
	for _, h := range all {
		_, err := tx.ExecContext(ctx, `UPDATE member_handle SET handle = $3, skeleton = $4 WHERE brand_id = $1 AND handle = $2`,
			m.Brand, h[0], gone(h[0]), gone(h[1]))
		if err != nil {
			return err
		}
	}
	return nil
}

// Back lets somebody who left with their name take part again, in the caller's
// transaction: Active, or Asking where the team is asked first. Their profile
// is as it was.
func (m Member) Back(ctx context.Context, tx *db.Tx, n New) (Member, error) {
	if m.State != Left || m.Account == "" {
		return m, fault.New(fault.Conflict, "They have not left.")
	}
	m.State, m.StateAt, m.Answers, m.Listed, m.Team, m.Revision = n.State, tx.Now(), n.Answers, true, n.Team, m.Revision+1
	if n.Trusted {
		m.TrustedAt = tx.Now()
	}
	answers, err := answersText(m.Answers)
	if err != nil {
		return m, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE member SET state = $3, state_at = $4, answers = $5, listed = $6, team = $7, trusted_at = $8, revision = $9 WHERE brand_id = $1 AND id = $2`,
		m.Brand, m.ID, m.State, m.StateAt, answers, m.Listed, m.Team, m.TrustedAt, m.Revision)
	if err != nil {
		return m, fmt.Errorf("member: back: %w", err)
	}
	return m, m.arrived(ctx, tx)
}

// Barred reports whether the account left the brand's community while it was
// suspended or refused.
func Barred(ctx context.Context, q db.Queryer, brandID, accountID string) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT 1 FROM member_barred WHERE brand_id = $1 AND account_id = $2`, brandID, accountID).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("member: barred: %w", err)
	}
	return true, nil
}

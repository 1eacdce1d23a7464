package notice

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/member"
)

// How often a digest is sent.
const (
	Daily  = "day"
	Weekly = "week"
	Never  = "never"
)

// Digest is when a member gets what is told of later.
type Digest struct {
	Every   string       // Daily, Weekly or Never
	Weekday time.Weekday // of a weekly one
	Hour    int          // 0 to 23, by the clock of Zone
	Zone    string       // IANA name; "" is the brand's
}

// UsualDigest is that of who has chosen none.
var UsualDigest = Digest{Every: Weekly, Weekday: time.Monday, Hour: 8}

// next is when the digest after that instant is due; 0 never.
func (d Digest) next(b brand.Brand, after db.Time) db.Time {
	if d.Zone != "" {
		b.Zone = d.Zone
	}
	switch d.Every {
	case Daily:
		return brand.NextHour(b, d.Hour, after)
	case Weekly:
		return brand.NextHour(b, d.Hour, after, d.Weekday)
	}
	return 0
}

func (d Digest) checked() error {
	switch {
	case d.Every != Daily && d.Every != Weekly && d.Every != Never:
		return fault.OnField("every", "Choose every day, once a week or never.")
	case d.Weekday < time.Sunday || d.Weekday > time.Saturday:
		return fault.OnField("weekday", "Choose a day of the week.")
	case d.Hour < 0 || d.Hour > 23:
		return fault.OnField("hour", "Choose an hour from 0 to 23.")
	case d.Zone != "" && !brand.IsZone(d.Zone):
		return fault.OnField("zone", "Choose a time zone, like Europe/Berlin.")
	}
	return nil
}

// Setting is a row of a member's matrix.
type Setting struct {
	Row
	Choice
}

// Settings returns the member's matrix and digest.
func Settings(ctx context.Context, q db.Queryer, v member.Voice) ([]Setting, Digest, error) {
	if v.Member.ID == "" {
		return nil, Digest{}, v.Speaks(q.Now())
	}
	rows, err := q.QueryContext(ctx, `SELECT kind, shown, mail, digest FROM notice_choice WHERE member_id = $1 AND brand_id || '' = $2`, v.Member.ID, v.Brand)
	chosen := map[Kind]Choice{}
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var k Kind
		var c Choice
		err := r.Scan(&k, &c.Shown, &c.Mail, &c.Digest)
		chosen[k] = c
		return struct{}{}, err
	})
	if err != nil {
		return nil, Digest{}, fmt.Errorf("notice: settings: %w", err)
	}
	var out []Setting
	for _, r := range Matrix {
		c, ok := chosen[r.Kind]
		if !ok {
			c = r.Usual
		}
		out = append(out, Setting{r, c})
	}
	d, err := digestOf(ctx, q, v.Brand, v.Member.ID)
	return out, d, err
}

func digestOf(ctx context.Context, q db.Queryer, brandID, memberID string) (Digest, error) {
	d := UsualDigest
	err := q.QueryRowContext(ctx, `SELECT every, weekday, hour, zone FROM notice_digest WHERE member_id = $1 AND brand_id || '' = $2`, memberID, brandID).
		Scan(&d.Every, &d.Weekday, &d.Hour, &d.Zone)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return d, fmt.Errorf("notice: digest: %w", err)
	}
	return d, nil
}

// Choose keeps where the member wants to hear of the kinds given, and when
// they get their digest.
func Choose(ctx context.Context, d *db.DB, v member.Voice, b brand.Brand, choices map[Kind]Choice, at Digest) error {
	if v.Member.ID == "" || b.ID != v.Brand {
		return v.Speaks(d.Now())
	}
	if err := at.checked(); err != nil {
		return err
	}
	return d.Tx(ctx, func(tx *db.Tx) error {
		for kind, c := range choices {
			if _, ok := Named(string(kind)); !ok {
				return fault.OnField("kinds", "There is nothing called %q to choose.", kind)
			}
			if err := choose(ctx, tx, v.Brand, v.Member.ID, kind, c); err != nil {
				return err
			}
		}
		return at.keep(ctx, tx, b, v.Member.ID)
	})
}

// choose keeps a choice; the usual one needs no row.
func choose(ctx context.Context, tx *db.Tx, brandID, memberID string, k Kind, c Choice) error {
	row, _ := k.row()
	var err error
	if c == row.Usual {
		_, err = tx.ExecContext(ctx, `DELETE FROM notice_choice WHERE member_id = $1 AND kind = $2 AND brand_id || '' = $3`, memberID, k, brandID)
	} else {
		_, err = tx.ExecContext(ctx, `INSERT INTO notice_choice (member_id, kind, brand_id, shown, mail, digest) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (member_id, kind) DO UPDATE SET shown = excluded.shown, mail = excluded.mail, digest = excluded.digest`, memberID, k, brandID, c.Shown, c.Mail, c.Digest)
	}
	if err == nil && !c.Digest {
		_, err = tx.ExecContext(ctx, `UPDATE notice SET digest = FALSE WHERE brand_id = $1 AND member_id = $2 AND read_at = 0 AND kind = $3 AND digest`, brandID, memberID, k)
	}
	if err != nil {
		return fmt.Errorf("notice: choose: %w", err)
	}
	return nil
}

// keep writes when a digest comes. The first one tells of what happens from now
// on. Choosing another time does not bring two for one period: the next comes
// half a period after the last at the earliest.
func (d Digest) keep(ctx context.Context, tx *db.Tx, b brand.Brand, memberID string) error {
	var since db.Time
	err := tx.QueryRowContext(ctx, `SELECT since FROM notice_digest WHERE member_id = $1`, memberID).Scan(&since)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("notice: keep a digest: %w", err)
	}
	after := max(tx.Now(), since.Add(d.period()/2))
	_, err = tx.ExecContext(ctx, `INSERT INTO notice_digest (member_id, brand_id, every, weekday, hour, zone, since, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (member_id) DO UPDATE SET every = excluded.every, weekday = excluded.weekday, hour = excluded.hour, zone = excluded.zone, next_at = excluded.next_at`,
		memberID, b.ID, d.Every, int(d.Weekday), d.Hour, d.Zone, tx.Now(), d.next(b, after))
	if err != nil {
		return fmt.Errorf("notice: keep a digest: %w", err)
	}
	return nil
}

func (d Digest) period() time.Duration {
	if d.Every == Weekly {
		return 7 * 24 * time.Hour
	}
	return 24 * time.Hour
}

// StopMail ends letters of a kind to a member, StopDigest their digest; doing it
// twice is no error. The caller has checked that it may be asked.
func StopMail(ctx context.Context, d *db.DB, brandID, memberID string, k Kind) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		v, err := reader(ctx, tx, brandID, memberID)
		if err != nil {
			return err
		}
		all, _, err := Settings(ctx, tx, v)
		for _, s := range all {
			if s.Kind == k {
				s.Mail = false
				return errors.Join(err, choose(ctx, tx, brandID, memberID, k, s.Choice))
			}
		}
		return errors.Join(err, fault.New(fault.NotFound, "There are no such letters any more."))
	})
}

// StopDigest is told of at StopMail.
func StopDigest(ctx context.Context, d *db.DB, b brand.Brand, memberID string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if _, err := reader(ctx, tx, b.ID, memberID); err != nil {
			return err
		}
		at, err := digestOf(ctx, tx, b.ID, memberID)
		at.Every = Never
		return errors.Join(err, at.keep(ctx, tx, b, memberID))
	})
}

// reader is a member as one who is told.
func reader(ctx context.Context, q db.Queryer, brandID, memberID string) (member.Voice, error) {
	m, err := member.ByID(ctx, q, brandID, memberID)
	return member.Voice{Brand: brandID, Member: m}, err
}

// Due is a digest whose time has come.
type Due struct {
	Member, Brand string
	Digest
	Since  db.Time // what happened after it is told
	NextAt db.Time // when it was due
}

// NextDue returns digests that are due, those that wait longest first, at most
// so many.
func NextDue(ctx context.Context, q db.Queryer, most int) ([]Due, error) {
	rows, err := q.QueryContext(ctx, `SELECT member_id, brand_id, every, weekday, hour, zone, since, next_at FROM notice_digest
		WHERE next_at > 0 AND next_at <= $1 ORDER BY next_at LIMIT $2`, q.Now(), most)
	out, err := db.Collect(rows, err, func(r *sql.Rows) (d Due, err error) {
		err = r.Scan(&d.Member, &d.Brand, &d.Every, &d.Weekday, &d.Hour, &d.Zone, &d.Since, &d.NextAt)
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("notice: due digests: %w", err)
	}
	return out, nil
}

// Take claims a digest in the caller's transaction, up to that time: ok is false
// where another node has it, or where its member chose anew meanwhile. What
// waited for it waits no more.
func (d Due) Take(ctx context.Context, tx *db.Tx, b brand.Brand, until db.Time) (ok bool, err error) {
	res, err := tx.ExecContext(ctx, `UPDATE notice_digest SET since = $3, next_at = $4 WHERE member_id = $1 AND next_at = $2`, d.Member, d.NextAt, until, d.next(b, tx.Now()))
	if err != nil {
		return false, fmt.Errorf("notice: take a digest: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE notice SET digest = FALSE WHERE brand_id = $1 AND member_id = $2 AND digest AND at <= $3`, d.Brand, d.Member, until)
	if err != nil {
		return false, fmt.Errorf("notice: take a digest: %w", err)
	}
	return true, nil
}

// putOff is after how long a digest that could not be sent is tried again.
const putOff = 10 * time.Minute

// PutOff has a digest tried again a little later.
func (d Due) PutOff(ctx context.Context, on *db.DB) error {
	_, err := on.ExecContext(ctx, `UPDATE notice_digest SET next_at = $3 WHERE member_id = $1 AND next_at = $2`, d.Member, d.NextAt, on.Now().Add(putOff))
	if err != nil {
		return fmt.Errorf("notice: put off a digest: %w", err)
	}
	return nil
}

// enrolled is how many members are given their digest in one go.
const enrolled = 500

// Enrol gives the usual digest to a brand's members who have none, and a time
// to those without one.
func Enrol(ctx context.Context, d *db.DB, b brand.Brand) error {
	for {
		n := 0
		err := d.Tx(ctx, func(tx *db.Tx) error {
			rows, err := tx.QueryContext(ctx, `SELECT m.id FROM member m WHERE m.brand_id = $1 AND m.state = 'active' AND m.account_id <> ''
				AND NOT EXISTS (SELECT 1 FROM notice_digest x WHERE x.member_id = m.id) ORDER BY m.id LIMIT $2`, b.ID, enrolled)
			ids, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) {
				err = r.Scan(&id)
				return id, err
			})
			if err != nil {
				return err
			}
			n = len(ids)
			for _, id := range ids {
				if err := UsualDigest.keep(ctx, tx, b, id); err != nil {
					return err
				}
			}
			return awaken(ctx, tx, b)
		})
		if err != nil || n < enrolled {
			if err != nil {
				err = fmt.Errorf("notice: enrol: %w", err)
			}
			return err
		}
	}
}

// awaken gives a time to digests that came without one, from another
// installation.
func awaken(ctx context.Context, tx *db.Tx, b brand.Brand) error {
	rows, err := tx.QueryContext(ctx, `SELECT member_id, every, weekday, hour, zone FROM notice_digest WHERE brand_id = $1 AND next_at = 0 AND every <> 'never' LIMIT $2`, b.ID, enrolled)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (d Due, err error) {
		err = r.Scan(&d.Member, &d.Every, &d.Weekday, &d.Hour, &d.Zone)
		return d, err
	})
	for _, d := range all {
		if d.checked() != nil {
			d.Digest = UsualDigest
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, `UPDATE notice_digest SET every = $2, weekday = $3, hour = $4, zone = $5, since = $6, next_at = $7 WHERE member_id = $1`,
				d.Member, d.Every, int(d.Weekday), d.Hour, d.Zone, tx.Now(), d.next(b, tx.Now()))
		}
	}
	return err
}

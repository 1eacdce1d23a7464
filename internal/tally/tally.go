// Package tally rolls a community's activity up: what each member did on each
// day, what became of each topic, and the sums of days. Every row of it is a
// function of the activity behind it and of nothing else, so that counting
// twice, late or all anew comes to the same. What the sums mean is told by
// package metric, and numbers are made of them by package insight.
package tally

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
)

// Day is a day of a calendar, counted from 1970-01-01. Days of a brand are
// those of its zone, however many hours each of them has.
type Day int64

// None stands for a day that is not known, or that has not come.
const None Day = -1

const secondsOfDay = 24 * 60 * 60

// DayOf is the day on which it is that time in the zone.
func DayOf(at db.Time, zone *time.Location) Day {
	y, m, d := at.Time().In(zone).Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsOfDay)
}

// Starts is the day's first instant in the zone.
func (d Day) Starts(zone *time.Location) db.Time {
	y, m, date := time.Unix(int64(d)*secondsOfDay, 0).UTC().Date()
	return db.At(time.Date(y, m, date, 0, 0, 0, 0, zone))
}

// Date is the day as its calendar writes it, at midnight of UTC.
func (d Day) Date() time.Time { return time.Unix(int64(d)*secondsOfDay, 0).UTC() }

// Count is the job that rolls up what happened since it last ran.
type Count struct{}

// Kind names the job.
func (Count) Kind() string { return "tally.count" }

// countEvery is how old the numbers of a community may be.
const countEvery = time.Minute

// Work registers the job.
func Work(w *job.Workers, d *db.DB) {
	job.Handle(w, func(ctx context.Context, _ Count) error { return Sweep(ctx, d) })
	w.Every(countEvery, Count{})
}

// Sweep rolls up what is new in each brand, and computes the spans of those in
// which something changed or a day began.
func Sweep(ctx context.Context, d *db.DB) error {
	all, err := brand.List(ctx, d, access.System())
	if err != nil {
		return fmt.Errorf("tally: brands: %w", err)
	}
	stirred, err := activity.Stirred(ctx, d)
	if err != nil {
		return err
	}
	moved := map[string]bool{}
	for _, id := range stirred {
		moved[id] = true
	}
	for _, b := range all {
		late, err := behind(ctx, d, b)
		if err == nil && (late || moved[b.ID]) {
			err = Roll(ctx, d, b)
		}
		// A brand that is erased meanwhile is nobody's to count.
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}

// behind reports whether a brand was never counted, by another clock, or last
// on another day.
func behind(ctx context.Context, q db.Queryer, b brand.Brand) (bool, error) {
	zone, at, err := state(ctx, q, b.ID, "")
	if err != nil {
		return false, err
	}
	if zone != b.Zone {
		return true, nil
	}
	return DayOf(at, b.Location()) != DayOf(q.Now(), b.Location()), nil
}

// state is by whose clock a brand is counted, "" where it is not, and when it
// last was.
func state(ctx context.Context, q db.Queryer, brandID, lock string) (zone string, at db.Time, err error) {
	err = q.QueryRowContext(ctx, `SELECT zone, at FROM tally WHERE brand_id = $1`+lock, brandID).Scan(&zone, &at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", 0, fmt.Errorf("tally: state: %w", err)
	}
	return zone, at, nil
}

// atOnce is how many acts are rolled up in one transaction: others write
// between.
const atOnce = 1000

// Roll rolls up all that happened in the brand and computes its spans. A brand
// that was never counted, or by another clock, is counted from all its
// activity; days of which some activity is no more kept stay as they were
// counted.
func Roll(ctx context.Context, d *db.DB, b brand.Brand) error {
	zone, _, err := state(ctx, d, b.ID, "")
	if err != nil {
		return err
	}
	if zone != b.Zone {
		if err := Recount(ctx, d, b); err != nil {
			return err
		}
	}
	for n := atOnce; n >= atOnce; {
		if n, err = some(ctx, d, b); err != nil {
			return err
		}
	}
	return Compute(ctx, d, b)
}

// roll is one transaction's work on one brand. Only one is at it at a time.
type roll struct {
	tx     *db.Tx
	brand  string
	zone   *time.Location
	closed Day // days before it are no more recounted
	days   map[Day]bool
}

// within runs fn while nobody else counts the brand.
func within(ctx context.Context, d *db.DB, b brand.Brand, fn func(r roll) error) error {
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := hold(ctx, tx, b.ID); err != nil {
			return err
		}
		return fn(roll{tx: tx, brand: b.ID, zone: b.Location(), closed: Closed(b, tx.Now()), days: map[Day]bool{}})
	}, db.RowLocks)
	if err != nil {
		return fmt.Errorf("tally: %w", err)
	}
	return nil
}

// hold lets nobody else count the brand until the transaction ends. A brand
// that is not there is fault.NotFound.
func hold(ctx context.Context, tx *db.Tx, brandID string) error {
	res, err := tx.ExecContext(ctx, `INSERT INTO tally (brand_id, zone, at) SELECT id, '', 0 FROM brand WHERE id = $1 ON CONFLICT (brand_id) DO NOTHING`, brandID)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	var id string
	err = tx.QueryRowContext(ctx, `SELECT brand_id FROM tally WHERE brand_id = $1`+tx.DB.Dialect.Exclusive(), brandID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "There is no such brand, or you have no part in it.")
	}
	return err
}

// Closed is the first day that can still be recounted: of days before it the
// brand no longer keeps all activity. 0 where it keeps all.
func Closed(b brand.Brand, now db.Time) Day {
	if b.ActivityDays <= 0 {
		return 0
	}
	return DayOf(now.Add(-time.Duration(b.ActivityDays)*24*time.Hour), b.Location()) + 1
}

// some rolls up to atOnce acts up and returns how many there were.
func some(ctx context.Context, d *db.DB, b brand.Brand) (n int, err error) {
	err = within(ctx, d, b, func(r roll) error {
		all, err := activity.Fresh(ctx, r.tx, b.ID, atOnce)
		if err != nil {
			return err
		}
		n = len(all)
		if err := r.acts(ctx, all); err != nil {
			return err
		}
		if err := activity.Rolled(ctx, r.tx, b.ID, all); err != nil {
			return err
		}
		_, err = r.tx.ExecContext(ctx, `UPDATE tally SET at = $2 WHERE brand_id = $1`, b.ID, r.tx.Now())
		return err
	})
	return n, err
}

// touched are the rows that acts change.
type touched struct {
	acts    map[act]bool
	members map[string]bool
	topics  map[string]bool
}

// act is what a member did on a day.
type act struct {
	member string
	day    Day
}

func (r roll) acts(ctx context.Context, all []activity.Entry) error {
	t := touched{map[act]bool{}, map[string]bool{}, map[string]bool{}}
	for _, e := range all {
		if e.Member != "" {
			t.acts[act{e.Member, DayOf(e.At, r.zone)}], t.members[e.Member] = true, true
		}
		if e.Topic != "" {
			t.topics[e.Topic] = true
		}
		if err := r.origins(ctx, e, t); err != nil {
			return err
		}
	}
	for a := range t.acts {
		if err := r.act(ctx, a); err != nil {
			return err
		}
	}
	for id := range t.members {
		if err := r.member(ctx, id); err != nil {
			return err
		}
	}
	for id := range t.topics {
		if err := r.topic(ctx, id); err != nil {
			return err
		}
	}
	for day := range r.days {
		if err := r.day(ctx, day); err != nil {
			return err
		}
	}
	return nil
}

// origins adds the days on which that was said or felt which was taken back
// now, or brought back.
func (r roll) origins(ctx context.Context, e activity.Entry, t touched) error {
	query, args := "", []any{r.brand, e.Subject}
	switch e.Kind {
	case "reply.concealed", "reply.revealed":
		query = `SELECT member_id, at FROM activity WHERE brand_id = $1 AND subject = $2 AND kind IN ('topic.begun', 'reply.added')`
	case "reply.unreacted":
		query, args = `SELECT member_id, at FROM activity WHERE brand_id = $1 AND subject = $2 AND kind = 'reply.reacted' AND member_id = $3`, append(args, e.Member)
	default:
		return nil
	}
	rows, err := r.tx.QueryContext(ctx, query, args...)
	found, err := db.Collect(rows, err, func(rows *sql.Rows) (a act, err error) {
		var at db.Time
		err = rows.Scan(&a.member, &at)
		a.day = DayOf(at, r.zone)
		return a, err
	})
	for _, a := range found {
		if a.member != "" {
			t.acts[a], t.members[a.member] = true, true
		}
	}
	return err
}

// Forget puts a token in a member's place, in all activity and all that was
// rolled up of it, in the caller's transaction: the numbers stay, and nobody can
// tell who made them.
func Forget(ctx context.Context, tx *db.Tx, brandID, memberID string) error {
	if err := hold(ctx, tx, brandID); err != nil {
		return fmt.Errorf("tally: forget: %w", err)
	}
	token := db.NewID()
	if err := activity.Disown(ctx, tx, brandID, memberID, token); err != nil {
		return err
	}
	for _, table := range []string{"tally_act", "tally_member"} {
		if _, err := tx.ExecContext(ctx, `UPDATE `+table+` SET member_id = $3 WHERE brand_id = $1 AND member_id = $2`, brandID, memberID, token); err != nil {
			return fmt.Errorf("tally: forget: %w", err)
		}
	}
	return nil
}

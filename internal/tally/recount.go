package tally

import (
	"context"
	"database/sql"
	"slices"

	"rapport/internal/brand"
	"rapport/internal/db"
)

// Recount counts a brand from all the activity that it keeps, a day and some
// hundred topics or members at a time, and comes to the same as counting act by
// act. It may be broken off: the next one begins anew. Days of which some
// activity is no more kept stay as they are.
func Recount(ctx context.Context, d *db.DB, b brand.Brand) error {
	var began db.Time
	err := within(ctx, d, b, func(r roll) error {
		// What is not rolled up yet is counted with the rest.
		if _, err := r.tx.ExecContext(ctx, `DELETE FROM activity_fresh WHERE brand_id = $1`, r.brand); err != nil {
			return err
		}
		began = r.tx.Now()
		_, err := r.tx.ExecContext(ctx, `UPDATE tally SET zone = '', at = $2 WHERE brand_id = $1`, r.brand, began)
		return err
	})
	if err != nil {
		return err
	}
	from, to, err := reach(ctx, d, b)
	if err != nil {
		return err
	}
	for day := from; day <= to; day++ {
		if err := within(ctx, d, b, func(r roll) error { return r.recountDay(ctx, day) }); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		key, rolled string
		row         func(roll, context.Context, string) error
	}{
		{"topic_id", "tally_topic", roll.topic},
		{"member_id", "tally_member", roll.member},
	} {
		after := ""
		for more := true; more; {
			var last string
			err := within(ctx, d, b, func(r roll) (err error) {
				last, more, err = r.recountSome(ctx, part.key, part.rolled, after, part.row)
				return err
			})
			if err != nil {
				return err
			}
			after = last
		}
	}
	for day := from; day <= to; day++ {
		if err := within(ctx, d, b, func(r roll) error { return r.day(ctx, day) }); err != nil {
			return err
		}
	}
	// Unless somebody else began anew meanwhile, or brought activity in.
	return within(ctx, d, b, func(r roll) error {
		_, err := r.tx.ExecContext(ctx, `UPDATE tally SET zone = $2, at = $3 WHERE brand_id = $1 AND at = $4`, r.brand, b.Zone, r.tx.Now(), began)
		return err
	})
}

// reach is from which day to which there is something to count, or was.
func reach(ctx context.Context, d *db.DB, b brand.Brand) (from, to Day, err error) {
	var first, last sql.NullInt64
	var any bool
	if err := d.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM activity WHERE brand_id = $1 AND member_id <> '') OR EXISTS (SELECT 1 FROM tally_day WHERE brand_id = $1)`, b.ID).Scan(&any); err != nil || !any {
		return 0, -1, err // it has no community, or one in which nothing happened
	}
	err = d.QueryRowContext(ctx, `SELECT (SELECT MIN(at) FROM activity WHERE brand_id = $1), (SELECT MAX(at) FROM activity WHERE brand_id = $1)`, b.ID).Scan(&first, &last)
	if err != nil {
		return 0, -1, err
	}
	var least, most sql.NullInt64
	err = d.QueryRowContext(ctx, `SELECT (SELECT MIN(day) FROM tally_day WHERE brand_id = $1), (SELECT MAX(day) FROM tally_day WHERE brand_id = $1)`, b.ID).Scan(&least, &most)
	if err != nil {
		return 0, -1, err
	}
	from, to = DayOf(d.Now(), b.Location()), DayOf(d.Now(), b.Location())
	if first.Valid {
		from, to = min(from, DayOf(db.Time(first.Int64), b.Location())), max(to, DayOf(db.Time(last.Int64), b.Location()))
	}
	if least.Valid {
		from, to = min(from, Day(least.Int64)), max(to, Day(most.Int64))
	}
	return max(from, Closed(b, d.Now())), to, nil
}

func (r roll) recountDay(ctx context.Context, day Day) error {
	if _, err := r.tx.ExecContext(ctx, `DELETE FROM tally_act WHERE brand_id = $1 AND day = $2`, r.brand, day); err != nil {
		return err
	}
	all, err := r.did(ctx, day, "")
	if err != nil {
		return err
	}
	return r.saveActs(ctx, day, all)
}

const keysAtOnce = 300

// recountSome finds rows anew by their keys after the one given, and returns
// the last of them and whether there are more.
func (r roll) recountSome(ctx context.Context, key, rolled, after string, row func(roll, context.Context, string) error) (last string, more bool, err error) {
	var keys []string
	for _, query := range []string{
		`SELECT DISTINCT ` + key + ` FROM activity WHERE brand_id = $1 AND ` + key + ` <> '' AND ` + key + ` > $2 ORDER BY ` + key + ` LIMIT $3`,
		`SELECT ` + key + ` FROM ` + rolled + ` WHERE brand_id = $1 AND ` + key + ` > $2 ORDER BY ` + key + ` LIMIT $3`,
	} {
		rows, err := r.tx.QueryContext(ctx, query, r.brand, after, keysAtOnce)
		some, err := db.Collect(rows, err, func(rows *sql.Rows) (k string, err error) {
			err = rows.Scan(&k)
			return k, err
		})
		if err != nil {
			return after, false, err
		}
		keys = append(keys, some...)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	if keys = keys[:min(len(keys), keysAtOnce)]; len(keys) == 0 {
		return after, false, nil
	}
	for _, k := range keys {
		if err := row(r, ctx, k); err != nil {
			return after, false, err
		}
	}
	return keys[len(keys)-1], len(keys) == keysAtOnce, nil
}

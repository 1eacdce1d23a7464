package post

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// What of a brand must be approved.
const (
	RuleNever    = "never"
	RuleAlways   = "always"
	RuleChannels = "channels" // what goes to one of those that are named
)

// Rule says what of a brand must be approved before it goes out. Answers in
// conversations never must.
type Rule struct {
	Mode     string
	Channels []string      // ids, with RuleChannels
	Own      bool          // one may approve what one wrote oneself
	Remind   time.Duration // so long before the planned time, in whole hours; 0 is never
	version  int64
	every    int64            // the version since which all channels ask; 0: not all do
	since    map[string]int64 // the same by channel
}

const (
	usualRemind = 4 * time.Hour
	mostRemind  = 14 * 24 * time.Hour
)

// Asks reports whether one of the channels asks for approval.
func (r Rule) Asks(channels ...string) bool {
	if r.every > 0 {
		return len(channels) > 0
	}
	return slices.ContainsFunc(channels, func(c string) bool { return r.since[c] > 0 })
}

// RuleOf returns what the brand asks for.
func RuleOf(ctx context.Context, q db.Queryer, who access.Who, brandID string) (Rule, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return Rule{}, err
	}
	return ruleOf(ctx, q, brandID)
}

func ruleOf(ctx context.Context, q db.Queryer, brandID string) (Rule, error) {
	r := Rule{Mode: RuleNever, Remind: usualRemind, since: map[string]int64{}}
	var hours int64
	err := q.QueryRowContext(ctx, `SELECT version, every_since, own, remind_h FROM approval_rule WHERE brand_id = $1`, brandID).
		Scan(&r.version, &r.every, &r.Own, &hours)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("post: rule: %w", err)
	}
	r.Remind = time.Duration(hours) * time.Hour
	rows, err := q.QueryContext(ctx, `SELECT channel_id, since FROM approval_channel WHERE brand_id = $1`, brandID)
	_, err = db.Collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var id string
		var since int64
		err := rows.Scan(&id, &since)
		r.since[id] = since
		return struct{}{}, err
	})
	if err != nil {
		return r, fmt.Errorf("post: rule: %w", err)
	}
	r.Channels = slices.Sorted(maps.Keys(r.since))
	switch {
	case r.every > 0:
		r.Mode = RuleAlways
	case len(r.Channels) > 0:
		r.Mode = RuleChannels
	}
	return r, nil
}

// SetRule changes what the brand asks for. What was scheduled before stays
// so; see Unchecked. RuleChannels without channels is fault.Invalid.
func SetRule(ctx context.Context, d *db.DB, who access.Who, brandID string, to Rule) (Rule, error) {
	var r Rule
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.BrandWrite); err != nil {
			return err
		}
		// The fences that are at the gate pass it first.
		var id string
		if err := tx.QueryRowContext(ctx, `SELECT id FROM brand WHERE id = $1`+tx.DB.Dialect.Exclusive(), brandID).Scan(&id); err != nil {
			return fmt.Errorf("post: rule: %w", err)
		}
		old, err := ruleOf(ctx, tx, brandID)
		if err != nil {
			return err
		}
		if r, err = to.checked(ctx, tx, brandID); err != nil {
			return err
		}
		changes := old.changes(r)
		if len(changes) == 0 {
			return nil
		}
		r.follow(old)
		if err := r.write(ctx, tx, brandID); err != nil {
			return err
		}
		return errors.Join(
			audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "approval.changed", Subject: brandID, Detail: changes}),
			outbox.Add(ctx, tx, outbox.Event{Brand: brandID, Kind: "approval.changed", Subject: brandID}))
	}, db.Durable)
	return r, err
}

func (r Rule) checked(ctx context.Context, q db.Queryer, brandID string) (Rule, error) {
	var bad faults
	switch r.Mode {
	case RuleNever, RuleAlways:
		r.Channels = nil
	case RuleChannels:
		r.Channels = slices.Clone(r.Channels)
		slices.Sort(r.Channels)
		r.Channels = slices.Compact(r.Channels)
		if len(r.Channels) == 0 || len(r.Channels) > MostVariants {
			bad.say("channels", "Choose at least one channel.")
			break
		}
		known, err := channel.ByIDs(ctx, q, brandID, r.Channels)
		if err != nil {
			return r, err
		}
		if len(known) < len(r.Channels) {
			bad.say("channels", "One of the channels is not there. Choose again.")
		}
	default:
		bad.say("mode", "Choose one of: never, always, channels.")
	}
	if r.Remind < 0 || r.Remind > mostRemind {
		bad.say("remind", "Choose 0 to %d hours.", int(mostRemind/time.Hour))
	}
	r.Remind = r.Remind.Truncate(time.Hour)
	return r, fault.OnFields(bad)
}

// changes are what became different, for the audit.
func (r Rule) changes(to Rule) map[string]string {
	out := map[string]string{}
	if r.Mode != to.Mode {
		out["mode"] = r.Mode + " → " + to.Mode
	}
	if !slices.Equal(r.Channels, to.Channels) {
		out["channels"] = strings.Join(to.Channels, " ")
	}
	if r.Own != to.Own {
		out["own"] = fmt.Sprintf("%v → %v", r.Own, to.Own)
	}
	if r.Remind != to.Remind {
		out["remind"] = fmt.Sprintf("%v → %v", r.Remind, to.Remind)
	}
	return out
}

// follow gives the rule its version and keeps since when each channel asks.
func (r *Rule) follow(old Rule) {
	r.version, r.every, r.since = old.version+1, 0, map[string]int64{}
	if r.Mode == RuleAlways {
		if r.every = old.every; r.every == 0 {
			r.every = r.version
		}
	}
	for _, c := range r.Channels {
		if r.since[c] = old.since[c]; r.since[c] == 0 {
			if r.since[c] = old.every; r.since[c] == 0 {
				r.since[c] = r.version
			}
		}
	}
}

func (r Rule) write(ctx context.Context, tx *db.Tx, brandID string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO approval_rule (brand_id, version, every_since, own, remind_h, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (brand_id) DO UPDATE SET version = excluded.version, every_since = excluded.every_since, own = excluded.own,
			remind_h = excluded.remind_h, changed_at = excluded.changed_at`,
		brandID, r.version, r.every, r.Own, int64(r.Remind/time.Hour), tx.Now())
	if err == nil {
		_, err = tx.ExecContext(ctx, `DELETE FROM approval_channel WHERE brand_id = $1`, brandID)
	}
	if err == nil {
		var rows [][]any
		for _, c := range r.Channels {
			rows = append(rows, []any{c, brandID, r.since[c]})
		}
		err = db.Many(ctx, tx, `INSERT INTO approval_channel (channel_id, brand_id, since) VALUES ($1, $2, $3)`, rows)
	}
	if err != nil {
		return fmt.Errorf("post: rule: %w", err)
	}
	return nil
}

// unchecked are the posts that still go out although a channel of theirs asks
// for an approval that nobody gave.
const unchecked = `FROM delivery d JOIN post p ON p.id = d.post_id
	LEFT JOIN approval_rule r ON r.brand_id = d.brand_id
	LEFT JOIN approval_channel c ON c.channel_id = d.channel_id
	WHERE d.brand_id = $1 AND d.state = 'scheduled' AND d.state NOT IN ('published', 'cancelled') AND d.kind = 'post' AND p.approval <> 'given'
		AND (COALESCE(r.every_since, 0) > 0 OR c.since > 0)`

// Unchecked counts the posts that were scheduled before the brand asked for
// approval, and that nobody else has approved. They go out as they stand.
func Unchecked(ctx context.Context, q db.Queryer, who access.Who, brandID string) (n int, err error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return 0, err
	}
	if err := q.QueryRowContext(ctx, `SELECT COUNT(DISTINCT d.post_id) `+unchecked, brandID).Scan(&n); err != nil {
		return 0, fmt.Errorf("post: unchecked: %w", err)
	}
	return n, nil
}

// mostRecalled bounds one Recall; what is left is counted anew.
const mostRecalled = 500

// Recall takes those that Unchecked counts off the plan and into review, with
// the times they had, and returns how many. What is being sent in this moment
// is left alone.
func Recall(ctx context.Context, d *db.DB, who access.Who, brandID string) (n int, err error) {
	err = d.Tx(ctx, func(tx *db.Tx) error {
		n = 0
		for _, a := range []access.Action{access.BrandWrite, access.PostPublish} {
			if err := who.May(tx.Now(), brandID, a); err != nil {
				return err
			}
		}
		rows, err := tx.QueryContext(ctx, `SELECT DISTINCT d.post_id `+unchecked+` ORDER BY d.post_id LIMIT $2`, brandID, mostRecalled)
		ids, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
		if err != nil {
			return fmt.Errorf("post: recall: %w", err)
		}
		for _, id := range ids {
			done, err := recall(ctx, tx, who, brandID, id)
			if err != nil {
				return err
			}
			if done {
				n++
			}
		}
		return nil
	}, db.Durable)
	return n, err
}

func recall(ctx context.Context, tx *db.Tx, who access.Who, brandID, id string) (bool, error) {
	p, err := byID(ctx, tx, brandID, id)
	if err != nil {
		return false, err
	}
	if open, err := openOf(ctx, tx, p); err != nil || !withdrawable(open) {
		return false, err
	}
	if err := takeBack(ctx, tx, who, &p, true); err != nil {
		return false, err
	}
	p.submit(who, tx.Now())
	return true, step(ctx, tx, who, p, "recalled", "")
}

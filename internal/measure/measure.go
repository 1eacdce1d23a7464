// Package measure reads the numbers of what is out, and of its channels, from
// the networks that tell them, and keeps them as history. It computes nothing
// from them. What a network does not tell is not kept: not known is not 0.
package measure

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/metric"
	"rapport/internal/network"
)

// Ages are how long after it went out a delivery's numbers are read.
var Ages = []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour}

// FollowersEvery is how often a channel's followers are counted.
const FollowersEvery = 6 * time.Hour

const (
	sweepEvery = 5 * time.Minute
	// A job reads so many deliveries, that it ends well within its time.
	perJob = 50
	// So many deliveries of a brand and an age are looked for in one sweep;
	// more can only be due after a long stop, and come with the next ones.
	perSweep = 2000
)

// Meter finds what is due to be read, and reads it.
type Meter struct {
	DB       *db.DB
	Channels *channel.Channels
}

// Sweep is the job that finds what is due.
type Sweep struct{}

// Kind names the job.
func (Sweep) Kind() string { return "measure.sweep" }

// Look is the job that reads the numbers of deliveries of one channel.
type Look struct {
	Brand      string   `json:"brand"`
	Channel    string   `json:"channel"`
	Deliveries []string `json:"deliveries"`
}

// Kind names the job.
func (Look) Kind() string { return "measure.look" }

// Count is the job that reads a channel's number of followers.
type Count struct {
	Brand   string `json:"brand"`
	Channel string `json:"channel"`
}

// Kind names the job.
func (Count) Kind() string { return "measure.count" }

// Work registers the jobs.
func (m *Meter) Work(w *job.Workers) {
	job.Handle(w, func(ctx context.Context, _ Sweep) error { return m.Sweep(ctx) })
	job.Handle(w, m.Look)
	job.Handle(w, m.Count)
	w.Every(sweepEvery, Sweep{})
}

// Sweep inserts a job for everything that came of an age since the sweep
// before, each delivery once, and notes how far it came. The first sweep of an
// installation begins at its own time.
func (m *Meter) Sweep(ctx context.Context) error {
	err := m.DB.Tx(ctx, func(tx *db.Tx) error {
		from, err := since(ctx, tx)
		if err != nil {
			return err
		}
		brands, err := brand.List(ctx, tx, access.System())
		if err != nil {
			return err
		}
		for _, b := range brands {
			if err := m.sweep(ctx, tx, b.ID, from); err != nil {
				return err
			}
		}
		return reach(ctx, tx, tx.Now())
	})
	if err != nil {
		return fmt.Errorf("measure: sweep: %w", err)
	}
	return nil
}

const progressName = "measure.sweep"

func since(ctx context.Context, tx *db.Tx) (at db.Time, err error) {
	err = tx.QueryRowContext(ctx, `SELECT at FROM progress WHERE name = $1`, progressName).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return tx.Now(), nil
	}
	return at, err
}

func reach(ctx context.Context, tx *db.Tx, at db.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO progress (name, at) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE excluded.at > progress.at`, progressName, at)
	return err
}

func (m *Meter) sweep(ctx context.Context, tx *db.Tx, brandID string, from db.Time) error {
	measured, fresh, err := m.measured(ctx, tx, brandID, from)
	if err != nil {
		return err
	}
	due, err := aged(ctx, tx, brandID, from)
	if err != nil {
		return err
	}
	for _, c := range measured {
		for some := range slices.Chunk(due[c], perJob) {
			if err := job.Insert(ctx, tx, Look{brandID, c, some}, 0); err != nil {
				return err
			}
		}
		if from/period == tx.Now()/period && !fresh[c] {
			continue
		}
		if err := job.Insert(ctx, tx, Count{brandID, c}, 0); err != nil {
			return err
		}
	}
	return nil
}

const period = db.Time(FollowersEvery / time.Millisecond)

// measured are the channels that work and whose network tells numbers, and
// those of them that began to work since the sweep before.
func (m *Meter) measured(ctx context.Context, tx *db.Tx, brandID string, from db.Time) (out []string, fresh map[string]bool, err error) {
	all, err := channel.List(ctx, tx, access.System(), brandID)
	if err != nil {
		return nil, nil, err
	}
	fresh = map[string]bool{}
	for _, c := range all {
		n, err := m.Channels.Networks.Named(c.Network)
		if err != nil {
			continue // a network that this program no longer knows
		}
		if _, ok := n.(network.Measurer); ok && c.State == channel.StateConnected {
			out = append(out, c.ID)
			fresh[c.ID] = c.StateAt >= from && c.StateAt < tx.Now()
		}
	}
	return out, fresh, nil
}

// aged are the deliveries that reached one of the ages, by channel.
func aged(ctx context.Context, tx *db.Tx, brandID string, from db.Time) (map[string][]string, error) {
	out, seen := map[string][]string{}, map[string]bool{}
	for _, age := range Ages {
		all, err := delivery.PublishedBetween(ctx, tx, brandID, from.Add(-age), tx.Now().Add(-age), perSweep)
		if err != nil {
			return nil, err
		}
		for _, d := range all {
			if !seen[d.ID] {
				out[d.Channel] = append(out[d.Channel], d.ID)
			}
			seen[d.ID] = true
		}
	}
	return out, nil
}

// Look reads the numbers of the deliveries' first parts. A channel that is no
// longer there, or a network that tells none, is no error.
func (m *Meter) Look(ctx context.Context, l Look) error {
	net, t, err := m.open(ctx, l.Brand, l.Channel)
	if net == nil || err != nil {
		return err
	}
	refs, of, err := m.refs(ctx, l)
	if err != nil || len(refs) == 0 {
		return err
	}
	found, failed := net.Measure(ctx, t, refs)
	var readings []metric.Reading
	for id, c := range found {
		readings = append(readings, m.readings(metric.Reading{Brand: l.Brand, Subject: of[id], At: db.At(c.At)}, c)...)
	}
	return m.keep(ctx, l.Channel, l.Brand, readings, m.renewed(ctx, l.Channel, l.Brand, t, failed))
}

// refs are what the network calls the deliveries, and the way back.
func (m *Meter) refs(ctx context.Context, l Look) ([]network.Ref, map[string]string, error) {
	var refs []network.Ref
	of := map[string]string{}
	for _, id := range l.Deliveries {
		d, err := delivery.ByID(ctx, m.DB, l.Brand, id)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if d.State != delivery.Published || len(d.Parts) == 0 || d.Parts[0].Ref.ID == "" {
			continue // taken down since, or out by a person's word only
		}
		refs, of[d.Parts[0].Ref.ID] = append(refs, d.Parts[0].Ref), d.ID
	}
	return refs, of, nil
}

func (m *Meter) readings(r metric.Reading, c network.Counters) []metric.Reading {
	return m.told(r, map[string]*int64{metric.Likes: c.Likes, metric.Shares: c.Shares, metric.Comments: c.Comments,
		metric.Quotes: c.Quotes, metric.Views: c.Views})
}

// told makes a reading like r of each number that the network told.
func (m *Meter) told(r metric.Reading, numbers map[string]*int64) []metric.Reading {
	if r.At == 0 {
		r.At = m.DB.Now()
	}
	var out []metric.Reading
	for name, v := range numbers {
		if v != nil {
			r.Name, r.Value = name, *v
			out = append(out, r)
		}
	}
	return out
}

// Count reads the account's own numbers.
func (m *Meter) Count(ctx context.Context, c Count) error {
	net, t, err := m.open(ctx, c.Brand, c.Channel)
	if net == nil || err != nil {
		return err
	}
	found, err := net.MeasureAccount(ctx, t)
	if err != nil {
		return m.keep(ctx, c.Channel, c.Brand, nil, m.renewed(ctx, c.Channel, c.Brand, t, err))
	}
	r := metric.Reading{Brand: c.Brand, Subject: c.Channel, At: db.At(found.At)}
	return m.keep(ctx, c.Channel, c.Brand, m.told(r, map[string]*int64{
		metric.Followers: found.Followers, metric.Following: found.Following, metric.Posts: found.Posts}), nil)
}

// open returns no network where there is nothing to ask any more.
func (m *Meter) open(ctx context.Context, brandID, id string) (network.Measurer, network.Target, error) {
	p, t, c, err := m.Channels.Fresh(ctx, brandID, id)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict) {
		return nil, t, nil
	}
	if err != nil {
		return nil, t, fmt.Errorf("measure: open: %w", err)
	}
	net, ok := p.(network.Measurer)
	if !ok || c.State != channel.StateConnected {
		return nil, t, nil
	}
	return net, t, nil
}

// renewed sees to it that the next try has a new credential where this one had
// expired.
func (m *Meter) renewed(ctx context.Context, id, brandID string, used network.Target, failed error) error {
	if !network.HasExpired(failed) {
		return failed
	}
	if err := m.Channels.Renew(ctx, brandID, id, used); err != nil {
		return err
	}
	return failed
}

// keep saves what was read, failure or not, and says when to try again.
func (m *Meter) keep(ctx context.Context, id, brandID string, readings []metric.Reading, failed error) error {
	if len(readings) > 0 {
		err := m.DB.Tx(ctx, func(tx *db.Tx) error { return metric.Record(ctx, tx, readings) })
		if err != nil {
			return fmt.Errorf("measure: keep: %w", err)
		}
	}
	if failed == nil {
		return nil
	}
	switch network.VerdictOf(failed) {
	case network.Throttled:
		return job.Snooze(wait(failed))
	case network.Unauthorized:
		err := m.DB.Tx(ctx, func(tx *db.Tx) error {
			return channel.Attention(ctx, tx, brandID, id, "The network no longer accepts the sign-in. Reconnect it.")
		})
		if err != nil {
			return fmt.Errorf("measure: mark the channel: %w", err)
		}
		return job.Cancel(failed)
	case network.Refused:
		return job.Cancel(failed)
	}
	return fmt.Errorf("measure: read: %w", failed)
}

func wait(failed error) time.Duration {
	var e *network.Error
	if errors.As(failed, &e) {
		return max(e.RetryAfter, time.Minute)
	}
	return time.Minute
}

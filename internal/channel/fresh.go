package channel

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/network"
)

const (
	// A credential that ends sooner is renewed before it is handed out: no call
	// takes longer.
	ending = 3 * time.Minute
	// The job renews what ends within early, so that a network that is out of
	// reach for a while has time to come back.
	early       = 30 * time.Minute
	renewEvery  = 5 * time.Minute
	renewSpread = 4 * time.Minute
	mostRenewed = 1000 // in one round; the soonest to end come first
)

// Fresh is Target with a credential that does not end during the call: one
// that ends within minutes is renewed first. Where that fails for now, what is
// there is handed out, and the network says what it thinks of it.
func (cs *Channels) Fresh(ctx context.Context, brandID, id string) (network.Publisher, network.Target, Channel, error) {
	c, t, err := cs.fresh(ctx, brandID, id)
	if err != nil {
		return nil, network.Target{}, c, err
	}
	p, err := cs.Networks.Publisher(c.Network)
	return p, t, c, err
}

func (cs *Channels) fresh(ctx context.Context, brandID, id string) (Channel, network.Target, error) {
	c, t, err := cs.target(ctx, cs.DB, brandID, id)
	if err != nil || c.State != StateConnected || c.ExpiresAt == 0 || c.ExpiresAt > cs.DB.Now().Add(ending) {
		return c, t, err
	}
	if _, err := cs.Refresh(ctx, brandID, id); err != nil && ctx.Err() != nil {
		return c, t, err
	}
	return cs.target(ctx, cs.DB, brandID, id)
}

// Renew is for who called a network with the target and was told that its
// credential has expired. Whoever comes second, on whatever node, finds it
// renewed. An error with the verdict Unauthorized means that a person must
// connect again, and is noted at the channel.
func (cs *Channels) Renew(ctx context.Context, brandID, id string, used network.Target) error {
	_, _, err := cs.renewed(ctx, brandID, id, used)
	return err
}

func (cs *Channels) renewed(ctx context.Context, brandID, id string, used network.Target) (Channel, network.Target, error) {
	c, t, err := cs.target(ctx, cs.DB, brandID, id)
	if err != nil || !maps.Equal(t.Credential, used.Credential) {
		return c, t, err
	}
	if c, err := cs.refreshOnce(ctx, brandID, id, used.Credential); err != nil {
		return c, t, err
	}
	return cs.target(ctx, cs.DB, brandID, id)
}

// Do makes a call with a fresh credential, and once more with a new one where
// the network says that it has expired all the same. It returns what the call
// returned, so that its *network.Error can be read.
func (cs *Channels) Do(ctx context.Context, brandID, id string, call func(network.Publisher, network.Target, Channel) error) error {
	p, t, c, err := cs.Fresh(ctx, brandID, id)
	if err != nil {
		return err
	}
	if err = call(p, t, c); !network.HasExpired(err) {
		return err
	}
	if err := cs.Renew(ctx, brandID, id, t); err != nil {
		return err
	}
	if p, t, c, err = cs.Target(ctx, cs.DB, brandID, id); err != nil {
		return err
	}
	return call(p, t, c)
}

// Renewals is the job that finds the credentials that end soon.
type Renewals struct{}

// Kind names the job.
func (Renewals) Kind() string { return "channel.renewals" }

// Renewal is the job that renews one of them.
type Renewal struct {
	Brand   string `json:"brand"`
	Channel string `json:"channel"`
}

// Kind names the job.
func (Renewal) Kind() string { return "channel.renewal" }

// Work registers the jobs.
func (cs *Channels) Work(w *job.Workers) {
	job.Handle(w, func(ctx context.Context, _ Renewals) error { return cs.Renewals(ctx) })
	job.Handle(w, cs.Renewal)
	w.Every(renewEvery, Renewals{})
}

// Renewals inserts a job for each credential that ends soon, spread in time so
// that a network is not asked for all of them at once.
func (cs *Channels) Renewals(ctx context.Context) error {
	err := cs.DB.Tx(ctx, func(tx *db.Tx) error {
		all, err := Expiring(ctx, tx, tx.Now().Add(early), mostRenewed)
		if err != nil {
			return err
		}
		for _, c := range all {
			at := tx.Now()
			if c.ExpiresAt > at.Add(renewEvery) {
				at = at.Add(rand.N(renewSpread))
			}
			if err := job.Insert(ctx, tx, Renewal{c.Brand, c.ID}, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("channel: find what ends soon: %w", err)
	}
	return nil
}

// Renewal renews one channel's credential, unless that was done meanwhile. It
// does not try again by itself: the next round finds what is left.
func (cs *Channels) Renewal(ctx context.Context, r Renewal) error {
	c, _, err := cs.target(ctx, cs.DB, r.Brand, r.Channel)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict) {
		return nil
	}
	if err != nil {
		return err
	}
	if c.State != StateConnected || c.ExpiresAt == 0 || c.ExpiresAt > cs.DB.Now().Add(early) {
		return nil
	}
	_, err = cs.Refresh(ctx, r.Brand, r.Channel)
	if err != nil && !errors.Is(err, context.Canceled) {
		return job.Cancel(err)
	}
	return err
}

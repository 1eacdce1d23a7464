package channel

import (
	"context"
	"fmt"
	"maps"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/network"
)

// renewLease is longer than any refresh call may take.
const renewLease = 2 * time.Minute

// Refresh renews the channel's credential where its network can. Of many
// callers on all nodes one asks the network; the others get the channel as it
// is then kept, which may still hold the old credential. A failure that may
// pass changes nothing; only a refusal makes the channel need attention.
// Who gives up waiting leaves the renewal to end by itself.
func (cs *Channels) Refresh(ctx context.Context, brandID, id string) (Channel, error) {
	return cs.refreshOnce(ctx, brandID, id, nil)
}

// refreshOnce does nothing where used is given and is no longer the channel's
// credential.
func (cs *Channels) refreshOnce(ctx context.Context, brandID, id string, used network.Credential) (Channel, error) {
	done := cs.renewing.DoChan(brandID+" "+id, func() (any, error) {
		return cs.refresh(context.WithoutCancel(ctx), brandID, id, used)
	})
	select {
	case got := <-done:
		c, _ := got.Val.(Channel)
		return c, got.Err
	case <-ctx.Done():
		return Channel{}, ctx.Err()
	}
}

func (cs *Channels) refresh(ctx context.Context, brandID, id string, used network.Credential) (Channel, error) {
	c, t, err := cs.target(ctx, cs.DB, brandID, id)
	if err != nil {
		return c, err
	}
	n, err := cs.Networks.Named(c.Network)
	if err != nil {
		return c, err
	}
	r, can := n.(network.Refresher)
	if !can {
		return c, nil
	}
	mine, err := claimRenewal(ctx, cs.DB, brandID, id)
	if err != nil || !mine {
		return c, err
	}
	old := c.ExpiresAt
	if c, t, err = cs.target(ctx, cs.DB, brandID, id); err != nil {
		return c, err
	}
	if c.ExpiresAt != old || used != nil && !maps.Equal(used, t.Credential) {
		// Another node renewed it before the claim.
		return c, cs.DB.Tx(ctx, func(tx *db.Tx) error { return endRenewal(ctx, tx, brandID, id) })
	}
	return cs.renew(ctx, r, c, t)
}

func (cs *Channels) renew(ctx context.Context, r network.Refresher, c Channel, t network.Target) (Channel, error) {
	ctx, stop := context.WithTimeout(ctx, renewLease/2)
	defer stop()
	a, err := r.Refresh(ctx, t)
	if err == nil {
		if a.ID == "" {
			a.ID = c.RemoteID
		}
		a.Server = c.Server
		if a.ID != c.RemoteID {
			return c, fmt.Errorf("channel: the renewed credential of %s belongs to another account", c.ID)
		}
		return cs.keep(ctx, access.System(), found{c.Brand, r.Facts(), a, renewing, t.Credential})
	}
	saved := cs.DB.Tx(ctx, func(tx *db.Tx) error {
		if network.VerdictOf(err) == network.Unauthorized {
			if err := cs.dead(ctx, tx, c, t.Credential); err != nil {
				return err
			}
		}
		return endRenewal(ctx, tx, c.Brand, c.ID)
	})
	if saved != nil {
		return c, saved
	}
	return c, asFault(r.Facts().Title, err)
}

// dead says that the access has ended, unless somebody connected the channel
// again while the network was asked about the old one.
func (cs *Channels) dead(ctx context.Context, tx *db.Tx, c Channel, used network.Credential) error {
	same, err := cs.stillHas(ctx, tx, c, used)
	if err != nil || !same {
		return err
	}
	return Attention(ctx, tx, c.Brand, c.ID, expired(c))
}

// stillHas reports whether the channel's credential is the one that was used.
func (cs *Channels) stillHas(ctx context.Context, tx *db.Tx, c Channel, used network.Credential) (bool, error) {
	now, sealed, err := byID(ctx, tx, c.Brand, c.ID)
	if err != nil || now.State == StateRemoved {
		return false, err
	}
	kept, err := cs.open(now, sealed)
	return maps.Equal(kept, used), err
}

func expired(c Channel) string {
	return fmt.Sprintf("The access to %s has ended. Connect it again.", c.Handle)
}

// Expiring returns connected channels whose credential ends before the time,
// the soonest first; at most limit. It is for the job that renews them.
func Expiring(ctx context.Context, q db.Queryer, before db.Time, limit int) ([]Channel, error) {
	return list(ctx, q, `SELECT `+columns+` FROM channel WHERE expires_at > 0 AND expires_at < $1 AND state = 'connected'
		ORDER BY expires_at LIMIT $2`, before, limit)
}

package channel

import (
	"context"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/outbox"
)

// Own keeps the brand's own place on a network of this program as one of its
// channels, in the caller's transaction: it is made where there is none, and
// else follows what is said of it. There is nothing to sign in to, so it has no
// credential, and it is nobody's act.
func (cs *Channels) Own(ctx context.Context, tx *db.Tx, f network.Facts, brandID string, a network.Account) (Channel, error) {
	old, _, err := byRemote(ctx, tx, brandID, f.Name, a.Server, a.ID)
	if err != nil {
		return old, err
	}
	c := fromAccount(old, found{brand: brandID, facts: f, account: a})
	c.State, c.StateReason = StateConnected, ""
	if old.ID == "" {
		c.ID, c.CreatedAt, c.StateAt, c.WorkedAt = db.NewID(), tx.Now(), tx.Now(), tx.Now()
	}
	if err := upsert(ctx, tx, c, cs.seal(c, network.Credential{})); err != nil {
		return c, err
	}
	return c, outbox.Add(ctx, tx, outbox.Event{Brand: brandID, Kind: "channel.changed", Subject: c.ID})
}

// OwnOf returns the brand's own channel on a network of this program, or
// fault.NotFound while there is none. The caller has checked what it is for.
func OwnOf(ctx context.Context, q db.Queryer, brandID, networkName string) (Channel, error) {
	c, _, err := byRemote(ctx, q, brandID, networkName, "", networkName)
	if err == nil && c.ID == "" {
		err = fault.New(fault.NotFound, "There is no such channel.")
	}
	return c, err
}

// own reports whether a channel is the brand's own place in this program.
func (cs *Channels) own(c Channel) bool {
	if cs.Networks == nil {
		return false
	}
	n, err := cs.Networks.Named(c.Network)
	return err == nil && n.Facts().Own
}

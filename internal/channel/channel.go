// Package channel is one connected account on a network: who it is there, what
// it may send, whether it works, and the sealed credential. It calls a network
// only to connect, to check and to renew a credential; sending is not its
// matter.
package channel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/network"
	"rapport/internal/outbox"
	"rapport/internal/secret"
)

// The states of a channel.
const (
	StateConnected = "connected"
	StateAttention = "attention" // a person must connect it again
	StateRemoved   = "removed"   // kept for the history, without a credential
)

// Channel is one row without its credential.
type Channel struct {
	ID, Brand   string
	Network     string // name of the network
	Server      string // base address; "" where the network has one only
	RemoteID    string // the network's id of the account
	Handle      string
	Name        string
	AvatarURL   string
	URL         string
	Limits      network.Limits
	Details     map[string]string // what the connector noted: software, version, granted scopes
	State       string
	StateReason string // why it needs attention, for a person
	StateAt     db.Time
	ExpiresAt   db.Time // of the credential; 0 is never
	ReadyAt     db.Time // the network asked to send nothing before
	WorkedAt    db.Time // last seen working, to the minute
	CreatedAt   db.Time
}

// AppScope names what the network may limit for all accounts together; it is
// the key of rate_limit.
func (c Channel) AppScope() string { return c.Network + " " + c.Server }

// Software is what runs on the channel's server, with its version: "Mastodon
// 4.4.1"; "" where it did not say.
func (c Channel) Software() string {
	name := c.Details["software"]
	switch name {
	case "gotosocial":
		name = "GoToSocial"
	case "":
		return ""
	}
	return strings.TrimSpace(strings.ToUpper(name[:1]) + name[1:] + " " + c.Details["version"])
}

// Channels connects channels and opens their credentials. The zero value of
// its hidden fields is ready; copy it never.
type Channels struct {
	DB       *db.DB
	Networks *network.Set
	Keys     *secret.Keyring

	renewing singleflight.Group
}

// Target returns what a call to the channel's network needs. A removed channel
// is fault.Conflict; one that needs attention is returned, so that what was
// sent before can still be looked up: see Channel.State.
func (cs *Channels) Target(ctx context.Context, q db.Queryer, brandID, id string) (network.Publisher, network.Target, Channel, error) {
	c, t, err := cs.target(ctx, q, brandID, id)
	if err != nil {
		return nil, network.Target{}, c, err
	}
	p, err := cs.Networks.Publisher(c.Network)
	return p, t, c, err
}

func (cs *Channels) target(ctx context.Context, q db.Queryer, brandID, id string) (Channel, network.Target, error) {
	c, sealed, err := byID(ctx, q, brandID, id)
	if err != nil {
		return c, network.Target{}, err
	}
	if c.State == StateRemoved {
		return c, network.Target{}, fault.New(fault.Conflict, "%s was removed. Connect it again first.", c.Handle)
	}
	cred, err := cs.open(c, sealed)
	return c, network.Target{Server: c.Server, AccountID: c.RemoteID, Credential: cred, Limits: c.Limits, Details: c.Details}, err
}

// Attention says that only a person can make the channel work again, in
// the caller's transaction, and tells the team once.
func Attention(ctx context.Context, tx *db.Tx, brandID, id, reason string) error {
	c, _, err := byID(ctx, tx, brandID, id)
	if err != nil || c.State != StateConnected {
		return err
	}
	if err := setState(ctx, tx, brandID, id, StateAttention, reason); err != nil {
		return err
	}
	return outbox.Add(ctx, tx, outbox.Event{Brand: brandID, Kind: "channel.attention", Subject: id,
		Data: map[string]string{"network": c.Network, "handle": c.Handle, "reason": reason}})
}

// Worked notes that the network answered well. It writes at most once a
// minute for a channel.
func Worked(ctx context.Context, tx *db.Tx, brandID, id string) error {
	_, err := tx.ExecContext(ctx, `UPDATE channel SET worked_at = $3 WHERE brand_id = $1 AND id = $2 AND worked_at < $4`,
		brandID, id, tx.Now(), tx.Now().Add(-time.Minute))
	if err != nil {
		return fmt.Errorf("channel: worked: %w", err)
	}
	return nil
}

// Wait notes that the network wants nothing of this channel before until, or,
// where appWide, of any channel with its AppScope. An earlier time than one
// already noted changes nothing.
func Wait(ctx context.Context, tx *db.Tx, c Channel, until db.Time, appWide bool) error {
	var err error
	if appWide {
		_, err = tx.ExecContext(ctx, `INSERT INTO rate_limit (scope, ready_at) VALUES ($1, $2)
			ON CONFLICT (scope) DO UPDATE SET ready_at = excluded.ready_at WHERE excluded.ready_at > rate_limit.ready_at`, c.AppScope(), until)
	} else {
		_, err = tx.ExecContext(ctx, `UPDATE channel SET ready_at = $3 WHERE brand_id = $1 AND id = $2 AND ready_at < $3`, c.Brand, c.ID, until)
	}
	if err != nil {
		return fmt.Errorf("channel: wait: %w", err)
	}
	return nil
}

// ReadyAt is when the network takes something from the channel again: its own
// wait or its app's, whichever ends later. 0 is at once.
func ReadyAt(ctx context.Context, q db.Queryer, c Channel) (db.Time, error) {
	at, err := appReadyAt(ctx, q, c.AppScope())
	return max(at, c.ReadyAt), err
}

// asFault puts what a network said while connecting into words that say what
// to do. Nothing has been saved at that point.
func asFault(title string, err error) error {
	var e *network.Error
	if !errors.As(err, &e) {
		if fault.KindOf(err) != fault.Internal {
			return err
		}
		return fault.As(fault.Unavailable, err, "%s could not be asked. Nothing was changed; try again in a moment.", title)
	}
	switch e.Verdict {
	case network.Unauthorized:
		return with(fault.Invalid, err, title, e.Text, "%s did not accept this access. Check what you entered.", "%s did not accept this access: %s Check what you entered.")
	case network.Refused:
		return with(fault.Invalid, err, title, e.Text, "%s said no. Nothing was changed.", "%s said no: %s Nothing was changed.")
	case network.Throttled:
		f := fault.As(fault.Limited, err, "%s asks to wait. Try again a little later.", title)
		f.RetryAfter = e.RetryAfter
		return f
	default:
		return fault.As(fault.Unavailable, err, "%s could not be reached. Nothing was changed; check the address and try again.", title)
	}
}

// with is a fault that repeats what the network said, if it said anything.
func with(k fault.Kind, err error, title, said, alone, both string) error {
	if said == "" {
		return fault.As(k, err, alone, title)
	}
	return fault.As(k, err, both, title, i18n.Kept(said))
}

package channel

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/network"
	"rapport/internal/outbox"
)

// Connect asks the network whose account the credential opens, and keeps it as
// a channel. The same account again is a reconnect of the same channel. A
// demo brand takes only demo networks.
func (cs *Channels) Connect(ctx context.Context, who access.Who, brandID, networkName, server string, cred network.Credential) (Channel, error) {
	if err := who.May(cs.DB.Now(), brandID, access.ChannelWrite); err != nil {
		return Channel{}, err
	}
	con, err := cs.connector(ctx, brandID, networkName)
	if err != nil {
		return Channel{}, err
	}
	if cred, err = checked(con.Facts().Fields, cred); err != nil {
		return Channel{}, err
	}
	if server, err = address(con.Facts(), server); err != nil {
		return Channel{}, err
	}
	a, err := con.Connect(ctx, server, cred)
	if err != nil {
		return Channel{}, atField(con.Facts(), accessField(con.Facts()), err)
	}
	if len(a.Credential) == 0 {
		a.Credential = cred
	}
	return cs.keep(ctx, who, found{brandID, con.Facts(), a, connecting, nil})
}

// Check asks the network again about a channel with the credential that is
// kept, and updates its name, limits and state.
func (cs *Channels) Check(ctx context.Context, who access.Who, brandID, id string) (Channel, error) {
	if err := who.May(cs.DB.Now(), brandID, access.ChannelWrite, id); err != nil {
		return Channel{}, err
	}
	c, t, err := cs.fresh(ctx, brandID, id)
	if err != nil {
		return c, err
	}
	con, err := cs.connector(ctx, brandID, c.Network)
	if err != nil {
		return c, err
	}
	a, err := con.Connect(ctx, c.Server, t.Credential)
	if network.HasExpired(err) {
		if c, t, err = cs.renewed(ctx, brandID, id, t); err != nil {
			return c, err
		}
		a, err = con.Connect(ctx, c.Server, t.Credential)
	}
	if err != nil && network.VerdictOf(err) == network.Unauthorized {
		dead := cs.DB.Tx(ctx, func(tx *db.Tx) error { return cs.dead(ctx, tx, c, t.Credential) })
		if dead != nil {
			return c, dead
		}
	}
	if err != nil {
		return c, asFault(con.Facts().Title, err)
	}
	if a.ID != c.RemoteID {
		return c, fault.New(fault.Conflict, "This access now belongs to another account, %s. Connect %s again.", a.Handle, c.Handle)
	}
	return cs.keep(ctx, who, found{brandID, con.Facts(), a, checking, nil})
}

func (cs *Channels) connector(ctx context.Context, brandID, name string) (network.Connector, error) {
	n, err := cs.Networks.Named(name)
	if err != nil {
		return nil, err
	}
	con, ok := n.(network.Connector)
	if !ok {
		return nil, fault.New(fault.Invalid, "%s cannot be connected here.", n.Facts().Title)
	}
	demo, err := isDemo(ctx, cs.DB, brandID)
	if err != nil {
		return nil, err
	}
	if demo && !n.Facts().Demo {
		return nil, fault.New(fault.Invalid, "This is the demo brand; it takes only demo networks. Start your own brand to connect %s.", n.Facts().Title)
	}
	return con, nil
}

// accessField is the one a network's access stands in: the last secret.
func accessField(f network.Facts) string {
	name := ""
	for _, field := range f.Fields {
		if field.Secret {
			name = field.Name
		}
	}
	return name
}

const longestSecret = 8 << 10

// checked keeps the fields that the network asks for.
func checked(fields []network.Field, typed network.Credential) (network.Credential, error) {
	var bad []fault.Field
	out := network.Credential{}
	for _, f := range fields {
		v := strings.TrimSpace(typed[f.Name])
		switch {
		case v == "" && !f.Optional:
			bad = append(bad, fault.On(f.Name, "Fill in %s.", i18n.Word(f.Label)))
		case len(v) > longestSecret || strings.ContainsAny(v, "\x00\r\n"):
			bad = append(bad, fault.On(f.Name, "%s is too long or has a line break in it. Copy it again.", i18n.Word(f.Label)))
		case v != "":
			out[f.Name] = v
		}
	}
	return out, fault.OnFields(bad)
}

// found is what a network said of an account, and why it was asked.
type found struct {
	brand   string
	facts   network.Facts
	account network.Account
	why     string
	used    network.Credential // of a renewal: what was renewed
}

const (
	connecting = "channel.connected"
	checking   = "channel.checked"
	renewing   = "channel.renewed"
)

// keep saves what a network said, as a new channel or over the one it already
// is. Only connecting makes a channel, or revives a removed one.
func (cs *Channels) keep(ctx context.Context, who access.Who, f found) (Channel, error) {
	if f.account.ID == "" {
		return Channel{}, fmt.Errorf("channel: %s returned an account without an id", f.facts.Name)
	}
	var c Channel
	save := func(tx *db.Tx) (err error) { c, err = cs.save(ctx, tx, who, f); return err }
	err := cs.DB.Tx(ctx, save)
	if db.IsDuplicate(err) {
		err = cs.DB.Tx(ctx, save) // connected twice in one moment: now it is a reconnect
	}
	return c, err
}

func (cs *Channels) save(ctx context.Context, tx *db.Tx, who access.Who, f found) (Channel, error) {
	old, sealed, err := byRemote(ctx, tx, f.brand, f.facts.Name, f.account.Server, f.account.ID)
	if err != nil {
		return Channel{}, err
	}
	if f.why != connecting && (old.ID == "" || old.State == StateRemoved) {
		return old, fault.New(fault.Conflict, "This channel was removed in the meantime.")
	}
	if f.why == renewing {
		// A person who connected the channel again meanwhile knows better.
		same, err := cs.stillHas(ctx, tx, old, f.used)
		if err != nil {
			return old, err
		}
		if !same {
			return old, endRenewal(ctx, tx, old.Brand, old.ID)
		}
	}
	c := fromAccount(old, f)
	c.State, c.StateReason, c.WorkedAt = StateConnected, "", tx.Now()
	if old.State != StateConnected {
		c.StateAt = tx.Now()
	}
	if old.ID == "" {
		c.ID, c.CreatedAt = db.NewID(), tx.Now()
	}
	if err := who.May(tx.Now(), f.brand, access.ChannelWrite, c.ID); err != nil {
		return Channel{}, err
	}
	cred, err := cs.merged(old, sealed, f.account.Credential)
	if err != nil {
		return Channel{}, err
	}
	if err := upsert(ctx, tx, c, cs.seal(c, cred)); err != nil {
		return Channel{}, err
	}
	if f.why != renewing {
		if err := readSoon(ctx, tx, c.ID); err != nil {
			return Channel{}, err
		}
	}
	if f.why == renewing {
		return c, nil // every hour or so, and nobody's act
	}
	return c, record(ctx, tx, who, c, f.why)
}

func fromAccount(old Channel, f found) Channel {
	c, a := old, f.account
	if f.why == renewing {
		a = completed(a, old)
	}
	c.Brand, c.Network, c.Server, c.RemoteID = f.brand, f.facts.Name, a.Server, a.ID
	c.Handle, c.Name, c.AvatarURL, c.URL = a.Handle, a.Name, a.AvatarURL, a.URL
	c.Limits, c.Details = a.Limits, a.Details
	if len(a.Credential) > 0 || !a.ExpiresAt.IsZero() {
		c.ExpiresAt = db.At(a.ExpiresAt)
	}
	if c.Limits.Options == nil {
		c.Limits.Options = f.facts.Options
	}
	return c
}

// completed adds what is known of the account to what a renewal said: often
// that is no more than a new credential.
func completed(a network.Account, old Channel) network.Account {
	a.Handle, a.Name = cmp.Or(a.Handle, old.Handle), cmp.Or(a.Name, old.Name)
	a.AvatarURL, a.URL = cmp.Or(a.AvatarURL, old.AvatarURL), cmp.Or(a.URL, old.URL)
	if a.Limits.Text == 0 {
		a.Limits = old.Limits
	}
	if a.Details == nil {
		a.Details = old.Details
	}
	return a
}

func record(ctx context.Context, tx *db.Tx, who access.Who, c Channel, act string) error {
	err := audit.Record(ctx, tx, who, audit.Entry{Brand: c.Brand, Act: act, Subject: c.ID,
		Detail: map[string]string{"network": c.Network, "handle": c.Handle}})
	if err != nil {
		return err
	}
	return outbox.Add(ctx, tx, outbox.Event{Brand: c.Brand, Kind: "channel.changed", Subject: c.ID})
}

// merged lays the new credential over the old one: a value that came back
// empty, as a refresh token may, never replaces a good one.
func (cs *Channels) merged(old Channel, sealed string, fresh network.Credential) (network.Credential, error) {
	out := network.Credential{}
	if sealed != "" {
		kept, err := cs.open(old, sealed)
		if err != nil {
			return nil, err
		}
		out = kept
	}
	for name, v := range fresh {
		if v != "" {
			out[name] = v
		}
	}
	return out, nil
}

// The purpose and the place of a sealed credential: it opens for the account
// it was given for and nowhere else.
const sealedFor = "channel credential"

func place(c Channel) string {
	return strings.Join([]string{c.Brand, c.Network, c.Server, c.RemoteID}, "\x00")
}

func (cs *Channels) seal(c Channel, cred network.Credential) string {
	return cs.Keys.Seal(sealedFor, place(c), encoded(cred))
}

func encoded(v any) []byte {
	plain, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and maps of strings always encode
	}
	return plain
}

func (cs *Channels) open(c Channel, sealed string) (network.Credential, error) {
	plain, err := cs.Keys.Open(sealedFor, place(c), sealed)
	if err != nil {
		return nil, fmt.Errorf("channel: credential of %s: %w", c.ID, err)
	}
	var cred network.Credential
	if err := json.Unmarshal(plain, &cred); err != nil {
		return nil, fmt.Errorf("channel: credential of %s cannot be read", c.ID)
	}
	return cred, nil
}

// Remove forgets the credential and keeps the channel for the history. While
// deliveries to it are scheduled it is fault.Conflict, unless cancel says to
// take them back.
func (cs *Channels) Remove(ctx context.Context, who access.Who, brandID, id string, cancel bool) error {
	return cs.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.ChannelWrite, id); err != nil {
			return err
		}
		c, _, err := byID(ctx, tx, brandID, id)
		if err != nil || c.State == StateRemoved {
			return err
		}
		if cs.own(c) {
			return fault.New(fault.Conflict, "The community is the brand's own. To take it from the public, shut it in its settings.")
		}
		waiting, busy, err := waitingFor(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		if busy > 0 {
			return fault.New(fault.Conflict, "Something is going out on %s right now. Wait a moment and try again.", c.Handle)
		}
		if len(waiting) > 0 && !cancel {
			return fault.New(fault.Conflict, "%d scheduled posts would no longer go out on %s. Cancel them with it, or move them first.", len(waiting), c.Handle)
		}
		if err := cancelAll(ctx, tx, who, brandID, waiting); err != nil {
			return err
		}
		if err := forget(ctx, tx, brandID, id); err != nil {
			return err
		}
		return record(ctx, tx, who, c, "channel.removed")
	})
}

func cancelAll(ctx context.Context, tx *db.Tx, who access.Who, brandID string, ids []string) error {
	for _, id := range ids {
		d, err := delivery.ByID(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		if err := delivery.Cancel(ctx, tx, who, d); err != nil {
			return err
		}
	}
	return nil
}

package server

import (
	"fmt"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/outbound"
	"rapport/internal/secret"
)

// connected makes what opens credentials and knows the networks. Nothing is
// asked by it. Without a key file that opens, abilities cannot be told.
func (x *doctor) connected(d *db.DB) (*channel.Channels, func()) {
	client := outbound.New(outbound.Options{Allow: x.allow})
	cs := &channel.Channels{DB: d, Networks: connectors(client, func() string { return "" }, &bridge.Community{DB: d})}
	if keys, err := secret.Open(x.keyFile()); err == nil {
		cs.Keys = keys
	}
	return cs, client.Close
}

// channels tells of each channel what it can do and how it is, in the words of
// its page.
func (x *doctor) channels(d *db.DB, b brand.Brand) {
	all, err := channel.List(x.ctx, d, access.System(), b.ID)
	if err != nil {
		x.ill("channels", "Those of %s cannot be read: %v.", b.Name, err)
		return
	}
	cs, done := x.connected(d)
	defer done()
	for _, c := range all {
		if x.ask && cs.Keys != nil {
			c = x.asked(cs, b, c)
		}
		x.channel(cs, b, c)
	}
	if len(all) > 0 {
		x.well("channels", "%s has %d", b.Name, len(all))
	}
}

// asked asks the channel's network once, as the button on its page does, and
// notes what comes.
func (x *doctor) asked(cs *channel.Channels, b brand.Brand, c channel.Channel) channel.Channel {
	n, err := cs.Networks.Named(c.Network)
	if err != nil || n.Facts().Demo || n.Facts().Own {
		return c // it lives in the server, not here
	}
	fresh, err := cs.Check(x.ctx, access.System(), b.ID, c.ID)
	if err == nil {
		x.well("asked", "%s of %s works.", c.Handle, b.Name)
		return fresh
	}
	x.ill("asked", "%s of %s: %s", c.Handle, b.Name, fault.Text(err))
	if now, err := channel.ByID(x.ctx, cs.DB, access.System(), b.ID, c.ID); err == nil {
		return now
	}
	return c
}

func (x *doctor) channel(cs *channel.Channels, b brand.Brand, c channel.Channel) {
	feeds, err := channel.Feeds(x.ctx, cs.DB, access.System(), b.ID, c.ID)
	if err != nil {
		x.ill("channel", "%s of %s cannot be looked at: %v.", c.Handle, b.Name, err)
		return
	}
	f := finding{what: "channel", text: fmt.Sprintf("%s of %s, on %s. %s", c.Handle, b.Name, x.where(cs, c), x.lately(cs.DB.Now(), c, feeds))}
	switch bad := worst(feeds); {
	case c.State == channel.StateAttention:
		f.bad, f.more = true, append(f.more, "must be connected again: "+c.StateReason)
	case bad.Troubled():
		f.bad, f.more = true, append(f.more, fmt.Sprintf("not reachable, %d times in a row: %s", bad.Tries, bad.Error))
	case bad.Tries > 0:
		f.more = append(f.more, "the last reading failed: "+bad.Error)
	}
	f.more = append(f.more, x.abilities(cs, b, c)...)
	x.findings = append(x.findings, f)
}

func worst(feeds []channel.Feed) (bad channel.Feed) {
	for _, f := range feeds {
		if f.Tries > bad.Tries {
			bad = f
		}
	}
	return bad
}

// where is the network, and the server where it has many.
func (x *doctor) where(cs *channel.Channels, c channel.Channel) string {
	text := c.Network
	if n, err := cs.Networks.Named(c.Network); err == nil {
		text = n.Facts().Title
	}
	if _, host, ok := strings.Cut(c.Server, "://"); ok {
		text += " at " + host
	}
	if software := c.Software(); software != "" {
		text += " (" + software + ")"
	}
	return text
}

// lately is when the channel last worked and was last read.
func (x *doctor) lately(now db.Time, c channel.Channel, feeds []channel.Feed) string {
	text := "It was not used yet"
	if c.WorkedAt > 0 {
		text = "It worked " + ago(now, c.WorkedAt)
	}
	for _, f := range feeds {
		if f.Name == "hear" && f.ReadAt > 0 {
			text += "; the inbox was read " + ago(now, f.ReadAt)
		}
	}
	return text + "."
}

func ago(now, at db.Time) string {
	d := now.Sub(at)
	switch {
	case d < time.Minute:
		return "just now"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(d.Hours()))
	}
	return at.Time().Format("on 2006-01-02")
}

// abilities are what the channel can do in one line, and a line for each thing
// that it cannot, with the reason.
func (x *doctor) abilities(cs *channel.Channels, b brand.Brand, c channel.Channel) []string {
	if cs.Keys == nil {
		return []string{"what it can do is not known without the key file"}
	}
	all, err := cs.Abilities(x.ctx, access.System(), b.ID, c.ID)
	if err != nil {
		return []string{"what it can do is not known: its access cannot be opened with this key file"}
	}
	var can []string
	var out []string
	for _, a := range all {
		if a.Can {
			can = append(can, a.Label)
		} else {
			out = append(out, cannot(a))
		}
	}
	if len(can) > 0 {
		out = append([]string{"can: " + strings.Join(can, ", ")}, out...)
	}
	return out
}

func cannot(a network.Ability) string {
	return strings.TrimSpace("cannot: " + a.Label + ". " + a.Why)
}

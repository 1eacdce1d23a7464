package channel

import (
	"context"

	"rapport/internal/access"
	"rapport/internal/network"
)

// Reconnect gives a channel a new credential. One that opens another account
// is fault.Conflict and changes nothing: that account would be another
// channel.
func (cs *Channels) Reconnect(ctx context.Context, who access.Who, brandID, id string, cred network.Credential) (Channel, error) {
	if err := who.May(cs.DB.Now(), brandID, access.ChannelWrite, id); err != nil {
		return Channel{}, err
	}
	c, err := ByID(ctx, cs.DB, access.System(), brandID, id)
	if err != nil {
		return Channel{}, err
	}
	con, err := cs.connector(ctx, brandID, c.Network)
	if err != nil {
		return c, err
	}
	if cred, err = checked(con.Facts().Fields, cred); err != nil {
		return c, err
	}
	a, err := con.Connect(ctx, c.Server, cred)
	if err != nil {
		return c, atField(con.Facts(), accessField(con.Facts()), err)
	}
	if a.ID != c.RemoteID || a.Server != c.Server {
		return c, otherAccount(a, c)
	}
	if len(a.Credential) == 0 {
		a.Credential = cred
	}
	return cs.keep(ctx, who, found{brandID, con.Facts(), a, connecting, nil})
}

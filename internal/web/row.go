package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/i18n"
	"rapport/internal/web/ui"
)

// channelRow is a channel with what its network is called.
type channelRow struct {
	channel.Channel
	Title string
	Own   bool // the brand's own community
	Now   time.Time
	Feed  channel.Feed // the one that failed several times in a row, if any
}

// networkTitle is a network's name as people write it.
func (p *Pages) networkTitle(name string) string {
	n, err := p.Networks.Named(name)
	if err != nil {
		return name
	}
	return n.Facts().Title
}

// rowOf is a channel as it stands now, without what its feeds say.
func (p *Pages) rowOf(c channel.Channel) channelRow {
	return channelRow{Channel: c, Title: p.networkTitle(c.Network), Own: c.Network == bridge.Name, Now: p.DB.Now().Time()}
}

// channelState is how a channel's state is shown.
func channelState(state string) ui.State {
	if state == channel.StateAttention {
		return ui.ChannelState("needs_attention")
	}
	return ui.ChannelState(state)
}

// unreachable reports whether the channel has its access and does not answer.
func (c channelRow) unreachable() bool {
	return c.State == channel.StateConnected && c.Feed.Troubled()
}

// state is how the channel's state is shown.
func (c channelRow) state() ui.State {
	if c.unreachable() {
		return ui.ChannelState("unreachable")
	}
	return channelState(c.State)
}

// why is what is wrong with the channel, in words.
func (c channelRow) why(ctx context.Context) string {
	if !c.unreachable() {
		return i18n.Kept(c.StateReason).In(ctx)
	}
	return strings.TrimSpace(c.Feed.Error + " " + i18n.T(ctx, "Rapport goes on trying."))
}

// rowsOf are the channels with what is wrong with each.
func (p *Pages) rowsOf(ctx context.Context, brandID string, all []channel.Channel) ([]channelRow, error) {
	silent, err := channel.Unreachable(ctx, p.DB, brandID)
	rows := make([]channelRow, len(all))
	for i, c := range all {
		rows[i] = p.rowOf(c)
		rows[i].Feed = silent[c.ID]
	}
	return rows, err
}

// networkName is a network and what it is called.
type networkName struct{ Name, Title string }

// channelChoices are the channels the visitor sees, and their networks.
func (p *Pages) channelChoices(r *http.Request) (rows []channelRow, networks []networkName, err error) {
	v := at(r)
	all, err := channel.List(r.Context(), p.DB, v.Who, v.Brand.ID)
	for _, c := range all {
		row := p.rowOf(c)
		rows = append(rows, row)
		if n := (networkName{c.Network, row.Title}); !slices.Contains(networks, n) {
			networks = append(networks, n)
		}
	}
	return rows, networks, err
}

// channelChip is the filter by channel; remove is the list without it.
func channelChip(ctx context.Context, all []channelRow, chosen, remove string) ui.Chip {
	one := ui.Chip{Name: i18n.T(ctx, "Channel"), Menu: "channel-menu"}
	if chosen == "" {
		return one
	}
	one.Value, one.Remove = i18n.T(ctx, "removed"), remove
	for _, c := range all {
		if c.ID == chosen {
			one.Value = c.Handle
		}
	}
	return one
}

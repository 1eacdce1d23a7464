package studio

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

// ChannelRow is a channel with what its network is called.
type ChannelRow struct {
	channel.Channel
	Title string
	Own   bool // the brand's own community
	Now   time.Time
	Feed  channel.Feed // the one that failed several times in a row, if any
}

// NetworkTitle is a network's name as people write it.
func (s *Studio) NetworkTitle(name string) string {
	n, err := s.Networks.Named(name)
	if err != nil {
		return name
	}
	return n.Facts().Title
}

// RowOf is a channel as it stands now, without what its feeds say.
func (s *Studio) RowOf(c channel.Channel) ChannelRow {
	return ChannelRow{Channel: c, Title: s.NetworkTitle(c.Network), Own: c.Network == bridge.Name, Now: s.DB.Now().Time()}
}

// channelState is how a channel's state is shown.
func channelState(state string) ui.State {
	if state == channel.StateAttention {
		return ui.ChannelState("needs_attention")
	}
	return ui.ChannelState(state)
}

// Unreachable reports whether the channel has its access and does not answer.
func (c ChannelRow) Unreachable() bool {
	return c.State == channel.StateConnected && c.Feed.Troubled()
}

// Shown is how the channel's state is shown.
func (c ChannelRow) Shown() ui.State {
	if c.Unreachable() {
		return ui.ChannelState("unreachable")
	}
	return channelState(c.State)
}

// Why is what is wrong with the channel, in words.
func (c ChannelRow) Why(ctx context.Context) string {
	if !c.Unreachable() {
		return i18n.Kept(c.StateReason).In(ctx)
	}
	return strings.TrimSpace(c.Feed.Error + " " + i18n.T(ctx, "Rapport goes on trying."))
}

// RowsOf are the channels with what is wrong with each.
func (s *Studio) RowsOf(ctx context.Context, brandID string, all []channel.Channel) ([]ChannelRow, error) {
	silent, err := channel.Unreachable(ctx, s.DB, brandID)
	rows := make([]ChannelRow, len(all))
	for i, c := range all {
		rows[i] = s.RowOf(c)
		rows[i].Feed = silent[c.ID]
	}
	return rows, err
}

// NetworkName is a network and what it is called.
type NetworkName struct{ Name, Title string }

// ChannelChoices are the channels the visitor sees, and their networks.
func (s *Studio) ChannelChoices(r *http.Request) (rows []ChannelRow, networks []NetworkName, err error) {
	v := At(r)
	all, err := channel.List(r.Context(), s.DB, v.Who, v.Brand.ID)
	for _, c := range all {
		row := s.RowOf(c)
		rows = append(rows, row)
		if n := (NetworkName{c.Network, row.Title}); !slices.Contains(networks, n) {
			networks = append(networks, n)
		}
	}
	return rows, networks, err
}

// ChannelChip is the filter by channel; remove is the list without it.
func ChannelChip(ctx context.Context, all []ChannelRow, chosen, remove string) ui.Chip {
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

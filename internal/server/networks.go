package server

import (
	"rapport/internal/bridge"
	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	"rapport/internal/network/demo"
	"rapport/internal/network/mastodon"
	"rapport/internal/outbound"
)

// connectors are all networks there are. local gives the address of the demo
// network in this program; own are the brands' communities.
func connectors(client *outbound.Client, local func() string, own *bridge.Community) *network.Set {
	return network.NewSet(mastodon.New(client), bluesky.New(client), demo.New(client, local), own)
}

package crash_test

import (
	"context"
	"fmt"
	"os"

	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	blueskyemulator "rapport/internal/network/bluesky/emulator"
	"rapport/internal/network/demo"
	demoemulator "rapport/internal/network/demo/emulator"
	"rapport/internal/network/mastodon"
	mastodonemulator "rapport/internal/network/mastodon/emulator"
	"rapport/internal/outbound"
)

// emulated is a network that the runs can run and connect to. Its emulator
// answers the control endpoints below /_emulator.
type emulated struct {
	name    string // of the connector
	commit  string // path of the irreversible call
	demo    bool   // goes into demo brands
	always  bool   // a repeated commit is harmless in every way it can be run
	run     func(ctx context.Context, honours bool) error
	connect func(*outbound.Client) network.Network
	account func(name string) network.Credential // of an account that is made when it is first used
}

var networks = []emulated{
	{name: "demo", commit: "/v1/posts", demo: true,
		run: func(ctx context.Context, honours bool) error {
			return demoemulator.Run(ctx, "127.0.0.1:0", demoemulator.Options{AutoAccounts: true, IgnoreIdempotency: !honours}, os.Stdout)
		},
		connect: func(c *outbound.Client) network.Network { return demo.New(c, func() string { return "" }) },
		account: func(name string) network.Credential { return network.Credential{"token": "demo-" + name} }},
	{name: "mastodon", commit: "/api/v1/statuses",
		run: func(ctx context.Context, honours bool) error {
			o := mastodonemulator.Options{AutoAccounts: true, NoRateLimits: true, IgnoreIdempotency: !honours}
			return mastodonemulator.Run(ctx, "127.0.0.1:0", o, os.Stdout)
		},
		connect: func(c *outbound.Client) network.Network { return mastodon.New(c) },
		account: func(name string) network.Credential { return network.Credential{"token": "mastodon-" + name} }},
	{name: "bluesky", commit: "/xrpc/com.atproto.repo.putRecord", always: true,
		run: func(ctx context.Context, _ bool) error {
			return blueskyemulator.Run(ctx, "127.0.0.1:0", blueskyemulator.Options{AutoAccounts: true, NoLimits: true}, os.Stdout)
		},
		connect: func(c *outbound.Client) network.Network { return bluesky.New(c) },
		account: func(name string) network.Credential {
			return network.Credential{"handle": name + ".test", "password": "bluesky-" + name}
		}},
}

func named(name string) emulated {
	for _, e := range networks {
		if e.name == name {
			return e
		}
	}
	panic(fmt.Sprintf("there is no emulated network called %q", name))
}

func connectors(c *outbound.Client) *network.Set {
	var all []network.Network
	for _, e := range networks {
		all = append(all, e.connect(c))
	}
	return network.NewSet(all...)
}

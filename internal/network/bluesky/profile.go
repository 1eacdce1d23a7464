package bluesky

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rapport/internal/network"
)

var (
	_ network.Prover  = (*Network)(nil)
	_ network.Handles = (*Network)(nil)
)

const (
	profileWithin = 20 * time.Second // for both calls together
	handleHelp    = "Give the whole handle, such as me.bsky.social."
)

// Profile finds the account of a handle and reads what it says of itself from
// the service that shows it to everybody.
func (n *Network) Profile(ctx context.Context, server, handle string) (network.Profile, error) {
	ctx, cancel := context.WithTimeout(ctx, profileWithin)
	defer cancel()
	entry, view := network.Target{Server: n.hosts.Entry}, network.Target{Server: n.hosts.View}
	if server != "" {
		base, err := n.normalised(server)
		if err != nil {
			return network.Profile{}, err
		}
		entry.Server, view.Server = base, base
	}
	if err := n.Handle(handle); err != nil {
		return network.Profile{}, err
	}
	handle = handleIn(handle)
	did, err := n.resolve(ctx, entry, handle)
	if err != nil {
		return network.Profile{}, err
	}
	if did == "" {
		return network.Profile{}, &network.Error{Verdict: network.Refused, Status: http.StatusNotFound, Text: fmt.Sprintf("There is no account called %s.", "@"+handle)}
	}
	var got struct {
		author
		Description string `json:"description"`
	}
	if err := n.query(ctx, view, "app.bsky.actor.getProfile", url.Values{"actor": {did}}, &got); err != nil {
		return network.Profile{}, err
	}
	if got.DID != did {
		return network.Profile{}, unreadable(http.StatusOK, errors.New("bluesky: another account than was asked for"))
	}
	return network.Profile{Author: got.of(view), Text: cut(strings.ToValidUTF8(got.Description, ""), network.MostText)}, nil
}

// Handle refuses what is no whole handle, such as a name without its domain.
func (*Network) Handle(handle string) error {
	if !isHandle(handleIn(handle)) {
		return &network.Error{Verdict: network.Refused, Text: handleHelp}
	}
	return nil
}

// handleIn reads a handle as people type or copy it: with or without the @, or
// as the address of a profile.
func handleIn(s string) string {
	s = strings.TrimSpace(s)
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		s, _, _ = strings.Cut(strings.TrimPrefix(u.Path, "/profile/"), "/")
	}
	return strings.ToLower(strings.TrimPrefix(s, "@"))
}

package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"rapport/internal/network"
)

var (
	_ network.Prover  = (*Network)(nil)
	_ network.Handles = (*Network)(nil)
)

const profileWithin = 20 * time.Second

var nameRule = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// Handle refuses what can be no name here.
func (*Network) Handle(handle string) error {
	if !nameRule.MatchString(nameIn(handle)) {
		return &network.Error{Verdict: network.Refused, Text: "Give a handle of the demo network, such as @mira_k."}
	}
	return nil
}

// nameIn reads a handle as people type or copy it.
func nameIn(handle string) string {
	handle = strings.TrimSpace(handle)
	if u, err := url.Parse(handle); err == nil && u.Host != "" {
		handle = strings.TrimPrefix(u.Path, "/")
	}
	return strings.ToLower(strings.TrimPrefix(handle, "@"))
}

// Profile reads what somebody says of themselves.
func (n *Network) Profile(ctx context.Context, server, handle string) (network.Profile, error) {
	ctx, cancel := context.WithTimeout(ctx, profileWithin)
	defer cancel()
	server, err := normalised(server)
	if err != nil {
		return network.Profile{}, err
	}
	if err := n.Handle(handle); err != nil {
		return network.Profile{}, err
	}
	name := nameIn(handle)
	var got struct {
		ID        string `json:"id"`
		Handle    string `json:"handle"`
		Name      string `json:"name"`
		URL       string `json:"url"`
		AvatarURL string `json:"avatar_url"`
		About     string `json:"about"`
	}
	err = n.read(ctx, network.Target{Server: server}, "/v1/people/"+name, &got)
	switch {
	case statusOf(err) == http.StatusNotFound:
		return network.Profile{}, &network.Error{Verdict: network.Refused, Status: http.StatusNotFound, Text: fmt.Sprintf("There is no account called %s.", "@"+name), Cause: err}
	case err != nil:
		return network.Profile{}, err
	case got.ID != name:
		return network.Profile{}, unreadable(http.StatusOK, fmt.Errorf("demo: another account than was asked for"))
	}
	return network.Profile{Text: cut(got.About, network.MostText), Author: network.Author{ID: got.ID, Handle: "@" + cut(got.Handle, mostName), Name: cut(got.Name, mostName),
		URL: address(got.URL), AvatarURL: address(got.AvatarURL)}}, nil
}

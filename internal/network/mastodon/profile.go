package mastodon

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
	profileWithin = 20 * time.Second // for all calls together
	mostFields    = 20
	handleHelp    = "Give the whole handle, such as @me@mastodon.social."
)

// address is a handle taken apart.
type address struct{ name, host string }

func (a address) String() string { return a.name + "@" + a.host }

// parted reads a handle as people type or copy it: @me@server, me@server, or
// the address of a profile, https://server/@me.
func parted(handle string) (address, error) {
	refused := &network.Error{Verdict: network.Refused, Text: handleHelp}
	handle = strings.TrimSpace(handle)
	if len(handle) > 300 {
		return address{}, refused
	}
	if u, err := url.Parse(handle); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		name, ok := strings.CutPrefix(u.Path, "/@")
		if !ok || strings.Contains(name, "@") {
			return address{}, refused
		}
		handle = strings.TrimSuffix(name, "/") + "@" + u.Host
	}
	name, host, ok := strings.Cut(strings.TrimPrefix(handle, "@"), "@")
	if host = hostOf(host); !ok || host == "" || !isName(name) {
		return address{}, refused
	}
	return address{name, host}, nil
}

// isName reports whether it can be the name of an account on its server.
func isName(s string) bool {
	return s != "" && len(s) <= 100 && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// Handle refuses what is no whole handle, such as a name without its server.
func (*Network) Handle(handle string) error {
	_, err := parted(handle)
	return err
}

// home is where an account lives.
type home struct {
	base string // of the server that keeps it
	self string // the account's address between servers
	as   address
}

// Profile asks the domain of the handle where the account lives, and that
// server what the account says of itself. A domain may send on to another
// server; the account's own address must then be on that one.
func (n *Network) Profile(ctx context.Context, server, handle string) (network.Profile, error) {
	ctx, cancel := context.WithTimeout(ctx, profileWithin)
	defer cancel()
	typed, err := parted(handle)
	if err != nil {
		return network.Profile{}, err
	}
	h, err := n.finger(ctx, typed)
	if err != nil {
		return network.Profile{}, err
	}
	if h.as != typed {
		// Another domain's name is believed if that domain says the same.
		if again, err := n.finger(ctx, h.as); err != nil || again.self != h.self || again.as != h.as {
			h.as.host = typed.host
		}
	}
	var a accountEntity
	err = n.read(ctx, network.Target{Server: h.base}, "/api/v1/accounts/lookup?"+url.Values{"acct": {h.as.name}}.Encode(), &a)
	switch {
	case isGone(err):
		return network.Profile{}, nobody(typed, err)
	case statusOf(err) == http.StatusUnauthorized || statusOf(err) == http.StatusForbidden:
		return network.Profile{}, &network.Error{Verdict: network.Refused, Status: statusOf(err), Cause: err,
			Text: "Your server shows profiles to its own people only, so this cannot be checked."}
	case err != nil:
		return network.Profile{}, err
	}
	return h.profile(a, typed)
}

// finger asks a domain where an account of it lives. A domain that does not
// tell is taken for the server itself.
func (n *Network) finger(ctx context.Context, a address) (home, error) {
	base, err := normalised(a.host)
	if err != nil {
		return home{}, err
	}
	h := home{base: base, as: a}
	var got struct {
		Subject string `json:"subject"`
		Links   []struct {
			Rel  string `json:"rel"`
			Type string `json:"type"`
			Href string `json:"href"`
		} `json:"links"`
	}
	err = n.read(ctx, network.Target{Server: base}, "/.well-known/webfinger?"+url.Values{"resource": {"acct:" + a.String()}}.Encode(), &got)
	switch {
	case isGone(err):
		return h, nobody(a, err)
	case lacks(err):
		return h, nil
	case err != nil:
		return h, err
	}
	for _, l := range got.Links {
		u, err := url.Parse(webAddress(l.Href))
		if l.Rel != "self" || err != nil || u.Host == "" || !strings.Contains(l.Type, "json") {
			continue
		}
		if h.base, err = normalised(u.Scheme + "://" + u.Host); err != nil {
			return h, err
		}
		h.self = l.Href
		break
	}
	if subject, err := parted(strings.TrimPrefix(got.Subject, "acct:")); err == nil {
		h.as = subject
	}
	return h, nil
}

func nobody(a address, cause error) error {
	return &network.Error{Verdict: network.Refused, Status: http.StatusNotFound, Text: fmt.Sprintf("There is no account called %s.", "@"+a.String()), Cause: cause}
}

var errElsewhere = errors.New("mastodon: the server tells an account that lives elsewhere")

// profile is the account as its own server tells it.
func (h home) profile(a accountEntity, typed address) (network.Profile, error) {
	id := a.identity()
	if strings.Contains(a.Acct, "@") || !h.keeps(id) || h.self != "" && webAddress(a.URI) != "" && a.URI != h.self {
		return network.Profile{}, unreadable(http.StatusOK, errElsewhere)
	}
	v := voice{domain: h.as.host}
	a.Acct = h.as.name
	p := network.Profile{Author: v.author(a)}
	if page := webAddress(a.URL); page != id && h.keeps(page) {
		p.Also = append(p.Also, page)
	}
	text := []string{plain(a.Note)}
	for _, f := range a.Fields[:min(len(a.Fields), mostFields)] {
		text = append(text, plain(f.Name)+" "+plain(f.Value))
	}
	p.Text = cut(strings.Join(text, "\n"), network.MostText)
	return p, nil
}

// keeps reports whether an address is one of the server's own.
func (h home) keeps(address string) bool {
	u, err := url.Parse(address)
	return address != "" && err == nil && strings.EqualFold(u.Scheme+"://"+u.Host, h.base)
}

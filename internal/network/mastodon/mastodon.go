// Package mastodon is the connector of Mastodon and of the servers that speak
// its API: Pleroma, Akkoma, GoToSocial and others. What differs between them
// is read from the server and kept in the account's limits and details.
package mastodon

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"rapport/internal/network"
	"rapport/internal/outbound"
)

// Network is every server that speaks Mastodon's API.
type Network struct {
	client *outbound.Client
}

// New returns the connector.
func New(client *outbound.Client) *Network { return &Network{client: client} }

// safeHour is how long a key is relied on. Mastodon keeps it for an hour from
// when the post was made; the rest is for clocks and for a request on its way.
const safeHour = 50 * time.Minute

// atWork is how long a server may be busy with one request: longer than the
// gateways before servers wait for an answer.
const atWork = 2 * time.Minute

// Facts describe Mastodon.
func (*Network) Facts() network.Facts {
	return network.Facts{
		Name: "mastodon", Title: "Mastodon",
		Fields: []network.Field{{Name: "token", Label: "Access token",
			Help:   "On your server: Preferences, Development, New application. Allow read, write:statuses and write:media, and copy “Your access token”.",
			Secret: true}},
		ServerLabel:  "Your server’s address",
		ServerHelp:   "Where you sign in to Mastodon, such as mastodon.social. Your whole handle will do.",
		PrepareAhead: 30 * time.Minute,
		RepeatSafety: "Servers that run Mastodon itself answer a repeated Idempotency-Key with the first post for an hour, so within 50 minutes a lost request is sent again; before version 4.6 not in the first 2 minutes, in which the first one may still be at work. " +
			"Other software may ignore the key: there nothing is ever repeated, and the account’s own posts are read back instead.",
		// A request may still be on its way when the posts are read back, so
		// not finding one proves nothing.
		AbsentWhen:     "",
		Options:        options("", 0),
		Untold:         map[string]string{"views": "Mastodon does not count views.", "quotes": "Mastodon counts quotes from version 4.5 on; this server does not tell them."},
		MentionReplies: true,
	}
}

// options are what a post may carry. usual is the visibility that the account
// has chosen for its posts.
func options(usual string, longest int) []network.Option {
	choices := []network.OptionChoice{
		{Value: network.Public, Label: "Public"},
		{Value: network.Unlisted, Label: "Public, but not in the timelines"},
		{Value: network.Followers, Label: "Followers only"},
		{Value: network.Direct, Label: "Only those named in it"},
	}
	for i, c := range choices {
		if c.Value == usual {
			copy(choices[1:i+1], choices[:i])
			choices[0] = c
		}
	}
	return []network.Option{
		{Name: network.OptionWarning, Label: "Content warning", Help: "Shown instead of the post until somebody opens it.", Counts: true, Longest: longest},
		{Name: network.OptionVisibility, Label: "Who sees it", Choices: choices},
		{Name: network.OptionLanguage, Label: "Language", Help: "The code of the language, such as en or de.", Longest: 35},
	}
}

const addressHelp = "Give the address of your server, such as mastodon.social."

// normalised turns what a person types into the base address of a server:
// "mastodon.social", "https://mastodon.social/", "@me@mastodon.social".
func normalised(server string) (string, error) {
	refused := &network.Error{Verdict: network.Refused, Text: addressHelp}
	server = strings.TrimSpace(server)
	if at := strings.LastIndexByte(server, '@'); at >= 0 && !strings.Contains(server, "/") {
		server = server[at+1:]
	}
	if server == "" || len(server) > 300 || strings.ContainsFunc(server, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "", refused
	}
	if !strings.Contains(server, "://") {
		server = schemeFor(server) + server
	}
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return "", refused
	}
	scheme := strings.ToLower(u.Scheme)
	switch {
	case scheme == "http" && !loopback(u.Hostname()):
		return "", &network.Error{Verdict: network.Refused, Text: "Use the https:// address of your server. Over http:// everybody on the way could read along."}
	case scheme != "http" && scheme != "https":
		return "", refused
	}
	return scheme + "://" + strings.ToLower(u.Host), nil
}

func schemeFor(server string) string {
	host, _, _ := strings.Cut(server, "/")
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if loopback(strings.Trim(host, "[]")) {
		return "http://"
	}
	return "https://"
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Connect reads the account of an access token.
func (n *Network) Connect(ctx context.Context, server string, c network.Credential) (network.Account, error) {
	server, err := normalised(server)
	if err != nil {
		return network.Account{}, err
	}
	token := strings.TrimSpace(c["token"])
	if !fits(token) {
		return network.Account{}, &network.Error{Verdict: network.Unauthorized, Text: "This is no access token. Copy it again from your server."}
	}
	return n.account(ctx, network.Target{Server: server, Credential: network.Credential{"token": token}}, "")
}

// fits tells whether a token can stand in a header.
func fits(token string) bool {
	return token != "" && len(token) <= 4096 && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// account reads who a token speaks for, what its server is and what it may do.
// scope is what was granted, where that is known.
func (n *Network) account(ctx context.Context, t network.Target, scope string) (network.Account, error) {
	var me accountEntity
	if err := n.read(ctx, t, "/api/v1/accounts/verify_credentials", &me); err != nil {
		return network.Account{}, hint(err)
	}
	if !isID(me.ID) || me.Username == "" {
		return network.Account{}, &network.Error{Text: "This address does not answer like a Mastodon server."}
	}
	s, err := n.about(ctx, t)
	if err != nil {
		return network.Account{}, err
	}
	allowed, err := n.allowed(ctx, t, scope)
	if err != nil {
		return network.Account{}, err
	}
	usual := visibilities[me.Source.Privacy]
	if usual == network.Direct {
		usual = ""
	}
	limits := s.limits()
	limits.Options = options(usual, limits.Text)
	details := map[string]string{"software": s.software, "version": s.version, "domain": s.domain, "streaming": s.streaming,
		"uri": me.identity(), "scopes": allowed.scopes, "app": allowed.app, "visibility": usual}
	for name, value := range details {
		if value == "" {
			delete(details, name)
		}
	}
	return network.Account{ID: me.ID, Server: t.Server, Handle: "@" + me.Username + "@" + s.domain, Name: line(me.DisplayName, mostName),
		AvatarURL: webAddress(me.Avatar), URL: webAddress(me.URL), Limits: limits,
		Credential: network.Credential{"token": t.Credential["token"]}, Details: details}, nil
}

// hint adds to a refusal of the first call what to do about it.
func hint(err error) error {
	switch statusOf(err) {
	case http.StatusNotFound, http.StatusGone, http.StatusMethodNotAllowed:
		return &network.Error{Verdict: network.Refused, Status: statusOf(err), Text: "There is no Mastodon server at this address. Give the address where you sign in.", Cause: err}
	case http.StatusForbidden:
		return &network.Error{Verdict: network.Refused, Status: http.StatusForbidden, Cause: err,
			Text: fmt.Sprintf("The server says: %s Allow read, write:statuses and write:media when you make the token.", wordsFor(err))}
	}
	return err
}

// Remove deletes a post.
func (n *Network) Remove(ctx context.Context, t network.Target, ref network.Ref) error {
	req, err := n.request(ctx, t, http.MethodDelete, statusPath(ref.ID), nil)
	if err != nil {
		return err
	}
	err = n.do(req, nil)
	if isGone(err) {
		return nil
	}
	return err
}

func statusPath(id string) string { return "/api/v1/statuses/" + url.PathEscape(id) }

func accountPath(t network.Target) string {
	return "/api/v1/accounts/" + url.PathEscape(t.AccountID)
}

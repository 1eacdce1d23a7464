// Package bluesky is the connector of Bluesky and of every other host of the
// AT Protocol: it signs in with an app password at the server that keeps the
// account, writes records there, and reads through the same server what the
// network shows. It keeps nothing between two calls.
package bluesky

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"rapport/internal/network"
	"rapport/internal/outbound"
)

// Hosts are the public servers that tell where an account is kept. The zero
// value means Bluesky's own.
type Hosts struct {
	Entry     string // resolves handles, and takes sign-ins of its own accounts: https://bsky.social
	Directory string // keeps the documents of did:plc: https://plc.directory
	View      string // shows everybody what accounts say of themselves: https://public.api.bsky.app
}

// Network is Bluesky.
type Network struct {
	client *outbound.Client
	hosts  Hosts
	now    func() time.Time

	shrinking sync.Mutex
}

// New returns the connector.
func New(client *outbound.Client) *Network { return NewAt(client, Hosts{}) }

// NewAt returns the connector for a network with other public servers.
func NewAt(client *outbound.Client, h Hosts) *Network {
	h.Entry = cmp.Or(strings.TrimRight(h.Entry, "/"), "https://bsky.social")
	h.Directory = cmp.Or(strings.TrimRight(h.Directory, "/"), "https://plc.directory")
	h.View = cmp.Or(strings.TrimRight(h.View, "/"), "https://public.api.bsky.app")
	return &Network{client: client, hosts: h, now: time.Now}
}

// Facts describe Bluesky.
func (*Network) Facts() network.Facts {
	return network.Facts{
		Name: "bluesky", Title: "Bluesky",
		ServerLabel: "Your server's address", ServerOptional: true,
		ServerHelp: "Leave it empty unless your account lives on a server of its own, such as pds.example.org.",
		Fields: []network.Field{
			{Name: "handle", Label: "Handle", Help: "Such as north.bsky.social, without the @."},
			{Name: "password", Label: "App password", Secret: true,
				Help: "Make one on Bluesky under Settings, Privacy and security, App passwords. Do not use your own password: an app password can be taken back by itself."},
		},
		Options: options(),
		// The server keeps a picture that no post names for minutes only.
		PrepareAhead: 5 * time.Minute,
		RepeatSafety: "Each post is written under a key that depends only on the delivery and its part, and only where nothing is written under it. " +
			"A second arrival of the same post changes nothing; one with another text is refused. " +
			"Only if somebody deletes the post on Bluesky while its answer is still in doubt would the repeat bring it back, once.",
		// A request that was sent may still be on its way when Lookup reads, so
		// not finding the record proves nothing.
		AbsentWhen: "",
		Untold:     map[string]string{"views": "Bluesky does not count views."},
	}
}

func options() []network.Option {
	return []network.Option{
		{Name: network.OptionLanguage, Label: "Language", Help: "The language of the text as a code, such as en or pt-BR. Readers filter by it.", Longest: 35},
		{Name: network.OptionWarning, Label: "Content label", Help: "Bluesky covers the pictures of a labelled post until a reader asks to see them.",
			Choices: []network.OptionChoice{{Value: "", Label: "None"}, {Value: "sexual", Label: "Suggestive"}, {Value: "nudity", Label: "Nudity"},
				{Value: "porn", Label: "Adult content"}, {Value: "graphic-media", Label: "Graphic media"}}},
	}
}

// limits are the lexicon's. Its length of a description has no end; what is
// longer than this Bluesky's own pages do not show well. A picture has no limit
// in bytes here because one that is too large is made smaller on its way.
func limits() network.Limits {
	return network.Limits{Text: 300, Unit: network.Graphemes, TextBytes: 3000, Images: 4,
		ImageTypes: []string{"image/jpeg", "image/png"}, AltText: 2000, Parts: 50, Comment: true, Options: options()}
}

// Connect signs in with the app password, once. A credential that holds a
// session already is only looked at.
func (n *Network) Connect(ctx context.Context, server string, c network.Credential) (network.Account, error) {
	if c["access"] != "" {
		return n.look(ctx, network.Target{Server: server, Credential: c})
	}
	who := strings.TrimPrefix(strings.TrimSpace(c["handle"]), "@")
	base, err := n.entry(ctx, server, who)
	if err != nil {
		return network.Account{}, err
	}
	s, err := n.signIn(ctx, base, who, c["password"])
	if err != nil {
		return network.Account{}, err
	}
	t := network.Target{Server: s.home(base), AccountID: s.DID, Credential: s.credential(c["password"])}
	return n.account(ctx, t, s)
}

// look asks whose session it is. It returns no credential, so that one that is
// renewed at the same moment is not lost, and the time by which this one ends.
func (n *Network) look(ctx context.Context, t network.Target) (network.Account, error) {
	var s session
	if err := n.query(ctx, t, "com.atproto.server.getSession", nil, &s); err != nil {
		return network.Account{}, err
	}
	if err := s.check(); err != nil {
		return network.Account{}, err
	}
	t.AccountID = s.DID
	a, err := n.account(ctx, t, s)
	a.Credential, a.ExpiresAt = nil, n.endOf(t.Credential["access"])
	return a, err
}

func (n *Network) account(ctx context.Context, t network.Target, s session) (network.Account, error) {
	p, err := n.profile(ctx, t)
	if err != nil {
		return network.Account{}, err
	}
	return network.Account{ID: s.DID, Server: t.Server, Handle: "@" + s.Handle, Name: line(p.DisplayName, 200), AvatarURL: webAddress(p.Avatar),
		URL: profileURL(t.Server, s.Handle), Limits: limits(), Credential: t.Credential, ExpiresAt: n.endOf(t.Credential["access"]),
		Details: map[string]string{"software": "AT Protocol", "handle": s.Handle}}, nil
}

type profile struct {
	DID         string `json:"did"`
	Handle      string `json:"handle"`
	DisplayName string `json:"displayName"`
	Avatar      string `json:"avatar"`
	Followers   *int64 `json:"followersCount"`
	Follows     *int64 `json:"followsCount"`
	Posts       *int64 `json:"postsCount"`
}

// profile is empty for an account that the network has not noticed yet.
func (n *Network) profile(ctx context.Context, t network.Target) (profile, error) {
	var p profile
	err := n.query(ctx, t, "app.bsky.actor.getProfile", url.Values{"actor": {t.AccountID}}, &p)
	var e *network.Error
	if errors.As(err, &e) && e.Verdict == network.Refused && e.Status == http.StatusBadRequest {
		return profile{}, nil
	}
	return p, p.check(t, err)
}

// check finds what is no profile of the account.
func (p profile) check(t network.Target, err error) error {
	if err == nil && p.DID != t.AccountID {
		return unreadable(http.StatusOK, errors.New("bluesky: the profile of no account or another"))
	}
	return err
}

// profileURL is the page of an account. Whatever server keeps it, Bluesky's own
// site shows it; only a server that no other can reach shows its own.
func profileURL(server, handle string) string {
	site := "https://bsky.app"
	if strings.HasPrefix(server, "http://") {
		site = server
	}
	return site + "/profile/" + url.PathEscape(handle)
}

// normalised is the base address of what a person typed; "" for Bluesky's own
// entry.
func (n *Network) normalised(server string) (string, error) {
	server = strings.TrimSpace(server)
	if server == "" {
		return "", nil
	}
	if !strings.Contains(server, "://") {
		server = schemeFor(server) + server
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", &network.Error{Verdict: network.Refused, Text: "Give the address of your server, such as pds.example.org, or leave it empty."}
	}
	base := u.Scheme + "://" + strings.ToLower(u.Host)
	if base == n.hosts.Entry || u.Hostname() == "bsky.app" {
		return "", nil
	}
	return base, nil
}

func schemeFor(server string) string {
	host, _, err := net.SplitHostPort(server)
	if err != nil {
		host = server
	}
	if here(host) {
		return "http://"
	}
	return "https://"
}

// here reports whether the host is this machine.
func here(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Abilities say what every account can do: an app password allows it all.
func (*Network) Abilities(network.Target) []network.Ability {
	return []network.Ability{
		{Name: "publish", Label: "Publish posts", Can: true},
		{Name: "pictures", Label: "Send pictures", Can: true, Why: "Up to four; those of more than 2 MB are made smaller on their way. Films are not sent yet."},
		{Name: "alt_text", Label: "Describe pictures", Can: true},
		{Name: "threads", Label: "Publish threads", Can: true},
		{Name: "warning", Label: "Label sensitive pictures", Can: true, Why: "Bluesky knows four labels and no warning in words of your own."},
		{Name: "visibility", Label: "Choose who sees a post", Why: "Every post on Bluesky is public."},
		{Name: "delete", Label: "Delete posts", Can: true},
		{Name: "inbox", Label: "Hear answers and mentions", Can: true},
		{Name: "stream", Label: "Hear them at once", Why: "Bluesky tells one account nothing by itself, so it is asked every minute while there is something going on."},
		{Name: "reply", Label: "Answer", Can: true},
		{Name: "history", Label: "Import earlier posts", Can: true},
		{Name: "numbers", Label: "Read likes, reposts, replies and quotes", Can: true},
		{Name: "views", Label: "Read views", Why: "Bluesky does not count views."},
		{Name: "followers", Label: "Read the number of followers", Can: true},
	}
}

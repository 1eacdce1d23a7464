// Package demo is the connector of the demo network, which runs in this
// program or as a program of its own. It speaks HTTP to either, as a
// connector of a real network would, and knows nothing of how the demo
// network works inside.
package demo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rapport/internal/network"
	"rapport/internal/outbound"
)

// Builtin is the server of the demo network inside this program.
const Builtin = "builtin"

// Network is the demo network.
type Network struct {
	client *outbound.Client
	local  func() string
}

// New returns the connector. local gives the address of the demo network in
// this program, "" while there is none; it is asked at every call, since the
// port may differ from one start to the next.
func New(client *outbound.Client, local func() string) *Network {
	return &Network{client: client, local: local}
}

// Facts describe the demo network.
func (*Network) Facts() network.Facts {
	return network.Facts{
		Name: "demo", Title: "Demo network", Demo: true,
		Fields: []network.Field{{Name: "token", Label: "Access token",
			Help: "demo- and the name of the account, such as demo-north.", Secret: true}},
		ServerLabel: "Server", ServerOptional: true,
		ServerHelp:   "Only where the demo network runs as a program of its own. Empty takes the one that is built in.",
		PrepareAhead: 30 * time.Minute,
		RepeatSafety: "The network says in each account's facts whether it honours idempotency keys. Where it does, a second arrival of a key publishes nothing, " +
			"for as long as the first post is remembered, removed ones included. Where it says that it ignores them, nothing is ever repeated.",
		// A commit that was sent may still be on its way when Lookup reads, so
		// not finding it proves nothing.
		AbsentWhen: "",
		Untold:     map[string]string{"quotes": "The demo network has no quotes."},
	}
}

// Connect reads the facts of the token's account.
func (n *Network) Connect(ctx context.Context, server string, c network.Credential) (network.Account, error) {
	server, err := normalised(server)
	if err != nil {
		return network.Account{}, err
	}
	t := network.Target{Server: server, Credential: c}
	var got accountAnswer
	if err := n.read(ctx, t, "/v1/account", &got); err != nil {
		return network.Account{}, err
	}
	if got.ID == "" || got.Handle == "" {
		return network.Account{}, &network.Error{Text: "This address does not answer like a demo network."}
	}
	return network.Account{ID: got.ID, Server: server, Handle: "@" + got.Handle, Name: got.Name, AvatarURL: got.AvatarURL,
		URL: got.URL, Limits: got.limits(), Credential: network.Credential{"token": c["token"]}}, nil
}

type accountAnswer struct {
	ID          string `json:"id"`
	Handle      string `json:"handle"`
	Name        string `json:"name"`
	URL         string `json:"url"`
	AvatarURL   string `json:"avatar_url"`
	Idempotency string `json:"idempotency"`
	Limits      struct {
		Text       int      `json:"text"`
		Unit       string   `json:"unit"`
		Images     int      `json:"images"`
		ImageBytes int64    `json:"image_bytes"`
		ImageTypes []string `json:"image_types"`
		AltText    int      `json:"alt_text"`
		Thread     int      `json:"thread"`
	} `json:"limits"`
}

func (a accountAnswer) limits() network.Limits {
	l := a.Limits
	return network.Limits{Text: l.Text, Unit: network.Unit(l.Unit), Images: l.Images, ImageBytes: l.ImageBytes,
		ImageTypes: l.ImageTypes, AltText: l.AltText, Parts: l.Thread, Comment: true,
		RepeatUnsafe: a.Idempotency != "honoured"}
}

func normalised(server string) (string, error) {
	server = strings.TrimSpace(server)
	if server == "" || server == Builtin {
		return Builtin, nil
	}
	if !strings.Contains(server, "://") {
		server = schemeFor(server) + server
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", &network.Error{Verdict: network.Refused, Text: "Give the address of a demo network, such as http://127.0.0.1:8090, or builtin."}
	}
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/"), nil
}

func schemeFor(server string) string {
	host, _, err := net.SplitHostPort(server)
	if err != nil {
		host = server
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return "http://"
	}
	return "https://"
}

func (n *Network) base(t network.Target) (string, error) {
	if t.Server != "" && t.Server != Builtin {
		return t.Server, nil
	}
	if base := n.local(); base != "" {
		return strings.TrimRight(base, "/"), nil
	}
	return "", &network.Error{Verdict: network.NotSent, Text: "The built-in demo network is not running."}
}

// Remove deletes a post.
func (n *Network) Remove(ctx context.Context, t network.Target, ref network.Ref) error {
	req, err := n.request(ctx, t, http.MethodDelete, postPath(ref.ID), nil)
	if err != nil {
		return err
	}
	err = n.do(req, nil)
	if statusOf(err) == http.StatusNotFound {
		return nil
	}
	return err
}

// Measure reads the counters of each ref. It stops at the first answer that
// concerns more than one post and returns what it has with the error.
func (n *Network) Measure(ctx context.Context, t network.Target, refs []network.Ref) (map[string]network.Counters, error) {
	out := make(map[string]network.Counters, len(refs))
	for _, ref := range refs {
		var got struct {
			At       time.Time `json:"at"`
			Likes    *int64    `json:"likes"`
			Shares   *int64    `json:"shares"`
			Comments *int64    `json:"comments"`
			Views    *int64    `json:"views"`
		}
		err := n.read(ctx, t, postPath(ref.ID)+"/numbers", &got)
		if statusOf(err) == http.StatusNotFound {
			continue
		}
		if err != nil {
			return out, err
		}
		out[ref.ID] = network.Counters{At: got.At, Likes: got.Likes, Shares: got.Shares, Comments: got.Comments, Views: got.Views}
	}
	return out, nil
}

// MeasureAccount reads the account's number of followers; the demo network
// tells no more.
func (n *Network) MeasureAccount(ctx context.Context, t network.Target) (network.AccountCounters, error) {
	var got struct {
		Followers *int64 `json:"followers"`
	}
	if err := n.read(ctx, t, "/v1/account/numbers", &got); err != nil {
		return network.AccountCounters{}, err
	}
	if got.Followers == nil {
		return network.AccountCounters{}, unreadable(http.StatusOK, fmt.Errorf("demo: no number of followers"))
	}
	return network.AccountCounters{Followers: got.Followers}, nil
}

func postPath(id string) string { return "/v1/posts/" + url.PathEscape(id) }

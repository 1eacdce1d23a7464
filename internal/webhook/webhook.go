// Package webhook is where a brand's events are sent to: the addresses, their
// secrets, which types each wants, and what became of each call. It sends
// nothing itself; package hook does.
package webhook

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbound"
	"rapport/internal/secret"
)

// State says whether events are sent.
type State string

// The states.
const (
	Active   State = "active"
	Paused   State = "paused"   // by a person; what happens meanwhile is not sent later
	Disabled State = "disabled" // by Rapport, because it failed too long
)

// Endpoint is one address, without its secret.
type Endpoint struct {
	ID        string
	Brand     string
	URL       string
	About     string   // the team's words on it
	Events    []string // names of types, in their order
	State     State
	Reason    string  // why it was disabled, for a person
	FailingAt db.Time // since when every call failed; 0 while the last one arrived
	ArrivedAt db.Time // the last call that arrived
	OldUntil  db.Time // until then calls are signed with the earlier secret too
	Account   string  // who made it
	CreatedAt db.Time
	UpdatedAt db.Time
}

// Host is the part of the address that may be named anywhere: what follows it
// may hold a secret of the receiver.
func (e Endpoint) Host() string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// Input is what a person says of an endpoint.
type Input struct {
	URL    string
	About  string
	Events []string
}

// Webhooks keeps the endpoints.
type Webhooks struct {
	DB   *db.DB
	Keys *secret.Keyring
	// Allow are the inner addresses that the operator lets be called; only
	// they may be called without encryption.
	Allow []outbound.Rule
	// Resolve finds the addresses of a name; the system's resolver if nil.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
}

const (
	// Most is how many endpoints a brand may have.
	Most         = 20
	longestURL   = 2000
	longestAbout = 200 // runes
	// Overlap is how long the earlier secret stays valid after a new one was
	// made.
	Overlap = 24 * time.Hour
	// Keep is how long calls stay in the log.
	Keep = 30 * 24 * time.Hour
)

// check returns the input as it is kept.
func (ws *Webhooks) check(ctx context.Context, in Input) (Input, error) {
	in.URL, in.About = strings.TrimSpace(in.URL), strings.TrimSpace(in.About)
	var wrong []fault.Field
	if err := ws.checkURL(ctx, in.URL); err != nil {
		wrong = append(wrong, fault.Fields(err)...)
	}
	if utf8.RuneCountInString(in.About) > longestAbout || strings.ContainsAny(in.About, "\r\n\x00") || !utf8.ValidString(in.About) {
		wrong = append(wrong, fault.Fields(fault.OnField("about", "Say in one line of at most %d characters what it is for.", longestAbout))...)
	}
	var events []string
	for _, t := range Types {
		if slices.Contains(in.Events, t.Name) {
			events = append(events, t.Name)
		}
	}
	for _, name := range in.Events {
		if !Known(name) {
			wrong = append(wrong, fault.Fields(fault.OnField("events", "There is no event %q.", cut(name, 60)))...)
			break
		}
	}
	if len(in.Events) == 0 {
		wrong = append(wrong, fault.Fields(fault.OnField("events", "Choose at least one event."))...)
	}
	in.Events = events
	return in, fault.OnFields(wrong)
}

func (ws *Webhooks) checkURL(ctx context.Context, text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > longestURL || !utf8.ValidString(text) || strings.ContainsAny(text, " \x00") ||
		(u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "":
		return fault.OnField("url", "Write the whole address, such as https://example.org/hooks.")
	case u.User != nil:
		return fault.OnField("url", "Leave out name and password: calls are signed instead.")
	case u.Fragment != "":
		return fault.OnField("url", "Leave out what follows the #: it never reaches a server.")
	case u.Scheme == "http" && !ws.PlainAllowed(ctx, u):
		return fault.OnField("url", "Use https://. Without encryption only addresses are called that the operator has allowed with --outbound-allow.")
	}
	return nil
}

// PlainAllowed reports whether the operator lets this address be called without
// encryption: all it stands for is named in Allow.
func (ws *Webhooks) PlainAllowed(ctx context.Context, u *url.URL) bool {
	port := uint64(80)
	if u.Port() != "" {
		var err error
		if port, err = strconv.ParseUint(u.Port(), 10, 16); err != nil {
			return false
		}
	}
	addrs, err := ws.resolve(ctx, u.Hostname())
	if err != nil || len(addrs) == 0 {
		return false
	}
	for _, a := range addrs {
		if !slices.ContainsFunc(ws.Allow, func(r outbound.Rule) bool {
			return r.Prefix.Contains(a.Unmap()) && (r.Port == 0 || r.Port == uint16(port))
		}) {
			return false
		}
	}
	return true
}

func (ws *Webhooks) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if len(ws.Allow) == 0 {
		return nil, nil // nothing is allowed, so nobody need be asked
	}
	if ws.Resolve != nil {
		return ws.Resolve(ctx, host)
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// cut keeps the beginning of a text, at most so many bytes, as a database
// takes it.
func cut(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-len("…")], "") + "…"
}

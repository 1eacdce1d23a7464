// Package edge stands between the socket and every page: it decides who the
// client really is, which host names are answered, which requests of other
// sites are refused, and what is logged. It knows no page and no account.
package edge

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"rapport/internal/db"
)

// Options say what the outside looks like.
type Options struct {
	// PublicURL is the address people type; nil where none was given. Then
	// loopback names and bare IP addresses are answered: neither can be the
	// name of a stranger's site that points here.
	PublicURL *url.URL
	// Trusted are the proxies whose X-Forwarded headers are believed.
	Trusted []netip.Prefix
	// Known reports whether another name is ours: a community's own. It may be
	// nil.
	Known func(ctx context.Context, host string) bool
	Log   *slog.Logger
	// Fail shows an error to the person; a fault, or an internal one whose
	// words must not be shown.
	Fail func(w http.ResponseWriter, r *http.Request, err error)
}

// Client is who sent a request, after proxies.
type Client struct {
	Address string // IP address; "" where it cannot be read
	Secure  bool   // the browser is known to have come by HTTPS
	Proxied bool   // a forwarding header was sent, trusted or not
	Request string // id of the request, also in the log and in X-Request-Id
}

type clientKey struct{}

// From returns the client of a request that went through Handler.
func From(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}

// Handler wraps next in everything this package does.
func Handler(o Options, next http.Handler) http.Handler {
	h := compress(next)
	h = sameOrigin(o, h)
	h = headers(o, h)
	h = hosts(o, h)
	h = observe(o, h)
	return identify(o, h)
}

// forwarding are the headers only a trusted proxy may set.
var forwarding = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "Forwarded"}

// identify finds the client. Headers of somebody who is not trusted are taken
// away, so that nothing behind can believe them by mistake.
func identify(o Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer := peerAddr(r.RemoteAddr)
		c := Client{Secure: r.TLS != nil, Request: db.NewID()}
		for _, h := range forwarding {
			c.Proxied = c.Proxied || r.Header.Get(h) != ""
		}
		if trusts(o.Trusted, peer) {
			peer = behind(o.Trusted, peer, r.Header.Values("X-Forwarded-For"))
			c.Secure = c.Secure || last(r.Header.Values("X-Forwarded-Proto")) == "https"
			if host := last(r.Header.Values("X-Forwarded-Host")); host != "" {
				r.Host = host
			}
		}
		for _, h := range forwarding {
			r.Header.Del(h)
		}
		if peer.IsValid() {
			c.Address = peer.String()
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clientKey{}, c)))
	})
}

func peerAddr(remote string) netip.Addr {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	a, _ := netip.ParseAddr(host)
	return a.Unmap().WithZone("")
}

func trusts(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if a.IsValid() && p.Contains(a) {
			return true
		}
	}
	return false
}

// behind walks the chain from the nearest proxy outwards and stops at the
// first address that is not a trusted proxy: what stands left of it was
// written by the client.
func behind(trusted []netip.Prefix, peer netip.Addr, values []string) netip.Addr {
	chain := strings.Split(strings.Join(values, ","), ",")
	for i := len(chain) - 1; i >= 0 && trusts(trusted, peer); i-- {
		text := strings.TrimSpace(chain[i])
		a, err := netip.ParseAddr(text)
		if err != nil {
			a = peerAddr(text) // some proxies add the port
		}
		if !a.IsValid() {
			break
		}
		peer = a.Unmap().WithZone("")
	}
	return peer
}

func last(values []string) string {
	all := strings.Split(strings.Join(values, ","), ",")
	return strings.ToLower(strings.TrimSpace(all[len(all)-1]))
}

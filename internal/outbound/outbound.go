// Package outbound is the only way Rapport calls other servers. It refuses
// addresses inside the operator's network at the moment of connecting, bounds
// every call in time and size, and offers Once for the calls that must never
// be repeated behind our back.
//
// It knows nothing of networks or webhooks and never logs: addresses and
// headers may hold secrets, so its errors name the host only.
package outbound

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"time"
)

// Options bound what a Client does. The zero value is sound.
type Options struct {
	Allow   []Rule         // inner addresses that may be called all the same
	Timeout time.Duration  // for one hop of a call with its body; 30 s where 0
	MaxBody int64          // bytes of an answer after decompression; 10 MB where 0
	PerHost int            // connections to one host; 64 where 0
	Agent   string         // User-Agent; "Rapport/1.0" where empty
	RootCAs *x509.CertPool // nil for those of the system
}

const (
	dialTimeout   = 10 * time.Second
	idleTimeout   = 20 * time.Second // shorter than most servers', so that few idle connections are stale
	maxHeader     = 64 << 10
	maxRedirects  = 3
	onceTries     = 3
	defaultAgent  = "Rapport/1.0"
	defaultBody   = 10 << 20
	defaultTotal  = 30 * time.Second
	defaultOnHost = 64
)

// Client calls out. It is safe for concurrent use and pools connections, so
// make one and share it.
type Client struct {
	options Options
	guard   guard
	plain   *http.Client
	commit  *http.Transport
	streams *http.Transport
}

// New returns a Client. It ignores proxies in the environment: behind a proxy
// the address that is really called could not be checked.
func New(o Options) *Client {
	o.Timeout = cmp.Or(o.Timeout, defaultTotal)
	o.MaxBody = cmp.Or(o.MaxBody, int64(defaultBody))
	o.PerHost = cmp.Or(o.PerHost, defaultOnHost)
	o.Agent = cmp.Or(o.Agent, defaultAgent)
	c := &Client{options: o, guard: newGuard(o.Allow)}
	pooled := c.transport()
	pooled.ForceAttemptHTTP2 = true
	pooled.DialContext = c.dialer().DialContext
	c.plain = &http.Client{Transport: bounded{c, pooled}, CheckRedirect: checkRedirect}
	c.streams = c.transport()
	c.streams.MaxConnsPerHost = 0
	c.streams.DisableCompression = true // a packed stream may be held back
	c.streams.ForceAttemptHTTP2 = true
	c.streams.DialContext = c.dialer().DialContext
	c.commit = c.transport()
	// HTTP/2 shares one connection among calls, so what was written of one
	// call could not be told; it also repeats calls by itself.
	c.commit.Protocols = new(http.Protocols)
	c.commit.Protocols.SetHTTP1(true)
	c.commit.DialContext = c.dialFenced
	c.commit.DialTLSContext = c.dialFencedTLS
	return c
}

func (c *Client) transport() *http.Transport {
	return &http.Transport{
		TLSClientConfig:        c.tlsConfig(),
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  c.options.Timeout,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        idleTimeout,
		MaxConnsPerHost:        c.options.PerHost,
		MaxIdleConnsPerHost:    c.options.PerHost,
		MaxResponseHeaderBytes: maxHeader,
	}
}

func (c *Client) tlsConfig() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.options.RootCAs}
}

func (c *Client) dialer() *net.Dialer {
	return &net.Dialer{Timeout: dialTimeout, Control: c.guard.control}
}

// HTTP returns a standard client with the same protections, for libraries
// that want one. Its errors are not faults.
func (c *Client) HTTP() *http.Client { return c.plain }

// Close drops idle connections.
func (c *Client) Close() {
	c.plain.CloseIdleConnections()
	c.commit.CloseIdleConnections()
	c.streams.CloseIdleConnections()
}

// Do sends a request that may safely arrive twice and follows up to three
// redirects. The connection may repeat it by itself: use Once for what must
// not happen twice. The caller closes the body; reading it ends with
// ErrTooLarge past the size limit. Where nothing was sent, or where the method
// is GET or HEAD, the error is a fault fit for people.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	outcome := NotSent
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { outcome = Lost }}
	resp, err := c.plain.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err == nil {
		return resp, nil
	}
	if req.Method == http.MethodGet || req.Method == http.MethodHead || req.Method == "" {
		outcome = NotSent
	}
	return nil, explain(req.URL.Hostname(), outcome, err)
}

// bounded gives every hop of a plain call its agent, limits and deadline.
type bounded struct {
	client *Client
	next   *http.Transport
}

// RoundTrip does one hop.
func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), b.client.patience(req.Context()))
	resp, err := b.next.RoundTrip(b.client.named(req.WithContext(ctx)))
	if err != nil {
		cancel()
		return nil, err
	}
	b.client.bound(resp, cancel)
	return resp, nil
}

// CloseIdleConnections lets http.Client reach the pool.
func (b bounded) CloseIdleConnections() { b.next.CloseIdleConnections() }

// named returns req with our User-Agent, unless it has its own.
func (c *Client) named(req *http.Request) *http.Request {
	if req.Header.Get("User-Agent") != "" {
		return req
	}
	req = req.Clone(req.Context())
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("User-Agent", c.options.Agent)
	return req
}

type patienceKey struct{}

// Patient returns a context in which one call may take up to d instead of the
// client's Timeout: for uploads of large files.
func Patient(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, patienceKey{}, d)
}

func (c *Client) patience(ctx context.Context) time.Duration {
	if d, ok := ctx.Value(patienceKey{}).(time.Duration); ok {
		return d
	}
	return c.options.Timeout
}

var (
	errTooMany   = errors.New("outbound: too many redirects")
	errDowngrade = errors.New("outbound: redirect from https to http")
	errElsewhere = errors.New("outbound: redirect of a body to another host")
)

// kept are the headers that follow a redirect to another host; any other
// might be a credential.
var kept = map[string]bool{"Accept": true, "Accept-Language": true, "User-Agent": true, "Range": true}

// checkRedirect bounds redirects. A chain that has left the first host gets
// no credentials again, even where it leads back to it.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errTooMany
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return errDowngrade
	}
	for _, earlier := range via {
		if earlier.URL.Host == req.URL.Host {
			continue
		}
		if req.Body != nil && req.Body != http.NoBody {
			return errElsewhere
		}
		for name := range req.Header {
			if !kept[name] {
				req.Header.Del(name)
			}
		}
	}
	return nil
}

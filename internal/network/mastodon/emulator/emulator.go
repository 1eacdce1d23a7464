// Package emulator is a small Mastodon server in one HTTP server: accounts,
// statuses, media, notifications, streams and the sign-in page of its own,
// written from the public contract of Mastodon's API and strict about it. It
// fails in every way a real server fails, to order, and its audience does
// what it is told. Nothing in it leaves the machine, everything is in memory,
// and it knows nothing of Rapport.
package emulator

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"rapport/internal/network/networktest/wire"
)

// Options say what kind of server this is. The zero value is a server without
// accounts, with the limits of a Mastodon that nobody changed.
type Options struct {
	// Now is the clock that dates statuses, lets keys be forgotten and media
	// become ready; nil is the wall clock. Arrivals are always dated by the
	// wall clock.
	Now func() time.Time
	// Accounts that exist from the beginning. The token mastodon-NAME is good
	// for all scopes of the account NAME.
	Accounts []Account
	// AutoAccounts makes an account when its token is first used.
	AutoAccounts bool
	// IgnoreIdempotency publishes a repeated request again, as GoToSocial
	// does, and names that software where a client asks.
	IgnoreIdempotency bool
	// Domain is the name in addresses such as @north@social.example; "" is
	// the host that was asked for.
	Domain string
	// PublicURL is the address in links; "" is the address asked for.
	PublicURL string
	// Latency is waited before every answer of the API.
	Latency time.Duration
	// MediaDelay is how long an upload is processed.
	MediaDelay time.Duration
	// TextLimit, MediaLimit and AltLimit are 500, 4 and 1500 where they are 0.
	TextLimit, MediaLimit, AltLimit int
	// NoRateLimits never answers 429 by itself.
	NoRateLimits bool
	// Heartbeat is how often a stream is kept warm; 0 is 15 seconds.
	Heartbeat time.Duration
}

// Server is one Mastodon server.
type Server struct {
	options Options
	gate    wire.Gate
	mux     *http.ServeMux

	mu        sync.Mutex
	accounts  map[string]*account // by id
	names     map[string]*account // by name, with @domain for those elsewhere
	statuses  map[string]*Status  // those that are there
	recent    []*Status           // in the order of their ids, removed ones too
	media     map[string]*upload
	keys      map[string]spentKey // by account and idempotency key
	apps      map[string]*app     // by client id
	grants    map[string]*grant   // by code
	tokens    map[string]*token
	budgets   map[string]*budget
	streams   map[*stream]struct{}
	lastID    int64
	lastNote  int64
	published int // statuses ever published, removed ones too

	listener *wire.Listener
	sock     *http.Server
	ending   chan struct{}
	end      sync.Once
}

// New returns a server with its accounts and nothing said yet.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.TextLimit, o.MediaLimit, o.AltLimit = cmp.Or(o.TextLimit, 500), cmp.Or(o.MediaLimit, 4), cmp.Or(o.AltLimit, 1500)
	o.Heartbeat = cmp.Or(o.Heartbeat, 15*time.Second)
	s := &Server{options: o, accounts: map[string]*account{}, names: map[string]*account{}, statuses: map[string]*Status{},
		media: map[string]*upload{}, keys: map[string]spentKey{}, apps: map[string]*app{}, grants: map[string]*grant{},
		tokens: map[string]*token{}, budgets: map[string]*budget{}, streams: map[*stream]struct{}{}, lastNote: 6, ending: make(chan struct{})}
	s.gate.MaxBody = 120 << 20
	s.gate.Describe = s.describe
	s.gate.Refusal = func(_ int, text string) string { return fmt.Sprintf(`{"error":%q}`, text) }
	s.gate.Next = s.api()
	s.gate.Latency = o.Latency
	s.mux = s.routes()
	for _, a := range o.Accounts {
		if err := s.SetAccount(a); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// ServeHTTP serves the API, the control endpoints and the pages. Faults at
// the socket need the server to be run by Serve; without it a reset is a
// plain end of the connection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Listen opens an address for Serve.
func Listen(addr string) (*wire.Listener, error) { return wire.Listen(addr) }

// Serve answers on l until ctx ends.
func (s *Server) Serve(ctx context.Context, l *wire.Listener) error {
	s.mu.Lock()
	s.listener, s.sock = l, wire.HTTPServer(s)
	sock := s.sock
	s.mu.Unlock()
	defer context.AfterFunc(ctx, func() {
		s.end.Do(func() { close(s.ending) })
		s.gate.Close()
		_ = sock.Close()
		_ = l.Close()
	})()
	err := sock.Serve(l)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("mastodon emulator: serve: %w", err)
}

// Order adds a fault.
func (s *Server) Order(f wire.Fault) error { return s.gate.Faults.Order(f) }

// ClearFaults takes every fault off the list.
func (s *Server) ClearFaults() { s.gate.Faults.Clear() }

// Arrivals returns the requests to publish that reached the socket after seq.
func (s *Server) Arrivals(seq int) []wire.Arrival { return s.gate.Arrivals.Since(seq) }

// Wait returns when the server is done with n arrivals since the record was
// cleared, or with the error of ctx.
func (s *Server) Wait(ctx context.Context, n int) error { return s.gate.Arrivals.Wait(ctx, n) }

// Counts sums up the arrivals.
func (s *Server) Counts() wire.Counts { return s.gate.Counts() }

// Find returns a status that is there. Its Text is the plain text that was
// sent.
func (s *Server) Find(id string) (Status, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.statuses[id]
	if st == nil {
		return Status{}, false
	}
	return *st, true
}

// Alts returns the descriptions of a status's media, in order.
func (s *Server) Alts(id string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	if st := s.statuses[id]; st != nil {
		for _, m := range st.Media {
			out = append(out, s.media[m].Description)
		}
	}
	return out
}

// Uploads is how many media the server has.
func (s *Server) Uploads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.media)
}

// Refuse makes dials fail until the returned function is called. It needs
// Serve.
func (s *Server) Refuse() (resume func() error, err error) {
	s.mu.Lock()
	l := s.listener
	s.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("mastodon emulator: refusing needs a listener of its own")
	}
	return l.Resume, l.Refuse()
}

// nextID is a snowflake: it grows with time and is never given twice.
func (s *Server) nextID(now time.Time) string {
	s.lastID = max(s.lastID+1, now.UnixMilli()<<16)
	return fmt.Sprint(s.lastID)
}

// place is where the server is reached in one request; links are made of it.
type place struct{ base, domain string }

func (s *Server) place(r *http.Request) place {
	p := place{base: s.options.PublicURL, domain: cmp.Or(s.options.Domain, r.Host)}
	if p.base != "" {
		return p
	}
	p.base = "http://" + r.Host
	if r.TLS != nil {
		p.base = "https://" + r.Host
	}
	return p
}

func fromLoopback(r *http.Request) bool {
	return loopback(r.RemoteAddr) && loopback(r.Host)
}

func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

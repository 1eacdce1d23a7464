// Package emulator plays a Bluesky network on one host: the server that keeps
// accounts, sessions, records and blobs, and behind it the service that
// answers with profiles, feeds, threads and notifications. It is held to the
// lexicons of the AT Protocol, whose files lie in the folder lexicon, and
// refuses whatever they do not allow. Other accounts react to order, and it
// fails in every way a real network fails, to order too. Nothing in it leaves
// the machine, and everything is forgotten at its end. It knows nothing of
// Rapport.
package emulator

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"rapport/internal/network/networktest/wire"
)

// Options say what kind of network this is. The zero value is a network
// without accounts.
type Options struct {
	// Now is the clock of sessions, records, limits and indexing; nil is the
	// wall clock. Arrivals are always dated by the wall clock.
	Now func() time.Time
	// Accounts that exist from the beginning.
	Accounts []Account
	// AutoAccounts makes an account when somebody first signs in to it.
	AutoAccounts bool
	// PublicURL is the address in links and DID documents; "" is the address
	// asked for.
	PublicURL string
	// IndexDelay is how long a record takes from its commit until profiles,
	// feeds, threads and notifications know of it.
	IndexDelay time.Duration
	// Latency is waited before every answer of the API.
	Latency time.Duration
	// BlobLife is how long a blob is kept that no record names; 0 is an hour.
	BlobLife time.Duration
	// NoLimits lifts the limits on requests and writes, for load tests. The
	// limit on sign-ins stays.
	NoLimits bool
}

// Server is one network.
type Server struct {
	options Options
	gate    wire.Gate
	mux     http.Handler
	secret  []byte // signs tokens
	closing chan struct{}

	mu       sync.Mutex
	accounts map[string]*account // by name
	byDID    map[string]*account
	refresh  map[string]*refreshToken // by id
	windows  map[string]*window
	uploads  int
	lastTID  int64
	index    index

	listener *wire.Listener
	sock     *http.Server
}

// New returns the network.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BlobLife == 0 {
		o.BlobLife = time.Hour
	}
	s := &Server{options: o, secret: make([]byte, 32), closing: make(chan struct{}), accounts: map[string]*account{},
		byDID: map[string]*account{}, refresh: map[string]*refreshToken{}, windows: map[string]*window{}, index: newIndex()}
	_, _ = rand.Read(s.secret) // never fails
	s.gate.MaxBody = blobMost + 1
	s.gate.Describe = s.describe
	s.gate.Refusal = refusalBody
	s.gate.Next = http.HandlerFunc(s.serveNetwork)
	s.gate.Latency = o.Latency
	s.mux = s.routes()
	for _, a := range o.Accounts {
		if err := s.SetAccount(a); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Server) now() time.Time { return s.options.Now().UTC() }

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
		close(s.closing)
		s.gate.Close()
		_ = sock.Close()
		_ = l.Close()
	})()
	err := sock.Serve(l)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("bluesky emulator: serve: %w", err)
}

// Order adds a fault.
func (s *Server) Order(f wire.Fault) error { return s.gate.Faults.Order(f) }

// ClearFaults takes every fault off the list.
func (s *Server) ClearFaults() { s.gate.Faults.Clear() }

// Arrivals returns the commits of posts that reached the socket after seq.
func (s *Server) Arrivals(seq int) []wire.Arrival { return s.gate.Arrivals.Since(seq) }

// Wait returns when the network is done with n commits since the record was
// cleared, or with the error of ctx.
func (s *Server) Wait(ctx context.Context, n int) error { return s.gate.Arrivals.Wait(ctx, n) }

// Counts sums up the arrivals.
func (s *Server) Counts() wire.Counts { return s.gate.Counts() }

// Uploads is how many blobs were uploaded.
func (s *Server) Uploads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uploads
}

// Refuse makes dials fail until the returned function is called. It needs
// Serve.
func (s *Server) Refuse() (resume func() error, err error) {
	s.mu.Lock()
	l := s.listener
	s.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("bluesky emulator: refusing needs a listener of its own")
	}
	return l.Resume, l.Refuse()
}

func (s *Server) address(r *http.Request) string {
	if s.options.PublicURL != "" {
		return s.options.PublicURL
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
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

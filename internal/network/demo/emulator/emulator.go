// Package emulator is the demo network itself: a small social network in one
// HTTP server, with accounts, pictures, threads, limits, an audience that
// reacts over time, and pages where people can see what arrived. It fails in
// every way a real network fails, to order. Nothing in it leaves the machine.
// It knows nothing of Rapport: the demo connector speaks to it over HTTP as it
// would to any network.
package emulator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"rapport/internal/network/networktest/wire"
)

// Options say what kind of network this is. The zero value is a network
// without accounts that forgets everything at its end.
type Options struct {
	// Now is the clock that dates posts and moves the audience; nil is the
	// wall clock. Arrivals are always dated by the wall clock.
	Now func() time.Time
	// Accounts that exist from the beginning. The token of an account is
	// "demo-" and its name.
	Accounts []Account
	// AutoAccounts makes an account when its token is first used.
	AutoAccounts bool
	// IgnoreIdempotency publishes a repeated request again, and says so in
	// the facts of every account.
	IgnoreIdempotency bool
	// PublicURL is the address in links; "" is the address asked for.
	PublicURL string
	// Journal is the path of a JSON-lines file that everything is written to
	// and read from at the start; pictures lie in a folder beside it. "" keeps
	// everything in memory.
	Journal string
	// Latency is waited before every answer of the API.
	Latency time.Duration
	// MediaDelay is how long a picture is processed.
	MediaDelay time.Duration
	// PostsPerMinute an account may publish; 0 is no limit.
	PostsPerMinute int
}

// Server is one demo network.
type Server struct {
	options Options
	gate    wire.Gate
	mux     *http.ServeMux

	mu       sync.Mutex
	accounts map[string]*account
	posts    map[string]*Post
	recent   []*Post // in the order in which they were published
	replies  map[string][]*Post
	keys     map[string]*Post // by account and key
	media    map[string]*picture
	bios     map[string]string // what people of the audience say of themselves now
	lastID   int64
	journal  *journal

	listener *wire.Listener
	sock     *http.Server
}

// New returns the network, as its journal left it where it has one.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{options: o, accounts: map[string]*account{}, posts: map[string]*Post{},
		replies: map[string][]*Post{}, keys: map[string]*Post{}, media: map[string]*picture{}, bios: map[string]string{}}
	s.gate.MaxBody = 64 << 20
	s.gate.Describe = describe
	s.gate.Next = s.api()
	s.mux = s.routes()
	s.gate.Latency = o.Latency
	if err := s.open(); err != nil {
		return nil, err
	}
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
		s.gate.Close()
		_ = sock.Close()
		_ = l.Close()
	})()
	err := sock.Serve(l)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("demo network: serve: %w", err)
}

// Close writes the journal to its end. The server must have stopped.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.journal.close()
}

// Order adds a fault.
func (s *Server) Order(f wire.Fault) error { return s.gate.Faults.Order(f) }

// ClearFaults takes every fault off the list.
func (s *Server) ClearFaults() { s.gate.Faults.Clear() }

// Arrivals returns the commits that reached the socket after seq.
func (s *Server) Arrivals(seq int) []wire.Arrival { return s.gate.Arrivals.Since(seq) }

// Wait returns when the network is done with n commits since the record was
// cleared, or with the error of ctx.
func (s *Server) Wait(ctx context.Context, n int) error { return s.gate.Arrivals.Wait(ctx, n) }

// Counts sums up the arrivals.
func (s *Server) Counts() wire.Counts { return s.gate.Counts() }

// Find returns a post that is on the network.
func (s *Server) Find(id string) (Post, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.posts[id]
	if p == nil || p.Removed {
		return Post{}, false
	}
	return *p, true
}

// Alts returns the descriptions of a post's pictures, in order.
func (s *Server) Alts(id string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	if p := s.posts[id]; p != nil {
		for _, m := range p.Media {
			out = append(out, s.media[m].Alt)
		}
	}
	return out
}

// Uploads is how many pictures the network has.
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
		return nil, fmt.Errorf("demo network: refusing needs a listener of its own")
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

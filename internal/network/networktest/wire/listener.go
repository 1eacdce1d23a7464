// Package wire is the part of an emulated network that sits at the socket: a
// listener that can refuse and break connections, faults to order, and the
// record of every commit that arrived. Whoever emulates a network puts its
// own handler behind a Gate and keeps to what that network does when all is
// well. It is no network itself and knows nothing of posts.
package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Listener accepts TCP connections and can go away for a while, so that
// dialling is really refused. It keeps its port.
type Listener struct {
	addr     net.Addr
	accepted atomic.Int64

	mu       sync.Mutex
	tcp      net.Listener
	conns    map[*conn]struct{}
	reopened chan struct{} // non-nil while refusing; closed when open again
	closed   bool
}

// Listen opens addr, "127.0.0.1:0" for any free port.
func Listen(addr string) (*Listener, error) {
	tcp, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("wire: listen on %s: %w", addr, err)
	}
	return &Listener{addr: tcp.Addr(), tcp: tcp, conns: map[*conn]struct{}{}}, nil
}

// Addr is the address with the port that was given; it never changes.
func (l *Listener) Addr() net.Addr { return l.addr }

// Connections is how many were accepted so far.
func (l *Listener) Connections() int64 { return l.accepted.Load() }

// Accept waits for a connection, across times of refusal.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		tcp, wait, err := l.current()
		if err != nil {
			return nil, err
		}
		if wait != nil {
			<-wait
			continue
		}
		raw, err := tcp.Accept()
		if err == nil {
			return l.track(raw), nil
		}
		if !errors.Is(err, net.ErrClosed) {
			return nil, err
		}
	}
}

func (l *Listener) current() (net.Listener, chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, net.ErrClosed
	}
	return l.tcp, l.reopened, nil
}

func (l *Listener) track(raw net.Conn) net.Conn {
	c := &conn{Conn: raw, from: l}
	c.fresh.Store(true)
	l.accepted.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	return c
}

func (l *Listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// Refuse makes every dial fail from now until Resume. Connections that are
// not in the middle of a request are closed.
func (l *Listener) Refuse() error {
	l.mu.Lock()
	if l.closed || l.reopened != nil {
		l.mu.Unlock()
		return nil
	}
	l.reopened = make(chan struct{})
	err := l.tcp.Close()
	l.mu.Unlock()
	l.closeIdle()
	return err
}

func (l *Listener) closeIdle() {
	l.mu.Lock()
	var idle []*conn
	for c := range l.conns {
		if c.busy.Load() == 0 {
			idle = append(idle, c)
		}
	}
	l.mu.Unlock()
	for _, c := range idle {
		c.Close()
	}
}

// Resume opens the same port again.
func (l *Listener) Resume() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.reopened == nil {
		return nil
	}
	tcp, err := net.Listen("tcp", l.addr.String())
	if err != nil {
		return fmt.Errorf("wire: open %s again: %w", l.addr, err)
	}
	l.tcp = tcp
	close(l.reopened)
	l.reopened = nil
	return nil
}

func (l *Listener) refusing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reopened != nil
}

// Close closes the port and every connection.
func (l *Listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	err := l.tcp.Close()
	if l.reopened != nil {
		close(l.reopened)
		l.reopened, err = nil, nil
	}
	l.mu.Unlock()
	l.closeIdle()
	return err
}

// conn notes when the first byte of each request was read.
type conn struct {
	net.Conn
	from  *Listener
	fresh atomic.Bool  // the next byte begins a request
	first atomic.Int64 // when it did, in Unix nanoseconds
	busy  atomic.Int32
}

func (c *conn) Read(p []byte) (int, error) {
	if c.fresh.Load() && c.busy.Load() == 0 && c.from.refusing() {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p)
	if n > 0 && c.fresh.CompareAndSwap(true, false) {
		c.first.Store(time.Now().UnixNano())
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	c.fresh.Store(true)
	return c.Conn.Write(p)
}

func (c *conn) Close() error {
	c.from.forget(c)
	return c.Conn.Close()
}

// reset closes so that the other side sees a reset instead of an end.
func (c *conn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}

type connKey struct{}

func connOf(r *http.Request) *conn {
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c
}

// HTTPServer returns a server for a Listener with h behind it. A Gate needs
// it to see the connection of a request.
func HTTPServer(h http.Handler) *http.Server {
	return &http.Server{Handler: atWork(h), ReadHeaderTimeout: 10 * time.Second,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }}
}

// atWork marks the connection, so that refusing dials does not cut off the
// answer that is being written.
func atWork(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c := connOf(r); c != nil {
			c.busy.Add(1)
			defer c.busy.Add(-1)
		}
		h.ServeHTTP(w, r)
	})
}

package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// Outcome says what is known about a request after Once.
type Outcome uint8

// Lost is the zero value on purpose: it is the answer in doubt.
const (
	Lost     Outcome = iota // some of it was written and no whole answer came: it may have taken effect
	NotSent                 // not a byte of it was written, for certain
	Answered                // status and headers arrived whole
)

var outcomeNames = [...]string{"lost", "not sent", "answered"}

// String is for logs.
func (o Outcome) String() string { return outcomeNames[o] }

var (
	errSealed = errors.New("outbound: the call is over") // met by a write that comes too late
	errBroken = errors.New("outbound: the connection broke after the request was written")
)

// Once sends req so that it reaches the server's socket at most once,
// whatever its method, headers or body. It follows no redirect: a 3xx is an
// answer. resp is not nil exactly where the outcome is Answered; the caller
// closes its body. With NotSent the error is a fault and the call may be made
// again; with Lost only reading back from the server tells what happened.
//
// The standard transport repeats a request when a kept-alive connection
// breaks, if the body can be read again and the method is safe or an
// idempotency key is set. Here the body can be read only once, every connection
// knows whether it was written to, and one that is taken for a repeat refuses
// to be.
func (c *Client) Once(ctx context.Context, req *http.Request) (*http.Response, Outcome, error) {
	var err error
	for range onceTries {
		var resp *http.Response
		var used attempt
		resp, used, err = c.once(ctx, req)
		if err == nil {
			return resp, Answered, nil
		}
		if used.touched {
			return nil, Lost, explain(req.URL.Hostname(), Lost, err)
		}
		// An idle connection that the server had closed took nothing. Trying
		// again is safe, and without it a quiet channel would often fail.
		if !used.reused || ctx.Err() != nil || !rewind(req) {
			break
		}
	}
	return nil, NotSent, explain(req.URL.Hostname(), NotSent, err)
}

// attempt is what is known about one try that brought no answer.
type attempt struct {
	reused  bool // on a connection that had served before
	touched bool // something was written
}

func (c *Client) once(ctx context.Context, req *http.Request) (*http.Response, attempt, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience(ctx))
	ctx, breakOff := context.WithCancelCause(ctx)
	var conn *fence
	var used attempt
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		next := info.Conn.(*fence) // the dialers make no other
		if conn != nil && conn.seal() {
			used.touched = true
			next.seal() // the transport is about to repeat the call
			breakOff(errBroken)
			return
		}
		conn, used.reused = next, info.Reused
		conn.arm()
	}}
	sent := c.named(req).Clone(httptrace.WithClientTrace(ctx, trace))
	sent.GetBody = nil
	if req.Body != nil && req.Body != http.NoBody {
		sent.Body = readOnce{req.Body}
	}
	resp, err := c.commit.RoundTrip(sent)
	if err == nil {
		c.bound(resp, cancel)
		return resp, used, nil
	}
	used.touched = used.touched || conn != nil && conn.seal()
	cancel()
	return nil, used, err
}

// rewind makes the body readable again for a second try, if it can be.
func rewind(req *http.Request) bool {
	if req.Body == nil || req.Body == http.NoBody {
		return true
	}
	if req.GetBody == nil {
		return false
	}
	body, err := req.GetBody()
	req.Body = body
	return err == nil
}

// readOnce hides what a body is, so that the transport does not take it for
// one that can be read again.
type readOnce struct{ io.ReadCloser }

// fence is a connection that knows whether a call has written to it and that
// can be shut against late writes: the transport's writer runs beside the call
// and may begin after the call was given up. It lies above TLS, so handshakes
// and alerts do not count.
type fence struct {
	net.Conn
	mu      sync.Mutex
	touched bool
	sealed  bool
}

// arm begins a new call.
func (f *fence) arm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.touched = false
}

// seal refuses further writes and reports whether there was one.
func (f *fence) seal() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sealed = true
	return f.touched
}

// Write counts as soon as it begins. What failed at the first byte is not
// taken back: below TLS part of a record may have left.
func (f *fence) Write(p []byte) (int, error) {
	f.mu.Lock()
	if f.sealed {
		f.mu.Unlock()
		return 0, errSealed
	}
	f.touched = true
	f.mu.Unlock()
	return f.Conn.Write(p)
}

func (c *Client) dialFenced(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.dialer().DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &fence{Conn: conn}, nil
}

func (c *Client) dialFencedTLS(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	conn, err := c.dialer().DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	config := c.tlsConfig()
	config.ServerName = host
	secured := tls.Client(conn, config)
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error says why
		return nil, err
	}
	return &fence{Conn: secured}, nil
}

package outbound

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"rapport/internal/fault"
)

// mostLine is the longest line of a stream, in bytes.
const mostLine = 1 << 20

// Stream sends a request whose answer has no end. It may go on for ever and
// be of any size; it ends with the request's context, when nothing came for
// idle, or when the body is closed, which the caller does. Redirects and
// addresses are judged as for Do. Streams have connections of their own, so
// that many of them to one host do not keep other calls waiting.
func (c *Client) Stream(req *http.Request, idle time.Duration) (*http.Response, error) {
	endless := &http.Client{Transport: flowing{c, idle}, CheckRedirect: checkRedirect}
	resp, err := endless.Do(req)
	if err != nil {
		return nil, explain(req.URL.Hostname(), NotSent, err)
	}
	return resp, nil
}

// Lines reads a stream line by line. A line past 1 MB ends it with
// bufio.ErrTooLong.
func Lines(stream io.Reader) *bufio.Scanner {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 0, 4<<10), mostLine)
	return lines
}

// flowing does one hop of a stream.
type flowing struct {
	client *Client
	idle   time.Duration
}

// RoundTrip does one hop. The head must come in time as for any call.
func (f flowing) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	resp, err := f.client.streams.RoundTrip(f.client.named(req.WithContext(ctx)))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	host := req.URL.Hostname()
	silent := func() {
		cancel(fault.New(fault.Unavailable, "%s fell silent.", host))
	}
	resp.Body = &flow{body: resp.Body, ctx: ctx, cancel: cancel, idle: f.idle, timer: time.AfterFunc(f.idle, silent)}
	return resp, nil
}

// flow is a body that must bring something every so often.
type flow struct {
	body   io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	idle   time.Duration
	mu     sync.Mutex
	timer  *time.Timer // nil once it is closed
}

// Read waits for more.
func (f *flow) Read(p []byte) (int, error) {
	n, err := f.body.Read(p)
	if n > 0 {
		f.wind()
	}
	if err != nil && err != io.EOF {
		if cause := context.Cause(f.ctx); cause != nil {
			err = cause
		}
		return n, fmt.Errorf("outbound: read stream: %w", err)
	}
	return n, err
}

func (f *flow) wind() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil {
		f.timer.Reset(f.idle)
	}
}

// Close ends the stream.
func (f *flow) Close() error {
	f.mu.Lock()
	if f.timer != nil {
		f.timer.Stop()
	}
	f.timer = nil
	f.mu.Unlock()
	f.cancel(context.Canceled)
	return f.body.Close()
}

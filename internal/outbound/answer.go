package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"rapport/internal/fault"
)

// ErrTooLarge is wrapped by the fault that reading an answer past its limit
// ends with.
var ErrTooLarge = errors.New("outbound: answer too large")

// capped ends a body at the limit and gives the call's deadline back when it
// is closed.
type capped struct {
	io.ReadCloser
	host   string
	left   int64
	cancel context.CancelFunc
}

// bound caps the body of resp. The limit counts what the caller reads, which
// is after decompression, so a small answer cannot grow without end.
func (c *Client) bound(resp *http.Response, cancel context.CancelFunc) {
	host := ""
	if resp.Request != nil {
		host = resp.Request.URL.Hostname()
	}
	resp.Body = &capped{resp.Body, host, c.options.MaxBody, cancel}
}

// Read reads one byte more than is left, to tell an answer that ends at the
// limit from one that goes on.
func (b *capped) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.tooLarge()
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, b.tooLarge()
	}
	return n, err
}

func (b *capped) tooLarge() error {
	return fault.As(fault.Unavailable, ErrTooLarge, "The answer of %s is too large.", b.host)
}

// Close ends the call.
func (b *capped) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}

// ReadAll reads the body of resp up to the client's limit and closes it. Read
// to its end, the connection can serve the next call.
func ReadAll(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("outbound: read answer: %w", err)
	}
	return body, nil
}

// explain turns a transport's error into one that names the host only. A
// fault says that nothing was done, so a lost call never becomes one.
func explain(host string, outcome Outcome, err error) error {
	var address *url.Error
	if errors.As(err, &address) {
		err = address.Err // the whole address may hold a token
	}
	var known *fault.Error
	switch {
	case outcome != NotSent:
		return fmt.Errorf("outbound: call %s: %w", host, err)
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled):
		return fault.As(fault.Unavailable, err, "The call to %s was given up.", host)
	}
	return fault.As(fault.Unavailable, err, reason(err), host)
}

func reason(err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var slow net.Error
	var dial *net.OpError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "There is no server called %s. Check the address."
	case errors.As(err, &certificate), errors.As(err, &record):
		return "%s has no valid certificate, so nothing was sent to it."
	case errors.Is(err, errTooMany), errors.Is(err, errDowngrade), errors.Is(err, errElsewhere):
		return "%s sends us on to an address that is not followed. Check the address."
	case errors.As(err, &slow) && slow.Timeout():
		return "%s took too long to answer. Try again later."
	case errors.As(err, &dial) && dial.Op == "dial":
		return "%s could not be reached. Try again later."
	}
	return "%s could not be called. Try again later."
}

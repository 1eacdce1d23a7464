package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"rapport/internal/fault"
	"rapport/internal/network"
)

const (
	mostAnswer = 8 << 20 // bytes of an answer that are read: a long thread
	appView    = "did:web:api.bsky.app#bsky_appview"
)

func (n *Network) request(ctx context.Context, t network.Target, method, name string, params url.Values, body io.Reader) (*http.Request, error) {
	address := strings.TrimRight(t.Server, "/") + "/xrpc/" + name
	if len(params) > 0 {
		address += "?" + params.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, &network.Error{Verdict: network.NotSent, Cause: fmt.Errorf("bluesky: request: %w", err)}
	}
	if token := t.Credential["access"]; token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// query asks by the name of a method. What a server does not know itself it is
// asked to pass on to Bluesky's own service.
func (n *Network) query(ctx context.Context, t network.Target, name string, params url.Values, out any) error {
	req, err := n.request(ctx, t, http.MethodGet, name, params, nil)
	if err != nil {
		return err
	}
	err = n.do(req, t, out)
	if nameOf(err) != "MethodNotImplemented" && nameOf(err) != "XRPCNotSupported" || !strings.HasPrefix(name, "app.bsky.") {
		return err
	}
	if req, err = n.request(ctx, t, http.MethodGet, name, params, nil); err != nil {
		return err
	}
	req.Header.Set("Atproto-Proxy", appView)
	return n.do(req, t, out)
}

// do is for calls that may be repeated.
func (n *Network) do(req *http.Request, t network.Target, out any) error {
	// No header is sent by this: it tells the client that the call may be made
	// again when a kept connection turns out to be dead.
	req.Header["Idempotency-Key"] = nil
	resp, err := n.client.Do(req)
	if err != nil {
		verdict := network.Unclear
		if errors.Is(err, syscall.ECONNREFUSED) || fault.Is(err, fault.Denied) {
			verdict = network.NotSent
		}
		return &network.Error{Verdict: verdict, Text: wordsOf(err), Cause: err}
	}
	return parse(resp, t.Credential, out)
}

// wordsOf says why no answer came, where the client knows it.
func wordsOf(err error) string {
	if fault.KindOf(err) == fault.Internal {
		return "Bluesky did not answer."
	}
	return fault.Text(err)
}

// parse turns an answer into out or an *network.Error, and closes it.
func parse(resp *http.Response, c network.Credential, out any) error {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	ok := resp.StatusCode >= 200 && resp.StatusCode < 300
	switch {
	case !ok:
		return refusal(resp.StatusCode, resp.Header, body, c)
	case err != nil:
		return unreadable(resp.StatusCode, err)
	case len(body) > mostAnswer:
		return unreadable(resp.StatusCode, fmt.Errorf("bluesky: the answer has more than %d bytes", mostAnswer))
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return unreadable(resp.StatusCode, fmt.Errorf("bluesky: read answer: %w", err))
	}
	return nil
}

func unreadable(status int, cause error) *network.Error {
	return &network.Error{Status: status, Text: "Bluesky answered something that could not be read.", Cause: cause}
}

// named is the name that the protocol gives an error.
type named struct{ name string }

func (n named) Error() string { return "bluesky: " + n.name }

func nameOf(err error) string {
	var n named
	errors.As(err, &n)
	return n.name
}

// meaning is what a named error lets us conclude.
type meaning struct {
	verdict network.Verdict
	expired bool
	words   string // instead of the network's own
}

// meanings is the table of errors whose name says more than their status.
var meanings = map[string]meaning{
	"ExpiredToken": {network.NotSent, true, "The sign-in at Bluesky had run out and is renewed."},
	"InvalidToken": {network.NotSent, true, "The sign-in at Bluesky is no longer valid and is renewed."},
	"AuthFactorTokenRequired": {network.Unauthorized, false,
		"This password asks for a second factor. Make an app password on Bluesky under Settings, Privacy and security, App passwords, and use that."},
	"AuthenticationRequired": {network.Unauthorized, false, ""},
	"AuthMissing":            {network.Unauthorized, false, ""},
	"AccountTakedown":        {network.Unauthorized, false, "Bluesky has suspended this account."},
	"AccountDeactivated":     {network.Unauthorized, false, "This account is deactivated. Activate it on Bluesky first."},
	// Something else is written under the key. Whose it is only reading tells.
	"InvalidSwap":       {network.Unclear, false, "Bluesky has another post under this key."},
	"RateLimitExceeded": {network.Throttled, false, "Bluesky asks to wait."},
	"UpstreamFailure":   {network.Unclear, false, "A server behind this one did not answer."},
	"UpstreamTimeout":   {network.Unclear, false, "A server behind this one did not answer."},
	"BlobNotFound":      {network.Refused, false, "Bluesky no longer has a picture of this post. Send it again."},
	"BlobTooLarge":      {network.Refused, false, "A picture is too large for Bluesky: 2 MB is the most."},
	"HandleNotFound":    {network.Refused, false, ""},
}

func refusal(status int, h http.Header, body []byte, c network.Credential) *network.Error {
	var said struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &said) // what cannot be read says nothing
	e := &network.Error{Status: status, Verdict: verdictOf(status), Text: clean(said.Message, c)}
	if name := clean(said.Error, c); name != "" && len(name) <= 80 {
		e.Cause = named{name}
	}
	// A name counts only where the status is that of a refusal: what fails
	// while it works, or sends us elsewhere, may have taken effect.
	if m, known := meanings[said.Error]; known && status >= 400 && status < 500 {
		e.Verdict, e.Expired = m.verdict, m.expired
		if m.words != "" {
			e.Text = m.words
		}
	}
	if e.Verdict == network.Throttled {
		e.RetryAfter = retryAfter(h)
	}
	if e.Text == "" {
		e.Text = fmt.Sprintf("Bluesky answered %d.", status)
	}
	return e
}

func verdictOf(status int) network.Verdict {
	switch status {
	case http.StatusUnauthorized:
		return network.Unauthorized
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return network.Refused
	case http.StatusTooManyRequests:
		return network.Throttled
	}
	return network.Unclear
}

const longestWait = 24 * time.Hour

// retryAfter reads Retry-After, in seconds or as a date, or else when the
// window of requests begins anew, in seconds since 1970. Times are taken by the
// network's own clock where it tells it.
func retryAfter(h http.Header) time.Duration {
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil {
		return time.Duration(min(max(n, 0), int(longestWait/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(at.Sub(now), 0), longestWait)
	}
	if reset, err := strconv.ParseInt(h.Get("RateLimit-Reset"), 10, 64); err == nil && reset > 0 && reset < 1<<40 {
		return min(max(time.Unix(reset, 0).Sub(now), 0), longestWait)
	}
	return 0
}

const mostSaid = 300

// clean is the network's own words, fit for a person: one line, short, and
// without a secret, should the network repeat one.
func clean(text string, c network.Credential) string {
	for _, name := range []string{"access", "refresh", "password"} {
		if v := c[name]; v != "" {
			text = strings.ReplaceAll(text, v, "[credential]")
		}
	}
	return line(text, mostSaid)
}

// line is text in one line of at most so many characters, without what cannot
// be seen.
func line(text string, most int) string {
	if len(text) > 8*most {
		text = strings.ToValidUTF8(text[:8*most], "")
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) && r != '\u200d' }), " ")
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return text
}

// webAddress is a foreign address if it is one of the web, of bounded length.
func webAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || len(address) > 2000 || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return ""
	}
	return address
}

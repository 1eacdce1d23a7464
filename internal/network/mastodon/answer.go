package mastodon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"rapport/internal/fault"
	"rapport/internal/network"
)

// mostAnswer is the longest answer that is read, in bytes. The longest by far
// are threads.
const mostAnswer = 8 << 20

func (n *Network) request(ctx context.Context, t network.Target, method, path string, body io.Reader) (*http.Request, error) {
	if t.Server == "" {
		return nil, &network.Error{Verdict: network.NotSent, Text: "This channel has no server. Connect it again."}
	}
	req, err := http.NewRequestWithContext(ctx, method, t.Server+path, body)
	if err != nil {
		return nil, &network.Error{Verdict: network.NotSent, Text: addressHelp, Cause: fmt.Errorf("mastodon: request: %w", err)}
	}
	if token := t.Credential["token"]; token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// read gets path into out.
func (n *Network) read(ctx context.Context, t network.Target, path string, out any) error {
	req, err := n.request(ctx, t, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	return n.do(req, out)
}

// do is for calls that may be repeated. What the server repeats of secrets
// does not get into the error.
func (n *Network) do(req *http.Request, out any, secrets ...string) error {
	resp, err := n.call(req)
	if err != nil {
		return err
	}
	return parse(resp, out, append(secrets, secretsOf(req)...)...)
}

func secretsOf(req *http.Request) []string {
	return []string{strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")}
}

func (n *Network) call(req *http.Request) (*http.Response, error) {
	resp, err := n.client.Do(req)
	if err != nil {
		return nil, unanswered(err)
	}
	return resp, nil
}

func unanswered(err error) *network.Error {
	verdict := network.Unclear
	if errors.Is(err, syscall.ECONNREFUSED) || fault.Is(err, fault.Denied) {
		verdict = network.NotSent
	}
	return &network.Error{Verdict: verdict, Text: wordsOf(err), Cause: err}
}

// wordsOf says why no answer came, where the client knows it.
func wordsOf(err error) string {
	if fault.KindOf(err) == fault.Internal {
		return "The server did not answer."
	}
	return fault.Text(err)
}

// wordsFor is what a person may read of an error.
func wordsFor(err error) string {
	var e *network.Error
	if errors.As(err, &e) {
		return e.Text
	}
	return ""
}

// parse turns an answer into out or a *network.Error, and closes it.
func parse(resp *http.Response, out any, secrets ...string) error {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	ok := resp.StatusCode >= 200 && resp.StatusCode < 300
	switch {
	case !ok:
		return refusal(resp, body, secrets)
	case err != nil:
		return unreadable(resp.StatusCode, err)
	case len(body) > mostAnswer:
		return unreadable(resp.StatusCode, fmt.Errorf("mastodon: the answer has more than %d bytes", mostAnswer))
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return unreadable(resp.StatusCode, fmt.Errorf("mastodon: read answer: %w", err))
	}
	return nil
}

func unreadable(status int, cause error) *network.Error {
	return &network.Error{Status: status, Text: "The server answered something that could not be read.", Cause: cause}
}

// refusal reads the verdict of an answer that is not good. Mastodon publishes
// nothing before it answers with one of the clear refusals; what a proxy
// before it says in its place, a 5xx, proves nothing.
func refusal(resp *http.Response, body []byte, secrets []string) *network.Error {
	e := &network.Error{Status: resp.StatusCode, Text: said(body, secrets)}
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		e.Verdict = network.Unauthorized
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable,
		http.StatusConflict, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		e.Verdict = network.Refused
	case http.StatusTooManyRequests:
		e.Verdict, e.RetryAfter = network.Throttled, retryAfter(resp.Header)
	}
	if e.Text == "" {
		e.Text = fmt.Sprintf("The server answered %d.", resp.StatusCode)
	}
	return e
}

const mostWait = 7 * 24 * time.Hour

// retryAfter reads when to come again: Retry-After in seconds or as a date,
// else X-RateLimit-Reset, which Mastodon gives as a moment. Moments are taken
// by the server's own clock where it tells it.
func retryAfter(h http.Header) time.Duration {
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil {
		return time.Duration(min(max(n, 0), int(mostWait/time.Second))) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		at, err = time.Parse(time.RFC3339, h.Get("X-RateLimit-Reset"))
	}
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), mostWait)
}

const mostSaid = 300

// said is the server's own words, fit for a person: one line, short, and
// without secrets, should the server repeat them.
func said(body []byte, secrets []string) string {
	var e struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	text := e.Error
	if e.Description != "" {
		text = e.Description
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[credential]")
		}
	}
	return line(text, mostSaid)
}

// line makes foreign text one line of at most so many runes.
func line(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unseen(r) }), " ")
	if len(text) <= most {
		return text
	}
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// unseen are runes that could make a text look like another. What joins letters
// and emoji, and says which way they run, stays.
func unseen(r rune) bool {
	switch {
	case r >= 0x200c && r <= 0x200f, r == 0x61c, r >= 0xe0020 && r <= 0xe007f:
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf)
}

func statusOf(err error) int {
	var e *network.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

func isGone(err error) bool {
	status := statusOf(err)
	return status == http.StatusNotFound || status == http.StatusGone
}

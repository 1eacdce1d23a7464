package demo

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

// mostAnswer is the longest answer that is read, in bytes.
const mostAnswer = 1 << 20

func (n *Network) request(ctx context.Context, t network.Target, method, path string, body io.Reader) (*http.Request, error) {
	base, err := n.base(t)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, base+path, body)
	if err != nil {
		return nil, &network.Error{Verdict: network.NotSent, Cause: fmt.Errorf("demo: request: %w", err)}
	}
	req.Header.Set("Authorization", "Bearer "+t.Credential["token"])
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

// do is for calls that may be repeated.
func (n *Network) do(req *http.Request, out any) error {
	resp, err := n.client.Do(req)
	if err != nil {
		verdict := network.Unclear
		if errors.Is(err, syscall.ECONNREFUSED) || fault.Is(err, fault.Denied) {
			verdict = network.NotSent
		}
		return &network.Error{Verdict: verdict, Text: wordsOf(err), Cause: err}
	}
	return parse(resp, req, out)
}

// wordsOf says why no answer came, where the client knows it.
func wordsOf(err error) string {
	if fault.KindOf(err) == fault.Internal {
		return "The demo network did not answer."
	}
	return fault.Text(err)
}

// parse turns an answer into out or an *network.Error, and closes it.
func parse(resp *http.Response, req *http.Request, out any) error {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	ok := resp.StatusCode >= 200 && resp.StatusCode < 300
	switch {
	case !ok:
		return refusal(resp, body, req.Header.Get("Authorization"))
	case err != nil:
		return unreadable(resp.StatusCode, err)
	case len(body) > mostAnswer:
		return unreadable(resp.StatusCode, fmt.Errorf("demo: the answer has more than %d bytes", mostAnswer))
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return unreadable(resp.StatusCode, fmt.Errorf("demo: read answer: %w", err))
	}
	return nil
}

func unreadable(status int, cause error) *network.Error {
	return &network.Error{Status: status, Text: "The demo network answered something that could not be read.", Cause: cause}
}

func refusal(resp *http.Response, body []byte, authorization string) *network.Error {
	e := &network.Error{Status: resp.StatusCode, Text: said(body, authorization)}
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		e.Verdict = network.Unauthorized
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
		http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		e.Verdict = network.Refused
	case http.StatusTooManyRequests:
		e.Verdict, e.RetryAfter = network.Throttled, retryAfter(resp.Header)
	}
	if e.Text == "" {
		e.Text = fmt.Sprintf("The demo network answered %d.", resp.StatusCode)
	}
	return e
}

// retryAfter reads seconds or a date, which is taken by the network's own
// clock where it tells it.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil {
		return time.Duration(min(max(n, 0), 7*24*3600)) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), 7*24*time.Hour)
}

const mostSaid = 300

// said is the network's own words, fit for a person: one line, short, and
// without the credential, should the network repeat it.
func said(body []byte, authorization string) string {
	var e struct {
		Error struct {
			Text string `json:"text"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	text := e.Error.Text
	if token := strings.TrimPrefix(authorization, "Bearer "); token != "" {
		text = strings.ReplaceAll(text, token, "[credential]")
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if r := []rune(text); len(r) > mostSaid {
		text = string(r[:mostSaid]) + "…"
	}
	return text
}

func statusOf(err error) int {
	var e *network.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

package mastodon

import (
	"cmp"
	"context"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"rapport/internal/fault"
	"rapport/internal/network"
	"rapport/internal/outbound"
)

// silence is how long a stream may say nothing. Servers send a sign of life
// every 15 seconds or so.
const silence = 90 * time.Second

// Stream reads the account's notifications as they come and tells that there
// are some. It tells so at the beginning too, for what came before.
func (n *Network) Stream(ctx context.Context, t network.Target, came func()) error {
	at := t
	at.Server = cmp.Or(t.Details["streaming"], t.Server)
	req, err := n.request(ctx, at, http.MethodGet, "/api/v1/streaming/user/notification", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := n.client.Stream(req, silence)
	if err != nil {
		return unanswered(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // the status counts
		return refusal(resp, body, secretsOf(req))
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "text/event-stream" {
		return &network.Error{Verdict: network.Refused, Status: resp.StatusCode, Text: "This server tells nothing at once."}
	}
	came()
	err = events(resp.Body, came)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		e := unanswered(err)
		if fault.KindOf(err) == fault.Internal {
			e.Text = "What the server tells at once could not be read."
		}
		return e
	}
	return nil
}

// events reads server-sent events and reports each that is one. Their content
// is of no interest; lines that begin with a colon are signs of life.
func events(stream io.Reader, came func()) error {
	lines := outbound.Lines(stream)
	something := false
	for lines.Scan() {
		switch l := lines.Text(); {
		case l == "":
			if something {
				came()
			}
			something = false
		case strings.HasPrefix(l, "event:"), strings.HasPrefix(l, "data:"):
			something = true
		}
	}
	return lines.Err()
}

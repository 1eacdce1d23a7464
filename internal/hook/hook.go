// Package hook tells other programs what happened: it turns events of the
// outbox into calls of the brand's webhooks, in the transaction that consumes
// them, and sends the calls with retries, by the Standard Webhooks
// specification. Order is not promised; a call may come twice, with the same
// id.
package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbound"
	"rapport/internal/webhook"
)

// Options are what a Sender works with.
type Options struct {
	Webhooks *webhook.Webhooks
	Client   *outbound.Client
	Log      *slog.Logger
	// Spread lengthens a wait; by a tenth at most if nil.
	Spread func(time.Duration) time.Duration
}

const (
	// timeout is how long a receiver may take.
	timeout = 15 * time.Second
	slots   = 16 // calls at a time on this node
	each    = 4  // of them to one endpoint
	poll    = 5 * time.Second
	// most is how much of an answer is read: enough to keep its beginning.
	most = 4 << 10
)

// Sender sends what waits. Several nodes may send at once; a try is made by
// one of them.
type Sender struct {
	Options
	wake   chan struct{}
	cancel context.CancelFunc
	done   chan struct{}

	mu   sync.Mutex
	busy map[string]int // calls under way, by endpoint
	free chan struct{}
	work sync.WaitGroup
}

// New returns a sender at rest.
func New(o Options) *Sender {
	if o.Spread == nil {
		o.Spread = func(d time.Duration) time.Duration { return d + rand.N(d/10+1) }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Sender{Options: o, wake: make(chan struct{}, 1), busy: map[string]int{}, free: make(chan struct{}, slots)}
}

// Start sends until Stop.
func (s *Sender) Start(ctx context.Context) error {
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.done = make(chan struct{})
	unsubscribe := s.Webhooks.DB.Subscribe(webhook.Topic, func(string) { s.nudge() })
	go func() {
		defer close(s.done)
		defer unsubscribe()
		s.loop(ctx)
		s.work.Wait()
	}()
	return nil
}

// Stop begins nothing more and waits for what is under way, or until ctx ends.
func (s *Sender) Stop(ctx context.Context) error {
	if s.cancel == nil {
		return nil
	}
	s.cancel()
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Sender) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Sender) loop(ctx context.Context) {
	for {
		wait := poll
		if err := s.round(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("webhooks: look for calls", "err", err)
		} else if next, err := webhook.NextDue(ctx, s.Webhooks.DB); err == nil && next > 0 {
			// What is due already waits for a free slot, which nudges.
			wait = min(wait, max(time.Millisecond, next.Sub(s.Webhooks.DB.Now())))
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-time.After(wait):
		}
	}
}

// Drain sends what is due and returns when all of it was tried.
func (s *Sender) Drain(ctx context.Context) error {
	for {
		before, err := webhook.Due(ctx, s.Webhooks.DB, 1, nil)
		if err != nil || len(before) == 0 {
			s.work.Wait()
			return err
		}
		if err := s.round(ctx); err != nil {
			return err
		}
		s.work.Wait()
	}
}

// round begins as many calls as there are slots for. An endpoint with many
// calls does not keep those of others back.
func (s *Sender) round(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := webhook.Due(ctx, s.Webhooks.DB, 2*slots, s.full())
		if err != nil {
			return err
		}
		begun := 0
		for _, c := range due {
			if !s.take(c.Endpoint) {
				continue
			}
			begun++
			claimed, ok, err := s.Webhooks.Claim(ctx, c.ID)
			if err != nil || !ok {
				s.release(c.Endpoint)
				if err != nil {
					return err
				}
				continue
			}
			s.work.Go(func() {
				defer s.nudge()
				defer s.release(c.Endpoint)
				// What has begun goes on: Stop waits for it.
				s.try(context.WithoutCancel(ctx), claimed)
			})
		}
		if begun == 0 {
			return nil
		}
	}
	return ctx.Err()
}

// full lists the endpoints that are called as often as may be; all of what is
// due where no slot is free.
func (s *Sender) full() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for id, n := range s.busy {
		if n >= each {
			out = append(out, id)
		}
	}
	return out
}

func (s *Sender) take(endpoint string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[endpoint] >= each {
		return false
	}
	select {
	case s.free <- struct{}{}:
		s.busy[endpoint]++
		return true
	default:
		return false
	}
}

func (s *Sender) release(endpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	<-s.free
	if s.busy[endpoint]--; s.busy[endpoint] == 0 {
		delete(s.busy, endpoint)
	}
}

// try sends a claimed call and writes down what came of it.
func (s *Sender) try(ctx context.Context, c webhook.Claimed) {
	o := s.send(ctx, c)
	if err := s.Webhooks.Settle(ctx, c, o, s.Spread); err != nil {
		s.Log.Error("webhooks: keep what became of a call", "call", c.ID, "err", err)
	}
}

// Test sends a test event now, once, and returns what came of it.
func (s *Sender) Test(ctx context.Context, who access.Who, brandID, id string) (webhook.Call, webhook.Try, error) {
	c, err := s.Webhooks.Probe(ctx, who, brandID, id, func(at db.Time) string {
		return payload(webhook.TestType, at, map[string]any{"brand": brandID, "webhook": id})
	})
	if err != nil {
		return webhook.Call{}, webhook.Try{}, err
	}
	o := s.send(ctx, c)
	o.Only = true
	if err := s.Webhooks.Settle(ctx, c, o, s.Spread); err != nil {
		return webhook.Call{}, webhook.Try{}, err
	}
	c.Status = o.Status
	return c.Call, o.Try, nil
}

// send makes one call. It follows no redirect.
func (s *Sender) send(ctx context.Context, c webhook.Claimed) webhook.Outcome {
	now := s.Webhooks.DB.Now()
	o := webhook.Outcome{Try: webhook.Try{At: now}}
	began := time.Now()
	req, err := s.request(ctx, c, now)
	if err == nil {
		err = s.call(ctx, req, &o)
	}
	o.Took = time.Since(began)
	switch {
	case err != nil && fault.KindOf(err) != fault.Internal:
		o.Error = fault.Text(err)
	case errors.Is(err, context.DeadlineExceeded):
		o.Error = "The receiver took longer than 15 seconds."
	case err != nil:
		o.Error = "The connection broke before a whole answer came."
	case o.Status >= 300 && o.Status < 400:
		o.Error = "The receiver sends us on to another address. Redirects are not followed: set the address that answers."
	case o.Status == http.StatusGone:
		o.Error = "The receiver says that it is gone for good (410)."
	case o.Status < 200 || o.Status >= 300:
		o.Error = fmt.Sprintf("The receiver answered %d. Only 200 to 299 means that it has taken the call.", o.Status)
	}
	return o
}

func (s *Sender) request(ctx context.Context, c webhook.Claimed, now db.Time) (*http.Request, error) {
	to, err := url.Parse(c.To.URL)
	if err != nil {
		return nil, fault.As(fault.Invalid, err, "The address cannot be read. Change the webhook.")
	}
	if to.Scheme != "https" && !s.Webhooks.PlainAllowed(ctx, to) {
		return nil, fault.New(fault.Denied, "The address is not encrypted, and the operator has not allowed it with --outbound-allow.")
	}
	body := []byte(c.Body)
	signatures, err := c.Signatures(now, body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.To.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fault.As(fault.Invalid, err, "The address cannot be read. Change the webhook.")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("webhook-id", c.ID)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(int64(now)/1000, 10))
	req.Header.Set("webhook-signature", signatures)
	return req, nil
}

// call sends the request so that it arrives once, and reads the beginning of
// the answer.
func (s *Sender) call(ctx context.Context, req *http.Request, o *webhook.Outcome) error {
	resp, _, err := s.Client.Once(outbound.Patient(ctx, timeout), req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	o.Status = resp.StatusCode
	o.Wait = retryAfter(resp.Header.Get("Retry-After"), s.Webhooks.DB.Now().Time())
	// The status is the answer; a body that breaks off changes nothing.
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, most))
	o.Answer = string(answer)
	return nil
}

// retryAfter reads seconds or a date; 0 for neither.
func retryAfter(text string, now time.Time) time.Duration {
	if text == "" {
		return 0
	}
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, min(n, 7*24*3600))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}

package hook_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/hook"
	"rapport/internal/outbound"
	"rapport/internal/outbox"
	"rapport/internal/secret"
	"rapport/internal/webhook"
)

var ctx = context.Background()

var owner = access.Who{Account: "o", Name: "Olga", Grants: []access.Grant{{Brand: "b", Role: access.Owner}}}

// receiver is another program: it verifies every call as the specification
// says and answers as it is told.
type receiver struct {
	t       *testing.T
	server  *httptest.Server
	mu      sync.Mutex
	secrets []secret.Text // any of them may have signed
	now     func() db.Time
	answer  func(w http.ResponseWriter, n int) // n counts from 1
	got     []arrival
}

type arrival struct {
	id, body string
	at       int64
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id, at := req.Header.Get("webhook-id"), req.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !r.signed(req.Header.Get("webhook-signature"), id, seconds, body) {
		r.t.Errorf("a call that cannot be verified: %v", req.Header)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if age := int64(r.now())/1000 - seconds; age < -300 || age > 300 {
		r.t.Errorf("a call that is %d s old", age)
	}
	if req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/json" || !json.Valid(body) {
		r.t.Errorf("%s %q %s", req.Method, req.Header.Get("Content-Type"), body)
	}
	r.got = append(r.got, arrival{id, string(body), seconds})
	if r.answer != nil {
		r.answer(w, len(r.got))
	}
}

func (r *receiver) signed(header, id string, at int64, body []byte) bool {
	for _, s := range r.secrets {
		want, err := webhook.Sign(s, id, at, body)
		for one := range strings.FieldsSeq(header) {
			if err == nil && one == want {
				return true
			}
		}
	}
	return false
}

func (r *receiver) calls() []arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]arrival(nil), r.got...)
}

type stage struct {
	*db.DB
	t        *testing.T
	webhooks *webhook.Webhooks
	client   *outbound.Client
	sender   *hook.Sender
	reader   *outbox.Reader
	receiver *receiver
	endpoint webhook.Endpoint
}

func newStage(t *testing.T, events ...string) *stage {
	t.Helper()
	d := dbtest.Open(t)
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	allow := []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.0/8")}}
	s := &stage{DB: d, t: t, webhooks: &webhook.Webhooks{DB: d, Keys: keys, Allow: allow}, client: outbound.New(outbound.Options{Allow: allow}),
		reader: outbox.NewReader(d, slog.Default()), receiver: newReceiver(t)}
	t.Cleanup(s.client.Close)
	s.receiver.now = d.Now
	s.sender = s.newSender()
	s.sender.Listen(s.reader)
	s.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ('b', 'acme', 'Acme', '#336699', 'UTC', 1)`)
	if len(events) == 0 {
		events = []string{"post.saved"}
	}
	e, plain, err := s.webhooks.Create(ctx, owner, "b", webhook.Input{URL: s.receiver.server.URL + "/hook", Events: events})
	if err != nil {
		t.Fatal(err)
	}
	s.endpoint, s.receiver.secrets = e, []secret.Text{plain}
	return s
}

func (s *stage) newSender() *hook.Sender {
	return hook.New(hook.Options{Webhooks: s.webhooks, Client: s.client, Spread: func(d time.Duration) time.Duration { return d }})
}

func (s *stage) exec(query string, args ...any) {
	s.t.Helper()
	if _, err := s.ExecContext(ctx, query, args...); err != nil {
		s.t.Fatal(err)
	}
}

// happen writes an event and has it consumed.
func (s *stage) happen(e outbox.Event) {
	s.t.Helper()
	e.Brand = "b"
	if err := s.Tx(ctx, func(tx *db.Tx) error { return outbox.Add(ctx, tx, e) }); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.reader.Drain(ctx); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) drain() {
	s.t.Helper()
	if err := s.sender.Drain(ctx); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) log() []webhook.Call {
	s.t.Helper()
	all, _, err := webhook.Calls(ctx, s.DB, owner, "b", s.endpoint.ID, webhook.Filter{}, db.Page{})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func (s *stage) tries(call string) []webhook.Try {
	s.t.Helper()
	_, tries, err := webhook.CallByID(ctx, s.DB, owner, "b", s.endpoint.ID, call)
	if err != nil {
		s.t.Fatal(err)
	}
	return tries
}

func (s *stage) state() webhook.Endpoint {
	s.t.Helper()
	e, err := webhook.ByID(ctx, s.DB, owner, "b", s.endpoint.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

func TestAnEventArrivesOnce(t *testing.T) {
	s := newStage(t)
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p1"})
	s.happen(outbox.Event{Kind: "media.added", Subject: "m1"}) // not wanted
	s.drain()
	s.drain()
	got := s.receiver.calls()
	if len(got) != 1 {
		t.Fatalf("%d calls", len(got))
	}
	var body struct {
		Type      string
		Timestamp time.Time
		Data      map[string]any
	}
	if err := json.Unmarshal([]byte(got[0].body), &body); err != nil || body.Type != "post.saved" || body.Timestamp.IsZero() {
		t.Errorf("%s, %v", got[0].body, err)
	}
	if diff := cmp.Diff(map[string]any{"id": "p1", "brand": "b"}, body.Data); diff != "" {
		t.Error(diff)
	}
	log := s.log()
	if len(log) != 1 || log[0].State != webhook.Arrived || log[0].Tries != 1 || log[0].Status != 200 || log[0].ID != got[0].id {
		t.Errorf("%+v", log)
	}
	if e := s.state(); e.ArrivedAt == 0 || e.FailingAt != 0 {
		t.Errorf("%+v", e)
	}
}

// A call is tried again by the plan, with the same id, and then given up.
func TestRetries(t *testing.T) {
	s := newStage(t)
	s.SetClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	s.receiver.answer = func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusBadGateway) }
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p1"})
	start := s.Now()
	var waits []time.Duration
	for range webhook.MostTries {
		s.drain()
		c := s.log()[0]
		if c.State != webhook.Waiting {
			break
		}
		waits = append(waits, c.NextAt.Sub(s.Now()))
		s.SetClock(c.NextAt.Time())
	}
	want := []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}
	if diff := cmp.Diff(want, waits); diff != "" {
		t.Error(diff)
	}
	c := s.log()[0]
	if c.State != webhook.Failed || c.Tries != webhook.MostTries || c.Status != 502 {
		t.Errorf("%+v", c)
	}
	got := s.receiver.calls()
	for _, a := range got {
		if a.id != c.ID || a.body != got[0].body {
			t.Errorf("%+v is not the call %s", a, c.ID)
		}
	}
	if len(got) != webhook.MostTries || got[0].at == got[1].at {
		t.Errorf("%d calls", len(got))
	}
	if e := s.state(); e.State != webhook.Active || e.FailingAt != start {
		t.Errorf("%+v", e)
	}
	// Sent again by hand, with the same id, it arrives.
	s.receiver.answer = nil
	if _, err := s.webhooks.Again(ctx, owner, "b", s.endpoint.ID, c.ID); err != nil {
		t.Fatal(err)
	}
	s.drain()
	if again := s.log()[0]; again.State != webhook.Arrived || again.ID != c.ID || s.state().FailingAt != 0 {
		t.Errorf("%+v", again)
	}
}

// Whatever a receiver does, the log says what it was, in words.
func TestHardReceivers(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter, n int)
		status int
		error  string
		state  webhook.CallState
		wait   time.Duration
	}{
		{"204", func(w http.ResponseWriter, _ int) { w.WriteHeader(204) }, 204, "", webhook.Arrived, 0},
		{"400", func(w http.ResponseWriter, _ int) { w.WriteHeader(400) }, 400, "answered 400", webhook.Waiting, 5 * time.Second},
		{"503 with a time", func(w http.ResponseWriter, _ int) {
			w.Header().Set("Retry-After", "600")
			w.WriteHeader(503)
		}, 503, "answered 503", webhook.Waiting, 10 * time.Minute},
		{"429 with a time far off", func(w http.ResponseWriter, _ int) {
			w.Header().Set("Retry-After", "99999999")
			w.WriteHeader(429)
		}, 429, "answered 429", webhook.Waiting, 24 * time.Hour},
		{"redirect", func(w http.ResponseWriter, _ int) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(302)
		}, 302, "not followed", webhook.Waiting, 5 * time.Second},
		{"drops", func(http.ResponseWriter, int) { panic(http.ErrAbortHandler) }, 0, "connection broke", webhook.Waiting, 5 * time.Second},
		{"gone", func(w http.ResponseWriter, _ int) { w.WriteHeader(410) }, 410, "gone for good", webhook.Failed, 0},
		{"an endless answer", func(w http.ResponseWriter, _ int) { _, _ = io.WriteString(w, strings.Repeat("é\x00", 5<<10)) }, 200, "", webhook.Arrived, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			s.SetClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
			s.receiver.answer = c.answer
			s.happen(outbox.Event{Kind: "post.saved", Subject: "p1"})
			s.drain()
			call := s.log()[0]
			tries := s.tries(call.ID)
			if len(tries) != 1 || tries[0].Status != c.status || call.State != c.state || !strings.Contains(tries[0].Error, c.error) || c.error == "" && tries[0].Error != "" {
				t.Errorf("%+v %+v", call, tries)
			}
			if c.state == webhook.Waiting && call.NextAt.Sub(s.Now()) != c.wait {
				t.Errorf("waits %s, want %s", call.NextAt.Sub(s.Now()), c.wait)
			}
			if len(tries[0].Answer) > 1<<10 || strings.ContainsRune(tries[0].Answer, 0) {
				t.Errorf("%d bytes of the answer are kept", len(tries[0].Answer))
			}
			if n := len(s.receiver.calls()); n != 1 {
				t.Errorf("%d arrivals for one try", n)
			}
			if gone := s.state().State == webhook.Disabled; gone != (c.status == 410) {
				t.Errorf("%+v", s.state())
			}
		})
	}
}

// A receiver that does not answer at all ends the try.
func TestReceiverThatIsNotThere(t *testing.T) {
	s := newStage(t)
	s.receiver.server.Close()
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p1"})
	s.drain()
	if tries := s.tries(s.log()[0].ID); len(tries) != 1 || !strings.Contains(tries[0].Error, "could not be reached") {
		t.Errorf("%+v", tries)
	}
}

// Whoever fails for five days is disabled, told of once, and gets nothing
// more until somebody resumes it.
func TestFailingForDays(t *testing.T) {
	s := newStage(t)
	s.SetClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	s.receiver.answer = func(w http.ResponseWriter, _ int) { w.WriteHeader(500) }
	told := 0
	s.reader.On("webhook.disabled", func(context.Context, *db.Tx, outbox.Event) error { told++; return nil })
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p1"})
	s.drain()
	s.SetClock(s.Now().Time().Add(5*24*time.Hour - time.Minute))
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p2"})
	s.drain()
	if e := s.state(); e.State != webhook.Active {
		t.Fatalf("%+v", e)
	}
	s.SetClock(s.Now().Time().Add(2 * time.Minute))
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p3"})
	s.drain()
	if _, err := s.reader.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	e := s.state()
	if e.State != webhook.Disabled || !strings.Contains(e.Reason, "five days") || told != 1 {
		t.Fatalf("%+v, told %d times", e, told)
	}
	before := len(s.receiver.calls())
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p4"})
	s.SetClock(s.Now().Time().Add(time.Hour))
	s.drain()
	if n := len(s.receiver.calls()); n != before {
		t.Errorf("%d more calls", n-before)
	}
	s.receiver.answer = nil
	if _, err := s.webhooks.Resume(ctx, owner, "b", s.endpoint.ID); err != nil {
		t.Fatal(err)
	}
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p5"})
	s.drain()
	if e := s.state(); e.State != webhook.Active || e.FailingAt != 0 || s.log()[0].State != webhook.Arrived {
		t.Errorf("%+v", e)
	}
}

// Two nodes make each try once between them.
func TestTwoNodes(t *testing.T) {
	s := newStage(t)
	other := s.newSender()
	const n = 40
	for i := range n {
		s.happen(outbox.Event{Kind: "post.saved", Subject: "p" + strconv.Itoa(i)})
	}
	var both sync.WaitGroup
	for _, one := range []*hook.Sender{s.sender, other} {
		both.Go(func() {
			if err := one.Drain(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	seen := map[string]int{}
	for _, a := range s.receiver.calls() {
		seen[a.id]++
	}
	if len(seen) != n {
		t.Errorf("%d calls arrived", len(seen))
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", id, times)
		}
	}
}

// Started, it sends by itself as soon as something happens, and rests when it
// is stopped.
func TestItRuns(t *testing.T) {
	s := newStage(t)
	arrived := make(chan struct{}, 1)
	s.receiver.answer = func(http.ResponseWriter, int) { arrived <- struct{}{} }
	if err := s.sender.Start(ctx); err != nil {
		t.Fatal(err)
	}
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p1"})
	select {
	case <-arrived:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing arrived")
	}
	if err := s.sender.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if c := s.log()[0]; c.State != webhook.Arrived {
		t.Errorf("%+v", c)
	}
}

func TestTestButton(t *testing.T) {
	s := newStage(t)
	s.receiver.answer = func(w http.ResponseWriter, n int) {
		if n == 1 {
			w.WriteHeader(500)
		}
		_, _ = io.WriteString(w, "well met")
	}
	c, try, err := s.sender.Test(ctx, owner, "b", s.endpoint.ID)
	if err != nil || try.Status != 500 || try.Answer != "well met" || !strings.Contains(try.Error, "500") {
		t.Fatalf("%+v %+v %v", c, try, err)
	}
	if got := s.log()[0]; got.ID != c.ID || got.State != webhook.Failed || got.Type != webhook.TestType {
		t.Errorf("%+v", got) // one try, whatever comes of it
	}
	if _, err := s.webhooks.Pause(ctx, owner, "b", s.endpoint.ID); err != nil {
		t.Fatal(err)
	}
	if _, try, err := s.sender.Test(ctx, owner, "b", s.endpoint.ID); err != nil || try.Status != 200 {
		t.Errorf("%+v %v", try, err)
	}
	stranger := access.Who{Account: "x", Grants: []access.Grant{{Brand: "b", Role: access.Manager}}}
	if _, _, err := s.sender.Test(ctx, stranger, "b", s.endpoint.ID); err == nil {
		t.Error("a manager may test")
	}
}

// What waits for a webhook that was paused meanwhile is given up in words.
func TestPausedBeforeItsTurn(t *testing.T) {
	s := newStage(t)
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p1"})
	if _, err := s.webhooks.Pause(ctx, owner, "b", s.endpoint.ID); err != nil {
		t.Fatal(err)
	}
	s.drain()
	c := s.log()[0]
	if tries := s.tries(c.ID); c.State != webhook.Failed || len(tries) != 1 || !strings.Contains(tries[0].Error, "paused") || len(s.receiver.calls()) != 0 {
		t.Errorf("%+v", c)
	}
	if _, err := s.webhooks.Again(ctx, owner, "b", s.endpoint.ID, c.ID); err == nil {
		t.Error("a paused webhook sends again")
	}
}

// An inner address that nobody allowed is not called, whatever was written
// down about it.
func TestInnerAddresses(t *testing.T) {
	s := newStage(t)
	s.webhooks.Allow = nil
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p1"})
	s.drain()
	if tries := s.tries(s.log()[0].ID); len(s.receiver.calls()) != 0 || !strings.Contains(tries[0].Error, "--outbound-allow") {
		t.Errorf("%+v", tries)
	}
	closed := outbound.New(outbound.Options{})
	defer closed.Close()
	s.webhooks.Allow = []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.0/8")}}
	s.sender = hook.New(hook.Options{Webhooks: s.webhooks, Client: closed})
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p2"})
	s.drain()
	if tries := s.tries(s.log()[0].ID); len(s.receiver.calls()) != 0 || !strings.Contains(tries[0].Error, "own network") {
		t.Errorf("%+v", tries)
	}
}

// What the events of each kind say.
func TestData(t *testing.T) {
	var all []string
	for _, k := range webhook.Types {
		all = append(all, k.Name)
	}
	s := newStage(t, all...)
	s.exec(`INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ('c', 'b', 'place', '1', '@acme', 'Acme', 'sesame', '{}', 'connected', 1, 1)`)
	s.exec(`INSERT INTO post (id, brand_id, state, body, excerpt, revision, approved, conversation_id, created_at, updated_at)
		VALUES ('p', 'b', 'approved', '{}', 'Spring sale', 1, 1, 'k', 1, 1)`)
	s.exec(`INSERT INTO delivery (id, brand_id, post_id, channel_id, state, due_at, run_at, revision, author_id, remote_url, created_at, updated_at)
		VALUES ('d', 'b', 'p', 'c', 'published', 1, 1, 1, 'o', 'https://place.example/1', 1, 1)`)
	s.exec(`INSERT INTO conversation (id, brand_id, channel_id, kind, root, excerpt, state, state_at, last_at, assignee_id, created_at)
		VALUES ('k', 'b', 'c', 'mention', '1', 'Where is my parcel?', 'open', 1, 1, 'o', 1)`)
	s.exec(`INSERT INTO hold (id, brand_id, kind, reason, by_account, at) VALUES ('h', 'b', 'person', 'An outage', 'o', 1)`)
	s.exec(`UPDATE brand SET held = TRUE, hold_id = 'h' WHERE id = 'b'`)
	for _, c := range []struct {
		event outbox.Event
		want  []map[string]any
	}{
		{outbox.Event{Kind: "delivery.published", Subject: "d"}, []map[string]any{{"id": "d", "post": "p", "channel": "c", "kind": "post", "url": "https://place.example/1"}}},
		{outbox.Event{Kind: "delivery.rejected", Subject: "d", Data: map[string]string{"reason": "Too long."}},
			[]map[string]any{{"id": "d", "post": "p", "channel": "c", "kind": "post", "url": "https://place.example/1", "reason": "Too long."}}},
		{outbox.Event{Kind: "delivery.published", Subject: "gone"}, nil},
		{outbox.Event{Kind: "reply.published", Subject: "d"}, []map[string]any{{"id": "k", "channel": "c", "delivery": "d"}}},
		{outbox.Event{Kind: "conversation.received", Subject: "c", Data: map[string][]string{"Conversations": {"k", "l"}}},
			[]map[string]any{{"id": "k", "channel": "c"}, {"id": "l", "channel": "c"}}},
		{outbox.Event{Kind: "conversation.changed", Subject: "k", Data: map[string]string{"what": "assigned"}},
			[]map[string]any{{"id": "k", "channel": "c", "what": "assigned", "state": "open", "assignee": "o"}}},
		{outbox.Event{Kind: "channel.attention", Subject: "c", Data: map[string]string{"reason": "Signed out."}},
			[]map[string]any{{"id": "c", "network": "place", "handle": "@acme", "state": "connected", "reason": "Signed out."}}},
		{outbox.Event{Kind: "hold.changed", Subject: "h"}, []map[string]any{{"id": "h", "held": true, "reason": "An outage"}}},
		{outbox.Event{Kind: "media.added", Subject: "m"}, []map[string]any{{"id": "m"}}},
	} {
		before := len(s.receiver.calls())
		s.happen(c.event)
		s.drain()
		var got []map[string]any
		for _, a := range s.receiver.calls()[before:] {
			var body struct{ Data map[string]any }
			if err := json.Unmarshal([]byte(a.body), &body); err != nil {
				t.Fatal(err)
			}
			if body.Data["brand"] != "b" {
				t.Errorf("%s names no brand: %s", c.event.Kind, a.body)
			}
			delete(body.Data, "brand")
			got = append(got, body.Data)
		}
		if len(got) == 2 && got[0]["id"] == "l" {
			got[0], got[1] = got[1], got[0] // order is not promised
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", c.event.Kind, diff)
		}
	}
}

// A node that dies in the middle of a try leaves the call to be tried again.
func TestNodeThatDies(t *testing.T) {
	s := newStage(t)
	s.happen(outbox.Event{Kind: "post.saved", Subject: "p1"})
	if _, ok, err := s.webhooks.Claim(ctx, s.log()[0].ID); !ok || err != nil {
		t.Fatal(err)
	}
	s.drain()
	if n := len(s.receiver.calls()); n != 0 {
		t.Fatalf("%d calls while another node is at it", n)
	}
	s.ShiftClock(2 * time.Minute)
	s.drain()
	if c := s.log()[0]; c.State != webhook.Arrived || c.Tries != 2 {
		t.Errorf("%+v", c)
	}
}

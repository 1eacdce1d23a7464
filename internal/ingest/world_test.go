package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/ingest"
	"rapport/internal/network"
	"rapport/internal/secret"
)

var ctx = context.Background()

// net is a network in memory: what was said there, in the order it was said.
type net struct {
	mu     sync.Mutex
	said   []network.Message // what Hear tells
	hidden []network.Message // what only Thread tells
	own    []network.OwnPost // newest first
	gone   map[string]bool
	fail   map[string]error // by method
	calls  map[string]int
	page   int
	stream chan struct{}
	hold   chan struct{} // Hear waits for it, where set
}

func newNet() *net {
	return &net{gone: map[string]bool{}, fail: map[string]error{}, calls: map[string]int{}, page: 40}
}

func (n *net) Facts() network.Facts { return network.Facts{Name: "test", Title: "Test"} }

func (n *net) called(method string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls[method]++
	return n.fail[method]
}

func (n *net) count(method string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls[method]
}

func (n *net) breaks(method string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fail[method] = err
}

func (n *net) say(all ...network.Message) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = append(n.said, all...)
}

func (n *net) Connect(_ context.Context, server string, c network.Credential) (network.Account, error) {
	return network.Account{ID: "north", Handle: "@north", Name: "North", Server: server, Limits: network.Limits{Text: 500}, Credential: c}, nil
}

func (n *net) Prepare(context.Context, network.Target, network.Item, string, network.Prepared) (network.Prepared, error) {
	return network.Prepared{}, errors.New("not asked")
}
func (n *net) Commit(context.Context, network.Target, network.Prepared) (network.Receipt, error) {
	return network.Receipt{}, errors.New("not asked")
}
func (n *net) Lookup(context.Context, network.Target, network.Prepared) (network.Finding, error) {
	return network.Finding{}, errors.New("not asked")
}
func (n *net) RepeatHarmless(network.Target, time.Duration) bool { return false }

func (n *net) Hear(_ context.Context, _ network.Target, after string, since time.Time) (network.Heard, error) {
	if err := n.called("hear"); err != nil {
		return network.Heard{}, err
	}
	if n.hold != nil {
		<-n.hold
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	from, _ := strconv.Atoi(after)
	to := min(from+n.page, len(n.said))
	if to > from {
		n.calls["page"]++ // one that holds something
	}
	var out []network.Message
	for _, m := range n.said[from:to] {
		if !m.At.Before(since) && !n.gone[m.Ref.ID] {
			out = append(out, m)
		}
	}
	return network.Heard{Messages: out, Next: strconv.Itoa(to), More: to < len(n.said)}, nil
}

func (n *net) everything() []network.Message {
	all := slices.Concat(n.said, n.hidden)
	for _, p := range n.own {
		m := p.Message
		m.Own = true
		all = append(all, m)
	}
	return slices.DeleteFunc(all, func(m network.Message) bool { return n.gone[m.Ref.ID] })
}

func (n *net) Thread(_ context.Context, _ network.Target, ref network.Ref) ([]network.Message, bool, error) {
	if err := n.called("thread"); err != nil {
		return nil, false, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.everything()
	parent := map[string]string{}
	for _, m := range all {
		parent[m.Ref.ID] = m.Parent
	}
	top := func(id string) string {
		for range 100 {
			p, known := parent[id]
			if !known || p == "" {
				return id
			}
			if _, there := parent[p]; !there {
				return id
			}
			id = p
		}
		return id
	}
	if _, there := parent[ref.ID]; !there {
		return nil, false, &network.Error{Verdict: network.Refused, Status: 404}
	}
	return slices.DeleteFunc(all, func(m network.Message) bool { return top(m.Ref.ID) != top(ref.ID) }), true, nil
}

func (n *net) Recheck(_ context.Context, _ network.Target, refs []network.Ref) (map[string]network.Message, []string, error) {
	if err := n.called("recheck"); err != nil {
		return nil, nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	now := map[string]network.Message{}
	for _, m := range n.everything() {
		now[m.Ref.ID] = m
	}
	found, gone := map[string]network.Message{}, []string{}
	for _, r := range refs {
		if m, there := now[r.ID]; there {
			found[r.ID] = m
		} else {
			gone = append(gone, r.ID)
		}
	}
	return found, gone, nil
}

func (n *net) History(_ context.Context, _ network.Target, after string) ([]network.OwnPost, string, error) {
	if err := n.called("history"); err != nil {
		return nil, "", err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	from, _ := strconv.Atoi(after)
	to := min(from+n.page, len(n.own))
	next := ""
	if to < len(n.own) {
		next = strconv.Itoa(to)
	}
	return n.own[from:to], next, nil
}

// streaming is the network with a stream.
type streaming struct{ *net }

func (s streaming) Stream(ctx context.Context, _ network.Target, came func()) error {
	if err := s.called("stream"); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-s.stream:
			if !open {
				return &network.Error{Verdict: network.Unclear, Text: "The stream ended."}
			}
			came()
		}
	}
}

// renewing is the network with sessions that can be renewed, or not.
type renewing struct {
	*net
	err error
}

func (r renewing) Refresh(_ context.Context, t network.Target) (network.Account, error) {
	_ = r.called("refresh")
	if r.err != nil {
		return network.Account{}, r.err
	}
	r.breaks("hear", nil)
	return network.Account{ID: t.AccountID, Credential: network.Credential{"token": "y"}}, nil
}

// world is a brand with one channel.
type world struct {
	t       testing.TB
	d       *db.DB
	net     *net
	cs      *channel.Channels
	brand   string
	channel channel.Channel
	owner   access.Who
	now     time.Time
}

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func open(t testing.TB) *world { return openOn(t, nil) }

func openOn(t testing.TB, stream chan struct{}) *world {
	t.Helper()
	w := &world{t: t, d: dbtest.Open(t), net: newNet(), brand: db.NewID()}
	w.net.stream = stream
	var n network.Network = w.net
	if stream != nil {
		n = streaming{w.net}
	}
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	w.cs = &channel.Channels{DB: w.d, Keys: keys, Networks: network.NewSet(n)}
	w.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'UTC', 1)`, w.brand)
	w.owner = access.Who{Account: "o", Grants: []access.Grant{{Brand: w.brand, Role: access.Owner}}}
	w.at(0)
	if w.channel, err = w.cs.Connect(ctx, w.owner, w.brand, "test", "https://test.example", network.Credential{"token": "x"}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) exec(text string, args ...any) {
	w.t.Helper()
	if _, err := w.d.ExecContext(ctx, text, args...); err != nil {
		w.t.Fatal(err)
	}
}

// at sets the clock to so many minutes after the channel was connected.
func (w *world) at(minutes float64) {
	w.now = start.Add(time.Duration(minutes * float64(time.Minute)))
	w.d.SetClock(w.now)
}

func when(minutes float64) time.Time { return start.Add(time.Duration(minutes * float64(time.Minute))) }

func says(id, parent, author string, minutes float64) network.Message {
	return network.Message{Ref: network.Ref{ID: id}, Parent: parent, Text: "text of " + id, At: when(minutes), Author: network.Author{ID: author, Handle: "@" + author}}
}

func posted(id, parent string, minutes float64) network.OwnPost {
	m := says(id, parent, "north", minutes)
	m.Own = true
	return network.OwnPost{Message: m}
}

// listener makes a node's ears that poll often, so that tests wait for little.
func (w *world) listener(node string) *ingest.Listener {
	return ingest.New(ingest.Options{DB: w.d, Channels: w.cs, Node: node, Log: slog.New(slog.DiscardHandler), Times: ingest.Times{Poll: 20 * time.Millisecond}})
}

func (w *world) start(node string) (stop func()) {
	w.t.Helper()
	l := w.listener(node)
	if err := l.Start(ctx); err != nil {
		w.t.Fatal(err)
	}
	var once sync.Once
	stop = func() {
		once.Do(func() {
			short, cancel := context.WithTimeout(ctx, 20*time.Second)
			defer cancel()
			if err := l.Stop(short); err != nil {
				w.t.Error(err)
			}
		})
	}
	w.t.Cleanup(stop)
	return stop
}

// until waits for something that the listener does by itself.
func (w *world) until(what string, yes func() bool) {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); !yes(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("never %s; feeds: %v", what, w.feeds())
		}
	}
}

// settled waits until nothing is due and nothing is being read.
func (w *world) settled() {
	w.t.Helper()
	w.until("settled", func() bool {
		var feeds, due int
		err := w.d.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN name <> 'stream' AND (next_at <= $1 OR lease_until > 0) THEN 1 ELSE 0 END), 0) FROM feed`, w.d.Now()).Scan(&feeds, &due)
		return err == nil && feeds > 0 && due == 0
	})
}

func (w *world) feeds() (out []string) {
	w.t.Helper()
	rows, err := w.d.QueryContext(ctx, `SELECT name, next_at, lease_until, tries, error, node FROM feed ORDER BY name`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, failure, node string
		var next, lease db.Time
		var tries int
		if err := rows.Scan(&name, &next, &lease, &tries, &failure, &node); err != nil {
			w.t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s in %v, lease %v, %d tries %q %s", name, next.Sub(db.At(w.now)), lease.Sub(db.At(w.now)), tries, failure, node))
	}
	return out
}

// nextIn is in how long a feed is read next.
func (w *world) nextIn(name string) time.Duration {
	w.t.Helper()
	var next db.Time
	if err := w.d.QueryRowContext(ctx, `SELECT next_at FROM feed WHERE name = $1`, name).Scan(&next); err != nil {
		w.t.Fatal(err)
	}
	return next.Sub(db.At(w.now))
}

func (w *world) list() []conversation.Conversation {
	w.t.Helper()
	all, _, err := conversation.List(ctx, w.d, w.owner, w.brand, conversation.Filter{}, db.Page{Limit: 200})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func (w *world) number(text string, args ...any) (n int) {
	w.t.Helper()
	if err := w.d.QueryRowContext(ctx, text, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// logged is the channel's log, newest first.
func (w *world) logged() (out []string) {
	w.t.Helper()
	rows, err := w.d.QueryContext(ctx, `SELECT tone, text, times FROM channel_log ORDER BY last_at DESC, id DESC`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var tone, text string
		var times int
		if err := rows.Scan(&tone, &text, &times); err != nil {
			w.t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s %d× %s", tone, times, text))
	}
	return out
}

// published puts a delivery of ours there, with one part that the network calls
// remote. An empty state is published.
func (w *world) published(remote, state, partState, text string, minutes float64) (deliveryID string) {
	w.t.Helper()
	if state == "" {
		state, partState = "published", "published"
	}
	p, d := db.NewID(), db.NewID()
	at := db.At(when(minutes))
	ref, _ := json.Marshal(network.Ref{ID: remote})
	w.exec(`INSERT INTO post (id, brand_id, state, body, excerpt, revision, approved, created_at, updated_at) VALUES ($1, $2, 'approved', '{"parts":[{"text":"x"}]}', 'x', 1, 1, $3, $3)`, p, w.brand, at)
	w.exec(`INSERT INTO variant (post_id, channel_id, brand_id) VALUES ($1, $2, $3)`, p, w.channel.ID, w.brand)
	w.exec(`INSERT INTO delivery (id, brand_id, post_id, channel_id, state, due_at, run_at, revision, remote_id, published_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6, 1, $7, $6, $6, $6)`, d, w.brand, p, w.channel.ID, state, at, remote)
	w.exec(`INSERT INTO part (delivery_id, ord, brand_id, kind, state, text, remote_id, ref, at) VALUES ($1, 0, $2, 'post', $3, $4, $5, $6, $7)`,
		d, w.brand, partState, text, remote, string(ref), at)
	return d
}

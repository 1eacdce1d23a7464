package mastodon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/network"
)

const (
	pageOfNotes = 40
	batch       = 20   // statuses asked for at once
	mostThread  = 4096 // what Mastodon shows below and above a status
)

// noteEntity is a notification.
type noteEntity struct {
	ID        string       `json:"id"`
	CreatedAt moment       `json:"created_at"`
	Status    statusEntity `json:"status"`
}

// cursor is how far was heard. The first time it is walked back from the
// newest notification to what is old enough; from then on forward, by what
// came next after the newest seen.
type cursor struct {
	newest string // id of the newest notification seen
	below  string // walking back: id of the oldest seen; "" when that is done
	since  time.Time
}

// String is "newest", or "newest<below@since" on the way back.
func (c cursor) String() string {
	if c.below == "" {
		return c.newest
	}
	return fmt.Sprintf("%s<%s@%d", c.newest, c.below, c.since.UnixMilli())
}

func parseCursor(s string) (cursor, error) {
	newest, rest, back := strings.Cut(s, "<")
	c := cursor{newest: newest}
	if !back {
		return c, nil
	}
	at := strings.LastIndexByte(rest, '@')
	ms, err := strconv.ParseInt(rest[at+1:], 10, 64)
	if at < 1 || err != nil {
		return c, &network.Error{Verdict: network.Refused, Text: "It is not known how far this channel was read. Connect it again.", Cause: fmt.Errorf("mastodon: cursor %q", s)}
	}
	c.below, c.since = rest[:at], time.UnixMilli(ms)
	return c, nil
}

// Hear returns the next page of what was said to the account.
func (n *Network) Hear(ctx context.Context, t network.Target, after string, since time.Time) (network.Heard, error) {
	c, err := parseCursor(after)
	if err != nil {
		return network.Heard{}, err
	}
	if after == "" {
		c.since = since
	}
	q := url.Values{"types[]": {"mention"}, "limit": {fmt.Sprint(pageOfNotes)}}
	back := after == "" || c.below != ""
	switch {
	case c.below != "":
		q.Set("max_id", c.below)
	case !back:
		q.Set("min_id", c.newest)
	}
	page, err := n.notes(ctx, t, q)
	if err != nil {
		return network.Heard{}, err
	}
	said, next, more := c.advance(page, back)
	return network.Heard{Messages: voiceOf(t).messages(said), Next: next.String(), More: more}, nil
}

// advance takes a page in and says where to go on.
func (c cursor) advance(page []noteEntity, back bool) (said []statusEntity, next cursor, more bool) {
	next = c
	enough := len(page) == 0
	for _, note := range page {
		if c.newest == "" || newer(note.ID, c.newest) {
			if next.newest == "" || newer(note.ID, next.newest) {
				next.newest = note.ID
			}
		}
		if back && !note.CreatedAt.IsZero() && note.CreatedAt.Before(c.since) {
			enough = true
			continue
		}
		said = append(said, note.Status)
		if back && (next.below == "" || newer(next.below, note.ID)) {
			next.below = note.ID
		}
	}
	if !back {
		return said, next, next.newest != c.newest
	}
	if enough || next.below == c.below {
		next.below, next.since = "", time.Time{}
		return said, next, false
	}
	return said, next, true
}

// notes reads notifications. One that cannot be read, or without a status, is
// passed over: it would stand in the way of all later ones for ever.
func (n *Network) notes(ctx context.Context, t network.Target, q url.Values) ([]noteEntity, error) {
	var raw []json.RawMessage
	if err := n.read(ctx, t, "/api/v1/notifications?"+q.Encode(), &raw); err != nil {
		return nil, err
	}
	var out []noteEntity
	for _, one := range raw {
		var note noteEntity
		if json.Unmarshal(one, &note) != nil {
			var bare struct {
				ID string `json:"id"`
			}
			_ = json.Unmarshal(one, &bare) // the id is all that is needed to go past it
			note = noteEntity{ID: bare.ID}
		}
		if isID(note.ID) && !strings.ContainsAny(note.ID, "<@") {
			out = append(out, note)
		}
	}
	return out, nil
}

// contextEntity is what stands above and below a status.
type contextEntity struct{ Ancestors, Descendants []statusEntity }

// Thread reads the status and what stands above and below it.
func (n *Network) Thread(ctx context.Context, t network.Target, ref network.Ref) (all []network.Message, whole bool, err error) {
	var self statusEntity
	if err := n.read(ctx, t, statusPath(ref.ID), &self); err != nil {
		return nil, false, gone(err)
	}
	around, whole, err := n.around(ctx, t, ref)
	if err != nil {
		return nil, false, gone(err)
	}
	found := slices.Concat(around.Ancestors, []statusEntity{self}, around.Descendants)
	return voiceOf(t).messages(found), whole && complete(self, around), nil
}

// around reads what stands above and below a status. whole is false where the
// server says that it still fetches answers from elsewhere, or where there is
// more than is read.
func (n *Network) around(ctx context.Context, t network.Target, ref network.Ref) (contextEntity, bool, error) {
	req, err := n.request(ctx, t, http.MethodGet, statusPath(ref.ID)+"/context", nil)
	if err != nil {
		return contextEntity{}, false, err
	}
	resp, err := n.call(req)
	if err != nil {
		return contextEntity{}, false, err
	}
	if resp.StatusCode != http.StatusOK {
		err := parse(resp, nil, secretsOf(req)...)
		if err == nil {
			err = unreadable(resp.StatusCode, fmt.Errorf("mastodon: no thread in the answer"))
		}
		return contextEntity{}, false, err
	}
	defer resp.Body.Close()
	got, whole, err := readContext(resp.Body)
	if err != nil {
		return got, false, unreadable(resp.StatusCode, err)
	}
	return got, whole && resp.Header.Get("Mastodon-Async-Refresh") == "", nil
}

// readContext reads one status after the other, so that of a thread that is
// too long there is at least the beginning.
func readContext(body io.Reader) (got contextEntity, whole bool, err error) {
	limited := &io.LimitedReader{R: body, N: mostAnswer}
	dec := json.NewDecoder(limited)
	begin, err := dec.Token()
	if err != nil || begin != json.Delim('{') {
		return got, false, fmt.Errorf("mastodon: read thread: no object: %w", err)
	}
	for err == nil && dec.More() {
		var name json.Token
		if name, err = dec.Token(); err != nil {
			break
		}
		switch name {
		case "ancestors":
			err = readStatuses(dec, &got.Ancestors)
		case "descendants":
			err = readStatuses(dec, &got.Descendants)
		default:
			err = dec.Decode(new(json.RawMessage))
		}
	}
	if err == nil {
		_, err = dec.Token()
	}
	switch {
	case errors.Is(err, errTooMany), err != nil && limited.N == 0:
		return got, false, nil
	case err != nil:
		return got, false, fmt.Errorf("mastodon: read thread: %w", err)
	}
	return got, true, nil
}

var errTooMany = errors.New("mastodon: more statuses than are read")

func readStatuses(dec *json.Decoder, out *[]statusEntity) error {
	if begin, err := dec.Token(); err != nil || begin != json.Delim('[') {
		return fmt.Errorf("mastodon: no list: %w", err)
	}
	for dec.More() {
		if len(*out) == mostThread {
			return errTooMany
		}
		var s statusEntity
		if err := dec.Decode(&s); err != nil {
			return err
		}
		*out = append(*out, s)
	}
	_, err := dec.Token()
	return err
}

// gone is a status that is not there, in the one way that callers look for.
func gone(err error) error {
	if !isGone(err) {
		return err
	}
	return &network.Error{Verdict: network.Refused, Status: http.StatusNotFound, Text: "This message is not there any more.", Cause: err}
}

// complete holds what came against what the server counts. Where it counts
// more answers than it shows, what is missing may only be hidden.
func complete(self statusEntity, around contextEntity) bool {
	shown := map[string]int64{}
	there := map[string]bool{self.ID: true}
	for _, s := range around.Descendants {
		shown[s.InReplyTo]++
		there[s.ID] = true
	}
	for _, s := range around.Ancestors {
		there[s.ID] = true
	}
	for _, s := range slices.Concat(around.Descendants, []statusEntity{self}) {
		if s.Replies == nil || *s.Replies > shown[s.ID] {
			return false
		}
	}
	for _, s := range slices.Concat(around.Ancestors, []statusEntity{self}) {
		if s.InReplyTo != "" && !there[s.InReplyTo] {
			return false
		}
	}
	return true
}

// Recheck reads messages again.
func (n *Network) Recheck(ctx context.Context, t network.Target, refs []network.Ref) (now map[string]network.Message, missing []string, err error) {
	found, missing, err := n.statuses(ctx, t, refs)
	now = make(map[string]network.Message, len(found))
	for _, m := range voiceOf(t).messages(found) {
		now[m.Ref.ID] = m
	}
	return now, missing, err
}

// statuses reads statuses by their ids, many at a time where the server can.
// missing are those of which it says one by one that they are not there. What
// was read before an error comes with it.
func (n *Network) statuses(ctx context.Context, t network.Target, refs []network.Ref) (found []statusEntity, missing []string, err error) {
	there := map[string]bool{}
	for at := 0; at < len(refs); at += batch {
		some, err := n.many(ctx, t, refs[at:min(at+batch, len(refs))])
		if err != nil && !lacks(err) || network.VerdictOf(err) == network.Unauthorized {
			return found, missing, err
		}
		for _, s := range some {
			if !there[s.ID] {
				there[s.ID], found = true, append(found, s)
			}
		}
		if err != nil {
			break // it knows no such call: one by one
		}
	}
	for _, ref := range refs {
		if there[ref.ID] {
			continue
		}
		var one statusEntity
		err := n.read(ctx, t, statusPath(ref.ID), &one)
		switch {
		case isGone(err):
			missing = append(missing, ref.ID)
		case err != nil:
			return found, missing, err
		case one.ID == ref.ID:
			found = append(found, one)
		}
	}
	return found, missing, nil
}

func (n *Network) many(ctx context.Context, t network.Target, refs []network.Ref) ([]statusEntity, error) {
	if len(refs) < 2 {
		return nil, nil
	}
	q := url.Values{}
	wanted := map[string]bool{}
	for _, ref := range refs {
		q.Add("id[]", ref.ID)
		wanted[ref.ID] = true
	}
	var got, out []statusEntity
	if err := n.read(ctx, t, "/api/v1/statuses?"+q.Encode(), &got); err != nil {
		return nil, err
	}
	for _, s := range got {
		if wanted[s.ID] {
			out = append(out, s)
		}
	}
	return out, nil
}

// Measure returns the counters of each ref it could read.
func (n *Network) Measure(ctx context.Context, t network.Target, refs []network.Ref) (map[string]network.Counters, error) {
	found, _, err := n.statuses(ctx, t, refs)
	out := make(map[string]network.Counters, len(found))
	now := time.Now()
	for _, s := range found {
		out[s.ID] = s.counters(now)
	}
	return out, err
}

// MeasureAccount reads the account's own numbers.
func (n *Network) MeasureAccount(ctx context.Context, t network.Target) (network.AccountCounters, error) {
	var got accountEntity
	if err := n.read(ctx, t, accountPath(t), &got); err != nil {
		return network.AccountCounters{}, err
	}
	if got.ID != t.AccountID {
		return network.AccountCounters{}, unreadable(http.StatusOK, fmt.Errorf("mastodon: another account than was asked for"))
	}
	return network.AccountCounters{At: time.Now(), Followers: counted(got.Followers), Following: counted(got.Following), Posts: counted(got.Statuses)}, nil
}

// History returns a page of the account's own posts, newest first.
func (n *Network) History(ctx context.Context, t network.Target, after string) (posts []network.OwnPost, next string, err error) {
	q := url.Values{"limit": {fmt.Sprint(pageOfPosts)}}
	if after != "" {
		q.Set("max_id", after)
	}
	page, err := n.own(ctx, t, q)
	if err != nil {
		return nil, "", err
	}
	counters := map[string]network.Counters{}
	now := time.Now()
	for _, s := range page {
		counters[s.ID] = s.counters(now)
		if isID(s.ID) && (after == "" || newer(after, s.ID)) && (next == "" || newer(next, s.ID)) {
			next = s.ID
		}
	}
	for _, m := range voiceOf(t).messages(page) {
		if m.Own {
			posts = append(posts, network.OwnPost{Message: m, Counters: counters[m.Ref.ID]})
		}
	}
	return posts, next, nil
}

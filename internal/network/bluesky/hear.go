package bluesky

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/network"
)

const (
	perPage   = 50
	mostPages = 4 // pages that one Hear reads
	// Bluesky orders notifications by the time that their author's program
	// wrote, so one that reaches it late stands below those that were read
	// already. Everything this young is looked through at every walk.
	overlap  = 2 * time.Hour
	mostSeen = 400 // marks of what was passed on; more shorten the overlap
)

// place is the cursor: how far the notifications were read. They come from the
// newest to the oldest, so a walk begins at the top and ends where the walk
// before it had begun, less the overlap. A walk that takes more pages than one
// call may read goes on from Page in the next, and Head collects what the walk
// after it needs to know.
type place struct {
	// Stop is where a walk ends: what is older was passed on, or was never
	// wanted. In milliseconds since 1970.
	Stop int64  `json:"stop"`
	Seen []mark `json:"seen,omitempty"` // passed on, and not older than Stop
	// Page and Head are set while a walk is under way.
	Page string `json:"page,omitempty"`
	Head []mark `json:"head,omitempty"`
}

// mark recognises a notification: its time and a hash of what it is.
type mark struct {
	at   int64
	hash uint32
}

// MarshalText keeps the cursor short.
func (m mark) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatInt(m.at, 36) + "." + strconv.FormatUint(uint64(m.hash), 36)), nil
}

// UnmarshalText is the way back.
func (m *mark) UnmarshalText(text []byte) error {
	at, hash, ok := strings.Cut(string(text), ".")
	a, err := strconv.ParseInt(at, 36, 64)
	h, err2 := strconv.ParseUint(hash, 36, 32)
	if !ok || err != nil || err2 != nil {
		return errors.New("bluesky: no mark")
	}
	m.at, m.hash = a, uint32(h)
	return nil
}

type notification struct {
	postView
	Reason string `json:"reason"`
}

func (v notification) mark() mark {
	h := fnv.New32a()
	_, _ = h.Write([]byte(v.Reason + " " + v.URI + " " + v.CID)) // never fails
	return mark{v.seenAt(), h.Sum32()}
}

// seenAt is 0 where the network gives no time.
func (v notification) seenAt() int64 {
	at, err := time.Parse(time.RFC3339, v.IndexedAt)
	if err != nil {
		return 0
	}
	return at.UnixMilli()
}

// Hear walks the notifications from the newest down to what was passed on
// before.
func (n *Network) Hear(ctx context.Context, t network.Target, after string, since time.Time) (network.Heard, error) {
	at, err := readPlace(after, since)
	if err != nil {
		return network.Heard{}, err
	}
	out := network.Heard{More: true}
	for i := range mostPages {
		next, some, more, err := n.step(ctx, t, at)
		if err != nil && i > 0 {
			break // what was read is passed on; the next call goes on here
		}
		if err != nil {
			return network.Heard{}, err
		}
		at, out.More = next, more
		out.Messages = append(out.Messages, some...)
		if !more {
			break
		}
	}
	out.Next = at.String()
	return out, nil
}

// step reads one page, and reports whether there are more.
func (n *Network) step(ctx context.Context, t network.Target, at place) (next place, some []network.Message, more bool, err error) {
	page, cursor, err := n.notifications(ctx, t, at.Page)
	if network.VerdictOf(err) == network.Refused && at.Page != "" {
		// The network no longer knows the page: the walk begins anew.
		at.Page = ""
		page, cursor, err = n.notifications(ctx, t, "")
	}
	if err != nil {
		return at, nil, false, err
	}
	at.Head = slices.Clone(at.Head)
	fresh, done := at.take(page)
	if some, err = n.heard(ctx, t, fresh); err != nil {
		return at, nil, false, err
	}
	if done || cursor == "" || cursor == at.Page || len(cursor) > 1000 {
		at.finish()
		return at, some, false, nil
	}
	at.Page = cursor
	return at, some, true, nil
}

func readPlace(after string, since time.Time) (place, error) {
	if after == "" {
		return place{Stop: since.UnixMilli()}, nil
	}
	var p place
	if err := json.Unmarshal([]byte(after), &p); err != nil {
		return p, &network.Error{Verdict: network.Refused, Text: "This is no place among Bluesky's notifications.", Cause: fmt.Errorf("bluesky: cursor: %w", err)}
	}
	return p, nil
}

// String is the cursor.
func (p place) String() string {
	raw, err := json.Marshal(p)
	if err != nil {
		panic(err) // numbers and strings always encode
	}
	return string(raw)
}

// take picks what is new on a page and reports whether the walk ends there.
func (p *place) take(page []notification) (fresh []notification, done bool) {
	for _, v := range page {
		m := v.mark()
		switch {
		case m.at == 0: // without a time it cannot be recognised: better twice than lost
			fresh = append(fresh, v)
			continue
		case m.at < p.Stop:
			done = true
			continue
		}
		if !slices.Contains(p.Head, m) {
			p.Head = append(p.Head, m)
		}
		if !slices.Contains(p.Seen, m) {
			fresh = append(fresh, v)
		}
	}
	p.Head = newest(p.Head)
	return fresh, done
}

// newest keeps the youngest marks, as many as are kept at all.
func newest(all []mark) []mark {
	slices.SortFunc(all, func(a, b mark) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.hash, b.hash)) })
	return all[:min(len(all), mostSeen)]
}

// finish ends a walk: the next one ends where this one began, less the
// overlap, and never below what it still recognises.
func (p *place) finish() {
	p.Page = ""
	if len(p.Head) == 0 {
		return
	}
	all := p.Head
	for _, m := range p.Seen {
		if !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	full := len(all) >= mostSeen
	all = newest(all)
	stop := max(p.Stop, all[0].at-overlap.Milliseconds())
	if full {
		stop = max(stop, all[len(all)-1].at)
	}
	all = slices.DeleteFunc(all, func(m mark) bool { return m.at < stop })
	p.Stop, p.Seen, p.Head = stop, all, nil
}

func (n *Network) notifications(ctx context.Context, t network.Target, cursor string) ([]notification, string, error) {
	var got struct {
		Cursor        string             `json:"cursor"`
		Notifications *[]json.RawMessage `json:"notifications"`
	}
	// Without priority=false an account that prefers whom it follows would not
	// hear anybody else.
	params := url.Values{"reasons": {"reply", "mention", "quote"}, "limit": {strconv.Itoa(perPage)}, "priority": {"false"}}
	if cursor != "" {
		params.Set("cursor", cursor)
	}
	if err := n.query(ctx, t, "app.bsky.notification.listNotifications", params, &got); err != nil {
		return nil, "", err
	}
	if got.Notifications == nil {
		return nil, "", unreadable(http.StatusOK, errors.New("bluesky: no notifications"))
	}
	var out []notification
	for _, raw := range *got.Notifications {
		var v notification
		if json.Unmarshal(raw, &v) == nil {
			out = append(out, v)
		}
	}
	return out, got.Cursor, nil
}

// heard makes messages of what was notified, by the full view of each post
// where the network shows it. One that it does not show is passed on as the
// notification has it: whether it is gone is for Recheck to find out.
func (n *Network) heard(ctx context.Context, t network.Target, all []notification) ([]network.Message, error) {
	var uris []string
	for _, v := range all {
		if said(v.Reason) && !slices.Contains(uris, v.URI) {
			if _, _, ok := splitURI(v.URI); ok {
				uris = append(uris, v.URI)
			}
		}
	}
	full, err := n.posts(ctx, t, uris)
	if err != nil {
		return nil, err
	}
	var out []network.Message
	for _, v := range all {
		view, ok := full[v.URI]
		if !ok {
			view = v.postView
		}
		i := slices.Index(uris, v.URI)
		if m, ok := view.message(t); ok && i >= 0 {
			uris[i] = "" // each once, though it may be a reply and a mention
			out = append(out, m)
		}
	}
	return out, nil
}

// said reports whether somebody wrote something. Servers that do not know the
// filter tell of likes and follows as well.
func said(reason string) bool { return reason == "reply" || reason == "mention" || reason == "quote" }

// threadNode is a post with what is around it.
type threadNode struct {
	Type    string       `json:"$type"`
	Post    *postView    `json:"post"`
	Parent  *threadNode  `json:"parent"`
	Replies []threadNode `json:"replies"`
	Missing bool         `json:"notFound"`
	Blocked bool         `json:"blocked"`
}

const (
	deep       = 100 // levels asked for below and above
	mostThread = 5000
)

// Thread reads what stands above and below a post.
func (n *Network) Thread(ctx context.Context, t network.Target, ref network.Ref) ([]network.Message, bool, error) {
	var got struct {
		Thread *threadNode `json:"thread"`
	}
	err := n.query(ctx, t, "app.bsky.feed.getPostThread",
		url.Values{"uri": {ref.ID}, "depth": {strconv.Itoa(deep)}, "parentHeight": {strconv.Itoa(deep)}}, &got)
	if nameOf(err) == "NotFound" {
		return nil, false, gone()
	}
	if err != nil {
		return nil, false, err
	}
	switch {
	case got.Thread == nil:
		return nil, false, unreadable(http.StatusOK, errors.New("bluesky: no thread"))
	case got.Thread.Missing:
		return nil, false, gone()
	case got.Thread.Blocked:
		return nil, false, &network.Error{Verdict: network.Refused, Status: http.StatusForbidden, Text: "This account and the author of the post have blocked each other or one the other."}
	}
	c := collected{target: t, whole: true}
	c.add(*got.Thread)
	c.above(got.Thread.Parent)
	if len(c.all) == 0 {
		return nil, false, unreadable(http.StatusOK, errors.New("bluesky: a thread without posts"))
	}
	return c.all, c.whole, nil
}

func gone() *network.Error {
	return &network.Error{Verdict: network.Refused, Status: http.StatusNotFound, Text: "This post is no longer on Bluesky."}
}

// collected gathers a thread and notes where something is missing.
type collected struct {
	target network.Target
	all    []network.Message
	whole  bool
}

func (c *collected) add(node threadNode) {
	if node.Post == nil || len(c.all) >= mostThread {
		c.whole = false
		return
	}
	m, ok := node.Post.message(c.target)
	if !ok {
		c.whole = false
		return
	}
	c.all = append(c.all, m)
	// Fewer answers than are counted: cut off, hidden or blocked.
	if r := node.Post.Replies; r != nil && int(*r) > len(node.Replies) {
		c.whole = false
	}
	for _, r := range node.Replies {
		c.add(r)
	}
}

func (c *collected) above(node *threadNode) {
	for node != nil {
		if node.Post == nil {
			c.whole = false
			return
		}
		m, ok := node.Post.message(c.target)
		if !ok || len(c.all) >= mostThread {
			c.whole = false
			return
		}
		c.all = append(c.all, m)
		if node.Parent == nil && m.Parent != "" {
			c.whole = false
		}
		node = node.Parent
	}
}

const mostDoubted = 50 // posts that one Recheck asks the server for by themselves

// Recheck reads posts again. One that the network does not show is gone only
// if the server says that there is no such record: a block hides posts too.
func (n *Network) Recheck(ctx context.Context, t network.Target, refs []network.Ref) (map[string]network.Message, []string, error) {
	var uris []string
	for _, r := range refs {
		if _, _, ok := splitURI(r.ID); ok && !slices.Contains(uris, r.ID) {
			uris = append(uris, r.ID)
		}
	}
	found, err := n.posts(ctx, t, uris)
	now := make(map[string]network.Message, len(found))
	for uri, v := range found {
		if m, ok := v.message(t); ok {
			now[uri] = m
		}
	}
	if err != nil {
		return now, nil, err
	}
	var missing []string
	for _, uri := range uris {
		if _, there := found[uri]; !there && len(missing) < mostDoubted {
			missing = append(missing, uri)
		}
	}
	lost, err := n.lost(ctx, t, missing)
	return now, lost, err
}

func (n *Network) lost(ctx context.Context, t network.Target, uris []string) ([]string, error) {
	var out []string
	for _, uri := range uris {
		did, key, _ := splitURI(uri)
		_, err := n.stored(ctx, t, did, key)
		if nameOf(err) == "RecordNotFound" {
			out = append(out, uri)
			continue
		}
		switch network.VerdictOf(err) {
		case network.NotSent, network.Throttled, network.Unauthorized:
			return out, err
		}
	}
	return out, nil
}

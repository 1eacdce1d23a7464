package emulator

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// event is a record on its way to the index.
type event struct {
	due  time.Time // when the index knows of it
	at   time.Time // when it says it came to know; no two are the same
	rec  *record   // only its address where it is gone
	gone bool
	// quiet notifies nobody.
	quiet bool
}

// entry is a record that profiles, feeds, threads and notifications know of.
type entry struct {
	*record
	quiet     bool
	indexedAt time.Time
	// sortAt is the earlier one of when it was indexed and of the date it
	// gives itself; feeds and notifications are in its order.
	sortAt time.Time

	parent, root, quote string // addresses, of a post
}

func (e *entry) id() string { return e.uri.String() }

// note is one line of an account's notifications.
type note struct {
	reason, subject string
	id              string // of the record that is the reason
	sortAt          time.Time
}

// index is the other half of the network. It follows the repositories, late
// by as much as the options say.
type index struct {
	queue   []event
	last    time.Time                    // at of the last event
	entries map[string]*entry            // by address
	order   []*entry                     // as they were indexed
	below   map[string][]*entry          // replies by the address above
	quotes  map[string][]*entry          // by what is quoted
	about   map[string]map[string]*entry // likes, reposts, follows and blocks by kind and subject, one for each account
	notes   map[string][]note            // by DID
}

func newIndex() index {
	return index{entries: map[string]*entry{}, below: map[string][]*entry{}, quotes: map[string][]*entry{},
		about: map[string]map[string]*entry{}, notes: map[string][]note{}}
}

// queue sends a change to the index.
func (s *Server) queue(ev event) {
	ev.due = s.now().Add(s.options.IndexDelay)
	ev.at = ev.due.Truncate(time.Millisecond)
	if next := s.index.last.Add(time.Millisecond); ev.at.Before(next) {
		ev.at = next
	}
	s.index.last = ev.at
	s.index.queue = append(s.index.queue, ev)
}

// catchUp takes in what is due.
func (s *Server) catchUp() {
	now := s.now()
	for len(s.index.queue) > 0 && !s.index.queue[0].due.After(now) {
		ev := s.index.queue[0]
		s.index.queue = s.index.queue[1:]
		s.index.remove(ev.rec.uri.String())
		if !ev.gone {
			s.index.insert(ev)
		}
	}
}

func (x *index) insert(ev event) {
	e := &entry{record: ev.rec, quiet: ev.quiet, indexedAt: ev.at, sortAt: ev.at}
	stamp, _ := ev.rec.value["createdAt"].(string)
	if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil && at.Before(e.sortAt) {
		e.sortAt = at.UTC().Truncate(time.Millisecond)
	}
	x.entries[e.id()] = e
	x.order = append(x.order, e)
	switch e.uri.collection {
	case postType:
		x.insertPost(e)
	case likeType, repostType, followType, blockType:
		x.insertAbout(e)
	}
}

func (x *index) insertPost(e *entry) {
	e.parent, e.root = replyOf(e.value)
	if e.parent != "" {
		x.below[e.parent] = append(x.below[e.parent], e)
	}
	if e.quote = quoteOf(e.value["embed"]); e.quote != "" {
		x.quotes[e.quote] = append(x.quotes[e.quote], e)
	}
	if !e.quiet {
		x.notifyPost(e)
	}
}

func replyOf(value map[string]any) (parent, root string) {
	reply, _ := value["reply"].(map[string]any)
	return refURI(reply["parent"]), refURI(reply["root"])
}

func refURI(v any) string {
	ref, _ := v.(map[string]any)
	id, _ := ref["uri"].(string)
	return id
}

// quoteOf is the address of what a post carries, alone or beside pictures.
func quoteOf(v any) string {
	embed, _ := v.(map[string]any)
	switch embed["$type"] {
	case "app.bsky.embed.record":
		return refURI(embed["record"])
	case "app.bsky.embed.recordWithMedia":
		inner, _ := embed["record"].(map[string]any)
		return refURI(inner["record"])
	}
	return ""
}

func aboutKey(kind, subject string) string { return kind + " " + subject }

func (x *index) insertAbout(e *entry) {
	subject := subjectOf(e.value)
	key := aboutKey(e.uri.collection, subject)
	if x.about[key] == nil {
		x.about[key] = map[string]*entry{}
	}
	if x.about[key][e.uri.authority] != nil {
		return // the first one counts
	}
	x.about[key][e.uri.authority] = e
	reasons := map[string]string{likeType: "like", repostType: "repost", followType: "follow"}
	owner, about := subject, ""
	if u, ok := parseURI(subject); ok {
		owner, about = u.authority, subject
	}
	if reason := reasons[e.uri.collection]; reason != "" && owner != e.uri.authority && !e.quiet {
		x.notify(owner, note{reason, about, e.id(), e.sortAt})
	}
}

func (x *index) notify(did string, n note) { x.notes[did] = append(x.notes[did], n) }

// mostAbove is how far above a reply its authors are told of it.
const mostAbove = 5

// notifyPost tells everybody once: first as mentioned, then as quoted, then as
// answered.
func (x *index) notifyPost(e *entry) {
	told := map[string]bool{e.uri.authority: true}
	tell := func(did, reason, subject string) {
		if !told[did] {
			told[did] = true
			x.notify(did, note{reason, subject, e.id(), e.sortAt})
		}
	}
	for _, did := range mentionsIn(e.value) {
		tell(did, "mention", "")
	}
	if u, ok := parseURI(e.quote); ok && u.collection == postType {
		tell(u.authority, "quote", e.quote)
	}
	above := x.entries[e.parent]
	for range mostAbove - 1 {
		if above == nil {
			return
		}
		tell(above.uri.authority, "reply", above.id())
		above = x.entries[above.parent]
	}
}

func mentionsIn(value map[string]any) []string {
	var out []string
	facets, _ := value["facets"].([]any)
	for _, f := range facets {
		facet, _ := f.(map[string]any)
		features, _ := facet["features"].([]any)
		for _, v := range features {
			feature, _ := v.(map[string]any)
			if did, ok := feature["did"].(string); ok && feature["$type"] == "app.bsky.richtext.facet#mention" {
				out = append(out, did)
			}
		}
	}
	return out
}

func (x *index) remove(id string) {
	e := x.entries[id]
	if e == nil {
		return
	}
	delete(x.entries, id)
	same := func(o *entry) bool { return o == e }
	x.order = slices.DeleteFunc(x.order, same)
	x.below[e.parent] = slices.DeleteFunc(x.below[e.parent], same)
	x.quotes[e.quote] = slices.DeleteFunc(x.quotes[e.quote], same)
	if by := x.about[aboutKey(e.uri.collection, subjectOf(e.value))]; by[e.uri.authority] == e {
		delete(by, e.uri.authority)
	}
	for did, notes := range x.notes {
		x.notes[did] = slices.DeleteFunc(notes, func(n note) bool { return n.id == id })
	}
}

// post returns a post that the index knows.
func (x *index) post(id string) *entry {
	if e := x.entries[id]; e != nil && e.uri.collection == postType {
		return e
	}
	return nil
}

func (x *index) count(kind, subject string) int { return len(x.about[aboutKey(kind, subject)]) }

// blocked reports whether one of two accounts blocks the other.
func (x *index) blocked(a, b string) bool {
	return a != b && (x.about[aboutKey(blockType, a)][b] != nil || x.about[aboutKey(blockType, b)][a] != nil)
}

// repliesTo returns the posts below one, the latest first.
func (x *index) repliesTo(id string) []*entry {
	out := slices.Clone(x.below[id])
	slices.SortStableFunc(out, latestFirst)
	return out
}

func latestFirst(a, b *entry) int {
	return cmp.Or(b.sortAt.Compare(a.sortAt), strings.Compare(b.cid, a.cid))
}

// rootOf is the address of the thread's first post, by what the post says.
func (e *entry) rootOf() string { return cmp.Or(e.root, e.id()) }

// notesFor returns an account's notifications, the latest first, without
// those whose subject is gone.
func (x *index) notesFor(did string) []note {
	var out []note
	for _, n := range x.notes[did] {
		if n.subject == "" || x.entries[n.subject] != nil {
			out = append(out, n)
		}
	}
	slices.SortStableFunc(out, func(a, b note) int { return b.sortAt.Compare(a.sortAt) })
	return out
}

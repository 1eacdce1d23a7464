package emulator

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// record is one record of a repository.
type record struct {
	uri   uri
	cid   string
	value map[string]any
	at    time.Time
}

// The kinds of records that the network knows what to do with.
const (
	postType   = "app.bsky.feed.post"
	likeType   = "app.bsky.feed.like"
	repostType = "app.bsky.feed.repost"
	followType = "app.bsky.graph.follow"
	blockType  = "app.bsky.graph.block"
)

// change is a write that was found right. value is nil for a deletion.
type change struct {
	uri    uri
	cid    string
	value  map[string]any
	status string // of its validation
	blobs  []blobRef
	quiet  bool // notifies nobody
}

func badRequest(format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, name: "InvalidRequest", text: fmt.Sprintf(format, args...)}
}

// knownRecords are those whose lexicon a server checks.
var knownRecords = func() []string {
	var out []string
	for id, s := range contract {
		if s.Type == "record" {
			out = append(out, typeOf(id))
		}
	}
	return out
}()

// prepare checks a record for a place, and names its content.
func (s *Server) prepare(a *account, collection, key string, value map[string]any, validate any) (*change, *problem) {
	value = maps.Clone(value)
	switch kind, there := value["$type"]; {
	case !there:
		value["$type"] = collection
	case kind != collection:
		return nil, badRequest("Invalid $type: expected %s, got %v", collection, kind)
	}
	if key == "" {
		key = s.nextTID()
	}
	ch := &change{uri: uri{a.did, collection, key}, value: value}
	var no *problem
	if ch.status, no = validated(collection, key, value, validate); no != nil {
		return nil, no
	}
	cid, err := recordCID(value)
	if err != nil {
		return nil, badRequest("Invalid record: %v", err)
	}
	ch.cid, ch.blobs = cid, blobsIn(value)
	return ch, nil
}

func validated(collection, key string, value map[string]any, validate any) (status string, no *problem) {
	switch known := slices.Contains(knownRecords, collection); {
	case validate == false:
		return "", nil
	case !known && validate == true:
		return "", badRequest("Unknown lexicon type: %s", collection)
	case !known:
		return "unknown", nil
	}
	def := contract[collection+"#main"]
	if !keyFits(def.Key, key) {
		return "", badRequest("Invalid record key for %s: Invalid %s (got %q) at $", collection, cmp.Or(formatNames[def.Key], def.Key), key)
	}
	if no := contract.check(def, value, "$.record"); no != nil {
		return "", badRequest("Invalid %s record: %s", collection, no)
	}
	return "valid", nil
}

// keyFits holds a key to what its lexicon says of keys.
func keyFits(rule, key string) bool {
	if literal, ok := strings.CutPrefix(rule, "literal:"); ok {
		return key == literal
	}
	return rule != "tid" || tidRule.MatchString(key)
}

// blobsIn lists what a record names, however deep.
func blobsIn(v any) []blobRef {
	var out []blobRef
	switch v := v.(type) {
	case map[string]any:
		if b, ok := blobOf(v); ok {
			return []blobRef{b}
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, blobsIn(v[k])...)
		}
	case []any:
		for _, item := range v {
			out = append(out, blobsIn(item)...)
		}
	}
	return out
}

func (a *account) record(u uri) *record { return a.records[u.collection+"/"+u.key] }

// swap is a test against what is there: absent, or a CID, or "" for nothing.
type swap struct {
	asked bool
	cid   string
}

func swapOf(in map[string]any, key string) swap {
	v, there := in[key]
	cid, _ := v.(string)
	return swap{there, cid}
}

func orNull(cid string) string {
	if cid == "" {
		return "null"
	}
	return cid
}

func (w swap) fits(what, now string) *problem {
	if w.asked && w.cid != now {
		return &problem{status: http.StatusBadRequest, name: "InvalidSwap", text: what + " was at " + orNull(now)}
	}
	return nil
}

// ownRepo is the account that a write names; it must be the one signed in.
func (s *Server) ownRepo(c *call) (*account, *problem) {
	a := s.find(c.text("repo"))
	switch {
	case a == nil:
		return nil, &problem{status: http.StatusForbidden, name: "AccountNotFound", text: "Account not found"}
	case a.State == "takendown":
		return nil, takenDown
	case a.State == "deactivated":
		return nil, deactivated
	case a != c.account:
		return nil, required
	}
	return a, nil
}

// commit carries changes out, all or none of them.
func (s *Server) commit(a *account, changes []*change) (map[string]any, *problem) {
	for _, ch := range changes {
		if no := s.blobsThere(a, ch.blobs); no != nil {
			return nil, no
		}
	}
	now := s.now()
	for _, ch := range changes {
		s.write(a, ch, now)
	}
	a.rev = s.nextTID()
	a.head, _ = recordCID(map[string]any{"did": a.did, "rev": a.rev, "prev": a.head}) // strings only: cannot fail
	return map[string]any{"cid": a.head, "rev": a.rev}, nil
}

func (s *Server) write(a *account, ch *change, now time.Time) {
	key := ch.uri.collection + "/" + ch.uri.key
	old := a.records[key]
	if ch.value == nil {
		delete(a.records, key)
		a.dropBlobs(blobsIn(old.value))
		s.queue(event{gone: true, rec: &record{uri: ch.uri}})
		return
	}
	rec := &record{uri: ch.uri, cid: ch.cid, value: ch.value, at: now}
	a.records[key] = rec
	a.nameBlobs(ch.blobs)
	if old != nil {
		rec.at = old.at
		a.dropBlobs(blobsIn(old.value))
	}
	s.queue(event{rec: rec, quiet: ch.quiet})
}

func (s *Server) createRecord(c *call) (any, *problem) {
	a, no := s.ownRepo(c)
	if no != nil {
		return nil, no
	}
	ch, no := s.prepare(a, c.text("collection"), c.text("rkey"), c.object("record"), c.input["validate"])
	if no != nil {
		return nil, no
	}
	if no := swapOf(c.input, "swapCommit").fits("Commit", a.head); no != nil {
		return nil, no
	}
	return s.create(c, a, ch)
}

// crash is what a real server answers where the key is taken.
var crash = &problem{status: http.StatusInternalServerError, name: "InternalServerError", text: "Internal Server Error"}

func (s *Server) create(c *call, a *account, ch *change) (any, *problem) {
	if a.record(ch.uri) != nil {
		return nil, crash
	}
	commit, no := s.commit(a, append(s.replaced(a, ch), ch))
	if no != nil {
		return nil, no
	}
	c.published(ch)
	return written(ch, commit), nil
}

var onePerSubject = []string{likeType, repostType, followType, blockType}

// replaced finds an earlier like, repost, follow or block of the same thing:
// the later one takes its place.
func (s *Server) replaced(a *account, ch *change) []*change {
	var out []*change
	if !slices.Contains(onePerSubject, ch.uri.collection) {
		return nil
	}
	for _, rec := range a.records {
		if rec.uri.collection == ch.uri.collection && subjectOf(rec.value) == subjectOf(ch.value) {
			out = append(out, &change{uri: rec.uri})
		}
	}
	return out
}

// subjectOf is what a like, repost, follow or block is about.
func subjectOf(value map[string]any) string {
	switch v := value["subject"].(type) {
	case string:
		return v
	case map[string]any:
		s, _ := v["uri"].(string)
		return s
	}
	return ""
}

func written(ch *change, commit map[string]any) map[string]any {
	out := map[string]any{"uri": ch.uri.String(), "cid": ch.cid}
	if ch.status != "" {
		out["validationStatus"] = ch.status
	}
	if commit != nil {
		out["commit"] = commit
	}
	return out
}

func (s *Server) putRecord(c *call) (any, *problem) {
	a, no := s.ownRepo(c)
	if no != nil {
		return nil, no
	}
	ch, no := s.prepare(a, c.text("collection"), c.text("rkey"), c.object("record"), c.input["validate"])
	if no != nil {
		return nil, no
	}
	now := ""
	old := a.record(ch.uri)
	if old != nil {
		now = old.cid
	}
	// Before any swap: content that is there already is no write.
	if now == ch.cid {
		c.note("same", "")
		return written(ch, nil), nil
	}
	if no := firstProblem(swapOf(c.input, "swapRecord").fits("Record", now), swapOf(c.input, "swapCommit").fits("Commit", a.head)); no != nil {
		return nil, no
	}
	commit, no := s.commit(a, []*change{ch})
	if no != nil {
		return nil, no
	}
	if old == nil {
		c.published(ch)
	} else {
		c.note("changed", ch.uri.String())
	}
	return written(ch, commit), nil
}

func firstProblem(all ...*problem) *problem {
	for _, no := range all {
		if no != nil {
			return no
		}
	}
	return nil
}

func (s *Server) deleteRecord(c *call) (any, *problem) {
	a, no := s.ownRepo(c)
	if no != nil {
		return nil, no
	}
	u := uri{a.did, c.text("collection"), c.text("rkey")}
	old := a.record(u)
	if old == nil {
		return map[string]any{}, nil
	}
	if no := firstProblem(swapOf(c.input, "swapRecord").fits("Record", old.cid), swapOf(c.input, "swapCommit").fits("Commit", a.head)); no != nil {
		return nil, no
	}
	commit, no := s.commit(a, []*change{{uri: u}})
	if no != nil {
		return nil, no
	}
	return map[string]any{"commit": commit}, nil
}

// mostWrites is how many changes one applyWrites may have.
const mostWrites = 200

func (s *Server) applyWrites(c *call) (any, *problem) {
	a, no := s.ownRepo(c)
	if no != nil {
		return nil, no
	}
	writes := c.input["writes"].([]any)
	if len(writes) > mostWrites {
		return nil, badRequest("Too many writes. Max: %d", mostWrites)
	}
	changes, results, no := s.prepareAll(c, a, writes)
	if no != nil {
		return nil, no
	}
	if no := firstProblem(swapOf(c.input, "swapCommit").fits("Commit", a.head), possible(a, changes, results)); no != nil {
		return nil, no
	}
	commit, no := s.commit(a, changes)
	if no != nil {
		return nil, no
	}
	c.published(changes...)
	return map[string]any{"commit": commit, "results": results}, nil
}

const applyType = "com.atproto.repo.applyWrites#"

func (s *Server) prepareAll(c *call, a *account, writes []any) (changes []*change, results []any, no *problem) {
	for _, item := range writes {
		w := item.(map[string]any) // held to the lexicon before
		collection, _ := w["collection"].(string)
		key, _ := w["rkey"].(string)
		kind := strings.TrimPrefix(w["$type"].(string), applyType)
		result := map[string]any{"$type": applyType + kind + "Result"}
		ch := &change{uri: uri{a.did, collection, key}}
		if kind != "delete" {
			if ch, no = s.prepare(a, collection, key, w["value"].(map[string]any), c.input["validate"]); no != nil {
				return nil, nil, no
			}
			maps.Copy(result, written(ch, nil))
		}
		changes, results = append(changes, ch), append(results, result)
	}
	return changes, results, nil
}

// possible plays the changes through: a key may not be taken when it is
// created, and must be there when it is changed or deleted. A real server
// falls over where it is not.
func possible(a *account, changes []*change, results []any) *problem {
	there := map[uri]bool{}
	for i, ch := range changes {
		now, played := there[ch.uri]
		if !played {
			now = a.record(ch.uri) != nil
		}
		create := results[i].(map[string]any)["$type"] == applyType+"createResult"
		if now == create {
			return crash
		}
		there[ch.uri] = ch.value != nil
	}
	return nil
}

func (s *Server) getRecord(c *call) (any, *problem) {
	a := s.find(c.text("repo"))
	if a == nil {
		return nil, badRequest("Could not find repo: %s", c.text("repo"))
	}
	u := uri{a.did, c.text("collection"), c.text("rkey")}
	rec := a.record(u)
	if want := c.text("cid"); rec == nil || want != "" && want != rec.cid {
		return nil, &problem{status: http.StatusBadRequest, name: "RecordNotFound", text: "Could not locate record: " + u.String()}
	}
	return map[string]any{"uri": u.String(), "cid": rec.cid, "value": rec.value}, nil
}

// listRecords gives the latest key first, unless it is asked the other way
// round.
func (s *Server) listRecords(c *call) (any, *problem) {
	a := s.find(c.text("repo"))
	if a == nil {
		return nil, badRequest("Could not find repo: %s", c.text("repo"))
	}
	limit, reverse, cursor := c.number("limit"), c.input["reverse"] == true, c.text("cursor")
	out, last := []any{}, ""
	for _, key := range a.keys(c.text("collection"), reverse) {
		if cursor != "" && (reverse && key <= cursor || !reverse && key >= cursor) || len(out) == limit {
			continue
		}
		rec := a.record(uri{a.did, c.text("collection"), key})
		out, last = append(out, map[string]any{"uri": rec.uri.String(), "cid": rec.cid, "value": rec.value}), key
	}
	answer := map[string]any{"records": out}
	if last != "" {
		answer["cursor"] = last
	}
	return answer, nil
}

func (a *account) keys(collection string, ascending bool) []string {
	var out []string
	for _, rec := range a.records {
		if rec.uri.collection == collection {
			out = append(out, rec.uri.key)
		}
	}
	slices.Sort(out)
	if !ascending {
		slices.Reverse(out)
	}
	return out
}

func (s *Server) describeRepo(c *call) (any, *problem) {
	a := s.find(c.text("repo"))
	if a == nil {
		return nil, badRequest("Could not find user: %s", c.text("repo"))
	}
	seen := map[string]bool{}
	for _, rec := range a.records {
		seen[rec.uri.collection] = true
	}
	collections := []any{}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		collections = append(collections, name)
	}
	return map[string]any{"handle": a.handle(), "did": a.did, "didDoc": s.didDocument(a, c.base), "collections": collections, "handleIsCorrect": true}, nil
}

package real_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network/bluesky/emulator"
)

// host is a Bluesky network, real or emulated, with two accounts.
type host struct {
	t     *testing.T
	base  string
	brand member
	fan   member
}

type member struct{ Handle, DID, AppPassword string }

type object = map[string]any

// answer is what came back.
type answer struct {
	status int
	body   object
}

func (a answer) text(key string) string { s, _ := a.body[key].(string); return s }

func (h *host) send(method, path, token, kind string, body []byte) answer {
	h.t.Helper()
	req, err := http.NewRequest(method, h.base+path, bytes.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	out := answer{status: resp.StatusCode}
	_ = json.Unmarshal(raw, &out.body) // an empty answer holds nothing
	return out
}

func (h *host) get(token, nsid string, params url.Values) answer {
	h.t.Helper()
	return h.send("GET", "/xrpc/"+nsid+"?"+params.Encode(), token, "", nil)
}

func (h *host) post(token, nsid string, in any) answer {
	h.t.Helper()
	if in == nil {
		return h.send("POST", "/xrpc/"+nsid, token, "", nil)
	}
	body, err := json.Marshal(in)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.send("POST", "/xrpc/"+nsid, token, "application/json", body)
}

func (h *host) signIn(m member) answer {
	h.t.Helper()
	a := h.post("", "com.atproto.server.createSession", object{"identifier": m.Handle, "password": m.AppPassword})
	if a.status != http.StatusOK {
		h.t.Fatalf("sign in as %s: %d %v", m.Handle, a.status, a.body)
	}
	return a
}

// until asks again until the answer is right; the index of a network is late.
func (h *host) until(ask func() answer, right func(answer) bool) answer {
	h.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		a := ask()
		if right(a) {
			return a
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("still not so after 30 seconds: %d %v", a.status, a.body)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// shape is what an answer looks like: its status, its error, and the names of
// everything in it.
func shape(a answer) []string {
	out := map[string]bool{fmt.Sprint("status ", a.status): true}
	if a.status != http.StatusOK {
		out["error "+a.text("error")] = true
		return slices.Sorted(maps.Keys(out))
	}
	var walk func(v any, at string)
	walk = func(v any, at string) {
		switch v := v.(type) {
		case object:
			for k, inner := range v {
				out[at+"."+k] = true
				walk(inner, at+"."+k)
			}
		case []any:
			for _, inner := range v {
				walk(inner, at+"[]")
			}
		case string:
			if strings.HasSuffix(at, ".$type") || strings.HasSuffix(at, ".reason") {
				out[at+" = "+v] = true
			}
		}
	}
	walk(a.body, "")
	if o := order(a); o != "" {
		out["in this order: "+o] = true
	}
	return slices.Sorted(maps.Keys(out))
}

// order is what stands in lists, in their order.
func order(a answer) string {
	var out []string
	if notes, ok := a.body["notifications"].([]any); ok {
		for _, v := range notes {
			out = append(out, v.(object)["reason"].(string))
		}
	}
	for _, list := range []string{"feed", "posts"} {
		items, _ := a.body[list].([]any)
		for _, v := range items {
			out = append(out, wordsOf(v.(object)))
		}
	}
	if top, ok := a.body["thread"].(object); ok {
		out = append(out, branch(top))
	}
	return strings.Join(out, ", ")
}

// wordsOf is the text of a post, or of what holds one.
func wordsOf(v object) string {
	if inner, ok := v["post"].(object); ok {
		v = inner
	}
	rec, ok := v["record"].(object)
	if !ok {
		return fmt.Sprint(v["$type"])
	}
	return fmt.Sprint(rec["text"])
}

// branch is a post of a thread with what is above and below it.
func branch(v object) string {
	out := wordsOf(v)
	if up, ok := v["parent"].(object); ok {
		out = branch(up) + " < " + out
	}
	replies, there := v["replies"].([]any)
	if !there {
		return out
	}
	var below []string
	for _, r := range replies {
		below = append(below, branch(r.(object)))
	}
	return out + " (" + strings.Join(below, "; ") + ")"
}

// mayDiffer are parts of answers that say something of the server that the
// emulator has no need to repeat.
var mayDiffer = regexp.MustCompile(`\.(didDoc|links|contact|debug|verification|associated|blobUploadLimit|phoneVerificationRequired|emailAuthFactor|avatar|priority|displayName|description)\b|\.author\.createdAt|\.by\.createdAt|threadContext`)

func without(shape []string) []string {
	return slices.DeleteFunc(shape, mayDiffer.MatchString)
}

func square(size int) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, size, size))) // a Buffer takes every write
	return b.Bytes()
}

const (
	postType = "app.bsky.feed.post"
	putCall  = "com.atproto.repo.putRecord"
)

// said are the answers by what was asked.
type said struct {
	names []string
	by    map[string]answer
}

func (s *said) add(name string, a answer) answer {
	s.names = append(s.names, name)
	s.by[name] = a
	return a
}

func record(text string) object {
	return object{"$type": postType, "text": text, "createdAt": time.Now().UTC().Format("2006-01-02T15:04:05.000Z")}
}

func with(m, more object) object {
	out := maps.Clone(m)
	maps.Copy(out, more)
	return out
}

// key is a record key of this run.
func key(n int) string { return fmt.Sprintf("3mfzzzzzzzz%c2", 'a'+n) }

// interview asks a network everything the connector may ask, and much that it
// should not.
func (h *host) interview() *said {
	s := &said{by: map[string]answer{}}
	h.askSessions(s)
	brand, fan := h.signIn(h.brand).text("accessJwt"), h.signIn(h.fan).text("accessJwt")
	h.askWrites(s, brand)
	h.askBatches(s, brand)
	h.askReads(s, brand)
	h.askAudience(s, brand, fan)
	return s
}

func (h *host) askSessions(s *said) {
	const create, refresh, current = "com.atproto.server.createSession", "com.atproto.server.refreshSession", "com.atproto.server.getSession"
	s.add("wrong password", h.post("", create, object{"identifier": h.brand.Handle, "password": "wrong"}))
	s.add("unknown account", h.post("", create, object{"identifier": "nobody.test", "password": "wrong"}))
	s.add("no password", h.post("", create, object{"identifier": h.brand.Handle}))
	s.add("sign in by DID", h.post("", create, object{"identifier": h.brand.DID, "password": h.brand.AppPassword}))
	first := s.add("sign in", h.signIn(h.brand))
	s.add("session", h.get(first.text("accessJwt"), current, nil))
	s.add("session without a token", h.get("", current, nil))
	s.add("session with nonsense", h.get("nonsense", current, nil))
	s.add("session with the refresh token", h.get(first.text("refreshJwt"), current, nil))
	s.add("refresh with the access token", h.post(first.text("accessJwt"), refresh, nil))
	s.add("refresh with a body", h.post(first.text("refreshJwt"), refresh, object{}))
	second := s.add("refresh", h.post(first.text("refreshJwt"), refresh, nil))
	s.add("refresh again", h.post(first.text("refreshJwt"), refresh, nil))
	s.add("sign out", h.post(second.text("refreshJwt"), "com.atproto.server.deleteSession", nil))
	s.add("refresh after signing out", h.post(second.text("refreshJwt"), refresh, nil))
	s.add("server", h.get("", "com.atproto.server.describeServer", nil))
	s.add("handle", h.get("", "com.atproto.identity.resolveHandle", url.Values{"handle": {h.fan.Handle}}))
	s.add("unknown handle", h.get("", "com.atproto.identity.resolveHandle", url.Values{"handle": {"nobody.test"}}))
	s.add("no handle", h.get("", "com.atproto.identity.resolveHandle", url.Values{"handle": {"no handle"}}))
}

func (h *host) askWrites(s *said, token string) {
	place := func(n int) object { return object{"repo": h.brand.DID, "collection": postType, "rkey": key(n)} }
	put := func(name string, n int, rec object, more object) answer {
		return s.add(name, h.post(token, putCall, with(with(place(n), object{"record": rec}), more)))
	}
	hello := record("Hello.")
	first := put("put", 0, hello, object{"swapRecord": nil})
	put("put the same", 0, hello, object{"swapRecord": nil})
	put("put something else", 0, record("Else."), object{"swapRecord": nil})
	put("put over another content", 0, record("Else."), object{"swapRecord": "bafyreihblaul54amtrw4rojiboxvzmrnty2ozujuy6v4xftyuyi7wzu6ya"})
	s.add("create over a key", h.post(token, "com.atproto.repo.createRecord", with(place(0), object{"record": record("Else.")})))
	put("change", 0, record("Else."), object{"swapRecord": first.text("cid")})
	s.add("create without a key", h.post(token, "com.atproto.repo.createRecord", object{"repo": h.brand.Handle, "collection": postType, "record": record("Keyless.")}))
	put("301 characters", 1, record(strings.Repeat("a", 301)), nil)
	put("more than 3000 bytes", 1, record(strings.Repeat("👨‍👩‍👧", 200)), nil)
	put("no text", 1, object{"$type": postType, "createdAt": "2026-03-02T09:00:00Z"}, nil)
	put("a bad date", 1, with(record("x"), object{"createdAt": "yesterday"}), nil)
	put("four languages", 1, with(record("x"), object{"langs": []any{"en", "de", "fr", "it"}}), nil)
	put("another type", 1, with(record("x"), object{"$type": "app.bsky.feed.like"}), nil)
	put("no type", 2, object{"text": "x", "createdAt": "2026-03-02T09:00:00Z"}, nil)
	put("unchecked", 3, record(strings.Repeat("a", 301)), object{"validate": false})
	put("a fraction", 1, with(record("x"), object{"half": 0.5}), nil)
	s.add("a key that is no TID", h.post(token, putCall, with(with(place(1), object{"rkey": "mine"}), object{"record": record("x")})))
	s.add("a key that is none", h.post(token, putCall, with(with(place(1), object{"rkey": "a/b"}), object{"record": record("x")})))
	s.add("another's repository", h.post(token, putCall, object{"repo": h.fan.DID, "collection": postType, "rkey": key(1), "record": record("x")}))
	s.add("nobody's repository", h.post(token, putCall, object{"repo": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "collection": postType, "rkey": key(1), "record": record("x")}))
	s.add("an unknown collection", h.post(token, putCall, object{"repo": h.brand.DID, "collection": "com.example.thing", "rkey": key(1), "record": object{"x": 1}}))
	s.add("no JSON", h.send("POST", "/xrpc/"+putCall, token, "application/json", []byte("{")))
	s.add("no body", h.send("POST", "/xrpc/"+putCall, token, "application/json", nil))
	s.add("an empty object", h.send("POST", "/xrpc/"+putCall, token, "application/json", []byte("{}")))
	s.add("text for JSON", h.send("POST", "/xrpc/"+putCall, token, "text/plain", []byte("{}")))
	s.add("too much", h.send("POST", "/xrpc/"+putCall, token, "application/json", []byte(`{"x":"`+strings.Repeat("x", 160<<10)+`"}`)))
	s.add("without a token", h.post("", putCall, with(place(1), object{"record": record("x")})))
	h.askBlobs(s, token, func(name string, n int, embed object) { put(name, n, with(record(""), object{"embed": embed}), nil) })
	remove := func(name string, n int, more object) {
		s.add(name, h.post(token, "com.atproto.repo.deleteRecord", with(place(n), more)))
	}
	remove("delete what is another", 2, object{"swapRecord": first.text("cid")})
	remove("delete", 2, nil)
	remove("delete again", 2, nil)
}

func (h *host) askBlobs(s *said, token string, put func(string, int, object)) {
	upload := func(name, kind string, content []byte) object {
		a := s.add(name, h.send("POST", "/xrpc/com.atproto.repo.uploadBlob", token, kind, content))
		blob, _ := a.body["blob"].(object)
		return blob
	}
	picture := upload("upload", "image/png", square(8))
	upload("upload with another type", "application/octet-stream", square(9))
	words := upload("upload words", "text/plain", []byte("hello"))
	upload("upload without a type", "", square(8))
	images := func(list ...any) object { return object{"$type": "app.bsky.embed.images", "images": list} }
	img := func(blob object) object { return object{"image": blob, "alt": "A square."} }
	put("a picture", 4, images(img(picture)))
	put("a picture without words for it", 1, images(object{"image": picture}))
	put("words for a picture", 1, images(img(words)))
	put("five pictures", 1, images(img(picture), img(picture), img(picture), img(picture), img(picture)))
	put("another size", 1, images(img(with(picture, object{"size": 7}))))
	put("never uploaded", 1, images(img(with(picture, object{"ref": object{"$link": "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"}, "mimeType": "image/png", "size": 5}))))
	put("a card", 5, object{"$type": "app.bsky.embed.external", "external": object{"uri": "https://north.test/", "title": "North", "description": "", "thumb": picture}})
	put("a card without words", 1, object{"$type": "app.bsky.embed.external", "external": object{"uri": "https://north.test/", "title": "North"}})
}

func (h *host) askBatches(s *said, token string) {
	apply := func(name string, writes ...any) {
		s.add(name, h.post(token, "com.atproto.repo.applyWrites", object{"repo": h.brand.DID, "writes": writes}))
	}
	do := func(what string, n int) object {
		w := object{"$type": "com.atproto.repo.applyWrites#" + what, "collection": postType, "rkey": key(n)}
		if what != "delete" {
			w["value"] = record("Batch.")
		}
		return w
	}
	apply("batch", do("create", 6), do("create", 7))
	apply("batch over a key", do("create", 8), do("create", 6))
	apply("batch that changes nothing there", do("update", 8))
	apply("batch that deletes nothing there", do("delete", 8))
	apply("batch that deletes", do("delete", 6))
	apply("batch of a kind unknown", do("invent", 6))
	apply("batch of nothing")
	many := []any{}
	for range 201 {
		many = append(many, do("create", 8))
	}
	apply("batch of 201", many...)
}

func (h *host) askReads(s *said, token string) {
	const read, list = "com.atproto.repo.getRecord", "com.atproto.repo.listRecords"
	at := func(repo string, n int) url.Values {
		return url.Values{"repo": {repo}, "collection": {postType}, "rkey": {key(n)}}
	}
	s.add("record", h.get("", read, at(h.brand.Handle, 0)))
	s.add("record of a day", h.get("", read, at(h.brand.DID, 4)))
	s.add("records", h.get("", list, url.Values{"repo": {h.brand.DID}, "collection": {postType}, "limit": {"2"}}))
	s.add("records of nobody", h.get("", list, url.Values{"repo": {"nobody.test"}, "collection": {postType}}))
	s.add("too many records", h.get("", list, url.Values{"repo": {h.brand.DID}, "collection": {postType}, "limit": {"101"}}))
	s.add("repository", h.get("", "com.atproto.repo.describeRepo", url.Values{"repo": {h.brand.Handle}}))
	s.add("a deleted record", h.get("", read, at(h.brand.DID, 2)))
	s.add("profile", h.get(token, "app.bsky.actor.getProfile", url.Values{"actor": {h.fan.Handle}}))
	s.add("profile of nobody", h.get(token, "app.bsky.actor.getProfile", url.Values{"actor": {"nobody.test"}}))
	s.add("no profile", h.get(token, "app.bsky.actor.getProfile", nil))
	s.add("profiles", h.get(token, "app.bsky.actor.getProfiles", url.Values{"actors": {h.fan.DID, "nobody.test"}}))
	s.add("profile without a token", h.get("", "app.bsky.actor.getProfile", url.Values{"actor": {h.fan.Handle}}))
	missing := "at://" + h.brand.DID + "/" + postType + "/" + key(9)
	s.add("posts that are none", h.get(token, "app.bsky.feed.getPosts", url.Values{"uris": {missing}}))
	s.add("26 posts", h.get(token, "app.bsky.feed.getPosts", url.Values{"uris": slices.Repeat([]string{missing}, 26)}))
	s.add("posts at no address", h.get(token, "app.bsky.feed.getPosts", url.Values{"uris": {"nowhere"}}))
	s.add("thread that is none", h.get(token, "app.bsky.feed.getPostThread", url.Values{"uri": {missing}}))
	s.add("thread too deep", h.get(token, "app.bsky.feed.getPostThread", url.Values{"uri": {missing}, "depth": {"1001"}}))
	s.add("feed of nobody", h.get(token, "app.bsky.feed.getAuthorFeed", url.Values{"actor": {"nobody.test"}}))
	s.add("feed at a cursor that is none", h.get(token, "app.bsky.feed.getAuthorFeed", url.Values{"actor": {h.brand.DID}, "cursor": {"x"}}))
	s.add("too many notifications", h.get(token, "app.bsky.notification.listNotifications", url.Values{"limit": {"101"}}))
	s.add("notifications at a cursor that is none", h.get(token, "app.bsky.notification.listNotifications", url.Values{"cursor": {"x"}}))
	s.add("notifications without a token", h.get("", "app.bsky.notification.listNotifications", nil))
	s.add("an unknown call", h.get(token, "app.bsky.feed.getNothing", nil))
	s.add("a query posted", h.post(token, "app.bsky.feed.getPosts", object{}))
}

// askAudience lets the fan react, waits for the index, and asks what the
// brand gets to see.
func (h *host) askAudience(s *said, brand, fan string) {
	ref := func(a answer) object { return object{"uri": a.text("uri"), "cid": a.text("cid")} }
	write := func(token string, m member, collection string, rec object) answer {
		rec["$type"] = collection
		time.Sleep(3 * time.Millisecond) // no two at one time: pages are cut by time
		return h.post(token, "com.atproto.repo.createRecord", object{"repo": m.DID, "collection": collection, "record": rec})
	}
	var embed any = h.get("", "com.atproto.repo.getRecord", url.Values{"repo": {h.brand.DID}, "collection": {postType}, "rkey": {key(4)}}).body["value"].(object)["embed"]
	top := write(brand, h.brand, postType, with(record("Top."), object{"embed": embed}))
	// A reply that is indexed before what it answers is never notified of, so
	// everything waits for its parent.
	indexed := func(a answer) {
		h.until(func() answer { return h.get(brand, "app.bsky.feed.getPosts", url.Values{"uris": {a.text("uri")}}) },
			func(a answer) bool { list, _ := a.body["posts"].([]any); return len(list) == 1 })
	}
	reply := func(token string, m member, text string, parent answer) answer {
		indexed(parent)
		return write(token, m, postType, with(record(text), object{"reply": object{"root": ref(top), "parent": ref(parent)}}))
	}
	one := reply(fan, h.fan, "One.", top)
	two := reply(brand, h.brand, "Two.", one)
	three := reply(fan, h.fan, "Three.", two)
	write(fan, h.fan, postType, with(record("@brand look"), object{"facets": []any{object{"index": object{"byteStart": 0, "byteEnd": 6},
		"features": []any{object{"$type": "app.bsky.richtext.facet#mention", "did": h.brand.DID}}}}}))
	write(fan, h.fan, postType, with(record("Quote."), object{"embed": object{"$type": "app.bsky.embed.record", "record": ref(top)}}))
	now := func() any { return record("")["createdAt"] }
	write(fan, h.fan, "app.bsky.feed.like", object{"subject": ref(top), "createdAt": now()})
	write(fan, h.fan, "app.bsky.feed.repost", object{"subject": ref(top), "createdAt": now()})
	write(fan, h.fan, "app.bsky.graph.follow", object{"subject": h.brand.DID, "createdAt": now()})
	// Where an account prefers those it follows, the others are left out
	// unless they are asked for.
	notes := func(params url.Values) func() answer {
		params = maps.Clone(params)
		if params == nil {
			params = url.Values{}
		}
		params.Set("priority", "false")
		return func() answer { return h.get(brand, "app.bsky.notification.listNotifications", params) }
	}
	count := func(n int) func(answer) bool {
		return func(a answer) bool { list, _ := a.body["notifications"].([]any); return len(list) == n }
	}
	s.add("notifications", h.until(notes(nil), count(7)))
	s.add("some notifications", notes(url.Values{"reasons": {"reply", "mention", "quote"}, "limit": {"3"}})())
	first := notes(url.Values{"reasons": {"like"}, "limit": {"100"}})()
	s.add("liking notifications", first)
	s.add("notifications past the end", notes(url.Values{"cursor": {"2000-01-01T00:00:00.000Z"}})())
	s.add("unread", h.get(brand, "app.bsky.notification.getUnreadCount", nil))
	s.add("seen", h.post(brand, "app.bsky.notification.updateSeen", object{"seenAt": "2026-03-02T09:00:00Z"}))
	thread := func(id string, params url.Values) answer {
		params.Set("uri", id)
		return h.get(brand, "app.bsky.feed.getPostThread", params)
	}
	s.add("thread", thread(top.text("uri"), url.Values{}))
	s.add("thread from below", thread(three.text("uri"), url.Values{}))
	s.add("flat thread", thread(top.text("uri"), url.Values{"depth": {"0"}}))
	s.add("posts", h.get(brand, "app.bsky.feed.getPosts", url.Values{"uris": {top.text("uri"), one.text("uri")}}))
	s.add("feed", h.get(brand, "app.bsky.feed.getAuthorFeed", url.Values{"actor": {h.brand.Handle}, "limit": {"3"}}))
	s.add("fan's feed", h.get(brand, "app.bsky.feed.getAuthorFeed", url.Values{"actor": {h.fan.DID}}))
	h.post(fan, "com.atproto.repo.deleteRecord", object{"repo": h.fan.DID, "collection": postType, "rkey": one.text("uri")[strings.LastIndex(one.text("uri"), "/")+1:]})
	gone := h.until(func() answer { return thread(one.text("uri"), url.Values{}) }, func(a answer) bool { return a.status != http.StatusOK })
	s.add("a deleted thread", gone)
	s.add("below what is deleted", thread(two.text("uri"), url.Values{}))
	s.add("notifications after a deletion", h.until(notes(nil), count(6)))
}

// TestEmulatorAnswersAsTheRealNetwork puts the same questions to both.
func TestEmulatorAnswersAsTheRealNetwork(t *testing.T) {
	actual := blueskyOf(t)
	server, err := emulator.New(emulator.Options{Accounts: []emulator.Account{{Name: "brand"}, {Name: "fan"}}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	defer web.Close()
	played := &host{t: t, base: web.URL,
		brand: member{"brand.test", emulator.DID("brand"), "bluesky-brand"}, fan: member{"fan.test", emulator.DID("fan"), "bluesky-fan"}}
	want, got := actual.interview(), played.interview()
	for _, name := range want.names {
		w, g := want.by[name], got.by[name]
		if diff := cmp.Diff(without(shape(w)), without(shape(g))); diff != "" {
			t.Errorf("%s (-real +emulated):\n%s\nreal %d %s\nemulated %d %s", name, diff, w.status, w.text("message"), g.status, g.text("message"))
		} else if w.text("message") != g.text("message") {
			t.Logf("%s: real says %q, emulated %q", name, w.text("message"), g.text("message"))
		}
	}
}

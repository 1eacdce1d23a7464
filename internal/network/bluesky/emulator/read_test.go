package emulator_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network/bluesky/emulator"
	"rapport/internal/network/networktest/wire"
)

// notes reads an account's notifications to their end, "reason by from".
func (n *network) notes(token string, params url.Values) []string {
	n.t.Helper()
	out := []string{}
	for range 50 {
		a := n.query(token, "app.bsky.notification.listNotifications", params)
		for _, v := range a.body["notifications"].([]any) {
			note := v.(object)
			out = append(out, note["reason"].(string)+" by "+note["author"].(object)["handle"].(string))
		}
		if a.text("cursor") == "" {
			return out
		}
		params.Set("cursor", a.text("cursor"))
	}
	n.t.Fatal("the notifications never end")
	return nil
}

func TestNotifications(t *testing.T) {
	n := start(t, emulator.Options{})
	token, _ := n.signIn("north")
	id := n.do(emulator.Deed{By: "north", Do: "post", Text: "Hello."})
	reply := n.do(emulator.Deed{By: "mira", Do: "reply", To: id, Text: "Good morning."})
	n.do(emulator.Deed{By: "jan", Do: "reply", To: reply, Text: "To both of you."})
	n.do(emulator.Deed{By: "jan", Do: "mention", To: "north", Text: "look"})
	n.do(emulator.Deed{By: "jan", Do: "quote", To: id, Text: "This."})
	n.do(emulator.Deed{By: "jan", Do: "like", To: id})
	n.do(emulator.Deed{By: "jan", Do: "like", To: id})
	n.do(emulator.Deed{By: "jan", Do: "repost", To: id})
	n.do(emulator.Deed{By: "jan", Do: "follow", To: "north"})
	n.do(emulator.Deed{By: "jan", Do: "reply", To: id, Text: "Nobody is told of this.", Quiet: true})
	n.do(emulator.Deed{By: "north", Do: "reply", To: reply, Text: "Own words are no news."})
	want := []string{"follow by jan.test", "repost by jan.test", "like by jan.test", "quote by jan.test", "mention by jan.test", "reply by jan.test", "reply by mira.test"}
	if diff := cmp.Diff(want, n.notes(token, url.Values{})); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, n.notes(token, url.Values{"limit": {"2"}})); diff != "" {
		t.Errorf("by twos (-want +got):\n%s", diff)
	}
	some := url.Values{"limit": {"3"}, "reasons": {"reply", "mention", "quote"}}
	if diff := cmp.Diff(want[3:], n.notes(token, some)); diff != "" {
		t.Errorf("what was said (-want +got):\n%s", diff)
	}
	n.do(emulator.Deed{By: "mira", Do: "delete", To: reply})
	if got := n.notes(token, url.Values{"reasons": {"reply"}}); len(got) != 1 {
		t.Errorf("after a deletion there are %v", got)
	}
}

func TestPriorityNotifications(t *testing.T) {
	n := start(t, emulator.Options{Accounts: []emulator.Account{{Name: "north", Priority: true}}})
	token, _ := n.signIn("north")
	n.do(emulator.Deed{By: "mira", Do: "mention", To: "north"})
	n.do(emulator.Deed{By: "jan", Do: "mention", To: "north"})
	n.do(emulator.Deed{By: "north", Do: "follow", To: "jan"})
	if got := n.notes(token, url.Values{}); len(got) != 1 || got[0] != "mention by jan.test" {
		t.Errorf("by preference there are %v", got)
	}
	if got := n.notes(token, url.Values{"priority": {"false"}}); len(got) != 2 {
		t.Errorf("asked for all there are %v", got)
	}
}

func TestSeenNotifications(t *testing.T) {
	n := start(t, emulator.Options{})
	token, _ := n.signIn("north")
	n.do(emulator.Deed{By: "mira", Do: "mention", To: "north"})
	count := func() any { return n.query(token, "app.bsky.notification.getUnreadCount", nil).body["count"] }
	if got := count(); got != 1.0 {
		t.Errorf("%v unread, want 1", got)
	}
	n.advance(time.Minute)
	if a := n.call(token, "app.bsky.notification.updateSeen", object{"seenAt": "2026-03-02T09:01:00Z"}); a.status != 200 {
		t.Fatalf("seen: %d %s", a.status, a.raw)
	}
	first := n.query(token, "app.bsky.notification.listNotifications", nil).body["notifications"].([]any)[0].(object)
	if got := count(); got != 0.0 || first["isRead"] != true {
		t.Errorf("afterwards %v are unread and the first is %v", got, first["isRead"])
	}
}

// thread writes a thread as its texts: what is above in order, itself in
// brackets, and what is below with its depth.
func thread(a answer) string {
	var up, down []string
	node, ok := a.body["thread"].(object)
	if !ok {
		return a.name()
	}
	for p, there := node["parent"].(object); there; p, there = p["parent"].(object) {
		up = append([]string{textOf(p)}, up...)
	}
	var walk func(node object, depth string)
	walk = func(node object, depth string) {
		replies, _ := node["replies"].([]any)
		for _, r := range replies {
			down = append(down, depth+textOf(r.(object)))
			walk(r.(object), depth+">")
		}
	}
	walk(node, ">")
	return strings.Join(append(append(up, "["+textOf(node)+"]"), down...), " ")
}

func textOf(node object) string {
	if post, ok := node["post"].(object); ok {
		return post["record"].(object)["text"].(string)
	}
	return strings.TrimPrefix(node["$type"].(string), "app.bsky.feed.defs#")
}

func TestThreads(t *testing.T) {
	n := start(t, emulator.Options{})
	token, _ := n.signIn("north")
	one := n.do(emulator.Deed{By: "north", Do: "post", Text: "1"})
	two := n.do(emulator.Deed{By: "mira", Do: "reply", To: one, Text: "2"})
	three := n.do(emulator.Deed{By: "north", Do: "reply", To: two, Text: "3"})
	four := n.do(emulator.Deed{By: "mira", Do: "reply", To: three, Text: "4"})
	n.do(emulator.Deed{By: "jan", Do: "reply", To: one, Text: "5"})
	get := func(id string, params url.Values) string {
		params.Set("uri", id)
		return thread(n.query(token, "app.bsky.feed.getPostThread", params))
	}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	want("from the top", get(one, url.Values{}), "[1] >5 >2 >>3 >>>4")
	want("from the end", get(four, url.Values{}), "1 2 3 [4]")
	want("with a handle", get(strings.Replace(one, emulator.DID("north"), "north.test", 1), url.Values{}), "[1] >5 >2 >>3 >>>4")
	want("one deep", get(one, url.Values{"depth": {"1"}}), "[1] >5 >2")
	want("nothing below", get(one, url.Values{"depth": {"0"}}), "[1]")
	want("one up", get(four, url.Values{"parentHeight": {"1"}}), "3 [4]")
	want("too deep", get(one, url.Values{"depth": {"1001"}}), "InternalServerError")
	n.do(emulator.Deed{By: "mira", Do: "delete", To: two})
	want("what is gone", get(two, url.Values{}), "NotFound")
	want("below what is gone", get(three, url.Values{}), "notFoundPost [3] >4")
	want("above what is gone", get(one, url.Values{}), "[1] >5")
	n.do(emulator.Deed{By: "jan", Do: "block", To: "north"})
	want("with one who blocks", get(one, url.Values{}), "[1] >blockedPost")
	if a := n.query(token, "app.bsky.feed.getAuthorFeed", url.Values{"actor": {"jan.test"}}); a.name() != "BlockedByActor" {
		t.Errorf("the feed of one who blocks: %d %s", a.status, a.raw)
	}
}

func TestPostsAndTheirCounters(t *testing.T) {
	n := start(t, emulator.Options{})
	token, _ := n.signIn("north")
	id := n.do(emulator.Deed{By: "north", Do: "post", Text: "Hello #spring from https://north.test/a", Alt: "A meadow."})
	quote := n.do(emulator.Deed{By: "mira", Do: "quote", To: id, Text: "This."})
	like := n.do(emulator.Deed{By: "mira", Do: "like", To: id})
	n.do(emulator.Deed{By: "jan", Do: "like", To: id})
	n.do(emulator.Deed{By: "jan", Do: "repost", To: id})
	n.do(emulator.Deed{By: "jan", Do: "reply", To: id, Text: "Yes."})
	counters := func() string {
		p := n.query(token, "app.bsky.feed.getPosts", url.Values{"uris": {id}}).body["posts"].([]any)[0].(object)
		return fmt.Sprint(p["likeCount"], p["repostCount"], p["replyCount"], p["quoteCount"])
	}
	if got := counters(); got != "2 1 1 1" {
		t.Errorf("likes, reposts, replies and quotes are %s", got)
	}
	n.do(emulator.Deed{By: "mira", Do: "undo", To: like})
	n.do(emulator.Deed{By: "mira", Do: "delete", To: quote})
	if got := counters(); got != "1 1 1 0" {
		t.Errorf("after an unlike and a deletion they are %s", got)
	}
	ids := url.Values{}
	for range 25 {
		ids.Add("uris", id)
	}
	ids["uris"][3] = quote
	if got := len(n.query(token, "app.bsky.feed.getPosts", ids).body["posts"].([]any)); got != 24 {
		t.Errorf("24 that are there and one that is gone give %d", got)
	}
	ids.Add("uris", id)
	if a := n.query(token, "app.bsky.feed.getPosts", ids); a.status != 400 {
		t.Errorf("26 give %d", a.status)
	}
	profile := n.query(token, "app.bsky.actor.getProfile", url.Values{"actor": {"north.test"}})
	if profile.body["postsCount"] != 1.0 || profile.body["followersCount"] != 0.0 {
		t.Errorf("the profile says %s", profile.raw)
	}
	if a := n.query(token, "app.bsky.actor.getProfiles", url.Values{"actors": {"north.test", "nobody.test", emulator.DID("mira")}}); len(a.body["profiles"].([]any)) != 2 {
		t.Errorf("three profiles, one unknown, give %s", a.raw)
	}
}

func TestAuthorFeed(t *testing.T) {
	n := start(t, emulator.Options{})
	token, _ := n.signIn("mira")
	one := n.do(emulator.Deed{By: "north", Do: "post", Text: "1"})
	n.do(emulator.Deed{By: "north", Do: "reply", To: one, Text: "2"})
	theirs := n.do(emulator.Deed{By: "mira", Do: "post", Text: "theirs"})
	n.do(emulator.Deed{By: "north", Do: "reply", To: theirs, Text: "3"})
	n.do(emulator.Deed{By: "north", Do: "post", Text: "4", Alt: "A meadow."})
	n.do(emulator.Deed{By: "north", Do: "repost", To: theirs})
	feed := func(params url.Values) string {
		var out []string
		params.Set("actor", "north.test")
		for range 10 {
			a := n.query(token, "app.bsky.feed.getAuthorFeed", params)
			for _, v := range a.body["feed"].([]any) {
				out = append(out, textOf(v.(object)))
			}
			if a.text("cursor") == "" {
				break
			}
			params.Set("cursor", a.text("cursor"))
		}
		return strings.Join(out, " ")
	}
	for filter, want := range map[string]string{
		"": "theirs 4 3 2 1", "posts_with_replies": "theirs 4 3 2 1", "posts_no_replies": "theirs 4 1", "posts_with_media": "4",
		"posts_with_video": "", "posts_and_author_threads": "theirs 4 2 1",
	} {
		params := url.Values{"limit": {"2"}}
		if filter != "" {
			params.Set("filter", filter)
		}
		if got := feed(params); got != want {
			t.Errorf("%s: got %q, want %q", filter, got, want)
		}
	}
}

func TestIndexIsLate(t *testing.T) {
	n := start(t, emulator.Options{IndexDelay: 3 * time.Second})
	token, _ := n.signIn("north")
	id := n.call(token, "com.atproto.repo.putRecord", put("north", "3mfzzzzzzzz2a", post("Hello."))).text("uri")
	known := func() int {
		return len(n.query(token, "app.bsky.feed.getPosts", url.Values{"uris": {id}}).body["posts"].([]any))
	}
	if _, there := n.server.Find(id); !there || known() != 0 {
		t.Error("the post is indexed at once, or not committed at all")
	}
	n.advance(3 * time.Second)
	if known() != 1 {
		t.Error("the post is not indexed in time")
	}
	n.do(emulator.Deed{By: "north", Do: "delete", To: id})
	if known() != 1 {
		t.Error("the deletion is indexed at once")
	}
	n.advance(3 * time.Second)
	if known() != 0 {
		t.Error("the deletion is not indexed in time")
	}
}

func TestRequestsAreHeldToTheirLexicon(t *testing.T) {
	n := start(t, emulator.Options{})
	token, _ := n.signIn("north")
	send := func(method, path, kind, body string) answer { return n.send(method, path, token, kind, []byte(body)) }
	for what, c := range map[string]struct {
		got    answer
		status int
		err    string
	}{
		"an unknown call":          {send("GET", "/xrpc/app.bsky.feed.getNothing", "", ""), 501, "MethodNotImplemented"},
		"a query posted":           {send("POST", "/xrpc/app.bsky.feed.getPosts", "", ""), 400, "InvalidRequest"},
		"a body where none is":     {send("POST", "/xrpc/com.atproto.server.deleteSession", "application/json", "{}"), 400, "InvalidToken"},
		"no body":                  {send("POST", "/xrpc/com.atproto.repo.putRecord", "application/json", ""), 400, "InvalidRequest"},
		"no content type":          {send("POST", "/xrpc/com.atproto.repo.putRecord", "", "{}"), 400, "InvalidRequest"},
		"another content type":     {send("POST", "/xrpc/com.atproto.repo.putRecord", "text/plain", "{}"), 400, "InvalidRequest"},
		"no JSON":                  {send("POST", "/xrpc/com.atproto.repo.putRecord", "application/json", "{"), 400, "SyntaxError"},
		"nothing in it":            {send("POST", "/xrpc/com.atproto.repo.putRecord", "application/json", "{}"), 400, "InvalidRequest"},
		"too much":                 {send("POST", "/xrpc/com.atproto.repo.putRecord", "application/json", `{"x":"`+strings.Repeat("x", 160<<10)+`"}`), 413, "PayloadTooLargeError"},
		"no parameter":             {send("GET", "/xrpc/app.bsky.feed.getPosts", "", ""), 400, "InvalidRequest"},
		"a limit too high":         {send("GET", "/xrpc/app.bsky.notification.listNotifications?limit=101", "", ""), 400, "InvalidRequest"},
		"a limit that is a word":   {send("GET", "/xrpc/app.bsky.notification.listNotifications?limit=all", "", ""), 400, "InvalidRequest"},
		"a cursor that is none":    {send("GET", "/xrpc/app.bsky.notification.listNotifications?cursor=x", "", ""), 502, "InternalServerError"},
		"a key that is no TID":     {n.call(token, "com.atproto.repo.putRecord", put("north", "my-own-key", post("x"))), 400, "InvalidRequest"},
		"another kind than stated": {n.call(token, "com.atproto.repo.putRecord", put("north", "3mfzzzzzzzz2a", object{"$type": "app.bsky.feed.like"})), 400, "InvalidRequest"},
		"a record that is a list":  {n.call(token, "com.atproto.repo.putRecord", object{"repo": "north.test", "collection": postType, "rkey": "3mfzzzzzzzz2a", "record": []any{}}), 400, "InvalidRequest"},
	} {
		if c.got.status != c.status || c.got.name() != c.err || c.got.text("message") == "" {
			t.Errorf("%s: got %d %s, want %d %s", what, c.got.status, c.got.raw, c.status, c.err)
		}
	}
}

func TestFaults(t *testing.T) {
	n := start(t, emulator.Options{})
	token, _ := n.signIn("north")
	order := func(f wire.Fault) {
		t.Helper()
		if err := n.server.Order(f); err != nil {
			t.Fatal(err)
		}
	}
	order(wire.Fault{Kind: wire.Status, Status: 503, Path: "/xrpc/app.bsky.*", Account: "north", Times: 1})
	if a := n.query(token, "app.bsky.actor.getProfile", url.Values{"actor": {"north.test"}}); a.status != 503 || a.name() == "" {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	order(wire.Fault{Kind: wire.StatusAfter, Status: 502, Path: "/xrpc/com.atproto.repo.putRecord", Times: 1})
	order(wire.Fault{Kind: wire.Status, Status: 429, RetryAfter: "30", Path: "/xrpc/com.atproto.repo.putRecord", Times: 1})
	in := put("north", "3mfzzzzzzzz2a", post("Hello."))
	lost := n.call(token, "com.atproto.repo.putRecord", in)
	limited := n.call(token, "com.atproto.repo.putRecord", in)
	again := n.call(token, "com.atproto.repo.putRecord", in)
	if lost.name() != "UpstreamFailure" || limited.name() != "RateLimitExceeded" || limited.header.Get("Retry-After") != "30" || again.status != 200 || again.body["commit"] != nil {
		t.Errorf("got %s, %s, %s", lost.raw, limited.raw, again.raw)
	}
	var outcomes []string
	for _, a := range n.server.Arrivals(0) {
		outcomes = append(outcomes, fmt.Sprint(a.Account, " ", a.Key, " ", a.Outcome))
	}
	want := []string{"north 3mfzzzzzzzz2a published", "north 3mfzzzzzzzz2a nothing", "north 3mfzzzzzzzz2a same"}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("arrivals (-want +got):\n%s", diff)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := n.server.Wait(ctx, 3); err != nil {
		t.Error(err)
	}
}

func TestControl(t *testing.T) {
	n := start(t, emulator.Options{})
	post := func(path, body string) answer { return n.send("POST", path, "", "application/json", []byte(body)) }
	if a := post("/_emulator/accounts", `{"name":"shop","title":"The shop"}`); a.status != 204 {
		t.Errorf("an account: %d %s", a.status, a.raw)
	}
	n.signIn("shop")
	mention := post("/_emulator/audience", `{"by":"mira","do":"mention","to":"shop","text":"hello"}`)
	if p, there := n.server.Find(mention.text("uri")); mention.status != 201 || !there || p.Text != "@shop.test hello" {
		t.Errorf("a mention: %d %s, %+v", mention.status, mention.raw, p)
	}
	for _, bad := range []string{`{"by":"mira","do":"dance"}`, `{"by":"M","do":"post"}`, `{"by":"mira","do":"like","to":"at://x"}`, `{"by":"mira","do":"delete","to":"at://x"}`, `{"who":1}`} {
		if a := post("/_emulator/audience", bad); a.status != 400 {
			t.Errorf("%s gives %d", bad, a.status)
		}
	}
	if a := post("/_emulator/faults", `{"kind":"status","status":500,"times":1}`); a.status != 201 {
		t.Errorf("a fault: %d %s", a.status, a.raw)
	}
	if a := n.send("GET", "/_emulator/counts", "", "", nil); a.body["posts"] != 1.0 {
		t.Errorf("counts: %s", a.raw)
	}
	req, _ := http.NewRequest("GET", n.base+"/_emulator/counts", nil)
	req.Host = "bluesky.example"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("by another name: %d", resp.StatusCode)
	}
}

func TestPages(t *testing.T) {
	n := start(t, emulator.Options{})
	id := n.do(emulator.Deed{By: "north", Do: "post", Text: "Grüße an @mira.test & <b>alle</b> https://north.test/x #tag", Alt: "A <meadow>."})
	n.do(emulator.Deed{By: "mira", Do: "reply", To: id, Text: "Thanks."})
	n.do(emulator.Deed{By: "mira", Do: "quote", To: id, Text: "Look."})
	key := id[strings.LastIndex(id, "/")+1:]
	for path, want := range map[string][]string{
		"/":                   {"3 posts by 2 accounts", "Grüße an <a href=\"/profile/mira.test\"", "&lt;b&gt;alle", `<a href="https://north.test/x"`, `<span class="tag">#tag</span>`, `alt="A &lt;meadow&gt;."`},
		"/profile/north.test": {"@north.test", emulator.DID("north"), "<strong>1</strong> post"},
		"/profile/" + emulator.DID("north") + "/post/" + key: {"Thanks.", `class="post depth0 focus"`},
	} {
		a := n.send("GET", path, "", "", nil)
		if a.status != 200 || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d, policy %q", path, a.status, a.header.Get("Content-Security-Policy"))
		}
		for _, w := range want {
			if !strings.Contains(a.raw, w) {
				t.Errorf("%s does not show %q", path, w)
			}
		}
	}
	for _, path := range []string{"/profile/nobody.test", "/profile/north.test/post/x", "/nothing", "/img/feed_thumbnail/plain/did:plc:x/y", "/avatar/<.svg"} {
		if a := n.send("GET", path, "", "", nil); a.status != 404 {
			t.Errorf("%s gives %d", path, a.status)
		}
	}
}

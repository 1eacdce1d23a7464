package bluesky_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	"rapport/internal/network/bluesky/emulator"
)

func do(t *testing.T, s *emulator.Server, d emulator.Deed) string {
	t.Helper()
	id, err := s.Do(d)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func texts(all []network.Message) []string {
	out := []string{}
	for _, m := range all {
		out = append(out, m.Text)
	}
	slices.Sort(out)
	return out
}

func TestHear(t *testing.T) {
	s, n, to, at := pair(t, emulator.Options{})
	first := publish(t, n, to, network.Item{Text: "What do you drink?"}, "1")
	do(t, s, emulator.Deed{By: "mira", Do: "like", To: first.Ref.ID})
	do(t, s, emulator.Deed{By: "mira", Do: "follow", To: "north"})
	do(t, s, emulator.Deed{By: "mira", Do: "repost", To: first.Ref.ID})
	tea := do(t, s, emulator.Deed{By: "mira", Do: "reply", To: first.Ref.ID, Text: "Tea", Alt: "A cup"})
	do(t, s, emulator.Deed{By: "jo", Do: "mention", To: "north", Text: "You should ask"})
	do(t, s, emulator.Deed{By: "jo", Do: "quote", To: first.Ref.ID, Text: "Good question"})
	do(t, s, emulator.Deed{By: "jo", Do: "post", Text: "Nothing to do with it"})
	got, err := n.Hear(t.Context(), to, "", at.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	heard := texts(got.Messages)
	if len(heard) != 3 || !slices.Contains(heard, "Tea") || !slices.Contains(heard, "Good question") || got.More {
		t.Errorf("heard %q, more %t", heard, got.More)
	}
	for _, m := range got.Messages {
		if m.Ref.ID != tea {
			continue
		}
		picture := m.Media
		m.Media, m.Author.AvatarURL, m.Ref.Proof = nil, "", ""
		want := network.Message{Ref: network.Ref{ID: tea, Root: first.Ref.ID}, Parent: first.Ref.ID, Text: "Tea", At: m.At,
			Author: network.Author{ID: emulator.DID("mira"), Handle: "@mira.test", Name: "Mira", URL: to.Server + "/profile/mira.test"},
			URL:    to.Server + "/profile/mira.test/post/" + tea[strings.LastIndexByte(tea, '/')+1:], Language: m.Language}
		if diff := cmp.Diff(want, m); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if len(picture) != 1 || picture[0].Kind != "image" || picture[0].Alt != "A cup" || picture[0].URL == "" {
			t.Errorf("the pictures are %+v", picture)
		}
		if d := m.At.Sub(at.Now()); d < 0 || d > time.Second {
			t.Errorf("written at %s", m.At)
		}
	}
	again, err := n.Hear(t.Context(), to, got.Next, time.Time{})
	if err != nil || len(again.Messages) != 0 || again.Next != got.Next {
		t.Errorf("again: %q, %v", texts(again.Messages), err)
	}
	at.Advance(time.Minute)
	do(t, s, emulator.Deed{By: "mira", Do: "reply", To: tea, Text: "Or coffee"})
	do(t, s, emulator.Deed{By: "mira", Do: "reply", To: first.Ref.ID, Text: "Coffee it is"})
	next, err := n.Hear(t.Context(), to, got.Next, time.Time{})
	if err != nil || !slices.Contains(texts(next.Messages), "Coffee it is") || slices.Contains(texts(next.Messages), "Tea") {
		t.Errorf("then: %q, %v", texts(next.Messages), err)
	}
}

func TestThread(t *testing.T) {
	s, n, to, _ := pair(t, emulator.Options{})
	first := publish(t, n, to, network.Item{Text: "0"}, "1")
	one := do(t, s, emulator.Deed{By: "mira", Do: "reply", To: first.Ref.ID, Text: "1"})
	do(t, s, emulator.Deed{By: "jo", Do: "reply", To: first.Ref.ID, Text: "1b"})
	two := do(t, s, emulator.Deed{By: "jo", Do: "reply", To: one, Text: "2"})
	do(t, s, emulator.Deed{By: "mira", Do: "reply", To: two, Text: "3"})
	all, whole, err := n.Thread(t.Context(), to, network.Ref{ID: first.Ref.ID})
	if diff := cmp.Diff([]string{"0", "1", "1b", "2", "3"}, texts(all)); diff != "" || !whole || err != nil {
		t.Errorf("%s, whole %t, %v", diff, whole, err)
	}
	for _, m := range all {
		if m.Own != (m.Text == "0") {
			t.Errorf("%q is our own: %t", m.Text, m.Own)
		}
	}
	all, whole, err = n.Thread(t.Context(), to, network.Ref{ID: two})
	if diff := cmp.Diff([]string{"0", "1", "2", "3"}, texts(all)); diff != "" || !whole || err != nil {
		t.Errorf("in the middle: %s, whole %t, %v", diff, whole, err)
	}
	do(t, s, emulator.Deed{By: "jo", Do: "delete", To: two})
	all, _, err = n.Thread(t.Context(), to, network.Ref{ID: first.Ref.ID})
	if err != nil || slices.Contains(texts(all), "2") {
		t.Errorf("after a deletion: %q, %v", texts(all), err)
	}
	_, _, err = n.Thread(t.Context(), to, network.Ref{ID: two})
	if e, ok := err.(*network.Error); !ok || e.Verdict != network.Refused || e.Status != http.StatusNotFound {
		t.Errorf("of what is gone: %v", err)
	}
}

// node is a thread of views.
func node(n int, replies int, below ...object) object {
	v := view(n, noon, nil)
	v["replyCount"] = replies
	return object{"$type": "app.bsky.feed.defs#threadViewPost", "post": v, "replies": below}
}

func TestThreadsThatAreNotWhole(t *testing.T) {
	blocked := object{"$type": "app.bsky.feed.defs#blockedPost", "uri": uri(mira, 9), "blocked": true, "author": object{"did": mira}}
	parent := node(1, 1)
	parent["parent"] = object{"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri(mira, 8), "notFound": true}
	below := node(2, 0)
	below["parent"] = parent
	for _, c := range []struct {
		name   string
		thread object
		count  int
		whole  bool
	}{
		{"alone", node(1, 0), 1, true},
		{"whole", node(1, 2, node(2, 0), node(3, 1, node(4, 0))), 4, true},
		{"cut below", node(1, 1, node(2, 5)), 2, false},
		{"one is hidden", node(1, 2, node(2, 0)), 2, false},
		{"blocked below", node(1, 2, node(2, 0), blocked), 2, false},
		{"gone above", below, 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, n, to := serve(t, map[string]http.HandlerFunc{"app.bsky.feed.getPostThread": say(object{"thread": c.thread})})
			all, whole, err := n.Thread(t.Context(), to, network.Ref{ID: uri(mira, 1)})
			if err != nil || len(all) != c.count || whole != c.whole {
				t.Errorf("%d messages, whole %t, %v; want %d, %t", len(all), whole, err, c.count, c.whole)
			}
		})
	}
	_, n, to := serve(t, map[string]http.HandlerFunc{"app.bsky.feed.getPostThread": say(object{"thread": blocked})})
	if _, _, err := n.Thread(t.Context(), to, network.Ref{ID: uri(mira, 1)}); network.VerdictOf(err) != network.Refused {
		t.Errorf("blocked: %v", err)
	}
}

func TestRecheck(t *testing.T) {
	s, n, to, _ := pair(t, emulator.Options{})
	var refs []network.Ref
	for i := range 60 {
		refs = append(refs, network.Ref{ID: do(t, s, emulator.Deed{By: "mira", Do: "mention", To: "north", Text: fmt.Sprintf("No. %d", i)})})
	}
	for i := range 5 {
		do(t, s, emulator.Deed{By: "mira", Do: "delete", To: refs[10*i].ID})
	}
	now, gone, err := n.Recheck(t.Context(), to, append(refs, network.Ref{ID: "nonsense"}))
	if err != nil || len(now) != 55 || len(gone) != 5 || !slices.Contains(gone, refs[10].ID) {
		t.Errorf("%d there, gone %q, %v", len(now), gone, err)
	}
}

// What is only hidden is not gone, and a server that cannot be asked proves
// nothing.
func TestRecheckProvesBeforeItSaysGone(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		gone   int
		fails  bool
	}{
		{"there", say(object{"uri": uri(mira, 1), "cid": someID, "value": object{"text": "x"}}), 0, false},
		{"no such record", refuse(400, "RecordNotFound", "Could not locate record"), 1, false},
		{"no such account here", refuse(400, "RepoNotFound", "Could not find repo"), 0, false},
		{"some other no", refuse(400, "InvalidRequest", "Could not locate record"), 0, false},
		{"fails", refuse(500, "", ""), 0, false},
		{"throttled", refuse(429, "RateLimitExceeded", ""), 0, true},
		{"expired", refuse(400, "ExpiredToken", ""), 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, n, to := serve(t, map[string]http.HandlerFunc{"app.bsky.feed.getPosts": say(object{"posts": []any{}}), "com.atproto.repo.getRecord": c.answer})
			_, gone, err := n.Recheck(t.Context(), to, []network.Ref{{ID: uri(mira, 1)}})
			if len(gone) != c.gone || (err != nil) != c.fails {
				t.Errorf("gone %q, %v", gone, err)
			}
		})
	}
}

func TestHistory(t *testing.T) {
	s, n, to, at := pair(t, emulator.Options{})
	theirs := do(t, s, emulator.Deed{By: "mira", Do: "post", Text: "Mira's own"})
	do(t, s, emulator.Deed{By: "north", Do: "repost", To: theirs})
	for i := range 120 {
		at.Advance(30 * time.Second)
		do(t, s, emulator.Deed{By: "north", Do: "post", Text: fmt.Sprintf("No. %03d", i)})
	}
	at.Advance(30 * time.Second)
	answer := do(t, s, emulator.Deed{By: "north", Do: "reply", To: theirs, Text: "Yes"})
	do(t, s, emulator.Deed{By: "mira", Do: "like", To: answer})
	var all []network.OwnPost
	for after, pages := "", 0; ; pages++ {
		some, next, err := n.History(t.Context(), to, after)
		if err != nil || pages > 10 {
			t.Fatalf("page %d: %v", pages, err)
		}
		all = append(all, some...)
		if after = next; next == "" {
			break
		}
	}
	if len(all) != 121 || all[0].Text != "Yes" || all[0].Parent != theirs || !all[0].Own || all[120].Text != "No. 000" {
		t.Fatalf("%d posts, the newest %+v", len(all), all[0])
	}
	if c := all[0].Counters; c.Likes == nil || *c.Likes != 1 || c.Views != nil || c.Quotes == nil || *c.Quotes != 0 {
		t.Errorf("the counters are %+v", c)
	}
}

func TestMeasure(t *testing.T) {
	s, n, to, _ := pair(t, emulator.Options{})
	first := publish(t, n, to, network.Item{Text: "Count me"}, "1")
	second := publish(t, n, to, network.Item{Text: "Nobody cares"}, "2")
	for _, by := range []string{"mira", "jo", "kim"} {
		do(t, s, emulator.Deed{By: by, Do: "like", To: first.Ref.ID})
	}
	do(t, s, emulator.Deed{By: "jo", Do: "repost", To: first.Ref.ID})
	do(t, s, emulator.Deed{By: "jo", Do: "reply", To: first.Ref.ID, Text: "One"})
	do(t, s, emulator.Deed{By: "jo", Do: "quote", To: first.Ref.ID, Text: "Two"})
	got, err := n.Measure(t.Context(), to, []network.Ref{first.Ref, second.Ref, {ID: uri(mira, 1)}, {ID: "nonsense"}})
	if err != nil {
		t.Fatal(err)
	}
	v := func(n int64) *int64 { return &n }
	want := map[string]network.Counters{first.Ref.ID: {Likes: v(3), Shares: v(1), Comments: v(1), Quotes: v(1)},
		second.Ref.ID: {Likes: v(0), Shares: v(0), Comments: v(0), Quotes: v(0)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	account, err := n.MeasureAccount(t.Context(), to)
	if diff := cmp.Diff(network.AccountCounters{Followers: v(1200), Following: v(0), Posts: v(2)}, account); diff != "" || err != nil {
		t.Errorf("%s, %v", diff, err)
	}
}

func TestMeasureInventsNothing(t *testing.T) {
	silent := view(1, noon, nil)
	delete(silent, "likeCount")
	silent["replyCount"] = -4
	_, n, to := serve(t, map[string]http.HandlerFunc{"app.bsky.feed.getPosts": say(object{"posts": []any{silent}}),
		"app.bsky.actor.getProfile": say(object{"did": north, "handle": "north.test"})})
	got, err := n.Measure(t.Context(), to, []network.Ref{{ID: uri(mira, 1)}})
	if diff := cmp.Diff(map[string]network.Counters{uri(mira, 1): {}}, got); diff != "" || err != nil {
		t.Errorf("%s, %v", diff, err)
	}
	account, err := n.MeasureAccount(t.Context(), to)
	if diff := cmp.Diff(network.AccountCounters{}, account); diff != "" || err != nil {
		t.Errorf("%s, %v", diff, err)
	}
}

func TestForeignPosts(t *testing.T) {
	to := network.Target{Server: "https://pds.example", AccountID: north}
	read := func(more, top object) network.Message {
		t.Helper()
		v := view(1, noon, more)
		for k, x := range top {
			v[k] = x
		}
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		m, _ := bluesky.ViewMessage(raw, to)
		return m
	}
	link := func(start, end int, uri string) object {
		return object{"index": object{"byteStart": start, "byteEnd": end}, "features": []object{{"$type": "app.bsky.richtext.facet#link", "uri": uri}}}
	}
	for _, c := range []struct {
		name string
		got  any
		want any
	}{
		{"markup stays text", read(object{"text": "<script>alert(1)</script> & <b>"}, nil).Text, "<script>alert(1)</script> & <b>"},
		{"control characters go", read(object{"text": "a\x00b\x1b[31mc\r\nd\te"}, nil).Text, "ab[31mc\nd\te"},
		{"a text of a megabyte is cut", len(read(object{"text": strings.Repeat("é", 1<<19)}, nil).Text), network.MostText},
		{"shortened links are whole again", read(object{"text": "see example.org/lo... é", "facets": []object{link(4, 21, "https://example.org/long")}}, nil).Text, "see https://example.org/long é"},
		{"what is written out stays", read(object{"text": "see here", "facets": []object{link(4, 8, "https://example.org/")}}, nil).Text, "see here"},
		{"a facet beyond the end", read(object{"text": "x...", "facets": []object{link(0, 400, "https://example.org/"), link(-1, 3, "https://a.example"), link(3, 1, "https://a.example")}}, nil).Text, "x..."},
		{"a facet that cuts a character", utf8.ValidString(read(object{"text": "é...", "facets": []object{link(1, 5, "https://example.org/")}}, nil).Text), true},
		{"a link with a script", read(object{"text": "x...", "facets": []object{link(0, 4, "javascript:alert(1)")}}, nil).Text, "x..."},
		{"facets of a wrong type", read(object{"text": "kept", "facets": 7}, nil).Text, "kept"},
		{"a text of a wrong type", read(object{"text": 7}, nil).Text, ""},
		{"labels in words", read(object{"labels": object{"values": []object{{"val": "porn"}, {"val": "spoiler"}, {"val": "!no-unauthenticated"}}}}, nil).Warning, "Adult content, spoiler"},
		{"a language", read(object{"langs": []string{"pt-BR", "en"}}, nil).Language, "pt-BR"},
		{"no language", read(object{"langs": []string{"<b>"}}, nil).Language, ""},
		{"a name with markup in one line", read(nil, object{"author": object{"did": mira, "handle": "mira.test", "displayName": " <b>\n\u202eMira " + strings.Repeat("x", 5000)}}).Author.Name,
			"<b> Mira " + strings.Repeat("x", 191) + "…"},
		{"an avatar with a script", read(nil, object{"author": object{"did": mira, "handle": "mira.test", "avatar": "javascript:alert(1)"}}).Author.AvatarURL, ""},
		{"no handle", read(nil, object{"author": object{"did": mira, "handle": "handle.invalid"}}).Author.Handle, "@" + mira},
		{"another's address", read(nil, object{"author": object{"did": north, "handle": "north.test"}}).Ref.ID, ""},
		{"no post", read(nil, object{"uri": "at://" + mira + "/app.bsky.feed.like/3kaaaaaaaaaaa"}).Ref.ID, ""},
		{"dated ahead", read(object{"createdAt": "2099-01-01T00:00:00Z"}, nil).At, noon},
		{"dated back a little", read(object{"createdAt": "2026-03-10T11:00:00Z"}, nil).At, noon.Add(-time.Hour)},
		{"dated back for long", read(object{"createdAt": "1970-01-01T00:00:00Z"}, nil).At, noon},
		{"an answer to nonsense", read(object{"reply": object{"root": object{"uri": "x"}, "parent": 5}}, nil).Parent, ""},
		{"its page", read(nil, nil).URL, "https://bsky.app/profile/mira.test/post/3k00000000001"},
		{"mentions", read(object{"facets": []object{{"index": object{"byteStart": 0, "byteEnd": 1}, "features": []object{{"$type": "app.bsky.richtext.facet#mention", "did": north}, {"$type": "app.bsky.richtext.facet#mention", "did": "x"}}}}}, nil).Mentions, []string{north}},
		{"a film and its quote", read(nil, object{"embed": object{"$type": "app.bsky.embed.recordWithMedia#view", "media": object{"$type": "app.bsky.embed.video#view",
			"playlist": "https://video.example/x.m3u8", "thumbnail": "https://video.example/x.jpg", "alt": "Film", "aspectRatio": object{"width": 16, "height": 9}}}}).Media,
			[]network.Attachment{{Kind: "video", URL: "https://video.example/x.m3u8", PreviewURL: "https://video.example/x.jpg", Alt: "Film", Width: 16, Height: 9}}},
		{"a gallery", len(read(nil, object{"embed": object{"$type": "app.bsky.embed.gallery#view", "items": slices.Repeat([]object{{"fullsize": "https://x.example/a", "thumbnail": "https://x.example/b"}}, 50)}}).Media), 20},
		{"pictures with scripts", len(read(nil, object{"embed": object{"$type": "app.bsky.embed.images#view", "images": []object{{"fullsize": "data:text/html,x"}}}}).Media), 0},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// Whatever a view holds, what is passed on is bounded, and text.
func FuzzView(f *testing.F) {
	for _, more := range []object{nil, {"text": "é…", "facets": []object{{"index": object{"byteStart": 0, "byteEnd": 5}, "features": []object{{"$type": "app.bsky.richtext.facet#link", "uri": "https://a.example"}}}}},
		{"reply": object{"root": object{"uri": uri(north, 1), "cid": someID}, "parent": object{"uri": uri(north, 1), "cid": someID}}}} {
		raw, _ := json.Marshal(view(1, noon, more))
		f.Add(raw)
	}
	f.Add([]byte(`{"uri":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, ok := bluesky.ViewMessage(raw, network.Target{Server: "https://pds.example", AccountID: north})
		if !ok {
			return
		}
		if m.Ref.ID == "" || m.Author.ID == "" || !utf8.ValidString(m.Text) || len(m.Text) > network.MostText || len(m.Media) > 20 || len(m.Mentions) > 100 {
			t.Errorf("%+v", m)
		}
	})
}

// Whatever a server answers, nothing breaks, and a refusal of the cursor is no
// loss of it.
func FuzzAnswers(f *testing.F) {
	seeds := []any{object{"notifications": []any{view(1, noon, nil)}}, object{"thread": node(1, 1, node(2, 0))}, object{"posts": []any{view(1, noon, nil)}},
		object{"feed": []any{object{"post": view(1, noon, nil)}}}, object{"uri": uri(north, 1), "cid": someID, "value": object{"createdAt": 5}}, object{"did": north, "handle": "x", "accessJwt": "a.e30.c"}}
	for _, s := range seeds {
		raw, _ := json.Marshal(s)
		f.Add(200, raw)
		f.Add(400, raw)
	}
	current := func(http.ResponseWriter) {}
	_, n, to := serve(f, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { current(w) }))
	defer server.Close()
	to.Server = server.URL
	p, err := n.Prepare(f.Context(), to, network.Item{Text: "Hello"}, "seed", network.Prepared{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, raw []byte) {
		if status < 200 || status > 599 {
			status = 200
		}
		current = func(w http.ResponseWriter) { w.WriteHeader(status); _, _ = w.Write(raw) }
		_, _ = n.Commit(t.Context(), to, p)
		if got, err := n.Lookup(t.Context(), to, p); err != nil && got.Presence != network.CannotTell {
			t.Errorf("found %v without an answer", got)
		}
		_, _ = n.Refresh(t.Context(), to)
		if got, err := n.Hear(t.Context(), to, "", noon); err == nil && got.Next == "" {
			t.Error("heard without a cursor")
		}
		_, _, _ = n.Thread(t.Context(), to, network.Ref{ID: uri(mira, 1)})
		_, _, _ = n.Recheck(t.Context(), to, []network.Ref{{ID: uri(mira, 1)}})
		_, _, _ = n.History(t.Context(), to, "")
		_, _ = n.MeasureAccount(t.Context(), to)
	})
}

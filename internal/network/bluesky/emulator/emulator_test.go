package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/network/bluesky/emulator"
)

const postType = "app.bsky.feed.post"

// network is an emulator with a client that holds every answer to the
// lexicons.
type network struct {
	t      *testing.T
	server *emulator.Server
	base   string

	mu  sync.Mutex
	now time.Time
}

func start(t *testing.T, o emulator.Options) *network {
	t.Helper()
	n := &network{t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	o.Now = func() time.Time {
		n.mu.Lock()
		defer n.mu.Unlock()
		return n.now
	}
	if o.Accounts == nil {
		o.Accounts = []emulator.Account{{Name: "north"}, {Name: "mira"}}
	}
	s, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	n.server, n.base = s, web.URL
	return n
}

func (n *network) advance(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = n.now.Add(d)
}

type object = map[string]any

// answer is what came back, and how.
type answer struct {
	status int
	header http.Header
	body   object
	raw    string
}

func (a answer) text(key string) string { s, _ := a.body[key].(string); return s }

// name is the error of a refusal, and "" of a success.
func (a answer) name() string { return a.text("error") }

func (n *network) send(method, path, token, kind string, body []byte) answer {
	n.t.Helper()
	req, err := http.NewRequest(method, n.base+path, bytes.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	out := answer{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &out.body) // pages and empty answers hold none
	nsid, _, _ := strings.Cut(strings.TrimPrefix(path, "/xrpc/"), "?")
	if out.status == http.StatusOK && strings.HasPrefix(path, "/xrpc/") && len(raw) > 0 {
		if issue := emulator.OutputIssue(nsid, raw); issue != "" {
			n.t.Errorf("%s answers against its lexicon: %s\n%s", nsid, issue, raw)
		}
	}
	return out
}

func (n *network) query(token, nsid string, params url.Values) answer {
	n.t.Helper()
	return n.send("GET", "/xrpc/"+nsid+"?"+params.Encode(), token, "", nil)
}

func (n *network) call(token, nsid string, in any) answer {
	n.t.Helper()
	if in == nil {
		return n.send("POST", "/xrpc/"+nsid, token, "", nil)
	}
	body, err := json.Marshal(in)
	if err != nil {
		n.t.Fatal(err)
	}
	return n.send("POST", "/xrpc/"+nsid, token, "application/json", body)
}

func (n *network) signIn(name string) (access, refresh string) {
	n.t.Helper()
	a := n.call("", "com.atproto.server.createSession", object{"identifier": name + ".test", "password": "bluesky-" + name})
	if a.status != http.StatusOK {
		n.t.Fatalf("sign in as %s: %d %s", name, a.status, a.raw)
	}
	return a.text("accessJwt"), a.text("refreshJwt")
}

func post(text string) object {
	return object{"$type": postType, "text": text, "createdAt": "2026-03-02T09:00:00.000Z"}
}

func with(record object, more object) object {
	out := object{}
	for _, m := range []object{record, more} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func put(name, key string, record object) object {
	return object{"repo": emulator.DID(name), "collection": postType, "rkey": key, "record": record}
}

func (n *network) do(d emulator.Deed) string {
	n.t.Helper()
	id, err := n.server.Do(d)
	if err != nil {
		n.t.Fatal(err)
	}
	return id
}

func TestSessions(t *testing.T) {
	n := start(t, emulator.Options{Accounts: []emulator.Account{{Name: "north"}, {Name: "coded", CodeByEmail: true},
		{Name: "gone", State: "takendown"}, {Name: "asleep", State: "deactivated"}}})
	for _, c := range []struct {
		identifier, password string
		status               int
		err                  string
	}{
		{"north.test", "bluesky-north", 200, ""},
		{"NORTH.test", "bluesky-north", 200, ""},
		{emulator.DID("north"), "bluesky-north", 200, ""},
		{"north@example.test", "bluesky-north", 200, ""},
		{"north.test", "account-north", 200, ""},
		{"north.test", "wrong", 401, "AuthenticationRequired"},
		{"nobody.test", "bluesky-nobody", 401, "AuthenticationRequired"},
		{"coded.test", "account-coded", 401, "AuthFactorTokenRequired"},
		{"coded.test", "bluesky-coded", 200, ""},
		{"gone.test", "bluesky-gone", 401, "AuthenticationRequired"},
		{"gone.test", "account-gone", 401, "AccountTakedown"},
		{"asleep.test", "bluesky-asleep", 200, ""},
	} {
		a := n.call("", "com.atproto.server.createSession", object{"identifier": c.identifier, "password": c.password})
		if a.status != c.status || a.name() != c.err {
			t.Errorf("%s with %s: got %d %q, want %d %q", c.identifier, c.password, a.status, a.name(), c.status, c.err)
		}
	}
	access, _ := n.signIn("north")
	if a := n.query(access, "com.atproto.server.getSession", nil); a.text("did") != emulator.DID("north") || a.text("handle") != "north.test" {
		t.Errorf("the session is of %s", a.raw)
	}
}

func TestTokens(t *testing.T) {
	n := start(t, emulator.Options{})
	access, refresh := n.signIn("north")
	get := func(token string) string {
		t.Helper()
		a := n.query(token, "com.atproto.server.getSession", nil)
		return fmt.Sprint(a.status, " ", a.name())
	}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	want("no token", get(""), "401 AuthMissing")
	want("nonsense", get("abc"), "400 InvalidToken")
	want("a changed token", get(access[:len(access)-3]+"AAA"), "400 InvalidToken")
	want("the refresh token", get(refresh), "400 InvalidToken")
	want("a token", get(access), "200 ")
	n.advance(119 * time.Minute)
	want("just before its end", get(access), "200 ")
	n.advance(time.Minute)
	want("at its end", get(access), "400 ExpiredToken")
	a := n.call(refresh, "com.atproto.server.refreshSession", nil)
	want("refreshed", get(a.text("accessJwt")), "200 ")
}

func TestRefreshRotates(t *testing.T) {
	n := start(t, emulator.Options{})
	_, first := n.signIn("north")
	refresh := func(token string) answer { return n.call(token, "com.atproto.server.refreshSession", nil) }
	second := refresh(first).text("refreshJwt")
	if second == first || second == "" {
		t.Fatal("refreshing gives the same refresh token")
	}
	if a := refresh(first); a.status != http.StatusOK {
		t.Errorf("a repeat within the grace period gives %d %s", a.status, a.raw)
	}
	n.advance(2*time.Hour + time.Minute)
	if a := refresh(first); a.status != 400 || a.name() != "ExpiredToken" {
		t.Errorf("a repeat after the grace period gives %d %s", a.status, a.raw)
	}
	if a := refresh(second); a.status != http.StatusOK {
		t.Errorf("the successor gives %d %s", a.status, a.raw)
	}
	if a := n.call(second, "com.atproto.server.deleteSession", nil); a.status != http.StatusOK {
		t.Errorf("signing out gives %d %s", a.status, a.raw)
	}
	if a := refresh(second); a.name() != "ExpiredToken" {
		t.Errorf("after signing out: %d %s", a.status, a.raw)
	}
}

func TestNewAppPasswordEndsSessions(t *testing.T) {
	n := start(t, emulator.Options{})
	_, refresh := n.signIn("north")
	if err := n.server.SetAccount(emulator.Account{Name: "north", Password: "other"}); err != nil {
		t.Fatal(err)
	}
	if a := n.call(refresh, "com.atproto.server.refreshSession", nil); a.name() != "ExpiredToken" {
		t.Errorf("got %d %s, want a refusal", a.status, a.raw)
	}
}

func TestSignInsAreLimited(t *testing.T) {
	n := start(t, emulator.Options{NoLimits: true})
	in := object{"identifier": "north.test", "password": "wrong"}
	for i := range 30 {
		if a := n.call("", "com.atproto.server.createSession", in); a.status != 401 {
			t.Fatalf("sign-in %d: %d", i+1, a.status)
		}
	}
	in["password"] = "bluesky-north"
	a := n.call("", "com.atproto.server.createSession", in)
	if a.status != 429 || a.name() != "RateLimitExceeded" || a.header.Get("RateLimit-Remaining") != "0" || a.header.Get("RateLimit-Policy") != "30;w=300" {
		t.Errorf("the 31st: %d %s, %v", a.status, a.raw, a.header)
	}
	n.signIn("mira")
	n.advance(5 * time.Minute)
	n.signIn("north")
}

func TestWritesAreLimited(t *testing.T) {
	n := start(t, emulator.Options{})
	access, _ := n.signIn("north")
	writes := []any{}
	for range 200 {
		writes = append(writes, object{"$type": "com.atproto.repo.applyWrites#create", "collection": postType, "value": post("x")})
	}
	for i := range 9 {
		a := n.call(access, "com.atproto.repo.applyWrites", object{"repo": "north.test", "writes": writes})
		if want := map[bool]int{true: 429, false: 200}[i == 8]; a.status != want {
			t.Fatalf("batch %d of 600 points: %d %.200s", i+1, a.status, a.raw)
		}
	}
}

func TestIdentity(t *testing.T) {
	n := start(t, emulator.Options{})
	did := emulator.DID("north")
	if a := n.query("", "com.atproto.identity.resolveHandle", url.Values{"handle": {"north.test"}}); a.text("did") != did {
		t.Errorf("resolving gives %s", a.raw)
	}
	if a := n.query("", "com.atproto.identity.resolveHandle", url.Values{"handle": {"nobody.test"}}); a.status != 400 || a.name() != "InvalidRequest" {
		t.Errorf("resolving nobody gives %d %s", a.status, a.raw)
	}
	doc := n.send("GET", "/"+did, "", "", nil)
	service := doc.body["service"].([]any)[0].(object)
	if service["serviceEndpoint"] != n.base || service["id"] != "#atproto_pds" || doc.body["alsoKnownAs"].([]any)[0] != "at://north.test" {
		t.Errorf("the DID document is %s", doc.raw)
	}
	if a := n.send("GET", "/did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "", "", nil); a.status != 404 {
		t.Errorf("an unknown DID gives %d", a.status)
	}
	req, _ := http.NewRequest("GET", n.base+"/.well-known/atproto-did", nil)
	req.Host = "north.test"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != did {
		t.Errorf("the handle's host names %q", body)
	}
}

func TestPutTwice(t *testing.T) {
	n := start(t, emulator.Options{})
	access, _ := n.signIn("north")
	key := "3mfzzzzzzzz2a"
	in := with(put("north", key, post("Hello.")), object{"swapRecord": nil})
	first := n.call(access, "com.atproto.repo.putRecord", in)
	again := n.call(access, "com.atproto.repo.putRecord", in)
	if first.status != 200 || first.body["commit"] == nil || first.text("validationStatus") != "valid" {
		t.Errorf("putting gives %d %s", first.status, first.raw)
	}
	if again.status != 200 || again.body["commit"] != nil || again.text("cid") != first.text("cid") {
		t.Errorf("putting the same again gives %d %s", again.status, again.raw)
	}
	other := n.call(access, "com.atproto.repo.putRecord", with(put("north", key, post("Other.")), object{"swapRecord": nil}))
	if other.status != 400 || other.name() != "InvalidSwap" {
		t.Errorf("putting something else gives %d %s", other.status, other.raw)
	}
	create := n.call(access, "com.atproto.repo.createRecord", put("north", key, post("Other.")))
	if create.status != 500 || create.name() != "InternalServerError" {
		t.Errorf("creating over it gives %d %s", create.status, create.raw)
	}
	changed := n.call(access, "com.atproto.repo.putRecord", with(put("north", key, post("Other.")), object{"swapRecord": first.text("cid")}))
	if changed.status != 200 || changed.text("cid") == first.text("cid") {
		t.Errorf("changing it gives %d %s", changed.status, changed.raw)
	}
	if c := n.server.Counts(); c.Arrivals != 5 || c.Published != 1 || c.Keys[key] != 1 || c.Duplicates != 0 {
		t.Errorf("the record says %+v", c)
	}
	var outcomes []string
	for _, a := range n.server.Arrivals(0) {
		outcomes = append(outcomes, a.Outcome)
	}
	if got := strings.Join(outcomes, " "); got != "published same InvalidSwap InternalServerError changed" {
		t.Errorf("outcomes: %s", got)
	}
}

func TestDeleteIsIdempotent(t *testing.T) {
	n := start(t, emulator.Options{})
	access, _ := n.signIn("north")
	key := "3mfzzzzzzzz2a"
	id := n.call(access, "com.atproto.repo.putRecord", put("north", key, post("Hello."))).text("uri")
	in := object{"repo": "north.test", "collection": postType, "rkey": key}
	for i := range 2 {
		a := n.call(access, "com.atproto.repo.deleteRecord", in)
		if a.status != 200 || (a.body["commit"] != nil) != (i == 0) {
			t.Errorf("deletion %d gives %d %s", i+1, a.status, a.raw)
		}
	}
	if _, there := n.server.Find(id); there {
		t.Error("the post is still there")
	}
	a := n.query("", "com.atproto.repo.getRecord", url.Values{"repo": {"north.test"}, "collection": {postType}, "rkey": {key}})
	if a.status != 400 || a.name() != "RecordNotFound" {
		t.Errorf("reading it gives %d %s", a.status, a.raw)
	}
}

func TestOnlyOnesOwn(t *testing.T) {
	n := start(t, emulator.Options{})
	access, _ := n.signIn("mira")
	if a := n.call(access, "com.atproto.repo.createRecord", put("north", "3mfzzzzzzzz2a", post("Not mine."))); a.status != 401 {
		t.Errorf("writing to another's repository gives %d %s", a.status, a.raw)
	}
	for state, want := range map[string]string{"takendown": "AccountTakedown", "deactivated": "AccountDeactivated"} {
		if err := n.server.SetAccount(emulator.Account{Name: "mira", State: state}); err != nil {
			t.Fatal(err)
		}
		if a := n.call(access, "com.atproto.repo.createRecord", put("mira", "3mfzzzzzzzz2a", post("Hi."))); a.status != 401 || a.name() != want {
			t.Errorf("%s: got %d %s", state, a.status, a.raw)
		}
	}
}

func TestApplyWrites(t *testing.T) {
	n := start(t, emulator.Options{})
	access, _ := n.signIn("north")
	create := func(key, text string) object {
		return object{"$type": "com.atproto.repo.applyWrites#create", "collection": postType, "rkey": key, "value": post(text)}
	}
	apply := func(writes ...any) answer {
		return n.call(access, "com.atproto.repo.applyWrites", object{"repo": "north.test", "writes": writes})
	}
	a := apply(create("3mfzzzzzzzz2a", "One."), create("3mfzzzzzzzz2b", "Two."))
	if a.status != 200 || len(a.body["results"].([]any)) != 2 {
		t.Fatalf("two posts at once: %d %s", a.status, a.raw)
	}
	if a := apply(create("3mfzzzzzzzz2c", "Three."), create("3mfzzzzzzzz2a", "One.")); a.status != 500 {
		t.Errorf("a taken key gives %d %s", a.status, a.raw)
	}
	if a := apply(create("3mfzzzzzzzz2c", "Three."), create("3mfzzzzzzzz2d", strings.Repeat("x", 301))); a.status != 400 {
		t.Errorf("one that is too long gives %d %s", a.status, a.raw)
	}
	if got := len(n.server.Posts("north")); got != 2 {
		t.Errorf("there are %d posts, want 2: all or nothing", got)
	}
	if a := apply(object{"$type": "com.atproto.repo.applyWrites#delete", "collection": postType, "rkey": "3mfzzzzzzzz2a"}); a.status != 200 {
		t.Errorf("deleting gives %d %s", a.status, a.raw)
	}
	if a := apply(object{"$type": "com.atproto.repo.applyWrites#invent", "collection": postType}); a.status != 400 {
		t.Errorf("an unknown change gives %d %s", a.status, a.raw)
	}
}

func TestListRecordsPages(t *testing.T) {
	n := start(t, emulator.Options{})
	var want []string
	for i := range 5 {
		want = append([]string{n.do(emulator.Deed{By: "north", Do: "post", Text: fmt.Sprint(i)})}, want...)
	}
	var got []string
	params := url.Values{"repo": {"north.test"}, "collection": {postType}, "limit": {"2"}}
	for range 4 {
		a := n.query("", "com.atproto.repo.listRecords", params)
		for _, r := range a.body["records"].([]any) {
			got = append(got, r.(object)["uri"].(string))
		}
		if a.text("cursor") == "" {
			break
		}
		params.Set("cursor", a.text("cursor"))
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %v, want %v", got, want)
	}
}

func pngOf(size int) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, size, size)))
	return b.Bytes()
}

func TestBlobs(t *testing.T) {
	n := start(t, emulator.Options{})
	access, _ := n.signIn("north")
	upload := func(kind string, content []byte) object {
		t.Helper()
		a := n.send("POST", "/xrpc/com.atproto.repo.uploadBlob", access, kind, content)
		if a.status != 200 {
			t.Fatalf("uploading: %d %s", a.status, a.raw)
		}
		return a.body["blob"].(object)
	}
	picture, text := upload("application/octet-stream", pngOf(8)), upload("text/plain", []byte("hello"))
	if picture["mimeType"] != "image/png" {
		t.Errorf("the picture is a %v", picture["mimeType"])
	}
	// The SHA-256 of "hello", as any tool says.
	if cid := text["ref"].(object)["$link"]; cid != "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq" {
		t.Errorf("the CID of hello is %v", cid)
	}
	other := with(picture, object{"ref": object{"$link": "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yer"}})
	fresh := upload("image/png", pngOf(10))
	large := upload("image/png", append(pngOf(8), make([]byte, 2_000_001)...))
	key := 0
	try := func(blob object, alt any) answer {
		key++
		img := object{"image": blob, "alt": alt}
		if alt == nil {
			delete(img, "alt")
		}
		return n.call(access, "com.atproto.repo.putRecord", put("north", fmt.Sprintf("3mfzzzzzzzz2%c", 'a'+key), with(post(""), object{
			"embed": object{"$type": "app.bsky.embed.images", "images": []any{img}}})))
	}
	for _, c := range []struct {
		what string
		got  answer
		want string
	}{
		{"a picture", try(picture, "A square."), ""},
		{"an empty description", try(picture, ""), ""},
		{"no description", try(picture, nil), "InvalidRequest"},
		{"a text as a picture", try(text, "x"), "InvalidRequest"},
		{"too large", try(large, "x"), "InvalidRequest"},
		{"never uploaded", try(other, "x"), "BlobNotFound"},
		{"another size", try(with(fresh, object{"size": 9}), "x"), "InvalidSize"},
		{"another type", try(with(fresh, object{"mimeType": "image/gif"}), "x"), "InvalidMimeType"},
		{"only a link", try(object{"cid": "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq", "mimeType": "image/png"}, "x"), "InvalidRequest"},
	} {
		if c.got.name() != c.want {
			t.Errorf("%s: got %d %s, want %q", c.what, c.got.status, c.got.raw, c.want)
		}
	}
	if n.server.Uploads() != 4 {
		t.Errorf("%d uploads, want 4", n.server.Uploads())
	}
	unused := upload("image/png", pngOf(9))
	n.advance(2 * time.Hour)
	access, _ = n.signIn("north")
	if a := try(unused, "x"); a.name() != "BlobNotFound" {
		t.Errorf("a blob that nothing named for two hours: %d %s", a.status, a.raw)
	}
	if a := try(picture, "x"); a.status != 200 {
		t.Errorf("a blob that a post names: %d %s", a.status, a.raw)
	}
}

func TestBlobsGoWithTheirRecord(t *testing.T) {
	n := start(t, emulator.Options{})
	id := n.do(emulator.Deed{By: "north", Do: "post", Text: "x", Alt: "A meadow."})
	p, _ := n.server.Find(id)
	ref := p.Record["embed"].(object)["images"].([]any)[0].(object)["image"].(object)["ref"].(object)["$link"].(string)
	get := func() int {
		return n.send("GET", "/xrpc/com.atproto.sync.getBlob?did="+emulator.DID("north")+"&cid="+ref, "", "", nil).status
	}
	if got := get(); got != 200 {
		t.Errorf("the picture of a post: %d", got)
	}
	n.do(emulator.Deed{By: "north", Do: "delete", To: id})
	if got := get(); got != 400 {
		t.Errorf("the picture of a deleted post: %d", got)
	}
}

func TestBlobTooLarge(t *testing.T) {
	n := start(t, emulator.Options{})
	access, _ := n.signIn("north")
	if a := n.send("POST", "/xrpc/com.atproto.repo.uploadBlob", access, "image/png", make([]byte, 50<<20+1)); a.status != 413 || a.name() != "PayloadTooLarge" {
		t.Errorf("got %d %s", a.status, a.raw)
	}
}

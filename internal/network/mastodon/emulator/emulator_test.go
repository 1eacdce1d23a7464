package emulator_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network/mastodon/emulator"
	"rapport/internal/network/networktest/wire"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// clock is one that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func start(t *testing.T, o emulator.Options) (*emulator.Server, *clock) {
	t.Helper()
	at := &clock{now: noon}
	o.Now = at.Now
	o.Accounts = append(o.Accounts, emulator.Account{Name: "north", Title: "North Roastery"}, emulator.Account{Name: "south"})
	s, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, at
}

type got struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

// ask sends one request. A body that begins with { or [ is JSON, another one
// a form.
func ask(t *testing.T, h http.Handler, method, path, token, body string, headers ...string) got {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8091"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:4000"
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[") {
		r.Header.Set("Content-Type", "application/json")
	} else if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return got{t, w.Code, w.Header(), w.Body.String()}
}

func (g got) is(status int) got {
	g.t.Helper()
	if g.status != status {
		g.t.Fatalf("got %d, want %d: %s", g.status, status, g.body)
	}
	return g
}

// at reads a field, path/to/it, of the JSON answer.
func (g got) at(path string) any {
	g.t.Helper()
	var v any
	if err := json.Unmarshal([]byte(g.body), &v); err != nil {
		g.t.Fatalf("%v: %s", err, g.body)
	}
	for _, p := range strings.Split(path, "/") {
		m, ok := v.(map[string]any)
		if !ok {
			g.t.Fatalf("no %s in %s", path, g.body)
		}
		v = m[p]
	}
	return v
}

func (g got) text(path string) string {
	s, _ := g.at(path).(string)
	return s
}

func (g got) ids() []string {
	g.t.Helper()
	var list []struct{ ID string }
	if err := json.Unmarshal([]byte(g.body), &list); err != nil {
		g.t.Fatalf("%v: %s", err, g.body)
	}
	out := []string{}
	for _, each := range list {
		out = append(out, each.ID)
	}
	return out
}

const north = "mastodon-north"

func post(t *testing.T, s *emulator.Server, text string) string {
	t.Helper()
	return ask(t, s, "POST", "/api/v1/statuses", north, url.Values{"status": {text}}.Encode()).is(200).text("id")
}

// send uploads a picture and returns the answer.
func upload(t *testing.T, s *emulator.Server, path string, content []byte, fields map[string]string) got {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if content != nil {
		f, _ := m.CreateFormFile("file", "a.png")
		_, _ = f.Write(content)
	}
	for name, v := range fields {
		_ = m.WriteField(name, v)
	}
	_ = m.Close()
	method := "POST"
	if path != "/api/v2/media" {
		method = "PUT"
	}
	return ask(t, s, method, path, north, b.String(), "Content-Type", m.FormDataContentType())
}

func pixel() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 3)))
	return b.Bytes()
}

func TestWhatIsPublished(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       emulator.Status
		content    string
	}{
		{"a form", "status=One%0Atwo%0A%0Athree&language=de-AT&visibility=unlisted",
			emulator.Status{Text: "One\ntwo\n\nthree", Language: "de", Visibility: "unlisted"}, "<p>One<br />two</p><p>three</p>"},
		{"JSON", `{"status":" A & <b> \"q\" ","spoiler_text":"Careful","sensitive":false}`,
			emulator.Status{Text: `A & <b> "q"`, Warning: "Careful", Sensitive: true, Language: "en", Visibility: "public"}, "<p>A &amp; &lt;b&gt; &quot;q&quot;</p>"},
		{"a mention, an address and a tag", `{"status":"Hi @South and @nobody, see https://example.com/a. #Coffee"}`,
			emulator.Status{Text: "Hi @South and @nobody, see https://example.com/a. #Coffee", Language: "en", Visibility: "public"},
			`<p>Hi <span class="h-card" translate="no"><a href="http://127.0.0.1:8091/@south" class="u-url mention">@<span>south</span></a></span> and @nobody, see ` +
				`<a href="https://example.com/a" target="_blank" rel="nofollow noopener" translate="no"><span class="invisible">https://</span><span class="">example.com/a</span><span class="invisible"></span></a>. ` +
				`<a href="http://127.0.0.1:8091/tags/coffee" class="mention hashtag" rel="tag">#<span>Coffee</span></a></p>`},
		{"only a warning", `{"spoiler_text":"Only this","status":""}`,
			emulator.Status{Text: "Only this", Sensitive: true, Language: "en", Visibility: "public"}, "<p>Only this</p>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := start(t, emulator.Options{})
			a := ask(t, s, "POST", "/api/v1/statuses", north, c.body).is(200)
			st, ok := s.Find(a.text("id"))
			if !ok {
				t.Fatal("it cannot be found")
			}
			now := emulator.Status{Text: st.Text, Warning: st.Warning, Sensitive: st.Sensitive, Language: st.Language, Visibility: st.Visibility}
			if !equal(now, c.want) {
				t.Errorf("published %+v\nwant %+v", now, c.want)
			}
			if a.text("content") != c.content {
				t.Errorf("marked up as\n%s\nwant\n%s", a.text("content"), c.content)
			}
		})
	}
}

func equal(a, b emulator.Status) bool {
	return a.Text == b.Text && a.Warning == b.Warning && a.Sensitive == b.Sensitive && a.Language == b.Language && a.Visibility == b.Visibility
}

func TestWhatIsRefused(t *testing.T) {
	long := strings.Repeat("x", 500)
	for _, c := range []struct {
		name, body string
		status     int
		words      string
	}{
		{"nothing", "status=", 422, "Text can't be blank"},
		{"too long", "status=" + long + "y", 422, "character limit of 500 exceeded"},
		{"the warning counts", "status=" + long + "&spoiler_text=y", 422, "character limit of 500 exceeded"},
		{"just right", "status=" + long, 200, ""},
		{"an address counts 23", "status=" + long[:476] + "%20https://example.com/" + long, 200, ""},
		{"an address one too many", "status=" + long[:477] + "%20https://example.com/" + long, 422, "exceeded"},
		{"of a mention only the name counts", "status=" + long[:495] + "%20@abc@a.very.long.example.com", 200, ""},
		{"a family is one character", "status=" + long[:499] + "👩‍👩‍👧", 200, ""},
		{"visibility", "status=a&visibility=secret", 422, "Visibility"},
		{"no text", `{"status":7}`, 422, "status must be a string"},
		{"a list as text", `{"status":["a"]}`, 422, "status must be a string"},
		{"sensitive is no text", `{"status":"a","sensitive":"true"}`, 422, "boolean"},
		{"ids are texts", `{"status":"a","media_ids":[1]}`, 422, "must be a string"},
		{"no JSON", `{"status":`, 400, "parsing"},
		{"unknown media", `{"status":"a","media_ids":["1"]}`, 422, "Media 1 not found"},
		{"five media", `{"status":"a","media_ids":["1","2","3","4","5"]}`, 422, "Cannot attach more than 4 files"},
		{"media and a poll", `{"status":"a","media_ids":["1"],"poll":{"options":["a","b"],"expires_in":300}}`, 422, "Cannot attach"},
		{"a poll of one", `{"status":"a","poll":{"options":["a"],"expires_in":300}}`, 422, "more than one"},
		{"a poll", `{"status":"a","poll":{"options":["a","b"],"expires_in":300,"multiple":true}}`, 200, ""},
		{"no such parent", "status=a&in_reply_to_id=1", 404, "does not appear to exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := start(t, emulator.Options{})
			a := ask(t, s, "POST", "/api/v1/statuses", north, c.body).is(c.status)
			if c.words != "" && !strings.Contains(a.text("error"), c.words) {
				t.Errorf("it says %s, want %q", a.body, c.words)
			}
			published := 0
			if c.status == 200 {
				published = 1
			}
			if n := s.Counts().Published; n != published {
				t.Errorf("%d published, want %d", n, published)
			}
		})
	}
}

func TestWhoMay(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	mine := post(t, s, "Mine.")
	secret := ask(t, s, "POST", "/api/v1/statuses", north, "status=Private&visibility=private").is(200).text("id")
	direct := ask(t, s, "POST", "/api/v1/statuses", north, "status=@south+between+us&visibility=direct").is(200).text("id")
	narrow := grant(t, s, "read:accounts")
	for _, c := range []struct {
		method, path, token string
		status              int
		words               string
	}{
		{"POST", "/api/v1/statuses", "", 401, "The access token is invalid"},
		{"POST", "/api/v1/statuses", "mastodon-nobody", 401, "The access token is invalid"},
		{"GET", "/api/v1/statuses/" + mine, "nonsense", 401, "The access token is invalid"},
		{"GET", "/api/v1/statuses/" + mine, "", 200, ""},
		{"GET", "/api/v1/statuses/" + mine, narrow, 403, "This action is outside the authorized scopes"},
		{"POST", "/api/v1/statuses", narrow, 403, "outside the authorized scopes"},
		{"POST", "/api/v2/media", narrow, 403, "outside the authorized scopes"},
		{"GET", "/api/v1/notifications", narrow, 403, "outside the authorized scopes"},
		{"GET", "/api/v1/accounts/verify_credentials", narrow, 200, ""},
		{"GET", "/api/v1/statuses/" + secret, "", 404, "Record not found"},
		{"GET", "/api/v1/statuses/" + secret, "mastodon-south", 404, "Record not found"},
		{"GET", "/api/v1/statuses/" + secret, north, 200, ""},
		{"GET", "/api/v1/statuses/" + direct, "mastodon-south", 200, ""},
		{"GET", "/api/v1/statuses/" + direct, "", 404, "Record not found"},
		{"PUT", "/api/v1/statuses/" + mine, "mastodon-south", 404, "Record not found"},
		{"DELETE", "/api/v1/statuses/" + mine, "mastodon-south", 404, "Record not found"},
		{"GET", "/api/v1/nothing", north, 404, "Not Found"},
	} {
		t.Run(c.method+" "+c.path+" "+fmt.Sprint(c.status), func(t *testing.T) {
			a := ask(t, s, c.method, c.path, c.token, "").is(c.status)
			if c.words != "" && !strings.Contains(a.text("error"), c.words) {
				t.Errorf("it says %s, want %q", a.body, c.words)
			}
		})
	}
}

// grant signs north in for some scopes, without a browser.
func grant(t *testing.T, s *emulator.Server, scopes string) (token string) {
	t.Helper()
	app := ask(t, s, "POST", "/api/v1/apps", "", url.Values{"client_name": {"Test"}, "redirect_uris": {"https://rapport.example/back"}, "scopes": {scopes}}.Encode()).is(200)
	form := url.Values{"client_id": {app.text("client_id")}, "redirect_uri": {"https://rapport.example/back"}, "response_type": {"code"}, "scope": {scopes},
		"account": {"north"}, "decision": {"allow"}}
	back, err := url.Parse(ask(t, s, "POST", "/oauth/authorize", "", form.Encode()).is(302).header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return ask(t, s, "POST", "/oauth/token", "", url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")},
		"client_id": {app.text("client_id")}, "client_secret": {app.text("client_secret")}, "redirect_uri": {"https://rapport.example/back"}}.Encode()).is(200).text("access_token")
}

func TestKeys(t *testing.T) {
	s, at := start(t, emulator.Options{})
	send := func(text, key string) got {
		return ask(t, s, "POST", "/api/v1/statuses", north, "status="+text, "Idempotency-Key", key)
	}
	first := send("Once", "key-1").is(200).text("id")
	at.Advance(59 * time.Minute)
	if again := send("Other", "key-1").is(200).text("id"); again != first {
		t.Errorf("the key gives %s, first %s", again, first)
	}
	if other := ask(t, s, "POST", "/api/v1/statuses", "mastodon-south", "status=Mine", "Idempotency-Key", "key-1").is(200).text("id"); other == first {
		t.Error("another account's key is taken for this one's")
	}
	at.Advance(2 * time.Minute)
	if later := send("Once", "key-1").is(200).text("id"); later == first {
		t.Error("the key is remembered for more than an hour")
	}
	second := send("Gone", "key-2").is(200).text("id")
	ask(t, s, "DELETE", "/api/v1/statuses/"+second, north, "").is(200)
	send("Gone", "key-2").is(404)
	outcomes := []string{}
	for _, a := range s.Arrivals(0) {
		outcomes = append(outcomes, a.Account+" "+a.Outcome)
	}
	if diff := cmp.Diff([]string{"north published", "north repeated", "south published", "north published", "north published", "north not_found"}, outcomes); diff != "" {
		t.Error(diff)
	}
}

func TestKeysIgnored(t *testing.T) {
	s, _ := start(t, emulator.Options{IgnoreIdempotency: true})
	first := ask(t, s, "POST", "/api/v1/statuses", north, "status=a", "Idempotency-Key", "k").is(200).text("id")
	if again := ask(t, s, "POST", "/api/v1/statuses", north, "status=a", "Idempotency-Key", "k").is(200).text("id"); again == first {
		t.Error("the key was honoured")
	}
	if c := s.Counts(); c.Duplicates != 1 {
		t.Errorf("%d duplicates are counted", c.Duplicates)
	}
	if name := ask(t, s, "GET", "/nodeinfo/2.0", "", "").is(200).text("software/name"); name != "gotosocial" {
		t.Errorf("the software is called %s", name)
	}
}

func TestPaging(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	who := ask(t, s, "GET", "/api/v1/accounts/verify_credentials", north, "").is(200).text("id")
	ids := []string{}
	for i := range 7 {
		ids = append(ids, post(t, s, fmt.Sprint("Number ", i)))
	}
	for _, c := range []struct {
		query    string
		want     []int
		next, to string
	}{
		{"limit=3", []int{6, 5, 4}, "max_id=" + ids[4], "min_id=" + ids[6]},
		{"limit=3&max_id=" + ids[4], []int{3, 2, 1}, "max_id=" + ids[1], "min_id=" + ids[3]},
		{"limit=3&since_id=" + ids[1], []int{6, 5, 4}, "max_id=" + ids[4], "min_id=" + ids[6]},
		{"limit=3&min_id=" + ids[1], []int{4, 3, 2}, "max_id=" + ids[2], "min_id=" + ids[4]},
		{"limit=3&min_id=" + ids[4], []int{6, 5}, "", "min_id=" + ids[6]},
		{"limit=3&min_id=" + ids[6], []int{}, "", ""},
		{"limit=3&min_id=" + ids[0] + "&max_id=" + ids[3], []int{2, 1}, "", "min_id=" + ids[2]},
	} {
		t.Run(c.query, func(t *testing.T) {
			a := ask(t, s, "GET", "/api/v1/accounts/"+who+"/statuses?"+c.query, north, "").is(200)
			want := []string{}
			for _, i := range c.want {
				want = append(want, ids[i])
			}
			if diff := cmp.Diff(want, a.ids()); diff != "" {
				t.Errorf("another page (-want +got):\n%s", diff)
			}
			link := a.header.Get("Link")
			for rel, part := range map[string]string{"next": c.next, "prev": c.to} {
				if strings.Contains(link, `rel="`+rel+`"`) != (part != "") || !strings.Contains(link, part) {
					t.Errorf("Link is %s, want %s for %s", link, part, rel)
				}
			}
		})
	}
	ask(t, s, "GET", "/api/v1/accounts/"+who+"/statuses?limit=", north, "").is(400)
	ask(t, s, "GET", "/api/v1/accounts/"+who+"/statuses?max_id=x", north, "").is(400)
}

func TestLists(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	who := ask(t, s, "GET", "/api/v1/accounts/verify_credentials", north, "").is(200).text("id")
	first := post(t, s, "First")
	theirs, err := s.Say(emulator.Said{By: "mira", Text: "Theirs"})
	if err != nil {
		t.Fatal(err)
	}
	own := ask(t, s, "POST", "/api/v1/statuses", north, "status=On&in_reply_to_id="+first).is(200).text("id")
	reply := ask(t, s, "POST", "/api/v1/statuses", north, "status=@mira+yes&in_reply_to_id="+theirs.ID).is(200).text("id")
	boost := ask(t, s, "POST", "/api/v1/statuses/"+theirs.ID+"/reblog", north, "").is(200).text("id")
	for query, want := range map[string][]string{
		"": {boost, reply, own, first}, "?exclude_reblogs=true": {reply, own, first},
		"?exclude_reblogs=true&exclude_replies=1": {own, first}, "?only_media=true": {}, "?pinned=true": {},
	} {
		if diff := cmp.Diff(want, ask(t, s, "GET", "/api/v1/accounts/"+who+"/statuses"+query, north, "").is(200).ids()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
	several := ask(t, s, "GET", "/api/v1/statuses?id[]="+first+"&id[]=1&id[]="+own, north, "").is(200).ids()
	if diff := cmp.Diff([]string{first, own}, several); diff != "" {
		t.Error(diff)
	}
	ask(t, s, "GET", "/api/v1/statuses?"+strings.Repeat("id[]=1&", 21), north, "").is(422)
}

func TestThread(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	root := post(t, s, "Root")
	say := func(by, text, to string) string {
		st, err := s.Say(emulator.Said{By: by, Text: text, InReplyTo: to})
		if err != nil {
			t.Fatal(err)
		}
		return st.ID
	}
	a := say("mira@elsewhere.example", "A", root)
	b := say("tom", "B", root)
	below := say("tom", "Below A", a)
	thread := func(id string) (up, down []string) {
		ctx := ask(t, s, "GET", "/api/v1/statuses/"+id+"/context", north, "").is(200)
		for _, v := range ctx.at("ancestors").([]any) {
			up = append(up, v.(map[string]any)["id"].(string))
		}
		for _, v := range ctx.at("descendants").([]any) {
			down = append(down, v.(map[string]any)["id"].(string))
		}
		return up, down
	}
	if _, down := thread(root); !slices.Equal(down, []string{a, below, b}) {
		t.Errorf("below the root are %v, want %v", down, []string{a, below, b})
	}
	if up, down := thread(below); !slices.Equal(up, []string{root, a}) || len(down) != 0 {
		t.Errorf("around the last are %v and %v", up, down)
	}
	if err := s.Delete(a); err != nil {
		t.Fatal(err)
	}
	ask(t, s, "GET", "/api/v1/statuses/"+a, north, "").is(404)
	ask(t, s, "GET", "/api/v1/statuses/"+a+"/context", north, "").is(404)
	if up, _ := thread(below); len(up) != 0 {
		t.Errorf("what answered a removed status still has %v above it", up)
	}
}

func TestMedia(t *testing.T) {
	s, at := start(t, emulator.Options{MediaDelay: time.Minute})
	m := upload(t, s, "/api/v2/media", pixel(), map[string]string{"description": "A dot"}).is(202)
	id := m.text("id")
	if m.at("url") != nil {
		t.Errorf("a medium in the works has the address %v", m.at("url"))
	}
	ask(t, s, "GET", "/api/v1/media/"+id, north, "").is(206)
	use := `{"status":"With a picture","media_ids":["` + id + `"]}`
	if a := ask(t, s, "POST", "/api/v1/statuses", north, use).is(422); !strings.Contains(a.text("error"), "Cannot attach files that have not finished processing") {
		t.Errorf("it says %s", a.body)
	}
	at.Advance(time.Minute)
	if a := ask(t, s, "GET", "/api/v1/media/"+id, north, "").is(200); a.at("meta/original/width") != 4.0 || a.text("description") != "A dot" {
		t.Errorf("the medium is %s", a.body)
	}
	upload(t, s, "/api/v1/media/"+id, nil, map[string]string{"description": "A small dot"}).is(200)
	if a := ask(t, s, "POST", "/api/v1/statuses", "mastodon-south", use).is(422); !strings.Contains(a.text("error"), "not found") {
		t.Errorf("another account's medium gives %s", a.body)
	}
	st := ask(t, s, "POST", "/api/v1/statuses", north, use).is(200)
	if diff := cmp.Diff([]string{"A small dot"}, s.Alts(st.text("id"))); diff != "" {
		t.Error(diff)
	}
	ask(t, s, "POST", "/api/v1/statuses", north, use).is(422)
	ask(t, s, "GET", "/api/v1/media/"+id, north, "").is(404)
	if a := ask(t, s, "GET", "/media/"+id, "", "").is(200); a.body != string(pixel()) {
		t.Error("the picture is another one")
	}
	upload(t, s, "/api/v2/media", []byte("not a picture"), nil).is(422)
	upload(t, s, "/api/v2/media", nil, map[string]string{"description": "nothing"}).is(422)
	upload(t, s, "/api/v2/media", pixel(), map[string]string{"description": strings.Repeat("x", 1501)}).is(422)
}

func TestChangedAndRemoved(t *testing.T) {
	s, at := start(t, emulator.Options{})
	id := post(t, s, "Before")
	at.Advance(time.Minute)
	a := ask(t, s, "PUT", "/api/v1/statuses/"+id, north, `{"status":"After","spoiler_text":"cw"}`).is(200)
	if a.text("content") != "<p>After</p>" || a.text("edited_at") != "2026-03-10T12:01:00.000Z" || a.text("spoiler_text") != "cw" {
		t.Errorf("changed to %s", a.body)
	}
	ask(t, s, "PUT", "/api/v1/statuses/"+id, north, `{"status":""}`).is(422)
	if a := ask(t, s, "DELETE", "/api/v1/statuses/"+id, north, "").is(200); a.text("text") != "After" {
		t.Errorf("removed with %s", a.body)
	}
	ask(t, s, "DELETE", "/api/v1/statuses/"+id, north, "").is(404)
}

func TestNotifications(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	mine := post(t, s, "Mine")
	reply, err := s.Say(emulator.Said{By: "mira@elsewhere.example", Text: "Nice.", InReplyTo: mine, Pictures: []emulator.Picture{{Content: pixel(), Alt: "dot"}}})
	if err != nil {
		t.Fatal(err)
	}
	quiet, err := s.Say(emulator.Said{By: "tom", Text: "Quiet.", InReplyTo: mine, Quiet: true})
	for _, err := range []error{err, s.Favourite("tom", mine), s.Favourite("tom", mine), s.Boost("tom", mine), s.Follow("tom", "north"), s.Edit(reply.ID, "@north Very nice.")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	kinds := func(query string) (out []string) {
		var list []struct {
			Type    string
			Status  struct{ Content string }
			Account struct{ Acct, URI string }
		}
		a := ask(t, s, "GET", "/api/v1/notifications"+query, north, "").is(200)
		if err := json.Unmarshal([]byte(a.body), &list); err != nil {
			t.Fatal(err)
		}
		for _, n := range list {
			out = append(out, n.Type+" "+n.Account.Acct)
		}
		return out
	}
	if diff := cmp.Diff([]string{"follow tom", "reblog tom", "favourite tom", "mention mira@elsewhere.example"}, kinds("")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"mention mira@elsewhere.example"}, kinds("?types[]=mention&types[]=poll")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"follow tom", "mention mira@elsewhere.example"}, kinds("?exclude_types[]=favourite&exclude_types[]=reblog")); diff != "" {
		t.Error(diff)
	}
	ask(t, s, "GET", "/api/v1/notifications?types[]=shout", north, "").is(422)
	if a := ask(t, s, "GET", "/api/v1/statuses/"+mine, "", "").is(200); a.at("replies_count") != 2.0 || a.at("favourites_count") != 1.0 || a.at("reblogs_count") != 1.0 {
		t.Errorf("the counts are wrong: %s", a.body)
	}
	if st, _ := s.Find(quiet.ID); st.Text != "Quiet." {
		t.Errorf("a quiet answer says %q", st.Text)
	}
	if err := s.Delete(reply.ID); err != nil {
		t.Fatal(err)
	}
	if got := kinds("?types[]=mention"); len(got) != 0 {
		t.Errorf("a removed status is still notified: %v", got)
	}
}

func TestRateLimits(t *testing.T) {
	s, at := start(t, emulator.Options{})
	for range 300 {
		ask(t, s, "GET", "/api/v1/accounts/verify_credentials", north, "").is(200)
	}
	over := ask(t, s, "GET", "/api/v1/accounts/verify_credentials", north, "").is(429)
	if over.text("error") != "Too many requests" || over.header.Get("X-RateLimit-Remaining") != "0" || over.header.Get("X-RateLimit-Reset") != "2026-03-10T12:05:00.000000Z" {
		t.Errorf("it says %s with %v", over.body, over.header)
	}
	ask(t, s, "GET", "/api/v1/accounts/verify_credentials", "mastodon-south", "").is(200)
	at.Advance(5 * time.Minute)
	ask(t, s, "GET", "/api/v1/accounts/verify_credentials", north, "").is(200)
}

// serve runs the server on a port of its own until the test ends.
func serve(t *testing.T, s *emulator.Server) string {
	t.Helper()
	l, err := emulator.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

// listen opens a stream and returns what comes, event by event.
func listen(t *testing.T, base, path, token string) func() (event, data string) {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), "GET", base+path, nil)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("the stream answers %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	lines.Scan() // the greeting: the server is listening now
	return func() (event, data string) {
		for lines.Scan() {
			switch line := lines.Text(); {
			case line == ":thump":
				return "thump", ""
			case strings.HasPrefix(line, "event: "):
				event = line[7:]
			case strings.HasPrefix(line, "data: "):
				return event, line[6:]
			}
		}
		return "end", ""
	}
}

func TestStreaming(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	base := serve(t, s)
	mine := post(t, s, "Mine")
	all, notes := listen(t, base, "/api/v1/streaming/user", north), listen(t, base, "/api/v1/streaming/user/notification", north)
	reply, err := s.Say(emulator.Said{By: "mira", Text: "Hello.", InReplyTo: mine})
	if err != nil {
		t.Fatal(err)
	}
	for _, next := range []func() (string, string){all, notes} {
		event, data := next()
		var n struct {
			Type   string
			Status struct{ ID string }
		}
		if err := json.Unmarshal([]byte(data), &n); err != nil || event != "notification" || n.Type != "mention" || n.Status.ID != reply.ID {
			t.Errorf("got %s %s, %v", event, data, err)
		}
	}
	own := post(t, s, "Another")
	if event, data := all(); event != "update" || !strings.Contains(data, own) {
		t.Errorf("got %s %s", event, data)
	}
	ask(t, s, "PUT", "/api/v1/statuses/"+own, north, "status=Changed").is(200)
	if event, data := all(); event != "status.update" || !strings.Contains(data, "Changed") {
		t.Errorf("got %s %s", event, data)
	}
	if err := s.Delete(reply.ID); err != nil {
		t.Fatal(err)
	}
	if event, data := all(); event != "delete" || data != reply.ID {
		t.Errorf("got %s %s", event, data)
	}
	if n := s.DropStreams(); n != 2 {
		t.Errorf("%d streams were dropped, want 2", n)
	}
	if event, _ := all(); event != "end" {
		t.Errorf("a dropped stream goes on with %s", event)
	}
}

func TestStreamsAreKeptWarmAndEndWithTheToken(t *testing.T) {
	s, _ := start(t, emulator.Options{Heartbeat: time.Millisecond})
	next := listen(t, serve(t, s), "/api/v1/streaming/user", north)
	if event, _ := next(); event != "thump" {
		t.Errorf("got %s, want a heartbeat", event)
	}
	if n := s.RevokeTokens("north"); n != 1 {
		t.Errorf("%d tokens were revoked", n)
	}
	event := ""
	for event = "thump"; event == "thump"; event, _ = next() {
	}
	if event != "end" {
		t.Errorf("the stream of a revoked token goes on with %s", event)
	}
	if a := ask(t, s, "GET", "/api/v1/accounts/verify_credentials", north, "").is(401); a.text("error") != "The access token was revoked" {
		t.Errorf("it says %s", a.body)
	}
}

func TestStreamsRefuse(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	for token, words := range map[string]string{"": "Missing access token", "nonsense": "Invalid access token", grant(t, s, "read:accounts"): "does not have the required scopes"} {
		if a := ask(t, s, "GET", "/api/v1/streaming/user", token, "").is(401); !strings.Contains(a.text("error"), words) {
			t.Errorf("it says %s, want %q", a.body, words)
		}
	}
	if a := ask(t, s, "GET", "/api/v1/streaming/health", "", "").is(200); a.body != "OK" {
		t.Errorf("health is %q", a.body)
	}
}

func TestFaults(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	base := serve(t, s)
	read := func(path string) (int, string, error) {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", base+path, nil)
		req.Header.Set("Authorization", "Bearer "+north)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body), err
	}
	order := func(f wire.Fault) {
		s.ClearFaults()
		if err := s.Order(f); err != nil {
			t.Fatal(err)
		}
	}
	order(wire.Fault{Kind: wire.Status, Status: 503, RetryAfter: "7", Path: "/api/v1/notifications", Account: "north"})
	if status, body, err := read("/api/v1/notifications"); status != 503 || !strings.HasPrefix(body, `{"error":"`) || err != nil {
		t.Errorf("got %d %s %v", status, body, err)
	}
	if status, _, _ := read("/api/v2/instance"); status != 200 {
		t.Errorf("another path suffers: %d", status)
	}
	order(wire.Fault{Kind: wire.ResetBefore, Path: "/oauth/*"})
	if _, _, err := read("/oauth/authorize"); err == nil {
		t.Error("a reset gives an answer")
	}
	order(wire.Fault{Kind: wire.Half, Path: "/api/v1/streaming/*"})
	if _, _, err := read("/api/v1/streaming/user"); err == nil {
		t.Error("half a stream ends well")
	}
	order(wire.Fault{Kind: wire.ResetAfter, Method: "POST", Path: "/api/v1/statuses"})
	req, _ := http.NewRequest("POST", base+"/api/v1/statuses", strings.NewReader("status=Under+a+fault"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+north)
	if _, err := http.DefaultClient.Do(req); err == nil {
		t.Error("a reset gives an answer")
	}
	if err := s.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if a := s.Arrivals(0); len(a) != 1 || a[0].Outcome != wire.Published || a[0].Fault != wire.ResetAfter || a[0].Account != "north" {
		t.Errorf("the record says %+v", a)
	}
}

package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/network/demo/emulator"
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

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func start(t *testing.T, o emulator.Options) (*emulator.Server, *clock) {
	t.Helper()
	c := &clock{now: noon}
	o.Now = c.Now
	if o.Accounts == nil {
		o.Accounts = []emulator.Account{{Name: "north"}, {Name: "south", TextLimit: 20}}
	}
	s, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, c
}

type answer struct {
	status int
	header http.Header
	body   string
}

// field reads one member of a JSON answer, "a.b" for one within another.
func (a answer) field(path string) string {
	var at any
	if json.Unmarshal([]byte(a.body), &at) != nil {
		return "no JSON"
	}
	for name := range strings.SplitSeq(path, ".") {
		in, _ := at.(map[string]any)
		at = in[name]
	}
	if at == nil {
		return ""
	}
	return fmt.Sprint(at)
}

func call(s http.Handler, method, path, token, key, body string) answer {
	req := httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body))
	req.RemoteAddr = "127.0.0.1:50000"
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return send(s, req)
}

func send(s http.Handler, req *http.Request) answer {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	return answer{w.Code, w.Header(), w.Body.String()}
}

func publish(t *testing.T, s http.Handler, key, text string) string {
	t.Helper()
	got := call(s, "POST", "/v1/posts", "demo-north", key, `{"text":`+quoted(text)+`}`)
	if got.status != http.StatusCreated {
		t.Fatalf("publish: %d %s", got.status, got.body)
	}
	return got.field("id")
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func pixel() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2)))
	return b.Bytes()
}

func upload(s http.Handler, token string, content []byte, alt string) answer {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.WriteField("alt", alt)
	f, _ := w.CreateFormFile("file", "a.png")
	_, _ = f.Write(content)
	_ = w.Close()
	req := httptest.NewRequest("POST", "/v1/media", &b)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", w.FormDataContentType())
	return send(s, req)
}

func TestRefusals(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	mine := upload(s, "demo-north", pixel(), "A pixel").field("id")
	for _, c := range []struct {
		name, token, body string
		status            int
		code              string
	}{
		{"no token", "", `{"text":"a"}`, 401, "unauthorized"},
		{"an unknown account", "demo-nobody", `{"text":"a"}`, 401, "unauthorized"},
		{"nothing in it", "demo-north", `{"text":"  "}`, 422, "empty"},
		{"no JSON", "demo-north", `text`, 400, "bad_json"},
		{"501 characters", "demo-north", `{"text":"` + strings.Repeat("a", 501) + `"}`, 422, "text_too_long"},
		{"another limit", "demo-south", `{"text":"` + strings.Repeat("a", 21) + `"}`, 422, "text_too_long"},
		{"five pictures", "demo-north", `{"text":"a","media":["1","2","3","4","5"]}`, 422, "too_many_images"},
		{"an unknown picture", "demo-north", `{"text":"a","media":["m1"]}`, 422, "media_unknown"},
		{"a picture of another account", "demo-south", `{"text":"a","media":["` + mine + `"]}`, 422, "media_unknown"},
		{"a reply to nothing", "demo-north", `{"text":"a","in_reply_to":"77"}`, 422, "parent_unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := call(s, "POST", "/v1/posts", c.token, "", c.body)
			if got.status != c.status || got.field("error.code") != c.code {
				t.Errorf("got %d %s, want %d %s", got.status, got.body, c.status, c.code)
			}
		})
	}
	if n := s.Counts().Published; n != 0 {
		t.Errorf("%d posts were published", n)
	}
}

func TestFamiliesAreOneCharacter(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	publish(t, s, "k", strings.Repeat("👩‍👩‍👧", 500))
}

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		name      string
		ignore    bool
		published int
		found     int
	}{{"honoured", false, 1, 200}, {"ignored", true, 2, 501}} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := start(t, emulator.Options{IgnoreIdempotency: c.ignore})
			for range 2 {
				call(s, "POST", "/v1/posts", "demo-north", "key-1", `{"text":"Hello."}`)
			}
			if got := s.Counts(); got.Published != c.published || got.Keys["key-1"] != c.published || got.Duplicates != c.published-1 {
				t.Errorf("counts are %+v", got)
			}
			if got := call(s, "GET", "/v1/posts?key=key-1", "demo-north", "", ""); got.status != c.found {
				t.Errorf("looking the key up gives %d", got.status)
			}
			if got := call(s, "GET", "/v1/account", "demo-north", "", "").field("idempotency"); got != c.name {
				t.Errorf("the facts say %q", got)
			}
		})
	}
}

func TestAKeyBelongsToItsAccount(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	publish(t, s, "key-1", "Hello.")
	if got := call(s, "POST", "/v1/posts", "demo-south", "key-1", `{"text":"Hello."}`); got.status != http.StatusCreated {
		t.Errorf("the same key of another account gives %d", got.status)
	}
}

func TestARemovedPostDoesNotComeBack(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	id := publish(t, s, "key-1", "Hello.")
	for i, want := range []int{200, 404} {
		if got := call(s, "DELETE", "/v1/posts/"+id, "demo-north", "", ""); got.status != want {
			t.Errorf("removal %d gives %d, want %d", i+1, got.status, want)
		}
	}
	if got := call(s, "POST", "/v1/posts", "demo-north", "key-1", `{"text":"Hello."}`); got.status != http.StatusConflict {
		t.Errorf("repeating it gives %d, want 409", got.status)
	}
	if got := call(s, "GET", "/@north/"+id, "", "", ""); got.status != http.StatusNotFound {
		t.Errorf("its page gives %d, want 404", got.status)
	}
}

func TestRateLimit(t *testing.T) {
	s, at := start(t, emulator.Options{PostsPerMinute: 2})
	at.advance(20 * time.Second)
	publish(t, s, "1", "One.")
	publish(t, s, "2", "Two.")
	got := call(s, "POST", "/v1/posts", "demo-north", "3", `{"text":"Three."}`)
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "40" {
		t.Errorf("got %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	if got := call(s, "POST", "/v1/posts", "demo-north", "1", `{"text":"One."}`); got.status != http.StatusOK {
		t.Errorf("a repeated key counts against the limit: %d", got.status)
	}
	at.advance(40 * time.Second)
	publish(t, s, "3", "Three.")
}

func TestPictures(t *testing.T) {
	s, at := start(t, emulator.Options{MediaDelay: time.Minute})
	if got := upload(s, "demo-north", []byte("<svg/>"), ""); got.field("error.code") != "media_type" {
		t.Errorf("an SVG gives %s", got.body)
	}
	if got := upload(s, "demo-north", pixel(), strings.Repeat("a", 1501)); got.field("error.code") != "alt_too_long" {
		t.Errorf("a long description gives %s", got.body)
	}
	m := upload(s, "demo-north", pixel(), "A pixel")
	if m.status != http.StatusAccepted || m.field("state") != "processing" {
		t.Fatalf("upload: %d %s", m.status, m.body)
	}
	post := `{"text":"Look.","media":["` + m.field("id") + `"]}`
	if got := call(s, "POST", "/v1/posts", "demo-north", "1", post); got.field("error.code") != "media_processing" {
		t.Errorf("a post too early gives %s", got.body)
	}
	at.advance(time.Minute)
	if got := call(s, "GET", "/v1/media/"+m.field("id"), "demo-north", "", "").field("state"); got != "ready" {
		t.Errorf("after its time the picture is %q", got)
	}
	if got := call(s, "POST", "/v1/posts", "demo-north", "1", post); got.status != http.StatusCreated {
		t.Errorf("the post gives %s", got.body)
	}
	if got := call(s, "GET", "/media/"+m.field("id"), "", "", ""); got.header.Get("Content-Type") != "image/png" || got.body != string(pixel()) {
		t.Errorf("the picture is served as %s", got.header.Get("Content-Type"))
	}
}

func TestAutoAccounts(t *testing.T) {
	s, _ := start(t, emulator.Options{AutoAccounts: true})
	if got := call(s, "GET", "/v1/account", "demo-bench-07", "", "").field("handle"); got != "bench-07" {
		t.Errorf("the new account is %q", got)
	}
	if got := call(s, "GET", "/v1/account", "demo-Not A Name", "", ""); got.status != http.StatusUnauthorized {
		t.Errorf("a wrong name gives %d", got.status)
	}
}

func TestAChangedAccountKeepsTheRest(t *testing.T) {
	s, _ := start(t, emulator.Options{Accounts: []emulator.Account{{Name: "north", Title: "North", TextLimit: 40, Followers: 70}}})
	if err := s.SetAccount(emulator.Account{Name: "north", Title: "North & Co"}); err != nil {
		t.Fatal(err)
	}
	got := call(s, "GET", "/v1/account", "demo-north", "", "")
	if got.field("name") != "North & Co" || got.field("limits.text") != "40" || got.field("followers") != "70" {
		t.Errorf("the account is %s", got.body)
	}
}

func TestListIsNewestFirstFromSince(t *testing.T) {
	s, at := start(t, emulator.Options{})
	var ids []string
	for i := range 3 {
		ids = append(ids, publish(t, s, fmt.Sprint(i), fmt.Sprint("Post ", i)))
		at.advance(time.Minute)
	}
	since := noon.Add(time.Minute).Format(time.RFC3339Nano)
	var got struct{ Posts []struct{ ID string } }
	if err := json.Unmarshal([]byte(call(s, "GET", "/v1/accounts/north/posts?since="+since, "demo-north", "", "").body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Posts) != 2 || got.Posts[0].ID != ids[2] || got.Posts[1].ID != ids[1] {
		t.Errorf("got %+v of %v", got, ids)
	}
}

func TestAudience(t *testing.T) {
	s, at := start(t, emulator.Options{Accounts: []emulator.Account{{Name: "north", Followers: 50_000}}})
	id := publish(t, s, "1", "What do you read on the train these days? Tell us.")
	var last emulator.Numbers
	for _, age := range []time.Duration{0, time.Hour, 6 * time.Hour, 24 * time.Hour, 30 * 24 * time.Hour} {
		when := noon.Add(age)
		first, _ := s.NumbersAt(id, when)
		again, _ := s.NumbersAt(id, when)
		if first != again {
			t.Errorf("the same instant gives %+v and %+v", first, again)
		}
		if first.Views < last.Views || first.Likes < last.Likes || first.Shares < last.Shares || first.Comments < last.Comments {
			t.Errorf("after %s there is less than before: %+v, before %+v", age, first, last)
		}
		last = first
	}
	day, _ := s.NumbersAt(id, noon.Add(24*time.Hour))
	if last.Views == 0 || day.Views*10 < last.Views*8 {
		t.Errorf("a day brings %d of %d views, want most of them", day.Views, last.Views)
	}
	if _, there := s.NumbersAt(id, noon.Add(-time.Second)); there {
		t.Error("there are numbers before the post")
	}
	at.advance(24 * time.Hour)
	if got := call(s, "GET", "/v1/posts/"+id+"/numbers", "demo-north", "", "").field("views"); got != fmt.Sprint(day.Views) {
		t.Errorf("the API says %s views, want %d", got, day.Views)
	}
}

func TestComments(t *testing.T) {
	s, at := start(t, emulator.Options{Accounts: []emulator.Account{{Name: "north", Followers: 90_000}}})
	id := publish(t, s, "1", "What do you read on the train these days? Tell us.")
	at.advance(48 * time.Hour)
	n, _ := s.NumbersAt(id, at.Now())
	var got struct{ Comments []emulator.Comment }
	if err := json.Unmarshal([]byte(call(s, "GET", "/v1/posts/"+id+"/comments", "demo-north", "", "").body), &got); err != nil {
		t.Fatal(err)
	}
	// What was taken back is counted, and listed no more.
	if listed, counted := len(got.Comments), int(min(n.Comments, 200)); listed == 0 || listed > counted || listed*10 < counted*9 {
		t.Fatalf("%d comments are listed and %d counted", listed, counted)
	}
	before := noon
	for _, c := range got.Comments {
		if c.At.Before(before) || c.At.After(at.Now()) {
			t.Errorf("comment %s is dated %s", c.ID, c.At)
		}
		before = c.At
	}
	reply := call(s, "POST", "/v1/posts", "demo-north", "2", `{"text":"Thank you.","in_reply_to":"`+got.Comments[0].ID+`"}`)
	if reply.status != http.StatusCreated || reply.field("root") != id {
		t.Errorf("answering a comment gives %d %s", reply.status, reply.body)
	}
	if got := call(s, "POST", "/v1/posts", "demo-north", "3", `{"text":"Hm.","in_reply_to":"`+id+`-c9999"}`); got.status != 422 {
		t.Errorf("answering a comment that is not there gives %d", got.status)
	}
}

func TestFollowersGrowSlowly(t *testing.T) {
	s, _ := start(t, emulator.Options{Accounts: []emulator.Account{{Name: "north", Followers: 5000}}})
	last := int64(5000)
	for day := range 365 {
		n := s.FollowersAt("north", noon.AddDate(0, 0, day))
		if n < last {
			t.Fatalf("day %d: %d followers after %d", day, n, last)
		}
		last = n
	}
	if last <= 5000 || last > 15_000 {
		t.Errorf("a year makes %d of 5000", last)
	}
}

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo", "journal.jsonl")
	before, _ := start(t, emulator.Options{Journal: path})
	m := upload(before, "demo-north", pixel(), "A pixel").field("id")
	kept := call(before, "POST", "/v1/posts", "demo-north", "key-1", `{"text":"Kept.","media":["`+m+`"]}`).field("id")
	gone := publish(t, before, "key-2", "Removed.")
	call(before, "DELETE", "/v1/posts/"+gone, "demo-north", "", "")
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	// What a killed process leaves behind: half a line.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(f, `{"post":{"id":"9`)
	f.Close()

	after, _ := start(t, emulator.Options{Journal: path})
	if got := call(after, "POST", "/v1/posts", "demo-north", "key-1", `{"text":"Kept."}`); got.status != 200 || got.field("id") != kept {
		t.Errorf("repeating the key after a restart gives %d %s", got.status, got.body)
	}
	if got := call(after, "POST", "/v1/posts", "demo-north", "key-2", `{"text":"Removed."}`); got.status != http.StatusConflict {
		t.Errorf("repeating the removed one gives %d", got.status)
	}
	if got := call(after, "GET", "/media/"+m, "", "", ""); got.body != string(pixel()) {
		t.Error("the picture is lost")
	}
	next := publish(t, after, "key-3", "Next.")
	if err := after.Close(); err != nil {
		t.Fatal(err)
	}
	third, _ := start(t, emulator.Options{Journal: path})
	if _, ok := third.Find(next); !ok || next == kept || next == gone {
		t.Errorf("the post %s after the restart is lost or took an old id", next)
	}
}

func TestABrokenJournalIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	if err := os.WriteFile(path, []byte("{\"post\":{\"id\":\"1\"}}\nnonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := emulator.New(emulator.Options{Journal: path}); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got error %v, want one about line 2", err)
	}
}

func TestSeed(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	past := []emulator.Past{
		{ID: "a", Account: "north", Text: "Last year.", PublishedAt: noon.AddDate(-1, 0, 0), Key: "key-a",
			Pictures: []emulator.PastPicture{{Mime: "image/png", Alt: "A pixel", Content: pixel()}}},
		{ID: "b", Account: "north", Text: "And on.", InReplyTo: "a", PublishedAt: noon.AddDate(-1, 0, 1)},
	}
	for range 2 {
		if err := s.Seed(past...); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := s.Find("b")
	want := emulator.Post{ID: "b", Account: "north", Text: "And on.", InReplyTo: "a", Root: "a", PublishedAt: noon.AddDate(-1, 0, 1)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("seeded otherwise:\n%s", diff)
	}
	if n := s.Uploads(); n != 1 {
		t.Errorf("seeding twice makes %d pictures", n)
	}
	if len(s.Arrivals(0)) != 0 {
		t.Error("seeding counts as arrivals")
	}
	if err := s.Seed(emulator.Past{ID: "c", Account: "nobody"}); err == nil {
		t.Error("a post of no account is taken")
	}
}

func TestPages(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	id := publish(t, s, "1", `<script>alert(1)</script> see https://example.com/a?b=1. #tag`)
	for i := range 35 {
		publish(t, s, fmt.Sprint("more-", i), fmt.Sprint("Number ", i))
	}
	for _, c := range []struct {
		path   string
		status int
		holds  string
	}{
		{"/", 200, "Number 34"},
		{"/", 200, "36 posts by 2 accounts"},
		{"/@north", 200, "Older posts"},
		{"/@north/" + id, 200, "&lt;script&gt;"},
		{"/@north/" + id, 200, `href="https://example.com/a?b=1"`},
		{"/@south", 200, "Nothing has been posted yet"},
		{"/@south/" + id, 404, "nothing here"},
		{"/@nobody", 404, "nothing here"},
		{"/north", 404, "nothing here"},
		{"/avatar/north.svg", 200, "<svg"},
		{"/page/demo.css", 200, "--paper"},
	} {
		t.Run(c.path+" "+c.holds, func(t *testing.T) {
			got := call(s, "GET", c.path, "", "", "")
			if got.status != c.status || !strings.Contains(got.body, c.holds) {
				t.Errorf("got %d, want %d with %q:\n%s", got.status, c.status, c.holds, got.body)
			}
			html := strings.HasPrefix(got.header.Get("Content-Type"), "text/html")
			if html && !strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Error("the page has no strict policy")
			}
			if html && !strings.Contains(got.body, "Demo network") {
				t.Error("the page does not say that it is the demo network")
			}
		})
	}
}

func TestControl(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	if got := call(s, "POST", "/_emulator/faults", "", "", `{"kind":"status","status":503,"path":"/v1/posts","method":"POST","account":"north","times":1}`); got.status != 201 {
		t.Fatalf("ordering gives %d %s", got.status, got.body)
	}
	for _, bad := range []string{`{"kind":"gremlin"}`, `{"kind":"status"}`, `{"kind":"reset_before","tmies":1}`, `no`} {
		if got := call(s, "POST", "/_emulator/faults", "", "", bad); got.status != 400 {
			t.Errorf("ordering %s gives %d", bad, got.status)
		}
	}
	if got := call(s, "POST", "/v1/posts", "demo-south", "1", `{"text":"Hello."}`); got.status != 201 {
		t.Errorf("the fault strikes another account: %d", got.status)
	}
	if got := call(s, "POST", "/v1/posts", "demo-north", "2", `{"text":"Hello."}`); got.status != 503 {
		t.Errorf("the fault does not strike: %d", got.status)
	}
	publish(t, s, "2", "Hello.")
	if got := call(s, "GET", "/_emulator/counts", "", "", ""); got.field("arrivals") != "3" || got.field("published") != "2" || got.field("duplicates") != "0" {
		t.Errorf("counts are %s", got.body)
	}
	var record struct{ Arrivals []wire.Arrival }
	if err := json.Unmarshal([]byte(call(s, "GET", "/_emulator/arrivals?since=1", "", "", "").body), &record); err != nil {
		t.Fatal(err)
	}
	if a := record.Arrivals; len(a) != 2 || a[0].Fault != wire.Status || a[0].Outcome == wire.Published || a[1].Outcome != wire.Published || a[1].Key != "2" || a[1].Account != "north" {
		t.Errorf("arrivals are %+v", record.Arrivals)
	}
	call(s, "DELETE", "/_emulator/arrivals", "", "", "")
	if got := s.Counts(); got.Arrivals != 0 {
		t.Errorf("%d arrivals are left", got.Arrivals)
	}
	if got := call(s, "POST", "/_emulator/accounts", "", "", `{"name":"west","text_limit":40}`); got.status != 204 {
		t.Errorf("making an account gives %d %s", got.status, got.body)
	}
	if got := call(s, "GET", "/v1/account", "demo-west", "", "").field("limits.text"); got != "40" {
		t.Errorf("its limit is %s", got)
	}
}

func TestControlIsForThisMachine(t *testing.T) {
	s, _ := start(t, emulator.Options{})
	for name, change := range map[string]func(*http.Request){
		"from outside":       func(r *http.Request) { r.RemoteAddr = "203.0.113.5:4000" },
		"by another name":    func(r *http.Request) { r.Host = "rebound.example" },
		"from another site":  func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"from another place": func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
	} {
		t.Run(name, func(t *testing.T) {
			req := httptest.NewRequest("POST", "http://127.0.0.1/_emulator/faults", strings.NewReader(`{"kind":"silent"}`))
			req.RemoteAddr = "127.0.0.1:4000"
			change(req)
			if got := send(s, req); got.status != http.StatusForbidden {
				t.Errorf("got %d, want 403", got.status)
			}
		})
	}
}

// BenchmarkPublish is the network's own cost of a post, without a socket.
func BenchmarkPublish(b *testing.B) {
	s, err := emulator.New(emulator.Options{AutoAccounts: true})
	if err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		i++
		got := call(s, "POST", "/v1/posts", fmt.Sprint("demo-", i%100), fmt.Sprint("key-", i), `{"text":"A post about the morning. #morning https://example.com/a"}`)
		if got.status != http.StatusCreated {
			b.Fatal(got.body)
		}
	}
}

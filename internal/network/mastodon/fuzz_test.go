package mastodon_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"rapport/internal/network"
	"rapport/internal/network/mastodon"
)

// FuzzPlain: whatever markup comes, the text is bounded, valid, tidy, and what
// was a script stays out of it.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"<p>a</p>", `<a href="https://a.example">b`, "a <a href='http://b.c'><p>x</a>", "<script>alert(1)</script>", "<p>" + strings.Repeat("<b>", 1000),
		"<pre>\n\n", "&#0;&#x110000;&amp", "<!--", "<![CDATA[x]]>", "\xff\xfe", "<li><li>", "<img alt='\u202e'>", strings.Repeat("<a href=http://b.c>x</a>", 500)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, markup string) {
		got := mastodon.Plain(markup)
		if len(got) > network.MostText || !utf8.ValidString(got) {
			t.Errorf("%d bytes, valid %t", len(got), utf8.ValidString(got))
		}
		if strings.Contains(got, "\n\n\n") || got != strings.Trim(got, "\n ") || strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
			t.Errorf("not tidy: %q", got)
		}
		if strings.Contains(mastodon.Plain("<script>needle</script>"+markup+"<style>needle</style>"), "needle") && !strings.Contains(markup, "needle") && !strings.Contains(markup, "<") {
			t.Errorf("a script is shown: %q", markup)
		}
	})
}

// FuzzAnswers: whatever a server answers to any call, an error has a verdict
// and clean words, and what is taken from it is bounded.
func FuzzAnswers(f *testing.F) {
	const status = `{"id":"1","uri":"https://a.example/1","url":"https://a.example/@jo/1","created_at":"2026-03-10T09:00:00.000Z","content":"<p>x</p>","spoiler_text":"","visibility":"public","account":{"id":"7","username":"jo","acct":"jo","url":"https://a.example/@jo"},"media_attachments":[{"id":"2","type":"image","url":"https://a.example/x.png","meta":{"original":{"width":1e9,"height":-1}}}],"mentions":[{"id":"7","url":"https://a.example/@jo"}]}`
	for _, body := range []string{status, "[" + status + "]", `[{"id":"5","type":"mention","created_at":"2026-03-10T09:00:00.000Z","status":` + status + `}]`,
		`{"ancestors":[` + status + `],"descendants":[` + status + `]}`, `[{"id":5}]`, `[null]`, `[[]]`, `{"id":1}`, `null`, `"`, "", "[", `{"error":"No ` + token + `"}`, `{"error":{"a":1}}`,
		`{"id":"1","username":"north","configuration":{"statuses":{"max_characters":1e99}}}`, `{"id":"../..","username":"x"}`,
		`{"access_token":"a\nb","token_type":"Bearer"}`, `{"links":[{"rel":"http://nodeinfo.diaspora.software/ns/schema/2.0","href":"::"}]}`, "event: notification\ndata: {}\n\n:thump\n"} {
		for _, code := range []int{200, 202, 206, 302, 401, 403, 404, 422, 429, 500} {
			f.Add(code, body, "3", "2026-03-10T09:05:00Z")
		}
	}
	f.Add(429, "", "-9223372036854775808", "9999-99-99T00:00:00Z")
	f.Add(429, "", "Tue, 10 Mar 2026 09:00:00 GMT", "")
	var code atomic.Int64
	var body, after, reset atomic.Value
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Retry-After"], w.Header()["X-Ratelimit-Reset"] = []string{after.Load().(string)}, []string{reset.Load().(string)}
		if strings.Contains(r.URL.Path, "streaming") {
			w.Header().Set("Content-Type", "text/event-stream")
		}
		w.WriteHeader(int(code.Load()))
		_, _ = io.WriteString(w, body.Load().(string))
	}))
	f.Cleanup(web.Close)
	n := mastodon.New(client(f))
	to := network.Target{Server: web.URL, AccountID: "7", Credential: network.Credential{"token": token}}
	f.Fuzz(func(t *testing.T, status int, answer, wait, until string) {
		status = 200 + (status%400+400)%400
		code.Store(int64(status))
		body.Store(answer)
		after.Store(header(wait))
		reset.Store(header(until))
		everyCall(t, n, to, func(name string, err error) {
			if err != nil {
				judge(t, name, status, err)
			}
		})
	})
}

// header is what of s can stand in a header; the rest breaks the connection,
// which is the transport's matter.
func header(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}

// everyCall makes each call once and judges what it returns without an error.
func everyCall(t *testing.T, n *mastodon.Network, to network.Target, judge func(string, error)) {
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	p := network.Prepared{Handle: "seed", Record: []byte(`{"post":{"status":"x"},"known":true}`)}
	receipt, err := n.Commit(ctx, to, p)
	if err == nil && (receipt.Ref.ID == "" || receipt.URL == "") {
		t.Errorf("a receipt without an id: %+v", receipt)
	}
	judge("commit", err)
	_, err = n.Connect(ctx, to.Server, to.Credential)
	judge("connect", err)
	found, err := n.Lookup(ctx, to, p)
	if err == nil && found.Presence == network.Present && found.Receipt.Ref.ID == "" {
		t.Error("present without an id")
	}
	judge("lookup", err)
	_, err = n.Prepare(ctx, to, network.Item{Text: "x", Parent: &network.Ref{ID: "1"}}, "seed", network.Prepared{})
	judge("prepare", err)
	heard, err := n.Hear(ctx, to, "", time.Time{})
	bounded(t, heard.Messages)
	judge("hear", err)
	if err == nil {
		again, err := n.Hear(ctx, to, heard.Next, time.Time{})
		bounded(t, again.Messages)
		judge("hear on", err)
	}
	all, _, err := n.Thread(ctx, to, network.Ref{ID: "1"})
	bounded(t, all)
	judge("thread", err)
	_, _, err = n.Recheck(ctx, to, []network.Ref{{ID: "1"}, {ID: "2"}})
	judge("recheck", err)
	posts, next, err := n.History(ctx, to, "1")
	if next == "1" {
		t.Error("history turns in a circle")
	}
	for _, one := range posts {
		bounded(t, []network.Message{one.Message})
	}
	judge("history", err)
	_, err = n.Measure(ctx, to, []network.Ref{{ID: "1"}})
	judge("measure", err)
	_, err = n.MeasureAccount(ctx, to)
	judge("measure account", err)
	judge("stream", n.Stream(ctx, to, func() {}))
	judge("remove", n.Remove(ctx, to, network.Ref{ID: "1"}))
	a, err := n.Authorize(ctx, to.Server, back, "state", network.Credential{"client_id": "x", "client_secret": "y", "redirect": back, "scopes": "read write:statuses write:media"})
	judge("authorize", err)
	if err == nil {
		_, err = n.Complete(ctx, a, back, "code")
		judge("complete", err)
	}
}

func bounded(t *testing.T, all []network.Message) {
	for _, m := range all {
		if m.Ref.ID == "" || m.Author.ID == "" || m.At.IsZero() || len(m.Text) > network.MostText || !utf8.ValidString(m.Text+m.Author.Name+m.Author.Handle+m.Warning) {
			t.Errorf("a message that is not fit to be kept: %+v", m)
		}
		for _, address := range append([]string{m.URL, m.Author.URL, m.Author.AvatarURL}, attached(m)...) {
			if address != "" && !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
				t.Errorf("not an address of the web: %q", address)
			}
		}
	}
}

func attached(m network.Message) (out []string) {
	for _, a := range m.Media {
		out = append(out, a.URL, a.PreviewURL)
	}
	return out
}

func judge(t *testing.T, call string, status int, err error) {
	t.Helper()
	var e *network.Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: the error has no verdict: %v", call, err)
	}
	if e.Verdict == network.Unauthorized && status != 401 || e.Verdict == network.Throttled && status != 429 {
		t.Errorf("%s: %d is taken for %q", call, status, e.Verdict)
	}
	if call == "commit" && e.Verdict != network.Unclear && (status < 400 || status >= 500) {
		t.Errorf("%s: %d is taken for %q", call, status, e.Verdict)
	}
	// A sign-in is made without the token, so there it is a word like any other.
	secret := strings.Contains(err.Error(), token) && call != "authorize" && call != "complete"
	if e.Text == "" || e.RetryAfter < 0 || e.RetryAfter > 7*24*time.Hour || secret || strings.ContainsAny(e.Text, "\n\x00") {
		t.Errorf("%s: the error is not fit to be shown: %v, again after %s", call, err, e.RetryAfter)
	}
}

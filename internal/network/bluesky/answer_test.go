package bluesky_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"rapport/internal/network"
	"rapport/internal/network/bluesky"
)

// What the network says to a commit, and what is concluded from it.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		status        int
		name, message string
		want          network.Verdict
		expired       bool
		says          string
	}{
		{400, "ExpiredToken", "Token has expired", network.NotSent, true, "The sign-in at Bluesky had run out and is renewed."},
		{401, "InvalidToken", "", network.NotSent, true, "The sign-in at Bluesky is no longer valid and is renewed."},
		{401, "AuthMissing", "Authentication Required", network.Unauthorized, false, "Authentication Required"},
		{401, "AuthenticationRequired", "", network.Unauthorized, false, "Bluesky answered 401."},
		{401, "AccountTakedown", "Account has been taken down", network.Unauthorized, false, "Bluesky has suspended this account."},
		{400, "AccountDeactivated", "", network.Unauthorized, false, "This account is deactivated. Activate it on Bluesky first."},
		{400, "InvalidRequest", "Invalid app.bsky.feed.post record: Record/text must not be longer than 300 graphemes", network.Refused, false,
			"Invalid app.bsky.feed.post record: Record/text must not be longer than 300 graphemes"},
		{400, "BlobNotFound", "Could not find blob: bafy", network.Refused, false, "Bluesky no longer has a picture of this post. Send it again."},
		{400, "InvalidSwap", "Record was at bafy", network.Unclear, false, "Bluesky has another post under this key."},
		{429, "RateLimitExceeded", "Rate Limit Exceeded", network.Throttled, false, "Bluesky asks to wait."},
		{429, "", "", network.Throttled, false, "Bluesky answered 429."},
		{500, "InternalServerError", "Internal Server Error", network.Unclear, false, "Internal Server Error"},
		{502, "UpstreamFailure", "Upstream service unreachable", network.Unclear, false, "Upstream service unreachable"},
		{500, "ExpiredToken", "", network.Unclear, false, "Bluesky answered 500."},
		{403, "Forbidden", "No", network.Refused, false, "No"},
		{418, "", "", network.Unclear, false, "Bluesky answered 418."},
	} {
		t.Run(fmt.Sprint(c.status, " ", c.name), func(t *testing.T) {
			_, n, to := serve(t, map[string]http.HandlerFunc{"com.atproto.repo.putRecord": refuse(c.status, c.name, c.message)})
			_, err := n.Commit(t.Context(), to, prepared(t, n, to))
			var e *network.Error
			if !errors.As(err, &e) || e.Verdict != c.want || e.Expired != c.expired || e.Status != c.status || e.Text != c.says {
				t.Errorf("got %#v, want %v, %t, %q", e, c.want, c.expired, c.says)
			}
		})
	}
}

func prepared(t *testing.T, n *bluesky.Network, to network.Target) network.Prepared {
	t.Helper()
	p, err := n.Prepare(t.Context(), to, network.Item{Text: "Hello"}, "seed", network.Prepared{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWaits(t *testing.T) {
	now := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	reset := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	for _, c := range []struct {
		retry, reset string
		want         time.Duration
	}{
		{"", reset(90 * time.Second), 90 * time.Second},
		{"7", reset(90 * time.Second), 7 * time.Second},
		{now.Add(time.Minute).Format(http.TimeFormat), "", time.Minute},
		{"", reset(-time.Hour), 0},
		{"", "soon", 0},
		{"", "-5", 0},
		{"", "99999999999999999999", 0},
		{"", reset(1000 * time.Hour), 24 * time.Hour},
		{"-1", "", 0},
	} {
		_, n, to := serve(t, map[string]http.HandlerFunc{"com.atproto.repo.putRecord": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", now.Format(http.TimeFormat))
			for name, v := range map[string]string{"Retry-After": c.retry, "RateLimit-Reset": c.reset} {
				if v != "" {
					w.Header().Set(name, v)
				}
			}
			refuse(429, "RateLimitExceeded", "")(w, r)
		}})
		_, err := n.Commit(t.Context(), to, prepared(t, n, to))
		var e *network.Error
		if !errors.As(err, &e) || e.RetryAfter != c.want {
			t.Errorf("%q, %q: wait %s, want %s", c.retry, c.reset, e.RetryAfter, c.want)
		}
	}
}

// A server that knows nothing of Bluesky's own methods is asked to pass them
// on.
func TestWhatTheServerDoesNotKnowIsPassedOn(t *testing.T) {
	for _, no := range []http.HandlerFunc{refuse(501, "MethodNotImplemented", ""), refuse(404, "XRPCNotSupported", "")} {
		s, n, to := serve(t, map[string]http.HandlerFunc{"app.bsky.actor.getProfile": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Atproto-Proxy") != "did:web:api.bsky.app#bsky_appview" {
				no(w, r)
				return
			}
			say(object{"did": north, "handle": "north.test", "followersCount": 7})(w, r)
		}})
		got, err := n.MeasureAccount(t.Context(), to)
		if err != nil || got.Followers == nil || *got.Followers != 7 || s.called("app.bsky.actor.getProfile") != 2 {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// every calls each of the connector's doors and returns what they say.
func every(t *testing.T, n *bluesky.Network, to network.Target) map[string]error {
	t.Helper()
	ref := network.Ref{ID: uri(mira, 1)}
	out := map[string]error{}
	_, out["connect"] = n.Connect(t.Context(), to.Server, network.Credential{"handle": "north.test", "password": "secret-password"})
	_, out["look"] = n.Connect(t.Context(), to.Server, to.Credential)
	_, out["refresh"] = n.Refresh(t.Context(), to)
	_, out["prepare"] = n.Prepare(t.Context(), to, network.Item{Text: "Hi", Media: []network.Media{picture("a", 4, 4)}}, "s", network.Prepared{})
	_, out["answer"] = n.Prepare(t.Context(), to, network.Item{Text: "Hi", Parent: &ref}, "s", network.Prepared{})
	p := prepared(t, n, to)
	_, out["commit"] = n.Commit(t.Context(), to, p)
	_, out["lookup"] = n.Lookup(t.Context(), to, p)
	out["remove"] = n.Remove(t.Context(), to, network.Ref{ID: uri(north, 1)})
	_, out["measure"] = n.Measure(t.Context(), to, []network.Ref{ref})
	_, out["count"] = n.MeasureAccount(t.Context(), to)
	_, out["hear"] = n.Hear(t.Context(), to, "", noon)
	_, _, out["thread"] = n.Thread(t.Context(), to, ref)
	_, _, out["recheck"] = n.Recheck(t.Context(), to, []network.Ref{ref})
	_, _, out["history"] = n.History(t.Context(), to, "")
	return out
}

// A server may answer anything to anything: no answer is taken for another,
// none grows without end, and no secret comes back in an error.
func TestAHostileServer(t *testing.T) {
	visited := false
	inner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { visited = visited || r.Header.Get("Authorization") != "" }))
	defer inner.Close()
	repeat := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		refuse(400, "InvalidRequest", strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")+string(body)+"<b>bold</b>\x1b[31m\u202e")(w, r)
	}
	forms := map[string]http.HandlerFunc{
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"x":"`)
			for chunk := strings.Repeat("x", 64<<10); ; {
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		},
		"nothing":     func(http.ResponseWriter, *http.Request) {},
		"no JSON":     func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"null":        say(nil),
		"a list":      say([]int{1}),
		"wrong types": say(object{"did": 1, "handle": []int{}, "uri": object{}, "cid": 7, "posts": "x", "feed": 1, "notifications": object{}, "thread": "x", "blob": 1, "accessJwt": object{}, "cursor": 5}),
		"empty":       say(object{}),
		"nonsense": say(object{"did": "x", "handle": "<script>", "uri": "javascript:1", "cid": "!", "accessJwt": "", "blob": object{"$type": "blob"},
			"posts": []any{1, nil, object{"uri": 1}}, "feed": []any{1, object{"post": 1}}, "notifications": []any{1, object{"reason": 1}}, "thread": object{"post": 1}}),
		"deep": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat(`{"thread":`, 100_000))
		},
		"leads inside":   http.RedirectHandler("http://10.0.0.1/", http.StatusTemporaryRedirect).ServeHTTP,
		"leads away":     http.RedirectHandler(inner.URL, http.StatusFound).ServeHTTP,
		"leads in rings": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) },
		"repeats it all": repeat,
	}
	mayBeEmpty := map[string]bool{"hear": true, "history": true, "measure": true, "recheck": true, "remove": true}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(form)
			defer server.Close()
			_, n, to := serve(t, nil)
			to.Server = server.URL
			for door, err := range every(t, n, to) {
				if err == nil && !mayBeEmpty[door] {
					t.Errorf("%s took it for an answer", door)
				}
				var e *network.Error
				if err != nil && !errors.As(err, &e) {
					t.Errorf("%s: %v is no *network.Error", door, err)
				}
				if said := fmt.Sprintf("%v", err); strings.Contains(said, "secret-") || strings.ContainsAny(said, "\x1b\u202e\n") || len(said) > 2000 {
					t.Errorf("%s says %q", door, said)
				}
			}
		})
	}
	if visited {
		t.Error("a credential went to another server")
	}
}

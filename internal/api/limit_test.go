package api_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/api"
)

// slow makes a token of north for so many requests a minute.
func (w *world) slow(perMinute int64) string {
	w.t.Helper()
	who, err := account.As(ctx, w.d, w.north.owner)
	must(w.t, err)
	_, plain, err := account.TokenCreate(ctx, w.d, who, w.north.brand, account.NewToken{Name: "slow", Scopes: []access.Action{access.PostRead}, PerMinute: perMinute})
	must(w.t, err)
	return plain
}

func TestLimit(t *testing.T) {
	w := open(t)
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	w.d.SetClock(start)
	token := w.slow(60) // ten at once, then one a second
	ask := func() response { return w.ask(request{"GET", "/posts", "", token, nil}) }
	for i := range 10 {
		got := ask()
		want := []string{`"token";q=10;w=10`, fmt.Sprintf(`"token";r=%d;t=%d`, 9-i, i+1)}
		if got.status != 200 || got.header.Get("RateLimit-Policy") != want[0] || got.header.Get("RateLimit") != want[1] {
			t.Fatalf("request %d: %d %v, want %v", i, got.status, got.header, want)
		}
	}
	got := ask()
	if got.status != 429 || got.header.Get("Retry-After") != "1" || got.header.Get("RateLimit") != `"token";r=0;t=10` || got.text(t, "code") != "limited" {
		t.Fatalf("the eleventh: %d %v %s", got.status, got.header, got.body)
	}
	if got := w.ask(request{"GET", "/posts", "", w.north.token, nil}); got.status != 200 {
		t.Errorf("another token: %d", got.status)
	}
	w.d.SetClock(start.Add(time.Second))
	if got := ask(); got.status != 200 {
		t.Errorf("a second later: %d", got.status)
	}
	if got := ask(); got.status != 429 {
		t.Errorf("and one more: %d", got.status)
	}
}

// Two nodes share what a token has.
func TestLimitOfTwoNodes(t *testing.T) {
	w := open(t)
	w.d.SetClock(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	token := w.slow(600) // a hundred at once, taken ten by ten
	first, second := w.h, api.New(w.deps)
	var served atomic.Int64
	each(150, func(i int) {
		h := first
		if i%2 == 0 {
			h = second
		}
		r := httptest.NewRequest("GET", "/api/v1/posts", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code == 200 {
			served.Add(1)
		} else if rec.Code != 429 {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
	})
	// What a node took and has not handed out is at most nine.
	if n := served.Load(); n > 100 || n < 91 {
		t.Errorf("%d of 150 were served", n)
	}
}

// One that asks slowly gets what it asks for, although requests are taken ten
// at a time.
func TestLimitOfTheSlow(t *testing.T) {
	w := open(t)
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	token := w.slow(600)
	for i := range 300 {
		now = now.Add(time.Duration(100+i*7) * time.Millisecond) // never more than ten a second
		w.d.SetClock(now)
		if got, _ := w.send(request{"GET", "/posts", "", token, nil}); got.status != 200 {
			t.Fatalf("request %d: %d", i, got.status)
		}
	}
}

func TestGuesses(t *testing.T) {
	w := open(t)
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	w.d.SetClock(start)
	if got := w.ask(request{"GET", "/posts", "", w.north.token, nil}); got.status != 200 {
		t.Fatal(got.status)
	}
	for i := range 30 {
		if got := w.ask(request{"GET", "/posts", "", fmt.Sprint("rap_", i), nil}); got.status != 401 {
			t.Fatalf("guess %d: %d", i, got.status)
		}
	}
	if got := w.ask(request{"GET", "/posts", "", "rap_x", nil}); got.status != 429 || got.header.Get("Retry-After") != "2" {
		t.Errorf("one more: %d %v", got.status, got.header)
	}
	if got := w.ask(request{"GET", "/posts", "", w.north.token, nil}); got.status != 200 {
		t.Errorf("a token that worked before: %d", got.status)
	}
	r := httptest.NewRequest("GET", "/api/v1/posts", nil)
	r.RemoteAddr = "198.51.100.7:1"
	r.Header.Set("Authorization", "Bearer "+w.north.token)
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	if rec.Code != 200 {
		t.Errorf("from elsewhere: %d", rec.Code)
	}
	if got := w.ask(request{"GET", "/posts", "", w.north.reader, nil}); got.status != 429 {
		t.Errorf("a token that was not seen before: %d", got.status)
	}
	w.d.SetClock(start.Add(2 * time.Second))
	if got := w.ask(request{"GET", "/posts", "", "rap_x", nil}); got.status != 401 {
		t.Errorf("after waiting: %d", got.status)
	}
}

func TestTokens(t *testing.T) {
	w := open(t)
	w.d.SetClock(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	got := w.ask(request{"POST", "/tokens", `{"name":"Website","scopes":["posts:read","tokens:write"],"expires_at":"2027-01-01T00:00:00Z","per_minute":120}`, w.north.token, nil})
	if got.status != 201 || !strings.HasPrefix(got.text(t, "secret"), "rap_") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	id, child := got.text(t, "id"), got.text(t, "secret")
	w.walk(t, []step{
		{"listed without its secret", request{"GET", "/tokens", "", child, nil}, 200, []string{id, `"per_minute":120`}, []string{child, `"secret"`}},
		{"used", request{"GET", "/posts", "", child, nil}, 200, nil, nil},
		{"more than it has", request{"POST", "/tokens", `{"name":"x","scopes":["posts:write"],"expires_at":"2026-12-01T00:00:00Z"}`, child, nil}, 403, []string{"posts:write"}, nil},
		{"longer than it lasts", request{"POST", "/tokens", `{"name":"x","scopes":["posts:read"],"expires_at":"2027-01-02T00:00:00Z"}`, child, nil}, 422, []string{`"name":"expires_at"`}, nil},
		{"for ever", request{"POST", "/tokens", `{"name":"x","scopes":["posts:read"]}`, child, nil}, 422, []string{`"name":"expires_at"`}, nil},
		{"as much as it has", request{"POST", "/tokens", `{"name":"x","scopes":["posts:read"],"expires_at":"2026-12-01T00:00:00Z"}`, child, nil}, 201, []string{`"per_minute":600`}, nil},
		{"no scope of ours", request{"POST", "/tokens", `{"name":"x","scopes":["posts:burn"]}`, w.north.token, nil}, 422, []string{`"name":"scopes"`}, nil},
		{"in the past", request{"POST", "/tokens", `{"name":"x","scopes":["posts:read"],"expires_at":"2020-01-01T00:00:00Z"}`, w.north.token, nil}, 422, []string{`"name":"expires_at"`}, nil},
		{"another brand's", request{"DELETE", "/tokens/" + id, "", w.south.token, nil}, 404, nil, nil},
		{"revoked by itself", request{"DELETE", "/tokens/" + id, "", child, nil}, 204, nil, nil},
		{"and gone", request{"GET", "/posts", "", child, nil}, 401, nil, nil},
		{"revoked twice", request{"DELETE", "/tokens/" + id, "", w.north.token, nil}, 404, nil, nil},
	})
}

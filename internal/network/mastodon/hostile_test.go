package mastodon_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"rapport/internal/network"
	"rapport/internal/network/mastodon"
)

// A server may mean harm. Whatever it does, every call ends, with a verdict
// and in words that can be shown.
func TestAHostileServer(t *testing.T) {
	var inside atomic.Int64
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside.Add(1) }))
	defer inner.Close()
	pour := func(w http.ResponseWriter, begin, more string) {
		_, _ = io.WriteString(w, begin)
		for range 12 << 20 / len(more) {
			if _, err := io.WriteString(w, more); err != nil {
				return
			}
		}
	}
	for name, serve := range map[string]http.HandlerFunc{
		"answers without end": func(w http.ResponseWriter, _ *http.Request) { pour(w, "", strings.Repeat("x", 32<<10)) },
		"a list without end":  func(w http.ResponseWriter, _ *http.Request) { pour(w, "[{}", strings.Repeat(",{}", 10_000)) },
		"a depth without end": func(w http.ResponseWriter, _ *http.Request) { pour(w, `{"a":`, strings.Repeat(`[`, 32<<10)) },
		"wrong types": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"id":[],"configuration":7,"access_token":{},"links":"x","ancestors":{}}`)
		},
		"a redirect to the inside": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://10.0.0.1:8080/", http.StatusTemporaryRedirect)
		},
		"a redirect to the cloud's secrets": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
		},
		"a redirect round and round": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"a page": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `<html><script>alert(1)</script>`)
		},
		"an error with markup": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(w, `{"error":"<script>\u202e\n%s %s</script>"}`, r.Header.Get("Authorization"), strings.Repeat("very ", 10_000))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(serve)
			defer s.Close()
			to := network.Target{Server: s.URL, AccountID: "7", Credential: network.Credential{"token": token}}
			everyCall(t, mastodon.New(client(t)), to, func(call string, err error) {
				var e *network.Error
				switch {
				case err == nil:
				case !errors.As(err, &e) || e.Text == "" || len(e.Text) > 2000 || strings.ContainsAny(e.Text, "\n\u202e"):
					t.Errorf("%s: %v", call, err)
				case strings.Contains(err.Error(), token) && call != "authorize":
					t.Errorf("%s: the token is in %v", call, err)
				}
			})
		})
	}
	if inside.Load() != 0 {
		t.Error("the inside was called")
	}
}

// Of a thread that is too long there is the beginning, and it is said.
func TestAThreadTooLongToRead(t *testing.T) {
	one := func(id int) string {
		return fmt.Sprintf(`{"id":"%d","uri":"https://a.example/%d","url":"https://a.example/%d","created_at":"2026-03-10T09:00:00.000Z","in_reply_to_id":"1","replies_count":0,"visibility":"public","content":"<p>%s</p>","account":{"id":"7","acct":"jo","url":"https://a.example/@jo"}}`,
			id, id, id, strings.Repeat("x", 4000))
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/context") {
			_, _ = io.WriteString(w, one(1))
			return
		}
		_, _ = io.WriteString(w, `{"ancestors":[],"descendants":[`+one(2))
		for id := 3; id < 4000; id++ {
			if _, err := io.WriteString(w, ","+one(id)); err != nil {
				return
			}
		}
		_, _ = io.WriteString(w, "]}")
	}))
	defer s.Close()
	to := network.Target{Server: s.URL, AccountID: "7", Credential: network.Credential{"token": token}}
	all, whole, err := mastodon.New(client(t)).Thread(t.Context(), to, network.Ref{ID: "1"})
	if err != nil || whole || len(all) < 1000 {
		t.Errorf("%d messages, whole %t, %v", len(all), whole, err)
	}
}

// A stream of a hostile server is left when its lines do not end.
func TestAHostileStream(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("x", 64<<10)); err != nil {
				return
			}
		}
	}))
	defer s.Close()
	to := network.Target{Server: s.URL, Credential: network.Credential{"token": token}}
	err := mastodon.New(client(t)).Stream(t.Context(), to, func() {})
	if network.VerdictOf(err) != network.Unclear || err == nil {
		t.Errorf("ended with %v", err)
	}
}

package bluesky_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	"rapport/internal/outbound"
)

const (
	north  = "did:plc:north"
	mira   = "did:plc:mira"
	someID = "bafyreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

func client(t testing.TB) *outbound.Client {
	c := outbound.New(outbound.Options{Allow: []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.1/32")}}})
	t.Cleanup(c.Close)
	return c
}

// script answers methods by their names, and counts the calls of each.
type script struct {
	mu      sync.Mutex
	answers map[string]http.HandlerFunc
	calls   map[string]int
	order   []string
}

// serve runs a server that answers as the script says, and an account on it.
func serve(t testing.TB, answers map[string]http.HandlerFunc) (*script, *bluesky.Network, network.Target) {
	t.Helper()
	s := &script{answers: answers, calls: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, bluesky.New(client(t)), network.Target{Server: server.URL, AccountID: north,
		Credential: network.Credential{"handle": "north.test", "access": "secret-access", "refresh": "secret-refresh", "password": "secret-password"}}
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/xrpc/")
	s.mu.Lock()
	s.calls[name]++
	s.order = append(s.order, name)
	answer := s.answers[name]
	s.mu.Unlock()
	if answer == nil {
		refuse(http.StatusNotFound, "XRPCNotSupported", "There is no "+name+".")(w, r)
		return
	}
	answer(w, r)
}

func (s *script) called(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[name]
}

func say(body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body)
	}
}

func refuse(status int, name, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": name, "message": message})
	}
}

type object = map[string]any

func uri(did string, n int) string { return fmt.Sprintf("at://%s/app.bsky.feed.post/3k%011d", did, n) }

// view is a post of Mira's.
func view(n int, at time.Time, more object) object {
	record := object{"$type": "app.bsky.feed.post", "text": fmt.Sprintf("Post %d", n), "createdAt": at.Format(time.RFC3339Nano)}
	for k, v := range more {
		record[k] = v
	}
	return object{"uri": uri(mira, n), "cid": someID, "author": object{"did": mira, "handle": "mira.test", "displayName": "Mira"},
		"record": record, "indexedAt": at.Format("2006-01-02T15:04:05.000Z"), "likeCount": 3, "replyCount": 0}
}

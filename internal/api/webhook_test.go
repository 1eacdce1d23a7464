package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestWebhooks goes through all that the API does with webhooks.
func TestWebhooks(t *testing.T) {
	w := open(t)
	status := 500
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer hook.Close()
	full := w.north.token
	made := w.ask(request{"POST", "/webhooks", `{"url":"` + hook.URL + `/x","about":"Newsletter","events":["post.saved"]}`, full, nil})
	if made.status != 201 || !strings.HasPrefix(made.text(t, "secret"), "whsec_") {
		t.Fatalf("%d %s", made.status, made.body)
	}
	id := made.text(t, "id")
	at := "/webhooks/" + id
	if got := w.ask(request{"POST", at + "/test", "", full, nil}); got.status != 200 || got.field(t, "status") != 500.0 || !strings.Contains(got.body, "500") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	calls := w.ask(request{"GET", at + "/calls", "", full, nil})
	call := calls.field(t, "items").([]any)[0].(map[string]any)["id"].(string)
	for _, c := range []struct {
		name   string
		ask    request
		status int
		has    []string
		not    []string
	}{
		{"types", request{"GET", "/webhook-types", "", full, nil}, 200, []string{`"post.saved"`, `"about"`}, []string{`"test"`}},
		{"list", request{"GET", "/webhooks", "", full, nil}, 200, []string{id, `"active"`, `"failing_since"`}, []string{"whsec_", `"secret"`}},
		{"read", request{"GET", at, "", full, nil}, 200, []string{`"Newsletter"`}, []string{"whsec_"}},
		{"read with another scope", request{"GET", at, "", w.north.reader, nil}, 403, nil, nil},
		{"read by another brand", request{"GET", at, "", w.south.token, nil}, 404, nil, nil},
		{"test by another brand", request{"POST", at + "/test", "", w.south.token, nil}, 404, nil, nil},
		{"add without encryption", request{"POST", "/webhooks", `{"url":"http://93.184.216.34","events":["post.saved"]}`, full, nil}, 422, []string{`"name":"url"`}, nil},
		{"add without events", request{"POST", "/webhooks", `{"url":"https://example.org","events":[]}`, full, nil}, 422, []string{`"name":"events"`}, nil},
		{"add an unknown event", request{"POST", "/webhooks", `{"url":"https://example.org","events":["post.eaten"]}`, full, nil}, 422, []string{`"name":"events"`}, nil},
		{"one call", request{"GET", at + "/calls/" + call, "", full, nil}, 200, []string{`"body":"{`, `"status":500`, `"log":[{`}, nil},
		{"failed calls", request{"GET", at + "/calls?state=failed&limit=1", "", full, nil}, 200, []string{call}, nil},
		{"waiting calls", request{"GET", at + "/calls?state=waiting", "", full, nil}, 200, []string{`"items":[]`}, nil},
		{"a foreign call", request{"GET", at + "/calls/none", "", full, nil}, 404, nil, nil},
		{"resend", request{"POST", at + "/calls/" + call + "/resend", "", full, nil}, 200, []string{`"waiting"`, `"next_at"`}, nil},
		{"pause", request{"PATCH", at, `{"state":"paused"}`, full, nil}, 200, []string{`"paused"`, hook.URL}, nil},
		{"resend while paused", request{"POST", at + "/calls/" + call + "/resend", "", full, nil}, 409, nil, nil},
		{"change and resume", request{"PATCH", at, `{"about":"Shop","events":["media.added"],"state":"active"}`, full, nil}, 200, []string{`"Shop"`, `"media.added"`, `"active"`}, []string{"post.saved"}},
		{"rotate", request{"POST", at + "/rotate", "", full, nil}, 200, []string{"whsec_", "earlier_secret_ends"}, []string{made.text(t, "secret")}},
		{"remove", request{"DELETE", at, "", full, nil}, 204, nil, nil},
		{"remove again", request{"DELETE", at, "", full, nil}, 404, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			got := w.ask(c.ask)
			if got.status != c.status {
				t.Fatalf("status %d, want %d: %s", got.status, c.status, got.body)
			}
			for _, s := range c.has {
				if !strings.Contains(got.body, s) {
					t.Errorf("no %q in %s", s, got.body)
				}
			}
			for _, s := range c.not {
				if strings.Contains(got.body, s) {
					t.Errorf("%q in %s", s, got.body)
				}
			}
		})
	}
}

package api_test

import (
	"fmt"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/account"
)

// TestWalk reads a list page by page while others write to it.
func TestWalk(t *testing.T) {
	w := open(t)
	want := map[string]bool{}
	for i := range 25 {
		want[w.post(fmt.Sprintf(`{"text":"Number %d"}`, i))] = true
	}
	seen := map[string]int{}
	after := ""
	for range 20 {
		got := w.ask(request{"GET", "/posts?limit=4" + after, "", w.north.token, nil})
		if got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		for _, item := range got.field(t, "items").([]any) {
			seen[item.(map[string]any)["id"].(string)]++
		}
		w.post(`{"text":"Meanwhile"}`)
		next, more := got.field(t, "next").(string)
		if !more {
			break
		}
		after = "&after=" + next
	}
	for id := range want {
		if seen[id] != 1 {
			t.Errorf("%s was seen %d times", id, seen[id])
		}
	}
}

func TestCursorsAreSealed(t *testing.T) {
	w := open(t)
	for range 3 {
		w.post(`{"text":"x"}`)
		w.ask(request{"POST", "/holds", `{"reason":"x"}`, w.north.token, nil})
		w.ask(request{"DELETE", "/holds/current", "", w.north.token, nil})
	}
	next := w.ask(request{"GET", "/posts?limit=1", "", w.north.token, nil}).text(t, "next")
	tests := []struct {
		name, path, token string
		status            int
	}{
		{"as it is", "/posts?limit=1&after=" + next, w.north.token, 200},
		{"with another limit", "/posts?limit=3&after=" + next, w.north.token, 200},
		{"changed", "/posts?after=" + strings.ToUpper(next), w.north.token, 400},
		{"cut", "/posts?after=" + next[:len(next)-2], w.north.token, 400},
		{"of another list", "/holds?after=" + next, w.north.token, 400},
		{"of another brand", "/posts?after=" + next, w.south.token, 400},
		{"not one at all", "/deliveries?after=%2A%2A", w.north.token, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			if got := w.ask(request{"GET", tt.path, "", tt.token, nil}); got.status != tt.status {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

// TestGrantOnNamedChannels: a token never shows more than its maker may see.
func TestGrantOnNamedChannels(t *testing.T) {
	w := open(t)
	news, shop := w.channel["news"], w.channel["shop"]
	both := w.post(`{"text":"For both","channels":["` + news + `","` + shop + `"],"publish_at":"2028-01-01T00:00:00Z"}`)
	guest, err := account.Create(ctx, w.d, access.System(), account.New{Email: "guest@example.org", Name: "Guest", Password: password}, nil)
	must(t, err)
	must(t, account.Give(ctx, w.d, access.System(), guest.ID, access.Grant{Brand: w.north.brand, Role: access.Owner}))
	token := w.token(home{brand: w.north.brand, owner: guest}, access.PostRead, access.PostWrite, access.PostPublish, access.ChannelRead)
	must(t, account.Give(ctx, w.d, access.System(), guest.ID, access.Grant{Brand: w.north.brand, Role: access.Manager, Channels: []string{news}}))
	tests := []struct {
		name   string
		ask    request
		status int
		has    string
	}{
		{"deliveries", request{"GET", "/deliveries?post=" + both, "", token, nil}, 200, news},
		{"channels", request{"GET", "/channels", "", token, nil}, 200, news},
		{"publish on its channel", request{"POST", "/posts", `{"text":"x","channels":["` + news + `"],"publish_at":"now"}`, token, nil}, 201, news},
		{"publish on another", request{"POST", "/posts", `{"text":"x","channels":["` + shop + `"],"publish_at":"now"}`, token, nil}, 403, "channel"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			got := w.ask(tt.ask)
			if got.status != tt.status || !strings.Contains(got.body, tt.has) || strings.Contains(got.body, shop) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

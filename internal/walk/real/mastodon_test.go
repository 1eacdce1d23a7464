package real_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"rapport/internal/network"
	"rapport/internal/network/mastodon"
)

// mastodonFan speaks to a server with a token of its own.
type mastodonFan struct{ server, token, name string }

func (f mastodonFan) handle() string { return f.name }

func (f mastodonFan) call(t *testing.T, method, path string, form url.Values) object {
	t.Helper()
	var out object
	_ = json.Unmarshal(f.raw(t, method, path, form), &out) // what is missing shows where it is used
	return out
}

func (f mastodonFan) raw(t *testing.T, method, path string, form url.Values) []byte {
	t.Helper()
	req, err := http.NewRequest(method, f.server+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.token)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the fan's %s: %d, %v", path, resp.StatusCode, err)
	}
	return raw
}

func (f mastodonFan) mentioned(t *testing.T, id string) bool {
	t.Helper()
	type note struct {
		Status struct {
			ID string `json:"id"`
		} `json:"status"`
	}
	var notes []note
	_ = json.Unmarshal(f.raw(t, http.MethodGet, "/api/v1/notifications?types[]=mention", nil), &notes)
	return slices.ContainsFunc(notes, func(n note) bool { return n.Status.ID == id })
}

func (f mastodonFan) reply(t *testing.T, to network.Ref, text string) string {
	t.Helper()
	id, _ := f.call(t, http.MethodPost, "/api/v1/statuses", url.Values{"status": {"@" + brandOf(t, f, to) + " " + text},
		"in_reply_to_id": {to.ID}, "visibility": {"public"}})["id"].(string)
	return id
}

// brandOf is whom a reply must mention to reach them.
func brandOf(t *testing.T, f mastodonFan, to network.Ref) string {
	t.Helper()
	account, _ := f.call(t, http.MethodGet, "/api/v1/statuses/"+to.ID, nil)["account"].(object)
	name, _ := account["acct"].(string)
	return name
}

func (f mastodonFan) like(t *testing.T, to network.Ref) {
	t.Helper()
	f.call(t, http.MethodPost, "/api/v1/statuses/"+to.ID+"/favourite", nil)
}

func (f mastodonFan) remove(t *testing.T, id string) {
	t.Helper()
	f.call(t, http.MethodDelete, "/api/v1/statuses/"+id, nil)
}

func TestMastodon(t *testing.T) {
	server, token := strings.TrimRight(os.Getenv("RAPPORT_REAL_MASTODON_URL"), "/"), os.Getenv("RAPPORT_REAL_MASTODON_TOKEN")
	if server == "" || token == "" {
		t.Skip("No Mastodon server is named, so this was not run. Set RAPPORT_REAL_MASTODON_URL and RAPPORT_REAL_MASTODON_TOKEN, and RAPPORT_REAL_MASTODON_FAN_TOKEN for somebody who answers.")
	}
	s := stage{connector: mastodon.New(client(t)), server: server, credential: network.Credential{"token": token}, patience: time.Minute}
	if other := os.Getenv("RAPPORT_REAL_MASTODON_FAN_TOKEN"); other != "" {
		f := mastodonFan{server: server, token: other}
		f.name, _ = f.call(t, http.MethodGet, "/api/v1/accounts/verify_credentials", nil)["acct"].(string)
		s.fan = f
	}
	walk(t, s)
}

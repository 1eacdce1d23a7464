package mastodon_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rapport/internal/network"
	"rapport/internal/network/mastodon"
	"rapport/internal/network/mastodon/emulator"
)

// told is a server that answers what it is told to, with its own address for
// BASE and its host for HOST.
func told(t *testing.T, answers map[string]string) string {
	t.Helper()
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := answers[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = w.Write([]byte(strings.NewReplacer("BASE", s.URL, "HOST", strings.TrimPrefix(s.URL, "http://")).Replace(body)))
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

const (
	lookup = "/api/v1/accounts/lookup"
	finger = "/.well-known/webfinger"
)

// A server may say of its own people what it likes, and nothing of others'.
func TestOfWhomAServerMaySpeak(t *testing.T) {
	for name, c := range map[string]struct {
		answers map[string]string
		ok      bool
	}{
		"its own":               {map[string]string{lookup: `{"id":"1","acct":"mira","uri":"BASE/users/mira","url":"BASE/@mira","note":"<p>Hi</p>"}`}, true},
		"its own, without uri":  {map[string]string{lookup: `{"id":"1","acct":"mira","url":"BASE/@mira"}`}, true},
		"another server's":      {map[string]string{lookup: `{"id":"1","acct":"mira","uri":"https://mastodon.social/users/mira","url":"BASE/@mira"}`}, false},
		"another server's page": {map[string]string{lookup: `{"id":"1","acct":"mira","url":"https://mastodon.social/@mira"}`}, false},
		"somebody elsewhere":    {map[string]string{lookup: `{"id":"1","acct":"mira@mastodon.social","uri":"BASE/users/mira"}`}, false},
		"nobody":                {map[string]string{lookup: `{}`}, false},
		"another than was found": {map[string]string{finger: `{"links":[{"rel":"self","type":"application/activity+json","href":"BASE/users/mira"}]}`,
			lookup: `{"id":"1","acct":"mira","uri":"BASE/users/tom"}`}, false},
		"sent on to where it may not be asked": {map[string]string{finger: `{"links":[{"rel":"self","type":"application/activity+json","href":"http://10.0.0.1/users/mira"}]}`}, false},
		"a name of another domain": {map[string]string{finger: `{"subject":"acct:victim@127.0.0.1:1","links":[{"rel":"self","type":"application/activity+json","href":"BASE/users/mira"}]}`,
			lookup: `{"id":"1","acct":"mira","uri":"BASE/users/mira"}`}, true},
	} {
		host := told(t, c.answers)
		p, err := mastodon.New(client(t)).Profile(t.Context(), "", "@mira@"+host)
		if (err == nil) != c.ok {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		if c.ok && (!strings.HasPrefix(p.Author.ID, "http://"+host) || !strings.HasSuffix(p.Author.Handle, "@"+host)) {
			t.Errorf("%s: %+v", name, p.Author)
		}
	}
}

// Handles may be of a domain whose server has another name.
func TestADomainMaySendOn(t *testing.T) {
	s, address := serve(t, emulator.Options{Domain: "example.org", Accounts: []emulator.Account{{Name: "mira",
		Fields: []emulator.Field{{Name: "Community", Value: "https://north.example/u/mira?me=rapport-x"}}}}})
	_ = s
	links, _ := json.Marshal([]map[string]string{{"rel": "self", "type": "application/activity+json", "href": address + "/users/mira"}})
	domain := told(t, map[string]string{finger: `{"subject":"acct:mira@HOST","links":` + string(links) + `}`})
	p, err := mastodon.New(client(t)).Profile(t.Context(), "", domain+"/@mira")
	if err == nil {
		t.Fatal("that is no handle")
	}
	p, err = mastodon.New(client(t)).Profile(t.Context(), "", "http://"+domain+"/@mira")
	if err != nil {
		t.Fatal(err)
	}
	want := network.Author{ID: address + "/users/mira", Handle: "@mira@" + domain, Name: "Mira", URL: address + "/@mira"}
	p.Author.AvatarURL = ""
	if p.Author != want || !strings.Contains(p.Text, "https://north.example/u/mira?me=rapport-x") || len(p.Also) != 1 {
		t.Errorf("%+v", p)
	}
}

package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rapport/internal/channel"
	"rapport/internal/network"
	"rapport/internal/web/webtest"
)

// doors is a studio with a network where one signs in at its own page, asked
// as on the machine it runs on.
func doors(t *testing.T) *webtest.Site {
	t.Helper()
	s := webtest.New(t, webtest.Door{})
	s.Host = "localhost:8080"
	return s
}

// away is where the page that leads on leads to.
func away(t *testing.T, p *webtest.Page) *url.URL {
	t.Helper()
	_, to, ok := strings.Cut(p.Is(http.StatusOK).Header.Get("Refresh"), "url=")
	u, err := url.Parse(to)
	if !ok || err != nil {
		t.Fatalf("leads to %q, %v", to, err)
	}
	return u
}

func TestConnectAtItsOwnPage(t *testing.T) {
	s := doors(t)
	s.Get(s.Path("connect")).Has(".row", "Door", "sign in at your own server").Has(".row", "Paper", "demo")
	s.Get(s.Path("connect", "door")).Has("button[value=page]", "Sign in at your server").Has("details:not([open]) summary", "access token instead").
		Has("input[name=server][required]").Has("#server-help", "second @")
	p := s.Post(s.Path("connect", "door"), "server", "@north@Social.example", "way", "page")
	p.Has("a.btn[rel=noreferrer]", "Go to social.example")
	to := away(t, p)
	if to.Host != "Social.example" || to.Query().Get("redirect_uri") != "http://localhost:8080/studio/connected/door" {
		t.Errorf("leads to %s", to)
	}
	back := "/studio/connected/door?" + url.Values{"state": {to.Query().Get("state")}, "code": {"north"}}.Encode()
	done := s.Get(back).Is(http.StatusSeeOther)
	if strings.Contains(done.Header.Get("Location"), "code") {
		t.Errorf("leads to %s", done.Header.Get("Location"))
	}
	s.Follow(done).Is(200).Has("h1", "@north@paper.example").Has(".toast", "connected")
	s.Get(back).Is(http.StatusConflict).Has(".notice", "start again").Has("button[value=page]")
	s.Get(s.Path("channels")).Has(".row", "@north@paper.example", "Door")
}

// The brand's own community is a channel that nobody connects.
func TestTheCommunityIsNotConnected(t *testing.T) {
	s := doors(t)
	s.Get(s.Path("connect")).Lacks("a[href$='/connect/community']")
	s.Get(s.Path("connect", network.Community)).Is(http.StatusNotFound)
	s.Post(s.Path("connect", network.Community)).Is(http.StatusNotFound)
}

func TestConnectErrorsStandAtTheirFields(t *testing.T) {
	s := doors(t)
	path := s.Path("connect", "door")
	for _, c := range []struct {
		name  string
		pairs []string
		field string
		words string
		open  bool // the token shows
	}{
		{"no server", []string{"server", " ", "way", "page"}, "#server-error", "Fill in the address", false},
		{"no address", []string{"server", "not an address", "way", "page"}, "#server-error", "no address", false},
		{"no answer", []string{"server", "nowhere.example", "way", "page"}, "#server-error", "could not be reached", false},
		{"no answer to a token", []string{"server", "nowhere.example", "way", "token", "token", "north"}, "#server-error", "could not be reached", true},
		{"no token", []string{"server", "social.example", "way", "token"}, "#token-error", "Fill in", true},
		{"a wrong token", []string{"server", "social.example", "way", "token", "token", "wrong"}, "#token-error", "did not accept", true},
		{"a wrong token by the enter key", []string{"server", "social.example", "way", "page", "token", "wrong"}, "#token-error", "did not accept", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := s.Post(path, c.pairs...)
			if p.Status < 400 || p.Status > 599 {
				t.Errorf("status %d", p.Status)
			}
			p.Has(c.field, c.words).Lacks("input[value=wrong], input[value=north]")
			if server := strings.TrimSpace(c.pairs[1]); p.Attr("input[name=server]", "value") != server {
				t.Errorf("the server is %q", p.Attr("input[name=server]", "value"))
			}
			if open := p.Count("details[open]") > 0; open != c.open {
				t.Errorf("the token shows: %v", open)
			}
		})
	}
	if p := s.Post(path, "server", "social.example", "token", "north", "way", "token"); p.Is(http.StatusSeeOther).Header.Get("Location") == "" {
		t.Error("leads nowhere")
	}
}

// What comes back from the network and does not fit is told on the form that
// it began with.
func TestConnectReturnsWithWords(t *testing.T) {
	s := doors(t)
	state := func() string {
		return away(t, s.Post(s.Path("connect", "door"), "server", "social.example", "way", "page")).Query().Get("state")
	}
	s.Get("/studio/connected/door?error=access_denied&error_description=%3Cscript%3E&state="+state()).Is(http.StatusConflict).
		Has(".notice", "access was not given").Has("input[name=server][value='https://social.example']").Has("button[value=page]", "Sign in at social.example")
	s.Get("/studio/connected/door?code=wrong&state="+state()).Is(http.StatusUnprocessableEntity).Has(".notice", "did not accept")
	s.Get("/studio/connected/door").Is(http.StatusConflict).Has(".notice", "start again")
	s.Get("/studio/connected/door?code=x&state=made-up").Is(http.StatusConflict).Has(".notice", "start again")
	s.Get("/studio/connected/paper?code=x&state=" + state()).Is(http.StatusNotFound)

	held := state()
	ada := s.Account
	s.SignIn(ada) // the same account in another browser
	s.Get("/studio/connected/door?code=north&state=" + held).Is(http.StatusConflict)
	s.SignIn(s.NewAccount("eve@example.com", "Eve"))
	s.Get("/studio/connected/door?code=north&state=" + held).Is(http.StatusConflict).Lacks(".row")
	s.SignOut()
	s.Get("/studio/connected/door?code=north&state=" + held).Is(http.StatusSeeOther)
	s.SignIn(ada)
	if all, err := channel.List(t.Context(), s.DB, s.Who(), s.Brand.ID); err != nil || len(all) != 0 {
		t.Errorf("%d channels, %v", len(all), err)
	}
}

func TestConnectAgain(t *testing.T) {
	s := doors(t)
	s.Post(s.Path("connect", "door"), "server", "social.example", "token", "north", "way", "token").Is(http.StatusSeeOther)
	all, err := channel.List(t.Context(), s.DB, s.Who(), s.Brand.ID)
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	again := s.Path("connect", "door") + "?again=" + all[0].ID
	s.Get(again).Has("h1", "@north@paper.example again").Has(".said", "social.example").Lacks("input[name=server]:not([type=hidden])").Has("button[value=page]", "Sign in at social.example")
	s.Post(again, "server", "https://social.example", "token", "south", "way", "token").Is(http.StatusConflict).Has(".notice", "another account", "@south@paper.example")
	to := away(t, s.Post(again, "way", "page"))
	s.Get("/studio/connected/door?code=south&state="+to.Query().Get("state")).Is(http.StatusConflict).Has("h1", "again").Has(".notice", "another account")
	to = away(t, s.Post(again, "way", "page"))
	s.Follow(s.Get("/studio/connected/door?code=north&state="+to.Query().Get("state"))).Has("h1", "@north@paper.example").Has(".toast", "connected")
	if all, err := channel.List(t.Context(), s.DB, s.Who(), s.Brand.ID); err != nil || len(all) != 1 {
		t.Errorf("%d channels, %v", len(all), err)
	}
}

// Without a declared address, a name that is not this machine's could be a
// stranger's.
func TestConnectWhereRapportDoesNotKnowItsAddress(t *testing.T) {
	s := doors(t)
	s.Host = "192.0.2.7:8080"
	s.Get(s.Path("connect", "door")).Has(".notice", "--public-url").Lacks("button[value=page]").Has("input[name=token]").Has("input[name=server]")
	s.Post(s.Path("connect", "door"), "server", "social.example", "way", "page").Is(http.StatusConflict).Has(".notice", "--public-url")
	for _, host := range []string{"127.0.0.1:8080", "[::1]:8080", "studio.localhost"} {
		s.Host = host
		s.Get(s.Path("connect", "door")).Has("button[value=page]")
	}
}

package commons_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"rapport/internal/account"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/link"
	"rapport/internal/member"
	"rapport/internal/topic"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

// follow asks for an address with headers, given as "Name: value".
func (p *place) follow(method, address string, headers ...string) *http.Response {
	p.Helper()
	r := httptest.NewRequest(method, address, nil)
	r.Header.Set("User-Agent", firefox)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	p.pages.ServeHTTP(w, r)
	return w.Result()
}

func (p *place) link(n link.New) link.Link {
	p.Helper()
	l, err := link.Create(ctx, p.DB, p.owner, p.brand.ID, "http://north.example", n)
	p.must(err)
	return l
}

func cookieOf(res *http.Response) *http.Cookie {
	for _, c := range res.Cookies() {
		if c.Name == "rapport-came" {
			return c
		}
	}
	return nil
}

func TestLinksLeadOn(t *testing.T) {
	p := open(t)
	l := p.link(link.New{Target: "/t/welcome/1", Source: "mastodon", Campaign: "spring"})
	const query = "?utm_source=mastodon&utm_medium=social&utm_campaign=spring"
	res := p.follow("GET", l.Path())
	h := res.Header
	if res.StatusCode != 302 || h.Get("Location") != "/t/welcome/1"+query || h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Robots-Tag") != "noindex" {
		t.Error(res.StatusCode, h)
	}
	c := cookieOf(res)
	if c == nil || c.Path != "/" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 30*24*3600 || !strings.HasPrefix(c.Value, l.Code+".") || len(c.Value) != len("abcdefgh.2006-01-02") {
		t.Error(c)
	}
	// Whatever else stands in the request leads nowhere else.
	for _, more := range []string{"?to=https://evil.example", "?url=//evil.example#x"} {
		if got := p.follow("GET", l.Path()+more, "X-Forwarded-Host: evil.example", "Referer: https://evil.example/").Header.Get("Location"); got != "/t/welcome/1"+query {
			t.Error(got)
		}
	}
	r := httptest.NewRequest("GET", l.Path(), nil)
	r.Host = "evil.example"
	w := httptest.NewRecorder()
	p.pages.ServeHTTP(w, r)
	if got := w.Header().Get("Location"); got != "/t/welcome/1"+query {
		t.Error(got)
	}

	// Another brand's code is not one of this one, and stands below its own path.
	south, who := p.found("South")
	theirs, err := link.Create(ctx, p.DB, who, south.ID, "", link.New{Target: "/people"})
	p.must(err)
	if res := p.follow("GET", theirs.Path()); res.StatusCode != 404 {
		t.Error(res.StatusCode)
	}
	res = p.follow("GET", "/b/south"+theirs.Path())
	if got := res.Header.Get("Location"); got != "/b/south/people?utm_source=link&utm_medium=social" || cookieOf(res).Path != "/b/south/" {
		t.Error(got, cookieOf(res))
	}
	p.get("", "/l/abcdefgh").hasStatus(t, 404)
	p.get("", "/l/abcdefgh").has(t, "This link leads nowhere any more")
	p.get("", "/l/"+strings.Repeat("a", 3000)).hasStatus(t, 404)
	if w := p.follow("POST", l.Path()); w.StatusCode != 405 && w.StatusCode != 418 {
		t.Error(w.StatusCode)
	}
}

func TestWhoIsCountedAndWhoIsKnownAgain(t *testing.T) {
	p := open(t)
	l := p.link(link.New{Target: "/"})
	tests := []struct {
		name, method, header string
		cookie               bool
		people, bots         int64 // in all, afterwards
	}{
		{"a reader", "GET", "", true, 1, 0},
		{"the same at once again", "GET", "", true, 1, 0},
		{"one who wants not to be followed", "GET", "DNT: 1", false, 1, 0}, // the same browser within 10 s
		{"and by the newer sign", "GET", "Sec-GPC: 1", false, 1, 0},
		{"a preview", "GET", "User-Agent: Twitterbot/1.0", false, 1, 1},
		{"a look at the head", "HEAD", "User-Agent: Other/1.0", false, 1, 2},
		{"a browser that looks ahead", "GET", "Sec-Purpose: prefetch", false, 1, 2},
		{"another reader", "GET", "User-Agent: Mozilla/5.0 Other/2", true, 2, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var res *http.Response
			if tt.header == "" {
				res = p.follow(tt.method, l.Path())
			} else {
				res = p.follow(tt.method, l.Path(), tt.header)
			}
			if got := cookieOf(res) != nil; res.StatusCode != 302 || got != tt.cookie {
				t.Error(res.StatusCode, got)
			}
			p.must(p.clicks.Flush(ctx))
			people, bots, err := link.Clicks(ctx, p.DB, p.brand.ID, "2000-01-01", "3000-01-01")
			if err != nil || people != tt.people || bots != tt.bots {
				t.Error(people, bots, err)
			}
		})
	}
	for name, do := range map[string]func() error{
		"nobody can join": func() error {
			c, err := community.Of(ctx, p.DB, p.brand.ID)
			if err != nil {
				return err
			}
			s := c.Settings
			s.Joining = community.Closed
			_, err = community.Change(ctx, p.DB, p.owner, p.brand.ID, c.Revision, s)
			return err
		},
		"it is shut": func() error {
			_, err := community.Show(ctx, p.DB, p.owner, p.brand.ID, false)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			p.must(do())
			if res := p.follow("GET", l.Path()); res.StatusCode != 302 || cookieOf(res) != nil {
				t.Error(res.StatusCode, cookieOf(res))
			}
		})
	}
}

// TestWhoCameByALink follows one, reads, and joins days later.
func TestWhoCameByALink(t *testing.T) {
	p := open(t)
	l := p.link(link.New{Target: "/people", Source: "bluesky"})
	cookie := cookieOf(p.follow("GET", l.Path()))

	people := 0
	joins := func(name, came string, headers ...string) {
		t.Helper()
		form := url.Values{"name": {name}, "email": {name + "@members.example"}, "password": {password}}
		r := httptest.NewRequest("POST", "/join", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		people++
		r.RemoteAddr = fmt.Sprintf("192.0.2.%d:1", people)
		if came != "" {
			r.AddCookie(&http.Cookie{Name: "rapport-came", Value: came})
		}
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		p.pages.ServeHTTP(w, r)
		if w.Code != 303 {
			t.Fatal(w.Code, w.Body)
		}
		if got := cookieOf(w.Result()); (got != nil) != (came != "") || got != nil && got.MaxAge >= 0 {
			t.Error("the cookie stays", got)
		}
		// No script ran, so the team lets them in.
		m, err := member.ByHandle(ctx, p.DB, p.brand.ID, name)
		p.must(err)
		_, err = member.Decide(ctx, p.DB, p.owner, p.brand.ID, m.ID, member.Active, "")
		p.must(err)
	}
	joined := func() int64 {
		t.Helper()
		n, err := link.Joined(ctx, p.DB, p.brand.ID, "2000-01-01", "3000-01-01")
		p.must(err)
		return n
	}
	joins("ada", "")
	joins("bob", "abcdefgh.2026-01-01")
	joins("cleo", l.Code+".2001-01-01") // long ago
	joins("dora", l.Code+".soon")
	joins("emil", cookie.Value, "DNT: 1")
	if n := joined(); n != 0 {
		t.Fatal(n)
	}
	joins("fred", cookie.Value)
	if n := joined(); n != 1 {
		t.Fatal(n)
	}
	var came string
	p.must(p.DB.QueryRowContext(ctx, `SELECT came_from FROM member WHERE brand_id = $1 AND handle = 'fred'`, p.brand.ID).Scan(&came))
	if day := strings.TrimPrefix(cookie.Value, l.Code+"."); came != `{"link":"`+l.ID+`","day":"`+day+`"}` {
		t.Error(came)
	}
	// It stands in what they take along.
	a, err := account.ByEmail(ctx, p.DB, "fred@members.example")
	p.must(err)
	who, err := account.As(ctx, p.DB, a)
	p.must(err)
	v, err := member.Of(ctx, p.DB, who, p.brand.ID)
	p.must(err)
	var told strings.Builder
	p.must(p.join.Export(ctx, v, &told))
	if !strings.Contains(told.String(), `"link":"/people"`) {
		t.Error("their own data lack it", told.String())
	}
}

func TestKeptPagesDoNotCareHowOneCame(t *testing.T) {
	p := open(t)
	v, _ := p.team()
	said, err := topic.Begin(ctx, p.DB, v, topic.New{Space: p.talk.ID, Title: "Welcome", Text: "Hello", Once: db.NewID()})
	p.must(err)
	a := p.get("", said.Topic.Path())
	b := p.get("", said.Topic.Path()+"?utm_source=x&utm_medium=social")
	if a.body != b.body || strings.Contains(b.body, "utm_") {
		t.Error("another page")
	}
}

package walk_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"rapport/internal/browsertest"
)

const (
	firstViewRequests = 15
	firstViewBytes    = 150_000
)

// screens are the studio's pages.
var screens = []struct{ name, path string }{
	{"today", ""},
	{"week", "/calendar"},
	{"month", "/calendar?view=month"},
	{"day", "/calendar?view=day"},
	{"list", "/calendar?view=list"},
	{"posts", "/posts"},
	{"compose", "/compose"},
	{"attention", "/attention"},
	{"inbox", "/inbox"},
	{"people", "/people"},
	{"person", "/people/{person}"},
	{"same person", "/people/{person}/same?q=mira"},
	{"two as one", "/people/{person}/same/{other}"},
	{"waiting", "/community"},
	{"flagged", "/community?queue=flagged"},
	{"asking", "/community/members?state=asking"},
	{"members", "/community/members"},
	{"spaces", "/community/spaces"},
	{"guidelines", "/community/pages/guidelines"},
	{"set-up", "/community/setup"},
	{"insights", "/insights"},
	{"insights-social", "/insights/social"},
	{"insights-community", "/insights/community?days=90"},
	{"tasks", "/tasks"},
	{"handover", "/handover"},
	{"media", "/media"},
	{"channels", "/channels"},
	{"connect", "/connect"},
	{"notifications", "/notifications"},
	{"hold", "/hold"},
	{"brand", "/settings/brand"},
	{"team", "/settings/team"},
	{"approval", "/settings/approval"},
	{"hear", "/settings/notifications"},
	{"webhooks", "/settings/webhooks"},
	{"data", "/settings/data"},
	{"account", "/settings/account"},
	{"tokens", "/settings/tokens"},
	{"mail", "/settings/mail"},
	{"log", "/settings/log"},
	{"about", "/settings/about"},
	{"post", "/posts/{post}"},
	{"edit", "/posts/{draft}/edit"},
	{"picture", "/media/{media}"},
	{"channel", "/channels/{channel}"},
}

// TestScreens opens every screen of the demo as a browser that knows nothing
// yet: it must load little, complain of nothing, fit, and be accessible. Each
// is looked at in two of the four views, so that all four see half of them.
func TestScreens(t *testing.T) {
	axe := browsertest.Axe(t)
	b := browsertest.Open(t)
	way := newMeter(t)
	for i, s := range screens {
		path := way.fill(t, s.path)
		for k, look := range []string{"light", "dark"} {
			wide := (i+k)%2 == 0
			name := s.name + "-" + look + map[bool]string{true: "-wide", false: "-phone"}[wide]
			t.Run(name, func(t *testing.T) {
				way.begin(look)
				tab := b.For(t).Apart()
				defer tab.Close()
				if !wide {
					tab.Phone()
				}
				tab.Go(way.url + path)
				tab.Until(`!!window.htmx && [...document.querySelectorAll("rapport-island")].every(e => e.hasAttribute("data-ready")) && document.documentElement.hasAttribute("data-stream")`)
				browsertest.Ask[any](tab, `document.fonts.ready.then(() => 0)`)
				all, pictures := way.settled()
				t.Logf("%-24s %s, of it pictures %s", name, all, pictures)
				if s.name == "media" || s.name == "members" { // one comes here for the pictures, or for whom they show
					all.requests, all.bytes = all.requests-pictures.requests, all.bytes-pictures.bytes
				}
				if all.requests > firstViewRequests || all.bytes > firstViewBytes {
					t.Errorf("the first view takes %s; at most %d requests and %d bytes are allowed:\n%s",
						all, firstViewRequests, firstViewBytes, way.list())
				}
				tab.Accessible(axe)
				tab.Clean()
			})
		}
	}
}

// meter stands between the browser and the demo, signs each request in and
// counts what comes back as it travels, compressed. A browser's own events
// would miss what its workers load.
type meter struct {
	url     string
	brand   string // path of the brand's studio
	client  *http.Client
	session string

	mu       sync.Mutex
	idle     *sync.Cond
	look     string
	running  int
	all      load
	pictures load // of it, the team's pictures one by one
	said     []string
}

// load is what a page makes a browser fetch.
type load struct{ requests, bytes int }

func (l load) String() string {
	return fmt.Sprintf("%2d requests %6.1f KB", l.requests, float64(l.bytes)/1000)
}

// newMeter signs in at the door, without a browser.
func newMeter(t *testing.T) *meter {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{client: &http.Client{Jar: jar}}
	m.idle = sync.NewCond(&m.mu)
	res, err := m.client.PostForm(demo+"/studio/sign-in", url.Values{"email": {email}, "password": {password}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	target, err := url.Parse(demo)
	if err != nil {
		t.Fatal(err)
	}
	var cookies []string
	for _, c := range jar.Cookies(target) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	m.session, m.brand = strings.Join(cookies, "; "), res.Request.URL.Path
	proxy := &httputil.ReverseProxy{Transport: &http.Transport{DisableCompression: true}, FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			m.mu.Lock()
			defer m.mu.Unlock()
			r.Out.Header.Set("Cookie", m.session+"; theme="+m.look)
		}}
	server := browsertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &counter{ResponseWriter: w}
		live := r.URL.Path == "/studio/live" // never ends by itself
		m.started(live)
		defer func() { m.ended(live, r.URL.Path, c.bytes) }()
		proxy.ServeHTTP(c, r)
	}))
	m.url = server.URL
	return m
}

func (m *meter) begin(look string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.look, m.all, m.pictures, m.said = look, load{}, load{}, nil
}

func (m *meter) started(live bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all.requests++
	if !live {
		m.running++
	}
}

func (m *meter) ended(live bool, path string, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if live {
		return
	}
	m.running--
	m.all.bytes += bytes
	if strings.HasSuffix(path, "/file") || strings.HasSuffix(path, "/picture") {
		m.pictures.requests++
		m.pictures.bytes += bytes
	}
	m.said = append(m.said, fmt.Sprintf("  %7d %s", bytes, path))
	m.idle.Broadcast()
}

// settled waits until everything asked for has come.
func (m *meter) settled() (all, pictures load) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.running > 0 {
		m.idle.Wait()
	}
	return m.all, m.pictures
}

func (m *meter) list() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.said, "\n")
}

// fill puts the ids of things that exist into a path.
func (m *meter) fill(t *testing.T, path string) string {
	t.Helper()
	for what, link := range map[string]struct{ page, folder string }{
		"{post}": {"/posts?state=published", "/posts/"}, "{draft}": {"/posts?state=draft", "/posts/"},
		"{media}": {"/media", "/media/"}, "{channel}": {"/channels", "/channels/"}, "{person}": {"/people?q=mira_k", "/people/"}, "{other}": {"/people?q=tomasz", "/people/"},
	} {
		if strings.Contains(path, what) {
			path = strings.Replace(path, what, m.first(t, link.page, link.folder), 1)
		}
	}
	return m.brand + path
}

// first is the id of the first thing in a folder that a page links to.
func (m *meter) first(t *testing.T, page, folder string) string {
	t.Helper()
	res, err := m.client.Get(demo + m.brand + page)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	html, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(html), m.brand+folder+"0")
	if !found || len(rest) < 35 {
		t.Fatalf("%s links to nothing below %s", page, folder)
	}
	return "0" + rest[:35]
}

// counter counts what goes to the browser.
type counter struct {
	http.ResponseWriter
	bytes int
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes += n
	return n, err
}

func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

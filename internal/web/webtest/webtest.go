// Package webtest serves the whole studio on a database of the test's own,
// with an owner who is signed in, and looks at pages by selector.
package webtest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/archive"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/health"
	"rapport/internal/hook"
	"rapport/internal/letter"
	"rapport/internal/live"
	"rapport/internal/media"
	"rapport/internal/network"
	"rapport/internal/outbound"
	"rapport/internal/promote"
	"rapport/internal/publish"
	"rapport/internal/secret"
	"rapport/internal/web"
	"rapport/internal/webhook"
)

// Password is that of every account here.
const Password = "correct horse battery"

// Site is a studio with one brand, its owner and the owner's browser.
type Site struct {
	DB       *db.DB
	Pages    *web.Pages
	Own      *bridge.Community
	Channels *channel.Channels
	Media    *media.Library
	Archives *archive.Archiver
	Hooks    *hook.Sender    // to addresses of this machine
	Letters  *letter.Letters // kept, unless the test sends them
	Admit    *admit.Door
	Promote  *promote.Promoter
	Account  account.Account
	Brand    brand.Brand
	Host     string // that the browser asks; "example.com" unless given
	t        testing.TB
	cookies  map[string]string
}

// New returns a studio with the brand "North Roasters" in Europe/Berlin, on
// the Paper network and those that are named.
func New(t testing.TB, more ...network.Network) *Site {
	t.Helper()
	s := Empty(t, more...)
	s.Account = s.NewAccount("ada@example.com", "Ada Lind")
	s.SignIn(s.Account)
	s.Brand = s.NewBrand("North Roasters")
	return s
}

// Empty returns a studio without any account, as the first visit finds it.
func Empty(t testing.TB, more ...network.Network) *Site {
	t.Helper()
	return On(t, dbtest.Open(t), more...)
}

// On is Empty on a database that the test brings.
func On(t testing.TB, d *db.DB, more ...network.Network) *Site {
	t.Helper()
	if d.Jobs == nil {
		d.Jobs = idle{}
	}
	data := t.TempDir()
	keys, err := secret.Create(filepath.Join(data, "key"))
	if err != nil {
		t.Fatal(err)
	}
	hub := live.New(d)
	t.Cleanup(hub.Close)
	s := &Site{DB: d, t: t, cookies: map[string]string{}}
	files, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s.Own = &bridge.Community{DB: d, Blobs: files, Address: func(_ context.Context, _, path string) string { return "http://example.com" + path }}
	s.Channels = &channel.Channels{DB: d, Networks: network.NewSet(append([]network.Network{Paper{}, s.Own}, more...)...), Keys: keys}
	s.Own.Channels = s.Channels
	s.Media = &media.Library{DB: d, Blobs: files}
	s.Archives = &archive.Archiver{DB: d, Blobs: files, Library: s.Media, Program: "test"}
	allow := []outbound.Rule{{Prefix: netip.MustParsePrefix("127.0.0.0/8")}}
	client := outbound.New(outbound.Options{Allow: allow})
	t.Cleanup(client.Close)
	s.Hooks = hook.New(hook.Options{Webhooks: &webhook.Webhooks{DB: d, Keys: keys, Allow: allow}, Client: client})
	s.Letters = &letter.Letters{DB: d, Keys: keys}
	s.Admit = &admit.Door{DB: d, Letters: s.Letters, BaseURL: "http://example.com"}
	s.Promote = &promote.Promoter{DB: d, Library: s.Media, Blobs: files, Front: func(context.Context, string) string { return "http://example.com" }}
	s.Pages = web.New(web.Deps{DB: d, Promote: s.Promote, Channels: s.Channels, Networks: s.Channels.Networks, Bridge: s.Own, Hub: hub, Hooks: s.Hooks, Letters: s.Letters, Admit: s.Admit,
		Health: &health.Looker{DB: d, Data: data, KeyFile: filepath.Join(data, "key"), Version: "test"},
		Media:  s.Media, Archives: s.Archives, Desk: publish.Desk{DB: d, Channels: s.Channels},
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Site: web.Site{Version: "test", Dev: true}})
	return s
}

// idle takes jobs and does none: a test that needs one done makes an engine, or
// does it itself.
type idle struct{}

// Enqueue forgets the job.
func (idle) Enqueue(context.Context, *db.Tx, string, []byte, db.Time) error { return nil }

// NewAccount makes an account with the Password.
func (s *Site) NewAccount(email, name string) account.Account {
	s.t.Helper()
	a, err := account.Create(context.Background(), s.DB, access.System(), account.New{Email: email, Name: name, Password: Password}, nil)
	s.must(err)
	return a
}

// NewBrand makes a brand that the account signed in owns.
func (s *Site) NewBrand(name string) brand.Brand {
	s.t.Helper()
	who := s.Who()
	who.Grants = append(who.Grants, access.Grant{Role: access.Owner}) // of some brand: who has none starts none
	b, err := brand.Create(context.Background(), s.DB, who, brand.New{Name: name, Zone: "Europe/Berlin"})
	s.must(err)
	return b
}

// SignIn makes the browser that of the account.
func (s *Site) SignIn(a account.Account) {
	s.t.Helper()
	_, token, err := account.Begin(context.Background(), s.DB, a, account.Meta{Address: "192.0.2.1", Agent: "test"})
	s.must(err)
	s.Account = a
	s.cookies = map[string]string{"rapport": token}
}

// SignOut forgets all cookies.
func (s *Site) SignOut() { s.cookies = map[string]string{} }

// Who is the account signed in, with its grants as they are now.
func (s *Site) Who() access.Who {
	s.t.Helper()
	who, err := account.As(context.Background(), s.DB, s.Account)
	s.must(err)
	return who
}

// Connect gives the brand a channel on the Paper network.
func (s *Site) Connect(token string) channel.Channel {
	s.t.Helper()
	c, err := s.Channels.Connect(context.Background(), s.Who(), s.Brand.ID, "paper", "", network.Credential{"token": token})
	s.must(err)
	return c
}

// Path is an address below the brand.
func (s *Site) Path(parts ...string) string {
	return "/studio/" + s.Brand.Slug + strings.Join(append([]string{""}, parts...), "/")
}

// Get asks for a page.
func (s *Site) Get(path string) *Page {
	s.t.Helper()
	path, _, _ = strings.Cut(path, "#") // which a browser keeps to itself
	return s.Do(httptest.NewRequest(http.MethodGet, path, nil))
}

// Post sends a form of name, value, name, value.
func (s *Site) Post(path string, pairs ...string) *Page {
	s.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.Do(r)
}

// Do sends a request as the browser would, with its cookies.
func (s *Site) Do(r *http.Request) *Page {
	s.t.Helper()
	s.Sign(r)
	if s.Host != "" {
		r.Host = s.Host
	}
	w := httptest.NewRecorder()
	s.Pages.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		s.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(s.cookies, c.Name)
		}
	}
	p := &Page{Status: w.Code, Header: w.Header(), Body: w.Body.String(), t: s.t, at: r.Method + " " + r.URL.Path}
	root, err := html.Parse(strings.NewReader(p.Body))
	s.must(err)
	p.root = root
	return p
}

// Sign adds the browser's cookies to a request.
func (s *Site) Sign(r *http.Request) {
	for name, value := range s.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
}

// Follow goes where a redirect leads.
func (s *Site) Follow(p *Page) *Page {
	s.t.Helper()
	to := p.Header.Get("Location")
	if p.Status != http.StatusSeeOther || to == "" {
		s.t.Fatalf("%s: %d, no redirect to follow", p.at, p.Status)
	}
	return s.Get(to)
}

func (s *Site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// Page is an answer.
type Page struct {
	Status int
	Header http.Header
	Body   string
	root   *html.Node
	t      testing.TB
	at     string
}

// Is checks the status.
func (p *Page) Is(status int) *Page {
	p.t.Helper()
	if p.Status != status {
		p.t.Fatalf("%s: status %d, want %d\n%s", p.at, p.Status, status, p.Text("main"))
	}
	return p
}

// Has checks that something matches the selector, and that its text holds all
// of the words.
func (p *Page) Has(selector string, words ...string) *Page {
	p.t.Helper()
	found := p.find(selector)
	if len(found) == 0 {
		p.t.Errorf("%s: nothing matches %s", p.at, selector)
		return p
	}
	text := p.Text(selector)
	for _, w := range words {
		if !strings.Contains(text, w) {
			p.t.Errorf("%s: %s does not say %q but %q", p.at, selector, w, text)
		}
	}
	return p
}

// Lacks checks that nothing matches the selector.
func (p *Page) Lacks(selector string) *Page {
	p.t.Helper()
	if len(p.find(selector)) > 0 {
		p.t.Errorf("%s: %s is there and should not be", p.at, selector)
	}
	return p
}

// Count is how many elements match.
func (p *Page) Count(selector string) int { return len(p.find(selector)) }

// Text is the text of all that matches, with single spaces.
func (p *Page) Text(selector string) string {
	var b strings.Builder
	for _, n := range p.find(selector) {
		gather(n, &b)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Attr is an attribute of the first match; "" where there is none.
func (p *Page) Attr(selector, name string) string {
	for _, n := range p.find(selector) {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	return ""
}

func (p *Page) find(selector string) []*html.Node {
	p.t.Helper()
	compiled, err := cascadia.ParseGroup(selector)
	if err != nil {
		p.t.Fatalf("selector %s: %v", selector, err)
	}
	return cascadia.QueryAll(p.root, compiled)
}

func gather(n *html.Node, b *strings.Builder) {
	if n.Type == html.TextNode {
		b.WriteString(n.Data + " ")
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		gather(c, b)
	}
}

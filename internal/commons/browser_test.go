package commons_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"rapport/internal/browsertest"
	"rapport/internal/topic"
)

// policy is what package edge allows: this origin and nothing inline.
const policy = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"

func serve(t *testing.T, p *place) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		p.pages.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Somebody joins, writes with the tools, sees a preview, reacts and takes part,
// with scripts; every page is open to those who hear or press keys, and fits a
// phone.
func TestInTheBrowser(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	said, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: "Which water do you use, and what did it change for you in a town with water as hard as ours?",
		Text: "| town | hardness | where it comes from | what one does about it |\n|---|--:|---|---|\n| Hamburg | 14 | groundwater | filter |\n\n# One\n\n### Deeper\n\n    " + strings.Repeat("long ", 60) + "\n\n- [x] tested\n\n> quoted\n\n`code`"})
	p.must(err)
	base := serve(t, p)
	b := browsertest.Open(t)
	b.Phone()
	for _, path := range []string{"/", said.Topic.Path(), "/join", "/search?q=water"} { // for visitors
		b.Go(base + path)
		b.Accessible(browsertest.Axe(t))
	}
	b.Wide()
	b.Go(base + "/join")
	b.Type("#name", "Ada")
	b.Type("#email", "ada@members.example")
	b.Type("#password", password)
	b.Until(`document.querySelector("[data-proof]").value !== ""`)
	b.Click(".write-foot .btn")
	b.Says(".note", "Welcome")
	b.Go(base + said.Topic.Path())
	b.Type("#text", "Mine is **soft**")
	picture := filepath.Join(t.TempDir(), "tap.png")
	var drawn bytes.Buffer
	p.must(png.Encode(&drawn, image.NewGray(image.Rect(0, 0, 40, 30))))
	p.must(os.WriteFile(picture, drawn.Bytes(), 0o600))
	b.Upload("[data-picture]", picture)
	b.Until(`document.querySelector("#text").value.includes("![tap](/p/")`)
	b.Click("[data-look]")
	b.Says(".editor-preview strong", "soft")
	b.Until(`document.querySelector(".editor-preview img")?.naturalWidth === 40`)
	b.Click("[data-look]")
	b.Until(`document.querySelector("[data-saved]").textContent !== ""`)
	b.Click(".react summary")
	b.Click(`.react [value="heart"]`)
	b.Until(`document.querySelector(".reaction[aria-pressed=true]") !== null`)
	b.Click("form#write .btn[type=submit]")
	b.Says(".note", "looks at this")
	b.Says("#waiting + .replies", "soft")
	b.Until(`document.querySelector("#waiting + .replies img[alt=tap]") !== null`)
	axe := browsertest.Axe(t)
	for _, path := range []string{"/", "/top", "/spaces", "/s/talk", said.Topic.Path(), "/new", "/search?q=water", "/people", "/u/" + olga.Member.Handle, "/me", "/me/accounts", "/me/notices", "/notices", "/bookmarks",
		"/r/" + said.Reply.ID + "/flag", said.Topic.Path() + "/history/" + said.Reply.ID, "/t/x/99"} {
		for _, size := range []func(){b.Wide, b.Phone} {
			size()
			b.Go(base + path)
			b.Accessible(axe)
			b.Fits()
			b.Touchable(axe)
		}
	}
	b.Clean("404")
}

// Who only reads the page where one joins is not kept busy; who fills the form
// in by a program and sends it at once still gets in.
func TestTheProofBeginsWithTheForm(t *testing.T) {
	p := open(t)
	b := browsertest.Open(t)
	_, err := chromedp.Call(b.Context(), page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.sums = 0; const {digest} = SubtleCrypto.prototype; SubtleCrypto.prototype.digest = function(...of) { window.sums++; return digest.apply(this, of) }`})
	p.must(err)
	b.Go(serve(t, p) + "/join")
	if n := browsertest.Ask[int](b, `window.sums`); n > 0 {
		t.Errorf("%d sums before anybody begins", n)
	}
	browsertest.Ask[any](b, `for (const [id, value] of Object.entries({name: "Ada", email: "ada@members.example", password: "`+password+`"})) document.getElementById(id).value = value;
		document.querySelector("form.write").requestSubmit(), 0`)
	b.Says(".note", "Welcome")
	b.Clean()
}

// The first view of a topic is light: three requests, so that one is left for
// what happens meanwhile, and 50 KB, besides pictures and the font.
func TestFirstViewIsLight(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	said, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: "Water", Text: strings.Repeat("Some words on water, and what it does. ", 20)})
	p.must(err)
	for range 19 {
		_, err := topic.Say(ctx, p.DB, olga, said.Topic.ID, strings.Repeat("Words on water that another one says. ", 15), 0, "")
		p.must(err)
	}
	base := serve(t, p)
	page := p.get("", said.Topic.Path()).body
	total, files := packed(t, base+said.Topic.Path()), 1
	seen := map[string]bool{}
	for _, attr := range []string{`<link rel="stylesheet" href="`, `type="module" src="`, `<use href="`} {
		for rest := page; ; {
			_, after, found := strings.Cut(rest, attr)
			if !found {
				break
			}
			address, _, _ := strings.Cut(after, `"`)
			address, _, _ = strings.Cut(address, "#")
			if rest = after; !seen[address] {
				seen[address], files = true, files+1
				total += packed(t, base+address)
			}
		}
	}
	if files > 3 || total > 50<<10 {
		t.Errorf("%d requests, %d bytes", files, total)
	}
}

// packed is how many bytes an address sends to a browser.
func packed(t *testing.T, address string) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	n := 0
	for buf := make([]byte, 4096); ; {
		m, err := res.Body.Read(buf)
		if n += m; err != nil {
			break
		}
	}
	if res.StatusCode != http.StatusOK || n == 0 {
		t.Errorf("%s: status %d, %d bytes", address, res.StatusCode, n)
	}
	return n
}

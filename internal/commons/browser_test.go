package commons_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"rapport/internal/browsertest"
	"rapport/internal/member"
	"rapport/internal/topic"
)

// policy is what package edge allows: this origin and nothing inline.
const policy = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"

func serve(t *testing.T, p *place) string { return server(t, p).URL }

func server(t *testing.T, p *place) *httptest.Server {
	return browsertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		p.pages.ServeHTTP(w, r)
	}))
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
	b.Says("[data-look]", "Write")
	b.Click("[data-look]")
	b.Says("[data-look]", "Preview")
	b.Until(`document.activeElement.id === "text"`)
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

// On a phone the menus of a post open inside the window, wherever their buttons
// stand when the row wraps.
func TestMenusFitAPhone(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	said, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: "Water", Text: "Soft"})
	p.must(err)
	token := p.signUp("Ada")
	for _, f := range topic.Feelings[:4] {
		p.must(topic.React(ctx, p.DB, p.voice("Ada"), said.Reply.ID, f.Name, true))
	}
	b := p.browse(token)
	b.Phone()
	b.Go(b.Base + said.Topic.Path())
	for _, menu := range []string{".reply .react", ".reply .reply-tools .menu"} {
		b.Click(menu + " > summary")
		b.Until(`document.querySelector("` + menu + `").open`)
		if in := browsertest.Ask[[]float64](b.Tab, `(r => [r.left, r.right, document.documentElement.clientWidth])(document.querySelector("`+menu+` .menu-list").getBoundingClientRect())`); in[0] < 0 || in[1] > in[2] {
			t.Errorf("%s reaches from %v to %v of %v", menu, in[0], in[1], in[2])
		}
		b.Fits()
		b.Press(kb.Escape)
	}
	b.Clean()
}

// Who works by keys stays at what they used, and who quotes stands in the box
// behind the quotation.
func TestKeysStayWhereTheyAre(t *testing.T) {
	p := open(t)
	token := p.signUp("Ada")
	ada := p.voice("Ada")
	p.must(member.Trust(ctx, p.DB, p.owner, p.brand.ID, ada.Member.ID, true))
	olga, _ := p.team()
	water := p.begin(p.voice("Ada"), p.talk, "Water")
	p.say(p.DB, olga, water, "Soft, from the rain")
	answer, err := topic.ReplyByNumber(ctx, p.DB, p.brand.ID, water.ID, 2)
	p.must(err)
	p.signUp("Bo")
	p.must(topic.React(ctx, p.DB, p.voice("Bo"), answer.ID, "heart", true))
	b := p.browse(token)
	b.Go(b.Base + water.Path())
	reply := `.reply[data-reply="` + answer.ID + `"] `
	at := func(css string) string { return `document.activeElement.matches('` + css + `')` }
	press := func(css string) {
		b.Until(`(e => (e?.focus(), document.activeElement === e))(document.querySelector('` + css + `'))`)
		b.Press(kb.Enter)
	}
	press(reply + `.reaction[value="heart"]`)
	b.Until(at(reply + `.reaction[value="heart"][aria-pressed="true"]`))
	press(reply + `.react > summary`)
	press(reply + `.react [value="heart"]`)
	b.Until(at(reply + `.react > summary`))
	press(reply + `.reply-tools .menu > summary`)
	press(reply + `form[action$="/bookmark"] button`)
	b.Until(at(reply+`.reply-tools .menu > summary`) + ` && document.querySelector('` + reply + `form[action$="/bookmark"] [value="false"]')`)
	press(`.follow [value="mute"]`)
	b.Until(at(`.follow button:last-child[value=""]`))
	press(reply + `form[action$="/accept"] button`)
	b.Until(at(reply+`form[action$="/accept"] button`) + ` && document.querySelector(".crumbs .solved")`)
	press(reply + `[name="quote"]`)
	b.Until(at(`#text`) + ` && (t => t.value.includes("rain") && t.selectionStart === t.value.length)(document.activeElement)`)
	b.Clean()
}

// signedTab is a browser in which a member is signed in.
type signedTab struct {
	*browsertest.Tab
	Base string
}

func (p *place) browse(token string) signedTab {
	b := signedTab{browsertest.Open(p.T), serve(p.T, p)}
	b.Go(b.Base + "/people") // so that there is a page to take the cookie
	browsertest.Ask[any](b.Tab, `document.cookie = "rapport=`+token+`; path=/", 0`)
	return b
}

// Who joins from a topic goes on there, with what was done said; from elsewhere on
// the front. An address of another site, or of the studio, is none to go to.
func TestJoiningComesBack(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	water := p.begin(olga, p.talk, "Water")
	b := browsertest.Open(t)
	base := serve(t, p)
	b.Go(base + water.Path())
	b.Click(`.write-box a[href$="/join"]`)
	b.Type("#name", "Ada")
	b.Type("#email", "ada@members.example")
	b.Type("#password", password)
	b.Until(`document.querySelector("[data-proof]").value !== ""`)
	b.Click(".write-foot .btn")
	b.Says(".note", "Welcome")
	b.Says("h1", "Water")
	b.Clean()
	for next, kept := range map[string]bool{water.Path(): true, "/s/talk?x=1": true, "//evil.example/t/1": false, "https://evil.example/t/x": false, "/studio/north": false, "/me/leave": false, "/t/../studio": false} {
		if got := strings.Contains(p.get("", "/join?next="+url.QueryEscape(next)).body, `name="next" value="`+next+`"`); got != kept {
			t.Errorf("%s is kept: %v", next, got)
		}
	}
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

// Browsers do sums for pages over https alone, or on the machine itself. Without
// them one still gets in, like who has no scripts: the team has a look first.
func TestJoiningWithoutSums(t *testing.T) {
	p := open(t)
	b := browsertest.Open(t)
	_, err := chromedp.Call(b.Context(), page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `Object.defineProperty(crypto, "subtle", {value: undefined})`})
	p.must(err)
	b.Go(serve(t, p) + "/join")
	b.Type("#name", "Ada")
	b.Type("#email", "ada@members.example")
	b.Type("#password", password)
	b.Click(".write-foot .btn")
	b.Says(".note", "lets you in")
	b.Clean()
}

// The first view of a topic is light: at most four requests and 60 KB, besides
// pictures and the font. The stream of what is new is one of the four.
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
	page := p.get("", said.Topic.Path()).has(t, `<svg class="icon" aria-hidden="true" viewBox=`)
	page.live(t)
	total, files := packed(t, base+said.Topic.Path()), 2 // with the stream
	for _, attr := range []string{`<link rel="stylesheet" href="`, `type="module" src="`, `<use href="`} {
		for _, rest := range strings.Split(page.body, attr)[1:] {
			address, _, _ := strings.Cut(rest, `"`)
			if address, _, _ = strings.Cut(address, "#"); address != "" {
				files++
				total += packed(t, base+address)
			}
		}
	}
	t.Logf("%d requests, %d bytes", files, total)
	if files > 4 || total > 50<<10 {
		t.Errorf("%d requests, %d bytes", files, total)
	}
}

// Two people look at the same topic: what one writes stands before the other,
// who is moved by nothing; what the team hides goes; the bell counts in every tab.
func TestLiveInTheBrowser(t *testing.T) {
	p := open(t)
	drain := p.tells()
	olga, _ := p.team()
	token := p.signUp("Ada")
	p.must(member.Trust(ctx, p.DB, p.owner, p.brand.ID, p.voice("Ada").Member.ID, true))
	drain()
	p.do(token, "/notices/read", url.Values{})
	water := p.begin(p.voice("Ada"), p.talk, "Water")
	for range 3 {
		p.say(p.DB, olga, water, strings.Repeat("Words on water.\n\n", 12))
	}
	drain()
	base := serve(t, p)
	visitor := browsertest.Open(t)
	visitor.Go(base + water.Path())
	list := visitor.Another()
	list.Go(base + "/")
	member := visitor.Apart()
	member.Go(base + "/people") // so that there is a page to take the cookie
	browsertest.Ask[any](member, `document.cookie = "rapport=`+token+`; path=/", 0`)
	member.Go(base + water.Path())
	other := member.Another()
	other.Go(base + "/people")
	p.streams(4)
	top := browsertest.Ask[float64](visitor, `document.getElementById("2").getBoundingClientRect().top`)

	p.say(p.DB, olga, water, "Soft, from the **rain**.")
	drain()
	visitor.Says(`.reply[id="5"] strong`, "rain")
	member.Says(`.reply[id="5"] strong`, "rain")
	visitor.Says(".news:not([hidden])", "1 new reply")
	visitor.Says("[data-said-live]", "1 new reply")
	if now := browsertest.Ask[float64](visitor, `document.getElementById("2").getBoundingClientRect().top`); now != top {
		t.Errorf("what is read was moved from %v to %v", top, now)
	}
	list.Says(".news:not([hidden])", "1 topic with something new")
	for _, b := range []*browsertest.Tab{visitor, list} {
		b.Accessible(browsertest.Axe(t))
		b.Phone()
		b.Accessible(browsertest.Axe(t))
		b.Wide()
	}
	visitor.Click(".news")
	visitor.Until(`document.querySelector(".news").hidden && document.getElementById("5").getBoundingClientRect().bottom <= innerHeight`)

	// Who writes is not moved: what came waits behind the link.
	member.Type("#text", "I am writing")
	p.say(p.DB, olga, water, "Hard, from the hill.")
	member.Says(".news:not([hidden])", "new repl")
	if browsertest.Ask[bool](member, `document.getElementById("6") !== null || document.activeElement.id !== "text"`) {
		t.Error("who writes was disturbed")
	}
	member.Click(".news")
	member.Says(`.reply[id="6"]`, "from the hill")
	member.Until(`document.querySelector("#text").value === "I am writing"`)

	soft, err := topic.ReplyByNumber(ctx, p.DB, p.brand.ID, water.ID, 5)
	p.must(err)
	_, err = topic.Accept(ctx, p.DB, p.voice("Ada"), soft.ID, true)
	p.must(err)
	visitor.Says(".crumbs", "Solved")
	visitor.Says(".answer", "rain")
	_, err = topic.Decide(ctx, p.DB, p.owner, p.brand.ID, soft.ID, topic.AsItIs, topic.Hide, "Be kind", "")
	p.must(err)
	visitor.Says(`.reply[id="5"] .tombstone`, "Be kind")
	visitor.Until(`document.querySelector(".answer") === null`)

	beans := p.begin(p.voice("Ada"), p.talk, "Beans")
	p.say(p.DB, olga, beans, "Dark")
	drain()
	member.Says(".bell-count", "1")
	other.Says(".bell-count", "1")
	visitor.Clean()
	member.Clean()
}

// A connection that breaks comes back and misses nothing; who reads an earlier
// page is led to the one where something is new, and who may not read on is told.
func TestLiveCatchesUp(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	long := p.begin(olga, p.talk, "Long")
	for range topic.PageSize - 1 {
		p.say(p.DB, olga, long, "Words")
	}
	s := server(t, p)
	b := browsertest.Open(t)
	b.Go(s.URL + long.Path())
	p.streams(1)
	p.say(p.DB, olga, long, "The first of the next page")
	b.Says(".news:not([hidden])", "1 new reply")
	b.Says(".pager", "Later")
	b.Click(".news")
	b.Says(`.reply[id="21"]`, "The first of the next page")
	p.streams(1)
	s.CloseClientConnections()
	p.streams(0)
	p.say(p.DB, olga, long, "While nobody heard it")
	b.Says(`.reply[id="22"]`, "While nobody heard it")
	p.streams(1)
	p.must(topic.Move(ctx, p.DB, olga, long.ID, p.inside.ID))
	b.Says(".news:not([hidden])", "can no longer be read")
	b.Clean("404", "ERR_", "Failed to load")
}

// streams waits until so many pages listen.
func (p *place) streams(n int) {
	p.Helper()
	for end := time.Now().Add(30 * time.Second); p.pages.Streams() != n; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.Fatalf("%d pages listen, want %d", p.pages.Streams(), n)
		}
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

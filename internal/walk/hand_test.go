package walk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"rapport/internal/browsertest"
)

// user is somebody at a browser, signed in.
type user struct {
	*browsertest.Tab
	t     *testing.T
	brand string // address of the brand's studio
}

// signIn opens a browser and goes through the door to Today.
func signIn(t *testing.T, b *browsertest.Tab) user {
	t.Helper()
	b.Go(demo + "/studio")
	b.Until(`location.pathname === "/studio/sign-in"`)
	b.Type("input[name=email]", email)
	b.Type("input[name=password]", password+kb.Enter)
	b.Until(`document.querySelector("#today") !== null && !!window.htmx`)
	return user{b, t, browsertest.Ask[string](b, "location.origin + location.pathname")}
}

// newTab is a second tab of the same person.
func (u user) newTab() user {
	u.t.Helper()
	return user{u.Another(), u.t, u.brand}
}

// open goes to a page of the studio and waits for its scripts.
func (u user) open(path string) {
	u.t.Helper()
	u.Go(u.brand + path)
	u.Until(`!!window.htmx`)
	u.Until(`[...document.querySelectorAll("rapport-island")].every(e => e.hasAttribute("data-ready"))`)
}

// compose opens an empty composer and chooses the channels.
func (u user) compose(path string, handles ...string) {
	u.t.Helper()
	u.open(path)
	u.choose(handles...)
}

// choose presses the channels until exactly these are chosen.
func (u user) choose(handles ...string) {
	u.t.Helper()
	wanted, _ := json.Marshal(handles)
	for range 10 {
		next := browsertest.Ask[int](u.Tab, fmt.Sprintf(`1 + [...document.querySelectorAll("label.pick")].findIndex(p =>
			p.querySelector("input").checked !== %s.some(h => p.querySelector("span").textContent.trim() === h || [...p.querySelectorAll("span")].some(s => s.textContent.trim() === h)))`, wanted))
		if next == 0 {
			return
		}
		state := browsertest.Ask[bool](u.Tab, fmt.Sprintf(`document.querySelectorAll("label.pick input")[%d].checked`, next-1))
		u.Click(fmt.Sprintf("label.pick:nth-of-type(%d)", next))
		u.Until(fmt.Sprintf(`document.querySelectorAll("article.preview").length === document.querySelectorAll("label.pick input:checked").length
			&& document.querySelectorAll("label.pick input")[%d].checked !== %v`, next-1, state))
	}
	u.t.Fatalf("the channels do not become %s", wanted)
}

// schedule presses the button and returns the post's id from its page.
func (u user) schedule() (id string) {
	u.t.Helper()
	u.Click("button[name=act][value=schedule]")
	return u.postPage()
}

func (u user) postPage() (id string) {
	u.t.Helper()
	u.Until(`/\/posts\/[0-9a-f-]{36}$/.test(location.pathname) && document.querySelector("#post") !== null && !!window.htmx`)
	return browsertest.Ask[string](u.Tab, `location.pathname.split("/").at(-1)`)
}

// out waits until all n deliveries on the open post page are published, by
// what the page hears while it stays open.
func (u user) out(n int) {
	u.t.Helper()
	u.Until(fmt.Sprintf(`[...document.querySelectorAll(".way .way-head .state")].filter(s => s.textContent.trim().startsWith("published")).length === %d`, n))
}

// onTheNetwork follows the first way's link and returns how often the text
// stands there, and the description of each picture beside it.
func (u user) onTheNetwork(text string) (times int, pictures []string) {
	u.t.Helper()
	at := browsertest.Ask[string](u.Tab, `document.querySelector(".way a[target=_blank]").href`)
	u.Go(at)
	u.Click("article.post.focus .when, article.post .name") // the account's page shows all of its posts
	u.Until(`document.querySelector(".feed") !== null`)
	profile := browsertest.Ask[string](u.Tab, `document.querySelector("article.post .name").href`)
	u.Go(profile)
	const posts = `[...document.querySelectorAll("article.post")].filter(p => p.textContent.includes(%q))`
	times = browsertest.Ask[int](u.Tab, fmt.Sprintf(posts+`.length`, text))
	pictures = browsertest.Ask[[]string](u.Tab, fmt.Sprintf(posts+`.flatMap(p => [...p.querySelectorAll(".pictures img")].map(i => i.alt))`, text))
	return times, pictures
}

// clickOn clicks what the selector finds and its words name.
func (u user) clickOn(css, words string) {
	u.t.Helper()
	u.Says(css, words)
	browsertest.Ask[any](u.Tab, fmt.Sprintf(`[...document.querySelectorAll(%q)].find(e => e.textContent.includes(%q)).setAttribute("data-walk", ""), 0`, css, words))
	u.Click("[data-walk]")
}

// check ticks a box that is not ticked.
func (u user) check(css string) {
	u.t.Helper()
	u.Until(fmt.Sprintf(`document.querySelector(%q) !== null`, css))
	if !browsertest.Ask[bool](u.Tab, fmt.Sprintf(`document.querySelector(%q).checked`, css)) {
		u.Click(css)
	}
}

// tabTo presses Tab until the focus is on what the selector finds.
func (u user) tabTo(css string) {
	u.t.Helper()
	for range 80 {
		if browsertest.Ask[bool](u.Tab, fmt.Sprintf(`document.activeElement.matches(%q)`, css)) {
			return
		}
		u.Press(kb.Tab)
	}
	u.t.Fatalf("the Tab key does not lead to %s", css)
}

// ctrl presses a key with Control.
func (u user) ctrl(key string) {
	u.t.Helper()
	u.Press(key, chromedp.KeyModifiers(chromedp.ModifierCtrl))
}

// api asks the API with a token and reads the answer into out.
func api(t *testing.T, token, method, path string, in, out any) (status int) {
	t.Helper()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, demo+"/api/v1"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode >= 300 {
		t.Fatalf("%s %s: %s: %s", method, path, res.Status, raw)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, raw)
		}
	}
	return res.StatusCode
}

// told is what the API says of a post, as far as the walk asks.
type told struct {
	ID         string `json:"id"`
	Deliveries []struct {
		ID      string `json:"id"`
		State   string `json:"state"`
		Channel string `json:"channel"`
	} `json:"deliveries"`
}

// paint makes a picture file: two colours, so that it is not any other.
func paint(t *testing.T, name string) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 640, 400))
	for y := range 400 {
		for x := range 640 {
			img.SetNRGBA(x, y, color.NRGBA{uint8(40 + y/4), 92, uint8(120 + x/8), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wall is a time of the brand's zone as a date and time field has it.
func wall(t *testing.T, at time.Time) string {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return at.In(zone).Format("2006-01-02T15:04")
}

// coming is n days from now at 14:00 of the brand.
func coming(t *testing.T, days int) string {
	t.Helper()
	day, _, _ := strings.Cut(wall(t, time.Now().AddDate(0, 0, days)), "T")
	return day + "T14:00"
}

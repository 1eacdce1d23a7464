package web_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"rapport/internal/brand"
	"rapport/internal/browsertest"
	"rapport/internal/installation"
	"rapport/internal/person"
	"rapport/internal/publish"
	"rapport/internal/web/webtest"
)

// browser opens a headless Chromium.
func browser(t *testing.T) context.Context {
	t.Helper()
	return browsertest.Open(t).Context()
}

// serve gives every request of the browser the session of the site, and the
// theme that its address asks for.
func serve(t *testing.T, s *webtest.Site) string {
	t.Helper()
	server := browsertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if theme := r.URL.Query().Get("look"); theme != "" {
			r.AddCookie(&http.Cookie{Name: "theme", Value: theme})
		}
		if language := r.URL.Query().Get("tongue"); language != "" {
			r.Header.Set("Accept-Language", language)
		}
		w.Header().Set("Content-Security-Policy", "default-src 'self'; form-action 'self'")
		s.Sign(r)
		s.Pages.ServeHTTP(w, r)
	}))
	return server.URL
}

type sight struct {
	name          string
	width, height int64
	look          string
	tongue        string
}

// views are both widths and both themes, and German, which is longer, on a
// phone; for pictures, each width in each theme.
func views() []sight {
	few := []sight{{"wide-light", 1440, 900, "light", "en"}, {"phone-dark", 390, 844, "dark", "en"}, {"phone-german", 390, 844, "light", "de"}}
	if os.Getenv("RAPPORT_PICTURES") == "" {
		return few
	}
	return append(few, sight{"wide-dark", 1440, 900, "dark", "en"}, sight{"phone-light", 390, 844, "light", "en"}, sight{"wide-german", 1440, 900, "light", "de"})
}

// TestPagesAreAccessible asks axe-core for what is serious on every page of
// this package's core, without and with content, in each view. With
// RAPPORT_PICTURES it leaves a picture of each in that folder.
func TestPagesAreAccessible(t *testing.T) {
	ctx := browser(t)
	axe := browsertest.Axe(t)
	for _, c := range walks(t) {
		base := serve(t, c.site)
		for _, path := range c.paths {
			for _, view := range views() {
				name := strings.Trim(c.name+strings.ReplaceAll(strings.TrimPrefix(path, c.site.Path()), "/", "-"), "-") + "-" + view.name
				t.Run(name, func(t *testing.T) {
					mark := "?"
					if strings.Contains(path, "?") {
						mark = "&"
					}
					look(t, ctx, base+path+mark+"look="+view.look+"&tongue="+view.tongue, view.width, view.height)
					picture(t, ctx, name)
					judge(t, ctx, axe)
				})
			}
		}
	}
}

type walk struct {
	name  string
	site  *webtest.Site
	paths []string
}

func walks(t *testing.T) []walk {
	t.Helper()
	fresh := webtest.Empty(t)
	if _, err := installation.OfferSetup(t.Context(), fresh.DB); err != nil {
		t.Fatal(err)
	}
	out := webtest.New(t)
	out.SignOut()
	empty, full := webtest.New(t), webtest.New(t)
	w := full.Fill()
	wrote, wrotePaths := written(t)
	known := webtest.New(t)
	known.FillInbox()
	mira := who(t, known, "Mira")
	if _, err := person.AddNote(t.Context(), known.DB, known.Who(), known.Brand.ID, mira, "Sends cake"); err != nil {
		t.Fatal(err)
	}
	linked, linkedPaths := connecting(t)
	held := webtest.New(t)
	held.Fill()
	held.Post(held.Path("hold"), "reason", "A supplier recall is being checked")
	held.Get(held.Path())
	pages := func(s *webtest.Site, more ...string) []string {
		var all []string
		for _, p := range append([]string{"", "channels", "connect/paper", "notifications", "hold", "settings/brand", "settings/account",
			"settings/team", "settings/team/invite", "settings/approval", "settings/notifications", "tasks", "tasks/new", "handover",
			"settings/tokens", "settings/webhooks", "settings/mail", "settings/log", "settings/data", "settings/about", "compose", "posts", "attention", "media"}, more...) {
			all = append(all, strings.TrimSuffix(s.Path(p), "/"))
		}
		return all
	}
	return []walk{
		{"setup", fresh, []string{"/setup"}},
		{"signin", out, []string{"/studio/sign-in"}},
		{"empty", empty, append(pages(empty), "/studio/brands/new", "/studio/nowhere/")},
		{"full", full, pages(full, "channels/"+w.Channels[0].ID, "channels/"+w.Channels[2].ID, "channels/"+w.Channels[0].ID+"/remove")},
		{"written", wrote, wrotePaths},
		{"known", known, []string{known.Path("people"), known.Path("people", mira), known.Path("people", mira, "erase"), known.Path("search")}},
		{"connecting", linked, linkedPaths},
		hooked(t),
		{"held", held, []string{held.Path(), held.Path("hold")}},
	}
}

// hooked is a brand whose only webhook fails.
func hooked(t *testing.T) walk {
	t.Helper()
	s := webtest.New(t)
	status := 500
	hook := listener(t, &status)
	s.Post(s.Path("settings", "webhooks"), "url", hook.URL, "about", "Newsletter", "events", "post.saved", "events", "hold.changed").Is(200)
	at := s.Get(s.Path("settings", "webhooks")).Attr(".row-title", "href")
	call := s.Post(at+"/test").Is(200).Attr(".row-title", "href")
	return walk{"hooked", s, []string{s.Path("settings", "webhooks"), s.Path("settings", "webhooks", "new"), at, at + "/edit", at + "/remove", call}}
}

func look(t *testing.T, ctx context.Context, url string, width, height int64) {
	t.Helper()
	emulate := chromedp.EmulateViewport(width, height)
	if width < 768 {
		emulate = chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	if err := chromedp.Do(ctx, emulate, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
}

func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("RAPPORT_PICTURES")
	if folder == "" {
		return
	}
	shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), shot, 0o644); err != nil {
		t.Fatal(err)
	}
}

// judge lists what axe-core calls serious or critical, and a page that is
// wider than its window.
func judge(t *testing.T, ctx context.Context, axe string) {
	t.Helper()
	const ask = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.flatMap(v => v.nodes.slice(0, 8).map(n => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary.split("\n").pop())))`
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[any](axe+";0")); err != nil {
		t.Fatal(err)
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](ask, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		t.Errorf("axe-core found:\n%s", strings.Join(found, "\n"))
	}
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("document.documentElement.scrollWidth > innerWidth"))
	if err != nil || wide {
		t.Errorf("the page is wider than its window (%v)", err)
	}
}

// An open page shows what others do: the hold that everybody must see, and
// what became of a delivery.
func TestAnOpenPageFollows(t *testing.T) {
	ctx := browser(t)
	s := webtest.New(t)
	w := s.Fill()
	base := serve(t, s)
	look(t, ctx, base+s.Path(), 1440, 900)
	await(t, ctx, `document.querySelectorAll(".need").length === 5`)
	if _, err := brand.Hold(t.Context(), s.DB, s.Who(), s.Brand.ID, "A recall"); err != nil {
		t.Fatal(err)
	}
	await(t, ctx, `document.querySelector("#ribbons .ribbon")?.textContent.includes("A recall")`)
	desk := publish.Desk{DB: s.DB, Channels: s.Channels}
	if _, err := desk.Resolve(t.Context(), s.Who(), s.Brand.ID, w.Missed, publish.Decision{Choice: publish.Drop}); err != nil {
		t.Fatal(err)
	}
	await(t, ctx, `document.querySelectorAll(".need").length === 4 && document.querySelector("#places .nav-count").textContent === "4"`)
}

// The hold is two keys away: the button of every page, and its dialog.
func TestHoldByTheDialog(t *testing.T) {
	ctx := browser(t)
	s := webtest.New(t)
	base := serve(t, s)
	look(t, ctx, base+s.Path("settings", "about"), 1440, 900)
	err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(".rail .nav-switch")),
		chromedp.SendKeys(chromedp.CSS("#hold-dialog-reason"), "Wrong prices"),
		chromedp.Click(chromedp.CSS("#hold-everything button[type=submit]")))
	if err != nil {
		t.Fatal(err)
	}
	await(t, ctx, `document.querySelector(".ribbon")?.textContent.includes("Wrong prices") && location.pathname.endsWith("/settings/about")`)
}

func await(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if ok {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("it never came to %s (%v)", expression, err)
		}
	}
}

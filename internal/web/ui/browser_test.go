package ui_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"rapport/internal/browsertest"
	"rapport/internal/web/static"
	"rapport/internal/web/ui"
)

// browser opens a headless Chromium.
func browser(t *testing.T) context.Context {
	t.Helper()
	return browsertest.Open(t).Context()
}

// views are the widths and themes that every page is looked at in.
var views = []struct {
	name   string
	width  int64
	height int64
	theme  string
}{
	{"wide-light", 1440, 900, "light"},
	{"wide-dark", 1440, 900, "dark"},
	{"phone-light", 390, 844, "light"},
	{"phone-dark", 390, 844, "dark"},
}

// TestAccessible asks axe-core for what is serious in each page and view. With
// RAPPORT_PICTURES it leaves a picture of each in that folder.
func TestAccessible(t *testing.T) {
	ctx := browser(t)
	axe := browsertest.Axe(t)
	server := pages(t)
	for _, path := range []string{"/", "/bare"} {
		for _, view := range views {
			name := view.name + strings.ReplaceAll(path, "/", "-")
			t.Run(name, func(t *testing.T) {
				load(t, ctx, server.URL+path+"?theme="+view.theme, view.width, view.height)
				picture(t, ctx, name)
				if found := audit(t, ctx, axe); len(found) > 0 {
					t.Errorf("axe-core found:\n%s", strings.Join(found, "\n"))
				}
				wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("document.documentElement.scrollWidth > innerWidth"))
				if err != nil || wide {
					t.Errorf("the page is wider than its window (%v)", err)
				}
			})
		}
	}
}

func load(t *testing.T, ctx context.Context, url string, width, height int64) {
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

// audit lists what axe-core calls serious or critical.
func audit(t *testing.T, ctx context.Context, axe string) []string {
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
	return found
}

// console collects what the page complains of. Call it before the page loads.
func console(t *testing.T, ctx context.Context) func() []string {
	t.Helper()
	var mu sync.Mutex
	var lines []string
	started := make(chan struct{})
	go func() {
		messages := chromedp.Console(ctx)
		close(started)
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == "error" || m.IsException() {
				mu.Lock()
				lines = append(lines, m.String())
				mu.Unlock()
			}
		}
	}()
	<-started
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return lines
	}
}

// until waits for the condition. A navigation under way takes the page's world
// with it, and then the wait begins again in the next one.
func until(t *testing.T, ctx context.Context, condition string) {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	for {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](condition))
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("waiting for %s: %v", condition, err)
		}
	}
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// TestHand walks what the scripts add, by mouse and by keyboard, under the
// product's content security policy.
func TestHand(t *testing.T) {
	ctx := browser(t)
	complaints := console(t, ctx)
	server := pages(t)
	load(t, ctx, server.URL+"/", 1440, 900)
	until(t, ctx, `!!window.htmx`)

	t.Run("a menu opens below its button and takes arrow keys", func(t *testing.T) {
		do(t, ctx, chromedp.Click(chromedp.CSS(`[popovertarget="rail-person"]`)))
		until(t, ctx, `document.querySelector("#rail-person").matches(":popover-open")`)
		until(t, ctx, `document.querySelector('[popovertarget="rail-person"]').getAttribute("aria-expanded") === "true"`)
		picture(t, ctx, "menu")
		do(t, ctx, chromedp.KeyEvent(kb.ArrowDown))
		until(t, ctx, `document.activeElement.closest("#rail-person") !== null`)
	})
	t.Run("the theme changes at once and stays", func(t *testing.T) {
		do(t, ctx, chromedp.Click(chromedp.CSS(`#rail-person [data-theme-choice="dark"]`)))
		until(t, ctx, `document.documentElement.classList.contains("dark")`)
		load(t, ctx, server.URL+"/", 1440, 900)
		until(t, ctx, `!!window.htmx && document.documentElement.classList.contains("dark")`)
	})
	t.Run("the palette filters and goes", func(t *testing.T) {
		do(t, ctx, chromedp.Click(chromedp.CSS(`.rail [data-palette-open]`)))
		until(t, ctx, `document.querySelector("#palette").open`)
		picture(t, ctx, "palette")
		do(t, ctx, chromedp.SendKeys(chromedp.CSS("#palette input"), "clndr"))
		until(t, ctx, `[...document.querySelectorAll("#palette .menu-item")].filter(e => !e.hidden).map(e => e.getAttribute("href")).join() === "/calendar"`)
		do(t, ctx, chromedp.KeyEvent(kb.Enter))
		until(t, ctx, `location.pathname === "/calendar" && !!window.htmx`)
	})
	t.Run("the question mark shows the keys, Escape hides them", func(t *testing.T) {
		do(t, ctx, chromedp.KeyEvent("?"))
		until(t, ctx, `document.querySelector("#keys").open`)
		picture(t, ctx, "keys")
		do(t, ctx, chromedp.KeyEvent(kb.Escape))
		until(t, ctx, `!document.querySelector("#keys").open`)
	})
	t.Run("g then a letter goes", func(t *testing.T) {
		do(t, ctx, chromedp.KeyEvent("g"), chromedp.KeyEvent("p"))
		until(t, ctx, `location.pathname === "/posts" && !!window.htmx`)
	})
	t.Run("j and k move in a list", func(t *testing.T) {
		do(t, ctx, chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
		until(t, ctx, `[...document.querySelectorAll("[data-row]")].findIndex(e => e.hasAttribute("data-cursor")) === 1`)
		do(t, ctx, chromedp.KeyEvent("k"))
		until(t, ctx, `[...document.querySelectorAll("[data-row]")].findIndex(e => e.hasAttribute("data-cursor")) === 0`)
	})
	t.Run("a dialog opens and closes", func(t *testing.T) {
		do(t, ctx, chromedp.Click(chromedp.CSS(`[commandfor="dark-buttons-dialog"][command="show-modal"]`)))
		until(t, ctx, `document.querySelector("#dark-buttons-dialog").open`)
		picture(t, ctx, "dialog")
		do(t, ctx, chromedp.Click(chromedp.CSS(`#dark-buttons-dialog .dialog-foot [command="close"]`)))
		until(t, ctx, `!document.querySelector("#dark-buttons-dialog").open`)
	})
	t.Run("a state explains itself on focus", func(t *testing.T) {
		do(t, ctx, chromedp.Focus(chromedp.CSS(`.light .state[tabindex]`)), chromedp.KeyEvent(kb.Tab))
		until(t, ctx, `document.querySelector(".tip")?.textContent.includes("Someone is to look at it")`)
	})
	t.Run("nothing is refused by the policy", func(t *testing.T) {
		if got := complaints(); len(got) > 0 {
			t.Errorf("the console says:\n%s", strings.Join(got, "\n"))
		}
	})
}

// TestOneStream opens three tabs: they share one stream, each hears a change,
// and what shows it is fetched again once.
func TestOneStream(t *testing.T) {
	ctx := browser(t)
	var opened, fetched atomic.Int32
	push := make(chan string)
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, static.Handler())
	mux.HandleFunc("/live", func(w http.ResponseWriter, r *http.Request) {
		opened.Add(1)
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "event: ready\ndata: {}\n\n")
		for {
			w.(http.Flusher).Flush()
			select {
			case message := <-push:
				_, _ = io.WriteString(w, message)
			case <-r.Context().Done():
				return
			}
		}
	})
	mux.HandleFunc("/part", func(w http.ResponseWriter, r *http.Request) {
		fetched.Add(1)
		_, _ = io.WriteString(w, `<p id="part" data-fresh>new</p>`)
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		args := sampleShell("light")
		args.ThemeURL, args.Stream = "", "/live"
		show(w, r, ui.Shell(args), templ.Raw(
			`<p id="part" data-live="delivery" data-live-id="d1" hx-get="/part" hx-trigger="live" hx-swap="outerHTML">old</p>`+
				`<p id="other" data-live="delivery" data-live-id="d2" hx-get="/part" hx-trigger="live" hx-swap="outerHTML">old</p>`))
	})
	server := browsertest.Serve(t, mux)

	var tabs []context.Context
	for range 3 {
		tab, stop := chromedp.NewContext(ctx)
		t.Cleanup(stop)
		load(t, tab, server.URL+"/page", 1000, 700)
		until(t, tab, `document.documentElement.hasAttribute("data-stream")`)
		tabs = append(tabs, tab)
	}
	push <- "id: 1\nevent: change\ndata: {\"brand\":\"b\",\"kind\":\"delivery.changed\",\"subject\":\"d1\"}\n\n"
	for _, tab := range tabs {
		until(t, tab, `document.querySelector("#part").textContent === "new"`)
		until(t, tab, `document.querySelector("#other").textContent === "old"`)
	}
	if got := opened.Load(); got != 1 {
		t.Errorf("three tabs opened %d streams, want 1", got)
	}
	if got := fetched.Load(); got != 3 {
		t.Errorf("three tabs fetched %d parts, want 3", got)
	}
}

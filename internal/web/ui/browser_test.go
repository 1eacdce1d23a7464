package ui_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// browser opens a headless Chromium. `make test` sets RAPPORT_TEST_BROWSER
// once it has installed Chromium and the npm packages.
func browser(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("RAPPORT_TEST_BROWSER") == "" {
		t.Skip("needs Chromium and assets/node_modules: run through make test, or set RAPPORT_TEST_BROWSER=1")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	return ctx
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
	axe, err := os.ReadFile("../../../assets/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	server := pages(t)
	for _, path := range []string{"/", "/bare"} {
		for _, view := range views {
			name := view.name + strings.ReplaceAll(path, "/", "-")
			t.Run(name, func(t *testing.T) {
				load(t, ctx, server.URL+path+"?theme="+view.theme, view.width, view.height)
				picture(t, ctx, name)
				if found := audit(t, ctx, string(axe)); len(found) > 0 {
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

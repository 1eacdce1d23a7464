package browsertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Axe reads axe-core from the folder that RAPPORT_TEST_NODE_MODULES names, as
// make test sets it; without a name the test is skipped, and fails where CI
// is true.
func Axe(t testing.TB) string {
	t.Helper()
	modules := os.Getenv("RAPPORT_TEST_NODE_MODULES")
	switch {
	case modules == "" && os.Getenv("CI") == "true":
		t.Fatal("RAPPORT_TEST_NODE_MODULES names no folder with axe-core; on CI it must")
	case modules == "":
		t.Skip("RAPPORT_TEST_NODE_MODULES names no folder with axe-core; make test sets it")
	}
	axe, err := os.ReadFile(filepath.Join(modules, "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(axe)
}

// Accessible fails the test for each place on the page that axe-core calls
// serious or critical, and for a page that is wider than its window.
func (b *Tab) Accessible(axe string) {
	b.t.Helper()
	const ask = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.flatMap(v => v.nodes.slice(0, 8).map(n => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary.split("\n").pop())))`
	Ask[any](b, axe+";0")
	if found := Ask[[]string](b, ask); len(found) > 0 {
		b.t.Errorf("axe-core found:\n%s", strings.Join(found, "\n"))
	}
	b.Fits()
}

// Fits fails the test where the page is wider than its window.
func (b *Tab) Fits() {
	b.t.Helper()
	if Ask[bool](b, "document.documentElement.scrollWidth > innerWidth") {
		b.t.Errorf("%s is wider than its window", Ask[string](b, "location.pathname"))
	}
}

// Picture is a PNG of what the window shows.
func (b *Tab) Picture() []byte {
	b.t.Helper()
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	return shot
}

// Touchable fails the test for what is too small to be touched and too close to
// something else: 24 px, as WCAG 2.2 has it.
func (b *Tab) Touchable(axe string) {
	b.t.Helper()
	const ask = `axe.run(document, {runOnly: {type: "rule", values: ["target-size"]}, resultTypes: ["violations"]}).then(r => r.violations
		.flatMap(v => v.nodes.slice(0, 8).map(n => n.target.join(" ") + ": " + n.failureSummary.split("\n").pop())))`
	Ask[any](b, axe+";0")
	if found := Ask[[]string](b, ask); len(found) > 0 {
		b.t.Errorf("too small to touch at %s:\n%s", Ask[string](b, "location.pathname"), strings.Join(found, "\n"))
	}
}

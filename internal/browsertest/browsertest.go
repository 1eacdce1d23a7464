// Package browsertest drives a headless Chromium for tests: it opens tabs,
// waits for what a page comes to, acts with mouse, keyboard and finger, and
// keeps what the console complains of. It knows nothing of the product.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take to come to what is awaited. It only
// bounds a failure; nothing waits this long otherwise.
const patience = 30 * time.Second

// Tab is one open page. Its methods end the test when they cannot be done.
type Tab struct {
	t    testing.TB
	ctx  context.Context
	stop context.CancelFunc
	said *complaints
}

// Open starts a browser with a profile of its own and returns its first tab.
// The browser is the one that RAPPORT_TEST_CHROMIUM names, as make test sets
// it; without a name the test is skipped, and fails where CI is true.
func Open(t testing.TB, more ...chromedp.ExecAllocatorOption) *Tab {
	t.Helper()
	chromium := os.Getenv("RAPPORT_TEST_CHROMIUM")
	switch {
	case chromium == "" && os.Getenv("CI") == "true":
		t.Fatal("RAPPORT_TEST_CHROMIUM names no browser; on CI it must")
	case chromium == "":
		t.Skip("RAPPORT_TEST_CHROMIUM names no browser; make test sets it")
	}
	profile, err := os.MkdirTemp("", "rapport-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	// Its processes write until the very end, so this may need a second try.
	t.Cleanup(func() {
		if os.RemoveAll(profile) != nil {
			_ = os.RemoveAll(profile)
		}
	})
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("force-prefers-reduced-motion", true), // a colour caught in the middle of its change is no colour
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(profile))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	t.Cleanup(stop)
	return open(t, ctx)
}

// Another opens a further tab of the same browser, with the same cookies.
func (b *Tab) Another() *Tab {
	b.t.Helper()
	return open(b.t, b.ctx)
}

// Apart opens a tab that shares nothing with the others: no cookie, no cache.
func (b *Tab) Apart() *Tab {
	b.t.Helper()
	return open(b.t, b.ctx, chromedp.WithNewBrowserContext())
}

func open(t testing.TB, parent context.Context, options ...chromedp.ContextOption) *Tab {
	t.Helper()
	ctx, stop := chromedp.NewContext(parent, options...)
	t.Cleanup(stop)
	b := &Tab{t: t, ctx: ctx, stop: stop, said: &complaints{}}
	if err := b.said.listen(ctx); err != nil {
		t.Fatal(err)
	}
	b.Wide()
	return b
}

// Close ends the tab before the test does.
func (b *Tab) Close() { b.stop() }

// For gives the tab to a part of the test, which then ends instead of the whole.
func (b *Tab) For(t testing.TB) *Tab { return &Tab{t: t, ctx: b.ctx, stop: b.stop, said: b.said} }

// Context is that of chromedp, for what this package lacks.
func (b *Tab) Context() context.Context { return b.ctx }

// Wide is a window of 1440 by 900.
func (b *Tab) Wide() {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(1440, 900))
}

// Phone is a screen of 390 by 844 that is touched.
func (b *Tab) Phone() {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
}

// WithoutScripts keeps the pages from running any.
func (b *Tab) WithoutScripts() {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	if err != nil {
		b.t.Fatal(err)
	}
}

// Go opens an address and returns when the page has loaded.
func (b *Tab) Go(url string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(url))
}

// Do runs steps of chromedp one after the other.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := b.try(steps...); err != nil {
		b.t.Fatalf("%v, at %s", err, b.where())
	}
}

// found runs a step on an element. One that was found on a page that was just
// left is looked for once more: nothing has been done to it yet.
func (b *Tab) found(step chromedp.Action[chromedp.Void]) error {
	err := b.try(step)
	var refused *cdproto.Error
	if errors.As(err, &refused) && refused.Code == noSuchNode {
		err = b.try(step)
	}
	return err
}

// noSuchNode is the code of the DevTools protocol for a node that has gone.
const noSuchNode = -32000

func (b *Tab) try(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	return chromedp.Do(ctx, steps...)
}

// Click presses the mouse on the first element that the selector finds, once
// it is there and can be seen.
func (b *Tab) Click(css string) {
	b.t.Helper()
	if err := b.found(chromedp.Click(chromedp.CSS(css))); err != nil {
		b.t.Fatalf("click %s: %v, at %s", css, err, b.where())
	}
}

// Type writes at the end of what an input holds.
func (b *Tab) Type(css, text string) {
	b.t.Helper()
	if err := b.found(chromedp.Focus(chromedp.CSS(css))); err != nil {
		b.t.Fatalf("type into %s: %v, at %s", css, err, b.where())
	}
	// An address or a number has no caret that could be set.
	Ask[any](b, `(e => e instanceof HTMLTextAreaElement && e.setSelectionRange(e.value.length, e.value.length))(document.activeElement), 0`)
	b.Press(text)
}

// Set gives an input a value, as a date picker does, and says so to the page.
func (b *Tab) Set(css, value string) {
	b.t.Helper()
	b.Until(fmt.Sprintf(`document.querySelector(%q) !== null`, css))
	Ask[any](b, fmt.Sprintf(`(el => {
		el.value = %q;
		el.dispatchEvent(new Event("input", {bubbles: true}));
		el.dispatchEvent(new Event("change", {bubbles: true}));
	})(document.querySelector(%q)), 0`, value, css))
}

// Upload chooses files for an input.
func (b *Tab) Upload(css string, files ...string) {
	b.t.Helper()
	b.Do(chromedp.SetUploadFiles(chromedp.CSS(css), files))
}

// Press types keys to whatever has the focus.
func (b *Tab) Press(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	b.Do(chromedp.KeyEvent(keys, options...))
}

// Drag moves the mouse, pressed, from one element to another, each given as
// a script that returns it; dx and dy are the distances to their corners.
func (b *Tab) Drag(from, to string, dx, dy float64) {
	b.t.Helper()
	const corner = `(({left, top}) => [left, top])(%s.getBoundingClientRect())`
	p, q := Ask[[]float64](b, fmt.Sprintf(corner, from)), Ask[[]float64](b, fmt.Sprintf(corner, to))
	b.Do(chromedp.DragAndDropXY(p[0]+dx, p[1]+dy, q[0]+dx, q[1]+dy, 10))
}

// Until waits until the condition, a script, is true. A page that is being
// replaced takes its world with it; the wait goes on in the next.
func (b *Tab) Until(condition string) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	for {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool]("!!("+condition+")"))
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			b.t.Fatalf("it never came to %s, at %s", condition, b.where())
		}
	}
}

// Says waits until the element's text holds the words.
func (b *Tab) Says(css, words string) {
	b.t.Helper()
	b.Until(fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.textContent.includes(%q))`, css, words))
}

// At waits until the page's path ends so and its scripts run.
func (b *Tab) At(pathEnd string) {
	b.t.Helper()
	b.Until(fmt.Sprintf(`location.pathname.endsWith(%q) && document.readyState === "complete" && !!window.htmx`, pathEnd))
}

// where names the page for a failure, with its first words, and with
// RAPPORT_PICTURES leaves a picture of it there.
func (b *Tab) where() string {
	ctx, stop := context.WithTimeout(b.ctx, 3*time.Second)
	defer stop()
	at, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + ", which says: " +
		(document.querySelector("main") ?? document.body).innerText.replace(/\s+/g, " ").slice(0, 400)`))
	if err != nil {
		return "a page that does not answer"
	}
	if folder := os.Getenv("RAPPORT_PICTURES"); folder != "" {
		shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err == nil {
			_ = os.WriteFile(filepath.Join(folder, "failed-"+strings.ReplaceAll(b.t.Name(), "/", "-")+".png"), shot, 0o644)
		}
	}
	return at
}

// Ask returns what a script gives, without regard to the page's policy.
func Ask[T any](b *Tab, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return v
}

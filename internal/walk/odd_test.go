package walk_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"rapport/internal/browsertest"
)

// TestOnAPhone does the essential part with a finger on a small screen.
func TestOnAPhone(t *testing.T) {
	b := browsertest.Open(t)
	b.Phone()
	u := signIn(t, b)
	u.Fits()
	u.Click(`.page-actions a[href$="/compose"]`)
	u.At("/compose")
	u.Until(`document.querySelector("rapport-island[data-ready]") !== null`)
	u.choose("@northwind")
	u.Fits()
	const text = "From the tram, one hand free."
	u.Type(`[data-text="all"]`, text)
	u.Until(`document.querySelector("[data-save-state]").dataset.saveState === "saved"`)
	u.Click("button[name=act][value=now]")
	u.postPage()
	u.out(1)
	u.Fits()
	if times, _ := u.onTheNetwork(text); times != 1 {
		t.Errorf("the text stands %d times on the network", times)
	}

	u.open("/calendar")
	u.Fits()
	u.Click(`[popovertarget="more-sheet"]`)
	u.Click("#more-sheet .nav-switch")
	u.Type("#hold-dialog-reason", "On my way")
	u.Click("#hold-everything button[type=submit]")
	u.Says("#ribbons .ribbon", "On my way")
	u.Fits()
	u.open("/hold")
	u.Click(`form[action$="/hold/release"] button`)
	u.Until(`document.querySelector("#ribbons")?.textContent.includes("On my way") === false`)
	u.Clean()
}

// TestWithoutScripts schedules by the plain form.
func TestWithoutScripts(t *testing.T) {
	b := browsertest.Open(t)
	b.WithoutScripts()
	b.Go(demo + "/studio")
	b.Type("input[name=email]", email)
	b.Type("input[name=password]", password+kb.Enter)
	b.Do(chromedp.WaitVisible(chromedp.CSS("#today")))
	b.Click(`.page-actions a[href$="/compose"]`)
	b.Do(chromedp.WaitVisible(chromedp.CSS("#composer")))
	const text = "Plain as a letter, and it arrives."
	b.Type(`[data-text="all"]`, text)
	b.Set("#at", coming(t, 3))
	b.Click("button[name=act][value=schedule]")
	b.Do(chromedp.WaitVisible(chromedp.CSS(".way .state")))
	shown := browsertest.Ask[string](b, `document.querySelector(".version .preview-text").textContent.trim()`)
	if shown != text {
		t.Errorf("the post says %q", shown)
	}
}

// TestTwoTabs writes the same draft in two places at once.
func TestTwoTabs(t *testing.T) {
	one := signIn(t, browsertest.Open(t))
	one.compose("/compose", "@northwind")
	one.Type(`[data-text="all"]`, "Two of us write this.")
	one.Until(`document.querySelector("[data-save-state]").dataset.saveState === "saved" && location.pathname.endsWith("/edit")`)
	path := browsertest.Ask[string](one.Tab, `location.pathname`)

	two := one.newTab()
	two.Go(demo + path)
	two.Until(`document.querySelector("rapport-island[data-ready]") !== null`)
	one.Type(`[data-text="all"]`, " The first says this.")
	one.Until(`document.querySelector("[data-save-state]").dataset.saveState === "saved"`)
	two.Until(`document.querySelector(".conflict") !== null`) // it is said before anything is lost
	two.Set(`[data-text="all"]`, "Two of us write this. The second says that.")
	two.Until(`document.querySelector('[data-text="all"]').value === "Two of us write this. The second says that."`)
	two.clickOn(".conflict summary", "")
	two.Says(".conflict .said", "The first says this.")
	two.Click("button[name=act][value=copy]")
	two.Until(`!!window.htmx && document.querySelector(".conflict") === null`)

	for _, text := range []string{"Two of us write this. The first says this.", "Two of us write this. The second says that."} {
		if n := two.posts(text); n != 1 {
			t.Errorf("%d posts say %q", n, text)
		}
	}
	one.Clean()
	two.Clean("409")
}

// TestDoubleClick presses Schedule as the impatient do.
func TestDoubleClick(t *testing.T) {
	u := signIn(t, browsertest.Open(t))
	u.compose("/compose", "@northwind", "@northwind_berlin")
	const text = "Pressed twice, scheduled once."
	u.Type(`[data-text="all"]`, text)
	u.Set("#at", coming(t, 4))
	u.Do(chromedp.DoubleClick(chromedp.CSS("button[name=act][value=schedule]")))
	u.postPage()
	u.Until(`document.querySelectorAll(".way").length === 2`)
	if n := u.posts(text); n != 1 {
		t.Errorf("%d posts say so", n)
	}
	u.Clean()
}

// TestKeyboardAlone never touches the mouse.
func TestKeyboardAlone(t *testing.T) {
	u := signIn(t, browsertest.Open(t))
	const text = "Written without a mouse."
	u.Press("n")
	u.At("/compose")
	u.Until(`document.querySelector("rapport-island[data-ready]") !== null && document.activeElement.matches("[data-text]")`)
	u.Press(text)
	u.tabTo(".compose-quick button:last-of-type") // tomorrow
	u.Press(kb.Enter)
	u.Until(`document.querySelector("#at").value !== ""`)
	at := browsertest.Ask[string](u.Tab, `document.querySelector("#at").value`)
	u.tabTo("button[name=act][value=schedule]")
	u.Press(kb.Enter)
	id := u.postPage()

	u.Press("g")
	u.Press("c")
	u.At("/calendar")
	u.Until(`document.querySelector("[data-island=calendar][data-ready]") !== null`)
	card := fmt.Sprintf(`document.querySelector('.card[href*="%s"]')`, id)
	if at[:10] > browsertest.Ask[string](u.Tab, `[...document.querySelectorAll("[data-date]")].at(-1).dataset.date`) {
		u.Press(kb.ArrowRight)
	}
	u.Until(card + ` !== null`)
	u.tabTo(fmt.Sprintf(`.card[href*="%s"]`, id))
	u.Press(kb.ArrowDown, chromedp.KeyModifiers(chromedp.ModifierAlt))
	later, err := time.Parse("2006-01-02T15:04", at)
	if err != nil {
		t.Fatal(err)
	}
	u.Until(card + `?.dataset.at === "` + later.Add(15*time.Minute).Format("2006-01-02T15:04") + `"`)

	u.ctrl("k")
	u.Until(`document.querySelector("#palette").open`)
	u.Press("hold everything")
	u.Press(kb.Enter)
	u.Until(`document.querySelector("#hold-everything")?.open || location.pathname.endsWith("/hold")`)
	u.tabTo("textarea[name=reason]")
	u.Press("By hand")
	u.tabTo("#hold-everything[open] button[type=submit], form:not(dialog form) .btn[data-kind=danger]")
	u.Press(kb.Enter)
	u.Says("#ribbons .ribbon", "By hand")
	u.tabTo("#ribbons .ribbon[data-tone=bad] a")
	u.Press(kb.Enter)
	u.Until(`document.querySelector('form[action$="/hold/release"]') !== null && !!window.htmx`)
	u.tabTo(`form[action$="/hold/release"] button`)
	u.Press(kb.Enter)
	u.Until(`document.querySelector("#ribbons")?.textContent.includes("By hand") === false`)
	u.Clean()
}

// posts is how many posts the list finds by a text.
func (u user) posts(text string) int {
	u.t.Helper()
	u.open("/posts?q=" + url.QueryEscape(text))
	return browsertest.Ask[int](u.Tab, `document.querySelectorAll("[data-row]").length`)
}

package walk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"rapport/internal/browsertest"
)

// TestWalk is the first hour of somebody new, from the door and back to it.
func TestWalk(t *testing.T) {
	u := signIn(t, browsertest.Open(t))
	steps := walkers{user: u}
	for _, step := range []struct {
		name string
		walk func(*testing.T, *walkers)
	}{
		{"decide what needs a person", decide},
		{"write a post for two channels", write},
		{"move it on the calendar and back", move},
		{"make a token and use it", token},
		{"see it go out, once", goOut},
		{"hold everything, then release", hold},
		{"jump with the palette", jump},
		{"change the brand's colour", colour},
		{"sign out", signOut},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			w := steps
			w.user = user{u.For(t), t, u.brand}
			step.walk(t, &w)
			steps.post, steps.token, steps.channel = w.post, w.token, w.channel
		}) {
			return
		}
	}
	u.Clean()
}

// walkers carry what one step leaves for the next.
type walkers struct {
	user
	post, token, channel string
}

const (
	said    = "Harbour light, six in the morning. We open at nine. #walk"
	alsoHas = " Berlin brings its own cup."
	shows   = "Blue light over the harbour"
)

// decide takes the unknown delivery from Today and says what was found.
func decide(t *testing.T, w *walkers) {
	w.Until(`document.querySelectorAll(".need").length >= 3`)
	before := browsertest.Ask[int](w.Tab, `document.querySelectorAll(".need").length`)
	w.clickOn(".need .btn", "Look and say")
	w.Click(`form:has(input[value=it_is_out]) button`)
	w.Until(`document.querySelector("form:has(input[value=it_is_out])") === null && !!window.htmx`)
	w.open("")
	w.Until(fmt.Sprintf(`document.querySelectorAll(".need").length === %d`, before-1))
}

// write makes a post with a picture that says more on one of its channels.
func write(t *testing.T, w *walkers) {
	w.Click(`.page-actions a[href$="/compose"]`)
	w.At("/compose")
	w.Until(`document.querySelector("rapport-island[data-ready]") !== null`)
	w.choose("@northwind", "@northwind_berlin")
	w.Type(`[data-text="all"]`, said)
	w.Until(fmt.Sprintf(`[...document.querySelectorAll(".preview-text")].filter(p => p.textContent.trim() === %q).length === 2`, said))
	w.Until(fmt.Sprintf(`[...document.querySelectorAll(".pick .counter")].some(c => c.value === "%d")`, 500-len(said)))

	w.Upload(`input[type=file][name^="file.all"]`, paint(t, "harbour.png"))
	w.Type(".tile-alt", shows)
	w.Until(`document.querySelectorAll(".preview-pictures img").length === 2`)

	w.Click("button[popovertarget=differ-menu]")
	w.Click("#differ-menu button:nth-of-type(2)")
	w.Until(`document.querySelector(".compose-own") !== null`)
	w.Type(`[data-body]:not([hidden]) [data-text]`, alsoHas)
	w.Until(fmt.Sprintf(`[...document.querySelectorAll(".preview-text")].filter(p => p.textContent.includes(%q)).length === 1`, strings.TrimSpace(alsoHas)))
	w.Until(`document.querySelector("[data-save-state]").dataset.saveState === "saved"`)

	w.Set("#at", coming(t, 2))
	w.post = w.schedule()
	w.Until(`document.querySelectorAll(".way").length === 2 && document.querySelectorAll(".version").length === 2`)
}

// move drags the card an hour back and takes that back.
func move(t *testing.T, w *walkers) {
	at := coming(t, 2)
	day := at[:10]
	w.open("/calendar?date=" + day)
	card := fmt.Sprintf(`document.querySelector('.card[href*="%s"]')`, w.post)
	w.Until(card + `?.dataset.at === "` + at + `"`)
	// In the middle: at the window's edge the page would move along.
	browsertest.Ask[any](w.Tab, card+`.scrollIntoView({block: "center"}), 0`)
	w.Drag(card, fmt.Sprintf(`document.querySelector('[data-hour="%sT13"]')`, day), 6, 3)
	w.Until(card + `?.dataset.at.startsWith("` + day + `T13")`)
	w.Click("#toasts form button")
	w.Until(card + `?.dataset.at === "` + at + `"`)
}

// token makes a token in the settings and asks the API with it.
func token(t *testing.T, w *walkers) {
	w.open("/settings/tokens")
	w.Type("input[name=name]", "Walk")
	for _, scope := range []string{"posts:read", "posts:write", "posts:publish"} {
		w.check(fmt.Sprintf(`input[name=scopes][value="%s"]`, scope))
	}
	w.Click(`form[action$="/settings/tokens"] button[type=submit]`)
	w.Until(`document.querySelector("#new-token") !== null`)
	w.token = browsertest.Ask[string](w.Tab, `document.querySelector("#new-token").textContent`)
	if !strings.HasPrefix(w.token, "rap_") {
		t.Fatalf("the token is %q", w.token)
	}
	var p told
	api(t, w.token, "GET", "/posts/"+w.post, nil, &p)
	if len(p.Deliveries) != 2 || p.Deliveries[0].State != "scheduled" {
		t.Fatalf("the API says %+v", p)
	}
	w.channel = p.Deliveries[0].Channel
	w.open("/settings/tokens")
	if browsertest.Ask[bool](w.Tab, `document.body.innerHTML.includes("`+w.token+`")`) {
		t.Error("the token is shown a second time")
	}
}

// goOut moves the post to a few seconds ahead and watches its page.
func goOut(t *testing.T, w *walkers) {
	w.open("/posts/" + w.post)
	w.Until(`document.documentElement.hasAttribute("data-stream")`)
	api(t, w.token, "POST", "/posts/"+w.post+"/move", map[string]any{"at": time.Now().Add(2 * time.Second)}, nil)
	w.out(2)
	w.Until(`document.querySelectorAll(".way a[target=_blank]").length === 2`)
	times, pictures := w.onTheNetwork(said)
	if times != 1 {
		t.Errorf("the text stands %d times on the network", times)
	}
	if diff := cmp.Diff([]string{shows}, pictures); diff != "" {
		t.Errorf("pictures on the network (-want +got):\n%s", diff)
	}
}

// hold keeps back what comes due, and lets it go afterwards.
func hold(t *testing.T, w *walkers) {
	w.open("")
	w.Click(".rail .nav-switch")
	w.Type("#hold-dialog-reason", "A recall is being checked")
	w.Click("#hold-everything button[type=submit]")
	w.Says("#ribbons .ribbon", "A recall is being checked")

	const text = "Held back until the recall is cleared."
	var p told
	api(t, w.token, "POST", "/posts", map[string]any{"text": text, "channels": []string{w.channel}, "publish_at": "now"}, &p)
	w.open("/hold")
	w.Says("main", "1 delivery is due and waits")
	w.open("/posts/" + p.ID)
	w.Until(`document.querySelector(".way .state") !== null`)
	if state := browsertest.Ask[string](w.Tab, `document.querySelector(".way .state").textContent`); strings.Contains(state, "published") {
		t.Errorf("held, and %s", state)
	}
	w.open("/hold")
	w.Click(`form[action$="/hold/release"] button`)
	w.Until(`document.querySelector("#ribbons")?.textContent.includes("recall") === false`)
	w.open("/posts/" + p.ID)
	w.out(1)
	if times, _ := w.onTheNetwork(text); times != 1 {
		t.Errorf("the text stands %d times on the network", times)
	}
}

// jump goes to a place and to a post by words.
func jump(t *testing.T, w *walkers) {
	w.open("")
	w.ctrl("k")
	w.Until(`document.querySelector("#palette").open`)
	w.Type("#palette input", "media")
	w.Press(kb.Enter)
	w.At("/media")
	w.ctrl("k")
	w.Until(`document.querySelector("#palette").open`)
	w.Type("#palette input", "Harbour light")
	w.Until(`document.querySelector("#palette [data-found]") !== null`)
	w.Press(kb.Enter)
	if got := w.postPage(); got != w.post {
		t.Errorf("the palette leads to %s, want %s", got, w.post)
	}
}

// colour gives the brand another colour, and the pages take it.
func colour(t *testing.T, w *walkers) {
	w.open("/settings/brand")
	const button = `getComputedStyle(document.querySelector("main .btn[data-kind=primary]")).backgroundColor`
	before := browsertest.Ask[string](w.Tab, button)
	w.Set("input[name=color]", "#8a2f5d")
	// The button changes its colour below the pointer as well, so the old page
	// is told from the new one by a mark.
	browsertest.Ask[any](w.Tab, `document.documentElement.dataset.old = "", 0`)
	w.Click(`form[action$="/settings/brand"] button[type=submit]`)
	w.Until(`document.documentElement.dataset.old === undefined && document.readyState === "complete"`)
	w.Until(fmt.Sprintf(`document.querySelector("input[name=color]")?.value === "#8a2f5d" && %s !== %q`, button, before))
}

// signOut leaves, and what was open is closed.
func signOut(t *testing.T, w *walkers) {
	w.Click(".rail .person-button")
	w.Click(`#rail-person form[action$="/sign-out"] button`)
	w.At("/studio/sign-in")
	w.Go(w.brand + "/calendar")
	w.At("/studio/sign-in")
}

package walk_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"rapport/internal/browsertest"
	"rapport/internal/server"
)

// TestApproval is a post on its way past a second pair of eyes: a creator
// writes and submits it, an owner sends it back and then approves it, an edit
// takes it off the plan again, and what goes out in the end is what was
// approved.
func TestApproval(t *testing.T) {
	owner := signIn(t, browsertest.Open(t))
	creator := owner.colleague("aylin@northwind.example")
	owner.asksApproval("channels")
	defer owner.asksApproval("never")

	const text = "Deliveries to our cafés stop over the holidays."
	creator.compose("/compose?at="+coming(t, 3), "@northwind_partners")
	creator.Type(`[data-text="all"]`, text)
	creator.Until(`document.querySelector("[data-save-state]").dataset.saveState === "saved"`)
	if n := browsertest.Ask[int](creator.Tab, `document.querySelectorAll("button[name=act][value=schedule], button[name=act][value=now]").length`); n != 0 {
		t.Errorf("the creator may schedule: %d buttons", n)
	}
	creator.Click("button[name=act][value=submit]")
	post := creator.postPage()
	creator.Says("#review h2", "In review")

	// The owner finds it on Today without asking for it, and sends it back.
	owner.open("")
	owner.Until(fmt.Sprintf(`document.querySelector("#review-%s") !== null`, post))
	owner.Click(fmt.Sprintf("#review-%s .btn", post))
	owner.Until(`document.querySelector("#review") !== null && !!window.htmx`)
	owner.Accessible(browsertest.Axe(t))
	owner.Click("#review summary")
	owner.Type("#comment", "From which day on?")
	owner.Click(`form[action$="/send-back"] button`)
	owner.Says("#review h2", "Sent back")

	// The creator's page has heard of it.
	creator.Says("#review h2", "Sent back")
	creator.Says("#review .said", "From which day on?")
	creator.open("/posts/" + post + "/edit")
	creator.Type(`[data-text="all"]`, kb.End+" From the 24th on.")
	creator.Until(`document.querySelector("[data-save-state]").dataset.saveState === "saved"`)
	creator.Click("button[name=act][value=submit]")
	creator.postPage()
	creator.Says("#review h2", "In review")

	owner.approves(post)

	// What the creator changes now is not approved any more.
	creator.open("/posts/" + post + "/edit")
	creator.Type(`[data-text="all"]`, kb.End+" Order by the 20th.")
	creator.Click("button[name=act][value=submit]")
	creator.postPage()
	creator.Says("#review h2", "In review")
	creator.Says(".way .state", "cancelled")
	creator.Says("#since ins", "Order by the 20th.")

	owner.approves(post)
	token := console(t, "", "token", "create", "--brand", "northwind-coffee", "--scopes", "posts:read,posts:write,posts:publish")
	api(t, strings.TrimSpace(token), "POST", "/posts/"+post+"/move", map[string]any{"at": time.Now().Add(2 * time.Second)}, nil)
	owner.out(1)
	owner.Until(`document.querySelector(".way a[target=_blank]") !== null`)
	if times, _ := owner.onTheNetwork(text + " From the 24th on. Order by the 20th."); times != 1 {
		t.Errorf("what was approved stands %d times on the network", times)
	}
	if all := browsertest.Ask[int](owner.Tab, fmt.Sprintf(`[...document.querySelectorAll("article.post")].filter(p => p.textContent.includes(%q)).length`, text)); all != 1 {
		t.Errorf("%d versions of it are on the network", all)
	}
}

// approves reads a post and presses the button.
func (u user) approves(post string) {
	u.t.Helper()
	u.open("/posts/" + post)
	u.Click(`form[action$="/approve"] button`)
	u.Until(`[...document.querySelectorAll(".way .way-head .state")].some(s => s.textContent.trim().startsWith("scheduled"))`)
}

// asksApproval sets what the brand asks approval of; with channels that is
// what goes to the partners.
func (u user) asksApproval(mode string) {
	u.t.Helper()
	u.open("/settings/approval")
	u.Click(fmt.Sprintf(`input[name=mode][value=%s]`, mode))
	if mode == "channels" {
		u.Until(`document.querySelector(".approval-channels").checkVisibility()`)
		u.clickOn(".approval-channels label", "@northwind_partners")
	}
	u.Click(`form[action$="/settings/approval"] button[type=submit]`)
	u.Says(".toast", "Saved")
}

// colleague is somebody else of the team in a browser of their own.
func (u user) colleague(email string) user {
	u.t.Helper()
	console(u.t, password+"\n", "account", "password", email)
	b := u.Apart()
	b.Go(demo + "/studio")
	b.Until(`location.pathname === "/studio/sign-in"`)
	b.Type("input[name=email]", email)
	b.Type("input[name=password]", password+kb.Enter)
	b.Until(`document.querySelector("#today") !== null && !!window.htmx`)
	return user{b, u.t, u.brand}
}

// console runs a command beside the demo and returns what it prints.
func console(t *testing.T, in string, args ...string) string {
	t.Helper()
	var out strings.Builder
	err := server.Run(t.Context(), append(args, "--data", kept), func(string) string { return "" }, strings.NewReader(in), &out, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

package walk_test

import (
	"fmt"
	"strings"
	"testing"

	"rapport/internal/browsertest"
)

// A comment on a network becomes a topic; its author is told, a member answers,
// the answer is accepted, and goes back to where it was asked: the network
// itself is the witness that each came once.
func TestACommentIsAnsweredByTheCommunity(t *testing.T) {
	u := signIn(t, browsertest.Open(t))
	u.open("/inbox")
	talk := browsertest.Ask[string](u.Tab, `[...document.querySelectorAll(".talk")].find(t => !t.querySelector(".talk-kind") && t.querySelector(".talk-to").textContent.includes("@")).dataset.talk`)
	u.open("/inbox/" + talk)
	u.Says(".said-answer span", "Make a topic of it")
	asked := browsertest.Ask[string](u.Tab, `document.querySelector("a.said-at").href`)
	u.Click(`a.said-answer[href$="/topic"]`)
	u.Until(`document.querySelector("#title") !== null && !!window.htmx`)
	u.Accessible(browsertest.Axe(t))
	browsertest.Ask[any](u.Tab, `document.querySelector("#title").value = "Asked from outside", 0`)
	u.Click(`form[action$="/topic"] button[type=submit]`)
	u.Until(`document.querySelector(".thread-crossed a") !== null && !!window.htmx`)
	u.Says(".thread-crossed", "Nobody has answered yet")
	u.Accessible(browsertest.Axe(t))
	u.Until(`[...document.querySelectorAll(".said-by .state")].some(s => s.textContent.trim() === "published")`)

	// In the community, with credit and a link.
	topic := browsertest.Ask[string](u.Tab, `document.querySelector(".thread-crossed a").href`)
	u.Go(topic)
	u.Says("h1", "Asked from outside")
	if href := browsertest.Ask[string](u.Tab, `document.querySelector(".asked a").href`); href != asked {
		t.Errorf("the credit leads to %s, not to %s", href, asked)
	}
	u.Accessible(browsertest.Axe(t))
	const answer = "Nine days is what we taste best"
	u.Type("textarea[name=text]", answer)
	u.Click(`#write button[type=submit]`)
	u.Until(fmt.Sprintf(`[...document.querySelectorAll("[data-reply] .prose")].some(p => p.textContent.includes(%q))`, answer))
	u.Click(`[data-reply]:nth-of-type(2) form[action$="/accept"] button`)
	u.Until(`document.querySelector(".answer") !== null`)

	// Back where it was asked.
	u.open("/inbox/" + talk)
	u.Says(".thread-crossed", "The answer went back")
	u.Until(fmt.Sprintf(`[...document.querySelectorAll(".said-by")].some(s => s.textContent.includes(%q) && s.querySelector(".state")?.textContent.trim() === "published")`, answer))
	u.Go(asked)
	for _, text := range []string{"We have asked our community", answer} {
		if n := strings.Count(browsertest.Ask[string](u.Tab, `document.body.innerText`), text); n != 1 {
			t.Errorf("the network shows %q %d times", text, n)
		}
	}
}

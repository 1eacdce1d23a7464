package web_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/browsertest"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/outbox"
	"rapport/internal/web/webtest"
)

// inboxTab is a browser that an account signs in with, at the inbox.
func inboxTab(t *testing.T, s *webtest.Site) (tab *browsertest.Tab, base string) {
	t.Helper()
	base = inboxServer(t, s)
	tab = browsertest.Open(t)
	enter(t, tab, s, base, s.Account)
	return tab, base
}

func inboxServer(t *testing.T, s *webtest.Site) string {
	t.Helper()
	server := browsertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		s.Pages.ServeHTTP(w, r)
	}))
	return server.URL
}

func enter(t *testing.T, tab *browsertest.Tab, s *webtest.Site, base string, a account.Account) {
	t.Helper()
	tab.Go(base + "/studio/sign-in")
	tab.Type("input[name=email]", a.Email)
	tab.Type("input[name=password]", webtest.Password+kb.Enter)
	tab.At("/studio/" + s.Brand.Slug)
}

const inboxReady = `document.querySelector("[data-island=inbox][data-ready]")`

// The whole day's work goes by keys: through the list, into a conversation, a
// note, done, back, and several at once.
func TestInboxByKeys(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	tab, base := inboxTab(t, s)
	tab.Go(base + s.Path("inbox"))
	tab.Until(inboxReady)
	tab.Press("jj")
	tab.Until(`document.querySelector(".talk[data-cursor] .talk-name").textContent === "Mira"`)
	tab.Press(kb.Enter)
	tab.Says("#thread-title", "Mira")
	tab.At("/inbox/" + s.Talk("m1").ID)
	tab.Until(`document.querySelector(".talk[aria-current] .talk-name").textContent === "Mira"`)
	tab.Press("n")
	tab.Until(`document.activeElement.id === "note-text"`)
	tab.Press("Ask about Switzerland e s a")
	tab.Press(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl))
	tab.Says(".note", "Ask about Switzerland e s a")
	tab.Until(`document.querySelector("#note-text").value === ""`)
	tab.Press(kb.Escape)
	tab.Press("a")
	tab.Until(`document.querySelector("#assign-menu:popover-open") && document.activeElement.closest("#assign-menu")`)
	tab.Press(kb.Enter)
	tab.Says(".thread-facts", "with Ada Lind")
	tab.Press("u")
	tab.Press("e")
	tab.Says(".toast", "Done.")
	tab.Until(`document.querySelector("#thread-title").textContent === "Emoji" && !document.querySelector("#talk-` + s.Talk("m1").ID + `")`)
	if c := s.Talk("m1"); c.State != conversation.StateDone || c.Assignee != s.Account.ID {
		t.Errorf("it is %s with %q", c.State, c.Assignee)
	}
	tab.Press("j")
	tab.Press("s")
	tab.Until(`document.querySelector("#snooze-menu:popover-open") && document.querySelector("#thread-title").textContent === "Evil"`)
	tab.Press(kb.Enter)
	tab.Says(".toast", "Comes back")
	if c := s.Talk("m10"); c.State != conversation.StateSnoozed {
		t.Errorf("it is %s", c.State)
	}
	tab.Press("u")
	tab.Press("jxjx")
	tab.Until(`document.querySelector("[data-count]").textContent === "2"`)
	tab.Press("e")
	tab.Says(".toast", "2 conversations done.")
	tab.Until(`document.querySelectorAll(".talk-box:checked").length === 0`)
	tab.Press("?")
	tab.Until(`document.querySelector("#keys[open]").textContent.includes("Snooze")`)
}

// Several pages may be opened one after the other, and the browser's back
// leads through them without losing the list.
func TestInboxBack(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	tab, base := inboxTab(t, s)
	for _, phone := range []bool{false, true} {
		if phone {
			tab.Phone()
		}
		tab.Go(base + s.Path("inbox"))
		tab.Until(inboxReady)
		browsertest.Ask[any](tab, `document.querySelector(".list-scroll").scrollTop = 1500, 0`)
		tab.Until(`document.querySelector(".list-scroll").scrollTop === 1500`)
		browsertest.Ask[any](tab, fmt.Sprintf(`document.querySelector("#talk-%s [data-open-talk]").click(), 0`, s.Talk("n5").ID))
		tab.Says("#thread-title", "Guest5")
		tab.At("/inbox/" + s.Talk("n5").ID)
		if phone {
			tab.Until(`document.querySelector(".inbox-list").offsetParent === null`)
			tab.Fits()
			tab.Click("[data-back]")
		} else {
			browsertest.Ask[any](tab, `history.back(), 0`)
		}
		tab.At("/inbox")
		tab.Until(`document.querySelector(".inbox-list").offsetParent !== null && document.querySelector(".list-scroll").scrollTop === 1500 && !document.querySelector("#thread-title")`)
		browsertest.Ask[any](tab, `history.back(), 0`)
		if phone {
			tab.At("/inbox/" + s.Talk("n5").ID)
			tab.Says("#thread-title", "Guest5")
		}
	}
}

// What is being written survives a reload and what others do meanwhile, and
// keeps the focus.
func TestNothingTypedIsLost(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	tab, base := inboxTab(t, s)
	c := s.Talk("m1")
	tab.Go(base + s.Path("inbox", c.ID))
	tab.Until(inboxReady)
	tab.Press("n")
	tab.Press("Half a thou")
	s.Hear(w.Channels[0], s.Said("m30", "nora", "I would like to know that too.", "m1", 0))
	tab.Says("#thread-scroll", "I would like to know that too.")
	tab.Says(".talk", "I would like to know that too.")
	tab.Press("ght")
	tab.Until(`document.querySelector("#note-text").value.endsWith("Half a thought") && document.activeElement.id === "note-text"`)
	tab.Says("#note-form [data-draft-state]", "Draft kept")
	tab.Go(base + s.Path("inbox", c.ID))
	tab.Until(`document.querySelector("#note-text").value.endsWith("Half a thought")`)
}

// Two people in one conversation see each other, without a reload.
func TestPresenceInTwoBrowsers(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	mira := join(t, s, "Mira Sand", access.Community)
	tab, base := inboxTab(t, s)
	other := tab.Apart()
	enter(t, other, s, base, mira)
	at := base + s.Path("inbox", s.Talk("m1").ID)
	tab.Go(at)
	tab.Until(inboxReady)
	other.Go(at)
	tab.Says("#presence", "Mira Sand is looking at this")
	other.Says("#presence", "Ada Lind is looking at this")
	other.Go(base + s.Path("inbox"))
	tab.Until(`!document.querySelector("#presence .here")`)
}

// A name of the team is completed in a note.
func TestNotesCompleteNames(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	join(t, s, "Mira Sand", access.Community)
	tab, base := inboxTab(t, s)
	tab.Go(base + s.Path("inbox", s.Talk("m1").ID))
	tab.Until(inboxReady)
	tab.Press("n")
	tab.Press("Please look, @mi")
	tab.Says(".names:not([hidden])", "Mira Sand")
	tab.Press(kb.Enter)
	tab.Until(`document.querySelector("#note-text").value.includes("Please look, @Mira Sand ")`)
}

// TestInboxLooks checks each view of the inbox with axe-core, and leaves
// pictures where RAPPORT_PICTURES names a folder.
func TestInboxLooks(t *testing.T) {
	axe := browsertest.Axe(t)
	s := webtest.New(t)
	s.FillInbox()
	c := s.Talk("m1")
	for _, l := range []string{"question", "a label with quite a long name"} {
		s.Post(s.Path("inbox", c.ID, "labels"), "name", l)
	}
	s.Post(s.Path("inbox", c.ID, "assign"), "assignee", s.Account.ID)
	s.Post(s.Path("inbox", c.ID, "notes"), "note", "Jonas is right, but ask the office about Austria first.")
	s.Post(s.Path("inbox", s.Talk("n1").ID, "state"), "state", "done")
	base := serve(t, s)
	ctx := browser(t)
	for name, path := range map[string]string{"list": "inbox", "thread": "inbox/" + c.ID, "evil": "inbox/" + s.Talk("m10").ID, "long": "inbox/" + s.Talk("m14").ID,
		"unbroken": "inbox/" + s.Talk("m15").ID, "rest": "inbox?queue=snoozed", "done": "inbox?queue=done"} {
		for _, v := range views() {
			t.Run(name+"-"+v.name, func(t *testing.T) {
				to := base + s.Path(path) + "?look=" + v.look
				if name == "rest" || name == "done" {
					to = base + s.Path(path) + "&look=" + v.look
				}
				look(t, ctx, to, v.width, v.height)
				await(t, ctx, inboxReady)
				shot(t, ctx, "inbox-"+name+"-"+v.name)
				judge(t, ctx, axe)
			})
		}
	}
}

// Fifty people writing at once reach an open page once, and it stays quick.
func TestABurstReachesAnOpenInbox(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	tab, base := inboxTab(t, s)
	tab.Go(base + s.Path("inbox"))
	tab.Until(inboxReady)
	for i := range 50 {
		s.Hear(w.Channels[0], s.Said(fmt.Sprintf("b%d", i), fmt.Sprintf("burst%d", i), "All at once", "", time.Duration(i)*time.Millisecond))
	}
	tab.Until(`document.querySelector(".queue[aria-current]").textContent.includes("89") && document.querySelectorAll(".talk").length === 50`)
}

// An answer is sent once by a double click, its draft survives a reload, and
// what came meanwhile does not take the text away.
func TestAnsweringByHand(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	tab, base := inboxTab(t, s)
	c := s.Talk("m1")
	tab.Go(base + s.Path("inbox", c.ID))
	tab.Until(inboxReady)
	tab.Click("#answer-text")
	tab.Press("We do ☕")
	tab.Until(`document.querySelector("[data-left]").value === "493"`)
	browsertest.Ask[any](tab, fmt.Sprintf(`document.querySelector("#message-%s [data-answer]").click(), 0`, messageOf(t, s, "m2")))
	tab.Says("[data-to-name]", "Jonas")
	s.Hear(w.Channels[0], s.Said("m31", "nora", "Me too.", "m1", 0))
	tab.Says("#thread-scroll", "Me too.")
	tab.Go(base + s.Path("inbox", c.ID))
	tab.Until(`document.querySelector("#answer-text").value === "We do ☕" && document.querySelector("[data-to-name]").textContent === "Jonas"`)
	browsertest.Ask[any](tab, `(b => { b.click(); b.click(); })(document.querySelector("#answer-form [data-primary]")), 0`)
	tab.Says(".said-by[data-kind=own]", "We do ☕")
	tab.Until(`document.querySelector("#answer-text").value === "" && localStorage.length === 0`)
	var n int
	if err := s.DB.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM delivery WHERE kind = 'reply'`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d answers, %v", n, err)
	}
	var id string
	if err := s.DB.QueryRowContext(t.Context(), `SELECT id FROM delivery WHERE kind = 'reply'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE delivery SET state = 'rejected', reason = 'It is too polite.' WHERE id = $1`, id)
		outbox.Show(tx, s.Brand.ID, "delivery.changed", id)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	tab.Says(".said-failure", "It is too polite.")
	tab.Click("#answer-text")
	tab.Press("One more")
	tab.Press(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl))
	tab.Says(".said-by[data-kind=own]", "One more")
	browsertest.Ask[any](tab, `(t => { t.value = "long ".repeat(200); t.dispatchEvent(new InputEvent("input", {bubbles: true})); })(document.querySelector("#answer-text")), 0`)
	tab.Until(`document.querySelector("[data-left]").dataset.tone === "bad"`)
	tab.Click("#answer-form [data-primary]")
	tab.Says("#answer-error", "500")
	tab.Until(`document.querySelector("#answer-text").value.startsWith("long long")`)
}

// messageOf is the id of a message by that of its network.
func messageOf(t *testing.T, s *webtest.Site, remote string) (id string) {
	t.Helper()
	if err := s.DB.QueryRowContext(t.Context(), `SELECT id FROM message WHERE remote_id = $1`, remote).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

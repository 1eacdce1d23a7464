package web_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/browsertest"
	"rapport/internal/db"
	"rapport/internal/web/webtest"
)

// Somebody from outside has the inbox open when their part ends: nothing new
// appears in it, and the next step says what happened.
func TestAPartEndsInAnOpenBrowser(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	now := s.DB.Now().Time()
	s.DB.SetClock(now)
	priya := s.NewAccount("priya@example.com", "Priya")
	grantTo(t, s, priya, access.Grant{Role: access.Community, EndsAt: s.DB.Now().Add(time.Hour)})
	base, tab := inboxServer(t, s), browsertest.Open(t)
	enter(t, tab, s, base, priya)
	tab.Go(base + s.Path("inbox"))
	tab.Until(inboxReady + ` && document.documentElement.hasAttribute("data-stream")`)
	says := func(id, text string) {
		s.Hear(w.Channels[0], s.Said(id, "mira", text, "", 0))
	}
	says("before", "This is said before the end.")
	tab.Until(`document.body.textContent.includes("This is said before the end.")`)

	s.DB.SetClock(now.Add(61 * time.Minute))
	says("after", "This is said after the end.")
	quiet := s.NewAccount("quiet@example.com", "Quiet")
	grantTo(t, s, quiet, access.Grant{Role: access.Community})
	other := tab.Apart()
	enter(t, other, s, base, quiet)
	other.Go(base + s.Path("inbox"))
	other.Until(`document.body.textContent.includes("This is said after the end.")`)
	if browsertest.Ask[bool](tab, `document.body.textContent.includes("This is said after the end.")`) {
		t.Error("the ended part still hears what comes in")
	}
	tab.Go(base + s.Path("calendar"))
	tab.Says("main", "no part in it")
	if browsertest.Ask[bool](tab, `document.querySelector(".rail") !== null`) {
		t.Error("the brand's rail is still there")
	}
	tab.Accessible(browsertest.Axe(t))
}

// Among twenty brands one finds the right one by typing.
func TestFindingABrand(t *testing.T) {
	s := webtest.New(t)
	base, tab := inboxServer(t, s), browsertest.Open(t)
	enter(t, tab, s, base, s.Account)
	err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		for i := range 19 {
			b, err := brand.Start(t.Context(), tx, access.System(), brand.New{Name: fmt.Sprintf("Client %d", i+1), Zone: "Europe/Berlin"})
			if err != nil {
				return err
			}
			if err := account.Put(t.Context(), tx, s.Account.ID, access.Grant{Brand: b.ID, Role: access.Manager}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	tab.Go(base + s.Path())
	tab.Until(`!!window.htmx`)
	const shown = `[...document.querySelectorAll("#rail-brands [data-named]")].filter(e => e.checkVisibility()).length`
	tab.Click(".rail .brand-button")
	tab.Until(`document.activeElement.matches("#rail-brands [data-menu-filter]") && ` + shown + ` === 20`)
	tab.Press("client 1")
	tab.Until(shown + ` === 11`)
	tab.Press("99")
	tab.Until(shown + ` === 0`)
	tab.Says("#rail-brands .menu-none", "No brand of yours")
	tab.Press(kb.Backspace + kb.Backspace + "7" + kb.ArrowDown + kb.Enter)
	tab.At("/studio/client-17")
}

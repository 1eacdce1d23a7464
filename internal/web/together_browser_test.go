package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"rapport/internal/access"
	"rapport/internal/browsertest"
	"rapport/internal/db"
	"rapport/internal/letter"
	"rapport/internal/notify"
	"rapport/internal/outbox"
	"rapport/internal/post"
	"rapport/internal/web/webtest"
)

// Two people work on one draft: they see each other, a comment that names one
// is there without a reload and is counted, and of two versions none is lost.
func TestTwoOnOneDraft(t *testing.T) {
	s := webtest.New(t)
	ada, mira := s.Account, colleague(t, s, "Mira Sand", access.Creator)
	p := drafted(t, s, "Spring is here")
	news := outbox.NewReader(s.DB, nil)
	(&notify.Notifier{Letters: &letter.Letters{DB: s.DB}, Networks: s.Channels.Networks, BaseURL: "http://127.0.0.1"}).Listen(news)
	base := inboxServer(t, s)
	one := browsertest.Open(t)
	two := one.Apart()
	enter(t, one, s, base, ada)
	enter(t, two, s, base, mira)
	const ready = `document.querySelector("[data-island=composer][data-ready]") && document.querySelector("[data-island=beside][data-ready]")`
	edit := base + s.Path("posts", p.ID, "edit")
	one.Go(edit)
	one.Until(ready)
	two.Go(edit)
	two.Until(ready)
	one.Says("#beside", "Mira Sand")
	two.Says("#beside", "Ada Lind")

	one.Click("[popovertarget=comment-drawer]")
	one.Until(`document.querySelector("#comment-drawer [data-island=names][data-ready]")`)
	one.Click("#comment-text")
	one.Press("Look, @mir")
	one.Says(".names:not([hidden])", "Mira Sand")
	one.Press(kb.Enter)
	one.Press(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl))
	one.Says(".comment-text", "Look, @Mira Sand")
	two.Until(`document.querySelector("#comment-list .comment-text")?.textContent.includes("Look, @Mira Sand")`)
	if _, err := news.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	two.Says(".rail a[href$='/notifications'] .nav-count", "1")

	one.Click("[popovertargetaction=hide][popovertarget=comment-drawer]")
	two.Type("#text-all-0", " by Mira")
	two.Says("[data-save-state]", "Saved")
	one.Says("[data-conflict]", "Mira Sand saved another version")
	one.Click("[data-conflict] [value=copy]")
	one.Says(".toast", "Saved as a draft of its own.")
	all, _, err := post.List(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Filter{}, db.Page{})
	if err != nil || len(all) != 2 {
		t.Errorf("%d posts, want both versions, %v", len(all), err)
	}
}

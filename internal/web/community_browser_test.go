package web_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"rapport/internal/access"
	"rapport/internal/browsertest"
	"rapport/internal/db"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/topic"
	"rapport/internal/web/webtest"
)

// waiting fills a community's queue with what a newcomer wrote.
func waiting(t *testing.T, s *webtest.Site, titles ...string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var talk space.Space
	for _, name := range []string{"Talk", "News", "Guides"} {
		made, err := space.Create(t.Context(), s.DB, s.Who(), s.Brand.ID, space.Settings{Name: name, Kind: space.Discussion})
		must(err)
		if name == "Talk" {
			talk = made
		}
	}
	kim := s.NewAccount("kim@example.com", "Kim")
	var m member.Member
	must(s.DB.Tx(t.Context(), func(tx *db.Tx) (err error) {
		m, err = member.Create(t.Context(), tx, s.Brand.ID, member.New{Account: kim.ID, Handle: "kim", Name: "Kim", State: member.Active})
		return err
	}))
	v := member.Voice{Who: access.Who{Account: kim.ID}, Member: m, Brand: s.Brand.ID}
	for _, title := range titles {
		_, err := topic.Begin(t.Context(), s.DB, v, topic.New{Space: talk.ID, Title: title, Text: "Words"})
		must(err)
	}
}

// What the team looks after fits a phone, with a title that is one long word
// and in German, whose words are longer.
func TestTheCommunityFitsAPhone(t *testing.T) {
	s := webtest.New(t)
	waiting(t, s, strings.Repeat("Donaudampfschifffahrt", 5))
	b := browsertest.Open(t)
	b.Phone()
	base := serve(t, s)
	for _, path := range []string{"community?", "community/members?", "community/spaces?", "search?q=word&"} {
		b.Go(base + s.Path() + "/" + path + "tongue=de")
		// A phone's window grows with what it shows; the page's own width does not.
		if wide := browsertest.Ask[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
			t.Errorf("%s is %d px too wide", path, wide)
		}
	}
	b.Clean()
}

// Who looks through what waits by keys goes on to the next, and who moves a space
// twice finds the button again. The page lists the keys that do something there.
func TestTheCommunityByKeys(t *testing.T) {
	s := webtest.New(t)
	waiting(t, s, "One", "Two", "Three")
	b := browsertest.Open(t)
	base := serve(t, s)
	b.Go(base + s.Path("community"))
	in := func(css, words string) {
		t.Helper()
		b.Until(`document.activeElement.matches('` + css + `') && document.activeElement.closest("[data-row]").textContent.includes("` + words + `")`)
	}
	b.Press("jj")
	in("[data-cursor] a", "Two")
	b.Press("k")
	in("[data-cursor] a", "One")
	b.Until(`(e => (e.focus(), document.activeElement === e))(document.querySelector("[data-cursor] [value=approved]"))`)
	b.Press(kb.Enter)
	b.Until(`document.querySelectorAll(".panel[data-row]").length === 2`)
	in("[value=approved]", "Two")
	b.Press(kb.Enter)
	b.Until(`document.querySelectorAll(".panel[data-row]").length === 1`)
	in("[value=approved]", "Three")
	b.Press("?")
	b.Until(`document.querySelector("#keys").open && document.querySelector("#keys dt[data-in=list]").checkVisibility() && !document.querySelector("#keys dt[data-in=choice]").checkVisibility()`)

	b.Go(base + s.Path("community", "setup"))
	b.Press("?")
	b.Until(`document.querySelector("#keys").open && !document.querySelector("#keys dt[data-in=list]").checkVisibility()`)

	b.Go(base + s.Path("community", "spaces"))
	b.Until(`(e => (e.focus(), document.activeElement === e))([...document.querySelectorAll("[data-stay]")].find((r) => r.textContent.includes("Guides")).querySelector("[value=up]"))`)
	for _, place := range []string{"1", "0"} {
		b.Press(kb.Enter)
		b.Until(`[...document.querySelectorAll("[data-stay]")].findIndex((r) => r.textContent.includes("Guides")) === ` + place)
		in("button", "Guides")
	}
	b.Clean()
}

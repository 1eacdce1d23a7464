package commons_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"rapport/internal/browsertest"
	"rapport/internal/db"
	"rapport/internal/markdown"
	"rapport/internal/topic"
)

// Who is signed out while writing finds every word again on the page that says
// so, and nothing is stored until it is sent by somebody.
func TestWordsOutliveTheSession(t *testing.T) {
	p := open(t)
	olga, token := p.team()
	top := p.begin(olga, p.talk, "How fine?")
	rep := p.say(p.DB, olga, top, "Rather fine.")
	secret := p.begin(olga, p.inside, "For members")
	for path, form := range map[string]url.Values{
		top.Path():                           {"text": {"First <b>\n\nlast"}, "once": {"o-1"}, "answers": {"2"}},
		"/new":                               {"space": {p.talk.ID}, "title": {"A \"title\""}, "text": {"First <b>\n\nlast"}, "once": {"o-2"}},
		top.Path() + "/edit/" + rep.Reply.ID: {"revision": {"1"}, "text": {"First <b>\n\nlast"}},
		secret.Path():                        {"text": {"First <b>\n\nlast"}, "once": {"o-3"}},
		"/r/" + rep.Reply.ID + "/flag":       {"reason": {"spam"}, "note": {"First <b>\n\nlast"}},
		"/r/" + rep.Reply.ID + "/decide":     {"act": {"hidden"}, "reason": {"First <b>\n\nlast"}},
		"/me":                                {"bio": {"First <b>\n\nlast"}, "listed": {"true"}},
		"/t/nothing/99999":                   {"text": {"First <b>\n\nlast"}},
	} {
		a := p.do("", path, form)
		a.hasStatus(t, http.StatusUnauthorized)
		a.has(t, "You are signed out", "First &lt;b&gt;\n\nlast</textarea>", `action="`+path+`"`, `target="_blank"`, "/studio/sign-in?next="+url.QueryEscape(path)).lacks(t, secret.Title)
		for name, values := range form {
			if name != "text" && name != "title" && name != "note" && name != "bio" && !(name == "reason" && form.Has("act")) {
				a.has(t, `<input type="hidden" name="`+name+`" value="`+values[0]+`"`)
			}
		}
		if form.Has("title") {
			a.has(t, `value="A &#34;title&#34;"`)
		}
	}
	if got, err := topic.ByID(ctx, p.DB, p.brand.ID, top.ID); err != nil || got.Replies != 1 {
		t.Errorf("%d replies, %v", got.Replies, err)
	}
	// What holds no words only leads to where one signs in.
	for path, form := range map[string]url.Values{top.Path(): {"text": {" "}, "quote": {"1"}}, "/new": {"once": {"x"}}, "/r/" + rep.Reply.ID + "/react": {"feeling": {"heart"}}} {
		if a := p.do("", path, form); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/studio/sign-in?next=") {
			t.Errorf("%s: %d %q", path, a.StatusCode, a.Header.Get("Location"))
		}
	}
	// Scripts are told in their language.
	for _, path := range []string{"/draft", "/preview", "/pictures"} {
		a := p.do("", path, url.Values{"text": {"x"}})
		a.hasStatus(t, http.StatusUnauthorized)
		a.has(t, `{"error":"You are signed out.`)
	}
	a := p.do(token, "/draft", url.Values{"text": {strings.Repeat("x", 8*markdown.Most+1)}})
	a.hasStatus(t, http.StatusUnprocessableEntity)
	a.has(t, `{"error":"This is too long to be kept.`)
}

// Whatever a page is refused for, what was written stands on it.
func TestRefusedWordsCanBeCopied(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	token := p.signUp("Ada")
	top := p.begin(olga, p.talk, "How fine?")
	rep := p.say(p.DB, olga, top, "Rather fine.")
	for path, form := range map[string]url.Values{
		"/t/nothing/99999":                   {"text": {"Kept words"}},
		top.Path() + "/edit/" + rep.Reply.ID: {"text": {"Kept words"}, "revision": {"1"}},
		"/new":                               {"space": {"none"}, "title": {"A title"}, "text": {"Kept words"}},
	} {
		a := p.do(token, path, form)
		if a.StatusCode < 400 {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
		a.has(t, "Kept words</textarea>")
	}
}

// What shows nothing is refused like an empty text, and stands there to go on
// with.
func TestNothingToSeeIsRefused(t *testing.T) {
	p := open(t)
	olga, token := p.team()
	top := p.begin(olga, p.talk, "How fine?")
	rep := p.say(p.DB, olga, top, "Rather fine.")
	for path, form := range map[string]url.Values{
		top.Path():                           {"once": {"o-1"}},
		"/new":                               {"space": {p.talk.ID}, "title": {"Finer"}, "once": {"o-2"}},
		top.Path() + "/edit/" + rep.Reply.ID: {"revision": {"1"}},
	} {
		form.Set("text", "```a")
		a := p.do(token, path, form)
		a.hasStatus(t, http.StatusUnprocessableEntity)
		a.has(t, "Write something first.", "```a</textarea>")
	}
}

// A newcomer's link would take a whole topic from everybody: it is refused, and
// what was written stands there.
func TestARefusedLinkKeepsTheText(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	token := p.signUp("Ada")
	a := p.do(token, "/new", url.Values{"space": {p.talk.ID}, "title": {"Water"}, "text": {"Mine is hard"}, "once": {"1"}})
	path, _, _ := strings.Cut(a.Header.Get("Location"), "?")
	cases, _, err := topic.Cases(ctx, p.DB, p.owner, p.brand.ID, topic.ToApprove, db.Page{})
	p.must(err)
	r := cases[0].Reply
	_, err = topic.Decide(ctx, p.DB, p.owner, p.brand.ID, r.ID, topic.AsItIs, topic.Approve, "", "")
	p.must(err)
	p.say(p.DB, olga, cases[0].Topic, "Ours is soft")
	a = p.do(token, path+"/edit/"+r.ID, url.Values{"revision": {"1"}, "text": {"See https://a.example"}})
	a.hasStatus(t, http.StatusForbidden)
	a.has(t, "others have answered here already", "See https://a.example</textarea>")
	p.get("", path).hasStatus(t, http.StatusOK).has(t, "Ours is soft", "Mine is hard")
}

// Every text that can be kept arrives, however its characters are sent.
func TestTheLongestTextArrives(t *testing.T) {
	p := open(t)
	olga, token := p.team()
	top := p.begin(olga, p.talk, "How fine?")
	for _, sign := range []string{"字", "🙂"} {
		a := p.do(token, top.Path(), url.Values{"text": {strings.Repeat(sign, markdown.Most)}, "once": {sign}})
		a.hasStatus(t, http.StatusSeeOther)
		a = p.do(token, top.Path(), url.Values{"text": {strings.Repeat(sign, markdown.Most+1)}, "once": {sign + sign}})
		a.hasStatus(t, http.StatusUnprocessableEntity)
		a.has(t, "Shorten this to", sign+"</textarea>")
	}
}

// The session ends while somebody writes: the page says that the draft is not
// kept, and what is sent stands there to be sent again.
func TestSignedOutInTheBrowser(t *testing.T) {
	p := open(t)
	olga, token := p.team()
	top := p.begin(olga, p.talk, "How fine?")
	b := browsertest.Open(t)
	base := serve(t, p)
	b.Go(base + "/people")
	browsertest.Ask[any](b, `document.cookie = "rapport=`+token+`; path=/", 0`)
	b.Go(base + top.Path())
	b.Type("#text", "Rather fine, I think")
	b.Says("[data-saved]", "Draft kept")
	browsertest.Ask[any](b, `document.cookie = "rapport=; path=/; max-age=0", 0`)
	b.Type("#text", ", and slow")
	b.Says("[data-saved]", "This draft is not kept. You are signed out.")
	b.Click("[data-look]")
	b.Says("[data-said]", "You are signed out.")
	b.Click("form#write .btn[type=submit]")
	b.Says("h1", "You are signed out")
	axe := browsertest.Axe(t)
	for _, size := range []func(){b.Phone, b.Wide} {
		size()
		b.Accessible(axe)
		b.Fits()
		b.Touchable(axe)
	}
	browsertest.Ask[any](b, `document.cookie = "rapport=`+token+`; path=/", 0`)
	b.Click("form.write .btn[type=submit]")
	b.Says(`.reply[id="2"] .prose`, "Rather fine, I think, and slow")
	b.Clean("401")
}

// A text of a million characters freezes nothing: the field says at once by how
// much it is too long, and it is neither sent nor kept until it fits.
func TestALargePasteInTheBrowser(t *testing.T) {
	p := open(t)
	olga, token := p.team()
	top := p.begin(olga, p.talk, "How fine?")
	var sent atomic.Int64
	base := browsertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			sent.Add(1)
		}
		p.pages.ServeHTTP(w, r)
	})).URL
	b := browsertest.Open(t)
	b.Go(base + "/people")
	browsertest.Ask[any](b, `document.cookie = "rapport=`+token+`; path=/", 0`)
	b.Go(base + top.Path())
	put := func(text string) {
		browsertest.Ask[any](b, `(() => { const t = document.querySelector("#text"); t.value = `+text+`; t.dispatchEvent(new Event("input", {bubbles: true})) })(), 0`)
	}
	put(`"a line of some words\n".repeat(50_000).slice(0, 1_000_000)`)
	b.Says("#text-note[role=alert]", "This has 1,000,000 characters, and a post holds 32,000.")
	b.Says("[data-saved]", "This draft is not kept.")
	// Lines that each find their direction are what takes so long to lay out.
	if got := browsertest.Ask[string](b, `getComputedStyle(document.querySelector("#text")).unicodeBidi + " " + getComputedStyle(document.querySelector("#text")).fieldSizing + " " + document.querySelector("#text").dir`); got != "isolate fixed " {
		t.Errorf("laid out %s", got)
	}
	b.Click("form#write .btn[type=submit]")
	if n := browsertest.Ask[int](b, `document.querySelector("#text").value.length`); n != 1_000_000 || sent.Load() != 0 {
		t.Errorf("%d characters are left, %d requests", n, sent.Load())
	}
	put(`"🙂".repeat(32_000)`) // two of the browser's characters each
	b.Says("#text-note:not([role])", "Markdown works")
	put(`"🙂".repeat(32_001)`)
	b.Says("#text-note", "This has 32,001 characters")
	b.Accessible(browsertest.Axe(t))
	b.Fits()
	put(`"Rather fine.\n".repeat(2_400)`)
	b.Says("[data-saved]", "Draft kept")
	if got := browsertest.Ask[string](b, `getComputedStyle(document.querySelector("#text")).unicodeBidi`); got != "plaintext" {
		t.Errorf("laid out %s", got)
	}
	b.Click("form#write .btn[type=submit]")
	b.Says(`.reply[id="2"] .prose`, "Rather fine.")
	b.Clean()
}

// No post makes a phone's page wider, or so narrow that one reads letters below
// each other.
func TestDeepPostsFitAPhone(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	top := p.begin(olga, p.talk, "How fine?")
	words := strings.Repeat("some words in it ", 20)
	all := []string{strings.Repeat(">", 5_000), strings.Repeat("> ", 40) + words, strings.Repeat("- ", 40) + words, strings.Repeat("1. ", 40) + words, strings.Repeat("> - ", 40) + "[ ] " + words,
		strings.Repeat("> 123456789) ", 20) + words, strings.Repeat("x", 5_000), strings.Repeat("> ", 40) + "`" + strings.Repeat("x", 300) + "`",
		strings.Repeat("> ", 9) + "| a | b |\n" + strings.Repeat("> ", 9) + "|---|---|\n" + strings.Repeat("> ", 9) + "| " + strings.Repeat("x", 300) + " | b |", strings.Repeat("> ", 9) + "    " + strings.Repeat("x", 300),
		strings.Repeat("> ", 9) + "# " + strings.Repeat("x", 300), strings.Repeat("*", 900) + "a" + strings.Repeat("*", 900)}
	for _, text := range all {
		p.say(p.DB, olga, top, text)
	}
	base := serve(t, p)
	b := browsertest.Open(t)
	b.Phone()
	b.Go(base + top.Path())
	b.Fits()
	for i, text := range all {
		at := fmt.Sprintf(`document.getElementById("%d").querySelector(".prose")`, i+2)
		if tall := browsertest.Ask[float64](b, at+`.getBoundingClientRect().height`); tall > 8_000 {
			t.Errorf("%.20q is %.0f px high", text, tall)
		}
		// Everything within stands in its column, or in what can be moved sideways.
		if out := browsertest.Ask[string](b, `(() => { const prose = `+at+`, box = prose.getBoundingClientRect();
			const e = [...prose.querySelectorAll(":not(pre *, table *)")].find((e) => { const r = e.getBoundingClientRect(); return r.left < box.left - 1 || r.right > box.right + 1 || (e.matches("blockquote, li") && r.width < 160) });
			return e ? e.tagName + " " + JSON.stringify(e.getBoundingClientRect()) : "" })()`); out != "" {
			t.Errorf("%.20q: %s", text, out)
		}
	}
	b.Accessible(browsertest.Axe(t))
	b.Clean()
}

// Who decides about words that were changed since is told, reads the new ones and
// keeps their reason.
func TestADecisionIsAboutTheWordsOnThePage(t *testing.T) {
	p := open(t)
	_, studio := p.team()
	token := p.signUp("Ada")
	a := p.do(token, "/new", url.Values{"space": {p.talk.ID}, "title": {"Hello"}, "text": {"First words"}, "once": {"1"}})
	at := strings.TrimSuffix(a.Header.Get("Location"), "?done=waits")
	cases, _, err := topic.Cases(ctx, p.DB, p.owner, p.brand.ID, topic.ToApprove, db.Page{})
	if err != nil || len(cases) != 1 {
		t.Fatal(cases, err)
	}
	door := "/r/" + cases[0].Reply.ID + "/decide"
	p.get(studio, at).has(t, door+"?act=approved&amp;seen=1", door+"?act=declined&amp;seen=1")
	p.get(studio, door+"?act=approved&seen=1").has(t, "First words", `name="seen" value="1"`).lacks(t, "changed since you looked")
	long := strings.Repeat("Quite harmless. ", 60)
	p.do(token, at+"/edit/"+cases[0].Reply.ID, url.Values{"revision": {"1"}, "title": {"Hello"}, "text": {long + "Buy pills"}}).hasStatus(t, http.StatusSeeOther)
	for _, form := range []url.Values{
		{"act": {"approved"}, "seen": {"1"}}, {"act": {"approved"}}, {"act": {"approved"}, "seen": {"-1"}}, {"act": {"approved"}, "seen": {"x"}},
		{"act": {"declined"}, "seen": {"1"}, "rule": {"1. Be kind"}, "reason": {"It insults."}},
	} {
		a := p.do(studio, door, form)
		a.hasStatus(t, http.StatusConflict)
		a.has(t, "It was changed since you looked. Read it again.", "Buy pills", `name="seen" value="2"`)
		if form.Has("reason") {
			a.has(t, "It insults.</textarea>", `value="1. Be kind"`)
		}
	}
	// Who comes from the old words, and who forgot the reason, is told as well.
	p.get(studio, door+"?act=approved&seen=1").has(t, "It was changed since you looked", "Buy pills", `name="seen" value="2"`)
	p.do(studio, door, url.Values{"act": {"declined"}, "seen": {"1"}}).has(t, "It was changed since you looked", "Say why")
	p.get("", at).hasStatus(t, http.StatusNotFound)
	p.do(studio, door, url.Values{"act": {"approved"}, "seen": {"2"}}).hasStatus(t, http.StatusSeeOther)
	p.get("", at).has(t, "Buy pills")
}

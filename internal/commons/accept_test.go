package commons_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"rapport/internal/account"
	"rapport/internal/document"
	"rapport/internal/fault"
	"rapport/internal/topic"
)

// Who has not accepted what is new reads on, is asked once before they write,
// and loses nothing of what they typed.
func TestWhatIsNewIsAcceptedBeforeOneWrites(t *testing.T) {
	p := open(t)
	olga, studio := p.team()
	write := func(name string, version int64) {
		t.Helper()
		_, err := document.Write(ctx, p.DB, p.owner, p.brand.ID, name, version, "What holds "+strconv.FormatInt(version, 10), true)
		p.must(err)
	}
	kim := p.signUp("kim")
	top := p.begin(olga, p.talk, "How fine?")
	opening, err := topic.ReplyByNumber(ctx, p.DB, p.brand.ID, top.ID, 1)
	p.must(err)
	p.get(kim, top.Path()).has(t, `name="text"`).lacks(t, "What holds here has changed")
	p.get(kim, "/accept?next=/new").hasStatus(t, http.StatusSeeOther)
	write(document.Terms, 0)

	for _, path := range []string{"/", top.Path(), "/me"} {
		p.get(kim, path).hasStatus(t, http.StatusOK)
	}
	p.get(kim, top.Path()).has(t, "What holds here has changed", `href="/terms"`, "Read and accept").lacks(t, `name="text"`)
	p.get(studio, top.Path()).has(t, `name="text"`).lacks(t, "What holds here has changed")
	p.get("", top.Path()).lacks(t, "What holds here has changed")

	// A reply and a topic come back with their words and the question.
	a := p.do(kim, top.Path(), url.Values{"text": {"kept words"}, "once": {"1"}})
	a.hasStatus(t, http.StatusForbidden).has(t, "kept words</textarea>", `name="accept.terms" value="1"`, `value="1"`)
	a = p.do(kim, "/new", url.Values{"space": {p.talk.ID}, "title": {"Kept"}, "text": {"kept words"}, "once": {"2"}})
	a.hasStatus(t, http.StatusForbidden).has(t, "kept words</textarea>", `value="Kept"`, `name="accept.terms" value="1"`)
	p.get(kim, "/new").has(t, `name="accept.terms" value="1"`)
	// A version that another has followed meanwhile is asked for anew.
	write(document.Guidelines, 0)
	a = p.do(kim, top.Path(), url.Values{"text": {"kept words"}, "once": {"1"}, "accept.terms": {"1"}})
	a.hasStatus(t, http.StatusUnprocessableEntity).has(t, "kept words</textarea>", "accept each of it", `value="1" checked`, `name="accept.guidelines"`)
	write(document.Terms, 1)
	a = p.do(kim, top.Path(), url.Values{"text": {"kept words"}, "once": {"1"}, "accept.terms": {"1"}, "accept.guidelines": {"1"}})
	a.hasStatus(t, http.StatusConflict).has(t, "kept words</textarea>", "changed meanwhile", `name="accept.terms" value="2" required`)

	// What has no words leads to the question and back.
	to := p.do(kim, "/r/"+opening.ID+"/react", url.Values{"feeling": {"up"}, "give": {"true"}}).Header.Get("Location")
	if to != "/accept?next="+url.QueryEscape("/r/"+opening.ID) {
		t.Fatal(to)
	}
	p.get(kim, to).has(t, "Before you write", `href="/terms"`, `href="/guidelines"`, `value="/r/`+opening.ID)
	p.do(kim, "/accept", url.Values{"next": {"/new"}}).hasStatus(t, http.StatusUnprocessableEntity).has(t, `value="/new"`, "accept each of it")
	for _, away := range []string{"https://bad.example/", "//bad.example", `/\bad.example`} {
		p.get(kim, "/accept?"+url.Values{"next": {away}}.Encode()).has(t, `href="/">Not now`)
	}

	// With the boxes the same form goes on, and nothing is asked any more.
	a = p.do(kim, top.Path(), url.Values{"text": {"kept words"}, "once": {"1"}, "accept.terms": {"2"}, "accept.guidelines": {"1"}})
	a.hasStatus(t, http.StatusSeeOther)
	p.get(kim, top.Path()).has(t, "kept words", `name="text"`).lacks(t, "What holds here has changed")
	all, err := document.Accepted(ctx, p.DB, p.brand.ID, p.voice("kim").Member.ID)
	if p.must(err); len(all) != 2 {
		t.Errorf("%+v", all)
	}
	write(document.Privacy, 0)
	p.do(kim, "/accept", url.Values{"next": {top.Path() + "#write"}, "accept.privacy": {"1"}}).hasStatus(t, http.StatusSeeOther)
	p.get(kim, top.Path()).lacks(t, "What holds here has changed")
	p.get("", "/accept").hasStatus(t, http.StatusSeeOther)
}

// Who leaves is told what happens to their account, and it does.
func TestWhoLeavesTakesTheirAccountAlong(t *testing.T) {
	p := open(t)
	_, studio := p.team()
	kim, bo := p.signUp("kim"), p.signUp("bo")
	p.get(kim, "/me").has(t, "Delete my account too", `name="password"`).lacks(t, "Your account, with its")
	p.get(studio, "/me").has(t, "you need it for North").lacks(t, "Delete my account too")
	a := p.do(kim, "/me/leave", url.Values{"how": {"anonymise"}, "confirm": {"kim"}, "password": {password}, "account": {"true"}})
	a.hasStatus(t, http.StatusSeeOther)
	if a.Header.Get("Location") != "/?done=gone" || len(a.Cookies()) != 1 || a.Cookies()[0].MaxAge >= 0 {
		t.Errorf("%q %v", a.Header.Get("Location"), a.Cookies())
	}
	p.get("", "/?done=gone").has(t, "your account is deleted")
	p.get(kim, "/me").hasStatus(t, http.StatusSeeOther)
	if _, _, err := account.SignIn(ctx, p.DB, "kim@members.example", password, account.Meta{}); !fault.Is(err, fault.Denied) {
		t.Error(err)
	}
	a = p.do(bo, "/me/leave", url.Values{"how": {"erase"}, "confirm": {"bo"}, "password": {password}})
	if a.Header.Get("Location") != "/?done=left" {
		t.Errorf("%q", a.Header.Get("Location"))
	}
	if _, _, err := account.SignIn(ctx, p.DB, "bo@members.example", password, account.Meta{}); err != nil {
		t.Error(err)
	}
}

package commons_test

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/admit"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/challenge"
	"rapport/internal/commons"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/deposit"
	"rapport/internal/document"
	"rapport/internal/job"
	"rapport/internal/join"
	"rapport/internal/letter"
	"rapport/internal/link"
	"rapport/internal/member"
	"rapport/internal/merge"
	"rapport/internal/network"
	"rapport/internal/network/bluesky"
	"rapport/internal/network/mastodon"
	"rapport/internal/search"
	"rapport/internal/secret"
	"rapport/internal/space"
	"rapport/internal/topic"
	"rapport/internal/web/cookie"
	"rapport/internal/web/static"
)

const password = "correct horse battery"

var ctx = context.Background()

// place is an installation with a community that is open to all.
type place struct {
	*testing.T
	*db.DB
	at     db.Options // for another node
	pages  *commons.Pages
	clicks *link.Counter
	join   *join.Join
	brand  brand.Brand
	owner  access.Who
	talk   space.Space
	inside space.Space // for members only
}

func open(t *testing.T) *place {
	t.Helper()
	p := &place{T: t, at: dbtest.Options(t)}
	p.DB = p.node()
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	p.must(err)
	blobs, err := blob.OpenFolder(t.TempDir())
	p.must(err)
	t.Cleanup(func() { blobs.Close() })
	letters := &letter.Letters{DB: p.DB, Keys: keys}
	p.join = &join.Join{DB: p.DB, Letters: letters, Keys: keys, Blobs: blobs, Door: &admit.Door{DB: p.DB, Letters: letters},
		Address: func(_ context.Context, _, path string) string { return "https://north.example" + path }}
	w := job.NewWorkers()
	p.join.Work(w)
	(&deposit.Keeper{DB: p.DB, Blobs: blobs, Named: []deposit.Named{member.NamesFace, topic.NamesPicture}}).Work(w)
	jobs, err := job.New(ctx, p.DB, w, job.Options{})
	p.must(err)
	p.must(jobs.Start(ctx))
	t.Cleanup(func() { jobs.Stop(ctx) })
	studio := http.NewServeMux()
	studio.Handle("GET "+static.Prefix, static.Handler())
	studio.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "the studio", http.StatusTeapot) })
	p.clicks = link.NewCounter(p.DB, nil)
	p.pages = commons.New(commons.Deps{DB: p.DB, Blobs: blobs, Join: p.join, Clicks: p.clicks, Next: studio,
		Claims: &merge.Claims{DB: p.DB, Networks: network.NewSet(mastodon.New(nil), bluesky.New(nil))}}) // nobody is asked here
	t.Cleanup(p.pages.Close)
	p.brand, p.owner = p.found("North")
	p.talk, err = space.Create(ctx, p.DB, p.owner, p.brand.ID, space.Settings{Name: "Talk", Kind: space.Questions})
	p.must(err)
	p.inside, err = space.Create(ctx, p.DB, p.owner, p.brand.ID, space.Settings{Name: "Back room", Kind: space.Discussion, Hidden: true})
	p.must(err)
	return p
}

// node opens the database once more, as another node does.
func (p *place) node() *db.DB {
	p.Helper()
	d, err := db.Open(ctx, p.at)
	p.must(err)
	p.Cleanup(func() { d.Close() })
	return d
}

// found makes a brand with an owner and opens its community.
func (p *place) found(name string) (brand.Brand, access.Who) {
	p.Helper()
	a, err := account.Create(ctx, p.DB, access.System(), account.New{Email: strings.ToLower(name) + "@example.com", Name: name + " Owner", Password: password}, nil)
	p.must(err)
	b, err := brand.Create(ctx, p.DB, access.Who{Account: a.ID, Grants: []access.Grant{{Role: access.Owner}}}, brand.New{Name: name})
	p.must(err)
	who, err := account.As(ctx, p.DB, a)
	p.must(err)
	_, err = community.Show(ctx, p.DB, who, b.ID, true)
	p.must(err)
	return b, who
}

func (p *place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// answer is what a page answered.
type answer struct {
	*http.Response
	body string
}

func (a answer) has(t *testing.T, words ...string) answer {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(a.body, w) {
			t.Errorf("%s %s: no %q in\n%s", a.Request.Method, a.Request.URL, w, a.body)
		}
	}
	return a
}

func (a answer) lacks(t *testing.T, words ...string) {
	t.Helper()
	for _, w := range words {
		if strings.Contains(a.body, w) {
			t.Errorf("%s %s: %q is in\n%s", a.Request.Method, a.Request.URL, w, a.body)
		}
	}
}

// do asks as whoever holds the token; form nil is a GET.
func (p *place) do(token, address string, form url.Values) answer {
	p.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		r.AddCookie(&http.Cookie{Name: "rapport", Value: token})
	}
	w := httptest.NewRecorder()
	p.pages.ServeHTTP(w, r)
	res := w.Result()
	res.Request = r
	body, err := io.ReadAll(res.Body)
	p.must(err)
	if res.StatusCode >= 500 {
		p.Fatalf("%s %s: %d\n%s", r.Method, address, res.StatusCode, body)
	}
	return answer{res, string(body)}
}

func (p *place) get(token, address string) answer { p.Helper(); return p.do(token, address, nil) }

// signUp joins through the page, without a script, and is let in by the team.
func (p *place) signUp(name string) string {
	p.Helper()
	a := p.do("", "/join", url.Values{"name": {name}, "email": {strings.ToLower(name) + "@members.example"}, "password": {password}})
	if a.StatusCode != http.StatusSeeOther {
		p.Fatalf("%d\n%s", a.StatusCode, a.body)
	}
	m, err := member.ByHandle(ctx, p.DB, p.brand.ID, name)
	p.must(err)
	_, err = member.Decide(ctx, p.DB, p.owner, p.brand.ID, m.ID, member.Active, "")
	p.must(err)
	for _, c := range a.Cookies() {
		return c.Value
	}
	p.Fatal("no session")
	return ""
}

// sign begins a session for an account.
func (p *place) sign(who access.Who) string {
	p.Helper()
	a, err := account.ByID(ctx, p.DB, who.Account)
	p.must(err)
	_, token, err := account.Begin(ctx, p.DB, a, account.Meta{})
	p.must(err)
	return token
}

// team joins the owner and returns their voice and their session.
func (p *place) team() (member.Voice, string) {
	p.Helper()
	_, err := p.join.Enter(ctx, p.owner, p.brand, join.Form{Name: "Olga"})
	p.must(err)
	v, err := member.Of(ctx, p.DB, p.owner, p.brand.ID)
	p.must(err)
	return v, p.sign(p.owner)
}

// What was begun stands in the form again, and the form says since when.
func TestADraftSaysWhenItWasKept(t *testing.T) {
	p := open(t)
	v, token := p.team()
	top := p.begin(v, p.talk, "How fine?")
	p.get(token, top.Path()).lacks(t, "Draft kept")
	p.get(token, "/new").lacks(t, "Draft kept")
	p.must(topic.KeepDraft(ctx, p.DB, v, topic.Draft{Topic: top.ID, Text: "Rather fine, I"}))
	p.must(topic.KeepDraft(ctx, p.DB, v, topic.Draft{Title: "Half a title"}))
	p.get(token, top.Path()).has(t, "Rather fine, I</textarea>", "Draft kept now")
	p.get(token, "/new").has(t, `value="Half a title"`, "Draft kept now")
	// What is refused is no draft.
	p.do(token, top.Path(), url.Values{"text": {" "}, "once": {"1"}}).lacks(t, "Draft kept")
}

// What was begun stands in one list, wherever it is to go, until it is thrown
// away; what is to go where one cannot read any more can be copied.
func TestDraftsAreListed(t *testing.T) {
	p := open(t)
	v, _ := p.team()
	token := p.signUp("Kim")
	kim := p.voice("kim")
	p.get(token, "/drafts").has(t, "do not send")
	top := p.begin(v, p.talk, "How fine?")
	gone := p.begin(v, p.talk, "Was here")
	p.must(topic.KeepDraft(ctx, p.DB, kim, topic.Draft{Topic: top.ID, Text: "Rather **fine**, I"}))
	p.must(topic.KeepDraft(ctx, p.DB, kim, topic.Draft{Topic: gone.ID, Text: "To *copy* <b>"}))
	p.must(topic.KeepDraft(ctx, p.DB, kim, topic.Draft{Title: "Half a title", Text: "And half a text"}))
	opening, err := topic.ReplyByNumber(ctx, p.DB, p.brand.ID, gone.ID, 1)
	p.must(err)
	_, err = topic.Decide(ctx, p.DB, p.owner, p.brand.ID, opening.ID, topic.AsItIs, topic.Hide, "", "No.")
	p.must(err)
	p.get(token, "/drafts").has(t, `href="`+top.Path(), "How fine?", "Rather fine, I", `href="/new"`, "Half a title", "cannot read any more", "To *copy* &lt;b&gt;</textarea>").lacks(t, "Was here")
	p.do(token, "/drafts", url.Values{"topic": {top.ID}}).hasStatus(t, http.StatusSeeOther)
	p.get(token, "/drafts").has(t, "Half a title").lacks(t, "How fine?")
	p.get(p.sign(p.owner), "/drafts").lacks(t, "Half a title")
}

// A topic whose author took their words along stands in lists under a title, and
// leads to nobody's profile.
func TestATopicWithoutItsAuthor(t *testing.T) {
	p := open(t)
	v, _ := p.team()
	p.signUp("Kim")
	_, err := p.DB.ExecContext(ctx, `UPDATE member SET trusted_at = 1 WHERE LOWER(handle) = 'kim'`)
	p.must(err)
	kim := p.voice("kim")
	top := p.begin(kim, p.talk, "Zyx?")
	_, err = topic.Say(ctx, p.DB, v, top.ID, "Nobody knows.", 0, "")
	p.must(err)
	p.must(p.join.Remove(ctx, p.owner, p.brand.ID, kim.Member.ID, join.Erase))
	p.get("", "/").has(t, "Erased topic", "Former member").lacks(t, `href="/u/"`, "Zyx")
	p.get("", "/feed.atom").has(t, "Erased topic").lacks(t, "Zyx")
}

// A community that has nothing yet says what comes first, to each what they can
// do.
func TestACommunityWithNothingInIt(t *testing.T) {
	p := open(t)
	b, owner := p.found("South")
	token, at := p.sign(owner), "/b/"+b.Slug
	p.get(token, at+"/").has(t, "A community begins with a space", "/studio/"+b.Slug+"/community/spaces").lacks(t, "rail-title")
	p.get("", at+"/").has(t, "Nothing here yet", "as soon as somebody begins one").lacks(t, "rail-title", "/studio/"+b.Slug)
	p.get("", at+"/people").has(t, "Nobody has joined yet")
	p.get("", at+"/people?q=ada").has(t, "Nobody is found")
	p.get("", "/unanswered").has(t, "Nothing is open", "Every topic has been answered")
	// Who is signed in and has not joined is shown the way in.
	a := p.get(token, at+"/new")
	a.hasStatus(t, http.StatusForbidden)
	a.has(t, `<main id="content"`, `data-kind="primary" href="`+at+`/join">Join</a> <a`)
}

// A newcomer joins, asks, waits for a look and is answered, all without a
// script, and what others may read grows with it at once.
func TestANewcomersFirstDay(t *testing.T) {
	p := open(t)
	_, studio := p.team()
	p.get("", "/").has(t, "Nothing here yet", "Join")
	token := p.signUp("Ada")
	a := p.do(token, "/new", url.Values{"space": {p.talk.ID}, "title": {"Why <b>bitter</b>?"}, "text": {"It is **bitter**. <script>alert(1)</script>"}, "once": {"1"}})
	at := a.Header.Get("Location")
	if a.StatusCode != http.StatusSeeOther || !strings.HasSuffix(at, "?done=waits") {
		t.Fatalf("%d %q\n%s", a.StatusCode, at, a.body)
	}
	again := p.do(token, "/new", url.Values{"space": {p.talk.ID}, "title": {"Why <b>bitter</b>?"}, "text": {"It is **bitter**."}, "once": {"1"}})
	if again.Header.Get("Location") != at {
		t.Errorf("sent twice: %q and %q", at, again.Header.Get("Location"))
	}
	at = strings.TrimSuffix(at, "?done=waits")
	if a := p.get("", at); a.StatusCode != http.StatusNotFound {
		t.Errorf("what waits is shown: %d", a.StatusCode)
	}
	p.get(token, at).has(t, "before others can read it", "<strong>bitter</strong>")
	cases, _, err := topic.Cases(ctx, p.DB, p.owner, p.brand.ID, topic.ToApprove, db.Page{})
	if err != nil || len(cases) != 1 {
		t.Fatal(cases, err)
	}
	p.get("", "/").lacks(t, "bitter")
	p.do(studio, "/r/"+cases[0].Reply.ID+"/decide", url.Values{"seen": {"1"}, "act": {"approved"}})
	p.get("", "/").has(t, "Why &lt;b&gt;bitter&lt;/b&gt;?")
	p.get("", at).has(t, "<strong>bitter</strong>", "&lt;script&gt;", "Question").lacks(t, "<script>alert")
	a = p.do(studio, at, url.Values{"text": {"Grind coarser, @ada."}, "once": {"2"}})
	if a.StatusCode != http.StatusSeeOther || !strings.HasSuffix(a.Header.Get("Location"), "#2") {
		t.Fatalf("%d %q\n%s", a.StatusCode, a.Header.Get("Location"), a.body)
	}
	p.get("", at).has(t, "Grind coarser", `href="../../u/ada"`, "Team")
	best, err := topic.ReplyByNumber(ctx, p.DB, p.brand.ID, cases[0].Topic.ID, 2)
	p.must(err)
	p.do(token, "/r/"+best.ID+"/accept", url.Values{"accept": {"true"}})
	p.get("", at).has(t, "Accepted answer", "acceptedAnswer")
	p.get("", "/search?q=coarser").has(t, "<mark>coarser</mark>")
}

func (a answer) hasStatus(t *testing.T, want int) answer {
	t.Helper()
	if a.StatusCode != want {
		t.Errorf("%s %s: status %d, want %d\n%s", a.Request.Method, a.Request.URL, a.StatusCode, want, a.body)
	}
	return a
}

// What the team hides stays as a place with its rule and reason; its author and
// the team read it on.
func TestHiddenWordsLeaveTheirPlace(t *testing.T) {
	p := open(t)
	olga, studio := p.team()
	said, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: "Beans", Text: "Which beans?"})
	p.must(err)
	token := p.signUp("Eve")
	m, err := member.ByHandle(ctx, p.DB, p.brand.ID, "eve")
	p.must(err)
	p.must(member.Trust(ctx, p.DB, p.owner, p.brand.ID, m.ID, true))
	p.do(token, said.Topic.Path(), url.Values{"text": {"You are all fools"}, "once": {"x"}})
	r, err := topic.ReplyByNumber(ctx, p.DB, p.brand.ID, said.Topic.ID, 2)
	p.must(err)
	p.do(studio, "/r/"+r.ID+"/flag", url.Values{"reason": {"abuse"}}).hasStatus(t, http.StatusSeeOther)
	p.do(studio, "/r/"+r.ID+"/decide", url.Values{"seen": {"1"}, "act": {"hidden"}}).hasStatus(t, http.StatusUnprocessableEntity)
	p.do(studio, "/r/"+r.ID+"/decide", url.Values{"seen": {"1"}, "act": {"hidden"}, "rule": {"1. Be kind"}, "reason": {"It insults."}}).hasStatus(t, http.StatusSeeOther)
	seen := p.get("", said.Topic.Path())
	seen.has(t, "Hidden by the team", "1. Be kind", "It insults.")
	seen.lacks(t, "fools")
	p.get("", "/search?q=fools").has(t, "Nothing found")
	p.get(token, said.Topic.Path()).has(t, "fools", "It insults.")
	p.do(token, "/r/"+r.ID+"/decide", url.Values{"seen": {"1"}, "act": {"restored"}}).hasStatus(t, http.StatusForbidden)
	p.do(studio, "/r/"+r.ID+"/decide", url.Values{"seen": {"1"}, "act": {"restored"}})
	p.get("", said.Topic.Path()).has(t, "fools")

	// The words of an opening stand in the page's head as well.
	p.get("", said.Topic.Path()).has(t, `name="description" content="Which beans?"`)
	p.do(studio, "/r/"+said.Reply.ID+"/decide", url.Values{"seen": {"1"}, "act": {"hidden"}, "rule": {"1. Be kind"}, "reason": {"It insults."}}).hasStatus(t, http.StatusSeeOther)
	p.get("", said.Topic.Path()).has(t, "Hidden by the team").lacks(t, "Which beans")
	p.get("", said.Topic.Path()+"/feed.atom").lacks(t, "Which beans")
	for _, path := range []string{"/", "/s/talk", "/feed.atom", "/s/talk/feed.atom", "/u/" + olga.Member.Handle} {
		p.get("", path).lacks(t, "Which beans")
	}
}

// An address that nothing stands at is still the community's, and leads back
// into it.
func TestWhatIsNotThere(t *testing.T) {
	p := open(t)
	p.get("", "/members").hasStatus(t, http.StatusNotFound).has(t, "<title>There is nothing here · "+p.brand.Name, "There is no such page")
	p.get(p.signUp("Ada"), "/no/where").hasStatus(t, http.StatusNotFound).has(t, "There is no such page")
}

// A space for members only is not there for others, by any address.
func TestMembersOnly(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	said, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.inside.ID, Title: "Confidential", Text: "The secret roast"})
	p.must(err)
	for _, path := range []string{"/s/back-room", "/s/back-room/feed.atom", said.Topic.Path(), said.Topic.Path() + "/feed.atom", said.Topic.Path() + "/history/" + said.Reply.ID} {
		p.get("", path).hasStatus(t, http.StatusNotFound)
	}
	for _, path := range []string{"/", "/top?period=ever", "/unanswered", "/spaces", "/feed.atom", "/sitemap.xml", "/search?q=secret", "/u/" + olga.Member.Handle} {
		p.get("", path).lacks(t, "Confidential", "secret roast", "Back room", "back-room")
	}
	token := p.signUp("Mia")
	p.get(token, said.Topic.Path()).has(t, "The secret roast")
	p.get(token, "/").has(t, "Confidential")
	p.get("", "/").lacks(t, "Confidential")
}

// Addresses outlive new names, and each brand answers under its own.
func TestAddresses(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	said, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: "Beans & cups", Text: "x"})
	p.must(err)
	p.get("", "/t/anything/1").hasStatus(t, http.StatusMovedPermanently)
	_, err = topic.Change(ctx, p.DB, olga, said.Reply.ID, topic.Edit{Revision: 1, Title: "Mugs", Text: "x"})
	p.must(err)
	if a := p.get("", said.Topic.Path()); a.Header.Get("Location") != "/t/mugs/1" {
		t.Errorf("%d %q", a.StatusCode, a.Header.Get("Location"))
	}
	_, err = space.Change(ctx, p.DB, p.owner, p.brand.ID, p.talk.ID, 1, space.Settings{Name: "Questions", Kind: space.Questions})
	p.must(err)
	if a := p.get("", "/s/talk"); a.Header.Get("Location") != "/s/questions" {
		t.Errorf("%d %q", a.StatusCode, a.Header.Get("Location"))
	}
	if a := p.get("", "/b/north/t/mugs/1"); a.Header.Get("Location") != "/t/mugs/1" {
		t.Errorf("%d %q", a.StatusCode, a.Header.Get("Location"))
	}
	south, who := p.found("South")
	p.get("", "/b/south/").has(t, "South", `href="/b/south/people"`)
	p.get("", "/b/south/t/mugs/1").hasStatus(t, http.StatusNotFound)
	// Letters ask for an address before anybody has come by it.
	if a := p.pages.Address(ctx, south.ID); a != "http://localhost/b/south" {
		t.Error(a)
	}
	p.get("", "http://localhost/b/south/").has(t, "South", `href="/b/south/people"`)
	p.get("", "http://localhost/b/south/join").hasStatus(t, http.StatusOK)
	c, err := community.Of(ctx, p.DB, south.ID)
	p.must(err)
	c.Settings.Host = "talk.south.example"
	_, err = community.Change(ctx, p.DB, who, south.ID, c.Revision, c.Settings)
	p.must(err)
	if a := p.get("", "/b/south/people"); a.Header.Get("Location") != "http://talk.south.example/people" {
		t.Errorf("%d %q", a.StatusCode, a.Header.Get("Location"))
	}
	p.get("", "http://talk.south.example/").has(t, "<title>South</title>")
	if !p.pages.Known(ctx, "talk.south.example:443") || p.pages.Known(ctx, "evil.example") {
		t.Error("names")
	}
	p.get("", "/b/nobody/").hasStatus(t, http.StatusTeapot)
	p.get("", "/studio/north").hasStatus(t, http.StatusTeapot)
}

// Before it is open nobody but the team sees it.
func TestShut(t *testing.T) {
	p := open(t)
	_, studio := p.team()
	p.get("", "/people").hasStatus(t, http.StatusOK)
	_, err := p.DB.ExecContext(ctx, `DELETE FROM audit`)
	p.must(err)
	_, err = p.DB.ExecContext(ctx, `UPDATE community SET opened_at = 0`)
	p.must(err)
	_, err = space.Create(ctx, p.DB, p.owner, p.brand.ID, space.Settings{Name: "More", Kind: space.Discussion}) // so that it is read again
	p.must(err)
	if a := p.get("", "/"); a.Header.Get("Location") != "/studio" {
		t.Errorf("%d %q", a.StatusCode, a.Header.Get("Location"))
	}
	p.get("", "/people").hasStatus(t, http.StatusTeapot)
	p.get("", "/imprint").hasStatus(t, http.StatusTeapot)
	p.get(studio, "/people").has(t, "Only the team sees this community")
}

// One that was open and was shut says so in its own look, of no member and no
// topic; what holds there and who answers for it stays to be read.
func TestShutAgain(t *testing.T) {
	p := open(t)
	olga, studio := p.team()
	water := p.begin(olga, p.talk, "Water")
	kim := p.signUp("kim")
	_, err := document.Write(ctx, p.DB, p.owner, p.brand.ID, "imprint", 0, "North Ltd", false)
	p.must(err)
	_, err = community.Show(ctx, p.DB, p.owner, p.brand.ID, false)
	p.must(err)
	for _, token := range []string{"", kim} {
		for _, path := range []string{"/", water.Path(), "/people", "/u/olga", "/feed.atom", "/join", "/nothing"} {
			p.get(token, path).hasStatus(t, http.StatusNotFound).has(t, "This community is closed at the moment", "North", `href="/imprint"`, `href="/look.css?v=`).
				lacks(t, "Water", "Olga", "Talk", `href="/people"`, `role="search"`)
		}
		p.get(token, "/imprint").hasStatus(t, http.StatusOK).has(t, "North Ltd").lacks(t, "Water", "Olga", "Talk", `href="/people"`)
	}
	p.get("", "/").has(t, "/studio/sign-in?next=%2Fme").lacks(t, "What is yours you can still take along")
	p.get(kim, "/").has(t, `href="/me"`)
	p.get(studio, "/").hasStatus(t, http.StatusOK).has(t, "Only the team sees this community", "Water")
}

// Members of a community that was shut still take along what is theirs, and go.
func TestShutMembersGo(t *testing.T) {
	p := open(t)
	_, studio := p.team()
	kim, bo := p.signUp("kim"), p.signUp("bo")
	_, owner := p.found("South")
	_, err := community.Show(ctx, p.DB, p.owner, p.brand.ID, false)
	p.must(err)
	p.get(kim, "/me").hasStatus(t, http.StatusOK).has(t, "This community is shut.", `href="/me/export"`, `href="/me/account"`, `action="/me/leave"`).
		lacks(t, `action="/me"`, `href="/people"`, `href="/notices"`, `role="search"`, `data-live="/live"`)
	p.get(studio, "/me").has(t, "Only the team sees this community", `action="/me"`, `href="/people"`)
	p.get(kim, "/me/export").hasStatus(t, http.StatusOK).has(t, "kim")
	p.get(kim, "/me/account").hasStatus(t, http.StatusOK).has(t, "This community is shut.")
	p.get("", "/look.css").hasStatus(t, http.StatusOK)
	for _, path := range []string{"/people", "/notices", "/new", "/live", "/accept", "/me/notices", "/me/accounts"} {
		p.get(kim, path).hasStatus(t, http.StatusNotFound)
	}
	p.do(kim, "/me", url.Values{"name": {"Kim Larsen"}, "handle": {"kim"}, "revision": {"1"}}).hasStatus(t, http.StatusNotFound)
	// Who is no member there learns nothing, and who is not signed in may be one.
	stranger := p.sign(owner)
	for _, path := range []string{"/me", "/me/export", "/me/account", "/logo"} {
		p.get(stranger, path).hasStatus(t, http.StatusNotFound)
	}
	p.do("", "/me/leave", url.Values{}).hasStatus(t, http.StatusNotFound)
	p.get("", "/me").hasStatus(t, http.StatusSeeOther)
	p.do(kim, "/me/leave", url.Values{"how": {"erase"}, "confirm": {"kim"}}).hasStatus(t, http.StatusUnprocessableEntity).has(t, "not your current password")
	a := p.do(kim, "/me/leave", url.Values{"how": {"erase"}, "confirm": {"kim"}, "password": {password}, "account": {"true"}})
	a.hasStatus(t, http.StatusOK).has(t, "your account is deleted").lacks(t, `href="/me"`)
	a = p.do(bo, "/me/leave", url.Values{"how": {"keep"}, "confirm": {"bo"}, "password": {password}})
	a.hasStatus(t, http.StatusOK).has(t, "You have left this community.")
}

// A kept page is never older than what this node wrote, and is sent as it is
// while nothing changes.
func TestKeptPagesAreTrue(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	said, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: "Beans", Text: "Which?"})
	p.must(err)
	first := p.get("", said.Topic.Path())
	if p.Dialect == db.SQLite && p.get("", said.Topic.Path()).Header.Get("Etag") != first.Header.Get("Etag") {
		t.Error("made anew without a reason")
	}
	for i, change := range []func() error{
		func() error {
			_, err := topic.Say(ctx, p.DB, olga, said.Topic.ID, "These", 0, "")
			return err
		},
		func() error {
			_, err := topic.Change(ctx, p.DB, olga, said.Reply.ID, topic.Edit{Revision: 1, Text: "Which ones?"})
			return err
		},
		func() error { return topic.Close(ctx, p.DB, olga, said.Topic.ID, true) },
		func() error {
			_, err := join.Change(ctx, p.DB, olga, 1, member.Profile{Handle: "olga", Name: "Olga the Great", Listed: true})
			return err
		},
		func() error {
			_, err := brand.Amend(ctx, p.DB, p.owner, p.brand.ID, func(s *brand.Settings) { s.Name = "Norther" })
			return err
		},
	} {
		before := p.get("", said.Topic.Path()).body
		p.must(change())
		if p.get("", said.Topic.Path()).body == before {
			t.Errorf("change %d is not seen", i)
		}
	}
}

// Feeds and maps can be read by programs and name whole addresses.
func TestForPrograms(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	said, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: "Beans & <cups>", Text: "Hello @olga"})
	p.must(err)
	for _, path := range []string{"/feed.atom", "/s/talk/feed.atom", said.Topic.Path() + "/feed.atom", "/sitemap.xml"} {
		a := p.get("", path)
		if err := xml.Unmarshal([]byte(a.body), new(struct{})); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		a.has(t, "http://example.com"+said.Topic.Path())
	}
	p.get("", said.Topic.Path()+"/feed.atom").has(t, "http://example.com/u/"+olga.Member.Handle)
	p.get("", "/robots.txt").has(t, "Sitemap: http://example.com/sitemap.xml")
	p.get("", said.Topic.Path()).has(t, `rel="canonical" href="http://example.com`+said.Topic.Path()+`"`, `property="og:title"`, `"@type":"QAPage"`)
}

// Forms with what does not fit come back with what was typed.
func TestRefusedFormsKeepWhatWasTyped(t *testing.T) {
	p := open(t)
	_, studio := p.team()
	long := strings.Repeat("a", topic.LongestTitle+1)
	a := p.do(studio, "/new", url.Values{"space": {p.talk.ID}, "title": {long}, "text": {"kept words"}})
	a.hasStatus(t, http.StatusUnprocessableEntity)
	a.has(t, "kept words", "Shorten the title")
	p.do(studio, "/new", url.Values{"space": {"another"}, "title": {"x"}, "text": {"y"}}).hasStatus(t, http.StatusNotFound)
	if a := p.do("", "/new", url.Values{"once": {"x"}}); !strings.HasPrefix(a.Header.Get("Location"), "/studio/sign-in?next=") {
		t.Errorf("%d %q", a.StatusCode, a.Header.Get("Location"))
	}
	a = p.do("", "/join", url.Values{"name": {"North"}, "email": {"x"}, "password": {"short"}})
	a.hasStatus(t, http.StatusUnprocessableEntity)
	a.lacks(t, "short\"")
	for _, path := range []string{"/t/x/0", "/t/x/99", "/t/x/a", "/t/x/99999999999999999999", "/s/none", "/u/none", "/r/none", "/p/none", "/people?after=x", "/?after=x"} {
		if a := p.get("", path); a.StatusCode < 400 || a.StatusCode >= 500 {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
}

// The proof of work that pages ask for is the one the program knows.
func TestChallengeIsOnThePage(t *testing.T) {
	p := open(t)
	a := p.get("", "/join")
	_, rest, found := strings.Cut(a.body, `data-proof="`)
	c, _, _ := strings.Cut(rest, `"`)
	if !found || challenge.Solve(c) == "" {
		t.Errorf("no challenge in\n%s", a.body)
	}
	a = p.do("", "/join", url.Values{"name": {"Zoe"}, "email": {"zoe@members.example"}, "password": {password}, "challenge": {c}, "proof": {challenge.Solve(c)}})
	if a.Header.Get("Location") != "/?done=joined" || len(a.Cookies()) != 1 {
		t.Errorf("%d %q\n%s", a.StatusCode, a.Header.Get("Location"), a.body)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(a.Cookies()[0])
	if cookie.Session(r, false) == "" {
		t.Error("no session")
	}
}

// What members do with what was said, without scripts, and what they do with
// their own.
func TestWhatMembersDo(t *testing.T) {
	p := open(t)
	olga, studio := p.team()
	said, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: "Beans", Text: "Which beans?"})
	p.must(err)
	at, id := said.Topic.Path(), said.Reply.ID
	p.do(studio, at, url.Values{"quote": {"1"}, "text": {"Before"}}).has(t, "Before", "&gt; [@olga](#1):", "&gt; Which beans?")
	p.get(studio, at+"/edit/"+id).has(t, "Which beans?", `value="Beans"`)
	p.do(studio, at+"/edit/"+id, url.Values{"revision": {"1"}, "title": {"Beans"}, "text": {"Which beans now?"}}).hasStatus(t, http.StatusSeeOther)
	p.do(studio, at+"/edit/"+id, url.Values{"revision": {"1"}, "title": {"Beans"}, "text": {"Lost?"}}).has(t, "Lost?", "another window")
	p.get("", at+"/history/"+id).has(t, "Which beans?", "Which beans now?")
	token := p.signUp("Kim")
	p.do(token, "/r/"+id+"/bookmark", url.Values{"keep": {"true"}})
	p.get(token, "/bookmarks").has(t, "Beans")
	p.do(token, at+"/follow", url.Values{"level": {"watch"}})
	p.get(token, "/followed").has(t, "Beans")
	p.do(token, at+"/follow", url.Values{"level": {"mute"}})
	p.get(token, "/followed").lacks(t, "Which beans")
	p.do(token, "/s/talk/follow", url.Values{"level": {"watch"}}).hasStatus(t, http.StatusSeeOther)
	p.do(token, "/draft", url.Values{"topic": {said.Topic.ID}, "text": {"half a thought"}}).hasStatus(t, http.StatusOK)
	p.get(token, at).has(t, "half a thought")
	p.do(studio, at+"/manage", url.Values{"act": {"close"}})
	p.do(token, at, url.Values{"text": {"Too late"}}).has(t, "closed", "Too late")
	p.do(token, at+"/manage", url.Values{"act": {"open"}}).hasStatus(t, http.StatusForbidden)
	p.do(studio, at+"/manage", url.Values{"act": {"open"}})
	p.do(studio, "/r/"+id+"/withdraw", url.Values{})
	p.get("", at).hasStatus(t, http.StatusNotFound)
	p.do(studio, "/r/"+id+"/return", url.Values{})
	p.get("", at).has(t, "Which beans now?")

	p.do(token, "/me", url.Values{"name": {"Kim Larsen"}, "handle": {"kimmy"}, "bio": {"Filter"}, "listed": {"true"}, "revision": {"1"}}).hasStatus(t, http.StatusSeeOther)
	if a := p.get("", "/u/kim"); a.Header.Get("Location") != "/u/kimmy" {
		t.Errorf("%d %q", a.StatusCode, a.Header.Get("Location"))
	}
	p.get(token, "/me/export").has(t, `"Kim Larsen"`, "half a thought", "Filter")
	p.do(token, "/me/leave", url.Values{"how": {"erase"}, "confirm": {"kim"}}).has(t, "Type your handle to confirm.", `value="erase" checked`, `value="kim"`).lacks(t, `value="keep" checked`)
	p.do(token, "/me/leave", url.Values{"how": {"erase"}, "confirm": {"@Kimmy"}, "password": {"wrong password"}}).hasStatus(t, http.StatusUnprocessableEntity).has(t, "not your current password", `value="erase" checked`)
	p.get(token, "/me").hasStatus(t, http.StatusOK).has(t, "Delete my account too", `name="account" value="true" checked`)
	p.do(token, "/me/leave", url.Values{"how": {"erase"}, "confirm": {"@Kimmy"}, "password": {password}, "account": {"true"}}).hasStatus(t, http.StatusSeeOther)
	p.get("", "/u/kimmy").hasStatus(t, http.StatusNotFound)
	p.get("", "/people").lacks(t, "Kim Larsen")
	p.do(token, at, url.Values{"text": {"Still here?"}}).lacks(t, `id="2"`)
}

// Who looks after a space stands on its page, also on one that is kept, as long
// as they do.
func TestWhoLooksAfterASpaceIsNamed(t *testing.T) {
	p := open(t)
	p.signUp("Kim")
	kim := p.voice("kim")
	grant := func(places ...string) {
		p.must(account.Give(ctx, p.DB, access.System(), kim.Who.Account, access.Grant{Brand: p.brand.ID, Role: access.Moderator, Channels: places}))
	}
	other, err := space.Create(ctx, p.DB, access.System(), p.brand.ID, space.Settings{Name: "Other", Kind: space.Discussion})
	p.must(err)
	at := "/s/" + p.talk.Slug
	p.get("", at).lacks(t, "Looked after by")
	grant(p.talk.ID)
	p.get("", at).has(t, "Looked after by", `href="/u/kim"`)
	p.get("", "/s/"+other.Slug).lacks(t, "Looked after by")
	grant(other.ID)
	p.get("", at).lacks(t, "Looked after by")
	p.get("", "/s/"+other.Slug).has(t, "Looked after by")
	p.must(account.Take(ctx, p.DB, access.System(), p.brand.ID, kim.Who.Account))
	p.get("", "/s/"+other.Slug).lacks(t, "Looked after by")
}

// A search that finds nothing is counted, but not where the team looks again;
// from there an article is begun, unless another was begun before.
func TestWhatIsLookedForInVain(t *testing.T) {
	p := open(t)
	_, studio := p.team()
	p.get("", "/search?q=grinder").hasStatus(t, http.StatusOK)
	p.get(studio, "/search?q=grinder").hasStatus(t, http.StatusOK)
	p.get(studio, "/search?q=kettle").hasStatus(t, http.StatusOK)
	all, _, err := search.Unfound(ctx, p.DB, p.owner, p.brand.ID, search.UnmetFilter{}, db.Page{})
	p.must(err)
	if len(all) != 1 || all[0].Words != "grinder" || all[0].Times != 1 {
		t.Errorf("counted is %+v", all)
	}
	p.get(studio, "/new?space="+p.talk.Slug+"&title=grinder").has(t, `name="title" value="grinder"`)
	p.do(studio, "/draft", url.Values{"title": {"Half a thought"}, "text": {"And"}}).hasStatus(t, http.StatusOK)
	p.get(studio, "/new?title=grinder").has(t, `value="Half a thought"`).lacks(t, `value="grinder"`)
}

// How many topics a space has stands beside every page of it, also those that
// are kept whole.
func TestCountsOfSpacesAreNeverStale(t *testing.T) {
	p := open(t)
	v, _ := p.team()
	first, err := topic.Begin(ctx, p.DB, v, topic.New{Space: p.talk.ID, Title: "The first", Text: "Here."})
	p.must(err)
	count := func(path string) string {
		t.Helper()
		_, rest, _ := strings.Cut(p.get("", path).body, `href="/s/`+p.talk.Slug+`"`)
		shown := regexp.MustCompile(`>\s*(\d+)\s*<`).FindStringSubmatch(rest)
		if shown == nil {
			t.Fatalf("%s shows no count", path)
		}
		return shown[1]
	}
	pages := []string{"/", first.Topic.Path()}
	for _, path := range pages {
		if n := count(path); n != "1" {
			t.Errorf("%s counts %s, want 1", path, n)
		}
	}
	_, err = topic.Begin(ctx, p.DB, v, topic.New{Space: p.talk.ID, Title: "The second", Text: "Here."})
	p.must(err)
	for _, path := range pages {
		if n := count(path); n != "2" {
			t.Errorf("after another %s counts %s, want 2", path, n)
		}
	}
}

// A page of a newcomer's own is seen by themselves and the team, each told why,
// until they are none any more.
func TestAPageOfANewcomer(t *testing.T) {
	p := open(t)
	_, studio := p.team()
	kim, ada := p.signUp("Kim"), p.signUp("Ada")
	p.do(kim, "/me", url.Values{"name": {"Kim"}, "handle": {"kim"}, "link": {"https://kim.example/me"}, "listed": {"true"}, "revision": {"1"}}).hasStatus(t, http.StatusSeeOther)
	for token, sees := range map[string]bool{"": false, ada: false, kim: true, studio: true} {
		if a := p.get(token, "/u/kim"); sees {
			a.has(t, `href="https://kim.example/me"`, "Only Kim and the team see this page for now")
		} else {
			a.lacks(t, "kim.example", "for now")
		}
	}
	p.get(kim, "/me").has(t, "https://kim.example/me", "Others see it once 5 posts of yours can be read.")
	m, err := member.ByHandle(ctx, p.DB, p.brand.ID, "kim")
	p.must(err)
	p.must(member.Trust(ctx, p.DB, p.owner, p.brand.ID, m.ID, true))
	for _, token := range []string{"", ada, kim, studio} {
		p.get(token, "/u/kim").has(t, `href="https://kim.example/me"`).lacks(t, "for now")
	}
	p.get(kim, "/me").lacks(t, "Others see it")
}

// A reader of feeds shows again what has another id, and does not look into a
// feed that is older than what it has.
func TestFeedsStayWhatTheyAre(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	said, err := topic.Begin(ctx, p.DB, olga, topic.New{Space: p.talk.ID, Title: "Beans", Text: "Which?"})
	p.must(err)
	_, err = topic.Say(ctx, p.DB, olga, said.Topic.ID, "These.", 0, "")
	p.must(err)
	type feed struct {
		ID      string `xml:"id"`
		Updated string `xml:"updated"`
		Entries []struct {
			ID      string `xml:"id"`
			Updated string `xml:"updated"`
		} `xml:"entry"`
	}
	read := func(path string) (f feed) {
		t.Helper()
		p.must(xml.Unmarshal([]byte(p.get("", path).hasStatus(t, http.StatusOK).body), &f))
		newest := ""
		for _, e := range f.Entries {
			newest = max(newest, e.Updated)
		}
		if f.Updated != newest {
			t.Errorf("%s is of %s, and the newest in it of %s", path, f.Updated, newest)
		}
		return f
	}
	ids := func(all ...feed) (out []string) {
		for _, f := range all {
			out = append(out, f.ID)
			for _, e := range f.Entries {
				out = append(out, e.ID)
			}
		}
		return out
	}
	front, within, inside := read("/feed.atom"), read("/s/talk/feed.atom"), read(said.Topic.Path()+"/feed.atom")
	before := ids(front, within, inside)
	for _, id := range before {
		if !regexp.MustCompile(`^tag:[a-z0-9.-]+,\d{4}-\d\d-\d\d:[a-z]+/[0-9a-f-]{36}(/replies)?$`).MatchString(id) {
			t.Errorf("%q is no tag", id)
		}
	}
	if front.Entries[0].ID != within.Entries[0].ID || front.Entries[0].ID != inside.Entries[1].ID || len(slices.Compact(slices.Sorted(slices.Values(before)))) != 5 {
		t.Errorf("%q", before)
	}
	// The topic, the space and the brand are renamed, and the opening is changed.
	p.SetClock(p.Now().Time().Add(time.Hour))
	said, err = topic.Change(ctx, p.DB, olga, said.Reply.ID, topic.Edit{Revision: 1, Title: "Coffee", Text: "Which ones?"})
	p.must(err)
	talk, err := space.ByID(ctx, p.DB, p.brand.ID, p.talk.ID)
	p.must(err)
	talk.Name = "Chat"
	talk, err = space.Change(ctx, p.DB, p.owner, p.brand.ID, talk.ID, talk.Revision, talk.Settings)
	p.must(err)
	if after := ids(read("/feed.atom"), read("/s/"+talk.Slug+"/feed.atom"), read(said.Topic.Path()+"/feed.atom")); !slices.Equal(after, before) {
		t.Errorf("%q became %q", before, after)
	}
}

// A search that looks for nothing, or between days that do not follow each
// other, says what to do, and keeps what was typed.
func TestWhatASearchLacks(t *testing.T) {
	p := open(t)
	olga, _ := p.team()
	p.begin(olga, p.talk, "Water")
	const need = "Enter a word to look for."
	for _, query := range []string{"author=olga", "sort=newest&q=", "q=", "q=+++", "solved=true", "from=2026-11-01", "space=talk"} {
		p.get("", "/search?"+query).hasStatus(t, http.StatusOK).has(t, need, `id="wrong-q"`, `aria-describedby="wrong-q"`).lacks(t, "Nothing found")
	}
	p.get("", "/search").lacks(t, need, `class="wrong"`)
	p.get("", "/search?utm_source=x").lacks(t, need)
	p.get("", "/search?q=water").lacks(t, `class="wrong"`)
	p.get("", "/search?author=nobody").has(t, need, "There is nobody with the handle nobody.", `value="nobody"`)
	days := "from=2026-11-29&to=2026-11-03"
	p.get("", "/search?q=water&"+days).hasStatus(t, http.StatusOK).has(t, "From 29 Nov 2026 until 3 Nov 2026 there is no day.", `aria-describedby="wrong-to"`, `value="2026-11-29"`, `value="2026-11-03"`).lacks(t, "Nothing found")
	p.get("", "/search?"+days).has(t, need, "there is no day")
	p.get("", "/search?q=water&from=2026-11-29&to=2026-11-29").lacks(t, "there is no day")
	p.get("", "/search?q=water&from=yesterday&to=2026-02-30").has(t, `id="wrong-from"`, `id="wrong-to"`, "Enter the day as in 2026-11-29.")
}

package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/job"
	"rapport/internal/member"
	"rapport/internal/person"
	"rapport/internal/space"
	"rapport/internal/topic"
	"rapport/internal/web/webtest"
)

// who is the id of the person with that name.
func who(t *testing.T, s *webtest.Site, name string) string {
	t.Helper()
	var id string
	if err := s.DB.QueryRowContext(t.Context(), `SELECT id FROM person WHERE brand_id = $1 AND name = $2`, s.Brand.ID, name).Scan(&id); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return id
}

func TestPeopleTeachWhileThereAreNone(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("people")).Is(http.StatusOK).Has("main .empty", "Everyone who writes to you will be here").Has(".empty .btn[href$='/connect']").
		Has(".rail [aria-current]", "People").Lacks(".find")
	s.Connect("north")
	s.Get(s.Path("people")).Has("main .empty").Lacks(".empty .btn")
	s.Get(s.Path("people")+"?q=nobody").Has("main .empty", "Nobody matches").Has(".empty .btn", "Show everyone")
	s.Get(s.Path("people") + "?sort=tallest").Is(http.StatusUnprocessableEntity)
}

func TestPeopleAreListed(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	p := s.Get(s.Path("people")).Is(http.StatusOK)
	p.Has("tbody tr:first-child .person-link", "Berlin").Has("tbody tr:first-child .person-known", "@berlin@paper.example").Has(".segmented [aria-current]", "Recent")
	s.Get(s.Path("people")+"?sort=busiest").Has("tbody tr:first-child", "Mira").Has("tbody tr:first-child td:nth-child(3)", "3").Has(".segmented [aria-current]", "Busiest")
	s.Get(s.Path("people")+"?q=WAND").Has("tbody tr:first-child", "Wanda").Has("input[name=q][value=WAND]")
	one := s.Get(s.Path("people") + "?channel=" + w.Channels[0].ID + "&q=mira")
	one.Has(".chip[data-active]", w.Channels[0].Handle).Has("tbody tr", "Mira").Has("input[type=hidden][name=channel]")
	if n := one.Count("tbody tr"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	for i := range 30 {
		s.Hear(w.Channels[0], s.Said(fmt.Sprint("extra", i), fmt.Sprint("extra", i), "More", "", time.Duration(200+i)*time.Hour))
	}
	more := s.Get(s.Path("people")).Attr("#more a", "href")
	rows := s.Get(more).Is(http.StatusOK).Count("tbody tr")
	r := httptest.NewRequest(http.MethodGet, more, nil)
	r.Header.Set("HX-Request", "true")
	if piece := s.Do(r).Is(http.StatusOK); more == "" || rows != 22 || strings.Contains(piece.Body, "<html") || strings.Count(piece.Body, "data-row") != rows {
		t.Errorf("more %q: %d rows, then %d", more, rows, strings.Count(piece.Body, "data-row"))
	}
}

// A member stands in the list by their handle, with what they wrote there.
func TestPeopleAreListedAsMembers(t *testing.T) {
	s := webtest.New(t)
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	talk, err := space.Create(ctx, s.DB, s.Who(), s.Brand.ID, space.Settings{Name: "Talk", Kind: space.Discussion})
	ok(err)
	ok(s.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := member.Create(ctx, tx, s.Brand.ID, member.New{Account: s.Account.ID, Name: "Ada Lind", State: member.Active, Trusted: true})
		return err
	}))
	v, err := member.Of(ctx, s.DB, s.Who(), s.Brand.ID)
	ok(err)
	for _, title := range []string{"One", "Two"} {
		_, err := topic.Begin(ctx, s.DB, v, topic.New{Space: talk.ID, Title: title, Text: "Words."})
		ok(err)
	}
	s.Get(s.Path("people")).Has("tbody tr:first-child .person-known", "@"+v.Member.Handle).Has("tbody tr:first-child td:nth-child(3)", "0").Has("tbody tr:first-child td:nth-child(4)", "2").Has("thead", "Last heard from")
	s.Get(s.Path("people", v.Member.Person)).Has(".facts", "Posts in the community")
}

func TestPersonPage(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	id := who(t, s, "Mira")
	p := s.Get(s.Path("people", id)).Is(http.StatusOK)
	p.Has("h1", "Mira").Has(".identities a[href='https://paper.example/@mira'][rel~=nofollow]", "@mira@paper.example")
	p.Has(".moment:first-child .moment-text", "And how is it with Switzerland?").Has(".moment-answer", "Until the 18th", "Answered with another program")
	p.Has(".moment-foot a[href*='/inbox/']", "Open the conversation").Has(".moment-foot a[href='https://paper.example/m1']")
	p.Has(".row .state", "open").Has("form[action$='/export'] button", "Export").Has("a[href$='/erase']", "Erase").Has("dd", "unless they write again")
	if n := p.Count(".moment"); n != 3 {
		t.Errorf("%d moments, want 3", n)
	}
	evil := s.Get(s.Path("people", who(t, s, "Evil"))).Is(http.StatusOK)
	evil.Has(".moment-text", webtest.Evil).Lacks(".moment script")
	s.Get(s.Path("people", who(t, s, "Lea"))).Has(".moment-gone", "Gone from the network").Lacks(".moment-text")
	s.Get(s.Path("people", "nobody")).Is(http.StatusNotFound)

	s.Follow(s.Post(s.Path("people", id, "notes"), "text", "Sends <b>cake</b>")).Has(".moment[data-kind=note] .moment-text", "Sends <b>cake</b>").Has(".moment[data-kind=note]", "Note by Ada Lind")
	s.Post(s.Path("people", id, "notes"), "text", " ").Is(http.StatusUnprocessableEntity).Has("#text-error")
	s.Follow(s.Post(s.Path("people", id, "save"), "was.name", "Mira", "was.about", "", "name", "Mira Lind", "about", "Bakes.\r\nWell.")).Has("h1", "Mira Lind").Has(".about-words", "Bakes.")
	s.Post(s.Path("people", id, "save"), "was.name", "Mira", "was.about", "", "name", "Else", "about", "Typed with care").Is(http.StatusConflict).
		Has("textarea[name=about]", "Typed with care").Has(".notice", "Someone has changed this")
	s.Follow(s.Post(s.Path("people", id, "save"), "was.name", "Mira Lind", "was.about", "Bakes.\r\nWell.", "name", "Mira Lind", "about", "")).Lacks(".about-words")
	_ = w
}

func TestExportAndErase(t *testing.T) {
	s := webtest.New(t)
	if _, err := job.New(t.Context(), s.DB, job.NewWorkers(), job.Options{}); err != nil {
		t.Fatal(err)
	}
	s.FillInbox()
	id := who(t, s, "Mira")
	file := s.Post(s.Path("people", id, "export")).Is(http.StatusOK)
	var out struct {
		Messages []struct{ Text string }
	}
	if err := json.Unmarshal([]byte(file.Body), &out); err != nil || len(out.Messages) != 3 || !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%+v %v %v", out, file.Header, err)
	}
	talk := s.Get(s.Path("people", id)).Attr(".moment-foot a[href*='/inbox/']", "href")
	ask := s.Get(s.Path("people", id, "erase")).Is(http.StatusOK)
	ask.Has("label", "Type Mira to erase them").Has(".two-lists", "the words of 3 messages")
	s.Post(s.Path("people", id, "erase"), "confirm", "mira").Is(http.StatusUnprocessableEntity).Has("#confirm-error").Has("input[name=confirm][value=mira]")
	s.Follow(s.Post(s.Path("people", id, "erase"), "confirm", "Mira")).Has(".toast", "They are erased").Has("table").Lacks("tr[data-row] a[href$='" + id + "']")
	s.Get(s.Path("people", id)).Is(http.StatusNotFound)
	thread := s.Get(talk).Is(http.StatusOK)
	thread.Has(".said-gone", "Who wrote this was erased").Has(".said-by", "Until the 18th")
	if strings.Contains(thread.Body, "Mira") || strings.Contains(thread.Body, "erased:") {
		t.Error("the conversation still says who it was")
	}
	s.Get(s.Path("search")+"?q=Switzerland").Has("main .empty", "Nothing holds these words")
}

// Who may see people, and what of them.
func TestPeopleForEachRole(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	mira, berlin := who(t, s, "Mira"), who(t, s, "Wanda")
	for _, role := range access.Roles {
		s.SignIn(join(t, s, "As "+string(role), role))
		may, status := role == access.Owner || role == access.Manager || role == access.Community, http.StatusForbidden
		if may {
			status = http.StatusOK
		}
		if role == access.Ambassador {
			status = http.StatusNotFound
			s.Get(s.Path("people"))
			continue
		}
		s.Get(s.Path("people")).Is(status)
		p := s.Get(s.Path("people", mira)).Is(status)
		if may {
			p.Has("form[action$='/export']").Has(".rail a[href$='/people']")
		} else {
			s.Get(s.Path()).Lacks(".rail a[href$='/people']")
		}
		s.Get(s.Path("people", mira, "erase")).Is(status)
	}
	s.SignIn(join(t, s, "Half Sight", access.Community, w.Channels[1].ID))
	s.Get(s.Path("people", mira)).Is(http.StatusOK).Has(".moment-text", "Lovely crema").Lacks(".moment:nth-child(2)")
	s.Get(s.Path("people", berlin)).Is(http.StatusNotFound)
	s.Post(s.Path("people", mira, "export")).Is(http.StatusForbidden)
	s.Get(s.Path("search") + "?q=Austria").Has("main .empty")

	s.SignIn(s.NewAccount("south@example.com", "South"))
	s.Brand = s.NewBrand("South")
	s.Get(s.Path("people", mira)).Is(http.StatusNotFound)
	s.Get(s.Path("search") + "?q=crema").Has("main .empty")
	for _, act := range []string{"save", "notes", "export", "erase"} {
		s.Post(s.Path("people", mira, act), "name", "x", "text", "x", "confirm", "Mira").Is(http.StatusNotFound)
	}
}

func TestSearchPage(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	if _, err := person.AddNote(t.Context(), s.DB, s.Who(), s.Brand.ID, who(t, s, "Mira"), "Lives in Austria"); err != nil {
		t.Fatal(err)
	}
	s.Get(s.Path("search")).Is(http.StatusOK).Has("main .empty", "Find what was said").Lacks(".page-views .segmented")
	p := s.Get(s.Path("search") + "?q=austria").Is(http.StatusOK)
	p.Has(".panel .hit .row-title[href*='/inbox/']", "Mira").Has(".hit-text mark", "Austria").Has(".hit .row-title[href*='/people/']", "Note on Mira")
	s.Get(s.Path("search")+"?q=mira").Has(".panel:first-child h2", "People").Has(".panel:first-child .row-title[href*='/people/']", "Mira")
	s.Get(s.Path("search") + "?q=" + url.QueryEscape("coffee -parcel")).Is(http.StatusOK).Has(".hit")
	all := s.Get(s.Path("search") + "?q=thank")
	more := all.Has(".panel .btn", "Show all").Attr(".panel .btn", "href")
	if n := all.Count(".hit"); n != 5 {
		t.Errorf("%d of a kind, want 5", n)
	}
	one := s.Get(more).Has(".segmented [aria-current]", "Messages")
	if n := one.Count(".hit"); n != 25 {
		t.Errorf("%d on the page, want 25", n)
	}
	if n := s.Get(one.Attr("#more a", "href")).Count(".hit"); n != 5 {
		t.Errorf("%d on the second page, want 5", n)
	}
	s.Get(s.Path("search")+"?q=crema&channel="+w.Channels[0].ID).Has("main .empty").Has(".chip[data-active]", w.Channels[0].Handle)
	s.Get(s.Path("search")+"?q=crema&since=week").Has(".hit").Has(".chip[data-active]", "Past 7 days")
	s.Get(s.Path("search") + "?q=thank&since=year&kind=message").Has(".hit")
	s.Get(s.Path("search") + "?q=x&kind=brand").Is(http.StatusUnprocessableEntity)
	s.Get(s.Path("search") + "?q=x&kind=message&after=!").Is(http.StatusUnprocessableEntity)
	for _, q := range []string{"\"", "-", "<script>", strings.Repeat("a ", 3000), "…", "手"} {
		s.Get(s.Path("search") + "?q=" + url.QueryEscape(q)).Is(http.StatusOK).Lacks("main script")
	}
	s.Get(s.Path("palette") + "?q=switz").Is(http.StatusOK)
	var found []struct{ Label, Href, Detail string }
	if err := json.Unmarshal([]byte(s.Get(s.Path("palette")+"?q=mira").Body), &found); err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, f := range found {
		said = append(said, f.Label+" "+f.Detail)
	}
	if got := strings.Join(said, "\n"); !strings.Contains(got, "Mira person") || !strings.HasPrefix(said[len(said)-1], "Search everything for “mira”") {
		t.Errorf("⌘K found %s", got)
	}
}

func TestWhoIsKeptForever(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	b := s.Brand
	if _, err := brand.Change(t.Context(), s.DB, s.Who(), b.ID, brand.Settings{Name: b.Name, Color: b.Color, Zone: b.Zone, Language: b.Language, Tolerance: b.Tolerance}); err != nil {
		t.Fatal(err)
	}
	p := s.Get(s.Path("people", who(t, s, "Mira"))).Is(http.StatusOK)
	if strings.Contains(p.Body, "unless they write again") {
		t.Error("the page promises to forget them")
	}
}

// A form that is sent twice leads twice to the same place, and one that was
// opened before the records changed says what happened.
func TestSentTwiceLeadsWhereTheFirstLed(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	mira, lea, omar := who(t, s, "Mira"), who(t, s, "Lea"), who(t, s, "Omar")
	review := s.Get(s.Path("people", mira, "same", lea)).Is(http.StatusOK)
	stale := s.Path("people", lea, "same", omar)
	s.Get(stale).Is(http.StatusOK)
	for range 2 {
		p := s.Post(s.Path("people", mira, "same", lea), "revision", review.Attr("input[name=revision]", "value"), "reason", "She said so.")
		if to := p.Header.Get("Location"); to != s.Path("people", mira) {
			t.Errorf("it leads to %q", to)
		}
		s.Follow(p).Has(".toast", "They are one person now")
	}
	again := s.Post(stale, "revision", "x", "reason", "Him too.").Is(http.StatusConflict).Has("main", "has become a part of Mira").
		Has("form[action='"+s.Path("people", mira, "same", omar)+"'] [name=reason]", "Him too.")
	if again.Attr("input[name=revision]", "value") == "x" {
		t.Error("the form is still about who is no more")
	}
	s.Follow(s.Get(stale)).Has(".toast", "has become a part of Mira")
	s.Follow(s.Get(s.Path("people", mira, "same", lea))).Has(".toast", "They are one person now")
	s.Follow(s.Get(s.Path("people", lea, "same"))).Has("h1", "Mira")
	s.Follow(s.Get(s.Path("people", lea, "erase"))).Has("h1", "Mira")
	for range 2 {
		s.Follow(s.Post(s.Path("people", omar, "erase"), "confirm", "Omar")).Has(".toast", "They are erased").Has("table")
	}
	s.Follow(s.Get(s.Path("people", omar, "erase"))).Has(".toast", "They are erased")
	s.Get(s.Path("people", omar)).Is(http.StatusNotFound)
	s.Post(s.Path("people", "nobody", "erase"), "confirm", "x").Is(http.StatusNotFound)
	s.Post(s.Path("people", "nobody", "same", mira), "revision", "x", "reason", "x").Is(http.StatusNotFound)
}

// What was written on a page of somebody who has become a part of another since is
// kept with who stayed.
func TestWordsFollowWhomTheyAreAbout(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	mira, lea, omar := who(t, s, "Mira"), who(t, s, "Lea"), who(t, s, "Omar")
	join := func(stays, goes string) {
		t.Helper()
		p := s.Get(s.Path("people", stays, "same", goes)).Is(http.StatusOK)
		s.Post(s.Path("people", stays, "same", goes), "revision", p.Attr("input[name=revision]", "value"), "reason", "She said so.").Is(http.StatusSeeOther)
	}
	join(lea, omar)
	join(mira, lea) // twice over
	for i, was := range []string{omar, lea} {
		note := fmt.Sprint("Prefers letters ", i)
		p := s.Post(s.Path("people", was, "notes"), "text", note).Is(http.StatusSeeOther)
		if to := p.Header.Get("Location"); to != s.Path("people", mira) {
			t.Errorf("the note leads to %q", to)
		}
		s.Get(s.Path("people", mira)).Has("main", note)
		// An empty one is asked for on the page of who stayed.
		s.Post(s.Path("people", was, "notes"), "text", " ").Is(http.StatusUnprocessableEntity).Has("h1", "Mira").
			Has("form[action='"+s.Path("people", mira, "notes")+"']", "")
	}
	// What was said of the other is not what is said of who stayed: look first.
	p := s.Post(s.Path("people", lea, "save"), "name", "Lea", "about", "Runs the bakery", "was.name", "Lea", "was.about", "").Is(http.StatusConflict).
		Has("form[action='"+s.Path("people", mira, "save")+"'] [name=about]", "Runs the bakery")
	s.Follow(s.Post(s.Path("people", lea, "save"), "name", "Mira", "about", "Runs the bakery", "was.name", p.Attr("[name='was.name']", "value"), "was.about", p.Attr("[name='was.about']", "value")))
	s.Get(s.Path("people", mira)).Has("main", "Runs the bakery")
	if file := s.Post(s.Path("people", lea, "export")).Is(http.StatusOK); !strings.Contains(file.Header.Get("Content-Disposition"), mira) {
		t.Errorf("handed out as %q", file.Header.Get("Content-Disposition"))
	}
	s.Post(s.Path("people", "nobody", "notes"), "text", "x").Is(http.StatusNotFound)
	s.Post(s.Path("people", "nobody", "save"), "name", "x").Is(http.StatusNotFound)
}

package web_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/audit"
	"rapport/internal/brand"
	"rapport/internal/comment"
	"rapport/internal/db"
	"rapport/internal/document"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/task"
	"rapport/internal/topic"
	"rapport/internal/web/webtest"
)

// logged is a studio in which two people did things.
func logged(t *testing.T) (*webtest.Site, webtest.World, account.Account) {
	t.Helper()
	s := webtest.New(t)
	w := s.Fill()
	mate := s.NewAccount("bo@example.com", "Bo Berg")
	if err := account.Give(t.Context(), s.DB, s.Who(), mate.ID, access.Grant{Brand: s.Brand.ID, Role: access.Manager}); err != nil {
		t.Fatal(err)
	}
	owner := s.Account
	s.SignIn(mate)
	if _, err := brand.Hold(t.Context(), s.DB, s.Who(), s.Brand.ID, "A storm over the harbour"); err != nil {
		t.Fatal(err)
	}
	s.SignIn(owner)
	return s, w, mate
}

func TestLogSaysWhoDidWhat(t *testing.T) {
	s, w, mate := logged(t)
	p := s.Get(s.Path("settings", "log")).Is(http.StatusOK)
	p.Has(".sided [aria-current]", "Log").Has(".row:nth-child(2) .row-title", "Bo Berg put everything on hold").Has(".row:nth-child(2) .row-detail", "A storm over the harbour")
	p.Has(".row:nth-child(3)", "Ada Lind gave somebody access", "Bo Berg", "Social Media Manager").Has("a.row-title[href*='/posts/']", "Ada Lind scheduled a post")
	for _, c := range []struct{ query, has, lacks string }{
		{"?who=" + mate.ID, "put everything on hold", "scheduled a post"},
		{"?who=system", "Nothing like this was done", "scheduled a post"},
		{"?area=team", "gave somebody access", "put everything on hold"},
		{"?q=HARBOUR", "put everything on hold", "scheduled a post"},
		{"?q=%25", "Nothing like this was done", "scheduled a post"},
		{"?until=2020-01-01", "Nothing like this was done", "scheduled a post"},
		{"?area=holds&who=" + mate.ID + "&q=storm&from=2020-01-01", "put everything on hold", "gave somebody access"},
		{"?subject=" + w.Channels[0].ID, "connected a channel", "scheduled a post"},
	} {
		got := s.Get(s.Path("settings", "log")+c.query).Is(http.StatusOK).Has(".side-content .panel", c.has)
		if text := got.Text(".side-content .panel"); strings.Contains(text, c.lacks) {
			t.Errorf("%s: it says %q", c.query, c.lacks)
		}
	}
	s.Get(s.Path("settings", "log") + "?q=storm&area=holds").Has("input[name=q][value=storm]").Has("option[selected][value=holds]").Has("a[href*='/log/export?'][href*='q=storm'][href*='format=csv']")
	s.Get(s.Path("settings", "log")+"?from=soon").Is(http.StatusUnprocessableEntity).Has("#from-error", "Choose a day").Has("input[name=from][value=soon]")
	s.Get(s.Path("settings", "log") + "?area=nothing").Is(http.StatusUnprocessableEntity)
	s.Get(s.Path("settings", "log") + "?after=x").Is(http.StatusUnprocessableEntity)
}

// A task and a comment say in the log what they were about, and lead there.
func TestLogNamesTasksAndComments(t *testing.T) {
	s, w, _ := logged(t)
	one, err := task.Create(t.Context(), s.DB, s.Who(), s.Brand.ID, "", "", task.Input{Title: "Order the winter sleeves"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := comment.Add(t.Context(), s.DB, s.Who(), s.Brand.ID, w.Best, comment.New{Text: "Warm words"}); err != nil {
		t.Fatal(err)
	}
	p := s.Get(s.Path("settings", "log")).Is(http.StatusOK)
	p.Has("a.row-title[href$='/tasks/"+one.ID+"']", "made a task").Has(".row-detail", "Order the winter sleeves")
	p.Has(".row:nth-child(2) a.row-title[href$='/posts/"+w.Best+"']", "commented on a post")
	if err := task.Delete(t.Context(), s.DB, s.Who(), s.Brand.ID, one.ID); err != nil {
		t.Fatal(err)
	}
	s.Get(s.Path("settings", "log")).Has(".row:nth-child(2) .row-title", "deleted a task").Has(".row:nth-child(2) .row-detail", "Order the winter").Lacks("a[href$='/tasks/" + one.ID + "']")
}

// What was done in the community says to whom and where: a member is none of
// the team's accounts.
func TestLogNamesMembersAndTopics(t *testing.T) {
	s := webtest.New(t)
	ctx, who, brandID := t.Context(), s.Who(), s.Brand.ID
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	talk, err := space.Create(ctx, s.DB, who, brandID, space.Settings{Name: "Talk", Kind: space.Discussion})
	ok(err)
	var kim member.Member
	asks := s.NewAccount("kim@example.com", "Kim")
	ok(s.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := member.Create(ctx, tx, brandID, member.New{Account: who.Account, Name: "Ada", State: member.Active, Trusted: true})
		if err == nil {
			kim, err = member.Create(ctx, tx, brandID, member.New{Account: asks.ID, Name: "Kim", State: member.Asking})
		}
		return err
	}))
	v, err := member.Of(ctx, s.DB, who, brandID)
	ok(err)
	said, err := topic.Begin(ctx, s.DB, v, topic.New{Space: talk.ID, Title: "Which grinder?", Text: "The big one."})
	ok(err)
	_, err = member.Decide(ctx, s.DB, who, brandID, kim.ID, member.Active, "")
	ok(err)
	_, err = topic.Decide(ctx, s.DB, who, brandID, said.Reply.ID, topic.AsItIs, topic.Hide, "Be kind", "It was rude")
	ok(err)
	ok(topic.Close(ctx, s.DB, v, said.Topic.ID, true))
	_, err = document.Write(ctx, s.DB, who, brandID, document.Guidelines, 0, "Be kind.", true)
	ok(err)

	front := "/b/" + s.Brand.Slug
	p := s.Get(s.Path("settings", "log") + "?area=community").Is(http.StatusOK)
	p.Has("a.row-title[href='"+front+"/u/"+kim.Handle+"']", "let a member in").Has(".row:has([href*='/u/']) .row-detail", "Kim @"+kim.Handle)
	p.Has("a.row-title[href='"+front+said.Topic.PathOf(1)+"']", "hid what a member wrote").Has(".row-detail", "Which grinder?", "rule: Be kind", "reason: It was rude")
	p.Has("a.row-title[href='"+front+said.Topic.Path()+"']", "closed a topic")
	p.Has("a.row-title[href='"+s.Path("community", "pages", "guidelines")+"']", "wrote a document").Has(".row-detail", "Guidelines · version: 1")
	if strings.Contains(p.Body, "somebody who left") {
		t.Error("a member is taken for one of the team who left")
	}
}

func TestLogLeadsOn(t *testing.T) {
	s, _, _ := logged(t)
	err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		for range 110 {
			if err := audit.Record(t.Context(), tx, s.Who(), audit.Entry{Brand: s.Brand.ID, Act: "post.saved", Subject: "p"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for path := s.Path("settings", "log") + "?area=content"; path != ""; {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("HX-Request", "true")
		p := s.Do(r).Is(http.StatusOK)
		for id := range strings.SplitSeq(p.Body, `id="log-`) {
			id, _, _ = strings.Cut(id, `"`)
			if seen[id] {
				t.Errorf("%s comes twice", id)
			}
			seen[id] = len(id) == 36
		}
		path = p.Attr("#more a", "href")
	}
	if len(seen) < 130 {
		t.Errorf("%d lines", len(seen))
	}
}

func TestLogIsTakenAlong(t *testing.T) {
	s, _, _ := logged(t)
	p := s.Get(s.Path("settings", "log", "export") + "?format=csv&q=storm").Is(http.StatusOK)
	rows, err := csv.NewReader(strings.NewReader(p.Body)).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][2] != "Bo Berg" || rows[1][4] != "hold.set" || rows[1][5] != "put everything on hold" || !strings.Contains(rows[1][7], "A storm") {
		t.Errorf("%q %v", rows, err)
	}
	p = s.Get(s.Path("settings", "log", "export") + "?format=json").Is(http.StatusOK)
	lines := 0
	for in := bufio.NewScanner(strings.NewReader(p.Body)); in.Scan(); lines++ {
		var l struct {
			At             time.Time
			Act, Name, Who string
		}
		if err := json.Unmarshal(in.Bytes(), &l); err != nil || l.At.IsZero() || l.Act == "" || l.Name == "" {
			t.Errorf("%s: %v", in.Text(), err)
		}
	}
	if lines < 25 {
		t.Errorf("%d lines", lines)
	}
	s.Get(s.Path("settings", "log")).Has(".row:nth-child(2)", "Ada Lind exported the log")
	s.Get(s.Path("settings", "log", "export") + "?from=x").Is(http.StatusUnprocessableEntity)
}

func TestLogIsForThoseWhoAnswer(t *testing.T) {
	s, _, _ := logged(t)
	reader := s.NewAccount("cy@example.com", "Cy Reader")
	if err := account.Give(t.Context(), s.DB, s.Who(), reader.ID, access.Grant{Brand: s.Brand.ID, Role: access.Analyst}); err != nil {
		t.Fatal(err)
	}
	s.SignIn(reader)
	s.Get(s.Path("settings", "log")).Is(http.StatusForbidden)
	s.Get(s.Path("settings", "log", "export")).Is(http.StatusForbidden)
}

func TestPagesSayWhatTheTeamDid(t *testing.T) {
	s, w, _ := logged(t)
	s.Get(s.Path("posts", w.Best)).Is(http.StatusOK).Has("#happened .row", "Ada Lind scheduled a post").Lacks("#happened a.row-title")
	s.Get(s.Path("channels", w.Channels[0].ID)).Has("#happened .row", "Ada Lind connected a channel")
	for range 10 {
		s.Post(s.Path("channels", w.Channels[0].ID, "check"))
	}
	first := s.Get(s.Path("channels", w.Channels[0].ID))
	if n := first.Count("#happened .row"); n != 8 {
		t.Errorf("%d lines", n)
	}
	all := s.Get(first.Attr("#happened .panel-body a", "href")).Is(http.StatusOK)
	if n := all.Count("main .row"); n != 11 {
		t.Errorf("%d lines of all", n)
	}
	s.Get(s.Path("posts", "nothing", "happened")).Is(http.StatusNotFound)
	s.Get(s.Path("channels", "nothing", "happened")).Is(http.StatusNotFound)
	s.Get(s.Path("people", "nothing", "happened")).Is(http.StatusNotFound)
}

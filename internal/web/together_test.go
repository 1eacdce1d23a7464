package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/comment"
	"rapport/internal/db"
	"rapport/internal/handover"
	"rapport/internal/notify"
	"rapport/internal/post"
	"rapport/internal/task"
	"rapport/internal/web/webtest"
)

// colleague is another account with a role in the brand.
func colleague(t *testing.T, s *webtest.Site, name string, role access.Role) account.Account {
	t.Helper()
	a := s.NewAccount(strings.ToLower(strings.ReplaceAll(name, " ", "."))+"@example.com", name)
	if err := account.Give(t.Context(), s.DB, s.Who(), a.ID, access.Grant{Brand: s.Brand.ID, Role: role}); err != nil {
		t.Fatal(err)
	}
	return a
}

func drafted(t *testing.T, s *webtest.Site, text string) post.Post {
	t.Helper()
	p, err := post.Draft(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Input{Body: post.Body{Parts: []post.Part{{Text: text}, {Text: "And more"}}}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCommentsOnAPost(t *testing.T) {
	s := webtest.New(t)
	ada := s.Account
	mira := colleague(t, s, "Mira Sand", access.Creator)
	p := drafted(t, s, "Spring is here")
	page := s.Get(s.Path("posts", p.ID)).Is(http.StatusOK)
	page.Has("#comments .help", "never goes out").Has("#comment-text[data-names*='Mira Sand']").Has("#comment-about option", "The whole post")
	s.Follow(s.Post(s.Path("posts", p.ID, "comments"), "text", "Is <b>that</b> so, @Mira Sand?", "about", " 2")).
		Has(".comment-text", "Is <b>that</b> so").Has(".comment-about", "Part 2").Has("#comments .count", "1 open")
	s.Post(s.Path("posts", p.ID, "comments"), "text", " ").Is(http.StatusUnprocessableEntity).Has("#comment-text-error")
	s.Post(s.Path("posts", p.ID, "comments"), "text", "Kept", "about", " 9").Is(http.StatusUnprocessableEntity).Has("#comment-text", "Kept").Has(".field-error", "no such part")

	all, _, err := comment.List(t.Context(), s.DB, s.Who(), s.Brand.ID, p.ID, db.Page{})
	if err != nil || len(all) != 1 || len(all[0].Mentions) != 1 || all[0].Mentions[0] != mira.ID {
		t.Fatalf("%+v, %v", all, err)
	}
	id := all[0].ID
	s.SignIn(mira)
	s.Get(s.Path("posts", p.ID)).Has("#comment-" + id).Lacks("form[action$='/remove']").Lacks(".comment-edit")
	s.Follow(s.Post(s.Path("posts", p.ID, "comments", id, "resolve"))).Has(".comment-settled", "settled by Mira Sand").Has("form[action$='/reopen']")
	s.Post(s.Path("posts", p.ID, "comments", id, "edit"), "text", "x").Is(http.StatusForbidden)
	s.Get(s.Path("posts", p.ID, "edit")).Has("#comment-drawer .comment", "Is <b>that</b> so").Has(".page-head [data-island=beside][data-editing]")
	s.SignIn(ada)
	s.Follow(s.Post(s.Path("posts", p.ID, "comments", id, "edit"), "text", "Other words")).Has(".comment-text", "Other words").Has(".comment-head", "edited")
	s.Follow(s.Post(s.Path("posts", p.ID, "comments", id, "remove"))).Has(".comment-gone", "removed by Ada Lind").Lacks(".comment-text").Has(".toast form[action$='/restore']")
	s.Follow(s.Post(s.Path("posts", p.ID, "comments", id, "restore"))).Has(".comment-text", "Other words")
	r := httptest.NewRequest(http.MethodGet, s.Path("posts", p.ID, "comments"), nil)
	r.Header.Set("HX-Request", "true")
	if piece := s.Do(r).Is(http.StatusOK); strings.Contains(piece.Body, "<html") || !strings.Contains(piece.Body, "comment-list") {
		t.Error("the list comes with a whole page")
	}
	s.SignIn(colleague(t, s, "Ana Read", access.Analyst))
	s.Get(s.Path("posts", p.ID)).Has(".comment").Lacks("#comment-form").Lacks(".comment-acts")
	s.Get(s.Path("posts", "nothing", "comments")).Is(http.StatusNotFound)
}

func TestWhoHasAPostOpen(t *testing.T) {
	s := webtest.New(t)
	ada, mira := s.Account, colleague(t, s, "Mira Sand", access.Creator)
	p := drafted(t, s, "Spring is here")
	s.SignIn(mira)
	s.Post(s.Path("posts", p.ID, "presence"), "writing", "true").Is(http.StatusNoContent)
	s.SignIn(ada)
	s.Get(s.Path("posts", p.ID)).Has("#beside .here[data-writing]", "Mira Sand is editing")
	s.SignIn(mira)
	s.Post(s.Path("posts", p.ID, "presence"), "left", "true").Is(http.StatusNoContent)
	s.SignIn(ada)
	s.Get(s.Path("posts", p.ID, "presence")).Lacks(".here")
}

func TestTasks(t *testing.T) {
	s := webtest.New(t)
	w := s.FillInbox()
	talk := s.Talk("m1")
	_ = w
	mira := colleague(t, s, "Mira Sand", access.Community)
	s.Get(s.Path("tasks")).Is(http.StatusOK).Has(".empty", "You have nothing to do").Has(".rail [aria-current]", "Tasks")
	s.Get(s.Path("inbox", talk.ID)).Has(".tasks-aside a[href*='/tasks/new']")
	form := s.Get(s.Path("tasks", "new") + "?kind=conversation&subject=" + talk.ID + "&back=" + url.QueryEscape(s.Path("inbox", talk.ID))).Is(http.StatusOK)
	form.Has(".task-about", "Mira").Has("select[name=assignee] option", "Ada Lind (you)")
	send := []string{"kind", "conversation", "subject", talk.ID, "back", s.Path("inbox", talk.ID), "title", "Ask the printer", "assignee", mira.ID, "due", "2026-01-05T09:00", "note", "By phone"}
	s.Follow(s.Post(s.Path("tasks"), send...)).Has(".tasks-aside .task-row", "Ask the printer").Has(".tasks-aside .state", "overdue")
	s.Post(s.Path("tasks"), "title", "", "note", "Kept", "due", "x").Is(http.StatusUnprocessableEntity).Has("#due-error").Has("textarea[name=note]", "Kept")
	s.Post(s.Path("tasks"), "title", "", "note", "Kept").Is(http.StatusUnprocessableEntity).Has("#title-error")
	s.Get(s.Path("tasks")).Has(".empty")
	s.Get(s.Path("tasks")+"?show=all").Has(".task-row .task-about a[href*='/inbox/']").Has(".task-who", "Mira Sand")
	s.Get(s.Path("tasks") + "?show=weather").Is(http.StatusUnprocessableEntity)
	all, _, err := task.List(t.Context(), s.DB, s.Who(), s.Brand.ID, task.Filter{}, db.Page{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	id := all[0].ID
	s.Get(s.Path("tasks", id)).Has("input[name=title][value='Ask the printer']").Has("input[name=due][value='2026-01-05T09:00']")
	s.Post(s.Path("tasks", id), "title", "Mine", "revision", "7").Is(http.StatusConflict).Has("input[name=title][value=Mine]").Has(".notice", "Someone has changed this task")
	s.Follow(s.Post(s.Path("tasks", id), "title", "Ask the printer again", "assignee", mira.ID, "revision", "1")).Has("h1", "Ask the printer again")
	ada := s.Account
	s.SignIn(mira)
	s.Follow(s.Post(s.Path("tasks", id), "title", "Ask the printer again", "assignee", mira.ID, "due", "2026-01-05T09:00", "revision", "2"))
	s.Get(s.Path()).Has(".today-tasks .task-row", "Ask the printer again").Has(".rail a[href$='/tasks']", "1")
	s.Follow(s.Post(s.Path("tasks", id, "done"), "back", s.Path("tasks"))).Has(".toast", "Done: Ask").Has(".toast form[action$='/reopen']").Has(".empty")
	s.Get(s.Path("tasks")+"?show=done").Has(".task-row[data-done]", "Ask the printer again")
	s.SignIn(ada)
	if err := account.Take(t.Context(), s.DB, s.Who(), s.Brand.ID, mira.ID); err != nil {
		t.Fatal(err)
	}
	s.Get(s.Path("tasks")+"?show=done").Has(".task-who[data-left]", "nobody here any more")
	s.Get(s.Path("tasks", id)).Has("select[name=assignee] option", "nobody here any more")
	s.Follow(s.Post(s.Path("tasks", id, "delete"))).Has(".toast form[action$='/restore']")
	s.Get(s.Path("tasks", id)).Is(http.StatusNotFound)
	s.Post(s.Path("tasks", id, "done"), "back", "https://evil.example").Is(http.StatusNotFound)
}

func TestHandover(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path()).Has(".handover-none a[href$='/handover']")
	s.Get(s.Path("handover")).Has(".empty", "Nothing was handed over yet")
	s.Follow(s.Post(s.Path("handover"), "text", "The <sale> starts\n\nat nine", "latest", "")).Has(".handover[data-seen] .handover-text", "The <sale> starts").Has(".handover-head", "Ada Lind")
	s.Post(s.Path("handover"), "text", "Covered", "latest", "").Is(http.StatusConflict).Has("textarea[name=text]", "Covered").Has(".handover-row", "The <sale> starts")
	all, _, err := handover.List(t.Context(), s.DB, s.Who(), s.Brand.ID, db.Page{})
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	s.SignIn(colleague(t, s, "Mira Sand", access.Community))
	s.Get(s.Path()).Has(".handover:not([data-seen]) form[action$='/see']")
	s.Follow(s.Post(s.Path("handover", all[0].ID, "see"))).Has(".handover-who", "Mira Sand").Lacks("form[action$='/see']")
	s.Post(s.Path("handover", "nothing", "see")).Is(http.StatusNotFound)
}

func TestNoticesByKind(t *testing.T) {
	s := webtest.New(t)
	for i, kind := range []string{"task.due", "comment.mentioned", "delivery.missed"} {
		_, err := s.DB.ExecContext(t.Context(), `INSERT INTO notification (id, brand_id, account_id, kind, subject, text, href, source, created_at) VALUES ($1, $2, $3, $4, '', $5, '/studio', $6, $7)`,
			db.NewID(), s.Brand.ID, s.Account.ID, kind, "Told of "+kind, kind, s.DB.Now().Add(-time.Duration(i)*48*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
	}
	p := s.Get(s.Path("notifications")).Is(http.StatusOK)
	if n := p.Count(".news-day"); n != 3 {
		t.Errorf("%d days, want 3", n)
	}
	p.Has("#topic-menu a[href$='topic=mention']")
	s.Get(s.Path("notifications")+"?topic=mention").Has(".news", "comment.mentioned").Has(".chip[data-active]", "Somebody names you").Lacks(".news + .news")
	s.Get(s.Path("notifications")+"?topic=conversation.woke").Has(".empty", "Nothing like this")
	s.Get(s.Path("notifications") + "?topic=weather").Is(http.StatusUnprocessableEntity)
	list, _, err := notify.List(t.Context(), s.DB, s.Who(), s.Brand.ID, notify.Filter{}, db.Page{})
	if err != nil {
		t.Fatal(err)
	}
	s.Follow(s.Post(s.Path("notifications", "read"), "id", list[0].ID)).Has("#notice-" + list[0].ID + ":not([data-unread])")
	s.Get(s.Path("notifications") + "?show=unread").Lacks("#notice-" + list[0].ID).Has("#notice-" + list[1].ID)
	s.Follow(s.Post(s.Path("notifications", "unread"), "id", list[0].ID)).Has("#notice-" + list[0].ID + "[data-unread]")
}

func TestWhatOneHearsOf(t *testing.T) {
	s := webtest.New(t)
	p := s.Get(s.Path("settings", "notifications")).Is(http.StatusOK)
	p.Has("input[name='mail.mention'][checked]").Has("input[name='studio.handover.written'][checked]").Has("select[name=hour] option[selected][value='8']").Lacks("input[name='mail.handover.written'][checked]")
	s.Follow(s.Post(s.Path("settings", "notifications"), "topic", "mention", "digest.mention", "true", "every", "week", "weekday", "5", "hour", "17")).Is(http.StatusOK)
	s.Get(s.Path("settings", "notifications")).Lacks("input[name='mail.mention'][checked]").Has("input[name='digest.mention'][checked]").Has("input[name='mail.task.due'][checked]").
		Has("select[name=weekday] option[selected]", "Friday")
	s.Post(s.Path("settings", "notifications"), "every", "hour", "weekday", "1", "hour", "8").Is(http.StatusUnprocessableEntity).Has("#every-error")
}

// One request stops a kind of letters without a session; looking at the link
// stops nothing.
func TestLettersAreStoppedWithoutSignIn(t *testing.T) {
	s := webtest.New(t)
	ada := s.Account
	token := notify.Sign(s.Channels.Keys, notify.Stop{Account: ada.ID, Brand: s.Brand.ID, Topic: "mention"})
	s.SignOut()
	s.Get("/unsubscribe?t="+token).Is(http.StatusOK).Has("form[method=post] button", "Stop them").Has("main", "Somebody names you")
	if on := mailed(t, s, ada); !on {
		t.Error("a look stopped letters")
	}
	s.Post("/unsubscribe?t="+token, "List-Unsubscribe", "One-Click").Is(http.StatusOK).Has("main", "no letters of North Roasters like this any more")
	if on := mailed(t, s, ada); on {
		t.Error("letters go on")
	}
	s.Post("/unsubscribe?t=x", "List-Unsubscribe", "One-Click").Is(http.StatusNotFound)
	s.Get(s.Path("settings", "notifications")).Lacks("input[name='mail.mention']")
}

func mailed(t *testing.T, s *webtest.Site, a account.Account) bool {
	t.Helper()
	s.SignIn(a)
	defer s.SignOut()
	rows, _, err := notify.Settings(t.Context(), s.DB, s.Who(), s.Brand.ID)
	if err != nil {
		t.Fatal(err)
	}
	return rows[0].ID == "mention" && rows[0].Mail
}

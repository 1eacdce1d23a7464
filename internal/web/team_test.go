package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/job"
	"rapport/internal/letter"
	"rapport/internal/space"
	"rapport/internal/web/webtest"
)

// grantTo gives an account a part in the site's brand.
func grantTo(t *testing.T, s *webtest.Site, a account.Account, g access.Grant) {
	t.Helper()
	g.Brand = s.Brand.ID
	if err := s.DB.Tx(t.Context(), func(tx *db.Tx) error { return account.Put(t.Context(), tx, a.ID, g) }); err != nil {
		t.Fatal(err)
	}
}

func TestTeam(t *testing.T) {
	s := webtest.New(t)
	owner := s.Account
	c := s.Connect("north")
	s.Connect("cafe")
	bea := s.NewAccount("bea@example.com", "Bea Okafor")
	grantTo(t, s, bea, access.Grant{Role: access.Creator})
	grantTo(t, s, s.NewAccount("cem@example.com", "Cem Aksoy"), access.Grant{Role: access.Analyst, EndsAt: s.DB.Now().Add(-24 * time.Hour)})
	team := s.Path("settings", "team")
	p := s.Get(team).Is(http.StatusOK).Has(".panel .row", "Ada Lind", "you", "Bea Okafor", "Content Creator", "never signed in", "Cem Aksoy", "ended").Has(".side-nav a[aria-current=page]", "Team")
	if first := p.Text(".row .row-title"); !strings.HasPrefix(first, "Ada Lind") {
		t.Errorf("the first is %q", first)
	}
	one := team + "/people/" + bea.ID
	s.Get(one).Is(http.StatusOK).Has("input[name=role][value=creator][checked]").Has("input[name=reach][value=all][checked]").Has("details dd", "Schedule and publish")
	s.Post(one, "role", "king", "reach", "some", "ends", "soon").Is(http.StatusUnprocessableEntity).Has(".field-error").Has("input[name=ends][value=soon]")
	s.Post(one, "role", "community", "reach", "some", "ends", "2020-01-01", "channels", c.ID).Is(http.StatusUnprocessableEntity).Has("#ends-error", "future").Has("input[name=channels][checked]")
	day := s.DB.Now().Time().AddDate(0, 2, 0).Format(time.DateOnly)
	s.Follow(s.Post(one, "role", "community", "reach", "some", "ends", day, "channels", c.ID)).Has(".row", "Community Manager · "+c.Handle+" · until").Has(".toast", "Saved")
	s.Get(one).Has("input[name=ends][value='" + day + "']").Has("input[name=channels][value='" + c.ID + "'][checked]")

	undo := s.Follow(s.Post(one+"/end")).Has(".toast", "has ended").Has(".panel .row", "Bea Okafor", "ended").Attr(".toast form", "action")
	s.SignIn(bea)
	s.Get(s.Path()).Is(http.StatusNotFound)
	s.SignIn(owner)
	s.Follow(s.Post(undo)).Has(".row", "Community Manager · "+c.Handle+" · until")
	s.Post(one + "/end")
	s.Get(one).Has(".notice", "has ended")
	s.Follow(s.Post(one+"/remove")).Has(".toast", "Taken off")
	s.Get(one).Is(http.StatusNotFound)
	// The last owner stays, whatever is tried.
	own := team + "/people/" + owner.ID
	s.Post(own, "role", "analyst", "reach", "all").Is(http.StatusConflict).Has(".notice", "needs an owner")
	s.Post(own + "/end").Is(http.StatusConflict)
	s.Get(s.Path("settings", "log")).Has(".row", "gave somebody access", "let somebody's access end", "Bea Okafor")
}

// An owner says for which spaces somebody moderates: in the team, in an
// invitation, and at the space.
func TestModeratorsOfSpaces(t *testing.T) {
	s := webtest.New(t)
	s.Connect("north")
	talk, err := space.Create(t.Context(), s.DB, s.Who(), s.Brand.ID, space.Settings{Name: "Talk", Kind: space.Discussion})
	if err != nil {
		t.Fatal(err)
	}
	help, err := space.Create(t.Context(), s.DB, s.Who(), s.Brand.ID, space.Settings{Name: "Help", Kind: space.Questions})
	if err != nil {
		t.Fatal(err)
	}
	bea, cem := s.NewAccount("bea@example.com", "Bea Okafor"), s.NewAccount("cem@example.com", "Cem Aksoy")
	grantTo(t, s, bea, access.Grant{Role: access.Moderator})
	grantTo(t, s, cem, access.Grant{Role: access.Moderator})
	one := s.Path("settings", "team", "people", bea.ID)
	s.Get(one).Has("input[name=reach][value=all][checked]").Has("input[name=spaces][value='" + talk.ID + "']").Lacks("input[name=spaces][checked]")
	s.Post(one, "role", "moderator", "reach", "some").Is(http.StatusUnprocessableEntity).Has("#channels-error", "at least one space")
	s.Post(one, "role", "moderator", "reach", "some", "spaces", "nothing").Is(http.StatusUnprocessableEntity).Has("#channels-error", "gone")
	s.Follow(s.Post(one, "role", "moderator", "reach", "some", "spaces", talk.ID)).Has(".row", "Bea Okafor", "Moderator · Talk").Has(".toast", "Saved")
	s.Get(one).Has("input[name=spaces][value='" + talk.ID + "'][checked]").Lacks("input[name=spaces][value='" + help.ID + "'][checked]")
	s.Get(s.Path("settings", "log")).Has(".row-detail", "spaces: Talk")

	at := s.Path("community", "spaces", help.ID)
	s.Get(at).Is(http.StatusOK).Has("#keepers .row", "Cem Aksoy", "every space").Has("#keepers input[name=accounts][value='" + bea.ID + "']").Lacks("#keepers input[checked]").Lacks("#keepers input[value='" + cem.ID + "']")
	s.Follow(s.Post(at+"/moderators", "accounts", bea.ID)).Has(".toast", "Saved").Has("#keepers input[name=accounts][value='" + bea.ID + "'][checked]")
	s.Get(s.Path("settings", "team")).Has(".row", "Moderator · Talk, Help")
	s.Follow(s.Post(at + "/moderators")).Lacks("#keepers input[checked]")
	s.Post(s.Path("community", "spaces", talk.ID, "moderators")).Is(http.StatusUnprocessableEntity).Has("#accounts-error", "Bea Okafor looks after this space alone").Lacks("#keepers input[checked]")
	s.Post(at+"/moderators", "accounts", "nobody").Is(http.StatusUnprocessableEntity).Has("#accounts-error", "Choose again")

	link := s.Post(s.Path("settings", "team", "invite"), "email", "dora@example.com", "role", "moderator", "reach", "some", "spaces", help.ID).Is(http.StatusOK).Text("#invitation-link")
	s.Get(s.Path("settings", "team")).Has(".row", "dora@example.com", "Moderator · Help")
	s.SignOut()
	s.Follow(s.Post(strings.TrimPrefix(link, "http://example.com"), "name", "Dora", "password", webtest.Password)).Is(http.StatusOK)
	// A moderator reads neither the space's settings nor may they say who looks after it.
	s.Get(at).Is(http.StatusForbidden)
	s.Post(at+"/moderators", "accounts", bea.ID).Is(http.StatusForbidden)
}

func TestTeamForThoseWhoMayOnlyLook(t *testing.T) {
	s := webtest.New(t)
	owner := s.Account
	bea := s.NewAccount("bea@example.com", "Bea")
	grantTo(t, s, bea, access.Grant{Role: access.Creator})
	s.SignIn(bea)
	s.Get(s.Path("settings", "team")).Is(http.StatusOK).Has(".row", "Ada Lind", "Owner").Lacks("a[href$='/invite']").Lacks("a[href*='/people/']")
	s.Get(s.Path("settings", "team", "invite")).Is(http.StatusForbidden)
	s.Get(s.Path("settings", "team", "factor")).Is(http.StatusForbidden)
	s.Get(s.Path("settings", "team", "people", owner.ID)).Is(http.StatusForbidden)
}

func TestInvite(t *testing.T) {
	s := webtest.New(t)
	owner := s.Account
	invite := s.Path("settings", "team", "invite")
	s.Get(invite).Is(http.StatusOK).Has("input[name=role][value=manager]").Has(".panel", "pass on yourself")
	s.Post(invite, "email", "bea", "role", "manager", "reach", "all").Is(http.StatusUnprocessableEntity).Has("#email-error").Has("input[name=email][value=bea]").Has("input[name=role][value=manager][checked]")
	link := s.Post(invite, "email", "bea@example.com", "role", "manager", "reach", "all").Is(http.StatusOK).Text("#invitation-link")
	path := strings.TrimPrefix(link, "http://example.com")
	s.Post(invite, "email", "bea@example.com", "role", "analyst", "reach", "all").Is(http.StatusConflict).Has(".notice", "invited already")
	row := s.Get(s.Path("settings", "team")).Has(".row", "bea@example.com", "Social Media Manager").Lacks("#invitation-link")
	s.Get(path).Is(http.StatusOK).Has(".notice", "another address")
	again := s.Post(row.Attr("form[action$='/resend']", "action")).Is(http.StatusOK).Text("#invitation-link")
	s.Get(path).Is(http.StatusNotFound)
	path = strings.TrimPrefix(again, "http://example.com")

	s.SignOut()
	s.Get(path).Is(http.StatusOK).Has("h1", "Join North Roasters").Has(".bare-main", "Ada Lind invites you as Social Media Manager").Has("form input[name=name]")
	s.Post(path, "name", "Bea", "password", "short").Is(http.StatusUnprocessableEntity).Has("#password-error").Has("input[name=name][value=Bea]")
	s.Follow(s.Post(path, "name", "Bea", "password", webtest.Password)).Is(http.StatusOK).Has("h1", "Today").Has(".toast", "Welcome to North Roasters")
	s.Post(path, "name", "Bea", "password", webtest.Password).Is(http.StatusConflict)
	s.Get(path).Is(http.StatusConflict).Has(".bare-main", "accepted already")

	// One who has an account signs in first, and comes back.
	cem := s.NewAccount("cem@example.com", "Cem")
	s.SignIn(owner)
	link = s.Post(invite, "email", cem.Email, "role", "analyst", "reach", "all").Text("#invitation-link")
	path = strings.TrimPrefix(link, "http://example.com")
	s.SignOut()
	to := s.Get(path).Has(".bare-main", "has an account here").Attr("a.btn", "href")
	next := s.Get(to).Attr("input[name=next]", "value")
	s.Follow(s.Post("/studio/sign-in", "email", cem.Email, "password", webtest.Password, "next", next)).Has("form button", "Accept the invitation")
	s.Follow(s.Post(path)).Is(http.StatusOK).Has("h1", "Today")

	s.SignIn(owner)
	link = s.Post(invite, "email", "dora@example.com", "role", "analyst", "reach", "all").Text("#invitation-link")
	revoke := s.Get(s.Path("settings", "team")).Attr("form[action$='/revoke']", "action")
	s.Follow(s.Post(revoke)).Has(".toast", "withdrawn")
	s.Get(strings.TrimPrefix(link, "http://example.com")).Is(http.StatusConflict).Has(".bare-main", "withdrawn")
}

// mails lets letters leave the site, and returns them.
func mails(t *testing.T, s *webtest.Site) chan letter.Letter {
	t.Helper()
	out := make(chan letter.Letter, 20)
	s.Letters.Send = func(_ context.Context, l letter.Letter) error { out <- l; return nil }
	w := job.NewWorkers()
	s.Letters.Work(w)
	s.Admit.Work(w)
	e, err := job.New(context.Background(), s.DB, w, job.Options{Poll: 20 * time.Millisecond})
	if err == nil {
		err = e.Start(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Stop(context.Background()) })
	return out
}

func linkOf(t *testing.T, l letter.Letter) string {
	t.Helper()
	_, rest, found := strings.Cut(l.Text, "http://example.com")
	if !found {
		t.Fatalf("no link in %q", l.Text)
	}
	path, _, _ := strings.Cut(rest, "\n")
	return path
}

func TestForgot(t *testing.T) {
	s := webtest.New(t)
	s.SignOut()
	s.Get("/studio/sign-in").Has("a[href='/studio/forgot']")
	s.Get("/studio/forgot").Is(http.StatusOK).Has(".bare-main", "rapport account password").Lacks("form")
	letters := mails(t, s)
	s.Get("/studio/forgot").Has("form input[name=email]")
	s.Post("/studio/forgot", "email", "ada").Is(http.StatusUnprocessableEntity).Has("#email-error")
	unknown := s.Post("/studio/forgot", "email", "nobody@example.com").Is(http.StatusOK).Text("main")
	known := s.Post("/studio/forgot", "email", "ada@example.com").Is(http.StatusOK).Text("main")
	if strings.ReplaceAll(unknown, "nobody@", "ada@") != known {
		t.Errorf("the answers differ: %q and %q", unknown, known)
	}
	path := linkOf(t, <-letters)
	s.Get(path).Is(http.StatusOK).Has("form input[name=password]")
	s.Post(path, "password", "short").Is(http.StatusUnprocessableEntity).Has("#password-error")
	s.Follow(s.Post(path, "password", "another long secret")).Has(".notice", "new password is set")
	s.Post(path, "password", "another long secret").Is(http.StatusNotFound).Has("a[href='/studio/forgot']")
	s.Get(path).Is(http.StatusNotFound)
	s.Post("/studio/sign-in", "email", "ada@example.com", "password", "another long secret").Is(http.StatusSeeOther)
	s.Get(s.Path()).Is(http.StatusOK)
}

func TestYourAccount(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("settings", "account")).Is(http.StatusOK).Has(".panel", "not proved", "not set up", "North Roasters", "Owner")
	s.Post(s.Path("settings", "account", "name"), "name", " ").Is(http.StatusUnprocessableEntity).Has("#name-error")
	s.Follow(s.Post(s.Path("settings", "account", "name"), "name", "Ada L.")).Has(".person-button", "Ada L.")
	letters := mails(t, s)
	s.Follow(s.Post(s.Path("settings", "account", "address"), "email", "new@example.com")).Has(".toast", "letter").Has("input[name=email][value='ada@example.com']")
	path := linkOf(t, <-letters)
	s.Get(path).Is(http.StatusOK).Has("form button", "Yes")
	s.Get(s.Path("settings", "account")).Has("input[name=email][value='ada@example.com']")
	s.Post(path).Is(http.StatusOK).Has(".bare-main", "new@example.com")
	if l := <-letters; l.Address != "ada@example.com" {
		t.Errorf("told %s", l.Address)
	}
	s.Get(s.Path("settings", "account")).Has("input[name=email][value='new@example.com']").Has(".badge", "proved")
	s.Post(path).Is(http.StatusNotFound)
	if _, _, err := account.SignIn(t.Context(), s.DB, "new@example.com", webtest.Password, account.Meta{}); err != nil {
		t.Fatal(err)
	}
	s.Follow(s.Post(s.Path("settings", "account", "sessions", "end"))).Lacks("form[action$='/end']")

	bea := s.NewAccount("bea@example.com", "Bea")
	grantTo(t, s, bea, access.Grant{Role: access.Creator})
	leave := "/studio/account/leave/" + s.Brand.Slug
	s.Get(leave).Is(http.StatusOK)
	s.Post(leave, "confirm", s.Brand.Name).Is(http.StatusConflict).Has(".notice", "needs an owner")
	s.SignIn(bea)
	s.Post(leave, "confirm", "x").Is(http.StatusUnprocessableEntity).Has("#confirm-error")
	s.Post(leave, "confirm", s.Brand.Name).Is(http.StatusSeeOther)
	s.Get(s.Path()).Is(http.StatusNotFound)
	s.Get(leave).Is(http.StatusNotFound)
}

// Somebody from outside works until the last day is over; then every page
// stops, until an owner lets them in again.
func TestAPartThatEnds(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	owner, now := s.Account, s.DB.Now().Time()
	s.DB.SetClock(now)
	priya := s.NewAccount("priya@example.com", "Priya")
	grantTo(t, s, priya, access.Grant{Role: access.Community, EndsAt: s.DB.Now().Add(time.Hour)})
	s.SignIn(priya)
	for _, path := range []string{s.Path(), s.Path("posts"), s.Path("inbox")} {
		s.Get(path).Is(http.StatusOK)
	}
	s.DB.SetClock(now.Add(61 * time.Minute))
	for _, path := range get(s, w) {
		s.Get(path).Is(http.StatusNotFound).Lacks(".rail").Has("main", "no part in it")
	}
	s.Post(s.Path("hold"), "reason", "x").Is(http.StatusNotFound)
	s.SignIn(owner)
	s.Follow(s.Post(s.Path("settings", "team", "people", priya.ID), "role", "community", "reach", "all")).Has(".row", "Priya")
	s.SignIn(priya)
	s.Get(s.Path("inbox")).Is(http.StatusOK)
}

package web_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/member"
	"rapport/internal/post"
	"rapport/internal/web/webtest"
)

// get lists a page of every area below a brand, as addresses of that brand.
func get(s *webtest.Site, w webtest.World) []string {
	var out []string
	for _, p := range []string{"", "channels", "connect", "connect/paper", "notifications", "hold", "frame", "palette?q=x", "theme.css", "settings",
		"settings/brand", "settings/approval", "settings/team", "settings/team/invite", "settings/team/factor", "settings/account", "settings/tokens", "settings/webhooks", "settings/webhooks/new",
		"settings/mail", "settings/log", "settings/data", "settings/about",
		"calendar", "compose", "posts", "attention", "media"} {
		out = append(out, strings.TrimSuffix(s.Path(p), "/"))
	}
	if len(w.Channels) > 0 {
		out = append(out, s.Path("channels", w.Channels[0].ID), s.Path("channels", w.Channels[0].ID, "remove"),
			s.Path("posts", w.Best))
	}
	return out
}

func TestEveryPageAnswers(t *testing.T) {
	for _, full := range []bool{false, true} {
		s := webtest.New(t)
		var w webtest.World
		if full {
			w = s.Fill()
		}
		for _, path := range get(s, w) {
			p := s.Get(path)
			if p.Status == http.StatusSeeOther {
				p = s.Follow(p)
			}
			p.Is(http.StatusOK)
			if strings.Contains(p.Header.Get("Content-Type"), "html") && !strings.HasSuffix(path, "/frame") {
				p.Has("main#content").Has(".rail .nav-entry", "Today", "Channels", "Settings")
			}
		}
	}
}

func TestWithoutASessionEverythingAsksToSignIn(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	s.SignOut()
	for _, path := range get(s, w) {
		p := s.Get(path).Is(http.StatusSeeOther)
		if to := p.Header.Get("Location"); !strings.HasPrefix(to, "/studio/sign-in") {
			t.Errorf("%s leads to %s", path, to)
		}
	}
	for _, path := range []string{"hold", "hold/release", "connect/paper", "settings/brand", "settings/tokens", "notifications/read"} {
		s.Post(s.Path(path), "reason", "x").Is(http.StatusSeeOther)
	}
	if b, err := brand.BySlug(t.Context(), s.DB, s.Who(), s.Brand.Slug); err != nil || b.Held {
		t.Errorf("held without a session: %v, %v", b.Held, err)
	}
	r := httptest.NewRequest(http.MethodGet, "/studio/live", nil)
	s.Do(r).Is(http.StatusUnauthorized)
}

func TestOthersBrandsAreNotThere(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	paths := get(s, w)
	theirs := w.Channels[0].ID
	s.SignIn(s.NewAccount("eve@example.com", "Eve"))
	for _, path := range paths {
		s.Get(path).Is(http.StatusNotFound).Lacks(".rail")
	}
	s.Post(s.Path("hold"), "reason", "x").Is(http.StatusNotFound)
	s.Brand = s.NewBrand("South")
	for _, path := range []string{"channels/" + theirs, "channels/" + theirs + "/remove", "connect/paper?again=" + theirs, "settings/mail/" + theirs} {
		s.Get(s.Path(path)).Is(http.StatusNotFound)
	}
	s.Post(s.Path("channels", theirs, "check")).Is(http.StatusNotFound)
	s.Post(s.Path("channels", theirs, "remove"), "handle", w.Channels[0].Handle).Is(http.StatusNotFound)
	s.Post(s.Path("settings/tokens", theirs, "revoke")).Is(http.StatusNotFound)
}

// Who has joined a community has an account, and no part in the studio: they are
// led to the community, and start no brand.
func TestMembersHaveNoStudio(t *testing.T) {
	s := webtest.New(t)
	kim := s.NewAccount("kim@example.com", "Kim")
	s.SignIn(kim)
	s.Get("/studio").Is(http.StatusForbidden).Has("main", "Ask an owner to invite you")
	err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := member.Create(t.Context(), tx, s.Brand.ID, member.New{Account: kim.ID, Name: "Kim", State: member.Active})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if to := s.Get("/studio").Is(http.StatusSeeOther).Header.Get("Location"); to != "http://example.com/" {
		t.Errorf("led to %q", to)
	}
	s.Get("/studio/brands/new").Is(http.StatusForbidden)
	s.Get("/studio/brands/import").Is(http.StatusForbidden)
	s.Post("/studio/brands", "name", "Kim's own", "color", "#cc3300", "zone", "Europe/Berlin").Is(http.StatusForbidden)
	if all, err := brand.List(t.Context(), s.DB, access.System()); err != nil || len(all) != 1 {
		t.Errorf("%d brands, %v", len(all), err)
	}
}

var inline = regexp.MustCompile(`(?i)<script>|\sstyle="|\son[a-z]+="|javascript:|hx-on`)

// Nothing inline: the policy of the pages blocks it, and what people typed
// stays text.
func TestNothingInlineAndNothingRuns(t *testing.T) {
	s := webtest.New(t)
	if _, err := brand.Change(t.Context(), s.DB, s.Who(), s.Brand.ID, brand.Settings{Name: webtest.Evil, Color: "#0f766e", Zone: "UTC", Language: "en",
		Tolerance: s.Brand.Tolerance}); err != nil {
		t.Fatal(err)
	}
	w := s.Fill()
	s.Post(s.Path("hold"), "reason", webtest.Evil)
	for _, path := range append(get(s, w), "/studio/brands/new", "/studio/gallery") {
		p := s.Get(path)
		if strings.Contains(p.Header.Get("Content-Type"), "html") {
			if found := inline.FindString(p.Body); found != "" {
				t.Errorf("%s holds %q", path, found)
			}
		}
	}
	s.Get(s.Path()).Has(".ribbon", webtest.Evil).Has(".brand-button", webtest.Evil).Has(".going-text[dir=auto]", webtest.RTL, webtest.Emoji)
}

func TestToday(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path()).Has(".first .btn[href$='/connect']", "Connect a channel").Lacks(".today")
	s.Connect("north")
	s.Get(s.Path()).Has(".steps [data-done]", "Connect a channel").Has(".first .btn[href$='/compose']", "Write a post")
	w := s.Fill()
	p := s.Get(s.Path()).Is(200)
	p.Has(".need .btn", "Connect again", "Fix and retry", "Look and say", "Send or reschedule", "Finish or undo").
		Has(".need", "2 of 3 out", "The picture is larger than the network takes.").
		Has(".today-going", "Our Sunday blend is back").
		Has(".going-later", "Next after that:").
		Has(".best[href$='"+w.Best+"']", "508 engagements").
		Has(".figure", "Published", "all within a minute", "Engagements", "First response", "Nobody wrote")
	if n := p.Count(".need"); n != 5 {
		t.Errorf("%d things need a person", n)
	}
	if n := p.Count(".going-entry"); n != 4 {
		t.Errorf("%d cards go out, want one for each post and time", n)
	}
	p.Has(".nav-entry[aria-current=page] .nav-count[data-urgent]", "5")
}

func TestTodayAtRest(t *testing.T) {
	s := webtest.New(t)
	c := s.Connect("north")
	s.Schedule("In a week", s.DB.Now().Add(7*24*3600*1e9), c.ID)
	s.Get(s.Path()).Has(".today-needs .rest-line", "Nothing needs you.").Has(".today-going .rest-line", "Nothing goes out").
		Has(".going-later", "Next after that").Has(".figure", "—", "nothing went out")
}

func TestHold(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path()).Has("dialog#hold-everything form[method=post] textarea[name=reason]").Has(".nav-switch[commandfor=hold-everything]", "Hold everything")
	s.Post(s.Path("hold"), "reason", " ").Is(http.StatusUnprocessableEntity).Has("#reason-error", "why")
	s.Follow(s.Post(s.Path("hold"), "reason", "Recall")).Has(".ribbon", "Ada Lind", "Recall", "Release").Lacks(".nav-switch").Has(".toast", "on hold")
	s.Get(s.Path("settings", "brand")).Has(".ribbon a[href$='/hold']", "Release").Lacks(".toast")
	s.Get(s.Path("hold")).Has("form[action$='/hold/release'] button", "Release")
	s.Follow(s.Post(s.Path("hold", "release"))).Lacks(".ribbon").Has(".toast", "released")
	s.Post(s.Path("hold", "release")).Is(http.StatusConflict).Has(".notice", "Nothing is on hold")
	s.Get(s.Path("hold")).Has(".panel .row", "Recall", "Held by Ada Lind, released by Ada Lind")
}

func TestChannels(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("channels")).Has(".empty .btn", "Connect a channel")
	s.Post(s.Path("connect", "paper"), "token", " ").Is(http.StatusUnprocessableEntity).Has("#token-error", "Access token").Lacks("input[name=server]")
	s.Post(s.Path("connect", "paper"), "token", "wrong").Is(http.StatusUnprocessableEntity).Has("#token-error", "did not accept").Lacks("input[value=wrong]")
	s.Get(s.Path("connect", "nowhere")).Is(http.StatusNotFound)
	p := s.Follow(s.Post(s.Path("connect", "paper"), "token", "north")).Is(200).Has("h1", "@north@paper.example").Has(".facts", "connected").Has("#limits", "at most 500 characters", "at most 4 pictures")
	s.Get(s.Path("channels")).Has(".row", "@north@paper.example", "Paper", "up to 4 pictures", "connected")
	id := strings.TrimSuffix(p.Attr("form[action$='/check']", "action"), "/check")
	s.Follow(s.Post(id+"/check")).Has(".toast", "works")
	c := id[strings.LastIndexByte(id, '/')+1:]
	s.Schedule("Soon", s.DB.Now().Add(3600*1e9), c)
	s.Get(id+"/remove").Has(".notice", "1 delivery is planned here")
	s.Post(id+"/remove", "handle", "north").Is(http.StatusUnprocessableEntity).Has("#handle-error", "Type @north@paper.example")
	s.Post(id+"/remove", "handle", "@north@paper.example").Is(http.StatusConflict).Has(".notice", "scheduled")
	s.Follow(s.Post(id+"/remove", "handle", "@north@paper.example", "cancel", "true")).Has(".empty").Has(".toast", "removed")
}

func TestSettings(t *testing.T) {
	s := webtest.New(t)
	s.Post(s.Path("settings", "brand"), "name", "North", "color", "red", "zone", "Europe/Berlin", "language", "en", "tolerance", "many", "retention", "7").
		Is(http.StatusUnprocessableEntity).Has("#color-error").Has("#tolerance-error").Has("#retention-error").Has("input[name=name][value=North]").Has("input[name=tolerance][value=many]")
	s.Follow(s.Post(s.Path("settings", "brand"), "name", "North", "color", "#0f766e", "zone", "Asia/Tokyo", "language", "de", "tolerance", "90", "retention", "365")).
		Has(".brand-button", "North").Has("option[value='Asia/Tokyo'][selected]").Has("input[name=tolerance][value='90']").Has("input[name=retention][value='365']").Has(".toast", "Saved")
	s.Get(s.Path()).Has(".page-title", "in Tokyo")
	s.Get(s.Path("settings", "log")).Has(".row", "Ada Lind changed the brand's settings")

	s.Post(s.Path("settings", "account", "password"), "current", "not this one", "new", "short").Is(http.StatusUnprocessableEntity).Has(".field-error")
	s.Follow(s.Post(s.Path("settings", "account", "password"), "current", webtest.Password, "new", "another long password")).Has(".toast", "password")
	if _, _, err := account.SignIn(t.Context(), s.DB, s.Account.Email, "another long password", account.Meta{}); err != nil {
		t.Error(err)
	}
	other := s.Get(s.Path("settings", "account")).Has(".badge", "this one").Attr("form[action$='/end']", "action")
	s.Follow(s.Post(other)).Lacks("form[action$='/end']").Has(".toast", "ended")

	s.Post(s.Path("settings", "tokens"), "name", "Website").Is(http.StatusUnprocessableEntity).Has("#scopes-error").Has("input[name=name][value=Website]")
	p := s.Post(s.Path("settings", "tokens"), "name", "Website", "scopes", "posts:read", "days", "90").Is(http.StatusOK)
	if plain := p.Text("#new-token"); !strings.HasPrefix(plain, account.TokenPrefix) {
		t.Errorf("the new token is %q", plain)
	}
	revoke := s.Get(s.Path("settings", "tokens")).Lacks("#new-token").Has(".row", "Website", "posts:read", "never used").Attr("form[action$='/revoke']", "action")
	s.Follow(s.Post(revoke)).Lacks("form[action$='/revoke']")
}

func TestTheme(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path()).Has("html.system").Has("form[action='/studio/theme'] button[name=theme][value=dark]")
	s.Post("/studio/theme", "theme", "dark").Is(http.StatusSeeOther)
	s.Get(s.Path()).Has("html.dark")
	s.Post("/studio/theme", "theme", "pink").Is(http.StatusUnprocessableEntity)
	s.SignOut()
	s.Post("/studio/sign-in", "email", s.Account.Email, "password", webtest.Password)
	s.Get(s.Path()).Has("html.dark")
}

func TestPalette(t *testing.T) {
	s := webtest.New(t)
	s.Fill()
	ask := func(q string) (out []struct{ Label, Href, Detail string }) {
		p := s.Get(s.Path("palette") + "?q=" + q).Is(200)
		if err := json.Unmarshal([]byte(p.Body), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if found := ask("BLEND"); len(found) != 2 || !strings.HasPrefix(found[0].Href, s.Path("posts")) || found[1].Href != s.Path("search")+"?q=BLEND" {
		t.Errorf("%+v", found)
	}
	if found := ask("cafe"); len(found) != 2 || found[0].Detail != "Paper" {
		t.Errorf("%+v", found)
	}
	if found := ask(""); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	s := webtest.New(t)
	s.Get("/nowhere").Is(http.StatusNotFound).Has("h1", "There is nothing here").Has("a.btn[href='/studio']")
	s.Get(s.Path("hold", "release")).Is(http.StatusMethodNotAllowed)
	r := httptest.NewRequest(http.MethodPost, s.Path("hold", "release"), nil)
	r.Header.Set("HX-Request", "true")
	s.Do(r).Is(http.StatusConflict)
	r = httptest.NewRequest(http.MethodGet, s.Path("channels", "none"), nil)
	r.Header.Set("HX-Request", "true")
	s.Do(r).Is(http.StatusNotFound).Has("hx-partial .toast", "no such channel").Lacks(".rail")
}

func TestTheLastBrandComesFirst(t *testing.T) {
	s := webtest.New(t)
	first := s.Brand
	p := s.Post("/studio/brands", "name", "South", "color", "#0f766e", "zone", "UTC").Is(http.StatusSeeOther)
	s.Follow(p).Has(".brand-button", "South").Has(".menu-item[href='/studio/"+first.Slug+"']", first.Name)
	s.Get(s.Path())
	if to := s.Get("/studio").Header.Get("Location"); to != s.Path() {
		t.Errorf("/studio leads to %s", to)
	}
	s.Post("/studio/brands", "name", "", "color", "#0f766e", "zone", "UTC").Is(http.StatusUnprocessableEntity).Has("#name-error").Has("input[name=color][value='#0f766e']")
}

func TestTodayShowsPictures(t *testing.T) {
	s := webtest.New(t)
	c := s.Connect("north")
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewRGBA(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	m, err := s.Media.Add(t.Context(), s.Who(), s.Brand.ID, "cup.png", &file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := post.Draft(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Input{Variants: []post.Variant{{Channel: c.ID}},
		Body: post.Body{Parts: []post.Part{{Text: "A cup", Media: []string{m.ID}}}}})
	if err == nil {
		_, err = post.Schedule(t.Context(), s.DB, s.Who(), s.Brand.ID, p.ID, 0, s.DB.Now().Add(time.Hour))
	}
	if err != nil {
		t.Fatal(err)
	}
	src := s.Get(s.Path()).Attr(".going-thumb image", "href")
	if kind := s.Get(src).Is(http.StatusOK).Header.Get("Content-Type"); !strings.HasPrefix(kind, "image/") {
		t.Errorf("the picture is %q", kind)
	}
}

package web_test

import (
	"archive/zip"
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/web/webtest"
)

// exported makes the archive that was asked for and returns its id.
func exported(t *testing.T, s *webtest.Site) string {
	t.Helper()
	all, err := s.Archives.Exports(t.Context(), s.Who(), s.Brand.ID)
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	if err := s.Archives.Make(t.Context(), all[0].ID); err != nil {
		t.Fatal(err)
	}
	return all[0].ID
}

func TestDataIsExported(t *testing.T) {
	s := webtest.New(t)
	s.FillInbox()
	s.Get(s.Path("settings", "data")).Is(http.StatusOK).Has(".sided [aria-current]", "Data").Has("#exports .empty", "Archives you make").
		Has("tbody", "Messages", "People", "730 days of silence", "Log of the team", "for ever")
	s.Follow(s.Post(s.Path("settings", "data", "exports"))).Has(".toast", "being made").Has("#exports .state", "being made").Has("#exports[hx-trigger='every 2s']").Has("form[action$=exports] button[disabled]")
	s.Post(s.Path("settings", "data", "exports")).Is(http.StatusConflict).Has(".notice", "being made already")
	id := exported(t, s)
	done := s.Get(s.Path("settings", "data")).Has("#exports .state", "ready").Lacks("#exports[hx-trigger]")
	file := s.Get(done.Attr("#exports a.btn", "href")).Is(http.StatusOK)
	if got := file.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename=north-roasters-`) {
		t.Errorf("it is called %q", got)
	}
	if z, err := zip.NewReader(strings.NewReader(file.Body), int64(len(file.Body))); err != nil || len(z.File) < 25 {
		t.Errorf("the file: %v", err)
	}
	s.Get(s.Path("settings", "data", "exports", "none")).Is(http.StatusNotFound)
	other := s.NewBrand("Another")
	s.Get("/studio/" + other.Slug + "/settings/data/exports/" + id).Is(http.StatusNotFound)
}

func TestDataIsTheOwnersAlone(t *testing.T) {
	s := webtest.New(t)
	mate := s.NewAccount("bo@example.com", "Bo Berg")
	if err := account.Give(t.Context(), s.DB, s.Who(), mate.ID, access.Grant{Brand: s.Brand.ID, Role: access.Manager}); err != nil {
		t.Fatal(err)
	}
	s.SignIn(mate)
	s.Get(s.Path("settings", "log")).Is(http.StatusOK).Lacks(".sided a[href$='settings/data']")
	s.Get(s.Path("settings", "data")).Is(http.StatusForbidden)
	s.Post(s.Path("settings", "data", "exports")).Is(http.StatusForbidden)
	s.Get(s.Path("settings", "data", "erase")).Is(http.StatusForbidden)
	s.Post(s.Path("settings", "data", "erase"), "confirm", "North Roasters").Is(http.StatusForbidden)
	s.Post(s.Path("settings", "data", "keep")).Is(http.StatusForbidden)
	s.Post(s.Path("settings", "data", "keeping"), "activity", "0", "letters", "0").Is(http.StatusForbidden)
}

func TestBrandIsErasedWithItsNameTyped(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("settings", "data", "erase")).Is(http.StatusOK).Has("h1", "Erase North Roasters").Has(".two-lists", "posts, pictures")
	s.Post(s.Path("settings", "data", "erase"), "confirm", "north").Is(http.StatusUnprocessableEntity).Has("#confirm-error", "Type North Roasters").Has("input[name=confirm][value=north]")
	s.Follow(s.Post(s.Path("settings", "data", "erase"), "confirm", "North Roasters")).Has(".toast", "will be erased").Has(".notice", "This brand will be erased").Lacks("a[href$='data/erase']")
	s.Get(s.Path()).Has(".ribbon", "Everything of this brand will be erased", "put everything on hold")
	s.Follow(s.Post(s.Path("settings", "data", "keep"))).Has(".toast", "It is kept").Lacks(".notice").Has("a[href$='data/erase']")
}

func TestKeepingIsSet(t *testing.T) {
	s := webtest.New(t)
	s.Post(s.Path("settings", "data", "keeping"), "activity", "7", "letters", "x").Is(http.StatusUnprocessableEntity).Has("#activity-error", "30 to 3650").Has("#letters-error").Has("input[name=activity][value='7']")
	s.Follow(s.Post(s.Path("settings", "data", "keeping"), "activity", "90", "letters", "0")).Has("tbody", "90 days").Has("input[name=letters][value='0']")
}

func sendArchive(t *testing.T, s *webtest.Site, file []byte) *webtest.Page {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	to, err := w.CreateFormFile("file", "north.zip")
	if err == nil {
		_, err = to.Write(file)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/studio/brands/import", &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.Do(r)
}

func TestBrandIsBroughtOver(t *testing.T) {
	from := webtest.New(t)
	from.FillInbox()
	from.Post(from.Path("settings", "data", "exports"))
	id := exported(t, from)
	file := from.Get(from.Path("settings", "data", "exports", id)).Body

	s := webtest.New(t)
	s.Get("/studio/brands/new").Has("a[href='/studio/brands/import']", "Bring a brand over")
	s.Get("/studio/brands/import").Is(http.StatusOK).Has("h1", "Bring a brand over").Has("input[type=file][name=file]")
	s.Post("/studio/brands/import").Is(http.StatusUnprocessableEntity).Has("#file-error", "Choose the archive")
	sendArchive(t, s, nil).Is(http.StatusUnprocessableEntity).Has("#file-error")
	for _, c := range []struct {
		file []byte
		want string
	}{{[]byte("hello"), "no zip file"}, {[]byte(file), "North Roasters is there"}} {
		sent := sendArchive(t, s, c.file)
		s.Follow(sent).Is(http.StatusOK).Has("#import[hx-trigger='every 2s'] progress")
		sendArchive(t, s, c.file).Is(http.StatusConflict).Has(".notice", "already")
		at := sent.Header.Get("Location")
		_ = s.Archives.Take(t.Context(), at[strings.LastIndex(at, "=")+1:])
		s.Get(at).Is(http.StatusOK).Has("#import .notice", c.want).Lacks("#import[hx-trigger]")
		if strings.Contains(c.want, "is there") {
			s.Get(s.Get(at).Attr("#import a.btn", "href")).Is(http.StatusOK).Has(".ribbon", "brought in from an archive")
		}
		mate := s.NewAccount("mate"+at[len(at)-6:]+"@example.com", "Bo Berg")
		was := s.Account
		s.SignIn(mate)
		s.Get(at).Is(http.StatusNotFound)
		s.SignIn(was)
	}
}

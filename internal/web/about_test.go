package web_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/job"
	"rapport/internal/web/webtest"
)

func TestAboutTellsOwnersHowEachPartIs(t *testing.T) {
	s := webtest.New(t)
	if _, err := job.New(t.Context(), s.DB, job.NewWorkers(), job.Options{}); err != nil { // which makes its tables
		t.Fatal(err)
	}
	p := s.Get(s.Path("settings", "about")).Is(200)
	p.Has(".facts", "test", "go1.").Has(".health-part", "Database", "schema", "The key file opens", "GB free", "Nothing waits.", "No mail server is set").
		Has(".panel-head", "Everything works.").Lacks(".health-part [data-tone=warn]")
	file := s.Pages.Health.KeyFile
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	ill := s.Get(s.Path("settings", "about")).Has(".health-part [data-tone=warn]", "needs a look").Has(".panel-head", "1 part needs a look").Has(".health-part", "chmod 600")
	if got := ill.Text("main"); got == "" || strings.Contains(got, filepath.Dir(file)) {
		t.Errorf("the page names a folder of the server: %s", got)
	}
	exec(t, s.DB, `INSERT INTO node (name, version, started_at, seen_at) VALUES ('north-1', '1.2', $1, $1), ('south-1', '1.1', $2, $2)`, s.DB.Now(), s.DB.Now().Add(-3600e9))
	s.Get(s.Path("settings", "about")).Has(".row", "north-1", "running", "south-1", "ended")

	mia := s.NewAccount("mia@example.com", "Mia")
	if err := account.Give(t.Context(), s.DB, access.System(), mia.ID, access.Grant{Brand: s.Brand.ID, Role: access.Manager}); err != nil {
		t.Fatal(err)
	}
	s.SignIn(mia)
	s.Get(s.Path("settings", "about")).Is(200).Has(".facts", "test").Lacks(".health-part").Lacks(".row")
}

func TestMailTestLetter(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("settings", "mail")).Is(200).Has(".notice", "Mail is kept here").Has("form[action$='/mail/test'] button", "ada@example.com").Has("main .empty")
	s.Follow(s.Post(s.Path("settings", "mail", "test"))).Has(".row", "A test letter from Rapport", "ada@example.com", "kept").Lacks("main .empty")
	exec(t, s.DB, `INSERT INTO letter (id, brand_id, address, subject, text, state, error, source, created_at)
		VALUES ('l', $1, 'nobody@example.com', 'Lost', 'x', 'failed', 'The mail server refused the message.', 'e', 1)`, s.Brand.ID)
	s.Get(s.Path("settings", "mail")).Has(".notice[data-tone=warn]", "1 letter did not go out").Has(".notice a[href$='state=failed']")
	failed := s.Get(s.Path("settings", "mail")+"?state=failed").Has(".row", "Lost").Has(".segmented [aria-current]", "failed")
	if n := failed.Count(".row"); n != 1 {
		t.Errorf("%d letters", n)
	}
	s.Get(s.Path("settings", "mail")+"?state=sent").Has("main .empty", "No letter is like that")
	for range 4 {
		s.Post(s.Path("settings", "mail", "test")).Is(http.StatusSeeOther)
	}
	s.Post(s.Path("settings", "mail", "test")).Is(http.StatusTooManyRequests)
}

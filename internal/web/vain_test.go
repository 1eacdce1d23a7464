package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/search"
	"rapport/internal/space"
	"rapport/internal/web/webtest"
)

// Who sets the community up sees what was looked for in vain, and goes on from
// there.
func TestSearchesInVain(t *testing.T) {
	s := webtest.New(t)
	at := s.Path("community", "searches")
	s.Get(at+"?days=0").Is(http.StatusOK).Has(".empty", "Nobody has looked in vain yet").Lacks("a[href*='.csv']")
	now := s.DB.Now()
	miss := func(days int, texts ...string) {
		t.Helper()
		s.DB.SetClock(now.Time().AddDate(0, 0, -days))
		defer s.DB.SetClock(now.Time())
		err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
			for _, text := range texts {
				if err := search.Missed(t.Context(), tx, s.Brand.ID, text); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	miss(60, "Return policy", "return policy", "return policy")
	miss(2, "<b>Decaf & beans</b>", "decaf beans", "grinder")
	s.DB.SetClock(now.Time().Add(time.Minute))
	p := s.Get(at).Has(".side-nav a[aria-current=page]", "Searches in vain").Has(".row", "grinder", "1 time in vain").Has("a[href*='/search?q=grinder']", "Search again").
		Has(".help", "make a space for knowledge").Lacks("a[href*='/new?']")
	if text := p.Text(".panel"); strings.Contains(text, "return policy") {
		t.Errorf("what was long ago is in the span: %s", text)
	}
	if text := s.Get(at+"?days=90").Has(".row", "return policy", "3 times in vain").Text(".panel"); strings.Index(text, "return policy") > strings.Index(text, "grinder") {
		t.Errorf("the most does not come first: %s", text)
	}
	if text := s.Get(at + "?days=90&sort=newest").Text(".panel"); strings.Index(text, "return policy") < strings.Index(text, "grinder") {
		t.Errorf("the newest does not come first: %s", text)
	}
	if _, err := space.Create(t.Context(), s.DB, s.Who(), s.Brand.ID, space.Settings{Name: "Guides", Kind: space.Knowledge}); err != nil {
		t.Fatal(err)
	}
	s.Get(at).Has("a[href='/b/"+s.Brand.Slug+"/new?space=guides&title=grinder']", "Write about it").Lacks(".help a[href$='/spaces']")
	table := s.Get(at + ".csv?days=0").Is(http.StatusOK)
	if kind := table.Header.Get("Content-Type"); kind != "text/csv; charset=utf-8" {
		t.Errorf("the table is %s", kind)
	}
	if want := "words,times,last_at\nreturn policy,3,"; len(table.Body) < len(want) || table.Body[:len(want)] != want {
		t.Errorf("the table is %s", table.Body)
	}
	mo := s.NewAccount("mo@example.com", "Mo")
	grantTo(t, s, mo, access.Grant{Role: access.Moderator})
	s.SignIn(mo)
	s.Get(at).Is(http.StatusForbidden)
	s.Get(at + ".csv").Is(http.StatusForbidden)
	s.Get(s.Path("community")).Lacks("a[href$='/community/searches']")
}

package web_test

import (
	"net/http"
	"testing"

	"rapport/internal/space"
	"rapport/internal/web/webtest"
)

// Who opens a community is led there, and no longer once it is open.
func TestTheFirstStepsOfACommunity(t *testing.T) {
	s := webtest.New(t)
	at := s.Path("community")
	s.Get(at).Is(http.StatusOK).Has(".first h2", "Four steps to your community").Has(".steps a[href='"+at+"/spaces']", "Make a space").Lacks(".steps li[data-done]")
	if _, err := space.Create(t.Context(), s.DB, s.Who(), s.Brand.ID, space.Settings{Name: "Talk", Kind: space.Discussion}); err != nil {
		t.Fatal(err)
	}
	s.Get(at).Has(".steps li[data-done] h3", "Make a space").Lacks(".steps a[href='" + at + "/spaces']")
	s.Get(at+"?queue=flagged").Has(".empty", "Nobody has flagged anything").Lacks(".first")
	s.Get(at).Has(".page-head a[href='"+at+"/open']", "Open to everybody")
	s.Get(at+"/open").Is(http.StatusOK).Has("main", "This is still missing", "Imprint", "Join it yourself").Lacks("main a[href='"+at+"/spaces'].link").Has("form [name=open][value=true]", "Open to everybody")
	s.Post(at+"/open", "open", "true").Is(http.StatusSeeOther)
	s.Get(at).Has(".toast", "open to everybody").Has(".empty", "Nothing waits for a look").Lacks(".first")
	s.Get(at).Has(".page-head a[href='"+at+"/open']", "Close it").Lacks("form[action$='/community/open']")
	s.Get(at+"/open").Is(http.StatusOK).Has("main", "can no longer read it", "Nothing is lost", "open it again").Has("form [name=open][value=false]", "Close the community")
	s.Post(at+"/open", "open", "false").Is(http.StatusSeeOther)
	s.Get(at).Has(".toast", "Only the team sees it").Has(".first", "Four steps")
}

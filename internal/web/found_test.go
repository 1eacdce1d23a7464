package web_test

import (
	"net/http"
	"strings"
	"testing"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/member"
	"rapport/internal/search"
	"rapport/internal/space"
	"rapport/internal/topic"
	"rapport/internal/web/webtest"
)

// The team finds what its community said where it looks for everything else, in
// every space; what waits for a look it finds in the queue.
func TestTheCommunityIsFoundInTheStudio(t *testing.T) {
	s := webtest.New(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	inside, err := space.Create(t.Context(), s.DB, s.Who(), s.Brand.ID, space.Settings{Name: "Back room", Kind: space.Discussion, Hidden: true})
	must(err)
	kim := s.NewAccount("kim@example.com", "Kim")
	var m member.Member
	must(s.DB.Tx(t.Context(), func(tx *db.Tx) (err error) {
		m, err = member.Create(t.Context(), tx, s.Brand.ID, member.New{Account: kim.ID, Handle: "kim", Name: "Kim", State: member.Active})
		return err
	}))
	v := member.Voice{Who: access.Who{Account: kim.ID}, Member: m, Brand: s.Brand.ID}
	waits, err := topic.Begin(t.Context(), s.DB, v, topic.New{Space: inside.ID, Title: "V60 waits", Text: "Slowly"})
	must(err)
	must(member.Trust(t.Context(), s.DB, s.Who(), s.Brand.ID, m.ID, true))
	v.Member.TrustedAt = 1
	said, err := topic.Begin(t.Context(), s.DB, v, topic.New{Space: inside.ID, Title: "V60 stalls", Text: "It does not drip"})
	must(err)
	reply, err := topic.Say(t.Context(), s.DB, v, said.Topic.ID, "Grind the V60 coarser", 0, "")
	must(err)
	place := "/b/" + s.Brand.Slug + "/r/"

	s.Get(s.Path("search")+"?q=v60").Is(http.StatusOK).Has(".page-views .segmented a", "Community").Has(".panel h2", "Community").
		Has(".hit a[href='"+place+said.Reply.ID+"']", "V60 stalls").Has(".hit a[href='"+place+reply.Reply.ID+"']", "V60 stalls").Has(".hit-text", "coarser").
		Lacks(".hit a[href='" + place + waits.Reply.ID + "']")
	s.Get(s.Path("search")+"?q=stalls&kind="+string(search.Reply)).Is(http.StatusOK).Has(".hit .row-title", "V60 stalls")
	s.Get(s.Path("search") + "?q=stalls&channel=none").Lacks(".hit")
	p := s.Get(s.Path("palette") + "?q=v60").Is(http.StatusOK)
	if n := strings.Count(p.Body, "V60 stalls"); n != 1 || !strings.Contains(p.Body, place+said.Reply.ID) {
		t.Errorf("%d in %s", n, p.Body)
	}

	if _, err := search.ForTeam(t.Context(), s.DB, access.Who{Account: kim.ID}, s.Brand.ID, search.CommunityQuery{Text: "v60"}, db.Page{}); !fault.Is(err, fault.Denied) && !fault.Is(err, fault.NotFound) {
		t.Errorf("who is no team: %v", err)
	}
	s.SignIn(s.NewAccount("south@example.com", "South"))
	s.Brand = s.NewBrand("South")
	s.Get(s.Path("search") + "?q=v60").Has("main .empty")
}

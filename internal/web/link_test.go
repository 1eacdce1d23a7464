package web_test

import (
	"context"
	"strings"
	"testing"

	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/link"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/topic"
	"rapport/internal/web/webtest"
)

func TestLinksOfABrand(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("links")).Is(200).Has(".empty", "Links that count will be here", "Promote")
	s.Get(s.Path("links", "new")).Is(200).Has("form input[name=target]")
	s.Post(s.Path("links"), "target", "http://shop.example/", "campaign", "***", "once", db.NewID()).Is(422).
		Has("#target-error", "https://").Has("#campaign-error", "letters and figures")
	once := db.NewID()
	for range 2 { // a double click
		s.Post(s.Path("links"), "target", "https://shop.example/beans", "campaign", "Spring Sale", "source", "Newsletter", "once", once).Is(303)
	}
	p := s.Get(s.Path("links")).Is(200).Has("table", "example.com/l/", "spring-sale", "newsletter", "https://shop.example/beans").
		Has("table", "Not available: the link stands in no one post on one channel.").Has(".figures-row", "Link clicks", "Joined by a link", "By known programs")
	if n := p.Count("tbody tr"); n != 1 {
		t.Fatal(n, "links")
	}
	s.Get(s.Path("links")+"?campaign=spring-sale").Is(200).Has(".chip", "spring-sale").Has("tbody tr")
	s.Get(s.Path("links")+"?campaign=none").Is(200).Has(".empty", "There is no such link")

	all, _, err := link.List(t.Context(), s.DB, s.Who(), s.Brand.ID, link.Filter{}, db.Page{})
	if err != nil {
		t.Fatal(err)
	}
	s.Post(s.Path("links", all[0].ID, "end"), "ended", "true").Is(303)
	s.Get(s.Path("links")).Has("tbody tr", "ended", "Let it lead on again")
	s.Post(s.Path("links", all[0].ID, "end"), "ended", "false").Is(303)
	s.Get(s.Path("links")).Has("tbody tr", "End it")
}

func TestWhatTheCommunitySaysBecomesAPost(t *testing.T) {
	s := webtest.New(t)
	ctx, who := context.Background(), s.Who()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s.Connect("north")
	talk, err := space.Create(ctx, s.DB, who, s.Brand.ID, space.Settings{Name: "Talk", Kind: space.Discussion})
	ok(err)
	ok(s.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := member.Create(ctx, tx, s.Brand.ID, member.New{Account: who.Account, Name: "Ada", State: member.Active, Trusted: true})
		return err
	}))
	v, err := member.Of(ctx, s.DB, who, s.Brand.ID)
	ok(err)
	said, err := topic.Begin(ctx, s.DB, v, topic.New{Space: talk.ID, Title: "Which grinder?", Text: "The big one."})
	ok(err)
	s.Post(s.Path("promote"), "reply", said.Reply.ID, "once", db.NewID()).Is(409).Has("main", "not open yet")
	_, err = community.Show(ctx, s.DB, who, s.Brand.ID, true)
	ok(err)
	once := db.NewID()
	for range 2 {
		p := s.Post(s.Path("promote"), "reply", said.Reply.ID, "once", once).Is(303)
		if at := p.Header.Get("Location"); !strings.HasSuffix(at, "/posts/"+once+"/edit") {
			t.Fatal(at)
		}
	}
	s.Get(s.Path("posts", once, "edit")).Is(200).Has("textarea", "Which grinder?", "http://example.com/l/")
	s.Get(s.Path("posts", once)).Is(200).Has("#post", "Promotes", "Which grinder?", "0 clicks", "0 joined")
	s.Get(s.Path("links")+"?post="+once).Is(200).Has(".chip", "Which grinder?").Has("tbody tr", said.Topic.Path())
	s.Get(s.Path("links")).Has("table", "Not available: the network has told no views of the post.")
	s.Post(s.Path("promote"), "reply", "none", "once", db.NewID()).Is(404)
}

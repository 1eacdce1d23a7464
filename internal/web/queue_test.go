package web_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/community"
	"rapport/internal/db"
	"rapport/internal/member"
	"rapport/internal/space"
	"rapport/internal/topic"
	"rapport/internal/web/webtest"
)

// Who decides sees what readers would see: the picture and the table, and
// nothing that could act in the studio. What is long is cut and can be opened.
func TestWhatWaitsIsShownAsReadersSeeIt(t *testing.T) {
	s := webtest.New(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	talk, err := space.Create(t.Context(), s.DB, s.Who(), s.Brand.ID, space.Settings{Name: "Talk", Kind: space.Discussion})
	must(err)
	kim := s.NewAccount("kim@example.com", "Kim")
	var m member.Member
	must(s.DB.Tx(t.Context(), func(tx *db.Tx) (err error) {
		m, err = member.Create(t.Context(), tx, s.Brand.ID, member.New{Account: kim.ID, Handle: "kim", Name: "Kim", State: member.Active})
		return err
	}))
	v := member.Voice{Who: access.Who{Account: kim.ID}, Member: m, Brand: s.Brand.ID}
	var file bytes.Buffer
	must(png.Encode(&file, image.NewGray(image.Rect(0, 0, 40, 60))))
	pic, err := topic.Upload(t.Context(), s.DB, s.Media.Blobs, v, &file)
	must(err)
	short, err := topic.Begin(t.Context(), s.DB, v, topic.New{Space: talk.ID, Title: "Look",
		Text: "![a cup](" + pic.Address() + ") see https://a.example, @kim\n\n# Prices\n\n|Cup|Price|\n|-|-|\n|Small|2|\n\n<script>alert(1)</script> [x](javascript:alert(1))"})
	must(err)
	long, err := topic.Begin(t.Context(), s.DB, v, topic.New{Space: talk.ID, Title: "Long", Text: strings.Repeat("One more line.\n\n", 40)})
	must(err)
	at := s.Path("community")
	one := "#case-" + short.Reply.ID + " "
	p := s.Get(at).Is(http.StatusOK).
		Has(one+".prose table td", "Small", "2").Has(one+".prose h2", "Prices").
		Has(one+".prose a[href='https://a.example'][rel~='nofollow']", "https://a.example").
		Has(one+".prose a[href='/b/"+s.Brand.Slug+"/u/kim']", "@kim").
		Lacks(one+"script").Lacks(one+"a[href^='javascript']").Lacks(one+".case-all").
		Has("#case-"+long.Reply.ID+" .case-said[data-tall] .case-all", "Show all of it")
	src := p.Attr(one+".prose img[alt='a cup']", "src")
	if file := s.Get(src).Is(http.StatusOK); file.Header.Get("Content-Type") != "image/png" && file.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%s is %s", src, file.Header.Get("Content-Type"))
	}
	s.Get(at + "/pictures/none").Is(http.StatusNotFound)
	ann := s.NewAccount("ann@example.com", "Ann")
	grantTo(t, s, ann, access.Grant{Role: access.Creator})
	s.SignIn(ann)
	s.Get(src).Is(http.StatusForbidden)
}

// What was flagged is shown with the day on which it was written, and where.
func TestWhatWasFlaggedKeepsItsTime(t *testing.T) {
	s := webtest.New(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	talk, err := space.Create(t.Context(), s.DB, s.Who(), s.Brand.ID, space.Settings{Name: "Talk", Kind: space.Discussion})
	must(err)
	voice := func(name string) member.Voice {
		a := s.NewAccount(name+"@example.com", name)
		var m member.Member
		must(s.DB.Tx(t.Context(), func(tx *db.Tx) (err error) {
			m, err = member.Create(t.Context(), tx, s.Brand.ID, member.New{Account: a.ID, Handle: name, Name: name, State: member.Active, Trusted: true})
			return err
		}))
		return member.Voice{Who: access.Who{Account: a.ID}, Member: m, Brand: s.Brand.ID}
	}
	said, err := topic.Begin(t.Context(), s.DB, voice("kim"), topic.New{Space: talk.ID, Title: "Which <b> grinder?", Text: "The **big** one."})
	must(err)
	_, err = s.DB.ExecContext(t.Context(), `UPDATE reply SET at = $1`, db.At(time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)))
	must(err)
	must(topic.Complain(t.Context(), s.DB, voice("bo"), said.Reply.ID, topic.Other, "Too loud."))
	_, err = community.Show(t.Context(), s.DB, s.Who(), s.Brand.ID, true)
	must(err)
	must(s.Own.Keep(t.Context(), s.Brand.ID))
	c := s.Talk("case-" + said.Reply.ID)
	s.Get(s.Path("inbox", c.ID)).Has(".thread-name", "Flagged in the community: Which <b> grinder?").
		Has(".thread-name a[href='/b/"+s.Brand.Slug+said.Topic.Path()+"']", "Which").
		Has(".said-by time[datetime^='2026-03-09T']", "Mar").Has(".said-text", "The big one.")
}

// A message is made a topic of once: its title begins with what was asked, and
// who comes second is led there with their words.
func TestAMessageBecomesATopic(t *testing.T) {
	s := webtest.New(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w := s.Fill()
	talk, err := space.Create(t.Context(), s.DB, s.Who(), s.Brand.ID, space.Settings{Name: "Talk", Kind: space.Questions})
	must(err)
	must(s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := member.Create(t.Context(), tx, s.Brand.ID, member.New{Account: s.Who().Account, Name: "Ada", State: member.Active, Trusted: true})
		return err
	}))
	_, err = community.Show(t.Context(), s.DB, s.Who(), s.Brand.ID, true)
	must(err)
	s.Hear(w.Channels[0], s.Said("ask", "mira", "@north @paper Do you sell filters? I looked everywhere.", "", time.Hour))
	c := s.Talk("ask")
	at := s.Get(s.Path("inbox", c.ID)).Attr("a[href$='/topic']", "href")
	form := s.Get(at).Is(http.StatusOK).Has("select[name=space]", "Talk")
	if title := form.Attr("[name=title]", "value"); title != "Do you sell filters?" {
		t.Errorf("its title begins %q", title)
	}
	in := []string{"space", talk.ID, "title", "Do you sell filters?", "text", "What would you say?"}
	s.Follow(s.Post(at, in...)).Has(".toast", "is in the community now").Has(".happened", "made a topic of it: “Do you sell filters?”").Lacks("a[href$='/topic']")
	s.Post(at, in...).Is(http.StatusSeeOther) // the same form again
	in[len(in)-1] = "Mine came second."
	s.Post(at, in...).Is(http.StatusConflict).Has("[data-is-topic]", "This is a topic already: Do you sell filters?").Has("[data-is-topic] textarea[readonly]", "Mine came second.")
	s.Get(at).Has("[data-is-topic]", "topic already").Lacks("[data-is-topic] textarea").Lacks("form.narrow [name=title]")
}

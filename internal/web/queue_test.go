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
	"rapport/internal/bridge"
	"rapport/internal/channel"
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
	// What was erased names no topic any more, and the others do.
	own, err := channel.OwnOf(t.Context(), s.DB, s.Brand.ID, bridge.Name)
	must(err)
	also := s.Said("also", "bo", "Mine too.", c.Root, 0)
	also.Ref.Root = said.Topic.ID
	s.Hear(own, also)
	_, err = s.DB.ExecContext(t.Context(), `UPDATE message SET ref = '', erased_at = 1 WHERE remote_id = $1`, c.Root)
	must(err)
	s.Get(s.Path("inbox", c.ID)).Has(".thread-name a", "Which")
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

// Who decides in the queue or in the inbox about words that were changed since is
// told, reads the new ones, and keeps the rule and the reason.
func TestADecisionIsAboutTheWordsThatAreShown(t *testing.T) {
	s := webtest.New(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	talk, err := space.Create(t.Context(), s.DB, s.Who(), s.Brand.ID, space.Settings{Name: "Talk", Kind: space.Discussion})
	must(err)
	voice := func(name string, trusted bool) member.Voice {
		a := s.NewAccount(name+"@example.com", name)
		var m member.Member
		must(s.DB.Tx(t.Context(), func(tx *db.Tx) (err error) {
			m, err = member.Create(t.Context(), tx, s.Brand.ID, member.New{Account: a.ID, Handle: name, Name: name, State: member.Active, Trusted: trusted})
			return err
		}))
		return member.Voice{Who: access.Who{Account: a.ID}, Member: m, Brand: s.Brand.ID}
	}
	kim, bo, lee := voice("kim", false), voice("bo", true), voice("lee", true)
	waits, err := topic.Begin(t.Context(), s.DB, kim, topic.New{Space: talk.ID, Title: "Hello", Text: "First words"})
	must(err)
	flagged, err := topic.Begin(t.Context(), s.DB, bo, topic.New{Space: talk.ID, Title: "Beans", Text: "Which beans?"})
	must(err)
	must(topic.Complain(t.Context(), s.DB, lee, flagged.Reply.ID, topic.Other, "Too loud."))
	_, err = community.Show(t.Context(), s.DB, s.Who(), s.Brand.ID, true)
	must(err)
	must(s.Own.Keep(t.Context(), s.Brand.ID))

	queue, card := s.Path("community"), "#case-"+waits.Reply.ID+" "
	cases := s.Path("community", "cases", waits.Reply.ID)
	look := s.Path("inbox", s.Talk("wait-"+waits.Reply.ID).ID)
	complaint := s.Path("inbox", s.Talk("case-"+flagged.Reply.ID).ID)
	s.Get(queue).Has(card+"[name=seen][value='1']", "").Has(card+".prose", "First words")
	s.Get(look).Has(".thread-look [name=seen][value='1']", "")
	change := func(v member.Voice, r topic.Reply, text string) {
		t.Helper()
		_, err := topic.Change(t.Context(), s.DB, v, r.ID, topic.Edit{Revision: 1, Text: text})
		must(err)
	}
	change(kim, waits.Reply, "Buy pills")
	change(bo, flagged.Reply, "Buy more pills")

	const told = "It was changed since you looked. Read it again."
	for _, seen := range []string{"1", "", "-1"} {
		s.Post(cases+"?queue=waiting", "act", "declined", "seen", seen, "rule", "Be kind", "reason", "It insults.").Is(http.StatusConflict).
			Has(card, told).Has(card+".prose", "Buy pills").Has(card+"[name=seen][value='2']", "").Has(card+"[name=rule][value='Be kind']", "").Has(card+"[name=reason]", "It insults.")
		s.Post(look+"/decide", "act", "approved", "seen", seen, "rule", "Be kind", "reason", "It insults.").Is(http.StatusConflict).
			Has("#thread", told).Has(".said-by", "Buy pills").Has(".thread-look [name=seen][value='2']", "").Has(".thread-look [name=reason]", "It insults.")
		for _, act := range []string{"kept", "hidden"} {
			s.Post(complaint+"/decide", "act", act, "seen", seen, "rule", "Be kind", "reason", "It insults.").Is(http.StatusConflict).
				Has("#thread", told).Has(".said-by", "Buy more pills").Has(".thread-look [name=seen][value='2']", "")
		}
	}
	s.Post(cases+"?queue=waiting", "act", "declined", "seen", "1").Has(card, told).Has(card, "Say why")
	if r, err := topic.ReplyByID(t.Context(), s.DB, s.Brand.ID, waits.Reply.ID); err != nil || r.State != topic.Waiting {
		t.Fatalf("it is %s, %v", r.State, err)
	}
	s.Follow(s.Post(look+"/decide", "act", "approved", "seen", "2"))
	s.Follow(s.Post(complaint+"/decide", "act", "kept", "seen", "2"))
	// What is in the queue no more says so on its page.
	s.Post(cases+"?queue=waiting", "act", "declined", "seen", "2", "reason", "No").Is(http.StatusConflict).Has("main", "decided about this meanwhile")
}

package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/db"
	"rapport/internal/tally"
	"rapport/internal/web/webtest"
)

// lively lets somebody join the community, write and be answered.
func lively(t *testing.T, s *webtest.Site) {
	t.Helper()
	err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		for _, e := range []activity.Entry{
			{Kind: "member.joined", Subject: "ada", Member: "ada"}, {Kind: "member.joined", Subject: "bob", Member: "bob"},
			{Kind: "topic.begun", Subject: "t-1", Member: "ada", Topic: "t", Value: 1}, {Kind: "reply.added", Subject: "t-2", Member: "bob", Topic: "t"},
		} {
			e.Brand = s.Brand.ID
			if err := activity.Record(t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = tally.Roll(t.Context(), s.DB, s.Brand)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSideBySide(t *testing.T) {
	s := webtest.New(t)
	s.Fill()
	lively(t, s)
	page := s.Get(s.Path("insights")+"?days=7").Is(http.StatusOK).Has(".segmented [aria-current]", "Side by side", "7 days", "Members only").
		Has("#half-social .figure", "Engagement rate by followers", "First response").
		Has("#half-community .figure", "Active participation", "out of 2").
		Has("#half-both .figure", "Topics from social", "No topic came from a network in these days.").
		Has("#half-social .craft", "One to many").Has("#half-community .craft", "Many to many").
		Has("#about-active-participation", "100 × contributors ÷ active members", "Divided by", "Left out", "the days they were here", "As of", "Few to go by", "More is better", "active_participation").
		Has("#about-first-response", "Less is better").Has("#about-published", "Neither")
	page.Has(".figure[data-few] .figure-value", "100.0")
	page.Has("a[href$='/insights/community?days=7']", "Community")
	table := s.Get(s.Path("insights", "numbers.csv")).Is(http.StatusOK)
	if !strings.Contains(table.Body, "half,number,value,before,unit,out_of,as_of\n") || !strings.Contains(table.Body, "community,active_participation,100,,%,2,") ||
		!strings.Contains(table.Body, "both,answered_from_social,,,%,,") {
		t.Errorf("the table: %s", table.Body)
	}
	s.Get(s.Path("insights") + "?days=12").Is(http.StatusUnprocessableEntity)
}

func TestCommunityOverview(t *testing.T) {
	s := webtest.New(t)
	lively(t, s)
	s.Get(s.Path("insights", "community")).Is(http.StatusOK).Has(".figure", "New contributors", "Lost regulars", "First reply", "Written by ten", "There after 90 days").
		Has(".table", "Readers", "0.00 %").Has(".table", "Joined in the week of", "—").Has(".chart-table td", "2")
	s.Get(s.Path("insights", "community")+"?team=1&reactions=0").Is(http.StatusOK).Has(".segmented [aria-current]", "With the team", "Posts alone").
		Has("a[href$='numbers.csv?reactions=0&team=1']")
	table := s.Get(s.Path("insights", "community", "numbers.csv") + "?days=7").Is(http.StatusOK)
	lines := strings.Split(strings.TrimSpace(table.Body), "\n")
	if len(lines) != 8 || lines[0] != "day,members,members_joined,members_left,active_members,contributors,topics_begun,community_posts" || !strings.HasSuffix(lines[7], ",2,2,0,2,2,1,2") || !strings.HasSuffix(lines[6], ",,,,,,,") {
		t.Errorf("the table: %s", table.Body)
	}
}

func TestSocialOverview(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	s.Get(s.Path("insights", "social")).Is(http.StatusOK).Has(".figure", "Published", "Engagements", "Answered").
		Has("table a[href$='/channels/"+w.Channels[0].ID+"/numbers?days=28']").Has("table a[href$='"+w.Best+"']", "The new bags are here").Has("#chart-engagements")
	table := s.Get(s.Path("insights", "social", "numbers.csv")).Is(http.StatusOK)
	if !strings.HasPrefix(table.Body, "day,followers,published,engagements\n") || !strings.Contains(table.Body, ",,0,\n") {
		t.Errorf("the table: %s", table.Body)
	}
}

// asked puts a conversation in that began an hour ago.
func asked(t *testing.T, s *webtest.Site, channel string, answered, closed bool) {
	t.Helper()
	at := func(is bool, ago time.Duration) db.Time {
		if is {
			return s.DB.Now().Add(-ago)
		}
		return 0
	}
	id := db.NewID()
	exec(t, s.DB, `INSERT INTO conversation (id, brand_id, channel_id, kind, root, state, state_at, last_at, created_at) VALUES ($1, $2, $3, 'mention', $1, 'open', 1, 1, 1)`, id, s.Brand.ID, channel)
	exec(t, s.DB, `INSERT INTO period (conversation_id, brand_id, channel_id, opened_at, answered_at, closed_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, s.Brand.ID, channel, at(true, time.Hour), at(answered, 50*time.Minute), at(closed, 40*time.Minute))
}

// What a rate was divided by, and how many are not counted in, stands beside
// the number and in what it means, on pages of channels as well.
func TestSocialNumbersSayWhatStandsBehindThem(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	id := w.Channels[0].ID
	asked(t, s, id, true, false)
	asked(t, s, id, false, false)
	asked(t, s, id, false, false)
	asked(t, s, id, false, true)
	exec(t, s.DB, `INSERT INTO metric (brand_id, subject, name, at, value) SELECT brand_id, id, 'followers', 1, 1234 FROM channel WHERE brand_id = $1`, s.Brand.ID)
	exec(t, s.DB, `INSERT INTO metric (brand_id, subject, name, at, value) SELECT brand_id, subject, 'views', MAX(at), 5000 FROM metric WHERE brand_id = $1 AND name = 'likes' GROUP BY brand_id, subject`, s.Brand.ID)
	exec(t, s.DB, `INSERT INTO metric (brand_id, subject, name, at, value) SELECT brand_id, id, 'followers', $2, 3743 FROM channel WHERE brand_id = $1`, s.Brand.ID, s.DB.Now())
	s.Get(s.Path("channels", id, "numbers")).Has(".figure-value", "+2,509")
	s.Get(s.Path("insights", "social")).Has("th .figure-ask", "Rate by followers").Has("#about-channels-rate", "Divided by", "Followers on the day of each post").
		Has(".numbers-close", "Followers", "3,743", "+2,509")
	for _, page := range []string{s.Path("insights") + "?days=7", s.Path("insights", "social"), s.Path("channels", id, "numbers")} {
		about := func(id string) string {
			if strings.Contains(page, "channels") {
				return "#about-" + id
			}
			return "#about-" + strings.ReplaceAll(id, "_", "-")
		}
		got := s.Get(page).Is(http.StatusOK).Has(".figure-note", "out of 3", "2 not answered yet", "1 closed without an answer").
			Has(about("response_rate"), "Divided by so far", "3").Has(about("first_response"), "Not counted in", "2 not answered yet").
			Has(about("engagement_rate"), "Divided by so far", ",")
		if n := got.Count(".figure-note"); n < 3 {
			t.Errorf("%s: %d notes", page, n)
		}
	}
	s.Get(s.Path("insights")+"?days=7").Has("#about-engagement-rate-views", "Divided by so far", ",000")
}

func TestEmptyOverviews(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("insights")).Is(http.StatusOK).Has("#half-social .empty", "What your channels reach will be counted here").
		Has("#half-community .empty", "What your members do will be counted here")
	s.Get(s.Path("insights", "social")).Is(http.StatusOK).Has(".empty a[href$='/connect']")
	s.Get(s.Path("insights", "community")).Is(http.StatusOK).Has(".empty a[href$='/community/setup']")
}

// Who sees some channels sees the numbers of those, and none of the community.
func TestOverviewsOfSomeChannels(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	lively(t, s)
	_, err := s.DB.ExecContext(t.Context(), `UPDATE access_grant SET channels = $2, role = $3 WHERE brand_id = $1`, s.Brand.ID, `["`+w.Channels[0].ID+`"]`, access.Analyst)
	if err != nil {
		t.Fatal(err)
	}
	page := s.Get(s.Path("insights")).Is(http.StatusOK).Has(".segmented [aria-current]", "Social media")
	page.Lacks("a[href$='/insights/community']")
	s.Get(s.Path("insights", "community")).Is(http.StatusForbidden)
	s.Get(s.Path("insights", "numbers.csv")).Is(http.StatusForbidden)
}

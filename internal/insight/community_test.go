package insight_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/activity"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/insight"
	"rapport/internal/metric"
	"rapport/internal/tally"
)

// plaza is a community whose every number was counted by hand.
type plaza struct {
	*world
	b brand.Brand
}

func (p plaza) act(kind, member, topic, subject string, days float64, more ...func(*activity.Entry)) {
	p.t.Helper()
	e := activity.Entry{Brand: p.brand, Kind: kind, Subject: subject, Member: member, Topic: topic, At: db.At(now.Add(-time.Duration(days * float64(24*time.Hour))))}
	for _, m := range more {
		m(&e)
	}
	if err := p.Tx(p.t.Context(), func(tx *db.Tx) error { return activity.Record(p.t.Context(), tx, e) }); err != nil {
		p.t.Fatal(err)
	}
}

func (p plaza) joins(member string, days float64) { p.act("member.joined", member, "", member, days) }
func (p plaza) visits(member string, days float64) {
	p.act("member.visited", member, "", member, days)
}

func (p plaza) begins(member, topic string, days float64, more ...func(*activity.Entry)) {
	p.act("topic.begun", member, topic, topic+"-1", days, more...)
}

func (p plaza) replies(member, topic string, days float64, more ...func(*activity.Entry)) {
	p.act("reply.added", member, topic, fmt.Sprint(topic, "-", member, "-", days), days, more...)
}

func question(e *activity.Entry) { e.Value = 1 }
func team(e *activity.Entry)     { e.Team = true }

func square(t *testing.T) plaza {
	w := open(t)
	b, err := brand.Change(t.Context(), w.DB, access.System(), w.brand, brand.Settings{Name: "North", Color: "#0f766e", Zone: "Europe/Berlin", Language: "en", Tolerance: time.Hour, Retention: 365})
	if err != nil {
		t.Fatal(err)
	}
	return plaza{w, b}
}

func (p plaza) fill() {
	for _, m := range []string{"ada", "bob", "cleo", "dan", "eve", "finn"} {
		p.joins(m, 300)
	}
	p.joins("gus", 44) // there after 30 days
	p.visits("gus", 10)
	p.joins("hal", 43) // and not
	p.joins("ivy", 5)
	// Ada is a regular and goes on; Bob was one and fell silent; Cleo comes back.
	for i := range 6 {
		p.replies("ada", "old", 50+float64(i))
		p.replies("bob", "old", 60+float64(i))
	}
	p.begins("dan", "old", 120)
	p.replies("cleo", "old", 119)
	p.begins("ada", "t1", 20, question) // solved in time, answered after an hour
	p.replies("dan", "t1", 20-1.0/24)
	p.act("topic.solved", "", "t1", "t1", 19)
	p.begins("ada", "t2", 18, question) // solved too late, answered after three
	p.replies("cleo", "t2", 18-3.0/24)
	p.act("topic.solved", "", "t2", "t2", 1)
	p.begins("ada", "t3", 2, question) // nobody answers but herself
	p.replies("ada", "t3", 1)
	p.begins("eve", "t4", 3) // hidden
	p.act("reply.concealed", "eve", "t4", "t4-1", 2)
	p.visits("finn", 4)
	p.act("reply.reacted", "finn", "", "t1-1", 4, func(e *activity.Entry) { e.Value = 1 })
	p.visits("ivy", 3)
	p.act("member.joined", "mod", "", "mod", 200, team)
	p.begins("mod", "t5", 6, team)
	p.replies("ivy", "t5", 5.5)
	p.act("member.left", "hal", "", "hal", 9)
	if err := tally.Roll(p.t.Context(), p.DB, p.b); err != nil {
		p.t.Fatal(err)
	}
}

func (p plaza) over(days int, c tally.Choice) insight.Community {
	p.t.Helper()
	got, err := insight.OfCommunity(p.t.Context(), p.DB, p.who, p.brand, insight.Window{Days: days, Zone: berlin}, c)
	if err != nil {
		p.t.Fatal(err)
	}
	return got
}

func TestCommunity(t *testing.T) {
	p := square(t)
	p.fill()
	for _, c := range []struct {
		name   string
		choice tally.Choice
		want   map[string]string // value, what it was divided by, what was left
	}{
		{"members only", tally.Choice{}, map[string]string{
			metric.Members:         "8 0 0", // nine joined, one left
			metric.MembersJoined:   "1 0 0",
			metric.MembersLeft:     "1 0 0",
			metric.MemberGrowth:    "0 8 0",
			metric.Active:          "7 0 0",  // all but bob and hal
			metric.Contributors:    "5 0 0",  // ada, cleo, dan, ivy; finn reacted
			metric.Participation:   "71 7 0", // five of seven
			metric.NewContributors: "1 0 0",  // ivy
			metric.Reactivated:     "2 0 0",  // cleo, and dan
			metric.LostRegulars:    "1 0 0",  // bob
			metric.NetActive:       "2 0 0",
			metric.Lurkers:         "29 7 0", // eve, whose topic was hidden, and gus
			metric.Creators:        "14 7 0", // one of seven
			metric.CreatorContent:  "50 8 0", // ada made four of eight
			metric.TopTen:          "100 7 0",
			metric.Retention30:     "50 2 0", // gus, and not hal
			metric.TopicsBegun:     "3 0 0",
			metric.FirstReply:      "7200 0 1",
			metric.SlowReply:       "10800 0 1",
			metric.ReplyCoverage:   "100 2 1", // the third is two days old
			metric.SolvedRate:      "50 2 1",
			metric.CommunityPosts:  "7 0 0",
		}},
		{"with the team", tally.Choice{Team: true}, map[string]string{
			metric.Members: "9 0 0", metric.Active: "8 0 0", metric.Contributors: "6 0 0", metric.TopicsBegun: "4 0 0", metric.ReplyCoverage: "100 2 2",
		}},
		{"posts alone", tally.Choice{Without: true}, map[string]string{metric.Contributors: "4 0 0", metric.Participation: "57 7 0", metric.CreatorContent: "57 7 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := map[string]string{}
			all := p.over(28, c.choice)
			for id := range c.want {
				v := all.Value(id)
				now := "—"
				if v.Now != nil {
					now = fmt.Sprintf("%.0f", *v.Now)
				}
				got[id] = fmt.Sprintf("%s %.0f %d", now, v.Base, v.Left)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			for _, v := range all.Values {
				if (v.Now == nil) != (v.Why != "") || v.At == 0 {
					t.Errorf("%s is %s, as of %d, and says why: %q", v.ID, shown(v.Now), v.At, v.Why)
				}
				if few := v.Unit == metric.Percent && v.Now != nil; few != v.Few() {
					t.Errorf("%s was divided by %.0f and stands as if by many", v.ID, v.Base)
				}
			}
			if len(all.Days) != 28 || len(all.Value(metric.Active).Course) != 28 {
				t.Errorf("%d days", len(all.Days))
			}
		})
	}
	// What was not kept computed comes to the same.
	kept := p.over(7, tally.Choice{})
	if _, err := p.ExecContext(t.Context(), `DELETE FROM tally_span`); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(kept, p.over(7, tally.Choice{})); diff != "" {
		t.Errorf("kept and computed: %s", diff)
	}
}

// Whether a topic has a reply is looked at at one age, so that the newest window
// is no worse than those before for being new.
func TestTopicsAreLookedAtAtOneAge(t *testing.T) {
	p := square(t)
	p.act("member.joined", "ada", "", "ada", 300)
	for i, begun := range []float64{1.0 / 24, 7.5, 8.5, 14, 16, 20} {
		p.begins("ada", fmt.Sprint("t", i), begun)
	}
	p.replies("bob", "t2", 2) // within seven days
	p.replies("bob", "t3", 6) // a day too late
	p.replies("bob", "t4", 15)
	p.replies("bob", "t5", 19)
	if err := tally.Roll(t.Context(), p.DB, p.b); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		t.Helper()
		v := p.over(7, tally.Choice{}).Value(metric.ReplyCoverage)
		return fmt.Sprintf("%s of %.0f, before %s, left %d", shown(v.Now), v.Base, shown(v.Before), v.Left)
	}
	const want = "50 of 2, before 100, left 1"
	if got := read(); got != want {
		t.Errorf("kept: %s", got)
	}
	// What was kept by other formulas is not gone by.
	if _, err := p.ExecContext(t.Context(), `UPDATE tally_span SET body = '{"At":1,"Spans":[{},{},{},{}]}' WHERE name = '7'`); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != want {
		t.Errorf("kept by others: %s", got)
	}
	if err := tally.Recount(t.Context(), p.DB, p.b); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != want {
		t.Errorf("counted anew: %s", got)
	}
}

func TestQuietCommunity(t *testing.T) {
	p := square(t)
	all := p.over(28, tally.Choice{})
	if !all.Quiet {
		t.Error("something happened")
	}
	for _, v := range all.Values {
		if v.Now != nil || v.Before != nil || v.Why == "" {
			t.Errorf("%s is %s, before %s, why %q", v.ID, shown(v.Now), shown(v.Before), v.Why)
		}
	}
}

func TestSocial(t *testing.T) {
	w := open(t)
	w.read(w.channel, metric.Followers, ago(10), 1000)
	w.read(w.channel, metric.Followers, ago(1), 1100)
	first := w.published(ago(5))
	w.read(first.ID, metric.Likes, ago(4), 50)
	w.read(first.ID, metric.Views, ago(4), 500)
	second := db.NewID()
	_, err := w.ExecContext(t.Context(), `INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ($1, $2, 'paper', '2', '@south', 'South', '', '{}', 'connected', 1, 2)`, second, w.brand)
	if err != nil {
		t.Fatal(err)
	}
	got := func(who access.Who) string {
		t.Helper()
		s, err := insight.OfSocial(t.Context(), w.DB, who, w.brand, insight.Window{Days: 7, Zone: berlin})
		if err != nil {
			t.Fatal(err)
		}
		out := fmt.Sprint(len(s.Channels))
		for _, id := range []string{metric.Followers, metric.FollowerGrowth, metric.Published, metric.Engagements, metric.EngagementRate, metric.ViewRate} {
			v := s.Value(id)
			out += fmt.Sprintf(" %s/%d", shown(v.Now), v.Left)
			if (v.Now == nil) != (v.Why != "") {
				t.Errorf("%s is %s and says why: %q", id, shown(v.Now), v.Why)
			}
		}
		return out
	}
	if all := got(w.who); all != "2 1100/1 100/1 1/0 50/0 5/0 10/0" {
		t.Errorf("all channels: %s", all)
	}
	narrow := access.Who{Account: "a", Grants: []access.Grant{{Brand: w.brand, Role: access.Owner, Channels: []string{second}}}}
	if some := got(narrow); some != "1 —/1 —/1 0/0 —/0 —/0 —/0" {
		t.Errorf("one channel: %s", some)
	}
	if _, err := w.ExecContext(t.Context(), `UPDATE channel SET state = 'removed'`); err != nil {
		t.Fatal(err)
	}
	if none := got(w.who); none != "0 —/0 —/0 —/0 —/0 —/0 —/0" {
		t.Errorf("no channel: %s", none)
	}
}

func TestWhoSeesTheWhole(t *testing.T) {
	p := square(t)
	window := insight.Window{Days: 7, Zone: berlin}
	for _, role := range access.Roles {
		_, social := insight.OfSocial(t.Context(), p.DB, as(p.brand, role), p.brand, window)
		_, community := insight.OfCommunity(t.Context(), p.DB, as(p.brand, role), p.brand, window, tally.Choice{})
		_, between := insight.Between(t.Context(), p.DB, as(p.brand, role), p.brand, window)
		for _, err := range []error{social, community, between} {
			if access.Allows(role, access.MetricRead) != (err == nil) {
				t.Errorf("%s: %v", role, err)
			}
		}
	}
	narrow := access.Who{Account: "a", Grants: []access.Grant{{Brand: p.brand, Role: access.Owner, Channels: []string{p.channel}}}}
	if _, err := insight.OfCommunity(t.Context(), p.DB, narrow, p.brand, window, tally.Choice{}); !fault.Is(err, fault.Denied) {
		t.Errorf("the whole community for who sees one channel: %v", err)
	}
	if _, err := insight.Between(t.Context(), p.DB, as("other", access.Owner), p.brand, window); !fault.Is(err, fault.NotFound) {
		t.Errorf("another brand's numbers: %v", err)
	}
}

func TestCommunityReadsUseIndexes(t *testing.T) {
	p := square(t)
	p.fill()
	q := dbtest.Indexed(t, p.DB)
	for _, before := range []string{`SELECT 1`, `DELETE FROM tally_span`} { // as they are kept, and computed
		if _, err := p.ExecContext(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		if _, err := insight.OfCommunity(t.Context(), q, p.who, p.brand, insight.Window{Days: 28, Zone: berlin}, tally.Choice{}); err != nil {
			t.Error(err)
		}
		if _, err := insight.Between(t.Context(), q, p.who, p.brand, insight.Window{Days: 28, Zone: berlin}); err != nil {
			t.Error(err)
		}
	}
}

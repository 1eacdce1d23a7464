package insight_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/insight"
	"rapport/internal/metric"
	"rapport/internal/post"
)

var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

// now is the evening of a Wednesday, four days after the clocks went back.
var now = time.Date(2026, 10, 28, 20, 0, 0, 0, berlin)

type world struct {
	*db.DB
	t              *testing.T
	brand, channel string
	who            access.Who
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{DB: dbtest.Open(t), t: t, channel: db.NewID()}
	w.SetClock(now)
	b, err := brand.Create(t.Context(), w.DB, access.System(), brand.New{Name: "North"})
	if err != nil {
		t.Fatal(err)
	}
	w.brand, w.who = b.ID, as(b.ID, access.Analyst)
	_, err = w.ExecContext(t.Context(), `INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ($1, $2, 'paper', '1', '@north', 'North', '', '{}', 'connected', 1, 1)`, w.channel, w.brand)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func as(brandID string, role access.Role) access.Who {
	return access.Who{Account: "a", Grants: []access.Grant{{Brand: brandID, Role: role}}}
}

// ago is an instant so many days before today's noon.
func ago(days int) db.Time {
	return db.At(time.Date(2026, 10, 28-days, 12, 0, 0, 0, berlin))
}

func (w *world) read(subject, name string, at db.Time, value int64) {
	w.t.Helper()
	err := w.Tx(w.t.Context(), func(tx *db.Tx) error {
		return metric.Record(w.t.Context(), tx, []metric.Reading{{Brand: w.brand, Subject: subject, Name: name, At: at, Value: value}})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) published(at db.Time) delivery.Delivery {
	w.t.Helper()
	p := post.Post{ID: db.NewID(), Brand: w.brand, State: post.StateApproved, Revision: 1, Approved: 1, CreatedAt: at, UpdatedAt: at,
		Body: post.Body{Parts: []post.Part{{Text: "x"}}}, Variants: []post.Variant{{Channel: w.channel}}}
	d := delivery.Delivery{ID: db.NewID(), Brand: w.brand, Post: p.ID, Channel: w.channel, State: delivery.Published, DueAt: at, RunAt: at,
		Revision: 1, PublishedAt: at, CreatedAt: at, UpdatedAt: at}
	err := w.Tx(w.t.Context(), func(tx *db.Tx) error {
		return errors.Join(post.Import(w.t.Context(), tx, []post.Post{p}), delivery.Import(w.t.Context(), tx, []delivery.Delivery{d}, nil))
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) numbers(days int) insight.Channel {
	w.t.Helper()
	c, err := insight.OfChannel(w.t.Context(), w.DB, w.who, w.brand, w.channel, insight.Window{Days: days, Zone: berlin})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func shown(v *float64) string {
	if v == nil {
		return "—"
	}
	return fmt.Sprint(*v)
}

func course(all []*float64) (out []string) {
	for _, v := range all {
		out = append(out, shown(v))
	}
	return out
}

func TestChannel(t *testing.T) {
	w := open(t)
	w.read(w.channel, metric.Followers, ago(10), 1000)
	w.read(w.channel, metric.Followers, ago(6), 1010)
	w.read(w.channel, metric.Followers, ago(6).Add(6*time.Hour), 1020)
	w.read(w.channel, metric.Followers, ago(1), 1100)
	early, late, silent, before := w.published(ago(6).Add(7*time.Hour)), w.published(ago(1)), w.published(ago(3)), w.published(ago(9))
	w.read(early.ID, metric.Likes, ago(5), 20)
	w.read(early.ID, metric.Likes, ago(4), 40)
	w.read(early.ID, metric.Quotes, ago(4), 11)
	w.read(early.ID, metric.Views, ago(4), 9000)
	w.read(late.ID, metric.Comments, ago(0), 11)
	w.read(before.ID, metric.Shares, ago(8), 10)
	_ = silent

	c := w.numbers(7)
	if len(c.Days) != 7 || !c.Days[3].Equal(time.Date(2026, 10, 25, 0, 0, 0, 0, berlin)) {
		t.Errorf("the days are %v", c.Days)
	}
	for _, want := range []struct {
		id, now, before string
		of, left        int
		provisional     bool
		course          []string
	}{
		{metric.Followers, "1100", "1000", 3, 0, false, []string{"1020", "—", "—", "—", "—", "1100", "—"}},
		{metric.FollowerGrowth, "100", "—", 3, 0, false, nil},
		{metric.Published, "3", "1", 3, 0, false, []string{"1", "0", "0", "1", "0", "1", "0"}},
		{metric.Engagements, "62", "10", 2, 1, true, []string{"51", "—", "—", "—", "—", "11", "—"}},
		// 62 for 1,020 + 1,100 followers; the one before had 1,000.
		{metric.EngagementRate, "2.9245283018867925", "1", 2, 1, true, nil},
		{metric.Posts, "—", "—", 0, 0, false, []string{"—", "—", "—", "—", "—", "—", "—"}},
	} {
		v := c.Value(want.id)
		got := fmt.Sprint(shown(v.Now), shown(v.Before), v.Of, v.Left, v.Provisional, course(v.Course))
		if diff := cmp.Diff(fmt.Sprint(want.now, want.before, want.of, want.left, want.provisional, want.course), got); diff != "" {
			t.Errorf("%s: %s", want.id, diff)
		}
		if (v.Now == nil) != (v.Why != "") {
			t.Errorf("%s is %s and says why: %q", want.id, shown(v.Now), v.Why)
		}
	}
	if len(c.Best) != 2 || c.Best[0].ID != early.ID || shown(c.Best[0].Rate) != "5" {
		t.Errorf("the best are %+v", c.Best)
	}
}

// waited puts a conversation in whose period opened at that time.
func (w *world) waited(opened db.Time, answeredAfter time.Duration) {
	w.t.Helper()
	id, answered := db.NewID(), db.Time(0)
	if answeredAfter > 0 {
		answered = opened.Add(answeredAfter)
	}
	_, err := w.ExecContext(w.t.Context(), `INSERT INTO conversation (id, brand_id, channel_id, kind, root, state, state_at, last_at, created_at)
		VALUES ($1, $2, $3, 'mention', $1, 'open', 1, 1, 1)`, id, w.brand, w.channel)
	if err == nil {
		_, err = w.ExecContext(w.t.Context(), `INSERT INTO period (conversation_id, brand_id, channel_id, opened_at, answered_at) VALUES ($1, $2, $3, $4, $5)`,
			id, w.brand, w.channel, opened, answered)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestWaits(t *testing.T) {
	w := open(t)
	for i := range 9 {
		w.waited(ago(2), time.Duration(i+1)*time.Minute)
	}
	w.waited(ago(1), 0)
	w.waited(ago(1).Add(time.Hour), 0) // done without an answer: it needed none
	if _, err := w.ExecContext(t.Context(), `UPDATE period SET closed_at = opened_at + 1 WHERE opened_at = $1`, ago(1).Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	w.waited(ago(9), time.Hour) // in the week before
	w.waited(ago(20), time.Second)
	c := w.numbers(7)
	for _, want := range []struct {
		id, now, before string
		of, left        int
	}{
		{metric.FirstResponse, "300", "3600", 9, 1},
		{metric.SlowResponse, "540", "3600", 9, 1},
		{metric.ResponseRate, "90", "100", 10, 1},
	} {
		v := c.Value(want.id)
		if diff := cmp.Diff(fmt.Sprint(want.now, want.before, want.of, want.left), fmt.Sprint(shown(v.Now), shown(v.Before), v.Of, v.Left)); diff != "" {
			t.Errorf("%s: %s", want.id, diff)
		}
	}
	all, err := conversation.Waited(t.Context(), dbtest.Indexed(t, w.DB), w.who, w.brand, "", ago(30), ago(0))
	if err != nil || all.Periods != 13 || all.Closed != 1 || all.Needed() != 12 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestNothingKnownIsNotNought(t *testing.T) {
	c := open(t).numbers(28)
	for _, v := range c.Values {
		if v.ID == metric.Published {
			continue // of that Rapport keeps the record itself
		}
		if v.Now != nil || v.Before != nil || v.Why == "" {
			t.Errorf("%s is %s, before %s, why %q", v.ID, shown(v.Now), shown(v.Before), v.Why)
		}
	}
}

func TestDelivery(t *testing.T) {
	w := open(t)
	d := w.published(ago(9))
	w.read(w.channel, metric.Followers, ago(10), 200)
	w.read(w.channel, metric.Followers, ago(2), 999) // counted later: not the day of posting
	w.read(d.ID, metric.Likes, ago(8), 3)
	w.read(d.ID, metric.Likes, ago(7), 5)
	w.read(d.ID, metric.Comments, ago(7), 0)
	got, err := insight.OfDelivery(t.Context(), w.DB, w.who, d, map[string]string{metric.Views: "Nobody counts views here."})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]db.Time{ago(8), ago(7)}, got.Times); diff != "" {
		t.Error(diff)
	}
	for _, want := range []struct{ id, now, before, why string }{
		{metric.Engagements, "5", "3", ""},
		{metric.EngagementRate, "2.5", "—", ""},
		{metric.Likes, "5", "3", ""},
		{metric.Comments, "0", "—", ""},
		{metric.Shares, "—", "—", "The network did not tell it."},
		{metric.Views, "—", "—", "Nobody counts views here."},
	} {
		v := got.Value(want.id)
		if diff := cmp.Diff(fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", struct{ id, now, before, why string }{v.ID, shown(v.Now), shown(v.Before), v.Why})); diff != "" {
			t.Error(diff)
		}
	}
}

func TestDeliveryUnread(t *testing.T) {
	w := open(t)
	got, err := insight.OfDelivery(t.Context(), w.DB, w.who, w.published(ago(0)), nil)
	if err != nil || got.Known() || got.Value(metric.Likes).Why == "" || got.Value(metric.EngagementRate).Why == "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestPermissions(t *testing.T) {
	w := open(t)
	d := w.published(ago(1))
	for _, role := range access.Roles {
		_, channelErr := insight.OfChannel(t.Context(), w.DB, as(w.brand, role), w.brand, w.channel, insight.Window{Days: 7, Zone: time.UTC})
		_, deliveryErr := insight.OfDelivery(t.Context(), w.DB, as(w.brand, role), d, nil)
		for _, err := range []error{channelErr, deliveryErr} {
			if access.Allows(role, access.MetricRead) != (err == nil) {
				t.Errorf("%s: %v", role, err)
			}
		}
	}
	narrow := access.Who{Account: "a", Grants: []access.Grant{{Brand: w.brand, Role: access.Owner, Channels: []string{"another"}}}}
	if _, err := insight.OfDelivery(t.Context(), w.DB, narrow, d, nil); !fault.Is(err, fault.Denied) {
		t.Errorf("another channel's numbers: %v", err)
	}
	if _, err := insight.OfChannel(t.Context(), w.DB, as("other", access.Owner), w.brand, w.channel, insight.Window{Days: 7, Zone: time.UTC}); !fault.Is(err, fault.NotFound) {
		t.Errorf("another brand's numbers: %v", err)
	}
}

func TestReadsUseIndexes(t *testing.T) {
	w := open(t)
	w.published(ago(1))
	q := dbtest.Indexed(t, w.DB)
	if _, err := metric.Before(t.Context(), q, w.brand, []string{w.channel}, metric.Followers, ago(0)); err != nil {
		t.Error(err)
	}
	if _, err := delivery.Outcomes(t.Context(), q, w.brand, ago(90), ago(0)); err != nil {
		t.Error(err)
	}
	if _, _, err := metric.Page(t.Context(), q, w.who, w.brand, w.channel, "", 0, 1<<60, db.Page{}); err != nil {
		t.Error(err)
	}
}

package tell_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/member"
	"rapport/internal/notice"
	"rapport/internal/topic"
)

func (w *world) brand() brand.Brand {
	w.t.Helper()
	b, err := brand.ByID(ctx, w.d, access.System(), "b")
	w.must(err)
	return b
}

func (w *world) at(s string) {
	w.t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	w.must(err)
	w.now = at
	w.d.SetClock(at)
}

func (w *world) round() {
	w.t.Helper()
	w.drain()
	w.must(w.teller.Digests(ctx))
}

// A digest says what concerns its reader, what waits for them and what is new;
// it comes at their hour, once, and not at all where there is nothing to say.
func TestDigest(t *testing.T) {
	w := open(t)
	w.must(w.teller.Enrol(ctx))
	w.must(w.teller.Enrol(ctx))
	if n := w.count(`SELECT COUNT(*) FROM notice_digest WHERE next_at > 0`); n != 5 {
		t.Errorf("%d are enrolled", n)
	}
	old := w.begin("cy", "ask", "Grinder?", "Which one?")
	r := w.say("ada", old, "The small one", 0) // ada answers questions
	w.must(topic.React(ctx, w.d, w.voice("bo"), r.Reply.ID, "heart", true))
	w.begin("bo", "ask", "Bitter", "Why?")
	w.begin("cy", "talk", "Cups", "Which?")
	lively := w.begin("di", "talk", "Water", "Hard?")
	w.say("cy", lively, "Soft", 0)
	w.round()
	if n := w.count(`SELECT COUNT(*) FROM letter WHERE source LIKE 'members-digest-%'`); n != 0 {
		t.Errorf("%d digests before their time", n)
	}
	w.at("2026-03-09T06:59:00Z")
	w.round()
	w.at("2026-03-09T07:00:00Z") // 8:00 in Berlin
	w.round()
	w.round()
	w.gets("ada", "North: What is new for you")
	text := w.letters("ada")[0].Text
	order := []string{"For you", "- Bo reacted to what you wrote in “Grinder?”", "https://north.example" + old.Topic.PathOf(2), "Questions that wait for an answer", "- Bitter", "Lively", "- Water (1 reply)",
		"New", "- Cups", "This is your digest of the community of North.", "https://north.example/notices/stop?t="}
	rest := text
	for _, words := range order {
		_, after, found := strings.Cut(rest, words)
		if !found {
			t.Fatalf("no %q, or not in its place, in\n%s", words, text)
		}
		rest = after
	}
	if strings.Count(text, "Bitter") != 1 || strings.Count(text, "Water") != 1 {
		t.Errorf("something is said twice:\n%s", text)
	}
	w.at("2026-03-16T07:00:00Z")
	w.round() // and nothing has happened since
	if n := len(w.letters("ada")); n != 1 {
		t.Errorf("%d digests", n)
	}
	due := w.count(`SELECT next_at FROM notice_digest WHERE member_id = $1`, w.voice("ada").Member.ID)
	if want := time.Date(2026, 3, 23, 7, 0, 0, 0, time.UTC).UnixMilli(); int64(due) != want {
		t.Errorf("the next is due at %d, want %d", due, want)
	}
}

// What digests ask of the database is served by indexes.
func TestDigestQueriesDoNotScan(t *testing.T) {
	w := open(t)
	w.begin("ada", "ask", "Water", "Hard, @bo?")
	q, bo := dbtest.Indexed(t, w.d), w.voice("bo")
	_, n, err := notice.Pending(ctx, q, bo, 10)
	w.must(err)
	if n != 0 {
		t.Errorf("%d wait, and one was written of at once", n)
	}
	for _, which := range []topic.Sort{topic.Asked, topic.Lively, topic.Recent} {
		_, err := topic.Fresh(ctx, q, which, "b", bo.Member.ID, 1, 5)
		w.must(err)
	}
	_, err = topic.Helps(ctx, q, "b", bo.Member.ID)
	w.must(err)
	_, err = notice.NextDue(ctx, q, 5)
	w.must(err)
	_, _, err = topic.WatchersAfter(ctx, q, topic.Topic{ID: "t", Brand: "b", Space: "s"}, false, "", 5)
	w.must(err)
	_, err = member.After(ctx, q, "b", "", 5)
	w.must(err)
	_, err = topic.Deaf(ctx, q, topic.Topic{ID: "t", Space: "s"}, 1, []string{bo.Member.ID})
	w.must(err)
	dbtest.NoScan(t, w.d, `SELECT m.id FROM member m WHERE m.brand_id = $1 AND m.state = 'active' AND m.account_id <> ''
		AND NOT EXISTS (SELECT 1 FROM notice_digest x WHERE x.member_id = m.id) ORDER BY m.id LIMIT $2`, "b", 5)
	dbtest.NoScan(t, w.d, `DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE at < $1 AND (at < $2 OR read_at > 0) ORDER BY at LIMIT $3)`, 1, 1, 1)
	dbtest.NoScan(t, w.d, `UPDATE notice SET digest = FALSE WHERE brand_id = $1 AND member_id = $2 AND digest AND at <= $3`, "b", "m", 1)
	dbtest.NoScan(t, w.d, `SELECT member_id FROM notice_digest WHERE brand_id = $1 AND next_at = 0 AND every <> 'never' LIMIT $2`, "b", 1)
	dbtest.NoScan(t, w.d, `DELETE FROM notice WHERE brand_id || '' = $1 AND reply_id IN ($2, $3)`, "b", "r", "s")
}

// The hour is that of the reader's clock, also when it is changed.
func TestDigestKeepsTheHour(t *testing.T) {
	w := open(t)
	daily := notice.Digest{Every: notice.Daily, Hour: 8, Zone: "America/New_York"}
	w.at("2026-03-06T20:00:00Z")
	w.must(notice.Choose(ctx, w.d, w.voice("ada"), w.brand(), nil, daily))
	w.must(notice.Choose(ctx, w.d, w.voice("bo"), w.brand(), nil, notice.Digest{Every: notice.Daily, Hour: 2, Zone: "America/New_York"}))
	for _, c := range []struct{ at, ada, bo string }{
		{"2026-03-07T13:00:00Z", "2026-03-08T12:00:00Z", "2026-03-08T07:00:00Z"}, // the clocks go forward at 2:00
		{"2026-03-08T12:00:00Z", "2026-03-09T12:00:00Z", "2026-03-09T06:00:00Z"},
	} {
		w.at(c.at)
		w.round()
		for name, want := range map[string]string{"ada": c.ada, "bo": c.bo} {
			at := db.Time(w.count(`SELECT next_at FROM notice_digest WHERE member_id = $1`, w.voice(name).Member.ID))
			if got := at.Time().UTC().Format(time.RFC3339); got != want {
				t.Errorf("%s after %s: %s, want %s", name, c.at, got, want)
			}
		}
	}
	w.must(notice.Choose(ctx, w.d, w.voice("ada"), w.brand(), nil, notice.Digest{Every: notice.Daily, Hour: 9, Zone: "America/New_York"}))
	at := db.Time(w.count(`SELECT next_at FROM notice_digest WHERE member_id = $1`, w.voice("ada").Member.ID))
	if got := at.Time().UTC().Format(time.RFC3339); got != "2026-03-09T13:00:00Z" {
		t.Errorf("another hour brings two on one day: %s", got)
	}
}

// Two nodes send one digest.
func TestTwoNodesSendOneDigest(t *testing.T) {
	w := open(t)
	w.must(w.teller.Enrol(ctx))
	w.begin("cy", "talk", "Cups", "Which?")
	w.drain()
	w.at("2026-03-09T07:00:00Z")
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = w.teller.Digests(ctx) })
	}
	all.Wait()
	w.must(errors.Join(errs...))
	for _, name := range []string{"ada", "bo", "di", "hera"} {
		w.gets(name, "North: What is new for you")
	}
	w.gets("cy")
}

// Who does not take part, has no proven address or wants none gets no digest,
// and nobody does while the community is shut.
func TestWhoGetsNoDigest(t *testing.T) {
	w := open(t)
	w.must(w.teller.Enrol(ctx))
	w.begin("cy", "talk", "Cups", "Which?")
	w.drain()
	w.exec(`UPDATE account SET verified_at = 0 WHERE id = 'ada'`)
	w.exec(`UPDATE member SET state = 'suspended' WHERE account_id = 'bo'`)
	w.must(notice.StopDigest(ctx, w.d, w.brand(), w.voice("di").Member.ID))
	w.at("2026-03-09T07:00:00Z")
	w.round()
	for _, name := range []string{"ada", "bo", "cy", "di"} {
		w.gets(name)
	}
	w.gets("hera", "North: What is new for you")
	w.begin("cy", "talk", "Spoons", "Which?")
	w.exec(`UPDATE community SET opened_at = 0`)
	w.at("2026-03-16T07:00:00Z")
	w.round()
	w.gets("hera", "North: What is new for you")
	if n := w.count(`SELECT COUNT(*) FROM notice_digest WHERE next_at > 0 AND next_at <= $1`, w.d.Now()); n != 0 {
		t.Errorf("%d are still due", n)
	}
}

// Old notices are forgotten: what was read sooner.
func TestOldNoticesAreForgotten(t *testing.T) {
	w := open(t)
	w.begin("ada", "talk", "Water", "@bo @cy")
	w.drain()
	w.must(notice.ReadAll(ctx, w.d, w.voice("bo"), w.d.Now()))
	left := func(want int) {
		t.Helper()
		w.must(notice.Sweep(ctx, w.d))
		if n := w.count(`SELECT COUNT(*) FROM notice`); n != want {
			t.Errorf("%d are left, want %d", n, want)
		}
	}
	left(2)
	w.d.SetClock(w.now.Add(notice.KeepRead + time.Hour))
	left(1)
	w.d.SetClock(w.now.Add(notice.Keep + time.Hour))
	left(0)
}

package notify_test

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/comment"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/letter"
	"rapport/internal/network"
	"rapport/internal/notify"
	"rapport/internal/outbox"
	"rapport/internal/secret"
	"rapport/internal/task"
)

func TestEveryNewsHasARow(t *testing.T) {
	if bad := notify.Homeless(); len(bad) > 0 {
		t.Errorf("in no row of the matrix, or in several: %q", bad)
	}
	seen := map[string]bool{}
	for _, topic := range notify.Topics {
		if seen[topic.ID] || topic.Title == "" || topic.For == "" {
			t.Errorf("the row %q is there twice or lacks something", topic.ID)
		}
		seen[topic.ID] = true
	}
}

// desk is a stage whose letters can be stopped.
type desk struct {
	*stage
	n    *notify.Notifier
	keys *secret.Keyring
}

func newDesk(t *testing.T) *desk {
	s := newStage(t)
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	n := &notify.Notifier{Letters: &letter.Letters{DB: s.DB}, Networks: network.NewSet(place{}), BaseURL: "https://rapport.example/", Keys: keys}
	s.reader = outbox.NewReader(s.DB, nil)
	n.Listen(s.reader)
	s.SetClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)) // a Monday, 10:00 in Berlin
	return &desk{s, n, keys}
}

func (s *desk) who(account string, role access.Role) access.Who {
	return access.Who{Account: account, Grants: []access.Grant{{Brand: "b", Role: role}}}
}

func (s *desk) choose(who access.Who, topic string, c notify.Choice, d notify.Digest) {
	s.t.Helper()
	if err := notify.Choose(ctx, s.DB, who, "b", map[string]notify.Choice{topic: c}, d); err != nil {
		s.t.Fatal(err)
	}
}

var daily = notify.Digest{Every: notify.Daily, Hour: 8}

func (s *desk) round() {
	s.t.Helper()
	if err := s.n.Round(ctx, s.DB); err != nil {
		s.t.Fatal(err)
	}
	s.drain()
}

func (s *desk) mails(account string) (out []letter.Letter) {
	s.t.Helper()
	for _, l := range s.letters() {
		if l.Account == account {
			out = append(out, l)
		}
	}
	return out
}

func (s *desk) count(query string, args ...any) (n int) {
	s.t.Helper()
	if err := s.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// An account hears of a topic where it chose, and nowhere else.
func TestChoice(t *testing.T) {
	for _, c := range []notify.Choice{{}, {Studio: true}, {Mail: true}, {Digest: true}, {Studio: true, Mail: true, Digest: true}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			s := newDesk(t)
			s.choose(s.who("olga", access.Owner), "delivery.missed", c, daily)
			s.end("", delivery.Missed)
			s.drain()
			got := notify.Choice{Studio: len(s.notifications("olga")) == 1, Mail: len(s.mails("olga")) == 1,
				Digest: s.count(`SELECT COUNT(*) FROM digest_item WHERE account_id = 'olga'`) == 1}
			if diff := cmp.Diff(c, got); diff != "" {
				t.Error(diff)
			}
			if len(s.notifications("otto")) != 1 || len(s.mails("otto")) != 1 {
				t.Error("the other owner, who chose nothing, was not told as usual")
			}
		})
	}
}

func TestChoicesAreKept(t *testing.T) {
	s := newDesk(t)
	ann := s.who("ann", access.Creator)
	rows, d, err := notify.Settings(ctx, s, ann, "b")
	if err != nil || d.Every != notify.Daily || d.Hour != 8 {
		t.Fatalf("%+v, %v", d, err)
	}
	ids := ""
	for _, r := range rows {
		ids += r.ID + " "
	}
	if strings.Contains(ids, "channel.attention") || strings.Contains(ids, "conversation.assigned") || !strings.Contains(ids, "mention ") {
		t.Errorf("a creator chooses among %s", ids)
	}
	s.choose(ann, "mention", notify.Choice{Digest: true}, notify.Digest{Every: notify.Weekly, Weekday: time.Friday, Hour: 17})
	rows, d, err = notify.Settings(ctx, s, ann, "b")
	if err != nil || rows[0].Choice != (notify.Choice{Digest: true}) || d != (notify.Digest{Every: notify.Weekly, Weekday: time.Friday, Hour: 17}) {
		t.Errorf("%+v %+v %v", rows[0], d, err)
	}
	s.choose(ann, "mention", notify.Choice{Studio: true, Mail: true}, daily)
	if n := s.count(`SELECT COUNT(*) FROM news_choice`); n != 0 {
		t.Errorf("%d rows say what is usual", n)
	}
	for name, bad := range map[string]error{
		"topic":   notify.Choose(ctx, s.DB, ann, "b", map[string]notify.Choice{"weather": {}}, daily),
		"every":   notify.Choose(ctx, s.DB, ann, "b", nil, notify.Digest{Every: "hour"}),
		"hour":    notify.Choose(ctx, s.DB, ann, "b", nil, notify.Digest{Every: notify.Daily, Hour: 24}),
		"weekday": notify.Choose(ctx, s.DB, ann, "b", nil, notify.Digest{Every: notify.Daily, Weekday: 7}),
	} {
		if !fault.Is(bad, fault.Invalid) {
			t.Errorf("%s: %v", name, bad)
		}
	}
	if err := notify.Choose(ctx, s.DB, access.Who{Account: "sam"}, "b", nil, daily); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// What was put aside comes once, at the hour of the brand's clock, without
// what was read or may not be seen any more; nothing is sent of nothing.
func TestDigest(t *testing.T) {
	s := newDesk(t)
	olga := s.who("olga", access.Owner)
	s.choose(olga, "delivery.missed", notify.Choice{Studio: true, Digest: true}, daily)
	for range 3 {
		s.end("", delivery.Missed)
	}
	s.drain()
	list, _, err := notify.List(ctx, s, as("olga"), "b", notify.Filter{}, db.Page{})
	if err != nil {
		t.Fatal(err)
	}
	if err := notify.MarkRead(ctx, s.DB, as("olga"), "b", list[0].ID); err != nil {
		t.Fatal(err)
	}
	s.SetClock(time.Date(2026, 3, 3, 6, 59, 0, 0, time.UTC)) // 7:59
	s.round()
	if n := len(s.mails("olga")); n != 0 {
		t.Fatalf("%d letters too early", n)
	}
	s.SetClock(time.Date(2026, 3, 3, 7, 0, 0, 0, time.UTC))
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() { errs[i] = s.n.Digests(ctx, s.DB) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	got := s.mails("olga")
	if len(got) != 1 || got[0].Subject != "Acme: 2 things for you" || strings.Count(got[0].Text, "was not sent to") != 2 || !strings.Contains(got[0].Text, "/studio/acme/posts/p") {
		t.Fatalf("%d letters: %+v", len(got), got)
	}
	s.SetClock(time.Date(2026, 3, 4, 7, 0, 0, 0, time.UTC))
	s.round()
	if n := len(s.mails("olga")); n != 1 {
		t.Errorf("%d letters, the second one empty", n)
	}
	s.end("", delivery.Missed)
	s.drain()
	s.exec(`UPDATE access_grant SET ends_at = 1 WHERE account_id = 'olga'`)
	s.SetClock(time.Date(2026, 3, 5, 7, 0, 0, 0, time.UTC))
	s.round()
	if n := len(s.mails("olga")); n != 1 || s.count(`SELECT COUNT(*) FROM digest_item`) != 0 {
		t.Errorf("%d letters to one who left", n)
	}
}

// The hour is that of the brand's clock on every day, also where the clocks
// change; a weekly one comes on its day.
func TestDigestHour(t *testing.T) {
	for _, c := range []struct {
		name string
		at   string
		d    notify.Digest
		want string
	}{
		{"before the hour", "2026-03-02T05:00Z", daily, "2026-03-02T07:00Z"},
		{"at the hour", "2026-03-02T07:00Z", daily, "2026-03-03T07:00Z"},
		{"over the change to summer", "2026-03-28T12:00Z", daily, "2026-03-29T06:00Z"},
		{"in the hour that is skipped", "2026-03-28T12:00Z", notify.Digest{Every: notify.Daily, Hour: 2}, "2026-03-29T01:00Z"},
		{"in the hour that comes twice", "2026-10-24T12:00Z", notify.Digest{Every: notify.Daily, Hour: 2}, "2026-10-25T00:00Z"},
		{"in its second pass", "2026-10-25T00:30Z", notify.Digest{Every: notify.Daily, Hour: 2}, "2026-10-26T01:00Z"},
		{"weekly", "2026-03-02T12:00Z", notify.Digest{Every: notify.Weekly, Weekday: time.Friday, Hour: 17}, "2026-03-06T16:00Z"},
		{"weekly, just over", "2026-03-06T16:00Z", notify.Digest{Every: notify.Weekly, Weekday: time.Friday, Hour: 17}, "2026-03-13T16:00Z"},
	} {
		s := newDesk(t)
		at, err := time.Parse("2006-01-02T15:04Z", c.at)
		if err != nil {
			t.Fatal(err)
		}
		s.SetClock(at)
		s.choose(s.who("olga", access.Owner), "delivery.missed", notify.Choice{Digest: true}, c.d)
		s.end("", delivery.Missed)
		s.drain()
		var due db.Time
		if err := s.QueryRowContext(ctx, `SELECT due_at FROM digest_item`).Scan(&due); err != nil {
			t.Fatal(err)
		}
		if got := due.Time().UTC().Format("2006-01-02T15:04Z"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// A link in a letter stops its kind of letters and nothing else, without a
// sign-in; one that was made up stops nothing.
func TestStop(t *testing.T) {
	s := newDesk(t)
	s.choose(s.who("otto", access.Owner), "delivery.missed", notify.Choice{Digest: true}, daily)
	s.end("", delivery.Missed)
	s.drain()
	s.SetClock(time.Date(2026, 3, 3, 7, 0, 0, 0, time.UTC))
	s.round()
	for _, account := range []string{"olga", "otto"} {
		l := s.mails(account)[0]
		if l.Unsubscribe == "" || !strings.Contains(l.Text, l.Unsubscribe) || !strings.HasPrefix(l.Unsubscribe, "https://rapport.example/unsubscribe?t=") {
			t.Fatalf("the letter to %s cannot be stopped: %q", account, l.Unsubscribe)
		}
		u, err := url.Parse(l.Unsubscribe)
		if err != nil {
			t.Fatal(err)
		}
		stop, err := notify.ReadStop(s.keys, u.Query().Get("t"))
		if err != nil || stop.Account != account || stop.Digest() != (account == "otto") {
			t.Fatalf("%+v, %v", stop, err)
		}
		for range 2 { // a mail program may ask twice
			if err := stop.Do(ctx, s.DB, "192.0.2.1"); err != nil {
				t.Fatal(err)
			}
		}
		forged := u.Query().Get("t")
		for _, bad := range []string{"", "x", forged[:len(forged)-3], forged[:20] + "AAAA" + forged[24:]} {
			if _, err := notify.ReadStop(s.keys, bad); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	}
	s.end("", delivery.Missed)
	s.end("", delivery.Unknown)
	s.drain()
	s.SetClock(time.Date(2026, 3, 5, 7, 0, 0, 0, time.UTC))
	s.round()
	if n := len(s.mails("olga")); n != 2 || len(s.notifications("olga")) != 3 {
		t.Errorf("%d letters, want the old one and that of another kind", n)
	}
	if n := len(s.mails("otto")); n != 2 || s.count(`SELECT COUNT(*) FROM digest_item WHERE account_id = 'otto'`) != 0 {
		t.Errorf("%d letters, want the digest before and the letter of another kind", n)
	}
}

// What the team does together is told to those whom it concerns.
func TestTogether(t *testing.T) {
	s := newDesk(t)
	s.exec(`UPDATE account SET name = 'Olga' WHERE id = 'olga'`)
	s.exec(`UPDATE account SET name = 'Ann' WHERE id = 'ann'`)
	s.exec(`UPDATE post SET author_id = 'otto'`)
	olga := access.Who{Account: "olga", Grants: []access.Grant{{Brand: "b", Role: access.Owner}}}
	if _, err := comment.Add(ctx, s.DB, olga, "b", "p", comment.New{Text: "Look, @Ann"}); err != nil {
		t.Fatal(err)
	}
	gone, err := comment.Add(ctx, s.DB, olga, "b", "p", comment.New{Text: "Oh, @Ann"})
	if err == nil {
		_, err = comment.Remove(ctx, s.DB, olga, "b", gone.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := task.Create(ctx, s.DB, olga, "b", "", "", task.Input{Title: "Call the printer", Assignee: "ann", DueAt: db.At(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))}); err != nil {
		t.Fatal(err)
	}
	s.drain()
	s.SetClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
	s.round()
	var first string
	if err := s.QueryRowContext(ctx, `SELECT id FROM comment ORDER BY id LIMIT 1`).Scan(&first); err != nil {
		t.Fatal(err)
	}
	for account, want := range map[string]string{"ann": "Due now: Call the printer|Olga gave you a task: Call the printer|Olga names you in a comment", "otto": "Olga commented on a post", "olga": "", "sam": ""} {
		var got []string
		for _, line := range s.notifications(account) {
			text, _, _ := strings.Cut(line, " → ")
			got = append(got, text)
		}
		if diff := cmp.Diff(want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%s: %s", account, diff)
		}
	}
	if got := s.notifications("otto"); len(got) != 1 || !strings.HasSuffix(got[0], "/studio/acme/posts/p#comment-"+first) {
		t.Errorf("%q", got)
	}
}

// Somebody who waits for a day is told of once, to those who may answer.
func TestLongWait(t *testing.T) {
	s := newDesk(t)
	since := s.Now().Add(-25 * time.Hour)
	for i, c := range []struct {
		id    string
		since db.Time
		state string
	}{{"k", since, "open"}, {"fresh", s.Now(), "open"}, {"old", since.Add(-100 * time.Hour), "open"}, {"done", since, "done"}} {
		s.exec(`INSERT INTO conversation (id, brand_id, channel_id, kind, root, excerpt, state, state_at, last_at, waiting_since, created_at)
			VALUES ($1, 'b', 'c', 'mention', $2, 'Where is my parcel?', $3, 1, 1, $4, 1)`, c.id, fmt.Sprint(i), c.state, c.since)
	}
	s.round()
	s.round()
	for account, want := range map[string]int{"olga": 1, "otto": 1, "ann": 0, "sam": 0} {
		if n := s.count(`SELECT COUNT(*) FROM digest_item WHERE account_id = $1`, account); n != want {
			t.Errorf("%s has %d lines, want %d", account, n, want)
		}
	}
}

func TestOldNotificationsAreForgotten(t *testing.T) {
	s := newDesk(t)
	s.end("", delivery.Missed)
	s.drain()
	s.SetClock(s.Now().Time().Add(notify.Keep + time.Hour))
	s.end("", delivery.Missed)
	s.drain()
	if err := errors.Join(notify.Sweep(ctx, s.DB), letter.Sweep(ctx, s.DB)); err != nil {
		t.Fatal(err)
	}
	if n, m := len(s.notifications("olga")), len(s.mails("olga")); n != 1 || m != 1 {
		t.Errorf("%d notifications and %d letters are left, want 1", n, m)
	}
}

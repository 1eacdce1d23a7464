package notify_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/letter"
	"rapport/internal/network"
	"rapport/internal/notify"
	"rapport/internal/outbox"
)

type place struct{}

func (place) Facts() network.Facts { return network.Facts{Name: "place", Title: "The Place"} }

// stage is a brand with an owner, a second owner, an author and a stranger, a
// channel and a post.
type stage struct {
	*db.DB
	t      *testing.T
	reader *outbox.Reader
}

var ctx = context.Background()

func newStage(t *testing.T) *stage {
	d := dbtest.Open(t)
	s := &stage{d, t, outbox.NewReader(d, slog.Default())}
	n := &notify.Notifier{Letters: &letter.Letters{DB: d}, Networks: network.NewSet(place{}), BaseURL: "https://rapport.example/"}
	n.Listen(s.reader)
	s.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ('b', 'acme', 'Acme', '#336699', 'Europe/Berlin', 1)`)
	for _, a := range []string{"olga", "otto", "ann", "sam"} {
		s.exec(`INSERT INTO account (id, email, name, password_hash, created_at) VALUES ($1, $2, 'Somebody', '', 1)`, a, a+"@example.org")
	}
	s.grant("olga", access.Owner)
	s.grant("otto", access.Owner)
	s.grant("ann", access.Creator)
	s.exec(`INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ('c', 'b', 'place', '1', '@acme', 'Acme', '', '{}', 'connected', 1, 1)`)
	s.exec(`INSERT INTO post (id, brand_id, state, body, excerpt, revision, approved, created_at, updated_at)
		VALUES ('p', 'b', 'approved', '{}', 'Spring sale', 1, 1, 1, 1)`)
	return s
}

func (s *stage) exec(query string, args ...any) {
	s.t.Helper()
	if _, err := s.ExecContext(ctx, query, args...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) tx(fn func(tx *db.Tx) error) {
	s.t.Helper()
	if err := s.Tx(ctx, fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) grant(account string, role access.Role) {
	s.exec(`INSERT INTO access_grant (id, account_id, brand_id, role, created_at) VALUES ($1, $2, 'b', $3, 1)`, "g-"+account, account, role)
}

// end makes a delivery of the author's that ended in the state, with the
// parts in theirs, and its event.
func (s *stage) end(author string, state delivery.State, parts ...delivery.PartState) {
	s.t.Helper()
	id := db.NewID()
	s.exec(`INSERT INTO delivery (id, brand_id, post_id, channel_id, state, due_at, run_at, revision, author_id, created_at, updated_at)
		VALUES ($1, 'b', 'p', 'c', $2, 1, 1, 1, $3, 1, 1)`, id, state, author)
	for i, p := range parts {
		s.exec(`INSERT INTO part (delivery_id, ord, brand_id, kind, state, text) VALUES ($1, $2, 'b', 'post', $3, '')`, id, i, p)
	}
	s.event("delivery."+string(state), id)
}

func (s *stage) event(kind, subject string) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error {
		return outbox.Add(ctx, tx, outbox.Event{Brand: "b", Kind: kind, Subject: subject,
			Data: map[string]string{"reason": "The text is too long."}})
	})
}

func (s *stage) drain() {
	s.t.Helper()
	if _, err := s.reader.Drain(ctx); err != nil {
		s.t.Fatal(err)
	}
	var left int
	if err := s.QueryRowContext(ctx, `SELECT COUNT(*) FROM outbox`).Scan(&left); err != nil || left != 0 {
		s.t.Fatalf("%d events are left, %v", left, err)
	}
}

func as(account string) access.Who {
	return access.Who{Account: account, Grants: []access.Grant{{Brand: "b", Role: access.Owner}}}
}

func (s *stage) notifications(account string) []string {
	s.t.Helper()
	list, _, err := notify.List(ctx, s, as(account), "b", notify.Filter{}, db.Page{})
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for _, n := range list {
		out = append(out, n.Text+" → "+n.Href)
	}
	return out
}

func (s *stage) letters() []letter.Letter {
	s.t.Helper()
	list, _, err := letter.List(ctx, s, as("olga"), "b", db.Page{Limit: 200})
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func TestWordsOfEachTrouble(t *testing.T) {
	const out, waiting = delivery.PartPublished, delivery.PartWaiting
	for _, c := range []struct {
		name  string
		state delivery.State
		parts []delivery.PartState
		text  string
		lines []string
	}{
		{"rejected", delivery.Rejected, nil, "@acme (The Place) refused “Spring sale”",
			[]string{"The text is too long.", "It is not out there. What you wrote is kept as it is."}},
		{"unknown", delivery.Unknown, nil, "“Spring sale” may or may not be out on @acme (The Place)",
			[]string{"It will not be sent again until somebody has looked."}},
		{"missed", delivery.Missed, nil, "“Spring sale” was not sent to @acme (The Place)",
			[]string{"Its time has passed and it was not sent late."}},
		{"half rejected", delivery.Rejected, []delivery.PartState{out, out, delivery.PartRejected}, "@acme (The Place) refused “Spring sale”",
			[]string{"2 of 3 parts are out and stay there; the others were not sent."}},
		{"half unknown", delivery.Unknown, []delivery.PartState{out, delivery.PartUnknown, waiting}, "“Spring sale” may or may not be out on @acme (The Place)",
			[]string{"1 of 3 parts are out, the next one is in doubt, and the rest waits."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			s.end("ann", c.state, c.parts...)
			s.drain()
			for _, account := range []string{"olga", "otto", "ann"} {
				if diff := cmp.Diff([]string{c.text + " → /studio/acme/posts/p"}, s.notifications(account)); diff != "" {
					t.Errorf("%s: %s", account, diff)
				}
			}
			if got := s.notifications("sam"); got != nil {
				t.Errorf("a stranger was told %q", got)
			}
			letters := s.letters()
			if len(letters) != 3 {
				t.Fatalf("%d letters", len(letters))
			}
			for _, l := range letters {
				if l.Subject != "Acme: "+c.text || l.State != letter.Kept {
					t.Errorf("%s, subject %q", l.State, l.Subject)
				}
				for _, line := range append(c.lines, "https://rapport.example/studio/acme/posts/p") {
					if !strings.Contains(l.Text, line) || !strings.Contains(l.HTML, line) {
						t.Errorf("the letter to %s lacks %q:\n%s", l.Address, line, l.Text)
					}
				}
			}
		})
	}
}

func TestChannelThatNeedsAttention(t *testing.T) {
	s := newStage(t)
	s.tx(func(tx *db.Tx) error { return channel.Attention(ctx, tx, "b", "c", "The key was withdrawn.") })
	s.drain()
	if diff := cmp.Diff([]string{"Connect @acme (The Place) again → /studio/acme/channels"}, s.notifications("olga")); diff != "" {
		t.Error(diff)
	}
	if got := s.notifications("ann"); got != nil {
		t.Errorf("the creator, who cannot connect it, was told %q", got)
	}
	if l := s.letters(); len(l) != 2 || !strings.Contains(l[0].Text, "The key was withdrawn.") {
		t.Errorf("letters %+v", l)
	}
}

func TestWhoIsTold(t *testing.T) {
	for _, c := range []struct {
		name   string
		change string
		author string
		want   string
	}{
		{"an owner who is the author is told once", "", "olga", "olga otto"},
		{"an author who left is not told", `UPDATE access_grant SET ends_at = 1 WHERE account_id = 'ann'`, "ann", "olga otto"},
		{"an author with other channels is not told", `UPDATE access_grant SET channels = '["x"]' WHERE account_id = 'ann'`, "ann", "olga otto"},
		{"a closed account is not told", `UPDATE account SET disabled_at = 1 WHERE id IN ('otto', 'ann')`, "ann", "olga"},
		{"no author", "", "", "olga otto"},
		{"an author who is gone", "", "nobody", "olga otto"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			if c.change != "" {
				s.exec(c.change)
			}
			s.end(c.author, delivery.Missed)
			s.drain()
			var got []string
			for _, a := range []string{"olga", "otto", "ann", "sam"} {
				for range s.notifications(a) {
					got = append(got, a)
				}
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
			if n := len(s.letters()); n != len(got) {
				t.Errorf("%d letters for %d people", n, len(got))
			}
		})
	}
}

func TestWhatIsOverIsNotTold(t *testing.T) {
	s := newStage(t)
	s.end("ann", delivery.Missed)
	s.exec(`UPDATE delivery SET state = 'scheduled'`)
	s.event("delivery.rejected", "no such delivery")
	s.event("channel.attention", "c")
	s.exec(`INSERT INTO outbox (id, brand_id, kind, subject, data, created_at) VALUES ('x', 'gone', 'delivery.missed', 'y', '{}', 1)`)
	s.drain()
	if got := s.notifications("olga"); got != nil {
		t.Errorf("told %q", got)
	}
}

func TestMailboxIsNotFlooded(t *testing.T) {
	s := newStage(t)
	for range 25 {
		s.end("", delivery.Missed)
	}
	s.drain()
	if n := len(s.notifications("olga")); n != 25 {
		t.Errorf("%d notifications of 25", n)
	}
	var mine []letter.Letter
	for _, l := range s.letters() {
		if l.Account == "olga" {
			mine = append(mine, l)
		}
	}
	if len(mine) != 20 || !strings.Contains(mine[0].Text, "you were sent 20 letters") || strings.Contains(mine[1].Text, "you were sent") {
		t.Errorf("%d letters, the last one says:\n%s", len(mine), mine[0].Text)
	}
	s.ShiftClock(2 * time.Hour)
	s.end("", delivery.Missed)
	s.drain()
	if l := s.letters()[0]; strings.Contains(l.Text, "you were sent") {
		t.Errorf("hours later:\n%s", l.Text)
	}
}

func TestReadAndUnread(t *testing.T) {
	s := newStage(t)
	for range 3 {
		s.end("", delivery.Missed)
	}
	s.drain()
	unread := func(account string) int {
		n, err := notify.Unread(ctx, dbtest.Indexed(t, s.DB), as(account), "b")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	first, next, err := notify.List(ctx, dbtest.Indexed(t, s.DB), as("olga"), "b", notify.Filter{}, db.Page{Limit: 2})
	if err != nil || len(first) != 2 || next == "" {
		t.Fatalf("%d on the first page, next %q, %v", len(first), next, err)
	}
	rest, next, err := notify.List(ctx, s, as("olga"), "b", notify.Filter{}, db.Page{Limit: 2, After: next})
	if err != nil || len(rest) != 1 || next != "" {
		t.Fatalf("%d on the second page, next %q, %v", len(rest), next, err)
	}
	for _, c := range []struct {
		account string
		ids     []string
		want    int
	}{
		{"olga", []string{first[0].ID}, 2},
		{"otto", []string{first[1].ID}, 2}, // hers, not his
		{"olga", nil, 0},
	} {
		if err := notify.MarkRead(ctx, s.DB, as(c.account), "b", c.ids...); err != nil {
			t.Fatal(err)
		}
		if got := unread("olga"); got != c.want {
			t.Errorf("after %s read %d ids: %d unread, want %d", c.account, len(c.ids), got, c.want)
		}
	}
	if err := notify.MarkUnread(ctx, s.DB, as("olga"), "b", first[0].ID); err != nil || unread("olga") != 1 {
		t.Errorf("%d unread after one was taken back, %v", unread("olga"), err)
	}
	if err := notify.MarkUnread(ctx, s.DB, as("otto"), "b", first[0].ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("another's: %v", err)
	}
	for f, want := range map[notify.Filter]int{{Unread: true}: 1, {Topic: "delivery.missed"}: 3, {Topic: "mention"}: 0} {
		if list, _, err := notify.List(ctx, dbtest.Indexed(t, s.DB), as("olga"), "b", f, db.Page{}); err != nil || len(list) != want {
			t.Errorf("%+v: %d, want %d, %v", f, len(list), want, err)
		}
	}
	if _, _, err := notify.List(ctx, s, as("olga"), "b", notify.Filter{Topic: "weather"}, db.Page{}); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	if got := unread("otto"); got != 3 {
		t.Errorf("otto has %d unread, want 3", got)
	}
}

func TestNotificationsEndWithTheGrant(t *testing.T) {
	s := newStage(t)
	stranger := access.Who{Account: "sam"}
	_, listErr := notify.Unread(ctx, s, stranger, "b")
	for name, err := range map[string]error{"count": listErr, "mark": notify.MarkRead(ctx, s.DB, stranger, "b")} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSeveralEventsOfOneDeliveryAreToldEach(t *testing.T) {
	s := newStage(t)
	s.end("", delivery.Missed)
	s.drain()
	var id string
	if err := s.QueryRowContext(ctx, `SELECT id FROM delivery`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	s.event("delivery.missed", id)
	s.drain()
	if n := len(s.notifications("olga")); n != 2 {
		t.Errorf("told %d times of two", n)
	}
}

// Each reads in their own language; who chose none, in the brand's.
func TestEachIsToldInTheirLanguage(t *testing.T) {
	s := newStage(t)
	s.exec(`UPDATE account SET language = 'de' WHERE id = 'otto'`)
	s.tx(func(tx *db.Tx) error { return channel.Attention(ctx, tx, "b", "c", "The key was withdrawn.") })
	s.drain()
	for account, want := range map[string]string{
		"olga": "Connect @acme (The Place) again → /studio/acme/channels",
		"otto": "@acme (The Place) neu verbinden → /studio/acme/channels",
	} {
		if diff := cmp.Diff([]string{want}, s.notifications(account)); diff != "" {
			t.Errorf("%s: %s", account, diff)
		}
	}
	for _, l := range s.letters() {
		if german := strings.Contains(l.Subject, "neu verbinden"); german != (l.Address == "otto@example.org") {
			t.Errorf("to %s: %q", l.Address, l.Subject)
		}
	}
}

package link_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/link"
)

var ctx = context.Background()

const front = "https://talk.north.example"

// Late in the evening in Berlin it is the next day.
var start = time.Date(2026, 3, 2, 22, 59, 50, 0, time.UTC)

var berlin = func() *time.Location { l, _ := time.LoadLocation("Europe/Berlin"); return l }()

type world struct {
	*testing.T
	d   *db.DB
	who access.Who
}

func open(t *testing.T) *world {
	w := &world{T: t, d: dbtest.Open(t), who: access.Who{Account: "ada", Grants: []access.Grant{{Brand: "b", Role: access.Owner}}}}
	w.d.SetClock(start)
	w.exec(`INSERT INTO account (id, email, name, password_hash, created_at) VALUES ('ada', 'ada@example.com', 'Ada', '', 1)`)
	for _, b := range []string{"b", "other"} {
		w.exec(`INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'Europe/Berlin', 1)`, b)
	}
	return w
}

func (w *world) exec(text string, args ...any) {
	w.Helper()
	if _, err := w.d.ExecContext(ctx, text, args...); err != nil {
		w.Fatal(err)
	}
}

func (w *world) made(n link.New) link.Link {
	w.Helper()
	if n.Target == "" {
		n.Target = "/t/welcome/1"
	}
	l, err := link.Create(ctx, w.d, w.who, "b", front, n)
	if err != nil {
		w.Fatal(err)
	}
	return l
}

func TestTargets(t *testing.T) {
	w := open(t)
	tests := []struct{ name, target, want string }{
		{"a topic", "/t/welcome/1", "/t/welcome/1"},
		{"the front", "/", "/"},
		{"a topic by its whole address", front + "/t/welcome/1?page=2#21", "/t/welcome/1?page=2#21"},
		{"the front by its whole address", front, "/"},
		{"the front with a question", front + "?x=1", "/?x=1"},
		{"another site", "https://shop.example/beans?kind=dark", "https://shop.example/beans?kind=dark"},
		{"a host in another script", "https://Käse.example/", "https://xn--kse-qla.example/"},
		{"a port", "https://shop.example:8443/", "https://shop.example:8443/"},
		{"a host that begins as ours", front + ".evil.example/t/a/1", "https://talk.north.example.evil.example/t/a/1"},
		{"nothing", " ", ""},
		{"no encryption", "http://shop.example/", ""},
		{"a script", "javascript:alert(1)", ""},
		{"data", "data:text/html,x", ""},
		{"a name before the host", "https://talk.north.example@evil.example/", ""},
		{"a host alone", "//evil.example/t/a/1", ""},
		{"backslashes", `/\evil.example/`, ""},
		{"a climb", "/t/../studio", ""},
		{"the studio", "/studio", ""},
		{"the program's", "/api/v1/posts", ""},
		{"another link", "/l/abcdefgh", ""},
		{"a break", "https://shop.example/\r\nSet-Cookie: a=b", ""},
		{"no host", "https:///x", ""},
		{"this machine", "https://localhost/", ""},
		{"too long", "https://shop.example/" + strings.Repeat("a", 2000), ""},
		{"no address", "shop.example", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := link.Create(ctx, w.d, w.who, "b", front, link.New{Target: tt.target})
			if tt.want == "" {
				if f := fault.Fields(err); len(f) != 1 || f[0].Name != "target" {
					t.Fatalf("%q %v", l.Target, err)
				}
				return
			}
			if err != nil || l.Target != tt.want {
				t.Errorf("%q %v", l.Target, err)
			}
		})
	}
}

func TestLocations(t *testing.T) {
	w := open(t)
	tests := []struct{ name, target, source, campaign, base, want string }{
		{"at home", "/t/welcome/1", "Mastodon", "Spring Sale 2026!", "", "/t/welcome/1?utm_source=mastodon&utm_medium=social&utm_campaign=spring-sale-2026"},
		{"below a path", "/t/welcome/1", "", "", "/b/north", "/b/north/t/welcome/1?utm_source=link&utm_medium=social"},
		{"what is there stays", "https://shop.example/?a=b&utm_source=mine#top", "demo", "", "/b/north", "https://shop.example/?a=b&utm_source=mine&utm_medium=social#top"},
		{"a place in a page", "/t/welcome/1#7", "demo", "", "", "/t/welcome/1?utm_source=demo&utm_medium=social#7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := w.made(link.New{Target: tt.target, Source: tt.source, Campaign: tt.campaign})
			if got := l.Location(tt.base); got != tt.want {
				t.Error(got)
			}
		})
	}
}

func TestCodes(t *testing.T) {
	w := open(t)
	seen := map[string]bool{}
	for range 200 {
		l := w.made(link.New{})
		if seen[l.Code] || len(l.Code) != 8 || strings.ContainsAny(l.Code, "01ilo") {
			t.Fatal(l.Code)
		}
		seen[l.Code] = true
		got, err := link.ByCode(ctx, w.d, "b", l.Code)
		if err != nil || got != l {
			t.Fatalf("%v %v", got, err)
		}
		for _, bad := range []struct{ brand, code string }{{"other", l.Code}, {"b", strings.ToUpper(l.Code)}, {"b", l.Code + "2"}, {"b", l.Code[:7]}, {"b", ""}, {"b", strings.Repeat("a", 5000)}, {"b", "\x00\x00\x00\x00\x00\x00\x00\x00"}} {
			if _, err := link.ByCode(ctx, w.d, bad.brand, bad.code); !fault.Is(err, fault.NotFound) {
				t.Fatal(bad, err)
			}
		}
	}
}

func TestSentTwiceIsOneLink(t *testing.T) {
	w := open(t)
	id := db.NewID()
	var wg sync.WaitGroup
	got := make([]link.Link, 8)
	for i := range got {
		wg.Go(func() {
			l, err := link.Create(ctx, w.d, w.who, "b", front, link.New{ID: id, Target: "/t/welcome/1"})
			if err != nil {
				t.Error(err)
			}
			got[i] = l
		})
	}
	wg.Wait()
	for _, l := range got {
		if l != got[0] {
			t.Fatal(got)
		}
	}
	all, _, err := link.List(ctx, w.d, w.who, "b", link.Filter{}, db.Page{})
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	// Somebody else's id makes another link.
	other := w.who
	other.Account = "someone"
	l, err := link.Create(ctx, w.d, other, "b", front, link.New{ID: id, Target: "/"})
	if err != nil || l.ID == id {
		t.Fatal(l, err)
	}
}

func TestWhoMay(t *testing.T) {
	w := open(t)
	l := w.made(link.New{})
	tests := []struct {
		role        access.Role
		read, write bool
	}{
		{access.Owner, true, true}, {access.Manager, true, true}, {access.Strategist, true, true}, {access.Creator, true, true},
		{access.Community, true, true}, {access.Analyst, true, false}, {access.Moderator, false, false}, {access.Ambassador, false, false}, {"", false, false},
	}
	for _, tt := range tests {
		t.Run(string(tt.role), func(t *testing.T) {
			who := access.Who{Account: "x"}
			if tt.role != "" {
				who.Grants = []access.Grant{{Brand: "b", Role: tt.role}}
			}
			_, _, err := link.List(ctx, w.d, who, "b", link.Filter{}, db.Page{})
			_, err2 := link.ByID(ctx, w.d, who, "b", l.ID)
			if (err == nil) != tt.read || (err2 == nil) != tt.read {
				t.Error("read", err, err2)
			}
			_, err = link.Create(ctx, w.d, who, "b", front, link.New{Target: "/"})
			_, err2 = link.End(ctx, w.d, who, "b", l.ID, false)
			if (err == nil) != tt.write || (err2 == nil) != tt.write {
				t.Error("write", err, err2)
			}
		})
	}
}

func TestNamedChannelsSeeTheirs(t *testing.T) {
	w := open(t)
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		for _, c := range []string{"", "c", "d"} {
			if _, err := link.Add(ctx, tx, w.who, "b", link.New{Target: "/", Channel: c, Post: "p"}); err != nil {
				return err
			}
		}
		return nil
	}))
	narrow := access.Who{Account: "n", Grants: []access.Grant{{Brand: "b", Role: access.Creator, Channels: []string{"c"}}}}
	all, _, err := link.List(ctx, w.d, narrow, "b", link.Filter{Post: "p"}, db.Page{})
	w.must(err)
	var seen []string
	for _, l := range all {
		seen = append(seen, l.Channel)
		_, err := link.ByID(ctx, w.d, narrow, "b", l.ID)
		w.must(err)
	}
	if slices.Sort(seen); !slices.Equal(seen, []string{"", "c"}) {
		t.Error(seen)
	}
	err = w.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := link.Add(ctx, tx, narrow, "b", link.New{Target: "/", Channel: "d"})
		return err
	})
	if !fault.Is(err, fault.Denied) {
		t.Error(err)
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func TestListPages(t *testing.T) {
	w := open(t)
	for i := range 7 {
		w.d.SetClock(start.Add(time.Millisecond * time.Duration(i/2))) // two in the same moment
		w.made(link.New{Campaign: fmt.Sprint("c", i%2)})
	}
	seen := map[string]bool{}
	after, pages := "", 0
	for {
		all, next, err := link.List(ctx, dbtest.Indexed(t, w.d), w.who, "b", link.Filter{}, db.Page{After: after, Limit: 3})
		w.must(err)
		for _, l := range all {
			seen[l.ID] = true
		}
		if pages++; next == "" {
			break
		}
		after = next
	}
	if len(seen) != 7 || pages != 3 {
		t.Error(len(seen), pages)
	}
	for _, f := range []link.Filter{{Campaign: "c1"}, {Post: "p"}, {Post: "p", Campaign: "c1"}} {
		all, _, err := link.List(ctx, dbtest.Indexed(t, w.d), w.who, "b", f, db.Page{})
		if err != nil || len(all) != map[link.Filter]int{{Campaign: "c1"}: 3}[f] {
			t.Error(f, len(all), err)
		}
	}
}

func TestEndedLinksLeadNowhere(t *testing.T) {
	w := open(t)
	l := w.made(link.New{})
	for range 2 {
		_, err := link.End(ctx, w.d, w.who, "b", l.ID, true)
		w.must(err)
	}
	if _, err := link.ByCode(ctx, w.d, "b", l.Code); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	_, err := link.End(ctx, w.d, w.who, "b", l.ID, false)
	w.must(err)
	_, err = link.ByCode(ctx, w.d, "b", l.Code)
	w.must(err)
	var n int
	w.must(w.d.QueryRowContext(ctx, `SELECT COUNT(*) FROM audit WHERE subject = $1`, l.ID).Scan(&n))
	if n != 3 {
		t.Error(n, "lines in the log")
	}
}

// Names that real browsers and programs send.
func TestKinds(t *testing.T) {
	const safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
	tests := []struct {
		name, method, agent, header string
		want                        link.Kind
	}{
		{"a phone", "GET", safari, "", link.Person},
		{"a desktop", "GET", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "", link.Person},
		{"inside an app", "GET", safari + " [FBAN/FBIOS;FBAV/480.0]", "", link.Person},
		{"inside another", "GET", "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36 Telegram-Android/11.5.3", "", link.Person},
		{"a phone called Cubot", "GET", "Mozilla/5.0 (Linux; Android 12; CUBOT X50) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36", "", link.Person},
		{"only the head", "HEAD", safari, "", link.Bot},
		{"no name", "GET", "", "", link.Bot},
		{"a name that is none", "GET", "hello", "", link.Bot},
		{"Facebook", "GET", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "", link.Bot},
		{"X", "GET", "Twitterbot/1.0", "", link.Bot},
		{"Mastodon", "GET", "Mastodon/4.3.0 (http.rb/5.2.0; +https://mastodon.social/)", "", link.Bot},
		{"Bluesky", "GET", "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)", "", link.Bot},
		{"WhatsApp", "GET", "WhatsApp/2.23.20.0", "", link.Bot},
		{"Slack", "GET", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "", link.Bot},
		{"Google", "GET", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "", link.Bot},
		{"a script", "GET", "curl/8.5.0", "", link.Bot},
		{"another", "GET", "Python/3.12 aiohttp/3.9", "", link.Bot},
		{"no screen", "GET", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/130.0 Safari/537.36", "", link.Bot},
		{"looking ahead", "GET", safari, "Sec-Purpose: prefetch;prerender", link.Nobody},
		{"looking ahead, the old way", "GET", safari, "Purpose: prefetch", link.Nobody},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/l/abcdefgh", nil)
			r.Header.Set("User-Agent", tt.agent)
			if name, value, ok := strings.Cut(tt.header, ": "); ok {
				r.Header.Set(name, value)
			}
			if got := link.KindOf(r); got != tt.want {
				t.Error(got)
			}
		})
	}
}

func (w *world) counts(from, to string) map[string]link.Counts {
	w.Helper()
	all, err := link.ByDay(ctx, dbtest.Indexed(w.T, w.d), "b", from, to)
	w.must(err)
	return all
}

func TestCounting(t *testing.T) {
	w := open(t)
	l, other := w.made(link.New{}), w.made(link.New{})
	c := link.NewCounter(w.d, nil)
	click := func(l link.Link, k link.Kind, address string) { c.Count(l, berlin, k, address, "Firefox/1") }

	click(l, link.Person, "192.0.2.1")
	click(l, link.Person, "192.0.2.1") // at once again
	click(l, link.Person, "192.0.2.2")
	click(other, link.Person, "192.0.2.1")
	click(l, link.Nobody, "192.0.2.3")
	click(l, link.Bot, "192.0.2.4")
	w.d.SetClock(start.Add(9 * time.Second)) // still the same day
	click(l, link.Person, "192.0.2.1")
	w.d.SetClock(start.Add(10 * time.Second)) // midnight in Berlin
	click(l, link.Person, "192.0.2.1")
	w.must(c.Flush(ctx))
	w.must(c.Flush(ctx)) // nothing is left
	want := map[string]link.Counts{"2026-03-02": {People: 3, Bots: 1}, "2026-03-03": {People: 1}}
	if diff := cmp.Diff(want, w.counts("2026-03-01", "2026-04-01")); diff != "" {
		t.Error(diff)
	}
	people, bots, err := link.Clicks(ctx, w.d, "b", "2026-03-02", "2026-03-03")
	if err != nil || people != 3 || bots != 1 {
		t.Error(people, bots, err)
	}
	tally, err := link.Tallies(ctx, dbtest.Indexed(t, w.d), "b", []string{l.ID, other.ID}, "2026-03-03")
	w.must(err)
	if diff := cmp.Diff(map[string]link.Tally{
		l.ID:     {Counts: link.Counts{People: 3, Bots: 1}, Days: map[string]link.Counts{"2026-03-03": {People: 1}}},
		other.ID: {Counts: link.Counts{People: 1}, Days: map[string]link.Counts{}},
	}, tally); diff != "" {
		t.Error(diff)
	}
	if all, err := link.ByDay(ctx, w.d, "other", "2026-03-01", "2026-04-01"); err != nil || len(all) != 0 {
		t.Error(all, err)
	}
}

// TestTwoMachinesCount: each adds what it counted to what is there.
func TestTwoMachinesCount(t *testing.T) {
	w := open(t)
	l, other := w.made(link.New{}), w.made(link.New{})
	var wg sync.WaitGroup
	for node := range 4 {
		c := link.NewCounter(w.d, nil)
		wg.Go(func() {
			for i := range 50 {
				c.Count(l, berlin, link.Person, fmt.Sprint(node, "-", i), "Firefox/1")
				c.Count(other, berlin, link.Bot, fmt.Sprint(node, "-", i), "curl/8")
				if i%10 == 9 {
					if err := c.Flush(ctx); err != nil {
						t.Error(err)
					}
				}
			}
			if err := c.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	people, bots, err := link.Clicks(ctx, w.d, "b", "2026-03-01", "2026-04-01")
	if err != nil || people != 200 || bots != 200 {
		t.Error(people, bots, err)
	}
}

// TestNothingIsLostWhileTheDatabaseIsAway: counts wait for the next writing.
func TestNothingIsLostWhileTheDatabaseIsAway(t *testing.T) {
	w := open(t)
	l := w.made(link.New{})
	c := link.NewCounter(w.d, nil)
	c.Count(l, berlin, link.Person, "192.0.2.1", "Firefox/1")
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := c.Flush(gone); err == nil {
		t.Fatal("it was written")
	}
	c.Count(l, berlin, link.Person, "192.0.2.2", "Firefox/1")
	w.must(c.Stop(ctx))
	if people, _, err := link.Clicks(ctx, w.d, "b", "2026-03-01", "2026-04-01"); err != nil || people != 2 {
		t.Error(people, err)
	}
}

// TestGoneLinksHoldNothingUp: what was counted of a link that went with its
// brand keeps no other count from being written.
func TestGoneLinksHoldNothingUp(t *testing.T) {
	w := open(t)
	l, gone := w.made(link.New{}), w.made(link.New{})
	c := link.NewCounter(w.d, nil)
	for _, one := range []link.Link{l, gone} {
		c.Count(one, berlin, link.Person, "192.0.2.1", "Firefox/1")
	}
	w.exec(`DELETE FROM link WHERE id = $1`, gone.ID)
	w.must(c.Flush(ctx))
	if people, _, err := link.Clicks(ctx, w.d, "b", "2026-03-01", "2026-04-01"); err != nil || people != 1 {
		t.Error(people, err)
	}
}

func TestJoined(t *testing.T) {
	w := open(t)
	l := w.made(link.New{})
	for i, state := range []string{"active", "asking", "refused", "suspended", "left"} {
		w.exec(`INSERT INTO member (id, brand_id, handle, name, name_key, state, state_at, joined_at, seen_at) VALUES ($1, 'b', $4, $5, $6, $2, $3, 1, 1)`, fmt.Sprint("m", i), state, i, state, state, state)
		from, err := link.Arrival(ctx, w.d, "b", l.Code, "2026-03-01")
		w.must(err)
		w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
			for range 2 { // once is all
				if err := link.Arrived(ctx, tx, "b", fmt.Sprint("m", i), from, berlin); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	if n, err := link.Joined(ctx, w.d, "b", "2026-03-02", "2026-03-03"); err != nil || n != 3 {
		t.Error(n, err)
	}
	if n, err := link.Joined(ctx, w.d, "b", "2026-03-03", "2026-03-04"); err != nil || n != 0 {
		t.Error(n, err)
	}
	tally, err := link.Tallies(ctx, w.d, "b", []string{l.ID}, "2026-03-02")
	if err != nil || tally[l.ID].Joined != 3 || tally[l.ID].Days["2026-03-02"].Joined != 3 {
		t.Error(tally, err)
	}
	for _, forged := range []struct{ brand, code string }{{"other", l.Code}, {"b", "abcdefgh"}, {"b", "'; DROP"}, {"b", ""}} {
		if from, err := link.Arrival(ctx, w.d, forged.brand, forged.code, "2026-03-01"); err != nil || from != "" {
			t.Error(forged, from, err)
		}
	}
	w.must(w.d.Tx(ctx, func(tx *db.Tx) error {
		return link.Arrived(ctx, tx, "other", "m0", fmt.Sprintf(`{"link":%q}`, l.ID), berlin)
	}))
}

// From social came who followed a link of a channel, or one that is shared on a
// network of the brand's; the community is none.
func TestFromSocialIsFromANetwork(t *testing.T) {
	w := open(t)
	for _, net := range []string{"mastodon", "community"} {
		w.exec(`INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
			VALUES ($1, 'b', $2, 'us', '@north', 'North', '', '{}', 'connected', 1, 1)`, "of-"+net, net)
	}
	for i, source := range []string{"social", "mastodon", "community", "newsletter"} {
		l := w.made(link.New{Source: source})
		id := fmt.Sprint("m", i)
		w.exec(`INSERT INTO member (id, brand_id, handle, name, name_key, state, state_at, joined_at, seen_at) VALUES ($1, 'b', $2, $3, $4, 'active', 1, 1, 1)`, id, id, id, id)
		from, err := link.Arrival(ctx, w.d, "b", l.Code, "2026-03-01")
		w.must(err)
		w.must(w.d.Tx(ctx, func(tx *db.Tx) error { return link.Arrived(ctx, tx, "b", id, from, berlin) }))
	}
	if n, err := link.JoinedFromSocial(ctx, w.d, "b", "2026-03-02", "2026-03-03"); err != nil || n != 2 {
		t.Errorf("%d came from social, want 2, %v", n, err)
	}
}

func BenchmarkCount(b *testing.B) {
	d := dbtest.Open(b)
	c := link.NewCounter(d, nil)
	l := link.Link{ID: "l", Brand: "b"}
	for i := 0; b.Loop(); i++ {
		c.Count(l, berlin, link.Person, fmt.Sprint(i), http.MethodGet)
	}
}

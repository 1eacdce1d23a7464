package demoworld_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/blob"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/delivery"
	"rapport/internal/demoworld"
	"rapport/internal/job"
	"rapport/internal/media"
	"rapport/internal/metric"
	"rapport/internal/network"
	"rapport/internal/network/demo"
	"rapport/internal/network/demo/emulator"
	"rapport/internal/outbound"
	"rapport/internal/post"
	"rapport/internal/secret"
)

// stage is an installation with a demo network and an empty demo brand.
type stage struct {
	demoworld.World
	who   access.Who
	brand brand.Brand
	blobs *weary
}

// weary is a blob store that takes so many files more and then no longer.
type weary struct {
	blob.Store
	left atomic.Int64
}

func (w *weary) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	if w.left.Add(-1) < 0 {
		return blob.Info{}, errors.New("the disk is gone")
	}
	return w.Store.Put(ctx, key, r)
}

func newStage(t *testing.T, now time.Time) *stage {
	t.Helper()
	ctx := t.Context()
	s := &stage{World: demoworld.World{Width: 60}}
	s.DB = dbtest.Open(t)
	s.DB.SetClock(now)
	_, err := job.New(t.Context(), s.DB, job.NewWorkers(), job.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Network, err = emulator.New(emulator.Options{Now: func() time.Time { return s.DB.Now().Time() }}); err != nil {
		t.Fatal(err)
	}
	l, err := emulator.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Network.Serve(serving, l) }()
	t.Cleanup(func() { stop(); <-ended; s.Network.Close() })
	rule, err := outbound.ParseRule("127.0.0.1/32")
	if err != nil {
		t.Fatal(err)
	}
	client := outbound.New(outbound.Options{Allow: []outbound.Rule{rule}})
	t.Cleanup(client.Close)
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	folder, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s.blobs = &weary{Store: folder}
	s.blobs.left.Store(1 << 40)
	s.Library = &media.Library{DB: s.DB, Blobs: s.blobs}
	s.Channels = &channel.Channels{DB: s.DB, Keys: keys, Networks: network.NewSet(demo.New(client, func() string { return "http://" + l.Addr().String() }))}
	if s.brand, err = brand.Create(ctx, s.DB, access.System(), demoworld.Brand); err != nil {
		t.Fatal(err)
	}
	robin, err := account.Create(t.Context(), s.DB, access.System(), account.New{Email: "demo@rapport.example", Name: "Robin Demo", Password: "correct horse battery"}, func(tx *db.Tx, a account.Account) error {
		return account.Put(t.Context(), tx, a.ID, access.Grant{Brand: s.brand.ID, Role: access.Owner})
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.who, err = account.As(t.Context(), s.DB, robin); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) fill(t *testing.T) {
	t.Helper()
	if err := s.Fill(t.Context(), s.who, s.brand); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) counts(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, table := range []string{"channel", "media", "post", "variant", "delivery", "part", "delivery_event", "activity", "metric", "outbox"} {
		var n int
		if err := s.DB.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		out[table] = n
	}
	return out
}

// posts are all of the brand's.
func (s *stage) posts(t *testing.T) []post.Post {
	t.Helper()
	var out []post.Post
	page := db.Page{Limit: 200}
	for {
		some, next, err := post.List(t.Context(), s.DB, s.who, s.brand.ID, post.Filter{}, page)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, some...)
		if page.After = next; next == "" {
			return out
		}
	}
}

func (s *stage) deliveries(t *testing.T) []delivery.Delivery {
	t.Helper()
	var ids []string
	for _, p := range s.posts(t) {
		ids = append(ids, p.ID)
	}
	m, err := delivery.OfPosts(t.Context(), s.DB, s.brand.ID, ids)
	if err != nil {
		t.Fatal(err)
	}
	var out []delivery.Delivery
	for _, some := range m {
		out = append(out, some...)
	}
	return out
}

var midday = time.Date(2026, 11, 22, 11, 40, 0, 0, time.UTC)

func TestFillIsDoneOnce(t *testing.T) {
	s := newStage(t, midday)
	s.fill(t)
	want := s.counts(t)
	if want["post"] < 280 || want["post"] > 450 || want["media"] < 40 || want["channel"] != 4 || want["metric"] < 5000 {
		t.Errorf("this is no lively brand: %v", want)
	}
	s.DB.SetClock(midday.Add(40 * 24 * time.Hour))
	s.fill(t)
	if diff := cmp.Diff(want, s.counts(t)); diff != "" {
		t.Errorf("filling again changed something (-before +after):\n%s", diff)
	}
}

// A start that breaks off leaves no half of a year, and the next one writes
// the same year as the first would have.
func TestFillGoesOnAfterAFailure(t *testing.T) {
	s := newStage(t, midday)
	s.blobs.left.Store(30)
	if err := s.Fill(t.Context(), s.who, s.brand); err == nil {
		t.Fatal("a full disk was not noticed")
	}
	if n := s.counts(t)["post"]; n != 0 {
		t.Errorf("%d posts are there already", n)
	}
	s.blobs.left.Store(1 << 40)
	s.DB.SetClock(midday.Add(3 * time.Hour))
	s.fill(t)
	for _, d := range s.deliveries(t) {
		if d.PublishedAt > db.At(midday) {
			t.Errorf("%s went out at %s, after the first start", d.ID, d.PublishedAt.Time())
		}
	}
}

func TestEverythingFits(t *testing.T) {
	s := newStage(t, midday)
	s.fill(t)
	for _, p := range s.posts(t) {
		checks, err := post.Check(t.Context(), s.DB, s.who, s.brand.ID, p.Input())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range checks {
			for _, problem := range c.Problems {
				t.Errorf("%s on %s: %s", p.Excerpt, c.Handle, problem.Text)
			}
		}
	}
	all, _, err := media.List(t.Context(), s.DB, s.who, s.brand.ID, media.Filter{}, db.Page{Limit: 200})
	if err != nil || len(all) < 40 {
		t.Fatalf("%d pictures, %v", len(all), err)
	}
	for _, m := range all {
		if len(m.Alt) < 30 {
			t.Errorf("%s is not described: %q", m.Name, m.Alt)
		}
	}
}

// The same text twice would give the year away.
func TestNothingIsSaidTwice(t *testing.T) {
	s := newStage(t, midday)
	s.fill(t)
	seen := map[string]bool{}
	for _, p := range s.posts(t) {
		text := p.Body.Parts[0].Text
		if seen[text] && p.State != post.StateDraft {
			t.Errorf("said twice: %q", text)
		}
		seen[text] = true
	}
}

func TestTheYearFitsItsNow(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, now := range map[string]time.Time{
		"a Sunday in November":       midday,
		"the night of spring":        time.Date(2026, 3, 29, 1, 30, 0, 0, berlin),
		"the morning after it":       time.Date(2026, 3, 29, 8, 0, 0, 0, berlin),
		"the hour that comes twice":  time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC),
		"new year's eve":             time.Date(2026, 12, 31, 23, 59, 0, 0, berlin),
		"a leap day":                 time.Date(2028, 2, 29, 12, 0, 0, 0, berlin),
		"a minute after a post time": time.Date(2026, 6, 1, 8, 11, 0, 0, berlin),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, now)
			s.fill(t)
			s.checkTimes(t, now)
		})
	}
}

func (s *stage) checkTimes(t *testing.T, now time.Time) {
	t.Helper()
	at := db.At(now)
	count := map[delivery.State]int{}
	var half, soon, coming int
	for _, d := range s.deliveries(t) {
		count[d.State]++
		switch d.State {
		case delivery.Scheduled:
			if d.DueAt <= at || d.DueAt > at.Add(21*24*time.Hour) {
				t.Errorf("scheduled for %s", d.DueAt.Time())
			}
			if d.DueAt < at.Add(15*time.Minute) {
				soon++
			}
			if d.DueAt < at.Add(7*24*time.Hour) {
				coming++
			}
		case delivery.Published:
			if late := d.PublishedAt.Sub(d.DueAt); d.PublishedAt >= at || late < 0 || late > 3*time.Second || d.CreatedAt >= d.DueAt {
				t.Errorf("due %s, out %s, made %s", d.DueAt.Time(), d.PublishedAt.Time(), d.CreatedAt.Time())
			}
		}
		if d.HalfSent() {
			half++
		}
	}
	if count[delivery.Rejected] != 2 || count[delivery.Unknown] != 1 || half != 1 || soon != 1 {
		t.Errorf("states %v, %d half sent, %d in the next quarter of an hour", count, half, soon)
	}
	if count[delivery.Published] < 300 || coming < 5 {
		t.Errorf("%d out, %d in the coming week", count[delivery.Published], coming)
	}
	hour := map[int]bool{}
	for _, d := range s.deliveries(t) {
		hour[d.DueAt.Time().In(s.brand.Location()).Hour()] = true
	}
	for _, h := range []int{1, 2, 3, 4, 5, 6} {
		if hour[h] && now.In(s.brand.Location()).Hour() > 6 {
			t.Errorf("something goes out at %d in the night", h)
		}
	}
}

// What Rapport calls published stands on the demo network, with the numbers
// that were read of it.
func TestWhatIsOutIsOnTheNetwork(t *testing.T) {
	s := newStage(t, midday)
	s.fill(t)
	out := 0
	for _, d := range s.deliveries(t) {
		for i, p := range d.Parts {
			if p.State != delivery.PartPublished {
				continue
			}
			out++
			there, ok := s.Network.Find(p.Ref.ID)
			if !ok || there.Text != p.Text || len(there.Media) != len(p.Media) || i > 0 && there.InReplyTo != d.Parts[i-1].Ref.ID {
				t.Errorf("part %d of %s: %+v", i, d.ID, there)
			}
		}
		if d.PublishedAt > 0 && d.PublishedAt < db.At(midday.Add(-30*24*time.Hour)) {
			s.checkNumbers(t, d)
		}
	}
	if out < 300 {
		t.Errorf("%d parts are out", out)
	}
}

func (s *stage) checkNumbers(t *testing.T, d delivery.Delivery) {
	t.Helper()
	all, err := metric.History(t.Context(), s.DB, s.brand.ID, d.ID, 0)
	if err != nil || len(all) != 24 {
		t.Fatalf("%d readings of %s, %v", len(all), d.ID, err)
	}
	for _, r := range all {
		if n, ok := s.Network.NumbersAt(d.RemoteID, r.At.Time()); r.Name == metric.Views && (!ok || n.Views != r.Value) {
			t.Errorf("%d views are kept, the network says %d", r.Value, n.Views)
		}
	}
}

func TestCrowd(t *testing.T) {
	s := newStage(t, midday)
	before, err := account.Team(t.Context(), s.DB, access.System(), s.brand.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Crowd(t.Context(), s.brand, demoworld.Crowd{Accounts: 20, Brands: 3, Acts: 6000}); err != nil {
		t.Fatal(err)
	}
	after, err := account.Team(t.Context(), s.DB, access.System(), s.brand.ID)
	if err != nil || len(after)-len(before) != 20 {
		t.Errorf("%d more in the team, %v", len(after)-len(before), err)
	}
	brands, err := brand.List(t.Context(), s.DB, access.System())
	if err != nil || len(brands) < 4 {
		t.Errorf("%d brands, %v", len(brands), err)
	}
	var acts int
	if err := s.DB.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM audit WHERE brand_id = $1 AND address = '192.0.2.1'`, s.brand.ID).Scan(&acts); err != nil || acts != 6000 {
		t.Errorf("%d acts, %v", acts, err)
	}
}

func TestLoad(t *testing.T) {
	s := newStage(t, midday)
	for _, account := range []string{"northwind-coffee-1", "northwind-coffee-2", "northwind-coffee-3"} {
		if err := s.Network.SetAccount(emulator.Account{Name: account}); err != nil {
			t.Fatal(err)
		}
	}
	heard := 0
	load := demoworld.Load{Posts: 2600, Channels: 3, Progress: func(n int) { heard = n }}
	if err := s.Load(t.Context(), s.who, s.brand, load); err != nil {
		t.Fatal(err)
	}
	got := s.counts(t)
	if got["post"] != 2600 || got["channel"] != 3 || heard != 2600 || got["delivery"] < 2700 || got["variant"] != got["delivery"] {
		t.Errorf("%v, heard of %d", got, heard)
	}
	count := map[delivery.State]int{}
	for _, d := range s.deliveries(t) {
		count[d.State]++
		if ahead := d.DueAt > db.At(midday); ahead != (d.State == delivery.Scheduled) || d.CreatedAt >= d.DueAt {
			t.Errorf("%s, due %s, made %s", d.State, d.DueAt.Time(), d.CreatedAt.Time())
		}
	}
	if count[delivery.Published] < 2000 || count[delivery.Scheduled] < 30 {
		t.Errorf("states %v", count)
	}
	if err := s.Load(t.Context(), s.who, s.brand, demoworld.Load{Posts: 10, Channels: 2}); err != nil {
		t.Fatal(err)
	}
	if again := s.counts(t); again["post"] != 2610 || again["channel"] != 3 {
		t.Errorf("a second time: %v", again)
	}
}

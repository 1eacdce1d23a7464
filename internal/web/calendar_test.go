package web_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/network"
	"rapport/internal/post"
	"rapport/internal/web/webtest"
)

func exec(t testing.TB, d *db.DB, query string, args ...any) {
	t.Helper()
	if _, err := d.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func draftAt(t testing.TB, s *webtest.Site, text string, at db.Time, channels ...string) string {
	t.Helper()
	in := post.Input{Body: post.Body{Parts: []post.Part{{Kind: network.PartPost, Text: text}}}, PlannedAt: at}
	for _, c := range channels {
		in.Variants = append(in.Variants, post.Variant{Channel: c})
	}
	p, err := post.Draft(t.Context(), s.DB, s.Who(), s.Brand.ID, in)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

func scheduleAt(t testing.TB, s *webtest.Site, text string, at db.Time, channels ...string) string {
	t.Helper()
	id := draftAt(t, s, text, 0, channels...)
	if _, err := post.Schedule(t.Context(), s.DB, s.Who(), s.Brand.ID, id, 0, at); err != nil {
		t.Fatal(err)
	}
	return id
}

// paint adds a picture to the library.
func paint(t testing.TB, s *webtest.Site, seed int) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 120, 90))
	for i := range 120 * 90 {
		img.Set(i%120, i/120, color.RGBA{uint8(seed * 53), uint8(i % 120 * 2), uint8(i / 120 * 2), 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	m, err := s.Media.Add(t.Context(), s.Who(), s.Brand.ID, "a.png", &b)
	if err != nil {
		t.Fatal(err)
	}
	return m.ID
}

// show gives a scheduled post a picture.
func show(t testing.TB, s *webtest.Site, id, picture string) {
	t.Helper()
	p, err := post.ByID(t.Context(), s.DB, s.Who(), s.Brand.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	in := p.Input()
	in.Body.Parts[0].Media = []string{picture}
	if _, err := post.Save(t.Context(), s.DB, s.Who(), s.Brand.ID, id, p.Revision, in); err != nil {
		t.Fatal(err)
	}
}

// wall is what the brand's clock shows, as an instant.
func wall(t testing.TB, s *webtest.Site, at string) db.Time {
	t.Helper()
	instant, _, err := brand.At(s.Brand, at)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

// comingWednesday is a day whose whole week lies ahead.
func comingWednesday(s *webtest.Site) string {
	day := s.DB.Now().Time().In(s.Brand.Location()).AddDate(0, 0, 14)
	for day.Weekday() != time.Wednesday {
		day = day.AddDate(0, 0, 1)
	}
	return day.Format("2006-01-02")
}

func monday(t testing.TB, wednesday string) string {
	t.Helper()
	day, err := time.Parse("2006-01-02", wednesday)
	if err != nil {
		t.Fatal(err)
	}
	return day.AddDate(0, 0, -2).Format("2006-01-02")
}

func TestCalendarShows(t *testing.T) {
	s := webtest.New(t)
	a, b := s.Connect("north").ID, s.Connect("south").ID
	day := comingWednesday(s)
	both := scheduleAt(t, s, "To <b>both</b> at once", wall(t, s, day+"T09:30"), a, b)
	draftAt(t, s, "An idea", wall(t, s, day+"T15:00"), b)
	for _, view := range []string{"week", "day", "month", "list"} {
		t.Run(view, func(t *testing.T) {
			p := s.Get(s.Path("calendar")+"?view="+view+"&date="+day).Is(200).
				Has("#calendar[data-view="+view+"]", "To <b>both</b> at once", "09:30", "@north@paper.example", "@south@paper.example", "scheduled", "An idea", "draft").
				Has(".segmented [aria-current=page]").Has("a[href='" + s.Path("posts", both) + "']")
			if n := p.Count("#calendar a[href^='" + s.Path("posts") + "']"); n != 2 {
				t.Errorf("%d cards, want one for the post and one for the draft", n)
			}
		})
	}
	s.Get(s.Path("calendar")+"?date="+day+"&state=planned").Is(200).Has("#calendar", "An idea").Lacks("a[href='" + s.Path("posts", both) + "']")
	s.Get(s.Path("calendar")+"?date="+day+"&channel="+a).Is(200).Has("a[href='"+s.Path("posts", both)+"']").Lacks(".card[data-planned]").Has(".chip[data-active]", "@north")
	s.Get(s.Path("calendar") + "?date=nonsense&view=%3Cx%3E&state=lost").Is(200).Has("[data-view=week]").Has(".day[data-today]")
}

// All pictures of a view come as one.
func TestCalendarPictures(t *testing.T) {
	s := webtest.New(t)
	channel := s.Connect("north").ID
	day := comingWednesday(s)
	var pictures []string
	for i := range 3 {
		pictures = append(pictures, paint(t, s, i))
		show(t, s, scheduleAt(t, s, "With a picture", wall(t, s, fmt.Sprintf("%sT1%d:00", day, i)), channel), pictures[i])
	}
	p := s.Get(s.Path("calendar") + "?date=" + day).Is(200)
	if !strings.Contains(p.Body, `viewBox="144 0 72 72"`) {
		t.Error("no card shows the third square")
	}
	address := p.Attr(".card-picture image", "href")
	if p.Count(".card-picture image[href='"+address+"']") != 3 {
		t.Errorf("not every picture is on %s", address)
	}
	sheet := s.Get(address).Is(200)
	img, kind, err := image.Decode(strings.NewReader(sheet.Body))
	if err != nil || kind != "jpeg" || img.Bounds().Dx() != 3*72 || img.Bounds().Dy() != 72 {
		t.Fatalf("sheet: %s %v %v", kind, img.Bounds(), err)
	}
	if a, b := img.At(36, 36), img.At(3*72-36, 36); a == b {
		t.Errorf("the first and the last square are both %v", a)
	}
	s.Get(s.Path("media", "strip") + "?ids=" + strings.Repeat("x,", 60)).Is(422)
	s.SignIn(s.NewAccount("eve@example.com", "Eve"))
	s.Get(address).Is(404)
	s.Brand = s.NewBrand("Eve's")
	grey, _, err := image.Decode(strings.NewReader(s.Get(s.Path("media", "strip") + "?ids=" + pictures[0]).Is(200).Body))
	if r, g, b, _ := grey.At(36, 36).RGBA(); err != nil || r != g || g != b {
		t.Errorf("another brand's picture shows: %v (%v)", grey.At(36, 36), err)
	}
}

func TestCalendarRests(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("calendar")).Is(200).Has(".cal-empty", "Choose a time").Has(".rail a[aria-current=page]", "Calendar")
	s.Get(s.Path("calendar")+"?state=published").Is(200).Has(".cal-empty a", "Show everything")
	s.Get(s.Path("calendar")+"?view=list").Is(200).Has(".empty", "Nothing is planned")
}

func TestCalendarOfAnotherBrand(t *testing.T) {
	s := webtest.New(t)
	channel := s.Connect("north").ID
	id := scheduleAt(t, s, "Ours", wall(t, s, comingWednesday(s)+"T09:30"), channel)
	mine, path := s.Brand, s.Path("calendar")
	s.SignIn(s.NewAccount("eve@example.com", "Eve"))
	s.Get(path).Is(404)
	s.Post(path+"/"+id, "at", "2027-01-01T10:00").Is(404)
	s.Brand = s.NewBrand("Eve's")
	s.Post(s.Path("calendar", id), "at", comingWednesday(s)+"T10:00").Is(404)
	s.Brand = mine
	due(t, s, id, comingWednesday(s)+"T09:30")
}

func TestCalendarMoves(t *testing.T) {
	s := webtest.New(t)
	channel := s.Connect("north").ID
	day := comingWednesday(s)
	id := scheduleAt(t, s, "Move me", wall(t, s, day+"T09:30"), channel)
	sent := scheduleAt(t, s, "Out", wall(t, s, day+"T09:30"), channel)
	exec(t, s.DB, `UPDATE delivery SET state = 'published' WHERE post_id = $1`, sent)
	busy := scheduleAt(t, s, "Going", wall(t, s, day+"T09:30"), channel)
	exec(t, s.DB, `UPDATE delivery SET state = 'sending' WHERE post_id = $1`, busy)
	soon := s.DB.Now().Add(time.Hour).Time().Format("2006-01-02T15:04")
	cases := []struct {
		name, post string
		form       []string
		status     int
		says, due  string
	}{
		{"to another time", id, []string{"at", day + "T11:15"}, 200, `"at":"` + day + `T11:15"`, day + "T11:15"},
		{"with a way back", id, []string{"at", day + "T12:00", "from", fmt.Sprint(int64(wall(t, s, day+"T11:15")))}, 200, `calendar/` + id + `?instant=`, day + "T12:00"},
		{"to an instant", id, []string{"instant", fmt.Sprint(int64(wall(t, s, day+"T09:30")))}, 200, "Moved to", day + "T09:30"},
		{"into the past", id, []string{"at", "2020-01-01T10:00"}, 422, `"past":true`, day + "T09:30"},
		{"to no time", id, []string{"at", "soon"}, 422, "Give the day and the time", day + "T09:30"},
		{"to a number that is none", id, []string{"instant", "x"}, 422, "milliseconds", day + "T09:30"},
		{"too far", id, []string{"at", "2200-01-01T10:00"}, 422, "five years", day + "T09:30"},
		{"while it goes out", busy, []string{"at", day + "T11:15"}, 409, "going out right now", day + "T09:30"},
		{"when it is out", sent, []string{"at", day + "T11:15"}, 409, "Nothing of this post waits", day + "T09:30"},
		{"a post that is not there", "nobody", []string{"at", day + "T11:15"}, 404, "no such post", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := s.Do(asScript(s.Path("calendar", c.post), c.form...)).Is(c.status)
			if !strings.Contains(p.Body, c.says) {
				t.Errorf("answer %s does not say %s", p.Body, c.says)
			}
			if c.due != "" {
				due(t, s, c.post, c.due)
			}
		})
	}
	s.Do(asScript(s.Path("calendar", id), "now", "true")).Is(200)
	var at db.Time
	if err := s.DB.QueryRowContext(t.Context(), `SELECT due_at FROM delivery WHERE post_id = $1`, id).Scan(&at); err != nil || at > s.DB.Now().Add(time.Minute) {
		t.Errorf("published now, it is due at %v (%v), an hour before would be %s", at.Time(), err, soon)
	}
}

// A page without scripts gets pages.
func TestCalendarMovesWithoutScripts(t *testing.T) {
	s := webtest.New(t)
	channel := s.Connect("north").ID
	day := comingWednesday(s)
	id := scheduleAt(t, s, "Move me", wall(t, s, day+"T09:30"), channel)
	p := s.Post(s.Path("calendar", id), "at", day+"T11:15", "from", fmt.Sprint(int64(wall(t, s, day+"T09:30"))))
	s.Follow(p).Is(200).Has(".toast", "11:15").Has(".toast form button", "Undo")
	due(t, s, id, day+"T11:15")
	s.Post(s.Path("calendar", id), "at", "2020-01-01T10:00").Is(422).Has("main", "still to come")
}

func asScript(path string, pairs ...string) *http.Request {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	return r
}

// TestCalendarDays checks that a post stands in the day and the hour that the
// brand's clock shows, wherever the clocks change.
func TestCalendarDays(t *testing.T) {
	s := webtest.New(t)
	channel := s.Connect("north").ID
	id := scheduleAt(t, s, "Here", wall(t, s, comingWednesday(s)+"T09:30"), channel)
	cases := []struct{ name, zone, due, view, cell, clock string }{
		{"before midnight", "Europe/Berlin", "2027-01-10T22:59:00Z", "week", "2027-01-10T23", "23:59"},
		{"after midnight", "Europe/Berlin", "2027-01-10T23:00:00Z", "week", "2027-01-11T00", "00:00"},
		{"far east", "Pacific/Auckland", "2027-01-10T11:30:00Z", "week", "2027-01-11T00", "00:30"},
		{"half an hour off", "Asia/Kathmandu", "2027-01-10T18:20:00Z", "week", "2027-01-11T00", "00:05"},
		{"after the missing hour", "Europe/Berlin", "2027-03-28T01:15:00Z", "week", "2027-03-28T03", "03:15"},
		{"end of the day of 23 hours", "Europe/Berlin", "2027-03-28T21:45:00Z", "week", "2027-03-28T23", "23:45"},
		{"first of the double hour", "Europe/Berlin", "2027-10-31T00:30:00Z", "day", "2027-10-31T02", "02:30 CEST"},
		{"second of the double hour", "Europe/Berlin", "2027-10-31T01:30:00Z", "day", "2027-10-31T02", "02:30 CET"},
		{"end of the day of 25 hours", "Europe/Berlin", "2027-10-31T22:30:00Z", "week", "2027-10-31T23", "23:30"},
		{"a midnight that is missing", "Asia/Beirut", "2027-03-27T22:30:00Z", "day", "2027-03-28T01", "01:30"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, c.due)
			if err != nil {
				t.Fatal(err)
			}
			exec(t, s.DB, `UPDATE brand SET zone = $2 WHERE id = $1`, s.Brand.ID, c.zone)
			exec(t, s.DB, `UPDATE delivery SET due_at = $2 WHERE post_id = $1`, id, db.At(at))
			p := s.Get(s.Path("calendar") + "?view=" + c.view + "&date=" + c.cell[:10]).Is(200)
			p.Has("[data-hour='"+c.cell+"'] .card time", c.clock)
			if n := p.Count(".card"); n != 1 {
				t.Errorf("%d cards", n)
			}
			if n := p.Count("[data-date='" + c.cell[:10] + "'] .hour"); n != 24 {
				t.Errorf("the day has %d hours on the clock", n)
			}
		})
	}
	exec(t, s.DB, `UPDATE brand SET zone = 'Europe/Berlin' WHERE id = $1`, s.Brand.ID)
	s.Get(s.Path("calendar")+"?date=2027-03-28").Is(200).Has("[data-hour='2027-03-28T02'][data-gone]", "go forward").Lacks("[data-hour='2027-03-28T02'] .slot")
	s.Get(s.Path("calendar")+"?date=2027-10-31").Is(200).Has("[data-hour='2027-10-31T02']:not([data-gone])", "twice")
}

// TestCalendarMonths checks which weeks a month shows.
func TestCalendarMonths(t *testing.T) {
	s := webtest.New(t)
	for _, c := range []struct{ date, first, last string }{
		{"2027-02-15", "2027-02-01", "2027-02-28"}, // four weeks to the day
		{"2026-11-22", "2026-10-26", "2026-12-06"},
		{"2027-08-31", "2027-07-26", "2027-09-05"},
		{"2027-12-31", "2027-11-29", "2028-01-02"},
		{"2028-02-29", "2028-01-31", "2028-03-05"},
	} {
		p := s.Get(s.Path("calendar") + "?view=month&date=" + c.date).Is(200)
		if got := p.Attr(".cell", "data-date"); got != c.first {
			t.Errorf("%s: begins on %s, want %s", c.date, got, c.first)
		}
		if got := p.Attr(".cell:last-child", "data-date"); got != c.last {
			t.Errorf("%s: ends on %s, want %s", c.date, got, c.last)
		}
	}
	p := s.Get(s.Path("calendar") + "?view=month&date=2027-01-31").Is(200)
	if to := p.Attr("[data-key=ArrowRight]", "href"); !strings.Contains(to, "date=2027-02-01") {
		t.Errorf("later leads to %s", to)
	}
}

func TestCalendarStacks(t *testing.T) {
	s := webtest.New(t)
	channel := s.Connect("north").ID
	day := comingWednesday(s)
	for i := range 30 {
		scheduleAt(t, s, fmt.Sprint("Post ", i), wall(t, s, fmt.Sprintf("%sT10:%02d", day, i)), channel)
	}
	s.Get(s.Path("calendar")+"?view=month&date="+day).Is(200).Has("[data-date='"+day+"'] .cell-count", "30").Has("[data-date='"+day+"'] .cell-more", "more")
	s.Get(s.Path("calendar")+"?date="+day).Is(200).Has("[data-hour='"+day+"T10'] .cell-more", "26 more")
	if n := s.Get(s.Path("calendar") + "?view=day&date=" + day).Is(200).Count(".card"); n != 30 {
		t.Errorf("the day shows %d cards", n)
	}
}

// TestCalendarListPages walks the list both ways without losing or repeating
// anything, though many posts share one time.
func TestCalendarListPages(t *testing.T) {
	s := webtest.New(t)
	channel := s.Connect("north").ID
	day := comingWednesday(s)
	for i := range 130 {
		at := wall(t, s, fmt.Sprintf("%sT%02d:00", day, 8+i/50))
		if i%10 == 9 {
			draftAt(t, s, fmt.Sprint("Post ", i), at, channel)
			continue
		}
		scheduleAt(t, s, fmt.Sprint("Post ", i), at, channel)
	}
	forth := map[string]bool{}
	p := s.Get(s.Path("calendar") + "?view=list&date=" + day).Is(200).Lacks("[data-key=ArrowLeft]")
	for {
		collect(t, p, forth)
		next := p.Attr("[data-key=ArrowRight]", "href")
		if next == "" {
			break
		}
		p = s.Get(next).Is(200)
	}
	if len(forth) != 130 {
		t.Errorf("forward shows %d posts", len(forth))
	}
	back := map[string]bool{}
	for {
		collect(t, p, back)
		next := p.Attr("[data-key=ArrowLeft]", "href")
		if next == "" {
			break
		}
		p = s.Get(next).Is(200)
	}
	if len(back) != 130 {
		t.Errorf("backward shows %d posts", len(back))
	}
}

func collect(t *testing.T, p *webtest.Page, into map[string]bool) {
	t.Helper()
	for _, m := range regexp.MustCompile(`/posts/([0-9a-f-]{36})`).FindAllStringSubmatch(p.Body, -1) {
		if into[m[1]] {
			t.Errorf("post %s appears twice", m[1])
		}
		into[m[1]] = true
	}
}

// BenchmarkCalendar shows a week of a brand with 50,000 posts.
func BenchmarkCalendar(b *testing.B) {
	s := webtest.New(b)
	channel := s.Connect("north").ID
	seed(b, s, channel, 50_000)
	for _, view := range []string{"week", "month", "list"} {
		b.Run(view, func(b *testing.B) {
			for b.Loop() {
				s.Get(s.Path("calendar") + "?view=" + view).Is(200)
			}
		})
	}
}

// seed writes posts over two years around now, 68 a day.
func seed(b *testing.B, s *webtest.Site, channel string, count int) {
	b.Helper()
	now := s.DB.Now()
	err := s.DB.Tx(b.Context(), func(tx *db.Tx) error {
		var posts, deliveries [][]any
		for i := range count {
			id, at := db.NewID(), now.Add(time.Duration(i-count/2)*21*time.Minute)
			posts = append(posts, []any{id, s.Brand.ID, `{"parts":[{"text":"The autumn range is here"}]}`, at})
			deliveries = append(deliveries, []any{db.NewID(), s.Brand.ID, id, channel, at})
		}
		if err := db.Many(b.Context(), tx, `INSERT INTO post (id, brand_id, state, body, excerpt, search, revision, approved, planned_at, author_id, created_at, updated_at)
			VALUES ($1, $2, 'approved', $3, 'The autumn range is here', '', 1, 1, 0, '', $4, $4)`, posts); err != nil {
			return err
		}
		return db.Many(b.Context(), tx, `INSERT INTO delivery (id, brand_id, post_id, channel_id, state, due_at, run_at, revision, author_id, created_at, updated_at)
			VALUES ($1, $2, $3, $4, 'published', $5, $5, 1, '', $5, $5)`, deliveries)
	})
	if err != nil {
		b.Fatal(err)
	}
}

package web_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"rapport/internal/browsertest"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/web/webtest"
)

// studioServer serves the studio by the product's content security policy to a
// browser that is signed in and lives in Auckland.
func studioServer(t *testing.T, s *webtest.Site) (context.Context, string) {
	t.Helper()
	server := browsertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		s.Pages.ServeHTTP(w, r)
	}))
	ctx := browsertest.Open(t, chromedp.Env("TZ=Pacific/Auckland")).Context()
	steps(t, ctx, chromedp.Navigate(server.URL+"/studio/sign-in"),
		chromedp.SendKeys(chromedp.CSS("input[name=email]"), "ada@example.com"),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), webtest.Password+kb.Enter))
	wait(t, ctx, `location.pathname.startsWith("/studio/north")`)
	return ctx, server.URL
}

func steps(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// wait is patient with a page that is just being replaced.
func wait(t *testing.T, ctx context.Context, condition string) {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, 15*time.Second)
	defer stop()
	for {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](condition))
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("waiting for %s: %v", condition, err)
		}
	}
}

func ask[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

func shot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("RAPPORT_PICTURES")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, ctx context.Context, url, theme string, phone bool) {
	t.Helper()
	emulate := chromedp.EmulateViewport(1440, 900)
	if phone {
		emulate = chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	// The theme comes with the page, as people get it: one that changes under a
	// page is judged while links still have the colour from before.
	steps(t, ctx, emulate, chromedp.Navigate(url))
	ask[any](t, ctx, fmt.Sprintf(`document.cookie = "theme=%s; path=/", 0`, theme))
	steps(t, ctx, chromedp.Navigate(url))
	wait(t, ctx, `document.querySelector("[data-island=calendar][data-ready]") !== null`)
}

var texts = []string{
	"The autumn range is here: three coffees, two of them new, one an old friend.",
	"How we roast, part 2. The first crack and why we listen to it.",
	"Ten thousand of you. Thank you.",
	"Why the water matters more than the machine",
	"We are hiring a barista in Kreuzberg",
	"قهوة جديدة من اليمن وصلت اليوم",
	"今週の豆はエチオピアです。花のような香り。",
}

// TestCalendarLooks leaves pictures where RAPPORT_PICTURES names a folder, and
// checks each view in each width and theme.
func TestCalendarLooks(t *testing.T) {
	s := webtest.New(t)
	channels := connectFour(t, s)
	fill(t, s, channels, 34, 7)
	ctx, url := studioServer(t, s)
	lookAt(t, ctx, url+s.Path("calendar"), "normal", "week", "month", "day", "list")
	full(t, s, channels)
	lookAt(t, ctx, url+s.Path("calendar"), "full", "week", "month", "day")
	s.Brand = s.NewBrand("North Books")
	lookAt(t, ctx, url+s.Path("calendar"), "empty", "week", "month", "list")
}

func lookAt(t *testing.T, ctx context.Context, url, name string, views ...string) {
	t.Helper()
	axe, err := os.ReadFile(os.Getenv("RAPPORT_TEST_NODE_MODULES") + "/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("RAPPORT_TEST_NODE_MODULES names no folder with axe-core; make test sets it: %v", err)
	}
	for _, v := range views {
		for _, theme := range []string{"light", "dark"} {
			for _, width := range []string{"wide", "phone"} {
				t.Run(strings.Join([]string{name, v, width, theme}, "-"), func(t *testing.T) {
					view(t, ctx, url+"?view="+v, theme, width == "phone")
					shot(t, ctx, strings.Join([]string{name, v, width, theme}, "-"))
					judge(t, ctx, string(axe))
				})
			}
		}
	}
}

func connectFour(t *testing.T, s *webtest.Site) []string {
	t.Helper()
	var ids []string
	for _, network := range []string{"demo", "mastodon", "bluesky", "paper"} {
		c := s.Connect(network)
		exec(t, s.DB, `UPDATE channel SET network = $2 WHERE id = $1`, c.ID, network)
		ids = append(ids, c.ID)
	}
	return ids
}

// fill plans posts around now, three a day, of every state.
func fill(t *testing.T, s *webtest.Site, channels []string, count, every int) {
	t.Helper()
	states := []delivery.State{delivery.Published, delivery.Published, delivery.Rejected, delivery.Published, delivery.Unknown, delivery.Published, delivery.Missed}
	now := s.DB.Now()
	start := now.Add(-5 * 24 * time.Hour)
	for i := range count {
		at := start.Add(time.Duration(i*every) * time.Hour).Add(time.Duration(i%4) * 15 * time.Minute)
		if i%9 == 4 && at > now {
			draftAt(t, s, texts[i%len(texts)], at, channels[:1]...)
			continue
		}
		id := scheduleAt(t, s, texts[i%len(texts)], max(at, now.Add(time.Minute)), channels[:1+i%4]...)
		if i%3 == 0 {
			show(t, s, id, paint(t, s, i))
		}
		exec(t, s.DB, `UPDATE delivery SET due_at = $2, run_at = $2 WHERE post_id = $1`, id, at)
		if at < now {
			exec(t, s.DB, `UPDATE delivery SET state = $2 WHERE post_id = $1`, id, string(states[i%len(states)]))
		}
	}
}

// full makes tomorrow and the six days after it days of 30 posts.
func full(t *testing.T, s *webtest.Site, channels []string) {
	t.Helper()
	for i := range 210 {
		at := s.DB.Now().Add(time.Duration(i/30)*24*time.Hour + time.Duration(i%30)*25*time.Minute + time.Hour)
		scheduleAt(t, s, texts[i%len(texts)], at, channels[i%4])
	}
}

// TestCalendarHand drags a card, refuses the past, takes a move back and moves
// by keys, in a browser whose zone is not the brand's.
func TestCalendarHand(t *testing.T) {
	s := webtest.New(t)
	channel := s.Connect("north").ID
	wednesday := comingWednesday(s)
	id := scheduleAt(t, s, "Hand me around", wall(t, s, wednesday+"T09:30"), channel)
	ctx, url := studioServer(t, s)
	var complaints []string
	view(t, ctx, url+s.Path("calendar")+"?date="+wednesday, "light", false)
	ask[any](t, ctx, `window.complaints = [], addEventListener("error", e => complaints.push(e.message)), addEventListener("securitypolicyviolation", e => complaints.push(e.violatedDirective)), 0`)
	const card = `document.querySelector(".card:not(.card-ghost)")`

	drag(t, ctx, card, `document.querySelector('[data-hour$="T11"]')`, 4, 2)
	wait(t, ctx, `document.querySelector("#toasts").textContent.includes("11:00")`)
	due(t, s, id, monday(t, wednesday)+"T11:00")

	steps(t, ctx, chromedp.Click(chromedp.CSS("#toasts form button")))
	wait(t, ctx, card+`?.dataset.at === "`+wednesday+`T09:30"`)
	due(t, s, id, wednesday+"T09:30")

	ask[any](t, ctx, card+`.focus(), 0`)
	steps(t, ctx, chromedp.KeyEvent(kb.ArrowDown, chromedp.KeyModifiers(kb.ModifierAlt)))
	wait(t, ctx, `document.querySelector("#announce").textContent.includes("09:45")`)
	wait(t, ctx, `document.activeElement?.dataset.at === "`+wednesday+`T09:45"`)
	due(t, s, id, wednesday+"T09:45")

	if complaints = ask[[]string](t, ctx, "complaints"); len(complaints) > 0 {
		t.Errorf("the page complains: %s", complaints)
	}
}

// TestCalendarRefuses puts a card back where it was.
func TestCalendarRefuses(t *testing.T) {
	s := webtest.New(t)
	channel := s.Connect("north").ID
	zone := s.Brand.Location()
	at := s.DB.Now().Add(time.Hour)
	id := scheduleAt(t, s, "Not into the past", at, channel)
	here := at.Time().In(zone).Format("2006-01-02T15:04")
	ctx, url := studioServer(t, s)
	const card = `document.querySelector(".card:not(.card-ghost)")`

	view(t, ctx, url+s.Path("calendar")+"?view=month", "light", false)
	drag(t, ctx, card, `document.querySelector(".cell")`, 20, 6)
	wait(t, ctx, `document.querySelector("#calendar-past").open`)
	shot(t, ctx, "past")
	due(t, s, id, here)
	if got := ask[string](t, ctx, card+".dataset.at"); got != here {
		t.Errorf("the card shows %s", got)
	}
	steps(t, ctx, chromedp.Click(chromedp.CSS("#calendar-past [command=close]")))

	exec(t, s.DB, `UPDATE delivery SET state = 'sending' WHERE post_id = $1`, id)
	drag(t, ctx, card, `document.querySelector(".cell:last-of-type")`, 20, 6)
	wait(t, ctx, `document.querySelector("#toasts").textContent.includes("going out right now")`)
	if got := ask[string](t, ctx, card+".dataset.at"); got != here {
		t.Errorf("the card shows %s", got)
	}
}

func drag(t *testing.T, ctx context.Context, from, to string, dx, dy float64) {
	t.Helper()
	const corner = `(({left, top}) => ({x: left, y: top}))(%s.getBoundingClientRect())`
	a := ask[map[string]float64](t, ctx, fmt.Sprintf(corner, from))
	b := ask[map[string]float64](t, ctx, fmt.Sprintf(corner, to))
	steps(t, ctx, chromedp.DragAndDropXY(a["x"]+dx, a["y"]+dy, b["x"]+dx, b["y"]+dy, 10))
}

func due(t *testing.T, s *webtest.Site, post, want string) {
	t.Helper()
	var at db.Time
	if err := s.DB.QueryRowContext(t.Context(), `SELECT due_at FROM delivery WHERE post_id = $1`, post).Scan(&at); err != nil {
		t.Fatal(err)
	}
	if got := at.Time().In(s.Brand.Location()).Format("2006-01-02T15:04"); got != want {
		t.Errorf("due at %s, want %s", got, want)
	}
}

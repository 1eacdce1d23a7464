package web_test

import (
	"context"
	"encoding/json"
	"image/color"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"rapport/internal/browsertest"
	"rapport/internal/channel"
	"rapport/internal/network"
	"rapport/internal/post"
	"rapport/internal/web/webtest"
)

// written is a site with what posts can be: a thread with pictures that
// differs on a channel, one that does not fit, one that waits, one that is out.
func written(t *testing.T) (s *webtest.Site, paths []string) {
	s = webtest.New(t)
	w := s.Fill()
	m := addPicture(t, s, "kettle.png", "A copper kettle on the bar", color.NRGBA{176, 96, 52, 255})
	n := addPicture(t, s, "window-seat-in-the-morning.png", "", color.NRGBA{52, 92, 120, 255})
	addPicture(t, s, "beans.png", "Green beans", color.NRGBA{96, 120, 72, 255})
	a, b := w.Channels[0].ID, w.Channels[1].ID
	draft := func(in post.Input) string {
		one, err := post.Draft(t.Context(), s.DB, s.Who(), s.Brand.ID, in)
		if err != nil {
			t.Fatal(err)
		}
		return one.ID
	}
	thread := draft(post.Input{PlannedAt: s.DB.Now().Add(26 * time.Hour), Body: post.Body{Parts: []post.Part{
		{Text: "We opened the window seat at six this morning and #coffee was ready. A few things we learned about water, and why @cafe changed the filter:\n\nhttps://north.example/water", Media: []string{m.ID, n.ID}},
		{Text: "First: soft water is not always better."}, {Text: "Second: taste it without coffee first."}}},
		Variants: []post.Variant{{Channel: a}, {Channel: b, Body: &post.Body{Parts: []post.Part{{Text: "Berlin, the window seat is open."}}}}}})
	long := draft(post.Input{Body: post.Body{Parts: []post.Part{{Text: strings.Repeat("One more sentence about coffee. ", 20)}}}, Variants: []post.Variant{{Channel: a}, {Channel: b}, {Channel: w.Channels[2].ID}}})
	soon, _ := s.Schedule("Waits for tomorrow", s.DB.Now().Add(20*time.Hour), a, b)
	for _, p := range []string{"posts/" + thread + "/edit", "posts/" + long + "/edit", "posts/" + thread, "posts/" + soon.ID, "posts/" + soon.ID + "/edit", "posts/" + w.Best,
		"media", "media/" + n.ID, "media/" + m.ID + "/crop", "deliveries/" + w.Half + "/remove"} {
		paths = append(paths, s.Path(p))
	}
	return s, paths
}

// TestComposerByHand writes, waits for the autosave, makes a thread, lets a
// channel differ and schedules, all with the keyboard and the mouse.
func TestComposerByHand(t *testing.T) {
	ctx := browser(t)
	s := webtest.New(t)
	s.Connect("north")
	s.Connect("south")
	base := serve(t, s)
	look(t, ctx, base+s.Path("compose"), 1280, 900)
	ready(t, ctx, "rapport-island[data-ready]")
	must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS("label.pick:nth-of-type(1)")), chromedp.WaitVisible(chromedp.CSS("article.preview"))))
	must(t, chromedp.Do(ctx, chromedp.SendKeys(chromedp.CSS("[data-text=all]"), "Hello 👋 #world")))
	ready(t, ctx, "[data-save-state=saved]")
	same(t, ctx, ".preview-text", "Hello 👋 #world")
	same(t, ctx, ".pick .counter", "486")
	must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS("button[value='add all']")), chromedp.WaitVisible(chromedp.CSS("[data-text=all][data-part='1']"))))
	must(t, chromedp.Do(ctx, chromedp.SendKeys(chromedp.CSS("[data-text=all][data-part='1']"), "And more"), chromedp.Click(chromedp.CSS("label.pick:nth-of-type(2)")),
		chromedp.WaitVisible(chromedp.CSS("article.preview + article.preview"))))
	must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS("button[popovertarget=differ-menu]")), chromedp.Click(chromedp.CSS("#differ-menu button")),
		chromedp.WaitVisible(chromedp.CSS(".compose-own"))))
	must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(".compose-quick button:last-child")), chromedp.WaitNotPresent(chromedp.CSS(".compose-quick"))))
	must(t, chromedp.Do(ctx, chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.WaitVisible(chromedp.CSS(".way"))))
	all, _, err := post.List(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Filter{State: "scheduled"}, pageAll)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d scheduled, %v", len(all), err)
	}
	own := 0
	for _, v := range all[0].Variants {
		if v.Body != nil {
			own++
		}
	}
	if len(all[0].Body.Parts) != 2 || len(all[0].Variants) != 2 || own != 1 || all[0].Excerpt != "Hello 👋 #world" {
		t.Errorf("scheduled is %+v", all[0])
	}
}

// TestComposerLosesNothing takes the server away, changes the post behind the
// writer's back and pastes a picture: the text is there every time.
func TestComposerLosesNothing(t *testing.T) {
	ctx := browser(t)
	s := webtest.New(t)
	s.Connect("north")
	var away atomic.Bool
	server := browsertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() && strings.HasSuffix(r.URL.Path, "/compose/save") {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		s.Sign(r)
		s.Pages.ServeHTTP(w, r)
	}))
	away.Store(true)
	look(t, ctx, server.URL+s.Path("compose"), 1280, 900)
	ready(t, ctx, "rapport-island[data-ready]")
	must(t, chromedp.Do(ctx, chromedp.SendKeys(chromedp.CSS("[data-text=all]"), "Written on a train")))
	ready(t, ctx, "[data-save-state=offline]")
	must(t, chromedp.Do(ctx, chromedp.Reload()))
	ready(t, ctx, "[data-save-state=found]")
	same(t, ctx, ".preview-text", "Written on a train")
	away.Store(false)
	must(t, chromedp.Do(ctx, chromedp.SendKeys(chromedp.CSS("[data-text=all]"), ", on paper")))
	ready(t, ctx, "[data-save-state=saved]")
	all, _, err := post.List(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Filter{}, pageAll)
	if err != nil || len(all) != 1 || all[0].Excerpt != "Written on a train, on paper" {
		t.Fatalf("%+v, %v", all, err)
	}
	const paste = `(async () => {
		const canvas = document.createElement("canvas");
		canvas.width = 40; canvas.height = 30;
		const blob = await new Promise((done) => canvas.toBlob(done));
		const data = new DataTransfer();
		data.items.add(new File([blob], "cup.png", { type: "image/png" }));
		document.querySelector("[data-text=all]").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
		return 0;
	})()`
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[int](paste, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
	ready(t, ctx, ".tile img")
	ready(t, ctx, "[data-save-state=saved]")
	now, err := post.ByID(t.Context(), s.DB, s.Who(), s.Brand.ID, all[0].ID)
	must(t, err)
	_, err = post.Save(t.Context(), s.DB, s.Who(), s.Brand.ID, now.ID, now.Revision, post.Input{Body: post.Body{Parts: []post.Part{{Text: "Theirs"}}}})
	must(t, err)
	must(t, chromedp.Do(ctx, chromedp.SendKeys(chromedp.CSS("[data-text=all]"), " indeed"), chromedp.WaitVisible(chromedp.CSS(".conflict"))))
	picture(t, ctx, "conflict")
	same(t, ctx, ".preview-text", "Written on a train, on paper indeed")
	must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS("button[value=overwrite]")), chromedp.WaitVisible(chromedp.CSS(".toast"))))
	all, _, err = post.List(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Filter{}, pageAll)
	if err != nil || len(all) != 2 {
		t.Errorf("%d posts, %v: the other version is not kept", len(all), err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ready(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	must(t, chromedp.Do(ctx, chromedp.WaitReady(chromedp.CSS(selector))))
}

func same(t *testing.T, ctx context.Context, selector, want string) {
	t.Helper()
	got, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil || strings.TrimSpace(got) != want {
		t.Errorf("%s says %q, want %q (%v)", selector, got, want, err)
	}
}

// lengths are texts that the server and the browser must count alike.
type lengths struct {
	Name   string         `json:"name"`
	Text   string         `json:"text"`
	Limits network.Limits `json:"limits"`
	Length int            `json:"length"`
}

func sharedLengths(t *testing.T) (all []lengths) {
	t.Helper()
	raw, err := os.ReadFile("testdata/lengths.json")
	must(t, err)
	must(t, json.Unmarshal(raw, &all))
	return all
}

func TestServerCounts(t *testing.T) {
	for _, v := range sharedLengths(t) {
		if got := v.Limits.Length(v.Text); got != v.Length {
			t.Errorf("%s: %d, want %d", v.Name, got, v.Length)
		}
	}
}

// The browser shows what is left; the same vectors as above must come out.
func TestBrowserCountsLikeTheServer(t *testing.T) {
	ctx := browser(t)
	for _, v := range sharedLengths(t) {
		t.Run(v.Name, func(t *testing.T) {
			s := webtest.New(t)
			c := s.Connect("north")
			limit(t, s, c, v.Limits)
			one, err := post.Draft(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Input{Body: post.Body{Parts: []post.Part{{Text: v.Text}}}, Variants: []post.Variant{{Channel: c.ID}}})
			must(t, err)
			look(t, ctx, serve(t, s)+s.Path("posts", one.ID, "edit"), 1280, 900)
			ready(t, ctx, ".pick .counter[data-tone]")
			left, err := chromedp.Run(ctx, chromedp.Evaluate[int](`Number(document.querySelector(".pick .counter").value.replace("\u2212", "-"))`))
			if err != nil || v.Limits.Text-left != v.Length {
				t.Errorf("the browser counts %d, the server %d (%v)", v.Limits.Text-left, v.Length, err)
			}
		})
	}
}

func limit(t *testing.T, s *webtest.Site, c channel.Channel, l network.Limits) {
	t.Helper()
	raw, err := json.Marshal(l)
	must(t, err)
	_, err = s.DB.ExecContext(t.Context(), `UPDATE channel SET limits = $2 WHERE id = $1`, c.ID, string(raw))
	must(t, err)
}

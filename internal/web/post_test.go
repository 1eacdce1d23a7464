package web_test

import (
	"image/color"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/post"
	"rapport/internal/web/webtest"
)

var pageAll = db.Page{Limit: 200}

func TestPostPage(t *testing.T) {
	s := webtest.New(t)
	c := s.Connect("north")
	one, _ := s.Schedule("See you on Thursday", s.DB.Now().Add(time.Hour), c.ID)
	page := s.Get(s.Path("posts", one.ID)).Is(200)
	page.Has("h1", "See you on Thursday").Has(".story", "Scheduled", "Ada Lind").Has(".way-times", "Planned for").Has("[data-live~='delivery.changed']")
	s.Post(s.Path("posts", one.ID, "move"), "at", "2020-01-01T10:00").Is(http.StatusUnprocessableEntity).
		Has("#move-at-error", "still to come").Has("#move-at[value='2020-01-01T10:00']")
	s.Follow(s.Post(s.Path("posts", one.ID, "move"), "at", tomorrow(s))).Is(200).Has(".toast", "Moved to").Has(".story", "Moved")
	gone := s.Follow(s.Post(s.Path("posts", one.ID, "delete"))).Is(200).Has(".toast", "deleted")
	s.Get(s.Path("posts", one.ID)).Is(http.StatusNotFound)
	s.Follow(s.Post(gone.Attr(".toast form", "action"))).Is(200).Has(".notice", "draft").Has("#move-at[value^='20']")
	copied := s.Follow(s.Post(s.Path("posts", one.ID, "duplicate"))).Is(200).Has("textarea", "See you on Thursday")
	if copied.Attr("input[name=id]", "value") == one.ID {
		t.Error("the copy is the post itself")
	}
}

func TestWhatIsOutStaysAsItIs(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	page := s.Get(s.Path("posts", w.Best)).Is(200).Has(".way-numbers", "412").Has(".way a[href='https://paper.example/1']", "View on Paper").
		Lacks("a[href$='/edit']").Lacks("form[action$='/delete']")
	if late := page.Text(".way-times"); !strings.Contains(late, "300 ms") {
		t.Errorf("lateness: %s", late)
	}
	s.Follow(s.Get(s.Path("posts", w.Best, "edit"))).Has(".toast", "stays as it is")
	s.Post(s.Path("posts", w.Best, "delete")).Is(http.StatusConflict).Has(".notice", "history")
}

func TestPostList(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("posts")).Is(200).Has(".empty", "What you write")
	w := s.Fill()
	s.Get(s.Path("posts")).Is(200).Has("tbody tr[data-row] a", "Sunday blend").Has("input[name=post]").Has(".chips", "State", "Channel")
	s.Get(s.Path("posts")+"?state=missed").Has("tbody", "Open until nine").Has(".chip[data-active]", "missed")
	if n := s.Get(s.Path("posts") + "?state=missed").Count("tr[data-row]"); n != 1 {
		t.Errorf("%d missed", n)
	}
	if n := s.Get(s.Path("posts") + "?channel=" + w.Channels[2].ID).Count("tr[data-row]"); n != 1 {
		t.Errorf("%d on the channel", n)
	}
	s.Get(s.Path("posts")+"?q=THURSDAY").Has("tbody", "See you on Thursday").Has("input[name=q][value=THURSDAY]")
	s.Get(s.Path("posts")+"?q=nowhere").Has(".empty", "No post matches")
	s.Get(s.Path("posts") + "?state=wrong").Is(http.StatusUnprocessableEntity)
}

func TestPostListGoesOn(t *testing.T) {
	s := webtest.New(t)
	for range 51 {
		if _, err := post.Draft(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Input{}); err != nil {
			t.Fatal(err)
		}
	}
	first := s.Get(s.Path("posts")).Is(200)
	next := first.Attr("#more a", "href")
	r := httptest.NewRequest(http.MethodGet, next, nil)
	r.Header.Set("HX-Request", "true")
	part := s.Do(r).Is(200)
	if strings.Contains(part.Body, "<html") || strings.Count(part.Body, "data-row>") != 1 {
		t.Errorf("the next part is %s", part.Body)
	}
	if n := first.Count("tr[data-row]"); n != 50 {
		t.Errorf("%d rows", n)
	}
}

func TestPostBulk(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	one, err := post.Draft(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Input{Body: post.Body{Parts: []post.Part{{Text: "Only an idea"}}}})
	if err != nil {
		t.Fatal(err)
	}
	s.Post(s.Path("posts", "bulk"), "act", "delete").Is(http.StatusUnprocessableEntity).Has(".notice", "at least one")
	s.Post(s.Path("posts", "bulk"), "act", "delete", "post", one.ID, "post", w.Best).Is(http.StatusConflict).Has(".notice", "1 post deleted", "history")
	if _, err := post.ByID(t.Context(), s.DB, s.Who(), s.Brand.ID, one.ID); err == nil {
		t.Error("the draft is still there")
	}
	s.Follow(s.Post(s.Path("posts", "bulk"), "act", "duplicate", "post", w.Best)).Is(200).Has(".toast", "1 draft added")
}

func TestAttention(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("attention")).Is(200).Has(".empty", "Nothing needs you")
	w := s.Fill()
	page := s.Get(s.Path("attention")).Is(200)
	page.Has(".attention-card", "larger than the network takes", "overdue by 74 minutes").Has(".notice", "must be connected again")
	page.Has(".decide", "It is out", "Send now", "Try again", "Send the rest", "at once")
	s.Post(s.Path("deliveries", w.Missed, "resolve"), "choice", "reschedule", "at", "2020-01-01T10:00", "from", "attention").
		Is(http.StatusUnprocessableEntity).Has(".attention-card .field-error", "future").Has("input[name=at][value='2020-01-01T10:00']")
	s.Post(s.Path("deliveries", w.Unknown, "resolve"), "choice", "it_is_out", "url", "javascript:1", "from", "attention").
		Is(http.StatusUnprocessableEntity).Has(".attention-card .field-error", "https")
	s.Follow(s.Post(s.Path("deliveries", w.Missed, "resolve"), "choice", "drop", "from", "attention")).Is(200).Has(".toast", "Dropped")
	s.Follow(s.Post(s.Path("deliveries", w.Unknown, "resolve"), "choice", "it_is_out", "url", "https://paper.example/9")).Is(200).
		Has(".way .state", "published")
	s.Post(s.Path("deliveries", w.Unknown, "resolve"), "choice", "send_again", "from", "attention").Is(http.StatusConflict).Has(".notice", "published now")
}

func TestMissedAtOnce(t *testing.T) {
	s := webtest.New(t)
	c := s.Connect("north")
	var ids []string
	for range 3 {
		_, made := s.Schedule("Late", s.DB.Now().Add(time.Hour), c.ID)
		ids = append(ids, made...)
	}
	for _, id := range ids {
		if _, err := s.DB.ExecContext(t.Context(), `UPDATE delivery SET state = 'missed' WHERE id = $1`, id); err != nil {
			t.Fatal(err)
		}
	}
	s.Get(s.Path("attention")).Is(200).Has(".bulk")
	s.Post(s.Path("attention", "missed"), "choice", "reschedule", "at", "2020-01-01T10:00").Is(http.StatusUnprocessableEntity).Has("#bulk-at-error", "passed")
	s.Follow(s.Post(s.Path("attention", "missed"), "choice", "reschedule", "at", tomorrow(s))).Is(200).Has(".toast", "3 deliveries have a new time")
	for _, id := range ids {
		if d, err := delivery.ByID(t.Context(), s.DB, s.Brand.ID, id); err != nil || d.State != delivery.Scheduled {
			t.Errorf("%s, %v", d.State, err)
		}
	}
}

func TestTakeDownAsksForTheName(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	path := s.Path("deliveries", w.Half, "remove")
	s.Get(path).Is(200).Has("label", "Type @north@paper.example")
	s.Post(path, "handle", "north").Is(http.StatusUnprocessableEntity).Has("#handle-error", "Type").Has("#handle[value=north]")
}

func TestMedia(t *testing.T) {
	s := webtest.New(t)
	s.Get(s.Path("media")).Is(200).Has(".empty", "pictures")
	s.Post(s.Path("media")).Is(http.StatusUnprocessableEntity)
	p := upload(s, s.Path("media"), nil, "file", "<b>.png", drawn(t, 300, 200, color.White))
	page := s.Follow(p).Is(200).Has(".toast", "1 picture").Has(".media-tile", "<b>.png", "no description")
	upload(s, s.Path("media"), nil, "file", "x.svg", []byte("<svg/>")).Is(http.StatusUnprocessableEntity).Has(".notice", "x.svg", "PNG")
	at := page.Attr(".media-tile a", "href")
	s.Get(at).Is(200).Has("h1", "<b>.png").Has(".facts", "300 × 200").Has(".panel", "No post shows it")
	s.Post(at+"/describe", "alt", strings.Repeat("x", 5000)).Is(http.StatusUnprocessableEntity).Has("#alt-error", "4000")
	s.Follow(s.Post(at+"/describe", "alt", "A white field")).Is(200).Has("#alt", "A white field")
	s.Get(s.Path("media") + "?q=WHITE").Has(".media-tile").Lacks(".media-tile .badge")
	s.Get(at + "/crop").Is(200).Has("input[name=width][value='300']")
	s.Post(at+"/crop", "x", "0", "y", "0", "width", "301", "height", "9").Is(http.StatusUnprocessableEntity).Has(".notice", "300 × 200").Has("input[value='301']")
	s.Follow(s.Post(at+"/crop", "x", "10", "y", "0", "width", "100", "height", "50")).Is(200).Has(".facts", "100 × 50")
	gone := s.Follow(s.Post(at+"/delete")).Is(200).Has(".empty").Has(".toast", "deleted")
	s.Get(s.Path("media") + "?deleted=true").Has(".media-tile")
	s.Follow(s.Post(gone.Attr(".toast form", "action"))).Is(200).Has(".toast", "back")
}

func TestMediaFile(t *testing.T) {
	s := webtest.New(t)
	m := addPicture(t, s, `a "b".png`, "", color.White)
	for _, size := range []string{"full", "thumb"} {
		p := s.Get(s.Path("media", m.ID, "file") + "?size=" + size).Is(200)
		for name, want := range map[string]string{"Content-Type": m.Mime, "X-Content-Type-Options": "nosniff", "Cache-Control": "private"} {
			if got := p.Header.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s is %q", size, name, got)
			}
		}
		if got := p.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "inline") {
			t.Errorf("disposition %q", got)
		}
		r := httptest.NewRequest(http.MethodGet, s.Path("media", m.ID, "file")+"?size="+size, nil)
		r.Header.Set("If-None-Match", p.Header.Get("ETag"))
		s.Do(r).Is(http.StatusNotModified)
	}
	s.SignOut()
	s.Get(s.Path("media", m.ID, "file")).Is(http.StatusSeeOther)
}

func TestBroughtOverPostsAreMarked(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	exec(t, s.DB, `UPDATE post SET origin = 'imported' WHERE id = $1`, w.Best)
	s.Get(s.Path("posts", w.Best)).Is(200).Has(".brought", "Brought over from", "another program").Has(".facts", "written with another program").Lacks("a[href$='/edit']")
	s.Get(s.Path("posts")).Has(".brought-mark", "Brought over from")
}

package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rapport/internal/brand"
	"rapport/internal/bridge"
	"rapport/internal/channel"
	"rapport/internal/community"
	"rapport/internal/delivery"
	"rapport/internal/media"
	"rapport/internal/post"
	"rapport/internal/space"
	"rapport/internal/web/webtest"
)

// drawn is a PNG of one colour.
func drawn(t testing.TB, width, height int, c color.Color) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		img.Set(i%width, i/width, c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// picture puts one into the library.
func addPicture(t testing.TB, s *webtest.Site, name, alt string, c color.Color) media.Media {
	t.Helper()
	m, err := s.Media.Add(t.Context(), s.Who(), s.Brand.ID, name, bytes.NewReader(drawn(t, 640, 400, c)))
	if err == nil && alt != "" {
		m, err = s.Media.Describe(t.Context(), s.Who(), s.Brand.ID, m.ID, alt)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// upload sends files in a form, as name, file name, content.
func upload(s *webtest.Site, path string, fields url.Values, files ...any) *webtest.Page {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, values := range fields {
		for _, v := range values {
			_ = w.WriteField(name, v)
		}
	}
	for i := 0; i+2 < len(files); i += 3 {
		f, _ := w.CreateFormFile(files[i].(string), files[i+1].(string))
		_, _ = f.Write(files[i+2].([]byte))
	}
	_ = w.Close()
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.Do(r)
}

// autosaved sends the composer's form as its script does.
func autosaved(t *testing.T, s *webtest.Site, status int, pairs ...string) map[string]any {
	t.Helper()
	p := s.Post(s.Path("compose", "save"), pairs...).Is(status)
	var out map[string]any
	if err := json.Unmarshal([]byte(p.Body), &out); err != nil {
		t.Fatalf("%v: %s", err, p.Body)
	}
	return out
}

func tomorrow(s *webtest.Site) string {
	return s.DB.Now().Time().Add(24 * time.Hour).In(s.Brand.Location()).Format("2006-01-02T15:04")
}

func TestComposeWithoutScripts(t *testing.T) {
	s := webtest.New(t)
	c := s.Connect("north")
	s.Get(s.Path("compose") + "?at=2027-03-28T02:30").Is(200).Has("textarea[name='text.all.0']").
		Has("input[name=channel][checked]").Has("input[name=at][value='2027-03-28T03:30']")
	p := s.Post(s.Path("compose", "edit"), "n.all", "1", "text.all.0", "One", "channel", c.ID, "edit", "add all").Is(200)
	p.Has("textarea[name='text.all.1']").Has("textarea[name='text.all.0']", "One").Has(".preview-text", "One")
	p = s.Post(s.Path("compose", "edit"), "n.all", "2", "text.all.0", "One", "text.all.1", "Two", "channel", c.ID, "edit", "up all 1").Is(200)
	p.Has("textarea[name='text.all.0']", "Two").Has("textarea[name='text.all.1']", "One")
	p = s.Post(s.Path("compose"), "n.all", "2", "text.all.0", "One", "text.all.1", "Two", "channel", c.ID, "at", tomorrow(s), "act", "schedule")
	shown := s.Follow(p).Is(200).Has(".toast", "Scheduled for").Has(".way .state", "scheduled").Has(".version", "One", "Two")
	undo := shown.Attr(".toast form", "action")
	s.Follow(s.Post(undo)).Is(200).Has(".notice", "draft")
	all, _, err := post.List(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Filter{}, pageAll)
	if err != nil || len(all) != 1 || all[0].State != post.StateDraft {
		t.Errorf("%d posts, %v", len(all), err)
	}
}

func TestComposeRefused(t *testing.T) {
	s := webtest.New(t)
	c := s.Connect("north")
	long := strings.Repeat("x", 501)
	for _, row := range []struct {
		name     string
		pairs    []string
		selector string
		words    string
	}{
		{"no time", []string{"channel", c.ID, "act", "schedule"}, "#at-note .field-error", "Choose the day"},
		{"past", []string{"channel", c.ID, "act", "schedule", "at", "2020-01-01T10:00"}, "#at-note .field-error", "passed"},
		{"no clock", []string{"channel", c.ID, "act", "schedule", "at", "soon"}, "#at-note .field-error", "Give the day"},
		{"no channel", []string{"act", "now"}, "#channels-error", "at least one"},
		{"too long", []string{"channel", c.ID, "act", "now", "text.all.0", long}, ".check-line[data-tone=bad]", "Shorten the text by 1"},
		{"not a channel", []string{"channel", "nonsense", "act", "draft"}, "#channels-error", "not there"},
		{"control", []string{"act", "draft", "text.all.0", "a\x07b"}, ".notice", "control characters"},
	} {
		t.Run(row.name, func(t *testing.T) {
			pairs := append([]string{"n.all", "1", "text.all.0", webtest.Evil}, row.pairs...)
			if row.words == "Shorten the text by 1" || row.name == "control" {
				pairs = pairs[2:]
				pairs = append([]string{"n.all", "1"}, row.pairs...)
			}
			p := s.Post(s.Path("compose"), pairs...).Is(http.StatusUnprocessableEntity).Has(row.selector, row.words)
			if !strings.Contains(strings.Join(pairs, " "), long) && row.name != "control" {
				p.Has("textarea[name='text.all.0']", "<script>")
			}
		})
	}
}

func TestComposeConflict(t *testing.T) {
	s := webtest.New(t)
	c := s.Connect("north")
	first := autosaved(t, s, 200, "n.all", "1", "text.all.0", "First words", "channel", c.ID)
	id, revision := first["id"].(string), fmt.Sprint(first["revision"])
	if !strings.HasPrefix(first["text"].(string), "Saved ") || first["href"] != s.Path("posts", id, "edit") {
		t.Fatalf("%v", first)
	}
	mine := []string{"id", id, "revision", revision, "n.all", "1", "text.all.0", "Mine <b>now</b>", "channel", c.ID}
	autosaved(t, s, 200, "id", id, "revision", revision, "n.all", "1", "text.all.0", "Theirs", "channel", c.ID)
	said := autosaved(t, s, http.StatusConflict, mine...)
	if text := fmt.Sprint(said["conflict"]); !strings.Contains(text, "Theirs") || !strings.Contains(text, "copy") {
		t.Errorf("conflict: %s", text)
	}
	s.Post(s.Path("compose"), append(mine, "act", "draft")...).Is(http.StatusConflict).
		Has(".conflict blockquote", "Theirs").Has("textarea[name='text.all.0']", "Mine <b>now</b>")
	copied := s.Follow(s.Post(s.Path("compose"), append(mine, "act", "copy")...)).Is(200).Has("textarea", "Mine <b>now</b>")
	if copied.Attr("input[name=id]", "value") == id {
		t.Error("the copy is the post itself")
	}
	s.Follow(s.Post(s.Path("compose"), append(mine, "act", "overwrite")...)).Is(200).Has("textarea", "Mine <b>now</b>").Has(".toast", "kept")
	s.Get(s.Path("posts")).Is(200).Has("tbody", "Theirs", "Mine")
}

func TestAutosaveLeavesAScheduledPostAlone(t *testing.T) {
	s := webtest.New(t)
	c := s.Connect("north")
	one, _ := s.Schedule("As agreed", s.DB.Now().Add(time.Hour), c.ID)
	p := s.Get(s.Path("posts", one.ID, "edit")).Is(200).Lacks("form[data-save]").Has("button[value=update]", "Save the changes")
	in := []string{"id", one.ID, "revision", p.Attr("input[name=revision]", "value"), "n.all", "1", "text.all.0", "half a sent", "channel", c.ID, "at", tomorrow(s)}
	autosaved(t, s, http.StatusConflict, in...)
	if now, err := post.ByID(t.Context(), s.DB, s.Who(), s.Brand.ID, one.ID); err != nil || now.Excerpt != "As agreed" {
		t.Errorf("it says %q (%v)", now.Excerpt, err)
	}
	s.Follow(s.Post(s.Path("compose"), append(in, "act", "update")...)).Is(200).Has(".version", "half a sent").Has(".state", "scheduled")
	ds, err := delivery.OfPost(t.Context(), s.DB, s.Brand.ID, one.ID)
	if err != nil || len(ds) != 1 || ds[0].DueAt.Time().In(s.Brand.Location()).Format("2006-01-02T15:04") != tomorrow(s) {
		t.Errorf("%v, %v", ds, err)
	}
}

func TestTooMuchTextIsRefusedWithWords(t *testing.T) {
	s := webtest.New(t)
	said := autosaved(t, s, http.StatusUnprocessableEntity, "n.all", "1", "text.all.0", strings.Repeat("0123456789", 1<<20))
	if !strings.Contains(said["text"].(string), "20000") {
		t.Errorf("%v", said["text"])
	}
	said = autosaved(t, s, http.StatusUnprocessableEntity, "n.all", "1", "text.all.0", strings.Repeat("0123456789", 2<<20))
	if said["text"] == "" {
		t.Error("refused without words")
	}
}

func TestVariants(t *testing.T) {
	s := webtest.New(t)
	a, b := s.Connect("north"), s.Connect("south")
	in := []string{"n.all", "1", "text.all.0", "For all", "channel", a.ID, "channel", b.ID, "option." + b.ID + ".visibility", "unlisted"}
	p := s.Post(s.Path("compose", "edit"), append(in, "edit", "differ "+b.ID)...).Is(200)
	p.Has("section[data-body='"+b.ID+"'] textarea", "For all").Has("section[data-body=all][hidden]").Has(".compose-tabs", "All channels", b.Handle)
	in = append(in, "own", b.ID, "n."+b.ID, "1", "text."+b.ID+".0", "For the south")
	saved := autosaved(t, s, 200, in...)
	one, err := post.ByID(t.Context(), s.DB, s.Who(), s.Brand.ID, saved["id"].(string))
	if err != nil || one.ContentFor(b.ID).Parts[0].Text != "For the south" || one.ContentFor(a.ID).Parts[0].Text != "For all" {
		t.Errorf("%+v, %v", one.Variants, err)
	}
	for _, v := range one.Variants {
		if v.Channel == b.ID && v.Options["visibility"] != "unlisted" {
			t.Errorf("options are lost: %v", v.Options)
		}
	}
	s.Get(s.Path("posts", one.ID)).Is(200).Has(".version", "For all", "For the south")
	s.Post(s.Path("compose", "edit"), append(in, "edit", "same "+b.ID)...).Is(200).Lacks("section[data-body='" + b.ID + "']")
}

func TestPicturesInThePost(t *testing.T) {
	s := webtest.New(t)
	c := s.Connect("north")
	fields := url.Values{"n.all": {"1"}, "text.all.0": {"Look"}, "channel": {c.ID}, "edit": {"refresh"}}
	p := upload(s, s.Path("compose", "edit"), fields, "file.all.0", "a.png", drawn(t, 40, 30, color.White), "file.all.0", "note.txt", []byte("no picture"))
	p.Is(http.StatusUnprocessableEntity).Has(".tile img").Has(".notice", "not a picture").Has(".check-line", "Describe a.png")
	id := p.Attr("input[name='media.all.0']", "value")
	in := []string{"n.all", "1", "text.all.0", "Look", "channel", c.ID, "media.all.0", id, "was." + id, "", "alt." + id, "A white field"}
	saved := autosaved(t, s, 200, in...)
	if strings.Contains(saved["checks"].(string), "Describe") {
		t.Error("the description was not kept")
	}
	if m, err := media.ByID(t.Context(), s.DB, s.Who(), s.Brand.ID, id); err != nil || m.Alt != "A white field" {
		t.Errorf("%q, %v", m.Alt, err)
	}
	other := addPicture(t, s, "b.png", "", color.Black)
	p = s.Post(s.Path("compose", "edit"), append(in, "edit", "pick all 0")...).Is(200).Has("#picker button[value='use all 0 " + other.ID + "']")
	s.Post(s.Path("compose", "edit"), append(in, "edit", "", "pick", "all 0", "find", "b.p")...).Is(200).Has("#picker button[value='use all 0 " + other.ID + "']").
		Lacks("#picker button[value='use all 0 " + id + "']")
	p = s.Post(s.Path("compose", "edit"), append(in, "edit", "use all 0 "+other.ID)...).Is(200)
	if n := p.Count(".tile"); n != 2 {
		t.Errorf("%d pictures", n)
	}
	in = append(in, "media.all.0", other.ID)
	p = s.Post(s.Path("compose", "edit"), append(in, "edit", "left all 0 "+other.ID)...).Is(200)
	if first := p.Attr("input[name='media.all.0']", "value"); first != other.ID {
		t.Errorf("first is %s", first)
	}
	s.Post(s.Path("compose", "edit"), append(in, "edit", "out all 0 "+other.ID)...).Is(200).Lacks("input[value='" + other.ID + "']")
}

func TestPostsShowWhatPeopleTypedAsText(t *testing.T) {
	s := webtest.New(t)
	c := s.Connect("north")
	for _, text := range []string{webtest.Evil, webtest.RTL, webtest.Emoji, "</textarea><script>1</script>"} {
		one, _ := s.Schedule(text, s.DB.Now().Add(time.Hour), c.ID)
		for _, path := range []string{s.Path("posts", one.ID), s.Path("posts", one.ID, "edit"), s.Path("posts")} {
			p := s.Get(path).Is(200)
			if found := inline.FindString(p.Body); found != "" {
				t.Errorf("%s holds %q", path, found)
			}
		}
		s.Get(s.Path("posts", one.ID)).Has(".preview-text[dir=auto]", strings.Fields(text)[0])
		s.Get(s.Path("posts", one.ID, "edit")).Has("textarea[name='text.all.0']", strings.Fields(text)[0])
	}
}

func TestOthersPostsAreNotThere(t *testing.T) {
	s := webtest.New(t)
	w := s.Fill()
	m := addPicture(t, s, "a.png", "A", color.White)
	one := w.Best
	s.SignIn(s.NewAccount("eve@example.com", "Eve"))
	s.Brand = s.NewBrand("South")
	for _, path := range []string{"posts/" + one, "posts/" + one + "/edit", "media/" + m.ID, "media/" + m.ID + "/file?size=full", "media/" + m.ID + "/file?size=thumb",
		"media/" + m.ID + "/crop", "deliveries/" + w.Missed + "/remove"} {
		s.Get(s.Path(path)).Is(http.StatusNotFound)
	}
	for _, path := range []string{"posts/" + one + "/unschedule", "posts/" + one + "/duplicate", "posts/" + one + "/delete", "posts/" + one + "/restore",
		"media/" + m.ID + "/delete", "media/" + m.ID + "/restore", "media/" + m.ID + "/describe"} {
		s.Post(s.Path(path)).Is(http.StatusNotFound)
	}
	s.Post(s.Path("posts", one, "move"), "at", tomorrow(s)).Is(http.StatusNotFound)
	s.Post(s.Path("deliveries", w.Missed, "resolve"), "choice", "drop").Is(http.StatusNotFound)
	s.Post(s.Path("deliveries", w.Missed, "remove"), "handle", "x").Is(http.StatusNotFound)
	s.Post(s.Path("media", m.ID, "crop"), "x", "0", "y", "0", "width", "9", "height", "9").Is(http.StatusNotFound)
	s.Post(s.Path("compose"), "id", one, "revision", "1", "n.all", "1", "text.all.0", "x", "act", "draft").Is(http.StatusNotFound)
	autosaved(t, s, http.StatusNotFound, "id", one, "revision", "1", "n.all", "1", "text.all.0", "x")
}

// The times offered are whole hours of the brand's clock, also where that is
// half an hour off.
func TestQuickTimesAreWholeHours(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu"} {
		s := webtest.New(t)
		s.Connect("north")
		if _, err := brand.Change(t.Context(), s.DB, s.Who(), s.Brand.ID, brand.Settings{Name: s.Brand.Name, Color: s.Brand.Color, Zone: zone,
			Language: "en", Tolerance: time.Hour}); err != nil {
			t.Fatal(err)
		}
		s.DB.SetClock(s.DB.Now().Time().Truncate(24 * time.Hour).Add(6 * time.Hour))
		if got := s.Get(s.Path("compose")).Text(".compose-quick"); !strings.Contains(got, "Today") || strings.Contains(got, ":30") || strings.Contains(got, ":45") {
			t.Errorf("%s: %q", zone, got)
		}
	}
}

// Another tab saves between the save and the approval of this one: the words
// that nobody saw here do not go out.
func TestPublishNowSendsOnlyWhatWasSeen(t *testing.T) {
	s := webtest.New(t)
	c := s.Connect("north")
	one, err := post.Draft(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Input{Body: post.Body{Parts: []post.Part{{Text: "Seen"}}}, Variants: []post.Variant{{Channel: c.ID}}})
	if err == nil {
		_, err = post.Save(t.Context(), s.DB, s.Who(), s.Brand.ID, one.ID, one.Revision, post.Input{Body: post.Body{Parts: []post.Part{{Text: "Unseen"}}}, Variants: []post.Variant{{Channel: c.ID}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Post(s.Path("compose"), "id", one.ID, "revision", "1", "n.all", "1", "text.all.0", "Seen", "channel", c.ID, "act", "now").
		Is(http.StatusConflict).Has(".conflict", "Unseen").Has("textarea[name='text.all.0']", "Seen")
	if ds, err := delivery.OfPost(t.Context(), s.DB, s.Brand.ID, one.ID); err != nil || len(ds) != 0 {
		t.Errorf("%d deliveries, %v", len(ds), err)
	}
}

// What a post carries beside its text is chosen without scripts, shown in the
// preview and kept, also for channels that differ or are left out for a while.
func TestOptions(t *testing.T) {
	s := webtest.New(t)
	a, b := s.Connect("north"), s.Connect("south")
	warning, visible := "option."+a.ID+".warning", "option."+a.ID+".visibility"
	s.Get(s.Path("compose")+"?channel="+a.ID).Has("details.compose-options:not([open])", "Options", "Language of the post").
		Has("option[selected]", "English, as the brand").Has("input[name='" + warning + "']").Lacks("input[name='option." + b.ID + ".warning']")
	in := []string{"n.all", "1", "text.all.0", "Soup with meat", "channel", a.ID, warning, "Food", visible, "followers", "option." + b.ID + ".warning", "kept", "language", "de"}
	p := s.Post(s.Path("compose", "edit"), append(in, "edit", "refresh")...).Is(200)
	p.Has("[data-options-set]", "Deutsch · Food · Followers only").Has(".preview-fold:not([open]) summary", "Food", "Show more").Has(".preview-at", "Followers only").
		Has("input[type=hidden][name='option." + b.ID + ".warning'][value=kept]")
	saved := autosaved(t, s, 200, in...)
	one, err := post.ByID(t.Context(), s.DB, s.Who(), s.Brand.ID, saved["id"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(one.Variants[0].Options); got != "map[language:de visibility:followers warning:Food]" {
		t.Errorf("kept %s", got)
	}
	s.Get(s.Path("posts", one.ID)).Has(".version-options", "Content warning: Food", "Followers only", "Language: de")
	s.Get(s.Path("posts", one.ID, "edit")).Has("input[name='" + warning + "'][value=Food]").Has("select[name=language] option[value=de][selected]").
		Has(".preview-fold:not([open])")
	s.Post(s.Path("compose", "edit"), "n.all", "1", "channel", a.ID, warning, strings.Repeat("x", 101), "edit", "refresh").
		Has("details.compose-options[open] .field-error", "shorten it to 100")
	s.Post(s.Path("compose", "edit"), "n.all", "1", "channel", a.ID, visible, "secret", "edit", "refresh").Has(".compose-options .field-error", "choose one of")
}

// Languages that differ from channel to channel stay as they are.
// Into which space a topic goes is said wherever the post is, and open to be
// changed: nobody looks for it under what is folded away.
func TestTheSpaceOfATopicIsSaid(t *testing.T) {
	s := webtest.New(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"News", "Talk"} {
		_, err := space.Create(t.Context(), s.DB, s.Who(), s.Brand.ID, space.Settings{Name: name, Kind: space.Announcements})
		must(err)
	}
	_, err := community.Show(t.Context(), s.DB, s.Who(), s.Brand.ID, true)
	must(err)
	must(s.Own.Keep(t.Context(), s.Brand.ID))
	own, err := channel.OwnOf(t.Context(), s.DB, s.Brand.ID, bridge.Name)
	must(err)
	p := s.Get(s.Path("compose") + "?channel=" + own.ID).Is(http.StatusOK)
	p.Has(".compose-options[open] select option", "News").Has("[data-options-set]", "News")
	made, err := post.Draft(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Input{Body: post.Body{Parts: []post.Part{{Text: "We open early"}}}, Variants: []post.Variant{{Channel: own.ID}}})
	must(err)
	s.Get(s.Path("posts", made.ID)).Has(".version-options", "News")
}

func TestLanguagesThatDiffer(t *testing.T) {
	s := webtest.New(t)
	a, b := s.Connect("north"), s.Connect("south")
	one, err := post.Draft(t.Context(), s.DB, s.Who(), s.Brand.ID, post.Input{Body: post.Body{Parts: []post.Part{{Text: "x"}}},
		Variants: []post.Variant{{Channel: a.ID, Options: map[string]string{"language": "de"}}, {Channel: b.ID, Options: map[string]string{"language": "fr"}}}})
	if err != nil {
		t.Fatal(err)
	}
	p := s.Get(s.Path("posts", one.ID, "edit")).Has("select[name=language] option[value='*'][selected]")
	in := []string{"id", one.ID, "revision", "1", "n.all", "1", "text.all.0", "y", "channel", a.ID, "channel", b.ID, "language", "*"}
	for _, id := range []string{a.ID, b.ID} {
		name := "option." + id + ".language"
		in = append(in, name, p.Attr("input[name='"+name+"']", "value"))
	}
	autosaved(t, s, 200, in...)
	one, err = post.ByID(t.Context(), s.DB, s.Who(), s.Brand.ID, one.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range one.Variants {
		if want := map[string]string{a.ID: "de", b.ID: "fr"}[v.Channel]; v.Options["language"] != want {
			t.Errorf("%s became %s", want, v.Options["language"])
		}
	}
}

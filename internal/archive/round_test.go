package archive_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/archive"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/post"
	"rapport/internal/space"
	"rapport/internal/web/webtest"
)

var noon = time.Date(2026, 11, 28, 11, 0, 0, 0, time.UTC)

// house is a studio with an archiver and a job engine that takes jobs and runs
// none by itself.
type house struct {
	*webtest.Site
	archives *archive.Archiver
}

func open(t *testing.T, s *webtest.Site) house {
	t.Helper()
	return house{s, s.Archives}
}

// full is a brand with something in every part.
func full(t *testing.T, d *db.DB) house {
	t.Helper()
	d.SetClock(noon)
	s := webtest.On(t, d)
	s.Account = s.NewAccount("ada@example.com", "Ada Lind")
	s.SignIn(s.Account)
	s.Brand = s.NewBrand("North Roasters")
	h := open(t, s)
	w := s.FillInbox()
	ctx := t.Context()
	m, err := s.Media.Add(ctx, s.Who(), s.Brand.ID, "cup.png", picture())
	if err != nil {
		t.Fatal(err)
	}
	if err := brand.SetLogo(ctx, d, s.Media.Blobs, s.Who(), s.Brand.ID, picture()); err != nil {
		t.Fatal(err)
	}
	in := post.Input{Body: post.Body{Parts: []post.Part{{Text: "With a picture", Media: []string{m.ID}}}}, Variants: []post.Variant{{Channel: w.Channels[0].ID}}}
	if _, err := post.Draft(ctx, d, s.Who(), s.Brand.ID, in); err != nil {
		t.Fatal(err)
	}
	talks, err := space.Create(ctx, d, s.Who(), s.Brand.ID, space.Settings{Name: "Brewing", Kind: space.Discussion})
	if err != nil {
		t.Fatal(err)
	}
	mate := s.NewAccount("bo@example.com", "Bo Berg")
	if err := account.Give(ctx, d, s.Who(), mate.ID, access.Grant{Brand: s.Brand.ID, Role: access.Community, Channels: []string{w.Channels[1].ID, talks.ID}}); err != nil {
		t.Fatal(err)
	}
	talk := s.Talk("m1")
	s.Post(s.Path("inbox", talk.ID, "notes"), "text", "Ask @Bo Berg about Austria")
	s.Post(s.Path("inbox", talk.ID, "assign"), "assignee", mate.ID)
	if _, err := brand.Hold(ctx, d, s.Who(), s.Brand.ID, "A storm"); err != nil {
		t.Fatal(err)
	}
	if err := brand.Release(ctx, d, s.Who(), s.Brand.ID); err != nil {
		t.Fatal(err)
	}
	h.talk(t)
	return h
}

func picture() io.Reader {
	img := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	for i := range 40 {
		img.Set(i, i%30, color.NRGBA{200, 120, 20, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return &b
}

// export makes the archive and returns it whole.
func (h house) export(t *testing.T) []byte {
	t.Helper()
	ctx := t.Context()
	e, err := h.archives.Begin(ctx, h.Who(), h.Brand.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.archives.Make(ctx, e.ID); err != nil {
		t.Fatal(err)
	}
	f, e, err := h.archives.Open(ctx, h.Who(), h.Brand.ID, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file, err := io.ReadAll(f)
	if err != nil || int64(len(file)) != e.Bytes || e.Done != e.Most {
		t.Fatalf("%d bytes of %+v: %v", len(file), e, err)
	}
	return file
}

// take brings a file in through the door that the page uses.
func (h house) take(t *testing.T, file []byte) archive.Import {
	t.Helper()
	ctx := t.Context()
	i, err := h.archives.Upload(ctx, h.Who(), bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	_ = h.archives.Take(ctx, i.ID)
	i, err = h.archives.ImportByID(ctx, h.Who(), i.ID)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// empty is an installation that has an account and nothing else.
func empty(t *testing.T, d *db.DB) house {
	t.Helper()
	d.SetClock(noon)
	s := webtest.On(t, d)
	s.Account = s.NewAccount("ada@example.com", "Ada Lind")
	s.SignIn(s.Account)
	return open(t, s)
}

// pages are what two brands show, address by address.
func pages(t *testing.T, h house, ids map[string]string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, path := range [][]string{
		{"posts"}, {"posts", ids["post"]}, {"calendar"}, {"inbox"}, {"inbox", ids["conversation"]}, {"people"}, {"people", ids["person"]},
		{"insights"}, {"media"}, {"attention"},
	} {
		p := h.Get(h.Path(path...))
		if p.Status == http.StatusNotFound && path[0] != "insights" {
			t.Errorf("%v is not there", path)
		}
		out[strings.Join(path, "/")] = p.Text("main")
	}
	return out
}

func TestAnArchiveMakesTheSamePagesElsewhere(t *testing.T) {
	type pair struct {
		name     string
		from, to func(testing.TB) *db.DB
	}
	here := func(t testing.TB) *db.DB { return dbtest.Open(t) }
	sqlite := func(t testing.TB) *db.DB { return dbtest.OpenSQLite(t) }
	all := []pair{{"to its like", here, here}}
	if os.Getenv(dbtest.Env) != "" {
		all = append(all, pair{"SQLite to PostgreSQL", sqlite, here}, pair{"PostgreSQL to SQLite", here, sqlite})
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			from := full(t, c.from(t))
			file := from.export(t)
			to := empty(t, c.to(t))
			if i := to.take(t, file); i.State != archive.Done || i.Brand != from.Brand.ID {
				t.Fatalf("%+v", i)
			}
			b, err := brand.ByID(t.Context(), to.DB, to.Who(), from.Brand.ID)
			if err != nil || !b.Held || b.Logo == "" {
				t.Fatalf("%+v %v", b, err)
			}
			to.Brand = b
			// As the copy is; what is on hold looks so.
			if _, err := brand.Hold(t.Context(), from.DB, from.Who(), from.Brand.ID, "As the copy is"); err != nil {
				t.Fatal(err)
			}
			ids := map[string]string{"post": one(t, from.DB, `SELECT id FROM post WHERE excerpt = 'With a picture'`),
				"conversation": from.Talk("m1").ID, "person": one(t, from.DB, `SELECT id FROM person WHERE name = 'Mira'`)}
			sameLog(t, from, to)
			mate := one(t, to.DB, `SELECT CASE WHEN disabled_at > 0 THEN 'cannot sign in' ELSE 'can' END FROM account WHERE email = 'bo@example.com'`)
			if mate != "cannot sign in" {
				t.Errorf("who is not known here %s", mate)
			}
			settleIn(t, to)
			if diff := cmp.Diff(pages(t, from, ids), pages(t, to, ids)); diff != "" {
				t.Error(diff)
			}
			sameFiles(t, from, to)
			if got := to.Get(to.Path("search") + "?q=Switzerland").Text("main"); !strings.Contains(got, "Switzerland") {
				t.Errorf("the search says %q", got)
			}
		})
	}
}

// settleIn does what an owner does with a brand that was brought in: the
// channels are connected again and the team is invited. The third channel had
// lost its access where it came from too.
func settleIn(t *testing.T, h house) {
	t.Helper()
	for _, token := range []string{"north", "north-berlin"} {
		h.Connect(token)
	}
	if _, err := h.DB.ExecContext(t.Context(), `UPDATE channel SET state_reason = 'The access to @cafe@paper.example has ended. Connect it again.' WHERE state = 'attention'`); err != nil {
		t.Fatal(err)
	}
	if _, err := h.DB.ExecContext(t.Context(), `UPDATE account SET disabled_at = 0`); err != nil {
		t.Fatal(err)
	}
}

// one is a value of the database.
func one(t *testing.T, d *db.DB, query string, args ...any) (v string) {
	t.Helper()
	if err := d.QueryRowContext(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// sameLog compares the log but for the archive's own lines.
func sameLog(t *testing.T, from, to house) {
	t.Helper()
	lines := func(h house) []string {
		rows, err := h.DB.QueryContext(t.Context(), `SELECT a.act || ' ' || COALESCE(c.email, '') || ' ' || a.detail FROM audit a LEFT JOIN account c ON c.id = a.account_id
			WHERE a.brand_id = $1 AND a.act NOT LIKE 'data.%' AND a.act NOT IN ('brand.imported', 'hold.set') ORDER BY a.id`, from.Brand.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var out []string
		for rows.Next() {
			var l string
			if err := rows.Scan(&l); err != nil {
				t.Fatal(err)
			}
			out = append(out, l)
		}
		return out
	}
	if diff := cmp.Diff(lines(from), lines(to)); diff != "" {
		t.Error(diff)
	}
}

func sameFiles(t *testing.T, from, to house) {
	t.Helper()
	id := one(t, from.DB, `SELECT id FROM media`)
	for _, size := range []string{"full", "thumb"} {
		a, b := from.Get(from.Path("media", id, "file")+"?size="+size), to.Get(to.Path("media", id, "file")+"?size="+size)
		if a.Status != http.StatusOK || a.Body != b.Body {
			t.Errorf("%s: %d, %d; the pictures differ", size, a.Status, b.Status)
		}
	}
}

func TestWhatWasPlannedIsNotSentFromTheCopy(t *testing.T) {
	from := full(t, dbtest.Open(t))
	for state, when := range map[string]time.Duration{"sending": -time.Minute, "scheduled": -2 * time.Minute} {
		_, ids := from.Schedule("On its way: "+state, from.DB.Now().Add(time.Hour), one(t, from.DB, `SELECT id FROM channel WHERE handle LIKE '%north@%'`))
		if _, err := from.DB.ExecContext(t.Context(), `UPDATE delivery SET state = $2, due_at = $3 WHERE id = $1`, ids[0], state, from.DB.Now().Add(when)); err != nil {
			t.Fatal(err)
		}
	}
	to := empty(t, dbtest.Open(t))
	if i := to.take(t, from.export(t)); i.State != archive.Done {
		t.Fatalf("%+v", i)
	}
	for text, want := range map[string]string{"On its way: sending": "unknown", "On its way: scheduled": "missed", "See you on Thursday.": "scheduled"} {
		if got := one(t, to.DB, `SELECT d.state FROM delivery d JOIN post p ON p.id = d.post_id WHERE p.excerpt = $1`, text); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	if got := one(t, to.DB, `SELECT MIN(state || credential) FROM channel`); got != "attention" {
		t.Errorf("a channel is %s", got)
	}
	if b, err := brand.ByID(t.Context(), to.DB, to.Who(), from.Brand.ID); err != nil || !b.Held {
		t.Errorf("the brand is not on hold: %+v, %v", b, err)
	}
}

func TestABrandThatIsHereIsRefused(t *testing.T) {
	from := full(t, dbtest.Open(t))
	before := pages(t, from, map[string]string{"post": one(t, from.DB, `SELECT id FROM post WHERE excerpt = 'With a picture'`), "conversation": from.Talk("m1").ID, "person": one(t, from.DB, `SELECT id FROM person WHERE name = 'Mira'`)})
	i := from.take(t, from.export(t))
	if i.State != archive.Failed || !strings.Contains(i.Error, "here already: North Roasters") {
		t.Errorf("%+v", i)
	}
	after := pages(t, from, map[string]string{"post": one(t, from.DB, `SELECT id FROM post WHERE excerpt = 'With a picture'`), "conversation": from.Talk("m1").ID, "person": one(t, from.DB, `SELECT id FROM person WHERE name = 'Mira'`)})
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

func TestOneExportAtATime(t *testing.T) {
	h := full(t, dbtest.Open(t))
	results := make(chan error, 8)
	for range 8 {
		go func() {
			_, err := h.archives.Begin(context.Background(), h.Who(), h.Brand.ID)
			results <- err
		}()
	}
	made := 0
	for range 8 {
		if err := <-results; err == nil {
			made++
		}
	}
	if made != 1 {
		t.Errorf("%d exports at a time", made)
	}
}

func TestTheConsoleBringsAnArchiveIn(t *testing.T) {
	from := full(t, dbtest.Open(t))
	path := filepath.Join(t.TempDir(), "north.zip")
	if err := os.WriteFile(path, from.export(t), 0o600); err != nil {
		t.Fatal(err)
	}
	to := empty(t, dbtest.Open(t))
	i, err := to.archives.ImportFile(t.Context(), "ada@example.com", path)
	if err != nil || i.Name != "North Roasters" || !slices.Contains(to.Who().Brands(to.DB.Now()), from.Brand.ID) {
		t.Errorf("%+v %v", i, err)
	}
}

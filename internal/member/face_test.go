package member_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"path"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/deposit"
	"rapport/internal/fault"
	"rapport/internal/member"
)

// album is a community with files, and the jobs about them, which wait until
// the test runs them.
type album struct {
	house
	blobs blob.Store
	jobs  []deposit.Files
	at    []db.Time
}

func (a *album) Enqueue(_ context.Context, tx *db.Tx, kind string, args []byte, at db.Time) error {
	if (deposit.Files{}).Kind() != kind {
		return nil
	}
	var f deposit.Files
	err := json.Unmarshal(args, &f)
	tx.AfterCommit(func() { a.jobs, a.at = append(a.jobs, f), append(a.at, at) })
	return err
}

func openAlbum(t *testing.T) *album {
	t.Helper()
	a := &album{house: open(t)}
	blobs, err := blob.OpenFolder(t.TempDir())
	a.must(err)
	t.Cleanup(func() { blobs.Close() })
	a.blobs, a.DB.Jobs = blobs, a
	return a
}

// work runs the jobs that are due.
func (a *album) work() {
	a.Helper()
	keeper := &deposit.Keeper{DB: a.DB, Blobs: a.blobs, Named: []deposit.Named{member.NamesFace}}
	jobs, at := a.jobs, a.at
	a.jobs, a.at = nil, nil
	for i, f := range jobs {
		if at[i] > a.Now() {
			a.jobs, a.at = append(a.jobs, f), append(a.at, at[i])
			continue
		}
		a.must(keeper.Clear(ctx, f))
	}
}

// files are all that lie in the store.
func (a *album) files() (keys []string) {
	a.Helper()
	for info, err := range a.blobs.List(ctx, "") {
		a.must(err)
		keys = append(keys, info.Key)
	}
	return keys
}

func (a *album) portray(m member.Member, c color.Color) string {
	a.Helper()
	a.must(member.Portray(ctx, a.DB, a.blobs, a.voice(m), drawn(c)))
	return a.voice(m).Member.Picture
}

func drawn(c color.Color) io.Reader {
	m := image.NewNRGBA(image.Rect(0, 0, 300, 200))
	for i := range 300 * 200 {
		m.Set(i%300, i/300, c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return &b
}

var red, blue = color.NRGBA{200, 0, 0, 255}, color.NRGBA{0, 0, 200, 255}

// lost is a store that dies before it removes a file.
type lost struct{ blob.Store }

func (lost) Delete(context.Context, string) error { panic("the power is gone") }

// However a picture goes, its file goes too, even where the program dies right
// after the row was written.
func TestAFileGoesWithItsPicture(t *testing.T) {
	for name, take := range map[string]func(*album, member.Member){
		"another":      func(a *album, m member.Member) { a.portray(m, blue) },
		"they take it": func(a *album, m member.Member) { a.must(member.Unportray(ctx, a.DB, a.voice(m))) },
		"the team takes it": func(a *album, m member.Member) {
			a.must(member.TakePicture(ctx, a.DB, a.owner, a.brand.ID, m.ID, member.Taken{Seen: path.Base(a.voice(m).Member.Picture), Reason: "Rude"}))
		},
		"they leave without their name": func(a *album, m member.Member) {
			m = a.voice(m).Member
			a.must(a.Tx(ctx, func(tx *db.Tx) error { return m.Part(ctx, tx, false) }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := openAlbum(t)
			m := a.make(member.New{Name: "Ada"})
			was := a.portray(m, red)
			store := a.blobs
			a.blobs = lost{store}
			take(a, m)
			a.blobs = store
			if _, _, err := member.FaceFile(ctx, a.DB, a.brand.ID, path.Base(was)); !fault.Is(err, fault.NotFound) {
				t.Errorf("it is still shown: %v", err)
			}
			if _, err := store.Stat(ctx, was); err != nil {
				t.Fatalf("nothing died before the file went: %v", err)
			}
			a.work()
			if _, err := store.Stat(ctx, was); !fault.Is(err, fault.NotFound) {
				t.Errorf("its file stays: %v", err)
			}
			a.SetClock(a.Now().Time().Add(2 * time.Hour))
			a.work()
			if left := a.files(); name == "another" && len(left) != 1 || name != "another" && len(left) != 0 {
				t.Errorf("there is %v", left)
			}
		})
	}
}

// dying is a store with which the program dies once a file is stored.
type dying struct{ blob.Store }

func (d dying) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	_, _ = d.Store.Put(ctx, key, r)
	panic("the power is gone")
}

func TestAFileWhoseRowNeverCame(t *testing.T) {
	a := openAlbum(t)
	m := a.make(member.New{Name: "Ada"})
	is := a.portray(m, red)
	func() {
		defer func() { _ = recover() }()
		_ = member.Portray(ctx, a.DB, dying{a.blobs}, a.voice(m), drawn(blue))
	}()
	if len(a.files()) != 2 {
		t.Fatalf("there is %v", a.files())
	}
	a.SetClock(a.Now().Time().Add(2 * time.Hour))
	a.work()
	if left := a.files(); len(left) != 1 || left[0] != is || a.voice(m).Member.Picture != is {
		t.Errorf("there is %v, and they have %s", left, a.voice(m).Member.Picture)
	}
	// Who is suspended meanwhile gets no picture, and no file stays.
	v := a.voice(m)
	_, err := member.Decide(ctx, a.DB, a.owner, a.brand.ID, m.ID, member.Suspended, "Rude")
	a.must(err)
	if err := member.Portray(ctx, a.DB, a.blobs, v, drawn(blue)); !fault.Is(err, fault.Denied) {
		t.Error(err)
	}
	if left := a.files(); len(left) != 1 {
		t.Errorf("there is %v", left)
	}
}

// Two with the very same picture have it each for themselves, and two who share
// a file keep it until the last of them takes it away.
func TestTheSamePictureTwice(t *testing.T) {
	a := openAlbum(t)
	ada, bo := a.make(member.New{Name: "Ada"}), a.make(member.New{Name: "Bo"})
	a.portray(ada, red)
	his := a.portray(bo, red)
	a.must(member.Unportray(ctx, a.DB, a.voice(ada)))
	a.work()
	if left := a.files(); len(left) != 1 || left[0] != his {
		t.Errorf("there is %v, and he has %s", left, his)
	}
	if _, err := a.ExecContext(ctx, `UPDATE member SET picture = $2 WHERE id = $1`, ada.ID, his); err != nil {
		t.Fatal(err)
	}
	a.must(member.Unportray(ctx, a.DB, a.voice(bo)))
	a.work()
	if left := a.files(); len(left) != 1 {
		t.Errorf("a file that another shows is gone: %v", left)
	}
	a.must(member.Unportray(ctx, a.DB, a.voice(ada)))
	a.work()
	if left := a.files(); len(left) != 0 {
		t.Errorf("there is %v", left)
	}
}

// What was taken away and comes again is a file of its own: the job about the
// first does not take the second.
func TestAPictureComesBack(t *testing.T) {
	a := openAlbum(t)
	m := a.make(member.New{Name: "Ada"})
	first := a.portray(m, red)
	if again := a.portray(m, red); again != first {
		t.Errorf("the same is %s, and was %s", again, first)
	}
	a.must(member.Unportray(ctx, a.DB, a.voice(m)))
	second := a.portray(m, red)
	a.work()
	if left := a.files(); len(left) != 1 || left[0] != second {
		t.Errorf("there is %v, and they have %s", left, second)
	}
}

func TestWhoShowsAFileIsFoundByAnIndex(t *testing.T) {
	a := openAlbum(t)
	_, err := member.NamesFace(ctx, dbtest.Indexed(t, a.DB), a.brand.ID, "community/b/face/x.png")
	a.must(err)
}

// The rule that was named stands beside the reason, until they choose another.
func TestARuleIsNamed(t *testing.T) {
	a := openAlbum(t)
	m := a.make(member.New{Name: "Ada"})
	seen := path.Base(a.portray(m, red))
	long := member.Taken{Seen: seen, Reason: "Rude", Rule: string(bytes.Repeat([]byte("x"), 151))}
	if err := member.TakePicture(ctx, a.DB, a.owner, a.brand.ID, m.ID, long); field(err) != "rule" {
		t.Errorf("a rule that is none: %v", err)
	}
	moderator := access.Who{Account: "mo", Grants: []access.Grant{{Brand: a.brand.ID, Role: access.Moderator}}}
	a.must(member.TakePicture(ctx, a.DB, moderator, a.brand.ID, m.ID, member.Taken{Seen: seen, Reason: "Rude", Rule: "Be kind"}))
	if is := a.voice(m).Member; is.Why != "Rude" || is.Rule != "Be kind" || is.Picture != "" {
		t.Errorf("%+v", is)
	}
	a.portray(m, blue)
	if is := a.voice(m).Member; is.Why != "" || is.Rule != "" || is.Picture == "" {
		t.Errorf("%+v", is)
	}
}

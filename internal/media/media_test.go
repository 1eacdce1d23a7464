package media_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rapport/internal/access"
	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
	"rapport/internal/media"
)

var ctx = context.Background()

var rowOnly = cmpopts.IgnoreUnexported(media.Media{})

type world struct {
	lib   *media.Library
	brand string
	who   access.Who
}

func open(t *testing.T) *world {
	t.Helper()
	files, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	w := &world{lib: &media.Library{DB: dbtest.Open(t), Blobs: files}}
	w.brand = w.newBrand(t)
	w.who = as(w.brand, access.Owner)
	return w
}

func as(brand string, role access.Role) access.Who {
	return access.Who{Account: "acc", Grants: []access.Grant{{Brand: brand, Role: role}}}
}

func (w *world) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := w.lib.DB.ExecContext(ctx, query, args...); err != nil {
		t.Fatal(err)
	}
}

func (w *world) newBrand(t *testing.T) string {
	t.Helper()
	id := db.NewID()
	w.exec(t, `INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $2, 'N', '#000000', 'UTC', 1)`, id, id)
	return id
}

// picture draws width × height pixels whose left half is red and whose right
// half is blue.
func picture(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.NRGBA{255, 0, 0, 255}
			if x >= width/2 {
				c = color.NRGBA{0, 0, 255, 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func jpegOf(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(width, height), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (w *world) add(t *testing.T, name string) media.Media {
	t.Helper()
	m, err := w.lib.Add(ctx, w.who, w.brand, name, bytes.NewReader(jpegOf(t, 800, 400)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (w *world) image(t *testing.T, id, size string) image.Image {
	t.Helper()
	f, _, _, err := w.lib.Open(ctx, w.who, w.brand, id, size)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func (w *world) files(t *testing.T) (n int) {
	t.Helper()
	for _, err := range w.lib.Blobs.List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// use makes a post that shows the picture, with a delivery in the state.
func (w *world) use(t *testing.T, mediaID, excerpt, state string) {
	t.Helper()
	post, channel := db.NewID(), db.NewID()
	w.exec(t, `INSERT INTO post (id, brand_id, state, body, excerpt, revision, created_at, updated_at) VALUES ($1, $2, 'approved', '{}', $3, 1, 1, 1)`, post, w.brand, excerpt)
	w.exec(t, `INSERT INTO post_media (media_id, post_id, brand_id) VALUES ($1, $2, $3)`, mediaID, post, w.brand)
	w.exec(t, `INSERT INTO channel (id, brand_id, network, remote_id, handle, name, credential, limits, state, state_at, created_at)
		VALUES ($1, $2, 'test', $3, '@n', 'N', '', '{}', 'connected', 1, 1)`, channel, w.brand, channel)
	if state != "" {
		w.exec(t, `INSERT INTO delivery (id, brand_id, post_id, channel_id, state, due_at, run_at, revision, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, 1, 1, 1, 1, 1)`, db.NewID(), w.brand, post, channel, state)
	}
}

func TestAdd(t *testing.T) {
	w := open(t)
	m := w.add(t, `C:\holiday\Kaffee ☕.jpg`)
	got, err := media.ByID(ctx, w.lib.DB, w.who, w.brand, m.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, got, rowOnly); diff != "" {
		t.Error(diff)
	}
	if m.Name != "Kaffee ☕.jpg" || m.Mime != "image/jpeg" || m.Width != 800 || m.Height != 400 || m.CreatedBy != "acc" || len(m.Color) != 7 {
		t.Errorf("%+v", m)
	}
	if b := w.image(t, m.ID, media.Full).Bounds(); b.Dx() != 800 || b.Dy() != 400 {
		t.Errorf("full is %v", b)
	}
	if b := w.image(t, m.ID, media.Thumb).Bounds(); b.Dx() != 480 || b.Dy() != 240 {
		t.Errorf("thumb is %v", b)
	}
	if _, _, _, err := w.lib.Open(ctx, w.who, w.brand, m.ID, "huge"); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown size: %v", err)
	}
}

func TestAddKeepsTransparency(t *testing.T) {
	w := open(t)
	img := picture(40, 40)
	img.SetNRGBA(0, 0, color.NRGBA{})
	m, err := w.lib.Add(ctx, w.who, w.brand, "logo.png", bytes.NewReader(pngOf(t, img)))
	if err != nil || m.Mime != "image/png" {
		t.Fatalf("%+v, %v", m, err)
	}
	if _, _, _, a := w.image(t, m.ID, media.Full).At(0, 0).RGBA(); a != 0 {
		t.Errorf("the corner has alpha %d", a)
	}
}

// What a camera writes beside the pixels is not kept.
func TestAddDropsWhatIsNotPixels(t *testing.T) {
	w := open(t)
	src := jpegOf(t, 20, 20)
	secret := "GPS 52.5200 13.4050"
	comment := append([]byte{0xff, 0xfe, 0, byte(len(secret) + 2)}, secret...)
	src = append(append(append([]byte{}, src[:2]...), comment...), src[2:]...)
	src = append(src, "<script>trailing</script>"...)
	m, err := w.lib.Add(ctx, w.who, w.brand, "a.jpg", bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	f, _, _, err := w.lib.Open(ctx, w.who, w.brand, m.ID, media.Full)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kept, err := io.ReadAll(f)
	if err != nil || bytes.Contains(kept, []byte("GPS")) || bytes.Contains(kept, []byte("script")) {
		t.Errorf("it is still there, %v", err)
	}
}

func TestAddIsRefusedWhole(t *testing.T) {
	w := open(t)
	good := jpegOf(t, 100, 100)
	bomb := pngOf(t, image.NewNRGBA(image.Rect(0, 0, 1, 1)))
	copy(bomb[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // says 65,536 × 65,536
	for _, c := range []struct {
		name string
		src  io.Reader
	}{
		{"nothing", strings.NewReader("")},
		{"text", strings.NewReader("hello")},
		{"a vector drawing", strings.NewReader(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`)},
		{"half a picture", bytes.NewReader(good[:len(good)/2])},
		{"more pixels than fit", bytes.NewReader(bomb)},
		{"more bytes than fit", io.MultiReader(bytes.NewReader(good), bytes.NewReader(make([]byte, 21<<20)))},
		{"a broken upload", io.MultiReader(bytes.NewReader(good), iotest.ErrReader(errors.New("gone")))},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := w.lib.Add(ctx, w.who, w.brand, "x", c.src); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want invalid", err)
			}
		})
	}
	all, _, err := media.List(ctx, w.lib.DB, w.who, w.brand, media.Filter{}, db.Page{})
	if err != nil || len(all) != 0 || w.files(t) != 0 {
		t.Errorf("%d rows and %d files were kept, %v", len(all), w.files(t), err)
	}
}

// full is a store without space.
type full struct{ blob.Store }

func (full) Put(context.Context, string, io.Reader) (blob.Info, error) {
	return blob.Info{}, fault.New(fault.Unavailable, "There is no space left.")
}

func TestAddWithoutSpaceKeepsNothing(t *testing.T) {
	w := open(t)
	w.lib.Blobs = full{w.lib.Blobs}
	if _, err := w.lib.Add(ctx, w.who, w.brand, "x", bytes.NewReader(jpegOf(t, 10, 10))); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	if all, _, err := media.List(ctx, w.lib.DB, w.who, w.brand, media.Filter{}, db.Page{}); err != nil || len(all) != 0 {
		t.Errorf("%d rows, %v", len(all), err)
	}
}

func TestCrop(t *testing.T) {
	w := open(t)
	m := w.add(t, "a.jpg")
	if _, err := w.lib.Describe(ctx, w.who, w.brand, m.ID, "Two colours"); err != nil {
		t.Fatal(err)
	}
	right, err := w.lib.Crop(ctx, w.who, w.brand, m.ID, media.Rect{X: 500, Y: 100, Width: 200, Height: 100})
	if err != nil {
		t.Fatal(err)
	}
	if right.ID != m.ID || right.Width != 200 || right.Height != 100 || right.Alt != "Two colours" {
		t.Errorf("%+v", right)
	}
	if r, _, b, _ := w.image(t, m.ID, media.Full).At(100, 50).RGBA(); r > b {
		t.Error("this is not the blue half")
	}
	// The next crop starts from the original, not from what is left of it.
	if _, err := w.lib.Crop(ctx, w.who, w.brand, m.ID, media.Rect{X: 0, Y: 0, Width: 300, Height: 400}); err != nil {
		t.Fatal(err)
	}
	if r, _, b, _ := w.image(t, m.ID, media.Full).At(100, 200).RGBA(); r < b {
		t.Error("this is not the red half")
	}
	if n := w.files(t); n != 3 {
		t.Errorf("%d files, want the original and both sizes of the crop", n)
	}
	for _, bad := range []media.Rect{{}, {X: -1, Width: 10, Height: 10}, {X: 795, Width: 10, Height: 10}, {Width: 1 << 62, Height: 1}} {
		if _, err := w.lib.Crop(ctx, w.who, w.brand, m.ID, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestCropOfAShownPictureIsANewOne(t *testing.T) {
	w := open(t)
	m := w.add(t, "a.jpg")
	w.use(t, m.ID, "Hello", "published")
	c, err := w.lib.Crop(ctx, w.who, w.brand, m.ID, media.Rect{Width: 100, Height: 100})
	if err != nil || c.ID == m.ID {
		t.Fatalf("%+v, %v", c, err)
	}
	if b := w.image(t, m.ID, media.Full).Bounds(); b.Dx() != 800 {
		t.Errorf("the shown one is now %v", b)
	}
	if b := w.image(t, c.ID, media.Full).Bounds(); b.Dx() != 100 {
		t.Errorf("the new one is %v", b)
	}
}

func TestDescribe(t *testing.T) {
	w := open(t)
	m := w.add(t, "a.jpg")
	got, err := w.lib.Describe(ctx, w.who, w.brand, m.ID, "  A cup\r\non a table ")
	if err != nil || got.Alt != "A cup\non a table" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"\x00", "a\xff", strings.Repeat("é", 4001)} {
		if _, err := w.lib.Describe(ctx, w.who, w.brand, m.ID, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
}

func TestDeleteAndRestore(t *testing.T) {
	w := open(t)
	for _, c := range []struct {
		state string
		want  fault.Kind
	}{
		{"", fault.Internal}, {"cancelled", fault.Internal}, {"published", fault.Internal}, {"removed", fault.Internal},
		{"scheduled", fault.Conflict}, {"sending", fault.Conflict}, {"missed", fault.Conflict}, {"unknown", fault.Conflict}, {"rejected", fault.Conflict},
	} {
		t.Run("used by a delivery that is "+c.state, func(t *testing.T) {
			m := w.add(t, "a.jpg")
			w.use(t, m.ID, "Summer menu", c.state)
			err := w.lib.Delete(ctx, w.who, w.brand, m.ID)
			if c.want == fault.Internal && err != nil || c.want != fault.Internal && !fault.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if c.want == fault.Conflict && !strings.Contains(fault.Text(err), "“Summer menu”") {
				t.Errorf("it does not say where: %v", err)
			}
			items, err := w.lib.Items(ctx, w.brand, []string{m.ID})
			if err != nil || (len(items) == 0) != (c.want == fault.Internal) {
				t.Errorf("%d can be sent, %v", len(items), err)
			}
			if back, err := w.lib.Restore(ctx, w.who, w.brand, m.ID); err != nil || back.DeletedAt != 0 {
				t.Errorf("%+v, %v", back, err)
			}
		})
	}
}

func TestItemsOpen(t *testing.T) {
	w := open(t)
	m := w.add(t, "a.jpg")
	items, err := w.lib.Items(ctx, w.brand, []string{m.ID, "none"})
	if err != nil || len(items) != 1 {
		t.Fatalf("%v, %v", items, err)
	}
	for range 2 {
		f, err := items[m.ID].Open(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, f)
		_ = f.Close()
		if err != nil || n != m.Bytes {
			t.Errorf("%d bytes, %v; want %d", n, err, m.Bytes)
		}
	}
	if other, err := w.lib.Items(ctx, w.newBrand(t), []string{m.ID}); err != nil || len(other) != 0 {
		t.Errorf("another brand gets %v, %v", other, err)
	}
}

func TestPermissions(t *testing.T) {
	w := open(t)
	other := w.newBrand(t)
	src := jpegOf(t, 10, 10)
	for _, a := range []struct {
		name   string
		action access.Action
		do     func(who access.Who, brand, id string) error
	}{
		{"read", access.MediaRead, func(who access.Who, b, id string) error { _, err := media.ByID(ctx, w.lib.DB, who, b, id); return err }},
		{"open", access.MediaRead, func(who access.Who, b, id string) error {
			f, _, _, err := w.lib.Open(ctx, who, b, id, media.Thumb)
			if err == nil {
				err = f.Close()
			}
			return err
		}},
		{"list", access.MediaRead, func(who access.Who, b, _ string) error {
			_, _, err := media.List(ctx, w.lib.DB, who, b, media.Filter{}, db.Page{})
			return err
		}},
		{"uses", access.MediaRead, func(who access.Who, b, id string) error { _, err := media.Uses(ctx, w.lib.DB, who, b, id); return err }},
		{"add", access.MediaWrite, func(who access.Who, b, _ string) error {
			_, err := w.lib.Add(ctx, who, b, "x", bytes.NewReader(src))
			return err
		}},
		{"crop", access.MediaWrite, func(who access.Who, b, id string) error {
			_, err := w.lib.Crop(ctx, who, b, id, media.Rect{Width: 5, Height: 5})
			return err
		}},
		{"describe", access.MediaWrite, func(who access.Who, b, id string) error { _, err := w.lib.Describe(ctx, who, b, id, "x"); return err }},
		{"delete", access.MediaWrite, func(who access.Who, b, id string) error { return w.lib.Delete(ctx, who, b, id) }},
		{"restore", access.MediaWrite, func(who access.Who, b, id string) error { _, err := w.lib.Restore(ctx, who, b, id); return err }},
	} {
		m, err := w.lib.Add(ctx, w.who, w.brand, "a.jpg", bytes.NewReader(src))
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range access.Roles {
			t.Run(a.name+" as "+string(role), func(t *testing.T) {
				err := a.do(as(w.brand, role), w.brand, m.ID)
				if access.Allows(role, a.action) && err != nil {
					t.Errorf("refused: %v", err)
				}
				if !access.Allows(role, a.action) && !fault.Is(err, fault.Denied) {
					t.Errorf("got %v, want denied", err)
				}
			})
		}
		if err := a.do(as(other, access.Owner), w.brand, m.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s from another brand: %v, want not found", a.name, err)
		}
		if a.name == "list" || a.name == "add" || a.name == "uses" {
			continue
		}
		if err := a.do(as(other, access.Owner), other, m.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s as if it were the other brand's: %v, want not found", a.name, err)
		}
	}
}

func TestListFiltersAndPages(t *testing.T) {
	w := open(t)
	names := []string{"Äpfel.jpg", "50%.jpg", "菜单.jpg", "plain.jpg", "gone.jpg"}
	for i, name := range names {
		w.lib.DB.SetClock(time.Unix(int64(1000+i/2), 0))
		m := w.add(t, name)
		if name == "gone.jpg" {
			if err := w.lib.Delete(ctx, w.who, w.brand, m.ID); err != nil {
				t.Fatal(err)
			}
		}
		if name == "plain.jpg" {
			if _, err := w.lib.Describe(ctx, w.who, w.brand, m.ID, "A red APPLE"); err != nil {
				t.Fatal(err)
			}
		}
	}
	q := dbtest.Indexed(t, w.lib.DB)
	for _, c := range []struct {
		name string
		f    media.Filter
		want []string
	}{
		{"all", media.Filter{}, []string{"plain.jpg", "菜单.jpg", "50%.jpg", "Äpfel.jpg"}},
		{"deleted", media.Filter{Deleted: true}, []string{"gone.jpg"}},
		{"by name in any case", media.Filter{Query: "äPFEL"}, []string{"Äpfel.jpg"}},
		{"by description", media.Filter{Query: "red apple"}, []string{"plain.jpg"}},
		{"in Chinese", media.Filter{Query: "菜"}, []string{"菜单.jpg"}},
		{"a per cent sign is itself", media.Filter{Query: "%."}, []string{"50%.jpg"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for page := (db.Page{Limit: 1}); ; {
				ms, next, err := media.List(ctx, q, w.who, w.brand, c.f, page)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range ms {
					got = append(got, m.Name)
				}
				if page.After = next; next == "" {
					break
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := media.Uses(ctx, q, w.who, w.brand, "any"); err != nil {
		t.Error(err)
	}
	if _, err := media.ByIDs(ctx, q, w.brand, []string{"any"}); err != nil {
		t.Error(err)
	}
}

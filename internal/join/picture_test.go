package join_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/deposit"
	"rapport/internal/fault"
	"rapport/internal/join"
	"rapport/internal/member"
	"rapport/internal/topic"
)

// files are the jobs about files, which wait until the test runs them.
type files struct {
	*house
	mu   sync.Mutex
	jobs []deposit.Files
}

func (h *house) files() *files {
	f := &files{house: h}
	h.DB.Jobs = f
	return f
}

func (f *files) Enqueue(_ context.Context, tx *db.Tx, kind string, args []byte, at db.Time) error {
	if kind != (deposit.Files{}).Kind() || at > tx.Now() { // what dies between is another test
		return nil
	}
	var j deposit.Files
	err := json.Unmarshal(args, &j)
	tx.AfterCommit(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.jobs = append(f.jobs, j)
	})
	return err
}

// work runs the jobs and returns the files that lie there then.
func (f *files) work() (keys []string) {
	f.Helper()
	k := &deposit.Keeper{DB: f.DB, Blobs: f.Blobs, Named: []deposit.Named{member.NamesFace, topic.NamesPicture}}
	for _, j := range f.jobs {
		f.must(k.Clear(ctx, j))
	}
	f.jobs = nil
	for info, err := range f.Blobs.List(ctx, "") {
		f.must(err)
		keys = append(keys, info.Key)
	}
	return keys
}

func drawn() io.Reader {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 60, 40))); err != nil {
		panic(err)
	}
	return &b
}

// picture is one that somebody put into what they write.
func (h *house) picture(v member.Voice) topic.Picture {
	h.Helper()
	p, err := topic.Upload(ctx, h.DB, h.Blobs, v, drawn())
	h.must(err)
	return p
}

// Whoever erases what they wrote erases the pictures in it, and their files go,
// also where the store does not work at that time.
func TestErasingTakesThePicturesInPosts(t *testing.T) {
	h := open(t, false)
	w := h.talk()
	f := h.files()
	for range 3 {
		h.picture(w.ada)
	}
	stays := h.picture(w.bea)
	store := h.Blobs
	h.Blobs = nil // nothing of it is touched before the rows are gone
	h.must(h.leave(w.ada, join.Erase))
	h.Blobs = store
	if n := h.count(`SELECT COUNT(*) FROM topic_picture WHERE member_id = $1`, w.ada.Member.ID); n != 0 {
		t.Errorf("%d are still there", n)
	}
	if left := f.work(); len(left) != 1 || left[0] != stays.Blob {
		t.Errorf("there is %v, want %s", left, stays.Blob)
	}
	// Who is on their way out adds none that nobody would erase.
	if _, err := topic.Upload(ctx, h.DB, h.Blobs, w.ada, drawn()); !fault.Is(err, fault.Denied) {
		t.Errorf("added after they left: %v", err)
	}
	if left := f.work(); len(left) != 1 {
		t.Errorf("there is %v", left)
	}
	q := dbtest.Indexed(t, h.DB)
	_, err := topic.NamesPicture(ctx, q, h.brand.ID, stays.Blob)
	h.must(err)
	dbtest.NoScan(t, h.DB, `DELETE FROM topic_picture WHERE brand_id || '' = $1 AND id IN (
		SELECT id FROM topic_picture WHERE brand_id = $1 AND member_id = $2 ORDER BY at, id LIMIT $3) RETURNING blob`, "b", "m", 5)
}

// Many at once are no more than one after the other, and who adds one while they
// leave has either added it before, and it is erased, or not at all.
func TestPicturesAtOnce(t *testing.T) {
	h := open(t, false)
	w := h.talk()
	f := h.files()
	for i := range 39 {
		_, err := h.DB.ExecContext(ctx, `INSERT INTO topic_picture (id, brand_id, member_id, blob, mime, bytes, width, height, at) VALUES ($1, $2, $3, $1, 'image/png', 1, 1, 1, $4)`,
			fmt.Sprint("earlier", i), h.brand.ID, w.ada.Member.ID, h.DB.Now())
		h.must(err)
	}
	results := make(chan error)
	for range 6 {
		go func() {
			_, err := topic.Upload(ctx, h.DB, h.Blobs, w.ada, drawn())
			results <- err
		}()
	}
	added := 0
	for range 6 {
		switch err := <-results; {
		case err == nil:
			added++
		case !fault.Is(err, fault.Limited):
			t.Error(err)
		}
	}
	if left := f.work(); added != 1 || len(left) != 1 {
		t.Errorf("%d were added, and there is %v", added, left)
	}
	go func() {
		_, err := topic.Upload(ctx, h.DB, h.Blobs, w.bea, drawn())
		results <- err
	}()
	h.must(h.leave(w.bea, join.Erase))
	if err := <-results; err != nil && !fault.Is(err, fault.Denied) {
		t.Error(err)
	}
	if n := h.count(`SELECT COUNT(*) FROM topic_picture WHERE member_id = $1`, w.bea.Member.ID); n != 0 {
		t.Errorf("%d are left of who has left", n)
	}
	if left := f.work(); len(left) != 1 {
		t.Errorf("there is %v", left)
	}
}

// An export holds the pictures of what they wrote themselves, each as a data
// address, and says of one that is gone all but that.
func TestExportHoldsThePicturesInPosts(t *testing.T) {
	h := open(t, false)
	w := h.talk()
	h.files()
	first := h.picture(w.ada)
	h.DB.SetClock(h.DB.Now().Time().Add(time.Second))
	gone := h.picture(w.ada)
	h.must(h.Blobs.Delete(ctx, gone.Blob))
	h.picture(w.bea)
	var out bytes.Buffer
	h.must(h.Export(ctx, w.ada, &out))
	var got struct {
		Pictures []struct{ ID, Address, Mime, Picture string }
	}
	h.must(json.Unmarshal(out.Bytes(), &got))
	if len(got.Pictures) != 2 || got.Pictures[0].ID != first.ID || got.Pictures[1].Picture != "" || got.Pictures[0].Address != "/p/"+first.ID {
		t.Fatalf("%+v", got.Pictures)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(got.Pictures[0].Picture, "data:"+first.Mime+";base64,"))
	if err != nil || int64(len(raw)) != first.Bytes {
		t.Errorf("%d bytes of %d: %v", len(raw), first.Bytes, err)
	}
}

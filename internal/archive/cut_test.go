package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/archive"
	"rapport/internal/db/dbtest"
)

// fuse is a context that ends when it has been asked so many times, as a
// program that is stopped there.
type fuse struct {
	context.Context
	blow context.CancelFunc
	left atomic.Int64
}

func newFuse(length int64) *fuse {
	f := &fuse{}
	f.Context, f.blow = context.WithCancel(context.Background())
	f.left.Store(length)
	return f
}

func (f *fuse) Done() <-chan struct{} {
	if f.left.Add(-1) == 0 {
		f.blow()
	}
	return f.Context.Done()
}

// An import that is cut off shows nothing of the brand to anybody, and the next
// try brings all of it in, once.
func TestAnImportThatIsCutOffBeginsAgain(t *testing.T) {
	from := full(t, dbtest.Open(t))
	file := from.export(t)
	begin := func(t *testing.T) (house, string) {
		to := empty(t, dbtest.Open(t))
		i, err := to.archives.Upload(t.Context(), to.Who(), bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		return to, i.ID
	}
	counts := func(t *testing.T, h house) (out []string) {
		for _, table := range []string{"post", "delivery", "conversation", "message", "person", "media", "audit", "activity", "brand"} {
			out = append(out, table+" "+one(t, h.DB, `SELECT CAST(COUNT(*) AS TEXT) FROM `+table))
		}
		return out
	}
	const long = 1 << 40
	whole, id := begin(t)
	never := newFuse(long)
	if err := whole.archives.Take(never, id); err != nil {
		t.Fatal(err)
	}
	asked, want := long-never.left.Load(), counts(t, whole)
	for part := range int64(6) {
		t.Run(fmt.Sprintf("after %d of 6", part), func(t *testing.T) {
			to, id := begin(t)
			_ = to.archives.Take(newFuse(asked*part/6+10), id)
			if i, err := to.archives.ImportByID(t.Context(), to.Who(), id); err != nil || i.State == archive.Done || i.State == archive.Failed {
				t.Fatalf("cut off, and %+v, %v", i, err)
			}
			if slices.Contains(to.Who().Brands(to.DB.Now()), from.Brand.ID) {
				t.Error("half a brand is shown")
			}
			if err := to.archives.Take(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if i, err := to.archives.ImportByID(t.Context(), to.Who(), id); err != nil || i.State != archive.Done || i.Brand != from.Brand.ID {
				t.Errorf("%+v %v", i, err)
			}
			if diff := cmp.Diff(want, counts(t, to)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

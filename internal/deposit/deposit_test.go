package deposit_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"rapport/internal/blob"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/deposit"
	"rapport/internal/fault"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
)

const key = "community/b/cup.png"

// yard is a store, with jobs that wait until the test runs them. A row names a
// file where a brand has it for its logo.
type yard struct {
	*testing.T
	d      *db.DB
	blobs  blob.Store
	keeper *deposit.Keeper
	asked  []planned
}

type planned struct {
	deposit.Files
	at db.Time
}

func (y *yard) Enqueue(_ context.Context, tx *db.Tx, kind string, args []byte, at db.Time) error {
	p := planned{at: max(at, tx.Now())}
	if err := json.Unmarshal(args, &p.Files); err != nil || kind != p.Kind() {
		return errors.Join(err, errors.New(kind))
	}
	tx.AfterCommit(func() { y.asked = append(y.asked, p) })
	return nil
}

func open(t *testing.T) *yard {
	t.Helper()
	y := &yard{T: t, d: dbtest.Open(t)}
	y.d.SetClock(noon)
	y.d.Jobs = y
	blobs, err := blob.OpenFolder(t.TempDir())
	y.must(err)
	t.Cleanup(func() { blobs.Close() })
	y.blobs = blobs
	y.keeper = &deposit.Keeper{DB: y.d, Blobs: blobs, Named: []deposit.Named{nobody, logo}}
	for _, id := range []string{"b", "b2"} {
		_, err = y.d.ExecContext(ctx, `INSERT INTO brand (id, slug, name, color, zone, created_at) VALUES ($1, $1, 'North', '#000000', 'Europe/Berlin', 1)`, id)
		y.must(err)
	}
	return y
}

func nobody(context.Context, db.Queryer, string, string) (bool, error) { return false, nil }

func logo(ctx context.Context, q db.Queryer, _, key string) (yes bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM brand WHERE logo = $1)`, key).Scan(&yes)
	return yes, err
}

func (y *yard) must(err error) {
	y.Helper()
	if err != nil {
		y.Fatal(err)
	}
}

// names writes the key into a row.
func names(id string) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE brand SET logo = $2 WHERE id = $1`, id, key)
		return err
	}
}

func (y *yard) keep(name func(*db.Tx) error) error {
	return deposit.Keep(ctx, y.d, y.blobs, "b", key, strings.NewReader("a cup"), name)
}

// drop takes the key out of a row.
func (y *yard) drop(id string) {
	y.Helper()
	y.must(y.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE brand SET logo = '' WHERE id = $1`, id)
		return errors.Join(err, deposit.Drop(ctx, tx, "b", "", key))
	}))
}

// work does what is due, each thing twice.
func (y *yard) work() {
	y.Helper()
	y.asked = slices.DeleteFunc(y.asked, func(p planned) bool {
		if p.at > y.d.Now() {
			return false
		}
		for range 2 {
			y.must(y.keeper.Clear(ctx, p.Files))
		}
		return true
	})
}

func (y *yard) later(by time.Duration) { y.d.SetClock(y.d.Now().Time().Add(by)) }

func (y *yard) isThere(want bool) {
	y.Helper()
	_, err := y.blobs.Stat(ctx, key)
	if err != nil && !fault.Is(err, fault.NotFound) {
		y.Fatal(err)
	}
	if there := err == nil; there != want {
		y.Errorf("the file is there: %t, want %t", there, want)
	}
}

func TestAFileStaysWithItsRow(t *testing.T) {
	y := open(t)
	y.must(y.keep(names("b")))
	y.later(24 * time.Hour)
	y.work()
	y.isThere(true)
	y.drop("b")
	y.work()
	y.isThere(false)
	if len(y.asked) > 0 {
		t.Errorf("%v still waits", y.asked)
	}
}

// The program dies after the file was stored and before its row was written.
func TestAFileWithoutItsRowGoes(t *testing.T) {
	y := open(t)
	func() {
		defer func() { _ = recover() }()
		_ = y.keep(func(*db.Tx) error { panic("the power is gone") })
	}()
	y.isThere(true)
	y.later(30 * time.Minute)
	y.work()
	y.isThere(true) // its row may be on its way
	y.later(31 * time.Minute)
	y.work()
	y.isThere(false)
}

func TestAFileWhoseRowIsRefusedGoesAtOnce(t *testing.T) {
	y := open(t)
	if err := y.keep(func(*db.Tx) error { return fault.New(fault.Denied, "No.") }); !fault.Is(err, fault.Denied) {
		t.Fatal(err)
	}
	y.isThere(false)
}

// What cannot be stored is asked after all the same: a part may lie there.
func TestAFileThatIsNotStoredHasNoRow(t *testing.T) {
	y := open(t)
	broken := io.MultiReader(strings.NewReader("half of a"), readerFunc(func([]byte) (int, error) { return 0, errors.New("the line is cut") }))
	called := false
	err := deposit.Keep(ctx, y.d, y.blobs, "b", key, broken, func(*db.Tx) error { called = true; return nil })
	if err == nil || called || len(y.asked) != 1 {
		t.Errorf("%v; its row was written: %t; %v", err, called, y.asked)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// A row that comes when its file may be gone is refused.
func TestARowComesInTime(t *testing.T) {
	y := open(t)
	slow := io.MultiReader(strings.NewReader("a cup"), readerFunc(func([]byte) (int, error) {
		y.later(31 * time.Minute)
		return 0, io.EOF
	}))
	if err := deposit.Keep(ctx, y.d, y.blobs, "b", key, slow, names("b")); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	y.isThere(false)
}

func TestAFileThatAnotherRowNamesStays(t *testing.T) {
	y := open(t)
	y.must(y.keep(names("b")))
	y.must(y.d.Tx(ctx, names("b2")))
	y.drop("b")
	y.work()
	y.isThere(true)
	y.drop("b2")
	y.work()
	y.isThere(false)
}

// A row that is taken away in a transaction that fails keeps its file.
func TestADropThatIsUndone(t *testing.T) {
	y := open(t)
	y.must(y.keep(names("b")))
	err := y.d.Tx(ctx, func(tx *db.Tx) error {
		return errors.Join(deposit.Drop(ctx, tx, "b", key), errors.New("undone"))
	})
	if err == nil {
		t.Fatal("it was not undone")
	}
	y.work()
	y.isThere(true)
}

// A store that cannot remove one file removes the others, and is asked again.
func TestAFileThatCannotBeRemoved(t *testing.T) {
	y := open(t)
	for _, k := range []string{"community/b/1", "community/b/2"} {
		_, err := y.blobs.Put(ctx, k, strings.NewReader("x"))
		y.must(err)
	}
	y.keeper.Blobs = stuck{y.blobs}
	if err := y.keeper.Clear(ctx, deposit.Files{Brand: "b", Keys: []string{"community/b/1", "community/b/2"}}); err == nil {
		t.Error("it is not asked again")
	}
	if _, err := y.blobs.Stat(ctx, "community/b/2"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the other stayed: %v", err)
	}
}

// stuck does not remove the first file.
type stuck struct{ blob.Store }

func (s stuck) Delete(ctx context.Context, key string) error {
	if strings.HasSuffix(key, "/1") {
		return errors.New("it is locked")
	}
	return s.Store.Delete(ctx, key)
}

package archive_test

import (
	"context"
	"database/sql"
	"slices"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
)

// rowsOf are the tables that still hold something of a brand.
func rowsOf(t *testing.T, d *db.DB, id string) []string {
	t.Helper()
	query := `SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'brand_id'`
	if d.Dialect == db.Postgres {
		query = `SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'brand_id'`
	}
	rows, err := d.QueryContext(t.Context(), query)
	names, err := db.Collect(rows, err, func(r *sql.Rows) (n string, err error) { err = r.Scan(&n); return n, err })
	if err != nil || len(names) < 20 {
		t.Fatal(names, err)
	}
	return slices.DeleteFunc(names, func(n string) bool {
		return one(t, d, `SELECT CAST(COUNT(*) AS TEXT) FROM `+n+` WHERE brand_id = $1`, id) == "0"
	})
}

func TestABrandIsErasedAfterItsDaysOfGrace(t *testing.T) {
	h := full(t, dbtest.Open(t))
	other := h.NewBrand("Another")
	h.export(t)
	ctx, d := t.Context(), h.DB
	if _, err := brand.Erase(ctx, d, h.Who(), h.Brand.ID, "north roasters"); !fault.Is(err, fault.Invalid) {
		t.Errorf("the name was not typed: %v", err)
	}
	b, err := brand.Erase(ctx, d, h.Who(), h.Brand.ID, "North Roasters")
	if err != nil || b.EraseAt != d.Now().Add(brand.Grace) {
		t.Fatalf("%+v %v", b, err)
	}
	if b, err = brand.ByID(ctx, d, h.Who(), b.ID); err != nil || !b.Held {
		t.Errorf("it still sends: %+v %v", b, err)
	}
	d.SetClock(noon.Add(brand.Grace - time.Minute))
	if err := h.archives.Sweep(ctx); err != nil || len(rowsOf(t, d, b.ID)) == 0 {
		t.Errorf("it went before its time: %v", err)
	}
	d.SetClock(noon.Add(brand.Grace))
	for range 2 {
		if err := h.archives.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if left := rowsOf(t, d, b.ID); len(left) > 0 {
		t.Errorf("something is left in %v", left)
	}
	for info, err := range h.Media.Blobs.List(ctx, "") {
		t.Errorf("the file %s is left (%v)", info.Key, err)
	}
	if got := one(t, d, `SELECT detail FROM audit WHERE brand_id = '' AND act = 'brand.erased'`); got == "" {
		t.Error("nothing says that it was there")
	}
	if _, err := brand.ByID(ctx, d, h.Who(), other.ID); err != nil {
		t.Errorf("another brand: %v", err)
	}
}

func TestEraseIsUndone(t *testing.T) {
	h := full(t, dbtest.Open(t))
	ctx, d := t.Context(), h.DB
	mate := access.Who{Account: "x", Grants: []access.Grant{{Brand: h.Brand.ID, Role: access.Manager}}}
	if _, err := brand.Erase(ctx, d, mate, h.Brand.ID, "North Roasters"); !fault.Is(err, fault.Denied) {
		t.Errorf("a manager: %v", err)
	}
	for range 2 {
		if _, err := brand.Erase(ctx, d, h.Who(), h.Brand.ID, "North Roasters"); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := brand.Keep(ctx, d, h.Who(), h.Brand.ID); err != nil || b.EraseAt != 0 {
		t.Errorf("%+v %v", b, err)
	}
	d.SetClock(noon.Add(2 * brand.Grace))
	if err := h.archives.Sweep(ctx); err != nil || len(rowsOf(t, d, h.Brand.ID)) == 0 {
		t.Errorf("it was erased all the same: %v", err)
	}
	lines, _, err := audit.List(ctx, d, h.Who(), h.Brand.ID, audit.Filter{Subject: h.Brand.ID}, db.Page{Limit: 2})
	if err != nil || lines[0].Act != "brand.erase_undone" || lines[1].Act != "brand.erase_begun" {
		t.Errorf("%+v %v", lines, err)
	}
}

// Whoever undoes it in the last moment either keeps all of it or is told that
// it is too late.
func TestUndoAndTheSweepDoNotMeet(t *testing.T) {
	h := full(t, dbtest.Open(t))
	ctx, d := context.Background(), h.DB
	who := h.Who()
	if _, err := brand.Erase(ctx, d, who, h.Brand.ID, "North Roasters"); err != nil {
		t.Fatal(err)
	}
	before := rowsOf(t, d, h.Brand.ID)
	d.SetClock(noon.Add(brand.Grace))
	kept, swept := make(chan error), make(chan error)
	go func() { _, err := brand.Keep(ctx, d, who, h.Brand.ID); kept <- err }()
	go func() { swept <- h.archives.Sweep(ctx) }()
	undone, err := <-kept, <-swept
	if err != nil || undone == nil {
		t.Errorf("undone %v, swept %v", undone, err)
	}
	if left := rowsOf(t, d, h.Brand.ID); len(left) > 0 {
		t.Errorf("of %v something is left in %v", before, left)
	}
}

func TestWhatIsOldIsForgotten(t *testing.T) {
	h := full(t, dbtest.Open(t))
	ctx, d := t.Context(), h.DB
	if err := brand.SetKeeping(ctx, d, h.Who(), h.Brand.ID, brand.Keeping{Activity: 5, Letters: 365}); !fault.Is(err, fault.Invalid) {
		t.Errorf("five days: %v", err)
	}
	had := one(t, d, `SELECT CAST(COUNT(*) AS TEXT) FROM activity`)
	d.SetClock(noon.Add(400 * 24 * time.Hour))
	if err := h.archives.Sweep(ctx); err != nil || one(t, d, `SELECT CAST(COUNT(*) AS TEXT) FROM activity`) != had || had == "0" {
		t.Errorf("what is kept for ever went: %v", err)
	}
	if err := brand.SetKeeping(ctx, d, h.Who(), h.Brand.ID, brand.Keeping{Activity: 90, Letters: 365}); err != nil {
		t.Fatal(err)
	}
	if err := h.archives.Sweep(ctx); err != nil || one(t, d, `SELECT CAST(COUNT(*) AS TEXT) FROM activity`) != "0" {
		t.Errorf("what is old is still there: %v", err)
	}
}

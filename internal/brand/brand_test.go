package brand_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
)

var ctx = context.Background()

// account inserts an account without grants and acts as it.
func account(t *testing.T, d *db.DB) access.Who {
	t.Helper()
	id := db.NewID()
	_, err := d.ExecContext(ctx, `INSERT INTO account (id, email, name, password_hash, created_at) VALUES ($1, $2, 'A', '', 1)`, id, id+"@example.org")
	if err != nil {
		t.Fatal(err)
	}
	return access.Who{Account: id}
}

func with(who access.Who, brandID string, role access.Role) access.Who {
	who.Grants = append(who.Grants, access.Grant{Brand: brandID, Role: role})
	return who
}

func north(t *testing.T, d *db.DB) (brand.Brand, access.Who) {
	t.Helper()
	who := account(t, d)
	b, err := brand.Create(ctx, d, with(who, "another", access.Owner), brand.New{Name: "North Coffee", Zone: "Europe/Berlin"})
	if err != nil {
		t.Fatal(err)
	}
	return b, with(who, b.ID, access.Owner)
}

func count(t *testing.T, d *db.DB, query string, args ...any) int {
	t.Helper()
	var n int
	if err := d.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCreateGivesTheOwnerGrant(t *testing.T) {
	d := dbtest.Open(t)
	b, owner := north(t, d)
	got, err := brand.BySlug(ctx, d, owner, "north-coffee")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, got); diff != "" {
		t.Error(diff)
	}
	if b.Color != brand.DefaultColor || b.Language != "en" || b.Tolerance != time.Hour || b.Held {
		t.Errorf("defaults: %+v", b)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM access_grant WHERE account_id = $1 AND brand_id = $2 AND role = 'owner'`, owner.Account, b.ID); n != 1 {
		t.Errorf("%d owner grants", n)
	}
}

func TestCreateIsRefused(t *testing.T) {
	d := dbtest.Open(t)
	who := account(t, d)
	token := who
	token.Scopes = access.Actions
	for _, c := range []struct {
		name  string
		who   access.Who
		in    brand.New
		kind  fault.Kind
		field string
	}{
		{"nobody", access.Who{}, brand.New{Name: "N"}, fault.Denied, ""},
		{"an API token", token, brand.New{Name: "N"}, fault.Denied, ""},
		{"no name", who, brand.New{Name: " \t"}, fault.Invalid, "name"},
		{"a name of control characters", who, brand.New{Name: "a\x00b"}, fault.Invalid, "name"},
		{"a broken name", who, brand.New{Name: "a\xffb"}, fault.Invalid, "name"},
		{"a long name", who, brand.New{Name: strings.Repeat("é", 81)}, fault.Invalid, "name"},
		{"a colour by name", who, brand.New{Name: "N", Color: "red"}, fault.Invalid, "color"},
		{"the server's zone", who, brand.New{Name: "N", Zone: "Local"}, fault.Invalid, "zone"},
		{"an unknown zone", who, brand.New{Name: "N", Zone: "Europe/Atlantis"}, fault.Invalid, "zone"},
		{"an unknown language", who, brand.New{Name: "N", Language: "not a code"}, fault.Invalid, "language"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := brand.Create(ctx, d, c.who, c.in)
			if !fault.Is(err, c.kind) {
				t.Fatalf("got %v, want %v", err, c.kind)
			}
			if f := fault.Fields(err); c.field != "" && (len(f) != 1 || f[0].Name != c.field) {
				t.Errorf("fields %v, want %s", f, c.field)
			}
		})
	}
	if n := count(t, d, `SELECT COUNT(*) FROM brand`); n != 0 {
		t.Errorf("%d brands were saved", n)
	}
}

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"North Coffee":                     "north-coffee",
		"  Café  Crème! ":                  "cafe-creme",
		"Ben's Bikes":                      "bens-bikes",
		"北京":                               "brand",
		"👩‍👩‍👧":                            "brand",
		"New":                              "new-brand",
		strings.Repeat("ab ", 30):          "ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-a",
		"a" + strings.Repeat("-", 9) + "b": "a-b",
	} {
		if got := brand.Slug(name); got != want {
			t.Errorf("%q gives %q, want %q", name, got, want)
		}
	}
}

// Who only has an account, as every member of a community has, starts no brand;
// the first of an installation is anybody's, and further ones are its owners'.
func TestWhoMayStart(t *testing.T) {
	d := dbtest.Open(t)
	first, err := brand.Create(ctx, d, account(t, d), brand.New{Name: "First"})
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range append(access.Roles, "") {
		who := account(t, d)
		if role != "" {
			who = with(who, first.ID, role)
		}
		_, err := brand.Create(ctx, d, who, brand.New{Name: "Next"})
		if role == access.Owner && err != nil || role != access.Owner && !fault.Is(err, fault.Denied) {
			t.Errorf("%q: %v", role, err)
		}
	}
	for name, g := range map[string]access.Grant{"it has ended": {EndsAt: 1}, "its second factor is missing": {Barred: true}} {
		g.Brand, g.Role = first.ID, access.Owner
		who := account(t, d)
		who.Grants = []access.Grant{g}
		if _, err := brand.Create(ctx, d, who, brand.New{Name: "Next"}); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEqualNamesGetTheirOwnAddress(t *testing.T) {
	d := dbtest.Open(t)
	who := with(account(t, d), "another", access.Owner)
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			b, err := brand.Create(ctx, d, who, brand.New{Name: "Twin"})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			seen[b.Slug] = true
			mu.Unlock()
		})
	}
	wg.Wait()
	for _, want := range []string{"twin", "twin-2", "twin-6"} {
		if !seen[want] {
			t.Errorf("no %q among %v", want, seen)
		}
	}
}

func TestChange(t *testing.T) {
	d := dbtest.Open(t)
	b, owner := north(t, d)
	want := brand.Settings{Name: "South", Color: "#00ff00", Zone: "Asia/Tokyo", Language: "ja", Tolerance: 5 * time.Minute, Retention: 365}
	if _, err := brand.Change(ctx, d, owner, b.ID, want); err != nil {
		t.Fatal(err)
	}
	got, err := brand.ByID(ctx, d, owner, b.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, brand.Settings{Name: got.Name, Color: got.Color, Zone: got.Zone, Language: got.Language, Tolerance: got.Tolerance, Retention: got.Retention}); diff != "" {
		t.Error(diff)
	}
	if got.Slug != b.Slug {
		t.Errorf("the address changed to %s", got.Slug)
	}
	before := count(t, d, `SELECT COUNT(*) FROM audit WHERE brand_id = $1`, b.ID)
	if _, err := brand.Change(ctx, d, owner, b.ID, want); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM audit WHERE brand_id = $1`, b.ID); n != before {
		t.Error("saving the same settings is recorded as a change")
	}
	want.Tolerance = time.Second
	if _, err := brand.Change(ctx, d, owner, b.ID, want); !fault.Is(err, fault.Invalid) {
		t.Errorf("a tolerance of a second: %v", err)
	}
	want.Tolerance = time.Minute
	for days, ok := range map[int]bool{-1: false, 0: true, 1: false, 29: false, 30: true, 3650: true, 3651: false} {
		want.Retention = days
		if _, err := brand.Change(ctx, d, owner, b.ID, want); (err == nil) != ok || err != nil && fault.Fields(err)[0].Name != "retention" {
			t.Errorf("people kept for %d days: %v", days, err)
		}
	}
}

// Every function asks the table; a stranger learns nothing.
func TestPermissions(t *testing.T) {
	d := dbtest.Open(t)
	b, owner := north(t, d)
	other, _ := north(t, d)
	settings := brand.Settings{Name: "N", Color: "#000000", Zone: "UTC", Language: "en", Tolerance: time.Hour}
	release := func(who access.Who) error {
		if _, err := brand.Hold(ctx, d, owner, b.ID, "to be released"); err != nil {
			return err
		}
		return brand.Release(ctx, d, who, b.ID)
	}
	acts := []struct {
		name   string
		action access.Action
		do     func(access.Who) error
	}{
		{"read by id", access.BrandRead, func(w access.Who) error { _, err := brand.ByID(ctx, d, w, b.ID); return err }},
		{"read by slug", access.BrandRead, func(w access.Who) error { _, err := brand.BySlug(ctx, d, w, b.Slug); return err }},
		{"list holds", access.BrandRead, func(w access.Who) error { _, _, err := brand.Holds(ctx, d, w, b.ID, db.Page{}); return err }},
		{"change", access.BrandWrite, func(w access.Who) error { _, err := brand.Change(ctx, d, w, b.ID, settings); return err }},
		{"hold", access.HoldSet, func(w access.Who) error { _, err := brand.Hold(ctx, d, w, b.ID, "why"); return err }},
		{"release", access.HoldRelease, release},
	}
	for _, a := range acts {
		for _, role := range access.Roles {
			t.Run(a.name+" as "+string(role), func(t *testing.T) {
				err := a.do(with(access.Who{Account: "x"}, b.ID, role))
				if access.Allows(role, a.action) && err != nil {
					t.Errorf("refused: %v", err)
				}
				if !access.Allows(role, a.action) && !fault.Is(err, fault.Denied) {
					t.Errorf("got %v, want denied", err)
				}
			})
		}
		if err := a.do(with(access.Who{Account: "x"}, other.ID, access.Owner)); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s by another brand's owner: %v, want not found", a.name, err)
		}
	}
}

func TestListShowsOnlyOnesOwn(t *testing.T) {
	d := dbtest.Open(t)
	b, owner := north(t, d)
	north(t, d)
	ended := owner
	ended.Grants = []access.Grant{{Brand: b.ID, Role: access.Owner, EndsAt: 1}}
	for _, c := range []struct {
		name string
		who  access.Who
		want int
	}{
		{"owner of one", owner, 1},
		{"ambassador, who may not read it", with(access.Who{}, b.ID, access.Ambassador), 0},
		{"ended grant", ended, 0},
		{"nobody", access.Who{}, 0},
		{"the program", access.System(), 2},
	} {
		got, err := brand.List(ctx, d, c.who)
		if err != nil || len(got) != c.want {
			t.Errorf("%s: %d brands, %v; want %d", c.name, len(got), err, c.want)
		}
	}
	if _, err := brand.List(ctx, dbtest.Indexed(t, d), owner); err != nil {
		t.Error(err)
	}
}

func TestHoldAndRelease(t *testing.T) {
	d := dbtest.Open(t)
	b, owner := north(t, d)
	p, err := brand.Hold(ctx, d, owner, b.ID, "  Wrong photo went out. ")
	if err != nil {
		t.Fatal(err)
	}
	got, err := brand.ByID(ctx, d, owner, b.ID)
	if err != nil || !got.Held || got.HoldID != p.ID {
		t.Fatalf("held %v by %q, %v", got.Held, got.HoldID, err)
	}
	now, held, err := brand.CurrentHold(ctx, d, b.ID)
	if err != nil || !held || now.Reason != "Wrong photo went out." || now.By != owner.Account || now.Kind != brand.ByPerson {
		t.Fatalf("%+v %v %v", now, held, err)
	}
	if again, err := brand.Hold(ctx, d, owner, b.ID, "me too"); err != nil || again.ID != p.ID {
		t.Errorf("a second hold: %+v, %v; want the first", again, err)
	}
	if err := brand.Release(ctx, d, owner, b.ID); err != nil {
		t.Fatal(err)
	}
	if err := brand.Release(ctx, d, owner, b.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second release: %v", err)
	}
	if _, held, _ := brand.CurrentHold(ctx, d, b.ID); held {
		t.Error("still held")
	}
	if _, err := brand.Hold(ctx, d, owner, b.ID, " "); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM audit WHERE brand_id = $1 AND act IN ('hold.set', 'hold.released')`, b.ID); n != 2 {
		t.Errorf("%d acts recorded, want 2", n)
	}
}

func TestRestoreHoldNeedsAnOwner(t *testing.T) {
	d := dbtest.Open(t)
	b, owner := north(t, d)
	if _, err := brand.Hold(ctx, d, owner, b.ID, "mine"); err != nil {
		t.Fatal(err)
	}
	err := d.Tx(ctx, func(tx *db.Tx) error { return brand.HoldAll(ctx, tx, brand.ByRestore, "Restored from a backup.") })
	if err != nil {
		t.Fatal(err)
	}
	manager := with(access.Who{Account: "m"}, b.ID, access.Manager)
	if err := brand.Release(ctx, d, manager, b.ID); !fault.Is(err, fault.Denied) {
		t.Errorf("a manager: %v", err)
	}
	if err := brand.Release(ctx, d, owner, b.ID); err != nil {
		t.Error(err)
	}
	all, next, err := brand.Holds(ctx, dbtest.Indexed(t, d), owner, b.ID, db.Page{Limit: 1})
	if err != nil || len(all) != 1 || all[0].Kind != brand.ByRestore || next == "" {
		t.Fatalf("%+v %q %v", all, next, err)
	}
	all, next, err = brand.Holds(ctx, d, owner, b.ID, db.Page{Limit: 1, After: next})
	if err != nil || len(all) != 1 || all[0].Reason != "mine" || all[0].ReleasedAt == 0 || next != "" {
		t.Fatalf("%+v %q %v", all, next, err)
	}
	if _, _, err := brand.Holds(ctx, d, owner, b.ID, db.Page{After: "nonsense"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a made-up cursor: %v", err)
	}
}

// Many press hold at once while others read the gate as a commit does: one
// hold comes of it, and no reader that passed the gate overlaps it.
func TestHoldAmongReaders(t *testing.T) {
	d := dbtest.Open(t)
	b, owner := north(t, d)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if _, err := brand.Hold(ctx, d, owner, b.ID, fmt.Sprintf("press %d", i)); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := d.Tx(ctx, func(tx *db.Tx) error { return passGate(tx, b.ID) }, db.RowLocks); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := count(t, d, `SELECT COUNT(*) FROM hold WHERE brand_id = $1`, b.ID); n != 1 {
		t.Errorf("%d holds", n)
	}
}

// passGate reads the gate twice under the shared lock; it may not change
// between.
func passGate(tx *db.Tx, brandID string) error {
	var first, second bool
	query := `SELECT held FROM brand WHERE id = $1` + tx.DB.Dialect.Share()
	if err := tx.QueryRowContext(ctx, query, brandID).Scan(&first); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, query, brandID).Scan(&second); err != nil {
		return err
	}
	if first != second {
		return fmt.Errorf("the gate went from %v to %v under a shared lock", first, second)
	}
	return nil
}

func TestAt(t *testing.T) {
	for _, c := range []struct {
		name, zone, wall, want, note string
	}{
		{"winter", "Europe/Berlin", "2026-01-15T09:00", "2026-01-15T08:00:00Z", ""},
		{"summer with seconds", "Europe/Berlin", "2026-07-15T09:00:30", "2026-07-15T07:00:30Z", ""},
		{"gap", "Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30:00Z", "The clocks go forward over 02:30 on 29 March; 03:30 is used."},
		{"before the gap", "Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59:00Z", ""},
		{"after the gap", "Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00:00Z", ""},
		{"overlap", "Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z", "The clock shows 02:30 twice on 25 October; the first is used."},
		{"before the overlap", "Europe/Berlin", "2026-10-25T01:59", "2026-10-24T23:59:00Z", ""},
		{"after the overlap", "Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00:00Z", ""},
		{"gap in the west", "America/New_York", "2026-03-08T02:15", "2026-03-08T07:15:00Z", "The clocks go forward over 02:15 on 8 March; 03:15 is used."},
		{"overlap in the west", "America/New_York", "2026-11-01T01:30", "2026-11-01T05:30:00Z", "The clock shows 01:30 twice on 1 November; the first is used."},
		{"half an hour's gap", "Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-03T15:40:00Z", "The clocks go forward over 02:10 on 4 October; 02:40 is used."},
		{"quarter hours", "Asia/Kathmandu", "2026-05-01T12:00", "2026-05-01T06:15:00Z", ""},
		{"southern overlap", "Australia/Sydney", "2026-04-05T02:30", "2026-04-04T15:30:00Z", "The clock shows 02:30 twice on 5 April; the first is used."},
		{"a day that never was", "Pacific/Apia", "2011-12-30T12:00", "2011-12-30T22:00:00Z", "The clocks go forward over 12:00 on 30 December; 12:00 is used."},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, note, err := brand.At(brand.Brand{Zone: c.zone}, c.wall)
			if err != nil {
				t.Fatal(err)
			}
			if got := at.Time().Format(time.RFC3339); got != c.want || note != c.note {
				t.Errorf("got %s %q, want %s %q", got, note, c.want, c.note)
			}
		})
	}
	for _, bad := range []string{"", "tomorrow", "2026-02-30T10:00", "2026-01-01T25:00", "0001-01-01T00:00", "2026-01-01T10:00Z"} {
		if _, _, err := brand.At(brand.Brand{Zone: "UTC"}, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

package search_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/search"
)

func (s shelf) miss(brand string, texts ...string) {
	s.t.Helper()
	err := s.Tx(ctx, func(tx *db.Tx) error {
		for _, text := range texts {
			if err := search.Missed(ctx, tx, brand, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s shelf) unfound(page db.Page) ([]string, string) {
	s.t.Helper()
	all, next, err := search.Unfound(ctx, s.DB, as(access.Owner), "north", search.UnmetFilter{}, page)
	if err != nil {
		s.t.Fatal(err)
	}
	out := []string{}
	for _, u := range all {
		out = append(out, fmt.Sprint(u.Words, ":", u.Times))
	}
	return out, next
}

func TestWhatIsNotFoundIsCounted(t *testing.T) {
	s := open(t)
	s.miss("north", "Warranty", `"warranty"`, " WÄRRANTY ", "return policy", "Return   POLICY!", "保修")
	s.miss("south", "elsewhere")
	// Nothing of these is kept: no word, or somebody's address or number.
	s.miss("north", "", "-", "-warranty", "a", "\x00", "mira@social.example", "mira＠social.example", "+49 170 1234567", "4711 4711 4711 4711", strings.Repeat("1", 300))
	s.miss("north", strings.Repeat("long ", 10<<10))
	got, _ := s.unfound(db.Page{})
	if diff := cmp.Diff([]string{"warranty:3", "return policy:2", strings.TrimSpace(strings.Repeat("long ", 20)) + ":1", "保修:1"}, got); diff != "" {
		t.Error(diff)
	}
	var pages []string
	for page := (db.Page{Limit: 1}); ; {
		some, next := s.unfound(page)
		pages = append(pages, some...)
		if page.After = next; next == "" {
			break
		}
	}
	if diff := cmp.Diff(got, pages); diff != "" {
		t.Errorf("page by page: %s", diff)
	}
	if _, _, err := search.Unfound(ctx, s.DB, as(access.Owner), "south", search.UnmetFilter{}, db.Page{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("another brand: %v", err)
	}
	if _, _, err := search.Unfound(ctx, s.DB, as(access.Owner), "north", search.UnmetFilter{}, db.Page{After: "!"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("no page: %v", err)
	}
}

func TestTheOldestIsForgottenBeyondAThousand(t *testing.T) {
	s := open(t)
	s.miss("south", "kept")
	for from := 0; from < 1010; from += 101 {
		var texts []string
		for i := from; i < from+101; i++ {
			texts = append(texts, fmt.Sprint("word w", i))
		}
		s.miss("north", texts...)
	}
	for _, brand := range []struct {
		id   string
		want int
	}{{"north", 1000}, {"south", 1}} {
		var n int
		if err := s.QueryRowContext(ctx, `SELECT COUNT(*) FROM search_missed WHERE brand_id = $1`, brand.id).Scan(&n); err != nil || n != brand.want {
			t.Errorf("%s keeps %d, %v", brand.id, n, err)
		}
	}
	s.miss("north", "word w1009")
	if got, _ := s.unfound(db.Page{Limit: 1}); got[0] != "word w1009:2" {
		t.Errorf("the newest is %v", got)
	}
}

// What was looked for in a span is counted in it, page by page, the most or the
// newest first.
func TestASpanOfWhatIsNotFound(t *testing.T) {
	s := open(t)
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, one := range []struct {
		days  int
		texts []string
	}{
		{120, []string{"ancient", "filter"}},
		{60, []string{"filter", "filter", "old"}},
		{6, []string{"filter", "grinder", "grinder"}},
		{0, []string{"kettle", "filter"}},
	} {
		s.SetClock(now.AddDate(0, 0, -one.days))
		s.miss("north", one.texts...)
		s.miss("south", "elsewhere")
	}
	for _, c := range []struct {
		f    search.UnmetFilter
		want string
	}{
		{search.UnmetFilter{}, "filter:5 grinder:2 kettle:1 old:1 ancient:1"},
		{search.UnmetFilter{Days: 1}, "kettle:1 filter:1"},
		{search.UnmetFilter{Days: 7}, "grinder:2 filter:2 kettle:1"},
		{search.UnmetFilter{Days: 90}, "filter:4 grinder:2 kettle:1 old:1"},
		{search.UnmetFilter{Days: 90, Newest: true}, "kettle:1 filter:4 grinder:2 old:1"},
		{search.UnmetFilter{Newest: true}, "kettle:1 filter:5 grinder:2 old:1 ancient:1"},
	} {
		var got []string
		for page := (db.Page{Limit: 2}); ; {
			some, next, err := search.Unfound(ctx, s.DB, as(access.Owner), "north", c.f, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range some {
				got = append(got, fmt.Sprint(u.Words, ":", u.Times))
			}
			if page.After = next; next == "" {
				break
			}
		}
		want := strings.Fields(c.want)
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v: %s", c.f, diff)
		}
	}
	first, _, err := search.Unfound(ctx, s.DB, as(access.Owner), "north", search.UnmetFilter{Days: 90}, db.Page{Limit: 1})
	if err != nil || first[0].Words != "filter" {
		t.Errorf("the most is %+v, %v", first, err)
	}
	first, _, err = search.Unfound(ctx, s.DB, as(access.Owner), "north", search.UnmetFilter{Days: 7, Newest: true}, db.Page{Limit: 3})
	if err != nil || len(first) != 3 || first[2].Words != "grinder" {
		t.Errorf("the newest are %+v, %v", first, err)
	}
	for _, role := range access.Roles {
		_, _, err := search.Unfound(ctx, s.DB, as(role), "north", search.UnmetFilter{}, db.Page{})
		if may := access.Allows(role, access.CommunityWrite); may != (err == nil) {
			t.Errorf("a %s reads them: %v", role, err)
		}
	}
	if _, _, err := search.Unfound(ctx, s.DB, as(access.Owner), "north", search.UnmetFilter{Days: 91}, db.Page{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("too long a span: %v", err)
	}
}

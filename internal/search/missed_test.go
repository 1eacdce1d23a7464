package search_test

import (
	"fmt"
	"strings"
	"testing"

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
	all, next, err := search.Unfound(ctx, s.DB, as(access.Owner), "north", page)
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
	if _, _, err := search.Unfound(ctx, s.DB, as(access.Owner), "south", db.Page{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("another brand: %v", err)
	}
	if _, _, err := search.Unfound(ctx, s.DB, as(access.Owner), "north", db.Page{After: "!"}); !fault.Is(err, fault.Invalid) {
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

package db_test

import (
	"testing"

	"rapport/internal/db"
	"rapport/internal/fault"
)

func TestPage(t *testing.T) {
	for _, c := range []struct {
		name string
		page db.Page
		at   db.Time
		id   string
		bad  bool
	}{
		{"what Cursor wrote", db.Page{After: db.Cursor(1774749600123, "0198-a_b")}, 1774749600123, "0198-a_b", false},
		{"without an id", db.Page{After: "abc_"}, 0, "", true},
		{"without a time", db.Page{After: "_x"}, 0, "", true},
		{"something else", db.Page{After: "nonsense"}, 0, "", true},
		{"a NUL", db.Page{After: "abc_\x00"}, 0, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, id, err := c.page.Key()
			if c.bad != fault.Is(err, fault.Invalid) || !c.bad && (at != c.at || id != c.id) {
				t.Errorf("got %d %q %v", at, id, err)
			}
		})
	}
	for limit, want := range map[int]int{0: 50, -1: 50, 10: 10, 5000: 200} {
		if got := (db.Page{Limit: limit}).Size(50, 200); got != want {
			t.Errorf("a limit of %d gives %d rows, want %d", limit, got, want)
		}
	}
}

func TestContains(t *testing.T) {
	for words, want := range map[string]string{" Äpfel ": "%äpfel%", `50%_\`: `%50\%\_\\%`, "a\x00\xffb": "%ab%", "": "%%"} {
		if got := db.Contains(words); got != want {
			t.Errorf("%q gives %q, want %q", words, got, want)
		}
	}
}

package api

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
)

// Paging are the two parameters of every list.
type Paging struct {
	After string `query:"after" doc:"The next of the page before." maxLength:"300"`
	Limit int    `query:"limit" doc:"How many items a page has at most." minimum:"1" maximum:"200" default:"50"`
}

// page reads the cursor. It is sealed with the list's name and the brand, so
// that a cursor of another list, or one made up, is refused.
func (p Paging) page(list, brand string) (db.Page, error) {
	if p.After == "" {
		return db.Page{Limit: p.Limit}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.After)
	if err != nil || len(raw) <= sealSize || string(raw[:sealSize]) != seal(list, brand, string(raw[sealSize:])) {
		return db.Page{}, strangePage()
	}
	return db.Page{After: string(raw[sealSize:]), Limit: p.Limit}, nil
}

func strangePage() error {
	text := "This is no page of this list. Start again without after."
	return problem(http.StatusBadRequest, text, fault.Field{Name: "after", Text: text})
}

const sealSize = 6

func seal(list, brand, cursor string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{list, brand, cursor}, "\n")))
	return string(sum[:sealSize])
}

// sealed is a cursor as it is handed out; "" where there is none.
func sealed(list, brand, next string) string {
	if next == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(seal(list, brand, next) + next))
}

// items is one page of a list.
type items[T any] struct {
	Items []T    `json:"items" nullable:"false" doc:"This page."`
	Next  string `json:"next,omitempty" doc:"Send it as after to get the following page. Missing on the last one."`
}

func itemsOf[F, T any](list, brand string, rows []F, next string, view func(F) T) *body[items[T]] {
	out := items[T]{Items: make([]T, 0, len(rows))}
	for _, r := range rows {
		out.Items = append(out.Items, view(r))
	}
	out.Next = sealed(list, brand, next)
	return &body[items[T]]{out}
}

// moment is how a time is shown: nothing where it never was.
func moment(t db.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	at := t.Time()
	return &at
}

package db

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"rapport/internal/fault"
)

// Page asks for one page of a list by keyset: what comes after the last row
// of the page before.
type Page struct {
	After string // what the page before returned as next; "" is the first page
	Limit int    // how many rows; 0 is as many as the list gives by itself
}

// Size is the number of rows to give: Limit within 1 … most, or usual where
// the caller named none.
func (p Page) Size(usual, most int) int {
	if p.Limit <= 0 {
		return usual
	}
	return min(p.Limit, most)
}

// Key reads the time and the id in After. For the first page of a list that
// runs from new to old they lie beyond every row. What this program did not
// write is fault.Invalid.
func (p Page) Key() (Time, string, error) {
	if p.After == "" {
		return 1<<62 - 1, "", nil
	}
	ms, id, ok := strings.Cut(p.After, "_")
	at, err := strconv.ParseInt(ms, 36, 64)
	if !ok || err != nil || id == "" || len(id) > 64 || strings.ContainsFunc(id, unreadable) {
		return 0, "", fault.OnField("after", "This is no page of the list. Start again from the first page.")
	}
	return Time(at), id, nil
}

// Cursor is the After of the page that follows the row with this time and id.
func Cursor(at Time, id string) string {
	return strconv.FormatInt(int64(at), 36) + "_" + id
}

// Contains makes the LIKE pattern (with ESCAPE '\') of texts that hold the
// words somewhere. It is for columns kept in lower case.
func Contains(words string) string {
	words = strings.ToLower(strings.TrimSpace(strings.ToValidUTF8(words, "")))
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, "\x00", "").Replace(words) + "%"
}

// unreadable is what PostgreSQL takes in no text.
func unreadable(r rune) bool { return r == 0 || r == utf8.RuneError }

package space

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"rapport/internal/db"
)

const longestSlug = 60

// Slug makes an address of a name: letters and digits of any script in lower
// case, accents taken off Latin ones, with single hyphens between, at most 60
// bytes. A name without any gives "".
func Slug(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case r > 0x36F && unicode.IsMark(r): // vowels of scripts that write them as marks
			b.WriteRune(r)
		case unicode.IsMark(r) || r == '\'' || r == '’':
			// accents and apostrophes leave no gap
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := norm.NFC.String(b.String())
	for len(s) > longestSlug {
		if at := strings.LastIndexByte(s[:longestSlug+1], '-'); at > longestSlug/2 {
			s = s[:at]
			break
		}
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.Trim(s, "-")
}

// freeSlug is the slug, or the first with a number behind it that no other
// space has or had.
func freeSlug(ctx context.Context, q db.Queryer, brandID, slug string, own ...string) (string, error) {
	if slug == "" {
		slug = "space"
	}
	for n, try := 2, slug; ; n, try = n+1, fmt.Sprint(slug, "-", n) {
		var id string
		err := q.QueryRowContext(ctx, `SELECT space_id FROM space_slug WHERE brand_id = $1 AND slug = $2`, brandID, try).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) || err == nil && len(own) > 0 && own[0] == id {
			return try, nil
		}
		if err != nil {
			return "", fmt.Errorf("space: slug: %w", err)
		}
	}
}

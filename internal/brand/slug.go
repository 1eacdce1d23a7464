package brand

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"rapport/internal/db"
)

const longestSlug = 40

// reserved would hide a page of the studio that has no brand in its address.
var reserved = []string{"account", "api", "brands", "confirm", "connected", "design", "forgot", "gallery", "imports", "live", "new", "reset", "settings", "setup", "sign-in", "sign-out", "static", "theme"}

// Slug makes the address part of a name: lower-case ASCII letters, digits and
// single hyphens, at most 40. A name without any of them gives "brand".
func Slug(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
			// accents and apostrophes leave no gap
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := b.String()
	s = strings.Trim(s[:min(len(s), longestSlug)], "-")
	switch {
	case s == "":
		return "brand"
	case slices.Contains(reserved, s):
		return s + "-brand"
	}
	return s
}

// freeSlug returns the slug, or the first of slug-2, slug-3 … that no brand has.
func freeSlug(ctx context.Context, tx *db.Tx, slug string) (string, error) {
	taken, err := slugsLike(ctx, tx, slug)
	if err != nil {
		return "", err
	}
	free := slug
	for n := 2; slices.Contains(taken, free); n++ {
		free = fmt.Sprintf("%s-%d", slug, n)
	}
	return free, nil
}

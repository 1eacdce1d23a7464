package network

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What counts as an address is what Mastodon takes for one, which follows
// twitter-text: a scheme, a domain with a dot and a top-level domain of
// letters, then a path and a query that do not end in punctuation. The list of
// top-level domains is not asked. assets/islands/count.ts says the same.
const (
	white     = `\t\n\v\f\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`
	beyond    = `\x{a0}-\x{d7ff}\x{e000}-\x{fdcf}\x{fdf0}-\x{ffef}\x{10000}-\x{1fffd}\x{20000}-\x{2fffd}\x{30000}-\x{10fffd}`
	label     = `[^` + white + `\x{0}-\x{1f}\x{7f}!"#$%&'()*+,\-./:;<=>?@\[\]^_` + "`" + `{|}~\x{202a}-\x{202e}\x{feff}\x{fffe}\x{ffff}]`
	inPath    = `[^` + white + `<>()?]`
	endOfPath = `[^` + white + `()?!*"'「」<>;:=,.$%\[\]~&|@]`
	balanced  = `\((?:` + inPath + `+|` + inPath + `*\(` + inPath + `+\)` + inPath + `*)\)`
	path      = `(?:` + inPath + `*(?:` + balanced + inPath + `*)*(?:` + endOfPath + `|` + balanced + `)|` + inPath + `+/)`
	inQuery   = `[a-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@^` + beyond + `]`
	endQuery  = `[a-z0-9_&=#/\-` + beyond + `]`

	// mostAddress is the longest that is taken for an address, in runes.
	mostAddress = 4096
)

var (
	address = regexp.MustCompile(`(?i)(?:^|[^a-z0-9@＠$#＃\x{feff}\x{fffe}\x{ffff}])` +
		`((?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini)://` +
		`(?:(?:` + label + `(?:[_-]|` + label + `)*)?` + label + `\.)*` +
		`(?:` + label + `(?:-|` + label + `)*)?` + label + `\.(?:xn--[0-9a-z]+|[\pL\pM]{2,}))` +
		`((?::[0-9]+)?(?:/` + path + `*)?(?:\?` + inQuery + `*` + endQuery + `)?)`)
	named = regexp.MustCompile(`^(?i)(@[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*)(@[\pL\pM\p{Nd}\p{Pc}.-]+[\pL\pM\p{Nd}\p{Pc}])?`)
)

// entity is a stretch of a text that counts otherwise than it is written.
type entity struct {
	from, to int
	counts   string
}

// counted is the text as it counts: addresses at their fixed price, and names
// without their server where only the local part counts.
func (l Limits) counted(text string) string {
	var found []entity
	if l.URLLength > 0 || l.MentionsLocal {
		found = l.addresses(text)
	}
	if l.MentionsLocal {
		found = append(found, names(text)...)
	}
	if len(found) == 0 {
		return text
	}
	slices.SortStableFunc(found, func(a, b entity) int { return a.from - b.from })
	var out strings.Builder
	at := 0
	for _, e := range found {
		if e.from < at {
			continue // within the one before
		}
		out.WriteString(text[at:e.from])
		out.WriteString(e.counts)
		at = e.to
	}
	out.WriteString(text[at:])
	return out.String()
}

func (l Limits) addresses(text string) []entity {
	var out []entity
	if !strings.Contains(text, "://") {
		return nil
	}
	price := strings.Repeat("u", l.URLLength)
	for _, at := range address.FindAllStringSubmatchIndex(text, -1) {
		e := entity{at[2], at[5], price}
		next := text[at[3]:]
		if next != "" && isASCIIWord(next[0]) || utf8.RuneCountInString(text[e.from:e.to]) > mostAddress {
			continue
		}
		if l.URLLength == 0 {
			e.counts = text[e.from:e.to]
		}
		out = append(out, e)
	}
	return out
}

// isASCIIWord tells what may not follow a top-level domain.
func isASCIIWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '@' || c == '+' || c == '-'
}

// names finds @user@host.
func names(text string) []entity {
	var out []entity
	for at := 0; at < len(text); {
		next := strings.IndexByte(text[at:], '@')
		if next < 0 {
			break
		}
		at += next
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		found := named.FindStringSubmatchIndex(text[at:])
		if at > 0 && (before == '=' || before == '/' || isWord(before)) || found == nil {
			at++
			continue
		}
		if found[4] >= 0 && !goesOn(text[at+found[1]:]) {
			out = append(out, entity{at, at + found[1], text[at : at+found[3]]})
		}
		at += found[1]
	}
	return out
}

func isWord(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Pc)
}

// goesOn tells whether what follows makes it something else than a name.
func goesOn(after string) bool {
	return strings.HasPrefix(after, "@") || strings.HasPrefix(after, "＠") || strings.HasPrefix(after, "://")
}

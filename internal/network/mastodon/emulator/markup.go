package emulator

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// What Mastodon finds in a text. The rules are its own: an address needs its
// scheme and a name with a dot, a mention must not follow a word.
var (
	linkRule    = regexp.MustCompile(`(?i)https?://[\pL\pN_-]+(?:\.[\pL\pN_-]+)*\.[\pL]{2,}(?::\d+)?(?:[/?#][^\s<>"]*)?`)
	mentionRule = regexp.MustCompile(`(?i)@([a-z0-9_]+(?:[a-z0-9_.-]+[a-z0-9_]+)?)(?:@([\pL\pN_.-]+[\pL\pN_]+(?::\d+)?))?`)
	tagRule     = regexp.MustCompile(`#([\pL\pN_]*[\pL_][\pL\pN_]*)`)
)

type entityKind int

const (
	plainText entityKind = iota
	linkEntity
	mentionEntity
	tagEntity
)

// run is a part of a text: plain, or one thing in it.
type run struct {
	kind   entityKind
	text   string
	name   string // of a mention or a tag
	domain string // of a mention
}

// urlLength is what every address counts for.
const urlLength = 23

// countable is how long Mastodon finds a text: in user-perceived characters,
// addresses at a fixed length and mentions without their server.
func countable(warning, text string) int {
	var b strings.Builder
	b.WriteString(warning)
	for _, r := range parse(text) {
		switch {
		case r.kind == linkEntity:
			b.WriteString(strings.Repeat("x", urlLength))
		case r.kind == mentionEntity:
			b.WriteString("@" + r.name)
		default:
			b.WriteString(r.text)
		}
	}
	return uniseg.GraphemeClusterCount(b.String())
}

// parse cuts a text into runs, in order and without losing anything.
func parse(text string) []run {
	var out []run
	for text != "" {
		at, found := first(text)
		if at > 0 {
			out = append(out, run{text: text[:at]})
		}
		if found.text == "" {
			break
		}
		out = append(out, found)
		text = text[at+len(found.text):]
		// What follows must not be taken for the beginning of a text.
		if n := plainLength(text); n > 0 {
			out = append(out, run{text: text[:n]})
			text = text[n:]
		}
	}
	return out
}

// plainLength is 1 rune where text begins with what would be an entity only
// at the beginning of a text.
func plainLength(text string) int {
	if r, n := utf8.DecodeRuneInString(text); r == '@' || r == '#' {
		return n
	}
	return 0
}

// first finds the first entity; at is len(text) where there is none.
func first(text string) (at int, found run) {
	at = len(text)
	for _, find := range []func(string) (int, run){firstLink, firstMention, firstTag} {
		if i, r := find(text); i >= 0 && i < at {
			at, found = i, r
		}
	}
	return at, found
}

func firstLink(text string) (int, run) {
	for _, m := range linkRule.FindAllStringIndex(text, -1) {
		if before, _ := utf8.DecodeLastRuneInString(text[:m[0]]); m[0] > 0 && (wordRune(before) || strings.ContainsRune("@#$", before)) {
			continue
		}
		return m[0], run{kind: linkEntity, text: trimmedLink(text[m[0]:m[1]])}
	}
	return -1, run{}
}

// trimmedLink leaves the full stop to the sentence, and a closing bracket
// that was opened before the address.
func trimmedLink(link string) string {
	for {
		last, n := utf8.DecodeLastRuneInString(link)
		switch {
		case strings.ContainsRune(".,;:!?'*…", last):
		case last == ')' && strings.Count(link, ")") > strings.Count(link, "("):
		case last == ']' && strings.Count(link, "]") > strings.Count(link, "["):
		default:
			return link
		}
		link = link[:len(link)-n]
	}
}

func wordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

func firstMention(text string) (int, run) {
	for _, m := range mentionRule.FindAllStringSubmatchIndex(text, -1) {
		if before, _ := utf8.DecodeLastRuneInString(text[:m[0]]); m[0] > 0 && (wordRune(before) || before == '=' || before == '/') {
			continue
		}
		r := run{kind: mentionEntity, text: text[m[0]:m[1]], name: text[m[2]:m[3]]}
		if m[4] >= 0 {
			r.domain = strings.ToLower(text[m[4]:m[5]])
		}
		return m[0], r
	}
	return -1, run{}
}

func firstTag(text string) (int, run) {
	for _, m := range tagRule.FindAllStringSubmatchIndex(text, -1) {
		if before, _ := utf8.DecodeLastRuneInString(text[:m[0]]); m[0] > 0 && (wordRune(before) || before == '/' || before == ')' || before == '&') {
			continue
		}
		return m[0], run{kind: tagEntity, text: text[m[0]:m[1]], name: text[m[2]:m[3]]}
	}
	return -1, run{}
}

// mentioned returns the account a run names, nil where there is none.
func (s *Server) mentioned(p place, r run) *account {
	if r.kind != mentionEntity {
		return nil
	}
	key := strings.ToLower(r.name)
	if r.domain != "" && r.domain != strings.ToLower(p.domain) {
		key += "@" + r.domain
	}
	return s.names[key]
}

// content is the text of a status as Mastodon marks it up.
func (s *Server) content(p place, text string) string {
	var b strings.Builder
	for _, r := range parse(text) {
		switch a := s.mentioned(p, r); {
		case a != nil:
			b.WriteString(`<span class="h-card" translate="no"><a href="` + escape(a.url(p)) + `" class="u-url mention">@<span>` + escape(a.Name) + `</span></a></span>`)
		case r.kind == linkEntity:
			b.WriteString(linkMarkup(r.text))
		case r.kind == tagEntity:
			b.WriteString(`<a href="` + escape(p.base+"/tags/"+strings.ToLower(r.name)) + `" class="mention hashtag" rel="tag">#<span>` + escape(r.name) + `</span></a>`)
		default:
			b.WriteString(escape(r.text))
		}
	}
	return wrapped(b.String())
}

// linkMarkup shows thirty characters of an address and hides the rest of it
// from the eye, not from programs.
func linkMarkup(link string) string {
	scheme := link[:strings.Index(link, "://")+3]
	if rest := link[len(scheme):]; strings.HasPrefix(rest, "www.") {
		scheme += "www."
	}
	shown, hidden, class := []rune(link[len(scheme):]), "", ""
	if len(shown) > 30 {
		shown, hidden, class = shown[:30], string(shown[30:]), "ellipsis"
	}
	return `<a href="` + escape(link) + `" target="_blank" rel="nofollow noopener" translate="no"><span class="invisible">` + escape(scheme) +
		`</span><span class="` + class + `">` + escape(string(shown)) + `</span><span class="invisible">` + escape(hidden) + `</span></a>`
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace

// paragraphs marks up a text in which nothing is looked for.
func paragraphs(text string) string {
	if text == "" {
		return ""
	}
	return wrapped(escape(text))
}

var (
	newLines = strings.NewReplacer("\r\n", "\n", "\r", "\n")
	gap      = regexp.MustCompile(`\n\n+`)
)

// wrapped makes paragraphs of a text that is escaped already.
func wrapped(escaped string) string {
	if escaped == "" {
		return ""
	}
	var b strings.Builder
	for _, par := range gap.Split(newLines.Replace(escaped), -1) {
		b.WriteString("<p>" + strings.ReplaceAll(strings.Trim(par, "\n"), "\n", "<br />") + "</p>")
	}
	return b.String()
}

package bluesky

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/net/publicsuffix"
)

// facet marks a piece of text as a link, a mention or a tag. Its bounds are
// offsets in bytes of the text as UTF-8, the end exclusive.
type facet struct {
	Index    span      `json:"index"`
	Features []feature `json:"features"`
}

type span struct {
	Start int `json:"byteStart"`
	End   int `json:"byteEnd"`
}

type feature struct {
	Type string `json:"$type"`
	URI  string `json:"uri,omitempty"`
	DID  string `json:"did,omitempty"`
	Tag  string `json:"tag,omitempty"`
}

const (
	facetLink    = "app.bsky.richtext.facet#link"
	facetMention = "app.bsky.richtext.facet#mention"
	facetTag     = "app.bsky.richtext.facet#tag"
)

// facets finds what Bluesky's own programs would mark in text. names holds the
// DIDs of the handles that are somebody's; what is not in it stays plain text.
func facets(text string, names map[string]string) []facet {
	var out []facet
	for _, w := range words(text) {
		f, ok := w.facet(names)
		if ok {
			out = append(out, f)
		}
	}
	return out
}

// handles are the names that text mentions, each once, in order.
func handles(text string) []string {
	var out []string
	for _, w := range words(text) {
		if _, handle, ok := w.mention(); ok && !slices.Contains(out, handle) {
			out = append(out, handle)
		}
	}
	return out
}

// firstLink is the address of the first link in text, "" if there is none.
func firstLink(text string) string {
	for _, w := range words(text) {
		if _, uri, ok := w.link(); ok {
			return uri
		}
	}
	return ""
}

// word is a run without spaces, and where in the text it begins.
type word struct {
	at   int
	text string
}

func words(text string) []word {
	var out []word
	start := -1
	for i, r := range text {
		switch {
		case !isSpace(r):
			if start < 0 {
				start = i
			}
		case start >= 0:
			out, start = append(out, word{start, text[start:i]}), -1
		}
	}
	if start >= 0 {
		out = append(out, word{start, text[start:]})
	}
	return out
}

func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }

func (w word) facet(names map[string]string) (facet, bool) {
	if s, handle, ok := w.mention(); ok {
		did := names[handle]
		return facet{s, []feature{{Type: facetMention, DID: did}}}, did != ""
	}
	if s, uri, ok := w.link(); ok {
		return facet{s, []feature{{Type: facetLink, URI: uri}}}, true
	}
	if s, tag, ok := w.tag(); ok {
		return facet{s, []feature{{Type: facetTag, Tag: tag}}}, true
	}
	return facet{}, false
}

// inside is what follows the last opening bracket that a mention or a link may
// stand behind.
func (w word) inside(begins func(string) bool) (word, bool) {
	if begins(w.text) {
		return w, true
	}
	for i := range len(w.text) {
		if w.text[i] == '(' && begins(w.text[i+1:]) {
			return word{w.at + i + 1, w.text[i+1:]}, true
		}
	}
	return word{}, false
}

// mention is an @ and a handle, at the beginning of a word or in brackets.
func (w word) mention() (s span, handle string, ok bool) {
	in, ok := w.inside(func(t string) bool { return handleAt(t) != "" })
	if !ok {
		return s, "", false
	}
	handle = handleAt(in.text)
	return span{in.at, in.at + 1 + len(handle)}, strings.ToLower(handle), true
}

// handleAt is the handle behind the @ that text begins with, "" if none.
func handleAt(text string) string {
	if text == "" || text[0] != '@' {
		return ""
	}
	n := 1
	for n < len(text) && (letter(text[n]) || digit(text[n]) || text[n] == '.' || text[n] == '-') {
		n++
	}
	handle := strings.TrimRight(text[1:n], ".-")
	if !isHandle(handle) || !isDomain(handle) && !strings.HasSuffix(strings.ToLower(handle), ".test") {
		return ""
	}
	return handle
}

// isDomain reports whether the last label is a top-level domain that exists.
func isDomain(host string) bool {
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	_, official := publicsuffix.PublicSuffix(last)
	return official
}

// link is an address with http in front, or one that begins with a domain.
func (w word) link() (s span, uri string, ok bool) {
	in, ok := w.inside(func(t string) bool { return hasScheme(t) || domainAt(t) != "" })
	if !ok {
		return s, "", false
	}
	shown := trimmed(in.text)
	uri = shown
	if !hasScheme(shown) {
		uri = "https://" + shown
	}
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || len(uri) > 2000 {
		return s, "", false
	}
	return span{in.at, in.at + len(shown)}, uri, true
}

func hasScheme(text string) bool {
	for _, scheme := range []string{"http://", "https://"} {
		if len(text) > len(scheme) && strings.EqualFold(text[:len(scheme)], scheme) {
			return true
		}
	}
	return false
}

// trimmed leaves out one mark of punctuation at the end, and a bracket that was
// not opened within.
func trimmed(text string) string {
	if strings.ContainsRune(".,;:!?", rune(text[len(text)-1])) {
		text = text[:len(text)-1]
	}
	if strings.HasSuffix(text, ")") && !strings.Contains(text, "(") {
		text = text[:len(text)-1]
	}
	return text
}

// domainAt is the domain that text begins with, "" if none.
func domainAt(text string) string {
	n := 0
	for n < len(text) && (letter(text[n]) || digit(text[n]) || text[n] == '.' || text[n] == '-') {
		n++
	}
	if n < len(text) && text[n] == '@' {
		return "" // an address of mail
	}
	domain := strings.TrimRight(text[:n], ".-")
	if domain == "" || !letter(domain[0]) || !isHandle(domain) || !isDomain(domain) {
		return ""
	}
	return domain
}

// tag is a # and a word behind it that is more than digits and punctuation.
func (w word) tag() (s span, tag string, ok bool) {
	mark, size := utf8.DecodeRuneInString(w.text)
	if mark != '#' && mark != '＃' {
		return s, "", false
	}
	rest := w.text[size:]
	if i := strings.IndexFunc(rest, endsTag); i >= 0 {
		rest = rest[:i]
	}
	tag = strings.TrimRightFunc(rest, unicode.IsPunct)
	if !strings.ContainsFunc(tag, isTagLetter) || strings.HasPrefix(tag, "\ufe0f") ||
		len(utf16.Encode([]rune(tag))) > 64 || len(tag) > 640 || uniseg.GraphemeClusterCount(tag) > 64 {
		return s, "", false
	}
	return span{w.at, w.at + size + len(tag)}, tag, true
}

// endsTag holds for the invisible marks that a tag may not contain.
func endsTag(r rune) bool {
	return strings.ContainsRune("\u00ad\u2060\u200a\u200b\u200c\u200d\u20e2", r)
}

func isTagLetter(r rune) bool { return !unicode.IsDigit(r) && !unicode.IsPunct(r) }

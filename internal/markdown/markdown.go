// Package markdown makes safe HTML of what members of a community write:
// CommonMark with tables, task lists, strikethrough, links found by themselves,
// people named and emoji by their names. It is pure: whoever is named and which
// pictures may be shown its caller says.
//
// What it does otherwise than CommonMark: HTML is shown as the text it is;
// headings begin at the third level, because the page owns the first two, and
// skip none; pictures that are not the community's own are links, because
// readers' browsers ask nobody else; links carry rel, and lead by http, https
// and mailto or stay within the community. What is nested or repeated beyond
// what anybody reads (bounds.go) stays text.
package markdown

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"rapport/internal/fault"
)

// What fits.
const (
	Most         = 32_000 // runes of one text
	mostMentions = 50
	mostPictures = 50    // asked about
	mostOutside  = 200   // links that are told of
	longestQuote = 1_500 // runes
)

// theirs is the level of the heading below which a post stands: the page's
// title, the author, then what they write. Below puts it elsewhere.
const theirs = 2

// Picture is one that may be shown.
type Picture struct {
	Src           string
	Width, Height int // pixels; 0 where unknown
}

// Options are what a text may name.
type Options struct {
	// People are the addresses of those who may be named, by their handle in
	// lower case. Other names stay text.
	People map[string]string
	// Picture returns how the picture of an address is shown; nil shows none.
	// It is asked once for each address, and about 50 at most.
	Picture func(address string) (Picture, bool)
}

// Quoted is a reply that a text quotes.
type Quoted struct {
	Handle string
	Number int
}

// Result is what became of a text.
type Result struct {
	HTML     string
	Plain    string   // the words alone, a line for each block
	Mentions []string // as Mentioned returns them
	Links    []string // to other sites, each once, the first 200
	Pictures []string // the addresses of those that are shown, each once
	Quotes   []Quoted // the replies it quotes, as Quote writes them
	Crowded  bool     // it names more than Mentions holds
	Mails    bool     // it leads to an address of mail
}

// Fit returns a fault on the field "text" for what nobody would see, and for
// names of whom some would not be told.
func (r Result) Fit() error {
	switch {
	case r.Blank():
		return nothing()
	case r.Crowded:
		return fault.OnField("text", "Name at most %d people in one post, and the others in another.", mostMentions)
	}
	return nil
}

// nothing is the fault of what has nothing to read in it.
func nothing() error { return fault.OnField("text", "Write something first.") }

// Check returns a fault on the field "text" for what cannot be kept.
func Check(source string) error {
	source = lines(source)
	switch {
	case strings.TrimSpace(source) == "":
		return nothing()
	case len(source) > 4*Most || utf8.RuneCountInString(source) > Most:
		return fault.OnField("text", "Shorten this to %d characters.", Most)
	case !utf8.ValidString(source) || strings.ContainsFunc(source, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }):
		return fault.OnField("text", "This text holds characters that cannot be kept. Copy it again.")
	}
	return nil
}

// Render makes HTML of a text. What is too long is cut: Check says so before.
func Render(source string, o Options) Result {
	src := []byte(tame(source))
	doc := reading.Parse(text.NewReader(src), parser.WithContext(parser.NewContext()))
	p := &pass{src: src, o: o, shown: map[string]Picture{}}
	p.arrange(doc)
	var b bytes.Buffer
	out := "<p>" + escaped(string(src)) + "</p>" // where drawing fails, which it has no reason to
	if err := writing.Render(&b, src, doc); err == nil {
		out = b.String()
	}
	out = strings.TrimRight(calm(policy.Sanitize(out)), "\n")
	return Result{out, Plain(out), p.mentions, p.links, p.pictures, p.quotes, p.crowded, p.mails}
}

// Mentioned returns the handles that a text names, each once in lower case, the
// first 50. Who is named in a quoted reply was named there.
func Mentioned(source string) []string {
	if !strings.Contains(source, "@") {
		return nil
	}
	src := []byte(tame(source))
	p := &pass{src: src, shown: map[string]Picture{}}
	p.arrange(reading.Parse(text.NewReader(src)))
	return p.mentions
}

var nested = regexp.MustCompile(`^ {0,3}>`)

// Quote is the Markdown that quotes somebody's reply: the first 1,500 runes of
// it, without what it quotes itself.
func Quote(handle string, number int, source string) string {
	var b strings.Builder
	b.WriteString("> [@" + handle + "](#" + strconv.Itoa(number) + "):\n>\n")
	left := longestQuote
	for line := range strings.Lines(strings.TrimSpace(tame(source))) {
		if line = strings.TrimRight(line, "\r\n"); nested.MatchString(line) {
			continue
		}
		if left -= utf8.RuneCountInString(line) + 1; left < 0 {
			runes := []rune(line)
			b.WriteString("> " + string(runes[:max(len(runes)+left, 0)]) + "…\n")
			break
		}
		b.WriteString(strings.TrimRight("> "+line, " ") + "\n")
	}
	b.WriteString("\n")
	return b.String()
}

// Excerpt is the beginning of a plain text on one line, at most so many runes,
// cut between words where it can be.
func Excerpt(plain string, most int) string {
	line := strings.Join(strings.Fields(plain), " ")
	if utf8.RuneCountInString(line) <= most {
		return line
	}
	cut := string([]rune(line)[:most])
	if at := strings.LastIndexByte(cut, ' '); at > len(cut)/2 {
		cut = cut[:at]
	}
	return strings.TrimRight(cut, " ,.;:") + "…"
}

// tame cuts what is too long and takes out what cannot be shown.
func tame(source string) string {
	source = lines(source)
	if len(source) > 4*Most {
		source = source[:4*Most]
	}
	source = strings.ToValidUTF8(source, "")
	if utf8.RuneCountInString(source) > Most {
		source = string([]rune(source)[:Most])
	}
	return calm(source)
}

// lines makes one character of the two that forms end a line with, so that they
// count as who writes counts them.
func lines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// calm takes out control characters and marks that turn the direction of all
// that comes after them; those that a letter stands beside (U+200E, U+200F) and
// right-to-left scripts stay. HTML needs it as well, because entities are read
// in between.
func calm(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' {
			return -1
		}
		return r
	}, s)
}

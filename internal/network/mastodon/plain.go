package mastodon

import (
	"bytes"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"rapport/internal/network"
)

const (
	mostMarkup = 1 << 20   // bytes of markup that are read of one text
	mostToken  = 256 << 10 // bytes of one tag or stretch of text
)

// plain turns foreign HTML into the text a person would read: paragraphs and
// lines, links whole, names and emoji as they are written, scripts and styles
// dropped. It is at most network.MostText bytes long.
func plain(content string) string {
	if len(content) > mostMarkup {
		content = content[:mostMarkup]
	}
	r := reader{tokens: html.NewTokenizer(strings.NewReader(strings.ToValidUTF8(content, "\uFFFD")))}
	r.tokens.SetMaxBuf(mostToken)
	for len(r.out) <= 2*network.MostText && r.next() {
	}
	return cut(tidy(string(r.out)), network.MostText)
}

// reader walks through markup.
type reader struct {
	tokens *html.Tokenizer
	out    []byte
	hidden atom.Atom // the element whose content is dropped, 0 if none
	depth  int       // of elements of that name within it
	pre    int       // depth of elements that keep their spaces
	link   *link     // the link one is in
}

// link is an a element and where its text begins.
type link struct {
	href, class string
	from        int
}

var dropped = map[atom.Atom]bool{atom.Script: true, atom.Style: true, atom.Title: true, atom.Noscript: true, atom.Template: true, atom.Iframe: true,
	atom.Object: true, atom.Svg: true, atom.Math: true, atom.Textarea: true, atom.Select: true, atom.Noembed: true, atom.Noframes: true, atom.Xmp: true}

// breaks is how many line ends stand before and after an element.
var breaks = map[atom.Atom]int{atom.P: 2, atom.Blockquote: 2, atom.Pre: 2, atom.Ul: 2, atom.Ol: 2, atom.H1: 2, atom.H2: 2, atom.H3: 2,
	atom.H4: 2, atom.H5: 2, atom.H6: 2, atom.Table: 2, atom.Div: 1, atom.Tr: 1, atom.Li: 1, atom.Hr: 1, atom.Section: 1, atom.Article: 1}

func (r *reader) next() bool {
	switch r.tokens.Next() {
	case html.ErrorToken:
		return false
	case html.TextToken:
		if r.hidden == 0 {
			r.text(string(r.tokens.Text()))
		}
	case html.StartTagToken:
		r.open(r.tokens.Token())
	case html.SelfClosingTagToken:
		if t := r.tokens.Token(); !dropped[t.DataAtom] {
			r.open(t)
		}
	case html.EndTagToken:
		r.close(r.tokens.Token().DataAtom)
	}
	return true
}

func (r *reader) open(t html.Token) {
	if r.hidden != 0 {
		if t.DataAtom == r.hidden {
			r.depth++
		}
		return
	}
	switch t.DataAtom {
	case atom.Br:
		r.out = append(r.out, '\n')
	case atom.Img:
		r.text(attribute(t, "alt"))
	case atom.A:
		r.endLink()
		r.link = &link{attribute(t, "href"), attribute(t, "class"), len(r.out)}
	case atom.Li:
		r.lines(1)
		r.out = append(r.out, "- "...)
	default:
		if dropped[t.DataAtom] {
			r.hidden, r.depth = t.DataAtom, 1
		}
		if t.DataAtom == atom.Pre {
			r.pre++
		}
		r.lines(breaks[t.DataAtom])
	}
}

func (r *reader) close(name atom.Atom) {
	if r.hidden != 0 {
		if name == r.hidden {
			r.depth--
		}
		if r.depth == 0 {
			r.hidden = 0
		}
		return
	}
	switch name {
	case atom.A:
		r.endLink()
	case atom.Pre:
		r.pre = max(r.pre-1, 0)
	}
	r.lines(breaks[name])
}

// lines ends the line and leaves what is missing of n line ends.
func (r *reader) lines(n int) {
	if n == 0 || len(r.out) == 0 {
		return
	}
	r.out = bytes.TrimRight(r.out, " ")
	have := len(r.out) - len(bytes.TrimRight(r.out, "\n"))
	for ; have < n; have++ {
		r.out = append(r.out, '\n')
	}
}

// text writes what stands between tags, where white space is one space.
func (r *reader) text(s string) {
	if r.pre > 0 {
		r.out = append(r.out, s...)
		return
	}
	for _, c := range s {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' {
			r.out = utf8.AppendRune(r.out, c)
		} else if n := len(r.out); n > 0 && r.out[n-1] != ' ' && r.out[n-1] != '\n' {
			r.out = append(r.out, ' ')
		}
	}
}

// endLink shows where a link leads, unless its text says so or it only points
// at a person or a hashtag.
func (r *reader) endLink() {
	l := r.link
	r.link = nil
	if l == nil {
		return
	}
	l.from = min(l.from, len(r.out)) // a block in the link may have ended the line
	shown := string(r.out[l.from:])
	href := webAddress(l.href)
	text := strings.TrimSpace(shown)
	switch {
	case href == "", named(l.class, text), sameAddress(text, href):
		return
	case shortOf(text, href):
		shown = strings.Replace(shown, text, href, 1)
	case text == "":
		shown += href
	default:
		shown += " (" + href + ")"
	}
	r.out = append(r.out[:l.from], shown...)
}

func named(class, text string) bool {
	for _, c := range strings.Fields(class) {
		if c == "mention" || c == "hashtag" {
			return strings.HasPrefix(text, "@") || strings.HasPrefix(text, "#")
		}
	}
	return false
}

func sameAddress(text, href string) bool {
	return text == href || text == strings.TrimSuffix(href, "/") || strings.TrimSuffix(text, "/") == href || bare(text) == bare(href)
}

// shortOf tells whether a text is the beginning of the address it leads to.
func shortOf(text, href string) bool {
	text = bare(strings.TrimRight(text, "…."))
	return strings.Contains(text, ".") && strings.HasPrefix(bare(href), text)
}

func bare(address string) string {
	address = strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://")
	return strings.TrimSuffix(address, "/")
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// tidy trims lines, leaves at most one of them empty and drops what is unseen.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unseen(r):
			return -1
		}
		return r
	}, text)
	var out []string
	empty := true
	for _, l := range strings.Split(text, "\n") {
		l = strings.Trim(l, " ")
		if l == "" && empty {
			continue
		}
		empty = l == ""
		out = append(out, l)
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n ")
}

// cut shortens to so many bytes, at a character.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

const mostLink = 2048

// webAddress returns an address that a browser may be sent to, "" for any
// other.
func webAddress(s string) string {
	if len(s) > mostLink || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || unseen(r) }) {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return s
}

package markdown

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// Plain is the text of our own HTML as a reader sees it: a line for each block
// and row, code as it stands, pictures by their alt.
func Plain(page string) string { return textOf(page, false) }

// Own is what the author of our own HTML says themselves: its text without what
// they quote, unless nothing else is there to be seen.
func Own(page string) string {
	if own := textOf(page, true); Visible(own) {
		return own
	}
	return Plain(page)
}

func textOf(page string, own bool) string {
	w := wordsOf{z: html.NewTokenizer(strings.NewReader(page)), own: own}
	for {
		switch w.z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(w.b.String())
		case html.TextToken:
			w.text(string(w.z.Text()))
		default:
			w.tag(w.z.Token())
		}
	}
}

// wordsOf gathers the text of a page.
type wordsOf struct {
	z      *html.Tokenizer
	b      strings.Builder
	own    bool // leave out quotes
	quotes int  // that are open
	code   bool // within pre, where every blank counts
	gap    bool // a cell ended
}

func (w *wordsOf) text(s string) {
	if w.own && w.quotes > 0 {
		return
	}
	if !w.code && (w.gap || w.fresh()) {
		s = strings.TrimLeft(s, " \n")
	}
	if w.gap && s != "" && !w.fresh() {
		w.b.WriteByte(' ')
	}
	w.gap = w.gap && s == ""
	w.b.WriteString(s)
}

// fresh reports whether nothing stands on the line yet.
func (w *wordsOf) fresh() bool {
	s := w.b.String()
	return s == "" || s[len(s)-1] == '\n'
}

func (w *wordsOf) tag(t html.Token) {
	ends := t.Type == html.EndTagToken
	switch {
	case t.Data != "blockquote":
	case ends:
		w.quotes--
	default:
		w.quotes++
	}
	switch t.Data {
	case "pre":
		w.code = !ends
		w.line()
	case "p", "h3", "h4", "h5", "h6", "li", "blockquote", "tr", "table", "ul", "ol", "hr", "br":
		w.line()
	case "td", "th":
		w.gap = w.gap || ends
	case "img":
		for _, a := range t.Attr {
			if a.Key == "alt" {
				w.text(a.Val)
			}
		}
	}
}

// line begins a new one.
func (w *wordsOf) line() {
	if w.gap = false; !w.fresh() {
		w.b.WriteByte('\n')
	}
}

// Blank reports whether nothing of it can be seen: no word, no picture and no
// line across the page. Whoever reads it would find an empty place.
func (r Result) Blank() bool {
	return !Visible(r.Plain) && !strings.Contains(r.HTML, "<img ") && !strings.Contains(r.HTML, "<hr")
}

// Visible reports whether a text holds a character that can be seen.
func Visible(s string) bool { return strings.ContainsFunc(s, visible) }

// visible leaves out blanks, and what fonts draw nothing for: Unicode's list of
// what is ignored where it is not known, and four that are drawn empty.
func visible(r rune) bool {
	switch r {
	case 0x2800, 0x16FE4, 0x1D159, 0xFFFC: // a pattern without dots, a filler, a note without a head, the place of an object
		return false
	}
	return !unicode.IsSpace(r) && !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

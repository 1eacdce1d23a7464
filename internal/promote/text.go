package promote

import (
	"context"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"rapport/internal/i18n"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/network"
	"rapport/internal/topic"
)

// said is what somebody says in their own words, without what they quote.
type said struct {
	plain   string
	picture string // id of the first picture
	alt     string // what it shows
}

// read takes from a reply's HTML, which is ours, what its author says.
func read(markup string) said {
	var out said
	var b strings.Builder
	quoted, code := 0, 0
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			out.plain = strings.Join(strings.Fields(b.String()), " ")
			return out
		}
		t := z.Token()
		step := 0
		switch kind {
		case html.StartTagToken:
			step = 1
		case html.EndTagToken:
			step = -1
		}
		switch {
		case t.Data == "blockquote" && kind != html.TextToken:
			quoted += step
		case t.Data == "pre" && kind != html.TextToken:
			code += step
		case quoted > 0:
		case kind == html.TextToken:
			if code == 0 {
				b.WriteString(t.Data)
			}
		case t.Data == "img":
			out.see(t)
		case t.Data != "a" && t.Data != "em" && t.Data != "strong" && t.Data != "code" && t.Data != "del" && t.Data != "span":
			b.WriteByte(' ') // a block or a cell ends
		}
	}
}

func (s *said) see(t html.Token) {
	var src, alt string
	for _, a := range t.Attr {
		switch a.Key {
		case "src":
			src = a.Val
		case "alt":
			alt = a.Val
		}
	}
	if id, ours := strings.CutPrefix(src, topic.Up+"p/"); ours && s.picture == "" {
		s.picture, s.alt = id, strings.TrimSpace(alt)
	}
}

// words are what a post is made of.
type words struct {
	title   string
	excerpt string
	quoted  bool   // the excerpt is somebody's answer
	credit  string // "" where the team itself speaks
}

// longestWords is how much of what was said a post repeats, in runes.
const longestWords = 280

// text is what the post says, in the brand's language.
func (t thing) text(ctx context.Context) words {
	ctx = i18n.With(ctx, t.brand.Language, t.brand.Location())
	w := words{title: t.topic.Title, excerpt: markdown.Excerpt(t.said.plain, longestWords), quoted: t.answer()}
	switch {
	case t.reply.Team:
	case t.by.State == member.Left || t.by.Name == "":
		w.credit = i18n.T(ctx, "From our community")
	case t.by.Listed: // their profile is for everybody
		w.credit = i18n.T(ctx, "By {{.Name}} in our community", "Name", t.by.Name)
	default:
		w.credit = i18n.T(ctx, "By a member of our community")
	}
	return w
}

// with is the text that ends with the address and fits: what was said is
// shortened first, then left out, then the title is shortened. The credit and
// the address always stand.
func (w words) with(address string, l network.Limits) string {
	fits := func(s string) bool { return len(l.CheckText(0, s)) == 0 }
	for most := max(utf8.RuneCountInString(w.excerpt), 40); most >= 40; most -= 10 {
		if s := w.join(w.title, markdown.Excerpt(w.excerpt, most), address); fits(s) {
			return s
		}
	}
	for most := max(utf8.RuneCountInString(w.title), 10); most >= 10; most -= 5 {
		if s := w.join(markdown.Excerpt(w.title, most), "", address); fits(s) {
			return s
		}
	}
	return w.join("", "", address)
}

func (w words) join(title, excerpt, address string) string {
	if excerpt != "" && w.quoted {
		excerpt = "“" + excerpt + "”"
	}
	last := address
	if w.credit != "" {
		last = w.credit + "\n" + address
	}
	var parts []string
	for _, s := range []string{title, excerpt, last} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "\n\n")
}

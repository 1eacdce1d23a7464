package markdown

import (
	"bytes"
	"regexp"
	"strconv"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

var (
	plainHTML = html.NewRenderer()
	tables    = extension.NewTableHTMLRenderer(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))
	strikes   = extension.NewStrikethroughHTMLRenderer()
)

// policy is what may be in the HTML, whatever was drawn.
var policy = allowed()

func allowed() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h3", "h4", "h5", "h6", "em", "strong", "del", "code", "pre", "blockquote", "ul", "li", "table", "thead", "tbody", "tr", "a", "ol", "label")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[A-Za-z0-9+#-]{1,20}$`)).OnElements("code")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^quote$`)).OnElements("blockquote")
	p.AllowAttrs("data-reply").Matching(regexp.MustCompile(`^[0-9]{1,10}$`)).OnElements("blockquote")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^quote-by$`)).OnElements("p")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^mention$`)).OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^ugc nofollow noopener$`)).OnElements("a")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|center|right)$`)).OnElements("td", "th")
	p.AllowElements("td", "th")
	p.AllowNoAttrs().OnElements("label")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("title").OnElements("a", "img")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src").OnElements("img")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("width", "height").Matching(regexp.MustCompile(`^[0-9]{1,5}$`)).OnElements("img")
	p.AllowAttrs("loading").Matching(regexp.MustCompile(`^lazy$`)).OnElements("img")
	p.AllowAttrs("decoding").Matching(regexp.MustCompile(`^async$`)).OnElements("img")
	p.AllowAttrs("type").Matching(regexp.MustCompile(`^checkbox$`)).OnElements("input")
	p.AllowAttrs("disabled", "checked").Matching(regexp.MustCompile(`^$`)).OnElements("input")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	return p
}

// writing draws what was read and arranged.
var writing = renderer.NewRenderer(renderer.WithNodeRenderers(
	util.Prioritized(drawing{}, 100), util.Prioritized(tables, 500), util.Prioritized(strikes, 500), util.Prioritized(plainHTML, 1000)))

// drawing draws what we draw otherwise than others.
type drawing struct{}

func (d drawing) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindMention, d.mention)
	r.Register(kindSign, d.sign)
	r.Register(ast.KindEmphasis, d.emphasis)
	r.Register(ast.KindLink, d.link)
	r.Register(ast.KindAutoLink, d.autoLink)
	r.Register(ast.KindImage, d.image)
	r.Register(ast.KindRawHTML, d.rawHTML)
	r.Register(ast.KindHTMLBlock, d.htmlBlock)
	r.Register(ast.KindBlockquote, d.quote)
	r.Register(ast.KindParagraph, d.paragraph)
	r.Register(ast.KindTextBlock, d.textBlock)
	r.Register(east.KindTaskCheckBox, d.box)
}

func (drawing) mention(w util.BufWriter, _ []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	m := n.(*mention)
	switch {
	case !enter:
	case m.href == "":
		w.WriteString("@" + m.handle)
	default:
		w.WriteString(`<a class="mention" href="` + escaped(m.href) + `">@` + m.handle + `</a>`)
	}
	return ast.WalkContinue, nil
}

func (drawing) sign(w util.BufWriter, _ []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	if enter {
		w.WriteString(n.(*sign).is)
	}
	return ast.WalkContinue, nil
}

func escaped(s string) string { return string(util.EscapeHTML([]byte(s))) }

func (drawing) emphasis(w util.BufWriter, _ []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	name := [...]string{"", "em", "strong"}[n.(*ast.Emphasis).Level]
	switch {
	case name == "":
	case enter:
		w.WriteString("<" + name + ">")
	default:
		w.WriteString("</" + name + ">")
	}
	return ast.WalkContinue, nil
}

// open begins a link; it reports false where that would lead nowhere.
func open(w util.BufWriter, address, title string) bool {
	to, outside := destination(address)
	if to == "" {
		return false
	}
	w.WriteString(`<a href="` + escaped(string(util.URLEscape([]byte(to), false))) + `"`)
	if title != "" {
		w.WriteString(` title="` + escaped(title) + `"`)
	}
	if outside {
		w.WriteString(` rel="ugc nofollow noopener"`)
	}
	w.WriteString(">")
	return true
}

func (drawing) link(w util.BufWriter, _ []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	l := n.(*ast.Link)
	if enter {
		open(w, string(l.Destination), string(l.Title))
	} else if to, _ := destination(string(l.Destination)); to != "" {
		w.WriteString("</a>")
	}
	return ast.WalkContinue, nil
}

func (drawing) autoLink(w util.BufWriter, src []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	if !enter {
		return ast.WalkContinue, nil
	}
	l := n.(*ast.AutoLink)
	opened := open(w, address(l, src), "")
	w.Write(util.EscapeHTML(l.Label(src)))
	if opened {
		w.WriteString("</a>")
	}
	return ast.WalkContinue, nil
}

func (drawing) image(w util.BufWriter, src []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	i := n.(*ast.Image)
	if !enter {
		return ast.WalkContinue, nil
	}
	alt := escaped(spoken(i, src))
	if shown, ok := i.Attribute(pictureKey); ok {
		drawPicture(w, shown.(Picture), alt, string(i.Title))
		return ast.WalkSkipChildren, nil
	}
	opened := !within(n, ast.KindLink) && open(w, string(i.Destination), string(i.Title))
	if alt == "" {
		alt = escaped(string(i.Destination))
	}
	w.WriteString(alt)
	if opened {
		w.WriteString("</a>")
	}
	return ast.WalkSkipChildren, nil
}

func drawPicture(w util.BufWriter, p Picture, alt, title string) {
	w.WriteString(`<img loading="lazy" decoding="async" alt="` + alt + `" src="` + escaped(p.Src) + `"`)
	if title != "" {
		w.WriteString(` title="` + escaped(title) + `"`)
	}
	if p.Width > 0 && p.Height > 0 {
		w.WriteString(` width="` + strconv.Itoa(p.Width) + `" height="` + strconv.Itoa(p.Height) + `"`)
	}
	w.WriteString(">")
}

// spoken is the text of a picture: what is within its brackets, without marks.
func spoken(i *ast.Image, src []byte) string {
	var b bytes.Buffer
	_ = ast.Walk(i, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if !enter {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(spokenText(n, src))
		case *mention:
			b.WriteString("@" + n.handle)
		case *sign:
			b.WriteString(n.is)
		case *ast.AutoLink:
			b.Write(n.Label(src))
		case *ast.RawHTML:
			b.Write(n.Segments.Value(src))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

func spokenText(n *ast.Text, src []byte) []byte {
	words := n.Segment.Value(src)
	if n.Parent().Kind() != ast.KindCodeSpan {
		words = resolved(words)
	}
	if n.SoftLineBreak() || n.HardLineBreak() {
		words = append(bytes.Clone(words), '\n')
	}
	return words
}

func (drawing) rawHTML(w util.BufWriter, src []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	if enter {
		w.Write(util.EscapeHTML(n.(*ast.RawHTML).Segments.Value(src)))
	}
	return ast.WalkContinue, nil
}

func (drawing) htmlBlock(w util.BufWriter, src []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	if !enter {
		return ast.WalkContinue, nil
	}
	b := n.(*ast.HTMLBlock)
	w.WriteString("<p>")
	w.Write(util.EscapeHTML(b.Lines().Value(src)))
	if b.HasClosure() {
		w.Write(util.EscapeHTML(b.ClosureLine.Value(src)))
	}
	w.WriteString("</p>\n")
	return ast.WalkContinue, nil
}

func (drawing) quote(w util.BufWriter, _ []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	number, quotes := n.Attribute(replyKey)
	switch {
	case !enter:
		w.WriteString("</blockquote>\n")
	case quotes:
		w.WriteString(`<blockquote class="quote" data-reply="` + strconv.Itoa(number.(int)) + "\">\n")
	default:
		w.WriteString("<blockquote>\n")
	}
	return ast.WalkContinue, nil
}

// ticked reports whether a block is a task's: its words are the label of its
// box, so that a screen reader names it.
func ticked(n ast.Node) bool {
	first := n.FirstChild()
	return first != nil && first.Kind() == east.KindTaskCheckBox
}

func (drawing) paragraph(w util.BufWriter, _ []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	begin, end := "<p>", "</p>\n"
	if _, by := n.AttributeString("class"); by {
		begin = `<p class="quote-by">`
	}
	if ticked(n) {
		begin, end = begin+"<label>", "</label>"+end
	}
	if enter {
		w.WriteString(begin)
	} else {
		w.WriteString(end)
	}
	return ast.WalkContinue, nil
}

func (drawing) textBlock(w util.BufWriter, _ []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	switch {
	case enter && ticked(n):
		w.WriteString("<label>")
	case !enter && ticked(n):
		w.WriteString("</label>")
	}
	if !enter && n.NextSibling() != nil && n.FirstChild() != nil {
		w.WriteByte('\n')
	}
	return ast.WalkContinue, nil
}

// box draws that of a task, which nobody can tick here.
func (drawing) box(w util.BufWriter, _ []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	switch {
	case !enter:
	case n.(*east.TaskCheckBox).IsChecked:
		w.WriteString(`<input type="checkbox" disabled="" checked=""> `)
	default:
		w.WriteString(`<input type="checkbox" disabled=""> `)
	}
	return ast.WalkContinue, nil
}

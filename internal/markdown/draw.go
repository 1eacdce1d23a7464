package markdown

import (
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
	tasks     = taskBoxes{}
)

// policy is what may be in the HTML, whatever was drawn.
var policy = allowed()

func allowed() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h3", "h4", "h5", "h6", "em", "strong", "del", "code", "pre", "blockquote", "ul", "li", "table", "thead", "tbody", "tr", "a", "ol")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[A-Za-z0-9+#_-]{1,20}$`)).OnElements("code")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^quote$`)).OnElements("blockquote")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^mention$`)).OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^ugc nofollow noopener$`)).OnElements("a")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|center|right)$`)).OnElements("td", "th")
	p.AllowElements("td", "th")
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

// drawing draws what we draw otherwise than others.
type drawing struct{ p *pass }

func (d drawing) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindMention, d.mention)
	r.Register(kindSign, d.sign)
	r.Register(ast.KindLink, d.link)
	r.Register(ast.KindAutoLink, d.autoLink)
	r.Register(ast.KindImage, d.image)
	r.Register(ast.KindRawHTML, d.rawHTML)
	r.Register(ast.KindHTMLBlock, d.htmlBlock)
	r.Register(ast.KindBlockquote, d.quote)
}

func (d drawing) mention(w util.BufWriter, _ []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
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

func (d drawing) sign(w util.BufWriter, _ []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	if enter {
		w.WriteString(n.(*sign).is)
	}
	return ast.WalkContinue, nil
}

func escaped(s string) string { return string(util.EscapeHTML([]byte(s))) }

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

func (d drawing) link(w util.BufWriter, _ []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	l := n.(*ast.Link)
	if enter {
		open(w, resolved(l.Destination), resolved(l.Title))
	} else if to, _ := destination(resolved(l.Destination)); to != "" {
		w.WriteString("</a>")
	}
	return ast.WalkContinue, nil
}

func (d drawing) autoLink(w util.BufWriter, src []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	if !enter {
		return ast.WalkContinue, nil
	}
	l := n.(*ast.AutoLink)
	address := string(l.URL(src))
	if l.AutoLinkType == ast.AutoLinkEmail && len(address) < 7 || l.AutoLinkType == ast.AutoLinkEmail && address[:7] != "mailto:" {
		address = "mailto:" + address
	}
	opened := open(w, address, "")
	w.Write(util.EscapeHTML(l.Label(src)))
	if opened {
		w.WriteString("</a>")
	}
	return ast.WalkContinue, nil
}

func (d drawing) image(w util.BufWriter, src []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	i := n.(*ast.Image)
	if !enter {
		return ast.WalkContinue, nil
	}
	alt, address := escaped(words(i, src)), resolved(i.Destination)
	if d.p.o.Picture != nil {
		if p, ok := d.p.o.Picture(address); ok {
			w.WriteString(`<img loading="lazy" decoding="async" alt="` + alt + `" src="` + escaped(p.Src) + `" width="` + strconv.Itoa(p.Width) + `" height="` + strconv.Itoa(p.Height) + `">`)
			return ast.WalkSkipChildren, nil
		}
		d.p.leads(address)
	}
	inLink := within(n, ast.KindLink)
	opened := !inLink && open(w, address, resolved(i.Title))
	if alt == "" {
		alt = escaped(address)
	}
	w.WriteString(alt)
	if opened {
		w.WriteString("</a>")
	}
	return ast.WalkSkipChildren, nil
}

func (d drawing) rawHTML(w util.BufWriter, src []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	if enter {
		w.Write(util.EscapeHTML(n.(*ast.RawHTML).Segments.Value(src)))
	}
	return ast.WalkContinue, nil
}

func (d drawing) htmlBlock(w util.BufWriter, src []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
	if !enter {
		return ast.WalkContinue, nil
	}
	b := n.(*ast.HTMLBlock)
	w.WriteString("<p>")
	w.Write(util.EscapeHTML(lines(b, src)))
	if b.HasClosure() {
		w.Write(util.EscapeHTML(b.ClosureLine.Value(src)))
	}
	w.WriteString("</p>\n")
	return ast.WalkContinue, nil
}

func (d drawing) quote(w util.BufWriter, _ []byte, _ ast.Node, enter bool) (ast.WalkStatus, error) {
	if enter {
		w.WriteString("<blockquote>\n")
	} else {
		w.WriteString("</blockquote>\n")
	}
	return ast.WalkContinue, nil
}

// taskBoxes draws the boxes of task lists, which nobody can tick here.
type taskBoxes struct{}

func (taskBoxes) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(east.KindTaskCheckBox, func(w util.BufWriter, _ []byte, n ast.Node, enter bool) (ast.WalkStatus, error) {
		switch {
		case !enter:
		case n.(*east.TaskCheckBox).IsChecked:
			w.WriteString(`<input type="checkbox" disabled="" checked=""> `)
		default:
			w.WriteString(`<input type="checkbox" disabled=""> `)
		}
		return ast.WalkContinue, nil
	})
}

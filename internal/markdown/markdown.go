// Package markdown makes safe HTML of what members of a community write:
// CommonMark with tables, task lists, strikethrough, links found by themselves,
// people named and emoji by their names. It is pure: whoever is named and which
// pictures may be shown its caller says.
//
// What it does otherwise than CommonMark: HTML is shown as the text it is;
// headings begin at the third level, because the page owns the first two;
// pictures that are not the community's own are links, because readers'
// browsers ask nobody else; links carry rel, and lead by http, https and mailto
// or stay within the community.
package markdown

import (
	"bufio"
	"bytes"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	drawn "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"rapport/internal/fault"
)

// What fits.
const (
	Most         = 32_000 // runes of one text
	mostMentions = 50
	longestQuote = 1_500 // runes
	deepest      = 12    // quotes within each other
	widestIndent = 40    // blanks before a line
	widestTable  = 60    // cells of a row
	mostLinks    = 500   // written as [text](address); those of a text with more stay text
)

// Picture is one that may be shown.
type Picture struct {
	Src           string
	Width, Height int
}

// Options are what a text may name.
type Options struct {
	// People are the addresses of those who may be named, by their handle in
	// lower case. Other names stay text.
	People map[string]string
	// Picture returns how the picture of an address is shown; nil shows none.
	Picture func(address string) (Picture, bool)
}

// Quoted is a reply that a text quotes.
type Quoted struct {
	Handle string
	Number int
}

// Result is what became of a text.
type Result struct {
	HTML  string
	Plain string   // the words alone, a line for each block
	Links []string // to other sites, each once
	// Quotes are the replies it quotes, as Quote writes them.
	Quotes []Quoted
}

// Check returns a fault on the field "text" for what cannot be kept.
func Check(source string) error {
	switch {
	case strings.TrimSpace(source) == "":
		return fault.OnField("text", "Write something first.")
	case len(source) > 4*Most || utf8.RuneCountInString(source) > Most:
		return fault.OnField("text", "Shorten this to %d characters.", Most)
	case !utf8.ValidString(source) || strings.ContainsFunc(source, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }):
		return fault.OnField("text", "This text holds characters that cannot be kept. Copy it again.")
	}
	return nil
}

var (
	engine = goldmark.New(
		goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), extension.Strikethrough, extension.TaskList,
			extension.NewLinkify(extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"}))),
		goldmark.WithParserOptions(parser.WithInlineParsers(util.Prioritized(named{}, 150), util.Prioritized(emoji{}, 160))))
	reading = engine.Parser()
)

// Render makes HTML of a text. What is too long is cut: Check says so before.
func Render(source string, o Options) Result {
	src := []byte(tame(source))
	ctx := parser.NewContext()
	doc := reading.Parse(text.NewReader(src), parser.WithContext(ctx))
	p := &pass{src: src, o: o}
	p.arrange(doc)
	var b bytes.Buffer
	r := renderer.NewRenderer(renderer.WithNodeRenderers(util.Prioritized(drawing{p}, 100), util.Prioritized(plainHTML, 1000), util.Prioritized(tables, 500),
		util.Prioritized(strikes, 500), util.Prioritized(tasks, 400)))
	if err := r.Render(&b, src, doc); err != nil {
		return Result{HTML: "<p>" + string(util.EscapeHTML(src)) + "</p>", Plain: string(src)}
	}
	return Result{HTML: strings.TrimRight(policy.Sanitize(b.String()), "\n"), Plain: words(doc, src), Links: p.links, Quotes: p.quotes}
}

// Mentioned returns the handles that a text names, each once in lower case, the
// first 50.
func Mentioned(source string) []string {
	if !strings.Contains(source, "@") {
		return nil
	}
	src := []byte(tame(source))
	doc := reading.Parse(text.NewReader(src))
	var out []string
	_ = ast.Walk(doc, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if _, link := n.(*ast.Link); link && enter {
			return ast.WalkSkipChildren, nil
		}
		if m, ok := n.(*mention); ok && enter && len(out) < mostMentions {
			if handle := strings.ToLower(m.handle); !slices.Contains(out, handle) {
				out = append(out, handle)
			}
		}
		return ast.WalkContinue, nil
	})
	return out
}

// Quote is the Markdown that quotes somebody's reply: its beginning, without
// what it quotes itself.
func Quote(handle string, number int, source string) string {
	var b strings.Builder
	b.WriteString("> [@" + handle + "](#" + strconv.Itoa(number) + "):\n>\n")
	left := longestQuote
	for line := range strings.Lines(tame(source)) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(strings.TrimSpace(line), ">") || left <= 0 {
			continue
		}
		if n := utf8.RuneCountInString(line); n > left {
			line = string([]rune(line)[:left]) + "…"
		}
		left -= utf8.RuneCountInString(line)
		b.WriteString("> " + line + "\n")
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

// tame bounds what would cost much and says nothing: too long a text, quotes
// nested out of sight, lines set far in, and marks that turn the direction of
// what comes after them.
func tame(source string) string {
	if len(source) > 4*Most {
		source = source[:4*Most]
	}
	source = strings.ToValidUTF8(strings.ReplaceAll(source, "\x00", ""), "")
	if utf8.RuneCountInString(source) > Most {
		source = string([]rune(source)[:Most])
	}
	if strings.Count(source, "](") > mostLinks {
		source = strings.ReplaceAll(source, "](", `]\(`)
	}
	var b strings.Builder
	b.Grow(len(source))
	for line := range strings.Lines(source) {
		b.WriteString(tameLine(line))
	}
	return b.String()
}

func tameLine(line string) string {
	line = strings.Map(func(r rune) rune {
		if r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, line)
	depth, blanks, at := 0, 0, 0
	for ; at < len(line); at++ {
		switch line[at] {
		case '>':
			if depth++; depth == deepest {
				return line[:at+1] + " " + strings.TrimLeft(line[at+1:], "> \t-+*0123456789.)")
			}
		case ' ', '\t':
			if blanks++; blanks == widestIndent {
				return line[:at] + strings.TrimLeft(line[at:], " \t")
			}
		case '-', '+', '*', ')', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			// markers of lists can stand within each other on one line
		default:
			at = len(line)
		}
	}
	if strings.Count(line, "|") > widestTable {
		return strings.ReplaceAll(line, "|", "\\|")
	}
	return line
}

// pass is one text on its way.
type pass struct {
	src    []byte
	o      Options
	links  []string
	quotes []Quoted
}

// arrange looks at what was read: who is named, what is quoted, where links
// lead.
func (p *pass) arrange(doc ast.Node) {
	n := 0
	_ = ast.Walk(doc, func(node ast.Node, enter bool) (ast.WalkStatus, error) {
		if !enter {
			return ast.WalkContinue, nil
		}
		switch node := node.(type) {
		case *mention:
			if n++; n <= mostMentions && !within(node, ast.KindLink) {
				node.href = p.o.People[strings.ToLower(node.handle)]
			}
		case *ast.Link:
			p.leads(resolved(node.Destination))
		case *ast.AutoLink:
			p.leads(string(node.URL(p.src)))
		case *ast.Image:
			if p.o.Picture == nil {
				p.leads(resolved(node.Destination))
			}
		case *ast.Blockquote:
			p.quoted(node)
		case *ast.Heading:
			node.Level = min(node.Level+2, 6)
		}
		return ast.WalkContinue, nil
	})
}

func within(n ast.Node, kind ast.NodeKind) bool {
	for up := n.Parent(); up != nil; up = up.Parent() {
		if up.Kind() == kind {
			return true
		}
	}
	return false
}

func (p *pass) leads(address string) {
	if to, outside := destination(address); outside && !slices.Contains(p.links, to) && len(p.links) < 200 {
		p.links = append(p.links, to)
	}
}

func (p *pass) quoted(b *ast.Blockquote) {
	para, ok := b.FirstChild().(*ast.Paragraph)
	if !ok {
		return
	}
	link, ok := para.FirstChild().(*ast.Link)
	if !ok || !bytes.HasPrefix(link.Destination, []byte("#")) {
		return
	}
	number, err := strconv.Atoi(string(link.Destination[1:]))
	who, named := link.FirstChild().(*mention)
	if err == nil && named && number > 0 {
		p.quotes = append(p.quotes, Quoted{who.handle, number})
	}
}

// resolved is what was written with escapes and entities as it is meant. It
// comes before every check, so that none is passed by in disguise.
func resolved(written []byte) string {
	if !bytes.ContainsAny(written, `\&`) {
		return string(written)
	}
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	drawn.DefaultWriter.Write(w, written)
	w.Flush()
	return html.UnescapeString(b.String())
}

// destination reads where a link leads; outside is another site. What leads
// nowhere we would send a reader is "".
func destination(address string) (to string, outside bool) {
	address = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, strings.TrimSpace(address))
	u, err := url.Parse(address)
	switch {
	case err != nil || address == "":
		return "", false
	case u.Scheme == "http" || u.Scheme == "https":
		return address, u.Host != ""
	case u.Scheme == "mailto":
		return address, false
	case u.Scheme != "" || strings.Contains(address, `\`):
		return "", false
	case u.Host != "":
		return "https:" + address, true
	}
	return address, false
}

// words are the words of a document, a line for each block.
func words(doc ast.Node, src []byte) string {
	var b strings.Builder
	_ = ast.Walk(doc, func(node ast.Node, enter bool) (ast.WalkStatus, error) {
		if !enter {
			if node.Type() == ast.TypeBlock && b.Len() > 0 && !strings.HasSuffix(b.String()[b.Len()-1:], "\n") {
				b.WriteByte('\n')
			}
			if node.Kind() == east.KindTableCell {
				b.WriteByte(' ')
			}
			return ast.WalkContinue, nil
		}
		switch node := node.(type) {
		case *ast.Text:
			b.WriteString(resolved(node.Segment.Value(src)))
			if node.SoftLineBreak() || node.HardLineBreak() {
				b.WriteByte('\n')
			}
		case *ast.String:
			b.Write(node.Value)
		case *mention:
			b.WriteString("@" + node.handle)
		case *sign:
			b.WriteString(node.is)
		case *ast.AutoLink:
			b.Write(node.Label(src))
		case *ast.RawHTML:
			b.Write(node.Segments.Value(src))
		case *ast.CodeBlock, *ast.FencedCodeBlock, *ast.HTMLBlock:
			b.Write(lines(node, src))
		}
		return ast.WalkContinue, nil
	})
	return strings.TrimSpace(b.String())
}

func lines(n ast.Node, src []byte) []byte { return n.Lines().Value(src) }

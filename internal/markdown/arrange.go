package markdown

import (
	"bufio"
	"bytes"
	stdhtml "html"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer/html"
)

// pass is one text on its way.
type pass struct {
	src      []byte
	o        Options
	mentions []string
	links    []string
	mails    bool
	pictures []string
	quotes   []Quoted
	shown    map[string]Picture // by address; without Src it is not
	handles  int
	crowded  bool // it names more than mentions holds
	refersTo int  // bytes of addresses
	quoting  int  // quoted replies that are open
	marks    int  // emphasis that is open
	outline  outline
}

// arrange looks at what was read and notes in it what is to be drawn: who is
// named, what is quoted, where links lead.
func (p *pass) arrange(doc ast.Node) {
	_ = ast.Walk(doc, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Emphasis:
			p.emphasis(n, enter)
		case *ast.Blockquote:
			p.quote(n, enter)
		default:
			if enter {
				p.note(n)
			}
		}
		return ast.WalkContinue, nil
	})
}

func (p *pass) note(n ast.Node) {
	switch n := n.(type) {
	case *mention:
		p.name(n)
	case *ast.Link:
		n.Destination, n.Title = p.referred(n.Reference, n.Destination, n.Title)
		p.leads(string(n.Destination))
	case *ast.AutoLink:
		p.leads(address(n, p.src))
	case *ast.Image:
		n.Destination, n.Title = p.referred(n.Reference, n.Destination, n.Title)
		p.picture(n)
	case *ast.Heading:
		n.Level = min(theirs+p.outline.depth(n.Level), deepest)
	}
}

// emphasis that lies too deep is not drawn: its level is 0.
func (p *pass) emphasis(n *ast.Emphasis, enter bool) {
	if !enter {
		p.marks--
		return
	}
	if p.marks++; p.marks > deepestMark {
		n.Level = 0
	}
}

func (p *pass) name(m *mention) {
	if p.quoting > 0 || within(m, ast.KindLink) || within(m, ast.KindImage) {
		return
	}
	handle := strings.ToLower(m.handle)
	if p.handles++; p.handles <= mostMentions {
		m.href = p.o.People[handle]
	}
	switch {
	case slices.Contains(p.mentions, handle):
	case len(p.mentions) < mostMentions:
		p.mentions = append(p.mentions, handle)
	default:
		p.crowded = true
	}
}

func within(n ast.Node, kind ast.NodeKind) bool {
	for up := n.Parent(); up != nil; up = up.Parent() {
		if up.Kind() == kind {
			return true
		}
	}
	return false
}

// referred reads what a link says of where it leads. Entities and escapes are
// read before anything is judged. An address that is written once can be used
// in thousands of places: beyond a bound they are left without.
func (p *pass) referred(r *ast.ReferenceLink, address, title []byte) (to, called []byte) {
	if r != nil {
		if p.refersTo += len(address) + len(title); p.refersTo > mostRefersTo {
			return nil, nil
		}
	}
	return resolved(address), resolved(title)
}

// resolved is what was written with escapes and entities as it is meant.
func resolved(written []byte) []byte {
	if !bytes.ContainsAny(written, `\&`) {
		return written
	}
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	html.DefaultWriter.Write(w, written)
	w.Flush()
	return []byte(stdhtml.UnescapeString(b.String()))
}

const mailing = "mailto:"

func (p *pass) leads(address string) {
	to, outside := destination(address)
	p.mails = p.mails || len(to) >= len(mailing) && strings.EqualFold(to[:len(mailing)], mailing)
	if outside && len(p.links) < mostOutside && !slices.Contains(p.links, to) {
		p.links = append(p.links, to)
	}
}

var pictureKey = []byte("picture")

// picture asks whether one may be shown, and notes the answer with it.
func (p *pass) picture(i *ast.Image) {
	at := string(i.Destination)
	shown, asked := p.shown[at]
	if !asked && p.o.Picture != nil && len(p.shown) < mostPictures {
		if found, ok := p.o.Picture(at); ok && found.Src != "" {
			shown, p.pictures = found, append(p.pictures, at)
		}
		p.shown[at] = shown
	}
	if shown.Src == "" {
		p.leads(at)
		return
	}
	i.SetAttribute(pictureKey, shown)
}

var replyKey = []byte("reply")

// quote notes with a block that it quotes a reply.
func (p *pass) quote(b *ast.Blockquote, enter bool) {
	if !enter {
		if _, is := b.Attribute(replyKey); is {
			p.quoting--
		}
		return
	}
	q, ok := quoted(b)
	if !ok {
		return
	}
	p.quoting++
	b.SetAttribute(replyKey, q.Number)
	b.FirstChild().SetAttribute([]byte("class"), []byte("quote-by"))
	if !slices.Contains(p.quotes, q) && len(p.quotes) < mostMentions {
		p.quotes = append(p.quotes, q)
	}
}

// quoted reads the line by which a quote names a reply: [@handle](#12):
func quoted(b *ast.Blockquote) (Quoted, bool) {
	para, ok := b.FirstChild().(*ast.Paragraph)
	if !ok {
		return Quoted{}, false
	}
	link, ok := para.FirstChild().(*ast.Link)
	if !ok || len(link.Destination) < 2 || link.Destination[0] != '#' {
		return Quoted{}, false
	}
	number, err := strconv.ParseUint(string(link.Destination[1:]), 10, 31)
	who, named := link.FirstChild().(*mention)
	if err != nil || !named || number == 0 || who.NextSibling() != nil {
		return Quoted{}, false
	}
	return Quoted{who.handle, int(number)}, true
}

// address is where a link leads that was found by itself.
func address(l *ast.AutoLink, src []byte) string {
	to := string(l.URL(src))
	if l.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(to), "mailto:") {
		to = "mailto:" + to
	}
	return to
}

// skipped is what browsers do not see in an address.
var skipped = strings.NewReplacer("\t", "", "\n", "", "\r", "")

// destination reads where a link leads as a browser does; outside is another
// site. What leads nowhere we would send a reader is "".
func destination(address string) (to string, outside bool) {
	address = strings.TrimSpace(calm(skipped.Replace(address)))
	if strings.HasPrefix(address, "//") { // browsers skip any number of them
		address = "https://" + strings.TrimLeft(address, "/")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || address == "":
		return "", false
	case u.Scheme == "http" || u.Scheme == "https":
		return kept(address, u.Host != "")
	case u.Scheme == "mailto":
		return address, false
	case u.Scheme != "" || strings.Contains(address, `\`): // which browsers read as "/"
		return "", false
	}
	return address, false
}

func kept(address string, whole bool) (string, bool) {
	if !whole { // "https:evil.example" leads away as well
		return "", false
	}
	return address, true
}

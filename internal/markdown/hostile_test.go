package markdown_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"rapport/internal/markdown"
)

// may are the elements of our HTML and what they may carry.
var may = map[string][]string{
	"p": nil, "br": nil, "hr": nil, "h3": nil, "h4": nil, "h5": nil, "h6": nil, "em": nil, "strong": nil, "del": nil, "pre": nil, "blockquote": nil, "ul": nil, "li": nil,
	"table": nil, "thead": nil, "tbody": nil, "tr": nil, "td": {"align"}, "th": {"align"}, "ol": {"start"}, "code": {"class"}, "a": {"href", "title", "rel", "class"},
	"img": {"src", "alt", "width", "height", "loading", "decoding"}, "input": {"type", "disabled", "checked"},
}

var known = markdown.Options{
	People: map[string]string{"ada": "../../u/ada"},
	Picture: func(address string) (markdown.Picture, bool) {
		return markdown.Picture{Src: "../../p/abc", Width: 4, Height: 3}, address == "/p/abc"
	},
}

// harm says what a browser would find in HTML that may not be there.
func harm(src string) (found []string) {
	nodes, err := html.ParseFragment(strings.NewReader(src), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return []string{err.Error()}
	}
	for _, n := range nodes {
		each(n, func(n *html.Node) {
			switch n.Type {
			case html.TextNode:
			case html.ElementNode:
				found = append(found, harmIn(n)...)
			default:
				found = append(found, "no element: "+n.Data)
			}
		})
	}
	return found
}

func harmIn(n *html.Node) (found []string) {
	attrs, allowed := may[n.Data]
	if !allowed {
		return []string{"<" + n.Data + ">"}
	}
	for _, a := range n.Attr {
		if !slices.Contains(attrs, a.Key) {
			found = append(found, n.Data+" "+a.Key)
		}
		if (a.Key == "href" || a.Key == "src") && leadsAstray(a.Val) {
			found = append(found, a.Key+"="+a.Val)
		}
	}
	return found
}

// leadsAstray reads an address as browsers do, who drop blanks and take a
// backslash for a slash.
func leadsAstray(address string) bool {
	address = strings.Map(func(r rune) rune {
		if r <= 0x20 {
			return -1
		}
		return r
	}, address)
	u, err := url.Parse(address)
	return err != nil || !slices.Contains([]string{"", "http", "https", "mailto"}, strings.ToLower(u.Scheme)) || strings.Contains(address, `\`)
}

// vectors are ways to smuggle a script in that others have seen.
var vectors = []string{
	`<script>alert(1)</script>`, `<SCRIPT SRC=https://evil.example/x.js></SCRIPT>`, `<<SCRIPT>alert(1)//<</SCRIPT>`, `<img src=x onerror=alert(1)>`,
	`<IMG """><SCRIPT>alert("XSS")</SCRIPT>">`, `<IMG SRC=javascript:alert(1)>`, `<IMG SRC=JaVaScRiPt:alert('x')>`, "<IMG SRC=`javascript:alert(1)`>",
	`<IMG SRC=&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)>`, "<IMG SRC=\"jav\tascript:alert(1);\">", `<IMG SRC="jav&#x0A;ascript:alert(1);">`,
	`<IMG SRC=" &#14;  javascript:alert(1);">`, `<SCRIPT/XSS SRC="https://evil.example/x.js"></SCRIPT>`, "<BODY onload!#$%&()*~+-_.,:;?@[/|\\]^`=alert(1)>", `<SCRIPT SRC=//evil.example/.j>`,
	`<iframe src=https://evil.example/x.html <`, `</TITLE><SCRIPT>alert(1);</SCRIPT>`, `<INPUT TYPE="IMAGE" SRC="javascript:alert(1);">`, `<BODY BACKGROUND="javascript:alert(1)">`,
	`<svg/onload=alert(1)>`, `<svg><animate onbegin=alert(1) attributeName=x dur=1s>`, `<math><a xlink:href="javascript:alert(1)">x`, `<LINK REL="stylesheet" HREF="javascript:alert(1);">`,
	`<STYLE>@import'https://evil.example/x.css';</STYLE>`, `<META HTTP-EQUIV="refresh" CONTENT="0;url=javascript:alert(1);">`, `<TABLE BACKGROUND="javascript:alert(1)">`,
	`<DIV STYLE="background-image: url(javascript:alert(1))">`, `<DIV STYLE="width: expression(alert(1));">`, `<BASE HREF="javascript:alert(1);//">`, `<OBJECT TYPE="text/x-scriptlet" DATA="x"></OBJECT>`,
	`<EMBED SRC="data:image/svg+xml;base64,PHN2Zz4=" type="image/svg+xml">`, `<!--[if gte IE 4]><SCRIPT>alert(1);</SCRIPT><![endif]-->`, `<? echo('x') ?>`, `<a href="x" onclick=alert(1)>x</a>`,
	`<details open ontoggle=alert(1)>`, `<form><button formaction=javascript:alert(1)>x`, `<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<template><img src=x onerror=alert(1)></template>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`, `<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">`,
	`[a](javascript:alert(1))`, `[a](JaVaScRiPt:alert(1))`, `[a](java&Tab;script:alert(1))`, `[a](javascript&colon;alert(1))`, `[a](&#106;avascript:alert(1))`, `[a](javascript\:alert(1))`,
	`[a](<javascript:alert(1)>)`, `[a](<java script:alert(1)>)`, "[a](<\x01javascript:alert(1)>)", `[a](vbscript:msgbox(1))`, `[a](data:text/html;base64,PHNjcmlwdD4=)`, `[a](data:image/svg+xml,<svg>)`,
	`[a](\\evil.example)`, `[a](//evil.example)`, `[a](///evil.example)`, `[a](/\evil.example)`, `[a](javascript://%0aalert(1))`, `[a](feed:javascript:alert(1))`, `[a](view-source:javascript:alert(1))`,
	`[a](http://x "onmouseover=alert(1) \"")`, `[a](http://x"onmouseover="alert(1))`, `[a](http://x%22onmouseover=%22alert(1))`, `[a](x 'a" onmouseover="alert(1)')`, `![a" onerror="alert(1)](/p/abc)`,
	`![a](javascript:alert(1))`, `![x](/p/abc" onerror="alert(1))`, `![](data:image/png;base64,AAAA)`, `<javascript:alert(1)>`, `<vbscript:x>`, `<data:text/html,x>`, `[a]: javascript:alert(1)` + "\n\n[a]",
	`[a]: <javascript:alert(1)> "x"` + "\n\n[a][]", "```\"><script>alert(1)</script>\nx\n```", "``` x onmouseover=alert(1)\nx\n```", "`<script>alert(1)</script>`", "    <script>alert(1)</script>",
	`@ada" onmouseover="alert(1)`, `@<script>alert(1)</script>`, `:smile:<script>`, `| a | b |` + "\n|:-:|--|\n" + `| <img src=x onerror=alert(1)> | [x](javascript:alert(1)) |`, `- [x] <script>alert(1)</script>`,
	`https://x.example/"onmouseover="alert(1)`, `http://x.example/<script>alert(1)</script>`, `www.x.example/'onclick='alert(1)`, `x@y.example"onclick="alert(1)`, `~~<script>~~`, "a\x00<script\x00>alert(1)</script>",
	`<a href="javas&#99;ript:alert(1)">`, `&lt;script&gt;alert(1)&lt;/script&gt;`, `&#60;script&#62;alert(1)&#60;/script&#62;`, "\u202e<script>\u2066", `[![a](javascript:x)](javascript:y)`,
	"<p\n\n><script>alert(1)", "> <script>\n> alert(1)\n", "1. <script>\n\n   alert(1)", `[a](https://user:pw@evil.example\@good.example)`, `[<script>](/x)`, `**<b onclick=alert(1)>**`, "<xmp>\n<p title=\"</xmp><svg/onload=alert(1)>\">",
}

func TestNothingThatDoesHarmIsDrawn(t *testing.T) {
	for _, v := range vectors {
		for _, around := range []string{"%", "> %", "- %", "# %", "**%**", "[%](/x)", "![%](/p/abc)", "| % |\n|---|\n| % |", "`%", "<!-- % "} {
			src := strings.ReplaceAll(around, "%", v)
			if found := harm(markdown.Render(src, known).HTML); found != nil {
				t.Errorf("%q: %q in %q", src, found, markdown.Render(src, known).HTML)
			}
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, v := range vectors {
		f.Add(v)
	}
	f.Add("# A\n\n> [@ada](#3):\n>\n> x\n\n- [ ] b\n\n|a|b|\n|-|-|\n|1|2|\n\n```go\nx\n```\n![p](/p/abc) :smile: @ada ~~no~~ https://a.example")
	f.Fuzz(func(t *testing.T, src string) {
		res := markdown.Render(src, known)
		if found := harm(res.HTML); found != nil {
			t.Errorf("%q: %q in %q", src, found, res.HTML)
		}
		for _, l := range res.Links {
			if !strings.HasPrefix(strings.ToLower(l), "http") {
				t.Errorf("%q leads to %q", src, l)
			}
		}
		markdown.Mentioned(src)
		markdown.Quote("ada", 1, src)
	})
}

package markdown_test

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"rapport/internal/markdown"
)

// mayStand is what may be in a page, written down a second time: the policy is
// not asked about itself.
var mayStand = map[string]string{
	"p": "class", "br": "", "hr": "", "h3": "", "h4": "", "h5": "", "h6": "", "em": "", "strong": "", "del": "",
	"code": "class", "pre": "", "blockquote": "class data-reply", "ul": "", "ol": "start", "li": "", "label": "",
	"table": "", "thead": "", "tbody": "", "tr": "", "td": "align", "th": "align",
	"a": "href rel title class", "img": "src alt title width height loading decoding", "input": "type disabled checked",
}

var values = map[string]*regexp.Regexp{
	"class":      regexp.MustCompile(`^(mention|quote|quote-by|language-[A-Za-z0-9+#-]{1,20})$`),
	"data-reply": regexp.MustCompile(`^[1-9][0-9]{0,9}$`),
	"rel":        regexp.MustCompile(`^ugc nofollow noopener$`),
	"type":       regexp.MustCompile(`^checkbox$`),
	"align":      regexp.MustCompile(`^(left|center|right)$`),
	"start":      regexp.MustCompile(`^[0-9]{1,9}$`),
	"width":      regexp.MustCompile(`^[0-9]{1,5}$`),
	"height":     regexp.MustCompile(`^[0-9]{1,5}$`),
}

// wrong returns what must not be in a page.
func wrong(r markdown.Result) string {
	if strings.ContainsFunc(r.HTML+r.Plain, func(c rune) bool {
		return c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069 || c < ' ' && c != '\n' && c != '\t' && c != '\r'
	}) {
		return "a character that cannot be shown or turns the direction"
	}
	var open []string
	for z := html.NewTokenizer(strings.NewReader(r.HTML)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return strings.Join(open, " ")
		case html.TextToken:
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			if bad := wrongTag(tok, r.Links); bad != "" {
				return bad
			}
			if !slices.Contains([]string{"br", "hr", "img", "input"}, tok.Data) {
				open = append(open, tok.Data)
			}
		case html.EndTagToken:
			if tok := z.Token(); len(open) == 0 || open[len(open)-1] != tok.Data {
				return fmt.Sprintf("</%s> closes %v", tok.Data, open)
			}
			open = open[:len(open)-1]
		default:
			return "a comment or a declaration"
		}
		if len(open) > 100 {
			return "nested too deep"
		}
	}
}

func wrongTag(tok html.Token, links []string) string {
	attrs, known := mayStand[tok.Data]
	if !known {
		return "element " + tok.Data
	}
	for _, a := range tok.Attr {
		if !slices.Contains(strings.Fields(attrs), a.Key) || values[a.Key] != nil && !values[a.Key].MatchString(a.Val) {
			return fmt.Sprintf("%s %s=%q", tok.Data, a.Key, a.Val)
		}
		if a.Key == "src" && a.Val != shownAs {
			return "a picture from elsewhere: " + a.Val
		}
	}
	if tok.Data == "a" {
		return wrongLink(tok, links)
	}
	return ""
}

// wrongLink reads an address as a browser on the page does.
func wrongLink(tok html.Token, links []string) string {
	href, rel := "", ""
	for _, a := range tok.Attr {
		switch a.Key {
		case "href":
			href = a.Val
		case "rel":
			rel = a.Val
		}
	}
	here, _ := url.Parse("https://brand.example/c/topic")
	to, err := here.Parse(href)
	switch {
	case err != nil || strings.ContainsAny(href, "\t\n\r\\ ") || strings.HasPrefix(href, "//"):
		return fmt.Sprintf("address %q: %v", href, err)
	case to.Scheme == "mailto":
		return ""
	case to.Scheme != "http" && to.Scheme != "https":
		return "scheme " + to.Scheme
	case to.Host != here.Host && rel == "":
		return "a link to another site without rel: " + href
	case to.Host != here.Host && len(links) == 0:
		return "a link to another site that is not told of: " + href
	}
	return ""
}

const (
	ours    = "/p/1"
	shownAs = "/media/1"
)

func options() markdown.Options {
	return markdown.Options{
		People: map[string]string{"ada": "/u/ada", "bob.b": "/u/bob.b"},
		Picture: func(at string) (markdown.Picture, bool) {
			return markdown.Picture{Src: shownAs, Width: 3, Height: 4}, at == ours
		},
	}
}

// testdata/hostile.txt has a text a line, as in a Go string.
func hostile(t testing.TB) (all []string) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "hostile.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unescape := strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\r`, "\r", `\0`, "\x00", `\\`, `\`)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if line := lines.Text(); line != "" && !strings.HasPrefix(line, "# ") {
			all = append(all, unescape.Replace(line))
		}
	}
	return all
}

// Whatever is written, by itself and in the places where Markdown puts it.
func TestHostile(t *testing.T) {
	around := []string{"%s", "[x](%s)", "[x](<%s>)", "![x](%s)", "<%s>", "[%s](https://a.example)", "![%s](/p/1)", "[x](/y \"%s\")", "[x]\n\n[x]: %s", "[x]: /y '%s'\n\n[x]",
		"```%s\ncode\n```", "> %s", "- [ ] %s", "|a|\n|-|\n|%s|", "# %s", "`%s`", "**%s**", "@ada%s", "https://a.example/%s", "> [@%s](#1):\n>\n> a", "> [@ada](#%s):\n>\n> a"}
	n := 0
	for _, vector := range hostile(t) {
		for _, place := range around {
			source := fmt.Sprintf(place, vector)
			r := markdown.Render(source, options())
			if bad := wrong(r); bad != "" {
				t.Errorf("%s\nof %q\n%s", bad, source, r.HTML)
			}
			n++
		}
	}
	if n < 2_000 {
		t.Errorf("only %d texts", n)
	}
}

func FuzzRender(f *testing.F) {
	for _, vector := range hostile(f) {
		f.Add(vector)
	}
	f.Add("# a\n\n> [@ada](#12):\n>\n> b\n\n- [x] c :tada:\n\n|d|e|\n|:-|-:|\n|~~f~~|![g](/p/1)|\n\n[h]\n\n[h]: //i 'j'\n")
	f.Fuzz(func(t *testing.T, source string) {
		r := markdown.Render(source, options())
		if bad := wrong(r); bad != "" {
			t.Errorf("%s\n%s", bad, r.HTML)
		}
		if most := 60*len(source) + 200; len(r.HTML) > most {
			t.Errorf("%d bytes of HTML from %d", len(r.HTML), len(source))
		}
		for _, to := range r.Links {
			if !strings.HasPrefix(strings.ToLower(to), "http") {
				t.Errorf("it leads to %q", to)
			}
		}
		if bad := wrong(markdown.Render(markdown.Quote("ada", 1, source), options())); bad != "" {
			t.Errorf("quoted: %s", bad)
		}
		if got := len(markdown.Mentioned(source)); got > 50 || got != len(r.Mentions) {
			t.Errorf("%d are mentioned, %d were told of", got, len(r.Mentions))
		}
	})
}

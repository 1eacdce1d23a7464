package markdown_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"rapport/internal/markdown"
)

// deviations are the examples of CommonMark's specification that come out
// otherwise, by the reason. What deviates in a way that can be undone (headings,
// rel, pictures as links) undo does.
var deviations = map[string]string{
	"HTML is shown as the text it is":                        "21 31 148-191 201 308 309 344 475-477 491 494 524 536 613-617 623 625-631 642 643",
	"a link that leads nowhere is text":                      "200 485-487 567",
	"other schemes than http, https and mailto are text":     "596 598 599 601",
	"a scheme is written in small letters":                   "597",
	"a backslash in an address could lead to another site":   "202 502",
	"an address that browsers and we may read differently":   "346 500",
	"links are found by themselves":                          "608 611 612",
	"the name of a language has letters, digits, +, # and -": "34 144",
}

// The specification's examples lie in goldmark's module.
func TestCommonMark(t *testing.T) {
	listed := map[int]string{}
	for reason, numbers := range deviations {
		for n := range eachNumber(t, numbers) {
			listed[n] = reason
		}
	}
	for _, e := range examples(t) {
		want, got := undo(e.HTML), canonical(markdown.Render(e.Markdown, markdown.Options{}).HTML)
		reason, isListed := listed[e.Example]
		switch {
		case want != got && !isListed:
			t.Errorf("example %d (%s)\n%s\nwant %s\ngot  %s", e.Example, e.Section, e.Markdown, want, got)
		case want == got && isListed:
			t.Errorf("example %d deviates no more: %s", e.Example, reason)
		}
	}
}

type example struct {
	Markdown, HTML, Section string
	Example                 int
}

func examples(t *testing.T) (all []example) {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/yuin/goldmark").Output()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "_test", "spec.json"))
	if err == nil {
		err = json.Unmarshal(spec, &all)
	}
	if err != nil || len(all) < 600 {
		t.Fatalf("%d examples: %v", len(all), err)
	}
	return all
}

// eachNumber reads "1 3-5".
func eachNumber(t *testing.T, list string) map[int]bool {
	t.Helper()
	out := map[int]bool{}
	for word := range strings.FieldsSeq(list) {
		var from, to int
		if n, _ := fmt.Sscanf(word, "%d-%d", &from, &to); n == 1 {
			to = from
		} else if n == 0 {
			t.Fatalf("no number: %q", word)
		}
		for ; from <= to; from++ {
			out[from] = true
		}
	}
	return out
}

// undo turns what the specification wants into what we make of the same.
func undo(page string) string { return rewritten(page, true) }

func canonical(page string) string { return rewritten(page, false) }

// broken is the end of a line, whose blanks nobody sees.
var broken = regexp.MustCompile(` +<br>`)

// rewritten writes HTML in one way: attributes sorted and without rel, blanks
// between blocks gone, entities read.
func rewritten(page string, wanted bool) string {
	var b strings.Builder
	code, links := false, 0
	var above []byte // the levels of the headings below which one reads
	for z := html.NewTokenizer(strings.NewReader(page)); z.Next() != html.ErrorToken; {
		tok := z.Token()
		switch tok.Type {
		case html.TextToken:
			if text := tok.Data; code || strings.TrimSpace(text) != "" || !strings.Contains(text, "\n") {
				b.WriteString(html.EscapeString(text))
			}
			continue
		case html.CommentToken, html.DoctypeToken:
			b.WriteString("<!>")
			continue
		case html.EndTagToken:
			code = code && tok.Data != "pre"
			if tok.Data == "a" {
				links--
			}
		default:
			if level, is := heading(tok.Data); is && tok.Type == html.StartTagToken {
				above = append(slices.DeleteFunc(above, func(l byte) bool { return l >= level }), level)
			}
			code = code || tok.Data == "pre"
			if tok.Data == "a" {
				links++
			}
		}
		if wanted && tok.Data == "img" {
			b.WriteString(asLink(tok, links > 0))
			continue
		}
		if _, is := heading(tok.Data); is && wanted { // begin at the third level, and skip none
			tok.Data = "h" + strconv.Itoa(min(2+len(above), 6))
		}
		b.WriteString(tag(tok))
	}
	return broken.ReplaceAllString(strings.ReplaceAll(strings.TrimSpace(b.String()), "\n<", "<"), "<br>")
}

// heading is the level of h1 to h6.
func heading(name string) (level byte, is bool) {
	return name[len(name)-1], len(name) == 2 && name[0] == 'h' && '1' <= name[1] && name[1] <= '6'
}

func tag(tok html.Token) string {
	name := tok.Data
	if tok.Type == html.EndTagToken {
		return "</" + name + ">"
	}
	var attrs []string
	for _, a := range tok.Attr {
		if a.Key != "rel" {
			attrs = append(attrs, fmt.Sprintf(" %s=%q", a.Key, a.Val))
		}
	}
	slices.Sort(attrs)
	return "<" + name + strings.Join(attrs, "") + ">"
}

// asLink is a picture that is not ours.
func asLink(tok html.Token, inLink bool) string {
	at := map[string]string{}
	for _, a := range tok.Attr {
		at[a.Key] = a.Val
	}
	words := html.EscapeString(at["alt"])
	if words == "" {
		words = html.EscapeString(at["src"])
	}
	if inLink {
		return words
	}
	title := ""
	if at["title"] != "" {
		title = fmt.Sprintf(" title=%q", at["title"])
	}
	return fmt.Sprintf("<a href=%q%s>%s</a>", at["src"], title, words)
}

package markdown_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"rapport/internal/markdown"
)

// example is one of CommonMark's own, as the Markdown library carries them.
type example struct {
	Markdown string `json:"markdown"`
	HTML     string `json:"html"`
	Example  int    `json:"example"`
	Section  string `json:"section"`
}

func examples(t *testing.T) []example {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/yuin/goldmark").Output()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "_test", "spec.json"))
	var all []example
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil || len(all) < 600 {
		t.Fatalf("%d examples, %v", len(all), err)
	}
	return all
}

// deviate are the examples that we draw otherwise on purpose, by the reason.
var deviate = map[string][]int{
	"HTML is shown as the text it is": {21, 31, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 162, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172,
		173, 174, 175, 176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 308, 309, 344, 475, 476, 477, 524, 536,
		613, 614, 615, 616, 617, 623, 625, 626, 627, 628, 629, 630, 631, 642, 643},
	"the example's own HTML holds a tag that CommonMark did not mean, and a browser reads it as one": {201, 491, 494},
	"pictures that are not the community's own are links":                                            {517, 520, 531, 572, 573, 574, 575, 576, 577, 578, 579, 580, 581, 582, 583, 584, 585, 586, 587, 588, 589, 591},
	"links lead by http, https and mailto alone":                                                     {346, 500, 596, 598, 599, 601},
	"a link that leads nowhere is text":                                                              {200, 485, 486, 487, 567},
	"browsers take a backslash in an address for a slash":                                            {202, 502},
	"the name of a scheme is written in lower case":                                                  {597},
	"addresses are found without brackets":                                                           {608, 611, 612},
	"blanks before a break stay, and no browser shows them":                                          {226, 635},
	"names of languages are ASCII letters and digits":                                                {34, 144},
}

// Everything is drawn as CommonMark says, but for what is listed.
func TestCommonMarkExamples(t *testing.T) {
	listed := map[int]string{}
	for why, all := range deviate {
		for _, n := range all {
			listed[n] = why
		}
	}
	for _, e := range examples(t) {
		got, want := same(t, markdown.Render(e.Markdown, markdown.Options{}).HTML, ours), same(t, e.HTML, theirs)
		switch why := listed[e.Example]; {
		case got != want && why == "":
			t.Errorf("%d (%s): %q\n got %q\nwant %q", e.Example, e.Section, e.Markdown, got, want)
		case got == want && why != "":
			t.Errorf("%d is as CommonMark has it: take it off the list %q", e.Example, why)
		}
	}
}

// same writes HTML as a browser understands it, so that the spelling of
// entities, empty elements and blanks at the end do not matter.
func same(t *testing.T, src string, change func(*html.Node)) string {
	t.Helper()
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(src), body)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, n := range nodes {
		each(n, change)
		if err := html.Render(&b, n); err != nil {
			t.Fatal(err)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

func each(n *html.Node, do func(*html.Node)) {
	do(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		each(c, do)
	}
}

// ours loses what every link of ours has.
func ours(n *html.Node) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "rel" })
}

// theirs gets our levels of headings: the page owns the first two.
func theirs(n *html.Node) {
	if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
		n.Data = "h" + string(min(n.Data[1]+2, '6'))
	}
}

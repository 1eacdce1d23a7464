package markdown_test

import (
	"strings"
	"testing"

	"rapport/internal/markdown"
)

// pieces are what costs much where it is repeated.
var pieces = []string{">", "> ", "- ", "* - + ", "> - ", "1. ", "1) 1. ", "- a\n  ", "- [ ] ", "- [x] a\n", "[", "]", "[]", "[x]", "[[a]", "[a](", "[a](<", "[a](b \"", "[a][", "![", "![a](b", "a](", "*[a](b)", "[a]: x\n",
	"*", "_", "*a ", "**a", "a*", "_a_", "*_", "**_", "_*a", "*a_ ", "a**b_", "a***b", "**x** ", "~~", "~~a ", "`", "`` ` ", "a`", "|", "|a", "|\n", "|-|\n", "<", "<a ", "<a b='", "<!--", "<?", "<![CDATA[", "<b>",
	"&", "&#", "&copy;", "\"", "\\", "\\\n", "\t", "(", "(((a", "a\n=\n", "# ", "~~~\n", "http://", "http://a.b/ ", "www.a", "www.a.bc ", "a@", "a@b.c ", "@ab ", "@ab@ab", ":a", ":tada: ", "> [@a](#1):\n>\n", "> a\n", "é", "\u202e"}

// texts of one size that were built of a piece.
func texts(piece string, size int) map[string]string {
	some := func(s string, size int) string { return strings.Repeat(s, size/len([]rune(s))) }
	return map[string]string{
		"alone":             some(piece, size),
		"on lines":          some(piece+"\n", size),
		"closed":            some(piece, size/2) + some("]", size/2),
		"linked":            some(piece, size/2) + some("a](b) ", size/2),
		"far reference":     "[a]: /" + some("x", size/2) + "\n\n" + some(piece, size/2),
		"below wide header": "|" + some("a|", 100) + "\n|" + some("-|", 100) + "\n" + some(piece, size-204),
	}
}

func TestNothingBecomesTooMuch(t *testing.T) {
	for _, piece := range pieces {
		for name, text := range texts(piece, markdown.Most) {
			r := markdown.Render(text, options())
			if bad := wrong(r); bad != "" {
				t.Errorf("%q %s: %s", piece, name, bad)
			}
			if len(r.HTML) > 1<<20 || len(r.Plain) > 4*markdown.Most {
				t.Errorf("%q %s: %d bytes of HTML, %d of text", piece, name, len(r.HTML), len(r.Plain))
			}
		}
	}
}

// Twice the text may ask for twice the memory and something: that is counted,
// not time.
func TestTwiceTheTextIsTwiceTheWork(t *testing.T) {
	const size = 2_000
	for _, piece := range pieces {
		large := texts(piece, 2*size)
		for name, half := range texts(piece, size) {
			one := testing.AllocsPerRun(1, func() { markdown.Render(half, options()) })
			two := testing.AllocsPerRun(1, func() { markdown.Render(large[name], options()) })
			if two > 3*one+500 {
				t.Errorf("%q %s: %.0f allocations, %.0f for half of it", piece, name, two, one)
			}
		}
	}
}

func TestTenMegabytesAreCut(t *testing.T) {
	for _, piece := range []string{"a ", "é", "\xff", "\x00", "\u202e", "[", "\n"} {
		r := markdown.Render(strings.Repeat(piece, 10<<20/len(piece)), options())
		if bad := wrong(r); bad != "" || len(r.HTML) > 1<<20 {
			t.Errorf("%q: %d bytes, %s", piece, len(r.HTML), bad)
		}
	}
}

func TestDeepIsText(t *testing.T) {
	for source, most := range map[string]struct {
		tag string
		n   int
	}{
		strings.Repeat("> ", 200) + "a":                                {"<blockquote", 24},
		strings.Repeat("- ", 200) + "a":                                {"<ul", 12},
		strings.Repeat("*a **b ", 200) + strings.Repeat("b** a*", 200): {"<em>", 16},
	} {
		if r := markdown.Render(source, options()); strings.Count(r.HTML, most.tag) > most.n || !strings.Contains(r.HTML, most.tag) || !strings.Contains(r.Plain, "a") {
			t.Errorf("%.10q: %d of %s", source, strings.Count(r.HTML, most.tag), most.tag)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	const reply = "Thanks, @ada! I tried this **yesterday** and it works, with one exception:\n\n> [@bob.b](#7):\n>\n> Set the limit *before* you begin.\n\n" +
		"1. Open the settings, see [the guide](/guide#limits).\n2. Choose `limit`, then save.\n3. Look at https://status.example/today if nothing happens.\n\n" +
		"```yaml\nlimit: 20\nburst: 5\n```\n\n| plan | a minute |\n|------|---------:|\n| free | 20 |\n| team | 200 |\n\n![my screen](/p/1)\n\nMy second try was faster, so I keep it at twenty for now and will tell you next week how it went :tada:. Has anybody seen the same on a phone?\n"
	b.ReportAllocs()
	for b.Loop() {
		markdown.Render(reply, options())
	}
}

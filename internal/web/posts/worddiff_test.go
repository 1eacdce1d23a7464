package posts

import (
	"strings"
	"testing"
)

func TestWordDiff(t *testing.T) {
	for _, c := range []struct{ was, is, want string }{
		{"Our coffee is good.", "Our coffee is very good.", "Our coffee is [+very ]good."},
		{"Our coffe is good.", "Our coffee is good.", "Our [-coffe][+coffee] is good."},
		{"the best coffee we have ever had. End", "the brightest coffee on our shelf. End", "the [-best][+brightest] coffee [-we have ever had][+on our shelf]. End"},
		{"", "New", "[+New]"},
		{"Gone", "", "[-Gone]"},
		{"The same", "The same", "The same"},
		{"今日は雨です", "今日は晴れです", "今日は[-雨][+晴れ]です"},
		{"a\nb", "a\n\nb", "a\n[+\n]b"},
	} {
		var b strings.Builder
		for _, p := range wordDiff(c.was, c.is) {
			switch p.Kind {
			case "ins":
				b.WriteString("[+" + p.Text + "]")
			case "del":
				b.WriteString("[-" + p.Text + "]")
			default:
				b.WriteString(p.Text)
			}
		}
		if b.String() != c.want {
			t.Errorf("%q → %q: %q, want %q", c.was, c.is, b.String(), c.want)
		}
	}
	long := strings.Repeat("word ", 5000)
	if got := wordDiff(long+"a", strings.Repeat("other ", 5000)+"b"); len(got) < 2 {
		t.Errorf("a giant pair has %d pieces", len(got))
	}
}

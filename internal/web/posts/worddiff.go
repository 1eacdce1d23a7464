package posts

import (
	"strings"
	"unicode"
)

// diffPiece is a stretch of text that stayed, was added or was taken out.
type diffPiece struct {
	Kind string // "", ins, del
	Text string
}

// diffMost bounds the work of a comparison; beyond it the middle is shown as
// taken out and written anew.
const diffMost = 4_000_000

// wordDiff compares two texts word by word.
func wordDiff(was, is string) []diffPiece {
	a, b := wordsIn(was), wordsIn(is)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	out := add(nil, "", a[:head]...)
	out = middle(out, a[head:len(a)-tail], b[head:len(b)-tail])
	return readable(add(out, "", a[len(a)-tail:]...))
}

// readable joins changes that only a space lies between, so that a phrase that
// was put otherwise reads as one, what was there before what is.
func readable(all []diffPiece) []diffPiece {
	var out []diffPiece
	var del, ins strings.Builder
	flush := func() {
		out = add(add(out, "del", del.String()), "ins", ins.String())
		del.Reset()
		ins.Reset()
	}
	for i, p := range all {
		switch {
		case p.Kind == "del":
			del.WriteString(p.Text)
		case p.Kind == "ins":
			ins.WriteString(p.Text)
		case del.Len() > 0 && ins.Len() > 0 && strings.TrimSpace(p.Text) == "" && i < len(all)-1 && !strings.Contains(p.Text, "\n"):
			del.WriteString(p.Text)
			ins.WriteString(p.Text)
		default:
			flush()
			out = add(out, "", p.Text)
		}
	}
	flush()
	return out
}

// middle finds the longest words in common that are in order.
func middle(out []diffPiece, a, b []string) []diffPiece {
	if len(a)*len(b) > diffMost {
		return add(add(out, "del", a...), "ins", b...)
	}
	common := make([][]int32, len(a)+1)
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			out = add(out, "", a[i])
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			out = add(out, "del", a[i])
			i++
		default:
			out = add(out, "ins", b[j])
			j++
		}
	}
	return add(add(out, "del", a[i:]...), "ins", b[j:]...)
}

// add appends words, to the last piece where that is of the same kind.
func add(out []diffPiece, kind string, words ...string) []diffPiece {
	text := strings.Join(words, "")
	if text == "" {
		return out
	}
	if n := len(out); n > 0 && out[n-1].Kind == kind {
		out[n-1].Text += text
		return out
	}
	return append(out, diffPiece{kind, text})
}

// wordsIn cuts a text into words and what stands between them. Scripts that
// write no spaces are cut letter by letter.
func wordsIn(text string) []string {
	var out []string
	start, last := 0, rune(-1)
	for i, r := range text {
		if i > 0 && !(joins(last) && joins(r)) && !(last == ' ' && r == ' ') {
			out = append(out, text[start:i])
			start = i
		}
		last = r
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}

func joins(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '\'' || r == '’' || r == '_') &&
		!unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

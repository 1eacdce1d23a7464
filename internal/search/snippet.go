package search

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Snippet is a piece of a text with what was found in it. It is plain text.
type Snippet struct {
	Text  string
	Marks []Mark // in order; they do not overlap
	// Before and After say that the text goes on there.
	Before, After bool
}

// Mark is what was looked for: the bytes from Start to End.
type Mark struct{ Start, End int }

// Piece is a part of a snippet: what was found, or what stands between.
type Piece struct {
	Text  string
	Found bool
}

// Pieces are the snippet from its beginning to its end.
func (s Snippet) Pieces() []Piece {
	var out []Piece
	at := 0
	for _, m := range s.Marks {
		if m.Start > at {
			out = append(out, Piece{Text: s.Text[at:m.Start]})
		}
		out = append(out, Piece{s.Text[m.Start:m.End], true})
		at = m.End
	}
	if at < len(s.Text) {
		out = append(out, Piece{Text: s.Text[at:]})
	}
	return out
}

// A snippet is so long, in bytes, and shows so much before what was found.
const (
	snippetLong = 240
	snippetLead = 60
)

// snippet cuts the text around the first thing that was found.
func snippet(text string, terms []term) Snippet {
	marks := found(text, terms)
	start := 0
	if len(marks) > 0 && marks[0].End > snippetLong-snippetLead {
		start = wordStart(text, max(0, marks[0].Start-snippetLead))
	}
	end := wordEnd(text, min(len(text), start+snippetLong))
	s := Snippet{Text: oneLine(text[start:end]), Before: start > 0, After: strings.TrimSpace(text[end:]) != ""}
	for _, m := range marks {
		if m.Start >= start && m.End <= end {
			s.Marks = append(s.Marks, Mark{m.Start - start, m.End - start})
		}
	}
	return s
}

// oneLine keeps every byte where it is.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		return r
	}, s)
}

// wordStart and wordEnd move a cut to the nearest blank, or at least to where a
// character begins.
func wordStart(text string, at int) int {
	if i := strings.IndexAny(text[at:min(len(text), at+snippetLead/2)], " \n"); at > 0 && i >= 0 {
		return at + i + 1
	}
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

func wordEnd(text string, at int) int {
	if at == len(text) {
		return at
	}
	if i := strings.LastIndexAny(text[at-snippetLead/2:at], " \n"); i >= 0 {
		return at - snippetLead/2 + i
	}
	for !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// found are the places of the text that answer the query.
func found(text string, terms []term) []Mark {
	words := cut(text)
	var out []Mark
	for _, t := range terms {
		for i := 0; !t.not && i+len(t.words) <= len(words); i++ {
			if t.at(words[i:]) {
				out = append(out, Mark{words[i].start, t.end(text, words[i+len(t.words)-1])})
			}
		}
	}
	slices.SortFunc(out, func(a, b Mark) int { return a.Start - b.Start })
	return joined(out)
}

// at reports whether the term stands at the beginning of the words.
func (t term) at(words []word) bool {
	for i, w := range t.words {
		if words[i].key != w && !(t.begins && i == len(t.words)-1 && strings.HasPrefix(words[i].key, w)) {
			return false
		}
	}
	return true
}

// in reports whether the term stands somewhere among the words.
func (t term) in(words []word) bool {
	for i := 0; i+len(t.words) <= len(words); i++ {
		if t.at(words[i:]) {
			return true
		}
	}
	return false
}

// end is where the mark of a term ends whose last word was found in w: a lone
// character is marked alone, though it was found as the beginning of a pair.
func (t term) end(text string, w word) int {
	if w.run && t.begins && utf8.RuneCountInString(t.words[len(t.words)-1]) == 1 {
		_, size := utf8.DecodeRuneInString(text[w.start:])
		return w.start + size
	}
	return w.end
}

func joined(marks []Mark) []Mark {
	var out []Mark
	for _, m := range marks {
		if n := len(out); n > 0 && m.Start < out[n-1].End {
			out[n-1].End = max(out[n-1].End, m.End)
			continue
		}
		out = append(out, m)
	}
	return out
}

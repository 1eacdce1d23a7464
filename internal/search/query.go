package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What of a query is looked for. What is beyond is left out: nobody types it.
const (
	longestQuery = 400 // runes
	mostTerms    = 12
	mostInTerm   = 24 // words of a phrase
)

// term is one thing that a text must hold, or must not.
type term struct {
	words  []string // one after the other
	begins bool     // the last word only begins so
	not    bool
}

// read splits what somebody typed into terms: words, "phrases", and -words
// that must not be there. The last word may be unfinished. Nothing that is
// typed is an error.
func read(text string) []term {
	text = clean(text[:min(len(text), 4*longestQuery)])
	if runes := []rune(text); len(runes) > longestQuery {
		text = string(runes[:longestQuery])
	}
	var out []term
	for rest := text; rest != "" && len(out) < mostTerms; {
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		not := strings.HasPrefix(rest, "-")
		rest = strings.TrimPrefix(rest, "-")
		var said string
		quoted := false
		if said, quoted = strings.CutPrefix(rest, `"`); quoted {
			said, rest, _ = strings.Cut(said, `"`)
		} else if end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || r == '"' }); end >= 0 {
			said, rest = rest[:end], rest[end:]
		} else {
			said, rest = rest, ""
		}
		if t := termOf(cut(said)); len(t.words) > 0 {
			t.not = not
			t.begins = t.begins || rest == "" && !quoted && !not && unfinished(said)
			out = append(out, t)
		}
	}
	return out
}

// termOf makes a term of words. The pairs of a run at its end find every place
// where the run goes on; a lone character is the beginning of a pair.
func termOf(words []word) term {
	var t term
	words = words[:min(len(words), mostInTerm)]
	n := len(words)
	for i, w := range words {
		if i == n-1 && w.run && w.last {
			if i > 0 && words[i-1].run && !words[i-1].last {
				break
			}
			t.begins = true
		}
		t.words = append(t.words, w.key)
	}
	return t
}

// unfinished reports whether a word may go on: it is long enough to begin
// something, and nothing was typed behind it.
func unfinished(said string) bool {
	last, _ := utf8.DecodeLastRuneInString(said)
	if !spells(last) || unspaced(last) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(strings.TrimSuffix(said, string(last)))
	return spells(before) && !unspaced(before)
}

// wanted reports whether there is anything to look for.
func wanted(terms []term) bool {
	for _, t := range terms {
		if !t.not {
			return true
		}
	}
	return false
}

package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// word is a token of a text: what is compared, and which bytes of the text it
// stands for.
type word struct {
	key        string
	start, end int
	// run is set in a script that writes no blanks between words. Its tokens
	// overlap: each holds two characters, and the last of a run holds one.
	run bool
	// last is the one that ends its run.
	last bool
}

// mostWords bounds what of one text can be found: PostgreSQL numbers no
// positions beyond.
const mostWords = 16_000

// clean is the text as it is kept: composed, katakana in its full width, and
// without what PostgreSQL takes in no text.
func clean(text string) string {
	if len(text) > mostText {
		text = text[:mostText]
	}
	text = strings.ReplaceAll(strings.ToValidUTF8(text, " "), "\x00", " ")
	if strings.ContainsFunc(text, halfWidth) {
		text = fullWidth(text)
	}
	return norm.NFC.String(text)
}

func halfWidth(r rune) bool { return r >= 0xFF66 && r <= 0xFF9F }

// fullWidth writes katakana in full width, where a mark is one with what it
// marks.
func fullWidth(text string) string {
	var b strings.Builder
	for text != "" {
		n := strings.IndexFunc(text, halfWidth)
		if n < 0 {
			n = len(text)
		}
		b.WriteString(text[:n])
		text = text[n:]
		n = strings.IndexFunc(text, func(r rune) bool { return !halfWidth(r) })
		if n < 0 {
			n = len(text)
		}
		b.WriteString(norm.NFKC.String(text[:n]))
		text = text[n:]
	}
	return b.String()
}

// cut splits a clean text into its words. Case, accents and width are folded;
// Chinese, Japanese, Korean, Thai and their like come as pairs of characters.
func cut(text string) []word {
	var out []word
	for i := 0; i < len(text) && len(out) < mostWords; {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case unspaced(r):
			out, i = run(out, text, i)
		case spells(r):
			end := i + size
			for end < len(text) {
				r, size = utf8.DecodeRuneInString(text[end:])
				if !spells(r) || unspaced(r) {
					break
				}
				end += size
			}
			if key := fold(text[i:end]); key != "" {
				out = append(out, word{key: key, start: i, end: end})
			}
			i = end
		default:
			i += size
		}
	}
	return out[:min(len(out), mostWords)]
}

// run adds the pairs of a run that begins at i, and returns where it ends.
func run(out []word, text string, i int) ([]word, int) {
	for {
		_, size := utf8.DecodeRuneInString(text[i:])
		next := i + size
		r, size := utf8.DecodeRuneInString(text[next:])
		if size == 0 || !unspaced(r) {
			return append(out, word{key: fold(text[i:next]), start: i, end: next, run: true, last: true}), next
		}
		out = append(out, word{key: fold(text[i : next+size]), start: i, end: next + size, run: true})
		i = next
	}
}

// spells reports what words are made of.
func spells(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// unspaced reports the scripts that put no blanks between words, or hang what
// belongs to a word on to it.
func unspaced(r rune) bool {
	switch {
	case r < 0x0E00:
		return false
	case r == 'ー' || r == '々' || r == '〆':
		return true
	}
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) && spells(r)
}

// letters that are one with another, though Unicode takes none of them apart.
var letters = strings.NewReplacer("ß", "ss", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "æ", "ae", "œ", "oe",
	"ı", "i", "ħ", "h", "ŧ", "t", "ς", "σ", "ـ", "")

// longestWord is as much of one word as is compared, in bytes.
const longestWord = 120

// fold is what a word is compared by.
func fold(s string) string {
	if ascii(s) {
		s = strings.ToLower(s)
	} else {
		s = strings.Map(bare, norm.NFKD.String(s))
		s = letters.Replace(strings.ToLower(norm.NFC.String(s)))
	}
	for len(s) > longestWord {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// bare drops accents and vowel points, and what compatibility brought in that
// is no letter. Marks that carry meaning, as in Thai and Japanese, stay.
func bare(r rune) rune {
	switch {
	case r >= 0x0300 && r <= 0x036F, r >= 0x0591 && r <= 0x05C7, r >= 0x064B && r <= 0x065F, r == 0x0670:
		return -1
	case !spells(r):
		return -1
	}
	return r
}

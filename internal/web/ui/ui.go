// Package ui is the look of Rapport: the frame of a page and every component,
// typed. It knows no domain package, no route and no database; what it shows
// is given to it. The gallery shows each component in each state.
//
// Components are templ functions that take one struct of arguments. Texts
// that people read come in already translated, except the few that belong to a
// component itself, such as "Close".
package ui

import (
	"hash/fnv"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tone is what a colour means. A tone never stands alone: a word or an icon
// is beside it.
type Tone string

// The tones.
const (
	Quiet Tone = "quiet" // nothing to notice
	Info  Tone = "info"  // planned or worth knowing
	Good  Tone = "good"  // done
	Wait  Tone = "wait"  // in progress, or waiting for someone
	Warn  Tone = "warn"  // look at it
	Bad   Tone = "bad"   // went wrong
)

func (t Tone) or(other Tone) Tone {
	if t == "" {
		return other
	}
	return t
}

// toneIcon is the icon of a notice with that tone.
func toneIcon(t Tone) string {
	switch t {
	case Good:
		return "circle-check"
	case Wait:
		return "hourglass"
	case Warn:
		return "triangle-alert"
	case Bad:
		return "circle-alert"
	}
	return "info"
}

// initials are what an avatar without a picture shows: the first letters of
// the first and the last word.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	if len(words) == 0 {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	if len(words) == 1 {
		return string(unicode.ToUpper(first))
	}
	last, _ := utf8.DecodeRuneInString(words[len(words)-1])
	return string(unicode.ToUpper(first)) + string(unicode.ToUpper(last))
}

// hue gives a name one of the eight avatar colours, always the same.
func hue(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash does not fail
	return strconv.Itoa(int(h.Sum32() % 8))
}

func either(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func boolString(b bool) string { return strconv.FormatBool(b) }

// count prints a number as a badge can hold it.
func count(n int) string {
	if n > 999 {
		return "999+"
	}
	return strconv.Itoa(n)
}

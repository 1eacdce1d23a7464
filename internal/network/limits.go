package network

import (
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"rapport/internal/i18n"
)

// Unit is how a network counts text.
type Unit string

// The units.
const (
	Runes     Unit = "characters" // Unicode code points
	Graphemes Unit = "graphemes"  // what a person sees as one character
	UTF16     Unit = "utf-16 units"
	Bytes     Unit = "bytes" // UTF-8
)

// Limits are what one account may send. They are data: read from the network
// where it tells, kept with the channel, shown while typing and checked again
// on the server. A limit of 0 means none, except where noted.
type Limits struct {
	Text       int      `json:"text"`                 // in Unit
	Unit       Unit     `json:"unit"`                 // "" counts as Runes
	TextBytes  int      `json:"text_bytes,omitempty"` // a second limit in UTF-8 bytes
	URLLength  int      `json:"url_length,omitempty"` // every address counts as this many units
	Images     int      `json:"images"`               // 0 means that pictures cannot be sent
	ImageBytes int64    `json:"image_bytes,omitempty"`
	ImageTypes []string `json:"image_types,omitempty"` // MIME types; none listed means all we make
	AltText    int      `json:"alt_text,omitempty"`    // in runes
	Parts      int      `json:"parts"`                 // parts of a thread; 0 counts as 1
	Comment    bool     `json:"comment,omitempty"`     // a first comment may follow
	NeedsMedia bool     `json:"needs_media,omitempty"` // a post without a picture is refused
	// Options are what a post may carry beside its text and pictures; where a
	// connector names none, those of its Facts.
	Options []Option `json:"options,omitempty"`
	// MentionsLocal is set where of @user@host only @user counts.
	MentionsLocal bool `json:"mentions_local,omitempty"`
	// RepeatUnsafe is set where the server was seen to publish a repeated
	// request again.
	RepeatUnsafe bool `json:"repeat_unsafe,omitempty"`
}

// Severity of a problem.
type Severity string

// Blocking problems stop a schedule; advice does not.
const (
	Blocking Severity = "blocking"
	Advice   Severity = "advice"
)

// Problem is one thing that does not fit.
type Problem struct {
	Code     string   `json:"code"` // "text_too_long"
	Severity Severity `json:"severity"`
	Part     int      `json:"part"` // index of the part, from 0
	Text     string   `json:"text"` // what to do about it, in English
	// Phrase is what Text was made of; nil where Text is a message by itself.
	Phrase *i18n.Phrase `json:"-"`
}

// Found is a problem in words that each reader gets in their language.
func Found(code string, severity Severity, part int, format string, args ...any) Problem {
	p := i18n.P(format, args...)
	return Problem{code, severity, part, p.String(), p}
}

// Words are what to do about it, for any reader.
func (p Problem) Words() *i18n.Phrase {
	if p.Phrase != nil {
		return p.Phrase
	}
	return i18n.P("%s", i18n.Word(p.Text))
}

// Length counts text as the limits count it.
func (l Limits) Length(text string) int { return l.units(l.counted(text)) }

func (l Limits) units(text string) int {
	switch l.Unit {
	case Graphemes:
		return uniseg.GraphemeClusterCount(text)
	case UTF16:
		return len(utf16.Encode([]rune(text)))
	case Bytes:
		return len(text)
	default:
		return utf8.RuneCountInString(text)
	}
}

// Counted returns the unit, never empty.
func (l Limits) Counted() Unit {
	if l.Unit == "" {
		return Runes
	}
	return l.Unit
}

// word is the unit as people say it: what one sees is a character to them.
func (l Limits) word() string {
	if l.Counted() == Graphemes {
		return string(Runes)
	}
	return string(l.Counted())
}

// CheckText returns what is wrong with one text by itself.
func (l Limits) CheckText(part int, text string) []Problem {
	return l.checkText(part, text, 0)
}

func (l Limits) checkText(part int, text string, beside int) []Problem {
	var out []Problem
	if n := l.Length(text) + beside; l.Text > 0 && n > l.Text {
		out = append(out, Found("text_too_long", Blocking, part, "Shorten the text by %d %s; %d is the most.", n-l.Text, i18n.Word(l.word()), l.Text))
	}
	if l.TextBytes > 0 && len(text) > l.TextBytes {
		out = append(out, Found("text_too_many_bytes", Blocking, part, "Shorten the text: it takes %d bytes and %d is the most. Emoji and accents take several.", len(text), l.TextBytes))
	}
	return out
}

// Check returns everything that would make the network refuse the items, and
// advice. The items are the parts of one delivery in order.
func (l Limits) Check(items []Item) []Problem {
	var out []Problem
	most := max(l.Parts, 1)
	if l.Comment {
		most++
	}
	if len(items) > most {
		out = append(out, Found("too_many_parts", Blocking, most, "Use at most %d parts here.", most))
	}
	for i, it := range items {
		out = append(out, l.checkText(i, it.Text, l.Beside(it.Options))...)
		out = append(out, l.checkMedia(i, it)...)
		if strings.TrimSpace(it.Text) == "" && len(it.Media) == 0 {
			out = append(out, Found("empty", Blocking, i, "Write something or add a picture."))
		}
	}
	if l.NeedsMedia && len(items) > 0 && len(items[0].Media) == 0 {
		out = append(out, Found("media_missing", Blocking, 0, "Add a picture: posts without one are refused here."))
	}
	return out
}

func (l Limits) checkMedia(part int, it Item) []Problem {
	var out []Problem
	if n := len(it.Media); n > l.Images {
		out = append(out, Found("too_many_images", Blocking, part, "Use at most %d pictures here; there are %d.", l.Images, n))
	}
	for _, m := range it.Media {
		out = append(out, l.checkImage(part, m)...)
	}
	return out
}

func (l Limits) checkImage(part int, m Media) []Problem {
	var out []Problem
	if l.ImageBytes > 0 && m.Bytes > l.ImageBytes {
		out = append(out, Found("image_too_large", Blocking, part, "Make %s smaller: it has %.1f MB and %.1f MB is the most.", m.Name, float64(m.Bytes)/1e6, float64(l.ImageBytes)/1e6))
	}
	if len(l.ImageTypes) > 0 && !slices.Contains(l.ImageTypes, m.Mime) {
		out = append(out, Found("image_type", Blocking, part, "%s is not a kind of picture that is taken here.", m.Name))
	}
	if l.AltText > 0 && utf8.RuneCountInString(m.Alt) > l.AltText {
		out = append(out, Found("alt_too_long", Blocking, part, "Shorten the description of %s to %d characters.", m.Name, l.AltText))
	}
	if strings.TrimSpace(m.Alt) == "" {
		out = append(out, Found("alt_missing", Advice, part, "Describe %s for people who cannot see it.", m.Name))
	}
	return out
}

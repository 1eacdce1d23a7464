package i18n

import (
	"context"
	"fmt"
)

// Phrase is a text that waits for its reader: a format of package fmt, which is
// the message's id, and what goes into it. It is for texts that are made where
// no reader is known, such as an error.
type Phrase struct {
	Format string
	Args   []any
}

// P makes a phrase.
func P(format string, args ...any) *Phrase { return &Phrase{format, args} }

// String is the phrase in English.
func (p *Phrase) String() string { return fmt.Sprintf(p.Format, p.Args...) }

// In is the phrase in the reader's language.
func (p *Phrase) In(ctx context.Context) string { return F(ctx, p.Format, p.Args...) }

// Word is a word or a sentence that is itself a message, where it goes into
// another one: F(ctx, "Shorten it by %d %s.", 3, Word("characters")).
type Word string

// In is the word in the reader's language.
func (w Word) In(ctx context.Context) string { return T(ctx, string(w)) }

// worded is a value that has words for each reader.
type worded interface {
	In(ctx context.Context) string
}

// F is T for a format of package fmt: the translation has the same verbs, in
// the same order or numbered as %[2]s. Numbers are grouped, and have the
// decimal sign, of the reader's language; in English they are as fmt has them.
// An argument that is a Phrase or a Word is translated too.
func F(ctx context.Context, format string, args ...any) string {
	r := from(ctx)
	if r.localizer == nil {
		return fmt.Sprintf(format, args...)
	}
	in := make([]any, len(args))
	for i, a := range args {
		in[i] = a
		if w, ok := a.(worded); ok {
			in[i] = w.In(ctx)
		}
	}
	return r.printer.Sprintf(r.find(format, format, nil), in...)
}

// Mark returns text as it is. It tells the test of the catalogs that text is
// a message, where the code holds it in a way that the test cannot follow.
func Mark(text string) string { return text }

// Package i18n puts text, numbers and times into a reader's language and
// zone. The English text in the code is the message's id, so a message that
// nobody has translated yet is shown in English. The language and the zone
// travel in the context.
//
// It is not a template engine: a message knows {{.Name}} and nothing more.
package i18n

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
	_ "time/tzdata" // zones must not depend on the host

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed catalog/*.json
var embedded embed.FS

var (
	bundle  = goi18n.NewBundle(language.English)
	tags    []language.Tag
	matcher language.Matcher
)

// reader is what the context carries. A nil localizer means English.
type reader struct {
	tag       language.Tag
	zone      *time.Location
	localizer *goi18n.Localizer
	printer   *message.Printer
}

type contextKey struct{}

var fallback = &reader{tag: language.English, zone: time.UTC, printer: message.NewPrinter(language.English)}

func init() {
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	if err := Load(embedded); err != nil {
		panic(err)
	}
}

// Language is one that everything is written in.
type Language struct {
	Code string // BCP 47
	Name string // as its speakers call it
}

// Languages are those that are complete, in the order in which a reader
// chooses. A test holds that each has all messages.
var Languages = []Language{{"en", "English"}, {"de", "Deutsch"}}

// Load adds the message files <anything>/<language>.json of files. A file is
// a list of {"id": English text, "other": text, …} where the plural forms
// stand beside "other"; the id of a plural message is its English "many"
// text. Call it before the first request: it is not safe beside readers.
func Load(files fs.FS) error {
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		file, err := bundle.LoadMessageFileFS(files, name)
		if err == nil {
			for _, m := range file.Messages {
				ids[m.ID] = true
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("i18n: load messages: %w", err)
	}
	tags = bundle.LanguageTags()
	matcher = language.NewMatcher(tags)
	return nil
}

// With returns a context in which text is in lang, or in the nearest language
// there is, and times are in zone. A nil zone is UTC. lang may be a tag or an
// Accept-Language header.
func With(ctx context.Context, lang string, zone *time.Location) context.Context {
	if zone == nil {
		zone = time.UTC
	}
	r := &reader{tag: nearest(lang), zone: zone, printer: fallback.printer}
	if r.tag != language.English {
		r.localizer = goi18n.NewLocalizer(bundle, r.tag.String())
		r.printer = message.NewPrinter(r.tag)
	}
	return context.WithValue(ctx, contextKey{}, r)
}

func nearest(lang string) language.Tag {
	wanted, _, err := language.ParseAcceptLanguage(lang)
	if err != nil || len(wanted) == 0 {
		return language.English
	}
	_, index, confidence := matcher.Match(wanted...)
	if confidence == language.No {
		return language.English
	}
	return tags[index]
}

func from(ctx context.Context) *reader {
	if r, ok := ctx.Value(contextKey{}).(*reader); ok {
		return r
	}
	return fallback
}

// Lang returns the language of ctx as a BCP 47 tag; "en" where none was set.
func Lang(ctx context.Context) string { return from(ctx).tag.String() }

// Zone returns the time zone of ctx; UTC where none was set.
func Zone(ctx context.Context) *time.Location { return from(ctx).zone }

// T returns text in the reader's language with each {{.Name}} replaced by the
// value that follows "Name" in args. Whole numbers are grouped as the
// language does it. A name that args lack stays visible.
func T(ctx context.Context, text string, args ...any) string {
	r := from(ctx)
	return r.fill(r.find(text, text, nil), args)
}

// N is T for a count: one is the English text for exactly one thing, many for
// any other number. {{.N}} is the number itself.
func N(ctx context.Context, n int, one, many string, args ...any) string {
	r := from(ctx)
	return r.fill(r.find(one, many, &n), append([]any{"N", n}, args...))
}

// find returns the message with its placeholders still in it.
func (r *reader) find(one, many string, n *int) string {
	if r.localizer == nil {
		if n != nil && *n == 1 {
			return one
		}
		return many
	}
	look := goi18n.LocalizeConfig{
		DefaultMessage: &goi18n.Message{ID: many, One: one, Other: many},
		TemplateParser: template.IdentityParser{},
	}
	if n != nil {
		look.PluralCount = *n
	}
	// The error only says that English was used, which is what we promise.
	found, _ := r.localizer.Localize(&look)
	if found == "" {
		return many
	}
	return found
}

func (r *reader) fill(text string, args []any) string {
	if len(args) == 0 || !strings.Contains(text, "{{.") {
		return text
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, fmt.Sprintf("{{.%v}}", args[i]), r.show(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func (r *reader) show(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return r.printer.Sprintf("%d", v)
	}
	return fmt.Sprint(value)
}

// Number returns n with its digits grouped as the reader's language does it.
func Number[I ~int | ~int32 | ~int64](ctx context.Context, n I) string {
	return from(ctx).show(int64(n))
}

// Decimal returns v with so many places behind the point, as the reader's
// language writes it.
func Decimal(ctx context.Context, v float64, places int) string {
	return from(ctx).printer.Sprintf("%.*f", places, v)
}

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
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones must not depend on the host

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/unicode/bidi"
)

//go:embed catalog/*.json
var embedded embed.FS

var (
	bundle  = goi18n.NewBundle(language.English)
	tags    []language.Tag
	matcher language.Matcher
	tongues map[language.Tag]*tongue
	wishes  = &nearby{of: map[string]*tongue{}}
)

// reader is what the context carries.
type reader struct {
	*tongue
	zone *time.Location
}

// tongue is a language that texts can be put into. A nil localizer means
// English.
type tongue struct {
	tag       language.Tag
	code      string // the tag as text
	localizer *goi18n.Localizer
	printer   *message.Printer
	plain     bool     // whole numbers below 1,000 are written with the digits 0 to 9
	found     sync.Map // messages, by asked
}

// asked is what was looked for: a message, and for how many of something where
// it depends on that.
type asked struct {
	id      string
	counted bool
	n       int
}

// countsKept bounds the counts for which a plural message is kept.
const countsKept = 1000

type contextKey struct{}

var (
	english  = &tongue{tag: language.English, code: "en", printer: message.NewPrinter(language.English), plain: true}
	fallback = &reader{english, time.UTC}
)

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
	tongues, wishes = map[language.Tag]*tongue{language.English: english}, &nearby{of: map[string]*tongue{}}
	for _, tag := range tags {
		if tag != language.English {
			base, _ := tag.Base()
			tongues[tag] = &tongue{tag: tag, code: tag.String(), localizer: goi18n.NewLocalizer(bundle, tag.String()), printer: message.NewPrinter(tag), plain: base.String() == "de"}
		}
	}
	return nil
}

// With returns a context in which text is in lang, or in the nearest language
// there is, and times are in zone. A nil zone is UTC. lang may be a tag or an
// Accept-Language header.
func With(ctx context.Context, lang string, zone *time.Location) context.Context {
	if zone == nil {
		zone = time.UTC
	}
	return context.WithValue(ctx, contextKey{}, &reader{wishes.nearest(lang), zone})
}

// Nearest is the code of the language that With takes for lang.
func Nearest(lang string) string { return wishes.nearest(lang).code }

// nearby remembers what was found for the wishes of browsers, of which there
// are few.
type nearby struct {
	mu sync.RWMutex
	of map[string]*tongue
}

// wishesKept bounds them: anybody can send others.
const wishesKept = 1000

func (w *nearby) nearest(lang string) *tongue {
	w.mu.RLock()
	t := w.of[lang]
	w.mu.RUnlock()
	if t != nil {
		return t
	}
	t = nearest(lang)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.of) < wishesKept && len(lang) < 200 {
		w.of[lang] = t
	}
	return t
}

func nearest(lang string) *tongue {
	wanted, _, err := language.ParseAcceptLanguage(lang)
	if err != nil || len(wanted) == 0 {
		return english
	}
	_, index, confidence := matcher.Match(wanted...)
	if confidence == language.No {
		return english
	}
	return tongues[tags[index]]
}

func from(ctx context.Context) *reader {
	if r, ok := ctx.Value(contextKey{}).(*reader); ok {
		return r
	}
	return fallback
}

// Lang returns the language of ctx as a BCP 47 tag; "en" where none was set.
func Lang(ctx context.Context) string { return from(ctx).code }

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
	q := asked{id: many}
	if n != nil {
		q.counted, q.n = true, *n
	}
	if text, ok := r.tongue.found.Load(q); ok {
		return text.(string)
	}
	text := r.localize(one, many, n)
	if ids[many] && q.n >= 0 && q.n < countsKept {
		r.tongue.found.Store(q, text)
	}
	return text
}

func (r *reader) localize(one, many string, n *int) string {
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
	var b strings.Builder
	b.Grow(len(text) + 8*len(args))
	for {
		before, rest, ok := strings.Cut(text, "{{.")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, "}}")
		if i := named(args, name); ok && i >= 0 {
			b.WriteString(isolated(r.show(args[i])))
			text = after
			continue
		}
		b.WriteString("{{.")
		text = rest
	}
}

// named is where in args the value of a name stands; -1 where it lacks.
func named(args []any, name string) int {
	for i := 0; i+1 < len(args); i += 2 {
		if s, ok := args[i].(string); ok && s == name {
			return i + 1
		}
	}
	return -1
}

func (r *reader) show(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case int:
		return r.number(int64(v))
	case int64:
		return r.number(v)
	case int8, int16, int32, uint, uint8, uint16, uint32, uint64:
		return r.printer.Sprintf("%d", v)
	}
	return fmt.Sprint(value)
}

// isolated keeps a value that is written from right to left from taking the
// words and numbers after it along: all languages here go from left to right.
// See https://www.unicode.org/reports/tr9/#Explicit_Directional_Isolates.
func isolated(value string) string {
	for i := 0; i < len(value); {
		if value[i] < firstRTL {
			i++
			continue
		}
		p, size := bidi.LookupString(value[i:])
		if c := p.Class(); c == bidi.R || c == bidi.AL {
			return "\u2068" + value + "\u2069"
		}
		i += max(size, 1)
	}
	return value
}

// firstRTL is the first byte of U+0590, before which no letter goes from right
// to left.
const firstRTL = 0xD6

func (r *reader) number(n int64) string {
	if r.plain && n > -1000 && n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	return r.printer.Sprintf("%d", n)
}

// Number returns n with its digits grouped as the reader's language does it.
func Number[I ~int | ~int32 | ~int64](ctx context.Context, n I) string {
	return from(ctx).number(int64(n))
}

// Decimal returns v with so many places behind the point, as the reader's
// language writes it.
func Decimal(ctx context.Context, v float64, places int) string {
	return from(ctx).printer.Sprintf("%.*f", places, v)
}

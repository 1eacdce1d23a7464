package i18n

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Kept is a text that was stored in English before its reader was known, such
// as the reason of a delivery. It is recognised as a message, or as what a
// format of F has become, and else stays as it is.
type Kept string

// verb finds the verbs of package fmt as the code uses them.
var verb = regexp.MustCompile(`%(?:\[(\d)\])?[-+#0-9.]*[sdqvfT]`)

// known is a format with the texts that it becomes.
type known struct {
	format  string
	becomes *regexp.Regexp
}

// formats are the messages with verbs, the most specific first.
var formats = struct {
	sync.Mutex
	all  []known
	from int // how many messages they were made of
}{}

var ids = map[string]bool{} // of all catalogs; filled by Load

func knownFormats() []known {
	formats.Lock()
	defer formats.Unlock()
	if formats.from == len(ids) {
		return formats.all
	}
	formats.all, formats.from = nil, len(ids)
	for id := range ids {
		if !verb.MatchString(id) || strings.Contains(id, "{{.") {
			continue
		}
		var pattern strings.Builder
		end := 0
		for _, at := range verb.FindAllStringIndex(id, -1) {
			pattern.WriteString(regexp.QuoteMeta(strings.ReplaceAll(id[end:at[0]], "%%", "%")) + "(.+?)")
			end = at[1]
		}
		pattern.WriteString(regexp.QuoteMeta(strings.ReplaceAll(id[end:], "%%", "%")))
		formats.all = append(formats.all, known{id, regexp.MustCompile(`(?s)^` + pattern.String() + `$`)})
	}
	slices.SortFunc(formats.all, func(a, b known) int {
		return cmp.Or(cmp.Compare(len(b.format), len(a.format)), cmp.Compare(a.format, b.format))
	})
	return formats.all
}

// In is the text in the reader's language, as far as it is known.
func (k Kept) In(ctx context.Context) string {
	r, text := from(ctx), string(k)
	if r.localizer == nil || text == "" {
		return text
	}
	if ids[text] {
		return r.find(text, text, nil)
	}
	for _, f := range knownFormats() {
		if parts := f.becomes.FindStringSubmatch(text); parts != nil {
			return r.refill(ctx, f.format, parts[1:])
		}
	}
	return text
}

// refill puts what was found for the verbs of a format into its translation.
func (r *reader) refill(ctx context.Context, format string, parts []string) string {
	next := 0
	return verb.ReplaceAllStringFunc(r.find(format, format, nil), func(v string) string {
		at := next
		if n := verb.FindStringSubmatch(v)[1]; n != "" {
			at = int(n[0] - '1')
		}
		next = at + 1
		if at >= len(parts) {
			return v
		}
		if ids[parts[at]] {
			return r.find(parts[at], parts[at], nil)
		}
		return parts[at]
	})
}

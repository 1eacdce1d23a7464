package ui

import (
	"context"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"rapport/internal/web/static"
)

// glyphs are the networks with a mark of their own in assets/glyphs.
var glyphs = map[string]bool{"demo": true, "mastodon": true, "bluesky": true, "community": true}

func glyph(network string) string {
	if glyphs[network] {
		return "net-" + network
	}
	return "net-generic"
}

// sprite is the address of a symbol: in the page, where that holds its own, or
// in the icon file.
func sprite(ctx context.Context, symbol string) string {
	if own, ok := ctx.Value(ownKey{}).(*own); ok {
		own.use(symbol)
		return "#i-" + symbol
	}
	return static.URL("icons.svg") + "#" + symbol
}

// own are the symbols that a page holds itself, in the order of their use.
type own struct{ used []string }

type ownKey struct{}

func (o *own) use(symbol string) {
	if !slices.Contains(o.used, symbol) {
		o.used = append(o.used, symbol)
	}
}

// WithSymbols returns a context in which icons are drawn from the page itself,
// which saves a first view the icon file. OwnSymbols must come behind the last
// icon.
func WithSymbols(ctx context.Context) context.Context {
	return context.WithValue(ctx, ownKey{}, &own{})
}

// OwnSymbols are the symbols that the page has used.
func OwnSymbols() templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		own, ok := ctx.Value(ownKey{}).(*own)
		if !ok {
			return nil
		}
		var b strings.Builder
		b.WriteString(`<svg class="symbols" aria-hidden="true">`)
		for _, name := range own.used {
			b.WriteString(symbols()[name])
		}
		b.WriteString(`</svg>`)
		_, err := io.WriteString(w, b.String())
		return err
	})
}

var symbol = regexp.MustCompile(`(?s)<symbol id="([^"]+)"(.*?</symbol>)`)

// symbols are the icon file's, by name, as a page holds them.
var symbols = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for _, m := range symbol.FindAllStringSubmatch(string(static.Body("icons.svg")), -1) {
		all[m[1]] = `<symbol id="i-` + m[1] + `"` + m[2]
	}
	return all
})

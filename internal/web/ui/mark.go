package ui

import (
	"context"
	"io"
	"regexp"
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

// Icon draws a Lucide icon at 16 px; the words beside it carry the meaning. It
// is on every page dozens of times and always the same, so it is made once.
func Icon(name string) templ.Component {
	if c, ok := icons.Load(name); ok {
		return c.(templ.Component)
	}
	there := `<svg class="icon" aria-hidden="true"><use href="` + templ.EscapeString(sprite(name)) + `"></use></svg>`
	here := sync.OnceValue(func() string { return drawing("icon", name, "") })
	c := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		text := there
		if inPlace(ctx) {
			text = here()
		}
		_, err := io.WriteString(w, text)
		return err
	})
	icons.Store(name, templ.Component(c))
	return c
}

// icons are components by the names of icons, which the code gives.
var icons sync.Map

// Avatar shows a picture or initials. The name stands beside it, so it is
// hidden from screen readers. It stands at every reply and is written by hand:
// a template would make six texts of it.
func Avatar(args AvatarArgs) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		text := `<span class="avatar" aria-hidden="true" data-hue="` + hue(args.Name) + `" data-size="` + templ.EscapeString(args.Size) + `"`
		if args.Square {
			text += ` data-square`
		}
		if args.Brand {
			text += ` data-brand`
		}
		if args.Src != "" {
			text += `><img src="` + templ.EscapeString(args.Src) + `" alt="" loading="lazy" decoding="async"></span>`
		} else {
			text += `>` + templ.EscapeString(initials(args.Name)) + `</span>`
		}
		_, err := io.WriteString(w, text)
		return err
	})
}

// sprite is the address of a symbol in the icon file.
func sprite(symbol string) string { return static.URL("icons.svg") + "#" + symbol }

type inPlaceKey struct{}

// InPlace makes a context in which icons are drawn where they stand: a page
// with few of them needs no icon file then, and its parts can be taken into
// another page as they are.
func InPlace(ctx context.Context) context.Context {
	return context.WithValue(ctx, inPlaceKey{}, true)
}

func inPlace(ctx context.Context) bool { return ctx.Value(inPlaceKey{}) != nil }

// drawing is an icon of the file, drawn whole; one that is not there is a
// mistake in the program and panics.
func drawing(class, name, size string) string {
	inside, ok := drawings[name]
	if !ok {
		panic("ui: no icon " + name + "; add it to assets/icons.txt and run make assets")
	}
	if size != "" {
		size = ` data-size="` + size + `"`
	}
	return `<svg class="` + class + `"` + size + ` aria-hidden="true" ` + inside + `</svg>`
}

var drawings = func() map[string]string {
	out := map[string]string{}
	for _, m := range symbols.FindAllSubmatch(static.Body("icons.svg"), -1) {
		out[string(m[1])] = string(m[2]) + ">" + string(m[3])
	}
	return out
}()

var symbols = regexp.MustCompile(`(?s)<symbol id="([^"]+)" (viewBox="[^"]+")>(.*?)</symbol>`)

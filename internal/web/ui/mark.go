package ui

import (
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
	c := templ.Raw(`<svg class="icon" aria-hidden="true"><use href="` + templ.EscapeString(sprite(name)) + `"></use></svg>`)
	icons.Store(name, c)
	return c
}

// icons are components by the names of icons, which the code gives.
var icons sync.Map

// sprite is the address of a symbol in the icon file.
func sprite(symbol string) string { return static.URL("icons.svg") + "#" + symbol }

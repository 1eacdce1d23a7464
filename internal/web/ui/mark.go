package ui

import "rapport/internal/web/static"

// glyphs are the networks with a mark of their own in assets/glyphs.
var glyphs = map[string]bool{"demo": true, "mastodon": true, "bluesky": true, "community": true}

func glyph(network string) string {
	if glyphs[network] {
		return "net-" + network
	}
	return "net-generic"
}

// sprite is the address of a symbol in the icon file.
func sprite(symbol string) string { return static.URL("icons.svg") + "#" + symbol }

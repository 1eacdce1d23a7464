package ui

// glyphs are the networks with a mark of their own in assets/glyphs.
var glyphs = map[string]bool{"demo": true, "mastodon": true, "bluesky": true, "community": true}

func glyph(network string) string {
	if glyphs[network] {
		return "net-" + network
	}
	return "net-generic"
}

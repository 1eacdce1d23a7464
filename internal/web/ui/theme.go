package ui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Theme is how a person wants the pages: "light", "dark" or "system", which
// follows the device. It is kept in the cookie ThemeCookie.
type Theme string

// ThemeCookie is the name of the cookie that holds a Theme.
const ThemeCookie = "theme"

// ParseTheme reads what a cookie says; anything else means "system".
func ParseTheme(s string) Theme {
	if s == "light" || s == "dark" {
		return Theme(s)
	}
	return "system"
}

// lightSurface and darkSurface are the lightness of what accents stand on, as
// tokens.css has them.
const (
	lightSurface = 1.0
	darkSurface  = 0.238
)

// ThemeCSS is the stylesheet of a brand whose colour is hex ("#3b5bdb" or
// "3b5bdb"): the hue of the neutrals and accent tokens with enough contrast in
// both moods (text 4.5:1, marks 3:1). It is empty where hex is no colour, and
// then the tokens of the house stay.
func ThemeCSS(hex string) string {
	c, ok := parseHex(hex)
	if !ok {
		return ""
	}
	if c.chroma < 0.02 { // a grey brand keeps grey accents
		c.chroma = 0
	}
	light, dark := solid(c, 0.58), solid(c.lighter(0.6), 0.72)
	var b strings.Builder
	fmt.Fprintf(&b, ":root{--h:%.1f;", c.hue)
	pair(&b, "accent", light, dark)
	pair(&b, "accent-hover", light.by(-0.045), dark.by(-0.045))
	pair(&b, "on-accent", ink(light), ink(dark))
	pair(&b, "accent-text", readable(c, lightSurface, 5.3), readable(c, darkSurface, 6.2))
	pair(&b, "accent-soft", c.at(0.955, 0.022), c.at(0.285, 0.055))
	pair(&b, "ring", readable(c, lightSurface, 3.5), readable(c, darkSurface, 4.5))
	b.WriteString("}\n")
	return b.String()
}

func pair(b *strings.Builder, name string, light, dark lch) {
	fmt.Fprintf(b, "--%s:light-dark(%s,%s);", name, light, dark)
}

// lch is a colour in OKLCH: lightness 0–1, chroma from 0 to about 0.37, hue in
// degrees. https://bottosson.github.io/posts/oklab/
type lch struct{ light, chroma, hue float64 }

func (c lch) String() string {
	return fmt.Sprintf("oklch(%.3f %.3f %.1f)", c.light, c.chroma, c.hue)
}

func (c lch) by(d float64) lch { return lch{clamp(c.light + d), c.chroma, c.hue} }

// lighter lifts a colour to at least that lightness.
func (c lch) lighter(least float64) lch { return lch{max(c.light, least), min(c.chroma, 0.18), c.hue} }

// at is the colour's hue at a lightness, with at most that chroma.
func (c lch) at(light, most float64) lch { return lch{light, min(c.chroma, most), c.hue} }

// solid is the fill of a button: the brand's colour, darkened until white can
// be read on it, unless it is so light that dark ink reads better.
func solid(c lch, most float64) lch {
	if c.light > most+0.12 {
		return c
	}
	for contrast(white, c) < 4.5 && c.light > 0.2 {
		c = c.by(-0.005)
	}
	return c
}

var (
	white = lch{1, 0, 0}
	black = lch{0.2, 0, 0}
)

// ink is what can be read on a fill.
func ink(fill lch) lch {
	if contrast(white, fill) >= 4.5 {
		return white
	}
	return lch{black.light, min(fill.chroma, 0.03), fill.hue}
}

// readable moves the colour away from the surface until it has that contrast.
func readable(c lch, surface, ratio float64) lch {
	step, back := -0.005, lch{surface, 0, 0}
	if surface < 0.5 {
		step = 0.005
		c.chroma = min(c.chroma, 0.14)
	}
	c.light = min(max(c.light, 0.15), 0.97)
	for contrast(c, back) < ratio && c.light > 0.1 && c.light < 0.98 {
		c = c.by(step)
	}
	return c
}

// contrast is the ratio WCAG 2.2 defines, 1 to 21.
func contrast(a, b lch) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func (c lch) luminance() float64 {
	r, g, b := c.linear()
	return 0.2126*clamp(r) + 0.7152*clamp(g) + 0.0722*clamp(b)
}

// linear is the colour in linear sRGB; parts outside of 0–1 cannot be shown.
func (c lch) linear() (r, g, b float64) {
	h := c.hue * math.Pi / 180
	x, y := c.chroma*math.Cos(h), c.chroma*math.Sin(h)
	l := cube(c.light + 0.3963377774*x + 0.2158037573*y)
	m := cube(c.light - 0.1055613458*x - 0.0638541728*y)
	s := cube(c.light - 0.0894841775*x - 1.2914855480*y)
	return 4.0767416621*l - 3.3077115913*m + 0.2309699292*s,
		-1.2684380046*l + 2.6097574011*m - 0.3413193965*s,
		-0.0041960863*l - 0.7034186147*m + 1.7076147010*s
}

func parseHex(hex string) (lch, bool) {
	hex = strings.TrimPrefix(hex, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 6 {
		return lch{}, false
	}
	return fromLinear(toLinear(n>>16&255), toLinear(n>>8&255), toLinear(n&255)), true
}

func toLinear(v uint64) float64 {
	c := float64(v) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

func fromLinear(r, g, b float64) lch {
	l := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	m := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	s := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	light := 0.2104542553*l + 0.7936177850*m - 0.0040720468*s
	x := 1.9779984951*l - 2.4285922050*m + 0.4505937099*s
	y := 0.0259040371*l + 0.7827717662*m - 0.8086757660*s
	hue := math.Atan2(y, x) * 180 / math.Pi
	return lch{light, math.Hypot(x, y), math.Mod(hue+360, 360)}
}

func cube(v float64) float64  { return v * v * v }
func clamp(v float64) float64 { return min(max(v, 0), 1) }

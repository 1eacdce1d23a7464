package compose

import (
	"context"
	"fmt"
	"regexp"

	"rapport/internal/i18n"
	"rapport/internal/network"
	"rapport/internal/web/studio"
)

// problemLine is one thing that does not fit, and the way to mend it.
type problemLine struct {
	Who  string // channels that say so
	Tone string // "bad" where it blocks
	Text string
	Fix  string
	Href string // "#id" of a field, or a page
	n    int
}

// problems are what the chosen channels say, the blocking ones first; what
// several say alike stands once.
func (v composeView) problems(ctx context.Context) []problemLine {
	var out []problemLine
	for _, blocking := range []bool{true, false} {
		for _, c := range v.chosen() {
			for _, found := range c.Check.Problems {
				if (found.Severity == network.Blocking) == blocking && !(found.Code == "empty" && v.blank()) {
					out = v.gather(ctx, out, c, found)
				}
			}
		}
	}
	for i := range out {
		if all := len(v.chosen()); all > 1 && out[i].n == all {
			out[i].Who = i18n.T(ctx, "All channels:")
		}
	}
	return out
}

func (v composeView) gather(ctx context.Context, out []problemLine, c composeChannel, found network.Problem) []problemLine {
	line := problemLine{Who: c.Handle, Text: found.Words().In(ctx), n: 1, Tone: "info"}
	if found.Severity == network.Blocking {
		line.Tone = "bad"
	}
	line.Href, line.Fix = v.mend(ctx, c, found)
	for i := range out {
		if out[i].Text == line.Text && out[i].Href == line.Href {
			if out[i].n++; out[i].n == 2 {
				out[i].Who += ", " + c.Handle
			} else if out[i].n == 3 {
				out[i].Who += " …"
			}
			return out
		}
	}
	return append(out, line)
}

// mend is where a problem is mended and what that link says.
func (v composeView) mend(ctx context.Context, c composeChannel, found network.Problem) (href, fix string) {
	parts := v.body(c.Key).Parts
	switch found.Code {
	case "channel_attention", "channel_removed":
		return studio.Path(v.Slug, "connect", c.Network) + "?again=" + c.ID, i18n.T(ctx, "Connect again")
	case "alt_missing", "alt_too_long":
		if found.Part < len(parts) {
			for _, id := range parts[found.Part].Media {
				if m := v.Media[id]; found.Code == "alt_too_long" && len(m.Alt) > c.Limits.AltText || found.Code == "alt_missing" && m.Alt == "" {
					return "#alt-" + id, i18n.T(ctx, "Describe")
				}
			}
		}
	}
	if len(parts) > 1 && found.Part < len(parts) {
		return fmt.Sprintf("#text-%s-%d", c.Key, found.Part), i18n.T(ctx, "Part {{.N}}", "N", found.Part+1)
	}
	return "", ""
}

// piece is a run of text; Link says that networks set it off.
type piece struct {
	Text string
	Link bool
}

var setOff = regexp.MustCompile(`https?://[^\s<>"]+|[#@][\p{L}\p{N}_][\p{L}\p{N}_.@-]*`)

// pieces splits a text at its links, names and tags.
func pieces(text string) []piece {
	var out []piece
	end := 0
	for _, at := range setOff.FindAllStringIndex(text, -1) {
		if at[0] > end {
			out = append(out, piece{Text: text[end:at[0]]})
		}
		out = append(out, piece{text[at[0]:at[1]], true})
		end = at[1]
	}
	if end < len(text) {
		out = append(out, piece{Text: text[end:]})
	}
	return out
}

package compose

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"rapport/internal/i18n"
	"rapport/internal/network"
	"rapport/internal/post"
)

// previewView is a post as a network shows it, as far as we know its look.
type previewView struct {
	composeChannel
	Parts   []post.Part
	Options map[string]string
}

func (v composeView) preview(c composeChannel) previewView {
	if c.Network == network.Community {
		c.Name, c.Handle = v.Self, "" // people speak there, in their own name
	}
	return previewView{c, v.body(c.Key).Parts, v.Options[c.ID]}
}

// topic says what a topic makes of the text; "" on networks.
func (p previewView) topic(ctx context.Context) string {
	if p.Network != network.Community {
		return ""
	}
	return i18n.T(ctx, "The first line becomes the title, unless the options give one. The topic draws the Markdown.")
}

// warning is the text that stands before the post; label where it is one of
// few, which then covers the pictures only.
func (p previewView) warning(ctx context.Context) (text string, label bool) {
	o, ok := p.Limits.Option(network.OptionWarning)
	if !ok {
		return "", false
	}
	return optionWord(ctx, o, p.Options[o.Name]), len(o.Choices) > 0
}

// warns reports whether a warning folds the whole text away.
func (p previewView) warns() bool {
	o, ok := p.Limits.Option(network.OptionWarning)
	return ok && len(o.Choices) == 0
}

// covers reports whether a label covers the pictures.
func (p previewView) covers() bool {
	o, ok := p.Limits.Option(network.OptionWarning)
	return ok && len(o.Choices) > 0
}

// visibility is who sees the post, where that is not everybody.
func (p previewView) visibility(ctx context.Context) string {
	o, ok := p.Limits.Option(network.OptionVisibility)
	if !ok {
		return ""
	}
	return cmp.Or(optionWord(ctx, o, p.Options[o.Name]), p.usual(ctx))
}

// usual is who sees a post of the account where nothing was chosen, if that is
// not everybody.
func (p previewView) usual(ctx context.Context) string {
	o, ok := p.Limits.Option(network.OptionVisibility)
	if !ok || len(o.Choices) == 0 || o.Choices[0].Value == network.Public {
		return ""
	}
	return i18n.T(ctx, o.Choices[0].Label)
}

// acts are what readers find below a post, in the order of the network.
func (p previewView) acts() []string {
	switch p.Network {
	case "mastodon":
		return []string{"reply", "refresh-cw", "star", "ellipsis"}
	case "bluesky":
		return []string{"message-circle", "refresh-cw", "heart", "ellipsis"}
	}
	return nil
}

// cards reports whether the first link of a part becomes a card.
func (p previewView) cards(part post.Part) bool {
	return p.Network == "bluesky" && len(part.Media) == 0
}

// firstLink is the host of the first address in a text, as a card names it; ""
// where there is none.
func firstLink(text string) string {
	for _, piece := range pieces(text) {
		if !strings.HasPrefix(piece.Text, "http") || !piece.Link {
			continue
		}
		if u, err := url.Parse(strings.TrimRight(piece.Text, ".,;:!?)")); err == nil && u.Hostname() != "" {
			return strings.TrimPrefix(u.Hostname(), "www.")
		}
	}
	return ""
}

func help(ctx context.Context, text string) string {
	if text == "" {
		return ""
	}
	return i18n.T(ctx, text)
}

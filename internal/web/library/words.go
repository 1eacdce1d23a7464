package library

import (
	"context"
	"net/url"

	"rapport/internal/i18n"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// altValue is what was typed, or what is stored.
func (v mediaView) altValue() string {
	if v.Form.Values != nil {
		return v.Form.Value("alt")
	}
	return v.Alt
}

func mediaChips(ctx context.Context, v mediaListView) []ui.Chip {
	base := studio.Path(v.Slug, "media")
	q := url.Values{}
	if v.Query != "" {
		q.Set("q", v.Query)
	}
	without := base
	if len(q) > 0 {
		without += "?" + q.Encode()
	}
	q.Set("deleted", "true")
	chip := ui.Chip{Name: i18n.T(ctx, "Deleted"), Href: base + "?" + q.Encode()}
	if v.Deleted {
		chip.Value, chip.Remove = i18n.T(ctx, "only"), without
	}
	return []ui.Chip{chip}
}

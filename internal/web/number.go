package web

import (
	"context"

	"rapport/internal/i18n"
	"rapport/internal/web/ui"
)

// publishedNumber counts deliveries that went out.
func publishedNumber(ctx context.Context, w weekView) ui.NumberArgs {
	n := ui.NumberArgs{Label: i18n.T(ctx, "Published"), Value: i18n.Number(ctx, w.Published), Points: w.PerDay,
		Change:   signed(w.Published - w.Before),
		Compared: i18n.N(ctx, w.Before, "{{.N}} in the 7 days before", "{{.N}} in the 7 days before")}
	return n
}

// onTimeNumber is the share of what went out within a minute of its time.
func onTimeNumber(ctx context.Context, w weekView) ui.NumberArgs {
	n := ui.NumberArgs{Label: i18n.T(ctx, "On time")}
	if w.Published == 0 {
		n.Reason = i18n.T(ctx, "nothing went out")
		return n
	}
	n.Value, n.Unit = share(w.OnTime, w.Published), "%"
	n.Compared = i18n.T(ctx, "within a minute; half were less than {{.Span}} late", "Span", span(ctx, w.Median))
	return n
}

// engagementsNumber adds up likes, shares, comments and quotes, as last told.
func engagementsNumber(ctx context.Context, w weekView) ui.NumberArgs {
	n := ui.NumberArgs{Label: i18n.T(ctx, "Engagements")}
	switch {
	case w.Published == 0:
		n.Reason = i18n.T(ctx, "nothing went out")
	case w.Known == 0:
		n.Reason = i18n.T(ctx, "no network has told numbers yet")
	default:
		n.Value = i18n.Number(ctx, w.Engagements)
		n.Compared = i18n.T(ctx, "likes, shares, comments and quotes on {{.Known}} of {{.All}} deliveries", "Known", w.Known, "All", w.Published)
	}
	return n
}

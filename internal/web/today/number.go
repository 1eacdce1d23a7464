package today

import (
	"context"

	"rapport/internal/db"
	"rapport/internal/i18n"
	"rapport/internal/insight"
	"rapport/internal/metric"
	"rapport/internal/web/insights"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// publishedNumber counts deliveries that went out, and says how many were on
// time.
func publishedNumber(ctx context.Context, w weekView) ui.NumberArgs {
	v := weekValue(metric.Published, w.At)
	n := ui.NumberArgs{Label: i18n.T(ctx, v.Name), Value: i18n.Number(ctx, w.Published), Points: w.PerDay, Change: studio.Signed(ctx, w.Published-w.Before),
		About: insights.About(ctx, "about-week-published", v, "")}
	switch {
	case w.Published == 0:
		n.Compared = i18n.N(ctx, w.Before, "{{.N}} in the 7 days before", "{{.N}} in the 7 days before")
	case w.OnTime == w.Published:
		n.Compared = i18n.T(ctx, "all within a minute of their time")
	default:
		n.Compared = i18n.T(ctx, "{{.OnTime}} of them within a minute of their time", "OnTime", w.OnTime)
	}
	return n
}

// engagementsNumber adds up likes, shares, comments and quotes, as last told.
func engagementsNumber(ctx context.Context, w weekView) ui.NumberArgs {
	v := weekValue(metric.Engagements, w.At)
	v.Provisional = w.Known > 0
	n := ui.NumberArgs{Label: i18n.T(ctx, v.Name), About: insights.About(ctx, "about-week-engagements", v, "")}
	switch {
	case w.Published == 0:
		n.Reason = i18n.T(ctx, "nothing went out")
	case w.Known == 0:
		n.Reason = i18n.T(ctx, "no network has told numbers yet")
	default:
		n.Value = i18n.Number(ctx, w.Engagements)
		n.Compared = i18n.T(ctx, "told of {{.Known}} of {{.All}} deliveries", "Known", w.Known, "All", w.Published)
	}
	return n
}

// responseNumber is how long people waited for an answer.
func responseNumber(ctx context.Context, w weekView) ui.NumberArgs {
	n := insights.Figure(ctx, "about-week-response", w.Response, i18n.T(ctx, "than the 7 days before"))
	if w.Response.Now != nil {
		n.Compared = i18n.N(ctx, w.Response.Of, "half of {{.N}} answer came sooner", "half of {{.N}} answers came sooner")
	}
	return n
}

func weekValue(id string, at db.Time) insight.Value {
	d, _ := metric.Defined(id)
	return insight.Value{Definition: d, At: at}
}

package web

import (
	"context"
	"math"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/delivery"
	"rapport/internal/i18n"
)

// span says how long something took or takes, in its largest unit.
func span(ctx context.Context, d time.Duration) string {
	d = d.Abs()
	switch {
	case d < time.Second:
		return i18n.T(ctx, "{{.N}} ms", "N", int(d.Milliseconds()))
	case d < 90*time.Second:
		return i18n.T(ctx, "{{.N}} s", "N", int(math.Round(d.Seconds())))
	case d < 90*time.Minute:
		return i18n.T(ctx, "{{.N}} min", "N", int(math.Round(d.Minutes())))
	case d < 36*time.Hour:
		return i18n.T(ctx, "{{.N}} h", "N", int(math.Round(d.Hours())))
	}
	days := int(math.Round(d.Hours() / 24))
	return i18n.N(ctx, days, "{{.N}} day", "{{.N}} days")
}

var scopeNames = map[access.Action]string{
	access.PostRead: "Read posts", access.PostWrite: "Write posts", access.PostPublish: "Schedule and publish",
	access.DeliveryResolve: "Decide about deliveries", access.HoldSet: "Hold everything", access.HoldRelease: "Release a hold",
	access.ChannelRead: "See channels", access.ChannelWrite: "Connect and remove channels",
	access.MediaRead: "See pictures", access.MediaWrite: "Add and change pictures",
	access.BrandRead: "See the brand", access.BrandWrite: "Change the brand's settings",
	access.AuditRead: "Read the log", access.TokenWrite: "Make and revoke tokens", access.TeamWrite: "Manage the team",
	access.ConversationRead: "Read conversations", access.ConversationWrite: "Sort conversations", access.ConversationReply: "Answer people",
	access.PersonRead: "See people", access.PersonWrite: "Note, hand out and erase people", access.MetricRead: "See numbers",
	access.PostApprove: "Approve posts", access.PostSchedule: "Schedule what is approved", access.CommentWrite: "Comment on posts",
	access.TaskWrite: "Write tasks and handovers", access.WebhookWrite: "Set webhooks", access.DataExport: "Export everything",
	access.BrandErase: "Erase the brand",
}

func scopeName(ctx context.Context, a access.Action) string { return i18n.T(ctx, scopeNames[a]) }

// tokenDetail says who may do what until when.
func tokenDetail(ctx context.Context, t account.Token, rates account.Rates) string {
	names := make([]string, len(t.Scopes))
	for i, s := range t.Scopes {
		names[i] = string(s)
	}
	text := i18n.N(ctx, int(rates.Of(t)), "{{.N}} request a minute", "{{.N}} requests a minute") + " · " + strings.Join(names, ", ")
	if t.ExpiresAt > 0 {
		text = i18n.T(ctx, "until {{.Date}}", "Date", i18n.Date(ctx, t.ExpiresAt.Time())) + " · " + text
	}
	return text
}

// browser is a session's program in two words; agents lie, so it is a hint.
func browser(ctx context.Context, agent string) string {
	name := ""
	for _, b := range []struct{ mark, name string }{
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	} {
		if strings.Contains(agent, b.mark) {
			name = b.name
			break
		}
	}
	for _, s := range []struct{ mark, name string }{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	} {
		if name != "" && strings.Contains(agent, s.mark) {
			return i18n.T(ctx, "{{.Browser}} on {{.System}}", "Browser", name, "System", s.name)
		}
	}
	if name == "" {
		return i18n.T(ctx, "Unknown browser")
	}
	return name
}

// place is the town of a zone: "Berlin" of Europe/Berlin.
func place(zone string) string {
	return strings.ReplaceAll(zone[strings.LastIndexByte(zone, '/')+1:], "_", " ")
}

// nextStep is the one thing to do about a delivery that waits for a person.
func nextStep(ctx context.Context, d delivery.Delivery) string {
	switch {
	case d.HalfSent():
		return i18n.T(ctx, "Finish or undo")
	case d.State == delivery.Unknown:
		return i18n.T(ctx, "Look and say")
	case d.State == delivery.Missed:
		return i18n.T(ctx, "Send or reschedule")
	}
	return i18n.T(ctx, "Fix and retry")
}

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

// actNames say what an act of the log was, in the past tense.
var actNames = map[string]string{
	"account.created":          "Account created",
	"account.password_changed": "Password changed",
	"brand.changed":            "Settings changed",
	"brand.created":            "Brand started",
	"channel.connected":        "Channel connected",
	"channel.reconnected":      "Channel connected again",
	"channel.checked":          "Channel checked",
	"channel.renewed":          "Access renewed",
	"post.drafted":             "Draft begun",
	"post.saved":               "Post changed",
	"post.planned":             "Draft planned",
	"media.added":              "Picture added",
	"media.changed":            "Picture changed",
	"channel.removed":          "Channel removed",
	"delivery.resolved":        "Delivery decided",
	"grant.given":              "Access given",
	"grant.taken":              "Access taken away",
	"hold.set":                 "Everything put on hold",
	"hold.released":            "Hold released",
	"media.deleted":            "Picture deleted",
	"media.restored":           "Picture restored",
	"person.changed":           "What is said of a person changed",
	"person.exported":          "A person's data exported",
	"person.erased":            "Person erased",
	"person.forgotten":         "Person forgotten after their silence",
	"post.deleted":             "Post deleted",
	"post.restored":            "Post restored",
	"post.scheduled":           "Post scheduled",
	"post.unscheduled":         "Post taken off the plan",
	"post.moved":               "Post moved",
	"post.approved":            "Post approved",
	"session.begun":            "Signed in",
	"session.revoked":          "Session ended",
	"letter.tested":            "Test letter written",
	"webhook.created":          "Webhook added",
	"webhook.changed":          "Webhook changed",
	"webhook.paused":           "Webhook paused",
	"webhook.resumed":          "Webhook resumed",
	"webhook.rotated":          "New secret for a webhook",
	"webhook.removed":          "Webhook removed",
	"webhook.resent":           "Webhook call sent again",
	"webhook.tested":           "Webhook tested",
	"webhook.disabled":         "Webhook switched off",
	"token.created":            "API token created",
	"token.revoked":            "API token revoked",
}

// actName is an act in words; one without words shows its own name.
func actName(ctx context.Context, act string) string {
	if name, ok := actNames[act]; ok {
		return i18n.T(ctx, name)
	}
	return act
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
func tokenDetail(ctx context.Context, t account.Token) string {
	names := make([]string, len(t.Scopes))
	for i, s := range t.Scopes {
		names[i] = string(s)
	}
	text := strings.Join(names, ", ")
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

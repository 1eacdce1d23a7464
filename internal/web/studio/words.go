package studio

import (
	"context"
	"math"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/i18n"
	"rapport/internal/member"
	"rapport/internal/metric"
	"rapport/internal/network"
	"rapport/internal/post"
	"rapport/internal/space"
	"rapport/internal/topic"
	"rapport/internal/web/ui"
)

// Span says how long something took or takes, in its largest unit.
func Span(ctx context.Context, d time.Duration) string {
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

// ScopeName says what an action allows to do.
func ScopeName(ctx context.Context, a access.Action) string { return i18n.T(ctx, scopeNames[a]) }

// Place is the town of a zone: "Berlin" of Europe/Berlin.
func Place(zone string) string {
	return strings.ReplaceAll(zone[strings.LastIndexByte(zone, '/')+1:], "_", " ")
}

// OrWithout is the first line of a post, or what stands in for it.
func OrWithout(ctx context.Context, excerpt string) string {
	if excerpt == "" {
		return i18n.T(ctx, "Without text")
	}
	return excerpt
}

// DayTitle is today, tomorrow or the day in the brand's zone.
func DayTitle(ctx context.Context, now, t time.Time) string {
	switch i18n.Date(ctx, t) {
	case i18n.Date(ctx, now):
		return i18n.T(ctx, "Today")
	case i18n.Date(ctx, now.AddDate(0, 0, 1)):
		return i18n.T(ctx, "Tomorrow")
	case i18n.Date(ctx, now.AddDate(0, 0, -1)):
		return i18n.T(ctx, "Yesterday")
	}
	return i18n.Day(ctx, t)
}

// longestHeadline keeps a page's title on two lines of a phone; the whole text
// stands below it.
const longestHeadline = 60

// Headline is the first line of a post as a title.
func Headline(ctx context.Context, excerpt string) string {
	text := []rune(OrWithout(ctx, excerpt))
	if len(text) <= longestHeadline {
		return string(text)
	}
	return strings.TrimSpace(string(text[:longestHeadline-1])) + "…"
}

// Dotted puts a dot between two words, of which either may be missing.
func Dotted(a, b string) string {
	if a == "" {
		return b
	}
	return a + " · " + b
}

// Sentences puts two sentences together, of which either may be missing.
func Sentences(a, b string) string { return strings.TrimSpace(a + " " + b) }

// Wall is an instant as the brand's clock shows it, for a field of day and
// time; "" for none.
func Wall(b brand.Brand, at db.Time) string {
	if at == 0 {
		return ""
	}
	return at.Time().In(b.Location()).Format("2006-01-02T15:04")
}

// PartLabel is what the part i of n is called, counted from 0.
func PartLabel(ctx context.Context, part post.Part, i, n int) string {
	switch {
	case part.Kind == network.PartComment:
		return i18n.T(ctx, "First comment")
	case n > 1:
		return i18n.T(ctx, "Part {{.I}} of {{.N}}", "I", i+1, "N", n)
	}
	return i18n.T(ctx, "Text")
}

// LastDay is the day on which something still holds that ends at a time.
func LastDay(ctx context.Context, end db.Time, zone *time.Location) string {
	return i18n.Date(ctx, end.Add(-time.Millisecond).Time().In(zone))
}

// SpaceKindWord is what a kind of space is called.
func SpaceKindWord(ctx context.Context, k space.Kind) string {
	switch k {
	case space.Questions:
		return i18n.T(ctx, "Questions")
	case space.Announcements:
		return i18n.T(ctx, "Announcements")
	case space.Knowledge:
		return i18n.T(ctx, "Knowledge")
	}
	return i18n.T(ctx, "Discussion")
}

// MemberStateWord says how a member stands with the community.
func MemberStateWord(ctx context.Context, s member.State) string {
	switch s {
	case member.Asking:
		return i18n.T(ctx, "Asking")
	case member.Suspended:
		return i18n.T(ctx, "Suspended")
	case member.Refused:
		return i18n.T(ctx, "Refused")
	case member.Left:
		return i18n.T(ctx, "Left")
	}
	return i18n.T(ctx, "Active")
}

// DecidedNote says what a decision about something in the community did.
func DecidedNote(ctx context.Context, a topic.Act) string {
	switch a {
	case topic.Approve:
		return i18n.T(ctx, "Everybody can read it now.")
	case topic.Decline:
		return i18n.T(ctx, "It was not let through. Its author sees why.")
	case topic.Hide:
		return i18n.T(ctx, "It is hidden. Its place says why.")
	case topic.Keep:
		return i18n.T(ctx, "The flags are settled.")
	}
	return i18n.T(ctx, "Everybody can read it again.")
}

// Signed is a change with its sign.
func Signed(ctx context.Context, n int) string {
	switch {
	case n == 0:
		return "±0"
	case n < 0:
		return "−" + i18n.Number(ctx, -n)
	}
	return "+" + i18n.Number(ctx, n)
}

// Decimal has the digits that a rate is good for: two below one, else one.
func Decimal(ctx context.Context, v float64) string {
	places := 1
	if math.Abs(v) < 1 {
		places = 2
	}
	return i18n.Decimal(ctx, v, places)
}

// ToneOf is how good a change is for a number that should go this way.
func ToneOf(d metric.Direction, diff float64) ui.Tone {
	switch {
	case d == metric.Neither || diff == 0:
		return ui.Quiet
	case (diff > 0) == (d == metric.Up):
		return ui.Good
	}
	return ui.Bad
}

// Better says which way a number is meant to go.
func Better(d metric.Direction) string {
	switch d {
	case metric.Up:
		return "More is better"
	case metric.Down:
		return "Less is better"
	}
	return "Neither: it is no success by itself"
}

// TeamPath is an address below the settings of the team.
func TeamPath(slug string, parts ...string) string {
	return Path(slug, append([]string{"settings", "team"}, parts...)...)
}

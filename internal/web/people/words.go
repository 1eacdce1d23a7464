package people

import (
	"context"
	"slices"

	"rapport/internal/bridge"
	"rapport/internal/dossier"
	"rapport/internal/i18n"
	"rapport/internal/markdown"
	"rapport/internal/member"
	"rapport/internal/person"
	"rapport/internal/web/studio"
)

// orSilent is an excerpt, or what stands where nothing was said.
func orSilent(ctx context.Context, excerpt string) string {
	if excerpt == "" {
		return i18n.T(ctx, "Without words")
	}
	return excerpt
}

func conversationDetail(ctx context.Context, v dossierView, c dossier.Conversation) string {
	detail := v.Channels[c.Channel].Handle + " · " + i18n.Relative(ctx, v.Now, c.LastAt.Time())
	if name := v.Names[c.Assignee]; name != "" {
		detail += " · " + name
	}
	return detail
}

// noteBy says who wrote a note.
func noteBy(ctx context.Context, v dossierView, m dossier.Moment) string {
	if name := v.Names[m.Note.Account]; name != "" {
		return i18n.T(ctx, "Note by {{.Name}}", "Name", name)
	}
	return i18n.T(ctx, "Note by somebody who left")
}

// answerBy says who answered.
func answerBy(ctx context.Context, v dossierView, m dossier.Message) string {
	switch name := v.Names[m.Account]; {
	case name != "":
		return i18n.T(ctx, "{{.Name}} answered", "Name", name)
	case m.Account != "":
		return i18n.T(ctx, "Somebody who left answered")
	}
	return i18n.T(ctx, "Answered with another program")
}

func aboutSummary(ctx context.Context, v dossierView) string {
	if v.Person.About == "" {
		return i18n.T(ctx, "Say what you know of them")
	}
	return i18n.T(ctx, "Edit")
}

// memberSince says where somebody stands in the community.
func memberSince(ctx context.Context, v dossierView) string {
	date := i18n.Date(ctx, v.Member.JoinedAt.Time())
	if v.Member.State == member.Asking {
		return i18n.T(ctx, "asked to join on {{.Date}}", "Date", date)
	}
	since := i18n.T(ctx, "member since {{.Date}}", "Date", date)
	if v.Member.State != member.Active {
		since += " · " + studio.MemberStateWord(ctx, v.Member.State)
	}
	return since
}

// elsewhere are the accounts that are no membership: that one is shown as what
// it is.
func (v dossierView) elsewhere() []person.Identity {
	if v.Member == nil {
		return v.Identities
	}
	return slices.DeleteFunc(slices.Clone(v.Identities), func(i person.Identity) bool { return i.Network == bridge.Name })
}

// inWords is what somebody wrote, without the marks of the community's writing
// and without what they quoted before it.
func inWords(text, network string) string {
	if network != bridge.Name {
		return text
	}
	return markdown.Own(markdown.Render(text, markdown.Options{}).HTML)
}

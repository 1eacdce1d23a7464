package people

import (
	"context"
	"strings"

	"rapport/internal/bridge"
	"rapport/internal/db"
	"rapport/internal/dossier"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/merge"
	"rapport/internal/person"
	"rapport/internal/topic"
)

// i18nOf is what an error says to the reader; "" where there is none.
func i18nOf(ctx context.Context, err error) string {
	if err == nil {
		return ""
	}
	return fault.Say(ctx, err)
}

func foundDetail(ctx context.Context, v sameView, one person.Person) string {
	var all []string
	for _, i := range one.Identities {
		all = append(all, i.Handle)
	}
	all = append(all, i18n.N(ctx, int(one.Messages), "{{.N}} message", "{{.N}} messages"), i18n.Relative(ctx, v.Now, one.LastAt.Time()))
	return strings.Join(all, " · ")
}

func isProven(s merge.Side, i person.Identity) bool {
	for _, p := range s.Proven {
		if p.Identity == i.ID {
			return true
		}
	}
	return false
}

// writtenOn says how much somebody wrote on a channel.
func writtenOn(ctx context.Context, v pairView, w person.Rows) string {
	return i18n.N(ctx, int(w.Messages), "{{.N}} message to {{.Channel}}", "{{.N}} messages to {{.Channel}}", "Channel", v.Channels[w.Channel].Handle)
}

func joinedIcon(g merge.Merge) string {
	switch {
	case g.UndoneAt > 0:
		return "undo-2"
	case g.Origin == merge.Claim:
		return "circle-check"
	}
	return "users"
}

func joinedAt(g merge.Merge) db.Time { return max(g.At, g.UndoneAt) }

func joinedWhy(g merge.Merge) string {
	if g.UndoneAt > 0 {
		return g.UndoneWhy
	}
	return g.Reason
}

// mergeWords says what became one with whom, and by whom.
func mergeWords(ctx context.Context, v dossierView, g merge.Merge) string {
	by, other := v.Names[g.Account], g.OtherName
	if other == "" {
		other = i18n.T(ctx, "Another record")
	}
	switch {
	case g.UndoneAt > 0 && g.UndoneBy == "":
		return i18n.T(ctx, "An account was taken apart by themselves")
	case g.UndoneAt > 0 && v.Names[g.UndoneBy] != "":
		return i18n.T(ctx, "A record was taken apart by {{.Name}}", "Name", v.Names[g.UndoneBy])
	case g.UndoneAt > 0:
		return i18n.T(ctx, "A record was taken apart by somebody who left")
	case g.Origin == merge.Claim:
		return i18n.T(ctx, "{{.Other}}, by their own proof", "Other", other)
	case by != "":
		return i18n.T(ctx, "{{.Other}}, by {{.Name}}", "Other", other, "Name", by)
	}
	return i18n.T(ctx, "{{.Other}}, by somebody who left", "Other", other)
}

// momentOf is an entry that is no message and no note.
type momentOf struct{ dossier.Moment }

func (m momentOf) icon() string {
	switch m.Kind {
	case dossier.KindTopic:
		return "messages-square"
	case dossier.KindReply:
		if m.Said.Accepted {
			return "circle-check"
		}
		return "reply"
	case dossier.KindMembership:
		return "user-check"
	case dossier.KindDecision:
		return "shield-check"
	}
	if m.Merge != nil {
		return joinedIcon(*m.Merge)
	}
	return "circle-check"
}

// words are the head of an entry.
func (m momentOf) words(ctx context.Context, v dossierView) string {
	switch {
	case m.Said != nil && m.Kind == dossier.KindTopic:
		return saidState(ctx, i18n.T(ctx, "began “{{.Title}}”", "Title", titleOf(ctx, m.Said.Title)), m.Said.State)
	case m.Said != nil && m.Said.Accepted:
		return i18n.T(ctx, "answered “{{.Title}}”, accepted", "Title", titleOf(ctx, m.Said.Title))
	case m.Said != nil:
		return saidState(ctx, i18n.T(ctx, "replied in “{{.Title}}”", "Title", titleOf(ctx, m.Said.Title)), m.Said.State)
	case m.Member != nil:
		return memberStep(ctx, v, *m.Member)
	case m.Decision != nil:
		return decisionWords(ctx, v, *m.Decision)
	case m.Merge != nil:
		return mergeWords(ctx, v, *m.Merge)
	case m.Proof != nil && m.Proof.Way == merge.ByLink:
		return i18n.T(ctx, "proved {{.Handle}} by a link on the profile", "Handle", m.Proof.Handle)
	case m.Proof != nil:
		return i18n.T(ctx, "proved {{.Handle}} by a code on the profile", "Handle", m.Proof.Handle)
	}
	return ""
}

// titleOf is what a topic is called; an erased one is called nothing.
func titleOf(ctx context.Context, title string) string {
	if title == "" {
		return i18n.T(ctx, "an erased topic")
	}
	return title
}

// saidState adds where something said stands, unless everybody can read it.
func saidState(ctx context.Context, words string, s topic.State) string {
	switch s {
	case topic.Waiting:
		return words + " · " + i18n.T(ctx, "waits for a look")
	case topic.Hidden:
		return words + " · " + i18n.T(ctx, "hidden")
	case topic.Declined:
		return words + " · " + i18n.T(ctx, "not let through")
	case topic.Withdrawn:
		return words + " · " + i18n.T(ctx, "taken back")
	case topic.Erased:
		return words + " · " + i18n.T(ctx, "erased")
	}
	return words
}

func memberStep(ctx context.Context, v dossierView, s dossier.Membership) string {
	by := v.Names[s.Account]
	if by == "" {
		by = i18n.T(ctx, "Somebody who left")
	}
	switch s.Act {
	case "member.asked":
		return i18n.T(ctx, "asked to join the community")
	case "member.let_in":
		return i18n.T(ctx, "{{.Name}} let them into the community", "Name", by)
	case "member.refused":
		return i18n.T(ctx, "{{.Name}} did not let them into the community", "Name", by)
	case "member.suspended":
		return i18n.T(ctx, "{{.Name}} suspended them", "Name", by)
	case "member.restored":
		return i18n.T(ctx, "{{.Name}} let them write again", "Name", by)
	}
	return i18n.T(ctx, "joined the community")
}

func decisionWords(ctx context.Context, v dossierView, d dossier.Decision) string {
	by := v.Names[d.Account]
	if by == "" {
		by = i18n.T(ctx, "Somebody who left")
	}
	title := titleOf(ctx, d.Title)
	switch d.Act {
	case "hidden":
		return i18n.T(ctx, "{{.Name}} hid what they wrote in “{{.Title}}”", "Name", by, "Title", title)
	case "restored":
		return i18n.T(ctx, "{{.Name}} showed again what they wrote in “{{.Title}}”", "Name", by, "Title", title)
	case "approved":
		return i18n.T(ctx, "{{.Name}} let through what they wrote in “{{.Title}}”", "Name", by, "Title", title)
	case "declined":
		return i18n.T(ctx, "{{.Name}} did not let through what they wrote in “{{.Title}}”", "Name", by, "Title", title)
	}
	return i18n.T(ctx, "{{.Name}} kept what they wrote in “{{.Title}}”", "Name", by, "Title", title)
}

// text is what was said. Where all is shown, a decision does not say once more
// what stands there already.
func (m momentOf) text(v dossierView) string {
	switch {
	case m.Said != nil:
		return inWords(m.Said.Text, bridge.Name)
	case m.Decision != nil && v.Show != "":
		return m.Decision.Excerpt
	}
	return ""
}

// why is the reason of what was decided.
func (m momentOf) why() string {
	switch {
	case m.Member != nil:
		return m.Member.Reason
	case m.Decision != nil && m.Decision.Reason == "":
		return m.Decision.Rule
	case m.Decision != nil:
		return m.Decision.Reason
	case m.Merge != nil:
		return joinedWhy(*m.Merge)
	}
	return ""
}

// place is where an entry is found.
func (m momentOf) place(slug string) string {
	switch {
	case m.Said != nil:
		return "/b/" + slug + "/r/" + m.Said.Reply
	case m.Decision != nil:
		return "/b/" + slug + "/r/" + m.Decision.Reply
	case m.Proof != nil:
		return m.Proof.URL
	}
	return ""
}

func (m momentOf) placeWord(ctx context.Context) string {
	if m.Proof != nil {
		return i18n.T(ctx, "Open the profile")
	}
	return i18n.T(ctx, "Open in the community")
}

package notice

import (
	"cmp"
	"context"

	"rapport/internal/i18n"
	"rapport/internal/member"
	"rapport/internal/topic"
)

// Path is where it leads below the community's address: to the first reply it
// tells of, or to where they can choose another picture.
func (n Notice) Path() string {
	switch {
	case n.Kind == Pictured:
		return "/me#picture"
	case n.Topic.ID == "":
		return "/"
	case n.Number <= 1:
		return n.Topic.Path()
	}
	return n.Topic.PathOf(n.Number)
}

var sentences = map[Kind]string{
	Mentioned: i18n.Mark("{{.Name}} names you in “{{.Topic}}”"),
	Quoted:    i18n.Mark("{{.Name}} quotes you in “{{.Topic}}”"),
	Begun:     i18n.Mark("{{.Name}} began “{{.Topic}}”"),
	Announced: i18n.Mark("{{.Name}} announces: “{{.Topic}}”"),
	Accepted:  i18n.Mark("{{.Name}} accepted your answer in “{{.Topic}}”"),
	Solved:    i18n.Mark("{{.Name}} accepted an answer to your question “{{.Topic}}”"),
	Answered:  i18n.Mark("{{.Name}} answered you in “{{.Topic}}”"),
	Replied:   i18n.Mark("{{.Name}} replied in “{{.Topic}}”"),
	Reacted:   i18n.Mark("{{.Name}} reacted to what you wrote in “{{.Topic}}”"),
}

var decided = map[topic.Act]string{
	topic.Approve: i18n.Mark("The team let through what you wrote in “{{.Topic}}”"),
	topic.Decline: i18n.Mark("The team did not let through what you wrote in “{{.Topic}}”"),
	topic.Hide:    i18n.Mark("The team hid what you wrote in “{{.Topic}}”"),
	topic.Restore: i18n.Mark("What you wrote in “{{.Topic}}” can be read again"),
}

var doors = map[member.State]string{
	member.Active:    i18n.Mark("You are in: you can write now"),
	member.Refused:   i18n.Mark("You were not let in"),
	member.Suspended: i18n.Mark("You can read, and not write at the moment"),
}

// Words are what it says, in one sentence in the language of the reader.
func (n Notice) Words(ctx context.Context) string {
	about := cmp.Or(n.Topic.Title, i18n.T(ctx, "Erased topic"))
	switch n.Kind {
	case Decided:
		return i18n.T(ctx, decided[n.Decision.Act], "Topic", about)
	case Door:
		return i18n.T(ctx, doors[n.State])
	case Pictured:
		return i18n.T(ctx, "The team took your picture away")
	}
	by := cmp.Or(n.By, i18n.T(ctx, "Former member"))
	switch {
	case n.Others == 0:
	case n.Kind == Answered:
		return i18n.N(ctx, n.Others, "{{.Name}} and {{.N}} other answered you in “{{.Topic}}”", "{{.Name}} and {{.N}} others answered you in “{{.Topic}}”", "Name", by, "Topic", about)
	case n.Kind == Replied:
		return i18n.N(ctx, n.Others, "{{.Name}} and {{.N}} other replied in “{{.Topic}}”", "{{.Name}} and {{.N}} others replied in “{{.Topic}}”", "Name", by, "Topic", about)
	case n.Kind == Reacted:
		return i18n.N(ctx, n.Others, "{{.Name}} and {{.N}} other reacted to what you wrote in “{{.Topic}}”", "{{.Name}} and {{.N}} others reacted to what you wrote in “{{.Topic}}”", "Name", by, "Topic", about)
	}
	return i18n.T(ctx, sentences[n.Kind], "Name", by, "Topic", about)
}

// Act is what its letter offers to do.
func (n Notice) Act(ctx context.Context) string {
	if n.Kind == Pictured {
		return i18n.T(ctx, "Choose another picture")
	}
	return i18n.T(ctx, "Open it")
}

// Lines are what more there is to read of it: of a decision and a refusal the
// rule and the reason, else the beginning of what was said.
func (n Notice) Lines(ctx context.Context) []string {
	var out []string
	add := func(words, key, value string) {
		if value != "" {
			out = append(out, i18n.T(ctx, words, key, value))
		}
	}
	switch n.Kind {
	case Decided:
		add("Rule: {{.Rule}}", "Rule", n.Decision.Rule)
		add("Reason: {{.Reason}}", "Reason", n.Decision.Reason)
	case Pictured:
		add("Rule: {{.Rule}}", "Rule", n.Rule)
		add("Reason: {{.Reason}}", "Reason", n.Reason)
	case Door:
		if n.State != member.Active {
			add("Reason: {{.Reason}}", "Reason", n.Reason)
		}
	default:
		if n.Excerpt != "" {
			out = append(out, n.Excerpt)
		}
	}
	return out
}

package mastodon

import (
	"fmt"
	"slices"
	"strings"

	"rapport/internal/network"
)

// Abilities tell what the access and the server allow. Where the server does
// not tell what an access may do, it is taken to suffice.
func (*Network) Abilities(t network.Target) []network.Ability {
	a := abilities{scopes: strings.Fields(t.Details["scopes"])}
	software := t.Details["software"]
	name := title(software)

	a.needs("publish", "Publish posts", "write:statuses", "Nothing can be published here", "publishing posts")
	switch first := &a.all[0]; {
	case first.Can && !a.has("read:statuses"):
		first.Why = "Where an answer is lost, the posts cannot be read back, because the access does not allow it. Connect again and allow reading posts (read:statuses)."
	case first.Can && t.Limits.RepeatUnsafe:
		first.Why = fmt.Sprintf("%s is not known to recognise a repeated request. Where an answer is lost, the posts are read back, and you are asked if that does not settle it.", name)
	}
	a.needs("pictures", "Publish pictures", "write:media", "Pictures cannot be sent", "uploading media")
	a.needs("alt_text", "Describe pictures", "write:media", "Pictures and their descriptions cannot be sent", "uploading media")
	a.needs("threads", "Publish threads", "write:statuses", "Threads cannot be published", "publishing posts")
	a.needs("warning", "Set a content warning", "write:statuses", "Nothing can be published here", "publishing posts")
	a.needs("visibility", "Choose who sees a post", "write:statuses", "Nothing can be published here", "publishing posts")
	a.needs("delete", "Delete posts", "write:statuses", "Posts cannot be deleted from here", "publishing posts")
	a.needs("inbox", "Hear comments and mentions", "read:notifications", "Comments and mentions do not reach the inbox", "reading notifications")
	a.stream(software, name)
	a.needs("reply", "Answer comments", "write:statuses", "Comments cannot be answered from here", "publishing posts")
	a.needs("history", "Read earlier posts", "read:statuses", "Earlier posts cannot be read", "reading posts")
	a.needs("numbers", "Count likes, boosts and replies", "read:statuses", "Likes, boosts and replies cannot be counted", "reading posts")
	a.add("views", "Count views", false, "Mastodon does not count views, so there is no number to show.")
	a.needs("followers", "Count followers", "read:accounts", "Followers cannot be counted", "reading accounts")
	return a.all
}

// title is the software as people write it.
func title(software string) string {
	switch software {
	case "mastodon", "pleroma", "akkoma":
		return strings.ToUpper(software[:1]) + software[1:]
	case "gotosocial":
		return "GoToSocial"
	}
	return "This server’s software"
}

type abilities struct {
	scopes []string
	all    []network.Ability
}

func (a *abilities) add(name, label string, can bool, why string) {
	a.all = append(a.all, network.Ability{Name: name, Label: label, Can: can, Why: why})
}

// needs is an ability that a scope gives.
func (a *abilities) needs(name, label, scope, missing, allow string) {
	if a.has(scope) {
		a.add(name, label, true, "")
		return
	}
	a.add(name, label, false, fmt.Sprintf("%s, because the access does not allow it. Connect again and allow %s (%s).", missing, allow, scope))
}

// has tells whether a scope was granted, itself or by the one that holds it.
func (a *abilities) has(scope string) bool {
	above, _, _ := strings.Cut(scope, ":")
	return len(a.scopes) == 0 || slices.Contains(a.scopes, scope) || slices.Contains(a.scopes, above)
}

func (a *abilities) stream(software, name string) {
	const label = "Hear at once"
	switch {
	case software == "pleroma" || software == "akkoma":
		a.add("stream", label, false, name+" does not tell at once what comes in, so it is looked for every few minutes.")
	default:
		a.needs("stream", label, "read:notifications", "Comments and mentions do not reach the inbox", "reading notifications")
	}
}

package webhook

import "slices"

// Type is a kind of event that may be sent. A type is a promise to programs of
// others: it is never renamed and never taken away.
type Type struct {
	Name  string // "post.saved"
	Group string // what it is about, as a heading
	About string // when it is sent
	Data  []string
}

// The groups, in the order in which they are shown.
const (
	groupPosts    = "Posts"
	groupOut      = "Deliveries"
	groupTalk     = "Conversations"
	groupPeople   = "People"
	groupChannels = "Channels"
	groupMedia    = "Media"
	groupBrand    = "Brand"
)

// TestType is sent by the test button only and cannot be chosen.
const TestType = "test"

// Types are the kinds of events there are. The name is that of the event in
// the outbox; data lists the fields that Data holds beside "id".
var Types = []Type{
	{"post.saved", groupPosts, "A post was written or changed.", nil},
	{"post.submitted", groupPosts, "A post waits for approval.", nil},
	{"post.approved", groupPosts, "A post was approved.", nil},
	{"post.sent_back", groupPosts, "A post was sent back to whoever wrote it.", nil},
	{"delivery.published", groupOut, "A post is out on a channel.", []string{"post", "channel", "url"}},
	{"delivery.rejected", groupOut, "A network refused a post.", []string{"post", "channel", "reason"}},
	{"delivery.unknown", groupOut, "A post may or may not be out, and somebody must look.", []string{"post", "channel", "reason"}},
	{"delivery.missed", groupOut, "A post was not sent because its time had passed.", []string{"post", "channel", "reason"}},
	{"delivery.removed", groupOut, "A post was taken down from a channel.", []string{"post", "channel"}},
	{"conversation.received", groupTalk, "Somebody wrote to the brand.", []string{"channel"}},
	{"conversation.changed", groupTalk, "The team opened, assigned, snoozed or finished a conversation.", []string{"channel", "what", "state", "assignee"}},
	{"conversation.replied", groupTalk, "An answer of the team is out.", []string{"channel", "delivery"}},
	{"person.merged", groupPeople, "Two records of somebody became one: what was said of the other is said of this.", []string{"other"}},
	{"person.parted", groupPeople, "Two records that were one are two again.", []string{"other"}},
	{"channel.changed", groupChannels, "A channel was connected, checked or removed.", []string{"state"}},
	{"channel.attention", groupChannels, "A channel stopped working and must be connected again.", []string{"reason"}},
	{"media.added", groupMedia, "A picture was added.", nil},
	{"media.changed", groupMedia, "A picture was changed, deleted or put back.", nil},
	{"hold.changed", groupBrand, "Everything was put on hold, or released.", []string{"held", "reason"}},
	{"brand.changed", groupBrand, "The brand's settings were changed.", nil},
	{"team.changed", groupBrand, "Somebody's access to the brand was given, changed or taken.", nil},
}

// Known reports whether there is such a type.
func Known(name string) bool {
	return slices.ContainsFunc(Types, func(t Type) bool { return t.Name == name })
}

// Groups lists the groups in their order, each with its types.
func Groups() []Group {
	var out []Group
	for _, t := range Types {
		if len(out) == 0 || out[len(out)-1].Name != t.Group {
			out = append(out, Group{Name: t.Group})
		}
		g := &out[len(out)-1]
		g.Types = append(g.Types, t)
	}
	return out
}

// Group is a heading with the types below it.
type Group struct {
	Name  string
	Types []Type
}

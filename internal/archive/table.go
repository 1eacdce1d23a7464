package archive

import (
	"rapport/internal/member"
	"rapport/internal/network"
	noun "rapport/internal/person"
	"rapport/internal/post"
)

// kind is how a value stands in the file and in its column.
type kind uint8

const (
	text     kind = iota // words; a column's '' is left out
	number               // a whole number; 0 is left out
	flag                 // true, or left out
	moment               // RFC 3339 with milliseconds in UTC; never is left out
	object               // JSON, as check reads it
	key                  // the thing's own id
	ref                  // the id of a thing of another file, see of
	loose                // such an id, or left out where that thing is gone
	somebody             // the id of somebody in accounts.jsonl, or left out
	anything             // the id of anything
	link                 // an http address
)

// field is one value of a thing.
type field struct {
	name   string // in the file; never changes
	column string // the same as name unless given
	kind   kind
	of     string   // of ref and loose: the nouns it may be, with blanks between
	about  string   // for the document
	oneOf  []string // the words it may be
	need   bool     // must be there
	check  func([]byte) ([]byte, error)
}

func (f field) col() string {
	if f.column != "" {
		return f.column
	}
	return f.name
}

// table is one file of the archive and the table it stands for.
type table struct {
	name   string // of the table
	file   string // without ".jsonl"
	noun   string // what ref calls it
	about  string
	order  string // columns that sort it
	fields []field
	// left are the columns that are not in the file, each with the reason.
	left map[string]string
	// fill gives those of them a value when the file is brought in.
	fill map[string]any
	// later says that archives made by earlier versions have no such file.
	later bool
}

// The reasons why a column is left out.
const (
	derived  = "made anew from the rest"
	sending  = "belongs to the installation that sends"
	secret   = "a secret; it is never exported"
	ofBrand  = "everything in an archive is of its brand"
	pictures = "the files lie in media/"
)

func id(about string) field        { return field{name: "id", kind: key, about: about, need: true} }
func at(name, about string) field  { return field{name: name, kind: moment, about: about} }
func say(name, about string) field { return field{name: name, kind: text, about: about} }
func num(name, about string) field { return field{name: name, kind: number, about: about} }
func by(name, column, about string) field {
	return field{name: name, column: column, kind: somebody, about: about}
}
func word(name, about string, oneOf ...string) field {
	return field{name: name, kind: text, about: about, oneOf: oneOf, need: true}
}
func json_(name, column, about string, check func([]byte) ([]byte, error)) field {
	return field{name: name, column: column, kind: object, about: about, check: check}
}
func to(name, column, noun, about string) field {
	return field{name: name, column: column, kind: ref, of: noun, about: about, need: true}
}
func maybe(name, column, nouns, about string) field {
	return field{name: name, column: column, kind: loose, of: nouns, about: about}
}
func href(name, column, about string) field {
	return field{name: name, column: column, kind: link, about: about}
}

// tables are the files of an archive, each after those it refers to.
var tables = []table{
	{name: "hold", file: "holds", noun: "hold", about: "When everything was stopped, by whom and why.", order: "at, id",
		fields: []field{id("Id of the hold."), word("kind", "person, or restore where Rapport set it.", "person", "restore"),
			say("reason", "In the words of who set it."), by("by", "by_account", "Who set it."), at("at", "When."),
			by("released_by", "", "Who released it."), at("released_at", "When; missing while it runs.")}},
	{name: "channel", file: "channels", noun: "channel", about: "The connected accounts, without what opens them: they must be connected again.", order: "created_at, id",
		fields: []field{id("Id of the channel."), {name: "network", kind: text, about: "Name of the network.", need: true}, say("server", "Address of its server; missing where the network has one only."),
			{name: "remote_id", kind: text, about: "The network's id of the account.", need: true}, say("handle", "What it is called there."), say("name", "Its title."),
			href("avatar_url", "", "Where its picture is."), href("url", "", "Its page."),
			json_("limits", "", "What fits there: text, pictures, threads.", like[network.Limits]), json_("details", "", "What the server said of itself.", like[map[string]string]),
			word("state", "connected, attention or removed, when the archive was made.", "connected", "attention", "removed"),
			at("state_at", "Since when."), at("worked_at", "When it was last seen working."), at("created_at", "When it was connected first.")},
		left: map[string]string{"credential": secret, "state_reason": sending, "expires_at": secret, "ready_at": sending, "renew_until": sending},
		fill: map[string]any{"credential": ""}},
	{name: "channel_import", file: "imports", noun: "import", about: "What was brought over from a network when a channel was connected.", order: "started_at, channel_id",
		fields: []field{to("channel", "channel_id", "channel", "Of which channel."), word("state", "running, done or failed.", "running", "done", "failed"),
			word("stage", "How far it was.", "posts", "conversations"), num("posts", "Posts brought over."), num("posts_most", "Posts there were."), num("threads", "Conversations brought over."),
			num("threads_most", "Conversations there were."), num("messages", "Messages brought over."), say("error", "The last failure."),
			at("started_at", "When it began."), at("updated_at", "When it last moved."), at("finished_at", "When it ended.")},
		left: map[string]string{"cursor": sending}},
	{name: "media", file: "media", noun: "media", about: "Pictures; the files are media/<id>/full and, where one was cropped, media/<id>/original.", order: "created_at, id",
		fields: []field{id("Id of the picture."), say("name", "Name of the file as it came."), word("mime", "Kind of the file.", "image/jpeg", "image/png", "image/webp", "image/gif"),
			num("bytes", "Size of the file."), num("width", "In pixels."), num("height", "In pixels."), say("alt", "What it shows, for those who cannot see it."),
			say("color", "Its average colour, #rrggbb."), {name: "sha256", kind: text, about: "Checksum of the file, in hexadecimal.", need: true},
			json_("crop", "", "The part that is shown, in pixels of the original.", like[map[string]int]),
			by("created_by", "", "Who added it."), at("created_at", "When."), at("deleted_at", "When it was deleted.")},
		left: map[string]string{"blob": pictures, "thumb": derived, "original": pictures, "search": derived}},
	{name: "person", file: "people", noun: "person", about: "Those who wrote to the brand, as it knows them.", order: "created_at, id",
		fields: []field{id("Id of the person."), say("name", "What they are called."), say("about", "The team's own words on them."), href("avatar_url", "", "Where their picture is."),
			at("member_at", "Since when they are a member of the community."), num("messages", "How many they wrote."), at("first_at", "Their first."), at("last_at", "Their last."), at("created_at", "When they became known.")}},
	{name: "identity", file: "identities", noun: "identity", about: "Their accounts on networks.", order: "created_at, id",
		fields: []field{id("Id of the identity."), to("person", "person_id", "person", "Whose it is."), {name: "network", kind: text, about: "Name of the network.", need: true},
			{name: "remote_id", kind: text, about: "The network's id.", need: true}, say("handle", "What they are called there."), say("name", "Their title there."),
			href("avatar_url", "", "Where their picture is."), href("url", "", "Their page."), at("seen_at", "When they were last seen."), at("created_at", "When they were first.")}},
	{name: "person_channel", file: "people_channels", noun: "person_channel", about: "Where a person wrote, and how much.", order: "person_id, channel_id",
		fields: []field{to("person", "person_id", "person", "Who."), to("channel", "channel_id", "channel", "Where."), num("messages", "How many."), at("last_at", "The last.")}},
	{name: "conversation", file: "conversations", noun: "conversation", about: "What is said below one comment, or around one mention.", order: "created_at, id",
		fields: []field{id("Id of the conversation."), to("channel", "channel_id", "channel", "Where it stands."), word("kind", "comment, mention; in the community also question, flag, waiting.", "comment", "mention", "question", "flag", "waiting"),
			{name: "root", kind: text, about: "The network's id of the message it began with.", need: true},
			{name: "delivery", column: "delivery_id", kind: anything, about: "The brand's own post it stands below, as a delivery."}, {name: "post", column: "post_id", kind: anything, about: "And as a post."},
			maybe("person", "person_id", "person", "Who began it."), say("excerpt", "Beginning of the last message from outside."),
			word("state", "new, open, snoozed, done, or quiet where only the brand spoke.", "new", "open", "snoozed", "done", "quiet"), at("state_at", "Since when."),
			at("snoozed_until", "When it comes back."), by("assignee", "assignee_id", "Who looks after it."), num("messages", "How many were said."), at("last_at", "The last."),
			at("last_in_at", "The last from outside."), at("last_out_at", "The last of the brand."), at("waiting_since", "Since when somebody waits."), num("revision", "Grows with every change of the team."), at("created_at", "When it became known.")}},
	{name: "post", file: "posts", noun: "post", about: "What the brand says. A reply is a post of its own kind.", order: "created_at, id",
		fields: []field{id("Id of the post."), word("kind", "post or reply.", "post", "reply"), {name: "origin", kind: text, about: "Missing: written here. imported: published by another program.", oneOf: []string{"", "imported"}},
			word("state", "draft, in_review or approved.", "draft", "in_review", "approved"), json_("body", "", "Its parts: kind, text and the ids of pictures.", body),
			say("excerpt", "Its first line."), num("revision", "Grows with every change of what is sent."), num("approved", "The revision that was approved."), at("planned_at", "A draft's wished time."),
			by("author", "author_id", "Who wrote it."), json_("answers", "", "What a reply answers, as the network calls it.", like[network.Ref]),
			maybe("conversation", "conversation_id", "conversation", "Of a reply."), at("created_at", "When it was begun."), at("updated_at", "When it last changed."), at("deleted_at", "When it was deleted."),
			by("editor", "editor_id", "Who wrote the revision; missing: the author."), by("submitted_by", "", "Who asked for approval last."), at("submitted_at", "When."), at("sent_back_at", "When it was sent back; missing once it is asked for again."),
			{name: "approval", kind: text, about: "Of the approved revision: open where nobody had to approve it, given where somebody did.", oneOf: []string{"", "open", "given"}},
			by("approved_by", "", "Who approved it."), at("approved_at", "When."), num("approval_rule", "The version of the rule it was approved under.")},
		left: map[string]string{"search": derived, "reminded_at": sending, "passed_at": sending}},
	{name: "variant", file: "variants", noun: "variant", about: "A post as one channel gets it.", order: "post_id, channel_id",
		fields: []field{to("post", "post_id", "post", "Of which post."), to("channel", "channel_id", "channel", "For which channel."),
			json_("body", "", "As in posts; missing where it is the post's.", body), json_("options", "", "What the network offers beside the text.", like[map[string]string])}},
	{name: "post_media", file: "posts_media", noun: "post_media", about: "Which post shows which picture.", order: "post_id, media_id",
		fields: []field{to("post", "post_id", "post", "The post."), to("media", "media_id", "media", "The picture.")}},
	{name: "review", file: "reviews", noun: "review", about: "A post's way through review, step by step.", order: "post_id, id",
		fields: []field{id("Id of the step."), to("post", "post_id", "post", "Of which post."), at("at", "When."), say("what", "submitted, approved, sent_back, withdrawn, edited, suggested, taken, declined, recalled, passed or emptied."),
			by("account", "account_id", "Who did it; missing: Rapport itself."), num("revision", "Of the post."), say("text", "What they said."), json_("content", "", "The texts that were approved.", like[any])}},
	{name: "suggestion", file: "suggestions", noun: "suggestion", about: "Other wordings that somebody proposed for a post.", order: "post_id, id",
		fields: []field{id("Id of the suggestion."), to("post", "post_id", "post", "For which post."), by("account", "account_id", "Who proposes it."), at("at", "When."), num("revision", "Of the post it was written for."),
			json_("texts", "", "The texts of each version, the common one under the empty name.", like[any]), json_("was", "", "The same as they were.", like[any]), say("note", "What they said."),
			{name: "approver", kind: flag, about: "They might have approved the post."}, word("state", "open, taken or declined.", "open", "taken", "declined"), by("decided_by", "", "Who decided."), at("decided_at", "When.")}},
	{name: "approval_rule", file: "approval", noun: "approval_rule", about: "What must be approved before it goes out.", order: "version",
		fields: []field{num("version", "Counts the changes of the rule."), num("every_since", "The version since which every channel asks for approval; missing: not all do."), {name: "own", kind: flag, about: "One may approve what one wrote oneself."},
			num("remind_h", "Hours before the planned time at which those who may approve are reminded; missing: never."), at("changed_at", "When it was changed last.")}},
	{name: "approval_channel", file: "approval_channels", noun: "approval_channel", about: "The channels that ask for approval where not every one does.", order: "channel_id",
		fields: []field{to("channel", "channel_id", "channel", "Which channel."), num("since", "Version of the rule.")}},
	{name: "comment", file: "comments", noun: "comment", about: "What the team says on a post.", order: "created_at, id",
		fields: []field{id("Id of the comment."), to("post", "post_id", "post", "On which post."), by("account", "account_id", "Who wrote it."), maybe("channel", "channel_id", "channel", "The version it is about; missing: the common one."),
			num("part", "The part it is about, from 1; missing: the whole."), say("text", "What it says; missing some time after it was removed."), json_("mentions", "", "Ids of accounts it names.", like[[]string]),
			at("created_at", "When."), at("edited_at", "When it was changed."), at("resolved_at", "When it was settled."), by("resolved_by", "", "By whom."), at("removed_at", "When it was removed."), by("removed_by", "", "By whom.")}},
	{name: "task", file: "tasks", noun: "task", about: "What somebody of the team has to do.", order: "created_at, id",
		fields: []field{id("Id of the task."), say("title", "What to do."), say("note", "More about it."), by("assignee", "assignee_id", "Who does it."), {name: "subject_kind", kind: text, about: "What it is about: post, conversation; missing: nothing.", oneOf: []string{"", "post", "conversation"}},
			maybe("subject", "subject_id", "post conversation", "Which one."), maybe("channel", "channel_id", "channel", "Of its conversation."), at("due_at", "When it is due; missing: whenever."), num("sort_at", "Milliseconds since 1970 by which tasks are sorted."),
			at("done_at", "When it was done."), by("done_by", "", "By whom."), at("told_at", "When its assignee was told that it is due."), at("deleted_at", "When it was deleted."), by("author", "author_id", "Who wrote it."),
			num("revision", "Grows with every change."), at("created_at", "When it was written."), at("updated_at", "When it last changed.")}},
	{name: "handover", file: "handovers", noun: "handover", about: "What one shift told the next.", order: "at, id",
		fields: []field{id("Id of the note."), by("account", "account_id", "Who wrote it."), say("text", "What it says."), at("at", "When.")}},
	{name: "team_rule", file: "team_rule", noun: "team_rule", about: "What the brand asks of everybody in its team.", order: "second_factor",
		fields: []field{{name: "second_factor", kind: flag, about: "A second factor."}}},
	{name: "delivery", file: "deliveries", noun: "delivery", about: "A variant's journey to its channel.", order: "created_at, id",
		fields: []field{id("Id of the delivery."), word("kind", "As its post's.", "post", "reply"), to("post", "post_id", "post", "Which post."), to("channel", "channel_id", "channel", "To which channel."),
			word("state", "Where it stands.", "scheduled", "claimed", "preparing", "sending", "pending", "published", "removed", "rejected", "unknown", "missed", "cancelled"),
			at("due_at", "When it should go out."), num("revision", "Of the post, as scheduled."), say("reason", "Why it is in this state."), say("reason_code", "The same, for programs."),
			say("remote_id", "The network's id of its first part."), href("remote_url", "", "Where it can be seen."), at("published_at", "When it was out."),
			by("author", "author_id", "Who scheduled it."), at("created_at", "When it was scheduled."), at("updated_at", "When it last changed.")},
		left: map[string]string{"run_at": sending, "attempt": sending, "tries": sending, "ahead": sending, "node": sending, "lease_until": sending}},
	{name: "part", file: "parts", noun: "part", about: "A delivery's parts in order: the posts of a thread, the first comment.", order: "delivery_id, ord",
		fields: []field{to("delivery", "delivery_id", "delivery", "Of which delivery."), {name: "order", column: "ord", kind: number, about: "From 0."}, word("kind", "post or comment.", "post", "comment"),
			word("state", "Where it stands.", "waiting", "prepared", "sending", "pending", "published", "rejected", "unknown", "removed"), say("text", "As it was sent."),
			json_("media", "", "Ids of its pictures.", like[[]string]), json_("prepared", "", "How the network can be asked about it.", like[network.Prepared]), json_("ref", "", "What the network calls it.", like[network.Ref]),
			say("remote_id", "The network's id."), href("url", "", "Where it can be seen."), at("at", "When it was out.")}},
	{name: "delivery_event", file: "delivery_events", noun: "delivery_event", about: "A delivery's story: one line for each thing that happened to it.", order: "delivery_id, id",
		fields: []field{id("Id of the line."), to("delivery", "delivery_id", "delivery", "Of which delivery."), at("at", "When."), say("what", "What happened."), num("attempt", "At which try."),
			{name: "part", kind: number, about: "Which part; -1 is none."}, by("by", "by_account", "Who did it."), num("status", "HTTP status of the network's answer."), num("took_ms", "How long it took, in milliseconds."), say("text", "In words.")},
		left: map[string]string{"node": sending}},
	{name: "message", file: "messages", noun: "message", about: "What was said in conversations, both ways.", order: "created_at, id",
		fields: []field{id("Id of the message."), to("channel", "channel_id", "channel", "Where."), to("conversation", "conversation_id", "conversation", "In which conversation."), word("direction", "in: to the brand. out: by the brand.", "in", "out"),
			say("remote_id", "The network's id."), say("parent_id", "The network's id of what it answers."), json_("ref", "", "What the network calls it.", like[network.Ref]),
			maybe("person", "person_id", "person", "Who wrote it, from outside."), maybe("identity", "identity_id", "identity", "With which account of theirs."), by("account", "account_id", "Who of the team wrote it."),
			{name: "sent", kind: flag, about: "Missing while a reply is not out."}, maybe("post", "post_id", "post", "Of a reply: its post."), maybe("delivery", "delivery_id", "delivery", "And its delivery."),
			say("text", "What it says; missing once it is gone."), say("warning", "A content warning."), say("language", "BCP 47."), json_("media", "", "What hangs at it, at the network.", attachments), href("url", "", "Where it can be seen."),
			say("visibility", "For whom."), at("at", "When it was written."), at("edited_at", "When it was changed at the network."), at("removed_at", "When it was seen to be gone."), at("checked_at", "When it was last seen."),
			at("created_at", "When it was heard."), at("erased_at", "When its words were erased here.")}},
	{name: "period", file: "periods", noun: "period", about: "How long people waited: one line for each time a conversation was open.", order: "conversation_id, opened_at",
		fields: []field{to("conversation", "conversation_id", "conversation", "Which one."), at("opened_at", "First message from outside."), to("channel", "channel_id", "channel", "Where."),
			at("answered_at", "First public answer."), by("answered_by", "", "By whom."), at("closed_at", "When it was done.")}},
	{name: "note", file: "notes", noun: "note", about: "What the team says to itself about a conversation or a person.", order: "at, id",
		fields: []field{id("Id of the note."), {name: "subject", kind: ref, of: "conversation person", about: "What it is about.", need: true}, by("account", "account_id", "Who wrote it."), say("text", "What it says."),
			json_("mentions", "", "Ids of accounts it names.", like[[]string]), at("at", "When.")}},
	{name: "note_mention", file: "notes_mentions", noun: "note_mention", about: "Whom the notes of a conversation name.", order: "account_id, conversation_id",
		fields: []field{by("account", "account_id", "Who is named."), to("conversation", "conversation_id", "conversation", "Where."), at("at", "When last.")}},
	{name: "label", file: "labels", noun: "label", about: "What conversations are sorted by.", order: "created_at, id",
		fields: []field{id("Id of the label."), say("name", "What it is called."), {name: "name_key", kind: text, about: "The same, folded: one name is one label."}, num("hue", "Its colour, in degrees."), at("created_at", "When it was made.")}},
	{name: "conversation_label", file: "conversations_labels", noun: "conversation_label", about: "Which conversation has which label.", order: "conversation_id, label_id",
		fields: []field{to("label", "label_id", "label", "The label."), to("conversation", "conversation_id", "conversation", "The conversation."), at("last_at", "As the conversation's.")}},
	{name: "conversation_event", file: "conversation_events", noun: "conversation_event", about: "What happened in a conversation besides messages and notes.", order: "conversation_id, at, id",
		fields: []field{id("Id of the line."), to("conversation", "conversation_id", "conversation", "In which."), at("at", "When."), say("what", "What happened."), by("account", "account_id", "Who did it."),
			{name: "detail", kind: anything, about: "To whom, until when, which label, which flag or topic."}}},
	{name: "community", file: "community", noun: "community", about: "How the brand's own community is set up.", order: "brand_id",
		fields: []field{say("intro", "One sentence under its name."), at("opened_at", "Since when everybody sees it; missing: only the team does."), word("joining", "Who becomes a member: open, ask or closed.", "open", "ask", "closed"),
			json_("questions", "", "What is asked of who joins.", like[[]string]), num("first_posts", "How many posts of a newcomer wait for a look."), {name: "links_wait", kind: flag, about: "A newcomer's posts with links wait as well."},
			num("topics", "The last number given to a topic."), num("revision", "Grows with every change.")},
		left: map[string]string{"host": "where it is found belongs to the installation"}},
	{name: "space", file: "spaces", noun: "space", about: "Where the community talks.", order: "place, id",
		fields: []field{id("Id of the space."), {name: "slug", kind: text, about: "In addresses.", need: true}, {name: "name", kind: text, about: "What it is called.", need: true}, say("about", "What it is for, in words."),
			word("kind", "What it is for: discussion, questions, announcements or knowledge.", "discussion", "questions", "announcements", "knowledge"), {name: "members_only", column: "hidden", kind: flag, about: "Only members see it."},
			num("place", "In the order of spaces, from 1."), num("topics", "How many anybody may read."), at("last_at", "The last word in it."), at("closed_at", "Since when nobody can write in it."),
			num("revision", "Grows with every change."), at("created_at", "When it was made.")}},
	{name: "space_slug", file: "spaces_slugs", noun: "space_slug", about: "Every address that a space has had.", order: "slug",
		fields: []field{{name: "slug", kind: text, about: "The address.", need: true}, to("space", "space_id", "space", "Of which space.")}},
	{name: "member", file: "members", noun: "member", about: "Those who take part in the community.", order: "joined_at, id",
		fields: []field{id("Id of the member."), by("account", "account_id", "With which they sign in; missing once they are gone."), maybe("person", "person_id", "person", "The brand's one record of them."),
			say("handle", "As it is written; missing once they left without their name."), say("name", "What they are called; missing likewise."), say("bio", "Their own words on themselves."), say("picture_why", "For which reason the team took their picture away."), say("picture_rule", "By which rule."), href("link", "", "A page of theirs."),
			word("state", "asking, active, refused, suspended or left.", "asking", "active", "refused", "suspended", "left"), at("state_at", "Since when."), say("reason", "Of a refusal or a suspension, as they read it."),
			json_("answers", "", "What they said when they joined: question and answer.", like[[]member.Answer]), {name: "listed", kind: flag, about: "Shown in the directory."}, {name: "team", kind: flag, about: "Of the team when they last came."},
			at("trusted_at", "Since when nothing of theirs waits for a look."), num("posts", "Of theirs that can be read."), num("solved", "Answers of theirs that were accepted."), json_("came_from", "", "What brought them here.", like[any]),
			at("joined_at", "When they joined."), at("seen_at", "When they were last here."), num("revision", "Grows with every change of their profile.")},
		left: map[string]string{"name_key": derived, "picture": "the file is members/<id>/picture"}},
	{name: "member_handle", file: "members_handles", noun: "member_handle", about: "Every handle that somebody has had.", order: "handle",
		fields: []field{{name: "handle", kind: text, about: "In lower case; as a hash where its member left without their name.", need: true}, to("member", "member_id", "member", "Whose it is.")},
		left:   map[string]string{"skeleton": derived}},
	{name: "member_barred", file: "members_barred", noun: "member_barred", about: "Whose coming back the team is asked about first: they left while they were suspended or refused.", order: "account_id",
		fields: []field{{name: "account", column: "account_id", kind: somebody, about: "Who.", need: true}, at("at", "When they left.")}},
	{name: "merge", file: "people_merges", noun: "merge", about: "Records that were made one person, by whom and why, and taken apart again.", order: "at, id",
		fields: []field{id("Id of the merge."), {name: "person", column: "person_id", kind: anything, about: "Who stayed.", need: true}, {name: "other", column: "other_id", kind: anything, about: "Whose record went into theirs.", need: true},
			word("origin", "team, or claim where a member proved it.", "team", "claim"), say("reason", "Of the team."), by("account", "account_id", "Who of the team; missing: a member's own proof."),
			json_("moved", "", "What both records were, so that they can be taken apart; missing once they are.", like[noun.Moved]), at("at", "When."), at("undone_at", "When they were taken apart."), by("undone_by", "", "By whom of the team."), say("undone_why", "Why.")}},
	{name: "merge_identity", file: "people_merges_identities", noun: "merge_identity", about: "The accounts that came along with a record.", order: "merge_id, identity_id",
		fields: []field{to("merge", "merge_id", "merge", "With which merge."), {name: "identity", column: "identity_id", kind: anything, about: "Which account.", need: true}}},
	{name: "claim", file: "claims", noun: "claim", about: "What members named and proved to be theirs on networks.", order: "created_at, id",
		fields: []field{id("Id of the claim."), to("member", "member_id", "member", "Whose."), {name: "network", kind: text, about: "Name of the network.", need: true}, say("handle", "What they are called there."),
			{name: "code", kind: text, about: "What they show there; it is no secret.", need: true}, word("state", "open, proven, withdrawn or undone.", "open", "proven", "withdrawn", "undone"), at("state_at", "Since when."),
			{name: "identity", column: "identity_id", kind: anything, about: "The account, once it is proven."}, say("remote_id", "The network's id of it."), {name: "merge", column: "merge_id", kind: anything, about: "What it made one."},
			{name: "way", kind: text, about: "link or code, once it is proven.", oneOf: []string{"", "link", "code"}}, href("url", "", "The profile where it was seen."), {name: "shown", kind: flag, about: "On the member's page, for everybody."},
			at("expires_at", "Until when the code holds."), at("created_at", "When it was named.")}},
	{name: "topic", file: "topics", noun: "topic", about: "What the community talks about. What was said is in replies; number 1 is the opening.", order: "created_at, id",
		fields: []field{id("Id of the topic."), num("number", "In addresses."), to("space", "space_id", "space", "Where it stands."), to("author", "author_id", "member", "Who began it."), say("title", "What it is called; missing once it is erased."),
			word("state", "Where it stands.", "waiting", "live", "hidden", "declined", "withdrawn", "erased"), num("replies", "That can be read, without the opening."), num("heat", "Its replies and reactions."), num("last_number", "The last number given to a reply."),
			at("last_at", "The last word."), to("last_by", "", "member", "Whose it is."), at("answered_at", "First reply by another member."), {name: "answer", column: "answer_id", kind: anything, about: "The reply that was accepted as the answer."}, at("solved_at", "When."),
			at("pinned_at", "When it was pinned."), at("closed_at", "Since when nobody can reply."), json_("origin", "", "Where it comes from, when not from here.", like[any]), at("created_at", "When it was begun.")},
		left: map[string]string{"slug": derived, "excerpt": derived}},
	{name: "reply", file: "replies", noun: "reply", about: "What was said in topics, as Markdown.", order: "created_at, id",
		fields: []field{id("Id of the reply."), to("topic", "topic_id", "topic", "In which topic."), to("space", "space_id", "space", "As the topic's."), num("number", "From 1; below 0 while it waits."), to("author", "author_id", "member", "Who wrote it."),
			num("answers", "Number of the reply it answers; missing: the topic."), word("state", "Where it stands.", "waiting", "live", "hidden", "declined", "withdrawn", "erased"), say("text", "What it says, as Markdown."), {name: "team", kind: flag, about: "Its author spoke as one of the team."},
			num("flags", "That nobody has looked at."), at("edited_at", "When it was changed."), num("revision", "Grows with every change."), at("at", "Since when it can be read, or waits."), at("created_at", "When it was written.")},
		left: map[string]string{"html": derived, "reactions": derived, "once": "of a form that was sent"}},
	{name: "revision", file: "replies_revisions", noun: "revision", about: "What replies said before they were changed.", order: "reply_id, number",
		fields: []field{to("reply", "reply_id", "reply", "Of which reply."), num("number", "As the reply's revision then was."), say("title", "Of an opening."), say("text", "What it said."), to("by", "by_id", "member", "Who wrote it."), at("at", "When.")}},
	{name: "topic_picture", file: "pictures", noun: "picture", later: true, about: "Pictures in what members wrote; the files are pictures/<id>. A text shows one by its address, /p/<id>. Archives of earlier versions have none.", order: "at, id",
		fields: []field{{name: "id", kind: text, about: "Id of the picture: letters and digits that cannot be guessed.", need: true}, to("member", "member_id", "member", "Who added it."), word("mime", "Kind of the file.", "image/jpeg", "image/png"),
			num("bytes", "Size of the file."), num("width", "In pixels."), num("height", "In pixels."), at("at", "When it was added.")},
		left: map[string]string{"blob": "the file is pictures/<id>"}},
	{name: "reaction", file: "reactions", noun: "reaction", about: "What members felt about replies.", order: "reply_id, member_id, kind",
		fields: []field{to("reply", "reply_id", "reply", "To which reply."), to("member", "member_id", "member", "Whose."), word("kind", "Which.", "heart", "up", "thanks", "party", "laugh", "wow"), at("at", "When.")}},
	{name: "bookmark", file: "bookmarks", noun: "bookmark", about: "What members keep for themselves.", order: "member_id, reply_id",
		fields: []field{to("member", "member_id", "member", "Who."), to("reply", "reply_id", "reply", "Which reply."), at("at", "When.")}},
	{name: "watch", file: "watches", noun: "watch", about: "Who follows or mutes a topic or a space, and how far they have read.", order: "member_id, subject",
		fields: []field{to("member", "member_id", "member", "Who."), {name: "subject", kind: ref, of: "topic space", about: "What.", need: true}, {name: "level", kind: text, about: "watch or mute; missing: neither.", oneOf: []string{"", "watch", "mute"}},
			{name: "because", kind: text, about: "chosen, began or replied.", oneOf: []string{"", "chosen", "began", "replied"}}, num("seen", "Number of the last reply read."), at("at", "Since when.")}},
	{name: "notice_choice", file: "notices_choices", noun: "notice_choice", about: "Where members want to hear of what concerns them, where that is not the usual.", order: "member_id, kind",
		fields: []field{to("member", "member_id", "member", "Who."), {name: "kind", kind: text, about: "Of what: mention, answer, quoted, accepted, decided, reaction, announcement, reply or topic.", need: true},
			{name: "list", column: "shown", kind: flag, about: "In their list in the community."}, {name: "mail", kind: flag, about: "In a letter, at once."}, {name: "digest", kind: flag, about: "In their digest."}}},
	{name: "notice_digest", file: "notices_digests", noun: "notice_digest", about: "When members get their digest.", order: "member_id",
		fields: []field{to("member", "member_id", "member", "Who."), word("every", "day, week or never.", "day", "week", "never"), num("weekday", "Of a weekly one; missing: Sunday."), num("hour", "From 0 to 23, by the clock of their zone."),
			say("zone", "IANA name; missing: the brand's.")},
		left: map[string]string{"since": sending, "next_at": sending}},
	{name: "flag", file: "flags", noun: "flag", about: "What members found wrong with replies.", order: "at, id",
		fields: []field{id("Id of the flag."), to("reply", "reply_id", "reply", "Which reply."), to("member", "member_id", "member", "Whose."), word("reason", "What is wrong.", "spam", "abuse", "offtopic", "illegal", "other"),
			say("note", "In their words."), at("at", "When."), at("settled_at", "When the team had looked."), {name: "agreed", kind: flag, about: "The team saw it the same way."}}},
	{name: "decision", file: "decisions", noun: "decision", about: "What the team decided about replies, and why.", order: "at, id",
		fields: []field{id("Id of the decision."), to("reply", "reply_id", "reply", "About which reply."), word("act", "What was decided.", "hidden", "restored", "approved", "declined", "kept"), say("rule", "Of the guidelines, in their words."),
			say("reason", "As its author and its readers see it."), say("excerpt", "Of what it was about, as it then stood."), num("revision", "Of the reply."), by("account", "account_id", "Whose decision it is."), at("at", "When.")}},
	{name: "crossing", file: "crossings", noun: "crossing", about: "Messages of networks that became topics, and whether the answer went back.", order: "created_at, id",
		fields: []field{id("Id of the crossing."), to("channel", "channel_id", "channel", "Where it was said."), to("conversation", "conversation_id", "conversation", "In which conversation."), to("message", "message_id", "message", "Which message."),
			to("topic", "topic_id", "topic", "The topic that it became."), by("account", "account_id", "Who made the topic of it."), {name: "back", kind: flag, about: "The accepted answer goes back by itself."},
			word("state", "Where it stands.", "open", "going", "returned", "failed"), say("why", "Why the answer could not go back."), to("reply", "reply_id", "reply", "The answer that was accepted."), to("post", "post_id", "post", "The reply that carries it back."),
			to("told", "told_id", "post", "The reply that told of the topic."), at("created_at", "When the topic was made."), at("solved_at", "When an answer was accepted."), at("returned_at", "When it went back.")}},
	{name: "document", file: "documents", noun: "document", about: "The pages everybody can read, in all their versions, as Markdown.", order: "name, version",
		fields: []field{word("name", "Which page.", "guidelines", "terms", "privacy", "imprint"), num("version", "From 1."), say("text", "What it says, as Markdown."), {name: "binding", kind: flag, about: "Members accept it anew."},
			by("account", "account_id", "Who wrote it."), at("at", "When.")},
		left: map[string]string{"html": derived}},
	{name: "acceptance", file: "acceptances", noun: "acceptance", about: "Which member accepted which version of a page.", order: "member_id, name, version",
		fields: []field{to("member", "member_id", "member", "Who."), word("name", "Which page.", "guidelines", "terms", "privacy", "imprint"), num("version", "Which version."), at("at", "When.")}},
	{name: "link", file: "links", noun: "link", about: "Short addresses, and where they lead.", order: "created_at, id",
		fields: []field{id("Id of the link."), {name: "code", kind: text, about: "Its address below the community's: /l/{code}.", need: true}, {name: "target", kind: text, about: "A path of the community, or an https address.", need: true},
			say("source", "Where it is shared."), say("campaign", "What for."), maybe("post", "post_id", "post", "The post that holds it."), maybe("channel", "channel_id", "channel", "For which channel; missing: any other."),
			maybe("topic", "topic_id", "topic", "The topic it promotes."), maybe("reply", "reply_id", "reply", "The answer it promotes."), by("author", "author_id", "Who made it."),
			at("ended_at", "Since when it leads nowhere."), at("created_at", "When it was made.")}},
	{name: "link_day", file: "links_days", noun: "link_day", about: "How often a link was followed on a day.", order: "link_id, day",
		fields: []field{to("link", "link_id", "link", "Which link."), {name: "day", kind: text, about: "The day by the brand's clock: 2026-11-29.", need: true}, num("people", "By people."), num("bots", "By known programs.")}},
	{name: "link_joined", file: "links_joined", noun: "link_joined", about: "Which members came by a link.", order: "member_id",
		fields: []field{to("member", "member_id", "member", "Who."), to("link", "link_id", "link", "By which link."), {name: "day", kind: text, about: "The day they joined, by the brand's clock.", need: true}, at("at", "When.")}},
	{name: "metric", file: "metrics", noun: "metric", about: "What networks counted, as history. What is not there is not known.", order: "subject, name, at",
		fields: []field{{name: "subject", kind: ref, of: "delivery channel", about: "What it was counted of.", need: true}, {name: "name", kind: text, about: "likes, shares, comments, views, followers …", need: true}, at("at", "When."), num("value", "How many.")}},
	{name: "activity", file: "activity", noun: "activity", about: "What happened, for timelines: ids and times, never words.", order: "at, id",
		fields: []field{id("Id of the line."), say("kind", "What happened."), {name: "subject", kind: anything, about: "To what."}, {name: "actor", kind: anything, about: "By whom."}, num("value", "How many."), at("at", "When."),
			{name: "member", column: "member_id", kind: anything, about: "Which member did it; an id that leads nowhere once they left without their name."}, {name: "topic", column: "topic_id", kind: anything, about: "In which topic."},
			{name: "team", kind: flag, about: "They did it as one of the team."}}},
	{name: "audit", file: "log", noun: "audit", about: "What the team did.", order: "at, id",
		fields: []field{id("Id of the line."), by("account", "account_id", "Who did it; missing: Rapport itself."), say("act", "What was done, in the past tense."), {name: "subject", kind: anything, about: "To what."},
			json_("detail", "", "More about it.", like[map[string]string]), say("address", "Where the request came from."), at("at", "When.")},
		left: map[string]string{"area": derived}},
	{name: "access_grant", file: "team", noun: "grant", about: "Who has which role. Whoever is not known where the archive is brought in cannot sign in until they are invited.", order: "created_at, id",
		fields: []field{id("Id of the grant."), {name: "account", column: "account_id", kind: somebody, about: "Who.", need: true}, word("role", "Their role.", "owner", "manager", "strategist", "creator", "analyst", "community", "moderator", "ambassador"),
			json_("channels", "", "Ids of the channels and spaces it is for; missing: all.", like[[]string]), at("ends_at", "When it ends; missing: it does not."), at("created_at", "When it was given.")}},
}

// shownOnly are tables that an archive tells of but that are not brought in.
var shownOnly = []table{
	{name: "api_token", file: "tokens", noun: "token", about: "API tokens by name. They are not brought in: make new ones.", order: "created_at, id",
		fields: []field{id("Id of the token."), say("name", "What used it."), by("account", "account_id", "Who made it."), json_("scopes", "", "What it allowed.", like[[]string]), at("created_at", "When it was made."),
			at("used_at", "When it was last used."), at("expires_at", "When it ends."), at("revoked_at", "When it was revoked."), num("per_minute", "Requests it may make in a minute; missing: as many as the installation allows.")},
		left: map[string]string{"token_hash": secret}},
	{name: "webhook", file: "webhooks", noun: "webhook", about: "Where events were sent to. They are not brought in: set them anew, with new secrets.", order: "created_at, id",
		fields: []field{id("Id of the webhook."), href("url", "", "Its address."), say("about", "The team's words on it."), json_("events", "", "The types it was sent.", like[[]string]), word("state", "active, paused or disabled.", "active", "paused", "disabled"),
			by("account", "account_id", "Who made it."), at("created_at", "When it was made."), at("updated_at", "When it last changed.")},
		left: map[string]string{"secret": secret, "old_secret": secret, "old_until": sending, "failing_at": sending, "arrived_at": sending, "reason": sending}},
}

// notInArchive are the tables with rows of a brand that are in no archive,
// each with the reason.
var notInArchive = map[string]string{
	"brand_export":      "archives that were made here",
	"digest":            "how accounts of this installation want their mail",
	"digest_item":       "mail that this installation is about to write",
	"invitation":        "invitations to this installation, with what opens it",
	"news_choice":       "how accounts of this installation want to be told",
	"post_presence":     "who has a post open in this minute",
	"webhook_call":      "what this installation sent to others; it is kept for a month only",
	"channel_log":       "what went on between this installation and the networks; it is kept for a short time only",
	"feed":              "how far this installation read each channel",
	"idempotency":       "the API's answers of the last 24 hours",
	"letter":            "mail that this installation wrote, with its own addresses in it",
	"notification":      "what this installation told its accounts",
	"outbox":            "work under way",
	"presence":          "who looks at a conversation in this minute",
	"search_doc":        "made anew from the rest",
	"activity_fresh":    "work under way",
	"tally":             "made anew from the activity",
	"tally_act":         "made anew from the activity, as far as it is kept",
	"tally_day":         "made anew from the activity, as far as it is kept",
	"tally_member":      "made anew from the activity, as far as it is kept",
	"tally_span":        "made anew from the activity, as far as it is kept",
	"tally_topic":       "made anew from the activity, as far as it is kept",
	"topic_draft":       "what somebody has begun to write",
	"search_missed":     "what strangers typed; made anew",
	"search_missed_day": "the same by the day",
	"search_space":      "made anew from the rest",
	"sign_in":           "sign-ins at networks under way, with secrets",
	"notice":            "what this installation told members",
}

// body reads the parts of a post.
func body(raw []byte) ([]byte, error) { return like[post.Body](raw) }

package notify

import (
	"rapport/internal/access"
)

// Choice is where an account hears of a topic.
type Choice struct {
	Studio bool // in its list of notifications
	Mail   bool // in a letter of its own, at once
	Digest bool // in the next digest
}

// Topic is a kind of news that an account can choose for itself: a row of the
// matrix.
type Topic struct {
	ID     string
	Title  string // in English, as the catalog has it
	Help   string
	Events []string // that bring it
	// For is what an account must be allowed to meet such news at all. All is
	// what one must be allowed to be told without being meant in person; "" if
	// only those are told whom it concerns.
	For, All access.Action
	usual    func(access.Role) Choice
}

// Usual is the choice of a role that has made none.
func (t Topic) Usual(r access.Role) Choice { return t.usual(r) }

func atOnce(access.Role) Choice { return Choice{Studio: true, Mail: true} }
func later(access.Role) Choice  { return Choice{Studio: true, Digest: true} }
func quiet(access.Role) Choice  { return Choice{Studio: true} }
func digest(access.Role) Choice { return Choice{Digest: true} }

// Topics are all rows of the matrix, in its order. A teller needs one.
var Topics = []Topic{
	{"mention", "Somebody names you", "In a comment on a post or in a note on a conversation.",
		[]string{"comment.mentioned", "conversation.mentioned"}, access.BrandRead, "", atOnce},
	{"comment", "Comments on your posts", "And on those where you have said something.",
		[]string{"comment.added"}, access.PostRead, "", later},
	{"review.asked", "A post waits for your approval", "Also when its time comes near, or has passed.",
		[]string{"post.submitted", "approval.reminder", "approval.overdue"}, access.PostRead, "", atOnce},
	{"review.said", "What became of your post in review", "Approved, sent back, or with a suggestion.",
		[]string{"post.approved", "post.sent_back", "post.suggested"}, access.PostWrite, "", atOnce},
	{"task.assigned", "You are given a task", "",
		[]string{"task.assigned"}, access.BrandRead, "", atOnce},
	{"task.due", "A task of yours is due", "",
		[]string{"task.due"}, access.BrandRead, "", atOnce},
	{"conversation.assigned", "You are given a conversation", "",
		[]string{"conversation.assigned"}, access.ConversationWrite, "", atOnce},
	{"conversation.woke", "A conversation you put off is back", "",
		[]string{"conversation.woke"}, access.ConversationWrite, "", atOnce},
	{"conversation.waiting", "Somebody has waited for a day", "In a conversation that nobody has answered.",
		[]string{"conversation.waiting"}, access.ConversationReply, access.ConversationReply, digest},
	{"delivery.rejected", "A network refused a post", "Of yours, or any where you may decide.",
		[]string{"delivery.rejected"}, access.PostWrite, access.DeliveryResolve, atOnce},
	{"delivery.unknown", "A post may or may not be out", "Of yours, or any where you may decide.",
		[]string{"delivery.unknown"}, access.PostWrite, access.DeliveryResolve, atOnce},
	{"delivery.missed", "A post was not sent in time", "Of yours, or any where you may decide.",
		[]string{"delivery.missed"}, access.PostWrite, access.DeliveryResolve, atOnce},
	{"channel.attention", "A channel must be connected again", "",
		[]string{"channel.attention"}, access.ChannelWrite, access.ChannelWrite, atOnce},
	{"webhook.disabled", "A webhook is switched off", "Because its receiver does not answer any more.",
		[]string{"webhook.disabled"}, access.WebhookWrite, access.WebhookWrite, atOnce},
	{"handover.written", "A new handover note", "What the next shift must know.",
		[]string{"handover.written"}, access.BrandRead, access.BrandRead, quiet},
}

// told reports whether something in the program brings the topic.
func (t Topic) told() bool {
	for _, e := range t.Events {
		if _, ok := tellers[e]; ok {
			return true
		}
	}
	return false
}

// topicOf is the topic of an event.
func topicOf(event string) (Topic, bool) {
	for _, t := range Topics {
		for _, e := range t.Events {
			if e == event {
				return t, true
			}
		}
	}
	return Topic{}, false
}

// TopicNamed is the topic with the id.
func TopicNamed(id string) (Topic, bool) {
	for _, t := range Topics {
		if t.ID == id && t.told() {
			return t, true
		}
	}
	return Topic{}, false
}

// TopicOf is the id of the topic that an event's news belong to; "" for one
// that has none any more.
func TopicOf(event string) string {
	t, _ := topicOf(event)
	return t.ID
}

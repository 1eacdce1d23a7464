package commons

import (
	"context"
	"slices"
	"strconv"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/space"
	"rapport/internal/topic"
)

func topicTitle(ctx context.Context, t topic.Topic) string {
	if t.Title == "" {
		return i18n.T(ctx, "Erased topic")
	}
	return t.Title
}

// anchor is where links to a reply lead on its page.
func anchor(r *topic.Shown) string {
	if r.Number < 0 {
		return "w" + strconv.FormatInt(-r.Number, 10)
	}
	return strconv.FormatInt(r.Number, 10)
}

func feeling(name string) topic.Feeling {
	for _, f := range topic.Feelings {
		if f.Name == name {
			return f
		}
	}
	return topic.Feeling{Name: name, Sign: "·", Word: "Reaction"}
}

func reactionLabel(ctx context.Context, r topic.Reaction) string {
	return i18n.T(ctx, "{{.Word}}: {{.Number}}", "Word", i18n.T(ctx, feeling(r.Feeling).Word), "Number", i18n.Number(ctx, r.Count))
}

// kept is when the draft was kept that stands in the form, 0 where none does.
func (tv *topicView) kept() db.Time {
	if tv.Draft.Text == "" || tv.Form.Raw("text") != tv.Draft.Text {
		return 0
	}
	return tv.Draft.At
}

func (tv *topicView) mine(r *topic.Shown, feeling string) bool {
	return slices.Contains(tv.Felt[r.ID], feeling)
}

// mayReact, mayAccept and mayReply only choose what is offered: the domain
// decides.
func (tv *topicView) mayReact(r *topic.Shown) bool {
	return tv.speaks() && r.By.ID != tv.Voice.Member.ID && tv.Topic.State == topic.Live && (tv.Space.ClosedAt == 0 || tv.moderates(tv.Space.ID))
}

func (tv *topicView) mayAccept(r *topic.Shown) bool {
	return tv.speaks() && tv.Space.Kind == space.Questions && r.Number > 1 && tv.Topic.State == topic.Live &&
		(tv.Topic.Author == tv.Voice.Member.ID || tv.moderates(tv.Space.ID))
}

func (tv *topicView) mayReply() bool {
	return tv.speaks() && tv.Topic.State == topic.Live && (tv.Topic.ClosedAt == 0 && tv.Space.ClosedAt == 0 || tv.moderates(tv.Space.ID))
}

// writes names what stands where one replies, so that it is changed only where
// it becomes something else. A form in which somebody may be writing stays when
// there is something new to accept: sending it asks.
func (tv *topicView) writes(ctx context.Context) string {
	if tv.mayReply() {
		return "form"
	}
	return tv.barred(ctx)
}

// barred says what stands in the way of replying.
func (tv *topicView) barred(ctx context.Context) string {
	switch {
	case tv.Topic.State != topic.Live:
		return i18n.T(ctx, "Nobody can reply here now.")
	case tv.Topic.ClosedAt > 0:
		return i18n.T(ctx, "This topic is closed.")
	case tv.Space.ClosedAt > 0:
		return i18n.T(ctx, "This space is closed.")
	}
	return fault.Say(ctx, tv.Voice.Speaks(tv.Now))
}

// formShown reports whether the form of a reply stands on the page: not while
// there is something to accept first, unless what was typed stands in it.
func (tv *topicView) formShown() bool { return tv.mayReply() && (len(tv.Owed) == 0 || tv.Typed) }

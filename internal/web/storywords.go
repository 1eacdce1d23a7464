package web

import (
	"context"

	"rapport/internal/delivery"
	"rapport/internal/i18n"
	"rapport/internal/publish"
	"rapport/internal/web/ui"
)

type happening struct {
	text, icon string
	tone       ui.Tone
}

// happenings say what an event was; {{.Network}} is where, {{.Part}} of
// {{.Parts}} which.
var happenings = map[string]happening{
	"scheduled": {"Scheduled", "calendar", ui.Info},
	"claimed":   {"Its time came and the work began", "play", ui.Quiet},
	"preparing": {"Pictures and text are handed over", "cloud-upload", ui.Quiet},
	"sending":   {"Sent to {{.Network}}", "send", ui.Wait},
	"pending":   {"{{.Network}} has it and is working on it", "hourglass", ui.Wait},
	"published": {"Published", "circle-check", ui.Good},
	"removed":   {"Taken down", "trash-2", ui.Quiet},
	"rejected":  {"{{.Network}} refused it", "circle-x", ui.Bad},
	"unknown":   {"Nobody can tell whether it is out", "circle-help", ui.Warn},
	"missed":    {"Its time passed and it was not sent", "clock-alert", ui.Warn},
	"cancelled": {"Taken off the plan", "ban", ui.Quiet},
	"moved":     {"Moved to another time", "calendar", ui.Info},
	"edited":    {"Edited", "pencil", ui.Quiet},
	"held":      {"Waits behind the hold", "octagon-pause", ui.Warn},
	"returned":  {"Not sent; tried again later", "rotate-ccw", ui.Wait},
	"not sent":  {"Certainly not sent; tried again", "rotate-ccw", ui.Wait},
	"throttled": {"{{.Network}} asked to wait", "hourglass", ui.Wait},
	"unclear":   {"The answer was lost", "circle-help", ui.Warn},
	"looked":    {"Looked on {{.Network}}", "eye", ui.Quiet},
	"doubted":   {"The database was restored, so {{.Network}} is asked first", "history", ui.Warn},
	"part out":  {"Out", "check", ui.Good},
	"not ready": {"{{.Network}} is still working on the pictures", "hourglass", ui.Wait},
	"resolved":  {"Decided by a person", "check", ui.Good},
}

// happened puts an event into words.
func happened(ctx context.Context, e delivery.Event, network string, parts int) happening {
	h, ok := happenings[e.What]
	if !ok {
		h = happening{e.What, "circle", ui.Quiet}
	}
	h.text = i18n.T(ctx, h.text, "Network", network)
	if e.Part >= 0 && parts > 1 {
		h.text = i18n.T(ctx, "Part {{.Part}} of {{.Parts}}: {{.What}}", "Part", e.Part+1, "Parts", parts, "What", h.text)
	}
	return h
}

// choiceView is a decision that a person may take, with what follows from it.
type choiceView struct {
	Choice      publish.Choice
	Label       string
	Consequence string
	Icon        string
	Danger      bool
}

// choices are what fits the delivery, the most likely first.
func (p *Pages) choices(ctx context.Context, l deliveryLine) []choiceView {
	var out []choiceView
	for _, c := range publish.Choices(l.Delivery) {
		if c == publish.RemoveAll && !p.removable(l.Channel.Network) {
			continue
		}
		out = append(out, choiceWords(ctx, c, l))
	}
	return out
}

func choiceWords(ctx context.Context, c publish.Choice, l deliveryLine) choiceView {
	v := choiceView{Choice: c}
	where := []any{"Network", l.Title, "Channel", l.Channel.Handle}
	switch c {
	case publish.ItIsOut:
		v.Label, v.Icon = i18n.T(ctx, "It is out"), "check"
		v.Consequence = i18n.T(ctx, "You saw it on {{.Channel}}. It counts as published and nothing more is sent.", where...)
	case publish.SendAgain:
		v.Label, v.Icon = i18n.T(ctx, "Send it again"), "send"
		v.Consequence = i18n.T(ctx, "You looked and it is not on {{.Channel}}. If it is there after all, it will be there twice.", where...)
		switch l.State {
		case delivery.Missed:
			v.Label, v.Consequence = i18n.T(ctx, "Send now"), i18n.T(ctx, "It goes out at once, later than planned.")
		case delivery.Rejected:
			v.Label, v.Consequence = i18n.T(ctx, "Try again"), i18n.T(ctx, "It is sent at once as it stands. Edit it first if {{.Network}} did not like something in it.", where...)
		}
	case publish.Later:
		v.Label, v.Icon, v.Consequence = i18n.T(ctx, "Give it a new time"), "calendar", i18n.T(ctx, "It waits for that time.")
	case publish.Continue:
		v.Label, v.Icon = i18n.T(ctx, "Send the rest"), "send"
		v.Consequence = i18n.T(ctx, "The parts that are out stay; the others follow now.")
		if l.State == delivery.Unknown {
			v.Consequence = i18n.T(ctx, "You looked and the part in doubt is not on {{.Channel}}. It follows now with the rest; if it is there after all, it will be there twice.", where...)
		}
	case publish.RemoveAll:
		v.Label, v.Icon, v.Danger = i18n.T(ctx, "Take down what is out"), "trash-2", true
		v.Consequence = i18n.T(ctx, "It disappears from {{.Channel}}. This cannot be undone.", where...)
	case publish.Leave:
		v.Label, v.Icon = i18n.T(ctx, "Leave it as it is"), "check"
		v.Consequence = i18n.T(ctx, "What is out stays and nothing more is sent.")
	case publish.Drop:
		v.Label, v.Icon = i18n.T(ctx, "Drop it"), "ban"
		v.Consequence = i18n.T(ctx, "It is not sent to {{.Channel}}. The post stays here.", where...)
	}
	return v
}

// decided says what a decision did.
func decided(ctx context.Context, c publish.Decision, d delivery.Delivery) string {
	switch c.Choice {
	case publish.ItIsOut:
		return i18n.T(ctx, "Noted: it is out.")
	case publish.Later:
		return i18n.T(ctx, "It goes out {{.Time}}.", "Time", i18n.DateTime(ctx, d.DueAt.Time()))
	case publish.SendAgain, publish.Continue:
		return i18n.T(ctx, "It goes out now.")
	case publish.RemoveAll:
		return i18n.T(ctx, "Taken down.")
	case publish.Leave:
		return i18n.T(ctx, "Left as it is.")
	}
	return i18n.T(ctx, "Dropped. Nothing is sent.")
}

// postState is how a post is shown in a list: as its deliveries stand, the one
// that needs a person first, or as a draft.
func postState(state string, ds []delivery.Delivery, held bool) ui.State {
	best, rank := "", -1
	for _, d := range ds {
		if n := urgency(d); n > rank {
			best, rank = string(d.State), n
		}
	}
	switch {
	case best == "" || rank == 0 && state != "approved":
		return ui.PostState(state)
	case best == string(delivery.Scheduled) && held:
		return ui.DeliveryState("held")
	}
	return ui.DeliveryState(best)
}

func urgency(d delivery.Delivery) int {
	switch {
	case d.State.NeedsPerson():
		return 4
	case d.State.Busy():
		return 3
	case d.State == delivery.Scheduled:
		return 2
	case d.State == delivery.Published || d.State == delivery.Removed:
		return 1
	}
	return 0
}

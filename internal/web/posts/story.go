package posts

import (
	"context"

	"rapport/internal/delivery"
	"rapport/internal/i18n"
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

package studio

import (
	"context"

	"rapport/internal/delivery"
	"rapport/internal/i18n"
	"rapport/internal/network"
	"rapport/internal/publish"
)

// ChoiceView is a decision that a person may take, with what follows from it.
type ChoiceView struct {
	Choice      publish.Choice
	Label       string
	Consequence string
	Icon        string
	Danger      bool
}

// removable reports whether the network lets programs take a post down.
func (s *Studio) removable(networkName string) bool {
	n, err := s.Networks.Named(networkName)
	if err != nil {
		return false
	}
	_, can := n.(network.Remover)
	return can
}

// Choices are what fits the delivery, the most likely first.
func (s *Studio) Choices(ctx context.Context, l DeliveryLine) []ChoiceView {
	var out []ChoiceView
	for _, c := range publish.Choices(l.Delivery) {
		if c == publish.RemoveAll && !s.removable(l.Channel.Network) {
			continue
		}
		out = append(out, choiceWords(ctx, c, l))
	}
	return out
}

func choiceWords(ctx context.Context, c publish.Choice, l DeliveryLine) ChoiceView {
	v := ChoiceView{Choice: c}
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

// Decided says what a decision did.
func Decided(ctx context.Context, c publish.Decision, d delivery.Delivery) string {
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

package notify

import (
	"context"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/i18n"
	"rapport/internal/outbox"
	"rapport/internal/post"
)

// tellers turn an event into words, by its kind. Zero news is nothing to tell.
var tellers = map[string]func(n *Notifier, ctx context.Context, q db.Queryer, e outbox.Event) (news, error){
	"delivery.rejected": (*Notifier).delivery,
	"delivery.unknown":  (*Notifier).delivery,
	"delivery.missed":   (*Notifier).delivery,
	"channel.attention": (*Notifier).attention,
	"webhook.disabled":  (*Notifier).webhook,

	"conversation.mentioned": (*Notifier).mentioned,
	"conversation.assigned":  (*Notifier).assigned,
	"conversation.woke":      (*Notifier).woke,
	"conversation.waiting":   (*Notifier).waiting,

	"comment.mentioned": (*Notifier).namedIn,
	"comment.added":     (*Notifier).commented,
	"task.assigned":     (*Notifier).given,
	"task.due":          (*Notifier).due,
	"handover.written":  (*Notifier).handedOver,
}

// words are the three things to say of a delivery beside its reason.
type words struct{ title, kept, next string }

var deliveryWords = map[string]words{
	"delivery.rejected": {
		"{{.Channel}} refused “{{.Post}}”",
		"It is not out there. What you wrote is kept as it is.",
		"Open the post to change it and try again, or to drop it.",
	},
	"delivery.unknown": {
		"“{{.Post}}” may or may not be out on {{.Channel}}",
		"It will not be sent again until somebody has looked.",
		"Look at the channel, then open the post and say whether it is out.",
	},
	"delivery.missed": {
		"“{{.Post}}” was not sent to {{.Channel}}",
		"Its time has passed and it was not sent late. What you wrote is kept as it is.",
		"Open the post to send it now, to choose another time, or to drop it.",
	},
}

// delivery tells of a delivery that waits for a person.
func (n *Notifier) delivery(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	var data struct{ Reason string }
	if err := e.Read(&data); err != nil {
		return news{}, err
	}
	d, err := delivery.ByID(ctx, q, e.Brand, e.Subject)
	if err != nil {
		return news{}, err
	}
	if e.Kind != "delivery."+string(d.State) {
		return news{}, nil // somebody was faster
	}
	c, err := channel.ByID(ctx, q, access.System(), e.Brand, d.Channel)
	if err != nil {
		return news{}, err
	}
	p, err := post.ByID(ctx, q, access.System(), e.Brand, d.Post)
	if err != nil {
		return news{}, err
	}
	w := deliveryWords[e.Kind]
	out := news{href: "/posts/" + d.Post, author: d.Author, channel: d.Channel}
	out.Title = i18n.T(ctx, w.title, "Channel", n.label(c), "Post", short(ctx, p.Excerpt))
	out.Action = i18n.T(ctx, "Open the post")
	out.Lines = nonEmpty(i18n.Kept(data.Reason).In(ctx), kept(ctx, d, w), i18n.T(ctx, w.next))
	if d.Kind == delivery.KindReply {
		out.href, out.Action = "/inbox/"+p.Conversation, i18n.T(ctx, "Open the conversation")
		out.Lines = nonEmpty(i18n.Kept(data.Reason).In(ctx), kept(ctx, d, w), i18n.T(ctx, "Open the conversation and decide beside the answer."))
	}
	return out, nil
}

// kept says what is safe. Of a thread, what is out stays out.
func kept(ctx context.Context, d delivery.Delivery, w words) string {
	text := w.kept
	switch out := d.Out(); {
	case out > 0 && d.State == delivery.Unknown:
		text = "{{.Out}} of {{.All}} parts are out, the next one is in doubt, and the rest waits."
	case out > 0:
		text = "{{.Out}} of {{.All}} parts are out and stay there; the others were not sent."
	}
	return i18n.T(ctx, text, "Out", d.Out(), "All", len(d.Parts))
}

// attention tells of a channel that only a person can mend.
func (n *Notifier) attention(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	var data struct{ Reason string }
	if err := e.Read(&data); err != nil {
		return news{}, err
	}
	c, err := channel.ByID(ctx, q, access.System(), e.Brand, e.Subject)
	if err != nil {
		return news{}, err
	}
	if c.State != channel.StateAttention {
		return news{}, nil
	}
	out := news{href: "/channels", channel: c.ID, needs: access.ChannelRead}
	out.Title = i18n.T(ctx, "Connect {{.Channel}} again", "Channel", n.label(c))
	out.Action = i18n.T(ctx, "Open the channels")
	out.Lines = nonEmpty(i18n.Kept(data.Reason).In(ctx),
		i18n.T(ctx, "Until then nothing goes out there. What is scheduled waits, and is marked as missed rather than sent late."),
		i18n.T(ctx, "Connect the same account again; everything that belongs to the channel stays as it is."))
	return out, nil
}

// label names a channel: "@acme (Mastodon)".
func (n *Notifier) label(c channel.Channel) string {
	title := c.Network
	if known, err := n.Networks.Named(c.Network); err == nil {
		title = known.Facts().Title
	}
	return c.Handle + " (" + title + ")"
}

const shortRunes = 60

func short(ctx context.Context, excerpt string) string {
	runes := []rune(excerpt)
	if len(runes) == 0 {
		return i18n.T(ctx, "A post without text")
	}
	if len(runes) <= shortRunes {
		return excerpt
	}
	return string(runes[:shortRunes-1]) + "…"
}

func nonEmpty(lines ...string) []string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}

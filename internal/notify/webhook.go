package notify

import (
	"context"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/i18n"
	"rapport/internal/outbox"
	"rapport/internal/webhook"
)

// webhook tells the owners that events are no longer sent to an address.
func (n *Notifier) webhook(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	w, err := webhook.ByID(ctx, q, access.System(), e.Brand, e.Subject)
	if err != nil || w.State != webhook.Disabled {
		return news{}, err
	}
	out := news{href: "/settings/webhooks/" + w.ID}
	out.Title = i18n.T(ctx, "The webhook to {{.Host}} is switched off", "Host", w.Host())
	out.Action = i18n.T(ctx, "Open the webhook")
	out.Lines = nonEmpty(i18n.T(ctx, w.Reason),
		i18n.T(ctx, "Nothing more is sent there. What failed is kept in its log for 30 days."),
		i18n.T(ctx, "When the receiver works again, resume it and send again what is missing."))
	return out, nil
}

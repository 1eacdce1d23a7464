package notify

import (
	"cmp"
	"context"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/outbox"
)

// mentioned tells those whom a note names.
func (n *Notifier) mentioned(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	var data conversation.Mentioned
	if err := e.Read(&data); err != nil {
		return news{}, err
	}
	out, by, err := n.about(ctx, q, e, data.By, data.Accounts)
	if err != nil {
		return news{}, err
	}
	out.Title = i18n.T(ctx, "{{.Name}} names you in a note", "Name", by)
	return out, nil
}

// assigned tells the account that looks after a conversation from now on.
func (n *Notifier) assigned(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	var data struct{ Account, By string }
	if err := e.Read(&data); err != nil {
		return news{}, err
	}
	out, by, err := n.about(ctx, q, e, data.By, []string{data.Account})
	if err != nil {
		return news{}, err
	}
	out.Title = i18n.T(ctx, "{{.Name}} gave you a conversation", "Name", by)
	return out, nil
}

// woke tells the account that looks after a conversation that was put off.
func (n *Notifier) woke(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	var data struct{ Account string }
	if err := e.Read(&data); err != nil {
		return news{}, err
	}
	out, _, err := n.about(ctx, q, e, "", []string{data.Account})
	if err != nil {
		return news{}, err
	}
	out.Title = i18n.T(ctx, "A conversation that you put off is back")
	return out, nil
}

// about is the news of a conversation for some accounts, and the name of who
// caused it. Nobody is told of what they did themselves.
func (n *Notifier) about(ctx context.Context, q db.Queryer, e outbox.Event, by string, accounts []string) (news, string, error) {
	c, err := conversation.ByID(ctx, q, access.System(), e.Brand, e.Subject)
	if err != nil {
		return news{}, "", err
	}
	out := news{href: "/inbox/" + c.ID, channel: c.Channel, only: []string{}, needs: access.ConversationRead}
	for _, id := range accounts {
		if id != "" && id != by {
			out.only = append(out.only, id)
		}
	}
	out.Action = i18n.T(ctx, "Open the conversation")
	out.Lines = nonEmpty(c.Excerpt)
	name, err := nameOf(ctx, q, by)
	return out, name, err
}

// nameOf is what an account is called.
func nameOf(ctx context.Context, q db.Queryer, id string) (string, error) {
	a, err := account.ByID(ctx, q, id)
	if fault.Is(err, fault.NotFound) {
		return i18n.T(ctx, "Somebody"), nil
	}
	return a.Name, err
}

// waiting tells of somebody who has waited for an answer for a day: who looks
// after the conversation, else all who may answer.
func (n *Notifier) waiting(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	c, err := conversation.ByID(ctx, q, access.System(), e.Brand, e.Subject)
	if err != nil || c.WaitingSince == 0 || c.State == conversation.StateDone {
		return news{}, err
	}
	out := news{href: "/inbox/" + c.ID, channel: c.Channel, needs: access.ConversationRead}
	if c.Assignee != "" {
		out.only = []string{c.Assignee}
	}
	out.Title = i18n.T(ctx, "{{.Name}} has waited for an answer for a day", "Name", cmp.Or(c.From.Name, c.From.Handle, i18n.T(ctx, "Somebody")))
	out.Action = i18n.T(ctx, "Open the conversation")
	out.Lines = nonEmpty(c.Excerpt)
	return out, nil
}

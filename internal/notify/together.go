package notify

import (
	"context"
	"strings"

	"rapport/internal/access"
	"rapport/internal/comment"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/handover"
	"rapport/internal/i18n"
	"rapport/internal/outbox"
	"rapport/internal/task"
)

// namedIn tells those whom a comment names.
func (n *Notifier) namedIn(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	out, by, err := n.comment(ctx, q, e)
	if out.only != nil {
		out.Title = i18n.T(ctx, "{{.Name}} names you in a comment", "Name", by)
	}
	return out, err
}

// commented tells who has to do with a post that there is a comment.
func (n *Notifier) commented(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	out, by, err := n.comment(ctx, q, e)
	if out.only != nil {
		out.Title = i18n.T(ctx, "{{.Name}} commented on a post", "Name", by)
	}
	return out, err
}

// comment is the news of a comment that still stands, and who wrote it.
func (n *Notifier) comment(ctx context.Context, q db.Queryer, e outbox.Event) (news, string, error) {
	var data comment.Added
	if err := e.Read(&data); err != nil {
		return news{}, "", err
	}
	c, err := comment.ByID(ctx, q, access.System(), e.Brand, data.Comment)
	if err != nil || c.RemovedAt > 0 || len(data.Accounts) == 0 {
		return news{}, "", err
	}
	out := news{href: "/posts/" + c.Post + "#comment-" + c.ID, only: data.Accounts, but: data.By, needs: access.PostRead}
	out.Action = i18n.T(ctx, "Open the comment")
	out.Lines = nonEmpty(c.Text)
	name, err := nameOf(ctx, q, data.By)
	return out, name, err
}

// given tells the account that a task was given to.
func (n *Notifier) given(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	out, data, err := n.task(ctx, q, e)
	if err != nil || out.only == nil {
		return out, err
	}
	by, err := nameOf(ctx, q, data.By)
	out.Title = i18n.T(ctx, "{{.Name}} gave you a task: {{.Task}}", "Name", by, "Task", out.Title)
	out.but = data.By
	return out, err
}

// due tells the account that a task of theirs is due.
func (n *Notifier) due(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	out, _, err := n.task(ctx, q, e)
	if err == nil && out.only != nil {
		out.Title = i18n.T(ctx, "Due now: {{.Task}}", "Task", out.Title)
	}
	return out, err
}

// task is the news of a task that is still to do, for whom it is meant, with
// its title as title. One that was given on meanwhile is told no more.
func (n *Notifier) task(ctx context.Context, q db.Queryer, e outbox.Event) (news, task.Assigned, error) {
	var data task.Assigned
	if err := e.Read(&data); err != nil {
		return news{}, data, err
	}
	t, err := task.ByID(ctx, q, access.System(), e.Brand, e.Subject)
	if err != nil || t.DoneAt > 0 || t.Assignee == "" || t.Assignee != data.Account {
		return news{}, data, err
	}
	out := news{href: "/tasks/" + t.ID, only: []string{t.Assignee}, needs: access.BrandRead}
	out.Title = t.Title
	out.Action = i18n.T(ctx, "Open the task")
	out.Lines = nonEmpty(t.Note)
	if t.DueAt > 0 {
		out.Lines = append(out.Lines, i18n.T(ctx, "Due {{.Time}}", "Time", i18n.DateTime(ctx, t.DueAt.Time())))
	}
	return out, data, nil
}

// handedOver tells the team of a new handover note.
func (n *Notifier) handedOver(ctx context.Context, q db.Queryer, e outbox.Event) (news, error) {
	all, _, err := handover.List(ctx, q, access.System(), e.Brand, db.Page{Limit: 1})
	if err != nil || len(all) == 0 || all[0].ID != e.Subject {
		return news{}, err // there is a newer one
	}
	by, err := nameOf(ctx, q, all[0].Account)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return news{}, err
	}
	out := news{href: "#handover", but: all[0].Account, needs: access.BrandRead}
	out.Title = i18n.T(ctx, "{{.Name}} left a handover note", "Name", by)
	out.Action = i18n.T(ctx, "Read it")
	out.Lines = nonEmpty(strings.Split(all[0].Text, "\n\n")...)
	return out, nil
}

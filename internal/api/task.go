package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/handover"
	"rapport/internal/task"
)

// Task is what somebody of the team is to do.
type Task struct {
	ID          string     `json:"id"`
	Title       string     `json:"title"`
	Note        string     `json:"note,omitempty"`
	Assignee    string     `json:"assignee,omitempty" doc:"Account. Missing: nobody yet."`
	SubjectKind string     `json:"subject_kind,omitempty" enum:"post,conversation"`
	Subject     string     `json:"subject,omitempty" doc:"Id of what it is about."`
	DueAt       *time.Time `json:"due_at,omitempty"`
	DoneAt      *time.Time `json:"done_at,omitempty"`
	DoneBy      string     `json:"done_by,omitempty"`
	Author      string     `json:"author"`
	Revision    int64      `json:"revision" doc:"Grows with every change."`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
}

func taskView(t task.Task) Task {
	return Task{ID: t.ID, Title: t.Title, Note: t.Note, Assignee: t.Assignee, SubjectKind: t.Kind, Subject: t.Subject, DueAt: moment(t.DueAt), DoneAt: moment(t.DoneAt),
		DoneBy: t.DoneBy, Author: t.Author, Revision: t.Revision, CreatedAt: t.CreatedAt.Time(), UpdatedAt: t.UpdatedAt.Time()}
}

// Handover is what one shift tells the next.
type Handover struct {
	ID      string    `json:"id"`
	Account string    `json:"account" doc:"Who wrote it."`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
	Seen    []Reader  `json:"seen" nullable:"false" doc:"Who said that they have read it."`
}

// Reader is somebody who has read something.
type Reader struct {
	Account string    `json:"account"`
	At      time.Time `json:"at"`
}

func handoverView(h handover.Handover) Handover {
	out := Handover{ID: h.ID, Account: h.Account, Text: h.Text, At: h.At.Time(), Seen: make([]Reader, len(h.Seen))}
	for i, s := range h.Seen {
		out.Seen[i] = Reader{s.Account, s.At.Time()}
	}
	return out
}

type taskQuery struct {
	Paging
	Assignee string `query:"assignee" maxLength:"64" doc:"Account."`
	Subject  string `query:"subject" maxLength:"64" doc:"Id of a post or a conversation."`
	Overdue  bool   `query:"overdue"`
	Done     bool   `query:"done" doc:"What is done, the last first. Else what is to do, the first due first."`
}

type newTask struct {
	Body struct {
		Title       string     `json:"title" maxLength:"200"`
		Note        string     `json:"note,omitempty" maxLength:"4000"`
		Assignee    string     `json:"assignee,omitempty" maxLength:"64" doc:"Somebody who may see the subject."`
		SubjectKind string     `json:"subject_kind,omitempty" enum:"post,conversation"`
		Subject     string     `json:"subject,omitempty" maxLength:"64"`
		DueAt       *time.Time `json:"due_at,omitempty"`
	}
}

type taskChange struct {
	Addressed
	Body struct {
		Revision int64      `json:"revision" doc:"The one you saw."`
		Title    *string    `json:"title,omitempty" maxLength:"200"`
		Note     *string    `json:"note,omitempty" maxLength:"4000"`
		Assignee *string    `json:"assignee,omitempty" maxLength:"64" doc:"Empty: nobody."`
		DueAt    *time.Time `json:"due_at,omitempty"`
		Whenever bool       `json:"whenever,omitempty" doc:"Takes the time away."`
	}
}

type newHandover struct {
	Body struct {
		Text   string `json:"text" maxLength:"4000"`
		Latest string `json:"latest,omitempty" maxLength:"64" doc:"Id of the newest one you saw. Missing: there was none."`
	}
}

func (a *handler) taskOperations() {
	add(a, op{id: "list-tasks", method: http.MethodGet, path: "/tasks", tag: "Together", title: "List tasks", scope: access.BrandRead}, a.listTasks)
	add(a, op{id: "create-task", example: `{"title":"Ask the printer","due_at":"2026-03-29T09:00:00Z"}`, method: http.MethodPost, path: "/tasks", tag: "Together", title: "Create a task", status: http.StatusCreated, scope: access.TaskWrite}, a.createTask)
	add(a, op{id: "task", method: http.MethodGet, path: "/tasks/{id}", tag: "Together", title: "Read a task", scope: access.BrandRead}, a.task)
	add(a, op{id: "change-task", example: `{"revision":1,"title":"Ask the other printer"}`, method: http.MethodPatch, path: "/tasks/{id}", tag: "Together", title: "Change a task", about: "What is missing stays as it is.", scope: access.TaskWrite}, a.changeTask)
	add(a, op{id: "finish-task", method: http.MethodPost, path: "/tasks/{id}/done", tag: "Together", title: "Say that a task is done", scope: access.TaskWrite}, a.finishTask)
	add(a, op{id: "reopen-task", method: http.MethodPost, path: "/tasks/{id}/reopen", tag: "Together", title: "Say that a task is not done after all", scope: access.TaskWrite}, a.reopenTask)
	add(a, op{id: "delete-task", method: http.MethodDelete, path: "/tasks/{id}", tag: "Together", title: "Delete a task", status: http.StatusNoContent, scope: access.TaskWrite}, a.deleteTask)
	add(a, op{id: "list-handovers", method: http.MethodGet, path: "/handovers", tag: "Together", title: "List handovers", about: "The first one counts.", scope: access.BrandRead}, a.listHandovers)
	add(a, op{id: "hand-over", example: `{"text":"The sale starts at nine."}`, method: http.MethodPost, path: "/handovers", tag: "Together", title: "Leave a handover note", status: http.StatusCreated, scope: access.TaskWrite}, a.handOver)
	add(a, op{id: "see-handover", method: http.MethodPost, path: "/handovers/{id}/seen", tag: "Together", title: "Say that you have read a handover", status: http.StatusNoContent, scope: access.BrandRead}, a.seeHandover)
}

func (a *handler) listTasks(ctx context.Context, c caller, in *taskQuery) (*body[items[Task]], error) {
	page, err := in.page("tasks", c.token.Brand)
	if err != nil {
		return nil, err
	}
	all, next, err := task.List(ctx, a.DB, c.who, c.token.Brand, task.Filter{Assignee: in.Assignee, Subject: in.Subject, Overdue: in.Overdue, Done: in.Done}, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("tasks", c.token.Brand, all, next, taskView), nil
}

func timeOf(t *time.Time) db.Time {
	if t == nil {
		return 0
	}
	return db.At(*t)
}

func (a *handler) createTask(ctx context.Context, c caller, in *newTask) (*body[Task], error) {
	b := in.Body
	t, err := task.Create(ctx, a.DB, c.who, c.token.Brand, b.SubjectKind, b.Subject, task.Input{Title: b.Title, Note: b.Note, Assignee: b.Assignee, DueAt: timeOf(b.DueAt)})
	return answerOf(taskView(t), err)
}

func (a *handler) task(ctx context.Context, c caller, in *Addressed) (*body[Task], error) {
	t, err := task.ByID(ctx, a.DB, c.who, c.token.Brand, in.ID)
	return answerOf(taskView(t), err)
}

func (a *handler) changeTask(ctx context.Context, c caller, in *taskChange) (*body[Task], error) {
	t, err := task.ByID(ctx, a.DB, c.who, c.token.Brand, in.ID)
	if err != nil {
		return nil, err
	}
	to := task.Input{Title: t.Title, Note: t.Note, Assignee: t.Assignee, DueAt: t.DueAt}
	for _, s := range []struct{ from, to *string }{{in.Body.Title, &to.Title}, {in.Body.Note, &to.Note}, {in.Body.Assignee, &to.Assignee}} {
		if s.from != nil {
			*s.to = *s.from
		}
	}
	if in.Body.DueAt != nil || in.Body.Whenever {
		to.DueAt = timeOf(in.Body.DueAt)
	}
	t, err = task.Save(ctx, a.DB, c.who, c.token.Brand, in.ID, in.Body.Revision, to)
	return answerOf(taskView(t), err)
}

func (a *handler) finishTask(ctx context.Context, c caller, in *Addressed) (*body[Task], error) {
	t, err := task.Done(ctx, a.DB, c.who, c.token.Brand, in.ID, true)
	return answerOf(taskView(t), err)
}

func (a *handler) reopenTask(ctx context.Context, c caller, in *Addressed) (*body[Task], error) {
	t, err := task.Done(ctx, a.DB, c.who, c.token.Brand, in.ID, false)
	return answerOf(taskView(t), err)
}

func (a *handler) deleteTask(ctx context.Context, c caller, in *Addressed) (*struct{}, error) {
	return nil, task.Delete(ctx, a.DB, c.who, c.token.Brand, in.ID)
}

type pageQuery struct{ Paging }

func (a *handler) listHandovers(ctx context.Context, c caller, in *pageQuery) (*body[items[Handover]], error) {
	page, err := in.page("handovers", c.token.Brand)
	if err != nil {
		return nil, err
	}
	all, next, err := handover.List(ctx, a.DB, c.who, c.token.Brand, page)
	if err != nil {
		return nil, err
	}
	return itemsOf("handovers", c.token.Brand, all, next, handoverView), nil
}

func (a *handler) handOver(ctx context.Context, c caller, in *newHandover) (*body[Handover], error) {
	h, err := handover.Write(ctx, a.DB, c.who, c.token.Brand, in.Body.Latest, in.Body.Text)
	return answerOf(handoverView(h), err)
}

func (a *handler) seeHandover(ctx context.Context, c caller, in *Addressed) (*struct{}, error) {
	return nil, handover.See(ctx, a.DB, c.who, c.token.Brand, in.ID)
}

// Package task is what somebody of the team is to do, with an assignee and a
// time if wanted, on a post, on a conversation or on nothing in particular. It
// plans no posts and tells nobody: notify does.
package task

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/activity"
	"rapport/internal/audit"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
	"rapport/internal/post"
)

// What a task may be about.
const (
	OnPost         = "post"
	OnConversation = "conversation"
)

// Bounds of its texts, in runes.
const (
	LongestTitle = 200
	LongestNote  = 4000
)

// Task is one row.
type Task struct {
	ID, Brand            string
	Title, Note          string
	Assignee             string // account id; "" nobody yet
	Kind, Subject        string // OnPost or OnConversation and its id; both "" for neither
	DueAt                db.Time
	DoneAt               db.Time // 0 while it is to do
	DoneBy               string
	Author               string
	Revision             int64 // grows with every change
	CreatedAt, UpdatedAt db.Time
	channel              string
	toldAt, deletedAt    db.Time
}

// Deleted reports whether the task can only be restored.
func (t Task) Deleted() bool { return t.deletedAt != 0 }

// Overdue reports whether it should have been done.
func (t Task) Overdue(now db.Time) bool { return t.DoneAt == 0 && t.DueAt > 0 && t.DueAt <= now }

// Input is what a person says of a task.
type Input struct {
	Title    string // one line of 1 to LongestTitle runes
	Note     string // at most LongestNote runes
	Assignee string // somebody who may see the subject, or ""
	DueAt    db.Time
}

// Assigned is the data of the events task.assigned and task.due.
type Assigned struct{ Account, By string }

// Create makes a task about a subject, or about none where kind is "". Whom it
// is given to is told.
func Create(ctx context.Context, d *db.DB, who access.Who, brandID, kind, subject string, in Input) (Task, error) {
	in, err := in.checked()
	if err != nil {
		return Task{}, err
	}
	var t Task
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.TaskWrite); err != nil {
			return err
		}
		t = Task{ID: db.NewID(), Brand: brandID, Kind: kind, Subject: subject, Author: who.Account, Revision: 1, CreatedAt: tx.Now()}
		if err := t.about(ctx, tx, who); err != nil {
			return err
		}
		if err := t.take(ctx, tx, who, in); err != nil {
			return err
		}
		if err := insert(ctx, tx, t); err != nil {
			return err
		}
		err := activity.Record(ctx, tx, activity.Entry{Brand: brandID, Kind: "task.created", Subject: t.ID, Actor: who.Account})
		if err != nil {
			return err
		}
		return acted(ctx, tx, who, t, "task.created")
	})
	return t, err
}

// about looks whether the account may see what the task is about.
func (t *Task) about(ctx context.Context, q db.Queryer, who access.Who) error {
	switch t.Kind {
	case "":
		if t.Subject != "" {
			return fault.OnField("subject", "Say what the task is about: a post or a conversation.")
		}
		return nil
	case OnPost:
		_, err := post.ByID(ctx, q, who, t.Brand, t.Subject)
		return err
	case OnConversation:
		c, err := conversation.ByID(ctx, q, who, t.Brand, t.Subject)
		t.channel = c.Channel
		return err
	}
	return fault.OnField("subject_kind", "A task is about a post, a conversation or nothing.")
}

func (in Input) checked() (Input, error) {
	in.Title = strings.TrimSpace(in.Title)
	in.Note = strings.TrimSpace(strings.ReplaceAll(in.Note, "\r\n", "\n"))
	var wrong []fault.Field
	if in.Title == "" || utf8.RuneCountInString(in.Title) > LongestTitle || unkeepable(in.Title, "") {
		wrong = append(wrong, fault.OnField("title", "Say in one line of at most %d characters what is to be done.", LongestTitle).Fields...)
	}
	if utf8.RuneCountInString(in.Note) > LongestNote || unkeepable(in.Note, "\n\t") {
		wrong = append(wrong, fault.OnField("note", "Shorten the note to %d characters of plain text.", LongestNote).Fields...)
	}
	if in.DueAt < 0 || in.DueAt >= farAway {
		wrong = append(wrong, fault.OnField("due", "Give the day and the time, like 2026-03-29T14:30.").Fields...)
	}
	return in, fault.OnFields(wrong)
}

func unkeepable(text, but string) bool {
	return !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(but, r) })
}

// take puts in what a person said. A new assignee must be able to see the
// subject, and hears of it.
func (t *Task) take(ctx context.Context, tx *db.Tx, who access.Who, in Input) error {
	fresh := in.Assignee != t.Assignee
	if fresh && in.Assignee != "" {
		if err := t.suits(ctx, tx, who, in.Assignee); err != nil {
			return err
		}
	}
	if in.DueAt != t.DueAt || fresh {
		t.toldAt = 0
	}
	t.Title, t.Note, t.Assignee, t.DueAt, t.UpdatedAt = in.Title, in.Note, in.Assignee, in.DueAt, tx.Now()
	if !fresh || in.Assignee == "" || in.Assignee == who.Account {
		return nil
	}
	return outbox.Add(ctx, tx, outbox.Event{Brand: t.Brand, Kind: "task.assigned", Subject: t.ID, Data: Assigned{in.Assignee, who.Account}})
}

func (t *Task) suits(ctx context.Context, q db.Queryer, who access.Who, accountID string) error {
	all, err := candidates(ctx, q, who, t.Brand, t.Kind, t.channel)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(m account.Member) bool { return m.ID == accountID }) {
		return fault.OnField("assignee", "Choose somebody of the team who may see what the task is about.")
	}
	return nil
}

// Candidates are those of the team whom a task about the subject can be given
// to, by name.
func Candidates(ctx context.Context, q db.Queryer, who access.Who, brandID, kind, subject string) ([]account.Member, error) {
	t := Task{Brand: brandID, Kind: kind, Subject: subject}
	if err := t.about(ctx, q, who); err != nil {
		return nil, err
	}
	return candidates(ctx, q, who, brandID, kind, t.channel)
}

func candidates(ctx context.Context, q db.Queryer, who access.Who, brandID, kind, channel string) ([]account.Member, error) {
	team, err := account.Team(ctx, q, who, brandID)
	return slices.DeleteFunc(team, func(m account.Member) bool {
		return !m.Active(q.Now()) || !sees(q.Now(), m.Who(), brandID, kind, channel)
	}), err
}

// sees reports whether the account may see tasks of the kind.
func sees(now db.Time, who access.Who, brandID, kind, channel string) bool {
	switch kind {
	case OnPost:
		return who.May(now, brandID, access.PostRead) == nil
	case OnConversation:
		return who.May(now, brandID, access.ConversationRead, channel) == nil
	}
	return who.May(now, brandID, access.BrandRead) == nil
}

func acted(ctx context.Context, tx *db.Tx, who access.Who, t Task, act string) error {
	outbox.Show(tx, t.Brand, "task.changed", t.ID)
	return audit.Record(ctx, tx, who, audit.Entry{Brand: t.Brand, Act: act, Subject: t.ID})
}

// change runs one act on a task that the account may see. do reports whether
// it changed anything.
func change(ctx context.Context, d *db.DB, who access.Who, brandID, id, act string, do func(tx *db.Tx, t *Task) (bool, error)) (Task, error) {
	var t Task
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.TaskWrite); err != nil {
			return err
		}
		var err error
		if t, err = anyByID(ctx, tx, who, brandID, id); err != nil {
			return err
		}
		before := t.Revision
		changed, err := do(tx, &t)
		if err != nil || !changed {
			return err
		}
		t.Revision++
		if err := update(ctx, tx, t, before); err != nil {
			return err
		}
		return acted(ctx, tx, who, t, act)
	})
	return t, err
}

// Save changes a task. revision is the one the caller saw; if somebody has
// changed it since, it is fault.Conflict.
func Save(ctx context.Context, d *db.DB, who access.Who, brandID, id string, revision int64, in Input) (Task, error) {
	in, err := in.checked()
	if err != nil {
		return Task{}, err
	}
	return change(ctx, d, who, brandID, id, "task.changed", func(tx *db.Tx, t *Task) (bool, error) {
		switch {
		case t.deletedAt > 0:
			return false, missing()
		case t.Revision != revision:
			return false, fault.New(fault.Conflict, "Someone has changed this task since you looked. Look again.")
		case in == Input{t.Title, t.Note, t.Assignee, t.DueAt}:
			return false, nil
		}
		return true, t.take(ctx, tx, who, in)
	})
}

// Done says that a task is done, or that it is not after all.
func Done(ctx context.Context, d *db.DB, who access.Who, brandID, id string, done bool) (Task, error) {
	act := "task.done"
	if !done {
		act = "task.reopened"
	}
	return change(ctx, d, who, brandID, id, act, func(tx *db.Tx, t *Task) (bool, error) {
		if t.deletedAt > 0 {
			return false, missing()
		}
		if done == (t.DoneAt > 0) {
			return false, nil
		}
		t.DoneAt, t.DoneBy, t.UpdatedAt = 0, "", tx.Now()
		if done {
			t.DoneAt, t.DoneBy = tx.Now(), who.Account
		}
		return true, nil
	})
}

// Delete takes a task out of every list; Restore brings it back.
func Delete(ctx context.Context, d *db.DB, who access.Who, brandID, id string) error {
	_, err := change(ctx, d, who, brandID, id, "task.deleted", func(tx *db.Tx, t *Task) (bool, error) {
		was := t.deletedAt
		t.deletedAt = tx.Now()
		return was == 0, nil
	})
	return err
}

// Restore undoes Delete.
func Restore(ctx context.Context, d *db.DB, who access.Who, brandID, id string) (Task, error) {
	return change(ctx, d, who, brandID, id, "task.restored", func(_ *db.Tx, t *Task) (bool, error) {
		was := t.deletedAt
		t.deletedAt = 0
		return was > 0, nil
	})
}

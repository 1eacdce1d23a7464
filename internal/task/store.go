package task

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

const columns = `id, brand_id, title, note, assignee_id, subject_kind, subject_id, channel_id, due_at, done_at, done_by, told_at, deleted_at, author_id, revision, created_at, updated_at`

// farAway is where a task without a time stands in the order of time.
var farAway = db.At(time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC))

func (t Task) sortAt() db.Time {
	if t.DueAt == 0 {
		return farAway
	}
	return t.DueAt
}

func scan(row interface{ Scan(...any) error }) (t Task, err error) {
	err = row.Scan(&t.ID, &t.Brand, &t.Title, &t.Note, &t.Assignee, &t.Kind, &t.Subject, &t.channel, &t.DueAt, &t.DoneAt, &t.DoneBy,
		&t.toldAt, &t.deletedAt, &t.Author, &t.Revision, &t.CreatedAt, &t.UpdatedAt)
	return t, err
}

func missing() error { return fault.New(fault.NotFound, "There is no such task.") }

func insert(ctx context.Context, tx *db.Tx, t Task) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO task (`+columns+`, sort_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		t.ID, t.Brand, t.Title, t.Note, t.Assignee, t.Kind, t.Subject, t.channel, t.DueAt, t.DoneAt, t.DoneBy, t.toldAt, t.deletedAt,
		t.Author, t.Revision, t.CreatedAt, t.UpdatedAt, t.sortAt())
	if err != nil {
		return fmt.Errorf("task: insert: %w", err)
	}
	return nil
}

// update saves the task if its stored revision is still the one that was read.
func update(ctx context.Context, tx *db.Tx, t Task, revision int64) error {
	res, err := tx.ExecContext(ctx, `UPDATE task SET title = $4, note = $5, assignee_id = $6, due_at = $7, sort_at = $8, done_at = $9, done_by = $10,
		told_at = $11, deleted_at = $12, revision = $13, updated_at = $14 WHERE brand_id = $1 AND id = $2 AND revision = $3`,
		t.Brand, t.ID, revision, t.Title, t.Note, t.Assignee, t.DueAt, t.sortAt(), t.DoneAt, t.DoneBy, t.toldAt, t.deletedAt, t.Revision, t.UpdatedAt)
	if err != nil {
		return fmt.Errorf("task: save: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fault.New(fault.Conflict, "Someone has changed this task in this moment. Look again."))
	}
	return nil
}

// anyByID returns the task, deleted or not, if the account may see it.
func anyByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Task, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return Task{}, err
	}
	t, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM task WHERE brand_id = $1 AND id = $2`, brandID, id))
	if errors.Is(err, sql.ErrNoRows) || err == nil && !sees(q.Now(), who, brandID, t.Kind, t.channel) {
		return Task{}, missing()
	}
	if err != nil {
		return Task{}, fmt.Errorf("task: read: %w", err)
	}
	return t, nil
}

// ByIDs returns those of the tasks that are one brand's, deleted ones as well,
// for whoever may see all of them.
func ByIDs(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]Task, error) {
	out := make(map[string]Task, len(ids))
	for chunk := range slices.Chunk(ids, 500) {
		args := []any{brandID}
		for _, id := range chunk {
			args = append(args, id)
		}
		// The brand alone would be read whole; the ids are few.
		rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM task WHERE brand_id || '' = $1 AND id IN (`+db.In(2, len(chunk))+`)`, args...)
		all, err := db.Collect(rows, err, func(r *sql.Rows) (Task, error) { return scan(r) })
		if err != nil {
			return nil, fmt.Errorf("task: read: %w", err)
		}
		for _, t := range all {
			out[t.ID] = t
		}
	}
	return out, nil
}

// ByID returns a task that was not deleted, if the account may see what it is
// about.
func ByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Task, error) {
	t, err := anyByID(ctx, q, who, brandID, id)
	if err == nil && t.deletedAt > 0 {
		return Task{}, missing()
	}
	return t, err
}

// Filter narrows List. What is empty narrows nothing.
type Filter struct {
	Assignee string // account id
	Subject  string // id of a post or a conversation
	Overdue  bool   // only what should have been done
	Done     bool   // what is done, the last first; else what is to do, the first due first
}

// List returns the tasks that the account may see, 50 to a page unless asked
// otherwise (at most 200), and the cursor of the next page. Those without a
// time come after all others.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, f Filter, page db.Page) ([]Task, string, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	if !f.Done && page.After == "" {
		at, id = -1, ""
	}
	size := page.Size(50, 200)
	b := &query{args: []any{brandID, at, id, size + 1}}
	f.where(b, q.Now())
	visible(b, q.Now(), who, brandID)
	rows, err := q.QueryContext(ctx, b.text+f.order()+` LIMIT $4`, b.args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (Task, error) { return scan(r) })
	if err != nil {
		return nil, "", fmt.Errorf("task: list: %w", err)
	}
	if len(all) <= size {
		return all, "", nil
	}
	last := all[size-1]
	if f.Done {
		return all[:size], db.Cursor(last.DoneAt, last.ID), nil
	}
	return all[:size], db.Cursor(last.sortAt(), last.ID), nil
}

type query struct {
	text string
	args []any
}

func (b *query) arg(v any) string {
	b.args = append(b.args, v)
	return fmt.Sprintf("$%d", len(b.args))
}

func (f Filter) where(b *query, now db.Time) {
	b.text = `SELECT ` + columns + ` FROM task WHERE brand_id = $1 AND deleted_at = 0`
	if f.Done {
		b.text += ` AND done_at > 0 AND (done_at, id) < ($2, $3)`
	} else {
		b.text += ` AND done_at = 0 AND (sort_at, id) > ($2, $3)`
	}
	if f.Subject != "" {
		b.text += ` AND subject_id = ` + b.arg(f.Subject) + ` AND subject_id <> ''`
	}
	if f.Assignee != "" {
		b.text += ` AND assignee_id = ` + b.arg(f.Assignee)
	}
	if f.Overdue {
		b.text += ` AND sort_at <= ` + b.arg(now)
	}
}

func (f Filter) order() string {
	if f.Done {
		return ` ORDER BY done_at DESC, id DESC`
	}
	return ` ORDER BY sort_at, id`
}

// visible leaves out what is about something that the account may not see.
func visible(b *query, now db.Time, who access.Who, brandID string) {
	if who.May(now, brandID, access.PostRead) != nil {
		b.text += ` AND subject_kind <> 'post'`
	}
	channels := who.Channels(now, brandID)
	switch {
	case who.May(now, brandID, access.ConversationRead) != nil:
		b.text += ` AND subject_kind <> 'conversation'`
	case len(channels) > 0:
		b.text += ` AND (subject_kind <> 'conversation' OR channel_id IN (` + db.In(len(b.args)+1, len(channels)) + `))`
		for _, c := range channels {
			b.args = append(b.args, c)
		}
	}
}

// Mine counts what the acting account is to do and is due by then.
func Mine(ctx context.Context, q db.Queryer, who access.Who, brandID string, by db.Time) (int, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return 0, err
	}
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM task WHERE brand_id = $1 AND assignee_id = $2 AND done_at = 0 AND deleted_at = 0 AND sort_at <= $3`,
		brandID, who.Account, by).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("task: count: %w", err)
	}
	return n, nil
}

// dueMost is how many are told in one transaction.
const dueMost = 200

// Due passes on what has become due since it last ran, each task once.
func Due(ctx context.Context, d *db.DB) error {
	for {
		n := 0
		err := d.Tx(ctx, func(tx *db.Tx) error {
			rows, err := tx.QueryContext(ctx, `SELECT `+columns+` FROM task
				WHERE done_at = 0 AND told_at = 0 AND due_at > 0 AND deleted_at = 0 AND due_at <= $1 ORDER BY due_at LIMIT $2`, tx.Now(), dueMost)
			all, err := db.Collect(rows, err, func(r *sql.Rows) (Task, error) { return scan(r) })
			n = len(all)
			for _, t := range all {
				if err := t.due(ctx, tx); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("task: due: %w", err)
		}
		if n < dueMost {
			return nil
		}
	}
}

func (t Task) due(ctx context.Context, tx *db.Tx) error {
	if _, err := tx.ExecContext(ctx, `UPDATE task SET told_at = $3 WHERE brand_id = $1 AND id = $2`, t.Brand, t.ID, tx.Now()); err != nil {
		return err
	}
	outbox.Show(tx, t.Brand, "task.changed", t.ID)
	return outbox.Add(ctx, tx, outbox.Event{Brand: t.Brand, Kind: "task.due", Subject: t.ID, Data: Assigned{Account: t.Assignee}})
}

// Of returns the tasks about a post or a conversation: at most 50 to do, then
// the last 20 done. The account must see the subject, else there are none.
func Of(ctx context.Context, q db.Queryer, who access.Who, brandID, subject string) ([]Task, error) {
	open, _, err := List(ctx, q, who, brandID, Filter{Subject: subject}, db.Page{})
	if err != nil {
		return nil, err
	}
	done, _, err := List(ctx, q, who, brandID, Filter{Subject: subject, Done: true}, db.Page{Limit: 20})
	return slices.Concat(open, done), err
}

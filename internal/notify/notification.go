package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// Notification is one line in an account's list.
type Notification struct {
	ID        string
	Kind      string // of the event: delivery.rejected
	Subject   string // id of the delivery or the channel
	Text      string
	Href      string // path of the page that helps
	CreatedAt db.Time
	ReadAt    db.Time // 0 while unread
}

// insert reports false if the account was told of the event before.
func insert(ctx context.Context, tx *db.Tx, accountID string, e outbox.Event, about news) (fresh bool, err error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO notification (id, brand_id, account_id, kind, subject, text, href, source, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (account_id, source) DO NOTHING`,
		db.NewID(), e.Brand, accountID, e.Kind, e.Subject, about.Title, about.href, e.ID, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	if n == 1 {
		outbox.Show(tx, e.Brand, "notification.added", accountID)
	}
	return n == 1, err
}

// Unread counts what the acting account has not read in the brand.
func Unread(ctx context.Context, q db.Queryer, who access.Who, brandID string) (int, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return 0, err
	}
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM notification
		WHERE brand_id = $1 AND account_id = $2 AND read_at = 0`, brandID, who.Account).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("notify: count: %w", err)
	}
	return n, nil
}

// Filter narrows List. What is empty narrows nothing.
type Filter struct {
	Topic  string // id of a row of the matrix
	Unread bool
}

func (f Filter) where(args []any) (string, []any, error) {
	text := ""
	if f.Unread {
		text = ` AND read_at = 0`
	}
	if f.Topic == "" {
		return text, args, nil
	}
	t, ok := TopicNamed(f.Topic)
	if !ok {
		return "", nil, fault.OnField("topic", "There is no topic %q.", f.Topic)
	}
	text += ` AND kind IN (` + db.In(len(args)+1, len(t.Events)) + `)`
	for _, e := range t.Events {
		args = append(args, e)
	}
	return text, args, nil
}

// List returns the acting account's notifications in the brand, the newest
// first, 30 to a page unless asked otherwise (at most 200), and the cursor of
// the next page.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, f Filter, page db.Page) ([]Notification, string, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(30, 200)
	where, args, err := f.where([]any{brandID, who.Account, at, id, size + 1})
	if err != nil {
		return nil, "", err
	}
	rows, err := q.QueryContext(ctx, `SELECT id, kind, subject, text, href, created_at, read_at FROM notification
		WHERE brand_id = $1 AND account_id = $2 AND (created_at, id) < ($3, $4)`+where+`
		ORDER BY created_at DESC, id DESC LIMIT $5`, args...)
	all, err := db.Collect(rows, err, func(rows *sql.Rows) (n Notification, err error) {
		err = rows.Scan(&n.ID, &n.Kind, &n.Subject, &n.Text, &n.Href, &n.CreatedAt, &n.ReadAt)
		return n, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("notify: list: %w", err)
	}
	if len(all) <= size {
		return all, "", nil
	}
	last := all[size-1]
	return all[:size], db.Cursor(last.CreatedAt, last.ID), nil
}

// MarkUnread takes back that one of the acting account's notifications was
// read. An id of another is fault.NotFound.
func MarkUnread(ctx context.Context, d *db.DB, who access.Who, brandID, id string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.BrandRead); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE notification SET read_at = 0 WHERE brand_id = $1 AND account_id = $2 AND id = $3`, brandID, who.Account, id)
		if err != nil {
			return fmt.Errorf("notify: mark unread: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fault.New(fault.NotFound, "There is no such notification."))
		}
		outbox.Show(tx, brandID, "notification.read", who.Account)
		return nil
	})
}

// MarkRead marks the acting account's notifications with these ids as read,
// or all of them in the brand where no id is given. Ids of others are passed
// over.
func MarkRead(ctx context.Context, d *db.DB, who access.Who, brandID string, ids ...string) error {
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.BrandRead); err != nil {
			return err
		}
		args, which := []any{brandID, who.Account, tx.Now()}, ""
		if len(ids) > 0 {
			which = ` AND id IN (` + db.In(4, len(ids)) + `)`
			for _, id := range ids {
				args = append(args, id)
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE notification SET read_at = $3
			WHERE brand_id = $1 AND account_id = $2 AND read_at = 0`+which, args...)
		outbox.Show(tx, brandID, "notification.read", who.Account)
		return err
	})
	if err != nil {
		return fmt.Errorf("notify: mark read: %w", err)
	}
	return nil
}

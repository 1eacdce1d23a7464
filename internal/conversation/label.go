package conversation

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

const (
	labelsMost   = 200 // of a brand
	longestLabel = 40  // runes
)

// Labels returns the brand's labels by name.
func Labels(ctx context.Context, q db.Queryer, who access.Who, brandID string) ([]Label, error) {
	if err := who.May(q.Now(), brandID, access.ConversationRead); err != nil {
		return nil, err
	}
	return labels(ctx, q, brandID)
}

func labels(ctx context.Context, q db.Queryer, brandID string) ([]Label, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, brand_id, name, hue, created_at FROM label WHERE brand_id = $1 ORDER BY name_key`, brandID)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (l Label, err error) {
		err = r.Scan(&l.ID, &l.Brand, &l.Name, &l.Hue, &l.CreatedAt)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("conversation: labels: %w", err)
	}
	return all, nil
}

// MakeLabel adds a label to the brand. A name that it already has, in any
// spelling of case, is that label.
func MakeLabel(ctx context.Context, d *db.DB, who access.Who, brandID, name string, hue int) (Label, error) {
	name, key, err := labelName(name)
	if err != nil {
		return Label{}, err
	}
	var l Label
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.ConversationWrite); err != nil {
			return err
		}
		all, err := labels(ctx, tx, brandID)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(all, func(l Label) bool { return fold(l.Name) == key }); i >= 0 {
			l = all[i]
			return nil
		}
		if len(all) >= labelsMost {
			return fault.New(fault.Conflict, "A brand has at most %d labels. Delete one that nobody uses first.", labelsMost)
		}
		l = Label{ID: db.NewID(), Brand: brandID, Name: name, Hue: round(hue), CreatedAt: tx.Now()}
		_, err = tx.ExecContext(ctx, `INSERT INTO label (id, brand_id, name, name_key, hue, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			l.ID, l.Brand, l.Name, key, l.Hue, l.CreatedAt)
		if err != nil {
			return fmt.Errorf("conversation: make a label: %w", err)
		}
		outbox.Show(tx, brandID, "label.changed", l.ID)
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "label.created", Subject: l.ID, Detail: map[string]string{"name": l.Name}})
	})
	return l, err
}

// ChangeLabel gives a label another name and colour. A name that another label
// has is fault.Conflict.
func ChangeLabel(ctx context.Context, d *db.DB, who access.Who, brandID, id, name string, hue int) (Label, error) {
	name, key, err := labelName(name)
	if err != nil {
		return Label{}, err
	}
	var l Label
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if l, err = labelFor(ctx, tx, who, brandID, id); err != nil {
			return err
		}
		was := l.Name
		l.Name, l.Hue = name, round(hue)
		_, err := tx.ExecContext(ctx, `UPDATE label SET name = $3, name_key = $4, hue = $5 WHERE brand_id = $1 AND id = $2`, brandID, id, l.Name, key, l.Hue)
		if err != nil {
			return err
		}
		outbox.Show(tx, brandID, "label.changed", id)
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "label.changed", Subject: id, Detail: map[string]string{"name": was + " → " + l.Name}})
	})
	if db.IsDuplicate(err) {
		return l, fault.As(fault.Conflict, err, "There is already a label called %s.", name)
	}
	return l, err
}

// DeleteLabel takes a label from the brand and from every conversation.
func DeleteLabel(ctx context.Context, d *db.DB, who access.Who, brandID, id string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		l, err := labelFor(ctx, tx, who, brandID, id)
		if err != nil {
			return err
		}
		for _, text := range []string{`DELETE FROM conversation_label WHERE brand_id = $1 AND label_id = $2`, `DELETE FROM label WHERE brand_id = $1 AND id = $2`} {
			if _, err := tx.ExecContext(ctx, text, brandID, id); err != nil {
				return fmt.Errorf("conversation: delete a label: %w", err)
			}
		}
		outbox.Show(tx, brandID, "label.changed", id)
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "label.deleted", Subject: id, Detail: map[string]string{"name": l.Name}})
	})
}

// AddLabel puts a label on conversations, all or none, and returns those that
// did not have it.
func AddLabel(ctx context.Context, d *db.DB, who access.Who, brandID string, ids []string, labelID string) ([]Change, error) {
	return many(ctx, d, who, brandID, ids, labelled(who, labelID))
}

func labelled(who access.Who, labelID string) act {
	return func(ctx context.Context, tx *db.Tx, c *Conversation) (string, string, error) {
		l, err := labelFor(ctx, tx, who, c.Brand, labelID)
		if err != nil {
			return "", "", err
		}
		return changed(ctx, tx, l, "labelled", `INSERT INTO conversation_label (brand_id, conversation_id, label_id, last_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (conversation_id, label_id) DO NOTHING`, c.Brand, c.ID, labelID, c.LastAt)
	}
}

// RemoveLabel takes a label off conversations, all or none, and returns those
// that had it.
func RemoveLabel(ctx context.Context, d *db.DB, who access.Who, brandID string, ids []string, labelID string) ([]Change, error) {
	return many(ctx, d, who, brandID, ids, unlabelled(who, labelID))
}

func unlabelled(who access.Who, labelID string) act {
	return func(ctx context.Context, tx *db.Tx, c *Conversation) (string, string, error) {
		l, err := labelFor(ctx, tx, who, c.Brand, labelID)
		if err != nil {
			return "", "", err
		}
		return changed(ctx, tx, l, "unlabelled", `DELETE FROM conversation_label WHERE brand_id = $1 AND conversation_id = $2 AND label_id = $3`, c.Brand, c.ID, labelID)
	}
}

func changed(ctx context.Context, tx *db.Tx, l Label, what, text string, args ...any) (string, string, error) {
	res, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return "", "", fmt.Errorf("conversation: label: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return "", "", err
	}
	return what, l.Name, nil
}

func labelFor(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Label, error) {
	if err := who.May(q.Now(), brandID, access.ConversationWrite); err != nil {
		return Label{}, err
	}
	var l Label
	err := q.QueryRowContext(ctx, `SELECT id, brand_id, name, hue, created_at FROM label WHERE brand_id || '' = $1 AND id = $2`, brandID, id).
		Scan(&l.ID, &l.Brand, &l.Name, &l.Hue, &l.CreatedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return l, fault.New(fault.NotFound, "There is no such label.")
	}
	return l, err
}

func labelName(name string) (clean, key string, err error) {
	name = strings.Join(strings.Fields(name), " ")
	if name == "" || utf8.RuneCountInString(name) > longestLabel || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", "", fault.OnField("name", "Name the label in at most %d characters.", longestLabel)
	}
	return name, fold(name), nil
}

func fold(name string) string { return cases.Fold().String(name) }

func round(hue int) int { return ((hue % 360) + 360) % 360 }

package notify

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/letter"
	"rapport/internal/outbox"
)

// collect puts a line aside for the account's next digest.
func collect(ctx context.Context, tx *db.Tx, b brand.Brand, e outbox.Event, accountID string, about news) error {
	d, err := digestOf(ctx, tx, b.ID, accountID)
	if err != nil || d.Every == Never {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO digest_item (id, brand_id, account_id, kind, channel_id, text, href, source, due_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (account_id, source) DO NOTHING`,
		db.NewID(), b.ID, accountID, e.Kind, about.channel, about.Title, about.href, e.ID, d.next(b, tx.Now()), tx.Now())
	if err != nil {
		return fmt.Errorf("notify: digest: %w", err)
	}
	return nil
}

// Digests sends the digests that are due, each once. What somebody has read in
// the studio meanwhile, or may see no more, is left out; an empty one is not
// sent.
func (n *Notifier) Digests(ctx context.Context, d *db.DB) error {
	for {
		var brandID, accountID string
		err := d.QueryRowContext(ctx, `SELECT brand_id, account_id FROM digest_item WHERE due_at <= $1 ORDER BY due_at LIMIT 1`, d.Now()).Scan(&brandID, &accountID)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err == nil {
			err = d.Tx(ctx, func(tx *db.Tx) error { return n.digest(ctx, tx, brandID, accountID) })
		}
		if err != nil {
			return fmt.Errorf("notify: digests: %w", err)
		}
	}
}

// item is a line of a digest.
type item struct {
	ID, Kind, Channel, Text, Href string
	DueAt                         db.Time
	Read                          bool
}

func (n *Notifier) digest(ctx context.Context, tx *db.Tx, brandID, accountID string) error {
	items, err := takeItems(ctx, tx, brandID, accountID)
	if err != nil || len(items) == 0 {
		return err
	}
	b, err := brand.ByID(ctx, tx, access.System(), brandID)
	var a account.Account
	if err == nil {
		a, err = account.ByID(ctx, tx, accountID)
	}
	if fault.Is(err, fault.NotFound) || err == nil && a.DisabledAt > 0 {
		return nil
	}
	var who access.Who
	if err == nil {
		who, err = account.As(ctx, tx, a)
	}
	if err != nil {
		return err
	}
	kept := still(tx.Now(), who, brandID, items)
	if len(kept) == 0 {
		return nil
	}
	ctx = i18n.With(ctx, cmp.Or(a.Language, b.Language), b.Location())
	source := "digest-" + b.ID + "-" + strconv.FormatInt(int64(items[0].DueAt), 36) + "-" + kept[0].ID
	return n.send(ctx, tx, b, a, n.digestPage(ctx, b, kept), digestTopic, source)
}

// takeItems takes what is due out of the table, the oldest first.
func takeItems(ctx context.Context, tx *db.Tx, brandID, accountID string) ([]item, error) {
	rows, err := tx.QueryContext(ctx, `SELECT i.id, i.kind, i.channel_id, i.text, i.href, i.due_at,
			EXISTS (SELECT 1 FROM notification n WHERE n.account_id = i.account_id AND n.source = i.source AND n.read_at > 0)
		FROM digest_item i WHERE i.brand_id = $1 AND i.account_id = $2 AND i.due_at <= $3 ORDER BY i.created_at, i.id`, brandID, accountID, tx.Now())
	all, err := db.Collect(rows, err, func(r *sql.Rows) (i item, err error) {
		err = r.Scan(&i.ID, &i.Kind, &i.Channel, &i.Text, &i.Href, &i.DueAt, &i.Read)
		return i, err
	})
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM digest_item WHERE brand_id = $1 AND account_id = $2 AND due_at <= $3`, brandID, accountID, tx.Now())
	return all, err
}

// still are the items that are unread and that the account may see now.
func still(now db.Time, who access.Who, brandID string, all []item) []item {
	var out []item
	for _, i := range all {
		t, _ := topicOf(i.Kind)
		allowed := who.May(now, brandID, access.BrandRead) == nil && (t.For == "" || who.May(now, brandID, t.For) == nil)
		if i.Channel != "" {
			allowed = allowed && who.May(now, brandID, access.BrandRead, i.Channel) == nil
		}
		if allowed && !i.Read {
			out = append(out, i)
		}
	}
	return out
}

// digestMost is how many lines a digest shows; the studio shows all.
const digestMost = 40

func (n *Notifier) digestPage(ctx context.Context, b brand.Brand, items []item) letter.Page {
	page := letter.Page{Title: i18n.N(ctx, len(items), "{{.N}} thing for you", "{{.N}} things for you"),
		Action: i18n.T(ctx, "Open the studio"), Link: strings.TrimSuffix(n.BaseURL, "/") + "/studio/" + b.Slug + "/notifications",
		Foot: i18n.T(ctx, "This is your digest of {{.Brand}} in Rapport.", "Brand", b.Name)}
	for _, t := range Topics {
		head := i18n.T(ctx, t.Title)
		for _, i := range items {
			if TopicOf(i.Kind) != t.ID || len(page.Items) == digestMost {
				continue
			}
			page.Items = append(page.Items, letter.Item{Head: head, Text: i.Text, Link: strings.TrimSuffix(n.BaseURL, "/") + i.Href})
			head = ""
		}
	}
	if rest := len(items) - len(page.Items); rest > 0 {
		page.Rest = i18n.N(ctx, rest, "{{.N}} more is in the studio.", "{{.N}} more are in the studio.")
	}
	return page
}

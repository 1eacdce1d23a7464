// Package handover is the note that one shift leaves to the next: what must be
// known now. The newest one counts; those who read it say so.
package handover

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
)

// Longest is how long a handover may be, in runes.
const Longest = 4000

// Handover is one row with who has seen it.
type Handover struct {
	ID, Brand string
	Account   string // who wrote it
	Text      string
	At        db.Time
	Seen      []Seen // the first first, without who wrote it
}

// Seen is somebody who said that they have read it.
type Seen struct {
	Account string
	At      db.Time
}

// SeenBy reports whether the account has read it, or wrote it.
func (h Handover) SeenBy(account string) bool {
	for _, s := range h.Seen {
		if s.Account == account {
			return true
		}
	}
	return h.Account == account
}

// Write leaves a note in place of the one before. latest is the id of the one
// that the caller saw, "" for none: if there is a newer one, it is
// fault.Conflict, so that nobody's note is covered unread.
func Write(ctx context.Context, d *db.DB, who access.Who, brandID, latest, text string) (Handover, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	switch {
	case text == "":
		return Handover{}, fault.OnField("text", "Write something first.")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return Handover{}, fault.OnField("text", "This text holds characters that cannot be kept. Copy it again.")
	case utf8.RuneCountInString(text) > Longest:
		return Handover{}, fault.OnField("text", "Shorten the handover to %d characters.", Longest)
	}
	var h Handover
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.TaskWrite); err != nil {
			return err
		}
		last, _, err := list(ctx, tx, brandID, db.Page{Limit: 1})
		if err != nil {
			return err
		}
		if len(last) > 0 && last[0].ID != latest {
			return fault.New(fault.Conflict, "Someone has left a newer handover meanwhile. Read it, then send yours again.")
		}
		h = Handover{ID: db.NewID(), Brand: brandID, Account: who.Account, Text: text, At: tx.Now()}
		_, err = tx.ExecContext(ctx, `INSERT INTO handover (id, brand_id, account_id, text, at) VALUES ($1, $2, $3, $4, $5)`, h.ID, h.Brand, h.Account, h.Text, h.At)
		if err != nil {
			return fmt.Errorf("handover: write: %w", err)
		}
		if err := audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "handover.written", Subject: h.ID}); err != nil {
			return err
		}
		return outbox.Add(ctx, tx, outbox.Event{Brand: brandID, Kind: "handover.written", Subject: h.ID})
	})
	return h, err
}

// See notes that the acting account has read a handover.
func See(ctx context.Context, d *db.DB, who access.Who, brandID, id string) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.BrandRead); err != nil {
			return err
		}
		h, err := byID(ctx, tx, brandID, id)
		if err != nil || who.Account == "" || h.Account == who.Account {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO handover_seen (handover_id, account_id, at) VALUES ($1, $2, $3) ON CONFLICT (handover_id, account_id) DO NOTHING`,
			id, who.Account, tx.Now())
		if err != nil {
			return fmt.Errorf("handover: see: %w", err)
		}
		outbox.Show(tx, brandID, "handover.seen", id)
		return nil
	})
}

// ByID returns one handover.
func ByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Handover, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return Handover{}, err
	}
	return byID(ctx, q, brandID, id)
}

func byID(ctx context.Context, q db.Queryer, brandID, id string) (Handover, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, brand_id, account_id, text, at FROM handover WHERE brand_id = $1 AND id = $2`, brandID, id)
	all, err := db.Collect(rows, err, scan)
	if err != nil {
		return Handover{}, fmt.Errorf("handover: read: %w", err)
	}
	if len(all) == 0 {
		return Handover{}, fault.New(fault.NotFound, "There is no such handover.")
	}
	return all[0], withSeen(ctx, q, all)
}

// List returns the handovers, the newest first, 20 to a page unless asked
// otherwise (at most 100), and the cursor of the next page. The first one
// counts.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, page db.Page) ([]Handover, string, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return nil, "", err
	}
	all, next, err := list(ctx, q, brandID, page)
	if err != nil {
		return nil, "", err
	}
	return all, next, withSeen(ctx, q, all)
}

func list(ctx context.Context, q db.Queryer, brandID string, page db.Page) ([]Handover, string, error) {
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(20, 100)
	rows, err := q.QueryContext(ctx, `SELECT id, brand_id, account_id, text, at FROM handover
		WHERE brand_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4`, brandID, at, id, size+1)
	all, err := db.Collect(rows, err, scan)
	if err != nil {
		return nil, "", fmt.Errorf("handover: list: %w", err)
	}
	if len(all) <= size {
		return all, "", nil
	}
	last := all[size-1]
	return all[:size], db.Cursor(last.At, last.ID), nil
}

func scan(r *sql.Rows) (h Handover, err error) {
	err = r.Scan(&h.ID, &h.Brand, &h.Account, &h.Text, &h.At)
	return h, err
}

func withSeen(ctx context.Context, q db.Queryer, all []Handover) error {
	if len(all) == 0 {
		return nil
	}
	at, ids := map[string]int{}, make([]any, len(all))
	for i, h := range all {
		at[h.ID], ids[i] = i, h.ID
	}
	rows, err := q.QueryContext(ctx, `SELECT handover_id, account_id, at FROM handover_seen WHERE handover_id IN (`+db.In(1, len(ids))+`) ORDER BY handover_id, at, account_id`, ids...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id string
		var s Seen
		err := r.Scan(&id, &s.Account, &s.At)
		if err == nil {
			h := &all[at[id]]
			h.Seen = append(h.Seen, s)
		}
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("handover: seen: %w", err)
	}
	return nil
}

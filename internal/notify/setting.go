package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// How often a digest is sent.
const (
	Daily  = "day"
	Weekly = "week"
	Never  = "never"
)

// Digest is when an account gets what it wanted to hear of later.
type Digest struct {
	Every   string       // Daily, Weekly or Never
	Weekday time.Weekday // of a weekly one
	Hour    int          // 0 to 23, by the brand's clock
}

var usualDigest = Digest{Every: Daily, Weekday: time.Monday, Hour: 8}

// Setting is a row of an account's matrix.
type Setting struct {
	Topic
	Choice
}

// Settings returns the acting account's matrix in the brand, with the topics
// that its role can meet, and its digest.
func Settings(ctx context.Context, q db.Queryer, who access.Who, brandID string) ([]Setting, Digest, error) {
	if err := who.May(q.Now(), brandID, access.BrandRead); err != nil {
		return nil, Digest{}, err
	}
	rows, err := q.QueryContext(ctx, `SELECT topic, studio, mail, digest FROM news_choice WHERE account_id = $1 AND brand_id = $2`, who.Account, brandID)
	chosen, err := collectChoices(rows, err)
	if err != nil {
		return nil, Digest{}, err
	}
	var out []Setting
	for _, t := range Topics {
		if !t.told() || who.May(q.Now(), brandID, t.For) != nil {
			continue
		}
		choice, ok := chosen[t.ID]
		if !ok {
			choice = t.Usual(who.Role(q.Now(), brandID))
		}
		out = append(out, Setting{t, choice})
	}
	d, err := digestOf(ctx, q, brandID, who.Account)
	return out, d, err
}

// choicesOf are the choices that accounts have made for a topic, by account.
func choicesOf(ctx context.Context, q db.Queryer, brandID, topic string) (map[string]Choice, error) {
	rows, err := q.QueryContext(ctx, `SELECT account_id, studio, mail, digest FROM news_choice WHERE brand_id = $1 AND topic = $2`, brandID, topic)
	return collectChoices(rows, err)
}

func collectChoices(rows *sql.Rows, err error) (map[string]Choice, error) {
	out := map[string]Choice{}
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var key string
		var c Choice
		err := r.Scan(&key, &c.Studio, &c.Mail, &c.Digest)
		out[key] = c
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("notify: choices: %w", err)
	}
	return out, nil
}

func digestOf(ctx context.Context, q db.Queryer, brandID, accountID string) (Digest, error) {
	d := usualDigest
	err := q.QueryRowContext(ctx, `SELECT every, weekday, hour FROM digest WHERE account_id = $1 AND brand_id = $2`, accountID, brandID).Scan(&d.Every, &d.Weekday, &d.Hour)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return d, fmt.Errorf("notify: digest: %w", err)
	}
	return d, nil
}

// Choose keeps where the acting account wants to hear of the topics given, and
// when it gets its digest. What waits for the digest comes at its new time.
func Choose(ctx context.Context, d *db.DB, who access.Who, brandID string, choices map[string]Choice, at Digest) error {
	if err := at.checked(); err != nil {
		return err
	}
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.BrandRead); err != nil {
			return err
		}
		if who.Account == "" {
			return fault.New(fault.Denied, "Only an account can choose what it hears of.")
		}
		for id, c := range choices {
			t, ok := TopicNamed(id)
			if !ok {
				return fault.OnField("topics", "There is no topic %q.", id)
			}
			if err := choose(ctx, tx, who.Account, brandID, t, c, c == t.Usual(who.Role(tx.Now(), brandID))); err != nil {
				return err
			}
		}
		b, err := brand.ByID(ctx, tx, access.System(), brandID)
		if err == nil {
			err = at.keep(ctx, tx, b, who.Account)
		}
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "notifications.chosen", Subject: who.Account})
	})
}

func (d Digest) checked() error {
	switch {
	case d.Every != Daily && d.Every != Weekly && d.Every != Never:
		return fault.OnField("every", "Choose day, week or never.")
	case d.Weekday < time.Sunday || d.Weekday > time.Saturday:
		return fault.OnField("weekday", "Choose a day of the week.")
	case d.Hour < 0 || d.Hour > 23:
		return fault.OnField("hour", "Choose an hour from 0 to 23.")
	}
	return nil
}

// choose keeps a choice; the usual one needs no row, so that it follows the
// role.
func choose(ctx context.Context, tx *db.Tx, accountID, brandID string, t Topic, c Choice, usual bool) error {
	var err error
	if usual {
		_, err = tx.ExecContext(ctx, `DELETE FROM news_choice WHERE account_id = $1 AND brand_id = $2 AND topic = $3`, accountID, brandID, t.ID)
	} else {
		_, err = tx.ExecContext(ctx, `INSERT INTO news_choice (account_id, brand_id, topic, studio, mail, digest) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (account_id, brand_id, topic) DO UPDATE SET studio = excluded.studio, mail = excluded.mail, digest = excluded.digest`,
			accountID, brandID, t.ID, c.Studio, c.Mail, c.Digest)
	}
	if err != nil {
		return fmt.Errorf("notify: choose: %w", err)
	}
	return nil
}

func (d Digest) keep(ctx context.Context, tx *db.Tx, b brand.Brand, accountID string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO digest (account_id, brand_id, every, weekday, hour) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account_id, brand_id) DO UPDATE SET every = excluded.every, weekday = excluded.weekday, hour = excluded.hour`,
		accountID, b.ID, d.Every, int(d.Weekday), d.Hour)
	if err == nil && d.Every == Never {
		_, err = tx.ExecContext(ctx, `DELETE FROM digest_item WHERE brand_id = $1 AND account_id = $2`, b.ID, accountID)
	} else if err == nil {
		_, err = tx.ExecContext(ctx, `UPDATE digest_item SET due_at = $3 WHERE brand_id = $1 AND account_id = $2`, b.ID, accountID, d.next(b, tx.Now()))
	}
	if err != nil {
		return fmt.Errorf("notify: digest: %w", err)
	}
	return nil
}

// next is when the digest after that instant is sent, by the brand's clock.
func (d Digest) next(b brand.Brand, after db.Time) db.Time {
	if d.Every == Weekly {
		return brand.NextHour(b, d.Hour, after, d.Weekday)
	}
	return brand.NextHour(b, d.Hour, after)
}

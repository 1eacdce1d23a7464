package letter

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"rapport/internal/db"
	"rapport/internal/fault"
)

const columns = `id, brand_id, account_id, address, subject, text, html, state, error, source, created_at, sent_at, unsubscribe, community`

func scan(row interface{ Scan(...any) error }) (l Letter, err error) {
	err = row.Scan(&l.ID, &l.Brand, &l.Account, &l.Address, &l.Subject, &l.Text, &l.HTML, &l.State, &l.Error,
		&l.Source, &l.CreatedAt, &l.SentAt, &l.Unsubscribe, &l.Community)
	return l, err
}

func missing() error { return fault.New(fault.NotFound, "There is no such letter.") }

// byID is for the job, which knows no brand.
func byID(ctx context.Context, q db.Queryer, id string) (Letter, error) {
	l, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM letter WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return l, missing()
	}
	if err != nil {
		return l, fmt.Errorf("letter: read: %w", err)
	}
	return l, nil
}

func insert(ctx context.Context, tx *db.Tx, l Letter, veiled string) (fresh bool, err error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO letter (`+columns+`, veiled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (address, source) DO NOTHING`,
		l.ID, l.Brand, l.Account, l.Address, l.Subject, l.Text, l.HTML, l.State, l.Error, l.Source, l.CreatedAt, l.SentAt, l.Unsubscribe, l.Community, veiled)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// veiled is the sealed secret of a letter.
func veiled(ctx context.Context, q db.Queryer, id string) (sealed string, err error) {
	err = q.QueryRowContext(ctx, `SELECT veiled FROM letter WHERE id = $1`, id).Scan(&sealed)
	if err != nil {
		return "", fmt.Errorf("letter: read: %w", err)
	}
	return sealed, nil
}

// nameOf is what the brand of a letter is called now, "" of one that is gone.
func nameOf(ctx context.Context, q db.Queryer, l Letter) (name string, err error) {
	err = q.QueryRowContext(ctx, `SELECT name FROM brand WHERE id = $1`, l.Brand).Scan(&name)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("letter: whom it speaks for: %w", err)
	}
	return name, nil
}

// settle writes how a try to send ended. What is sent stays sent.
func settle(ctx context.Context, d *db.DB, id string, s State, why string) error {
	var at db.Time
	if s == Sent {
		at = d.Now()
	}
	// The word of the mail server is kept even if the program is stopping.
	_, err := d.ExecContext(context.WithoutCancel(ctx), `UPDATE letter SET state = $2, error = $3, sent_at = $4,
		veiled = CASE WHEN $2 = 'queued' THEN veiled ELSE '' END
		WHERE id = $1 AND state = 'queued'`, id, s, why, at)
	if err != nil {
		return fmt.Errorf("letter: settle: %w", err)
	}
	return nil
}

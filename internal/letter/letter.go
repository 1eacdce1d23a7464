// Package letter keeps the mail that the program writes: each letter once for
// an address and a cause, sent by a job where the operator has set up a mail
// server, kept for the owners to read where not. It neither decides who is
// written to nor speaks SMTP.
package letter

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/job"
	"rapport/internal/secret"
)

// State is where a letter stands.
type State string

// The states.
const (
	Kept   State = "kept"   // there is no mail server; it is shown in the studio
	Queued State = "queued" // it will be sent; Error says why the last try failed
	Sent   State = "sent"   // the mail server took it
	Failed State = "failed" // given up; Error says why
)

// Letter is one mail to one address.
type Letter struct {
	ID        string
	Brand     string // "" where it concerns none
	Account   string // "" where the address has none
	Address   string
	Subject   string
	Text      string
	HTML      string // "" for a plain letter
	State     State
	Error     string
	Source    string // id of what caused it
	CreatedAt db.Time
	SentAt    db.Time
	// Community tells that the letter speaks for the brand's community, and not
	// for the house.
	Community bool
	// From is the name of the brand whose community speaks, else "". Send gets
	// it, as the brand is called then.
	From string
	// Unsubscribe is the address that stops letters of its kind with one
	// request, by RFC 8058; "" for letters that are not sent without a wish.
	Unsubscribe string
	// Secret is the part of Text and HTML that is for the reader alone, such
	// as the token of a link; "" for none. The studio shows Veil in its place,
	// and so does a letter that is kept. Send gets the letter whole.
	Secret string
}

// Veil stands for the secret of a letter.
const Veil = "••••••"

const veilPurpose = "letter"

// Letters writes letters and has them sent.
type Letters struct {
	DB *db.DB
	// Keys seal secrets until their letter is sent. Letters with a secret need
	// them.
	Keys *secret.Keyring
	// Send hands a letter to a mail server. nil keeps letters instead. It may
	// be called again for a letter that the server has taken, when the answer
	// was lost: the letter's id should be in its Message-ID.
	Send func(ctx context.Context, l Letter) error
}

// sending is the job that sends one letter.
type sending struct {
	ID string `json:"id"`
}

// Kind names the job.
func (sending) Kind() string { return "letter.send" }

// Work registers the job that sends letters.
func (ls *Letters) Work(w *job.Workers) {
	job.Handle(w, func(ctx context.Context, s sending) error { return ls.send(ctx, s.ID) })
}

// Write adds the letter to the caller's transaction: Brand, Account, Address,
// Subject, Text, HTML, Source, Community, Unsubscribe and Secret are used. It
// reports false if the address already has a letter from that source.
func (ls *Letters) Write(ctx context.Context, tx *db.Tx, l Letter) (bool, error) {
	l.ID, l.State, l.CreatedAt = db.NewID(), Queued, tx.Now()
	if ls.Send == nil {
		l.State = Kept
	}
	veiled := ls.veil(&l)
	fresh, err := insert(ctx, tx, l, veiled)
	if err == nil && fresh && l.State == Queued {
		err = job.Insert(ctx, tx, sending{l.ID}, 0)
	}
	if err != nil {
		return false, fmt.Errorf("letter: write: %w", err)
	}
	return fresh, nil
}

// veil takes the secret out of the letter and seals it, if it will be sent.
func (ls *Letters) veil(l *Letter) (sealed string) {
	if l.Secret == "" {
		return ""
	}
	l.Text = strings.ReplaceAll(l.Text, l.Secret, Veil)
	l.HTML = strings.ReplaceAll(l.HTML, l.Secret, Veil)
	if l.State == Queued {
		sealed = ls.Keys.Seal(veilPurpose, l.ID, []byte(l.Secret))
	}
	l.Secret = ""
	return sealed
}

// unveil puts the secret back for the one who reads the letter.
func (ls *Letters) unveil(ctx context.Context, l *Letter) error {
	sealed, err := veiled(ctx, ls.DB, l.ID)
	if err != nil || sealed == "" {
		return err
	}
	plain, err := ls.Keys.Open(veilPurpose, l.ID, sealed)
	if err != nil {
		return Final(fmt.Errorf("letter: its secret: %w", err))
	}
	l.Secret = string(plain)
	l.Text = strings.ReplaceAll(l.Text, Veil, l.Secret)
	l.HTML = strings.ReplaceAll(l.HTML, Veil, l.Secret)
	return nil
}

// send runs as a job. After the last try the letter is given up.
func (ls *Letters) send(ctx context.Context, id string) error {
	l, err := byID(ctx, ls.DB, id)
	if fault.Is(err, fault.NotFound) || err == nil && l.State != Queued {
		return nil
	}
	if err != nil {
		return err
	}
	if ls.Send == nil {
		return settle(ctx, ls.DB, id, Kept, "The mail server was taken out of the settings.")
	}
	sendErr := ls.unveil(ctx, &l)
	if sendErr == nil && l.Community {
		l.From, sendErr = nameOf(ctx, ls.DB, l)
	}
	if sendErr == nil {
		sendErr = ls.Send(ctx, l)
	}
	if sendErr == nil {
		return settle(ctx, ls.DB, id, Sent, "")
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return sendErr // the program stops; the try does not count
	}
	state := Queued
	if _, last := job.Try(ctx); last || IsFinal(sendErr) {
		state = Failed
		sendErr = job.Cancel(sendErr)
	}
	return errors.Join(sendErr, settle(ctx, ls.DB, id, state, sendErr.Error()))
}

type final struct{ error }

func (f final) Unwrap() error { return f.error }

// Final marks an error of Send that trying again cannot mend, such as an
// address that the server does not know.
func Final(err error) error { return final{err} }

// IsFinal reports whether err was marked by Final.
func IsFinal(err error) bool {
	var f final
	return errors.As(err, &f)
}

// Recent counts the letters about a brand to an address since a time.
func Recent(ctx context.Context, q db.Queryer, brandID, address string, since db.Time) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM letter
		WHERE brand_id = $1 AND created_at >= $2 AND address = $3`, brandID, since, address).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("letter: count: %w", err)
	}
	return n, nil
}

// ByID returns a letter about the brand to its owners.
func ByID(ctx context.Context, q db.Queryer, who access.Who, brandID, id string) (Letter, error) {
	if err := who.May(q.Now(), brandID, access.TeamWrite); err != nil {
		return Letter{}, err
	}
	l, err := byID(ctx, q, id)
	if err == nil && l.Brand != brandID {
		return Letter{}, missing()
	}
	return l, err
}

// triesAnHour is how many test letters an account may send in an hour.
const triesAnHour = 5

// Try writes a test letter to the acting account, in its own words.
func (ls *Letters) Try(ctx context.Context, who access.Who, brandID string, p Page) (Letter, error) {
	var l Letter
	err := ls.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := who.May(tx.Now(), brandID, access.TeamWrite); err != nil {
			return err
		}
		if who.Email == "" {
			return fault.New(fault.Invalid, "Your account has no address to write to.")
		}
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM letter WHERE brand_id = $1 AND created_at >= $2 AND address = $3 AND source LIKE 'test-%'`,
			brandID, tx.Now().Add(-time.Hour), who.Email).Scan(&n); err != nil {
			return fmt.Errorf("letter: count tests: %w", err)
		}
		if n >= triesAnHour {
			return fault.After(time.Hour, "Enough test letters for now. Try again in an hour.")
		}
		text, html := p.Render()
		l = Letter{Brand: brandID, Account: who.Account, Address: who.Email, Subject: p.Title, Text: text, HTML: html, Source: "test-" + db.NewID()}
		if _, err := ls.Write(ctx, tx, l); err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: "letter.tested", Subject: brandID})
	})
	return l, err
}

// Count says how many letters about the brand are in which state.
func Count(ctx context.Context, q db.Queryer, who access.Who, brandID string) (map[State]int, error) {
	if err := who.May(q.Now(), brandID, access.TeamWrite); err != nil {
		return nil, err
	}
	out := map[State]int{}
	rows, err := q.QueryContext(ctx, `SELECT state, COUNT(*) FROM letter WHERE brand_id = $1 GROUP BY state`, brandID)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var s State
		var n int
		err := r.Scan(&s, &n)
		out[s] = n
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("letter: count: %w", err)
	}
	return out, nil
}

// List returns the letters about the brand to its owners, the newest first.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, page db.Page) ([]Letter, string, error) {
	return ListState(ctx, q, who, brandID, "", page)
}

// ListState returns those in one state, or all where it is "".
func ListState(ctx context.Context, q db.Queryer, who access.Who, brandID string, s State, page db.Page) ([]Letter, string, error) {
	if err := who.May(q.Now(), brandID, access.TeamWrite); err != nil {
		return nil, "", err
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(50, 200)
	args, where := []any{brandID, at, id, size + 1}, ""
	if s != "" {
		args, where = append(args, s), ` AND state = $5`
	}
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM letter
		WHERE brand_id = $1 AND (created_at, id) < ($2, $3)`+where+` ORDER BY created_at DESC, id DESC LIMIT $4`, args...)
	all, err := db.Collect(rows, err, func(rows *sql.Rows) (Letter, error) { return scan(rows) })
	if err != nil {
		return nil, "", fmt.Errorf("letter: list: %w", err)
	}
	if len(all) <= size {
		return all, "", nil
	}
	last := all[size-1]
	return all[:size], db.Cursor(last.CreatedAt, last.ID), nil
}

// Keep is how long letters are kept.
const Keep = 180 * 24 * time.Hour

// Sweep forgets old letters.
func Sweep(ctx context.Context, d *db.DB) error {
	if _, err := d.ExecContext(ctx, `DELETE FROM letter WHERE created_at < $1`, d.Now().Add(-Keep)); err != nil {
		return fmt.Errorf("letter: sweep: %w", err)
	}
	return nil
}

// Package account holds the people who sign in: accounts, their grants in
// brands, their sessions and their API tokens. An account belongs to the
// installation, not to a brand. What an account may do is decided by package
// access; this package only says who is asking.
package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Account is a sign-in.
type Account struct {
	ID         string
	Email      string // lower case
	Name       string
	Theme      string // one of Themes
	Language   string // that it reads in; "" for what its browser asks
	CreatedAt  db.Time
	DisabledAt db.Time // 0 while it may sign in
	VerifiedAt db.Time // since when the address is known to be theirs; 0 while it is not
	SeenAt     db.Time // the last request from the studio, to the nearest five minutes; 0 for never
}

// Themes are the looks an account may choose.
var Themes = []string{"system", "light", "dark"}

// New is what an account is made of.
type New struct {
	Email    string
	Name     string
	Password string
}

const (
	maxEmail = 254 // RFC 5321, section 4.5.3.1.3, less the angle brackets
	maxName  = 100 // runes
)

// Create makes an account without any grant. Only the program itself may: the
// console, or the set-up after its code was checked. What also does is
// committed together with the account; it may be nil.
func Create(ctx context.Context, d *db.DB, who access.Who, n New, also func(*db.Tx, Account) error) (Account, error) {
	if !who.IsSystem() {
		return Account{}, fault.New(fault.Denied, "Accounts are made at the console. Ask whoever runs this Rapport.")
	}
	email, name, err := n.check()
	if err != nil {
		return Account{}, err
	}
	// Outside the transaction: hashing takes long and must not hold the writer.
	hash, err := hashPassword(ctx, n.Password)
	if err != nil {
		return Account{}, err
	}
	var a Account
	err = d.Tx(ctx, func(tx *db.Tx) error {
		a = Account{ID: db.NewID(), Email: email, Name: name, Theme: Themes[0], CreatedAt: tx.Now()}
		_, err := tx.ExecContext(ctx, `INSERT INTO account (id, email, name, password_hash, theme, created_at)
			VALUES ($1, $2, $3, $4, $5, $6)`, a.ID, a.Email, a.Name, hash, a.Theme, a.CreatedAt)
		if err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, who, audit.Entry{Act: "account.created", Subject: a.ID}); err != nil {
			return err
		}
		if also == nil {
			return nil
		}
		return also(tx, a)
	})
	if db.IsDuplicate(err) {
		return Account{}, fault.As(fault.Conflict, err, "There is already an account for %s.", email)
	}
	if err != nil {
		return Account{}, fmt.Errorf("account: create: %w", err)
	}
	return a, nil
}

// Check returns what is wrong with a new account, as a fault on its fields.
func (n New) Check() error {
	_, _, err := n.check()
	return err
}

func (n New) check() (email, name string, err error) {
	var wrong []fault.Field
	email, ok := Address(n.Email)
	if !ok {
		wrong = append(wrong, fault.On("email", "Enter an e-mail address like you@example.com."))
	}
	name, ok = properName(n.Name)
	if !ok {
		wrong = append(wrong, fault.On("name", "Enter a name of at most %d characters.", maxName))
	}
	if text := passwordProblem(n.Password); text != nil {
		wrong = append(wrong, fault.With("password", text))
	}
	return email, name, fault.OnFields(wrong)
}

func properName(s string) (string, bool) {
	s = strings.TrimSpace(s)
	return s, s != "" && utf8.RuneCountInString(s) <= maxName && !strings.ContainsFunc(s, unicode.IsControl) && utf8.ValidString(s)
}

// Address reads what a person typed as an e-mail address, in lower case. It
// reports false for what is none.
func Address(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if len(s) > maxEmail || strings.ContainsFunc(s, unicode.IsSpace) {
		return "", false
	}
	a, err := mail.ParseAddress(s)
	return s, err == nil && a.Address == s
}

const columns = `a.id, a.email, a.name, a.theme, a.language, a.created_at, a.disabled_at, a.verified_at, a.seen_at`

func (a *Account) fields() []any {
	return []any{&a.ID, &a.Email, &a.Name, &a.Theme, &a.Language, &a.CreatedAt, &a.DisabledAt, &a.VerifiedAt, &a.SeenAt}
}

func scan(rows *sql.Rows) (Account, error) {
	var a Account
	return a, rows.Scan(a.fields()...)
}

// ByID returns the account, or fault.NotFound.
func ByID(ctx context.Context, q db.Queryer, id string) (Account, error) {
	return one(ctx, q, `SELECT `+columns+` FROM account a WHERE a.id = $1`, id)
}

// ByEmail returns the account with the address in any spelling of case, or
// fault.NotFound.
func ByEmail(ctx context.Context, q db.Queryer, email string) (Account, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	return one(ctx, q, `SELECT `+columns+` FROM account a WHERE a.email = $1`, email)
}

func one(ctx context.Context, q db.Queryer, query string, arg string) (Account, error) {
	var a Account
	err := q.QueryRowContext(ctx, query, arg).Scan(a.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return Account{}, fault.New(fault.NotFound, "There is no such account.")
	}
	if err != nil {
		return Account{}, fmt.Errorf("account: read: %w", err)
	}
	return a, nil
}

// List returns every account of the installation by address. It is for the
// console: no grant lets an account see all others.
func List(ctx context.Context, q db.Queryer, who access.Who) ([]Account, error) {
	if !who.IsSystem() {
		return nil, fault.New(fault.Denied, "The list of accounts is for the console only.")
	}
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM account a ORDER BY a.email`)
	out, err := db.Collect(rows, err, scan)
	if err != nil {
		return nil, fmt.Errorf("account: list: %w", err)
	}
	return out, nil
}

// Any reports whether the installation has an account at all.
func Any(ctx context.Context, q db.Queryer) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM account LIMIT 1) x`).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("account: any: %w", err)
	}
	return n > 0, nil
}

// SetTheme keeps the look the acting account chose.
func SetTheme(ctx context.Context, d *db.DB, who access.Who, theme string) error {
	if !slices.Contains(Themes, theme) {
		return fault.OnField("theme", "Choose one of %s.", strings.Join(Themes, ", "))
	}
	if _, err := d.ExecContext(ctx, `UPDATE account SET theme = $1 WHERE id = $2`, theme, who.Account); err != nil {
		return fmt.Errorf("account: theme: %w", err)
	}
	return nil
}

// Rename changes the acting account's name, as others see it.
func Rename(ctx context.Context, d *db.DB, who access.Who, name string) error {
	name, ok := properName(name)
	if !ok {
		return fault.OnField("name", "Enter a name of at most %d characters.", maxName)
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		var was string
		err := tx.QueryRowContext(ctx, `SELECT name FROM account WHERE id = $1`, who.Account).Scan(&was)
		if err != nil || was == name {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE account SET name = $1 WHERE id = $2`, name, who.Account); err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Act: "account.renamed", Subject: who.Account, Detail: map[string]string{"name": was + " → " + name}})
	})
	if err != nil {
		return fmt.Errorf("account: rename: %w", err)
	}
	return nil
}

// Verify notes in the caller's transaction that the account's address is known
// to be its own.
func Verify(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.ExecContext(ctx, `UPDATE account SET verified_at = $1 WHERE id = $2 AND verified_at = 0`, tx.Now(), id)
	if err != nil {
		return fmt.Errorf("account: verify: %w", err)
	}
	return nil
}

// SetAddress gives the account another address in the caller's transaction,
// which is known to be its own. One that another account has is a duplicate:
// see db.IsDuplicate.
func SetAddress(ctx context.Context, tx *db.Tx, id, email string) error {
	_, err := tx.ExecContext(ctx, `UPDATE account SET email = $1, verified_at = $2 WHERE id = $3`, email, tx.Now(), id)
	if err != nil {
		return fmt.Errorf("account: set the address: %w", err)
	}
	return nil
}

package admit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/job"
	"rapport/internal/letter"
	"rapport/internal/secret"
)

// How long the links of letters to an account work.
const (
	AddressLife  = 3 * 24 * time.Hour
	PasswordLife = time.Hour
)

// kind is what a link proves.
type kind string

const (
	ofAddress  kind = "address"  // that the address is the account's
	ofPassword kind = "password" // that a new password may be set
)

var errLink = fault.New(fault.NotFound, "This link does not work. It may have been used, or it is too old, or a newer letter has replaced it.")

// prove makes the account's only working link of the kind.
func prove(ctx context.Context, tx *db.Tx, k kind, accountID, email, token string, life time.Duration) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM proof WHERE account_id = $1 AND kind = $2`, accountID, string(k)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO proof (token_hash, account_id, kind, email, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		secret.Hash(token), accountID, string(k), email, tx.Now(), tx.Now().Add(life))
	return err
}

// proven reads a link that works.
func proven(ctx context.Context, q db.Queryer, k kind, token string) (accountID, email string, err error) {
	err = q.QueryRowContext(ctx, `SELECT account_id, email FROM proof WHERE token_hash = $1 AND kind = $2 AND expires_at > $3`,
		secret.Hash(token), string(k), q.Now()).Scan(&accountID, &email)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", errLink
	}
	if err != nil {
		return "", "", fmt.Errorf("admit: proof: %w", err)
	}
	return accountID, email, nil
}

// spend uses a link up: in two requests at once, one finds it used.
func spend(ctx context.Context, tx *db.Tx, token string) error {
	res, err := tx.ExecContext(ctx, `DELETE FROM proof WHERE token_hash = $1`, secret.Hash(token))
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = errLink
	}
	return err
}

func proofLimits(who, email string) []account.Limit {
	return []account.Limit{
		{Scope: "proof " + who, Burst: 5, Every: 10 * time.Minute},
		{Scope: "proof to " + secret.Hash(email)[:32], Burst: 3, Every: 10 * time.Minute},
	}
}

// AskAddress writes to the address that the acting account has, or wants to
// have. Until the link is opened nothing changes.
func (d *Door) AskAddress(ctx context.Context, who access.Who, email string) error {
	if who.Account == "" || who.Token != "" {
		return fault.New(fault.Denied, "Sign in to do this. An API token cannot.")
	}
	email, ok := account.Address(email)
	if !ok {
		return fault.OnField("email", "Enter an e-mail address like you@example.com.")
	}
	if !d.Mails() {
		return fault.New(fault.Conflict, "No mail server is set, so an address cannot be proved. Ask whoever runs this Rapport.")
	}
	if err := account.Attempt(ctx, d.DB, proofLimits(who.Account, email)...); err != nil {
		return err
	}
	token := secret.Token()
	err := d.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := prove(ctx, tx, ofAddress, who.Account, email, token, AddressLife); err != nil {
			return err
		}
		p := letter.Page{Title: i18n.T(ctx, "Is this your address?"),
			Lines:  []string{i18n.T(ctx, "Open the link to make {{.Address}} the address of your account. It works for three days.", "Address", email)},
			Action: i18n.T(ctx, "Yes, it is mine"), Link: d.link("/studio/account/address/", token),
			Foot: i18n.T(ctx, "If you know nothing of this, leave it; nothing happens then.")}
		return d.write(ctx, tx, letter.Letter{Account: who.Account, Address: email, Secret: token, Source: "address " + secret.Hash(token)[:32]}, p)
	})
	if err != nil {
		return fmt.Errorf("admit: ask for an address: %w", err)
	}
	return nil
}

// AskNew writes to a new account, in the caller's transaction, at the address
// that it was made with. link makes of a token the address of the page that
// goes on with ProveAddress; p has the words.
func (d *Door) AskNew(ctx context.Context, tx *db.Tx, a account.Account, brandID string, link func(token string) string, p letter.Page) error {
	token := secret.Token()
	if err := prove(ctx, tx, ofAddress, a.ID, a.Email, token, AddressLife); err != nil {
		return fmt.Errorf("admit: ask a new account: %w", err)
	}
	p.Link = link(token)
	return d.write(ctx, tx, letter.Letter{Brand: brandID, Community: true, Account: a.ID, Address: a.Email, Secret: token, Source: "address " + secret.Hash(token)[:32]}, p)
}

// AskAgain is AskNew once more, for the acting account, as often as
// AskAddress.
func (d *Door) AskAgain(ctx context.Context, who access.Who, brandID string, link func(token string) string, p letter.Page) error {
	a, err := account.ByID(ctx, d.DB, who.Account)
	if err != nil || a.VerifiedAt != 0 || !d.Mails() {
		return err
	}
	if err := account.Attempt(ctx, d.DB, proofLimits(a.ID, a.Email)...); err != nil {
		return err
	}
	return d.DB.Tx(ctx, func(tx *db.Tx) error { return d.AskNew(ctx, tx, a, brandID, link, p) })
}

// ProveAddress makes the link's address that of its account. The older address
// is told. Whoever holds the link need not be signed in.
func (d *Door) ProveAddress(ctx context.Context, token string) (email string, err error) {
	err = d.DB.Tx(ctx, func(tx *db.Tx) error {
		id, to, err := proven(ctx, tx, ofAddress, token)
		if err != nil {
			return err
		}
		a, err := account.ByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := spend(ctx, tx, token); err != nil {
			return err
		}
		email = to
		return d.move(ctx, tx, a, to)
	})
	if db.IsDuplicate(err) {
		err = fault.As(fault.Conflict, err, "Another account has this address by now.")
	}
	if err != nil {
		return "", fmt.Errorf("admit: prove an address: %w", err)
	}
	return email, nil
}

// move gives the account its address, which is known to be its own.
func (d *Door) move(ctx context.Context, tx *db.Tx, a account.Account, to string) error {
	who := access.Who{Account: a.ID, Name: a.Name, Email: a.Email}
	if a.Email == to {
		if err := account.Verify(ctx, tx, a.ID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Act: "account.address_proved", Subject: a.ID})
	}
	if err := account.SetAddress(ctx, tx, a.ID, to); err != nil {
		return err
	}
	err := d.tell(ctx, tx, a, a.Email, "address was "+db.NewID(), letter.Page{
		Title: i18n.T(ctx, "Your account has another address now"),
		Lines: []string{i18n.T(ctx, "You sign in with {{.Address}} from now on, and letters go there.", "Address", to)}})
	if err != nil {
		return err
	}
	return audit.Record(ctx, tx, who, audit.Entry{Act: "account.address_changed", Subject: a.ID})
}

// forgotten is the job that writes to somebody who forgot their password.
type forgotten struct {
	Email    string `json:"email"`
	Language string `json:"language"`
}

// Kind names the job.
func (forgotten) Kind() string { return "admit.forgotten" }

// Work registers the job that writes to those who forgot their password.
func (d *Door) Work(w *job.Workers) {
	job.Handle(w, func(ctx context.Context, f forgotten) error {
		return d.remind(i18n.With(ctx, f.Language, nil), f.Email)
	})
}

// Forgot has a letter written to an address, if it has an account, with a link
// to set a new password. Whether it has one is found out later, by a job, so
// that neither the answer nor the time it takes tells anything. from is where
// the request came from.
func (d *Door) Forgot(ctx context.Context, email, from string) error {
	email, ok := account.Address(email)
	if !ok {
		return fault.OnField("email", "Enter an e-mail address like you@example.com.")
	}
	if !d.Mails() {
		return fault.New(fault.Conflict, "No mail server is set, so no letter can be sent. Whoever runs this Rapport can set a new password at the console: rapport account password.")
	}
	if err := account.Attempt(ctx, d.DB, proofLimits("from "+account.Place(from), email)...); err != nil {
		return err
	}
	err := d.DB.Tx(ctx, func(tx *db.Tx) error {
		return job.Insert(ctx, tx, forgotten{email, i18n.Lang(ctx)}, 0)
	})
	if err != nil {
		return fmt.Errorf("admit: forgot: %w", err)
	}
	return nil
}

func (d *Door) remind(ctx context.Context, email string) error {
	token := secret.Token()
	return d.DB.Tx(ctx, func(tx *db.Tx) error {
		a, err := account.ByEmail(ctx, tx, email)
		if fault.Is(err, fault.NotFound) || err == nil && a.DisabledAt != 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if err := prove(ctx, tx, ofPassword, a.ID, a.Email, token, PasswordLife); err != nil {
			return err
		}
		return d.write(ctx, tx, letter.Letter{Account: a.ID, Address: a.Email, Secret: token, Source: "password " + secret.Hash(token)[:32]}, letter.Page{
			Title:  i18n.T(ctx, "Set a new password"),
			Lines:  []string{i18n.T(ctx, "Somebody, probably you, forgot the password of your account. The link works once, for one hour.")},
			Action: i18n.T(ctx, "Set a new password"), Link: d.link("/studio/account/password/", token),
			Foot: i18n.T(ctx, "If it was not you, leave it: your password stays as it is.")})
	})
}

// MayReset returns nil if the link of a letter to set a new password works.
func (d *Door) MayReset(ctx context.Context, token string) error {
	_, _, err := proven(ctx, d.DB, ofPassword, token)
	return err
}

// Reset sets a new password by the link of a letter, and ends all sessions. A
// second factor stays.
func (d *Door) Reset(ctx context.Context, token, password, from string) error {
	id, _, err := proven(ctx, d.DB, ofPassword, token)
	if err != nil {
		return err
	}
	a, err := account.ByID(ctx, d.DB, id)
	if err != nil {
		return err
	}
	who := access.Who{Account: a.ID, Name: a.Name, Email: a.Email, Address: from}
	err = account.ResetPassword(ctx, d.DB, who, password, func(tx *db.Tx) error {
		if _, _, err := proven(ctx, tx, ofPassword, token); err != nil {
			return err
		}
		if err := spend(ctx, tx, token); err != nil {
			return err
		}
		// The letter was read, so the address is theirs.
		if err := account.Verify(ctx, tx, a.ID); err != nil {
			return err
		}
		return d.tell(ctx, tx, a, a.Email, "password was "+secret.Hash(token)[:32], letter.Page{
			Title: i18n.T(ctx, "Your password was changed"),
			Lines: []string{i18n.T(ctx, "All browsers that were signed in have to sign in again.")}})
	})
	if err != nil {
		return fmt.Errorf("admit: reset: %w", err)
	}
	return nil
}

package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
)

// The bounds of a password. The lower one follows NIST SP 800-63B's advice of
// length over composition; the upper one keeps hashing bounded.
const (
	MinPassword = 10  // characters
	MaxPassword = 200 // bytes
)

// hashing is how new passwords are hashed: OWASP's second choice for
// argon2id, 19 MiB and two passes.
var hashing = params{memory: 19 * 1024, time: 2, threads: 1}

// slots caps how many hashes run at once, so that a flood of sign-ins costs
// at most that many times 19 MiB.
var slots = make(chan struct{}, 2)

const (
	saltBytes = 16
	keyBytes  = 32
	slotWait  = 10 * time.Second
)

type params struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
}

func passwordProblem(p string) *i18n.Phrase {
	switch {
	case !utf8.ValidString(p):
		return i18n.P("This password cannot be read. Type it again.")
	case utf8.RuneCountInString(p) < MinPassword:
		return i18n.P("Choose a password of at least %d characters.", MinPassword)
	case len(p) > MaxPassword:
		return i18n.P("Choose a password of at most %d characters.", MaxPassword)
	}
	return nil
}

func hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails; see crypto/rand
	key, err := derive(ctx, password, salt, hashing)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		hashing.memory, hashing.time, hashing.threads, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

func derive(ctx context.Context, password string, salt []byte, p params) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, slotWait)
	defer cancel()
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fault.As(fault.Unavailable, ctx.Err(), "Too many people are signing in at this moment. Try again in a minute.")
	}
	defer func() { <-slots }()
	return argon2.IDKey([]byte(password), salt, p.time, p.memory, p.threads, keyBytes), nil
}

// verify compares in constant time. current is false where the hash was made
// with other parameters than new ones are.
func verify(ctx context.Context, password, hash string) (match, current bool, err error) {
	p, salt, want, err := parseHash(hash)
	if err != nil {
		return false, false, err
	}
	got, err := derive(ctx, password, salt, p)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, p == hashing, nil
}

func parseHash(hash string) (p params, salt, key []byte, err error) {
	fields := strings.Split(hash, "$")
	var version int
	if len(fields) != 6 || fields[1] != "argon2id" {
		return p, nil, nil, errors.New("account: a stored password hash is not argon2id")
	}
	if _, err = fmt.Sscanf(fields[2], "v=%d", &version); err != nil || version != argon2.Version {
		return p, nil, nil, fmt.Errorf("account: a stored password hash has version %q", fields[2])
	}
	if _, err = fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil {
		return p, nil, nil, fmt.Errorf("account: the parameters of a stored password hash: %w", err)
	}
	if salt, err = base64.RawStdEncoding.DecodeString(fields[4]); err != nil {
		return p, nil, nil, fmt.Errorf("account: the salt of a stored password hash: %w", err)
	}
	if key, err = base64.RawStdEncoding.DecodeString(fields[5]); err != nil || len(key) != keyBytes {
		return p, nil, nil, errors.New("account: a stored password hash is damaged")
	}
	return p, salt, key, nil
}

// nobody is a hash that no password fits. A sign-in for an unknown address is
// measured against it, so that the time it takes tells nothing.
var nobody = sync.OnceValue(func() string {
	random := make([]byte, saltBytes+keyBytes)
	rand.Read(random)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashing.memory, hashing.time,
		hashing.threads, b64.EncodeToString(random[:saltBytes]), b64.EncodeToString(random[saltBytes:]))
})

// Password is a change of password.
type Password struct {
	Account string // whose
	Current string // not asked of the program itself
	New     string
	Keep    string // id of the session that goes on; all others end
	Tell    Tell   // may be nil
}

// SetPassword changes an account's password and ends its other sessions. An
// account changes its own with the current one; the console changes any. API
// tokens stay as they are.
func SetPassword(ctx context.Context, d *db.DB, who access.Who, p Password) error {
	if text := passwordProblem(p.New); text != nil {
		return fault.OnField("password", "%s", text)
	}
	if err := mayChange(ctx, d, who, p); err != nil {
		return err
	}
	hash, err := hashPassword(ctx, p.New)
	if err != nil {
		return err
	}
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if err := p.Tell.of(ctx, tx, p.Account, PasswordChanged); err != nil {
			return err
		}
		return putPassword(ctx, tx, who, p.Account, hash, p.Keep)
	})
	if err != nil {
		return fmt.Errorf("account: set the password: %w", err)
	}
	return nil
}

// ResetPassword sets the acting account's password without the current one,
// for whom the caller knows by a letter, and ends all its sessions. What also
// does comes first and is committed together with it.
func ResetPassword(ctx context.Context, d *db.DB, who access.Who, password string, also func(*db.Tx) error) error {
	if text := passwordProblem(password); text != nil {
		return fault.OnFields([]fault.Field{fault.With("password", text)})
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return err
	}
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if err := also(tx); err != nil {
			return err
		}
		return putPassword(ctx, tx, who, who.Account, hash, "")
	})
	if err != nil {
		return fmt.Errorf("account: reset the password: %w", err)
	}
	return nil
}

// putPassword ends every session but one, and every sign-in that is half done.
func putPassword(ctx context.Context, tx *db.Tx, who access.Who, id, hash, keep string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE account SET password_hash = $1 WHERE id = $2`, hash, id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE account_id = $1 AND id <> $2`, id, keep); err != nil {
		return err
	}
	for _, query := range []string{`DELETE FROM half_sign_in WHERE account_id = $1`, `DELETE FROM proof WHERE account_id = $1 AND kind = 'password'`} {
		if _, err := tx.ExecContext(ctx, query, id); err != nil {
			return err
		}
	}
	accessChanged(tx, id)
	return audit.Record(ctx, tx, who, audit.Entry{Act: "account.password_changed", Subject: id})
}

func mayChange(ctx context.Context, d *db.DB, who access.Who, p Password) error {
	if !who.IsSystem() && (who.Account != p.Account || who.Token != "") {
		return fault.New(fault.Denied, "You can change your own password only, and only when you are signed in.")
	}
	if !who.IsSystem() {
		return checkPassword(ctx, d, who, "current", p.Current)
	}
	_, err := ByID(ctx, d, p.Account)
	return err
}

// checkPassword returns nil if the password is the acting account's, else a
// fault on the field it was typed in. Guesses are counted.
func checkPassword(ctx context.Context, d *db.DB, who access.Who, field, password string) error {
	var hash string
	err := d.QueryRowContext(ctx, `SELECT password_hash FROM account WHERE id = $1`, who.Account).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "There is no such account.")
	}
	if err != nil {
		return fmt.Errorf("account: read the password: %w", err)
	}
	limits := passwordLimits(who.Account, who.Address)
	if err := takeAttempt(ctx, d, limits); err != nil {
		return err
	}
	if len(password) > MaxPassword {
		password = "" // too long to be anyone's; not worth hashing as it is
	}
	match, _, err := verify(ctx, password, hash)
	if err != nil {
		return err
	}
	if !match {
		return fault.OnField(field, "This is not your current password. Type it again.")
	}
	return forgiveAttempt(ctx, d, limits)
}

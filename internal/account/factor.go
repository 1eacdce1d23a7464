package account

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/secret"
)

// Factors keeps the second factors of accounts: a secret that a program on
// their phone shares and makes codes of (RFC 6238: SHA-1, six digits, thirty
// seconds, which is what every such program knows), and recovery codes for
// when the phone is gone.
type Factors struct {
	DB   *db.DB
	Keys *secret.Keyring
	Tell Tell // may be nil
}

// Change is what has changed about how an account signs in.
type Change int

// The changes that an account is told of, so that it learns of one that it did
// not make.
const (
	PasswordChanged Change = iota + 1
	FactorSetUp
	FactorOff
	CodesRenewed // the old recovery codes have ended
	CodeUsed     // a recovery code instead of one of the phone
)

// Tell tells an account of a change, in the transaction that makes it.
type Tell func(ctx context.Context, tx *db.Tx, accountID string, c Change) error

func (tell Tell) of(ctx context.Context, tx *db.Tx, accountID string, c Change) error {
	if tell == nil {
		return nil
	}
	return tell(ctx, tx, accountID, c)
}

// Factor is where an account's second factor stands.
type Factor struct {
	Since db.Time // 0 while there is none
	Codes int     // recovery codes that are left
}

// Enrolment is what a phone has to know.
type Enrolment struct {
	Key  string // base32, for typing
	Link string // otpauth:// address, for a picture of it
}

const (
	step           = 30 // seconds
	keyLength      = 20 // bytes; RFC 4226 recommends 160 bits
	recoveryCodes  = 10
	factorPurpose  = "second factor"
	halfSignInLife = 10 * time.Minute
)

// ErrHalf says that the password was right and the second factor is asked
// next. The token that comes with it is what Factors.SignIn takes; it is no
// session.
var ErrHalf error = fault.New(fault.Denied, "Enter the code of your second factor.")

var errCode = fault.OnField("code", "This code does not fit, or was used already. Wait for the next one and type it again.")

// FactorOf returns where the account's second factor stands.
func FactorOf(ctx context.Context, q db.Queryer, accountID string) (Factor, error) {
	var f Factor
	err := q.QueryRowContext(ctx, `SELECT
		COALESCE((SELECT confirmed_at FROM second_factor WHERE account_id = $1), 0),
		(SELECT COUNT(*) FROM recovery_code WHERE account_id = $1 AND used_at = 0)`, accountID).Scan(&f.Since, &f.Codes)
	if err != nil {
		return f, fmt.Errorf("account: second factor: %w", err)
	}
	return f, nil
}

// Enrol returns what the acting account's phone has to know. Until Confirm it
// is the same whenever it is asked for, so that a page may be shown twice.
func (fs *Factors) Enrol(ctx context.Context, who access.Who) (Enrolment, error) {
	if err := inPerson(who); err != nil {
		return Enrolment{}, err
	}
	fresh := make([]byte, keyLength)
	rand.Read(fresh) // never fails; see crypto/rand
	var key []byte
	err := fs.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO second_factor (account_id, secret, created_at) VALUES ($1, $2, $3)
			ON CONFLICT (account_id) DO NOTHING`, who.Account, fs.Keys.Seal(factorPurpose, who.Account, fresh), tx.Now())
		if err != nil {
			return err
		}
		k, confirmed, err := fs.key(ctx, tx, who.Account)
		if err == nil && confirmed {
			err = fault.New(fault.Conflict, "Your second factor is set up already.")
		}
		key = k
		return err
	})
	if err != nil {
		return Enrolment{}, fmt.Errorf("account: enrol: %w", err)
	}
	return enrolment(who.Email, key), nil
}

func enrolment(email string, key []byte) Enrolment {
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key)
	link := url.URL{Scheme: "otpauth", Host: "totp", Path: "/Rapport:" + email,
		RawQuery: "secret=" + text + "&issuer=Rapport"}
	return Enrolment{Key: text, Link: link.String()}
}

// key opens an account's secret.
func (fs *Factors) key(ctx context.Context, q db.Queryer, accountID string) (key []byte, confirmed bool, err error) {
	var sealed string
	var at db.Time
	err = q.QueryRowContext(ctx, `SELECT secret, confirmed_at FROM second_factor WHERE account_id = $1`, accountID).Scan(&sealed, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, fault.New(fault.Conflict, "There is no second factor. Set it up first.")
	}
	if err == nil {
		key, err = fs.Keys.Open(factorPurpose, accountID, sealed)
	}
	return key, at != 0, err
}

// Confirm sets the second factor up with the first code that the phone shows,
// and returns the recovery codes, which are shown once and stored nowhere.
func (fs *Factors) Confirm(ctx context.Context, who access.Who, session, code string) (codes []string, err error) {
	if err := inPerson(who); err != nil {
		return nil, err
	}
	if err := takeAttempt(ctx, fs.DB, codeLimits(who.Account)); err != nil {
		return nil, err
	}
	codes = newCodes()
	err = fs.DB.Tx(ctx, func(tx *db.Tx) error {
		key, confirmed, err := fs.key(ctx, tx, who.Account)
		if err != nil {
			return err
		}
		if confirmed {
			return fault.New(fault.Conflict, "Your second factor is set up already.")
		}
		at, fits := fit(key, code, tx.Now())
		if !fits {
			return errCode
		}
		if _, err := tx.ExecContext(ctx, `UPDATE second_factor SET confirmed_at = $1, used_step = $2 WHERE account_id = $3`, tx.Now(), at, who.Account); err != nil {
			return err
		}
		if err := putCodes(ctx, tx, who.Account, codes); err != nil {
			return err
		}
		// Whoever else is signed in did so by the password alone.
		if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE account_id = $1 AND id <> $2`, who.Account, session); err != nil {
			return err
		}
		accessChanged(tx, who.Account)
		if err := fs.Tell.of(ctx, tx, who.Account, FactorSetUp); err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Act: "factor.set_up", Subject: who.Account})
	})
	if err != nil {
		return nil, fmt.Errorf("account: confirm the second factor: %w", err)
	}
	return codes, forgiveAttempt(ctx, fs.DB, codeLimits(who.Account))
}

// RenewCodes makes new recovery codes; the old ones end.
func (fs *Factors) RenewCodes(ctx context.Context, who access.Who) (codes []string, err error) {
	if err := inPerson(who); err != nil {
		return nil, err
	}
	codes = newCodes()
	err = fs.DB.Tx(ctx, func(tx *db.Tx) error {
		if _, confirmed, err := fs.key(ctx, tx, who.Account); err != nil || !confirmed {
			return cmp.Or[error](err, fault.New(fault.Conflict, "There is no second factor. Set it up first."))
		}
		if err := putCodes(ctx, tx, who.Account, codes); err != nil {
			return err
		}
		if err := fs.Tell.of(ctx, tx, who.Account, CodesRenewed); err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Act: "factor.codes_renewed", Subject: who.Account})
	})
	if err != nil {
		return nil, fmt.Errorf("account: renew the recovery codes: %w", err)
	}
	return codes, nil
}

// Off takes an account's second factor away. An account takes its own, unless
// a brand of its asks for one; the console takes any, for who lost both the
// phone and the codes.
func (fs *Factors) Off(ctx context.Context, who access.Who, accountID string) error {
	if !who.IsSystem() && (who.Account != accountID || who.Token != "") {
		return fault.New(fault.Denied, "You can switch off your own second factor only, and only when you are signed in.")
	}
	err := fs.DB.Tx(ctx, func(tx *db.Tx) error {
		if !who.IsSystem() {
			if err := notAsked(ctx, tx, accountID); err != nil {
				return err
			}
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM second_factor WHERE account_id = $1`, accountID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or[error](err, fault.New(fault.Conflict, "There is no second factor to switch off."))
		}
		for _, query := range []string{`DELETE FROM recovery_code WHERE account_id = $1`, `DELETE FROM half_sign_in WHERE account_id = $1`} {
			if _, err := tx.ExecContext(ctx, query, accountID); err != nil {
				return err
			}
		}
		accessChanged(tx, accountID)
		if err := fs.Tell.of(ctx, tx, accountID, FactorOff); err != nil {
			return err
		}
		return audit.Record(ctx, tx, who, audit.Entry{Act: "factor.switched_off", Subject: accountID})
	})
	if err != nil {
		return fmt.Errorf("account: switch the second factor off: %w", err)
	}
	return nil
}

// notAsked returns a fault that names a brand of the account's that asks for a
// second factor.
func notAsked(ctx context.Context, tx *db.Tx, accountID string) error {
	var name string
	err := tx.QueryRowContext(ctx, `SELECT b.name FROM access_grant g JOIN team_rule r ON r.brand_id = g.brand_id AND r.second_factor
		JOIN brand b ON b.id = g.brand_id
		WHERE g.account_id = $1 AND (g.ends_at = 0 OR g.ends_at > $2) ORDER BY b.name LIMIT 1`, accountID, tx.Now()).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "%s asks its team for a second factor, so yours stays. An owner can change that.", name)
}

// ConfirmByCode is Confirm of a session for an account with a second factor:
// a code in place of the password.
func (fs *Factors) ConfirmByCode(ctx context.Context, who access.Who, session, code string) error {
	if err := inPerson(who); err != nil {
		return err
	}
	if err := takeAttempt(ctx, fs.DB, codeLimits(who.Account)); err != nil {
		return err
	}
	err := fs.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := fs.use(ctx, tx, who.Account, code)
		return err
	})
	if err != nil {
		return fmt.Errorf("account: confirm by code: %w", err)
	}
	if err := forgiveAttempt(ctx, fs.DB, codeLimits(who.Account)); err != nil {
		return err
	}
	return makeSure(ctx, fs.DB, who, session)
}

// SignIn ends a sign-in that SignIn began: token is the one that came with
// ErrHalf, code one that the phone shows, or a recovery code. left is how many
// recovery codes are left if one was used, else -1. A token that is unknown,
// used or older than ten minutes is ErrSignedOut.
func (fs *Factors) SignIn(ctx context.Context, token, code string, m Meta) (s Session, session string, left int, err error) {
	hash, left := secret.Hash(token), -1
	id, err := halfOf(ctx, fs.DB, hash)
	if err != nil {
		return Session{}, "", left, err
	}
	if err := takeAttempt(ctx, fs.DB, codeLimits(id)); err != nil {
		return Session{}, "", left, err
	}
	var a Account
	err = fs.DB.Tx(ctx, func(tx *db.Tx) error {
		// Again, because two requests may carry the same token.
		if _, err := halfOf(ctx, tx, hash); err != nil {
			return err
		}
		recovered, err := fs.use(ctx, tx, id, code)
		if err != nil {
			return err
		}
		if recovered {
			f, err := FactorOf(ctx, tx, id)
			if left = f.Codes; err != nil {
				return err
			}
		}
		if a, err = ByID(ctx, tx, id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM half_sign_in WHERE token_hash = $1`, hash)
		return err
	})
	if err != nil {
		return Session{}, "", -1, fmt.Errorf("account: second step: %w", err)
	}
	if err := forgiveAttempt(ctx, fs.DB, codeLimits(id)); err != nil {
		return Session{}, "", left, err
	}
	s, session, err = Begin(ctx, fs.DB, a, m)
	return s, session, left, err
}

// halfOf returns whose sign-in has got half-way with a token.
func halfOf(ctx context.Context, q db.Queryer, hash string) (string, error) {
	var id string
	err := q.QueryRowContext(ctx, `SELECT h.account_id FROM half_sign_in h JOIN account a ON a.id = h.account_id AND a.disabled_at = 0
		WHERE h.token_hash = $1 AND h.expires_at > $2`, hash, q.Now()).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrSignedOut
	}
	if err != nil {
		return "", fmt.Errorf("account: half a sign-in: %w", err)
	}
	return id, nil
}

// goHalf begins the second step for an account that has one; token is "" for
// one that has none.
func goHalf(ctx context.Context, d *db.DB, accountID string) (token string, err error) {
	f, err := FactorOf(ctx, d, accountID)
	if err != nil || f.Since == 0 {
		return "", err
	}
	token = secret.Token()
	_, err = d.ExecContext(ctx, `INSERT INTO half_sign_in (token_hash, account_id, expires_at) VALUES ($1, $2, $3)`,
		secret.Hash(token), accountID, d.Now().Add(halfSignInLife))
	if err != nil {
		return "", fmt.Errorf("account: half a sign-in: %w", err)
	}
	return token, nil
}

// use takes a code of the phone or a recovery code, either once and never
// again. In two requests at once one finds it used.
func (fs *Factors) use(ctx context.Context, tx *db.Tx, accountID, code string) (recovered bool, err error) {
	key, confirmed, err := fs.key(ctx, tx, accountID)
	if err != nil {
		return false, err
	}
	if !confirmed {
		return false, errCode
	}
	var res sql.Result
	if at, fits := fit(key, code, tx.Now()); fits {
		res, err = tx.ExecContext(ctx, `UPDATE second_factor SET used_step = $1 WHERE account_id = $2 AND used_step < $1`, at, accountID)
	} else {
		recovered = true
		res, err = tx.ExecContext(ctx, `UPDATE recovery_code SET used_at = $1 WHERE account_id = $2 AND code_hash = $3 AND used_at = 0`,
			tx.Now(), accountID, codeHash(accountID, code))
	}
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, cmp.Or[error](err, errCode)
	}
	if recovered {
		err = fs.Tell.of(ctx, tx, accountID, CodeUsed)
	}
	return recovered, err
}

// fit finds the time step of a code: the present one, or a neighbour for
// clocks that differ.
func fit(key []byte, code string, now db.Time) (at int64, fits bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	text := base32.StdEncoding.EncodeToString(key)
	present := now.Time().Unix() / step
	for _, at := range []int64{present, present - 1, present + 1} {
		ok, err := hotp.ValidateCustom(code, uint64(at), text, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && ok {
			return at, true
		}
	}
	return 0, false
}

// codeLimits hold for guesses at a code: a million codes, three of which fit
// at a time, leave a guesser years.
func codeLimits(accountID string) []Limit {
	return []Limit{{"code " + accountID, 6, time.Minute}}
}

const codeLetters = "abcdefghjkmnpqrstuvwxyz23456789" // none that look alike

// newCodes are as hard to guess as a key of 79 bits each.
func newCodes() []string {
	out := make([]string, recoveryCodes)
	for i := range out {
		var b strings.Builder
		for n := range 16 {
			if n > 0 && n%4 == 0 {
				b.WriteByte('-')
			}
			b.WriteByte(letter())
		}
		out[i] = b.String()
	}
	return out
}

// letter is one of codeLetters, each as likely as any other.
func letter() byte {
	most := byte(256 / len(codeLetters) * len(codeLetters) % 256)
	for b := make([]byte, 1); ; {
		rand.Read(b) // never fails; see crypto/rand
		if b[0] < most {
			return codeLetters[int(b[0])%len(codeLetters)]
		}
	}
}

// codeHash is fast, because a recovery code cannot be guessed.
func codeHash(accountID, code string) string {
	plain := strings.NewReplacer("-", "", " ", "").Replace(strings.ToLower(strings.TrimSpace(code)))
	return secret.Hash(accountID + " " + plain)
}

func putCodes(ctx context.Context, tx *db.Tx, accountID string, codes []string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM recovery_code WHERE account_id = $1`, accountID); err != nil {
		return err
	}
	rows := make([][]any, len(codes))
	for i, c := range codes {
		rows[i] = []any{accountID, codeHash(accountID, c)}
	}
	return db.Many(ctx, tx, `INSERT INTO recovery_code (account_id, code_hash) VALUES ($1, $2)`, rows)
}

// AskFactor sets whether the brand asks everybody in its team for a second
// factor. Who asks others has one first, so that no owner locks themselves
// out.
func AskFactor(ctx context.Context, d *db.DB, who access.Who, brandID string, ask bool) error {
	if err := who.May(d.Now(), brandID, access.TeamWrite); err != nil {
		return err
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		if f, err := FactorOf(ctx, tx, who.Account); err != nil || ask && f.Since == 0 {
			return cmp.Or[error](err, fault.New(fault.Conflict, "Set up your own second factor first, or you would lock yourself out."))
		}
		was, err := AsksFactor(ctx, tx, brandID)
		if err != nil || was == ask {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO team_rule (brand_id, second_factor) VALUES ($1, $2)
			ON CONFLICT (brand_id) DO UPDATE SET second_factor = excluded.second_factor`, brandID, ask)
		if err != nil {
			return err
		}
		if err := everybodyAsks(ctx, tx, brandID); err != nil {
			return err
		}
		act := "factor.asked"
		if !ask {
			act = "factor.no_longer_asked"
		}
		return audit.Record(ctx, tx, who, audit.Entry{Brand: brandID, Act: act, Subject: brandID})
	})
	if err != nil {
		return fmt.Errorf("account: ask for a second factor: %w", err)
	}
	return nil
}

// everybodyAsks makes the open streams of the whole team ask anew.
func everybodyAsks(ctx context.Context, tx *db.Tx, brandID string) error {
	rows, err := tx.QueryContext(ctx, `SELECT account_id FROM access_grant WHERE brand_id = $1`, brandID)
	ids, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
	for _, id := range ids {
		accessChanged(tx, id)
	}
	return err
}

// AsksFactor reports whether the brand asks its team for a second factor.
func AsksFactor(ctx context.Context, q db.Queryer, brandID string) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM team_rule WHERE brand_id = $1 AND second_factor`, brandID).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("account: what the brand asks: %w", err)
	}
	return n > 0, nil
}

// Reseal seals with the newest key every secret that an older one sealed, and
// counts it; broken counts what no key opens. It may run beside everything
// else.
func (fs *Factors) Reseal(ctx context.Context) (sealed, broken int, err error) {
	err = fs.DB.Tx(ctx, func(tx *db.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT account_id, secret FROM second_factor`)
		all, err := db.Collect(rows, err, func(r *sql.Rows) (v [2]string, err error) { return v, r.Scan(&v[0], &v[1]) })
		sealed, broken = 0, 0
		for _, v := range all {
			if !fs.Keys.NeedsReseal(v[1]) {
				continue
			}
			key, openErr := fs.Keys.Open(factorPurpose, v[0], v[1])
			if openErr != nil {
				broken++
				continue
			}
			if _, err := tx.ExecContext(ctx, `UPDATE second_factor SET secret = $1 WHERE account_id = $2`, fs.Keys.Seal(factorPurpose, v[0], key), v[0]); err != nil {
				return err
			}
			sealed++
		}
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("account: reseal: %w", err)
	}
	return sealed, broken, nil
}

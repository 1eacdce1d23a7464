package account

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/audit"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/outbox"
	"rapport/internal/secret"
)

// How long a session lasts.
const (
	SessionIdle = 30 * 24 * time.Hour  // since it was last used
	SessionMax  = 180 * 24 * time.Hour // since it began
	seenEvery   = 5 * time.Minute      // how exact SeenAt is
	maxAgent    = 300                  // bytes kept of a browser's name
)

// ErrSignedOut says that there is no such session or token, or no longer. Its
// kind is fault.Denied; a surface recognises it by errors.Is and offers to
// sign in.
var ErrSignedOut error = fault.New(fault.Denied, "Your session has ended. Sign in again.")

var errWrong = fault.New(fault.Denied, "The e-mail address or the password is wrong. Try again.")

// Session is one browser that is signed in.
type Session struct {
	ID        string // public; not the cookie
	Account   string
	Theme     string // of the account, so that a page needs no second query
	Language  string // of the account, likewise
	CreatedAt db.Time
	SeenAt    db.Time // to the nearest five minutes
	ExpiresAt db.Time
	SureAt    db.Time // when its person last proved who they are
	Address   string
	Agent     string
}

// SureFor is how long a session counts as sure of its person.
const SureFor = 30 * time.Minute

// Sure reports whether the session's person has proved who they are so
// lately that they may change who else has access.
func (s Session) Sure(now db.Time) bool { return s.SureAt != 0 && now.Sub(s.SureAt) < SureFor }

// Meta is where a sign-in comes from.
type Meta struct {
	Address string // IP address
	Agent   string // User-Agent header
}

// SignIn checks the password and begins a session. token is what the cookie
// holds and is stored nowhere. A wrong address and a wrong password are the
// same fault.Denied and take the same time; too many attempts are
// fault.Limited. For an account with a second factor it is ErrHalf, and token
// is what Factors.SignIn goes on with.
func SignIn(ctx context.Context, d *db.DB, email, password string, m Meta) (s Session, token string, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	limits := signInLimits(email, m.Address)
	if err := takeAttempt(ctx, d, limits); err != nil {
		return Session{}, "", err
	}
	a, hash, err := forSignIn(ctx, d, email)
	if err != nil {
		return Session{}, "", err
	}
	if len(password) > MaxPassword {
		password = "" // too long to be anyone's; not worth hashing as it is
	}
	match, current, err := verify(ctx, password, hash)
	if err != nil {
		return Session{}, "", err
	}
	if !match || a.ID == "" || a.DisabledAt != 0 {
		return Session{}, "", errWrong
	}
	if err := forgiveAttempt(ctx, d, limits); err != nil {
		return Session{}, "", err
	}
	if !current {
		if err := renewHash(ctx, d, a.ID, hash, password); err != nil {
			return Session{}, "", err
		}
	}
	if half, err := goHalf(ctx, d, a.ID); err != nil || half != "" {
		return Session{}, half, cmp.Or(err, ErrHalf)
	}
	return Begin(ctx, d, a, m)
}

// forSignIn returns the hash that no password fits where there is no account.
func forSignIn(ctx context.Context, q db.Queryer, email string) (Account, string, error) {
	var a Account
	var hash string
	err := q.QueryRowContext(ctx, `SELECT `+columns+`, a.password_hash FROM account a WHERE a.email = $1`, email).
		Scan(append(a.fields(), &hash)...)
	if errors.Is(err, sql.ErrNoRows) {
		return Account{}, nobody(), nil
	}
	if err != nil {
		return Account{}, "", fmt.Errorf("account: sign in: %w", err)
	}
	return a, hash, nil
}

func renewHash(ctx context.Context, d *db.DB, id, old, password string) error {
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return err
	}
	_, err = d.ExecContext(ctx, `UPDATE account SET password_hash = $1 WHERE id = $2 AND password_hash = $3`, hash, id, old)
	if err != nil {
		return fmt.Errorf("account: renew the hash: %w", err)
	}
	return nil
}

// Begin starts a session for an account whose identity the caller has already
// made sure of: by its password, or because it was just created.
func Begin(ctx context.Context, d *db.DB, a Account, m Meta) (Session, string, error) {
	token, agent := secret.Token(), strings.ToValidUTF8(m.Agent, "")
	if len(agent) > maxAgent {
		agent = strings.ToValidUTF8(agent[:maxAgent], "")
	}
	var s Session
	err := d.Tx(ctx, func(tx *db.Tx) error {
		s = Session{ID: db.NewID(), Account: a.ID, Theme: a.Theme, Language: a.Language, CreatedAt: tx.Now(), SeenAt: tx.Now(),
			ExpiresAt: tx.Now().Add(SessionIdle), SureAt: tx.Now(), Address: m.Address, Agent: agent}
		_, err := tx.ExecContext(ctx, `INSERT INTO session
			(id, token_hash, account_id, created_at, seen_at, expires_at, sure_at, address, agent)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			s.ID, secret.Hash(token), s.Account, s.CreatedAt, s.SeenAt, s.ExpiresAt, s.SureAt, s.Address, s.Agent)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE account SET seen_at = $1 WHERE id = $2`, tx.Now(), a.ID); err != nil {
			return err
		}
		who := access.Who{Account: a.ID, Name: a.Name, Email: a.Email, Address: m.Address}
		return audit.Record(ctx, tx, who, audit.Entry{Act: "session.begun", Subject: s.ID})
	})
	if err != nil {
		return Session{}, "", fmt.Errorf("account: begin a session: %w", err)
	}
	return s, token, nil
}

// Who returns the account behind a session's token with its running grants,
// by one query. Without such a session it returns ErrSignedOut.
func Who(ctx context.Context, d *db.DB, token string) (access.Who, Session, error) {
	var w access.Who
	var s Session
	now := d.Now()
	rows, err := d.QueryContext(ctx, `
		SELECT s.id, s.created_at, s.seen_at, s.expires_at, s.sure_at, s.address, s.agent, a.id, a.name, a.email, a.theme, a.language,
		       COALESCE(g.brand_id, ''), COALESCE(g.role, ''), COALESCE(g.channels, ''), COALESCE(g.ends_at, 0), `+barred+`
		FROM session s
		JOIN account a ON a.id = s.account_id AND a.disabled_at = 0
		LEFT JOIN access_grant g ON g.account_id = a.id AND (g.ends_at = 0 OR g.ends_at > $2)`+barring+`
		WHERE s.token_hash = $1 AND s.expires_at > $2`, secret.Hash(token), now)
	grants, err := db.Collect(rows, err, func(r *sql.Rows) (access.Grant, error) {
		var g access.Grant
		var channels string
		err := r.Scan(&s.ID, &s.CreatedAt, &s.SeenAt, &s.ExpiresAt, &s.SureAt, &s.Address, &s.Agent,
			&w.Account, &w.Name, &w.Email, &s.Theme, &s.Language, &g.Brand, &g.Role, &channels, &g.EndsAt, &g.Barred)
		if err == nil {
			g.Channels, err = channelList(channels)
		}
		return g, err
	})
	if err != nil {
		return access.Who{}, Session{}, fmt.Errorf("account: who: %w", err)
	}
	if len(grants) == 0 {
		return access.Who{}, Session{}, ErrSignedOut
	}
	if grants[0].Brand != "" {
		w.Grants = grants
	}
	s.Account = w.Account
	return w, s, nil
}

func channelList(stored string) ([]string, error) {
	if stored == "" {
		return nil, nil
	}
	var out []string
	if err := json.Unmarshal([]byte(stored), &out); err != nil {
		return nil, fmt.Errorf("account: the channels of a grant: %w", err)
	}
	return out, nil
}

// Seen notes that a session was used and lets it last longer. It writes at
// most once in five minutes for a session, so it may be called for each
// request.
func Seen(ctx context.Context, d *db.DB, s Session, m Meta) error {
	now := d.Now()
	if now.Sub(s.SeenAt) < seenEvery {
		return nil
	}
	expires := min(now.Add(SessionIdle), s.CreatedAt.Add(SessionMax))
	err := d.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE session SET seen_at = $1, expires_at = $2, address = $3
			WHERE id = $4 AND seen_at = $5`, now, expires, m.Address, s.ID, s.SeenAt)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE account SET seen_at = $1 WHERE id = $2 AND seen_at < $1`, now, s.Account)
		return err
	})
	if err != nil {
		return fmt.Errorf("account: note a session: %w", err)
	}
	return nil
}

// SignOut ends the session with the token. One that is gone already is fine.
func SignOut(ctx context.Context, d *db.DB, token string) error {
	err := d.Tx(ctx, func(tx *db.Tx) error {
		var id string
		err := tx.QueryRowContext(ctx, `DELETE FROM session WHERE token_hash = $1 RETURNING account_id`, secret.Hash(token)).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		accessChanged(tx, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("account: sign out: %w", err)
	}
	return nil
}

// accessChanged makes open streams of the account ask at once whether they may
// go on.
func accessChanged(tx *db.Tx, account string) {
	tx.Notify(outbox.LiveTopic, " access.changed "+account)
}

// Sessions lists the acting account's sessions, the last used first.
func Sessions(ctx context.Context, d *db.DB, who access.Who) ([]Session, error) {
	rows, err := d.QueryContext(ctx, `SELECT id, account_id, created_at, seen_at, expires_at, address, agent
		FROM session WHERE account_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, id DESC`, who.Account, d.Now())
	out, err := db.Collect(rows, err, func(r *sql.Rows) (Session, error) {
		var s Session
		return s, r.Scan(&s.ID, &s.Account, &s.CreatedAt, &s.SeenAt, &s.ExpiresAt, &s.Address, &s.Agent)
	})
	if err != nil {
		return nil, fmt.Errorf("account: sessions: %w", err)
	}
	return out, nil
}

// Revoke ends one of the acting account's sessions by its id. An API token
// may not.
func Revoke(ctx context.Context, d *db.DB, who access.Who, id string) error {
	if who.Token != "" {
		return fault.New(fault.Denied, "An API token cannot end sessions. Sign in to do this.")
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM session WHERE id = $1 AND account_id = $2`, id, who.Account)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or[error](err, fault.New(fault.NotFound, "There is no such session. It may have ended already."))
		}
		accessChanged(tx, who.Account)
		return audit.Record(ctx, tx, who, audit.Entry{Act: "session.revoked", Subject: id})
	})
	if err != nil {
		return fmt.Errorf("account: revoke a session: %w", err)
	}
	return nil
}

// Sweep forgets sessions that ended and attempts that no longer count. It may
// run at any time on any node.
func Sweep(ctx context.Context, d *db.DB) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		for _, query := range []string{
			`DELETE FROM session WHERE expires_at <= $1`,
			`DELETE FROM attempt WHERE full_at <= $1`,
			`DELETE FROM half_sign_in WHERE expires_at <= $1`,
			`DELETE FROM proof WHERE expires_at <= $1`,
		} {
			if _, err := tx.ExecContext(ctx, query, tx.Now()); err != nil {
				return fmt.Errorf("account: sweep: %w", err)
			}
		}
		return nil
	})
}

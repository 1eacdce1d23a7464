package account

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
)

// Limit allows a burst of attempts and then one every interval. It is one row
// that holds a time (the generic cell rate algorithm): the same on every node
// and after a restart.
type Limit struct {
	Scope string // names what is counted; kept as it is, so it holds no secret
	Burst int64
	Every time.Duration
}

// Attempt counts an attempt against every limit, or against none and returns
// fault.Limited with the time to wait.
func Attempt(ctx context.Context, d *db.DB, limits ...Limit) error {
	return takeAttempt(ctx, d, limits)
}

// Place names where an address stands for a limit: the address itself, or its
// whole network for IPv6.
func Place(address string) string { return network(address) }

// signInLimits hold for one sign-in. The limit on the account alone is wide:
// a stranger who guesses at it from many places must not lock its owner out
// for long.
func signInLimits(email, address string) []Limit {
	place := network(address)
	return []Limit{
		{"pair " + digest(email+" "+place), 10, time.Minute},
		{"address " + place, 40, 15 * time.Second},
		{"account " + digest(email), 100, 30 * time.Second},
	}
}

func passwordLimits(id, address string) []Limit {
	return []Limit{{"password " + digest(id+" "+network(address)), 10, time.Minute}}
}

// network names the place an address stands for: itself, or its /64 for IPv6,
// which one subscriber has whole.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64)
		return p.String()
	}
	return a.String()
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// takeAttempt counts an attempt against every limit, or against none and
// returns fault.Limited. It counts before the password is looked at, so that
// guesses made at once are all counted.
func takeAttempt(ctx context.Context, d *db.DB, limits []Limit) error {
	// Who is over the limit costs a read and no write.
	if err := checkAttempt(ctx, d, d.Now(), limits); err != nil {
		return err
	}
	return d.Tx(ctx, func(tx *db.Tx) error {
		if err := checkAttempt(ctx, tx, tx.Now(), limits); err != nil {
			return err
		}
		for _, l := range limits {
			_, err := tx.ExecContext(ctx, `INSERT INTO attempt (scope, full_at) VALUES ($1, $2)
				ON CONFLICT (scope) DO UPDATE SET full_at = CASE WHEN attempt.full_at > $3 THEN attempt.full_at ELSE $3 END + $4`,
				l.Scope, tx.Now().Add(l.Every), tx.Now(), l.Every.Milliseconds())
			if err != nil {
				return fmt.Errorf("account: count the attempt: %w", err)
			}
		}
		return nil
	})
}

func checkAttempt(ctx context.Context, q db.Queryer, now db.Time, limits []Limit) error {
	for _, l := range limits {
		var full db.Time
		err := q.QueryRowContext(ctx, `SELECT full_at FROM attempt WHERE scope = $1`, l.Scope).Scan(&full)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("account: read the attempts: %w", err)
		}
		room := time.Duration(l.Burst-1) * l.Every
		if wait := full.Sub(now) - room; wait > 0 {
			wait = wait.Truncate(time.Second) + time.Second
			return fault.After(wait, "Too many attempts. Wait %s and try again.", inWords(wait))
		}
	}
	return nil
}

func inWords(d time.Duration) *i18n.Phrase {
	if n := int(d.Seconds()); n < 60 {
		return i18n.P("%d seconds", n)
	}
	return i18n.P("%d minutes", int((d+59*time.Second)/time.Minute))
}

// forgiveAttempt takes an attempt that succeeded back.
func forgiveAttempt(ctx context.Context, d *db.DB, limits []Limit) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		for _, l := range limits {
			_, err := tx.ExecContext(ctx, `UPDATE attempt SET full_at = full_at - $1 WHERE scope = $2`,
				l.Every.Milliseconds(), l.Scope)
			if err != nil {
				return fmt.Errorf("account: forgive the attempt: %w", err)
			}
		}
		return nil
	})
}

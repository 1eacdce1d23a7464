package account

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
)

// Rates are how many requests a minute the API takes from one token.
type Rates struct {
	Usual int64 // of a token that names none
	Most  int64 // whatever a token names
}

// StandardRates hold where the operator says nothing.
var StandardRates = Rates{Usual: 600, Most: 6000}

const mostPerMinute = 60000 // what a token may name at all

// Of is what a token gets: what it names, or what is usual, and never more
// than the most.
func (r Rates) Of(t Token) Rate {
	r.Usual, r.Most = cmp.Or(r.Usual, StandardRates.Usual), cmp.Or(r.Most, StandardRates.Most)
	return Rate(min(cmp.Or(t.PerMinute, r.Usual), r.Most))
}

// Rate is a number of requests a minute. A sixth of them may come at once.
type Rate int64

// Burst is how many requests may come at once.
func (r Rate) Burst() int64 { return max(int64(r)/6, 1) }

// Lasts is how long the rate takes to allow n requests.
func (r Rate) Lasts(n int64) time.Duration { return time.Duration(n) * time.Minute / time.Duration(r) }

// Spend counts n requests against the token, on whatever node they come, or
// none of them and returns fault.Limited. full is when all of the burst is
// there again. One row holds it, as for sign-in.
func Spend(ctx context.Context, d *db.DB, t Token, r Rate, n int64) (full db.Time, err error) {
	now, scope := d.Now(), "token "+t.ID
	cost, latest := r.Lasts(n).Milliseconds(), now.Add(r.Lasts(r.Burst()))
	res, err := d.ExecContext(ctx, `INSERT INTO attempt (scope, full_at) VALUES ($1, $2)
		ON CONFLICT (scope) DO UPDATE SET full_at = CASE WHEN attempt.full_at > $3 THEN attempt.full_at ELSE $3 END + $4
		WHERE CASE WHEN attempt.full_at > $3 THEN attempt.full_at ELSE $3 END + $4 <= $5`, scope, now.Add(r.Lasts(n)), now, cost, latest)
	if err != nil {
		return 0, fmt.Errorf("account: count requests: %w", err)
	}
	counted, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("account: count requests: %w", err)
	}
	err = d.QueryRowContext(ctx, `SELECT full_at FROM attempt WHERE scope = $1`, scope).Scan(&full)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("account: count requests: %w", err)
	}
	if counted > 0 {
		return full, nil
	}
	return full, &fault.Error{Kind: fault.Limited, RetryAfter: max(full.Add(r.Lasts(n)).Sub(latest), time.Millisecond),
		Text: fmt.Sprintf("This token may make %d requests a minute. Wait a moment.", r)}
}

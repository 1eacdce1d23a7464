package api

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"rapport/internal/account"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/secret"
)

// meter counts the requests of tokens, and the guesses of those without one.
//
// What a token spends is counted in the database, so that it is the same on
// every node, but not with each request: a node takes some at once and hands
// them out from memory, for as long as the rate would take to give as many. So
// a token never gets more than its rate, and one that asks slowly always gets
// what it asks for.
type meter struct {
	rates  account.Rates
	mu     sync.Mutex
	tokens map[string]*share
	guess  map[string]db.Time // by address: when its burst is whole again
	good   map[string]bool    // hashes of tokens that worked here
}

// share is what of a token's rate this node holds.
type share struct {
	mu    sync.Mutex
	left  int64
	until db.Time // then what is left lapses
	full  db.Time // when the whole burst is there again
}

const (
	remembered = 4096 // tokens and addresses that are remembered
	guessBurst = 30
	guessEvery = 2 * time.Second
)

func newMeter(r account.Rates) *meter {
	return &meter{rates: r, tokens: map[string]*share{}, guess: map[string]db.Time{}, good: map[string]bool{}}
}

// take counts one request and says in the header what is left.
func (l *meter) take(ctx context.Context, d *db.DB, t account.Token, h http.Header) error {
	r := l.rates.Of(t)
	s := l.shareOf(t.ID, d.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.fill(ctx, d, t, r)
	if err != nil && !fault.Is(err, fault.Limited) {
		return err
	}
	if err == nil {
		s.left--
	}
	s.tell(h, d.Now(), r)
	return err
}

// fill takes a tenth of the burst where nothing is left, or one where there is
// not so much.
func (s *share) fill(ctx context.Context, d *db.DB, t account.Token, r account.Rate) error {
	now := d.Now()
	if s.left > 0 && now < s.until {
		return nil
	}
	s.left = 0
	some := max(r.Burst()/10, 1)
	full, err := account.Spend(ctx, d, t, r, some)
	if fault.Is(err, fault.Limited) && some > 1 {
		some = 1
		full, err = account.Spend(ctx, d, t, r, some)
	}
	s.full = cmp.Or(full, s.full)
	if err == nil {
		s.left, s.until = some, now.Add(r.Lasts(some))
	}
	return err
}

// tell writes the fields of draft-ietf-httpapi-ratelimit-headers: the policy is
// a bucket of one burst that fills anew in w seconds.
func (s *share) tell(h http.Header, now db.Time, r account.Rate) {
	burst := r.Burst()
	gone := max(s.full.Sub(now), 0)
	free := burst - int64(math.Ceil(float64(gone)/float64(r.Lasts(1))))
	h.Set("RateLimit-Policy", fmt.Sprintf(`"token";q=%d;w=%d`, burst, seconds(r.Lasts(burst))))
	h.Set("RateLimit", fmt.Sprintf(`"token";r=%d;t=%d`, max(free, 0)+s.left, seconds(gone)))
}

func seconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }

// shareOf finds what is held of a token, and forgets what has lapsed where too
// many are remembered.
func (l *meter) shareOf(id string, now db.Time) *share {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.tokens[id]
	if s == nil {
		if len(l.tokens) >= remembered {
			clear(l.tokens) // what they held is lost to them, for a moment's worth
		}
		s = &share{}
		l.tokens[id] = s
	}
	return s
}

// knock refuses an address that has sent too many tokens that are none. One
// that has worked here before passes, whatever else comes from its address. It
// holds for this node only: it spares the database, and no guess succeeds.
func (l *meter) knock(address, plain string, now db.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	over := l.guess[place(address)].Sub(now) - (guessBurst-1)*guessEvery
	if over <= 0 || l.good[secret.Hash(plain)] {
		return nil
	}
	return &fault.Error{Kind: fault.Limited, RetryAfter: over, Text: "Too many requests without a token that works. Wait a moment."}
}

// tried remembers whether a token worked.
func (l *meter) tried(address, plain string, works bool, now db.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	hash := secret.Hash(plain)
	if works {
		if len(l.good) >= remembered {
			clear(l.good)
		}
		l.good[hash] = true
		return
	}
	delete(l.good, hash)
	if len(l.guess) >= remembered {
		clear(l.guess)
	}
	p := place(address)
	l.guess[p] = max(l.guess[p], now).Add(guessEvery)
}

// place is what one subscriber has whole: an address, or a /64 of IPv6.
func place(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	if a = a.Unmap(); a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		return p.String()
	}
	return a.String()
}

// retryAfter is the header's value.
func retryAfter(d time.Duration) string { return strconv.FormatInt(seconds(d), 10) }

package account_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rapport/internal/account"
	"rapport/internal/db/dbtest"
	"rapport/internal/fault"
)

func TestRates(t *testing.T) {
	rates := account.Rates{Usual: 600, Most: 1200}
	for _, c := range []struct{ named, want int64 }{{0, 600}, {60, 60}, {1200, 1200}, {5000, 1200}} {
		if got := rates.Of(account.Token{PerMinute: c.named}); int64(got) != c.want {
			t.Errorf("a token that names %d gets %d", c.named, got)
		}
	}
	if got := (account.Rates{}).Of(account.Token{}); got != 600 || got.Burst() != 100 || got.Lasts(100) != 10*time.Second {
		t.Errorf("%d, %d, %s", got, got.Burst(), got.Lasts(100))
	}
	if got := account.Rate(3); got.Burst() != 1 {
		t.Errorf("a burst of %d", got.Burst())
	}
}

func TestSpend(t *testing.T) {
	d := dbtest.Open(t)
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	d.SetClock(start)
	one, other := account.Token{ID: "1"}, account.Token{ID: "2"}
	spend := func(tk account.Token, n int64) error {
		_, err := account.Spend(ctx, d, tk, 60, n) // ten at once, then one a second
		return err
	}
	if err := errors.Join(spend(one, 6), spend(one, 4)); err != nil {
		t.Fatal(err)
	}
	var f *fault.Error
	if err := spend(one, 1); !errors.As(err, &f) || f.Kind != fault.Limited || f.RetryAfter != time.Second {
		t.Fatalf("the eleventh: %v", err)
	}
	if err := spend(other, 1); err != nil {
		t.Errorf("another token: %v", err)
	}
	d.SetClock(start.Add(3 * time.Second))
	if err := spend(one, 4); !errors.As(err, &f) || f.RetryAfter != time.Second {
		t.Errorf("four after three seconds: %v", err)
	}
	if err := spend(one, 3); err != nil {
		t.Errorf("three after three seconds: %v", err)
	}
	d.SetClock(start.Add(time.Hour))
	if full, err := account.Spend(ctx, d, one, 60, 10); err != nil || full != d.Now().Add(10*time.Second) {
		t.Errorf("after an hour, all of the burst and no more: %v %v", full, err)
	}
	if err := spend(one, 1); !fault.Is(err, fault.Limited) {
		t.Errorf("one more: %v", err)
	}
}

// However many nodes spend at once, no more is spent than there is.
func TestSpendAtOnce(t *testing.T) {
	d := dbtest.Open(t)
	d.SetClock(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	var wg sync.WaitGroup
	var spent atomic.Int64
	for range 20 {
		wg.Go(func() {
			switch _, err := account.Spend(ctx, d, account.Token{ID: "1"}, 60, 2); {
			case err == nil:
				spent.Add(2)
			case !fault.Is(err, fault.Limited):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if spent.Load() != 10 {
		t.Errorf("%d were spent", spent.Load())
	}
}

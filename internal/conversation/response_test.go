package conversation_test

import (
	"testing"
	"time"

	"rapport/internal/conversation"
)

func TestQuantile(t *testing.T) {
	var ten conversation.Responses
	for i := range 10 {
		ten.Waits = append(ten.Waits, time.Duration(i+1)*time.Minute)
	}
	for _, c := range []struct {
		q    float64
		want time.Duration
	}{{0, time.Minute}, {0.5, 330 * time.Second}, {0.9, 9 * time.Minute}, {0.91, 10 * time.Minute}, {1, 10 * time.Minute}} {
		if got, known := ten.Quantile(c.q); !known || got != c.want {
			t.Errorf("%v is %s, want %s", c.q, got, c.want)
		}
	}
	if _, known := (conversation.Responses{Periods: 3}).Quantile(0.5); known {
		t.Error("nobody was answered and a wait is known")
	}
}

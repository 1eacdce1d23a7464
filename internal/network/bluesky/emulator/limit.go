package emulator

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// limit is so many points in so much time.
type limit struct {
	most int
	span time.Duration
}

// The limits of the network. A write costs points: 3 to create, 2 to put, 1
// to delete.
var (
	requestLimit = limit{3000, 5 * time.Minute} // of one address
	signInLimits = []limit{{300, 24 * time.Hour}, {30, 5 * time.Minute}}
	writeLimits  = []limit{{35000, 24 * time.Hour}, {5000, time.Hour}}
)

// window is what somebody spent of a limit since it began.
type window struct {
	began time.Time
	spent int
}

// spend takes points off a limit, or says that there are none left.
func (s *Server) spend(h http.Header, who string, l limit, points int) *problem {
	now := s.now()
	key := fmt.Sprint(who, " ", l.most, " ", l.span)
	w := s.windows[key]
	if w == nil || now.Sub(w.began) >= l.span {
		w = &window{began: now}
		s.windows[key] = w
	}
	w.spent += points
	left := max(0, l.most-w.spent)
	reset := w.began.Add(l.span)
	if shown, err := strconv.Atoi(h.Get("RateLimit-Remaining")); err != nil || left < shown {
		h.Set("RateLimit-Limit", strconv.Itoa(l.most))
		h.Set("RateLimit-Remaining", strconv.Itoa(left))
		h.Set("RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
		h.Set("RateLimit-Policy", fmt.Sprintf("%d;w=%d", l.most, int(l.span.Seconds())))
	}
	if w.spent > l.most {
		return &problem{status: 429, name: "RateLimitExceeded", text: "Rate Limit Exceeded"}
	}
	return nil
}

func (s *Server) spendAll(h http.Header, who string, limits []limit, points int) (no *problem) {
	for _, l := range limits {
		if refused := s.spend(h, who, l, points); refused != nil {
			no = refused
		}
	}
	return no
}

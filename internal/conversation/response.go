package conversation

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
)

// Responses are how long people waited in open periods.
type Responses struct {
	Periods int             // that opened
	Closed  int             // of them, those that were done without an answer: they needed none
	Waits   []time.Duration // of those that were answered, the shortest first
}

// Needed is how many periods were answered or wait to be.
func (r Responses) Needed() int { return r.Periods - r.Closed }

// responsesMost bounds how many periods are looked at; the newest count.
const responsesMost = 50_000

// Waited reads the periods that opened in [from, to), of the whole brand or of
// one channel, without the channels to except. A grant on named channels sees
// only theirs.
func Waited(ctx context.Context, q db.Queryer, who access.Who, brandID, channelID string, from, to db.Time, except ...string) (Responses, error) {
	var named []string
	if channelID != "" {
		named = []string{channelID}
	}
	if err := who.May(q.Now(), brandID, access.MetricRead, named...); err != nil {
		return Responses{}, err
	}
	b := &query{}
	where := `brand_id = ` + b.arg(brandID) + ` AND opened_at >= ` + b.arg(from) + ` AND opened_at < ` + b.arg(to)
	if named == nil {
		named = who.Channels(q.Now(), brandID)
	}
	if len(named) == 1 {
		b.and(`channel_id = ` + b.arg(named[0]))
	} else if len(named) > 1 {
		b.and(`channel_id IN (` + b.list(named) + `)`)
	}
	for _, id := range except {
		b.and(`channel_id <> ` + b.arg(id))
	}
	b.and(`NOT EXISTS (SELECT 1 FROM conversation c WHERE c.id = period.conversation_id AND c.kind IN (` + b.list(looked) + `))`) // nobody waits for an answer there
	rows, err := q.QueryContext(ctx, `SELECT opened_at, answered_at, closed_at FROM period WHERE `+where+b.text+` ORDER BY opened_at DESC LIMIT `+b.arg(responsesMost), b.args...)
	all, err := db.Collect(rows, err, func(r *sql.Rows) (p Period, err error) {
		err = r.Scan(&p.OpenedAt, &p.AnsweredAt, &p.ClosedAt)
		return p, err
	})
	if err != nil {
		return Responses{}, fmt.Errorf("conversation: waited: %w", err)
	}
	out := Responses{Periods: len(all)}
	for _, p := range all {
		if p.AnsweredAt > 0 {
			out.Waits = append(out.Waits, max(p.AnsweredAt.Sub(p.OpenedAt), 0))
		} else if p.ClosedAt > 0 {
			out.Closed++
		}
	}
	slices.Sort(out.Waits)
	return out, nil
}

// Quantile is the wait that the part q of the answered periods did not exceed,
// by the nearest rank; of a half it is the median, which lies between the two in
// the middle where their number is even. known is false where none was answered.
func (r Responses) Quantile(q float64) (wait time.Duration, known bool) {
	if len(r.Waits) == 0 {
		return 0, false
	}
	if n := len(r.Waits); q == 0.5 && n%2 == 0 {
		return (r.Waits[n/2-1] + r.Waits[n/2]) / 2, true
	}
	i := int(q*float64(len(r.Waits))+0.999999) - 1
	return r.Waits[min(max(i, 0), len(r.Waits)-1)], true
}

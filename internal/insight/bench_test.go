package insight_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/db/dbtest"
	"rapport/internal/insight"
	"rapport/internal/tally"
)

// A community of two years: what it takes to count it all, to count a minute of
// it, and to show its numbers.
func BenchmarkCommunity(b *testing.B) {
	const members, topics, replies, days, visitsOfDay = 5000, 20_000, 200_000, 730, 500
	ctx, d := context.Background(), dbtest.Open(b)
	one, err := brand.Create(ctx, d, access.System(), brand.New{Name: "Large", Zone: "Europe/Berlin"})
	if err != nil {
		b.Fatal(err)
	}
	dice := rand.New(rand.NewPCG(1, 2))
	start := d.Now().Add(-days * 24 * time.Hour)
	someone := func() string { return fmt.Sprintf("m%05d", int(math.Pow(dice.Float64(), 3)*members)) }
	at := func() db.Time { return start.Add(time.Duration(dice.Int64N(days * 24 * int64(time.Hour)))) }
	var rows [][]any
	add := func(kind, subject, member, topic string, at db.Time) {
		rows = append(rows, []any{db.NewID(), one.ID, kind, subject, dice.IntN(2), at, member, topic})
	}
	for i := range members {
		id := fmt.Sprintf("m%05d", i)
		add("member.joined", id, id, "", start.Add(time.Duration(i)*days*24*time.Hour/members))
	}
	for i := range topics {
		add("topic.begun", fmt.Sprint("t", i, "-1"), someone(), fmt.Sprint("t", i), start.Add(time.Duration(i)*days*24*time.Hour/topics))
	}
	for i := range replies {
		topic := dice.IntN(topics)
		add("reply.added", fmt.Sprint("r", i), someone(), fmt.Sprint("t", topic), start.Add(time.Duration(topic)*days*24*time.Hour/topics+time.Duration(dice.ExpFloat64()*float64(30*time.Hour))))
	}
	for range visitsOfDay * days {
		m := fmt.Sprintf("m%05d", dice.IntN(members))
		add("member.visited", m, m, "", at())
	}
	for i := 0; i < len(rows); i += 20_000 {
		err := d.Tx(ctx, func(tx *db.Tx) error {
			return db.Many(ctx, tx, `INSERT INTO activity (id, brand_id, kind, subject, value, at, member_id, topic_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, rows[i:min(i+20_000, len(rows))])
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	if err := tally.Recount(ctx, d, one); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d acts counted all anew in %s", len(rows), time.Since(began).Round(time.Millisecond))
	began = time.Now()
	if err := tally.Compute(ctx, d, one); err != nil {
		b.Fatal(err)
	}
	b.Logf("all spans and cohorts computed in %s", time.Since(began).Round(time.Millisecond))
	who := as(one.ID, access.Analyst)
	show := func(b *testing.B, days int) {
		for b.Loop() {
			if _, err := insight.OfCommunity(ctx, d, who, one.ID, insight.Window{Days: days, Zone: one.Location()}, tally.Choice{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, days := range tally.Spans {
		b.Run(fmt.Sprintf("kept-%d", days), func(b *testing.B) { show(b, days) })
	}
	if _, err := d.ExecContext(ctx, `DELETE FROM tally_span`); err != nil {
		b.Fatal(err)
	}
	for _, days := range tally.Spans {
		b.Run(fmt.Sprintf("computed-%d", days), func(b *testing.B) { show(b, days) })
	}
}

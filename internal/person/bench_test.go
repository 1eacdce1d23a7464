package person_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rapport/internal/db"
	"rapport/internal/network"
	"rapport/internal/person"
)

// BenchmarkList lists people of a brand that knows a hundred thousand. Run it
// alone:
//
//	go test -run - -bench List -benchtime 1x -timeout 1h ./internal/person
func BenchmarkList(b *testing.B) {
	c := gather(b)
	rare := newChannel(b, c.DB, c.brand)
	for from := 0; from < 100_000; from += 500 {
		err := c.Tx(ctx, func(tx *db.Tx) error {
			for i := from; i < from+500; i++ {
				net, on := "demo", []string{c.news, c.shop}[i%2]
				if i%1000 == 7 {
					net, on = "rare", rare
				}
				at := db.Time(1_700_000_000_000 + int64(i)*7919%1_000_000_000)
				id, err := person.Seen(ctx, tx, c.brand, net, network.Author{ID: fmt.Sprint("u", i), Handle: fmt.Sprintf("@user%d@social.example", i), Name: fmt.Sprintf("Name%d Sur%d", i%3000, i%7000)}, at)
				if err != nil {
					return err
				}
				if err := person.Wrote(ctx, tx, c.brand, on, id.Person, 1+i%37, at, at); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	half := c.half
	for _, q := range []struct {
		name string
		f    person.Filter
		who  int
	}{
		{"recent", person.Filter{}, 0}, {"busiest", person.Filter{Sort: person.Busiest}, 0}, {"of a channel", person.Filter{Channel: c.news}, 0},
		{"of a rare channel", person.Filter{Channel: rare, Sort: person.Busiest}, 0}, {"of a network", person.Filter{Network: "demo"}, 0},
		{"of a rare network", person.Filter{Network: "rare"}, 0}, {"by name", person.Filter{Query: "name42"}, 0}, {"for a narrow grant", person.Filter{}, 1},
	} {
		b.Run(q.name, func(b *testing.B) {
			who := c.owner
			if q.who == 1 {
				who = half
			}
			var took []time.Duration
			for range 40 {
				began := time.Now()
				if _, _, err := person.List(ctx, c.DB, who, c.brand, q.f, db.Page{}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[20].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[37].Microseconds())/1000, "p95-ms")
		})
	}
}

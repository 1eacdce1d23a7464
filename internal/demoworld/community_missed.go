package demoworld

import (
	"context"
	"time"

	"rapport/internal/db"
)

// missed is what readers looked for and did not find, as it is counted: in
// lower case and without accents.
var missed = []struct {
	words string
	times int
	ago   int // days since the last time
}{
	{"gift card", 14, 0}, {"descaler", 11, 1}, {"subscription pause", 9, 0}, {"opening hours christmas", 8, 2},
	{"yerba mate", 6, 5}, {"compostable bags", 6, 9}, {"tds meter", 5, 3}, {"student discount", 4, 12},
	{"vanilla syrup recipe", 4, 20}, {"caffeine pregnancy", 3, 7}, {"liberica", 3, 30}, {"lost package", 3, 1},
	{"wandern", 2, 41}, {"nitro keg", 2, 16}, {"gutschein", 2, 4}, {"dandelion", 1, 0}, {"left handed kettle", 1, 52}, {"エスプレッソマシン 修理", 1, 6},
}

// saveMissed writes what was looked for in vain: more often of late, since the
// community grew.
func (t *town) saveMissed(ctx context.Context, tx *db.Tx) error {
	var all, days [][]any
	for i, m := range missed {
		id, on := db.NewID(), map[db.Time]int{}
		var order []db.Time
		last := t.now.Add(-time.Duration(m.ago*24+i*5%13) * time.Hour).Add(-time.Duration(9+i*17%49) * time.Minute)
		for k := range m.times {
			at := db.At(last.Add(-time.Duration(k*(k+5)/4*17) * time.Hour))
			day := at - at%db.Time((24*time.Hour).Milliseconds())
			if on[day] == 0 {
				order = append(order, day)
			}
			on[day]++
		}
		all = append(all, []any{id, t.brand.ID, m.words, m.times, db.At(last)})
		for _, day := range order {
			days = append(days, []any{id, t.brand.ID, day, on[day]})
		}
	}
	if err := db.Many(ctx, tx, `INSERT INTO search_missed (id, brand_id, words, times, last_at) VALUES ($1, $2, $3, $4, $5)`, all); err != nil {
		return err
	}
	return db.Many(ctx, tx, `INSERT INTO search_missed_day (missed_id, brand_id, day, times) VALUES ($1, $2, $3, $4)`, days)
}

package main

import (
	"context"
	"fmt"
	"time"

	"rapport/internal/demoworld"
)

// team takes how long the server needs for each screen alone, and again with
// 200 accounts, 20 brands and 500,000 lines in the log.
func team(ctx context.Context, b *bench) error {
	s, err := b.studio(ctx, manyPosts)
	if err != nil {
		return err
	}
	defer s.stop()
	at := "/studio/" + s.world.brand.Slug
	screens := append(s.screens(), [2]string{"Palette", at + "/palette?q=cl"}, [2]string{"Team", at + "/settings/team"})
	alone, _, err := s.medians(screens)
	if err != nil {
		return err
	}
	crowd := demoworld.Crowd{Accounts: 200, Brands: 19, Acts: 500_000}
	if err := (demoworld.World{DB: s.world.db}).Crowd(ctx, s.world.brand, crowd); err != nil {
		return err
	}
	among, all, err := s.medians(screens)
	if err != nil {
		return err
	}
	for i, screen := range screens {
		b.add(row{"  " + screen[0] + ", median in a crowd", ms(among[i]), 0, "ms", ""})
		b.add(row{"  " + screen[0] + ", times what it takes alone", float64(among[i]) / float64(alone[i]), 0, "", ""})
	}
	logs, err := s.logs(ctx)
	if err != nil {
		return err
	}
	asked, allLogs, err := s.medians(logs)
	if err != nil {
		return err
	}
	for i, log := range logs {
		b.add(row{"  " + log[0] + ", median in a crowd", ms(asked[i]), 0, "ms", ""})
	}
	all = append(all, allLogs...)
	b.add(row{"any studio page with 200 accounts, 20 brands and 500,000 lines in the log, 95 %", ms(quantile(all, 0.95)), 50, "ms", ""})
	return nil
}

// logs are the log as it is asked for, of one of the team and of everybody. The
// words are found in no line, so that the whole window is read.
func (s studio) logs(ctx context.Context) ([][2]string, error) {
	var person string
	if err := s.world.db.QueryRowContext(ctx, `SELECT account_id FROM audit WHERE brand_id = $1 ORDER BY at DESC LIMIT 1`, s.world.brand.ID).Scan(&person); err != nil {
		return nil, err
	}
	log := "/studio/" + s.world.brand.Slug + "/settings/log"
	year := time.Now().AddDate(-1, 0, 0).Format(time.DateOnly)
	return [][2]string{
		{"Log", log},
		{"Log, one person", log + "?who=" + person},
		{"Log, an area", log + "?area=content"},
		{"Log, one subject", log + "?subject=subject-7"},
		{"Log, until a year ago", log + "?until=" + year},
		{"Log, a person's acts in an area", log + "?area=content&who=" + person},
		{"Log, words in no line", log + "?q=zebracrossing"},
	}, nil
}

// medians opens each screen, and returns all it took beside.
func (s studio) medians(screens [][2]string) (medians, all []time.Duration, err error) {
	const each = 40
	for _, screen := range screens {
		took, err := together(1, each, func(int) error { return s.open(screen[1]) })
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", screen[0], err)
		}
		medians, all = append(medians, quantile(took, 0.5)), append(all, took...)
	}
	return medians, all, nil
}

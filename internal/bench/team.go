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
	screens := append(s.screens(), [2]string{"Log", at + "/settings/log"}, [2]string{"Palette", at + "/palette?q=cl"})
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
	b.add(row{"any studio page with 200 accounts, 20 brands and 500,000 lines in the log, 95 %", ms(quantile(all, 0.95)), 50, "ms", ""})
	return nil
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

package demoworld

import (
	"context"
	"time"

	"rapport/internal/db"
	"rapport/internal/link"
	"rapport/internal/member"
)

// handed are links that the team made by hand: each leads into the community
// and was followed from then on, the more the newer it is.
var handed = []struct {
	code, target, source, campaign string
	days                           int // ago
	people, bots                   int // on a usual day
	each                           int // of those who joined since, every so many came by it
}{
	{"b4gcard7", "/join", "bag-card", "welcome", 96, 5, 1, 4},
	{"news5ttr", "/s/news-from-the-roastery", "social", "spring-blend", 41, 7, 3, 6},
	{"shpwndw8", "/", "shop-window", "welcome", 20, 3, 0, 0},
}

// saveLinks writes links, how often they were followed, and who came by them.
func (t *town) saveLinks(ctx context.Context, tx *db.Tx) error {
	zone := t.brand.Location()
	var links, days, came [][]any
	taken := map[string]bool{}
	for _, h := range handed {
		made := t.now.In(zone).AddDate(0, 0, -h.days) // by its clock, so that each day comes once
		id := db.NewID()
		links = append(links, []any{id, t.brand.ID, h.code, h.target, h.source, h.campaign, t.team[teamManager].ID, db.At(made)})
		for d := range h.days {
			day := made.AddDate(0, 0, d)
			people, bots := t.dice.IntN(2*h.people+1), t.dice.IntN(h.bots+2)
			if people+bots > 0 {
				days = append(days, []any{id, link.Day(db.At(day), zone), t.brand.ID, people, bots})
			}
		}
		n := 0
		for _, s := range t.people {
			if h.each == 0 || s.team || s.state != member.Active || taken[s.id] || s.joined < db.At(made.Add(24*time.Hour)) {
				continue
			}
			if n++; n%h.each == 0 {
				taken[s.id] = true
				came = append(came, []any{s.id, t.brand.ID, id, link.Day(s.joined, zone), s.joined})
			}
		}
	}
	if err := db.Many(ctx, tx, `INSERT INTO link (id, brand_id, code, target, source, campaign, author_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, links); err != nil {
		return err
	}
	if err := db.Many(ctx, tx, `INSERT INTO link_day (link_id, day, brand_id, people, bots) VALUES ($1, $2, $3, $4, $5)`, days); err != nil {
		return err
	}
	return db.Many(ctx, tx, `INSERT INTO link_joined (member_id, brand_id, link_id, day, at) VALUES ($1, $2, $3, $4, $5)`, came)
}

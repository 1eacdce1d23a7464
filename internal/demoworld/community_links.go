package demoworld

import (
	"context"
	"slices"
	"time"

	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/link"
	"rapport/internal/member"
	"rapport/internal/metric"
	"rapport/internal/post"
	"rapport/internal/space"
	"rapport/internal/topic"
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

// promotions are posts that carry a topic to a channel.
var promotions = []struct {
	code, title        string // of the link, and of the topic
	to, shows, text    string // the channel, the picture, what the post says
	days, hour, minute int    // when, days before now
	perMille           int    // of those who see it follow the link
	each               int    // as above
}{
	{code: "mk5shny7", title: "Milk that stays shiny: what am I doing wrong?", to: "learn", shows: "cup", days: 24, hour: 18, minute: 40, perMille: 31, each: 9,
		text: "Foam like a hat, and how it became milk: eleven answers, one of them with the thermometer. In our community: " + linkHere},
	{code: "v6fpstep", title: "V60 for one, step by step", to: "main", shows: "dripper", days: 13, hour: 18, minute: 25, perMille: 22, each: 7,
		text: "One cup, one paper, three minutes. The recipe we use ourselves, and what the people who tried it changed: " + linkHere},
	{code: "wtr3jugs", title: "Hamburg tap water: filter jug, bottled, or just live with it?", to: "main", shows: "rain", days: 5, hour: 18, minute: 50, perMille: 27, each: 0,
		text: "Jug, bottle or straight from the tap? Our community has tried all three, with opinions: " + linkHere},
}

// linkHere is where a post's tracked link goes.
const linkHere = "{link}"

// carried is a post with such a link.
type carried struct {
	code     string
	post     post.Post
	channel  channel.Channel
	delivery delivery.Delivery
}

// tracked is a link with how often it was followed, on the days since.
type tracked struct {
	link.Link
	each   int // of those who joined since, every so many came by it
	people []int
	bots   []int
}

// handedOut are the links that the team made by hand.
func (t *town) handedOut() []tracked {
	var out []tracked
	for _, h := range handed {
		one := tracked{Link: link.Link{Code: h.code, Target: h.target, Source: h.source, Campaign: h.campaign, Author: t.team[teamManager].ID,
			CreatedAt: db.At(t.now.In(t.brand.Location()).AddDate(0, 0, -h.days))}, each: h.each} // by its clock, so that each day comes once
		for range h.days {
			one.people = append(one.people, t.dice.IntN(2*h.people+1))
			one.bots = append(one.bots, t.dice.IntN(h.bots+2))
		}
		out = append(out, one)
	}
	return out
}

// promoted are the links of topics that were carried to a channel. Most who
// follow one do so on the first days.
func (t *town) promoted(ctx context.Context, tx *db.Tx) ([]tracked, error) {
	var out []tracked
	for _, p := range promotions {
		at := slices.IndexFunc(t.carried, func(c carried) bool { return c.code == p.code })
		about := slices.IndexFunc(t.talks, func(one *talk) bool { return one.title == p.title })
		if at < 0 || about < 0 {
			continue
		}
		c, one := t.carried[at], t.talks[about]
		slug := space.Slug(one.title)
		l := link.Link{Code: p.code, Target: topic.Topic{Number: one.number, Slug: slug}.Path(), Source: c.channel.Network, Campaign: link.Word(slug), Post: c.post.ID, Channel: c.channel.ID,
			Topic: one.id, Author: c.post.Author, CreatedAt: c.post.CreatedAt}
		var views float64
		err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(value), 0) FROM metric WHERE subject = $1 AND name = $2`, c.delivery.ID, metric.Views).Scan(&views)
		if err != nil {
			return nil, err
		}
		follow := tracked{Link: l, each: p.each, people: make([]int, p.days), bots: make([]int, p.days)}
		for day, left := 0, views*float64(p.perMille)/1000; day < p.days; day++ {
			follow.people[day] = int(0.45 * left)
			left -= 0.45 * left
		}
		follow.bots[0] = 4 + t.dice.IntN(5)
		// Nobody follows it before the post is out.
		zone := t.brand.Location()
		for day := l.CreatedAt.Time().In(zone); link.Day(db.At(day), zone) < link.Day(c.delivery.DueAt, zone); day = day.AddDate(0, 0, 1) {
			follow.people, follow.bots = slices.Insert(follow.people, 0, 0), slices.Insert(follow.bots, 0, 0)
		}
		out = append(out, follow)
	}
	return out, nil
}

// saveLinks writes links, how often they were followed, and who came by them.
func (t *town) saveLinks(ctx context.Context, tx *db.Tx) error {
	zone := t.brand.Location()
	all, err := t.promoted(ctx, tx)
	if err != nil {
		return err
	}
	var links, days, came [][]any
	taken := map[string]bool{}
	for _, l := range append(t.handedOut(), all...) {
		l.ID = db.NewID()
		made := l.CreatedAt.Time().In(zone)
		links = append(links, []any{l.ID, t.brand.ID, l.Code, l.Target, l.Source, l.Campaign, l.Post, l.Channel, l.Topic, l.Author, l.CreatedAt})
		for d := range l.people {
			if day := made.AddDate(0, 0, d); l.people[d]+l.bots[d] > 0 && !day.After(t.now) {
				days = append(days, []any{l.ID, link.Day(db.At(day), zone), t.brand.ID, l.people[d], l.bots[d]})
			}
		}
		n := 0
		for _, s := range t.people {
			if l.each == 0 || s.team || s.state != member.Active || taken[s.id] || s.joined < l.CreatedAt.Add(24*time.Hour) {
				continue
			}
			if n++; n%l.each == 0 {
				taken[s.id] = true
				came = append(came, []any{s.id, t.brand.ID, l.ID, link.Day(s.joined, zone), s.joined})
			}
		}
	}
	if err := db.Many(ctx, tx, `INSERT INTO link (id, brand_id, code, target, source, campaign, post_id, channel_id, topic_id, author_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, links); err != nil {
		return err
	}
	if err := db.Many(ctx, tx, `INSERT INTO link_day (link_id, day, brand_id, people, bots) VALUES ($1, $2, $3, $4, $5)`, days); err != nil {
		return err
	}
	return db.Many(ctx, tx, `INSERT INTO link_joined (member_id, brand_id, link_id, day, at) VALUES ($1, $2, $3, $4, $5)`, came)
}

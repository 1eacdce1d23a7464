package link

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"rapport/internal/db"
	"rapport/internal/fault"
)

// Counts are what one day, or several, brought.
type Counts struct {
	People int64 // followed by people: a repeat of the same within 10 seconds counts once on a node
	Bots   int64 // followed by known programs, such as those that draw previews
	Joined int64 // members who came by it
}

// Tally is what a link brought.
type Tally struct {
	Counts                   // since it was made
	Days   map[string]Counts // by day, of those that were asked for; a day without any is not there
}

// Tallies returns what the links brought, by id, with the days from first on.
// The caller may see the links.
func Tallies(ctx context.Context, q db.Queryer, brandID string, ids []string, first string) (map[string]Tally, error) {
	out := make(map[string]Tally, len(ids))
	for chunk := range slices.Chunk(ids, 500) {
		args := []any{brandID}
		for _, id := range chunk {
			args = append(args, id)
			out[id] = Tally{Days: map[string]Counts{}}
		}
		in := db.In(2, len(chunk))
		// Joined to nothing, the brand keeps SQLite from reading all of its rows.
		err := eachDay(ctx, q, `SELECT link_id, day, people, bots, 0 FROM link_day WHERE brand_id || '' = $1 AND link_id IN (`+in+`)
			UNION ALL SELECT j.link_id, j.day, 0, 0, COUNT(*) FROM link_joined j JOIN member m ON m.id = j.member_id
			WHERE j.brand_id || '' = $1 AND j.link_id IN (`+in+`) AND `+took+` GROUP BY j.link_id, j.day`, args, func(id, day string, c Counts) {
			t := out[id]
			t.add(c)
			if day >= first {
				sum := t.Days[day]
				sum.add(c)
				t.Days[day] = sum
			}
			out[id] = t
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// took is which members joined: not those who still ask or were refused.
const took = `m.state IN ('active', 'suspended', 'left')`

func (c *Counts) add(d Counts) {
	c.People, c.Bots, c.Joined = c.People+d.People, c.Bots+d.Bots, c.Joined+d.Joined
}

func eachDay(ctx context.Context, q db.Queryer, query string, args []any, do func(id, day string, c Counts)) error {
	rows, err := q.QueryContext(ctx, query, args...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var id, day string
		var c Counts
		err := r.Scan(&id, &day, &c.People, &c.Bots, &c.Joined)
		if err == nil {
			do(id, day, c)
		}
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("link: count: %w", err)
	}
	return nil
}

// ByDay returns what all links of a brand brought on each day in [from, to);
// days are as Day gives them. A day without any is not there. The caller has
// checked that the account may see numbers.
//
// People and Bots are counted as they happen and never change afterwards.
// Joined are those who signed up by a link, as long as they neither wait to be
// let in nor were refused; who leaves again still counts.
func ByDay(ctx context.Context, q db.Queryer, brandID, from, to string) (map[string]Counts, error) {
	out := map[string]Counts{}
	err := eachDay(ctx, q, `SELECT '', day, CAST(SUM(people) AS BIGINT), CAST(SUM(bots) AS BIGINT), 0 FROM link_day
		WHERE brand_id = $1 AND day >= $2 AND day < $3 GROUP BY day
		UNION ALL SELECT '', j.day, 0, 0, COUNT(*) FROM link_joined j JOIN member m ON m.id = j.member_id
		WHERE j.brand_id = $1 AND j.day >= $2 AND j.day < $3 AND `+took+` GROUP BY j.day`, []any{brandID, from, to}, func(_, day string, c Counts) {
		sum := out[day]
		sum.add(c)
		out[day] = sum
	})
	return out, err
}

// Clicks returns how often all links of a brand were followed on the days in
// [from, to), by people and by known programs.
func Clicks(ctx context.Context, q db.Queryer, brandID, from, to string) (people, bots int64, err error) {
	sum, err := between(ctx, q, brandID, from, to)
	return sum.People, sum.Bots, err
}

// Joined returns how many members came by a link on the days in [from, to).
func Joined(ctx context.Context, q db.Queryer, brandID, from, to string) (int64, error) {
	sum, err := between(ctx, q, brandID, from, to)
	return sum.Joined, err
}

// JoinedFromSocial returns how many of those who joined came by a link of a
// channel, or one that says it is shared on a network.
func JoinedFromSocial(ctx context.Context, q db.Queryer, brandID, from, to string) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM link_joined j JOIN member m ON m.id = j.member_id JOIN link l ON l.id = j.link_id
		WHERE j.brand_id = $1 AND j.day >= $2 AND j.day < $3 AND `+took+` AND (l.channel_id <> '' OR l.source = 'social'
			OR l.source IN (SELECT network FROM channel WHERE brand_id = $1 AND network <> 'community'))`, brandID, from, to).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("link: joined from social: %w", err)
	}
	return n, nil
}

// TopicsOf returns the topics that the links in some posts promote, each once.
func TopicsOf(ctx context.Context, q db.Queryer, brandID string, posts []string) ([]string, error) {
	var out []string
	for chunk := range slices.Chunk(posts, 500) {
		args := []any{brandID}
		for _, id := range chunk {
			args = append(args, id)
		}
		rows, err := q.QueryContext(ctx, `SELECT DISTINCT topic_id FROM link WHERE brand_id = $1 AND post_id <> '' AND topic_id <> '' AND post_id IN (`+db.In(2, len(chunk))+`)`, args...)
		some, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
		if err != nil {
			return nil, fmt.Errorf("link: topics: %w", err)
		}
		out = append(out, some...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func between(ctx context.Context, q db.Queryer, brandID, from, to string) (sum Counts, err error) {
	all, err := ByDay(ctx, q, brandID, from, to)
	for _, c := range all {
		sum.add(c)
	}
	return sum, err
}

// Came says by which link somebody came, as a member's row keeps it.
type Came struct {
	Link string `json:"link"` // id
	Day  string `json:"day"`  // on which they followed it last
}

// Arrival returns what a member's row keeps of the code that a visitor brings
// along with the day they followed it; "" where there is no such link. Links
// that have ended since still count.
func Arrival(ctx context.Context, q db.Queryer, brandID, code, day string) (string, error) {
	if !readable(code) {
		return "", nil
	}
	l, err := one(ctx, q, `brand_id = $1 AND code = $2`, brandID, code)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(Came{l.ID, day})
	return string(raw), err
}

// Arrived notes that a member came by a link: cameFrom is what Arrival
// returned. What it did not return is nobody's coming.
func Arrived(ctx context.Context, tx *db.Tx, brandID, memberID, cameFrom string, zone *time.Location) error {
	var c Came
	if json.Unmarshal([]byte(cameFrom), &c) != nil || c.Link == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO link_joined (member_id, brand_id, link_id, day, at)
		SELECT m.id, l.brand_id, l.id, $4, CAST($5 AS BIGINT) FROM link l JOIN member m ON m.brand_id = l.brand_id
		WHERE l.brand_id = $1 AND l.id = $2 AND m.id = $3 ON CONFLICT (member_id) DO NOTHING`,
		brandID, c.Link, memberID, Day(tx.Now(), zone), tx.Now())
	if err != nil {
		return fmt.Errorf("link: arrived: %w", err)
	}
	return nil
}

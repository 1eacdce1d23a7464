package person

import (
	"context"
	"database/sql"
	"fmt"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/search"
)

// Sort is an order of people.
type Sort string

// The orders.
const (
	Recent  Sort = "recent"  // who wrote last
	Busiest Sort = "busiest" // who wrote most
)

// Filter narrows the list. Empty fields do not.
type Filter struct {
	Query   string // words of their names, handles and of what the team says of them
	Network string // they have an identity there
	Channel string // they wrote on it
	Sort    Sort   // "" is Recent
}

// foundMost is how many of those that a query finds are listed: the latest to
// become known. Who is looked for among more needs another word.
const foundMost = 500

// List returns the people of the brand with their identities, 50 to a page
// unless asked otherwise (at most 200), and the cursor of the next page, ""
// after the last. An account with some channels only sees who wrote on them.
func List(ctx context.Context, d *db.DB, who access.Who, brandID string, f Filter, page db.Page) ([]Person, string, error) {
	return list(ctx, d, d, who, brandID, f, page)
}

// list reads people through q.
func list(ctx context.Context, d *db.DB, q db.Queryer, who access.Who, brandID string, f Filter, page db.Page) ([]Person, string, error) {
	if err := who.May(d.Now(), brandID, access.PersonRead); err != nil {
		return nil, "", err
	}
	at, last, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	var ids []string
	if f.Query != "" {
		if ids, err = finds(ctx, d, who, brandID, f.Query); err != nil || len(ids) == 0 {
			return nil, "", err
		}
	}
	size := page.Size(50, 200)
	s := &statement{args: []any{brandID, at, last, size + 1}}
	if f.Network != "" {
		if s.few, err = few(ctx, q, brandID, f.Network); err != nil {
			return nil, "", err
		}
	}
	if err := s.write(f, ids, who.Channels(d.Now(), brandID)); err != nil {
		return nil, "", err
	}
	rows, err := q.QueryContext(ctx, s.text, s.args...)
	keys, all, err := collect(rows, err)
	if err != nil {
		return nil, "", fmt.Errorf("person: list: %w", err)
	}
	next := ""
	if len(all) > size {
		all = all[:size]
		next = db.Cursor(keys[size-1], all[size-1].ID)
	}
	return all, next, withIdentities(ctx, q, brandID, all)
}

func collect(rows *sql.Rows, err error) (keys []db.Time, all []Person, _ error) {
	all, err = db.Collect(rows, err, func(r *sql.Rows) (p Person, err error) {
		var key db.Time
		err = r.Scan(&p.ID, &p.Brand, &p.Name, &p.About, &p.AvatarURL, &p.MemberAt, &p.Messages, &p.FirstAt, &p.LastAt, &p.CreatedAt, &key)
		keys = append(keys, key)
		return p, err
	})
	return keys, all, err
}

func finds(ctx context.Context, d *db.DB, who access.Who, brandID, words string) ([]string, error) {
	return search.IDs(ctx, d, who, brandID, search.Query{Text: words, Kinds: []search.Kind{search.Person}}, foundMost)
}

// fewest is how many identities on a network are gathered instead of being met
// while the list is walked.
const fewest = 2000

// few reports whether a network has so few identities that walking a list in
// search of them would take long.
func few(ctx context.Context, q db.Queryer, brandID, networkName string) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM identity WHERE brand_id = $1 AND network = $2 LIMIT $3) i`, brandID, networkName, fewest+1).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("person: list: %w", err)
	}
	return n <= fewest, nil
}

// statement is the list's SQL with its arguments: the brand, the key of the
// page and its size come first.
type statement struct {
	text string
	few  bool // there are few people on the network that is asked for
	args []any
}

// write chooses what is walked: the people of one channel, of the brand, or
// those that were found.
func (s *statement) write(f Filter, ids, only []string) error {
	key := map[Sort]string{"": "last_at", Recent: "last_at", Busiest: "messages"}[f.Sort]
	if key == "" {
		return fault.OnField("sort", "Sort by recent or by busiest.")
	}
	from, brand, key, id := `person p`, `p.brand_id`, `p.`+key, `p.id`
	where := ""
	switch {
	case len(ids) > 0:
		brand += ` || ''` // found by their ids, whatever the brand's size
		where += ` AND p.id IN (` + s.list(ids) + `)`
		if f.Channel != "" {
			where += ` AND EXISTS (SELECT 1 FROM person_channel x WHERE x.person_id = p.id AND x.channel_id = ` + s.list([]string{f.Channel}) + `)`
		}
	case f.Channel != "":
		from, key, id = `person_channel w JOIN person p ON p.id = w.person_id`, `w`+key[1:], `w.person_id`
		brand = `w.brand_id`
		where += ` AND w.channel_id = ` + s.list([]string{f.Channel})
	}
	switch {
	case f.Network != "" && s.few && f.Channel == "":
		brand = `p.brand_id || ''`
		where += ` AND p.id IN (SELECT i.person_id FROM identity i WHERE i.brand_id = $1 AND i.network = ` + s.list([]string{f.Network}) + `)`
	case f.Network != "":
		where += ` AND EXISTS (SELECT 1 FROM identity i WHERE i.brand_id = $1 AND i.person_id = p.id AND i.network = ` + s.list([]string{f.Network}) + `)`
	}
	if len(only) > 0 {
		where += ` AND EXISTS (SELECT 1 FROM person_channel y WHERE y.person_id = p.id AND y.channel_id IN (` + s.list(only) + `))`
	}
	s.text = `SELECT ` + columns + `, ` + key + ` FROM ` + from + ` WHERE ` + brand + ` = $1` + where + `
		AND (` + key + `, ` + id + `) < ($2, $3) ORDER BY ` + key + ` DESC, ` + id + ` DESC LIMIT $4`
	return nil
}

// list adds arguments and returns their placeholders.
func (s *statement) list(all []string) string {
	from := len(s.args) + 1
	for _, a := range all {
		s.args = append(s.args, a)
	}
	return db.In(from, len(all))
}

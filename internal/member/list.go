package member

import (
	"context"
	"fmt"
	"strings"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Sort is an order of members.
type Sort string

// The orders.
const (
	Recent  Sort = "recent"  // who was here last
	Joined  Sort = "joined"  // who joined last
	Busiest Sort = "busiest" // who has most posts
)

var sorts = map[Sort]struct {
	column string
	key    func(Member) db.Time
}{
	"":      {"m.seen_at", func(m Member) db.Time { return m.SeenAt }},
	Recent:  {"m.seen_at", func(m Member) db.Time { return m.SeenAt }},
	Joined:  {"m.joined_at", func(m Member) db.Time { return m.JoinedAt }},
	Busiest: {"m.posts", func(m Member) db.Time { return db.Time(m.Posts) }},
}

// Filter narrows a list of members. What is empty narrows nothing.
type Filter struct {
	Query     string // beginning of the name or of the handle
	Sort      Sort
	State     State // for the team; "" is Active
	Newcomers bool  // for the team: whose posts may wait for a look
}

// List returns the members who are listed, 40 to a page unless asked otherwise
// (at most 100), and the cursor of the next page.
func List(ctx context.Context, q db.Queryer, v Voice, f Filter, page db.Page) ([]Member, string, error) {
	return f.read(ctx, q, v.Brand, Active, ` AND m.listed`, page)
}

// Roll returns the members of a state for the team, paged as List is.
func Roll(ctx context.Context, q db.Queryer, who access.Who, brandID string, f Filter, page db.Page) ([]Member, string, error) {
	if err := who.May(q.Now(), brandID, access.MemberRead); err != nil {
		return nil, "", err
	}
	state, also := f.State, ""
	if state == "" {
		state = Active
	}
	if f.Newcomers {
		also = ` AND m.trusted_at = 0 AND NOT m.team AND m.posts < 5`
	}
	return f.read(ctx, q, brandID, state, also, page)
}

func (f Filter) read(ctx context.Context, q db.Queryer, brandID string, state State, also string, page db.Page) ([]Member, string, error) {
	order, ok := sorts[f.Sort]
	if !ok {
		return nil, "", fault.OnField("sort", "Sort by recent, joined or busiest.")
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(40, 100)
	args := []any{brandID, state, at, id, size + 1}
	if word := strings.TrimPrefix(strings.TrimSpace(f.Query), "@"); word != "" {
		// A beginning is a range of the index, whatever the letters.
		name, handle := NameKey(word), folded(word)
		args = append(args, name, name+"\U0010FFFF", handle, handle+"\U0010FFFF")
		also += ` AND m.id IN (SELECT n.id FROM member n WHERE n.brand_id = $1 AND n.name_key >= $6 AND n.name_key < $7
			UNION SELECT h.member_id FROM member_handle h WHERE h.brand_id = $1 AND h.handle >= $8 AND h.handle < $9)`
	}
	all, err := list(ctx, q, `SELECT `+columns+` FROM member m WHERE m.brand_id = $1 AND m.state = $2`+also+`
		AND (`+order.column+`, m.id) < ($3, $4) ORDER BY `+order.column+` DESC, m.id DESC LIMIT $5`, args...)
	if err != nil || len(all) <= size {
		return all, "", err
	}
	last := all[size-1]
	return all[:size], db.Cursor(order.key(last), last.ID), nil
}

// Counts are how many members are in each state, for the team.
func Counts(ctx context.Context, q db.Queryer, who access.Who, brandID string) (map[State]int, error) {
	if err := who.May(q.Now(), brandID, access.MemberRead); err != nil {
		return nil, err
	}
	out := map[State]int{}
	for _, s := range States {
		var n int
		if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM member WHERE brand_id = $1 AND state = $2`, brandID, s).Scan(&n); err != nil {
			return nil, fmt.Errorf("member: count: %w", err)
		}
		out[s] = n
	}
	return out, nil
}

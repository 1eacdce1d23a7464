package member

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Order is how a list of members is read.
type Order string

// The orders.
const (
	Recent  Order = "recent"  // who was here last comes first
	Newest  Order = "joined"  // who joined last comes first
	Busiest Order = "busiest" // who has written most comes first
)

// Orders are all orders, in the order pages show them.
var Orders = []Order{Recent, Newest, Busiest}

// by are the columns of the orders; each has an index with the brand and the
// state before it.
var by = map[Order]string{Recent: "seen_at", Newest: "joined_at", Busiest: "posts"}

// of is where a member stands in an order.
func (o Order) of(m Member) db.Time {
	switch o {
	case Newest:
		return m.JoinedAt
	case Busiest:
		return db.Time(m.Posts)
	}
	return m.SeenAt
}

// Filter narrows a list. What is empty narrows nothing.
type Filter struct {
	Query     string // beginning of a name or of a handle
	Order     Order  // "" is Recent
	State     State  // for the team alone; "" is Active
	Team      bool   // only those of the team
	Newcomers int64  // for the team alone: only who has fewer posts that stand, and is not trusted
}

// mostFound is how many members a query finds: the first by name and by
// handle.
const mostFound = 200

// List is the directory: the active members who are shown in it, 30 to a page
// unless asked otherwise (at most 100), and the cursor of the next page. It is
// for whoever may read in the community; where a query is given, it finds the
// first 200 by name and by handle.
func List(ctx context.Context, q db.Queryer, brandID string, f Filter, page db.Page) ([]Member, string, error) {
	f.State, f.Newcomers = Active, 0
	return find(ctx, q, brandID, f, true, page)
}

// All is the team's list, of members in one state, as List.
func All(ctx context.Context, q db.Queryer, who access.Who, brandID string, f Filter, page db.Page) ([]Member, string, error) {
	if err := who.May(q.Now(), brandID, access.MemberRead); err != nil {
		return nil, "", err
	}
	if f.State == "" {
		f.State = Active
	}
	return find(ctx, q, brandID, f, false, page)
}

// After returns the ids of all members that come after that one, in their
// order, at most so many, whatever their state.
func After(ctx context.Context, q db.Queryer, brandID, after string, most int) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT id FROM member WHERE brand_id = $1 AND id > $2 ORDER BY id LIMIT $3`, brandID, after, most)
	ids, err := db.Collect(rows, err, func(r *sql.Rows) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	})
	if err != nil {
		return nil, fmt.Errorf("member: list: %w", err)
	}
	return ids, nil
}

// Counts says how many members are in each state.
func Counts(ctx context.Context, q db.Queryer, who access.Who, brandID string) (map[State]int, error) {
	if err := who.May(q.Now(), brandID, access.MemberRead); err != nil {
		return nil, err
	}
	out := map[State]int{}
	rows, err := q.QueryContext(ctx, `SELECT state, COUNT(*) FROM member WHERE brand_id = $1 GROUP BY state`, brandID)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var s State
		var n int
		err := r.Scan(&s, &n)
		out[s] = n
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("member: count: %w", err)
	}
	return out, nil
}

func find(ctx context.Context, q db.Queryer, brandID string, f Filter, listed bool, page db.Page) ([]Member, string, error) {
	if f.Order == "" {
		f.Order = Recent
	}
	column, ok := by[f.Order]
	if !ok {
		return nil, "", fault.OnField("order", "Choose an order.")
	}
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	size := page.Size(30, 100)
	where, args := f.where(listed, []any{brandID, f.State, at, id, size + 1})
	all, err := list(ctx, q, `SELECT `+columns+` FROM member m WHERE m.brand_id = $1 AND m.state = $2 AND (m.`+column+`, m.id) < ($3, $4)`+where+`
		ORDER BY m.`+column+` DESC, m.id DESC LIMIT $5`, args...)
	if err != nil || len(all) <= size {
		return all, "", err
	}
	last := all[size-1]
	return all[:size], db.Cursor(f.Order.of(last), last.ID), nil
}

func (f Filter) where(listed bool, args []any) (string, []any) {
	var b strings.Builder
	if listed {
		b.WriteString(` AND m.listed`)
	}
	if f.Team {
		b.WriteString(` AND m.team`)
	}
	if f.Newcomers > 0 {
		args = append(args, f.Newcomers)
		fmt.Fprintf(&b, ` AND m.trusted_at = 0 AND NOT m.team AND m.posts < $%d`, len(args))
	}
	if words := strings.TrimSpace(f.Query); words != "" {
		name, handle := NameKey(clean(words)), folded(clean(words))
		args = append(args, name, after(name), handle, after(handle))
		n := len(args)
		fmt.Fprintf(&b, ` AND m.id IN (SELECT n.id FROM (SELECT id FROM member WHERE brand_id = $1 AND name_key >= $%d AND name_key < $%d ORDER BY name_key LIMIT %d) n
			UNION SELECT h.member_id FROM (SELECT member_id FROM member_handle WHERE brand_id = $1 AND handle >= $%d AND handle < $%d ORDER BY handle LIMIT %d) h)`,
			n-3, n-2, mostFound, n-1, n, mostFound)
	}
	return b.String(), args
}

// clean makes a query of at most 60 runes that every database takes.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	if r := []rune(s); len(r) > LongestName {
		s = string(r[:LongestName])
	}
	return s
}

// after is later than every text that begins with s.
func after(s string) string { return s + "\U0010FFFF" }

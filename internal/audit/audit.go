// Package audit keeps what the team did and which settings it changed: who,
// what, when and from where. Lines are written with the change itself, are
// never changed, and are shown to those who answer for the brand.
package audit

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/fault"
)

// Entry is an act to remember. Detail never holds a secret.
type Entry struct {
	ID      string // "" gives it one
	Brand   string // "" for an act that concerns no brand
	Act     string // past tense: hold.set, channel.connected
	Subject string // id of what was acted on
	Detail  map[string]string
}

// Line is an act that was remembered.
type Line struct {
	ID      string
	Account string // "" for the program itself
	Address string // where the request came from
	At      db.Time
	Entry
}

// Record writes the entry in the caller's transaction, with who did it.
func Record(ctx context.Context, tx *db.Tx, who access.Who, e Entry) error {
	detail, err := encode(e.Detail)
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO audit (id, brand_id, account_id, act, area, subject, detail, address, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			cmp.Or(e.ID, db.NewID()), e.Brand, who.Account, e.Act, string(AreaOf(e.Act)), e.Subject, detail, who.Address, tx.Now())
	}
	if err != nil {
		return fmt.Errorf("audit: record %s: %w", e.Act, err)
	}
	return nil
}

// RecordOnce is Record for what is done in many small steps, such as a text
// that saves itself: while the newest line about the subject is the same act of
// the same account and younger than within, no other is added.
func RecordOnce(ctx context.Context, tx *db.Tx, who access.Who, e Entry, within time.Duration) error {
	var act, account string
	var at db.Time
	err := tx.QueryRowContext(ctx, `SELECT act, account_id, at FROM audit WHERE brand_id = $1 AND subject = $2 ORDER BY at DESC, id DESC LIMIT 1`, e.Brand, e.Subject).
		Scan(&act, &account, &at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("audit: record %s: %w", e.Act, err)
	}
	if err == nil && act == e.Act && account == who.Account && tx.Now().Sub(at) < within {
		return nil
	}
	return Record(ctx, tx, who, e)
}

func encode(detail map[string]string) (string, error) {
	if len(detail) == 0 {
		return "", nil
	}
	raw, err := json.Marshal(detail)
	return string(raw), err
}

// Filter narrows a list. What is empty narrows nothing.
type Filter struct {
	Subject string // id of what was acted on
	Account string // who did it; System for the program itself
	Act     string
	Area    Area
	From    db.Time // not before
	Until   db.Time // before
	Text    string  // part of what is told about the act, in any case
}

// System is the Account of a filter for what the program did by itself.
const System = "system"

// window is how many lines a list looks through at most for one page, where a
// filter has no order of its own. A page may then hold fewer lines than asked
// for, or none, and lead on all the same.
const window = 20_000

// List returns the acts in one brand, the newest first, 50 to a page unless
// asked otherwise (at most 200), and where to go on; "" after the last. With
// several filters a page may hold fewer, or none, and lead on: it looks through
// 20,000 lines at most.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, f Filter, page db.Page) ([]Line, string, error) {
	if err := who.May(q.Now(), brandID, access.AuditRead); err != nil {
		return nil, "", err
	}
	page.Limit = page.Size(50, 200)
	return list(ctx, q, brandID, f, page)
}

// Of returns what was done to one thing, the newest first, for those who may
// read the thing; the caller has checked that.
func Of(ctx context.Context, q db.Queryer, brandID, subject string, page db.Page) ([]Line, string, error) {
	page.Limit = page.Size(20, 200)
	return list(ctx, q, brandID, Filter{Subject: subject}, page)
}

// Happened reports whether an act of the brand on the subject is remembered.
func Happened(ctx context.Context, q db.Queryer, brandID, subject, act string) (bool, error) {
	var there bool
	err := q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM audit WHERE brand_id = $1 AND subject = $2 AND act = $3)`, brandID, subject, act).Scan(&there)
	if err != nil {
		return false, fmt.Errorf("audit: whether it happened: %w", err)
	}
	return there, nil
}

// Details returns what some lines tell of their acts, by the lines' ids, for
// those who may know; the caller has checked that.
func Details(ctx context.Context, q db.Queryer, brandID string, ids []string) (map[string]map[string]string, error) {
	out := make(map[string]map[string]string, len(ids))
	for some := range slices.Chunk(ids, 500) {
		args := []any{brandID}
		for _, id := range some {
			args = append(args, id)
		}
		rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM audit WHERE brand_id || '' = $1 AND id IN (`+db.In(2, len(some))+`)`, args...)
		all, err := db.Collect(rows, err, scan)
		if err != nil {
			return nil, fmt.Errorf("audit: details: %w", err)
		}
		for _, l := range all {
			out[l.ID] = l.Detail
		}
	}
	return out, nil
}

func list(ctx context.Context, q db.Queryer, brandID string, f Filter, page db.Page) ([]Line, string, error) {
	at, id, err := page.Key()
	if err != nil {
		return nil, "", err
	}
	s := statement{args: []any{brandID, at, id}}
	s.write(f, page.Limit)
	rows, err := q.QueryContext(ctx, s.text.String(), s.args...)
	all, err := db.Collect(rows, err, scan)
	if err != nil {
		return nil, "", fmt.Errorf("audit: list: %w", err)
	}
	if len(all) > page.Limit {
		last := all[page.Limit-1]
		return all[:page.Limit], db.Cursor(last.At, last.ID), nil
	}
	if s.edge == "" {
		return all, "", nil
	}
	// Whether the window was full says whether there is more to look through.
	end, more, err := s.end(ctx, q)
	if err != nil || !more {
		return all, "", err
	}
	return all, end, nil
}

// Each calls do with every line that the filter lets through, the newest
// first, without holding them all. It writes down that the log was taken
// along.
func Each(ctx context.Context, d *db.DB, who access.Who, brandID string, f Filter, do func(Line) error) error {
	if err := who.May(d.Now(), brandID, access.AuditRead); err != nil {
		return err
	}
	err := d.Tx(ctx, func(tx *db.Tx) error {
		return Record(ctx, tx, who, Entry{Brand: brandID, Act: "log.exported"})
	})
	for page := (db.Page{Limit: 500}); err == nil; {
		var lines []Line
		if lines, page.After, err = list(ctx, d, brandID, f, page); err != nil {
			return err
		}
		for _, l := range lines {
			if err := do(l); err != nil {
				return err
			}
		}
		if page.After == "" {
			break
		}
	}
	return err
}

// Wide returns the acts that concern no brand, the newest first: accounts,
// sign-ins, brands that are gone. It is for the console alone.
func Wide(ctx context.Context, q db.Queryer, who access.Who, page db.Page) ([]Line, string, error) {
	if !who.IsSystem() {
		return nil, "", fault.New(fault.Denied, "The installation's own log is for the console only.")
	}
	page.Limit = page.Size(50, 200)
	return list(ctx, q, "", Filter{}, page)
}

// statement is a list being written. One filter gives it its order, by an
// index; what others let through is looked for among so many lines of that.
type statement struct {
	text   strings.Builder
	args   []any
	edge   string // asks for the window's last line; "" where there is no window
	within int    // so many of the arguments are the edge's
}

const columns = `id, brand_id, account_id, act, subject, detail, address, at`

func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	return fmt.Sprintf("$%d", len(s.args))
}

func (s *statement) write(f Filter, limit int) {
	first, rest := f.conditions()
	where := `brand_id = $1 AND (at, id) < ($2, $3)`
	if first.column != "" {
		where += ` AND ` + first.column + ` = ` + s.arg(first.value)
	}
	if f.From > 0 {
		where += ` AND at >= ` + s.arg(f.From)
	}
	if f.Until > 0 {
		where += ` AND at < ` + s.arg(f.Until)
	}
	const order = ` ORDER BY at DESC, id DESC LIMIT `
	if len(rest) == 0 && f.Text == "" {
		s.text.WriteString(`SELECT ` + columns + ` FROM audit WHERE ` + where + order + s.arg(limit+1))
		return
	}
	// The index alone tells where the window ends.
	s.edge = `SELECT at, id FROM audit WHERE ` + where + order + `1 OFFSET ` + strconv.Itoa(window-1)
	s.within = len(s.args)
	s.text.WriteString(`SELECT ` + columns + ` FROM (SELECT ` + columns + `, area FROM audit WHERE ` + where + order + s.arg(window) + `) w WHERE TRUE`)
	for _, c := range rest {
		s.text.WriteString(` AND ` + c.column + ` = ` + s.arg(c.value))
	}
	if f.Text != "" {
		s.text.WriteString(` AND LOWER(detail) LIKE ` + s.arg(db.Contains(f.Text)) + ` ESCAPE '\'`)
	}
	s.text.WriteString(order + s.arg(limit+1))
}

type condition struct{ column, value string }

// conditions parts the filter into the first that has an index and the others.
func (f Filter) conditions() (first condition, rest []condition) {
	account := f.Account
	if account == System {
		account = ""
	}
	for _, c := range []struct {
		on bool
		condition
	}{
		{f.Subject != "", condition{"subject", f.Subject}}, {f.Account != "", condition{"account_id", account}}, {f.Area != "", condition{"area", string(f.Area)}},
	} {
		switch {
		case !c.on:
		case first.column == "":
			first = c.condition
		default:
			rest = append(rest, c.condition)
		}
	}
	if f.Act != "" {
		rest = append(rest, condition{"act", f.Act})
	}
	return first, rest
}

// end is where a full window ends, and whether it is full.
func (s *statement) end(ctx context.Context, q db.Queryer) (string, bool, error) {
	var at db.Time
	var id string
	err := q.QueryRowContext(ctx, s.edge, s.args[:s.within]...).Scan(&at, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return db.Cursor(at, id), true, err
}

func scan(rows *sql.Rows) (l Line, err error) {
	var detail string
	err = rows.Scan(&l.ID, &l.Brand, &l.Account, &l.Act, &l.Subject, &detail, &l.Address, &l.At)
	if err == nil && detail != "" {
		err = json.Unmarshal([]byte(detail), &l.Detail)
	}
	return l, err
}

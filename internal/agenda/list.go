package agenda

import (
	"context"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/delivery"
)

// Point is a place between entries: right after the delivery with the time and
// the id that it holds, written as db.Cursor does.
type Point string

// Before is the place before everything that lies at that time.
func Before(at db.Time) Point { return after(at-1, "~") }

func after(at db.Time, id string) Point { return Point(db.Cursor(at, id)) }

func (p Point) key() (db.Time, string, error) { return db.Page{After: string(p)}.Key() }

// Page is a part of the list.
type Page struct {
	Agenda
	From, To Point // where it begins and ends: what to ask the neighbours with
	Earlier  bool  // there is more before From
	Later    bool  // there is more after To
}

const (
	firstTime db.Time = 0
	lastTime  db.Time = 1 << 52
)

// List returns up to limit deliveries after a point, or with back those up to
// it, and the drafts planned in the same stretch.
func List(ctx context.Context, q db.Queryer, who access.Who, brandID string, at Point, back bool, filter Filter, limit int) (Page, error) {
	f, err := filter.seenBy(q.Now(), who, brandID)
	if err != nil {
		return Page{}, err
	}
	due, err := along(ctx, q, brandID, at, back, f, limit+1)
	if err != nil {
		return Page{}, err
	}
	p := Page{From: at, To: after(lastTime, "~")}
	if back {
		p.From, p.To = Before(firstTime), at
	}
	if len(due) > limit {
		p.end(due[limit-1], due[limit], back)
		due = due[:limit]
	}
	if err := p.fill(ctx, q, who, brandID, due, f); err != nil {
		return p, err
	}
	if p.Earlier, err = some(ctx, q, who, brandID, p.From, true, f); err != nil {
		return p, err
	}
	p.Later, err = some(ctx, q, who, brandID, p.To, false, f)
	return p, err
}

// end cuts the page off between its last delivery and the one that follows.
func (p *Page) end(last, next delivery.Delivery, back bool) {
	if back {
		p.From = after(next.DueAt, next.ID)
	} else {
		p.To = after(last.DueAt, last.ID)
	}
}

func (p *Page) fill(ctx context.Context, q db.Queryer, who access.Who, brandID string, due []delivery.Delivery, f sight) error {
	from, _, err := p.From.key()
	if err != nil {
		return err
	}
	to, _, err := p.To.key()
	if err != nil {
		return err
	}
	drafts, err := planned(ctx, q, who, brandID, from+1, to+1, f)
	if err != nil {
		return err
	}
	p.Agenda, err = gather(ctx, q, brandID, due, drafts)
	return err
}

// along returns the deliveries after a point, or up to it, the nearest first.
func along(ctx context.Context, q db.Queryer, brandID string, at Point, back bool, f sight, limit int) ([]delivery.Delivery, error) {
	if f.State == Planned {
		return nil, nil
	}
	return delivery.Along(ctx, q, brandID, db.Page{After: string(at), Limit: limit}, back, f.deliveries())
}

// some reports whether anything lies on that side of a point.
func some(ctx context.Context, q db.Queryer, who access.Who, brandID string, at Point, back bool, f sight) (bool, error) {
	due, err := along(ctx, q, brandID, at, back, f, 1)
	if err != nil || len(due) > 0 {
		return len(due) > 0, err
	}
	here, _, err := at.key()
	if err != nil {
		return false, err
	}
	from, to := here+1, lastTime
	if back {
		from, to = firstTime, here+1
	}
	drafts, err := planned(ctx, q, who, brandID, from, to, f)
	return len(drafts) > 0, err
}

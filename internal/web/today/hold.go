package today

import (
	"context"
	"net/http"

	"rapport/internal/access"
	"rapport/internal/account"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// holdView is the page of the hold.
type holdView struct {
	Slug    string
	Form    entry.Form
	Held    bool
	Pause   brand.Pause
	By      string
	May     bool // may hold, or release while it is held
	Doubt   int  // deliveries read back after a restore
	Waiting int  // deliveries that wait behind the gate
	Before  []pastHold
	Now     db.Time
}

type pastHold struct {
	brand.Pause
	ByName, ReleasedName string
}

// holdShow explains the hold and holds the form that begins or ends it.
func (p *Pages) holdShow(w http.ResponseWriter, r *http.Request) error {
	return p.holdPage(w, r, entry.Form{})
}

func (p *Pages) holdPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v := studio.At(r)
	view, err := p.holdView(r, f)
	if err != nil {
		return err
	}
	title := i18n.T(r.Context(), "Hold everything")
	if view.Held {
		title = i18n.T(r.Context(), "Everything is on hold")
	}
	return p.Show(w, r, studio.Page{Area: "hold", Status: f.Status(), Head: ui.Head{Title: title, Back: studio.Path(v.Brand.Slug),
		BackText: i18n.T(r.Context(), "Back to Today")}}, holdPage(view))
}

func (p *Pages) holdView(r *http.Request, f entry.Form) (holdView, error) {
	v, ctx := studio.At(r), r.Context()
	now := p.DB.Now()
	view := holdView{Slug: v.Brand.Slug, Form: f, Held: v.Brand.Held, Now: now}
	action := access.HoldSet
	if view.Held {
		action = access.HoldRelease
	}
	view.May = v.Who.May(now, v.Brand.ID, action) == nil
	var err error
	if view.Pause, view.By, err = p.RunningHold(ctx, p.DB, v.Brand.ID); err != nil {
		return view, err
	}
	waiting, err := delivery.Calendar(ctx, p.DB, v.Brand.ID, 0, now, delivery.Filter{States: []delivery.State{delivery.Scheduled}})
	if err != nil {
		return view, err
	}
	view.Waiting = len(waiting)
	if view.Pause.Kind == brand.ByRestore {
		if view.Doubt, err = delivery.DoubtfulCount(ctx, p.DB, v.Brand.ID, view.Pause.At); err != nil {
			return view, err
		}
	}
	view.Before, err = p.pastHolds(r)
	return view, err
}

// pastHolds are the last holds that are over, with names.
func (p *Pages) pastHolds(r *http.Request) ([]pastHold, error) {
	v, ctx := studio.At(r), r.Context()
	all, _, err := brand.Holds(ctx, p.DB, v.Who, v.Brand.ID, db.Page{Limit: 11})
	if err != nil {
		return nil, err
	}
	names := map[string]string{"": ""}
	var out []pastHold
	for _, h := range all {
		if h.ReleasedAt == 0 {
			continue
		}
		for _, id := range []string{h.By, h.ReleasedBy} {
			if _, known := names[id]; known {
				continue
			}
			a, err := account.ByID(ctx, p.DB, id)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return nil, err
			}
			names[id] = a.Name
		}
		out = append(out, pastHold{h, names[h.By], names[h.ReleasedBy]})
	}
	return out, nil
}

// holdSet puts everything of the brand on hold.
func (p *Pages) holdSet(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if _, err := brand.Hold(r.Context(), p.DB, v.Who, v.Brand.ID, f.Value("reason")); err != nil {
		if f.Refused(err, "reason") {
			return p.holdPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "Everything is on hold. Nothing goes out until someone releases it."), "")
	return studio.Back(w, r, studio.Path(v.Brand.Slug))
}

// holdRelease lets the brand send again.
func (p *Pages) holdRelease(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if err := brand.Release(r.Context(), p.DB, v.Who, v.Brand.ID); err != nil {
		f := entry.Blank(r)
		if f.Refused(err) {
			return p.holdPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "The hold is released. What is due goes out now."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug))
}

// heldFor says who held, who released and how long it was.
func heldFor(ctx context.Context, h pastHold) string {
	by, released := h.ByName, h.ReleasedName
	if by == "" {
		by = i18n.T(ctx, "Rapport itself")
	}
	if released == "" {
		released = i18n.T(ctx, "Rapport itself")
	}
	return i18n.T(ctx, "Held by {{.By}}, released by {{.Released}} after {{.Span}}",
		"By", by, "Released", released, "Span", studio.Span(ctx, h.ReleasedAt.Sub(h.At)))
}

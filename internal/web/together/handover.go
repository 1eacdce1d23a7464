package together

import (
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/db"
	"rapport/internal/handover"
	"rapport/internal/i18n"
	"rapport/internal/task"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// handoverView is a handover as it is shown.
type handoverView struct {
	handover.Handover
	By   string
	Who  []seenView
	Mine bool // the visitor has seen it, or wrote it
}

type seenView struct {
	Name string
	At   time.Time
}

// handoversView are the last handovers, the newest first.
type handoversView struct {
	Slug     string
	Rows     []handoverView
	Next     string
	Now      time.Time
	MayWrite bool
	Form     entry.Form
}

func (v handoversView) latest() string {
	if len(v.Rows) == 0 {
		return ""
	}
	return v.Rows[0].ID
}

func (p *Pages) handovers(r *http.Request, f entry.Form, pg db.Page) (handoversView, error) {
	v, ctx := studio.At(r), r.Context()
	view := handoversView{Slug: v.Brand.Slug, Now: p.DB.Now().Time(), MayWrite: p.May(r, access.TaskWrite) && pg.After == "", Form: f}
	all, next, err := handover.List(ctx, p.DB, v.Who, v.Brand.ID, pg)
	if err != nil {
		return view, err
	}
	view.Next = next
	var ids []string
	for _, h := range all {
		ids = append(ids, h.Account)
		for _, s := range h.Seen {
			ids = append(ids, s.Account)
		}
	}
	names, err := p.Names(ctx, ids...)
	for _, h := range all {
		row := handoverView{Handover: h, By: studio.TeamName(ctx, names[h.Account]), Mine: h.SeenBy(v.Who.Account)}
		for _, s := range h.Seen {
			row.Who = append(row.Who, seenView{studio.TeamName(ctx, names[s.Account]), s.At.Time()})
		}
		view.Rows = append(view.Rows, row)
	}
	return view, err
}

// handoverList is what was handed over before, and where a new one is written.
func (p *Pages) handoverList(w http.ResponseWriter, r *http.Request) error {
	return p.handoverPage(w, r, entry.Form{})
}

func (p *Pages) handoverPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	ctx := r.Context()
	view, err := p.handovers(r, f, studio.PageOf(r))
	if err != nil {
		return err
	}
	if studio.FromHTMX(r) && r.URL.Query().Has("after") {
		return studio.Part(w, r, handoverRows(view))
	}
	head := ui.Head{Title: i18n.T(ctx, "Handover"), Back: studio.Path(view.Slug), BackText: i18n.T(ctx, "Back to Today")}
	return p.Show(w, r, studio.Page{Area: "today", Head: head, Status: f.Status()}, handoverPage(view))
}

// handoverWrite leaves a note for the next shift.
func (p *Pages) handoverWrite(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	if _, err := handover.Write(ctx, p.DB, v.Who, v.Brand.ID, f.Value("latest"), f.Raw("text")); err != nil {
		if f.Refused(err, "text") {
			return p.handoverPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(ctx, "The handover is on Today for everybody."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug))
}

// handoverSee says that the visitor has read it.
func (p *Pages) handoverSee(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	if err := handover.See(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("handover")); err != nil {
		return err
	}
	return studio.See(w, r, studio.Path(v.Brand.Slug))
}

// Today is what the team tells the visitor on Today.
type Today struct {
	Handovers handoversView // the newest only
	Tasks     []taskView    // the visitor's, due within a day or overdue
	More      int
}

const todayTasksMost = 4

// Today reads it, for the brand of the request.
func (p *Pages) Today(r *http.Request) (out Today, err error) {
	v, ctx := studio.At(r), r.Context()
	if out.Handovers, err = p.handovers(r, entry.Form{}, db.Page{Limit: 1}); err != nil {
		return out, err
	}
	by := p.DB.Now().Add(24 * time.Hour)
	n, err := task.Mine(ctx, p.DB, v.Who, v.Brand.ID, by)
	if err != nil || n == 0 {
		return out, err
	}
	all, _, err := task.List(ctx, p.DB, v.Who, v.Brand.ID, task.Filter{Assignee: v.Who.Account}, db.Page{Limit: todayTasksMost})
	for i, t := range all {
		if t.DueAt == 0 || t.DueAt > by {
			all = all[:i]
			break
		}
	}
	if err == nil {
		out.More = max(0, n-len(all))
		out.Tasks, err = p.taskViews(r, all, studio.Path(v.Brand.Slug))
	}
	return out, err
}

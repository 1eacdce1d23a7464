package people

import (
	"context"
	"net/http"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/merge"
	"rapport/internal/person"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// sameView is the search for the other record of somebody.
type sameView struct {
	Slug  string
	One   person.Person
	Query string
	Found []person.Person
	Now   time.Time
}

// sameFind looks for the other record by its handle or name. Nothing is
// suggested: a name proves nothing.
func (p *Pages) sameFind(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	view := sameView{Slug: v.Brand.Slug, Query: strings.TrimSpace(r.URL.Query().Get("q")), Now: p.DB.Now().Time()}
	var err error
	if view.One, err = person.Whole(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("person")); fault.Is(err, fault.NotFound) {
		return p.moved(w, r, err)
	}
	if err != nil {
		return err
	}
	if view.Query != "" {
		found, _, err := person.List(ctx, p.DB, v.Who, v.Brand.ID, person.Filter{Query: view.Query}, db.Page{Limit: 20})
		if err != nil {
			return err
		}
		for _, one := range found {
			if one.ID != view.One.ID {
				view.Found = append(view.Found, one)
			}
		}
	}
	head := ui.Head{Title: i18n.T(ctx, "Who is the same as {{.Person}}?", "Person", view.One.Name), Back: studio.Path(v.Brand.Slug, "people", view.One.ID), BackText: i18n.T(ctx, "Back to the person")}
	return p.Show(w, r, studio.Page{Area: "people", Head: head}, samePage(view))
}

// pairView is two records side by side.
type pairView struct {
	merge.Pair
	Slug     string
	Asked    string // whose page it was asked from
	Other    string
	Channels map[string]studio.ChannelRow
	Titles   map[string]string
	Cannot   string
	Now      time.Time
	Form     entry.Form
}

// sameReview shows both records before they are made one.
func (p *Pages) sameReview(w http.ResponseWriter, r *http.Request) error {
	return p.pairPage(w, r, entry.Form{})
}

func (p *Pages) pairPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	view := pairView{Slug: v.Brand.Slug, Asked: r.PathValue("person"), Other: r.PathValue("other"), Channels: map[string]studio.ChannelRow{}, Titles: map[string]string{}, Now: p.DB.Now().Time(), Form: f}
	var err error
	if view.Pair, err = merge.Review(ctx, p.DB, v.Who, v.Brand.ID, view.Asked, view.Other); fault.Is(err, fault.NotFound) {
		return p.pairMoved(w, r, f, err)
	}
	if err != nil {
		return err
	}
	view.Cannot = i18nOf(ctx, view.Pair.Cannot)
	all, err := channel.List(ctx, p.DB, access.System(), v.Brand.ID)
	if err != nil {
		return err
	}
	for _, c := range all {
		view.Channels[c.ID] = p.RowOf(c)
	}
	for _, s := range []merge.Side{view.Stays, view.Goes} {
		for _, i := range s.Identities {
			view.Titles[i.Network] = p.NetworkTitle(i.Network)
		}
	}
	head := ui.Head{Title: i18n.T(ctx, "One person?"), Back: studio.Path(v.Brand.Slug, "people", view.Asked, "same"), BackText: i18n.T(ctx, "Back to the search")}
	return p.Show(w, r, studio.Page{Area: "people", Head: head, Status: f.Status()}, pairPage(view))
}

// sameJoin makes one person of two records.
func (p *Pages) sameJoin(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	g, err := merge.Do(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("person"), r.PathValue("other"), f.Value("revision"), f.Value("reason"))
	if err != nil {
		if f.Refused(err, "reason") {
			return p.pairPage(w, r, f)
		}
		if fault.Is(err, fault.NotFound) {
			return p.pairMoved(w, r, f, err)
		}
		return err
	}
	p.Note(w, r, i18n.T(ctx, "They are one person now. You can undo it on this page."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "people", g.Person))
}

// pairMoved leads on from two records of which one has become a part of another:
// where the first of two clicks led, or to both as they are now, with the reason
// that was written for them.
func (p *Pages) pairMoved(w http.ResponseWriter, r *http.Request, f entry.Form, missing error) error {
	v, ctx := studio.At(r), r.Context()
	var now [2]person.Person
	moved := ""
	for i, id := range []string{r.PathValue("person"), r.PathValue("other")} {
		to, err := merge.Now(ctx, p.DB, v.Brand.ID, id)
		if err != nil {
			return err
		}
		if now[i], err = person.Whole(ctx, p.DB, v.Who, v.Brand.ID, to); err != nil {
			return missing
		}
		if to != id {
			moved = now[i].Name
		}
	}
	switch {
	case moved == "":
		return missing
	case now[0].ID == now[1].ID:
		p.Note(w, r, i18n.T(ctx, "They are one person now. You can undo it on this page."), "")
		return studio.See(w, r, studio.Path(v.Brand.Slug, "people", now[0].ID))
	}
	told := i18n.T(ctx, "One of the two has become a part of {{.Person}} meanwhile. Look at both as they are now.", "Person", moved)
	if f.Refusal == 0 && f.Value("reason") != "" {
		f.Refusal, f.Text = http.StatusConflict, told
		r.SetPathValue("person", now[0].ID)
		r.SetPathValue("other", now[1].ID)
		return p.pairPage(w, r, f)
	}
	p.Note(w, r, told, "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "people", now[0].ID, "same", now[1].ID))
}

// mergeAsk asks before two records are taken apart.
func (p *Pages) mergeAsk(w http.ResponseWriter, r *http.Request) error {
	return p.mergeForm(w, r, entry.Form{})
}

func (p *Pages) mergeForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	var one person.Person
	_, err := p.follow(r, func(id string) (err error) {
		one, err = person.Whole(ctx, p.DB, v.Who, v.Brand.ID, id)
		return err
	})
	if err != nil {
		return err
	}
	g, err := merge.ByID(ctx, p.DB, v.Brand.ID, r.PathValue("merge"))
	if err != nil {
		return err
	}
	if g.Person != one.ID || g.UndoneAt > 0 {
		return studio.See(w, r, studio.Path(v.Brand.Slug, "people", one.ID))
	}
	head := ui.Head{Title: i18n.T(ctx, "Take {{.Person}} apart?", "Person", one.Name), Back: studio.Path(v.Brand.Slug, "people", one.ID), BackText: i18n.T(ctx, "Back to the person")}
	return p.Show(w, r, studio.Page{Area: "people", Head: head, Status: f.Status()}, mergeUndoPage(v.Brand.Slug, one, g, f))
}

// mergeUndo takes two records apart again.
func (p *Pages) mergeUndo(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	g, err := merge.Undo(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("merge"), f.Value("reason"))
	if err != nil {
		if f.Refused(err, "reason") {
			return p.mergeForm(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(ctx, "They are two people again."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "people", g.Person))
}

// moved leads from the address of a record that has become a part of another
// to where it is now.
func (p *Pages) moved(w http.ResponseWriter, r *http.Request, missing error) error {
	v, id := studio.At(r), r.PathValue("person")
	now, err := merge.Now(r.Context(), p.DB, v.Brand.ID, id)
	if err != nil {
		return err
	}
	if now == id {
		return missing
	}
	if _, err := person.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, now); err != nil {
		return missing
	}
	return studio.See(w, r, studio.Path(v.Brand.Slug, "people", now))
}

// shows are what a timeline can be narrowed to.
var shows = []struct{ name, label string }{
	{"messages", i18n.Mark("On networks")}, {"community", i18n.Mark("In the community")}, {"notes", i18n.Mark("Notes")}, {"record", i18n.Mark("Decisions and changes")},
}

// showChip is the filter of a timeline.
func (v dossierView) showChip(ctx context.Context) ui.Chip {
	one := ui.Chip{Name: i18n.T(ctx, "Show"), Menu: "show-menu"}
	for _, s := range shows {
		if s.name == v.Show {
			one.Value, one.Remove = i18n.T(ctx, s.label), studio.Path(v.Slug, "people", v.ID)
		}
	}
	return one
}

// more is the next page of the timeline.
func (v dossierView) more() string {
	to := studio.Path(v.Slug, "people", v.ID) + "?after=" + v.Next
	if v.Show != "" {
		to += "&show=" + v.Show
	}
	return to
}

package posts

import (
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/publish"
	"rapport/internal/web/compose"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// attentionMost bounds the page; what is decided makes room for the rest.
const attentionMost = 100

// attentionView is all that waits for a person.
type attentionView struct {
	Slug    string
	Ways    []way
	Total   int
	Missed  int
	Broken  []studio.ChannelRow
	Reviews []ReviewNeed
	Form    entry.Form
	May     bool
	MayFix  bool // may connect channels
	Wall    string
	Now     time.Time
}

// attentionShow lists what waits for a decision.
func (p *Pages) attentionShow(w http.ResponseWriter, r *http.Request) error {
	return p.attentionPage(w, r, entry.Form{})
}

func (p *Pages) attentionPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.PostRead); err != nil {
		return err
	}
	view := attentionView{Slug: v.Brand.Slug, Form: f, May: p.May(r, access.DeliveryResolve), MayFix: p.May(r, access.ChannelWrite), Now: p.DB.Now().Time()}
	view.Wall = studio.Wall(v.Brand, p.DB.Now().Add(time.Hour))
	ds, err := delivery.Attention(ctx, p.DB, v.Who, v.Brand.ID, attentionMost)
	if err != nil {
		return err
	}
	for _, d := range ds {
		if d.State == delivery.Missed && !d.HalfSent() {
			view.Missed++
		}
	}
	if view.Total, err = delivery.AttentionCount(ctx, p.DB, v.Who, v.Brand.ID); err != nil {
		return err
	}
	if view.Ways, err = p.ways(r, ds, false); err != nil {
		return err
	}
	channels, err := channel.List(ctx, p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	for _, c := range channels {
		if c.State == channel.StateAttention {
			view.Broken = append(view.Broken, p.RowOf(c))
		}
	}
	if view.Reviews, err = p.ReviewNeeds(r, attentionMost); err != nil {
		return err
	}
	head := ui.Head{Title: i18n.T(ctx, "Needs you"), Back: studio.Path(v.Brand.Slug), BackText: i18n.T(ctx, "Back to Today")}
	return p.Show(w, r, studio.Page{Area: "today", Head: head, Status: f.Status()}, attentionPage(view))
}

// attentionMissed decides about all that was missed at once.
func (p *Pages) attentionMissed(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	decision := publish.Decision{Choice: publish.Choice(f.Value("choice"))}
	if decision.Choice == publish.Later {
		decision.At, err = p.laterThanNow(r, f)
	}
	if decision.Choice != publish.Later && decision.Choice != publish.Drop {
		err = fault.New(fault.Invalid, "Choose a new time, or drop them.")
	}
	if err != nil {
		if f.Refused(err, "at") {
			return p.attentionPage(w, r, f)
		}
		return err
	}
	ids, err := p.missed(r)
	if err != nil {
		return err
	}
	done, refusal, err := each(ids, func(id string) error {
		_, err := p.Desk.Resolve(ctx, v.Who, v.Brand.ID, id, decision)
		return err
	})
	if err != nil {
		return err
	}
	if refusal != nil && f.Refused(refusal) {
		return p.attentionPage(w, r, f)
	}
	text := i18n.N(ctx, done, "{{.N}} delivery dropped.", "{{.N}} deliveries dropped.")
	if decision.Choice == publish.Later {
		text = i18n.N(ctx, done, "{{.N}} delivery has a new time.", "{{.N}} deliveries have a new time.")
	}
	p.Note(w, r, text, "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "attention"))
}

// missed are the ids of what was missed as a whole.
func (p *Pages) missed(r *http.Request) ([]string, error) {
	ds, err := delivery.Attention(r.Context(), p.DB, studio.At(r).Who, studio.At(r).Brand.ID, attentionMost)
	var ids []string
	for _, d := range ds {
		if d.State == delivery.Missed && !d.HalfSent() {
			ids = append(ids, d.ID)
		}
	}
	return ids, err
}

func (p *Pages) laterThanNow(r *http.Request, f entry.Form) (db.Time, error) {
	when, _, err := brand.At(studio.At(r).Brand, f.Value("at"))
	if err == nil {
		err = compose.StillAhead(r.Context(), when, p.DB.Now())
	}
	return when, err
}

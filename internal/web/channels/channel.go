package channels

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/network"
	"rapport/internal/web/entry"
	"rapport/internal/web/insights"
	"rapport/internal/web/studio"
	"rapport/internal/web/team"
	"rapport/internal/web/ui"
)

// channelList shows the channels with what they can do and how they are.
func (p *Pages) channelList(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	all, err := channel.List(r.Context(), p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	rows, err := p.RowsOf(r.Context(), v.Brand.ID, all)
	if err != nil {
		return err
	}
	head := ui.Head{Title: i18n.T(r.Context(), "Channels")}
	if p.May(r, access.ChannelWrite) && len(rows) > 0 {
		head.Actions = ui.Button(ui.ButtonArgs{Label: i18n.T(r.Context(), "Connect a channel"), Icon: "plus", Kind: ui.Primary,
			Href: studio.Path(v.Brand.Slug, "connect")})
	}
	return p.Show(w, r, studio.Page{Area: "channels", Head: head, Flush: len(rows) > 0},
		channelList(v.Brand.Slug, rows, p.May(r, access.ChannelWrite)))
}

type channelView struct {
	studio.ChannelRow
	channelRead
	Slug       string
	May        bool // may change it
	Deliveries []studio.DeliveryLine
	Happened   team.Acts
	ReadyAt    db.Time // the network wants nothing before
	Scheduled  int
	Numbers    *insights.Numbers // nil for who may not see them
}

// channelShow is one channel: how it is, what it can do, what it did.
func (p *Pages) channelShow(w http.ResponseWriter, r *http.Request) error {
	view, err := p.channelView(r)
	if err != nil {
		return err
	}
	head := ui.Head{Title: view.Handle, Sentence: view.Name + " · " + view.Title,
		Back: studio.Path(view.Slug, "channels"), BackText: i18n.T(r.Context(), "Back to the channels"), Actions: channelActions(view)}
	return p.Show(w, r, studio.Page{Area: "channels", Head: head}, channelPage(view))
}

const (
	recentBack  = 90 * 24 * time.Hour
	recentAhead = 30 * 24 * time.Hour
	recentMost  = 12
)

func (p *Pages) channelView(r *http.Request) (channelView, error) {
	v, ctx := studio.At(r), r.Context()
	c, err := channel.ByID(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("channel"))
	if err != nil {
		return channelView{}, err
	}
	view := channelView{ChannelRow: p.RowOf(c), Slug: v.Brand.Slug, May: p.May(r, access.ChannelWrite)}
	if view.ReadyAt, err = channel.ReadyAt(ctx, p.DB, c); err != nil {
		return view, err
	}
	if p.May(r, access.MetricRead) {
		numbers, err := p.insights.NumbersOf(r, c.ID, insights.UsualWindow)
		if err != nil {
			return view, err
		}
		view.Numbers = &numbers
	}
	now := p.DB.Now()
	all, err := delivery.Calendar(ctx, p.DB, v.Brand.ID, now.Add(-recentBack), now.Add(recentAhead), delivery.Filter{Channels: []string{c.ID}})
	if err != nil {
		return view, err
	}
	for _, d := range all {
		if d.State == delivery.Scheduled {
			view.Scheduled++
		}
	}
	if view.Deliveries, err = p.Lines(r, newestFirst(all, recentMost)); err != nil {
		return view, err
	}
	if err := p.channelReading(r, &view); err != nil {
		return view, err
	}
	view.Happened, err = p.team.Happened(r, "channels", c.ID)
	return view, err
}

// newestFirst are the last n of a list that runs forward in time.
func newestFirst(all []delivery.Delivery, n int) []delivery.Delivery {
	var out []delivery.Delivery
	for i := len(all) - 1; i >= 0 && len(out) < n; i-- {
		out = append(out, all[i])
	}
	return out
}

// channelCheck asks the network whether the access still works.
func (p *Pages) channelCheck(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	id := r.PathValue("channel")
	c, err := p.Channels.Check(r.Context(), v.Who, v.Brand.ID, id)
	if err != nil {
		if fault.KindOf(err) == fault.Internal || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
			return err
		}
		p.Note(w, r, fault.Say(r.Context(), err), "")
		return studio.See(w, r, studio.Path(v.Brand.Slug, "channels", id))
	}
	p.Note(w, r, i18n.T(r.Context(), "{{.Channel}} works.", "Channel", c.Handle), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "channels", id))
}

// channelLeave asks before a channel is removed.
func (p *Pages) channelLeave(w http.ResponseWriter, r *http.Request) error {
	return p.leaveForm(w, r, entry.Form{})
}

func (p *Pages) leaveForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v := studio.At(r)
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.ChannelWrite); err != nil {
		return err
	}
	view, err := p.channelView(r)
	if err != nil {
		return err
	}
	head := ui.Head{Title: i18n.T(r.Context(), "Remove {{.Channel}}", "Channel", view.Handle),
		Back: studio.Path(view.Slug, "channels", view.ID), BackText: i18n.T(r.Context(), "Back to the channel")}
	return p.Show(w, r, studio.Page{Area: "channels", Head: head, Status: f.Status()}, channelLeave(view, f))
}

// channelRemove forgets the access. The handle must be typed.
func (p *Pages) channelRemove(w http.ResponseWriter, r *http.Request) error {
	v := studio.At(r)
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	c, err := channel.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, r.PathValue("channel"))
	if err != nil {
		return err
	}
	if f.Value("handle") != c.Handle {
		err = fault.OnField("handle", "Type %s to remove it.", c.Handle)
	} else {
		err = p.Channels.Remove(r.Context(), v.Who, v.Brand.ID, c.ID, f.On("cancel"))
	}
	if err != nil {
		if f.Refused(err, "handle") {
			return p.leaveForm(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(r.Context(), "{{.Channel}} is removed. What it published stays where it is.", "Channel", c.Handle), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "channels"))
}

// abilities say what a channel takes, in words.
func abilities(ctx context.Context, l network.Limits) []string {
	var out []string
	if l.Text > 0 {
		out = append(out, i18n.N(ctx, l.Text, "{{.N}} character", "{{.N}} characters"))
	}
	switch {
	case l.Images == 0:
		out = append(out, i18n.T(ctx, "text only"))
	default:
		out = append(out, i18n.N(ctx, l.Images, "{{.N}} picture", "up to {{.N}} pictures"))
	}
	if l.Parts > 1 {
		out = append(out, i18n.T(ctx, "threads of {{.N}}", "N", l.Parts))
	}
	if l.Comment {
		out = append(out, i18n.T(ctx, "a first comment"))
	}
	if l.NeedsMedia {
		out = append(out, i18n.T(ctx, "always with a picture"))
	}
	return out
}

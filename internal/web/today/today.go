package today

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/conversation"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/i18n"
	"rapport/internal/insight"
	"rapport/internal/metric"
	"rapport/internal/post"
	"rapport/internal/web/inbox"
	"rapport/internal/web/posts"
	"rapport/internal/web/studio"
	"rapport/internal/web/together"
	"rapport/internal/web/ui"
)

const (
	needsMost  = 8
	lookAhead  = 48 * time.Hour
	goingMost  = 40
	week       = 7 * 24 * time.Hour
	onTime     = time.Minute // late by more is not on time
	overdueFor = 24 * time.Hour
)

// todayView is the first page of a brand: what needs a person, what goes out,
// what happened.
type todayView struct {
	Brand   brand.Brand
	Now     time.Time
	Broken  []studio.ChannelRow
	Needs   []studio.DeliveryLine
	Reviews []posts.ReviewNeed
	More    int                   // needs that are not shown
	Talks   []ui.ConversationArgs // who waits longest for an answer
	Waiting int                   // how many conversations wait
	Going   []goingDay
	Later   db.Time // the next after what is shown; 0 for none
	Week    weekView
	Fresh   bool // nothing was written yet
	Channel bool // there is a channel
	MayPost bool
	MayLink bool // may connect channels
	Team    together.Today
}

// todayShow answers the question what needs me now.
func (p *Pages) todayShow(w http.ResponseWriter, r *http.Request) error {
	view, err := p.todayView(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	head := ui.Head{Title: i18n.T(ctx, "Today"), Sentence: i18n.T(ctx, "{{.Day}}, {{.Clock}} in {{.Zone}}",
		"Day", i18n.Day(ctx, view.Now), "Clock", i18n.Clock(ctx, view.Now), "Zone", studio.Place(view.Brand.Zone))}
	if view.MayPost && view.Channel {
		head.Actions = ui.Button(ui.ButtonArgs{Label: i18n.T(ctx, "Write a post"), Icon: "pen-line", Kind: ui.Primary, Key: "n",
			Href: studio.Path(view.Brand.Slug, "compose")})
	}
	return p.Show(w, r, studio.Page{Area: "today", Head: head}, todayPage(view))
}

func (p *Pages) todayView(r *http.Request) (todayView, error) {
	v, ctx := studio.At(r), r.Context()
	view := todayView{Brand: v.Brand, Now: p.DB.Now().Time(), MayPost: p.May(r, access.PostWrite), MayLink: p.May(r, access.ChannelWrite)}
	var err error
	if view.Team, err = p.together.Today(r); err != nil || !p.May(r, access.PostRead) {
		return view, err
	}
	channels, err := channel.List(ctx, p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return view, err
	}
	view.Channel = len(channels) > 0
	rows, err := p.RowsOf(ctx, v.Brand.ID, channels)
	if err != nil {
		return view, err
	}
	for _, c := range rows {
		if c.State == channel.StateAttention || c.Unreachable() {
			view.Broken = append(view.Broken, c)
		}
	}
	if err := p.todayNeeds(r, &view); err != nil {
		return view, err
	}
	if err := p.todayTalks(r, &view); err != nil {
		return view, err
	}
	if err := p.todayGoing(r, &view); err != nil {
		return view, err
	}
	if view.Week, err = p.weekView(r, view.Now); err != nil {
		return view, err
	}
	if len(view.Needs)+len(view.Going) == 0 && view.Week.Published == 0 {
		posts, _, err := post.List(ctx, p.DB, v.Who, v.Brand.ID, post.Filter{}, db.Page{Limit: 1})
		view.Fresh = len(posts) == 0
		return view, err
	}
	return view, nil
}

func (p *Pages) todayNeeds(r *http.Request, view *todayView) error {
	all, err := delivery.Attention(r.Context(), p.DB, studio.At(r).Who, view.Brand.ID, needsMost)
	if err != nil {
		return err
	}
	if len(all) == needsMost {
		n, err := delivery.AttentionCount(r.Context(), p.DB, studio.At(r).Who, view.Brand.ID)
		if err != nil {
			return err
		}
		view.More = n - len(all)
	}
	if view.Needs, err = p.Lines(r, all); err != nil {
		return err
	}
	if view.Reviews, err = p.posts.ReviewNeeds(r, needsMost); err != nil || len(view.Reviews) < needsMost {
		return err
	}
	n, err := p.ReviewCount(r.Context(), studio.At(r))
	view.More += max(n-len(view.Reviews), 0)
	return err
}

const talksMost = 3

// todayTalks are the conversations that wait longest for an answer.
func (p *Pages) todayTalks(r *http.Request, view *todayView) error {
	v, ctx := studio.At(r), r.Context()
	if !p.May(r, access.ConversationRead) {
		return nil
	}
	counts, err := p.Counts(ctx, v)
	if view.Waiting = counts.Waiting; err != nil || counts.Waiting == 0 {
		return err
	}
	all, _, err := conversation.List(ctx, p.DB, v.Who, v.Brand.ID, conversation.Filter{Waiting: true}, db.Page{Limit: talksMost})
	if err != nil {
		return err
	}
	channels, err := channel.List(ctx, p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return err
	}
	byID := map[string]channel.Channel{}
	for _, c := range channels {
		byID[c.ID] = c
	}
	inbox := inbox.View{Slug: v.Brand.Slug, Filter: inbox.Filter{Queue: "waiting"}, Now: view.Now}
	for _, c := range all {
		view.Talks = append(view.Talks, inbox.Row(ctx, c, byID[c.Channel], ""))
	}
	return nil
}

// goingDay is a day of the timeline in the brand's zone.
type goingDay struct {
	Title string
	Cards []goingCard
}

// goingCard is a post at one time, on one channel or several.
type goingCard struct {
	Lines []studio.DeliveryLine
}

func (c goingCard) first() studio.DeliveryLine { return c.Lines[0] }

// states are the card's states, each once.
func (c goingCard) states() []ui.State {
	var out []ui.State
	for _, l := range c.Lines {
		if s := l.Shown(); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// text is what the first channel gets.
func (c goingCard) text(ctx context.Context) string {
	l := c.first()
	if parts := l.Post.ContentFor(l.Delivery.Channel).Parts; len(parts) > 0 && parts[0].Text != "" {
		return parts[0].Text
	}
	return l.Excerpt(ctx)
}

// parts is how many posts the thread has.
func (c goingCard) parts() int {
	l := c.first()
	return len(l.Post.ContentFor(l.Delivery.Channel).Parts)
}

var goingStates = []delivery.State{delivery.Scheduled, delivery.Claimed, delivery.Preparing, delivery.Sending, delivery.Pending}

func (p *Pages) todayGoing(r *http.Request, view *todayView) error {
	ctx, now := r.Context(), db.At(view.Now)
	all, err := delivery.Calendar(ctx, p.DB, view.Brand.ID, now.Add(-overdueFor), now.Add(lookAhead), delivery.Filter{States: goingStates, Channels: studio.At(r).Who.Channels(now, view.Brand.ID)})
	if err != nil {
		return err
	}
	last := now.Add(lookAhead)
	if len(all) > goingMost {
		last = all[goingMost-1].DueAt
		all = all[:goingMost]
	}
	if view.Later, err = delivery.NextDue(ctx, p.DB, view.Brand.ID, last); err != nil {
		return err
	}
	lines, err := p.Lines(r, all)
	if err != nil {
		return err
	}
	view.Going = days(ctx, view.Now, lines)
	return nil
}

// days groups deliveries that run forward in time by day, and those of one
// post at one time into one card.
func days(ctx context.Context, now time.Time, lines []studio.DeliveryLine) []goingDay {
	var out []goingDay
	for _, l := range lines {
		title := studio.DayTitle(ctx, now, l.DueAt.Time())
		if len(out) == 0 || out[len(out)-1].Title != title {
			out = append(out, goingDay{Title: title})
		}
		day := &out[len(out)-1]
		if n := indexOf(day.Cards, l); n >= 0 {
			day.Cards[n].Lines = append(day.Cards[n].Lines, l)
			continue
		}
		day.Cards = append(day.Cards, goingCard{[]studio.DeliveryLine{l}})
	}
	return out
}

func indexOf(cards []goingCard, l studio.DeliveryLine) int {
	return slices.IndexFunc(cards, func(c goingCard) bool {
		return c.first().Delivery.Post == l.Delivery.Post && c.first().DueAt == l.DueAt
	})
}

// weekView is what happened in the last seven days, from real rows.
type weekView struct {
	Published   int // deliveries
	Before      int // in the seven days before
	PerDay      []float64
	OnTime      int // of Published
	Known       int // deliveries whose engagements a network told
	Engagements int64
	Best        *studio.DeliveryLine
	BestCount   int64
	At          db.Time               // when it was computed
	Response    insight.Value         // zero for who may not see it
	BestOn      []studio.DeliveryLine // its channels
}

func (p *Pages) weekView(r *http.Request, now time.Time) (weekView, error) {
	v, ctx := studio.At(r), r.Context()
	end := db.At(now).Add(time.Millisecond)
	all, err := delivery.Outcomes(ctx, p.DB, v.Brand.ID, end.Add(-2*week), end)
	if err != nil {
		return weekView{}, err
	}
	var out weekView
	recent := all[:0:0]
	for _, o := range all {
		if o.PublishedAt < end.Add(-week) {
			out.Before++
			continue
		}
		recent = append(recent, o)
	}
	out.count(recent, now, i18n.Zone(ctx))
	out.At = db.At(now)
	if p.May(r, access.MetricRead) {
		waits, err := insight.Waits(ctx, p.DB, v.Who, v.Brand.ID, insight.Window{Days: 7, Zone: v.Brand.Location()})
		if err != nil {
			return out, err
		}
		out.Response = waits[0]
	}
	ids := make([]string, len(recent))
	for i, o := range recent {
		ids[i] = o.ID
	}
	counts, err := metric.Sum(ctx, p.DB, v.Brand.ID, ids, metric.Engaging...)
	if err != nil {
		return out, err
	}
	return out, p.best(r, &out, recent, counts)
}

func (w *weekView) count(recent []delivery.Outcome, now time.Time, zone *time.Location) {
	w.Published, w.PerDay = len(recent), make([]float64, 7)
	today := midnight(now, zone)
	for _, o := range recent {
		if o.Late() <= onTime {
			w.OnTime++
		}
		back := int(math.Round(today.Sub(midnight(o.PublishedAt.Time(), zone)).Hours() / 24))
		if back >= 0 && back < 7 {
			w.PerDay[6-back]++
		}
	}
}

func midnight(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// best finds the post with the most engagements over its channels.
func (p *Pages) best(r *http.Request, w *weekView, recent []delivery.Outcome, counts map[string]int64) error {
	perPost := map[string]int64{}
	best := ""
	for _, o := range recent {
		n, known := counts[o.ID]
		if !known {
			continue
		}
		w.Known++
		w.Engagements += n
		perPost[o.Post] += n
		if best == "" || perPost[o.Post] > perPost[best] {
			best = o.Post
		}
	}
	if best == "" || perPost[best] == 0 {
		return nil
	}
	w.BestCount = perPost[best]
	var deliveries []delivery.Delivery
	for _, o := range recent {
		if o.Post == best {
			deliveries = append(deliveries, delivery.Delivery{ID: o.ID, Brand: studio.At(r).Brand.ID, Post: o.Post, Channel: o.Channel,
				State: delivery.Published, DueAt: o.DueAt, PublishedAt: o.PublishedAt})
		}
	}
	lines, err := p.Lines(r, deliveries)
	if err != nil {
		return fmt.Errorf("web: the best post: %w", err)
	}
	w.Best, w.BestOn = &lines[0], lines
	return nil
}

// nextStep is the one thing to do about a delivery that waits for a person.
func nextStep(ctx context.Context, d delivery.Delivery) string {
	switch {
	case d.HalfSent():
		return i18n.T(ctx, "Finish or undo")
	case d.State == delivery.Unknown:
		return i18n.T(ctx, "Look and say")
	case d.State == delivery.Missed:
		return i18n.T(ctx, "Send or reschedule")
	}
	return i18n.T(ctx, "Fix and retry")
}

package posts

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/media"
	"rapport/internal/post"
	"rapport/internal/publish"
	"rapport/internal/task"
	"rapport/internal/web/compose"
	"rapport/internal/web/entry"
	"rapport/internal/web/insights"
	"rapport/internal/web/links"
	"rapport/internal/web/studio"
	"rapport/internal/web/team"
	"rapport/internal/web/together"
	"rapport/internal/web/ui"
)

// postView is a post with the whole way of each delivery.
type postView struct {
	post.Post
	Slug       string
	Brand      brand.Brand
	Ways       []way
	Versions   []version
	Media      map[string]media.Media
	ByName     string // author
	Happened   team.Acts
	Now        time.Time
	Form       entry.Form
	MayWrite   bool
	MayPublish bool
	Review     reviewView
	Talk       together.TalkView
	Tasks      together.TasksOnView
	Promotes   *links.Promoted // nil where it promotes nothing
}

// version is a text and the channels that get it.
type version struct {
	Channels []studio.ChannelRow
	Body     post.Body
}

// way is a delivery as its story shows it.
type way struct {
	studio.DeliveryLine
	Story    []storyLine
	Choices  []studio.ChoiceView
	AuthorBy string
	Wall     string // a later time to offer, by the brand's clock
	Slug     string
	Numbers  *insights.WayNumbers // nil where it is not out
}

// storyLine is an event in words.
type storyLine struct {
	delivery.Event
	Words string
	Facts string // attempt, status and time taken
	By    string
	Tone  ui.Tone
	Icon  string
}

// Late is how long after its time it was out, and whether it is worth saying.
func (w way) Late() (time.Duration, bool) {
	if w.State != delivery.Published || w.PublishedAt == 0 {
		return 0, false
	}
	late := w.PublishedAt.Sub(w.DueAt)
	return late, late > 0
}

// postShow is a post's page: what it says, who made it, and how it went.
func (p *Pages) postShow(w http.ResponseWriter, r *http.Request) error {
	return p.postPage(w, r, entry.Form{})
}

func (p *Pages) postPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	view, err := p.postView(r, f)
	if err != nil {
		return err
	}
	head := ui.Head{Title: studio.Headline(r.Context(), view.Excerpt), Back: studio.Path(view.Slug, "posts"), BackText: i18n.T(r.Context(), "Back to the posts"), Actions: together.PostHead(view.Talk, postActions(view))}
	return p.Show(w, r, studio.Page{Area: "posts", Head: head, Status: f.Status(), Keys: []ui.KeyLine{{Text: i18n.T(r.Context(), "Edit"), Keys: []string{"e"}}}}, postPage(view))
}

func (p *Pages) postView(r *http.Request, f entry.Form) (postView, error) {
	v, ctx := studio.At(r), r.Context()
	view := postView{Slug: v.Brand.Slug, Brand: v.Brand, Now: p.DB.Now().Time(), Form: f,
		MayWrite: p.May(r, access.PostWrite), MayPublish: p.May(r, access.PostPublish)}
	var err error
	if view.Post, err = post.ByID(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("post")); err != nil {
		return view, err
	}
	ds, err := delivery.OfPost(ctx, p.DB, v.Brand.ID, view.ID)
	if err != nil {
		return view, err
	}
	if view.Review, err = p.reviewView(r, view.Post, ds); err != nil {
		return view, err
	}
	if view.Ways, err = p.ways(r, delivery.Seen(p.DB.Now(), v.Who, v.Brand.ID, ds), true); err != nil {
		return view, err
	}
	if view.Media, err = media.ByIDs(ctx, p.DB, v.Brand.ID, view.Input().Media()); err != nil {
		return view, err
	}
	if view.Versions, err = p.versions(r, view.Post); err != nil {
		return view, err
	}
	if view.Happened, err = p.team.Happened(r, "posts", view.ID); err != nil {
		return view, err
	}
	names, err := p.Names(ctx, view.Author)
	view.ByName = names[view.Author]
	if err == nil {
		view.Talk, err = p.together.TalkView(r, view.Post, entry.Form{})
	}
	if err == nil {
		view.Tasks, err = p.together.TasksOn(r, task.OnPost, view.ID)
	}
	if err == nil {
		view.Promotes, err = p.links.Promoted(r, view.ID)
	}
	return view, err
}

// versions are the texts of a post, the common one first.
func (p *Pages) versions(r *http.Request, one post.Post) ([]version, error) {
	v := studio.At(r)
	all, err := channel.ByIDs(r.Context(), p.DB, v.Brand.ID, one.Channels())
	if err != nil {
		return nil, err
	}
	out := []version{{Body: one.Body}}
	for _, variant := range one.Variants {
		row := p.RowOf(all[variant.Channel])
		if variant.Body == nil {
			out[0].Channels = append(out[0].Channels, row)
		} else {
			out = append(out, version{[]studio.ChannelRow{row}, *variant.Body})
		}
	}
	if len(out[0].Channels) == 0 && len(out) > 1 {
		out = out[1:] // nobody gets the common text
	}
	return out, nil
}

// ways are deliveries with what a person may decide about them, and with the
// story where it is asked for.
func (p *Pages) ways(r *http.Request, ds []delivery.Delivery, story bool) ([]way, error) {
	v, ctx := studio.At(r), r.Context()
	lines, err := p.Lines(r, ds)
	if err != nil {
		return nil, err
	}
	may := p.May(r, access.DeliveryResolve)
	out := make([]way, len(lines))
	for i, l := range lines {
		out[i] = way{DeliveryLine: l, Slug: v.Brand.Slug, Wall: studio.Wall(v.Brand, p.DB.Now().Add(time.Hour))}
		if may {
			out[i].Choices = p.Choices(ctx, l)
		}
		if story {
			if out[i].Story, err = p.story(ctx, v.Brand.ID, l); err != nil {
				return nil, err
			}
			if out[i].Numbers, err = p.insights.NumbersOfWay(r, l); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (p *Pages) story(ctx context.Context, brandID string, l studio.DeliveryLine) ([]storyLine, error) {
	events, err := delivery.Story(ctx, p.DB, brandID, l.ID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.By
	}
	names, err := p.Names(ctx, ids...)
	if err != nil {
		return nil, err
	}
	out := make([]storyLine, len(events))
	for i, e := range events {
		words := happened(ctx, e, l.Title, len(l.Parts))
		out[i] = storyLine{Event: e, Words: words.text, Icon: words.icon, Tone: words.tone, Facts: eventFacts(ctx, e), By: names[e.By]}
	}
	return out, nil
}

// postMove gives a post another time.
func (p *Pages) postMove(w http.ResponseWriter, r *http.Request) error {
	v, id := studio.At(r), r.PathValue("post")
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	when, dst, err := brand.At(v.Brand, f.Value("at"))
	if err == nil {
		_, err = post.Move(r.Context(), p.DB, v.Who, v.Brand.ID, id, when)
	}
	if err != nil {
		if f.Refused(err, "at") {
			return p.postPage(w, r, f)
		}
		return err
	}
	text := i18n.T(r.Context(), "Moved to {{.Time}}.", "Time", i18n.DateTime(r.Context(), when.Time()))
	if dst != "" {
		text += " " + dst
	}
	p.Note(w, r, text, "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "posts", id))
}

// postAct runs one domain function about a post and goes on.
func (p *Pages) postAct(w http.ResponseWriter, r *http.Request, do func() (text, undo, to string, err error)) error {
	text, undo, to, err := do()
	if err != nil {
		f := entry.Blank(r)
		if f.Refused(err) {
			return p.postPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, text, undo)
	return studio.See(w, r, to)
}

func (p *Pages) postUnschedule(w http.ResponseWriter, r *http.Request) error {
	v, id, ctx := studio.At(r), r.PathValue("post"), r.Context()
	return p.postAct(w, r, func() (string, string, string, error) {
		_, err := post.Unschedule(ctx, p.DB, v.Who, v.Brand.ID, id)
		return i18n.T(ctx, "Taken off the plan. It is a draft again."), "", studio.Path(v.Brand.Slug, "posts", id), err
	})
}

func (p *Pages) postDuplicate(w http.ResponseWriter, r *http.Request) error {
	v, id, ctx := studio.At(r), r.PathValue("post"), r.Context()
	return p.postAct(w, r, func() (string, string, string, error) {
		copied, err := post.Duplicate(ctx, p.DB, v.Who, v.Brand.ID, id)
		return i18n.T(ctx, "This is the copy. The first one is as it was."), "", studio.Path(v.Brand.Slug, "posts", copied.ID, "edit"), err
	})
}

func (p *Pages) postDelete(w http.ResponseWriter, r *http.Request) error {
	v, id, ctx := studio.At(r), r.PathValue("post"), r.Context()
	return p.postAct(w, r, func() (string, string, string, error) {
		err := post.Delete(ctx, p.DB, v.Who, v.Brand.ID, id)
		return i18n.T(ctx, "The post is deleted."), studio.Path(v.Brand.Slug, "posts", id, "restore"), studio.Path(v.Brand.Slug, "posts"), err
	})
}

func (p *Pages) postRestore(w http.ResponseWriter, r *http.Request) error {
	v, id, ctx := studio.At(r), r.PathValue("post"), r.Context()
	return p.postAct(w, r, func() (string, string, string, error) {
		back, err := post.Restore(ctx, p.DB, v.Who, v.Brand.ID, id)
		text := i18n.T(ctx, "The post is back as a draft.")
		if back.PlannedAt > 0 {
			text = i18n.T(ctx, "The post is back as a draft. Schedule it again, it had a time.")
		}
		return text, "", studio.Path(v.Brand.Slug, "posts", id), err
	})
}

// deliveryResolve carries out a decision about one delivery.
func (p *Pages) deliveryResolve(w http.ResponseWriter, r *http.Request) error {
	v, ctx, id := studio.At(r), r.Context(), r.PathValue("delivery")
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	decision := publish.Decision{Choice: publish.Choice(f.Value("choice")), URL: f.Value("url")}
	if decision.Choice == publish.Later {
		decision.At, _, err = brand.At(v.Brand, f.Value("at"))
	}
	var d delivery.Delivery
	if err == nil {
		d, err = p.Desk.Resolve(ctx, v.Who, v.Brand.ID, id, decision)
	}
	if err != nil {
		if f.Refused(err, "at", "url") {
			f.Values.Set("delivery", id)
			return p.deliveryDecision(w, r, f)
		}
		return err
	}
	p.Note(w, r, studio.Decided(ctx, decision, d), "")
	if f.Value("from") == "attention" {
		return studio.See(w, r, studio.Path(v.Brand.Slug, "attention"))
	}
	return studio.See(w, r, studio.Path(v.Brand.Slug, "posts", d.Post))
}

// deliveryDecision shows the page again that a refused decision came from.
func (p *Pages) deliveryDecision(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v := studio.At(r)
	if f.Value("from") == "attention" {
		return p.attentionPage(w, r, f)
	}
	d, err := delivery.ByID(r.Context(), p.DB, v.Brand.ID, r.PathValue("delivery"))
	if err != nil {
		return err
	}
	r.SetPathValue("post", d.Post)
	return p.postPage(w, r, f)
}

// deliveryLeave asks before a post is taken down on its network.
func (p *Pages) deliveryLeave(w http.ResponseWriter, r *http.Request) error {
	return p.takeDownPage(w, r, entry.Form{})
}

func (p *Pages) takeDownPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	d, err := delivery.ByID(ctx, p.DB, v.Brand.ID, r.PathValue("delivery"))
	if err != nil {
		return err
	}
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.DeliveryResolve, d.Channel); err != nil {
		return err
	}
	lines, err := p.Lines(r, []delivery.Delivery{d})
	if err != nil {
		return err
	}
	head := ui.Head{Title: i18n.T(ctx, "Take it down on {{.Network}}", "Network", lines[0].Title),
		Back: studio.Path(v.Brand.Slug, "posts", d.Post), BackText: i18n.T(ctx, "Back to the post")}
	return p.Show(w, r, studio.Page{Area: "posts", Head: head, Status: f.Status()}, takeDown(v.Brand.Slug, lines[0], f))
}

// deliveryRemove takes down what is out. The channel's handle must be typed.
func (p *Pages) deliveryRemove(w http.ResponseWriter, r *http.Request) error {
	v, ctx, id := studio.At(r), r.Context(), r.PathValue("delivery")
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	d, err := delivery.ByID(ctx, p.DB, v.Brand.ID, id)
	if err != nil {
		return err
	}
	c, err := channel.ByID(ctx, p.DB, v.Who, v.Brand.ID, d.Channel)
	if err != nil {
		return err
	}
	if f.Value("handle") != c.Handle {
		err = fault.OnField("handle", "%s", i18n.T(ctx, "Type {{.Channel}} to take it down.", "Channel", c.Handle))
	} else {
		_, err = p.Desk.Resolve(ctx, v.Who, v.Brand.ID, id, publish.Decision{Choice: publish.RemoveAll})
	}
	if err != nil {
		if f.Refused(err, "handle") {
			return p.takeDownPage(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(ctx, "Taken down on {{.Channel}}.", "Channel", c.Handle), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "posts", d.Post))
}

// plannedAt is the time to offer for a move: when it is due, or planned.
func (v postView) plannedAt() string {
	ds := make([]delivery.Delivery, len(v.Ways))
	for i, w := range v.Ways {
		ds[i] = w.Delivery
	}
	return cmp.Or(v.Form.Value("at"), studio.Wall(v.Brand, cmp.Or(compose.NextDue(ds), v.PlannedAt)))
}

// waits reports whether something of the post is still to go out.
func (v postView) waits() bool {
	for _, w := range v.Ways {
		if w.State == delivery.Scheduled || w.State == delivery.Missed || w.State == delivery.Rejected {
			return true
		}
	}
	return false
}

// open reports whether the post may still be edited.
func (v postView) open(ctx context.Context) bool {
	ds := make([]delivery.Delivery, len(v.Ways))
	for i, w := range v.Ways {
		ds[i] = w.Delivery
	}
	return compose.Closed(ctx, ds) == ""
}

// deletable reports whether nothing of it is, or may be, out.
func (v postView) deletable() bool {
	for _, w := range v.Ways {
		if w.State.Busy() || w.State == delivery.Published || w.State == delivery.Unknown || w.Out() > 0 {
			return false
		}
	}
	return true
}

// outOf says how many parts are out, for a thread.
func (w way) outOf(ctx context.Context) string {
	if len(w.Parts) < 2 {
		return ""
	}
	return i18n.T(ctx, "{{.Out}} of {{.All}} published", "Out", w.Out(), "All", len(w.Parts))
}

// link is where the post can be seen on its network; "" where nobody knows.
func (w way) link() string {
	if w.RemoteURL != "" || len(w.Parts) == 0 {
		return w.RemoteURL
	}
	return w.Parts[0].URL
}

func eventFacts(ctx context.Context, e delivery.Event) string {
	text := ""
	if e.Attempt > 1 {
		text = i18n.T(ctx, "try {{.N}}", "N", e.Attempt)
	}
	if e.Status > 0 {
		text = studio.Dotted(text, fmt.Sprintf("HTTP %d", e.Status))
	}
	if e.TookMS > 0 {
		text = studio.Dotted(text, studio.Span(ctx, time.Duration(e.TookMS)*time.Millisecond))
	}
	return text
}

// lastTouched is when the post last changed, for lists.
func lastTouched(one post.Post) db.Time { return max(one.UpdatedAt, one.CreatedAt) }

// clockOf is the time of day to the second, with the day where it is another
// than today.
func clockOf(ctx context.Context, t, now time.Time) string {
	clock := t.In(i18n.Zone(ctx)).Format("15:04:05")
	if i18n.Date(ctx, t) == i18n.Date(ctx, now) {
		return clock
	}
	return i18n.Day(ctx, t) + " " + clock
}

// partState is how one part's state is shown.
func partState(s delivery.PartState) ui.State {
	if s == delivery.PartWaiting {
		return ui.State{Word: "waiting", Icon: "clock", Tone: ui.Quiet, Means: "It follows once the part before it is out."}
	}
	return ui.DeliveryState(string(s))
}

// draftWords say what comes next for a draft.
func draftWords(ctx context.Context, v postView) string {
	switch {
	case v.PlannedAt > 0:
		return i18n.T(ctx, "It is meant for {{.Time}} and does not go out until it is scheduled.", "Time", i18n.DateTime(ctx, v.PlannedAt.Time()))
	case len(v.Variants) == 0:
		return i18n.T(ctx, "It has no channel and no time yet. Edit it to choose them.")
	}
	return i18n.T(ctx, "It does not go out until it is scheduled.")
}

func moveLabel(ctx context.Context, v postView) string {
	if v.State != post.StateApproved {
		return i18n.T(ctx, "Meant for")
	}
	return i18n.T(ctx, "Goes out at")
}

package posts

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/post"
	"rapport/internal/web/compose"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// postListView is the list of posts with its filter.
type postListView struct {
	Slug     string
	Filter   post.Filter
	Rows     []postRow
	Next     string
	Channels []studio.ChannelRow
	MayWrite bool
	MayJudge bool // may approve
	Form     entry.Form
	Now      time.Time
}

// postRow is a post in the list.
type postRow struct {
	post.Post
	Deliveries []delivery.Delivery
	Channels   []studio.ChannelRow
	State      ui.State
	Square     studio.Square
	Chosen     bool
}

// At is the time that matters: when it is due, was out or is planned.
func (r postRow) At() (at time.Time, known bool) {
	if due := compose.NextDue(r.Deliveries); due > 0 {
		return due.Time(), true
	}
	for _, d := range r.Deliveries {
		if d.PublishedAt > 0 {
			return d.PublishedAt.Time(), true
		}
		if d.State != delivery.Cancelled {
			return d.DueAt.Time(), true
		}
	}
	return r.PlannedAt.Time(), r.PlannedAt > 0
}

// broughtFrom says where an imported post comes from.
func (r postRow) broughtFrom(ctx context.Context) string {
	for _, c := range r.Channels {
		return i18n.T(ctx, "Brought over from {{.Channel}}", "Channel", c.Handle)
	}
	return i18n.T(ctx, "Brought over from the network")
}

// Parts are how many parts the post has.
func (r postRow) Parts() int { return len(r.Body.Parts) }

// address is the list with another filter.
func (v postListView) address(f post.Filter, after string) string {
	q := url.Values{}
	for name, value := range map[string]string{"state": f.State, "channel": f.Channel, "q": f.Query, "after": after} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return studio.Path(v.Slug, "posts")
	}
	return studio.Path(v.Slug, "posts") + "?" + q.Encode()
}

// postStates are what the list may be narrowed to, with what it is called.
var postStates = []string{"draft", "in_review", "scheduled", "published", "rejected", "unknown", "missed", "removed"}

func stateWord(ctx context.Context, state string) string {
	if state == "draft" || state == "in_review" {
		return i18n.T(ctx, ui.PostState(state).Word)
	}
	return i18n.T(ctx, ui.DeliveryState(state).Word)
}

// postList is the list of posts, the last changed first.
func (p *Pages) postList(w http.ResponseWriter, r *http.Request) error {
	return p.postListPage(w, r, entry.Form{})
}

func (p *Pages) postListPage(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	view, err := p.postListView(r, f)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if studio.FromHTMX(r) && r.URL.Query().Get("after") != "" {
		return studio.Part(w, r, postRows(view))
	}
	head := ui.Head{Title: i18n.T(ctx, "Posts"), Views: postViews(view)}
	if view.MayWrite {
		head.Actions = ui.Button(ui.ButtonArgs{Label: i18n.T(ctx, "New post"), Icon: "plus", Kind: ui.Primary, Href: studio.Path(view.Slug, "compose"), Key: "n"})
	}
	keys := []ui.KeyLine{{Text: i18n.T(ctx, "New post"), Keys: []string{"n"}}, {Text: i18n.T(ctx, "Edit the post"), Keys: []string{"e"}}}
	return p.Show(w, r, studio.Page{Area: "posts", Head: head, Flush: len(view.Rows) > 0, Keys: keys, Status: f.Status()}, postListPage(view))
}

func (p *Pages) postListView(r *http.Request, f entry.Form) (postListView, error) {
	v, ctx, q := studio.At(r), r.Context(), r.URL.Query()
	view := postListView{Slug: v.Brand.Slug, Form: f, Now: p.DB.Now().Time(), MayWrite: p.May(r, access.PostWrite), MayJudge: p.May(r, access.PostApprove),
		Filter: post.Filter{State: q.Get("state"), Channel: q.Get("channel"), Query: q.Get("q")}}
	all, next, err := post.List(ctx, p.DB, v.Who, v.Brand.ID, view.Filter, studio.PageOf(r))
	if err != nil {
		return view, err
	}
	view.Next = next
	channels, err := channel.List(ctx, p.DB, v.Who, v.Brand.ID)
	if err != nil {
		return view, err
	}
	for _, c := range channels {
		view.Channels = append(view.Channels, p.RowOf(c))
	}
	view.Rows, err = p.postRows(r, all, f)
	return view, err
}

func (p *Pages) postRows(r *http.Request, all []post.Post, f entry.Form) ([]postRow, error) {
	v, ctx := studio.At(r), r.Context()
	var ids, channels []string
	for _, one := range all {
		ids, channels = append(ids, one.ID), append(channels, one.Channels()...)
	}
	deliveries, err := delivery.OfPosts(ctx, p.DB, v.Brand.ID, ids)
	if err != nil {
		return nil, err
	}
	known, err := channel.ByIDs(ctx, p.DB, v.Brand.ID, studio.Distinct(channels))
	if err != nil {
		return nil, err
	}
	out, pictures := make([]postRow, len(all)), make([]string, len(all))
	for i, one := range all {
		ds := slices.DeleteFunc(deliveries[one.ID], func(d delivery.Delivery) bool { return d.State == delivery.Cancelled })
		out[i] = postRow{Post: one, Deliveries: ds, State: postState(stateOf(one), ds, v.Brand.Held), Chosen: f.Has("post", one.ID)}
		for _, id := range one.Channels() {
			out[i].Channels = append(out[i].Channels, p.RowOf(known[id]))
		}
		pictures[i] = studio.FirstPicture(one.Body)
	}
	for i, s := range studio.Squares(v.Brand.Slug, pictures) {
		out[i].Square = s
	}
	return out, nil
}

// postBulk does the same to all chosen posts and says how far it came.
func (p *Pages) postBulk(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	do := map[string]func(id string) error{
		"delete": func(id string) error { return post.Delete(ctx, p.DB, v.Who, v.Brand.ID, id) },
		"approve": func(id string) error {
			seen, _ := strconv.ParseInt(f.Value("revision."+id), 10, 64)
			_, err := post.Approve(ctx, p.DB, v.Who, v.Brand.ID, id, post.Seen{Revision: seen})
			return err
		},
		"duplicate": func(id string) error {
			_, err := post.Duplicate(ctx, p.DB, v.Who, v.Brand.ID, id)
			return err
		},
	}[f.Value("act")]
	if do == nil || len(f.All("post")) == 0 {
		f.Refused(fault.New(fault.Invalid, "Choose at least one post."))
		return p.postListPage(w, r, f)
	}
	done, refusal, err := each(f.All("post"), do)
	if err != nil {
		return err
	}
	text := i18n.N(ctx, done, "{{.N}} draft added.", "{{.N}} drafts added.")
	if f.Value("act") == "approve" {
		text = i18n.N(ctx, done, "{{.N}} post approved.", "{{.N}} posts approved.")
	}
	if f.Value("act") == "delete" {
		text = i18n.N(ctx, done, "{{.N}} post deleted.", "{{.N}} posts deleted.")
	}
	if refusal != nil {
		f.Refused(refusal)
		f.Text = text + " " + i18n.T(ctx, "The rest was left as it is:") + " " + f.Text
		return p.postListPage(w, r, f)
	}
	p.Note(w, r, text, "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "posts"))
}

// bulkMost bounds what one request does.
const bulkMost = 200

// each does something to each id and goes on where a person's rule refuses
// it; the last such refusal is returned.
func each(ids []string, do func(id string) error) (done int, refusal, err error) {
	for _, id := range ids[:min(len(ids), bulkMost)] {
		switch err := do(id); {
		case err == nil:
			done++
		case fault.KindOf(err) == fault.Internal:
			return done, refusal, err
		default:
			refusal = err
		}
	}
	return done, refusal, nil
}

// chips are the filters: the active ones say their value.
func (v postListView) chips(ctx context.Context) []ui.Chip {
	state := ui.Chip{Name: i18n.T(ctx, "State"), Menu: "state-menu"}
	if v.Filter.State != "" {
		without := v.Filter
		without.State = ""
		state.Value, state.Remove = stateWord(ctx, v.Filter.State), v.address(without, "")
	}
	one := ui.Chip{Name: i18n.T(ctx, "Channel"), Menu: "channel-menu"}
	if v.Filter.Channel != "" {
		without := v.Filter
		without.Channel = ""
		one.Value, one.Remove = i18n.T(ctx, "removed"), v.address(without, "")
		for _, c := range v.Channels {
			if c.ID == v.Filter.Channel {
				one.Value = c.Handle
			}
		}
	}
	return []ui.Chip{state, one}
}

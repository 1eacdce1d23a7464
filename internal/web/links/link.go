package links

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/db"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/link"
	"rapport/internal/metric"
	"rapport/internal/post"
	"rapport/internal/promote"
	"rapport/internal/web/entry"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// linkDays is how many days a link's course shows.
const linkDays = 28

// linkRow is a link as the list shows it.
type linkRow struct {
	promote.Outcome
	Short     string // its whole address
	Network   string // of its channel; "" for none
	Handle    string
	Excerpt   string // of its post; "" where it has none
	PostGone  bool
	PostHref  string
	MayChange bool
	Points    []float64
	Slug      string
}

// shown is the address without what every address begins with.
func (l linkRow) shown() string {
	_, rest, _ := strings.Cut(l.Short, "://")
	return rest
}

// rate is the clicks for each 100 views; "" where it is not known.
func (l linkRow) rate(ctx context.Context) string {
	percent, known := l.Rate()
	if !known {
		return ""
	}
	return studio.Decimal(ctx, percent) + " %"
}

// aboutRate is what stands behind the column of rates.
func aboutRate(ctx context.Context) *ui.About {
	d, _ := metric.Defined(metric.LinkRate)
	return &ui.About{ID: "about-links-rate", Means: i18n.T(ctx, "Of a hundred views of the post that holds the link, how many led to a click."), Facts: []ui.AboutFact{
		{Label: i18n.T(ctx, "Formula"), Text: i18n.T(ctx, "100 × clicks of people ÷ views of the post on the link's channel")},
		{Label: i18n.T(ctx, "Divided by"), Text: i18n.T(ctx, "Views of the post on that channel, as its network told last.")},
		{Label: i18n.T(ctx, "Window"), Text: i18n.T(ctx, "Since the link was made.")},
		{Label: i18n.T(ctx, "Left out"), Text: i18n.T(ctx, "Known programs, and links that stand in no one post on one channel.")},
		{Label: i18n.T(ctx, "Comes from"), Text: i18n.T(ctx, d.Source)},
		{Label: i18n.T(ctx, "Better"), Text: i18n.T(ctx, studio.Better(d.Direction))}}}
}

// noRate says why there is no rate.
func (l linkRow) noRate(ctx context.Context) string {
	switch {
	case l.Post == "" || l.Channel == "":
		return i18n.T(ctx, "Not available: the link stands in no one post on one channel.")
	case l.Views == nil:
		return i18n.T(ctx, "Not available: the network has told no views of the post.")
	}
	return i18n.T(ctx, "Not available: nobody has seen the post yet.")
}

type linksView struct {
	Slug    string
	Rows    []linkRow
	Next    string
	Filter  link.Filter
	Post    string // excerpt of the post that is filtered by
	Sums    *linkSums
	MayMake bool
	Now     time.Time
}

// linkSums are what all links brought in the last 28 days.
type linkSums struct {
	Now, Before            link.Counts
	People, Bots, Newcomer []float64
}

func (v linksView) address(f link.Filter, after string) string {
	q := url.Values{}
	for name, value := range map[string]string{"post": f.Post, "campaign": f.Campaign, "after": after} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return studio.Path(v.Slug, "links")
	}
	return studio.Path(v.Slug, "links") + "?" + q.Encode()
}

func (v linksView) chips(ctx context.Context) []ui.Chip {
	var out []ui.Chip
	if v.Filter.Post != "" {
		out = append(out, ui.Chip{Name: i18n.T(ctx, "Post"), Value: studio.OrWithout(ctx, v.Post), Remove: v.address(link.Filter{Campaign: v.Filter.Campaign}, "")})
	}
	if v.Filter.Campaign != "" {
		out = append(out, ui.Chip{Name: i18n.T(ctx, "Campaign"), Value: v.Filter.Campaign, Remove: v.address(link.Filter{Post: v.Filter.Post}, "")})
	}
	return out
}

// linkList lists the brand's links with what they brought.
func (p *Pages) linkList(w http.ResponseWriter, r *http.Request) error {
	v, ctx, q := studio.At(r), r.Context(), r.URL.Query()
	view := linksView{Slug: v.Brand.Slug, Filter: link.Filter{Post: q.Get("post"), Campaign: q.Get("campaign")}, MayMake: p.May(r, access.PostWrite), Now: p.DB.Now().Time()}
	all, next, err := link.List(ctx, p.DB, v.Who, v.Brand.ID, view.Filter, studio.PageOf(r))
	if err != nil {
		return err
	}
	view.Next = next
	if view.Rows, err = p.linkRows(r, all); err != nil {
		return err
	}
	if studio.FromHTMX(r) && q.Has("after") {
		return studio.Part(w, r, linkRows(view))
	}
	if view.Filter.Post != "" {
		face, err := post.ByID(ctx, p.DB, v.Who, v.Brand.ID, view.Filter.Post)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		view.Post = face.Excerpt
	}
	// All links together are the whole brand's, which an account of some channels
	// does not see.
	if view.Filter == (link.Filter{}) && len(view.Rows) > 0 && len(v.Who.Channels(p.DB.Now(), v.Brand.ID)) == 0 {
		if view.Sums, err = p.linkSums(r); err != nil {
			return err
		}
	}
	head := ui.Head{Title: i18n.T(ctx, "Links")}
	if chips := view.chips(ctx); len(chips) > 0 {
		head.Views = ui.Filters(i18n.T(ctx, "Filters"), chips)
	}
	if view.MayMake {
		head.Actions = ui.Button(ui.ButtonArgs{Label: i18n.T(ctx, "New link"), Icon: "plus", Kind: ui.Primary, Key: "n", Href: studio.Path(view.Slug, "links", "new")})
	}
	return p.Show(w, r, studio.Page{Area: "links", Head: head}, linkPage(view))
}

// linkRows tell links with what they brought and what they stand in.
func (p *Pages) linkRows(r *http.Request, all []link.Link) ([]linkRow, error) {
	v, ctx := studio.At(r), r.Context()
	days := promote.Days(p.DB.Now(), v.Brand.Location(), linkDays)
	outcomes, err := promote.Outcomes(ctx, p.DB, v.Who, v.Brand.ID, all, days[0])
	if err != nil {
		return nil, err
	}
	var posts, channels []string
	for _, l := range all {
		if l.Post != "" {
			posts = append(posts, l.Post)
		}
		if l.Channel != "" {
			channels = append(channels, l.Channel)
		}
	}
	slices.Sort(posts)
	slices.Sort(channels)
	found, err := post.ByIDs(ctx, p.DB, v.Brand.ID, slices.Compact(posts))
	if err != nil {
		return nil, err
	}
	named, err := channel.ByIDs(ctx, p.DB, v.Brand.ID, slices.Compact(channels))
	if err != nil {
		return nil, err
	}
	front, may := p.Promote.Front(ctx, v.Brand.ID), p.May(r, access.PostWrite)
	out := make([]linkRow, len(outcomes))
	for i, o := range outcomes {
		c, one := named[o.Channel], found[o.Post]
		out[i] = linkRow{Outcome: o, Slug: v.Brand.Slug, Short: front + o.Path(), Network: c.Network, Handle: c.Handle, MayChange: may,
			Points: courseOf(o.Days, days, link.Day(o.CreatedAt, v.Brand.Location()), func(c link.Counts) int64 { return c.People })}
		if o.Post != "" {
			out[i].Excerpt, out[i].PostGone, out[i].PostHref = one.Excerpt, one.ID == "" || one.DeletedAt > 0, studio.Path(v.Brand.Slug, "posts", o.Post)
		}
	}
	return out, nil
}

// courseOf is a count day by day. Before the first day there was nothing to
// count, which is a gap.
func courseOf(counted map[string]link.Counts, days []string, first string, of func(link.Counts) int64) []float64 {
	out := make([]float64, len(days))
	for i, d := range days {
		if out[i] = float64(of(counted[d])); d < first {
			out[i] = math.NaN()
		}
	}
	return out
}

func (p *Pages) linkSums(r *http.Request) (*linkSums, error) {
	b := studio.At(r).Brand
	days := promote.Days(p.DB.Now(), b.Location(), 2*linkDays)
	after := p.DB.Now().Time().In(b.Location()).AddDate(0, 0, 1).Format(time.DateOnly)
	all, err := link.ByDay(r.Context(), p.DB, b.ID, days[0], after)
	if err != nil {
		return nil, err
	}
	var out linkSums
	for day, c := range all {
		sum := &out.Now
		if day < days[linkDays] {
			sum = &out.Before
		}
		sum.People, sum.Bots, sum.Joined = sum.People+c.People, sum.Bots+c.Bots, sum.Joined+c.Joined
	}
	out.People = courseOf(all, days[linkDays:], "", func(c link.Counts) int64 { return c.People })
	out.Bots = courseOf(all, days[linkDays:], "", func(c link.Counts) int64 { return c.Bots })
	out.Newcomer = courseOf(all, days[linkDays:], "", func(c link.Counts) int64 { return c.Joined })
	return &out, nil
}

// linkNumbers are the sums with what they mean.
func linkNumbers(ctx context.Context, s linkSums) []ui.NumberArgs {
	one := func(id, label string, now, before int64, points []float64, means string, facts ...ui.AboutFact) ui.NumberArgs {
		facts = append(facts, ui.AboutFact{Label: i18n.T(ctx, "Window"), Text: i18n.T(ctx, "The last 28 days by the brand's clock; today is the last.")},
			ui.AboutFact{Label: i18n.T(ctx, "Comes from"), Text: i18n.T(ctx, "Counted here, as links are followed. A machine that dies loses its last seconds.")})
		return ui.NumberArgs{Label: label, Value: i18n.Number(ctx, now), Change: studio.Signed(ctx, int(now-before)), Compared: i18n.T(ctx, "against the 28 days before"), Points: points,
			About: &ui.About{ID: "about-links-" + id, Means: means, Facts: facts}}
	}
	people := one("people", i18n.T(ctx, "Link clicks"), s.Now.People, s.Before.People, s.People, i18n.T(ctx, "How often links of the brand were followed."),
		ui.AboutFact{Label: i18n.T(ctx, "Left out"), Text: i18n.T(ctx, "Known programs; the same browser at the same address on the same link within 10 seconds, where the same server answers; browsers that only look ahead.")})
	bots := one("bots", i18n.T(ctx, "By known programs"), s.Now.Bots, s.Before.Bots, s.Bots, i18n.T(ctx, "How often links were followed by programs that say what they are, such as those that draw previews, and by whoever asks for the head of a page alone."))
	joined := one("joined", i18n.T(ctx, "Joined by a link"), s.Now.Joined, s.Before.Joined, s.Newcomer, i18n.T(ctx, "Members who joined within 30 days of following a link; the last one counts."),
		ui.AboutFact{Label: i18n.T(ctx, "Left out"), Text: i18n.T(ctx, "Who waits to be let in or was refused, and whose browser asks not to be followed: nobody knows by which link they came.")})
	people.Tone, joined.Tone = studio.ToneOf(metric.Up, float64(s.Now.People-s.Before.People)), studio.ToneOf(metric.Up, float64(s.Now.Joined-s.Before.Joined))
	return []ui.NumberArgs{people, joined, bots}
}

// linkNew asks where a link leads.
func (p *Pages) linkNew(w http.ResponseWriter, r *http.Request) error {
	return p.linkForm(w, r, entry.Fill("once", db.NewID(), "target", r.URL.Query().Get("target")))
}

type linkFormView struct {
	Slug  string
	Front string
	Form  entry.Form
}

func (p *Pages) linkForm(w http.ResponseWriter, r *http.Request, f entry.Form) error {
	v, ctx := studio.At(r), r.Context()
	if err := v.Who.May(p.DB.Now(), v.Brand.ID, access.PostWrite); err != nil {
		return err
	}
	head := ui.Head{Title: i18n.T(ctx, "New link"), Back: studio.Path(v.Brand.Slug, "links"), BackText: i18n.T(ctx, "Back to the links")}
	return p.Show(w, r, studio.Page{Area: "links", Head: head, Status: f.Status()}, linkEdit(linkFormView{v.Brand.Slug, p.Promote.Front(ctx, v.Brand.ID), f}))
}

// linkCreate makes a link by hand.
func (p *Pages) linkCreate(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	_, err = link.Create(ctx, p.DB, v.Who, v.Brand.ID, p.Promote.Front(ctx, v.Brand.ID),
		link.New{ID: f.Value("once"), Target: f.Value("target"), Source: f.Value("source"), Campaign: f.Value("campaign")})
	if err != nil {
		if f.Refused(err, "target", "source", "campaign") {
			return p.linkForm(w, r, f)
		}
		return err
	}
	p.Note(w, r, i18n.T(ctx, "The link is made. It is the first of the list."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "links"))
}

// linkEnd makes a link lead nowhere, or on again.
func (p *Pages) linkEnd(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	v, ctx := studio.At(r), r.Context()
	ended := f.Value("ended") == "true"
	if _, err := link.End(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("link"), ended); err != nil {
		return err
	}
	text := i18n.T(ctx, "The link leads on again.")
	if ended {
		text = i18n.T(ctx, "The link leads nowhere from now on. What it counted stays.")
	}
	p.Note(w, r, text, "")
	return studio.Back(w, r, studio.Path(v.Brand.Slug, "links"))
}

// promoteDo makes a draft of what is said in the community and opens it.
func (p *Pages) promoteDo(w http.ResponseWriter, r *http.Request) error {
	f, err := studio.Read(r)
	if err != nil {
		return err
	}
	v, ctx := studio.At(r), r.Context()
	one, err := p.Promote.Promote(ctx, v.Who, v.Brand.ID, f.Value("reply"), f.Value("once"))
	if err != nil {
		return err
	}
	p.Note(w, r, i18n.T(ctx, "Here is a draft with its own links. Nothing goes out before you schedule it."), "")
	return studio.See(w, r, studio.Path(v.Brand.Slug, "posts", one.ID, "edit"))
}

// Promoted is what a post promotes.
type Promoted struct {
	promote.Origin
	Slug string
	Base string // where the community is
	Gone string // why it should not be told any more; "" is no reason
	Rows []linkRow
}

// Promoted tells what a post promotes; nil where it promotes nothing.
func (p *Pages) Promoted(r *http.Request, postID string) (*Promoted, error) {
	v, ctx := studio.At(r), r.Context()
	o, err := promote.OriginOf(ctx, p.DB, v.Who, v.Brand.ID, postID)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := &Promoted{Origin: o, Slug: v.Brand.Slug, Base: "/b/" + v.Brand.Slug}
	if out.Gone, err = promote.Withheld(ctx, p.DB, v.Brand.ID, postID); err != nil {
		return nil, err
	}
	links := make([]link.Link, len(o.Links))
	for i, l := range o.Links {
		links[i] = l.Link
	}
	out.Rows, err = p.linkRows(r, links)
	return out, err
}

// href is where the promoted thing stands.
func (v Promoted) href() string {
	if v.Reply != "" {
		return v.Base + "/r/" + v.Reply
	}
	return v.Base + v.Topic.Path()
}

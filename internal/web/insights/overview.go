package insights

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rapport/internal/access"
	"rapport/internal/i18n"
	"rapport/internal/insight"
	"rapport/internal/metric"
	"rapport/internal/post"
	"rapport/internal/space"
	"rapport/internal/tally"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// overview is what the three pages have in common.
type overview struct {
	Slug   string
	Part   string // "", social or community
	Span   int
	Choice tally.Choice
	Zone   *time.Location
	Now    time.Time
	// Narrow is set for who sees some channels only: the community's numbers are
	// of the whole, and not theirs.
	Narrow bool
	// They say whether they may set the community up and connect channels.
	SetUp, Connect bool
}

func (p *Pages) overviewOf(r *http.Request, part string) (overview, error) {
	v := studio.At(r)
	days, err := windowOf(r)
	q := r.URL.Query()
	return overview{Slug: v.Brand.Slug, Part: part, Span: days, Choice: tally.Choice{Team: q.Get("team") == "1", Without: q.Get("reactions") == "0"},
		Zone: v.Brand.Location(), Now: p.DB.Now().Time(), Narrow: len(v.Who.Channels(p.DB.Now(), v.Brand.ID)) > 0,
		SetUp: p.May(r, access.CommunityWrite), Connect: p.May(r, access.ChannelWrite)}, err
}

func (o overview) window() insight.Window { return insight.Window{Days: o.Span, Zone: o.Zone} }

// link is the address of one of the pages, with what is chosen.
func (o overview) link(part string, days int, c tally.Choice, more ...string) string {
	q := url.Values{}
	if days != UsualWindow {
		q.Set("days", strconv.Itoa(days))
	}
	if c.Team {
		q.Set("team", "1")
	}
	if c.Without {
		q.Set("reactions", "0")
	}
	out := strings.TrimSuffix(studio.Path(o.Slug, append([]string{"insights", part}, more...)...), "/")
	if part == "" {
		out = studio.Path(o.Slug, append([]string{"insights"}, more...)...)
	}
	if len(q) > 0 {
		out += "?" + q.Encode()
	}
	return out
}

func (o overview) csv() string { return o.link(o.Part, o.Span, o.Choice, "numbers.csv") }

// parts switch between the pages.
func (o overview) parts(ctx context.Context) []ui.Choice {
	var out []ui.Choice
	for _, one := range []struct{ part, label string }{
		{"", i18n.T(ctx, "Side by side")}, {"social", i18n.T(ctx, "Social media")}, {"community", i18n.T(ctx, "Community")}} {
		if o.Narrow && one.part != "social" {
			continue
		}
		out = append(out, ui.Choice{Label: one.label, Href: o.link(one.part, o.Span, o.Choice), Active: one.part == o.Part})
	}
	return out
}

func (o overview) spans(ctx context.Context) []ui.Choice {
	var out []ui.Choice
	for _, n := range windows {
		out = append(out, ui.Choice{Label: i18n.N(ctx, n, "{{.N}} day", "{{.N}} days"), Href: o.link(o.Part, n, o.Choice), Active: n == o.Span})
	}
	return out
}

func (o overview) teams(ctx context.Context) []ui.Choice {
	with, without := o.Choice, o.Choice
	with.Team, without.Team = true, false
	return []ui.Choice{{Label: i18n.T(ctx, "Members only"), Href: o.link(o.Part, o.Span, without), Active: !o.Choice.Team},
		{Label: i18n.T(ctx, "With the team"), Href: o.link(o.Part, o.Span, with), Active: o.Choice.Team}}
}

func (o overview) reactions(ctx context.Context) []ui.Choice {
	with, without := o.Choice, o.Choice
	with.Without, without.Without = false, true
	return []ui.Choice{{Label: i18n.T(ctx, "Reactions count"), Href: o.link(o.Part, o.Span, with), Active: !o.Choice.Without},
		{Label: i18n.T(ctx, "Posts alone"), Href: o.link(o.Part, o.Span, without), Active: o.Choice.Without}}
}

func (o overview) before(ctx context.Context) string {
	return i18n.N(ctx, o.Span, "than the {{.N}} day before", "than the {{.N}} days before")
}

// figure is a number of an overview, with its course.
func (o overview) figure(ctx context.Context, v insight.Value) ui.NumberArgs {
	n := Figure(ctx, "about-"+strings.ReplaceAll(v.ID, "_", "-"), v, o.before(ctx))
	if v.ID == metric.NetActive && v.Now != nil {
		n.Value = studio.Signed(ctx, int(*v.Now))
	}
	n.Compared = "" // it stands once below all of them, and in what the number means
	for _, c := range v.Course {
		if c == nil {
			n.Points = append(n.Points, math.NaN())
		} else {
			n.Points = append(n.Points, *c)
		}
	}
	if v.Now == nil {
		n.Points = nil
	}
	return n
}

// pick are the numbers with those ids.
func pick(value func(string) insight.Value, ids ...string) []insight.Value {
	out := make([]insight.Value, len(ids))
	for i, id := range ids {
		out[i] = value(id)
	}
	return out
}

// sideView is both halves side by side.
type sideView struct {
	overview
	Social    insight.Social
	Community insight.Community
	Bridge    insight.Bridge
	Networks  []string // titles
	Spaces    int
}

func (p *Pages) sideOf(r *http.Request, o overview) (sideView, error) {
	v, ctx := studio.At(r), r.Context()
	view := sideView{overview: o}
	var err error
	if view.Social, err = insight.OfSocial(ctx, p.DB, v.Who, v.Brand.ID, o.window()); err != nil {
		return view, err
	}
	if view.Community, err = insight.OfCommunity(ctx, p.DB, v.Who, v.Brand.ID, o.window(), o.Choice); err != nil {
		return view, err
	}
	if view.Bridge, err = insight.Between(ctx, p.DB, v.Who, v.Brand.ID, o.window()); err != nil {
		return view, err
	}
	var titles []string
	for _, c := range view.Social.Channels {
		titles = append(titles, p.NetworkTitle(c.Network))
	}
	view.Networks = studio.Distinct(titles)
	all, err := space.List(ctx, p.DB, v.Brand.ID)
	view.Spaces = len(all)
	return view, err
}

// The numbers that each craft goes by, in the order pages show them.
var (
	socialCraft    = []string{metric.Followers, metric.FollowerGrowth, metric.Published, metric.Engagements, metric.EngagementRate, metric.ViewRate, metric.FirstResponse, metric.SlowResponse, metric.ResponseRate}
	communityCraft = []string{metric.Members, metric.MemberGrowth, metric.Active, metric.Participation, metric.NewContributors, metric.Retention30, metric.FirstReply, metric.SlowReply, metric.ReplyCoverage, metric.SolvedRate}
)

// overviewShow is both halves side by side.
func (p *Pages) overviewShow(w http.ResponseWriter, r *http.Request) error {
	o, err := p.overviewOf(r, "")
	if err != nil {
		return err
	}
	if o.Narrow {
		return p.overviewSocial(w, r)
	}
	view, err := p.sideOf(r, o)
	if err != nil {
		return err
	}
	return p.Show(w, r, studio.Page{Area: "insights", Head: o.head(r.Context())}, sidePage(view))
}

func (o overview) head(ctx context.Context) ui.Head {
	return ui.Head{Title: i18n.T(ctx, "Insights"), Views: overviewViews(o)}
}

// socialView is the social media manager's overview.
type socialView struct {
	overview
	insight.Social
	Best   []bestLine
	Titles map[string]string // of networks, by channel
}

func (p *Pages) socialOf(r *http.Request, o overview) (socialView, error) {
	v, ctx := studio.At(r), r.Context()
	view := socialView{overview: o, Titles: map[string]string{}}
	var err error
	if view.Social, err = insight.OfSocial(ctx, p.DB, v.Who, v.Brand.ID, o.window()); err != nil {
		return view, err
	}
	for _, c := range view.Channels {
		view.Titles[c.ID] = p.NetworkTitle(c.Network)
	}
	posts := make([]string, len(view.Social.Best))
	for i, b := range view.Social.Best {
		posts[i] = b.Post
	}
	faces, err := post.Faces(ctx, p.DB, v.Brand.ID, studio.Distinct(posts))
	for _, b := range view.Social.Best {
		view.Best = append(view.Best, bestLine{b, faces[b.Post], studio.Path(v.Brand.Slug, "posts", b.Post)})
	}
	return view, err
}

func (p *Pages) overviewSocial(w http.ResponseWriter, r *http.Request) error {
	o, err := p.overviewOf(r, "social")
	if err != nil {
		return err
	}
	view, err := p.socialOf(r, o)
	if err != nil {
		return err
	}
	return p.Show(w, r, studio.Page{Area: "insights", Head: o.head(r.Context())}, socialPage(view))
}

// communityView is the community manager's overview.
type communityView struct {
	overview
	insight.Community
}

func (p *Pages) communityNumbersOf(r *http.Request, o overview) (communityView, error) {
	v := studio.At(r)
	all, err := insight.OfCommunity(r.Context(), p.DB, v.Who, v.Brand.ID, o.window(), o.Choice)
	return communityView{o, all}, err
}

func (p *Pages) overviewCommunity(w http.ResponseWriter, r *http.Request) error {
	o, err := p.overviewOf(r, "community")
	if err != nil {
		return err
	}
	view, err := p.communityNumbersOf(r, o)
	if err != nil {
		return err
	}
	return p.Show(w, r, studio.Page{Area: "insights", Head: o.head(r.Context())}, communityNumbersPage(view))
}

// split is how people and what they made fall apart.
type split struct {
	Label           string
	People, Content *float64
}

// splits are the three kinds of people; readers make nothing by what they are.
func (v communityView) splits(ctx context.Context) []split {
	made := v.Value(metric.CreatorContent).Now
	out := []split{
		{i18n.T(ctx, "Readers"), v.Value(metric.Lurkers).Now, nil},
		{i18n.T(ctx, "Contributors below the top"), v.Value(metric.ContributorsOf).Now, nil},
		{i18n.T(ctx, "Creators"), v.Value(metric.Creators).Now, made},
	}
	if made != nil {
		none, rest := 0.0, 100-*made
		out[0].Content, out[1].Content = &none, &rest
	}
	return out
}

func percent(ctx context.Context, v *float64) string {
	if v == nil {
		return "—"
	}
	return studio.Decimal(ctx, *v) + " %"
}

// grown is a cell with its sign.
func grown(ctx context.Context, v *float64) string {
	if v == nil {
		return "—"
	}
	return studio.Signed(ctx, int(*v))
}

// stayed is a cell of the table of cohorts: a dash while not all have reached
// the age, and where nobody joined.
func stayed(ctx context.Context, c tally.Cohort, age int) string {
	n, ok := c.Stayed[age]
	if !ok || c.Joined == 0 {
		return "—"
	}
	share := 100 * float64(n) / float64(c.Joined)
	return percent(ctx, &share)
}

// fewest is what a rate has to be divided by to stand as firmly as others.
const fewest = 30

// chart draws some of an overview's numbers day by day.
func (o overview) chart(ctx context.Context, id, title string, days []time.Time, bars bool, provisional time.Time, all ...insight.Value) chartArgs {
	c := chartArgs{ID: id, Title: title, Times: days, Zone: o.Zone.String(), CSV: o.csv(), Provisional: provisional}
	for i, v := range all {
		c.Series = append(c.Series, chartSeries{i18n.T(ctx, v.Name), lineTokens[i%len(lineTokens)], bars, v.Course})
	}
	return c
}

// overviewCSV is the numbers of both halves as a file. What is not known is an
// empty cell, never 0.
func (p *Pages) overviewCSV(w http.ResponseWriter, r *http.Request) error {
	o, err := p.overviewOf(r, "")
	if err != nil {
		return err
	}
	view, err := p.sideOf(r, o)
	if err != nil {
		return err
	}
	rows := [][]string{{"half", "number", "value", "before", "unit", "out_of", "as_of"}}
	for _, all := range [][]insight.Value{view.Social.Values, view.Community.Values, view.Bridge.Values} {
		for _, v := range all {
			rows = append(rows, valueRow(v))
		}
	}
	return studio.CSV(w, fmt.Sprintf("numbers-%d-days.csv", o.Span), rows)
}

func valueRow(v insight.Value) []string {
	as := ""
	if v.At > 0 {
		as = v.At.Time().UTC().Format(time.RFC3339)
	}
	base := ""
	if v.Base > 0 {
		base = strconv.FormatFloat(v.Base, 'f', -1, 64)
	}
	return []string{string(v.Half), v.ID, number([]*float64{v.Now}, 0), number([]*float64{v.Before}, 0), string(v.Unit), base, as}
}

func (p *Pages) overviewSocialCSV(w http.ResponseWriter, r *http.Request) error {
	o, err := p.overviewOf(r, "social")
	if err != nil {
		return err
	}
	view, err := p.socialOf(r, o)
	if err != nil {
		return err
	}
	return studio.CSV(w, fmt.Sprintf("social-%d-days.csv", o.Span), dayRows(view.Days, pick(view.Value, metric.Followers, metric.Published, metric.Engagements)))
}

func (p *Pages) overviewCommunityCSV(w http.ResponseWriter, r *http.Request) error {
	o, err := p.overviewOf(r, "community")
	if err != nil {
		return err
	}
	view, err := p.communityNumbersOf(r, o)
	if err != nil {
		return err
	}
	return studio.CSV(w, fmt.Sprintf("community-%d-days.csv", o.Span), dayRows(view.Days, pick(view.Value, metric.Members, metric.MembersJoined, metric.MembersLeft,
		metric.Active, metric.Contributors, metric.TopicsBegun, metric.CommunityPosts)))
}

// dayRows is a table of days.
func dayRows(days []time.Time, all []insight.Value) [][]string {
	head := []string{"day"}
	for _, v := range all {
		head = append(head, v.ID)
	}
	rows := [][]string{head}
	for i, day := range days {
		row := []string{day.Format(time.DateOnly)}
		for _, v := range all {
			row = append(row, number(v.Course, i))
		}
		rows = append(rows, row)
	}
	return rows
}

package insights

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"rapport/internal/access"
	"rapport/internal/channel"
	"rapport/internal/delivery"
	"rapport/internal/fault"
	"rapport/internal/i18n"
	"rapport/internal/insight"
	"rapport/internal/metric"
	"rapport/internal/post"
	"rapport/internal/web/studio"
	"rapport/internal/web/ui"
)

// windows are the spans that numbers are shown over, in days.
var windows = []int{7, 28, 90}

// UsualWindow is the span that numbers are shown over unless asked, in days.
const UsualWindow = 28

// windowOf reads the span that is asked for.
func windowOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("days")
	if text == "" {
		return UsualWindow, nil
	}
	for _, n := range windows {
		if text == strconv.Itoa(n) {
			return n, nil
		}
	}
	return 0, fault.OnField("days", "Numbers are shown over 7, 28 or 90 days.")
}

// Numbers is a channel's numbers over a window.
type Numbers struct {
	insight.Channel
	Slug  string
	Title string // of the network
	Days  int
	Zone  *time.Location
	Now   time.Time
	Best  []bestLine
}

// bestLine is one of the posts with the most engagements.
type bestLine struct {
	insight.Piece
	Face post.Face
	Href string
}

// NumbersOf computes a channel's numbers over the last days.
func (p *Pages) NumbersOf(r *http.Request, id string, days int) (Numbers, error) {
	v := studio.At(r)
	view := Numbers{Slug: v.Brand.Slug, Days: days, Zone: v.Brand.Location(), Now: p.DB.Now().Time()}
	var err error
	if view.Channel, err = insight.OfChannel(r.Context(), p.DB, v.Who, v.Brand.ID, id, insight.Window{Days: days, Zone: view.Zone}); err != nil {
		return view, err
	}
	view.Title = p.NetworkTitle(view.Network)
	posts := make([]string, len(view.Channel.Best))
	for i, b := range view.Channel.Best {
		posts[i] = b.Post
	}
	faces, err := post.Faces(r.Context(), p.DB, v.Brand.ID, studio.Distinct(posts))
	for _, b := range view.Channel.Best {
		view.Best = append(view.Best, bestLine{b, faces[b.Post], studio.Path(v.Brand.Slug, "posts", b.Post)})
	}
	return view, err
}

// channelNumbersShow is a channel's numbers day by day.
func (p *Pages) channelNumbersShow(w http.ResponseWriter, r *http.Request) error {
	days, err := windowOf(r)
	if err != nil {
		return err
	}
	view, err := p.NumbersOf(r, r.PathValue("channel"), days)
	if err != nil {
		return err
	}
	ctx := r.Context()
	head := ui.Head{Title: i18n.T(ctx, "Numbers of {{.Channel}}", "Channel", view.Handle), Back: studio.Path(view.Slug, "channels", view.ID),
		BackText: i18n.T(ctx, "Back to the channel"), Views: windowChoices(ctx, view)}
	return p.Show(w, r, studio.Page{Area: "channels", Head: head}, channelNumbersPage(view))
}

// windowChoices switch between the spans.
func windowChoices(ctx context.Context, v Numbers) templ.Component {
	var out []ui.Choice
	for _, n := range windows {
		out = append(out, ui.Choice{Label: i18n.N(ctx, n, "{{.N}} day", "{{.N}} days"), Active: n == v.Days,
			Href: studio.Path(v.Slug, "channels", v.ID, "numbers") + "?days=" + strconv.Itoa(n)})
	}
	return ui.Segmented(i18n.T(ctx, "Span"), out)
}

// Figure shows a value as people may rely on it. id keeps it apart from the
// same number elsewhere in the page.
func Figure(ctx context.Context, id string, v insight.Value, compared string) ui.NumberArgs {
	n := ui.NumberArgs{Label: i18n.T(ctx, v.Name), About: About(ctx, id, v, compared), Beside: beside(ctx, v), Few: v.Few()}
	if v.Now == nil {
		n.Reason = i18n.T(ctx, v.Why)
		return n
	}
	n.Value, n.Unit = amount(ctx, v.Unit, *v.Now)
	if v.ID == metric.FollowerGrowth {
		n.Value = studio.Signed(ctx, int(*v.Now))
	}
	if v.Before != nil {
		n.Change, n.Tone = change(ctx, v)
		n.Compared = compared
	}
	return n
}

// beside is what stands beside a number: what a rate was divided by, and how
// many could not be counted in where the definition says that it stands there.
func beside(ctx context.Context, v insight.Value) (out []string) {
	if v.Base > 0 {
		out = append(out, i18n.N(ctx, int(v.Base), "out of {{.N}}", "out of {{.N}}"))
	}
	if v.Left > 0 && v.LeftBeside() {
		out = append(out, leftOf(ctx, v))
	}
	return out
}

// amount is a value in the reader's format and its unit.
func amount(ctx context.Context, unit metric.Unit, v float64) (value, of string) {
	switch unit {
	case metric.Percent:
		return studio.Decimal(ctx, v), "%"
	case metric.Seconds:
		return studio.Span(ctx, time.Duration(v*float64(time.Second))), ""
	}
	return i18n.Number(ctx, int64(math.Round(v))), ""
}

// change is what became of a number since the window before. Small counts
// change by pieces, larger ones in percent, and rates by points.
func change(ctx context.Context, v insight.Value) (string, ui.Tone) {
	diff := *v.Now - *v.Before
	text := studio.Signed(ctx, int(math.Round(diff)))
	switch {
	case v.Unit == metric.Percent:
		text = i18n.T(ctx, "{{.N}} points", "N", withSign(diff, studio.Decimal(ctx, math.Abs(diff))))
	case v.Unit == metric.Seconds:
		text = withSign(diff, studio.Span(ctx, time.Duration(diff*float64(time.Second))))
	case v.ID != metric.FollowerGrowth && math.Abs(*v.Before) >= 30:
		part := 100 * diff / *v.Before
		text = withSign(part, studio.Decimal(ctx, math.Abs(part))) + " %"
	}
	return text, studio.ToneOf(v.Direction, diff)
}

func withSign(n float64, text string) string {
	switch {
	case n > 0:
		return "+" + text
	case n < 0:
		return "−" + text
	}
	return "±" + text
}

// Defined is what a number is, as of no time: for the head of a column.
func Defined(ctx context.Context, id string, d metric.Definition) *ui.About {
	a := &ui.About{ID: id, Means: i18n.T(ctx, d.Means)}
	say := func(label, text string) {
		if text != "" {
			a.Facts = append(a.Facts, ui.AboutFact{Label: i18n.T(ctx, label), Text: i18n.T(ctx, text)})
		}
	}
	say("Formula", d.Formula)
	say("Counted", d.Numerator)
	say("Divided by", d.Denominator)
	say("Window", d.Window)
	say("Left out", d.Excludes)
	say("Comes from", d.Source)
	say("Better", studio.Better(d.Direction))
	a.Facts = append(a.Facts, ui.AboutFact{Label: i18n.T(ctx, "Id"), Text: strconv.Quote(d.ID)}) // as files and the API call it, in no language
	return a
}

// rateColumn is the head above engagement rates: their name is long, and what
// they are divided by is one click away.
func rateColumn(ctx context.Context, id string) ui.Column {
	d, _ := metric.Defined(metric.EngagementRate)
	return ui.Column{Label: i18n.T(ctx, "Rate by followers"), Numeric: true, WideOnly: true, About: Defined(ctx, id, d)}
}

// About is what stands behind a number's label.
func About(ctx context.Context, id string, v insight.Value, compared string) *ui.About {
	a := Defined(ctx, id, v.Definition)
	say := func(label, text string) {
		if text != "" {
			a.Facts = append(a.Facts, ui.AboutFact{Label: i18n.T(ctx, label), Text: i18n.T(ctx, text)})
		}
	}
	if v.Base > 0 {
		say("Divided by so far", i18n.Number(ctx, int64(v.Base)))
	}
	if v.Few() {
		say("Few to go by", "It was divided by less than 30: a single one more would move it.")
	}
	if v.Left > 0 {
		say("Not counted in", leftOf(ctx, v))
	}
	switch {
	case v.At == 0:
		say("As of", "Not read yet")
	case v.Provisional:
		say("As of", i18n.T(ctx, "{{.Time}}, and still growing", "Time", i18n.DateTime(ctx, v.At.Time())))
	default:
		say("As of", i18n.DateTime(ctx, v.At.Time()))
	}
	if v.Before != nil {
		say("The change", compared)
	}
	if v.Now == nil && v.Why != "" {
		say("Why there is none", v.Why)
	}
	return a
}

// leftOf says what a number could not count in.
func leftOf(ctx context.Context, v insight.Value) string {
	switch v.ID {
	case metric.FirstReply, metric.SlowReply:
		return i18n.N(ctx, v.Left, "{{.N}} topic without a reply", "{{.N}} topics without a reply")
	case metric.FirstResponse, metric.SlowResponse:
		return i18n.N(ctx, v.Left, "{{.N}} not answered yet", "{{.N}} not answered yet")
	case metric.ResponseRate:
		return i18n.N(ctx, v.Left, "{{.N}} closed without an answer", "{{.N}} closed without an answer")
	case metric.LinkRate:
		return i18n.N(ctx, v.Left, "{{.N}} link whose network tells no views", "{{.N}} links whose networks tell no views")
	case metric.ReplyCoverage:
		return i18n.N(ctx, v.Left, "{{.N}} topic that is younger", "{{.N}} topics that are younger")
	case metric.SolvedRate:
		return i18n.N(ctx, v.Left, "{{.N}} question that is younger", "{{.N}} questions that are younger")
	case metric.Followers, metric.FollowerGrowth:
		return i18n.N(ctx, v.Left, "{{.N}} channel that was not counted", "{{.N}} channels that were not counted")
	}
	return i18n.N(ctx, v.Left, "{{.N}} of which nothing was told", "{{.N}} of which nothing was told")
}

// chartArgs are a chart, its table and where to have it as a file.
type chartArgs struct {
	ID, Title   string
	Times       []time.Time
	Clock       bool // hours matter
	Zone        string
	Provisional time.Time // from then on numbers still grow; zero is none
	Series      []chartSeries
	CSV         string
}

type chartSeries struct {
	Label  string     `json:"label"`
	Token  string     `json:"token,omitempty"`
	Bars   bool       `json:"bars,omitempty"` // each value stands for itself
	Values []*float64 `json:"values"`
}

// known counts the instants of which something is known.
func (c chartArgs) known() int {
	n := 0
	for i := range c.Times {
		for _, s := range c.Series {
			if s.Values[i] != nil {
				n++
				break
			}
		}
	}
	return n
}

// data is what the island draws.
func (c chartArgs) data() map[string]any {
	times := make([]int64, len(c.Times))
	for i, t := range c.Times {
		times[i] = t.Unix()
	}
	out := map[string]any{"times": times, "zone": c.Zone, "clock": c.Clock, "series": c.Series}
	if !c.Provisional.IsZero() {
		out["provisional"] = c.Provisional.Unix()
	}
	return out
}

// at is an instant as the table shows it.
func (c chartArgs) at(ctx context.Context, t time.Time) string {
	if c.Clock {
		return i18n.DateTime(ctx, t)
	}
	return i18n.Date(ctx, t)
}

// cell is a value of the table; a gap says so.
func cell(ctx context.Context, v *float64) string {
	if v == nil {
		return "—"
	}
	return i18n.Number(ctx, int64(*v))
}

// chart is days of some of the channel's numbers.
func (v Numbers) chart(ctx context.Context, id, title string, growing bool, ids ...string) chartArgs {
	c := chartArgs{ID: id, Title: title, Times: v.Channel.Days, Zone: v.Zone.String(),
		CSV: studio.Path(v.Slug, "channels", v.ID, "numbers.csv") + "?days=" + strconv.Itoa(v.Days)}
	if growing {
		c.Provisional = v.Now.Add(-insight.Provisional)
	}
	for i, name := range ids {
		value := v.Value(name)
		c.Series = append(c.Series, chartSeries{i18n.T(ctx, value.Name), lineTokens[i%len(lineTokens)], growing, value.Course})
	}
	return c
}

// lineTokens are the colours of a chart's lines, in their order.
var lineTokens = []string{"--accent-text", "--info", "--wait", "--good", "--quiet"}

// before says what a window's change compares with.
func (v Numbers) before(ctx context.Context) string {
	return i18n.N(ctx, v.Days, "than the {{.N}} day before", "than the {{.N}} days before")
}

// shown are the numbers in the order of the page.
func (v Numbers) shown() []insight.Value {
	var out []insight.Value
	for _, id := range []string{metric.Followers, metric.FollowerGrowth, metric.Published, metric.Engagements, metric.EngagementRate, metric.FirstResponse, metric.SlowResponse, metric.ResponseRate} {
		out = append(out, v.Value(id))
	}
	return out
}

// WayNumbers are what a delivery brought, for its panel.
type WayNumbers struct {
	insight.Delivery
	ID   string
	Slug string
	Post string
	Zone string
}

// NumbersOfWay computes what a delivery brought; one that is not out has none.
func (p *Pages) NumbersOfWay(r *http.Request, l studio.DeliveryLine) (*WayNumbers, error) {
	if l.PublishedAt == 0 || !p.May(r, access.MetricRead) {
		return nil, nil
	}
	v := studio.At(r)
	d, err := insight.OfDelivery(r.Context(), p.DB, v.Who, l.Delivery, p.untold(l.Channel.Network))
	if err != nil {
		return nil, err
	}
	return &WayNumbers{Delivery: d, ID: l.ID, Slug: v.Brand.Slug, Post: l.Delivery.Post, Zone: v.Brand.Zone}, nil
}

// untold are a network's reasons for the numbers it does not tell.
func (p *Pages) untold(networkName string) map[string]string {
	n, err := p.Networks.Named(networkName)
	if err != nil {
		return nil
	}
	return n.Facts().Untold
}

// chart is the course of what people did with it.
func (w WayNumbers) chart(ctx context.Context) chartArgs {
	c := chartArgs{ID: "chart-" + w.ID, Title: i18n.T(ctx, "Since it went out"), Clock: true, Zone: w.Zone, CSV: studio.Path(w.Slug, "posts", w.Post, "numbers.csv")}
	for _, t := range w.Times {
		c.Times = append(c.Times, t.Time())
	}
	for _, name := range metric.Engaging {
		if v := w.Value(name); v.Now != nil {
			c.Series = append(c.Series, chartSeries{i18n.T(ctx, v.Name), lineTokens[len(c.Series)%len(lineTokens)], false, v.Course})
		}
	}
	return c
}

// channelNumbersCSV is the table of a channel's days as a file. A gap is an
// empty cell, never 0.
func (p *Pages) channelNumbersCSV(w http.ResponseWriter, r *http.Request) error {
	days, err := windowOf(r)
	if err != nil {
		return err
	}
	view, err := p.NumbersOf(r, r.PathValue("channel"), days)
	if err != nil {
		return err
	}
	ids := []string{metric.Followers, metric.Following, metric.Posts, metric.Published, metric.Engagements}
	rows := [][]string{append([]string{"day"}, ids...)}
	for i, day := range view.Channel.Days {
		row := []string{day.Format(time.DateOnly)}
		for _, id := range ids {
			row = append(row, number(view.Value(id).Course, i))
		}
		rows = append(rows, row)
	}
	return studio.CSV(w, fmt.Sprintf("numbers-%s-%d-days.csv", view.RemoteID, days), rows)
}

func number(course []*float64, i int) string {
	if i >= len(course) || course[i] == nil {
		return ""
	}
	return strconv.FormatFloat(*course[i], 'f', -1, 64)
}

// postNumbersCSV is every reading of a post's deliveries as a file.
func (p *Pages) postNumbersCSV(w http.ResponseWriter, r *http.Request) error {
	v, ctx := studio.At(r), r.Context()
	one, err := post.ByID(ctx, p.DB, v.Who, v.Brand.ID, r.PathValue("post"))
	if err != nil {
		return err
	}
	ds, err := delivery.OfPost(ctx, p.DB, v.Brand.ID, one.ID)
	if err != nil {
		return err
	}
	rows := [][]string{{"channel", "number", "read_at", "value"}}
	for _, d := range delivery.Seen(p.DB.Now(), v.Who, v.Brand.ID, ds) {
		if rows, err = p.readingRows(r, rows, d); err != nil {
			return err
		}
	}
	return studio.CSV(w, "numbers-"+one.ID+".csv", rows)
}

func (p *Pages) readingRows(r *http.Request, rows [][]string, d delivery.Delivery) ([][]string, error) {
	v := studio.At(r)
	c, err := channel.ByID(r.Context(), p.DB, v.Who, v.Brand.ID, d.Channel)
	if err != nil {
		return rows, err
	}
	numbers, err := insight.OfDelivery(r.Context(), p.DB, v.Who, d, p.untold(c.Network))
	if err != nil {
		return rows, err
	}
	for _, value := range numbers.Values[2:] { // the first two are computed
		for i, t := range numbers.Times {
			if value.Course[i] != nil {
				rows = append(rows, []string{c.Handle, value.ID, t.Time().UTC().Format(time.RFC3339), number(value.Course, i)})
			}
		}
	}
	return rows, nil
}

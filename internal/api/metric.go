package api

import (
	"context"
	"net/http"
	"time"

	"rapport/internal/access"
	"rapport/internal/brand"
	"rapport/internal/db"
	"rapport/internal/insight"
	"rapport/internal/metric"
	"rapport/internal/tally"
)

// Reading is a number as a network told it at one instant.
type Reading struct {
	Metric string    `json:"metric" example:"likes"`
	At     time.Time `json:"at" doc:"When it was read."`
	Value  int64     `json:"value" doc:"The count since the beginning, not the growth since the reading before."`
}

// Number is a computed number with what it takes to rely on it.
type Number struct {
	Metric      string     `json:"metric" example:"engagement_rate"`
	Value       *float64   `json:"value" doc:"null: it is not known, which is not 0."`
	Before      *float64   `json:"before" doc:"The same of the window before."`
	Unit        string     `json:"unit,omitempty" enum:"%,s" doc:"Missing: a count."`
	Of          int        `json:"of" doc:"From how many things it was computed."`
	Base        float64    `json:"base,omitempty" doc:"What a rate was divided by. Below 30 a single one more would move it."`
	Left        int        `json:"left" doc:"How many of the window could not be counted in."`
	Why         string     `json:"why,omitempty" doc:"Why there is no value."`
	At          *time.Time `json:"at,omitempty" doc:"When the newest of what it rests on was read."`
	Provisional bool       `json:"provisional" doc:"Something it rests on is still growing."`
	Days        []*float64 `json:"days,omitempty" doc:"Day by day, oldest first; null is a gap."`
}

// Definition says what a number is.
type Definition struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Means       string `json:"means"`
	Numerator   string `json:"numerator,omitempty"`
	Denominator string `json:"denominator,omitempty"`
	Formula     string `json:"formula,omitempty" doc:"How the value is made. Missing: it is told by the network."`
	Window      string `json:"window"`
	Excludes    string `json:"excludes,omitempty"`
	Source      string `json:"source"`
	Unit        string `json:"unit,omitempty" enum:"%,s" doc:"Missing: a count."`
	Direction   string `json:"direction,omitempty" enum:"up,down" doc:"Which way it is meant to go. Missing: neither."`
	Half        string `json:"half" enum:"social,community,both" doc:"Whose number it is; both: it leads from one half to the other."`
}

// Cohort is who joined in a week, and how many of them were there later.
type Cohort struct {
	Week   string `json:"week" example:"2026-10-05" doc:"Its Monday, by the brand's calendar."`
	Joined int    `json:"joined"`
	Day7   *int   `json:"day_7" doc:"Of them, those who were there on the 7th to 13th day after joining; null while not all have reached that age."`
	Day30  *int   `json:"day_30" doc:"Likewise, on the 30th to 36th day."`
	Day60  *int   `json:"day_60" doc:"Likewise, on the 60th to 66th day."`
	Day90  *int   `json:"day_90" doc:"Likewise, on the 90th to 96th day."`
}

func cohortView(c tally.Cohort) Cohort {
	at := func(age int) *int {
		if n, ok := c.Stayed[age]; ok {
			return &n
		}
		return nil
	}
	return Cohort{Week: c.Week.Date().Format(time.DateOnly), Joined: c.Joined, Day7: at(7), Day30: at(30), Day60: at(60), Day90: at(90)}
}

func readingView(r metric.Reading) Reading {
	return Reading{Metric: r.Name, At: r.At.Time(), Value: r.Value}
}

func numberView(v insight.Value) Number {
	return Number{Metric: v.ID, Value: v.Now, Before: v.Before, Unit: string(v.Unit), Of: v.Of, Base: v.Base, Left: v.Left, Why: v.Why,
		At: moment(v.At), Provisional: v.Provisional, Days: v.Course}
}

func definitionView(d metric.Definition) Definition {
	return Definition{ID: d.ID, Name: d.Name, Means: d.Means, Numerator: d.Numerator, Denominator: d.Denominator, Formula: d.Formula, Window: d.Window,
		Excludes: d.Excludes, Source: d.Source, Unit: string(d.Unit), Direction: string(d.Direction), Half: string(d.Half)}
}

type metricQuery struct {
	Paging
	Channel  string    `query:"channel" maxLength:"64" doc:"Numbers of this channel's account."`
	Delivery string    `query:"delivery" maxLength:"64" doc:"Numbers of this delivery."`
	Metric   string    `query:"metric" maxLength:"40" doc:"Only this one."`
	From     time.Time `query:"from" doc:"Read at this time or later."`
	To       time.Time `query:"to" doc:"Read before this time."`
}

type numberQuery struct {
	Addressed
	Days int `query:"days" minimum:"1" maximum:"366" default:"28" doc:"How many days, by the brand's clock; today is the last."`
}

type wholeQuery struct {
	Days      int  `query:"days" minimum:"1" maximum:"90" default:"28" doc:"How many days, by the brand's clock; today is the last."`
	Team      bool `query:"team" default:"false" doc:"Count what the team does as well."`
	Reactions bool `query:"reactions" default:"true" doc:"Count reactions as contributions."`
}

func (in *wholeQuery) choice() tally.Choice {
	return tally.Choice{Team: in.Team, Without: !in.Reactions}
}

func (a *handler) metricOperations() {
	add(a, op{id: "list-metrics", query: "channel={channels}&metric=followers", method: http.MethodGet, path: "/metrics", tag: "Metrics", title: "List readings",
		about: "What networks told of a channel or of a delivery, as history, by number and time, oldest first. A number that a network does not tell has no reading.",
		scope: access.MetricRead}, a.listMetrics)
	add(a, op{id: "list-definitions", method: http.MethodGet, path: "/metrics/definitions", tag: "Metrics", title: "List definitions",
		about: "What each number is: its formula, window, exclusions and source.", scope: access.MetricRead}, a.listDefinitions)
	add(a, op{id: "channel-numbers", method: http.MethodGet, path: "/channels/{id}/numbers", tag: "Metrics", title: "Read a channel's numbers",
		about: "Computed over whole days, with the same of the window before.", scope: access.MetricRead}, a.channelNumbers)
	add(a, op{id: "social-numbers", method: http.MethodGet, path: "/numbers/social", tag: "Metrics", title: "Read the numbers of all channels",
		about: "Of all channels that the token's account may see, added up: counts as sums, rates as sums over sums.", scope: access.MetricRead}, a.socialNumbers)
	add(a, op{id: "community-numbers", method: http.MethodGet, path: "/numbers/community", tag: "Metrics", title: "Read the community's numbers",
		about: "Rolled up from what members do, every minute. Not for a grant on named channels or spaces.", scope: access.MetricRead}, a.communityNumbers)
	add(a, op{id: "bridge-numbers", method: http.MethodGet, path: "/numbers/between", tag: "Metrics", title: "Read the numbers between the halves",
		about: "What leads from the networks into the community, and back.", scope: access.MetricRead}, a.bridgeNumbers)
	add(a, op{id: "community-cohorts", method: http.MethodGet, path: "/numbers/cohorts", tag: "Metrics", title: "Read who stays",
		about: "Who joined in each of the last 20 weeks, and how many of them were there 7, 30, 60 and 90 days later, each looked at for seven days. The oldest week comes first.", scope: access.MetricRead}, a.communityCohorts)
}

func (a *handler) listMetrics(ctx context.Context, c caller, in *metricQuery) (*body[items[Reading]], error) {
	list := "metrics " + in.Channel + in.Delivery
	page, err := in.page(list, c.token.Brand)
	if err != nil {
		return nil, err
	}
	from, to := db.Time(0), db.Time(1<<60)
	if !in.From.IsZero() {
		from = db.At(in.From)
	}
	if !in.To.IsZero() {
		to = db.At(in.To)
	}
	all, next, err := insight.Readings(ctx, a.DB, c.who, c.token.Brand, insight.Subject{Channel: in.Channel, Delivery: in.Delivery}, in.Metric, from, to, page)
	if err != nil {
		return nil, err
	}
	return itemsOf(list, c.token.Brand, all, next, readingView), nil
}

func (a *handler) listDefinitions(_ context.Context, c caller, _ *struct{}) (*body[items[Definition]], error) {
	return itemsOf("definitions", c.token.Brand, metric.Definitions(), "", definitionView), nil
}

func (a *handler) channelNumbers(ctx context.Context, c caller, in *numberQuery) (*body[items[Number]], error) {
	b, err := brand.ByID(ctx, a.DB, access.System(), c.token.Brand)
	if err != nil {
		return nil, err
	}
	got, err := insight.OfChannel(ctx, a.DB, c.who, b.ID, in.ID, insight.Window{Days: in.Days, Zone: b.Location()})
	if err != nil {
		return nil, err
	}
	return itemsOf("numbers", b.ID, got.Values, "", numberView), nil
}

func (a *handler) window(ctx context.Context, c caller, days int) (brand.Brand, insight.Window, error) {
	b, err := brand.ByID(ctx, a.DB, access.System(), c.token.Brand)
	return b, insight.Window{Days: days, Zone: b.Location()}, err
}

func (a *handler) socialNumbers(ctx context.Context, c caller, in *wholeQuery) (*body[items[Number]], error) {
	b, w, err := a.window(ctx, c, in.Days)
	if err != nil {
		return nil, err
	}
	got, err := insight.OfSocial(ctx, a.DB, c.who, b.ID, w)
	if err != nil {
		return nil, err
	}
	return itemsOf("numbers", b.ID, got.Values, "", numberView), nil
}

func (a *handler) communityNumbers(ctx context.Context, c caller, in *wholeQuery) (*body[items[Number]], error) {
	b, w, err := a.window(ctx, c, in.Days)
	if err != nil {
		return nil, err
	}
	got, err := insight.OfCommunity(ctx, a.DB, c.who, b.ID, w, in.choice())
	if err != nil {
		return nil, err
	}
	return itemsOf("numbers", b.ID, got.Values, "", numberView), nil
}

func (a *handler) bridgeNumbers(ctx context.Context, c caller, in *wholeQuery) (*body[items[Number]], error) {
	b, w, err := a.window(ctx, c, in.Days)
	if err != nil {
		return nil, err
	}
	got, err := insight.Between(ctx, a.DB, c.who, b.ID, w)
	if err != nil {
		return nil, err
	}
	return itemsOf("numbers", b.ID, got.Values, "", numberView), nil
}

func (a *handler) communityCohorts(ctx context.Context, c caller, in *wholeQuery) (*body[items[Cohort]], error) {
	b, w, err := a.window(ctx, c, in.Days)
	if err != nil {
		return nil, err
	}
	got, err := insight.OfCommunity(ctx, a.DB, c.who, b.ID, w, in.choice())
	if err != nil {
		return nil, err
	}
	return itemsOf("cohorts", b.ID, got.Cohorts, "", cohortView), nil
}

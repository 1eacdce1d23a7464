// Package insights is the numbers: of a channel, of a post, and of both halves
// of a brand.
package insights

import (
	"slices"

	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// Pages are the numbers.
type Pages struct{ *studio.Studio }

// New returns them.
func New(s *studio.Studio) *Pages { return &Pages{s} }

// Routes are the numbers.
func (p *Pages) Routes() []studio.Route {
	return slices.Concat(p.insightRoutes(), p.overviewRoutes())
}

// insightRoutes are the numbers of channels and posts.
func (p *Pages) insightRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/channels/{channel}/numbers", Door: studio.InBrand, Need: access.MetricRead, Handle: p.channelNumbersShow},
		{Pattern: "GET /studio/{brand}/channels/{channel}/numbers.csv", Door: studio.InBrand, Need: access.MetricRead, Handle: p.channelNumbersCSV},
		{Pattern: "GET /studio/{brand}/posts/{post}/numbers.csv", Door: studio.InBrand, Need: access.MetricRead, Handle: p.postNumbersCSV},
	}
}

// overviewRoutes are the numbers of both halves.
func (p *Pages) overviewRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/insights", Door: studio.InBrand, Need: access.MetricRead, Handle: p.overviewShow},
		{Pattern: "GET /studio/{brand}/insights/numbers.csv", Door: studio.InBrand, Need: access.MetricRead, Handle: p.overviewCSV},
		{Pattern: "GET /studio/{brand}/insights/social", Door: studio.InBrand, Need: access.MetricRead, Handle: p.overviewSocial},
		{Pattern: "GET /studio/{brand}/insights/social/numbers.csv", Door: studio.InBrand, Need: access.MetricRead, Handle: p.overviewSocialCSV},
		{Pattern: "GET /studio/{brand}/insights/community", Door: studio.InBrand, Need: access.MetricRead, Handle: p.overviewCommunity},
		{Pattern: "GET /studio/{brand}/insights/community/numbers.csv", Door: studio.InBrand, Need: access.MetricRead, Handle: p.overviewCommunityCSV},
	}
}

package web

import (
	"slices"

	"rapport/internal/access"
)

// insightAll are the numbers.
func (p *Pages) insightAll() []route {
	return slices.Concat(p.insightRoutes(), p.overviewRoutes())
}

// insightRoutes are the numbers of channels and posts.
func (p *Pages) insightRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/channels/{channel}/numbers", door: inBrand, need: access.MetricRead, handle: p.channelNumbersShow},
		{pattern: "GET /studio/{brand}/channels/{channel}/numbers.csv", door: inBrand, need: access.MetricRead, handle: p.channelNumbersCSV},
		{pattern: "GET /studio/{brand}/posts/{post}/numbers.csv", door: inBrand, need: access.MetricRead, handle: p.postNumbersCSV},
	}
}

// overviewRoutes are the numbers of both halves.
func (p *Pages) overviewRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/insights", door: inBrand, need: access.MetricRead, handle: p.overviewShow},
		{pattern: "GET /studio/{brand}/insights/numbers.csv", door: inBrand, need: access.MetricRead, handle: p.overviewCSV},
		{pattern: "GET /studio/{brand}/insights/social", door: inBrand, need: access.MetricRead, handle: p.overviewSocial},
		{pattern: "GET /studio/{brand}/insights/social/numbers.csv", door: inBrand, need: access.MetricRead, handle: p.overviewSocialCSV},
		{pattern: "GET /studio/{brand}/insights/community", door: inBrand, need: access.MetricRead, handle: p.overviewCommunity},
		{pattern: "GET /studio/{brand}/insights/community/numbers.csv", door: inBrand, need: access.MetricRead, handle: p.overviewCommunityCSV},
	}
}

package web

import "rapport/internal/access"

// linkRoutes are the short links and what the community says becoming posts.
func (p *Pages) linkRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/links", door: inBrand, need: access.PostRead, handle: p.linkList},
		{pattern: "POST /studio/{brand}/links", door: inBrand, need: access.PostWrite, handle: p.linkCreate},
		{pattern: "GET /studio/{brand}/links/new", door: inBrand, need: access.PostWrite, handle: p.linkNew},
		{pattern: "POST /studio/{brand}/links/{link}/end", door: inBrand, need: access.PostWrite, handle: p.linkEnd},
		{pattern: "POST /studio/{brand}/promote", door: inBrand, need: access.PostWrite, handle: p.promoteDo},
	}
}

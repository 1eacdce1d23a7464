package web

import "rapport/internal/access"

// todayRoutes are the first page of a brand, and the hold of all of it.
func (p *Pages) todayRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}", door: inBrand, need: access.BrandRead, handle: p.todayShow},
		{pattern: "GET /studio/{brand}/hold", door: inBrand, need: access.BrandRead, handle: p.holdShow},
		{pattern: "POST /studio/{brand}/hold", door: inBrand, need: access.HoldSet, handle: p.holdSet},
		{pattern: "POST /studio/{brand}/hold/release", door: inBrand, need: access.HoldRelease, handle: p.holdRelease},
	}
}

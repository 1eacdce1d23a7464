package web

import (
	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// todayRoutes are the first page of a brand, and the hold of all of it.
func (p *Pages) todayRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}", Door: studio.InBrand, Need: access.BrandRead, Handle: p.todayShow},
		{Pattern: "GET /studio/{brand}/hold", Door: studio.InBrand, Need: access.BrandRead, Handle: p.holdShow},
		{Pattern: "POST /studio/{brand}/hold", Door: studio.InBrand, Need: access.HoldSet, Handle: p.holdSet},
		{Pattern: "POST /studio/{brand}/hold/release", Door: studio.InBrand, Need: access.HoldRelease, Handle: p.holdRelease},
	}
}

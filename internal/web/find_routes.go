package web

import (
	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// findRoutes are what is found by words.
func (p *Pages) findRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/search", Door: studio.InBrand, Need: access.PostRead, Handle: p.searchShow},
		{Pattern: "GET /studio/{brand}/palette", Door: studio.InBrand, Need: access.BrandRead, Handle: p.paletteFind},
	}
}

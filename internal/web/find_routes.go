package web

import "rapport/internal/access"

// findRoutes are what is found by words.
func (p *Pages) findRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/search", door: inBrand, need: access.PostRead, handle: p.searchShow},
		{pattern: "GET /studio/{brand}/palette", door: inBrand, need: access.BrandRead, handle: p.paletteFind},
	}
}

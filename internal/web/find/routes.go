// Package find is what is found by words: the page of results and the palette.
package find

import (
	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// Pages are the search.
type Pages struct{ *studio.Studio }

// New returns them.
func New(s *studio.Studio) *Pages { return &Pages{s} }

// Routes are what is found by words.
func (p *Pages) Routes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/search", Door: studio.InBrand, Need: access.PostRead, Handle: p.searchShow},
		{Pattern: "GET /studio/{brand}/palette", Door: studio.InBrand, Need: access.BrandRead, Handle: p.paletteFind},
	}
}

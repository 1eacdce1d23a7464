package web

import "rapport/internal/access"

// studioAll are what every page loads around its content.
func (p *Pages) studioAll() []route {
	return []route{
		{pattern: "GET /studio/{brand}/theme.css", door: inBrand, need: access.BrandRead, handle: p.themeCSS},
		{pattern: "GET /studio/{brand}/frame", door: inBrand, need: access.BrandRead, handle: p.frameShow},
		{pattern: "GET /studio/live", door: signedIn, handle: p.liveStream},
		{pattern: "GET /studio/gallery", door: signedIn, handle: p.galleryShow},
	}
}

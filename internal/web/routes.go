package web

import "slices"

// route is one line of the list of routes.
type route struct {
	pattern string
	door    door
	handle  handler
	body    int64 // most bytes a request may send; 0 is formMost
}

// routes is every route there is, area by area.
func (p *Pages) routes() []route {
	return slices.Concat(
		p.doorRoutes(),
		p.brandRoutes(),
		p.settingsRoutes(),
	)
}

// doorRoutes lead in and out.
func (p *Pages) doorRoutes() []route {
	return []route{
		{pattern: "GET /{$}", handle: p.root},
		{pattern: "GET /studio/sign-in", handle: p.signInShow},
		{pattern: "POST /studio/sign-in", handle: p.signInDo},
		{pattern: "POST /studio/sign-out", handle: p.signOutDo},
		{pattern: "GET /setup", handle: p.setupShow},
		{pattern: "POST /setup", handle: p.setupDo},
		{pattern: "GET /studio", door: signedIn, handle: p.studioFirst},
		{pattern: "GET /studio/brands/new", door: signedIn, handle: p.brandNew},
		{pattern: "POST /studio/brands", door: signedIn, handle: p.brandCreate},
		{pattern: "POST /studio/theme", door: signedIn, handle: p.themeSet},
	}
}

// brandRoutes are the daily pages of a brand.
func (p *Pages) brandRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}", door: inBrand, handle: p.todayShow},
		{pattern: "GET /studio/{brand}/theme.css", door: inBrand, handle: p.themeCSS},
		{pattern: "GET /studio/{brand}/hold", door: inBrand, handle: p.holdShow},
		{pattern: "POST /studio/{brand}/hold", door: inBrand, handle: p.holdSet},
		{pattern: "POST /studio/{brand}/hold/release", door: inBrand, handle: p.holdRelease},
	}
}

// settingsRoutes are the brand's settings and the account's own.
func (p *Pages) settingsRoutes() []route {
	return []route{}
}

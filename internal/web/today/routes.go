// Package today is the first page of a brand: what needs a person, what goes
// out, what happened; and the hold of all of it.
package today

import (
	"rapport/internal/access"
	"rapport/internal/web/posts"
	"rapport/internal/web/studio"
	"rapport/internal/web/together"
)

// Pages are Today and the hold.
type Pages struct {
	*studio.Studio
	posts    *posts.Pages
	together *together.Pages
}

// New returns them. They show parts of the other pages they are given.
func New(s *studio.Studio, posts *posts.Pages, together *together.Pages) *Pages {
	return &Pages{Studio: s, posts: posts, together: together}
}

// Routes are the first page of a brand, and the hold of all of it.
func (p *Pages) Routes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}", Door: studio.InBrand, Need: access.BrandRead, Handle: p.todayShow},
		{Pattern: "GET /studio/{brand}/hold", Door: studio.InBrand, Need: access.BrandRead, Handle: p.holdShow},
		{Pattern: "POST /studio/{brand}/hold", Door: studio.InBrand, Need: access.HoldSet, Handle: p.holdSet},
		{Pattern: "POST /studio/{brand}/hold/release", Door: studio.InBrand, Need: access.HoldRelease, Handle: p.holdRelease},
	}
}

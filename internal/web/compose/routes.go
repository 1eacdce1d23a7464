// Package compose is where a post is written, for several channels at once.
package compose

import (
	"rapport/internal/access"
	"rapport/internal/web/library"
	"rapport/internal/web/studio"
	"rapport/internal/web/together"
)

// Pages are the composer.
type Pages struct {
	*studio.Studio
	library  *library.Pages
	together *together.Pages
}

// New returns them. They show parts of the other pages they are given.
func New(s *studio.Studio, library *library.Pages, together *together.Pages) *Pages {
	return &Pages{Studio: s, library: library, together: together}
}

// Routes are where posts are written.
func (p *Pages) Routes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/compose", Door: studio.InBrand, Need: access.PostWrite, Handle: p.composeNew},
		{Pattern: "POST /studio/{brand}/compose", Door: studio.InBrand, Need: access.PostWrite, Handle: p.composeDo, Body: studio.PicturesMost},
		{Pattern: "POST /studio/{brand}/compose/edit", Door: studio.InBrand, Need: access.PostWrite, Handle: p.composeChange, Body: studio.PicturesMost},
		{Pattern: "POST /studio/{brand}/compose/save", Door: studio.InBrand, Need: access.PostWrite, Handle: p.composeSave, Body: TextMost},
		{Pattern: "POST /studio/{brand}/compose/check", Door: studio.InBrand, Need: access.PostWrite, Handle: p.composeCheck, Body: TextMost},
		{Pattern: "GET /studio/{brand}/posts/{post}/edit", Door: studio.InBrand, Need: access.PostWrite, Handle: p.composeEdit},
	}
}

package web

import (
	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// composeRoutes are where posts are written.
func (p *Pages) composeRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/compose", Door: studio.InBrand, Need: access.PostWrite, Handle: p.composeNew},
		{Pattern: "POST /studio/{brand}/compose", Door: studio.InBrand, Need: access.PostWrite, Handle: p.composeDo, Body: studio.PicturesMost},
		{Pattern: "POST /studio/{brand}/compose/edit", Door: studio.InBrand, Need: access.PostWrite, Handle: p.composeChange, Body: studio.PicturesMost},
		{Pattern: "POST /studio/{brand}/compose/save", Door: studio.InBrand, Need: access.PostWrite, Handle: p.composeSave, Body: sheetMost},
		{Pattern: "POST /studio/{brand}/compose/check", Door: studio.InBrand, Need: access.PostWrite, Handle: p.composeCheck, Body: sheetMost},
		{Pattern: "GET /studio/{brand}/posts/{post}/edit", Door: studio.InBrand, Need: access.PostWrite, Handle: p.composeEdit},
	}
}

package web

import "rapport/internal/access"

// composeRoutes are where posts are written.
func (p *Pages) composeRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/compose", door: inBrand, need: access.PostWrite, handle: p.composeNew},
		{pattern: "POST /studio/{brand}/compose", door: inBrand, need: access.PostWrite, handle: p.composeDo, body: composeMost},
		{pattern: "POST /studio/{brand}/compose/edit", door: inBrand, need: access.PostWrite, handle: p.composeChange, body: composeMost},
		{pattern: "POST /studio/{brand}/compose/save", door: inBrand, need: access.PostWrite, handle: p.composeSave, body: sheetMost},
		{pattern: "POST /studio/{brand}/compose/check", door: inBrand, need: access.PostWrite, handle: p.composeCheck, body: sheetMost},
		{pattern: "GET /studio/{brand}/posts/{post}/edit", door: inBrand, need: access.PostWrite, handle: p.composeEdit},
	}
}

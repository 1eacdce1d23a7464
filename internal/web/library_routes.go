package web

import "rapport/internal/access"

// mediaRoutes are the library of pictures and their files.
func (p *Pages) mediaRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/media", door: inBrand, need: access.MediaRead, handle: p.mediaList},
		{pattern: "POST /studio/{brand}/media", door: inBrand, need: access.MediaWrite, handle: p.mediaAdd, body: composeMost},
		{pattern: "GET /studio/{brand}/media/strip", door: inBrand, need: access.MediaRead, handle: p.mediaStrip},
		{pattern: "GET /studio/{brand}/media/{media}", door: inBrand, need: access.MediaRead, handle: p.mediaShow},
		{pattern: "GET /studio/{brand}/media/{media}/file", door: inBrand, need: access.MediaRead, handle: p.mediaFile},
		{pattern: "POST /studio/{brand}/media/{media}/describe", door: inBrand, need: access.MediaWrite, handle: p.mediaDescribe},
		{pattern: "GET /studio/{brand}/media/{media}/crop", door: inBrand, need: access.MediaWrite, handle: p.mediaCropShow},
		{pattern: "POST /studio/{brand}/media/{media}/crop", door: inBrand, need: access.MediaWrite, handle: p.mediaCrop},
		{pattern: "POST /studio/{brand}/media/{media}/delete", door: inBrand, need: access.MediaWrite, handle: p.mediaDelete},
		{pattern: "POST /studio/{brand}/media/{media}/restore", door: inBrand, need: access.MediaWrite, handle: p.mediaRestore},
	}
}

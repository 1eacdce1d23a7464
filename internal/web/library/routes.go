// Package library is the library of pictures.
package library

import (
	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// Pages are the library.
type Pages struct{ *studio.Studio }

// New returns them.
func New(s *studio.Studio) *Pages { return &Pages{s} }

// Routes are the library of pictures and their files.
func (p *Pages) Routes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/media", Door: studio.InBrand, Need: access.MediaRead, Handle: p.mediaList},
		{Pattern: "POST /studio/{brand}/media", Door: studio.InBrand, Need: access.MediaWrite, Handle: p.mediaAdd, Body: studio.PicturesMost},
		{Pattern: "GET /studio/{brand}/media/strip", Door: studio.InBrand, Need: access.MediaRead, Handle: p.mediaStrip},
		{Pattern: "GET /studio/{brand}/media/{media}", Door: studio.InBrand, Need: access.MediaRead, Handle: p.mediaShow},
		{Pattern: "GET /studio/{brand}/media/{media}/file", Door: studio.InBrand, Need: access.MediaRead, Handle: p.mediaFile},
		{Pattern: "POST /studio/{brand}/media/{media}/describe", Door: studio.InBrand, Need: access.MediaWrite, Handle: p.mediaDescribe},
		{Pattern: "GET /studio/{brand}/media/{media}/crop", Door: studio.InBrand, Need: access.MediaWrite, Handle: p.mediaCropShow},
		{Pattern: "POST /studio/{brand}/media/{media}/crop", Door: studio.InBrand, Need: access.MediaWrite, Handle: p.mediaCrop},
		{Pattern: "POST /studio/{brand}/media/{media}/delete", Door: studio.InBrand, Need: access.MediaWrite, Handle: p.mediaDelete},
		{Pattern: "POST /studio/{brand}/media/{media}/restore", Door: studio.InBrand, Need: access.MediaWrite, Handle: p.mediaRestore},
	}
}

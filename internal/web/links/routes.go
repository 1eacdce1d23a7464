// Package links is the links that count, and what the community gives to the
// channels.
package links

import (
	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// Pages are the links.
type Pages struct{ *studio.Studio }

// New returns them.
func New(s *studio.Studio) *Pages { return &Pages{s} }

// Routes are the short links and what the community says becoming posts.
func (p *Pages) Routes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/links", Door: studio.InBrand, Need: access.PostRead, Handle: p.linkList},
		{Pattern: "POST /studio/{brand}/links", Door: studio.InBrand, Need: access.PostWrite, Handle: p.linkCreate},
		{Pattern: "GET /studio/{brand}/links/new", Door: studio.InBrand, Need: access.PostWrite, Handle: p.linkNew},
		{Pattern: "POST /studio/{brand}/links/{link}/end", Door: studio.InBrand, Need: access.PostWrite, Handle: p.linkEnd},
		{Pattern: "POST /studio/{brand}/promote", Door: studio.InBrand, Need: access.PostWrite, Handle: p.promoteDo},
	}
}

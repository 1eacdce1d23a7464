// Package people is who the brand knows: the list, a person's page, and two
// records that are one person.
package people

import (
	"slices"

	"rapport/internal/access"
	"rapport/internal/web/studio"
	"rapport/internal/web/team"
)

// Pages are the people.
type Pages struct {
	*studio.Studio
	team *team.Pages
}

// New returns them. They show parts of the other pages they are given.
func New(s *studio.Studio, team *team.Pages) *Pages {
	return &Pages{Studio: s, team: team}
}

// Routes are who the brand knows.
func (p *Pages) Routes() []studio.Route {
	return slices.Concat(p.peopleRoutes(), p.sameRoutes())
}

// peopleRoutes are the people that the brand knows.
func (p *Pages) peopleRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/people", Door: studio.InBrand, Need: access.PersonRead, Handle: p.peopleList},
		{Pattern: "GET /studio/{brand}/people/{person}", Door: studio.InBrand, Need: access.PersonRead, Handle: p.personShow},
		{Pattern: "POST /studio/{brand}/people/{person}/save", Door: studio.InBrand, Need: access.PersonWrite, Handle: p.personSave},
		{Pattern: "POST /studio/{brand}/people/{person}/notes", Door: studio.InBrand, Need: access.PersonWrite, Handle: p.personNote},
		{Pattern: "POST /studio/{brand}/people/{person}/export", Door: studio.InBrand, Need: access.PersonWrite, Handle: p.personExport},
		{Pattern: "GET /studio/{brand}/people/{person}/erase", Door: studio.InBrand, Need: access.PersonWrite, Handle: p.personEraseAsk},
		{Pattern: "POST /studio/{brand}/people/{person}/erase", Door: studio.InBrand, Need: access.PersonWrite, Handle: p.personErase},
	}
}

// sameRoutes are where the team makes one person of two records, and takes
// them apart again.
func (p *Pages) sameRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/people/{person}/same", Door: studio.InBrand, Need: access.PersonWrite, Handle: p.sameFind},
		{Pattern: "GET /studio/{brand}/people/{person}/same/{other}", Door: studio.InBrand, Need: access.PersonWrite, Handle: p.sameReview},
		{Pattern: "POST /studio/{brand}/people/{person}/same/{other}", Door: studio.InBrand, Need: access.PersonWrite, Handle: p.sameJoin},
		{Pattern: "GET /studio/{brand}/people/{person}/merges/{merge}", Door: studio.InBrand, Need: access.PersonWrite, Handle: p.mergeAsk},
		{Pattern: "POST /studio/{brand}/people/{person}/merges/{merge}", Door: studio.InBrand, Need: access.PersonWrite, Handle: p.mergeUndo},
	}
}

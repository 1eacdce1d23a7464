package web

import (
	"slices"

	"rapport/internal/access"
)

// peopleAll are who the brand knows.
func (p *Pages) peopleAll() []route {
	return slices.Concat(p.peopleRoutes(), p.sameRoutes())
}

// peopleRoutes are the people that the brand knows.
func (p *Pages) peopleRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/people", door: inBrand, need: access.PersonRead, handle: p.peopleList},
		{pattern: "GET /studio/{brand}/people/{person}", door: inBrand, need: access.PersonRead, handle: p.personShow},
		{pattern: "POST /studio/{brand}/people/{person}/save", door: inBrand, need: access.PersonWrite, handle: p.personSave},
		{pattern: "POST /studio/{brand}/people/{person}/notes", door: inBrand, need: access.PersonWrite, handle: p.personNote},
		{pattern: "POST /studio/{brand}/people/{person}/export", door: inBrand, need: access.PersonWrite, handle: p.personExport},
		{pattern: "GET /studio/{brand}/people/{person}/erase", door: inBrand, need: access.PersonWrite, handle: p.personEraseAsk},
		{pattern: "POST /studio/{brand}/people/{person}/erase", door: inBrand, need: access.PersonWrite, handle: p.personErase},
	}
}

// sameRoutes are where the team makes one person of two records, and takes
// them apart again.
func (p *Pages) sameRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/people/{person}/same", door: inBrand, need: access.PersonWrite, handle: p.sameFind},
		{pattern: "GET /studio/{brand}/people/{person}/same/{other}", door: inBrand, need: access.PersonWrite, handle: p.sameReview},
		{pattern: "POST /studio/{brand}/people/{person}/same/{other}", door: inBrand, need: access.PersonWrite, handle: p.sameJoin},
		{pattern: "GET /studio/{brand}/people/{person}/merges/{merge}", door: inBrand, need: access.PersonWrite, handle: p.mergeAsk},
		{pattern: "POST /studio/{brand}/people/{person}/merges/{merge}", door: inBrand, need: access.PersonWrite, handle: p.mergeUndo},
	}
}

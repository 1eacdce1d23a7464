package web

import (
	"slices"

	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// routes is every route there is, area by area.
func (p *Pages) routes() []studio.Route {
	return slices.Concat(
		p.FrameRoutes(),
		p.door.Routes(),
		p.channels.Routes(),
		p.todayRoutes(),
		p.calendar.Routes(),
		p.compose.Routes(),
		p.postAll(),
		p.library.Routes(),
		p.inbox.Routes(),
		p.insights.Routes(),
		p.people.Routes(),
		p.find.Routes(),
		p.together.Routes(),
		p.team.Routes(),
		p.settings.Routes(),
		p.moderation.Routes(),
		p.links.Routes(),
	)
}

// Address is a route as others are told of it.
type Address struct {
	Pattern string
	Need    access.Action // what a role needs to get anywhere there; "" outside of a brand
	Session bool          // only who is signed in passes
}

// Addresses are those of every page and form.
func (p *Pages) Addresses() []Address {
	var out []Address
	for _, rt := range p.routes() {
		out = append(out, Address{Pattern: rt.Pattern, Need: rt.Need, Session: rt.Door != studio.Anyone})
	}
	return out
}

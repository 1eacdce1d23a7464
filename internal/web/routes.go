package web

import (
	"slices"

	"rapport/internal/access"
	"rapport/internal/web/calendar"
	"rapport/internal/web/channels"
	"rapport/internal/web/compose"
	"rapport/internal/web/door"
	"rapport/internal/web/find"
	"rapport/internal/web/inbox"
	"rapport/internal/web/insights"
	"rapport/internal/web/library"
	"rapport/internal/web/links"
	"rapport/internal/web/moderation"
	"rapport/internal/web/people"
	"rapport/internal/web/posts"
	"rapport/internal/web/settings"
	"rapport/internal/web/studio"
	"rapport/internal/web/team"
	"rapport/internal/web/today"
	"rapport/internal/web/together"
)

// routes is every route there is, area by area.
func (p *Pages) routes() []studio.Route {
	s := p.studio
	var (
		insights = insights.New(s)
		library  = library.New(s)
		links    = links.New(s)
		team     = team.New(s)
		together = together.New(s)
		posts    = posts.New(s, insights, links, team, together)
	)
	return slices.Concat(
		s.FrameRoutes(),
		door.New(s).Routes(),
		today.New(s, posts, together).Routes(),
		inbox.New(s, together).Routes(),
		calendar.New(s).Routes(),
		compose.New(s, library, together).Routes(),
		posts.Routes(),
		together.Routes(),
		library.Routes(),
		links.Routes(),
		people.New(s, team).Routes(),
		find.New(s).Routes(),
		moderation.New(s).Routes(),
		insights.Routes(),
		channels.New(s, insights, team).Routes(),
		team.Routes(),
		settings.New(s).Routes(),
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

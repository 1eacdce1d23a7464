// Package channels is a brand's channels: how they are, how they are
// connected, and what is read from them.
package channels

import (
	"net/http"
	"slices"

	"rapport/internal/access"
	"rapport/internal/network"
	"rapport/internal/web/insights"
	"rapport/internal/web/studio"
	"rapport/internal/web/team"
)

// Pages are the channels.
type Pages struct {
	*studio.Studio
	insights *insights.Pages
	team     *team.Pages
}

// New returns them. They show parts of the other pages they are given.
func New(s *studio.Studio, insights *insights.Pages, team *team.Pages) *Pages {
	return &Pages{Studio: s, insights: insights, team: team}
}

// Routes are a brand's channels and where they are connected.
func (p *Pages) Routes() []studio.Route {
	return slices.Concat(p.channelRoutes(), p.connectRoutes())
}

// channelRoutes are the channels that are there.
func (p *Pages) channelRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/channels", Door: studio.InBrand, Need: access.ChannelRead, Handle: p.channelList},
		{Pattern: "GET /studio/{brand}/channels/{channel}", Door: studio.InBrand, Need: access.ChannelRead, Handle: p.channelShow},
		{Pattern: "GET /studio/{brand}/channels/{channel}/import", Door: studio.InBrand, Need: access.ChannelRead, Handle: p.channelImport},
		{Pattern: "POST /studio/{brand}/channels/{channel}/import", Door: studio.InBrand, Need: access.ChannelWrite, Handle: p.channelImportAgain},
		{Pattern: "GET /studio/{brand}/channels/{channel}/log", Door: studio.InBrand, Need: access.ChannelRead, Handle: p.channelLog},
		{Pattern: "POST /studio/{brand}/channels/{channel}/check", Door: studio.InBrand, Need: access.ChannelWrite, Handle: p.channelCheck},
		{Pattern: "GET /studio/{brand}/channels/{channel}/remove", Door: studio.InBrand, Need: access.ChannelWrite, Sure: true, Handle: p.channelLeave},
		{Pattern: "POST /studio/{brand}/channels/{channel}/remove", Door: studio.InBrand, Need: access.ChannelWrite, Sure: true, Handle: p.channelRemove},
	}
}

// connectRoutes are where channels are connected. Where networks send a person
// back to is an address for each network, so that it hides no page of a brand.
func (p *Pages) connectRoutes() []studio.Route {
	out := []studio.Route{
		{Pattern: "GET /studio/{brand}/connect", Door: studio.InBrand, Need: access.ChannelWrite, Sure: true, Handle: p.connectChoose},
		{Pattern: "GET /studio/{brand}/connect/{network}", Door: studio.InBrand, Need: access.ChannelWrite, Sure: true, Handle: p.connectShow},
		{Pattern: "POST /studio/{brand}/connect/{network}", Door: studio.InBrand, Need: access.ChannelWrite, Sure: true, Handle: p.connectDo},
	}
	for _, n := range p.Networks.All() {
		if _, can := n.(network.Authorizer); can {
			name := n.Facts().Name
			out = append(out, studio.Route{Pattern: "GET " + connectedPath(name), Door: studio.SignedIn,
				Handle: func(w http.ResponseWriter, r *http.Request) error { return p.connectReturn(w, r, name) }})
		}
	}
	return out
}

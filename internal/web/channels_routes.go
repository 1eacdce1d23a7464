package web

import (
	"net/http"
	"slices"

	"rapport/internal/access"
	"rapport/internal/network"
)

// channelAll are a brand's channels and where they are connected.
func (p *Pages) channelAll() []route {
	return slices.Concat(p.channelRoutes(), p.connectRoutes())
}

// channelRoutes are the channels that are there.
func (p *Pages) channelRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/channels", door: inBrand, need: access.ChannelRead, handle: p.channelList},
		{pattern: "GET /studio/{brand}/channels/{channel}", door: inBrand, need: access.ChannelRead, handle: p.channelShow},
		{pattern: "GET /studio/{brand}/channels/{channel}/import", door: inBrand, need: access.ChannelRead, handle: p.channelImport},
		{pattern: "POST /studio/{brand}/channels/{channel}/import", door: inBrand, need: access.ChannelWrite, handle: p.channelImportAgain},
		{pattern: "GET /studio/{brand}/channels/{channel}/log", door: inBrand, need: access.ChannelRead, handle: p.channelLog},
		{pattern: "POST /studio/{brand}/channels/{channel}/check", door: inBrand, need: access.ChannelWrite, handle: p.channelCheck},
		{pattern: "GET /studio/{brand}/channels/{channel}/remove", door: inBrand, need: access.ChannelWrite, sure: true, handle: p.channelLeave},
		{pattern: "POST /studio/{brand}/channels/{channel}/remove", door: inBrand, need: access.ChannelWrite, sure: true, handle: p.channelRemove},
	}
}

// connectRoutes are where channels are connected. Where networks send a person
// back to is an address for each network, so that it hides no page of a brand.
func (p *Pages) connectRoutes() []route {
	out := []route{
		{pattern: "GET /studio/{brand}/connect", door: inBrand, need: access.ChannelWrite, sure: true, handle: p.connectChoose},
		{pattern: "GET /studio/{brand}/connect/{network}", door: inBrand, need: access.ChannelWrite, sure: true, handle: p.connectShow},
		{pattern: "POST /studio/{brand}/connect/{network}", door: inBrand, need: access.ChannelWrite, sure: true, handle: p.connectDo},
	}
	for _, n := range p.Networks.All() {
		if _, can := n.(network.Authorizer); can {
			name := n.Facts().Name
			out = append(out, route{pattern: "GET " + connectedPath(name), door: signedIn,
				handle: func(w http.ResponseWriter, r *http.Request) error { return p.connectReturn(w, r, name) }})
		}
	}
	return out
}

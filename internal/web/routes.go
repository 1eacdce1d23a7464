package web

import (
	"net/http"
	"slices"

	"rapport/internal/access"
	"rapport/internal/network"
)

// route is one line of the list of routes.
type route struct {
	pattern string
	door    door
	need    access.Action // what a role needs to get anywhere here; of routes in a brand
	handle  handler
	body    int64 // most bytes a request may send; 0 is formMost
	// sure asks for the password again, unless it was given lately: before
	// somebody changes who or what else has access.
	sure bool
}

// routes is every route there is, area by area.
func (p *Pages) routes() []route {
	return slices.Concat(
		p.doorRoutes(),
		p.confirmRoutes(),
		p.secondRoutes(),
		p.inviteRoutes(),
		p.forgotRoutes(),
		p.connectRoutes(),
		p.brandRoutes(),
		p.postRoutes(),
		p.approvalRoutes(),
		p.mediaRoutes(),
		p.inboxRoutes(),
		p.insightRoutes(),
		p.overviewRoutes(),
		p.peopleRoutes(),
		p.teamRoutes(),
		p.accountRoutes(),
		p.settingsRoutes(),
		p.webhookRoutes(),
		p.dataRoutes(),
		p.logRoutes(),
		p.togetherRoutes(),
		p.logoRoutes(),
		p.communityRoutes(),
		p.linkRoutes(),
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
		out = append(out, Address{Pattern: rt.pattern, Need: rt.need, Session: rt.door != anyone})
	}
	return out
}

// doorRoutes lead in and out.
func (p *Pages) doorRoutes() []route {
	return []route{
		{pattern: "GET /{$}", handle: p.root},
		{pattern: "GET /studio/sign-in", handle: p.signInShow},
		{pattern: "POST /studio/sign-in", handle: p.signInDo},
		{pattern: "POST /studio/sign-out", handle: p.signOutDo},
		{pattern: "GET /setup", handle: p.setupShow},
		{pattern: "POST /setup", handle: p.setupDo},
		{pattern: "GET /studio", door: signedIn, handle: p.studioFirst},
		{pattern: "GET /studio/brands/new", door: signedIn, handle: p.brandNew},
		{pattern: "POST /studio/brands", door: signedIn, handle: p.brandCreate},
		{pattern: "POST /studio/theme", door: signedIn, handle: p.themeSet},
		{pattern: "POST /studio/language", door: signedIn, handle: p.languageSet},
		{pattern: "GET /studio/live", door: signedIn, handle: p.liveStream},
		{pattern: "GET /studio/gallery", door: signedIn, handle: p.galleryShow},
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

// brandRoutes are the daily pages of a brand.
func (p *Pages) brandRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}", door: inBrand, need: access.BrandRead, handle: p.todayShow},
		{pattern: "GET /studio/{brand}/calendar", door: inBrand, need: access.PostRead, handle: p.calendarShow},
		{pattern: "POST /studio/{brand}/calendar/{post}", door: inBrand, need: access.PostWrite, handle: p.calendarMove},
		{pattern: "GET /studio/{brand}/theme.css", door: inBrand, need: access.BrandRead, handle: p.themeCSS},
		{pattern: "GET /studio/{brand}/frame", door: inBrand, need: access.BrandRead, handle: p.frameShow},
		{pattern: "GET /studio/{brand}/palette", door: inBrand, need: access.BrandRead, handle: p.paletteFind},
		{pattern: "GET /studio/{brand}/hold", door: inBrand, need: access.BrandRead, handle: p.holdShow},
		{pattern: "POST /studio/{brand}/hold", door: inBrand, need: access.HoldSet, handle: p.holdSet},
		{pattern: "POST /studio/{brand}/hold/release", door: inBrand, need: access.HoldRelease, handle: p.holdRelease},
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

// settingsRoutes are the brand's settings and the account's own.
func (p *Pages) settingsRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/settings", door: inBrand, need: access.BrandRead, handle: p.settingsFirst},
		{pattern: "GET /studio/{brand}/settings/brand", door: inBrand, need: access.BrandRead, handle: p.settingsBrand},
		{pattern: "POST /studio/{brand}/settings/brand", door: inBrand, need: access.BrandWrite, handle: p.settingsBrandSave},
		{pattern: "GET /studio/{brand}/settings/tokens", door: inBrand, need: access.TokenWrite, sure: true, handle: p.settingsTokens},
		{pattern: "POST /studio/{brand}/settings/tokens", door: inBrand, need: access.TokenWrite, sure: true, handle: p.settingsTokenCreate},
		{pattern: "POST /studio/{brand}/settings/tokens/{token}/revoke", door: inBrand, need: access.TokenWrite, sure: true, handle: p.settingsTokenRevoke},
		{pattern: "GET /studio/{brand}/settings/mail", door: inBrand, need: access.TeamWrite, handle: p.settingsMail},
		{pattern: "GET /studio/{brand}/settings/mail/{letter}", door: inBrand, need: access.TeamWrite, handle: p.settingsLetter},
		{pattern: "GET /studio/{brand}/settings/about", door: inBrand, need: access.BrandRead, handle: p.settingsAbout},
		{pattern: "POST /studio/{brand}/settings/mail/test", door: inBrand, need: access.TeamWrite, handle: p.settingsMailTest},
	}
}

// postRoutes are where posts are written, listed, told and decided.
func (p *Pages) postRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/compose", door: inBrand, need: access.PostWrite, handle: p.composeNew},
		{pattern: "POST /studio/{brand}/compose", door: inBrand, need: access.PostWrite, handle: p.composeDo, body: composeMost},
		{pattern: "POST /studio/{brand}/compose/edit", door: inBrand, need: access.PostWrite, handle: p.composeChange, body: composeMost},
		{pattern: "POST /studio/{brand}/compose/save", door: inBrand, need: access.PostWrite, handle: p.composeSave, body: sheetMost},
		{pattern: "POST /studio/{brand}/compose/check", door: inBrand, need: access.PostWrite, handle: p.composeCheck, body: sheetMost},
		{pattern: "GET /studio/{brand}/posts", door: inBrand, need: access.PostRead, handle: p.postList},
		{pattern: "POST /studio/{brand}/posts/bulk", door: inBrand, need: access.PostWrite, handle: p.postBulk},
		{pattern: "GET /studio/{brand}/posts/{post}", door: inBrand, need: access.PostRead, handle: p.postShow},
		{pattern: "GET /studio/{brand}/posts/{post}/edit", door: inBrand, need: access.PostWrite, handle: p.composeEdit},
		{pattern: "POST /studio/{brand}/posts/{post}/move", door: inBrand, need: access.PostWrite, handle: p.postMove},
		{pattern: "POST /studio/{brand}/posts/{post}/unschedule", door: inBrand, need: access.PostPublish, handle: p.postUnschedule},
		{pattern: "POST /studio/{brand}/posts/{post}/duplicate", door: inBrand, need: access.PostWrite, handle: p.postDuplicate},
		{pattern: "POST /studio/{brand}/posts/{post}/delete", door: inBrand, need: access.PostWrite, handle: p.postDelete},
		{pattern: "POST /studio/{brand}/posts/{post}/restore", door: inBrand, need: access.PostWrite, handle: p.postRestore},
		{pattern: "GET /studio/{brand}/attention", door: inBrand, need: access.PostRead, handle: p.attentionShow},
		{pattern: "POST /studio/{brand}/attention/missed", door: inBrand, need: access.DeliveryResolve, handle: p.attentionMissed},
		{pattern: "POST /studio/{brand}/deliveries/{delivery}/resolve", door: inBrand, need: access.DeliveryResolve, handle: p.deliveryResolve},
		{pattern: "GET /studio/{brand}/deliveries/{delivery}/remove", door: inBrand, need: access.DeliveryResolve, handle: p.deliveryLeave},
		{pattern: "POST /studio/{brand}/deliveries/{delivery}/remove", door: inBrand, need: access.DeliveryResolve, handle: p.deliveryRemove},
	}
}

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

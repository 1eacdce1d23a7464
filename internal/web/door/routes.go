// Package door is the ways into the studio and out of it: signing in, the
// second factor, the first set-up, invitations, lost passwords; and what is
// one's own: the account and the look.
package door

import (
	"slices"

	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// Pages are the ways in and out, and one's own account.
type Pages struct{ *studio.Studio }

// New returns them.
func New(s *studio.Studio) *Pages { return &Pages{s} }

// Routes lead in and out, and to one's own account.
func (p *Pages) Routes() []studio.Route {
	return slices.Concat(p.doorRoutes(), p.confirmRoutes(), p.secondRoutes(), p.invitationRoutes(), p.forgotRoutes(), p.accountRoutes())
}

// doorRoutes lead in and out.
func (p *Pages) doorRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /{$}", Handle: p.root},
		{Pattern: "GET /studio/sign-in", Handle: p.signInShow},
		{Pattern: "POST /studio/sign-in", Handle: p.signInDo},
		{Pattern: "POST /studio/sign-out", Handle: p.signOutDo},
		{Pattern: "GET /setup", Handle: p.setupShow},
		{Pattern: "POST /setup", Handle: p.setupDo},
		{Pattern: "GET /studio", Door: studio.SignedIn, Handle: p.studioFirst},
		{Pattern: "GET /studio/brands/new", Door: studio.SignedIn, Handle: p.brandNew},
		{Pattern: "POST /studio/brands", Door: studio.SignedIn, Handle: p.brandCreate},
		{Pattern: "POST /studio/theme", Door: studio.SignedIn, Handle: p.themeSet},
		{Pattern: "POST /studio/language", Door: studio.SignedIn, Handle: p.languageSet},
	}
}

func (p *Pages) confirmRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/confirm", Door: studio.SignedIn, Handle: p.confirmShow},
		{Pattern: "POST /studio/confirm", Door: studio.SignedIn, Handle: p.confirmDo},
	}
}

func (p *Pages) secondRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/sign-in/code", Handle: p.codeShow},
		{Pattern: "POST /studio/sign-in/code", Handle: p.codeDo},
		{Pattern: "GET " + studio.SecondPath, Door: studio.SignedIn, Sure: true, Handle: p.secondShow},
		{Pattern: "POST " + studio.SecondPath, Door: studio.SignedIn, Sure: true, Handle: p.secondConfirm},
		{Pattern: "POST " + studio.SecondPath + "/codes", Door: studio.SignedIn, Sure: true, Handle: p.secondCodes},
		{Pattern: "POST " + studio.SecondPath + "/off", Door: studio.SignedIn, Sure: true, Handle: p.secondOff},
	}
}

func (p *Pages) invitationRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /invitation/{token}", Handle: p.invitationShow},
		{Pattern: "POST /invitation/{token}", Handle: p.invitationAccept},
	}
}

func (p *Pages) forgotRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/forgot", Handle: p.forgotShow},
		{Pattern: "POST /studio/forgot", Handle: p.forgotDo},
		{Pattern: "GET /studio/account/password/{token}", Handle: p.resetShow},
		{Pattern: "POST /studio/account/password/{token}", Handle: p.resetDo},
		{Pattern: "GET /studio/account/address/{token}", Handle: p.addressShow},
		{Pattern: "POST /studio/account/address/{token}", Handle: p.addressDo},
	}
}

func (p *Pages) accountRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/settings/account", Door: studio.InBrand, Need: access.BrandRead, Handle: p.settingsAccount},
		{Pattern: "POST /studio/{brand}/settings/account/name", Door: studio.InBrand, Need: access.BrandRead, Handle: p.accountName},
		{Pattern: "POST /studio/{brand}/settings/account/address", Door: studio.InBrand, Need: access.BrandRead, Sure: true, Handle: p.accountAddress},
		{Pattern: "POST /studio/{brand}/settings/account/password", Door: studio.InBrand, Need: access.BrandRead, Handle: p.settingsPassword},
		{Pattern: "POST /studio/{brand}/settings/account/sessions/end", Door: studio.InBrand, Need: access.BrandRead, Handle: p.accountSessionsEnd},
		{Pattern: "POST /studio/{brand}/settings/account/sessions/{session}/end", Door: studio.InBrand, Need: access.BrandRead, Handle: p.settingsSessionEnd},
		{Pattern: "GET /studio/{brand}/settings/account/erase", Door: studio.InBrand, Need: access.BrandRead, Sure: true, Handle: p.accountEraseAsk},
		{Pattern: "POST /studio/{brand}/settings/account/erase", Door: studio.InBrand, Need: access.BrandRead, Sure: true, Handle: p.accountErase},
		{Pattern: "GET /studio/account/leave/{from}", Door: studio.SignedIn, Handle: p.leaveShow},
		{Pattern: "POST /studio/account/leave/{from}", Door: studio.SignedIn, Handle: p.leaveDo},
	}
}

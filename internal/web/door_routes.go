package web

import (
	"slices"

	"rapport/internal/access"
)

// doorAll lead in and out, and to one's own account.
func (p *Pages) doorAll() []route {
	return slices.Concat(p.doorRoutes(), p.confirmRoutes(), p.secondRoutes(), p.invitationRoutes(), p.forgotRoutes(), p.accountRoutes())
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
	}
}

func (p *Pages) confirmRoutes() []route {
	return []route{
		{pattern: "GET /studio/confirm", door: signedIn, handle: p.confirmShow},
		{pattern: "POST /studio/confirm", door: signedIn, handle: p.confirmDo},
	}
}

func (p *Pages) secondRoutes() []route {
	return []route{
		{pattern: "GET /studio/sign-in/code", handle: p.codeShow},
		{pattern: "POST /studio/sign-in/code", handle: p.codeDo},
		{pattern: "GET " + secondPath, door: signedIn, sure: true, handle: p.secondShow},
		{pattern: "POST " + secondPath, door: signedIn, sure: true, handle: p.secondConfirm},
		{pattern: "POST " + secondPath + "/codes", door: signedIn, sure: true, handle: p.secondCodes},
		{pattern: "POST " + secondPath + "/off", door: signedIn, sure: true, handle: p.secondOff},
	}
}

func (p *Pages) invitationRoutes() []route {
	return []route{
		{pattern: "GET /invitation/{token}", handle: p.invitationShow},
		{pattern: "POST /invitation/{token}", handle: p.invitationAccept},
	}
}

func (p *Pages) forgotRoutes() []route {
	return []route{
		{pattern: "GET /studio/forgot", handle: p.forgotShow},
		{pattern: "POST /studio/forgot", handle: p.forgotDo},
		{pattern: "GET /studio/account/password/{token}", handle: p.resetShow},
		{pattern: "POST /studio/account/password/{token}", handle: p.resetDo},
		{pattern: "GET /studio/account/address/{token}", handle: p.addressShow},
		{pattern: "POST /studio/account/address/{token}", handle: p.addressDo},
	}
}

func (p *Pages) accountRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/settings/account", door: inBrand, need: access.BrandRead, handle: p.settingsAccount},
		{pattern: "POST /studio/{brand}/settings/account/name", door: inBrand, need: access.BrandRead, handle: p.accountName},
		{pattern: "POST /studio/{brand}/settings/account/address", door: inBrand, need: access.BrandRead, sure: true, handle: p.accountAddress},
		{pattern: "POST /studio/{brand}/settings/account/password", door: inBrand, need: access.BrandRead, handle: p.settingsPassword},
		{pattern: "POST /studio/{brand}/settings/account/sessions/end", door: inBrand, need: access.BrandRead, handle: p.accountSessionsEnd},
		{pattern: "POST /studio/{brand}/settings/account/sessions/{session}/end", door: inBrand, need: access.BrandRead, handle: p.settingsSessionEnd},
		{pattern: "GET /studio/{brand}/settings/account/erase", door: inBrand, need: access.BrandRead, sure: true, handle: p.accountEraseAsk},
		{pattern: "POST /studio/{brand}/settings/account/erase", door: inBrand, need: access.BrandRead, sure: true, handle: p.accountErase},
		{pattern: "GET /studio/account/leave/{from}", door: signedIn, handle: p.leaveShow},
		{pattern: "POST /studio/account/leave/{from}", door: signedIn, handle: p.leaveDo},
	}
}

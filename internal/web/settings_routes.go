package web

import (
	"slices"

	"rapport/internal/access"
	"rapport/internal/archive"
	"rapport/internal/media/picture"
)

// settingsAll are the settings of a brand and its data.
func (p *Pages) settingsAll() []route {
	return slices.Concat(p.settingsRoutes(), p.logoRoutes(), p.webhookRoutes(), p.dataRoutes())
}

// settingsRoutes are the brand's settings.
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

// logoRoutes are where a brand gets its picture, and where that is shown.
func (p *Pages) logoRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/logo", door: inBrand, need: access.BrandRead, handle: p.logoFile},
		{pattern: "POST /studio/{brand}/settings/brand/logo", door: inBrand, need: access.BrandWrite, handle: p.logoSet, body: picture.MaxBytes + 1<<20},
		{pattern: "POST /studio/{brand}/settings/brand/logo/remove", door: inBrand, need: access.BrandWrite, handle: p.logoRemove},
	}
}

// webhookRoutes are where other programs are told what happened.
func (p *Pages) webhookRoutes() []route {
	const at = "/studio/{brand}/settings/webhooks"
	return []route{
		{pattern: "GET " + at, door: inBrand, need: access.WebhookWrite, handle: p.webhookList},
		{pattern: "GET " + at + "/new", door: inBrand, need: access.WebhookWrite, handle: p.webhookNew},
		{pattern: "POST " + at, door: inBrand, need: access.WebhookWrite, handle: p.webhookCreate},
		{pattern: "GET " + at + "/{webhook}", door: inBrand, need: access.WebhookWrite, handle: p.webhookShow},
		{pattern: "GET " + at + "/{webhook}/edit", door: inBrand, need: access.WebhookWrite, handle: p.webhookEdit},
		{pattern: "POST " + at + "/{webhook}/edit", door: inBrand, need: access.WebhookWrite, handle: p.webhookChange},
		{pattern: "POST " + at + "/{webhook}/pause", door: inBrand, need: access.WebhookWrite, handle: p.webhookPause},
		{pattern: "POST " + at + "/{webhook}/resume", door: inBrand, need: access.WebhookWrite, handle: p.webhookResume},
		{pattern: "POST " + at + "/{webhook}/rotate", door: inBrand, need: access.WebhookWrite, handle: p.webhookRotate},
		{pattern: "POST " + at + "/{webhook}/test", door: inBrand, need: access.WebhookWrite, handle: p.webhookTest},
		{pattern: "GET " + at + "/{webhook}/remove", door: inBrand, need: access.WebhookWrite, handle: p.webhookRemoveAsk},
		{pattern: "POST " + at + "/{webhook}/remove", door: inBrand, need: access.WebhookWrite, handle: p.webhookRemove},
		{pattern: "GET " + at + "/{webhook}/calls/{call}", door: inBrand, need: access.WebhookWrite, handle: p.webhookCall},
		{pattern: "POST " + at + "/{webhook}/calls/{call}/again", door: inBrand, need: access.WebhookWrite, handle: p.webhookAgain},
	}
}

// dataRoutes are where a brand's data is taken along, brought in, kept for some
// time, and erased.
func (p *Pages) dataRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/settings/data", door: inBrand, need: access.DataExport, handle: p.dataShow},
		{pattern: "POST /studio/{brand}/settings/data/keeping", door: inBrand, need: access.BrandWrite, handle: p.dataKeeping},
		{pattern: "POST /studio/{brand}/settings/data/exports", door: inBrand, need: access.DataExport, sure: true, handle: p.dataExport},
		{pattern: "GET /studio/{brand}/settings/data/exports", door: inBrand, need: access.DataExport, handle: p.dataExports},
		{pattern: "GET /studio/{brand}/settings/data/exports/{export}", door: inBrand, need: access.DataExport, sure: true, handle: p.dataDownload},
		{pattern: "GET /studio/{brand}/settings/data/erase", door: inBrand, need: access.BrandErase, sure: true, handle: p.dataEraseAsk},
		{pattern: "POST /studio/{brand}/settings/data/erase", door: inBrand, need: access.BrandErase, sure: true, handle: p.dataErase},
		{pattern: "POST /studio/{brand}/settings/data/keep", door: inBrand, need: access.BrandErase, handle: p.dataKeep},
		{pattern: "GET /studio/brands/import", door: signedIn, handle: p.importShow},
		{pattern: "POST /studio/brands/import", door: signedIn, handle: p.importDo, body: archive.MostUpload},
	}
}

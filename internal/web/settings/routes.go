// Package settings is a brand's settings: the brand, its tokens, webhooks,
// mail and data, and what is known of the installation.
package settings

import (
	"slices"

	"rapport/internal/access"
	"rapport/internal/archive"
	"rapport/internal/media/picture"
	"rapport/internal/web/studio"
)

// Pages are the settings.
type Pages struct{ *studio.Studio }

// New returns them.
func New(s *studio.Studio) *Pages { return &Pages{s} }

// Routes are the settings of a brand and its data.
func (p *Pages) Routes() []studio.Route {
	return slices.Concat(p.settingsRoutes(), p.logoRoutes(), p.webhookRoutes(), p.dataRoutes())
}

// settingsRoutes are the brand's settings.
func (p *Pages) settingsRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/settings", Door: studio.InBrand, Need: access.BrandRead, Handle: p.settingsFirst},
		{Pattern: "GET /studio/{brand}/settings/brand", Door: studio.InBrand, Need: access.BrandRead, Handle: p.settingsBrand},
		{Pattern: "POST /studio/{brand}/settings/brand", Door: studio.InBrand, Need: access.BrandWrite, Handle: p.settingsBrandSave},
		{Pattern: "GET /studio/{brand}/settings/tokens", Door: studio.InBrand, Need: access.TokenWrite, Sure: true, Handle: p.settingsTokens},
		{Pattern: "POST /studio/{brand}/settings/tokens", Door: studio.InBrand, Need: access.TokenWrite, Sure: true, Handle: p.settingsTokenCreate},
		{Pattern: "POST /studio/{brand}/settings/tokens/{token}/revoke", Door: studio.InBrand, Need: access.TokenWrite, Sure: true, Handle: p.settingsTokenRevoke},
		{Pattern: "GET /studio/{brand}/settings/mail", Door: studio.InBrand, Need: access.TeamWrite, Handle: p.settingsMail},
		{Pattern: "GET /studio/{brand}/settings/mail/{letter}", Door: studio.InBrand, Need: access.TeamWrite, Handle: p.settingsLetter},
		{Pattern: "GET /studio/{brand}/settings/about", Door: studio.InBrand, Need: access.BrandRead, Handle: p.settingsAbout},
		{Pattern: "POST /studio/{brand}/settings/mail/test", Door: studio.InBrand, Need: access.TeamWrite, Handle: p.settingsMailTest},
	}
}

// logoRoutes are where a brand gets its picture, and where that is shown.
func (p *Pages) logoRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/logo", Door: studio.InBrand, Need: access.BrandRead, Handle: p.logoFile},
		{Pattern: "POST /studio/{brand}/settings/brand/logo", Door: studio.InBrand, Need: access.BrandWrite, Handle: p.logoSet, Body: picture.MaxBytes + 1<<20},
		{Pattern: "POST /studio/{brand}/settings/brand/logo/remove", Door: studio.InBrand, Need: access.BrandWrite, Handle: p.logoRemove},
	}
}

// webhookRoutes are where other programs are told what happened.
func (p *Pages) webhookRoutes() []studio.Route {
	const at = "/studio/{brand}/settings/webhooks"
	return []studio.Route{
		{Pattern: "GET " + at, Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookList},
		{Pattern: "GET " + at + "/new", Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookNew},
		{Pattern: "POST " + at, Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookCreate},
		{Pattern: "GET " + at + "/{webhook}", Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookShow},
		{Pattern: "GET " + at + "/{webhook}/edit", Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookEdit},
		{Pattern: "POST " + at + "/{webhook}/edit", Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookChange},
		{Pattern: "POST " + at + "/{webhook}/pause", Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookPause},
		{Pattern: "POST " + at + "/{webhook}/resume", Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookResume},
		{Pattern: "POST " + at + "/{webhook}/rotate", Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookRotate},
		{Pattern: "POST " + at + "/{webhook}/test", Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookTest},
		{Pattern: "GET " + at + "/{webhook}/remove", Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookRemoveAsk},
		{Pattern: "POST " + at + "/{webhook}/remove", Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookRemove},
		{Pattern: "GET " + at + "/{webhook}/calls/{call}", Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookCall},
		{Pattern: "POST " + at + "/{webhook}/calls/{call}/again", Door: studio.InBrand, Need: access.WebhookWrite, Handle: p.webhookAgain},
	}
}

// dataRoutes are where a brand's data is taken along, brought in, kept for some
// time, and erased.
func (p *Pages) dataRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/settings/data", Door: studio.InBrand, Need: access.DataExport, Handle: p.dataShow},
		{Pattern: "POST /studio/{brand}/settings/data/keeping", Door: studio.InBrand, Need: access.BrandWrite, Handle: p.dataKeeping},
		{Pattern: "POST /studio/{brand}/settings/data/exports", Door: studio.InBrand, Need: access.DataExport, Sure: true, Handle: p.dataExport},
		{Pattern: "GET /studio/{brand}/settings/data/exports", Door: studio.InBrand, Need: access.DataExport, Handle: p.dataExports},
		{Pattern: "GET /studio/{brand}/settings/data/exports/{export}", Door: studio.InBrand, Need: access.DataExport, Sure: true, Handle: p.dataDownload},
		{Pattern: "GET /studio/{brand}/settings/data/erase", Door: studio.InBrand, Need: access.BrandErase, Sure: true, Handle: p.dataEraseAsk},
		{Pattern: "POST /studio/{brand}/settings/data/erase", Door: studio.InBrand, Need: access.BrandErase, Sure: true, Handle: p.dataErase},
		{Pattern: "POST /studio/{brand}/settings/data/keep", Door: studio.InBrand, Need: access.BrandErase, Handle: p.dataKeep},
		{Pattern: "GET /studio/brands/import", Door: studio.SignedIn, Handle: p.importShow},
		{Pattern: "POST /studio/brands/import", Door: studio.SignedIn, Handle: p.importDo, Body: archive.MostUpload},
	}
}

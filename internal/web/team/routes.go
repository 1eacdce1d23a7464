// Package team is who works on a brand, with which role, and what they did.
package team

import (
	"slices"

	"rapport/internal/access"
	"rapport/internal/web/studio"
)

// Pages are the team and its log.
type Pages struct{ *studio.Studio }

// New returns them.
func New(s *studio.Studio) *Pages { return &Pages{s} }

// Routes are who works on the brand, and what they did.
func (p *Pages) Routes() []studio.Route {
	return slices.Concat(p.teamRoutes(), p.logRoutes())
}

func (p *Pages) teamRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/settings/team", Door: studio.InBrand, Need: access.BrandRead, Handle: p.teamShow},
		{Pattern: "GET /studio/{brand}/settings/team/invite", Door: studio.InBrand, Need: access.TeamWrite, Sure: true, Handle: p.inviteShow},
		{Pattern: "POST /studio/{brand}/settings/team/invite", Door: studio.InBrand, Need: access.TeamWrite, Sure: true, Handle: p.inviteDo},
		{Pattern: "POST /studio/{brand}/settings/team/invitations/{invitation}/resend", Door: studio.InBrand, Need: access.TeamWrite, Sure: true, Handle: p.inviteAgain},
		{Pattern: "POST /studio/{brand}/settings/team/invitations/{invitation}/revoke", Door: studio.InBrand, Need: access.TeamWrite, Sure: true, Handle: p.inviteRevoke},
		{Pattern: "GET /studio/{brand}/settings/team/factor", Door: studio.InBrand, Need: access.TeamWrite, Sure: true, Handle: p.teamFactorShow},
		{Pattern: "POST /studio/{brand}/settings/team/factor", Door: studio.InBrand, Need: access.TeamWrite, Sure: true, Handle: p.teamFactorSet},
		{Pattern: "GET /studio/{brand}/settings/team/people/{account}", Door: studio.InBrand, Need: access.TeamWrite, Sure: true, Handle: p.memberShow},
		{Pattern: "POST /studio/{brand}/settings/team/people/{account}", Door: studio.InBrand, Need: access.TeamWrite, Sure: true, Handle: p.memberChange},
		{Pattern: "POST /studio/{brand}/settings/team/people/{account}/end", Door: studio.InBrand, Need: access.TeamWrite, Sure: true, Handle: p.memberEnd},
		{Pattern: "POST /studio/{brand}/settings/team/people/{account}/renew", Door: studio.InBrand, Need: access.TeamWrite, Sure: true, Handle: p.memberRenew},
		{Pattern: "POST /studio/{brand}/settings/team/people/{account}/remove", Door: studio.InBrand, Need: access.TeamWrite, Sure: true, Handle: p.memberRemove},
	}
}

// logRoutes are where it is read what the team did.
func (p *Pages) logRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/settings/log", Door: studio.InBrand, Need: access.AuditRead, Handle: p.logShow},
		{Pattern: "GET /studio/{brand}/settings/log/export", Door: studio.InBrand, Need: access.AuditRead, Handle: p.logExport},
		{Pattern: "GET /studio/{brand}/posts/{post}/happened", Door: studio.InBrand, Need: access.PostRead, Handle: p.postHappened},
		{Pattern: "GET /studio/{brand}/channels/{channel}/happened", Door: studio.InBrand, Need: access.ChannelRead, Handle: p.channelHappened},
		{Pattern: "GET /studio/{brand}/people/{person}/happened", Door: studio.InBrand, Need: access.PersonRead, Handle: p.personHappened},
	}
}

package web

import (
	"slices"

	"rapport/internal/access"
)

// teamAll are who works on the brand, and what they did.
func (p *Pages) teamAll() []route {
	return slices.Concat(p.teamRoutes(), p.logRoutes())
}

func (p *Pages) teamRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/settings/team", door: inBrand, need: access.BrandRead, handle: p.teamShow},
		{pattern: "GET /studio/{brand}/settings/team/invite", door: inBrand, need: access.TeamWrite, sure: true, handle: p.inviteShow},
		{pattern: "POST /studio/{brand}/settings/team/invite", door: inBrand, need: access.TeamWrite, sure: true, handle: p.inviteDo},
		{pattern: "POST /studio/{brand}/settings/team/invitations/{invitation}/resend", door: inBrand, need: access.TeamWrite, sure: true, handle: p.inviteAgain},
		{pattern: "POST /studio/{brand}/settings/team/invitations/{invitation}/revoke", door: inBrand, need: access.TeamWrite, sure: true, handle: p.inviteRevoke},
		{pattern: "GET /studio/{brand}/settings/team/factor", door: inBrand, need: access.TeamWrite, sure: true, handle: p.teamFactorShow},
		{pattern: "POST /studio/{brand}/settings/team/factor", door: inBrand, need: access.TeamWrite, sure: true, handle: p.teamFactorSet},
		{pattern: "GET /studio/{brand}/settings/team/people/{account}", door: inBrand, need: access.TeamWrite, sure: true, handle: p.memberShow},
		{pattern: "POST /studio/{brand}/settings/team/people/{account}", door: inBrand, need: access.TeamWrite, sure: true, handle: p.memberChange},
		{pattern: "POST /studio/{brand}/settings/team/people/{account}/end", door: inBrand, need: access.TeamWrite, sure: true, handle: p.memberEnd},
		{pattern: "POST /studio/{brand}/settings/team/people/{account}/renew", door: inBrand, need: access.TeamWrite, sure: true, handle: p.memberRenew},
		{pattern: "POST /studio/{brand}/settings/team/people/{account}/remove", door: inBrand, need: access.TeamWrite, sure: true, handle: p.memberRemove},
	}
}

// logRoutes are where it is read what the team did.
func (p *Pages) logRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/settings/log", door: inBrand, need: access.AuditRead, handle: p.logShow},
		{pattern: "GET /studio/{brand}/settings/log/export", door: inBrand, need: access.AuditRead, handle: p.logExport},
		{pattern: "GET /studio/{brand}/posts/{post}/happened", door: inBrand, need: access.PostRead, handle: p.postHappened},
		{pattern: "GET /studio/{brand}/channels/{channel}/happened", door: inBrand, need: access.ChannelRead, handle: p.channelHappened},
		{pattern: "GET /studio/{brand}/people/{person}/happened", door: inBrand, need: access.PersonRead, handle: p.personHappened},
	}
}

// Package posts is the posts: their list, a post's page with what became of
// each delivery, their approval, and what needs a person.
package posts

import (
	"slices"

	"rapport/internal/access"
	"rapport/internal/web/compose"
	"rapport/internal/web/insights"
	"rapport/internal/web/links"
	"rapport/internal/web/studio"
	"rapport/internal/web/team"
	"rapport/internal/web/together"
)

// Pages are the posts.
type Pages struct {
	*studio.Studio
	insights *insights.Pages
	links    *links.Pages
	team     *team.Pages
	together *together.Pages
}

// New returns them. They show parts of the other pages they are given.
func New(s *studio.Studio, insights *insights.Pages, links *links.Pages, team *team.Pages, together *together.Pages) *Pages {
	return &Pages{Studio: s, insights: insights, links: links, team: team, together: together}
}

// Routes are where posts are listed, told and decided.
func (p *Pages) Routes() []studio.Route {
	return slices.Concat(p.postRoutes(), p.approvalRoutes())
}

// postRoutes are the posts, and what became of each delivery.
func (p *Pages) postRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/posts", Door: studio.InBrand, Need: access.PostRead, Handle: p.postList},
		{Pattern: "POST /studio/{brand}/posts/bulk", Door: studio.InBrand, Need: access.PostWrite, Handle: p.postBulk},
		{Pattern: "GET /studio/{brand}/posts/{post}", Door: studio.InBrand, Need: access.PostRead, Handle: p.postShow},
		{Pattern: "POST /studio/{brand}/posts/{post}/move", Door: studio.InBrand, Need: access.PostWrite, Handle: p.postMove},
		{Pattern: "POST /studio/{brand}/posts/{post}/unschedule", Door: studio.InBrand, Need: access.PostPublish, Handle: p.postUnschedule},
		{Pattern: "POST /studio/{brand}/posts/{post}/duplicate", Door: studio.InBrand, Need: access.PostWrite, Handle: p.postDuplicate},
		{Pattern: "POST /studio/{brand}/posts/{post}/delete", Door: studio.InBrand, Need: access.PostWrite, Handle: p.postDelete},
		{Pattern: "POST /studio/{brand}/posts/{post}/restore", Door: studio.InBrand, Need: access.PostWrite, Handle: p.postRestore},
		{Pattern: "GET /studio/{brand}/attention", Door: studio.InBrand, Need: access.PostRead, Handle: p.attentionShow},
		{Pattern: "POST /studio/{brand}/attention/missed", Door: studio.InBrand, Need: access.DeliveryResolve, Handle: p.attentionMissed},
		{Pattern: "POST /studio/{brand}/deliveries/{delivery}/resolve", Door: studio.InBrand, Need: access.DeliveryResolve, Handle: p.deliveryResolve},
		{Pattern: "GET /studio/{brand}/deliveries/{delivery}/remove", Door: studio.InBrand, Need: access.DeliveryResolve, Handle: p.deliveryLeave},
		{Pattern: "POST /studio/{brand}/deliveries/{delivery}/remove", Door: studio.InBrand, Need: access.DeliveryResolve, Handle: p.deliveryRemove},
	}
}

// approvalRoutes are where posts are submitted and decided about, and where a
// brand says what must be approved.
func (p *Pages) approvalRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "POST /studio/{brand}/posts/{post}/submit", Door: studio.InBrand, Need: access.PostWrite, Handle: p.approveSubmit},
		{Pattern: "POST /studio/{brand}/posts/{post}/approve", Door: studio.InBrand, Need: access.PostApprove, Handle: p.approveGive},
		{Pattern: "POST /studio/{brand}/posts/{post}/send-back", Door: studio.InBrand, Need: access.PostApprove, Handle: p.approveSendBack},
		{Pattern: "POST /studio/{brand}/posts/{post}/withdraw", Door: studio.InBrand, Need: access.PostWrite, Handle: p.approveWithdraw},
		{Pattern: "POST /studio/{brand}/posts/{post}/schedule", Door: studio.InBrand, Need: access.PostSchedule, Handle: p.approveSchedule},
		{Pattern: "GET /studio/{brand}/posts/{post}/suggest", Door: studio.InBrand, Need: access.PostWrite, Handle: p.suggestShow},
		{Pattern: "POST /studio/{brand}/posts/{post}/suggest", Door: studio.InBrand, Need: access.PostWrite, Handle: p.suggestDo, Body: compose.TextMost},
		{Pattern: "POST /studio/{brand}/posts/{post}/suggestions/{suggestion}", Door: studio.InBrand, Need: access.PostWrite, Handle: p.suggestDecide},
		{Pattern: "GET /studio/{brand}/settings/approval", Door: studio.InBrand, Need: access.BrandRead, Handle: p.approvalSettings},
		{Pattern: "POST /studio/{brand}/settings/approval", Door: studio.InBrand, Need: access.BrandWrite, Handle: p.approvalSave},
		{Pattern: "POST /studio/{brand}/settings/approval/recall", Door: studio.InBrand, Need: access.BrandWrite, Handle: p.approvalRecall},
	}
}

package web

import (
	"slices"

	"rapport/internal/access"
)

// postAll are where posts are listed, told and decided.
func (p *Pages) postAll() []route {
	return slices.Concat(p.postRoutes(), p.approvalRoutes())
}

// postRoutes are the posts, and what became of each delivery.
func (p *Pages) postRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/posts", door: inBrand, need: access.PostRead, handle: p.postList},
		{pattern: "POST /studio/{brand}/posts/bulk", door: inBrand, need: access.PostWrite, handle: p.postBulk},
		{pattern: "GET /studio/{brand}/posts/{post}", door: inBrand, need: access.PostRead, handle: p.postShow},
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

// approvalRoutes are where posts are submitted and decided about, and where a
// brand says what must be approved.
func (p *Pages) approvalRoutes() []route {
	return []route{
		{pattern: "POST /studio/{brand}/posts/{post}/submit", door: inBrand, need: access.PostWrite, handle: p.approveSubmit},
		{pattern: "POST /studio/{brand}/posts/{post}/approve", door: inBrand, need: access.PostApprove, handle: p.approveGive},
		{pattern: "POST /studio/{brand}/posts/{post}/send-back", door: inBrand, need: access.PostApprove, handle: p.approveSendBack},
		{pattern: "POST /studio/{brand}/posts/{post}/withdraw", door: inBrand, need: access.PostWrite, handle: p.approveWithdraw},
		{pattern: "POST /studio/{brand}/posts/{post}/schedule", door: inBrand, need: access.PostSchedule, handle: p.approveSchedule},
		{pattern: "GET /studio/{brand}/posts/{post}/suggest", door: inBrand, need: access.PostWrite, handle: p.suggestShow},
		{pattern: "POST /studio/{brand}/posts/{post}/suggest", door: inBrand, need: access.PostWrite, handle: p.suggestDo, body: sheetMost},
		{pattern: "POST /studio/{brand}/posts/{post}/suggestions/{suggestion}", door: inBrand, need: access.PostWrite, handle: p.suggestDecide},
		{pattern: "GET /studio/{brand}/settings/approval", door: inBrand, need: access.BrandRead, handle: p.approvalSettings},
		{pattern: "POST /studio/{brand}/settings/approval", door: inBrand, need: access.BrandWrite, handle: p.approvalSave},
		{pattern: "POST /studio/{brand}/settings/approval/recall", door: inBrand, need: access.BrandWrite, handle: p.approvalRecall},
	}
}

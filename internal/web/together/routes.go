// Package together is where a team works on the same thing: comments on posts,
// tasks, handovers from one shift to the next, and notifications.
package together

import (
	"slices"

	"rapport/internal/access"
	"rapport/internal/notify"
	"rapport/internal/web/studio"
)

// Pages are where the team works together.
type Pages struct{ *studio.Studio }

// New returns them.
func New(s *studio.Studio) *Pages { return &Pages{s} }

// Routes are where the team works on the same thing.
func (p *Pages) Routes() []studio.Route {
	return slices.Concat(p.togetherRoutes(), p.taskRoutes(), p.handoverRoutes(), p.noticeRoutes())
}

// togetherRoutes are what the team says on a post, and who is there.
func (p *Pages) togetherRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/posts/{post}/comments", Door: studio.InBrand, Need: access.PostRead, Handle: p.commentList},
		{Pattern: "POST /studio/{brand}/posts/{post}/comments", Door: studio.InBrand, Need: access.CommentWrite, Handle: p.commentAdd},
		{Pattern: "POST /studio/{brand}/posts/{post}/comments/{comment}/edit", Door: studio.InBrand, Need: access.CommentWrite, Handle: p.commentEdit},
		{Pattern: "POST /studio/{brand}/posts/{post}/comments/{comment}/resolve", Door: studio.InBrand, Need: access.CommentWrite, Handle: p.commentResolve},
		{Pattern: "POST /studio/{brand}/posts/{post}/comments/{comment}/reopen", Door: studio.InBrand, Need: access.CommentWrite, Handle: p.commentReopen},
		{Pattern: "POST /studio/{brand}/posts/{post}/comments/{comment}/remove", Door: studio.InBrand, Need: access.CommentWrite, Handle: p.commentRemove},
		{Pattern: "POST /studio/{brand}/posts/{post}/comments/{comment}/restore", Door: studio.InBrand, Need: access.CommentWrite, Handle: p.commentRestore},
		{Pattern: "GET /studio/{brand}/posts/{post}/presence", Door: studio.InBrand, Need: access.PostRead, Handle: p.presenceShow},
		{Pattern: "POST /studio/{brand}/posts/{post}/presence", Door: studio.InBrand, Need: access.PostRead, Handle: p.presenceTell},
	}
}

// taskRoutes are what somebody is to do.
func (p *Pages) taskRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/tasks", Door: studio.InBrand, Need: access.BrandRead, Handle: p.taskList},
		{Pattern: "POST /studio/{brand}/tasks", Door: studio.InBrand, Need: access.TaskWrite, Handle: p.taskCreate},
		{Pattern: "GET /studio/{brand}/tasks/new", Door: studio.InBrand, Need: access.TaskWrite, Handle: p.taskNew},
		{Pattern: "GET /studio/{brand}/tasks/{task}", Door: studio.InBrand, Need: access.BrandRead, Handle: p.taskShow},
		{Pattern: "POST /studio/{brand}/tasks/{task}", Door: studio.InBrand, Need: access.TaskWrite, Handle: p.taskSave},
		{Pattern: "POST /studio/{brand}/tasks/{task}/done", Door: studio.InBrand, Need: access.TaskWrite, Handle: p.taskDone},
		{Pattern: "POST /studio/{brand}/tasks/{task}/reopen", Door: studio.InBrand, Need: access.TaskWrite, Handle: p.taskReopen},
		{Pattern: "POST /studio/{brand}/tasks/{task}/delete", Door: studio.InBrand, Need: access.TaskWrite, Handle: p.taskDelete},
		{Pattern: "POST /studio/{brand}/tasks/{task}/restore", Door: studio.InBrand, Need: access.TaskWrite, Handle: p.taskRestore},
	}
}

// handoverRoutes are what one shift tells the next.
func (p *Pages) handoverRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/handover", Door: studio.InBrand, Need: access.BrandRead, Handle: p.handoverList},
		{Pattern: "POST /studio/{brand}/handover", Door: studio.InBrand, Need: access.TaskWrite, Handle: p.handoverWrite},
		{Pattern: "POST /studio/{brand}/handover/{handover}/see", Door: studio.InBrand, Need: access.BrandRead, Handle: p.handoverSee},
	}
}

// noticeRoutes are what the visitor was told, what it wants to hear of, and
// where letters are stopped.
func (p *Pages) noticeRoutes() []studio.Route {
	return []studio.Route{
		{Pattern: "GET /studio/{brand}/notifications", Door: studio.InBrand, Need: access.BrandRead, Handle: p.noticeList},
		{Pattern: "POST /studio/{brand}/notifications/read", Door: studio.InBrand, Need: access.BrandRead, Handle: p.noticeRead},
		{Pattern: "POST /studio/{brand}/notifications/unread", Door: studio.InBrand, Need: access.BrandRead, Handle: p.noticeUnread},
		{Pattern: "GET /studio/{brand}/settings/notifications", Door: studio.InBrand, Need: access.BrandRead, Handle: p.settingsNotices},
		{Pattern: "POST /studio/{brand}/settings/notifications", Door: studio.InBrand, Need: access.BrandRead, Handle: p.settingsNoticesSave},
		{Pattern: "GET " + notify.StopPath, Handle: p.stopShow},
		{Pattern: "POST " + notify.StopPath, Handle: p.stopDo},
	}
}

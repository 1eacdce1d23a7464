package web

import (
	"slices"

	"rapport/internal/access"
	"rapport/internal/notify"
)

// togetherAll are where the team works on the same thing.
func (p *Pages) togetherAll() []route {
	return slices.Concat(p.togetherRoutes(), p.taskRoutes(), p.handoverRoutes(), p.noticeRoutes())
}

// togetherRoutes are what the team says on a post, and who is there.
func (p *Pages) togetherRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/posts/{post}/comments", door: inBrand, need: access.PostRead, handle: p.commentList},
		{pattern: "POST /studio/{brand}/posts/{post}/comments", door: inBrand, need: access.CommentWrite, handle: p.commentAdd},
		{pattern: "POST /studio/{brand}/posts/{post}/comments/{comment}/edit", door: inBrand, need: access.CommentWrite, handle: p.commentEdit},
		{pattern: "POST /studio/{brand}/posts/{post}/comments/{comment}/resolve", door: inBrand, need: access.CommentWrite, handle: p.commentResolve},
		{pattern: "POST /studio/{brand}/posts/{post}/comments/{comment}/reopen", door: inBrand, need: access.CommentWrite, handle: p.commentReopen},
		{pattern: "POST /studio/{brand}/posts/{post}/comments/{comment}/remove", door: inBrand, need: access.CommentWrite, handle: p.commentRemove},
		{pattern: "POST /studio/{brand}/posts/{post}/comments/{comment}/restore", door: inBrand, need: access.CommentWrite, handle: p.commentRestore},
		{pattern: "GET /studio/{brand}/posts/{post}/presence", door: inBrand, need: access.PostRead, handle: p.presenceShow},
		{pattern: "POST /studio/{brand}/posts/{post}/presence", door: inBrand, need: access.PostRead, handle: p.presenceTell},
	}
}

// taskRoutes are what somebody is to do.
func (p *Pages) taskRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/tasks", door: inBrand, need: access.BrandRead, handle: p.taskList},
		{pattern: "POST /studio/{brand}/tasks", door: inBrand, need: access.TaskWrite, handle: p.taskCreate},
		{pattern: "GET /studio/{brand}/tasks/new", door: inBrand, need: access.TaskWrite, handle: p.taskNew},
		{pattern: "GET /studio/{brand}/tasks/{task}", door: inBrand, need: access.BrandRead, handle: p.taskShow},
		{pattern: "POST /studio/{brand}/tasks/{task}", door: inBrand, need: access.TaskWrite, handle: p.taskSave},
		{pattern: "POST /studio/{brand}/tasks/{task}/done", door: inBrand, need: access.TaskWrite, handle: p.taskDone},
		{pattern: "POST /studio/{brand}/tasks/{task}/reopen", door: inBrand, need: access.TaskWrite, handle: p.taskReopen},
		{pattern: "POST /studio/{brand}/tasks/{task}/delete", door: inBrand, need: access.TaskWrite, handle: p.taskDelete},
		{pattern: "POST /studio/{brand}/tasks/{task}/restore", door: inBrand, need: access.TaskWrite, handle: p.taskRestore},
	}
}

// handoverRoutes are what one shift tells the next.
func (p *Pages) handoverRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/handover", door: inBrand, need: access.BrandRead, handle: p.handoverList},
		{pattern: "POST /studio/{brand}/handover", door: inBrand, need: access.TaskWrite, handle: p.handoverWrite},
		{pattern: "POST /studio/{brand}/handover/{handover}/see", door: inBrand, need: access.BrandRead, handle: p.handoverSee},
	}
}

// noticeRoutes are what the visitor was told, what it wants to hear of, and
// where letters are stopped.
func (p *Pages) noticeRoutes() []route {
	return []route{
		{pattern: "GET /studio/{brand}/notifications", door: inBrand, need: access.BrandRead, handle: p.noticeList},
		{pattern: "POST /studio/{brand}/notifications/read", door: inBrand, need: access.BrandRead, handle: p.noticeRead},
		{pattern: "POST /studio/{brand}/notifications/unread", door: inBrand, need: access.BrandRead, handle: p.noticeUnread},
		{pattern: "GET /studio/{brand}/settings/notifications", door: inBrand, need: access.BrandRead, handle: p.settingsNotices},
		{pattern: "POST /studio/{brand}/settings/notifications", door: inBrand, need: access.BrandRead, handle: p.settingsNoticesSave},
		{pattern: "GET " + notify.StopPath, handle: p.stopShow},
		{pattern: "POST " + notify.StopPath, handle: p.stopDo},
	}
}
